/* SPDX-License-Identifier: BSD-3-Clause */
/* Derivatives of triplets: the vector to a tag acts through the density and
 * through the tag's own functions. */
#include <string.h>

#include "triplet/triplets.h"

static void clear(double *values, int64_t count) { memset(values, 0, (size_t)count * sizeof *values); }

static double dot(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Weights of the tags' functions to their vectors. */
static void tags_adjoint(const triplets_state *state, const triplets_scratch *scratch, double *gradient) {
  const density_basis *basis = state->basis;
  for (int64_t t = 0; t < scratch->n_tags; t++) {
    const triplets_tag *tag = &scratch->tags[t];
    if (tag->neighbour < 0)
      continue;
    const double along = dot(basis->radial_size, tag->radial_change, tag->slope);
    for (int a = 0; a < 3; a++)
      gradient[3 * tag->neighbour + a] +=
          along * tag->unit[a] + dot(basis->n_harmonics, tag->harmonics_change, tag->gradient + a * basis->n_harmonics);
  }
}

static void rows_adjoint(const triplets_state *state, triplets_scratch *scratch, const double *weights) {
  const density_basis *basis = state->basis;
  for (int64_t t = 0; t < scratch->n_tags; t++) {
    triplets_tag *first = &scratch->tags[t];
    clear(scratch->folded_change, basis->n_species * state->coupling->n_rows * basis->n_padded);
    triplets_fold(state, scratch, first);
    for (int64_t u = 0; u < scratch->n_seconds; u++)
      if (triplets_has_row(state, t, u)) {
        triplets_row_adjoint(state, scratch, first, &scratch->seconds[u], 0, weights);
        weights += state->features;
      }
    triplets_fold_adjoint(state, scratch, first);
  }
}

int32_t triplets_backward(const void *state, const environment *environment, void *memory, const double *weights,
                          double *gradient) {
  const triplets_state *s = state;
  triplets_scratch scratch;
  triplets_reopen(s, environment, memory, &scratch);
  triplets_differentiate(s, &scratch);
  clear(gradient, 3 * environment->n_neighbours);
  clear(scratch.change, s->basis->size);
  if (s->sum_tags)
    triplets_sum_adjoint(s, &scratch, weights, gradient);
  else
    rows_adjoint(s, &scratch, weights);
  density_adjoint(s->basis, scratch.expansion, scratch.change, gradient);
  tags_adjoint(s, &scratch, gradient);
  return TERN_SUCCESS;
}

int32_t triplets_pushforward(const void *state, const environment *environment, void *memory, const double *directions,
                             double *derivative) {
  const triplets_state *s = state;
  triplets_scratch scratch;
  triplets_reopen(s, environment, memory, &scratch);
  triplets_differentiate(s, &scratch);
  density_tangent(s->basis, scratch.expansion, directions, scratch.change);
  for (int64_t t = 0; t < scratch.n_tags; t++)
    if (scratch.tags[t].neighbour >= 0)
      triplets_move(s, &scratch.tags[t], directions + 3 * scratch.tags[t].neighbour);
  if (s->sum_tags) {
    triplets_sum_change(s, &scratch, derivative);
    return TERN_SUCCESS;
  }
  for (int64_t t = 0; t < scratch.n_tags; t++) {
    triplets_fold(s, &scratch, &scratch.tags[t]);
    triplets_fold_change(s, &scratch, &scratch.tags[t]);
    for (int64_t u = 0; u < scratch.n_seconds; u++)
      if (triplets_has_row(s, t, u)) {
        triplets_row_change(s, &scratch, &scratch.tags[t], &scratch.seconds[u], 0, derivative);
        derivative += s->features;
      }
  }
  return TERN_SUCCESS;
}

/* ---- Jacobian ---- */

/* The density's derivative along one axis of one neighbour's vector, which lies in its own channel. */
static void neighbour_change(const triplets_state *state, const environment *environment, triplets_scratch *scratch,
                             int64_t neighbour, int axis) {
  const density_basis *basis = state->basis;
  double *change = scratch->change + environment->species[neighbour] * basis->channel_size;
  scratch->changed = environment->species[neighbour];
  memset(change, 0, (size_t)basis->channel_size * sizeof(double));
  density_add_slope(basis, scratch->expansion, scratch->expansion->place[neighbour], axis, 1, basis->n_padded, change);
}

/* The rows of one first tag (any, for sums) along the change at hand. */
static void jacobian_rows(const triplets_state *state, triplets_scratch *scratch, int64_t first, int64_t stride,
                          double *jacobian) {
  if (state->sum_tags) {
    triplets_sum_change(state, scratch, jacobian);
    return;
  }
  triplets_fold_change(state, scratch, &scratch->tags[first]);
  for (int64_t u = 0; u < scratch->n_seconds; u++)
    if (triplets_has_row(state, first, u)) {
      triplets_row_change(state, scratch, &scratch->tags[first], &scratch->seconds[u], 0, jacobian);
      jacobian += stride;
    }
}

static void jacobian_first(const triplets_state *state, const environment *environment, triplets_scratch *scratch,
                           int64_t first, double *jacobian) {
  static const double still[3] = {0, 0, 0};
  const int64_t stride = environment->n_neighbours * 3 * state->features; /* from row to row */
  int64_t tag = state->center_tags;
  for (int64_t neighbour = 0; neighbour < environment->n_neighbours; neighbour++) {
    const bool is_tag = tag < scratch->n_tags && scratch->tags[tag].neighbour == neighbour;
    for (int axis = 0; axis < 3; axis++, jacobian += state->features) {
      const double move[3] = {axis == 0, axis == 1, axis == 2};
      neighbour_change(state, environment, scratch, neighbour, axis);
      if (is_tag)
        triplets_move(state, &scratch->tags[tag], move);
      jacobian_rows(state, scratch, first, stride, jacobian);
    }
    if (is_tag)
      triplets_move(state, &scratch->tags[tag++], still);
  }
}

int32_t triplets_jacobian(const void *state, const environment *environment, void *memory, double *jacobian) {
  const triplets_state *s = state;
  triplets_scratch scratch;
  triplets_reopen(s, environment, memory, &scratch);
  triplets_differentiate(s, &scratch);
  if (s->sum_tags) {
    jacobian_first(s, environment, &scratch, 0, jacobian);
    return TERN_SUCCESS;
  }
  for (int64_t t = 0; t < scratch.n_tags; t++) {
    const int64_t rows = scratch.n_seconds - !triplets_has_row(s, t, t);
    triplets_fold(s, &scratch, &scratch.tags[t]);
    jacobian_first(s, environment, &scratch, t, jacobian);
    jacobian += rows * environment->n_neighbours * 3 * s->features;
  }
  return TERN_SUCCESS;
}
