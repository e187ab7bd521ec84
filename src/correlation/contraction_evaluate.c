/* SPDX-License-Identifier: BSD-3-Clause */
/* Values and derivatives. A term goes channel by channel: its products are a few rows over the components of the block
   before, in the first-level cache, and are multiplied with the matrix at once; the matrix is read once. */
#include <string.h>

#include "correlation/contraction.h"

/* Pieces of the space. */
typedef struct pieces {
  double *weights[2];  /* [channels][pairs] */
  double *products[2]; /* [2 lambda + 1][padded] */
} pieces;

static int64_t lines(int64_t count) { return (count + 7) / 8 * 8; }

static int64_t weights_size(const contraction *c) { return lines((int64_t)c->most_pairs * c->shape.n_channels); }

static int64_t products_size(const contraction *c) { return (2 * c->most_lambda + 1) * c->most_padded; }

int64_t contraction_space(const contraction *c) { return 2 * weights_size(c) + 2 * products_size(c); }

static pieces pieces_of(const contraction *c, double *space) {
  const int64_t weights = weights_size(c), products = products_size(c);
  return (pieces){{space, space + weights}, {space + 2 * weights, space + 2 * weights + products}};
}

/* What the density contributes to the pairs of a term, for every channel. */
static void weigh(const contraction *c, const contraction_term *term, const double *density, double *weights) {
  const contraction_coupling *coupling = term->coupling;
  for (int32_t channel = 0; channel < c->shape.n_channels; channel++, weights += coupling->n_pairs)
    for (int32_t pair = 0; pair < coupling->n_pairs; pair++) {
      double sum = 0;
      for (int32_t e = coupling->first[pair]; e < coupling->first[pair + 1]; e++)
        sum += coupling->values[e] * density[coupling->density[e] * c->channels_padded + channel];
      weights[pair] = term->factor * sum;
    }
}

static void weigh_adjoint(const contraction *c, const contraction_term *term, const double *weights,
                          double *density_gradient) {
  const contraction_coupling *coupling = term->coupling;
  for (int32_t channel = 0; channel < c->shape.n_channels; channel++, weights += coupling->n_pairs)
    for (int32_t pair = 0; pair < coupling->n_pairs; pair++)
      for (int32_t e = coupling->first[pair]; e < coupling->first[pair + 1]; e++)
        density_gradient[coupling->density[e] * c->channels_padded + channel] +=
            term->factor * coupling->values[e] * weights[pair];
}

static void combine(const contraction *c, const contraction_term *term, const double *weights, int64_t count,
                    const double *from, int32_t accumulate, double *to) {
  const contraction_coupling *coupling = term->coupling;
  c->kernels->combine(2 * coupling->lambda + 1, coupling->start, coupling->source, weights, count, from, accumulate,
                      to);
}

void contraction_products(const contraction *c, int32_t nu, const contraction_block *block, contraction_view view,
                          double *rows, double *space) {
  const pieces p = pieces_of(c, space);
  const int32_t n_m = 2 * block->lambda + 1;
  for (int32_t t = 0; t < block->n_terms; t++) {
    const contraction_term *term = &block->terms[t];
    const contraction_block *before = &c->orders[nu - 1].blocks[term->block];
    weigh(c, term, view.density, p.weights[0]);
    for (int32_t channel = 0; channel < c->shape.n_channels; channel++) {
      combine(c, term, p.weights[0] + channel * term->coupling->n_pairs, before->padded, view.blocks + before->offset,
              0, p.products[0]);
      for (int32_t m = 0; m < n_m; m++)
        memcpy(rows + m * block->n_rows + term->first_row + channel * before->padded,
               p.products[0] + m * before->padded, (size_t)before->padded * sizeof(double));
    }
  }
}

void contraction_evaluate(const contraction *c, int32_t nu, const contraction_block *block, contraction_view view,
                          double *result, double *space) {
  const pieces p = pieces_of(c, space);
  const int32_t n_m = 2 * block->lambda + 1;
  memset(result, 0, (size_t)(n_m * block->padded) * sizeof(double));
  for (int32_t t = 0; t < block->n_terms && block->count > 0; t++) {
    const contraction_term *term = &block->terms[t];
    const contraction_block *before = &c->orders[nu - 1].blocks[term->block];
    const double *matrix = block->matrix + term->first_row * block->padded;
    weigh(c, term, view.density, p.weights[0]);
    for (int32_t channel = 0; channel < c->shape.n_channels; channel++, matrix += before->padded * block->padded) {
      combine(c, term, p.weights[0] + channel * term->coupling->n_pairs, before->padded, view.blocks + before->offset,
              0, p.products[0]);
      c->kernels->multiply(n_m, before->padded, block->padded, p.products[0], matrix, result);
    }
  }
}

void contraction_forward(const contraction *c, const double *density, double *values, double *space) {
  contraction_view view = {density, density};
  for (int32_t nu = 2; nu <= c->shape.nu_max; nu++) {
    const contraction_order *order = &c->orders[nu];
    for (int32_t b = 0; b < order->n_blocks; b++)
      contraction_evaluate(c, nu, &order->blocks[b], view, values + order->blocks[b].offset, space);
    view.blocks = values;
    values += order->size;
  }
}

/* ---- adjoint ---- */

static void adjoint_term(const contraction *c, int32_t nu, const contraction_block *block, const contraction_term *term,
                         contraction_view view, const double *gradient, double *gradient_before,
                         double *density_gradient, const pieces *p) {
  const contraction_coupling *coupling = term->coupling;
  const contraction_block *before = &c->orders[nu - 1].blocks[term->block];
  const int32_t n_m = 2 * block->lambda + 1;
  const double *matrix = block->transposed + term->first_row * block->padded;
  weigh(c, term, view.density, p->weights[0]);
  for (int32_t channel = 0; channel < c->shape.n_channels; channel++, matrix += before->padded * block->padded) {
    const int64_t place = (int64_t)channel * coupling->n_pairs;
    memset(p->products[0], 0, (size_t)(n_m * before->padded) * sizeof(double));
    c->kernels->multiply(n_m, block->padded, before->padded, gradient, matrix, p->products[0]);
    c->kernels->combine_adjoint(n_m, coupling->start, coupling->source, p->weights[0] + place, before->padded,
                                view.blocks + before->offset, p->products[0], gradient_before + before->offset,
                                p->weights[1] + place);
  }
  weigh_adjoint(c, term, p->weights[1], density_gradient);
}

void contraction_adjoint(const contraction *c, const double *density, const double *values, double *gradient,
                         double *density_gradient, double *space) {
  const pieces p = pieces_of(c, space);
  for (int32_t nu = c->shape.nu_max; nu >= 2; nu--) {
    const contraction_order *order = &c->orders[nu];
    const double *above = gradient + contraction_start(c, nu);
    const contraction_view view = {nu == 2 ? density : values + contraction_start(c, nu - 1), density};
    double *below = nu == 2 ? density_gradient : gradient + contraction_start(c, nu - 1);
    for (int32_t b = 0; b < order->n_blocks; b++)
      for (int32_t t = 0; t < order->blocks[b].n_terms && order->blocks[b].count > 0; t++)
        adjoint_term(c, nu, &order->blocks[b], &order->blocks[b].terms[t], view, above + order->blocks[b].offset, below,
                     density_gradient, &p);
  }
}

/* ---- tangent ---- */

/* Product rule: the sums of the density's change with the block before, and of the density with the block's change,
   are multiplied with the matrix together. */
static void tangent_term(const contraction *c, int32_t nu, const contraction_block *block, const contraction_term *term,
                         contraction_view view, contraction_view change, double *result, const pieces *p) {
  const contraction_block *before = &c->orders[nu - 1].blocks[term->block];
  const double *matrix = block->matrix + term->first_row * block->padded;
  weigh(c, term, view.density, p->weights[0]);
  weigh(c, term, change.density, p->weights[1]);
  for (int32_t channel = 0; channel < c->shape.n_channels; channel++, matrix += before->padded * block->padded) {
    const int64_t place = (int64_t)channel * term->coupling->n_pairs;
    combine(c, term, p->weights[0] + place, before->padded, change.blocks + before->offset, 0, p->products[0]);
    combine(c, term, p->weights[1] + place, before->padded, view.blocks + before->offset, 1, p->products[0]);
    c->kernels->multiply(2 * block->lambda + 1, before->padded, block->padded, p->products[0], matrix, result);
  }
}

void contraction_tangent(const contraction *c, const double *density, const double *density_derivative,
                         const double *values, double *derivative, double *space) {
  const pieces p = pieces_of(c, space);
  contraction_view view = {density, density}, change = {density_derivative, density_derivative};
  for (int32_t nu = 2; nu <= c->shape.nu_max; nu++) {
    const contraction_order *order = &c->orders[nu];
    memset(derivative, 0, (size_t)order->size * sizeof(double));
    for (int32_t b = 0; b < order->n_blocks; b++)
      for (int32_t t = 0; t < order->blocks[b].n_terms && order->blocks[b].count > 0; t++)
        tangent_term(c, nu, &order->blocks[b], &order->blocks[b].terms[t], view, change,
                     derivative + order->blocks[b].offset, &p);
    view.blocks = values;
    change.blocks = derivative;
    values += order->size;
    derivative += order->size;
  }
}
