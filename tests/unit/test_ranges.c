/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of ranges of centres are those of the whole system, whatever the kind; weights of rows with their gradients. */
#include "described.h"

#include <math.h>

enum { ATOMS = 7 };

typedef struct variant {
  const char *kind, *settings[12];
} variant;

#define COMMON "cutoff 3.1", "n_max 2", "l_max 2", "sigma 0.4", "species O,H,C", "spline_error 1e-13"
static const variant variants[] = {
    {"density", {COMMON, NULL}},
    {"power_spectrum", {COMMON, NULL}},
    {"power_spectrum", {COMMON, "centers 5,0,3,6", NULL}},
    {"correlations", {COMMON, "nu_max 3", "lambda_max 1", NULL}},
    {"frames", {COMMON, "tag_cutoff 2.6", "tag_width 0.9", NULL}},
    {"frames", {COMMON, "self_pairs 0", NULL}},
    {"triplets", {COMMON, "tags 1", "tag_cutoff 2.5", NULL}},
    {"triplets", {COMMON, "center_tags 1", "tag_width 2", NULL}},
    {"triplets", {COMMON, "sum_tags 1", NULL}},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

/* Where the rows of a range begin among all rows. */
static int64_t rows_before(const tern_descriptor *descriptor, const tern_system *system, int64_t center) {
  run run = described_run(1);
  int64_t rows;
  ASSERT_SUCCESS(descriptor_shape_range(descriptor, &run, system, (center_range){0, center}, &rows, NULL));
  return rows;
}

/* Ranges of 0, 1, 2, ... centres one after the other. */
static void each_range(const tern_descriptor *descriptor, const tern_system *system,
                       void (*check)(const tern_descriptor *, const tern_system *, center_range, void *),
                       void *context) {
  const int64_t total = descriptor_count_centers(descriptor, system);
  for (int64_t first = 0, count = 0; first < total; first += count++)
    check(descriptor, system, (center_range){first, count < total - first ? count : total - first}, context);
}

static void for_variants(void (*check)(const tern_descriptor *, const tern_system *)) {
  for (int v = 0; v < VARIANTS; v++)
    for (int periodic = 0; periodic < 2; periodic++) {
      const described_atoms atoms = described_grid(ATOMS, periodic, 11 + (uint64_t)v);
      tern_system *system = described_system(&atoms);
      tern_descriptor *descriptor = described_new(variants[v].kind, variants[v].settings);
      check(descriptor, system);
      descriptor_free(descriptor);
      system_free(system);
    }
}

/* ---- values, names and weights are parts of the whole ---- */

static void check_part(const tern_descriptor *descriptor, const tern_system *system, center_range range,
                       void *context) {
  run run = described_run(2);
  const double *whole = context;
  const int64_t first = rows_before(descriptor, system, range.first), size = descriptor->index_size;
  int64_t rows, features, total;
  ASSERT_SUCCESS(descriptor_shape_range(descriptor, &run, system, range, &rows, &features));
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &total, NULL));
  double *values = zeros(rows * features + 1), *weights = zeros(rows + 1), *all_weights = zeros(total + 1);
  int64_t *names = calloc((size_t)(rows * size) + 1, sizeof *names),
          *all = calloc((size_t)(total * size) + 1, sizeof *all);
  ASSERT_SUCCESS(descriptor_compute_range(descriptor, &run, system, range, values));
  assert_memory_equal(values, whole + first * features, (size_t)(rows * features) * sizeof *values);
  ASSERT_SUCCESS(descriptor_rows_range(descriptor, &run, system, range, names));
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, all));
  assert_memory_equal(names, all + first * size, (size_t)(rows * size) * sizeof *names);
  ASSERT_SUCCESS(descriptor_weights_range(descriptor, &run, system, range, weights));
  ASSERT_SUCCESS(
      descriptor_weights_range(descriptor, &run, system, descriptor_all_centers(descriptor, system), all_weights));
  assert_memory_equal(weights, all_weights + first, (size_t)rows * sizeof *weights);
  assert_int_equal(run.memory_used, 0);
  free(values);
  free(weights);
  free(all_weights);
  free(names);
  free(all);
}

static void check_parts(const tern_descriptor *descriptor, const tern_system *system) {
  int64_t rows, features;
  double *whole = described_values(descriptor, system, &rows, &features);
  each_range(descriptor, system, check_part, whole);
  free(whole);
}

static void test_parts(void **state) {
  (void)state;
  for_variants(check_parts);
}

/* ---- gradients add up; products from both sides and the explicit Jacobian agree within a range ---- */

typedef struct sums {
  double *weights, *gradient, strain[9];
} sums;

static void add_gradient(const tern_descriptor *descriptor, const tern_system *system, center_range range,
                         void *context) {
  sums *sums = context;
  run run = described_run(1);
  double gradient[3 * ATOMS], strain[9];
  int64_t features;
  ASSERT_SUCCESS(descriptor_shape_range(descriptor, &run, system, range, NULL, &features));
  const double *weights = sums->weights + rows_before(descriptor, system, range.first) * features;
  ASSERT_SUCCESS(descriptor_pullback_range(descriptor, &run, system, range, weights, gradient, strain));
  for (int k = 0; k < 3 * ATOMS; k++)
    sums->gradient[k] += gradient[k];
  for (int k = 0; k < 9; k++)
    sums->strain[k] += strain[k];
}

static void check_sums(const tern_descriptor *descriptor, const tern_system *system) {
  run run = described_run(1);
  int64_t rows, features;
  double gradient[3 * ATOMS], strain[9], added[3 * ATOMS] = {0};
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, &features));
  sums sums = {.weights = described_random(rows * features, 5), .gradient = added};
  each_range(descriptor, system, add_gradient, &sums);
  ASSERT_SUCCESS(descriptor_pullback(descriptor, &run, system, sums.weights, gradient, strain));
  assert_true(largest_difference(3 * ATOMS, gradient, added) < 1e-11 * (double)rows);
  assert_true(largest_difference(9, strain, sums.strain) < 1e-10 * (double)rows);
  free(sums.weights);
}

static void check_jacobian(const tern_descriptor *descriptor, const tern_system *system, center_range range,
                           void *context) {
  run run = described_run(1);
  int64_t rows, features, blocks;
  double *direction = described_random(3 * ATOMS, 9);
  (void)context;
  ASSERT_SUCCESS(descriptor_shape_range(descriptor, &run, system, range, &rows, &features));
  ASSERT_SUCCESS(descriptor_jacobian_shape_range(descriptor, &run, system, range, &blocks));
  int64_t *indices = calloc((size_t)(2 * blocks) + 1, sizeof *indices);
  double *values = zeros(blocks * 3 * features + 1), *pushed = zeros(rows * features + 1),
         *summed = zeros(rows * features + 1);
  ASSERT_SUCCESS(descriptor_jacobian_range(descriptor, &run, system, range, indices, values, NULL));
  ASSERT_SUCCESS(descriptor_pushforward_range(descriptor, &run, system, range, direction, NULL, pushed));
  for (int64_t k = 0; k < blocks; k++)
    for (int a = 0; a < 3; a++)
      for (int64_t f = 0; f < features; f++)
        summed[indices[2 * k] * features + f] +=
            values[(3 * k + a) * features + f] * direction[3 * indices[2 * k + 1] + a];
  assert_true(largest_difference(rows * features, pushed, summed) < 1e-10);
  free(direction);
  free(indices);
  free(values);
  free(pushed);
  free(summed);
}

static void check_jacobians(const tern_descriptor *descriptor, const tern_system *system) {
  check_sums(descriptor, system);
  each_range(descriptor, system, check_jacobian, NULL);
}

static void test_derivatives(void **state) {
  (void)state;
  for_variants(check_jacobians);
}

/* ---- weights ---- */

static double weighted_sum(const tern_descriptor *descriptor, const described_atoms *atoms, const double *slopes) {
  run run = described_run(1);
  tern_system *system = described_system(atoms);
  int64_t rows;
  double sum = 0;
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
  double *weights = zeros(rows + 1);
  ASSERT_SUCCESS(
      descriptor_weights_range(descriptor, &run, system, descriptor_all_centers(descriptor, system), weights));
  for (int64_t row = 0; row < rows; row++)
    sum += slopes[row] * weights[row];
  free(weights);
  system_free(system);
  return sum;
}

static double weights_slope(const tern_descriptor *descriptor, described_atoms atoms, int atom, int axis, int strain,
                            const double *slopes) {
  const double step = 1e-5;
  double sums[2];
  for (int side = 0; side < 2; side++) {
    described_atoms moved = atoms;
    const double by = side == 0 ? -step : step;
    if (strain < 0)
      moved.positions[atom][axis] += by;
    for (int i = 0; strain >= 0 && i < ATOMS; i++)
      moved.positions[i][strain / 3] += by * atoms.positions[i][strain % 3];
    for (int k = 0; strain >= 0 && k < 3; k++)
      moved.cell[k][strain / 3] += by * atoms.cell[k][strain % 3];
    sums[side] = weighted_sum(descriptor, &moved, slopes);
  }
  return (sums[1] - sums[0]) / (2 * step);
}

static void check_weights(const variant *variant, bool periodic) {
  const described_atoms atoms = described_grid(ATOMS, periodic, 3);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new(variant->kind, variant->settings);
  run run = described_run(1);
  int64_t rows;
  double gradient[3 * ATOMS], strain[9];
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
  double *slopes = described_random(rows, 17);
  ASSERT_SUCCESS(descriptor_weights_pullback_range(descriptor, &run, system, descriptor_all_centers(descriptor, system),
                                                   slopes, gradient, strain));
  for (int k = 0; k < 3 * ATOMS; k++)
    assert_float_equal(gradient[k], weights_slope(descriptor, atoms, k / 3, k % 3, -1, slopes), 1e-7);
  for (int k = 0; k < 9; k++)
    assert_float_equal(strain[k], weights_slope(descriptor, atoms, 0, 0, k, slopes), 1e-6);
  assert_int_equal(run.memory_used, 0);
  free(slopes);
  descriptor_free(descriptor);
  system_free(system);
}

/* The number of rows must not change under the small moves, as it does not for these structures. */
static void test_weights(void **state) {
  (void)state;
  for (int v = 0; v < VARIANTS; v++)
    for (int periodic = 0; periodic < 2; periodic++)
      check_weights(&variants[v], periodic);
}

/* Two neighbours, 1.2 and 2.2 from the centre, tags up to 2.5 that fade over 1: by hand. */
static void test_weights_by_hand(void **state) {
  (void)state;
  static const char *const settings[] = {"cutoff 4", "tag_cutoff 2.5", "tag_width 1", "species H", "centers 0", NULL};
  static const char *const pairs[] = {"cutoff 4",  "tag_cutoff 2.5", "tag_width 1", "species H",
                                      "centers 0", "tags 1",         NULL};
  static const char *const with_centre[] = {"cutoff 4",  "tag_cutoff 2.5", "tag_width 1",   "species H",
                                            "centers 0", "center_tags 1",  NULL};
  const double positions[9] = {0, 0, 0, 1.2, 0, 0, 0, 2.2, 0}, far = 0.5 * (1 + cos(acos(-1.0) * 0.7));
  const double frames[4] = {1, far, far, far * far}, nine[9] = {1, 1, far, 1, 1, far, far, far, far * far};
  const int64_t tags[9][2] = {{-1, -1}, {-1, 1}, {-1, 2}, {1, -1}, {1, 1}, {1, 2}, {2, -1}, {2, 1}, {2, 2}};
  const struct {
    const char *kind;
    const char *const *settings;
    int64_t rows;
    const double *weights;
  } cases[] = {{"frames", settings, 4, frames}, {"triplets", pairs, 2, frames}, {"triplets", with_centre, 9, nine}};
  const int32_t species[3] = {1, 1, 1};
  tern_system *system = NULL;
  run run = described_run(1);
  ASSERT_SUCCESS(system_new(&system, 3, species, positions, NULL, NULL));
  for (int c = 0; c < 3; c++) {
    tern_descriptor *descriptor = described_new(cases[c].kind, cases[c].settings);
    double weights[9];
    int64_t rows, names[9][4];
    ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
    assert_int_equal(rows, cases[c].rows);
    ASSERT_SUCCESS(descriptor_weights_range(descriptor, &run, system, (center_range){0, 1}, weights));
    ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, names[0]));
    for (int row = 0; row < rows; row++)
      assert_float_equal(weights[row], cases[c].weights[row], 1e-14);
    for (int row = 0; row < rows && c == 2; row++)
      assert_memory_equal(names[row] + 2, tags[row], sizeof tags[row]);
    descriptor_free(descriptor);
  }
  system_free(system);
}

/* ---- refusals ---- */

static void test_refusals(void **state) {
  (void)state;
  const described_atoms atoms = described_grid(ATOMS, false, 1);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new("power_spectrum", variants[2].settings);
  run run = described_run(1);
  int64_t rows = -5;
  static double values[4096];
  ASSERT_FAILURE(descriptor_shape_range(descriptor, &run, system, (center_range){5, 1}, &rows, NULL),
                 TERN_ERROR_ARGUMENT, "'first_center' is 5, but there are 4 centres: valid are 0 to 3");
  ASSERT_FAILURE(descriptor_compute_range(descriptor, &run, system, (center_range){3, INT64_MAX}, values),
                 TERN_ERROR_ARGUMENT, "valid are 0 to 1");
  assert_int_equal(rows, -5);
  run.memory_limit = 3000;
  ASSERT_FAILURE(descriptor_compute(descriptor, &run, system, values), TERN_ERROR_MEMORY, "ranges of centres");
  descriptor_free(descriptor);
  system_free(system);
}

/* Two atoms at one place are found when an environment sees them, though neither is its centre. */
static void test_coincident(void **state) {
  (void)state;
  described_atoms atoms = described_grid(ATOMS, false, 1);
  memcpy(atoms.positions[6], atoms.positions[1], sizeof atoms.positions[1]);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new("power_spectrum", variants[1].settings);
  run run = described_run(1);
  static double values[4096];
  ASSERT_FAILURE(descriptor_compute_range(descriptor, &run, system, (center_range){0, 1}, values), TERN_ERROR_DATA,
                 "atoms 1 and 6");
  descriptor_free(descriptor);
  system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts),      cmocka_unit_test(test_derivatives),
                                     cmocka_unit_test(test_weights),    cmocka_unit_test(test_weights_by_hand),
                                     cmocka_unit_test(test_refusals),   cmocka_unit_test(test_coincident)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
