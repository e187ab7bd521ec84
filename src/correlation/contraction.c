/* SPDX-License-Identifier: BSD-3-Clause */
/* Which blocks there are, which products they are made of, and the arrays that hold them. */
#include "correlation/contraction.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/clebsch_gordan.h"

static int64_t padded(int64_t count) { return (count + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK; }

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* ---- couplings ---- */

static void coupling_free(contraction_coupling *coupling) {
  memory_free(NULL, coupling->start);
  memory_free(NULL, coupling->source);
  memory_free(NULL, coupling->first);
  memory_free(NULL, coupling->density);
  memory_free(NULL, coupling->values);
}

/* Collects the entries of coefficients [2 from + 1][2 l + 1][2 lambda + 1] by rows of lambda. */
static void coupling_collect(const double *coefficients, contraction_coupling *c) {
  const int32_t n_from = 2 * c->from + 1, n_l = 2 * c->l + 1, n_lambda = 2 * c->lambda + 1;
  int32_t entries = 0;
  c->n_pairs = 0;
  for (int32_t m = 0; m < n_lambda; m++) {
    c->start[m] = c->n_pairs;
    for (int32_t m1 = 0; m1 < n_from; m1++) {
      const int32_t before = entries;
      for (int32_t m2 = 0; m2 < n_l; m2++) {
        const double value = coefficients[(m1 * n_l + m2) * n_lambda + m];
        if (fabs(value) < 1e-14)
          continue;
        c->density[entries] = c->l * c->l + m2;
        c->values[entries++] = value;
      }
      if (entries == before)
        continue;
      c->source[c->n_pairs] = m1;
      c->first[c->n_pairs++] = before;
    }
  }
  c->start[n_lambda] = c->n_pairs;
  c->first[c->n_pairs] = entries;
}

static int32_t coupling_new(int32_t from, int32_t l, int32_t lambda, contraction_coupling *c) {
  const int64_t pairs = (int64_t)(2 * from + 1) * (2 * lambda + 1), most = 2 * pairs; /* |m2| = ||m1| +- |m|| */
  double *coefficients = NULL;
  *c = (contraction_coupling){.from = from, .l = l, .lambda = lambda};
  TRY(MEMORY_NEW(NULL, &c->start, 2 * lambda + 2, "couplings"));
  TRY(MEMORY_NEW(NULL, &c->source, pairs, "couplings"));
  TRY(MEMORY_NEW(NULL, &c->first, pairs + 1, "couplings"));
  TRY(MEMORY_NEW(NULL, &c->density, most, "couplings"));
  TRY(MEMORY_NEW(NULL, &c->values, most, "couplings"));
  TRY(clebsch_gordan_new(from, l, lambda, &coefficients));
  coupling_collect(coefficients, c);
  memory_free(NULL, coefficients);
  return TERN_SUCCESS;
}

static const contraction_coupling *coupling_find(const contraction *c, int32_t from, int32_t l, int32_t lambda) {
  for (int32_t k = 0; k < c->n_couplings; k++)
    if (c->couplings[k].from == from && c->couplings[k].l == l && c->couplings[k].lambda == lambda)
      return &c->couplings[k];
  return NULL;
}

/* ---- blocks ---- */

/* Degrees beyond this cannot come down to an output any more. */
static int32_t lambda_bound(const contraction_shape *shape, int32_t nu) {
  return least(nu * shape->l_max, (shape->nu_max - nu) * shape->l_max + shape->lambda_max);
}

bool contraction_is_output(const contraction_shape *shape, int32_t nu, const contraction_block *block) {
  return nu >= shape->nu_min && block->lambda <= shape->lambda_max && (block->sigma > 0 || shape->both_parities);
}

/* Does (from, sigma_from) of order nu - 1 times l give (lambda, sigma)? Of the two orders of equal factors one is
   enough: with sqrt 2 it has the second moments of both. */
static bool couples(int32_t nu, const contraction_block *from, int32_t l, int32_t lambda, int32_t sigma) {
  const int32_t sign = (from->lambda + l + lambda) % 2 ? -1 : 1;
  if (nu == 2 && from->lambda > l)
    return false;
  return lambda >= abs(from->lambda - l) && lambda <= from->lambda + l && sigma == from->sigma * sign;
}

static int32_t add_term(contraction *c, int32_t nu, int32_t from, int32_t l, contraction_block *block) {
  const contraction_block *before = &c->orders[nu - 1].blocks[from];
  const contraction_coupling *coupling = coupling_find(c, before->lambda, l, block->lambda);
  if (coupling == NULL) {
    contraction_coupling *fresh = &c->couplings[c->n_couplings++];
    coupling = fresh;
    TRY(coupling_new(before->lambda, l, block->lambda, fresh));
    c->most_pairs = fresh->n_pairs > c->most_pairs ? fresh->n_pairs : c->most_pairs;
  }
  block->terms[block->n_terms++] =
      (contraction_term){.block = from, .coupling = coupling, .factor = nu == 2 && before->lambda < l ? sqrt(2) : 1};
  return TERN_SUCCESS;
}

/* Counts the terms of a block, and makes them when asked to. */
static int32_t make_terms(contraction *c, int32_t nu, contraction_block *block, bool make, int32_t *count) {
  *count = 0;
  for (int32_t from = 0; from < c->orders[nu - 1].n_blocks; from++)
    for (int32_t l = 0; l <= c->shape.l_max; l++) {
      if (!couples(nu, &c->orders[nu - 1].blocks[from], l, block->lambda, block->sigma))
        continue;
      ++*count;
      if (make)
        TRY(add_term(c, nu, from, l, block));
    }
  return TERN_SUCCESS;
}

/* Blocks by (lambda, sigma = +1 then -1), those without a term left out. */
static int32_t make_order(contraction *c, int32_t nu) {
  contraction_order *order = &c->orders[nu];
  const int32_t bound = lambda_bound(&c->shape, nu);
  TRY(MEMORY_NEW(NULL, &order->blocks, 2 * (bound + 1), "blocks of a contraction"));
  for (int32_t lambda = 0; lambda <= bound; lambda++)
    for (int32_t sigma = 1; sigma >= -1; sigma -= 2) {
      contraction_block *block = &order->blocks[order->n_blocks];
      int32_t count;
      *block = (contraction_block){.lambda = lambda, .sigma = sigma};
      TRY(make_terms(c, nu, block, false, &count));
      if (count == 0)
        continue;
      order->n_blocks++;
      TRY(MEMORY_NEW(NULL, &block->terms, count, "products of a contraction"));
      TRY(make_terms(c, nu, block, true, &count));
    }
  c->most_lambda = bound > c->most_lambda ? bound : c->most_lambda;
  return MEMORY_NEW(NULL, &order->counts, order->n_blocks, "blocks of a contraction");
}

/* The density as order 1. */
static int32_t make_density(contraction *c) {
  contraction_order *order = &c->orders[1];
  const int32_t l_max = c->shape.l_max;
  TRY(MEMORY_NEW(NULL, &order->blocks, l_max + 1, "blocks of a contraction"));
  order->n_blocks = l_max + 1;
  for (int32_t l = 0; l <= l_max; l++)
    order->blocks[l] = (contraction_block){.lambda = l,
                                           .sigma = 1,
                                           .count = c->shape.n_channels,
                                           .padded = c->channels_padded,
                                           .offset = (int64_t)l * l * c->channels_padded};
  order->size = c->density_size = (int64_t)(l_max + 1) * (l_max + 1) * c->channels_padded;
  c->most_padded = c->channels_padded;
  c->most_lambda = l_max;
  return TERN_SUCCESS;
}

static void set_rows(contraction *c, int32_t nu) {
  for (int32_t b = 0; nu <= c->shape.nu_max && b < c->orders[nu].n_blocks; b++) {
    contraction_block *block = &c->orders[nu].blocks[b];
    block->n_rows = 0;
    for (int32_t t = 0; t < block->n_terms; t++) {
      block->terms[t].first_row = block->n_rows;
      block->n_rows += c->shape.n_channels * c->orders[nu - 1].blocks[block->terms[t].block].padded;
    }
  }
}

/* Outputs and whatever they are made of, from the last order down. */
static void mark_needed(contraction *c) {
  for (int32_t nu = c->shape.nu_max; nu >= 1; nu--)
    for (int32_t b = 0; b < c->orders[nu].n_blocks; b++) {
      contraction_block *block = &c->orders[nu].blocks[b];
      block->needed = block->needed || nu == 1 || contraction_is_output(&c->shape, nu, block);
      for (int32_t t = 0; block->needed && t < block->n_terms; t++)
        c->orders[nu - 1].blocks[block->terms[t].block].needed = true;
    }
}

static int32_t check_degrees(const contraction_shape *shape) {
  enum { most = 40 };
  for (int32_t nu = 1; nu <= shape->nu_max; nu++)
    if (lambda_bound(shape, nu) > most)
      return error_set(TERN_ERROR_OPTION,
                       "nu_max %d with l_max %d needs intermediates of lambda %d; up to %d are possible: set a smaller "
                       "l_max or nu_max",
                       (int)shape->nu_max, (int)shape->l_max, (int)lambda_bound(shape, nu), (int)most);
  return TERN_SUCCESS;
}

static int32_t fill(contraction *c, const contraction_shape *shape) {
  TRY(check_degrees(shape));
  const int32_t l = shape->l_max + 1, bound = shape->nu_max * shape->l_max + 1;
  c->shape = *shape;
  c->channels_padded = padded(shape->n_channels);
  TRY(kernels_get(&c->kernels));
  TRY(MEMORY_NEW(NULL, &c->couplings, (int64_t)bound * l * (2 * l), "couplings"));
  TRY(make_density(c));
  for (int32_t nu = 2; nu <= shape->nu_max; nu++)
    TRY(make_order(c, nu));
  mark_needed(c);
  set_rows(c, 2);
  return TERN_SUCCESS;
}

int32_t contraction_new(contraction **contraction, const contraction_shape *shape) {
  struct contraction *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a contraction"));
  const int32_t status = fill(made, shape);
  if (status == TERN_SUCCESS)
    *contraction = made;
  else
    contraction_free(made);
  return status;
}

static void order_free_fit(contraction_order *order) {
  memory_free(NULL, order->axes);
  memory_free(NULL, order->turned);
  memory_free(NULL, order->moments);
  memory_free(NULL, order->totals);
}

static void order_free(contraction_order *order) {
  for (int32_t b = 0; b < order->n_blocks; b++)
    memory_free(NULL, order->blocks[b].terms);
  memory_free(NULL, order->blocks);
  memory_free(NULL, order->counts);
  order_free_fit(order);
}

void contraction_free(contraction *contraction) {
  if (contraction == NULL)
    return;
  for (int32_t nu = 1; nu <= CONTRACTION_MOST_ORDER; nu++)
    order_free(&contraction->orders[nu]);
  for (int32_t k = 0; k < contraction->n_couplings; k++)
    coupling_free(&contraction->couplings[k]);
  memory_free(NULL, contraction->couplings);
  memory_free(NULL, contraction);
}

/* ---- arrays of what was fitted ---- */

static void count_order(contraction *c, contraction_order *order, const int64_t *counts) {
  order->size = order->n_axes = order->n_kept = 0;
  for (int32_t b = 0; b < order->n_blocks; b++) {
    contraction_block *block = &order->blocks[b];
    order->counts[b] = block->count = counts[b];
    block->padded = padded(counts[b]);
    block->offset = order->size;
    order->size += (2 * block->lambda + 1) * block->padded;
    order->n_axes += block->n_rows * block->padded;
    order->n_kept += block->count;
    c->most_padded = block->padded > c->most_padded ? block->padded : c->most_padded;
  }
}

static void place_blocks(contraction_order *order) {
  int64_t axes = 0, kept = 0;
  for (int32_t b = 0; b < order->n_blocks; b++) {
    contraction_block *block = &order->blocks[b];
    block->matrix = order->axes + axes;
    block->transposed = order->turned + axes;
    block->moments = order->moments + kept;
    axes += block->n_rows * block->padded;
    kept += block->count;
  }
}

int32_t contraction_arrange(contraction *contraction, run *run, int32_t nu, const int64_t *counts) {
  contraction_order *order = &contraction->orders[nu];
  count_order(contraction, order, counts);
  TRY(memory_check(run, 16.0 * (double)order->n_axes, "principal axes"));
  TRY(MEMORY_NEW(NULL, &order->axes, order->n_axes, "principal axes"));
  TRY(MEMORY_NEW(NULL, &order->turned, order->n_axes, "principal axes"));
  TRY(MEMORY_NEW(NULL, &order->moments, order->n_kept, "moments of principal axes"));
  TRY(MEMORY_NEW(NULL, &order->totals, order->n_blocks, "moments of principal axes"));
  place_blocks(order);
  set_rows(contraction, nu + 1);
  return TERN_SUCCESS;
}

static void transpose(int64_t rows, int64_t columns, const double *from, double *to) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t column = 0; column < columns; column++)
      to[column * rows + row] = from[row * columns + column];
}

void contraction_transpose(contraction *contraction, int32_t nu) {
  contraction_order *order = &contraction->orders[nu];
  double *to = order->turned;
  const double *from = order->axes;
  for (int32_t b = 0; b < order->n_blocks; b++)
    for (int32_t t = 0; t < order->blocks[b].n_terms; t++) {
      const int64_t rows = contraction->orders[nu - 1].blocks[order->blocks[b].terms[t].block].padded,
                    columns = order->blocks[b].padded;
      for (int32_t channel = 0; channel < contraction->shape.n_channels; channel++) {
        transpose(rows, columns, from, to);
        from += rows * columns;
        to += rows * columns;
      }
    }
}

/* ---- fewer components of the last order ---- */

/* Columns of the matrices, and their moments, from `before` to where the blocks have them now. */
static void copy_kept(const contraction_order *before, const bool *keep, contraction_order *order) {
  const double *from = before->axes;
  double *moments = order->moments, *to = order->axes;
  int64_t kept = 0;
  memcpy(order->totals, before->totals, (size_t)order->n_blocks * sizeof *order->totals);
  for (int32_t b = 0; b < order->n_blocks; b++) {
    const contraction_block *block = &order->blocks[b];
    const int64_t count = before->counts[b], stride = padded(count);
    int64_t column = 0;
    for (int64_t k = 0; k < count; k++, kept++) {
      if (!keep[kept])
        continue;
      for (int64_t row = 0; row < block->n_rows; row++)
        to[row * block->padded + column] = from[row * stride + k];
      *moments++ = before->moments[kept];
      column++;
    }
    from += block->n_rows * stride;
    to += block->n_rows * block->padded;
  }
}

int32_t contraction_restrict(contraction *contraction, run *run, const bool *keep) {
  const int32_t last = contraction->shape.nu_max;
  contraction_order *order = &contraction->orders[last];
  contraction_order before = *order;
  TRY(MEMORY_NEW(NULL, &before.counts, order->n_blocks, "components to keep"));
  memcpy(before.counts, order->counts, (size_t)order->n_blocks * sizeof *order->counts);
  int64_t kept = 0;
  for (int32_t b = 0; b < order->n_blocks; b++) {
    order->counts[b] = 0;
    for (int64_t k = 0; k < before.counts[b]; k++)
      order->counts[b] += keep[kept++];
  }
  order->axes = order->turned = order->moments = order->totals = NULL;
  const int32_t status = contraction_arrange(contraction, run, last, order->counts);
  if (status == TERN_SUCCESS) {
    copy_kept(&before, keep, order);
    contraction_transpose(contraction, last);
  }
  order_free_fit(&before);
  memory_free(NULL, before.counts);
  return status;
}

int64_t contraction_start(const contraction *contraction, int32_t nu) {
  int64_t start = 0;
  for (int32_t below = 2; below < nu; below++)
    start += contraction->orders[below].size;
  return start;
}

int64_t contraction_size(const contraction *contraction) {
  return contraction_start(contraction, contraction->shape.nu_max + 1);
}
