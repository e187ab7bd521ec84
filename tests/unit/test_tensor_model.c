/* SPDX-License-Identifier: BSD-3-Clause */
/* Models of tensors: what they learn, symmetries, files, threads and refusals. */
#include <stdlib.h>
#include <unistd.h>

#include "model/split.h"
#include "tensor_cases.h"

#define TENSOR "target", "t", "cutoff", "4.5", "n_max", "3", "l_max", "3", "sigma", "0.4", "nu_max", "2"
enum { CASES = 40 };

static const char *const kinds[] = {"ridge", "kernel"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static tern_model *fit_tensor(const char *kind, const tern_dataset *dataset, tern_options *options) {
  run run = serial();
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  return model;
}

static tern_model *model_of_order(const char *kind, int order, bool general) {
  tern_dataset *dataset = tensor_cases(CASES, order, general);
  tern_model *model = fit_tensor(kind, dataset, OPTIONS(TENSOR));
  dataset_free(dataset);
  return model;
}

/* A cluster that is in no training set. */
static cluster stranger(void) {
  uint64_t seed = 77;
  return cluster_make(CASE_ATOMS, &seed);
}

static double largest_of(int count, const double *values) {
  double largest = 0;
  for (int k = 0; k < count; k++)
    largest = fmax(largest, fabs(values[k]));
  return largest;
}

static void predict_cluster(const tern_model *model, const cluster *cluster, double *values) {
  tern_system *system = cluster_system(cluster);
  predict_tensor(model, system, values);
  system_free(system);
}

/* ---- what is learned ---- */

/* Relative error on clusters that were not fitted. */
static double error_of(const tern_model *model, int order, bool general) {
  uint64_t seed = 99;
  double error = 0, scale = 0;
  for (int k = 0; k < 20; k++) {
    const cluster one = cluster_make(2 + k % (CASE_ATOMS - 1), &seed);
    double found[27], expected[27];
    predict_cluster(model, &one, found);
    cluster_tensor(&one, order, general, expected);
    for (int n = 0; n < tensor_numbers(order); n++) {
      error += (found[n] - expected[n]) * (found[n] - expected[n]);
      scale += expected[n] * expected[n];
    }
  }
  return sqrt(error / scale);
}

static void test_learns(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 0; order <= 3; order++) { /* sums over bonds: one neighbour is enough */
      tern_dataset *dataset = tensor_cases(300, order, false);
      tern_options *options = OPTIONS(TENSOR, "nu_max", "1", "n_max", "8");
      if (kind == 1)
        ASSERT_SUCCESS(options_set(options, "points", "200"));
      tern_model *model = fit_tensor(kinds[kind], dataset, options);
      const double error = error_of(model, order, false);
      if (!(error < 0.04))
        fail_msg("%s, order %d: relative error %g", kinds[kind], order, error);
      model_free(model);
      dataset_free(dataset);
    }
}

/* Where there is an antisymmetric part it is learned too, and the descriptor gets both parities by itself. */
static void test_general_order_two(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    tern_dataset *dataset = tensor_cases(150, 2, true);
    tern_model *model = fit_tensor(kinds[kind], dataset, OPTIONS(TENSOR));
    const cluster one = stranger();
    double values[27];
    predict_cluster(model, &one, values);
    assert_true(fabs(values[1] - values[3]) > 1e-6 * largest_of(9, values)); /* not symmetric by construction */
    const double error = error_of(model, 2, true);
    if (!(error < 0.2))
      fail_msg("%s: relative error %g", kinds[kind], error);
    model_free(model);
    dataset_free(dataset);
  }
}

/* What is symmetric in all indices in the data is so in predictions. */
static void test_symmetric_indices(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 2; order <= 3; order++) {
      tern_model *model = model_of_order(kinds[kind], order, false);
      const cluster one = stranger();
      double values[27];
      predict_cluster(model, &one, values);
      for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
          for (int c = 0; c < (order == 3 ? 3 : 1); c++) {
            const double value = order == 3 ? values[9 * a + 3 * b + c] : values[3 * a + b];
            assert_true(fabs(value - (order == 3 ? values[9 * b + 3 * a + c] : values[3 * b + a])) < 1e-9);
            assert_true(order == 2 || fabs(value - values[9 * a + 3 * c + b]) < 1e-9);
          }
      model_free(model);
    }
}

/* ---- symmetries ---- */

static const double rotation[3][3] = {{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}};

static cluster moved(const cluster *from, const double matrix[3][3], double shift) {
  cluster made = *from;
  for (int i = 0; i < from->n_atoms; i++)
    for (int a = 0; a < 3; a++) {
      made.positions[i][a] = shift * (a + 1);
      for (int b = 0; b < 3; b++)
        made.positions[i][a] += matrix[a][b] * from->positions[i][b];
    }
  return made;
}

static void check_moved(const tern_model *model, int order, const double matrix[3][3], double shift) {
  const cluster one = stranger(), other = moved(&one, matrix, shift);
  double values[27], turned[27], found[27];
  predict_cluster(model, &one, values);
  tensor_turn(matrix, order, values, turned);
  predict_cluster(model, &other, found);
  for (int k = 0; k < tensor_numbers(order); k++)
    assert_true(fabs(found[k] - turned[k]) < 1e-9 * largest_of(tensor_numbers(order), values));
}

static void test_isometries(void **state) {
  (void)state;
  static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  double mirrored[3][3], inverted[3][3];
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      mirrored[a][b] = a == 1 ? -rotation[a][b] : rotation[a][b];
      inverted[a][b] = -identity[a][b];
    }
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 0; order <= 3; order++) {
      tern_model *model = model_of_order(kinds[kind], order, order == 2);
      check_moved(model, order, identity, 3.7);
      check_moved(model, order, rotation, 0);
      check_moved(model, order, mirrored, -1.1);
      check_moved(model, order, inverted, 0);
      model_free(model);
    }
}

static void test_permutation(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    tern_model *model = model_of_order(kinds[kind], 2, true);
    const cluster one = stranger();
    cluster other = one;
    double values[9], found[9];
    for (int i = 0; i < CASE_ATOMS; i++) {
      other.species[i] = one.species[CASE_ATOMS - 1 - i];
      memcpy(other.positions[i], one.positions[CASE_ATOMS - 1 - i], sizeof other.positions[i]);
    }
    predict_cluster(model, &one, values);
    predict_cluster(model, &other, found);
    for (int k = 0; k < 9; k++)
      assert_true(fabs(values[k] - found[k]) < 1e-10 * largest_of(9, values));
    model_free(model);
  }
}

/* Two copies far from each other have twice the tensor. */
static void test_extensive(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 0; order <= 2; order++) {
      tern_model *model = model_of_order(kinds[kind], order, false);
      const cluster one = stranger();
      int32_t species[2 * CASE_ATOMS];
      double positions[2 * CASE_ATOMS][3], values[9], found[9];
      for (int i = 0; i < 2 * CASE_ATOMS; i++) {
        species[i] = one.species[i % CASE_ATOMS];
        for (int a = 0; a < 3; a++)
          positions[i][a] = one.positions[i % CASE_ATOMS][a] + (i < CASE_ATOMS ? 0 : 20);
      }
      tern_system *system = NULL;
      ASSERT_SUCCESS(system_new(&system, 2 * CASE_ATOMS, species, positions[0], NULL, NULL));
      predict_cluster(model, &one, values);
      predict_tensor(model, system, found);
      for (int k = 0; k < tensor_numbers(order); k++)
        assert_true(fabs(found[k] - 2 * values[k]) < 1e-9 * largest_of(tensor_numbers(order), values));
      system_free(system);
      model_free(model);
    }
}

/* Nothing at all for no atom; an isotropic constant, if anything, for one. */
static void test_smallest_systems(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 0; order <= 3; order++) {
      tern_model *model = model_of_order(kinds[kind], order, false);
      const cluster none = {0}, one = {.n_atoms = 1, .species = {8}};
      double values[27];
      predict_cluster(model, &none, values);
      assert_true(largest_of(tensor_numbers(order), values) == 0);
      predict_cluster(model, &one, values);
      for (int k = 0; k < tensor_numbers(order); k++)
        if (order == 0 || (order == 2 && k % 4 == 0))
          assert_true(values[k] == values[0] && fabs(values[k]) > 0.1);
        else
          assert_true(fabs(values[k]) < 1e-14);
      model_free(model);
    }
}

/* ---- files, threads ---- */

/* A tensor's kernel has weights for each channel, and none for an energy. */
static void check_stored(const char *path, bool kernel) {
  safetensors_file *file = NULL;
  ASSERT_SUCCESS(safetensors_read(&file, path));
  assert_int_equal(safetensors_find(file, "kernel.points.0") != NULL, kernel);
  assert_null(safetensors_find(file, "kernel.weights.0"));
  safetensors_free(file);
}

static void test_file(void **state) {
  (void)state;
  char path[] = "/tmp/tensor_model_XXXXXX";
  assert_true(mkstemp(path) >= 0);
  for (int kind = 0; kind < KINDS; kind++)
    for (int order = 0; order <= 3; order++) {
      tern_model *model = model_of_order(kinds[kind], order, order == 2), *loaded = NULL;
      const cluster one = stranger();
      double values[27], found[27];
      int32_t found_order;
      text info[2] = {{0}};
      ASSERT_SUCCESS(model_save(model, path));
      ASSERT_SUCCESS(model_load(&loaded, path));
      check_stored(path, kind == 1);
      predict_cluster(model, &one, values);
      predict_cluster(loaded, &one, found);
      assert_memory_equal(values, found, (size_t)tensor_numbers(order) * sizeof *values);
      assert_string_equal(model_target(loaded, &found_order), "t");
      assert_int_equal(found_order, order);
      ASSERT_SUCCESS(model_info(loaded, &info[1]));
      assert_non_null(strstr(info[1].data, "\"target\": {\"name\": \"t\", \"order\": "));
      text_free(&info[1]);
      model_free(loaded);
      model_free(model);
    }
  unlink(path);
}

static void test_threads(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    tern_dataset *dataset = tensor_cases(CASES, 2, false);
    tern_options *options = OPTIONS(TENSOR);
    run many = {.threads = 4};
    tern_model *model = NULL, *other = fit_tensor(kinds[kind], dataset, OPTIONS(TENSOR));
    const cluster one = stranger();
    double values[9], found[9];
    ASSERT_SUCCESS(model_fit(&model, kinds[kind], &many, dataset, options));
    predict_cluster(model, &one, values);
    predict_cluster(other, &one, found);
    assert_memory_equal(values, found, sizeof values);
    options_free(options);
    model_free(model);
    model_free(other);
    dataset_free(dataset);
  }
}

/* ---- refusals ---- */

static void refuse(const char *kind, const tern_dataset *dataset, tern_options *options, int32_t status,
                   const char *says, const char *says_too) {
  run run = serial();
  if (status == TERN_ERROR_MEMORY)
    run.memory_limit = 100000;
  tern_model *model = NULL;
  const int32_t found = model_fit(&model, kind, &run, dataset, options);
  if (found != status || strstr(error_message(), says) == NULL || strstr(error_message(), says_too) == NULL)
    fail_msg("%d: %s", found, error_message());
  assert_null(model);
  assert_int_equal(run.memory_used, 0);
  options_free(options);
}

static void test_bad_data(void **state) {
  (void)state;
  tern_dataset *dataset = tensor_cases(CASES, 1, false), *energies = training_set();
  const double scalar = 3;
  refuse("ridge", energies, OPTIONS("target", "dipole"), TERN_ERROR_OPTION, "dipole", "target");
  refuse("ridge", dataset, OPTIONS("target", "mu"), TERN_ERROR_OPTION, "'mu'", "none of these");
  refuse("triplet", dataset, OPTIONS("target", "t"), TERN_ERROR_OPTION, "triplet", "ridge");
  refuse("ridge", dataset, OPTIONS("target", "t", "e0", "isolated"), TERN_ERROR_OPTION, "e0", "'t'");
  refuse("ridge", dataset, OPTIONS("target", "t", "force_weight", "1"), TERN_ERROR_OPTION, "force_weight", "'t'");
  refuse("ridge", dataset, OPTIONS("target", "t", "descriptor", "power_spectrum"), TERN_ERROR_OPTION, "descriptor",
         "correlations");
  refuse("ridge", dataset, OPTIONS(TENSOR, "lambda_max", "0"), TERN_ERROR_DATA, "degree 1", "lambda_max 1");
  refuse("ridge", dataset, OPTIONS(TENSOR), TERN_ERROR_MEMORY, "columns", "linear fit");
  ASSERT_SUCCESS(dataset_set_tensor(dataset, 7, "t", 0, &scalar));
  refuse("ridge", dataset, OPTIONS(TENSOR), TERN_ERROR_DATA, "structure 7", "one order");
  dataset_free(energies);
  dataset_free(dataset);
  dataset = tensor_cases(CASES, 2, true);
  refuse("ridge", dataset, OPTIONS(TENSOR, "group", "o3"), TERN_ERROR_DATA, "sigma = -1", "so3");
  dataset_free(dataset);
}

static void test_wrong_question(void **state) {
  (void)state;
  run run = serial();
  tern_model *tensors = model_of_order("ridge", 1, false), *energies = small_model();
  const cluster one = stranger(), odd = {.n_atoms = 1, .species = {79}};
  tern_system *system = cluster_system(&one), *foreign = cluster_system(&odd);
  double values[27] = {7};
  assert_int_equal(model_predict(tensors, &run, system, values, NULL, NULL, NULL, NULL), TERN_ERROR_MISSING);
  assert_non_null(strstr(error_message(), "'t'"));
  assert_int_equal(model_predict_uncertainty(tensors, &run, system, values, NULL), TERN_ERROR_MISSING);
  assert_int_equal(model_predict_tensor(energies, &run, system, values), TERN_ERROR_MISSING);
  assert_non_null(strstr(error_message(), "'energy'"));
  assert_int_equal(model_predict_tensor(tensors, &run, foreign, values), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "Au"));
  assert_true(values[0] == 7);
  system_free(system);
  system_free(foreign);
  model_free(tensors);
  model_free(energies);
}

/* Structures without the tensor are left out, and held-out ones decide on the regularization. */
static void test_part_of_the_data(void **state) {
  (void)state;
  tern_dataset *dataset = tensor_cases(CASES, 1, false);
  const cluster one = stranger();
  tern_system *system = cluster_system(&one);
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  tern_model *model = fit_tensor("ridge", dataset, OPTIONS(TENSOR, "validation", "0.2"));
  assert_non_null(strstr(model->report, "\"structures\": 40"));
  assert_non_null(strstr(model->report, "held-out structures"));
  model_free(model);
  model = fit_tensor("ridge", dataset, OPTIONS(TENSOR, "regularization", "1e-3"));
  assert_non_null(strstr(model->report, "\"value\": 0.001"));
  model_free(model);
  system_free(system);
  dataset_free(dataset);
}

/* ---- held-out structures ---- */

static double reported(const tern_model *model, const char *object) {
  const char *place = strstr(model->report, object);
  assert_non_null(place);
  place = strstr(place, "\"t\": {\"rmse\": ");
  assert_non_null(place);
  return strtod(place + strlen("\"t\": {\"rmse\": "), NULL);
}

/* The root mean square of what a model errs by on the structures that are marked, of vectors. */
static double error_on(const tern_model *model, const tern_dataset *dataset, const unsigned char *marks) {
  double squares = 0, count = 0;
  for (int64_t k = 0; k < dataset->size; k++) {
    double values[3];
    if (!marks[k])
      continue;
    predict_tensor(model, dataset->frames[k]->system, values);
    for (int n = 0; n < 3; n++, count++)
      squares += pow(values[n] - dataset->frames[k]->tensors[0].values[n], 2);
  }
  return sqrt(squares / count);
}

static tern_dataset *unmarked(const tern_dataset *dataset, const unsigned char *marks) {
  int64_t indices[CASES], count = 0;
  tern_dataset *part = NULL;
  for (int64_t k = 0; k < dataset->size; k++)
    if (!marks[k])
      indices[count++] = k;
  ASSERT_SUCCESS(dataset_subset(dataset, count, indices, &part));
  return part;
}

/* Reported are the errors of the model that was not fitted to them; in the end it is. */
static void test_held_out(void **state) {
  (void)state;
  unsigned char marks[CASES];
  tern_dataset *dataset = tensor_cases(CASES, 1, false);
  ASSERT_SUCCESS(split_structures(CASES, 0.2, 1, marks));
  tern_dataset *rest = unmarked(dataset, marks);
  for (int kind = 0; kind < KINDS; kind++) {
    tern_model *model = fit_tensor(
        kinds[kind], dataset, OPTIONS(TENSOR, "regularization", "1e-6", "validation", "0.2", "seed", "1"));
    tern_model *part = fit_tensor(kinds[kind], rest, OPTIONS(TENSOR, "regularization", "1e-6"));
    const double held_out = reported(model, "\"held_out\": {"), expected = error_on(part, dataset, marks);
    const double in_the_end = error_on(model, dataset, marks);
    if (kind == 0 && fabs(held_out - expected) > 1e-6 * expected) /* a kernel chooses other points */
      fail_msg("held-out structures: %g, expected %g", held_out, expected);
    assert_true(in_the_end < 0.9 * held_out && held_out < 2 * expected);
    assert_null(strstr(part->report, "held_out"));
    model_free(model);
    model_free(part);
  }
  dataset_free(rest);
  dataset_free(dataset);
}

/* ---- what is warned of ---- */

static void set_tensor(tern_dataset *dataset, int64_t index, double size) {
  const double values[3] = {size, 0, -size};
  ASSERT_SUCCESS(dataset_set_tensor(dataset, index, "t", 1, values));
}

static void test_outlier(void **state) {
  (void)state;
  tern_dataset *dataset = tensor_cases(CASES, 1, false);
  tern_model *model = fit_tensor("ridge", dataset, OPTIONS(TENSOR));
  assert_non_null(strstr(model->report, "\"outliers\": 0, \"warnings\": []"));
  model_free(model);
  set_tensor(dataset, 7, 1e6);
  model = fit_tensor("ridge", dataset, OPTIONS(TENSOR));
  assert_non_null(strstr(model->report, "\"outliers\": 1, \"warnings\": [\"structure 7: its 't' is "));
  model_free(model);
  set_tensor(dataset, 7, 1e101);
  refuse("ridge", dataset, OPTIONS(TENSOR), TERN_ERROR_DATA, "structure 7", "1e+101");
  dataset_free(dataset);
}

/* Atoms of a species that no structure with the tensor has, and the structure itself, which is left out. */
static void test_unlearned_species(void **state) {
  (void)state;
  tern_dataset *dataset = tensor_cases(CASES, 1, false);
  const cluster odd = {.n_atoms = 1, .species = {79}};
  tern_system *system = cluster_system(&odd);
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  tern_model *model = fit_tensor("ridge", dataset, OPTIONS(TENSOR));
  assert_non_null(strstr(model->report, "[\"nothing is learned of Au: no structure with such atoms has the target; the "
                                        "first is structure 40\", \"1 of 41 structures have no 't' and are left out; "
                                        "the first is structure 40\"]"));
  model_free(model);
  system_free(system);
  dataset_free(dataset);
}

/* ---- sums ---- */

/* Numbers that were written with few digits are not quite symmetric; it matters where the first part leaves little. */
static void test_sum(void **state) {
  (void)state;
  tern_dataset *dataset = tensor_cases(CASES, 2, false);
  uint64_t seed = 5;
  for (int64_t k = 0; k < dataset->size; k++)
    for (int n = 0; n < 9; n++)
      dataset->frames[k]->tensors[0].values[n] += 1e-7 * pseudo_random(&seed);
  tern_model *first = fit_tensor("ridge", dataset, OPTIONS(TENSOR));
  tern_model *sum = fit_tensor("ridge+kernel", dataset, OPTIONS(TENSOR));
  const double error = error_of(sum, 2, false), error_first = error_of(first, 2, false);
  if (!(error < 1.1 * error_first))
    fail_msg("relative error %g, of the first part alone %g", error, error_first);
  refuse("ridge+kernel", dataset, OPTIONS(TENSOR, "kernel.lambda_max", "0"), TERN_ERROR_DATA, "kernel: ", "degree 2");
  refuse("ridge+triplet", dataset, OPTIONS("target", "t"), TERN_ERROR_OPTION, "triplet", "ridge and kernel");
  model_free(first);
  model_free(sum);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_learns),           cmocka_unit_test(test_general_order_two),
      cmocka_unit_test(test_symmetric_indices), cmocka_unit_test(test_isometries),
      cmocka_unit_test(test_permutation),      cmocka_unit_test(test_extensive),
      cmocka_unit_test(test_smallest_systems), cmocka_unit_test(test_file),
      cmocka_unit_test(test_threads),          cmocka_unit_test(test_bad_data),
      cmocka_unit_test(test_wrong_question),   cmocka_unit_test(test_part_of_the_data),
      cmocka_unit_test(test_outlier),          cmocka_unit_test(test_unlearned_species),
      cmocka_unit_test(test_sum),              cmocka_unit_test(test_held_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
