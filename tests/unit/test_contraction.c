/* SPDX-License-Identifier: BSD-3-Clause */
/* The contraction by itself, on densities made up of random numbers. */
#include "described.h"

#include "core/memory.h"
#include "correlation/contraction.h"

enum { ENVIRONMENTS = 6 };

typedef struct contraction_case {
  contraction *contraction;
  int64_t n; /* density */
  double *densities, *values[ENVIRONMENTS], *space;
} contraction_case;

static contraction_shape shape_of(int32_t nu_max, int32_t l_max, int32_t channels, int64_t components) {
  contraction_shape shape = {.nu_max = nu_max, .l_max = l_max, .n_channels = channels};
  for (int nu = 0; nu <= CONTRACTION_MOST_ORDER; nu++)
    shape.components[nu] = components;
  return shape;
}

static contraction_case start(const contraction_shape *shape, int32_t threads) {
  contraction_case c = {0};
  run run = described_run(threads);
  uint64_t seed = 5;
  ASSERT_SUCCESS(contraction_new(&c.contraction, shape));
  c.n = c.contraction->density_size;
  c.densities = aligned_space(ENVIRONMENTS * c.n * 8);
  for (int64_t k = 0; k < ENVIRONMENTS * c.n; k++)
    c.densities[k] = k % c.contraction->channels_padded < shape->n_channels ? pseudo_random(&seed) : 0;
  assert_false(c.contraction->fitted);
  ASSERT_SUCCESS(contraction_fit(c.contraction, &run, ENVIRONMENTS, c.densities));
  assert_true(c.contraction->fitted);
  assert_int_equal(run.memory_used, 0);
  c.space = aligned_space(contraction_space(c.contraction) * 8);
  for (int e = 0; e < ENVIRONMENTS; e++) {
    c.values[e] = aligned_space(contraction_size(c.contraction) * 8);
    contraction_forward(c.contraction, c.densities + e * c.n, c.values[e], c.space);
  }
  return c;
}

static void end(contraction_case *c) {
  for (int e = 0; e < ENVIRONMENTS; e++)
    free(c->values[e]);
  free(c->densities);
  free(c->space);
  contraction_free(c->contraction);
}

/* sum over l, m, m' of (A_lm . B_lm')^2 / (2 l + 1) is the Gram matrix of the invariants of order 2. */
static double gram_by_density(const contraction_case *c, int a, int b) {
  const int64_t row = c->contraction->channels_padded;
  double sum = 0;
  for (int l = 0; l <= c->contraction->shape.l_max; l++)
    for (int m = l * l; m < (l + 1) * (l + 1); m++)
      for (int k = l * l; k < (l + 1) * (l + 1); k++) {
        double product = 0;
        for (int64_t channel = 0; channel < row; channel++)
          product += c->densities[a * c->n + m * row + channel] * c->densities[b * c->n + k * row + channel];
        sum += product * product / (2 * l + 1);
      }
  return sum;
}

static void test_order_2(void **state) {
  const contraction_shape shape = shape_of(2, 3, 3, 0);
  contraction_case c = start(&shape, 1);
  (void)state;
  for (int a = 0; a < ENVIRONMENTS; a++)
    for (int b = 0; b < ENVIRONMENTS; b++) {
      double sum = 0;
      for (int64_t k = 0; k < contraction_size(c.contraction); k++)
        sum += c.values[a][k] * c.values[b][k];
      assert_true(fabs(sum - gram_by_density(&c, a, b)) < 1e-11 * gram_by_density(&c, a, a));
    }
  end(&c);
}

/* |products of (lambda, sigma)|^2 summed over everything is |A|^2 |rho|^2 when every (lambda, sigma) is there: with
   outputs up to the highest degree nothing is lost from order to order. */
static void check_norms(int32_t nu_max, int32_t l_max) {
  contraction_shape shape = shape_of(nu_max, l_max, 2, 0);
  shape.lambda_max = nu_max * l_max;
  shape.both_parities = true;
  contraction_case c = start(&shape, 2);
  for (int e = 0; e < ENVIRONMENTS; e++) {
    double density = 0;
    for (int64_t k = 0; k < c.n; k++)
      density += c.densities[e * c.n + k] * c.densities[e * c.n + k];
    for (int32_t nu = 2; nu <= nu_max; nu++) {
      const double *values = c.values[e] + contraction_start(c.contraction, nu);
      double sum = 0;
      for (int64_t k = 0; k < c.contraction->orders[nu].size; k++)
        sum += values[k] * values[k];
      assert_true(fabs(sum - pow(density, nu)) < 1e-11 * pow(density, nu));
    }
  }
  end(&c);
}

static void test_norms(void **state) {
  (void)state;
  check_norms(3, 2);
  check_norms(4, 1);
}

static void test_derivatives(void **state) {
  contraction_shape shape = shape_of(5, 2, 3, 5);
  shape.lambda_max = 1;
  shape.components[2] = 11;
  contraction_case c = start(&shape, 1);
  const int64_t size = contraction_size(c.contraction);
  double *direction = aligned_space(c.n * 8), *tangent = aligned_space(size * 8), *moved = aligned_space(c.n * 8);
  double *up = aligned_space(size * 8), *down = aligned_space(size * 8), *weights = aligned_space(size * 8);
  double *gradient = aligned_space(c.n * 8), forward = 0, backward = 0;
  uint64_t seed = 3;
  (void)state;
  for (int64_t k = 0; k < c.n; k++) {
    direction[k] = k % c.contraction->channels_padded < shape.n_channels ? pseudo_random(&seed) : 0;
    gradient[k] = 0;
  }
  for (int64_t k = 0; k < size; k++)
    weights[k] = pseudo_random(&seed);
  contraction_tangent(c.contraction, c.densities, direction, c.values[0], tangent, c.space);
  for (int64_t k = 0; k < size; k++)
    forward += weights[k] * tangent[k];
  contraction_adjoint(c.contraction, c.densities, c.values[0], weights, gradient, c.space);
  for (int64_t k = 0; k < c.n; k++)
    backward += gradient[k] * direction[k];
  assert_true(fabs(forward - backward) < 1e-12 * largest(size, tangent) * (double)size);
  for (int sign = 1; sign >= -1; sign -= 2) {
    for (int64_t k = 0; k < c.n; k++)
      moved[k] = c.densities[k] + sign * 1e-5 * direction[k];
    contraction_forward(c.contraction, moved, sign > 0 ? up : down, c.space);
  }
  for (int64_t k = 0; k < size; k++)
    up[k] = (up[k] - down[k]) / 2e-5;
  assert_close("finite differences", size, tangent, up, 1e-8);
  free(direction);
  free(tangent);
  free(moved);
  free(up);
  free(down);
  free(weights);
  free(gradient);
  end(&c);
}

/* Moments fall, and add up to no more than the total; what is kept has them as its mean squares. */
static void test_moments(void **state) {
  const contraction_shape shape = shape_of(4, 2, 3, 4);
  contraction_case c = start(&shape, 1);
  (void)state;
  for (int32_t nu = 2; nu <= 4; nu++)
    for (int32_t b = 0; b < c.contraction->orders[nu].n_blocks; b++) {
      const contraction_block *block = &c.contraction->orders[nu].blocks[b];
      const int64_t first = contraction_start(c.contraction, nu) + block->offset;
      double sum = 0;
      assert_true(block->count <= 4);
      for (int64_t k = 0; k < block->count; k++) {
        double square = 0;
        for (int e = 0; e < ENVIRONMENTS; e++)
          for (int m = 0; m <= 2 * block->lambda; m++)
            square += pow(c.values[e][first + m * block->padded + k], 2);
        square /= ENVIRONMENTS * (2 * block->lambda + 1);
        assert_true(fabs(square - block->moments[k]) < 1e-11 * block->moments[0]);
        assert_true(k == 0 || block->moments[k] <= block->moments[k - 1]);
        sum += block->moments[k];
      }
      assert_true(sum <= c.contraction->orders[nu].totals[b] * (1 + 1e-12));
    }
  end(&c);
}

/* The same axes whatever the number of threads. */
static void test_threads(void **state) {
  const contraction_shape shape = shape_of(4, 2, 3, 4);
  contraction_case one = start(&shape, 1), two = start(&shape, 2);
  (void)state;
  for (int32_t nu = 2; nu <= 4; nu++) {
    const contraction_order *a = &one.contraction->orders[nu], *b = &two.contraction->orders[nu];
    assert_int_equal(a->n_axes, b->n_axes);
    assert_memory_equal(a->axes, b->axes, (size_t)a->n_axes * sizeof(double));
  }
  end(&one);
  end(&two);
}

static int32_t stop_in_order_3(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)done;
  (void)total;
  (void)loss;
  (void)context;
  return strncmp(stage, "order 3", 7) == 0 ? -7 : 0;
}

static void test_refusals(void **state) {
  contraction_shape shape = shape_of(4, 2, 3, 4);
  contraction *c = NULL;
  run run = described_run(1);
  (void)state;
  ASSERT_SUCCESS(contraction_new(&c, &shape));
  double *densities = aligned_space(2 * c->density_size * 8);
  for (int64_t k = 0; k < 2 * c->density_size; k++)
    densities[k] = (double)(k % 5) - 1;
  run.progress = stop_in_order_3;
  ASSERT_FAILURE(contraction_fit(c, &run, 2, densities), -7, "order 3");
  assert_false(c->fitted);
  assert_int_equal(run.memory_used, 0);
  contraction_free(c);
  ASSERT_SUCCESS(contraction_new(&c, &shape));
  run.progress = NULL;
  run.memory_limit = 100;
  ASSERT_FAILURE(contraction_fit(c, &run, 2, densities), TERN_ERROR_MEMORY, "fit");
  contraction_free(c);
  free(densities);
  shape = shape_of(8, 20, 1, 1);
  ASSERT_FAILURE(contraction_new(&c, &shape), TERN_ERROR_OPTION, "up to 40");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_2),     cmocka_unit_test(test_norms),
                                     cmocka_unit_test(test_derivatives), cmocka_unit_test(test_moments),
                                     cmocka_unit_test(test_threads),     cmocka_unit_test(test_refusals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
