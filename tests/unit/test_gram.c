/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with a Jacobian, by any number of threads, against plain loops. */
#include "golden.h"

#include "fit/gram.h"

typedef struct gram_case {
  gram_matrix matrix;
  double *numbers; /* the same in double precision, without padding */
  void *data;
} gram_case;

static void fill(gram_case *c, int64_t rows, int64_t columns, bool wide, uint64_t *random) {
  c->matrix = (gram_matrix){.wide = wide, .rows = rows, .columns = columns, .stride = gram_stride(columns, wide)};
  c->numbers = zeros(rows * columns);
  c->data = aligned_space(8 * rows * c->matrix.stride);
  memset(c->data, 0xff, (size_t)(rows * c->matrix.stride) * (wide ? 8 : 4)); /* padding is NaN */
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < columns; k++) {
      const double value = pseudo_random(random);
      c->numbers[row * columns + k] = wide ? value : (double)(float)value;
      if (wide)
        ((double *)c->data)[row * c->matrix.stride + k] = value;
      else
        ((float *)c->data)[row * c->matrix.stride + k] = (float)value;
    }
  c->matrix.data = c->data;
}

static void check_lower(run *run, const gram_case *c, double *result) {
  const int64_t rows = c->matrix.rows, columns = c->matrix.columns;
  void *scratch = aligned_space(gram_scratch(run, &c->matrix));
  const double tolerance = (c->matrix.wide ? 1e-14 : 6e-7) * (double)(columns + 1);
  ASSERT_SUCCESS(gram_lower(run, &c->matrix, scratch, result));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < columns; k++)
        sum += c->numbers[i * columns + k] * c->numbers[j * columns + k];
      if (!(fabs(result[i * rows + j] - sum) <= tolerance))
        fail_msg("%d threads, %lld x %lld, (%lld, %lld): %.17g instead of %.17g", (int)run->threads, (long long)rows,
                 (long long)columns, (long long)i, (long long)j, result[i * rows + j], sum);
    }
  free(scratch);
}

static void check_vector(run *run, const gram_case *c, uint64_t *random) {
  const int64_t rows = c->matrix.rows, columns = c->matrix.columns;
  double *y = zeros(rows), *z = zeros(columns), *expected = zeros(columns);
  for (int64_t i = 0; i < rows; i++)
    y[i] = pseudo_random(random);
  for (int64_t k = 0; k < columns; k++)
    z[k] = expected[k] = pseudo_random(random);
  ASSERT_SUCCESS(gram_transposed_times(run, &c->matrix, y, z));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < columns; k++)
      expected[k] += c->numbers[i * columns + k] * y[i];
  for (int64_t k = 0; k < columns; k++)
    assert_true(fabs(expected[k] - z[k]) <= 1e-12 * (double)(rows + 1));
  free(y);
  free(z);
  free(expected);
}

static void check(int64_t rows, int64_t columns, bool wide, int32_t threads) {
  uint64_t random = 5;
  gram_case c;
  run run = {.threads = threads};
  fill(&c, rows, columns, wide, &random);
  double *once = zeros(rows * rows), *twice = zeros(rows * rows);
  check_lower(&run, &c, once);
  check_lower(&run, &c, twice);
  for (int64_t i = 0; i < rows; i++)
    assert_memory_equal(once + i * rows, twice + i * rows, (size_t)(i + 1) * sizeof(double));
  check_vector(&run, &c, &random);
  free(once);
  free(twice);
  free(c.numbers);
  free(c.data);
}

static void products_are_right(void **state) {
  (void)state;
  static const int64_t shapes[][2] = {{1, 1}, {1, 700}, {3, 5}, {49, 256}, {50, 513}, {97, 1030}, {150, 2600}};
  static const int32_t threads[] = {1, 2, 3, 4, 7, 16};
  for (int shape = 0; shape < 7; shape++)
    for (int t = 0; t < 6; t++)
      for (int wide = 0; wide < 2; wide++)
        check(shapes[shape][0], shapes[shape][1], wide, threads[t]);
  check(700, 600, false, 3); /* enough numbers for threads in the products with a vector */
}

static void rows_do_not_meet_in_the_cache(void **state) {
  (void)state;
  for (int64_t columns = 1; columns < 5000; columns++)
    for (int wide = 0; wide < 2; wide++) {
      const int64_t bytes = gram_stride(columns, wide) * (wide ? 8 : 4);
      assert_true(bytes % 64 == 0 && bytes % 4096 != 0 && bytes >= columns * (wide ? 8 : 4));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_right),
                                     cmocka_unit_test(rows_do_not_meet_in_the_cache)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
