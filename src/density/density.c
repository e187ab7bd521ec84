/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `density`: the coefficients themselves, [species][l][m][n]. */
#include "density/density.h"

#include <stddef.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "density/kind.h"

typedef struct density_state {
  density_basis *basis;
  int32_t *species; /* atomic numbers */
} density_state;

static void clear(void *state) {
  density_state *s = state;
  density_basis_free(s->basis);
  memory_free(NULL, s->species);
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  density_state *s = state;
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  return density_basis_new(&s->basis, options, n_species);
}

static int64_t channel_features(const density_basis *basis) { return (int64_t)basis->n_harmonics * basis->n_max; }

static int64_t features(const void *state) {
  const density_basis *basis = ((const density_state *)state)->basis;
  return channel_features(basis) * basis->n_species;
}

static void label(const void *state, int64_t column, text *label) {
  const density_state *s = state;
  const int64_t width = channel_features(s->basis), n = column % s->basis->n_max, lm = column % width / s->basis->n_max;
  int64_t l = 0;
  while ((l + 1) * (l + 1) <= lm)
    l++;
  text_add(label, "{\"nu\":1,\"parity\":%d,\"species\":%d,\"l\":%d,\"m\":%d,\"n\":%d}", l % 2 ? -1 : 1,
           (int)s->species[column / width], (int)l, (int)(lm - l * l - l), (int)n);
}

/* After the expansion: coefficients as weights or as derivatives. */
static int64_t scratch(const void *state, int64_t n_neighbours) {
  const density_basis *basis = ((const density_state *)state)->basis;
  return density_scratch(basis, n_neighbours) + basis->size * (int64_t)sizeof(double);
}

static double *coefficient_space(const density_basis *basis, const density_expansion *expansion) {
  return (double *)((char *)expansion + density_scratch(basis, expansion->n_neighbours));
}

/* Rows over n without and with padding. */
static void compact(const density_basis *basis, int64_t rows, const double *padded, double *values) {
  for (int64_t row = 0; row < rows; row++)
    for (int32_t n = 0; n < basis->n_max; n++)
      values[row * basis->n_max + n] = padded[row * basis->n_padded + n];
}

static void pad(const density_basis *basis, int64_t rows, const double *values, double *padded) {
  memset(padded, 0, (size_t)(rows * basis->n_padded) * sizeof(double));
  for (int64_t row = 0; row < rows; row++)
    for (int32_t n = 0; n < basis->n_max; n++)
      padded[row * basis->n_padded + n] = values[row * basis->n_max + n];
}

static int64_t rows_of(const density_basis *basis) { return (int64_t)basis->n_species * basis->n_harmonics; }

static int32_t forward(const void *state, const environment *environment, void *scratch, double *values) {
  const density_basis *basis = ((const density_state *)state)->basis;
  const density_expansion *expansion = density_expand(basis, environment, scratch);
  if (values)
    compact(basis, rows_of(basis), expansion->coefficients, values);
  return TERN_SUCCESS;
}

static int32_t backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient) {
  const density_basis *basis = ((const density_state *)state)->basis;
  density_expansion *expansion = scratch;
  double *padded = coefficient_space(basis, expansion);
  pad(basis, rows_of(basis), weights, padded);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  density_adjoint(basis, expansion, padded, gradient);
  return TERN_SUCCESS;
}

static int32_t pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative) {
  const density_basis *basis = ((const density_state *)state)->basis;
  double *padded = coefficient_space(basis, scratch);
  (void)environment;
  density_tangent(basis, scratch, directions, padded);
  compact(basis, rows_of(basis), padded, derivative);
  return TERN_SUCCESS;
}

static int32_t jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  const density_basis *basis = ((const density_state *)state)->basis;
  const int64_t width = channel_features(basis), row = width * basis->n_species;
  density_expansion *expansion = scratch;
  density_differentiate(basis, expansion);
  memset(jacobian, 0, (size_t)(3 * environment->n_neighbours * row) * sizeof(double));
  for (int64_t j = 0; j < environment->n_neighbours; j++)
    for (int axis = 0; axis < 3; axis++)
      density_add_slope(basis, expansion, expansion->place[j], axis, 1, basis->n_max,
                        jacobian + (3 * j + axis) * row + environment->species[j] * width);
  return TERN_SUCCESS;
}

const descriptor_kind density_kind = {
    .name = "density",
    .meaning = "Neighbour density of each centre in radial functions and spherical harmonics",
    .state_size = sizeof(density_state),
    .fill = fill,
    .clear = clear,
    .features = features,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .pushforward = pushforward,
    .jacobian = jacobian,
};
