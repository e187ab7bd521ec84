/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel models: derivatives, invariances, data of every sort, files, threads and refusals. */
#include <stdlib.h>
#include <unistd.h>

#include "model_checks.h"

#include "model/kernel_model.h"

static int32_t try_fit(tern_model **model, run *run, const tern_dataset *dataset, tern_options *options) {
  const int32_t status = model_fit(model, "kernel", run, dataset, options);
  options_free(options);
  assert_int_equal(run->memory_used, 0);
  return status;
}

static tern_model *fit_kernel(const tern_dataset *dataset, tern_options *options) {
  run run = serial();
  tern_model *model = NULL;
  ASSERT_SUCCESS(try_fit(&model, &run, dataset, options));
  return model;
}

static tern_model *kernel_of_training_set(tern_options *options) {
  tern_dataset *dataset = training_set();
  tern_model *model = fit_kernel(dataset, options);
  dataset_free(dataset);
  return model;
}

static double energy_of(const tern_model *model, const tern_system *system, double *forces, double *virial) {
  run run = serial();
  double energy;
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, NULL, NULL));
  assert_int_equal(run.memory_used, 0);
  return energy;
}

/* The distorted crystal with positions and cell changed by a matrix, and one atom moved. */
static tern_system *changed(const tern_system *from, const double matrix[3][3], int64_t atom, int axis, double step) {
  double positions[MANY][3] = {{0}}, cell[3][3] = {{0}};
  const double *old = (const double *)from->positions, *side = (const double *)from->cell;
  for (int64_t k = 0; k < MANY + 3; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        if (k < MANY)
          positions[k][a] += matrix[a][b] * old[3 * k + b];
        else
          cell[k - MANY][a] += matrix[a][b] * side[3 * (k - MANY) + b];
  positions[atom][axis] += step;
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, MANY, from->species, positions[0], cell[0], from->periodic));
  return made;
}

static const double unit[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

static double energy_of_changed(const tern_model *model, const tern_system *system, const double matrix[3][3],
                                int64_t atom, int axis, double step) {
  tern_system *moved = changed(system, matrix, atom, axis, step);
  const double energy = energy_of(model, moved, NULL, NULL);
  system_free(moved);
  return energy;
}

static void check_differences(const tern_model *model) {
  const double h = 1e-4;
  tern_system *system = many_atoms(0);
  double forces[3 * MANY], virial[9];
  energy_of(model, system, forces, virial);
  for (int64_t atom = 0; atom < MANY; atom += 13)
    for (int axis = 0; axis < 3; axis++) {
      const double up = energy_of_changed(model, system, unit, atom, axis, h),
                   down = energy_of_changed(model, system, unit, atom, axis, -h);
      assert_true(fabs((up - down) / (2 * h) + forces[3 * atom + axis]) < 1e-5);
    }
  for (int k = 0; k < 9; k++) {
    double strained[2][3][3];
    memcpy(strained[0], unit, sizeof unit);
    memcpy(strained[1], unit, sizeof unit);
    strained[0][k / 3][k % 3] += h;
    strained[1][k / 3][k % 3] -= h;
    const double up = energy_of_changed(model, system, strained[0], 0, 0, 0),
                 down = energy_of_changed(model, system, strained[1], 0, 0, 0);
    assert_true(fabs((up - down) / (2 * h) + virial[k]) < 1e-4);
  }
  system_free(system);
}

static void test_derivatives(void **state) {
  (void)state;
  tern_options *const options[5] = {
      OPTIONS(SMALL, "regularization", "1e-6"),
      OPTIONS(SMALL, "regularization", "1e-6", "principal_components", "7"),
      OPTIONS(SMALL, "regularization", "1e-6", "zeta", "4", "principal_components", "7"),
      OPTIONS(SMALL, "regularization", "1e-6", "kernel", "gaussian", "kernel_width", "0.7"),
      OPTIONS(SMALL, "regularization", "1e-6", "points", "9", "point_selection", "cur", "softening", "3")};
  for (int k = 0; k < 5; k++) {
    tern_model *model = kernel_of_training_set(options[k]);
    check_differences(model);
    model_free(model);
  }
}

/* The quadratic form is the sum over the points, which answer when it is not there. */
static void test_form(void **state) {
  (void)state;
  tern_model *model =
      kernel_of_training_set(OPTIONS(SMALL, "principal_components", "9", "points", "100", "regularization", "1e-6"));
  kernel_model *kernel = model->parts[0].state;
  tern_system *system = many_atoms(0);
  double forces[2][3 * MANY], virial[2][9], energy[2];
  int64_t most = 0;
  energy[0] = energy_of(model, system, forces[0], virial[0]);
  for (int32_t s = 0; s < kernel->n_species; s++) {
    most = kernel->species[s].form != NULL && kernel->species[s].count > most ? kernel->species[s].count : most;
    memory_free(NULL, kernel->species[s].form);
    kernel->species[s].form = NULL;
  }
  assert_true(most > 16); /* more than are summed at a time */
  energy[1] = energy_of(model, system, forces[1], virial[1]);
  assert_true(fabs(energy[0] - energy[1]) < 1e-9 * (1 + fabs(energy[0])));
  for (int k = 0; k < 3 * MANY; k++)
    assert_true(fabs(forces[0][k] - forces[1][k]) < 1e-8);
  for (int k = 0; k < 9; k++)
    assert_true(fabs(virial[0][k] - virial[1][k]) < 1e-8 * MANY);
  system_free(system);
  model_free(model);
}

static void test_rotation(void **state) {
  (void)state;
  const double rotation[3][3] = {{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}};
  tern_model *model = kernel_of_training_set(OPTIONS(SMALL));
  tern_system *system = many_atoms(0), *turned = changed(system, rotation, 0, 0, 0);
  double forces[2][3 * MANY];
  const double energy = energy_of(model, system, forces[0], NULL), again = energy_of(model, turned, forces[1], NULL);
  assert_true(fabs(energy - again) < 1e-6 * (1 + fabs(energy)));
  for (int k = 0; k < MANY; k++)
    for (int a = 0; a < 3; a++) {
      double sum = 0;
      for (int b = 0; b < 3; b++)
        sum += rotation[a][b] * forces[0][3 * k + b];
      assert_true(fabs(sum - forces[1][3 * k + a]) < 1e-5);
    }
  system_free(system);
  system_free(turned);
  model_free(model);
}

/* Sum of the squares of weighted residuals, from predictions alone. */
static double objective(const tern_model *model, const tern_dataset *dataset, const double weights[3]) {
  double sum = 0;
  for (int64_t index = 0; index < dataset->size; index++) {
    const frame *frame = dataset->frames[index];
    const double atoms = (double)frame->system->n_atoms;
    double forces[3 * MANY], virial[9];
    const double difference = energy_of(model, frame->system, forces, virial) - frame->energy;
    sum += frame->has_energy ? weights[0] * weights[0] / atoms * difference * difference : 0;
    for (int k = 0; frame->forces != NULL && k < 3 * frame->system->n_atoms; k++)
      sum += weights[1] * weights[1] * (forces[k] - frame->forces[k]) * (forces[k] - frame->forces[k]);
    for (int k = 0; frame->has_virial && k < 9; k++) {
      const double residual = virial[k] - frame->virial[k / 3][k % 3];
      sum += weights[2] * weights[2] / atoms * residual * residual;
    }
  }
  return sum;
}

/* How far from its minimum along one weight the objective is, in parts of the largest weight. */
static double distance_to_minimum(tern_model *model, const tern_dataset *dataset, const double weights[3], double *c,
                                  double largest) {
  const double kept = *c, step = 0.1 * largest;
  double values[3];
  for (int k = 0; k < 3; k++) {
    *c = kept + (k - 1) * step;
    values[k] = objective(model, dataset, weights);
  }
  *c = kept;
  return 0.1 * (values[2] - values[0]) / (2 * (values[2] - 2 * values[1] + values[0]));
}

static void check_minimum(const tern_dataset *dataset, tern_options *options, const double weights[3]) {
  tern_model *model = fit_kernel(dataset, options);
  kernel_model *kernel = model->parts[0].state;
  double largest = 0;
  for (int32_t s = 0; s < kernel->n_species; s++)
    for (int64_t k = 0; k < kernel->species[s].count; k++)
      largest = fmax(largest, fabs(kernel->species[s].weights[k]));
  assert_int_equal(kernel->species[0].count + kernel->species[1].count, 6); /* different enough: all stay */
  for (int32_t s = 0; s < kernel->n_species; s++)
    for (int64_t k = 0; k < kernel->species[s].count; k++)
      assert_true(fabs(distance_to_minimum(model, dataset, weights, &kernel->species[s].weights[k], largest)) < 1e-3);
  model_free(model);
}

/* With next to no penalty, energies, forces and virials are each fitted as well as the points allow. */
static void test_minimum(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
#define FEW SMALL, "points", "6", "regularization", "1e-11", "e0", "H:0,C:0"
  check_minimum(dataset, OPTIONS(FEW, "energy_weight", "1", "force_weight", "0", "virial_weight", "0"),
                (const double[3]){1, 0, 0});
  check_minimum(dataset, OPTIONS(FEW, "energy_weight", "0", "force_weight", "1", "virial_weight", "0"),
                (const double[3]){0, 1, 0});
  check_minimum(dataset, OPTIONS(FEW, "energy_weight", "0", "force_weight", "0", "virial_weight", "1"),
                (const double[3]){0, 0, 1});
  check_minimum(dataset,
                OPTIONS(FEW, "kernel", "gaussian", "principal_components", "9", "energy_weight", "2", "force_weight",
                        "0.5", "virial_weight", "0.3"),
                (const double[3]){2, 0.5, 0.3});
  dataset_free(dataset);
}

/* An atom without neighbours has the energy e0. */
static void test_isolated(void **state) {
  (void)state;
  const int32_t species = 6;
  const double position[3] = {0, 0, 0};
  tern_system *atom = NULL;
  tern_model *model = kernel_of_training_set(OPTIONS(SMALL));
  ASSERT_SUCCESS(system_new(&atom, 1, &species, position, NULL, NULL));
  assert_true(energy_of(model, atom, NULL, NULL) == model->e0[1]);
  system_free(atom);
  model_free(model);
}

/* Each structure twice: twice the points, half of which add nothing. */
static void test_duplicates(void **state) {
  (void)state;
  tern_dataset *once = training_set(), *twice = NULL;
  int64_t indices[64];
  for (int64_t k = 0; k < 2 * once->size; k++)
    indices[k] = k % once->size;
  ASSERT_SUCCESS(dataset_subset(once, 2 * once->size, indices, &twice));
  tern_model *models[2] = {fit_kernel(once, OPTIONS(SMALL, "regularization", "1e-4")),
                           fit_kernel(twice, OPTIONS(SMALL, "regularization", "1e-4"))};
  tern_system *system = many_atoms(0);
  const double a = energy_of(models[0], system, NULL, NULL), b = energy_of(models[1], system, NULL, NULL);
  assert_true(fabs(a - b) < 1e-5 * (1 + fabs(a)));
  system_free(system);
  for (int k = 0; k < 2; k++)
    model_free(models[k]);
  dataset_free(once);
  dataset_free(twice);
}

static void test_few_data(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *first = NULL;
  const int64_t index = 0;
  ASSERT_SUCCESS(dataset_subset(dataset, 1, &index, &first));
  tern_options *const options[3] = {OPTIONS(SMALL, "force_weight", "0", "virial_weight", "0"),
                                    OPTIONS(SMALL, "energy_weight", "0", "virial_weight", "0"),
                                    OPTIONS(SMALL, "validation", "0.3")};
  for (int k = 0; k < 3; k++)
    model_free(fit_kernel(dataset, options[k]));
  model_free(fit_kernel(first, OPTIONS(SMALL, "species", "1,6", "regularization", "1e-6")));
  dataset_free(first);
  dataset_free(dataset);
}

/* The energy is its e0 and a linear function of the outputs; all weights are in the state's file. */
static void test_files(void **state) {
  (void)state;
  char path[] = "/tmp/ternion-kernel-XXXXXX";
  const int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  tern_model *model = kernel_of_training_set(OPTIONS(SMALL, "principal_components", "9", "points", "20")),
             *loaded = NULL;
  tern_system *system = many_atoms(0);
  double forces[2][3 * MANY];
  ASSERT_SUCCESS(model_save(model, path));
  ASSERT_SUCCESS(model_load(&loaded, path));
  assert_true(energy_of(model, system, forces[0], NULL) == energy_of(loaded, system, forces[1], NULL));
  assert_memory_equal(forces[0], forces[1], sizeof forces[0]);
  unlink(path);
  system_free(system);
  model_free(loaded);
  model_free(model);
}

static void test_threads(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_system *system = many_atoms(0);
  double energies[3];
  for (int32_t threads = 1; threads <= 3; threads++) {
    run run = {.threads = threads};
    tern_model *model = NULL;
    ASSERT_SUCCESS(try_fit(&model, &run, dataset, OPTIONS(SMALL, "validation", "0.2")));
    energies[threads - 1] = energy_of(model, system, NULL, NULL);
    assert_true(energies[threads - 1] == energies[0]);
    model_free(model);
  }
  system_free(system);
  dataset_free(dataset);
}

static int32_t cancel(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)done, (void)total, (void)loss;
  return strcmp(stage, context) == 0;
}

static void test_refusals(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  static char stages[3][16] = {"features", "rows", "regularization"};
  tern_model *model = NULL;
  for (int k = 0; k < 3; k++) {
    run run = {.threads = 1, .progress = cancel, .context = stages[k]};
    assert_int_equal(try_fit(&model, &run, dataset, OPTIONS(SMALL)), TERN_CANCELLED);
  }
  run run = serial();
  assert_int_equal(try_fit(&model, &run, dataset, OPTIONS(SMALL, "descriptor", "triplets")), TERN_ERROR_OPTION);
  run.memory_limit = 20000;
  assert_int_equal(try_fit(&model, &run, dataset, OPTIONS(SMALL)), TERN_ERROR_MEMORY);
  assert_null(model);
  dataset_free(dataset);
}

/* Every allocation fails once: nothing is lost. */
static void test_failures(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  int32_t status = TERN_ERROR_MEMORY;
  for (int64_t k = 1; status != TERN_SUCCESS; k += 7) {
    run run = serial();
    tern_model *model = NULL;
    tern_options *options = OPTIONS(SMALL, "points", "6", "regularization", "1e-4");
    memory_fail_at(k);
    status = try_fit(&model, &run, dataset, options);
    memory_fail_at(0);
    assert_true(status == TERN_SUCCESS || status == TERN_ERROR_MEMORY);
    model_free(model);
  }
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_derivatives), cmocka_unit_test(test_rotation), cmocka_unit_test(test_isolated),
      cmocka_unit_test(test_duplicates),  cmocka_unit_test(test_few_data), cmocka_unit_test(test_files),
      cmocka_unit_test(test_threads),     cmocka_unit_test(test_refusals), cmocka_unit_test(test_failures),
      cmocka_unit_test(test_minimum),     cmocka_unit_test(test_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
