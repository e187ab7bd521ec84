/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over all pairs of tags: one channel of the density after the other, with
 * the density of the tags twice. */
#include <string.h>

#include "triplet/triplets.h"

static kernel_shape shape_of(const density_basis *basis) {
  return (kernel_shape){basis->n_max, basis->n_padded, basis->l_max};
}

static void clear(double *values, int64_t count) { memset(values, 0, (size_t)count * sizeof *values); }

static int64_t total_size(const density_basis *basis) { return (int64_t)basis->n_harmonics * basis->n_padded; }

/* The density of the tags, or its change. */
static void sum_tags(const triplets_state *state, triplets_scratch *scratch, bool change) {
  const density_basis *basis = state->basis;
  double *total = change ? scratch->total_change : scratch->total;
  clear(total, total_size(basis));
  for (int64_t t = 0; t < scratch->n_tags; t++) {
    const triplets_tag *tag = &scratch->tags[t];
    if (!change)
      basis->kernels->expand(shape_of(basis), 1, tag->harmonics, 1, tag->radial, total);
    else if (triplets_moves(tag)) {
      basis->kernels->expand(shape_of(basis), 1, tag->harmonics, 1, tag->radial_change, total);
      basis->kernels->expand(shape_of(basis), 1, tag->harmonics_change, 1, tag->radial, total);
    }
  }
}

/* The density of a channel over lm. */
static void take_channel(const density_basis *basis, const double *density, int64_t species, int64_t n,
                         double *channel) {
  for (int64_t lm = 0; lm < basis->n_harmonics; lm++)
    channel[lm] = density[species * basis->channel_size + lm * basis->n_padded + n];
}

/* One channel with the first density of the tags. */
static void couple_channel(const triplets_state *state, const double *channel, const double *first, double *coupled) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  clear(coupled, c->n_rows * basis->n_padded);
  basis->kernels->couple(c->n_rows, basis->n_padded, c->first, c->by_density, channel, first, coupled);
}

/* values += the product of the three; `only` species, or all (-1). */
static void add_product(const triplets_state *state, triplets_scratch *scratch, const double *density, int32_t only,
                        const double *first, const double *second, double *values) {
  const density_basis *basis = state->basis;
  const int64_t matrix = state->shape.width, step = basis->n_species * basis->n_max * matrix;
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t n = 0; n < basis->n_max && (only < 0 || only == a); n++) {
      take_channel(basis, density, a, n, scratch->channel);
      couple_channel(state, scratch->channel, first, scratch->coupled);
      basis->kernels->triplet_sum(&state->shape, scratch->coupled, second, step,
                                  values + (a * basis->n_max + n) * matrix);
    }
}

static const double *second_density(const triplets_state *state, const triplets_scratch *scratch) {
  return state->one_tag ? scratch->constant : scratch->total;
}

void triplets_sum(const triplets_state *state, triplets_scratch *scratch, double *values) {
  clear(values, state->features);
  sum_tags(state, scratch, false);
  add_product(state, scratch, scratch->expansion->coefficients, -1, scratch->total, second_density(state, scratch),
              values);
  for (int64_t t = 0; t < scratch->n_tags && triplets_subtracts(state); t++) {
    triplets_fold(state, scratch, &scratch->tags[t]);
    triplets_row(state, scratch, &scratch->tags[t], &scratch->tags[t], -1, values);
  }
}

static bool any_moves(const triplets_scratch *scratch) {
  for (int64_t t = 0; t < scratch->n_tags; t++)
    if (triplets_moves(&scratch->tags[t]))
      return true;
  return false;
}

void triplets_sum_change(const triplets_state *state, triplets_scratch *scratch, double *values) {
  const double *density = scratch->expansion->coefficients, *second = second_density(state, scratch);
  clear(values, state->features);
  sum_tags(state, scratch, false);
  add_product(state, scratch, scratch->change, scratch->changed, scratch->total, second, values);
  if (any_moves(scratch)) {
    sum_tags(state, scratch, true);
    add_product(state, scratch, density, -1, scratch->total_change, second, values);
    if (!state->one_tag)
      add_product(state, scratch, density, -1, scratch->total, scratch->total_change, values);
  }
  for (int64_t t = 0; t < scratch->n_tags && triplets_subtracts(state); t++) {
    const triplets_tag *tag = &scratch->tags[t];
    triplets_fold(state, scratch, tag);
    triplets_fold_change(state, scratch, tag);
    triplets_row_change(state, scratch, tag, tag, -1, values);
  }
}

/* Weights of the density of the tags, total_change, to the tags' vectors. */
static void total_adjoint(const triplets_state *state, triplets_scratch *scratch, double *gradient) {
  const density_basis *basis = state->basis;
  for (int64_t t = 0; t < scratch->n_tags; t++) {
    const triplets_tag *tag = &scratch->tags[t];
    double slope[3];
    if (tag->neighbour < 0)
      continue;
    basis->kernels->adjoint(shape_of(basis), 1, 1, tag->unit, tag->harmonics, tag->gradient, tag->radial, tag->slope,
                            scratch->total_change, slope);
    for (int a = 0; a < 3; a++)
      gradient[3 * tag->neighbour + a] += slope[a];
  }
}

/* One channel's weights to its density, and to the density of the tags. */
static void channel_adjoint(const triplets_state *state, triplets_scratch *scratch, int64_t species, int64_t n,
                            const double *weights) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  const int64_t matrix = state->shape.width, step = basis->n_species * basis->n_max * matrix;
  double *change = scratch->change + species * basis->channel_size;
  take_channel(basis, scratch->expansion->coefficients, species, n, scratch->channel);
  couple_channel(state, scratch->channel, scratch->total, scratch->coupled);
  clear(scratch->coupled_change, c->n_rows * basis->n_padded);
  clear(scratch->channel_change, basis->n_harmonics);
  basis->kernels->triplet_sum_adjoint(&state->shape, scratch->coupled, second_density(state, scratch), step,
                                      weights + (species * basis->n_max + n) * matrix, scratch->coupled_change,
                                      state->one_tag ? scratch->constant_change : scratch->total_change);
  basis->kernels->couple_adjoint(c->n_rows, basis->n_padded, c->first, c->by_density, scratch->channel, scratch->total,
                                 scratch->coupled_change, scratch->channel_change, scratch->total_change);
  for (int64_t lm = 0; lm < basis->n_harmonics; lm++)
    change[lm * basis->n_padded + n] += scratch->channel_change[lm];
}

void triplets_sum_adjoint(const triplets_state *state, triplets_scratch *scratch, const double *weights,
                          double *gradient) {
  const density_basis *basis = state->basis;
  sum_tags(state, scratch, false);
  clear(scratch->total_change, total_size(basis));
  clear(scratch->constant_change, total_size(basis));
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t n = 0; n < basis->n_max; n++)
      channel_adjoint(state, scratch, a, n, weights);
  total_adjoint(state, scratch, gradient);
  for (int64_t t = 0; t < scratch->n_tags && triplets_subtracts(state); t++) {
    triplets_tag *tag = &scratch->tags[t];
    clear(scratch->folded_change, basis->n_species * state->coupling->n_rows * basis->n_padded);
    triplets_fold(state, scratch, tag);
    triplets_row_adjoint(state, scratch, tag, tag, -1, weights);
    triplets_fold_adjoint(state, scratch, tag);
  }
}
