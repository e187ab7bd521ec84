/* SPDX-License-Identifier: BSD-3-Clause */
/* Leading eigenvectors of second moments: by every way that the solver takes, on spectra that are known. */
#include "described.h"

#include "core/principal.h"

/* X [samples][size] = sum of singular[k] u_k v_k^T with orthonormal u and v from products of reflections. */
static double *matrix_of(int64_t samples, int64_t size, int64_t rank, const double *singular, double *right) {
  double *x = zeros(samples * size), *u = described_random(samples, 3), *v = described_random(size, 4);
  double uu = 0, vv = 0;
  for (int64_t i = 0; i < samples; i++)
    uu += u[i] * u[i];
  for (int64_t i = 0; i < size; i++)
    vv += v[i] * v[i];
  for (int64_t k = 0; k < rank; k++)
    for (int64_t i = 0; i < size; i++) {
      right[k * size + i] = (i == k) - 2 * v[k] * v[i] / vv;
      for (int64_t s = 0; s < samples; s++)
        x[s * size + i] += singular[k] * ((s == k) - 2 * u[k] * u[s] / uu) * right[k * size + i];
    }
  free(u);
  free(v);
  return x;
}

static void check_axes(const principal_axes *found, int64_t samples, int64_t size, const double *singular,
                       const double *right, double tolerance) {
  for (int64_t k = 0; k < found->count; k++) {
    const double *axis = found->axes + k * size;
    double product = 0, most = 0, norms = 0;
    for (int64_t i = 0; i < size; i++) {
      product += axis[i] * right[k * size + i];
      norms += axis[i] * axis[i];
      most = fabs(axis[i]) > fabs(most) ? axis[i] : most;
    }
    assert_true(fabs(norms - 1) < 1e-12);
    assert_true(fabs(fabs(product) - 1) < tolerance || found->moments[k] < 1e-10 * found->moments[0]);
    assert_true(most > 0);
    const double expected = singular[k] * singular[k] / (double)samples;
    assert_true(fabs(found->moments[k] - expected) < 1e-10 * expected + 1e-15 * found->moments[0]);
    assert_true(k == 0 || found->moments[k] <= found->moments[k - 1]);
  }
}

static void check_solver(int64_t samples, int64_t size, int64_t rank, int64_t wanted, int64_t expected_count) {
  double *singular = zeros(rank), *right = zeros(rank * size), total = 0;
  for (int64_t k = 0; k < rank; k++) {
    singular[k] = 5 * exp(-0.4 * (double)k);
    total += singular[k] * singular[k] / (double)samples;
  }
  double *x = matrix_of(samples, size, rank, singular, right);
  run run = described_run(1);
  principal sums;
  principal_axes found = {0};
  ASSERT_SUCCESS(principal_new(&run, size, samples, "samples", &sums));
  for (int64_t s = 0; s < samples; s += 7)
    ASSERT_SUCCESS(principal_add(&sums, samples - s < 7 ? samples - s : 7, x + s * size));
  ASSERT_SUCCESS(principal_solve(&run, &sums, wanted, &found));
  assert_int_equal(found.count, expected_count);
  assert_true(fabs(found.total - total) < 1e-12 * total);
  check_axes(&found, samples, size, singular, right, 1e-9);
  principal_axes_free(&run, &found);
  principal_free(&run, &sums);
  assert_int_equal(run.memory_used, 0);
  free(singular);
  free(right);
  free(x);
}

static void test_moments_direct(void **state) {
  (void)state;
  check_solver(60, 30, 20, 8, 8);
  check_solver(60, 30, 20, 30, 20); /* rank */
  check_solver(60, 60, 50, 60, 41); /* singular values fall below 1e-7 of the first: e^-16.12 */
}

static void test_samples(void **state) {
  (void)state;
  check_solver(30, 60, 20, 8, 8);
  check_solver(30, 60, 20, 60, 20);
  check_solver(9, 700, 9, 12, 9);
}

static void test_subspace(void **state) {
  (void)state;
  check_solver(640, 600, 60, 12, 12);
  check_solver(600, 640, 60, 12, 12);
  check_solver(620, 620, 5, 12, 5);
}

static void test_many_samples(void **state) {
  (void)state;
  check_solver(700, 800, 60, 4, 4);
  check_solver(500, 520, 3, 6, 3);
}

static void test_nothing(void **state) {
  const double zero[8] = {0};
  principal sums;
  principal_axes found = {0};
  run run = described_run(1);
  (void)state;
  ASSERT_SUCCESS(principal_new(&run, 2, 4, "samples", &sums));
  ASSERT_SUCCESS(principal_add(&sums, 4, zero));
  ASSERT_SUCCESS(principal_solve(&run, &sums, 2, &found));
  assert_int_equal(found.count, 0);
  principal_axes_free(&run, &found);
  principal_free(&run, &sums);
  run.memory_limit = 1000000;
  ASSERT_FAILURE(principal_new(&run, 1000, 1000, "second moments of order 3", &sums), TERN_ERROR_MEMORY, "of order 3");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments_direct), cmocka_unit_test(test_samples),
                                     cmocka_unit_test(test_subspace), cmocka_unit_test(test_many_samples),
                                     cmocka_unit_test(test_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
