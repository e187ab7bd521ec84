/* SPDX-License-Identifier: BSD-3-Clause */
/* Real Clebsch-Gordan coefficients: anchors, orthogonality up to degree 40,
 * exchange, products of harmonics. */
#include "golden.h"

#include "core/memory.h"
#include "correlation/clebsch_gordan.h"
#include "density/harmonics.h"
#include "kernels/kernels.h"

#define PI 3.14159265358979323846

static double *coefficients(int32_t l1, int32_t l2, int32_t l) {
  double *values = NULL;
  ASSERT_SUCCESS(clebsch_gordan_new(l1, l2, l, &values));
  return values;
}

/* To the scalar, with the scalar, and 1 x 1 -> 1 as the cross product in the
 * order y, z, x. */
static void anchors(void **state) {
  (void)state;
  for (int32_t l = 0; l <= 40; l++) {
    double *scalar = coefficients(l, l, 0), *left = coefficients(0, l, l),
           *right = coefficients(l, 0, l);
    for (int32_t a = 0, k = 0; a <= 2 * l; a++)
      for (int32_t b = 0; b <= 2 * l; b++, k++) {
        assert_true(fabs(scalar[k] -
                         (a == b ? (l % 2 ? -1 : 1) / sqrt(2 * l + 1) : 0)) <
                    1e-15);
        assert_true(fabs(left[k] - (a == b)) < 1e-15 &&
                    fabs(right[k] - (a == b)) < 1e-15);
      }
    memory_free(NULL, scalar);
    memory_free(NULL, left);
    memory_free(NULL, right);
  }
  double *cross = coefficients(1, 1, 1);
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++)
      for (int c = 0; c < 3; c++) {
        const double sign = (b - a + 3) % 3 == 1 && (c - b + 3) % 3 == 1   ? 1
                            : (b - a + 3) % 3 == 2 && (c - b + 3) % 3 == 2 ? -1
                                                                           : 0;
        assert_true(fabs(cross[(a * 3 + b) * 3 + c] - sign / sqrt(2)) < 1e-15);
      }
  memory_free(NULL, cross);
}

/* All (l, m) of a pair of degrees make an orthogonal matrix. */
static void orthogonal(int32_t l1, int32_t l2) {
  const int64_t size = (int64_t)(2 * l1 + 1) * (2 * l2 + 1);
  double *matrix = zeros(size * size);
  int64_t column = 0;
  for (int32_t l = abs(l1 - l2); l <= l1 + l2; column += 2 * l + 1, l++) {
    double *values = coefficients(l1, l2, l);
    for (int64_t row = 0; row < size; row++)
      memcpy(matrix + row * size + column, values + row * (2 * l + 1),
             (size_t)(2 * l + 1) * sizeof(double));
    memory_free(NULL, values);
  }
  assert_int_equal(column, size);
  double worst = 0;
  const int64_t step =
      size > 300 ? 37 : 1; /* all rows against some of the large ones */
  for (int64_t a = 0; a < size; a += step)
    for (int64_t b = 0; b < size; b++) {
      double sum = a == b ? -1 : 0;
      for (int64_t k = 0; k < size; k++)
        sum += matrix[a * size + k] * matrix[b * size + k];
      worst = fmax(worst, fabs(sum));
    }
  if (!(worst < 1e-14))
    fail_msg("%d x %d: %g", l1, l2, worst);
  free(matrix);
}

static void orthogonality(void **state) {
  (void)state;
  for (int32_t l1 = 0; l1 <= 5; l1++)
    for (int32_t l2 = 0; l2 <= 5; l2++)
      orthogonal(l1, l2);
  orthogonal(9, 13);
  orthogonal(40, 2);
  orthogonal(20, 20);
}

static void exchange(void **state) {
  (void)state;
  for (int32_t l1 = 0; l1 <= 12; l1 += 3)
    for (int32_t l2 = 0; l2 <= 8; l2 += 2)
      for (int32_t l = abs(l1 - l2); l <= l1 + l2; l++) {
        double *one = coefficients(l1, l2, l), *other = coefficients(l2, l1, l);
        for (int32_t a = 0; a <= 2 * l1; a++)
          for (int32_t b = 0; b <= 2 * l2; b++)
            for (int32_t c = 0; c <= 2 * l; c++)
              assert_true(
                  fabs(one[(a * (2 * l2 + 1) + b) * (2 * l + 1) + c] -
                       ((l1 + l2 + l) % 2 ? -1 : 1) *
                           other[(b * (2 * l1 + 1) + a) * (2 * l + 1) + c]) <
                  2e-15);
        memory_free(NULL, one);
        memory_free(NULL, other);
      }
}

/* Harmonics [lm][8] of 8 directions. */
static double *harmonics(int32_t l_max, const double *vectors) {
  const kernel_table *kernels = NULL;
  harmonics_table *table = NULL;
  double *unit = aligned_space(3 * 8 * 8), *distance = aligned_space(64),
         *inverse = aligned_space(64);
  double *values = aligned_space((int64_t)(l_max + 1) * (l_max + 1) * 64);
  ASSERT_SUCCESS(kernels_get(&kernels));
  ASSERT_SUCCESS(harmonics_table_new(&table, l_max));
  for (int k = 0; k < 24; k++)
    unit[k % 3 * 8 + k / 3] = vectors[k];
  kernels->directions(8, unit, distance, inverse);
  kernels->harmonics(l_max, table->start, table->steps, 8, 8, unit, inverse,
                     values, NULL);
  harmonics_table_free(table);
  free(unit);
  free(distance);
  free(inverse);
  return values;
}

/* The product of two harmonics of one direction has degree l as factor times
   the harmonic, and the factor, positive or negative as that of m = 0, is the
   same for every direction: the coefficients turn as harmonics do. */
static void products_of_harmonics(int32_t l1, int32_t l2, const double *y) {
  for (int32_t l = abs(l1 - l2); l <= l1 + l2; l++) {
    double *values = coefficients(l1, l2, l);
    const double zero = values[(l1 * (2 * l2 + 1) + l2) * (2 * l + 1) + l];
    const double factor =
        zero * sqrt((2 * l1 + 1) * (2 * l2 + 1) / (4 * PI * (2 * l + 1)));
    for (int lane = 0; lane < 8; lane++)
      for (int32_t c = 0; c <= 2 * l; c++) {
        double sum = 0;
        for (int32_t a = 0; a <= 2 * l1; a++)
          for (int32_t b = 0; b <= 2 * l2; b++)
            sum += values[(a * (2 * l2 + 1) + b) * (2 * l + 1) + c] *
                   y[(l1 * l1 + a) * 8 + lane] * y[(l2 * l2 + b) * 8 + lane];
        assert_true(fabs(sum - ((l1 + l2 + l) % 2 ? 0 : factor) *
                                   y[(l * l + c) * 8 + lane]) < 1e-13);
      }
    memory_free(NULL, values);
  }
}

static void transformation(void **state) {
  (void)state;
  double vectors[24];
  uint64_t random = 3;
  for (int k = 0; k < 24; k++)
    vectors[k] = pseudo_random(&random);
  double *y = harmonics(40, vectors);
  for (int32_t l1 = 0; l1 <= 6; l1++)
    for (int32_t l2 = 0; l2 <= 6; l2++)
      products_of_harmonics(l1, l2, y);
  products_of_harmonics(21, 19, y);
  products_of_harmonics(35, 5, y);
  free(y);
}

/* C(40 0 40 0 | l 0) in closed form, where alternating sums lose everything:
   the stretched case is positive, and C(l1 0 l2 0 | l1 + l2 0)^2 = binomial(2
   l1, l1) binomial(2 l2, l2) / binomial(2 l1 + 2 l2, l1 + l2). */
static void stretched(void **state) {
  (void)state;
  for (int32_t l = 1; l <= 20; l++) {
    double *values = coefficients(l, l, 2 * l), square = 1;
    for (int k = 1; k <= l; k++)
      square *= pow((l + k) / (double)k, 2);
    for (int k = 1; k <= 2 * l; k++)
      square *= k / (2.0 * l + k);
    assert_true(fabs(values[(l * (2 * l + 1) + l) * (4 * l + 1) + 2 * l] -
                     sqrt(square)) < 1e-14);
    memory_free(NULL, values);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(anchors), cmocka_unit_test(orthogonality),
      cmocka_unit_test(exchange), cmocka_unit_test(transformation),
      cmocka_unit_test(stretched)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
