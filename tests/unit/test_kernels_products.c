/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of correlations with the density, in every instruction set, against plain loops. */
#include "golden.h"

#include "core/memory.h"
#include "correlation/clebsch_gordan.h"
#include "kernels/kernels.h"

enum { CHANNELS = 16, SOURCE_ROWS = 90, STRIDE = 104, MOST_SEGMENTS = 12 };

typedef struct product_case {
  kernel_coupling coupling;
  kernel_product product;
  kernel_segment segments[MOST_SEGMENTS];
  int64_t n_rows;
  double *dense; /* [2 source + 1][2 l + 1][2 target + 1] */
  double *density[2], *weights[2], *sources[2], *target, *factors;
} product_case;

static double *random_space(int64_t count, uint64_t *random) {
  double *values = aligned_space(8 * count);
  for (int64_t k = 0; k < count; k++)
    values[k] = pseudo_random(random);
  return values;
}

static void fill_coupling(product_case *c, int32_t source, int32_t l, int32_t target) {
  const int32_t n_source = 2 * source + 1, n_l = 2 * l + 1, n_target = 2 * target + 1;
  int32_t count = 0;
  ASSERT_SUCCESS(clebsch_gordan_new(source, l, target, &c->dense));
  c->coupling = (kernel_coupling){source,
                                  l,
                                  target,
                                  calloc((size_t)(n_source * n_target + 1), sizeof(int32_t)),
                                  calloc((size_t)(n_source * n_target * n_l), sizeof(int32_t)),
                                  zeros(n_source * n_target * n_l)};
  for (int32_t k = 0; k < n_source * n_target; k++) {
    for (int32_t m2 = 0; m2 < n_l; m2++) {
      const double value = c->dense[(k % n_source * n_l + m2) * n_target + k / n_source];
      if (value == 0)
        continue;
      c->coupling.m[count] = m2;
      c->coupling.value[count++] = value;
    }
    c->coupling.first[k + 1] = count;
  }
}

/* Runs from the first row on that grow, as sorted items give, and then some of any kind. */
static void fill_segments(product_case *c, uint64_t *random) {
  int32_t n = 0;
  for (int32_t k = 0; k < 7; k++)
    c->segments[n++] = (kernel_segment){0, (k + 1) * (k + 2) / 2, k};
  c->segments[n++] = (kernel_segment){3, 1, 8};
  c->segments[n++] = (kernel_segment){3, 1, 8};
  c->segments[n++] = (kernel_segment){17, 40, 9};
  c->segments[n++] = (kernel_segment){17, 33, 10};
  c->segments[n++] = (kernel_segment){(int64_t)(10 * (1 + pseudo_random(random))), 60, 15};
  c->n_rows = 0;
  for (int32_t k = 0; k < n; k++)
    c->n_rows += c->segments[k].count;
  c->product = (kernel_product){&c->coupling, CHANNELS, n, c->segments, STRIDE, (c->n_rows + 14) / 8 * 8, 0, CHANNELS};
}

static void start(product_case *c, int32_t source, int32_t l, int32_t target, uint64_t seed) {
  fill_coupling(c, source, l, target);
  fill_segments(c, &seed);
  for (int t = 0; t < 2; t++) {
    c->density[t] = random_space((2 * l + 1) * CHANNELS, &seed);
    c->weights[t] = aligned_space(8 * ((2 * source + 1) * (2 * target + 1) * CHANNELS + 8));
    c->sources[t] = random_space((2 * source + 1) * STRIDE + 8, &seed);
  }
  c->target = random_space((2 * target + 1) * c->product.target_stride + 8, &seed);
  c->factors = random_space(c->n_rows + 8, &seed);
}

static void end(product_case *c) {
  for (int t = 0; t < 2; t++) {
    free(c->density[t]);
    free(c->weights[t]);
    free(c->sources[t]);
  }
  free(c->target);
  free(c->factors);
  free(c->coupling.first);
  free(c->coupling.m);
  free(c->coupling.value);
  memory_free(NULL, c->dense);
}

/* One number of one term, and what a gradient of it means. */
static double plain(const product_case *c, int t, int32_t mu, int32_t channel, int64_t row, double slope,
                    double *to_density, double *to_source) {
  const int32_t n_l = 2 * c->coupling.l + 1, n_target = 2 * c->coupling.target + 1;
  double sum = 0;
  for (int32_t m1 = 0; m1 <= 2 * c->coupling.source; m1++)
    for (int32_t m2 = 0; m2 < n_l; m2++) {
      const double value = c->dense[(m1 * n_l + m2) * n_target + mu];
      const double density = c->density[t][m2 * CHANNELS + channel], source = c->sources[t][m1 * STRIDE + row];
      sum += value * density * source;
      if (to_density)
        to_density[m2 * CHANNELS + channel] += slope * value * source;
      if (to_source)
        to_source[m1 * STRIDE + row] += slope * value * density;
    }
  return sum;
}

/* [mu][row] of the sum of n_terms; slopes, with the gradients' arrays, are those of the first term. */
static double *plain_target(const product_case *c, int n_terms, double *to_density, double *to_source) {
  double *expected = zeros((2 * c->coupling.target + 1) * c->n_rows);
  for (int32_t mu = 0; mu <= 2 * c->coupling.target; mu++)
    for (int64_t s = 0, row = 0; s < c->product.n_segments; s++)
      for (int64_t k = 0; k < c->segments[s].count; k++, row++)
        for (int t = 0; t < n_terms; t++)
          expected[mu * c->n_rows + row] +=
              plain(c, t, mu, c->segments[s].channel, c->segments[s].start + k,
                    c->target[mu * c->product.target_stride + row], to_density, to_source);
  return expected;
}

static void weigh(const kernel_table *kernels, product_case *c) {
  for (int t = 0; t < 2; t++)
    kernels->weights(&c->coupling, CHANNELS, c->density[t], c->weights[t]);
}

static void check_product(const kernel_table *kernels, product_case *c, int n_terms) {
  const int64_t stride = c->product.target_stride, lines = 2 * c->coupling.target + 1;
  double *expected = plain_target(c, n_terms, NULL, NULL), *found = aligned_space(8 * (lines * stride + 8));
  kernels->product(&c->product, n_terms, (const double *const *)c->weights, (const double *const *)c->sources, found);
  for (int64_t line = 0; line < lines; line++)
    assert_close(kernels->name, c->n_rows, found + line * stride, expected + line * c->n_rows, 1e-13);
  free(found);
  free(expected);
}

/* Nothing is written beyond the room. */
static void check_scalar(const kernel_table *kernels, product_case *c, int n_terms, int64_t more) {
  double *expected = plain_target(c, n_terms, NULL, NULL), *found = zeros(c->n_rows + 16);
  for (int64_t k = 0; k < c->n_rows; k++)
    expected[k] *= c->factors[k];
  for (int64_t k = c->n_rows + more; k < c->n_rows + 16; k++)
    found[k] = 7;
  kernels->scalar_product(&c->product, n_terms, (const double *const *)c->weights, (const double *const *)c->sources,
                          c->factors, c->n_rows + more, found);
  assert_close(kernels->name, c->n_rows, found, expected, 1e-13);
  for (int64_t k = c->n_rows + more; k < c->n_rows + 16; k++)
    assert_true(found[k] == 7);
  free(found);
  free(expected);
}

static void check_adjoint(const kernel_table *kernels, product_case *c) {
  const int64_t n_density = (2 * c->coupling.l + 1) * CHANNELS, n_source = (2 * c->coupling.source + 1) * STRIDE;
  const int64_t n_weights = (2 * c->coupling.source + 1) * (2 * c->coupling.target + 1) * CHANNELS + 8;
  double *expected[2] = {zeros(n_density), zeros(n_source)};
  double *to_weights = aligned_space(8 * n_weights), *to_density = aligned_space(8 * n_density);
  double *to_source = aligned_space(8 * (n_source + 8));
  memset(to_weights, 0, (size_t)(8 * n_weights));
  memset(to_density, 0, (size_t)(8 * n_density));
  memset(to_source, 0, (size_t)(8 * (n_source + 8)));
  free(plain_target(c, 1, expected[0], expected[1]));
  kernels->product_adjoint(&c->product, c->weights[0], c->sources[0], c->target, to_weights, to_source);
  kernels->weights_adjoint(&c->coupling, CHANNELS, to_weights, to_density);
  assert_close(kernels->name, n_density, to_density, expected[0], 1e-13);
  assert_close(kernels->name, n_source, to_source, expected[1], 1e-13);
  free(to_weights);
  free(to_density);
  free(to_source);
  free(expected[0]);
  free(expected[1]);
}

/* A second term in some channels only: outside of them its weights would have been zero. */
static void check_second(const kernel_table *kernels, product_case *c) {
  for (int32_t m = 0; m <= 2 * c->coupling.l; m++)
    for (int32_t channel = 0; channel < CHANNELS; channel++)
      if (channel < 9 || channel >= 11)
        c->density[1][m * CHANNELS + channel] = 0;
  weigh(kernels, c);
  c->product.first_second = 9;
  c->product.end_second = 11;
  check_product(kernels, c, 2);
}

static void check_set(const kernel_table *kernels) {
  static const int32_t degrees[][3] = {{0, 0, 0}, {1, 1, 1}, {3, 3, 0}, {6, 6, 0},  {2, 3, 4},
                                       {5, 2, 4}, {4, 6, 9}, {9, 4, 5}, {12, 1, 12}};
  for (size_t k = 0; k < sizeof degrees / sizeof *degrees; k++) {
    product_case c;
    start(&c, degrees[k][0], degrees[k][1], degrees[k][2], k + 1);
    weigh(kernels, &c);
    for (int n_terms = 1; n_terms <= 2; n_terms++) {
      check_product(kernels, &c, n_terms);
      for (int64_t more = 0; degrees[k][2] == 0 && more < 9; more += 3)
        check_scalar(kernels, &c, n_terms, more);
    }
    check_adjoint(kernels, &c);
    check_second(kernels, &c);
    end(&c);
  }
}

static void all_sets(void **state) {
  (void)state;
  char names[100], *rest = names;
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest))
    check_set(kernels_find(set));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_sets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
