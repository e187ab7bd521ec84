/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames: rotations of harmonics, rows, symmetry, and smoothness where the frame of two tags degenerates. */
#include "described.h"

#include <jansson.h>

#include "triplet/rotation.h"

/* ---- rotations ---- */

static void cross(const double *a, const double *b, double *c) {
  for (int x = 0; x < 3; x++)
    c[x] = a[(x + 1) % 3] * b[(x + 2) % 3] - a[(x + 2) % 3] * b[(x + 1) % 3];
}

static void normalize(double *a) {
  const double length = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
  for (int x = 0; x < 3; x++)
    a[x] /= length;
}

static void random_axes(double *axes, uint64_t *seed) {
  double other[3];
  for (int x = 0; x < 3; x++) {
    axes[x] = pseudo_random(seed);
    other[x] = pseudo_random(seed);
  }
  normalize(axes);
  cross(axes, other, axes + 3);
  normalize(axes + 3);
  cross(axes, axes + 3, axes + 6);
}

static void turn(const double *axes, const double *vector, double *result) {
  for (int a = 0; a < 3; a++)
    result[a] = axes[3 * a] * vector[0] + axes[3 * a + 1] * vector[1] + axes[3 * a + 2] * vector[2];
}

enum { L_MAX = 8, HARMONICS = (L_MAX + 1) * (L_MAX + 1) };

/* Harmonics of a direction from the density of one neighbour, which is R_0l Y_lm with R_0l from the direction z. */
static void harmonics_of(const double *direction, double *values) {
  static const char *const settings[] = {"n_max 1", "l_max 8", "cutoff 4", "species H", "centers 0", NULL};
  const int32_t species[2] = {1, 1};
  double positions[2][3] = {{0, 0, 0}, {0, 0, 0}};
  tern_descriptor *descriptor = described_new("density", settings);
  tern_system *system = NULL;
  int64_t rows, features;
  memcpy(positions[1], direction, sizeof positions[1]);
  ASSERT_SUCCESS(system_new(&system, 2, species, positions[0], NULL, NULL));
  double *density = described_values(descriptor, system, &rows, &features);
  assert_int_equal(features, HARMONICS);
  for (int l = 0; l <= L_MAX; l++) {
    double square = 0; /* sum over m of Y^2 is the same for all directions */
    for (int m = -l; m <= l; m++)
      square += pow(density[l * l + l + m], 2);
    for (int m = -l; m <= l; m++)
      values[l * l + l + m] = density[l * l + l + m] / sqrt(square);
  }
  free(density);
  system_free(system);
  descriptor_free(descriptor);
}

static void test_rotation_of_harmonics(void **state) {
  (void)state;
  rotation_table *table = NULL;
  uint64_t seed = 2;
  ASSERT_SUCCESS(rotation_table_new(&table, L_MAX));
  double *matrices = zeros(table->size), *back = zeros(HARMONICS);
  for (int trial = 0; trial < 5; trial++) {
    double axes[9], direction[3], turned[3], before[HARMONICS], after[HARMONICS], found[HARMONICS];
    random_axes(axes, &seed);
    for (int a = 0; a < 3; a++)
      direction[a] = pseudo_random(&seed);
    normalize(direction);
    turn(axes, direction, turned);
    harmonics_of(direction, before);
    harmonics_of(turned, after);
    rotation_matrices(table, axes, matrices);
    rotation_apply(table, matrices, 1, before, found);
    assert_close("Y(O u) = D(O) Y(u)", HARMONICS, found, after, 1e-12);
    memset(back, 0, HARMONICS * sizeof *back);
    rotation_adjoint(table, matrices, 1, found, back);
    assert_close("D^T D = 1", HARMONICS, back, before, 1e-12);
  }
  free(matrices);
  free(back);
  rotation_table_free(table);
}

/* Turning by a small angle about x or y, both ways, against the generators. */
static void test_generators(void **state) {
  (void)state;
  rotation_table *table = NULL;
  const double angle = 1e-4;
  ASSERT_SUCCESS(rotation_table_new(&table, L_MAX));
  double *matrices = zeros(table->size), *coefficients = described_random(2 * HARMONICS, 4), *generated[2];
  double *ends[2] = {zeros(2 * HARMONICS), zeros(2 * HARMONICS)};
  generated[0] = zeros(2 * HARMONICS);
  generated[1] = zeros(2 * HARMONICS);
  rotation_generate(table, 2, coefficients, generated[0], generated[1]);
  for (int axis = 0; axis < 2; axis++) {
    for (int side = 0; side < 2; side++) {
      const double c = cos(angle), s = side == 0 ? sin(angle) : -sin(angle);
      const double about_x[9] = {1, 0, 0, 0, c, -s, 0, s, c}, about_y[9] = {c, 0, s, 0, 1, 0, -s, 0, c};
      rotation_matrices(table, axis == 0 ? about_x : about_y, matrices);
      rotation_apply(table, matrices, 2, coefficients, ends[side]);
    }
    for (int k = 0; k < 2 * HARMONICS; k++)
      ends[0][k] = (ends[0][k] - ends[1][k]) / (2 * angle);
    assert_close(axis == 0 ? "about x" : "about y", 2 * HARMONICS, generated[axis], ends[0], 1e-6);
  }
  for (int k = 0; k < 2; k++) {
    free(ends[k]);
    free(generated[k]);
  }
  free(matrices);
  free(coefficients);
  rotation_table_free(table);
}

/* ---- rows ---- */

static void test_golden_rows(void **state) {
  (void)state;
  golden_block expected = golden_read("frames.txt", "rows", 1);
  tern_options *options = golden_options("frames.txt");
  tern_descriptor *descriptor = NULL;
  tern_system *system = described_golden("frames.txt");
  run run = described_run(1);
  int64_t rows, features, indices[512];
  ASSERT_SUCCESS(descriptor_new(&descriptor, "frames", options));
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, &features));
  assert_int_equal(rows, expected.dims[0]);
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, indices));
  for (int k = 0; k < expected.count; k++)
    assert_int_equal(indices[k], (int64_t)expected.values[k]);
  golden_free(&expected);
  options_free(options);
  descriptor_free(descriptor);
  system_free(system);
}

/* ---- symmetry ---- */

static double *values_of(const tern_descriptor *descriptor, const described_atoms *atoms, int64_t *rows,
                         int64_t *features) {
  tern_system *system = described_system(atoms);
  double *values = described_values(descriptor, system, rows, features);
  system_free(system);
  return values;
}

static void test_rotation_changes_nothing(void **state) {
  (void)state;
  tern_descriptor *descriptor = described_new("frames", described_small);
  uint64_t seed = 31;
  int64_t rows, features;
  described_atoms atoms = described_grid(7, false, 3), turned = atoms;
  double *before = values_of(descriptor, &atoms, &rows, &features), axes[9];
  random_axes(axes, &seed);
  for (int64_t i = 0; i < atoms.count; i++)
    turn(axes, atoms.positions[i], turned.positions[i]);
  double *after = values_of(descriptor, &turned, &rows, &features);
  assert_close("turned", rows * features, after, before, 1e-12);
  free(before);
  free(after);
  descriptor_free(descriptor);
}

/* 1 for the columns that are even under reflection, -1 for the odd ones, by their labels. */
static double *parities(const tern_descriptor *descriptor, int64_t features) {
  text written = {0};
  ASSERT_SUCCESS(descriptor_labels(descriptor, &written));
  json_t *labels = json_loads(written.data, 0, NULL);
  double *parity = zeros(features);
  for (int64_t f = 0; f < features; f++)
    parity[f] = (double)json_integer_value(json_object_get(json_array_get(labels, (size_t)f), "parity"));
  json_decref(labels);
  text_free(&written);
  return parity;
}

static void test_reflection_flips_odd_columns(void **state) {
  (void)state;
  tern_descriptor *descriptor = described_new("frames", described_small);
  int64_t rows, features;
  described_atoms atoms = described_grid(7, false, 3), mirrored = atoms;
  for (int64_t i = 0; i < atoms.count; i++)
    mirrored.positions[i][1] *= -1;
  double *before = values_of(descriptor, &atoms, &rows, &features), largest_odd = 0;
  double *after = values_of(descriptor, &mirrored, &rows, &features), *parity = parities(descriptor, features);
  for (int64_t k = 0; k < rows * features; k++) {
    if (parity[k % features] < 0)
      largest_odd = fmax(largest_odd, fabs(before[k]));
    before[k] *= parity[k % features];
  }
  assert_true(largest_odd > 0.1);
  assert_close("mirrored", rows * features, after, before, 1e-12);
  free(before);
  free(after);
  free(parity);
  descriptor_free(descriptor);
}

/* Atoms in another order: each row is found again under the names of its atoms. */
static void test_permutation_changes_nothing(void **state) {
  static const int64_t order[7] = {4, 0, 6, 2, 5, 1, 3};
  (void)state;
  tern_descriptor *descriptor = described_new("frames", described_small);
  run run = described_run(1);
  described_atoms atoms = described_grid(7, false, 3), permuted = atoms;
  int64_t rows, features, found = 0, before_rows[2048], after_rows[2048];
  for (int64_t i = 0; i < 7; i++) {
    permuted.species[i] = atoms.species[order[i]];
    memcpy(permuted.positions[i], atoms.positions[order[i]], sizeof permuted.positions[i]);
  }
  tern_system *one = described_system(&atoms), *other = described_system(&permuted);
  double *before = described_values(descriptor, one, &rows, &features),
         *after = described_values(descriptor, other, &rows, &features);
  assert_in_range(rows, 1, 512);
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, one, before_rows));
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, other, after_rows));
  for (int64_t r = 0; r < rows; r++)
    for (int64_t q = 0; q < rows; q++)
      if (order[after_rows[4 * r + 1]] == before_rows[4 * q + 1] &&
          order[after_rows[4 * r + 2]] == before_rows[4 * q + 2] &&
          order[after_rows[4 * r + 3]] == before_rows[4 * q + 3]) {
        assert_close("permuted", features, after + r * features, before + q * features, 1e-12);
        found++;
      }
  assert_int_equal(found, rows);
  free(before);
  free(after);
  system_free(one);
  system_free(other);
  descriptor_free(descriptor);
}

/* ---- degenerate frames ---- */

/* A centre with tags on one line through it (theta = 0 and pi), one on the z axis, and one neighbour more. */
static const double degenerate[5][3] = {{0, 0, 0}, {0, 0, 1.1}, {0, 0, -1.3}, {0, 0, 2.0}, {1.0, 0.6, 0.4}};

static tern_system *degenerate_system(const double *direction, double step) {
  static const int32_t species[5] = {6, 1, 8, 8, 1};
  double positions[5][3];
  tern_system *system = NULL;
  for (int k = 0; k < 15; k++)
    positions[k / 3][k % 3] = degenerate[k / 3][k % 3] + step * direction[k];
  ASSERT_SUCCESS(system_new(&system, 5, species, positions[0], NULL, NULL));
  return system;
}

static void test_smooth_through_collinear_tags(void **state) {
  static const char *const settings[] = {
      "cutoff 3.1", "n_max 2", "l_max 4", "sigma 0.4", "species O,H,C", "centers 0", "spline_error 1e-13", NULL};
  (void)state;
  tern_descriptor *descriptor = described_new("frames", settings);
  double *direction = described_random(15, 8), *ends[2], strain[9], gradient[15];
  int64_t rows, features;
  for (int side = 0; side < 2; side++) {
    tern_system *moved = degenerate_system(direction, side == 0 ? 1e-5 : -1e-5);
    ends[side] = described_values(descriptor, moved, &rows, &features);
    system_free(moved);
  }
  assert_int_equal(rows, 16);
  for (int64_t k = 0; k < rows * features; k++)
    ends[0][k] = (ends[0][k] - ends[1][k]) / 2e-5;
  run run = described_run(1);
  tern_system *system = degenerate_system(direction, 0);
  double *pushed = zeros(rows * features), *weights = described_random(rows * features, 6);
  ASSERT_SUCCESS(descriptor_pushforward(descriptor, &run, system, direction, NULL, pushed));
  assert_close("through a line", rows * features, pushed, ends[0], 3e-6);
  ASSERT_SUCCESS(descriptor_pullback(descriptor, &run, system, weights, gradient, strain));
  double forward = 0, backward = 0;
  for (int64_t k = 0; k < rows * features; k++)
    forward += weights[k] * pushed[k];
  for (int k = 0; k < 15; k++)
    backward += gradient[k] * direction[k];
  assert_true(fabs(forward - backward) < 1e-11 * fabs(forward) + 1e-11);
  free(direction);
  free(ends[0]);
  free(ends[1]);
  free(pushed);
  free(weights);
  system_free(system);
  descriptor_free(descriptor);
}

/* On a line only mu = 0 is left, exactly; just off it the others come up like s^|mu|. */
static void test_collinear_columns(void **state) {
  (void)state;
  tern_descriptor *descriptor = described_new("frames", described_small);
  const double none[15] = {0};
  int64_t rows, features;
  tern_system *system = degenerate_system(none, 0);
  double *values = described_values(descriptor, system, &rows, &features);
  const double *row = values + features; /* centre 0, tags 1 and 2, on either side */
  for (int64_t f = 0; f + 7 < features; f++) {
    const int64_t lm = f / 3 % 16, l = lm < 1 ? 0 : lm < 4 ? 1 : lm < 9 ? 2 : 3;
    assert_true(lm == l * l + l || fabs(row[f]) < 1e-14);
  }
  assert_true(fabs(row[features - 1] + 1) < 1e-14);
  free(values);
  system_free(system);
  descriptor_free(descriptor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rotation_of_harmonics),
      cmocka_unit_test(test_generators),
      cmocka_unit_test(test_golden_rows),
      cmocka_unit_test(test_rotation_changes_nothing),
      cmocka_unit_test(test_reflection_flips_odd_columns),
      cmocka_unit_test(test_permutation_changes_nothing),
      cmocka_unit_test(test_smooth_through_collinear_tags),
      cmocka_unit_test(test_collinear_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
