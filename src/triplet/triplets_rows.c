/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of pairs of tags, their changes and their adjoint. */
#include <string.h>

#include "triplet/triplets.h"

/* Folds every species' density, or the one that changes, with numbers of the
 * first tag. */
static void fold(const triplets_state *state, const double *density, int32_t only, const double *numbers,
                 double *folded) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  for (int32_t a = 0; a < basis->n_species; a++)
    if (only < 0 || only == a)
      basis->kernels->couple(c->n_rows, basis->n_padded, c->first, c->by_direction, numbers,
                             density + a * basis->channel_size, folded + a * c->n_rows * basis->n_padded);
}

static void couple_second(const triplets_state *state, const double *folded, int32_t only, const double *numbers,
                          double *angular) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  for (int32_t a = 0; a < basis->n_species; a++)
    if (only < 0 || only == a)
      basis->kernels->couple(c->count, basis->n_padded, c->second, c->by_second, numbers,
                             folded + a * c->n_rows * basis->n_padded, angular + a * c->count * basis->n_padded);
}

static void clear_folded(const triplets_state *state, double *folded) {
  const int64_t size = state->basis->n_species * state->coupling->n_rows * state->basis->n_padded;
  memset(folded, 0, (size_t)size * sizeof *folded);
}

static int64_t angular_size(const triplets_state *state) {
  return state->basis->n_species * state->coupling->count * state->basis->n_padded;
}

static void clear_angular(const triplets_state *state, double *angular) {
  memset(angular, 0, (size_t)angular_size(state) * sizeof *angular);
}

static void scale_angular(const triplets_state *state, int sign, double *angular) {
  for (int64_t k = 0; k < angular_size(state) && sign < 0; k++)
    angular[k] = -angular[k];
}

static void multiply(const triplets_state *state, const double *a, const double *b, const double *c, const double *d,
                     double *products) {
  const density_basis *basis = state->basis;
  basis->kernels->triplet_products(&state->shape, basis->l_max + 1, state->n_second_l, a, b, c, d, products);
}

void triplets_fold(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first) {
  clear_folded(state, scratch->folded);
  fold(state, scratch->expansion->coefficients, -1, first->harmonics, scratch->folded);
}

/* The angular part and the products of radial functions of a row. */
static void make_factors(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first,
                         const triplets_tag *second, int sign) {
  clear_angular(state, scratch->angular);
  couple_second(state, scratch->folded, -1, second->harmonics, scratch->angular);
  scale_angular(state, sign, scratch->angular);
  multiply(state, first->radial, second->radial, NULL, NULL, scratch->products);
}

void triplets_row(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first,
                  const triplets_tag *second, int sign, double *values) {
  make_factors(state, scratch, first, second, sign);
  if (sign == 0)
    state->basis->kernels->triplet_row(&state->shape, scratch->angular, scratch->products, NULL, NULL,
                                       scratch->past_caches, values);
  else
    state->basis->kernels->triplet_row_add(&state->shape, scratch->angular, scratch->products, values);
}

void triplets_fold_change(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first) {
  clear_folded(state, scratch->folded_change);
  fold(state, scratch->change, scratch->changed, first->harmonics, scratch->folded_change);
  if (triplets_moves(first))
    fold(state, scratch->expansion->coefficients, -1, first->harmonics_change, scratch->folded_change);
}

void triplets_row_change(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first,
                         const triplets_tag *second, int sign, double *values) {
  const kernel_table *kernels = state->basis->kernels;
  const bool moves = triplets_moves(first) || triplets_moves(second);
  make_factors(state, scratch, first, second, sign);
  clear_angular(state, scratch->angular_change);
  couple_second(state, scratch->folded_change, moves ? -1 : scratch->changed, second->harmonics,
                scratch->angular_change);
  if (triplets_moves(second))
    couple_second(state, scratch->folded, -1, second->harmonics_change, scratch->angular_change);
  scale_angular(state, sign, scratch->angular_change);
  if (moves)
    multiply(state, first->radial_change, second->radial, first->radial, second->radial_change,
             scratch->products_change);
  if (sign == 0)
    kernels->triplet_row(&state->shape, scratch->angular_change, scratch->products, moves ? scratch->angular : NULL,
                         scratch->products_change, scratch->past_caches, values);
  else {
    kernels->triplet_row_add(&state->shape, scratch->angular_change, scratch->products, values);
    if (moves)
      kernels->triplet_row_add(&state->shape, scratch->angular, scratch->products_change, values);
  }
}

void triplets_row_adjoint(const triplets_state *state, triplets_scratch *scratch, triplets_tag *first,
                          triplets_tag *second, int sign, const double *weights) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  const int64_t products = (basis->l_max + 1) * state->n_second_l * state->shape.stride;
  make_factors(state, scratch, first, second, sign);
  memset(scratch->products_change, 0, (size_t)products * sizeof(double));
  clear_angular(state, scratch->angular_change);
  basis->kernels->triplet_row_adjoint(&state->shape, scratch->angular, scratch->products, weights,
                                      scratch->angular_change, scratch->products_change);
  scale_angular(state, sign, scratch->angular_change);
  basis->kernels->triplet_products_adjoint(&state->shape, basis->l_max + 1, state->n_second_l, first->radial,
                                           second->radial, scratch->products_change, first->radial_change,
                                           second->radial_change);
  for (int32_t a = 0; a < basis->n_species; a++) {
    const int64_t row = a * c->n_rows * basis->n_padded, block = a * c->count * basis->n_padded;
    basis->kernels->couple_adjoint(c->count, basis->n_padded, c->second, c->by_second, second->harmonics,
                                   scratch->folded + row, scratch->angular_change + block, second->harmonics_change,
                                   scratch->folded_change + row);
  }
}

void triplets_fold_adjoint(const triplets_state *state, triplets_scratch *scratch, triplets_tag *first) {
  const density_basis *basis = state->basis;
  const coupling *c = state->coupling;
  for (int32_t a = 0; a < basis->n_species; a++)
    basis->kernels->couple_adjoint(c->n_rows, basis->n_padded, c->first, c->by_direction, first->harmonics,
                                   scratch->expansion->coefficients + a * basis->channel_size,
                                   scratch->folded_change + a * c->n_rows * basis->n_padded, first->harmonics_change,
                                   scratch->change + a * basis->channel_size);
}
