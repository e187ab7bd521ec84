/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/fade.h"

#include <math.h>

#include "model/baseline.h"
#include "model/switch.h"

void fade_open(fade *fade, const zbl *zbl, const tern_descriptor *descriptor) {
  fade->zbl = zbl;
  for (int32_t k = 0; zbl != NULL && k < descriptor->n_species; k++)
    fade->places[k] = baseline_index(zbl->n_species, zbl->species, descriptor->species[k]);
}

static const zbl_pair *pair_of(const fade *fade, const environment *environment, int64_t neighbour) {
  const int64_t a = fade->places[environment->center_species], b = fade->places[environment->species[neighbour]];
  return a < 0 || b < 0 ? NULL : &fade->zbl->pairs[a * fade->zbl->n_species + b];
}

/* What one neighbour leaves of the fitted part, and its derivative with respect to the distance r. */
static double left_by(const fade *fade, const environment *environment, int64_t neighbour, double *r, double *slope) {
  const zbl_pair *pair = pair_of(fade, environment, neighbour);
  const double *v = environment->vectors + 3 * neighbour, square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
  *slope = 0;
  if (pair == NULL || square >= pair->far * pair->far)
    return 1;
  *r = sqrt(square);
  return switch_off(*r, pair->far, pair->near, slope);
}

double fade_factor(const fade *fade, const environment *environment) {
  double factor = 1, r, slope;
  for (int64_t k = 0; fade->zbl != NULL && k < environment->n_neighbours; k++)
    factor *= left_by(fade, environment, k, &r, &slope);
  return factor;
}

void fade_apply(const fade *fade, const environment *environment, double factor, double constant, double *energy,
                double *gradient) {
  const double difference = *energy - constant;
  *energy = constant + factor * difference;
  for (int64_t k = 0; gradient != NULL && k < environment->n_neighbours; k++) {
    double r = 1, slope;
    const double left = left_by(fade, environment, k, &r, &slope);
    const double along = left > 0 ? difference * factor / left * slope / r : 0;
    for (int axis = 0; axis < 3; axis++)
      gradient[3 * k + axis] = factor * gradient[3 * k + axis] + along * environment->vectors[3 * k + axis];
  }
}

double fade_constant(const fade *fade, int32_t species) {
  return fade->places[species] < 0 ? 0 : fade->zbl->highest[fade->places[species]];
}
