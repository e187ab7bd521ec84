/* SPDX-License-Identifier: BSD-3-Clause */
/* The features of the tags themselves, behind those of the density: R_n0(r1), R_n0(r2), cos theta, and Gaussians of the
   distance between both tags, which follow from these but are what two atoms repel each other by. */
#include <math.h>
#include <string.h>

#include "triplet/frames.h"

/* Of the square of the distance d between the tags, d^2 = r1^2 + r2^2 - 2 r1 r2 cos theta: smooth also at 0. */
static double gaussian(const frames_state *state, int64_t k, double square) {
  return exp(-state->tag_exponents[k] * square);
}

static double distance_of(const frames_scratch *scratch, int64_t tag) {
  return scratch->expansion->distance[scratch->tags[tag].place];
}

static double square_between(const frames_scratch *scratch, int64_t first, int64_t second) {
  const double r1 = distance_of(scratch, first), r2 = distance_of(scratch, second);
  return r1 * r1 + r2 * r2 - 2 * r1 * r2 * scratch->seen[3 * second + 2];
}

static const double *radial_slope(const frames_state *state, const frames_scratch *scratch, int64_t tag) {
  return scratch->expansion->radial_slope + scratch->tags[tag].place * state->basis->radial_size;
}

void frames_tags_values(const frames_state *state, const frames_scratch *scratch, int64_t first, int64_t second,
                        double *values) {
  const int64_t n_max = state->basis->n_max, radial_size = state->basis->radial_size;
  const double *radial = scratch->expansion->radial, square = square_between(scratch, first, second);
  memcpy(values, radial + scratch->tags[first].place * radial_size, (size_t)n_max * sizeof *values);
  memcpy(values + n_max, radial + scratch->tags[second].place * radial_size, (size_t)n_max * sizeof *values);
  values[2 * n_max] = scratch->seen[3 * second + 2];
  for (int64_t k = 0; k < state->tag_gaussians; k++)
    values[2 * n_max + 1 + k] = gaussian(state, k, square);
}

void frames_tags_change(const frames_state *state, const frames_scratch *scratch, int64_t first, int64_t second,
                        double *change) {
  const int64_t n_max = state->basis->n_max;
  const double r1 = distance_of(scratch, first), r2 = distance_of(scratch, second);
  const double dr1 = scratch->distance[first], dr2 = scratch->distance[second];
  const double cosine = scratch->seen[3 * second + 2], turned = scratch->seen_change[3 * second + 2];
  const double square = square_between(scratch, first, second);
  const double square_change = 2 * ((r1 - r2 * cosine) * dr1 + (r2 - r1 * cosine) * dr2 - r1 * r2 * turned);
  for (int64_t n = 0; n < n_max; n++) {
    change[n] = radial_slope(state, scratch, first)[n] * dr1;
    change[n_max + n] = radial_slope(state, scratch, second)[n] * dr2;
  }
  change[2 * n_max] = turned;
  for (int64_t k = 0; k < state->tag_gaussians; k++)
    change[2 * n_max + 1 + k] = -state->tag_exponents[k] * gaussian(state, k, square) * square_change;
}

double frames_tags_backward(const frames_state *state, frames_scratch *scratch, int64_t first, int64_t second,
                            const double *weights) {
  const int64_t n_max = state->basis->n_max;
  const double *slope_1 = radial_slope(state, scratch, first), *slope_2 = radial_slope(state, scratch, second);
  const double r1 = distance_of(scratch, first), r2 = distance_of(scratch, second);
  const double cosine = scratch->seen[3 * second + 2], square = square_between(scratch, first, second);
  double of_square = 0;
  for (int64_t k = 0; k < state->tag_gaussians; k++)
    of_square -= weights[2 * n_max + 1 + k] * state->tag_exponents[k] * gaussian(state, k, square);
  for (int64_t n = 0; n < n_max; n++) {
    scratch->distance[first] += weights[n] * slope_1[n];
    scratch->distance[second] += weights[n_max + n] * slope_2[n];
  }
  scratch->distance[first] += 2 * of_square * (r1 - r2 * cosine);
  scratch->distance[second] += 2 * of_square * (r2 - r1 * cosine);
  return weights[2 * n_max] - 2 * of_square * r1 * r2;
}
