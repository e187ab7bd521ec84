/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds with rows of tags on one environment, for every choice of rows that
 * they offer. */
#ifndef TERNION_TEST_TRIPLET_CASES_H
#define TERNION_TEST_TRIPLET_CASES_H

#include "described.h"

typedef struct triplet_case {
  const descriptor_kind *kind;
  tern_options *options;
  void *state, *scratch;
  environment around;
  int64_t rows, features;
} triplet_case;

/* Six neighbours of three species, one near the cutoff 3 and two on a line with
 * the centre. */
static const double triplet_vectors[6][3] = {{0.9, 0.3, -0.6},  {-0.4, 1.2, 0.7}, {-1.8, -0.6, 1.2},
                                             {1.1, -1.9, -0.9}, {0.2, 0.1, 1.3},  {-2.2, 1.3, -1.2}};
static const int32_t triplet_species[6] = {0, 1, 2, 0, 2, 1};

static inline void triplet_case_start(triplet_case *c, const char *kind, const char *const *settings) {
  static const int32_t numbers[3] = {1, 6, 8};
  c->options = described_options(settings);
  ASSERT_SUCCESS(kind_choose(descriptor_kind_find(kind), c->options, &c->kind));
  ASSERT_SUCCESS(kind_create(c->kind, &c->state, c->options, 3, numbers));
  c->around = (environment){6, triplet_vectors[0], triplet_species, 1};
  c->features = c->kind->features(c->state);
  c->scratch = aligned_space(c->kind->scratch(c->state, 6));
}

static inline void triplet_case_end(triplet_case *c) {
  kind_destroy(c->kind, c->state);
  options_free(c->options);
  free(c->scratch);
}

/* Values of the environment with these vectors; caller frees. */
static inline double *triplet_case_values(triplet_case *c, const double *vectors) {
  c->around.vectors = vectors;
  c->rows = c->kind->rows == NULL ? 1 : c->kind->rows(c->state, &c->around);
  double *values = zeros(c->rows * c->features);
  ASSERT_SUCCESS(c->kind->forward(c->state, &c->around, c->scratch, values));
  return values;
}

static inline double *triplet_moved(int64_t n, const double *vectors, const double *direction, double step) {
  double *moved = zeros(3 * n);
  for (int64_t k = 0; k < 3 * n; k++)
    moved[k] = vectors[k] + step * direction[k];
  return moved;
}

/* Central difference of the values; caller frees. */
static inline double *triplet_difference(triplet_case *c, const double *vectors, const double *direction, double step) {
  double *up = triplet_moved(c->around.n_neighbours, vectors, direction, step);
  double *down = triplet_moved(c->around.n_neighbours, vectors, direction, -step);
  double *difference = triplet_case_values(c, up), *below = triplet_case_values(c, down);
  for (int64_t k = 0; k < c->rows * c->features; k++)
    difference[k] = (difference[k] - below[k]) / (2 * step);
  free(up);
  free(down);
  free(below);
  return difference;
}

/* Jacobian, pushforward and backward against each other (1e-11), pushforward
 * against finite differences (1e-6). */
static inline void triplet_case_derivatives(triplet_case *c, const double *vectors) {
  const int64_t n = c->around.n_neighbours;
  double *values = triplet_case_values(c, vectors);
  const int64_t count = c->rows * c->features;
  double *jacobian = zeros(count * n * 3), *direction = described_random(3 * n, 5),
         *weights = described_random(count, 9);
  double *pushed = zeros(count), *gradient = zeros(3 * n), *expected = zeros(count), *expected_gradient = zeros(3 * n);
  ASSERT_SUCCESS(c->kind->backward(c->state, &c->around, c->scratch, weights, gradient));
  ASSERT_SUCCESS(c->kind->jacobian(c->state, &c->around, c->scratch, jacobian));
  ASSERT_SUCCESS(c->kind->pushforward(c->state, &c->around, c->scratch, direction, pushed));
  for (int64_t r = 0; r < c->rows; r++)
    for (int64_t k = 0; k < 3 * n; k++)
      for (int64_t f = 0; f < c->features; f++) {
        const double slope = jacobian[(r * 3 * n + k) * c->features + f];
        expected[r * c->features + f] += slope * direction[k];
        expected_gradient[k] += slope * weights[r * c->features + f];
      }
  assert_close("pushforward", count, pushed, expected, 1e-11);
  assert_close("backward", 3 * n, gradient, expected_gradient, 1e-11);
  double *difference = triplet_difference(c, vectors, direction, 1e-5);
  assert_close("finite differences", count, pushed, difference, 1e-6);
  free(values);
  free(jacobian);
  free(direction);
  free(weights);
  free(pushed);
  free(gradient);
  free(expected);
  free(expected_gradient);
  free(difference);
}

#endif
