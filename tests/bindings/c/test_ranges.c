/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of centres, weights of rows and sensitivity as a host program calls them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static tern_system *square(double height) {
  const int32_t species[4] = {14, 14, 14, 14};
  const double positions[12] = {0, 0, height, 2, 0.1, 0, 0.2, 2.4, 0, 2.2, 2.1, 0};
  tern_system *system = NULL;
  MUST(tern_system_new(&system, 4, species, positions, NULL, NULL));
  return system;
}

static tern_descriptor *descriptor_of(const char *kind) {
  tern_options *options = small_options();
  tern_descriptor *descriptor = NULL;
  MUST(tern_descriptor_new(&descriptor, kind, options));
  MUST(tern_options_free(options));
  return descriptor;
}

/* Block after block, as a program does that has not the memory for all. */
static void blocks(void **state) {
  (void)state;
  tern_descriptor *frames = descriptor_of("frames");
  tern_system *system = square(0.4);
  int64_t centers, rows, features, at = 0;
  double gradient[12], part[12], sum[12] = {0}, strain[9];
  MUST(tern_descriptor_centers(frames, system, &centers));
  MUST(tern_descriptor_shape(frames, system, &rows, &features));
  assert_int_equal(centers, 4);
  double *values = doubles(rows * features), *some = doubles(rows * features), *weights = doubles(rows);
  MUST(tern_descriptor_compute(frames, system, values));
  MUST(tern_descriptor_pullback(frames, system, values, gradient, NULL));
  MUST(tern_descriptor_weights(frames, system, weights));
  for (int64_t first = 0; first < centers; first += 3) {
    const int64_t count = centers - first < 3 ? centers - first : 3;
    int64_t n_rows, n_blocks;
    MUST(tern_descriptor_shape_range(frames, system, first, count, &n_rows, NULL, &n_blocks));
    assert_true(n_blocks > 0);
    MUST(tern_descriptor_compute_range(frames, system, first, count, some));
    assert_memory_equal(some, values + at * features, (size_t)(n_rows * features) * sizeof *values);
    MUST(tern_descriptor_pullback_range(frames, system, first, count, some, part, strain));
    for (int k = 0; k < 12; k++)
      sum[k] += part[k];
    MUST(tern_descriptor_weights_range(frames, system, first, count, some));
    assert_memory_equal(some, weights + at, (size_t)n_rows * sizeof *weights);
    at += n_rows;
  }
  assert_int_equal(at, rows);
  assert_close("gradients of ranges", sum, gradient, 12, 1e-12);
  free(values);
  free(some);
  free(weights);
  MUST(tern_system_free(system));
  MUST(tern_descriptor_free(frames));
}

/* A weighted sum of weights moves as its gradient says. */
static void weights(void **state) {
  (void)state;
  tern_descriptor *frames = descriptor_of("frames");
  tern_system *system = square(0.4), *moved[2] = {square(0.4 - 1e-5), square(0.4 + 1e-5)};
  int64_t rows;
  double gradient[12], part[12], sums[2] = {0, 0};
  MUST(tern_descriptor_shape(frames, system, &rows, NULL));
  double *slopes = doubles(rows), *values = doubles(rows);
  for (int64_t row = 0; row < rows; row++)
    slopes[row] = sin(1.0 + (double)row);
  MUST(tern_descriptor_weights_pullback(frames, system, slopes, gradient, NULL));
  for (int side = 0; side < 2; side++) {
    MUST(tern_descriptor_weights(frames, moved[side], values));
    for (int64_t row = 0; row < rows; row++)
      sums[side] += slopes[row] * values[row];
    MUST(tern_system_free(moved[side]));
  }
  if (!(fabs(gradient[2] - (sums[1] - sums[0]) / 2e-5) < 1e-7))
    fail_msg("the slope is %.12g, not %.12g", (sums[1] - sums[0]) / 2e-5, gradient[2]);
  MUST(tern_descriptor_weights_pullback_range(frames, system, 0, 4, slopes, part, NULL));
  assert_memory_equal(part, gradient, sizeof part);
  free(slopes);
  free(values);
  MUST(tern_system_free(system));
  MUST(tern_descriptor_free(frames));
}

static void sensitivity(void **state) {
  (void)state;
  tern_descriptor *power = descriptor_of("power_spectrum");
  for (int bent = 0; bent < 2; bent++) {
    tern_system *system = square(0.6 * bent);
    int64_t directions, moving, seen;
    double singular[6], vectors[6][4][3];
    MUST(tern_sensitivity_shape(power, system, -1, &directions, &moving));
    assert_true(directions == 6 && moving == 4);
    MUST(tern_sensitivity(power, system, -1, NULL, &seen, singular, vectors[0][0], NULL, NULL));
    assert_int_equal(seen, 5 + bent);
    for (int atom = 0; atom < 4 && !bent; atom++)
      assert_true(fabs(vectors[5][atom][0]) + fabs(vectors[5][atom][1]) < 1e-9);
    MUST(tern_sensitivity_shape(power, system, 2, &directions, &moving));
    assert_true(directions == 6 && moving == 3);
    MUST(tern_sensitivity(power, system, 2, NULL, NULL, singular, NULL, NULL, NULL));
    MUST(tern_system_free(system));
  }
  MUST(tern_descriptor_free(power));
}

int test_ranges(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(weights),
                                     cmocka_unit_test(sensitivity)};
  return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
