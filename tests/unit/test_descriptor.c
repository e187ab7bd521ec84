/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors of whole systems: values, rows, refusals and species of every kind, whatever the kind is. */
#include "described.h"

/* ---- golden data ---- */

static tern_descriptor *golden_descriptor(const char *kind, const char *file) {
  tern_descriptor *descriptor = NULL;
  tern_options *options = golden_options(file);
  ASSERT_SUCCESS(descriptor_new(&descriptor, kind, options));
  options_free(options);
  return descriptor;
}

static void check_golden_values(const char *kind, const char *file) {
  golden_block expected = golden_read(file, kind, 1);
  tern_descriptor *descriptor = golden_descriptor(kind, file);
  tern_system *system = described_golden(file);
  int64_t rows, features;
  double *values = described_values(descriptor, system, &rows, &features);
  assert_int_equal(rows, expected.dims[0]);
  assert_int_equal(features, expected.dims[1]);
  assert_close(file, expected.count, values, expected.values, 1e-8);
  free(values);
  golden_free(&expected);
  descriptor_free(descriptor);
  system_free(system);
}

static void test_golden_values(void **state) {
  (void)state;
  golden_block files = golden_read("descriptors.txt", "files", 1);
  for (int f = 0; f < files.count; f++) {
    golden_block held = golden_read(files.lines[f], "kinds", 1);
    for (int k = 0; k < held.count; k++)
      check_golden_values(held.lines[k], files.lines[f]);
    golden_free(&held);
  }
  golden_free(&files);
}

/* The file has [row][column][atom][3]; ours is sparse, [block][3][column]. */
static void check_golden_jacobian(const char *kind, const char *file) {
  char name[64];
  snprintf(name, sizeof name, "%s_positions", kind);
  golden_block expected = golden_read(file, name, 1);
  snprintf(name, sizeof name, "%s_strain", kind);
  golden_block expected_strain = golden_read(file, name, 1);
  tern_descriptor *descriptor = golden_descriptor(kind, file);
  tern_system *system = described_golden(file);
  run run = described_run(2);
  const int64_t rows = expected.dims[0], features = expected.dims[1], atoms = expected.dims[2];
  int64_t blocks, indices[512];
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, &blocks));
  double *jacobian = zeros(blocks * 3 * features), *strain = zeros(rows * 9 * features);
  double *dense = zeros(expected.count), *dense_strain = zeros(expected_strain.count);
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, indices, jacobian, strain));
  for (int64_t b = 0; b < blocks; b++)
    for (int64_t f = 0; f < features; f++)
      for (int64_t a = 0; a < 3; a++)
        dense[((indices[2 * b] * features + f) * atoms + indices[2 * b + 1]) * 3 + a] =
            jacobian[(3 * b + a) * features + f];
  for (int64_t row = 0; row < rows; row++)
    for (int64_t f = 0; f < features; f++)
      for (int64_t ab = 0; ab < 9; ab++)
        dense_strain[(row * features + f) * 9 + ab] = strain[(row * 9 + ab) * features + f];
  assert_close("positions", expected.count, dense, expected.values, 1e-7);
  assert_close("strain", expected_strain.count, dense_strain, expected_strain.values, 1e-7);
  free(jacobian);
  free(strain);
  free(dense);
  free(dense_strain);
  golden_free(&expected);
  golden_free(&expected_strain);
  descriptor_free(descriptor);
  system_free(system);
}

static void test_golden_jacobian(void **state) {
  (void)state;
  golden_block files = golden_read("descriptors.txt", "derivatives", 1);
  assert_true(files.count >= 7);
  for (int f = 0; f < files.count; f++) {
    golden_block held = golden_read(files.lines[f], "kinds", 1);
    for (int k = 0; k < held.count; k++)
      check_golden_jacobian(held.lines[k], files.lines[f]);
    golden_free(&held);
  }
  golden_free(&files);
}

/* ---- rows, centres, threads ---- */

static void test_rows(void **state) {
  static const char *const settings[] = {"species 1,6,8",  "centers 3,1",  "cutoff 9",
                                         "tag_cutoff 2.5", "self_pairs 0", NULL};
  (void)state;
  described_atoms atoms = described_grid(5, false, 3);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new("frames", settings);
  run run = described_run(1);
  int64_t rows, features, indices[256], found = 0;
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, &features));
  assert_in_range(rows, 2, 64);
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, indices));
  for (int64_t c = 0; c < 2; c++)
    for (int64_t j = 0; j < 5; j++)
      for (int64_t k = 0; k < 5; k++) {
        const int64_t center = descriptor->centers[c], tags[2] = {j, k};
        bool wanted = j != k;
        for (int t = 0; t < 2; t++) {
          double square = 0;
          for (int a = 0; a < 3; a++)
            square += pow(atoms.positions[tags[t]][a] - atoms.positions[center][a], 2);
          wanted = wanted && tags[t] != center && square < 2.5 * 2.5;
        }
        if (!wanted)
          continue;
        const int64_t expected[4] = {0, center, j, k};
        assert_memory_equal(indices + 4 * found++, expected, sizeof expected);
      }
  assert_int_equal(found, rows);
  descriptor_free(descriptor);
  system_free(system);
}

/* Rows of chosen centres are those of all centres; any number of threads gives the same values. */
static void test_centers_and_threads(void **state) {
  static const char *const settings[] = {"cutoff 3.1",         "n_max 3",     "l_max 3", "sigma 0.4", "species O,H,C",
                                         "spline_error 1e-13", "centers 7,2", NULL};
  (void)state;
  described_atoms atoms = described_grid(16, false, 9);
  tern_system *system = described_system(&atoms);
  tern_descriptor *all = described_new("power_spectrum", described_small),
                  *some = described_new("power_spectrum", settings);
  int64_t rows, features, indices[4];
  double *every = described_values(all, system, &rows, &features);
  assert_int_equal(rows, 16);
  double *chosen = described_values(some, system, &rows, &features), *threaded = zeros(16 * features);
  assert_int_equal(rows, 2);
  assert_memory_equal(chosen, every + 7 * features, (size_t)features * sizeof *chosen);
  assert_memory_equal(chosen + features, every + 2 * features, (size_t)features * sizeof *chosen);
  run run = described_run(3);
  ASSERT_SUCCESS(descriptor_rows(some, &run, system, indices));
  assert_true(indices[0] == 0 && indices[1] == 7 && indices[2] == 0 && indices[3] == 2);
  ASSERT_SUCCESS(descriptor_compute(all, &run, system, threaded));
  assert_memory_equal(threaded, every, (size_t)(16 * features) * sizeof *every);
  free(every);
  free(chosen);
  free(threaded);
  descriptor_free(all);
  descriptor_free(some);
  system_free(system);
}

/* ---- failures ---- */

static void test_wrong_options(void **state) {
  static const char *const twice[] = {"centers 1,2,1", NULL}, *const far[] = {"centers 1,9", "species 1,6,8", NULL};
  static const char *const foreign[] = {"tag_cutoff 2", NULL}, *const wide[] = {"tag_cutoff 6", "species 1", NULL};
  (void)state;
  tern_descriptor *descriptor = NULL;
  tern_options *options = described_options(twice);
  ASSERT_FAILURE(descriptor_new(&descriptor, "frame", NULL), TERN_ERROR_ARGUMENT, "did you mean 'frames'");
  ASSERT_FAILURE(descriptor_new(&descriptor, "soap", NULL), TERN_ERROR_ARGUMENT,
                 "density, power_spectrum, correlations, frames");
  ASSERT_FAILURE(descriptor_new(&descriptor, "density", options), TERN_ERROR_OPTION, "atom 1 twice");
  options_free(options);
  options = described_options(foreign);
  ASSERT_FAILURE(descriptor_new(&descriptor, "density", options), TERN_ERROR_OPTION, "tag_cutoff");
  options_free(options);
  options = described_options(wide);
  ASSERT_FAILURE(descriptor_new(&descriptor, "frames", options), TERN_ERROR_OPTION, "must not exceed 'cutoff'");
  options_free(options);
  assert_null(descriptor);
  descriptor = described_new("density", far);
  described_atoms atoms = described_grid(5, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  int64_t rows;
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "atom 9");
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "5 atoms");
  system_free(system);
  descriptor_free(descriptor);
}

static void test_unknown_species(void **state) {
  static const char *const known[] = {"species H,O", NULL};
  (void)state;
  described_atoms atoms = described_grid(4, false, 3); /* O, H, C, O */
  tern_system *system = described_system(&atoms);
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    tern_descriptor *descriptor = described_new(described_kinds[k], known);
    run run = described_run(1);
    int64_t rows = -7;
    double untouched = 5;
    ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "atom 2 is C (6)");
    ASSERT_FAILURE(descriptor_compute(descriptor, &run, system, &untouched), TERN_ERROR_DATA, "it knows H (1), O (8)");
    assert_true(rows == -7 && untouched == 5 && run.memory_used == 0);
    descriptor_free(descriptor);
  }
  system_free(system);
}

/* ---- fitting ---- */

static int32_t cancel(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss;
  return *(int32_t *)context;
}

static void test_fit(void **state) {
  (void)state;
  tern_descriptor *descriptor = described_new("density", NULL);
  tern_dataset *dataset = NULL;
  described_atoms atoms = described_grid(3, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  int64_t rows;
  text json = {0};
  ASSERT_SUCCESS(dataset_new(&dataset));
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "option 'species'");
  ASSERT_FAILURE(descriptor_labels(descriptor, &json), TERN_ERROR_DATA, "fit the descriptor");
  ASSERT_FAILURE(descriptor_fit(descriptor, &run, dataset), TERN_ERROR_DATA, "empty");
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  int32_t answer = -5;
  struct run cancelled = run;
  cancelled.progress = cancel;
  cancelled.context = &answer;
  assert_int_equal(descriptor_fit(descriptor, &cancelled, dataset), -5);
  assert_null(descriptor->state);
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, dataset));
  assert_int_equal(descriptor->n_species, 3);
  assert_true(descriptor->species[0] == 1 && descriptor->species[1] == 6 && descriptor->species[2] == 8);
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
  assert_int_equal(rows, 3);
  system_free(system);
  dataset_free(dataset);
  descriptor_free(descriptor);
}

/* The species given by the options stay, in ascending order. */
static void test_fit_keeps_given_species(void **state) {
  static const char *const given[] = {"species O,N,H,C", NULL};
  (void)state;
  tern_descriptor *descriptor = described_new("density", given);
  tern_dataset *dataset = NULL;
  described_atoms atoms = described_grid(3, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  ASSERT_SUCCESS(dataset_new(&dataset));
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, dataset));
  const int32_t expected[4] = {1, 6, 7, 8};
  assert_int_equal(descriptor->n_species, 4);
  assert_memory_equal(descriptor->species, expected, sizeof expected);
  system_free(system);
  dataset_free(dataset);
  descriptor_free(descriptor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden_values),
      cmocka_unit_test(test_golden_jacobian),
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_centers_and_threads),
      cmocka_unit_test(test_wrong_options),
      cmocka_unit_test(test_unknown_species),
      cmocka_unit_test(test_fit),
      cmocka_unit_test(test_fit_keeps_given_species),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
