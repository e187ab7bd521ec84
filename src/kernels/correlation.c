/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of correlations with the density. Real Clebsch-Gordan coefficients
   vanish unless |mu| = ||m1| +- |m2||, so only | |mu| - |m1| | <= l counts; mu
   and -mu share the rows that are read. */
#include <stddef.h>

#include "kernels/block.h"
#include "kernels/set.h"

void KERNEL(weights)(const kernel_coupling *coupling, int64_t channels, const double *density, double *weights) {
  const int32_t count = (2 * coupling->target + 1) * (2 * coupling->source + 1);
  for (int64_t c = 0; c < channels; c += KERNEL_BLOCK)
    for (int32_t k = 0; k < count; k++) {
      block sum = block_zero();
      for (int32_t term = coupling->first[k]; term < coupling->first[k + 1]; term++)
        sum = block_add(sum, coupling->value[term], block_load(density + coupling->m[term] * channels + c));
      block_store(weights + k * channels + c, sum);
    }
}

void KERNEL(weights_adjoint)(const kernel_coupling *coupling, int64_t channels, const double *weights_gradient,
                             double *density_gradient) {
  const int32_t count = (2 * coupling->target + 1) * (2 * coupling->source + 1);
  for (int64_t c = 0; c < channels; c += KERNEL_BLOCK)
    for (int32_t k = 0; k < count; k++)
      for (int32_t term = coupling->first[k]; term < coupling->first[k + 1]; term++) {
        double *to = density_gradient + coupling->m[term] * channels + c;
        block_store(to,
                    block_add(block_load(to), coupling->value[term], block_load(weights_gradient + k * channels + c)));
      }
}

/* Channels whose products are summed at once: enough to keep the multipliers busy. */
#define GROUP WIDTH

/* Segments of neighbouring channels that begin with the same row and do not become shorter. */
typedef struct group {
  int64_t start, count[GROUP], offset[GROUP]; /* offset: of a segment's first row in the target */
  int32_t channel, size;
} group;

/* The group that begins with a segment of that offset; moves both behind it. */
INLINE group next_group(const kernel_segment **segment, const kernel_segment *end, int64_t *offset) {
  const kernel_segment *first = *segment, *s = first;
  group g = {.start = first->start, .channel = first->channel};
  for (; s < end && g.size < GROUP; s++, g.size++) {
    if (s > first && (s->start != g.start || s->channel != g.channel + g.size || s->count < s[-1].count))
      break;
    g.count[g.size] = s->count;
    g.offset[g.size] = *offset;
    *offset += s->count;
  }
  for (int32_t k = g.size; k < GROUP; k++)
    g.offset[k] = g.offset[g.size - 1];
  *segment = s;
  return g;
}

/* Where the last block of rows begins; blocks are taken from the last to the first, and in each of them the channels
   one after the other, so that what a store touches behind its segment is overwritten. */
INLINE int64_t last_block(const group *g) { return (g->count[g->size - 1] - 1) / KERNEL_BLOCK * KERNEL_BLOCK; }

/* The first channel that has row r. */
INLINE int32_t first_channel(const group *g, int64_t r) {
  int32_t k = 0;
  while (g->count[k] <= r)
    k++;
  return k;
}

/* Adds weights[m][0 .. width - 1] * rows[m] for m = low .. high; width is constant where it is called. */
INLINE void add_rows(int width, int32_t low, int32_t high, const double *weights, int64_t channels, const double *rows,
                     int64_t stride, block *sums) {
  for (int64_t m = low; m <= high; m++) {
    const block row = block_load_loose(rows + m * stride);
    for (int k = 0; k < width; k++)
      sums[k] = block_add(sums[k], weights[m * channels + k], row);
  }
}

typedef struct product_call {
  const kernel_product *product;
  const double *weights[2], *sources[2];
  const double *factors; /* NULL: none */
  int64_t room;
  double *target;
} product_call;

/* One row mu of `width` channels from the group's k-th on, rows r .. r + 7. */
INLINE void product_block(const product_call *call, int width, int n_terms, int has_factors, int32_t mu, const group *g,
                          int32_t k, int64_t r) {
  const kernel_product *p = call->product;
  const int32_t degree = p->coupling->source, size = mu < 0 ? -mu : mu;
  const int32_t low = size > p->coupling->l ? size - p->coupling->l : 0;
  const int32_t high = size + p->coupling->l < degree ? size + p->coupling->l : degree;
  block sums[GROUP];
  for (int c = 0; c < width; c++)
    sums[c] = block_zero();
  for (int t = 0; t < n_terms; t++) {
    const int64_t middle = (int64_t)(p->coupling->target + mu) * (2 * degree + 1) + degree;
    const double *weights = call->weights[t] + middle * p->channels + g->channel + k;
    const double *rows = call->sources[t] + degree * p->source_stride + g->start + r;
    if (low > 0)
      add_rows(width, -high, -low, weights, p->channels, rows, p->source_stride, sums);
    add_rows(width, low > 0 ? low : -high, high, weights, p->channels, rows, p->source_stride, sums);
  }
  for (int c = 0; c < width; c++) {
    const int64_t at = g->offset[k + c] + r;
    double *to = call->target + (p->coupling->target + mu) * p->target_stride + at;
    if (has_factors)
      sums[c] = block_multiply(sums[c], block_load_loose(call->factors + at));
    if (!has_factors || at + KERNEL_BLOCK <= call->room)
      block_store_loose(to, sums[c]);
    else
      block_store_some(to, sums[c], (int32_t)(call->room - at));
  }
}

INLINE void product_group(const product_call *call, int n_terms, int has_factors, const group *g) {
  const int32_t target = has_factors ? 0 : call->product->coupling->target;
  for (int64_t r = last_block(g); r >= 0; r -= KERNEL_BLOCK) {
    const int32_t first = first_channel(g, r);
    for (int32_t mu = -target; mu <= target; mu++) {
      int32_t k = first;
      for (; k + GROUP <= g->size; k += GROUP)
        product_block(call, GROUP, n_terms, has_factors, mu, g, k, r);
      for (; GROUP > 4 && k + 4 <= g->size; k += 4)
        product_block(call, GROUP > 4 ? 4 : 1, n_terms, has_factors, mu, g, k, r);
      for (; GROUP > 2 && k + 2 <= g->size; k += 2)
        product_block(call, GROUP > 2 ? 2 : 1, n_terms, has_factors, mu, g, k, r);
      for (; k < g->size; k++)
        product_block(call, 1, n_terms, has_factors, mu, g, k, r);
    }
  }
}

INLINE void product_groups(const product_call *call, int n_terms, int has_factors) {
  const kernel_segment *segment = call->product->segments, *end = segment + call->product->n_segments;
  int64_t offset = 0;
  while (segment < end) {
    const group g = next_group(&segment, end, &offset);
    const kernel_product *p = call->product;
    if (n_terms > 1 && (g.channel >= p->end_second || g.channel + g.size <= p->first_second))
      product_group(call, 1, has_factors, &g);
    else
      product_group(call, n_terms, has_factors, &g);
  }
}

void KERNEL(product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                     const double *const *sources, double *target) {
  const product_call call = {product, {weights[0], weights[n_terms - 1]}, {sources[0], sources[n_terms - 1]}, NULL, 0,
                             target};
  if (n_terms == 1)
    product_groups(&call, 1, 0);
  else
    product_groups(&call, 2, 0);
}

void KERNEL(scalar_product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                            const double *const *sources, const double *factors, int64_t room, double *values) {
  const product_call call = {
      product, {weights[0], weights[n_terms - 1]}, {sources[0], sources[n_terms - 1]}, factors, room, values};
  if (n_terms == 1)
    product_groups(&call, 1, 1);
  else
    product_groups(&call, 2, 1);
}

/* ---- adjoint ---- */

typedef struct adjoint_call {
  const kernel_product *product;
  const double *weights, *source, *target_gradient;
  double *weights_gradient, *source_gradient;
} adjoint_call;

/* The gradient of rows r .. r + 7 of the group's k-th segment, zero behind its end. */
INLINE block gradient_block(const adjoint_call *call, const group *g, int32_t k, int64_t line, int64_t r) {
  const double *from = call->target_gradient + line * call->product->target_stride + g->offset[k] + r;
  const block found = block_load_loose(from);
  return g->count[k] - r >= KERNEL_BLOCK ? found : block_keep(found, g->count[k] - r);
}

/* The lines mu that rows m1 = first .. first + width - 1 (counted from 0) belong to, as |mu|. */
typedef struct band {
  int32_t low, high;
} band;

INLINE band band_of(const kernel_coupling *coupling, int32_t first, int32_t width) {
  const int32_t a = first - coupling->source, b = first + width - 1 - coupling->source;
  const int32_t least = a > 0 ? a : b < 0 ? -b : 0, most = -a > b ? -a : b;
  const int32_t low = least > coupling->l ? least - coupling->l : 0, high = most + coupling->l;
  return (band){low, high < coupling->target ? high : coupling->target};
}

/* Rows r .. r + 7 of the source, `width` values of m1. */
INLINE void source_rows(const adjoint_call *call, int width, const group *g, int32_t first, int64_t r) {
  const kernel_product *p = call->product;
  const band band = band_of(p->coupling, first, width);
  double *to = call->source_gradient + first * p->source_stride + g->start + r;
  block sums[8];
  for (int j = 0; j < width; j++)
    sums[j] = block_load_loose(to + j * p->source_stride);
  for (int32_t mu = -band.high; mu <= band.high; mu++) {
    if (mu > -band.low && mu < band.low)
      mu = band.low;
    const int64_t line = p->coupling->target + mu;
    const double *weights = call->weights + (line * (2 * p->coupling->source + 1) + first) * p->channels + g->channel;
    for (int32_t k = first_channel(g, r); k < g->size; k++) {
      const block change = gradient_block(call, g, k, line, r);
      for (int j = 0; j < width; j++)
        sums[j] = block_add(sums[j], weights[j * p->channels + k], change);
    }
  }
  for (int j = 0; j < width; j++)
    block_store_loose(to + j * p->source_stride, sums[j]);
}

INLINE void source_group(const adjoint_call *call, const group *g) {
  const int32_t width = 2 * call->product->coupling->source + 1;
  for (int64_t r = last_block(g); r >= 0; r -= KERNEL_BLOCK) {
    int32_t first = 0;
    for (; first + 8 <= width; first += 8)
      source_rows(call, 8, g, first, r);
    for (; first + 4 <= width; first += 4)
      source_rows(call, 4, g, first, r);
    for (; first + 2 <= width; first += 2)
      source_rows(call, 2, g, first, r);
    for (; first < width; first++)
      source_rows(call, 1, g, first, r);
  }
}

/* Weights of one mu and m1; channels that the group has not count as empty. */
INLINE void weights_entry(const adjoint_call *call, const group *g, int64_t line, int32_t row) {
  const kernel_product *p = call->product;
  const double *source = call->source + row * p->source_stride + g->start;
  const int64_t count = g->count[g->size - 1];
  block sums[GROUP];
  for (int k = 0; k < GROUP; k++)
    sums[k] = block_zero();
  for (int64_t r = 0; r < count; r += KERNEL_BLOCK) {
    const block values = block_keep(block_load_loose(source + r), count - r);
    for (int k = 0; k < GROUP; k++)
      sums[k] = block_add_product(sums[k], values, gradient_block(call, g, k, line, r));
  }
  block_add_sums(sums,
                 call->weights_gradient + (line * (2 * p->coupling->source + 1) + row) * p->channels + g->channel);
}

INLINE void weights_group(const adjoint_call *call, const group *g) {
  const kernel_coupling *coupling = call->product->coupling;
  for (int32_t row = 0; row <= 2 * coupling->source; row++) {
    const band band = band_of(coupling, row, 1);
    for (int32_t mu = -band.high; mu <= band.high; mu++) {
      if (mu > -band.low && mu < band.low)
        mu = band.low;
      weights_entry(call, g, coupling->target + mu, row);
    }
  }
}

void KERNEL(product_adjoint)(const kernel_product *product, const double *weights, const double *source,
                             const double *target_gradient, double *weights_gradient, double *source_gradient) {
  const adjoint_call call = {product, weights, source, target_gradient, weights_gradient, source_gradient};
  const kernel_segment *segment = product->segments, *end = segment + product->n_segments;
  int64_t offset = 0;
  while (segment < end) {
    const group g = next_group(&segment, end, &offset);
    source_group(&call, &g);
    weights_group(&call, &g);
  }
}
