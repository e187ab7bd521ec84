/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that learn from data: when they may be used, what a fit leaves, files, and that contraction without loss
   is the full expansion. */
#include "described.h"
#include "helper_data.h"
#include "helper_folder.h"

#include "core/memory.h"
#include "model/model.h"

enum { FRAMES = 8 };

static const char *const contracted[] = {"cutoff 4",     "n_max 3",      "l_max 2",   "nu_max 4",
                                         "lambda_max 1", "components 8", "group so3", NULL};

/* The settings and two more. */
static tern_descriptor *with(const char *const *settings, const char *more, const char *still_more) {
  const char *all[20] = {NULL};
  int count = 0;
  for (; settings[count] != NULL; count++)
    all[count] = settings[count];
  if (more != NULL)
    all[count++] = more;
  if (still_more != NULL)
    all[count++] = still_more;
  return described_new("correlations", all);
}

static void fit(tern_descriptor *descriptor, const tern_dataset *data) {
  run run = described_run(2);
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, data));
  assert_int_equal(run.memory_used, 0);
}

static void assert_same_values(const tern_descriptor *one, const tern_descriptor *two) {
  for (int k = 0; k < 3; k++) {
    tern_system *system = helper_system(k);
    int64_t rows, features, other_rows, other_features;
    double *a = described_values(one, system, &rows, &features);
    double *b = described_values(two, system, &other_rows, &other_features);
    assert_int_equal(rows, other_rows);
    assert_int_equal(features, other_features);
    assert_memory_equal(a, b, (size_t)(rows * features) * sizeof *a);
    free(a);
    free(b);
    system_free(system);
  }
}

/* ---- before and after the fit ---- */

static void assert_waits(const tern_descriptor *descriptor) {
  tern_system *system = helper_system(0);
  run run = described_run(1);
  double values[64] = {7};
  int64_t rows = 7;
  text json = {0};
  assert_false(descriptor_fitted(descriptor));
  ASSERT_FAILURE(descriptor_compute(descriptor, &run, system, values), TERN_ERROR_DATA, "fit");
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "fit");
  ASSERT_FAILURE(descriptor_pullback(descriptor, &run, system, values, values, NULL), TERN_ERROR_DATA, "fit");
  ASSERT_FAILURE(descriptor_labels(descriptor, &json), TERN_ERROR_DATA, "fit");
  ASSERT_SUCCESS(descriptor_info(descriptor, &json));
  assert_non_null(strstr(json.data, "\"fitted\":false"));
  assert_true(values[0] == 7 && rows == 7);
  text_free(&json);
  system_free(system);
}

static void test_waits_for_fit(void **state) {
  static const char *const more[] = {NULL, "selection cur", "species_channels 2", "species_channels 2"};
  static const char *const still_more[] = {NULL, "selected 5", "species_mixing learned", "species_mixing random"};
  tern_dataset *data = helper_dataset(FRAMES);
  (void)state;
  for (int k = 0; k < 4; k++)
    for (int components = 0; components < 2; components++) {
      const char *const settings[] = {
          "cutoff 4", "n_max 2", "l_max 2", "species Si,C", components ? "components 6" : "components 0", NULL};
      tern_descriptor *descriptor = with(settings, more[k], still_more[k]);
      const bool waits = components || k == 1 || k == 2;
      assert_int_equal(descriptor_fitted(descriptor), !waits);
      if (waits)
        assert_waits(descriptor);
      fit(descriptor, data);
      assert_true(descriptor_fitted(descriptor));
      descriptor_free(descriptor);
    }
  dataset_free(data);
}

static void test_files(void **state) {
  static const char *const more[] = {NULL, "selection farthest_point", "species_channels 1", "components 0"};
  static const char *const still_more[] = {NULL, "selected 9", "species_mixing learned", NULL};
  tern_dataset *data = helper_dataset(FRAMES);
  char path[HELPER_PATH];
  (void)state;
  for (int k = 0; k < 4; k++) {
    tern_descriptor *descriptor = with(contracted, more[k], still_more[k]), *loaded = NULL, *again = NULL;
    ASSERT_SUCCESS(descriptor_save(descriptor, helper_path(path, "learned.tern")));
    ASSERT_SUCCESS(descriptor_load(&loaded, path, NULL)); /* not fitted, and so it stays */
    assert_false(descriptor_fitted(loaded));
    fit(descriptor, data);
    fit(loaded, data);
    assert_same_values(descriptor, loaded);
    ASSERT_SUCCESS(descriptor_save(descriptor, path));
    ASSERT_SUCCESS(descriptor_load(&again, path, NULL));
    assert_same_values(descriptor, again);
    fit(again, data); /* and once more */
    assert_same_values(descriptor, again);
    descriptor_free(descriptor);
    descriptor_free(loaded);
    descriptor_free(again);
  }
  helper_folder_end();
  dataset_free(data);
}

static int32_t never(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)done;
  (void)total;
  (void)loss;
  return strncmp(stage, context, strlen(context)) == 0;
}

static void test_cancel(void **state) {
  static const char *stages[] = {"environments", "mixing of species", "order 2", "order 4", "selection"};
  static const char *const mixed[] = {"cutoff 4",
                                      "n_max 3",
                                      "l_max 2",
                                      "nu_max 4",
                                      "lambda_max 1",
                                      "components 8",
                                      "selection cur",
                                      "selected 7",
                                      "species_channels 1",
                                      "species_mixing learned",
                                      NULL};
  tern_dataset *data = helper_dataset(FRAMES), *fewer = helper_dataset(FRAMES - 3);
  tern_descriptor *fresh = with(mixed, NULL, NULL), *fitted = with(mixed, NULL, NULL), *same = with(mixed, NULL, NULL);
  (void)state;
  fit(fitted, fewer);
  fit(same, fewer);
  for (size_t k = 0; k < sizeof stages / sizeof *stages; k++) {
    run run = described_run(1);
    run.progress = never;
    run.context = (void *)stages[k];
    ASSERT_FAILURE(descriptor_fit(fresh, &run, data), TERN_CANCELLED, stages[k]);
    assert_int_equal(run.memory_used, 0);
    assert_true(fresh->state == NULL);
    ASSERT_FAILURE(descriptor_fit(fitted, &run, data), TERN_CANCELLED, stages[k]);
    assert_same_values(fitted, same);
  }
  descriptor_free(fresh);
  descriptor_free(fitted);
  descriptor_free(same);
  dataset_free(data);
  dataset_free(fewer);
}

/* A few environments only, the same every time; all of them when there are few. */
static void test_number_of_environments(void **state) {
  tern_dataset *data = helper_dataset(FRAMES);
  tern_descriptor *all = with(contracted, "fit_environments 0", NULL), *many = with(contracted, NULL, NULL);
  tern_descriptor *five = with(contracted, "fit_environments 5", NULL),
                  *again = with(contracted, "fit_environments 5", NULL);
  tern_system *system = helper_system(1);
  int64_t features[2];
  run run = described_run(1);
  (void)state;
  fit(all, data);
  fit(many, data);
  fit(five, data);
  fit(again, data);
  assert_same_values(all, many);
  assert_same_values(five, again);
  ASSERT_SUCCESS(descriptor_shape(all, &run, system, NULL, &features[0]));
  ASSERT_SUCCESS(descriptor_shape(five, &run, system, NULL, &features[1]));
  assert_true(features[1] < features[0]); /* five invariants at most are independent */
  system_free(system);
  descriptor_free(all);
  descriptor_free(many);
  descriptor_free(five);
  descriptor_free(again);
  dataset_free(data);
}

/* The fit looks at the option's centres only. */
static void test_centers(void **state) {
  tern_dataset *data = helper_dataset(FRAMES);
  tern_descriptor *one = with(contracted, "centers 1", NULL);
  tern_system *system = helper_system(1);
  int64_t rows, features;
  (void)state;
  fit(one, data);
  double *values = described_values(one, system, &rows, &features);
  assert_int_equal(rows, 1);
  free(values);
  descriptor_free(one);
  one = with(contracted, "centers 6", NULL);
  run run = described_run(1);
  ASSERT_FAILURE(descriptor_fit(one, &run, data), TERN_ERROR_DATA, "structure 0");
  descriptor_free(one);
  system_free(system);
  dataset_free(data);
}

/* Order 1 is not contracted: the same columns and labels either way. */
static void test_order_1(void **state) {
  static const char *const settings[] = {"cutoff 4", "n_max 2",      "l_max 2", "species Si,C",
                                         "nu_max 2", "lambda_max 1", NULL};
  tern_dataset *data = helper_dataset(2);
  tern_descriptor *full = with(settings, NULL, NULL), *kept = with(settings, "components 3", NULL);
  tern_system *system = helper_system(1);
  int64_t rows, all, columns;
  (void)state;
  fit(kept, data);
  double *values = described_values(full, system, &rows, &all), *same = described_values(kept, system, &rows, &columns);
  for (int64_t column = 0; column < 4 * (1 + 3); column++) {
    text one = {0}, other = {0};
    full->kind->label(full->state, column, &one);
    kept->kind->label(kept->state, column, &other);
    assert_string_equal(one.data, other.data);
    for (int64_t row = 0; row < rows; row++)
      assert_true(values[row * all + column] == same[row * columns + column]);
    text_free(&one);
    text_free(&other);
  }
  free(values);
  free(same);
  system_free(system);
  descriptor_free(full);
  descriptor_free(kept);
  dataset_free(data);
}

/* ---- contraction without loss ---- */

/* sum over the columns of a row times those of another. */
static double *gram(const tern_descriptor *descriptor, const tern_dataset *data, int64_t *size) {
  double *values = NULL;
  int64_t rows, features = 0;
  *size = 0;
  for (int64_t k = 0; k < data->size; k++) {
    double *some = described_values(descriptor, data->frames[k]->system, &rows, &features);
    values = realloc(values, (size_t)((*size + rows) * features) * sizeof *values);
    memcpy(values + *size * features, some, (size_t)(rows * features) * sizeof *values);
    *size += rows;
    free(some);
  }
  double *products = zeros(*size * *size);
  for (int64_t i = 0; i < *size; i++)
    for (int64_t j = 0; j < *size; j++)
      for (int64_t k = 0; k < features; k++)
        products[i * *size + j] += values[i * features + k] * values[j * features + k];
  free(values);
  return products;
}

static void check_without_loss(const char *nu, const char *lambda, const char *group) {
  char nu_min[24], nu_max[24], lambda_max[24], hands[24];
  snprintf(nu_min, sizeof nu_min, "nu_min %s", nu);
  snprintf(nu_max, sizeof nu_max, "nu_max %s", nu);
  snprintf(lambda_max, sizeof lambda_max, "lambda_max %s", lambda);
  snprintf(hands, sizeof hands, "group %s", group);
  const char *const settings[] = {"cutoff 4", "n_max 2", "l_max 2", "species Si,C", nu_min, nu_max,
                                  lambda_max, hands,     NULL};
  tern_dataset *data = helper_dataset(FRAMES);
  tern_descriptor *full = with(settings, NULL, NULL), *kept = with(settings, "components 100000", NULL);
  int64_t size, same;
  fit(kept, data);
  double *expected = gram(full, data, &size), *found = gram(kept, data, &same);
  assert_int_equal(size, same);
  assert_close(nu_max, size * size, found, expected, 1e-11);
  free(expected);
  free(found);
  descriptor_free(full);
  descriptor_free(kept);
  dataset_free(data);
}

static void test_without_loss(void **state) {
  (void)state;
  check_without_loss("2", "1", "so3");
  check_without_loss("3", "0", "o3");
  check_without_loss("3", "2", "so3");
  check_without_loss("4", "0", "so3");
  check_without_loss("4", "1", "o3");
}

/* An order of 0 components is kept whole: also for environments that the fit has not seen. */
static double first_product(const tern_descriptor *descriptor, int64_t left_out) {
  tern_system *one = helper_system(3), *two = helper_system(5);
  int64_t rows, features;
  double *a = described_values(descriptor, one, &rows, &features);
  double *b = described_values(descriptor, two, &rows, &features), sum = 0;
  for (int64_t k = 0; k < features - left_out; k++)
    sum += a[k] * b[k];
  free(a);
  free(b);
  system_free(one);
  system_free(two);
  return sum;
}

static void test_an_order_kept_whole(void **state) {
  static const char *const two[] = {"cutoff 4", "n_max 2", "l_max 2", "species Si,C", "nu_min 2", "nu_max 2", NULL};
  static const char *const three[] = {"cutoff 4", "n_max 2", "l_max 2", "species Si,C", "nu_min 2", "nu_max 3", NULL};
  tern_dataset *data = helper_dataset(1);
  tern_descriptor *full = with(two, NULL, NULL), *kept = with(three, "components 0,1", NULL);
  (void)state;
  fit(kept, data);
  const double expected = first_product(full, 0), found = first_product(kept, 1);
  assert_true(fabs(found - expected) < 1e-12 * fabs(expected));
  descriptor_free(full);
  descriptor_free(kept);
  dataset_free(data);
}

/* ---- selection from the full expansion ---- */

static void check_selected(const char *method, const char *lambda, const char *group, const char *mixing) {
  const char *const settings[] = {"cutoff 4", "n_max 2", "l_max 2", "species Si,C", "nu_max 3", lambda,
                                  group,      mixing,    NULL};
  tern_dataset *data = helper_dataset(FRAMES);
  tern_descriptor *full = with(settings, NULL, NULL), *some = with(settings, method, "selected 17");
  tern_system *system = helper_system(2);
  int64_t rows, all, columns, column = 0, place = 0;
  fit(full, data);
  fit(some, data);
  double *values = described_values(full, system, &rows, &all),
         *picked = described_values(some, system, &rows, &columns);
  assert_true(columns >= 17 && columns < all);
  for (; place < columns; place++, column++) {
    text wanted = {0}, label = {0};
    some->kind->label(some->state, place, &wanted);
    for (;; column++) {
      assert_true(column < all);
      text_free(&label);
      full->kind->label(full->state, column, &label);
      if (strcmp(label.data, wanted.data) == 0)
        break;
    }
    for (int64_t row = 0; row < rows; row++)
      assert_true(fabs(values[row * all + column] - picked[row * columns + place]) <
                  1e-14 * largest(rows * all, values));
    text_free(&wanted);
    text_free(&label);
  }
  free(values);
  free(picked);
  system_free(system);
  descriptor_free(full);
  descriptor_free(some);
  dataset_free(data);
}

static void test_selected(void **state) {
  (void)state;
  check_selected("selection cur", "lambda_max 0", "group o3", "species_channels 0");
  check_selected("selection farthest_point", "lambda_max 1", "group so3", "species_channels 0");
  check_selected("selection cur", "lambda_max 1", "group so3", "species_channels 1");
}

/* ---- models ---- */

static void test_model(void **state) {
  static const char *const settings[] = {"descriptor correlations",
                                         "cutoff 4",
                                         "n_max 3",
                                         "l_max 2",
                                         "components 8",
                                         "nu_max 4",
                                         "species_channels 1",
                                         "seed 3",
                                         "regularization 1e-6",
                                         NULL};
  tern_dataset *data = helper_dataset(FRAMES);
  tern_options *options = described_options(settings);
  tern_model *model = NULL, *loaded = NULL;
  tern_system *system = helper_system(FRAMES + 1);
  run run = described_run(2);
  char path[HELPER_PATH];
  double energies[2], forces[2][3 * HELPER_ATOMS], virials[2][9];
  (void)state;
  ASSERT_SUCCESS(model_fit(&model, "ridge", &run, data, options));
  ASSERT_SUCCESS(model_save(model, helper_path(path, "model.tern")));
  ASSERT_SUCCESS(model_load(&loaded, path));
  for (int k = 0; k < 2; k++)
    ASSERT_SUCCESS(model_predict(k ? loaded : model, &run, system, &energies[k], forces[k], virials[k], NULL, NULL));
  assert_memory_equal(&energies[0], &energies[1], sizeof energies[0]);
  assert_memory_equal(forces[0], forces[1], sizeof forces[0]);
  assert_memory_equal(virials[0], virials[1], sizeof virials[0]);
  assert_true(largest(3 * HELPER_ATOMS, forces[0]) > 1e-3);
  helper_folder_end();
  model_free(model);
  model_free(loaded);
  options_free(options);
  system_free(system);
  dataset_free(data);
}

/* ---- what is refused ---- */

static void refuse(const char *words, int32_t status, const char *one, const char *two) {
  const char *const settings[] = {"n_max 2", "l_max 2", "species Si,C", one, two, NULL};
  tern_options *options = described_options(settings);
  tern_descriptor *descriptor = NULL;
  ASSERT_FAILURE(descriptor_new(&descriptor, "correlations", options), status, words);
  assert_null(descriptor);
  options_free(options);
}

static void test_refusals(void **state) {
  tern_dataset *data = helper_dataset(2), *empty = NULL;
  tern_descriptor *descriptor = with(contracted, "selection cur", "selected 100000");
  run run = described_run(1);
  (void)state;
  refuse("'nu_max', which is 3", TERN_ERROR_OPTION, "components 5", "nu_min 4");
  refuse("valid are 0 to 6", TERN_ERROR_OPTION, "components 5", "lambda_max 7");
  refuse("valid are 1 to 2", TERN_ERROR_OPTION, "components 5", "species_channels 3");
  refuse("valid are 1 to 2", TERN_ERROR_OPTION, "species_channels 3", NULL);
  ASSERT_FAILURE(descriptor_fit(descriptor, &run, data), TERN_ERROR_OPTION, "valid are 1 to");
  assert_int_equal(run.memory_used, 0);
  ASSERT_SUCCESS(dataset_new(&empty));
  ASSERT_FAILURE(descriptor_fit(descriptor, &run, empty), TERN_ERROR_DATA, "empty");
  run.memory_limit = 30000;
  ASSERT_FAILURE(descriptor_fit(descriptor, &run, data), TERN_ERROR_MEMORY, "");
  assert_int_equal(run.memory_used, 0);
  descriptor_free(descriptor);
  dataset_free(data);
  dataset_free(empty);
}

/* Whichever allocation fails: refused, nothing held, the descriptor as it was. */
static void test_no_memory(void **state) {
  static const char *const settings[] = {
      "cutoff 4",      "n_max 2",    "l_max 1", "nu_max 3", "species_channels 1", "species_mixing learned",
      "selection cur", "selected 3", NULL};
  tern_dataset *data = helper_dataset(2);
  (void)state;
  for (int components = 0; components < 2; components++) {
    int64_t failing = 0;
    int32_t status = TERN_ERROR_MEMORY;
    while (status != TERN_SUCCESS) {
      tern_descriptor *descriptor = with(settings, components ? "components 3" : "components 0", NULL);
      run run = described_run(1);
      memory_fail_at(++failing);
      status = descriptor_fit(descriptor, &run, data);
      memory_fail_at(0);
      assert_int_equal(run.memory_used, 0);
      assert_true(status == TERN_SUCCESS || status == TERN_ERROR_MEMORY);
      assert_int_equal(descriptor_fitted(descriptor), status == TERN_SUCCESS);
      descriptor_free(descriptor);
    }
    assert_true(failing > 50);
  }
  dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_waits_for_fit), cmocka_unit_test(test_files),
      cmocka_unit_test(test_cancel),        cmocka_unit_test(test_number_of_environments),
      cmocka_unit_test(test_centers),       cmocka_unit_test(test_order_1),
      cmocka_unit_test(test_without_loss),
      cmocka_unit_test(test_an_order_kept_whole), cmocka_unit_test(test_selected),
      cmocka_unit_test(test_model),         cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
