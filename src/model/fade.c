/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/fade.h"

#include <math.h>

#include "core/error.h"
#include "model/baseline.h"
#include "model/switch.h"
#include "system/neighbours.h"

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

/* What one neighbour adds to the crowding c, likewise. */
static double crowding_by(const fade *fade, const environment *environment, int64_t neighbour, double *r,
                          double *slope) {
  const zbl_pair *pair = pair_of(fade, environment, neighbour);
  const double *v = environment->vectors + 3 * neighbour, square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
  *slope = 0;
  if (pair == NULL || square >= pair->reach * pair->reach)
    return 0;
  *r = sqrt(square);
  return zbl_crowding(pair, *r, slope);
}

/* The switch of (crowded / c)^(1/6). */
static void add_crowd(const zbl *zbl, int64_t place, double c, fading *fading) {
  const double crowded = place < 0 ? 0 : zbl->crowded[place];
  if (crowded <= 0 || c <= crowded || zbl->fade_outer <= 0)
    return;
  const double ratio = pow(crowded / c, 1.0 / 6);
  fading->crowd = switch_off(ratio, zbl->fade_outer, zbl->fade_inner, &fading->slope);
  fading->slope *= -ratio / (6 * c);
}

fading fade_of(const fade *fade, const environment *environment) {
  fading made = {.factor = 1, .pairs = 1, .crowd = 1};
  double c = 0, r = 1, slope;
  if (fade->zbl == NULL)
    return made;
  for (int64_t k = 0; k < environment->n_neighbours; k++) {
    made.pairs *= left_by(fade, environment, k, &r, &slope);
    c += crowding_by(fade, environment, k, &r, &slope);
  }
  add_crowd(fade->zbl, fade->places[environment->center_species], c, &made);
  made.factor = made.pairs * made.crowd;
  return made;
}

void fade_apply(const fade *fade, const environment *environment, const fading *fading, double constant, double *energy,
                double *gradient) {
  const double difference = *energy - constant;
  *energy = constant + fading->factor * difference;
  for (int64_t k = 0; gradient != NULL && k < environment->n_neighbours; k++) {
    double r = 1, slope, crowding_slope;
    const double left = left_by(fade, environment, k, &r, &slope);
    crowding_by(fade, environment, k, &r, &crowding_slope);
    const double by_pair = left > 0 ? fading->factor / left * slope : 0;
    const double along = difference * (by_pair + fading->pairs * fading->slope * crowding_slope) / r;
    for (int axis = 0; axis < 3; axis++)
      gradient[3 * k + axis] = fading->factor * gradient[3 * k + axis] + along * environment->vectors[3 * k + axis];
  }
}

double fade_constant(const fade *fade, int32_t species) {
  return fade->places[species] < 0 ? 0 : fade->zbl->highest[fade->places[species]];
}

/* ---- the data ---- */

static int32_t meet_frame(zbl *zbl, run *run, const tern_system *system, double reach) {
  neighbours list = {0};
  TRY(neighbours_build(run, system, reach, 0, NULL, &list));
  for (int64_t center = 0; center < list.n_centers; center++) {
    const int64_t own = baseline_index(zbl->n_species, zbl->species, system->species[center]);
    double c = 0, slope;
    for (int64_t k = list.first[center]; k < list.first[center + 1]; k++) {
      const int64_t other = baseline_index(zbl->n_species, zbl->species, system->species[list.atom[k]]);
      const double *v = list.vectors + 3 * k, r = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      c += zbl_crowding(&zbl->pairs[own * zbl->n_species + other], r, &slope);
    }
    zbl->crowded[own] = fmax(zbl->crowded[own], c * (1 + 1e-12)); /* sums in another order round otherwise */
  }
  neighbours_free(run, &list);
  return TERN_SUCCESS;
}

int32_t fade_meet_data(zbl *zbl, run *run, const tern_dataset *dataset) {
  double reach = 0;
  for (int64_t k = 0; k < zbl->n_species * zbl->n_species; k++)
    reach = fmax(reach, zbl->pairs[k].reach);
  for (int64_t index = 0; reach > 0 && index < dataset->size; index++)
    TRY(dataset_name_failure(dataset, index, meet_frame(zbl, run, dataset->frames[index]->system, reach)));
  return TERN_SUCCESS;
}
