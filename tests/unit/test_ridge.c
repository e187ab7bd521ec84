/* SPDX-License-Identifier: BSD-3-Clause */
/* Streamed least squares against sums written out: any number of rows, any damping, any order of pieces. */
#include "golden.h"

#include "core/memory.h"
#include "core/threads.h"
#include "model/least_squares.h"

enum { COLUMNS = 6, WIDTH = COLUMNS + 1, MOST_ROWS = 400 };
static double table[MOST_ROWS][WIDTH];

static void fill(int64_t rows, uint64_t seed) {
  for (int64_t k = 0; k < rows; k++)
    for (int column = 0; column < WIDTH; column++)
      table[k][column] = pseudo_random(&seed) * pow(10, -column / 2.0);
}

/* |A x - b|^2 + damping |x|^2 has no gradient at the solution. */
static void check_stationary(int64_t rows, double damping, const double *x) {
  for (int column = 0; column < COLUMNS; column++) {
    double gradient = damping * x[column], scale = fabs(gradient);
    for (int64_t k = 0; k < rows; k++) {
      double difference = -table[k][COLUMNS];
      for (int j = 0; j < COLUMNS; j++)
        difference += table[k][j] * x[j];
      gradient += table[k][column] * difference;
      scale += fabs(table[k][column] * table[k][COLUMNS]);
    }
    assert_true(fabs(gradient) < 1e-12 * scale);
  }
}

static double norm(const double *x) {
  double sum = 0;
  for (int k = 0; k < COLUMNS; k++)
    sum += x[k] * x[k];
  return sqrt(sum);
}

/* Pieces of every size, blocks smaller and larger than the rows. */
static void test_streams(void **state) {
  (void)state;
  run run = {.threads = 1};
  for (int64_t rows = 1; rows <= MOST_ROWS; rows = rows * 3 / 2 + 1)
    for (int64_t block = 1; block < 300; block = block * 4 + 1) {
      least_squares problem;
      spectrum spectrum;
      double x[COLUMNS], residual, direct = 0;
      fill(rows, 7);
      ASSERT_SUCCESS(least_squares_new(&run, COLUMNS, block, &problem));
      for (int64_t begin = 0, piece = 1; begin < rows; begin += piece, piece = piece % 11 + 3)
        ASSERT_SUCCESS(least_squares_add(&problem, begin + piece < rows ? piece : rows - begin, table[begin]));
      ASSERT_SUCCESS(least_squares_decompose(&run, &problem, &spectrum));
      assert_int_equal(spectrum.rows, rows);
      assert_int_equal(spectrum.count, rows < COLUMNS ? rows : COLUMNS);
      assert_int_equal(spectrum_rank(&spectrum), spectrum.count);
      for (double damping = 0; damping < 10; damping = damping * 100 + 1e-4) {
        spectrum_solve(&spectrum, damping, x);
        check_stationary(rows, damping, x);
      }
      ASSERT_SUCCESS(least_squares_residual(&problem, x, &residual));
      for (int64_t k = 0; k < rows; k++) {
        double difference = -table[k][COLUMNS];
        for (int j = 0; j < COLUMNS; j++)
          difference += table[k][j] * x[j];
        direct += difference * difference;
      }
      assert_true(fabs(residual - direct) < 1e-12 * (1 + direct));
      spectrum_free(&run, &spectrum);
      least_squares_free(&run, &problem);
      assert_int_equal(run.memory_used, 0);
    }
}

static void test_merges(void **state) {
  (void)state;
  run run = {.threads = 1};
  for (int64_t split = 0; split <= 100; split += 10) {
    least_squares parts[2];
    spectrum spectrum;
    double x[COLUMNS];
    fill(100, 3);
    for (int k = 0; k < 2; k++)
      ASSERT_SUCCESS(least_squares_new(&run, COLUMNS, 8, &parts[k]));
    ASSERT_SUCCESS(least_squares_add(&parts[0], split, table[0]));
    ASSERT_SUCCESS(least_squares_add(&parts[1], 100 - split, table[split]));
    ASSERT_SUCCESS(least_squares_merge(&parts[0], &parts[1]));
    ASSERT_SUCCESS(least_squares_decompose(&run, &parts[0], &spectrum));
    assert_int_equal(spectrum.rows, 100);
    spectrum_solve(&spectrum, 0, x);
    check_stationary(100, 0, x);
    spectrum_free(&run, &spectrum);
    for (int k = 0; k < 2; k++)
      least_squares_free(&run, &parts[k]);
  }
}

/* Two equal columns: the solution of least norm gives each one half. */
static void test_deficient_rank(void **state) {
  (void)state;
  run run = {.threads = 1};
  least_squares problem;
  spectrum spectrum;
  double x[COLUMNS], y[COLUMNS];
  fill(50, 5);
  for (int k = 0; k < 50; k++)
    table[k][1] = table[k][0];
  ASSERT_SUCCESS(least_squares_new(&run, COLUMNS, 8, &problem));
  ASSERT_SUCCESS(least_squares_add(&problem, 50, table[0]));
  ASSERT_SUCCESS(least_squares_decompose(&run, &problem, &spectrum));
  assert_int_equal(spectrum_rank(&spectrum), COLUMNS - 1);
  assert_true(spectrum_condition(&spectrum) < 1e4);
  spectrum_solve(&spectrum, 0, x);
  check_stationary(50, 0, x);
  assert_true(fabs(x[0] - x[1]) < 1e-10);
  memcpy(y, x, sizeof y);
  y[0] += 0.01;
  y[1] -= 0.01;
  assert_true(norm(x) < norm(y));
  spectrum_free(&run, &spectrum);
  least_squares_free(&run, &problem);
}

/* rows/(rows - trace)^2 |residual|^2 with the trace of A (A^T A + damping)^-1 A^T, by solving for each row's own
 * influence. */
static void test_cross_validation(void **state) {
  (void)state;
  run run = {.threads = 1};
  enum { ROWS = 40 };
  least_squares problem;
  spectrum spectrum, unit;
  double x[COLUMNS];
  fill(ROWS, 9);
  ASSERT_SUCCESS(least_squares_new(&run, COLUMNS, 8, &problem));
  ASSERT_SUCCESS(least_squares_add(&problem, ROWS, table[0]));
  ASSERT_SUCCESS(least_squares_decompose(&run, &problem, &spectrum));
  for (double damping = 1e-6; damping < 10; damping *= 10) {
    double freedom = ROWS, residual = 0;
    spectrum_solve(&spectrum, damping, x);
    for (int row = 0; row < ROWS; row++) {
      double copy[ROWS][WIDTH], influence = 0, difference = -table[row][COLUMNS];
      least_squares one;
      for (int k = 0; k < ROWS; k++) {
        memcpy(copy[k], table[k], sizeof copy[k]);
        copy[k][COLUMNS] = k == row;
      }
      for (int k = 0; k < COLUMNS; k++)
        difference += table[row][k] * x[k];
      ASSERT_SUCCESS(least_squares_new(&run, COLUMNS, 8, &one));
      ASSERT_SUCCESS(least_squares_add(&one, ROWS, copy[0]));
      ASSERT_SUCCESS(least_squares_decompose(&run, &one, &unit));
      double y[COLUMNS];
      spectrum_solve(&unit, damping, y);
      for (int k = 0; k < COLUMNS; k++)
        influence += table[row][k] * y[k];
      freedom -= 1.4 * influence;
      residual += difference * difference;
      spectrum_free(&run, &unit);
      least_squares_free(&run, &one);
    }
    const double expected = ROWS * residual / (freedom * freedom);
    assert_true(fabs(spectrum_gcv(&spectrum, damping) - expected) < 1e-10 * expected);
  }
  spectrum_free(&run, &spectrum);
  least_squares_free(&run, &problem);
}

static int32_t valley(void *context, double damping, double *score) {
  const double bottom = *(const double *)context;
  *score = fabs(log10(damping) - bottom) + 2;
  return TERN_SUCCESS;
}

static void test_search(void **state) {
  (void)state;
  for (double bottom = -14; bottom < 2; bottom += 0.77) {
    double best, score;
    ASSERT_SUCCESS(least_squares_search(-15, 2, valley, &bottom, &best, &score));
    assert_true(fabs(log10(best) - bottom) < 1e-3);
    assert_true(score < 2.001);
  }
}

enum { WIDE = 120, WORKERS = 4, ROUNDS = 30 };

/* The same problem again and again, a different one for each worker; the first answer must come back each time. */
static int32_t work(void *context, int64_t begin, int64_t end, int32_t thread) {
  _Atomic int32_t *wrong = context;
  run run = {.threads = 1};
  (void)thread;
  for (int64_t item = begin; item < end; item++) {
    double first[WIDE], x[WIDE], *rows = zeros(2000 * (WIDE + 1));
    for (int round = 0; round < ROUNDS; round++) {
      least_squares problem;
      spectrum spectrum;
      uint64_t seed = (uint64_t)item + 1;
      for (int64_t k = 0; k < 2000 * (WIDE + 1); k++)
        rows[k] = pseudo_random(&seed);
      TRY(least_squares_new(&run, WIDE, 400, &problem));
      TRY(least_squares_add(&problem, 2000, rows));
      TRY(least_squares_decompose(&run, &problem, &spectrum));
      spectrum_solve(&spectrum, 0, round == 0 ? first : x);
      *wrong += round > 0 && memcmp(first, x, sizeof x) != 0;
      spectrum_free(&run, &spectrum);
      least_squares_free(&run, &problem);
    }
    free(rows);
  }
  return TERN_SUCCESS;
}

/* Threads that fit at the same time do not disturb each other, whatever the BLAS. */
static void test_concurrent(void **state) {
  (void)state;
  run run = {.threads = WORKERS};
  _Atomic int32_t wrong = 0;
  ASSERT_SUCCESS(threads_for(&run, WORKERS, 1, work, &wrong));
  assert_int_equal(wrong, 0);
}

static void test_memory(void **state) {
  (void)state;
  run run = {.threads = 1, .memory_limit = 100000};
  least_squares problem;
  assert_int_equal(least_squares_new(&run, 1000, 1000, &problem), TERN_ERROR_MEMORY);
  assert_int_equal(run.memory_used, 0);
  assert_int_equal(least_squares_new(&run, 1000000, 10, &problem), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "1000000 columns"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_streams),          cmocka_unit_test(test_merges), cmocka_unit_test(test_deficient_rank),
      cmocka_unit_test(test_cross_validation), cmocka_unit_test(test_search), cmocka_unit_test(test_memory),
      cmocka_unit_test(test_concurrent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
