/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of dense matrices, in every instruction set and both precisions, against plain loops. */
#include "golden.h"

#include "kernels/kernels.h"

enum { FENCE = 64 };
static const double fence = -7654.25;

/* Numbers of float or double. */
typedef struct numbers {
  int wide;
  int64_t count;
  void *data;
} numbers;

static double get(const numbers *n, int64_t k) {
  return n->wide ? ((double *)n->data)[k] : (double)((float *)n->data)[k];
}

static void put(numbers *n, int64_t k, double value) {
  if (n->wide)
    ((double *)n->data)[k] = value;
  else
    ((float *)n->data)[k] = (float)value;
}

static numbers some_numbers(int wide, int64_t count, uint64_t *random) {
  numbers n = {wide, count, aligned_space(8 * (count + FENCE))};
  for (int64_t k = 0; k < count + FENCE; k++)
    put(&n, k, k < count ? pseudo_random(random) : fence);
  return n;
}

static void check_fence(const numbers *n) {
  for (int64_t k = n->count; k < n->count + FENCE; k++)
    assert_true(get(n, k) == fence);
}

static double tolerance(int wide, int64_t inner) { return (wide ? 1e-15 : 6e-7) * (double)(1 + inner); }

static const kernel_table *next_set(char names[100], char **rest) {
  if (*rest == NULL) {
    snprintf(names, 100, "%s", kernels_available());
    *rest = names;
  }
  const char *set = strtok_r(*rest == names ? names : NULL, " ", rest);
  return set != NULL ? kernels_find(set) : NULL;
}

#define FOR_EACH_SET(table)                                                                  \
  char set_names[100], *set_rest = NULL;                                                     \
  for (const kernel_table *table = next_set(set_names, &set_rest); table != NULL;            \
       table = next_set(set_names, &set_rest))

/* ---- products ---- */

static void check_product(const kernel_table *table, const kernel_matrix_product *p, int wide, uint64_t *random) {
  numbers left = some_numbers(wide, (p->left_transposed ? p->inner : p->rows) * p->left_stride, random);
  numbers right = some_numbers(wide, (p->right_transposed ? p->columns : p->inner) * p->right_stride, random);
  numbers result = some_numbers(wide, p->rows * p->stride, random);
  numbers before = {wide, 0, memcpy(aligned_space(8 * (result.count + FENCE)), result.data,
                                    (size_t)(wide ? 8 : 4) * (size_t)(result.count + FENCE))};
  const int64_t bytes = kernel_matrix_scratch(p->rows, p->columns, p->inner, wide ? 8 : 4);
  numbers scratch = some_numbers(wide, bytes / (wide ? 8 : 4), random);
  table->matrix[wide].product(p, left.data, right.data, result.data, scratch.data);
  for (int64_t i = 0; i < p->rows; i++)
    for (int64_t j = 0; j < p->stride; j++) {
      const double old = get(&before, i * p->stride + j), found = get(&result, i * p->stride + j);
      double sum = 0;
      for (int64_t k = 0; k < p->inner && j < p->columns; k++)
        sum += get(&left, p->left_transposed ? k * p->left_stride + i : i * p->left_stride + k) *
               get(&right, p->right_transposed ? j * p->right_stride + k : k * p->right_stride + j);
      const double expected = j < p->columns ? p->factor * sum + (p->add ? old : 0) : old;
      if (!(fabs(found - expected) <= (j < p->columns ? tolerance(wide, p->inner) : 0)))
        fail_msg("%s, wide %d, %lld x %lld x %lld, (%lld, %lld): %.17g instead of %.17g", table->name, wide,
                 (long long)p->rows, (long long)p->columns, (long long)p->inner, (long long)i, (long long)j, found,
                 expected);
    }
  check_fence(&result);
  check_fence(&scratch);
  free(left.data);
  free(right.data);
  free(result.data);
  free(before.data);
  free(scratch.data);
}

static void check_shape(const kernel_table *table, int64_t rows, int64_t columns, int64_t inner, uint64_t *random) {
  for (int kind = 0; kind < 16; kind++) {
    kernel_matrix_product p = {.rows = rows, .columns = columns, .inner = inner, .left_transposed = kind & 1,
                               .right_transposed = kind >> 1 & 1, .add = kind >> 2 & 1,
                               .factor = kind >> 2 & 1 ? -1.5 : 1, .stride = columns + kind % 3};
    p.left_stride = (p.left_transposed ? rows : inner) + kind % 4;
    p.right_stride = (p.right_transposed ? inner : columns) + kind % 5;
    check_product(table, &p, kind >> 3, random);
  }
}

static void products_are_right(void **state) {
  (void)state;
  static const int64_t odd[] = {1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 24, 31, 47, 48, 49, 64, 97};
  enum { COUNT = sizeof odd / sizeof *odd };
  uint64_t random = 11;
  FOR_EACH_SET(table) {
    for (int64_t k = 0; k < COUNT; k++) { /* each size meets some of the others in each place */
      check_shape(table, odd[k], odd[(3 * k + 1) % COUNT], odd[(7 * k + 2) % COUNT], &random);
      check_shape(table, odd[(5 * k + 3) % COUNT], odd[k], odd[(2 * k + 5) % COUNT], &random);
    }
    check_shape(table, 49, 96, 150, &random);
    check_shape(table, 150, 96, 98, &random);
  }
}

/* More than is packed at a time, and nothing at all. */
static void parts_fit_together(void **state) {
  (void)state;
  uint64_t random = 12;
  FOR_EACH_SET(table) {
    check_shape(table, 5, 2 * KERNEL_MATRIX_PART + 3, KERNEL_MATRIX_DEPTH + 1, &random);
    check_shape(table, KERNEL_MATRIX_PART + 9, 3, 2 * KERNEL_MATRIX_DEPTH + 7, &random);
    check_shape(table, 7, 9, 0, &random);
    check_shape(table, 0, 9, 5, &random);
    check_shape(table, 9, 0, 5, &random);
  }
}

/* ---- the matrix times its transpose ---- */

static void check_gram(const kernel_table *table, int64_t rows, int64_t inner, int wide, uint64_t *random) {
  const int64_t stride = inner + 3, to = rows + 1;
  numbers matrix = some_numbers(wide, rows * stride, random), result = some_numbers(1, rows * to, random);
  numbers scratch = some_numbers(wide, kernel_gram_scratch(rows, inner, 1), random);
  for (int64_t first = 0; first < rows; first += 2 * KERNEL_MATRIX_PANEL) {
    const int64_t last = first + 2 * KERNEL_MATRIX_PANEL < rows ? first + 2 * KERNEL_MATRIX_PANEL : rows;
    table->matrix[wide].gram(first, last, inner, matrix.data, stride, result.data, to, scratch.data);
  }
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = 0; k < inner; k++)
        sum += get(&matrix, i * stride + k) * get(&matrix, j * stride + k);
      if (!(fabs(get(&result, i * to + j) - sum) <= tolerance(wide, inner)))
        fail_msg("%s, wide %d, %lld x %lld, (%lld, %lld): %.17g instead of %.17g", table->name, wide, (long long)rows,
                 (long long)inner, (long long)i, (long long)j, get(&result, i * to + j), sum);
    }
  check_fence(&result);
  check_fence(&scratch);
  free(matrix.data);
  free(result.data);
  free(scratch.data);
}

static void gram_is_right(void **state) {
  (void)state;
  static const int64_t rows[] = {1, 2, 7, 8, 9, 24, 47, 48, 50, 97, 150, 200, 431};
  static const int64_t inner[] = {0, 1, 3, 4, 19, 255, 256, 259, 600, 33};
  uint64_t random = 13;
  FOR_EACH_SET(table) {
    for (int k = 0; k < 13; k++)
      for (int wide = 0; wide < 2; wide++)
        check_gram(table, rows[k], inner[k % 10], wide, &random);
  }
}

/* ---- vectors ---- */

static void check_vectors(const kernel_table *table, int64_t rows, int64_t columns, int wide, uint64_t *random) {
  const int64_t stride = columns + 5;
  numbers matrix = some_numbers(wide, rows * stride, random), x = some_numbers(1, columns, random);
  numbers y = some_numbers(1, rows, random), z = some_numbers(1, columns, random);
  double *expected = zeros(columns + 1);
  memcpy(expected, z.data, (size_t)columns * sizeof(double));
  table->matrix[wide].times_vector(rows, columns, matrix.data, stride, x.data, y.data);
  table->matrix[wide].transposed_times_vector(rows, columns, matrix.data, stride, y.data, z.data);
  for (int64_t i = 0; i < rows; i++) {
    double sum = 0;
    for (int64_t k = 0; k < columns; k++) {
      sum += get(&matrix, i * stride + k) * get(&x, k);
      expected[k] += get(&matrix, i * stride + k) * get(&y, i);
    }
    assert_true(fabs(get(&y, i) - sum) <= 1e-11);
  }
  for (int64_t k = 0; k < columns; k++)
    assert_true(fabs(get(&z, k) - expected[k]) <= 1e-11);
  check_fence(&y);
  check_fence(&z);
  free(matrix.data);
  free(x.data);
  free(y.data);
  free(z.data);
  free(expected);
}

static void vectors_are_right(void **state) {
  (void)state;
  uint64_t random = 14;
  FOR_EACH_SET(table) {
    for (int64_t rows = 0; rows < 19; rows++)
      for (int wide = 0; wide < 2; wide++)
        check_vectors(table, rows, 7 * rows % 41, wide, &random);
    check_vectors(table, 30, 1000, 0, &random);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_right), cmocka_unit_test(parts_fit_together),
                                     cmocka_unit_test(gram_is_right), cmocka_unit_test(vectors_are_right)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
