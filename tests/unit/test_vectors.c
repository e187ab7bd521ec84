/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors that structures carry for their atoms: in memory, in files, refused. */
#include "model_checks.h"

#include "helper_folder.h"

static const int32_t pair[2] = {1, 6};
static const double places[6] = {0, 0, 0, 1.1, 0, 0};
static const double wide[8] = {1, -0.0, 1e-300, 2.5, -3, 1.0 / 3, 7, 9.8}, narrow[2] = {4, 5};

/* Three pairs of atoms. */
static tern_dataset *pairs(void) {
  tern_dataset *dataset = NULL;
  tern_system *system = NULL;
  const double energy = -1;
  ASSERT_SUCCESS(dataset_new(&dataset));
  ASSERT_SUCCESS(system_new(&system, 2, pair, places, NULL, NULL));
  for (int k = 0; k < 3; ++k)
    ASSERT_SUCCESS(dataset_append(dataset, system, &energy, places, NULL));
  system_free(system);
  return dataset;
}

static void test_kept(void **state) {
  (void)state;
  const int64_t all[2] = {1, 0};
  tern_dataset *dataset = pairs(), *subset = NULL;
  const frame_vectors *found = NULL;
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 0, "features", 4, wide));
  ASSERT_SUCCESS(dataset_set_tensor(dataset, 0, "mu", 1, places));
  ASSERT_SUCCESS(dataset_subset(dataset, 2, all, &subset));
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 0, "charge", 1, narrow));
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 0, "features", 1, narrow));
  ASSERT_SUCCESS(dataset_vectors(dataset, 0, "features", &found));
  assert_true(found->width == 1 && found->values[1] == 5);
  assert_int_equal(dataset->frames[0]->n_vectors, 2);
  assert_non_null(frame_find_tensor(dataset->frames[0], "mu")); /* the copy has all the rest */
  ASSERT_SUCCESS(dataset_vectors(subset, 1, "features", &found));
  assert_int_equal(found->width, 4);
  assert_memory_equal(found->values, wide, sizeof wide);
  assert_int_equal(dataset_vectors(subset, 1, "charge", &found), TERN_ERROR_MISSING);
  assert_string_equal(error_message(), "structure 1 has no vectors 'charge' of its atoms; it has features");
  assert_int_equal(dataset_vectors(subset, 0, "charge", &found), TERN_ERROR_MISSING);
  assert_string_equal(error_message(), "structure 0 has no vectors 'charge' of its atoms");
  dataset_free(subset);
  dataset_free(dataset);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const names[] = {"", "a b", "a=b", "x:R", "has_x", "forces", "POS", "species", "Z"};
  const double broken[2] = {0, (double)NAN};
  tern_dataset *dataset = pairs();
  for (size_t k = 0; k < sizeof names / sizeof *names; ++k) {
    assert_int_equal(dataset_set_vectors(dataset, 0, names[k], 1, narrow), TERN_ERROR_ARGUMENT);
    assert_non_null(strstr(error_message(), names[k]));
  }
  assert_int_equal(dataset_set_vectors(dataset, 0, "x", 0, narrow), TERN_ERROR_ARGUMENT);
  assert_int_equal(dataset_set_vectors(dataset, 0, "x", 1000001, narrow), TERN_ERROR_ARGUMENT);
  assert_int_equal(dataset_set_vectors(dataset, 0, "x", 1, broken), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "x of atom 1, number 0"));
  assert_int_equal(dataset->frames[0]->n_vectors, 0);
  ASSERT_SUCCESS(dataset_set_tensor(dataset, 0, "mu", 1, places));
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 0, "x", 1, narrow));
  assert_int_equal(dataset_set_vectors(dataset, 0, "mu", 1, narrow), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "structure 0 has a tensor 'mu'"));
  assert_int_equal(dataset_set_tensor(dataset, 0, "x", 1, places), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "structure 0 has vectors 'x'"));
  dataset_free(dataset);
}

/* Written with everything else, bit for bit; read under the name that the option target gives. */
static void test_round_trip(void **state) {
  (void)state;
  char path[HELPER_PATH];
  tern_options *options = OPTIONS("target", "features");
  tern_dataset *dataset = pairs(), *back = NULL;
  const frame_vectors *found = NULL;
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 1, "charge", 1, narrow));
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 1, "features", 4, wide));
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 2, "features", 1, narrow)); /* widths may differ */
  ASSERT_SUCCESS(dataset_write(dataset, helper_path(path, "vectors.extxyz.gz")));
  ASSERT_SUCCESS(dataset_read(&back, path, options));
  assert_int_equal(back->size, 3);
  assert_int_equal(back->frames[0]->n_vectors, 0);
  assert_int_equal(back->frames[1]->n_vectors, 1);
  ASSERT_SUCCESS(dataset_vectors(back, 1, "features", &found));
  assert_int_equal(found->width, 4);
  assert_memory_equal(found->values, wide, sizeof wide);
  ASSERT_SUCCESS(dataset_vectors(back, 2, "features", &found));
  assert_memory_equal(found->values, narrow, sizeof narrow);
  assert_memory_equal(back->frames[1]->forces, places, sizeof places);
  options_free(options);
  dataset_free(back);
  dataset_free(dataset);
}

static void test_refused_files(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } rows[] = {{"1\nProperties=species:S:1:pos:R:3:x:I:2\nH 0 0 0 1 2\n", "'x' must be x:R:N"},
              {"1\nProperties=species:S:1:pos:R:3:x:R:2\nH 0 0 0 1\n", "a finite number of the target is due"},
              {"1\nProperties=species:S:1:pos:R:3:x:R:2\nH 0 0 0 1 inf\n", "'inf' is not a finite number of the"},
              {"1\nProperties=species:S:1:x:R:2:pos:R:3:x:R:2\nH 1 1 0 0 0 1 1\n", "a name is there twice"},
              {"1\nProperties=species:S:1:pos:R:3:x:R:1 x=3\nH 0 0 0 1\n", "'x' is a column and an entry"}};
  char path[HELPER_PATH];
  tern_options *options = OPTIONS("target", "x");
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) {
    tern_dataset *dataset = NULL;
    helper_store(helper_path(path, "bad.extxyz"), rows[k].text, (int64_t)strlen(rows[k].text));
    assert_int_equal(dataset_read(&dataset, path, options), TERN_ERROR_FORMAT);
    if (strstr(error_message(), rows[k].message) == NULL)
      fail_msg("'%s' does not say '%s'", error_message(), rows[k].message);
  }
  options_free(options);
}

/* Whatever allocation fails, nothing is lost and the data set stays what it was. */
static void test_memory(void **state) {
  (void)state;
  tern_dataset *dataset = pairs(), *subset = NULL;
  const int64_t first = 0;
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 0, "x", 4, wide));
  ASSERT_SUCCESS(dataset_subset(dataset, 1, &first, &subset));
  int32_t status = TERN_ERROR_MEMORY;
  for (int64_t failing = 1; status != TERN_SUCCESS; ++failing) {
    memory_fail_at(failing);
    status = dataset_set_vectors(dataset, 0, "y", 1, narrow);
    memory_fail_at(0);
    assert_true(status == TERN_SUCCESS || status == TERN_ERROR_MEMORY);
    assert_memory_equal(frame_find_vectors(dataset->frames[0], "x")->values, wide, sizeof wide);
    assert_int_equal(dataset->frames[0]->n_vectors, status == TERN_SUCCESS ? 2 : 1);
    assert_int_equal(subset->frames[0]->n_vectors, 1);
  }
  dataset_free(subset);
  dataset_free(dataset);
}

int main(void) {
  helper_folder();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kept),          cmocka_unit_test(test_refused), cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_refused_files), cmocka_unit_test(test_memory),
  };
  const int failures = cmocka_run_group_tests(tests, NULL, NULL);
  helper_folder_end();
  return failures;
}
