/* SPDX-License-Identifier: BSD-3-Clause */
/* The contraction's loops of every instruction set against plain ones, for all sizes that take another path. */
#include "described.h"

#include "kernels/kernels.h"

enum { MOST = 72, MOST_ROWS = 9 };

static double *random_lines(int64_t count, uint64_t seed) {
  double *values = aligned_space(count * 8 + 64);
  for (int64_t k = 0; k < count; k++)
    values[k] = pseudo_random(&seed);
  return values;
}

static void check_multiply(const kernel_table *kernels, int32_t rows, int64_t inner, int64_t columns) {
  double *left = random_lines(rows * inner, 1), *right = random_lines(inner * columns, 2);
  double *result = random_lines(rows * columns, 3), *expected = random_lines(rows * columns, 3);
  kernels->multiply(rows, inner, columns, left, right, result);
  for (int32_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < inner; k++)
      for (int64_t column = 0; column < columns; column++)
        expected[row * columns + column] += left[row * inner + k] * right[k * columns + column];
  assert_close(kernels->name, rows * columns, result, expected, 1e-14);
  free(left);
  free(right);
  free(result);
  free(expected);
}

/* Three rows of sums: of two rows, of none, of three. */
static const int32_t start[] = {0, 2, 2, 5}, source[] = {1, 3, 0, 2, 3};

static void check_combine(const kernel_table *kernels, int64_t count, int32_t accumulate) {
  double *weights = random_lines(5, 1), *from = random_lines(4 * count, 2), *to = random_lines(3 * count, 3);
  double *expected = random_lines(3 * count, 3);
  kernels->combine(3, start, source, weights, count, from, accumulate, to);
  for (int32_t row = 0; row < 3; row++)
    for (int64_t k = 0; k < count; k++) {
      double sum = accumulate ? expected[row * count + k] : 0;
      for (int32_t p = start[row]; p < start[row + 1]; p++)
        sum += weights[p] * from[source[p] * count + k];
      expected[row * count + k] = sum;
    }
  assert_close(kernels->name, 3 * count, to, expected, 1e-14);
  free(weights);
  free(from);
  free(to);
  free(expected);
}

static void check_combine_adjoint(const kernel_table *kernels, int64_t count) {
  double *weights = random_lines(5, 1), *from = random_lines(4 * count, 2), *to = random_lines(3 * count, 3);
  double *gradient = random_lines(4 * count, 4), *expected = random_lines(4 * count, 4);
  double *slopes = random_lines(5, 5), expected_slopes[5] = {0};
  kernels->combine_adjoint(3, start, source, weights, count, from, to, gradient, slopes);
  for (int32_t row = 0; row < 3; row++)
    for (int32_t p = start[row]; p < start[row + 1]; p++)
      for (int64_t k = 0; k < count; k++) {
        expected[source[p] * count + k] += weights[p] * to[row * count + k];
        expected_slopes[p] += from[source[p] * count + k] * to[row * count + k];
      }
  assert_close(kernels->name, 4 * count, gradient, expected, 1e-14);
  assert_close(kernels->name, 5, slopes, expected_slopes, 1e-13);
  free(weights);
  free(from);
  free(to);
  free(gradient);
  free(expected);
  free(slopes);
}

static void test_all_sets(void **state) {
  char names[100], *rest = names;
  (void)state;
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest)) {
    const kernel_table *kernels = kernels_find(set);
    for (int64_t columns = KERNEL_BLOCK; columns <= MOST; columns += KERNEL_BLOCK) {
      for (int32_t rows = 1; rows <= MOST_ROWS; rows++)
        for (int64_t inner = KERNEL_BLOCK; inner <= 24; inner += KERNEL_BLOCK)
          check_multiply(kernels, rows, inner, columns);
      check_combine(kernels, columns, 0);
      check_combine(kernels, columns, 1);
      check_combine_adjoint(kernels, columns);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_sets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
