/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows chosen by farthest point sampling and CUR, against brute force on small matrices. */
#include "described.h"

#include "core/selection.h"

enum { ROWS = 14, COLUMNS = 5, COUNT = 6 };

static double square_distance(const double *a, const double *b) {
  double sum = 0;
  for (int k = 0; k < COLUMNS; k++)
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

/* The next row by the definition: the largest distance to the nearest of those chosen. */
static int64_t farthest_by_definition(const double *matrix, int64_t count, const int64_t *chosen) {
  double best = -1;
  int64_t found = -1;
  for (int64_t row = 0; row < ROWS; row++) {
    double nearest = INFINITY;
    for (int64_t k = 0; k < count; k++)
      nearest = fmin(nearest, square_distance(matrix + row * COLUMNS, matrix + chosen[k] * COLUMNS));
    if (nearest > best) {
      best = nearest;
      found = row;
    }
  }
  return found;
}

static void test_farthest_point(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 20; seed++) {
    double *matrix = described_random(ROWS * COLUMNS, seed), mean[COLUMNS] = {0};
    int64_t chosen[COUNT], first = 0;
    run run = described_run(1);
    ASSERT_SUCCESS(selection_farthest_point(&run, "selection", ROWS, COLUMNS, matrix, COUNT, chosen));
    for (int k = 0; k < ROWS * COLUMNS; k++)
      mean[k % COLUMNS] += matrix[k] / ROWS;
    for (int64_t row = 1; row < ROWS; row++)
      if (square_distance(matrix + row * COLUMNS, mean) > square_distance(matrix + first * COLUMNS, mean))
        first = row;
    assert_int_equal(chosen[0], first);
    for (int64_t k = 1; k < COUNT; k++)
      assert_int_equal(chosen[k], farthest_by_definition(matrix, k, chosen));
    free(matrix);
  }
}

/* Leading left singular vector by very many multiplications with X X^T. */
static void leading_by_brute_force(const double *matrix, double *left) {
  double next[ROWS];
  for (int row = 0; row < ROWS; row++)
    left[row] = 1 + 0.1 * row;
  for (int iteration = 0; iteration < 20000; iteration++) {
    double right[COLUMNS] = {0}, square = 0;
    for (int k = 0; k < ROWS * COLUMNS; k++)
      right[k % COLUMNS] += matrix[k] * left[k / COLUMNS];
    memset(next, 0, sizeof next);
    for (int k = 0; k < ROWS * COLUMNS; k++)
      next[k / COLUMNS] += matrix[k] * right[k % COLUMNS];
    for (int row = 0; row < ROWS; row++)
      square += next[row] * next[row];
    for (int row = 0; row < ROWS; row++)
      left[row] = next[row] / sqrt(square);
  }
}

static void take_out(double *matrix, int64_t chosen) {
  double direction[COLUMNS], square = 0;
  memcpy(direction, matrix + chosen * COLUMNS, sizeof direction);
  for (int k = 0; k < COLUMNS; k++)
    square += direction[k] * direction[k];
  for (int row = 0; row < ROWS; row++) {
    double product = 0;
    for (int k = 0; k < COLUMNS; k++)
      product += matrix[row * COLUMNS + k] * direction[k] / square;
    for (int k = 0; k < COLUMNS; k++)
      matrix[row * COLUMNS + k] -= product * direction[k];
  }
}

static void test_cur(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 12; seed++) {
    double *matrix = described_random(ROWS * COLUMNS, seed), left[ROWS];
    int64_t chosen[COLUMNS];
    run run = described_run(1);
    ASSERT_SUCCESS(selection_cur(&run, "selection", ROWS, COLUMNS, matrix, COLUMNS, chosen));
    for (int64_t k = 0; k < COLUMNS; k++) {
      int64_t best = 0;
      leading_by_brute_force(matrix, left);
      for (int64_t row = 1; row < ROWS; row++)
        if (left[row] * left[row] > left[best] * left[best])
          best = row;
      assert_int_equal(chosen[k], best);
      take_out(matrix, best);
    }
    free(matrix);
  }
}

/* Equal rows, rows of zeros, as many as there are: each row at most once. */
static void test_degenerate(void **state) {
  static const selection_method methods[] = {selection_farthest_point, selection_cur};
  (void)state;
  for (int which = 0; which < 2; which++) {
    double matrix[4 * 2] = {1, 2, 1, 2, 0, 0, 1, 2};
    int64_t chosen[4], seen = 0;
    run run = described_run(1);
    ASSERT_SUCCESS(methods[which](&run, "selection", 4, 2, matrix, 4, chosen));
    for (int k = 0; k < 4; k++)
      seen |= (int64_t)1 << chosen[k];
    assert_int_equal(seen, 15);
    ASSERT_FAILURE(methods[which](&run, "selection", 4, 2, matrix, 5, chosen), TERN_ERROR_ARGUMENT, "0 to 4");
    ASSERT_SUCCESS(methods[which](&run, "selection", 0, 2, matrix, 0, chosen));
    assert_int_equal(run.memory_used, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_farthest_point), cmocka_unit_test(test_cur),
                                     cmocka_unit_test(test_degenerate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
