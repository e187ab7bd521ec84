/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of correlations with the density. Real Clebsch-Gordan coefficients
   vanish unless |mu| = ||m1| +- |m2||, so only | |mu| - |m1| | <= l counts; mu
   and -mu share the rows that are read. */
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

/* The rows |m1| that count for mu. */
typedef struct band {
  int32_t low, high;
} band;

INLINE band band_of(const kernel_coupling *coupling, int32_t mu) {
  const int32_t low = mu - coupling->l, high = mu + coupling->l;
  return (band){low > 0 ? low : 0, high < coupling->source ? high : coupling->source};
}

/* Adds one row m1, `blocks` long, to the rows mu and -mu. */
INLINE void add_row(int blocks, const double *row, double plus, double minus, block *up, block *down) {
  for (int b = 0; b < blocks; b++) {
    const block value = block_load_loose(row + b * KERNEL_BLOCK);
    up[b] = block_add(up[b], plus, value);
    down[b] = block_add(down[b], minus, value);
  }
}

/* Rows mu and -mu of `blocks` blocks; weights and sources start at the channel
 * and the row. */
INLINE void product_blocks(const kernel_product *p, int blocks, int n_terms, int32_t mu, const double *const *weights,
                           const double *const *sources, int32_t channel, int64_t start, double *target) {
  const int32_t degree = p->coupling->source, width = 2 * degree + 1;
  const band band = band_of(p->coupling, mu);
  block up[2] = {block_zero(), block_zero()}, down[2] = {block_zero(), block_zero()};
  for (int t = 0; t < n_terms; t++) {
    const double *plus = weights[t] + ((p->coupling->target + mu) * width + degree) * p->channels + channel;
    const double *minus = weights[t] + ((p->coupling->target - mu) * width + degree) * p->channels + channel;
    const double *middle = sources[t] + degree * p->source_stride + start;
    for (int32_t m = band.low; m <= band.high; m++) {
      add_row(blocks, middle + m * p->source_stride, plus[m * p->channels], minus[m * p->channels], up, down);
      if (m > 0)
        add_row(blocks, middle - m * p->source_stride, plus[-m * p->channels], minus[-m * p->channels], up, down);
    }
  }
  for (int b = 0; b < blocks; b++) {
    block_store_loose(target + (p->coupling->target + mu) * p->target_stride + b * KERNEL_BLOCK, up[b]);
    if (mu > 0)
      block_store_loose(target + (p->coupling->target - mu) * p->target_stride + b * KERNEL_BLOCK, down[b]);
  }
}

INLINE void product_terms(const kernel_product *p, int n_terms, const double *const *weights,
                          const double *const *sources, double *target) {
  for (int64_t s = 0; s < p->n_segments; s++) {
    const kernel_segment segment = p->segments[s];
    int64_t r = 0;
    for (; r + KERNEL_BLOCK < segment.count; r += 2 * KERNEL_BLOCK)
      for (int32_t mu = 0; mu <= p->coupling->target; mu++)
        product_blocks(p, 2, n_terms, mu, weights, sources, segment.channel, segment.start + r, target + r);
    for (; r < segment.count; r += KERNEL_BLOCK)
      for (int32_t mu = 0; mu <= p->coupling->target; mu++)
        product_blocks(p, 1, n_terms, mu, weights, sources, segment.channel, segment.start + r, target + r);
    target += segment.count;
  }
}

void KERNEL(product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                     const double *const *sources, double *target) {
  if (n_terms == 1)
    product_terms(product, 1, weights, sources, target);
  else
    product_terms(product, 2, weights, sources, target);
}

/* One row m1 (`row` in weights): its gradient from rows mu of the target, and
 * the weights' from the values. */
INLINE void adjoint_row(const kernel_product *p, int32_t row, int64_t count, const double *weights,
                        const double *source, const double *gradient, double *weights_gradient,
                        double *source_gradient) {
  const int32_t width = 2 * p->coupling->source + 1, target = p->coupling->target, l = p->coupling->l;
  const int32_t m = row < p->coupling->source ? p->coupling->source - row : row - p->coupling->source;
  const int32_t low = m > l ? m - l : 0, high = m + l < target ? m + l : target;
  const block values = block_keep(block_load_loose(source), count);
  block sum = block_load_loose(source_gradient);
  for (int32_t mu = low; mu <= high; mu++)
    for (int32_t sign = mu > 0 ? -1 : 1; sign <= 1; sign += 2) {
      const int32_t line = target + sign * mu;
      const block change = block_keep(block_load_loose(gradient + line * p->target_stride), count);
      const int64_t k = (int64_t)(line * width + row) * p->channels;
      sum = block_add(sum, weights[k], change);
      weights_gradient[k] += block_sum(block_multiply(values, change));
    }
  block_store_loose(source_gradient, sum);
}

void KERNEL(product_adjoint)(const kernel_product *p, const double *weights, const double *source,
                             const double *target_gradient, double *weights_gradient, double *source_gradient) {
  const int32_t width = 2 * p->coupling->source + 1;
  for (int64_t s = 0; s < p->n_segments; s++) {
    const kernel_segment segment = p->segments[s];
    for (int64_t r = 0; r < segment.count; r += KERNEL_BLOCK)
      for (int32_t row = 0; row < width; row++) {
        const int64_t at = row * p->source_stride + segment.start + r;
        adjoint_row(p, row, segment.count - r, weights + segment.channel, source + at, target_gradient + r,
                    weights_gradient + segment.channel, source_gradient + at);
      }
    target_gradient += segment.count;
  }
}

/* One block of values. */
INLINE block scalar_block(const kernel_product *p, int n_terms, const double *const *weights,
                          const double *const *sources, int32_t channel, int64_t start) {
  block sum = block_zero();
  for (int t = 0; t < n_terms; t++)
    for (int32_t m = 0; m <= 2 * p->coupling->source; m++)
      sum = block_add(sum, weights[t][m * p->channels + channel],
                      block_load_loose(sources[t] + m * p->source_stride + start));
  return sum;
}

INLINE void scalar_terms(const kernel_product *p, int n_terms, const double *const *weights,
                         const double *const *sources, const double *factors, int64_t room, double *values) {
  int64_t at = 0;
  for (int64_t s = 0; s < p->n_segments; s++) {
    const kernel_segment segment = p->segments[s];
    for (int64_t r = 0; r < segment.count; r += KERNEL_BLOCK) {
      const block sum = block_multiply(block_load_loose(factors + at + r),
                                       scalar_block(p, n_terms, weights, sources, segment.channel, segment.start + r));
      if (at + r + KERNEL_BLOCK <= room)
        block_store_loose(values + at + r, sum);
      else
        block_store_some(values + at + r, sum, (int32_t)(room - at - r));
    }
    at += segment.count;
  }
}

void KERNEL(scalar_product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                            const double *const *sources, const double *factors, int64_t room, double *values) {
  if (n_terms == 1)
    scalar_terms(product, 1, weights, sources, factors, room, values);
  else
    scalar_terms(product, 2, weights, sources, factors, room, values);
}

/* The first `count` numbers, where reading more than `room` is forbidden. */
INLINE block load_within(const double *from, int64_t count, int64_t room) {
  double all[KERNEL_BLOCK] __attribute__((aligned(64)));
  if (room >= KERNEL_BLOCK)
    return block_keep(block_load_loose(from), count);
  for (int64_t k = 0; k < KERNEL_BLOCK; k++)
    all[k] = k < count ? from[k] : 0;
  return block_load(all);
}

void KERNEL(scalar_adjoint)(const kernel_product *p, const double *weights, const double *source, const double *factors,
                            int64_t room, const double *value_gradient, double *weights_gradient,
                            double *source_gradient) {
  int64_t at = 0;
  for (int64_t s = 0; s < p->n_segments; s++) {
    const kernel_segment segment = p->segments[s];
    for (int64_t r = 0; r < segment.count; r += KERNEL_BLOCK) {
      const block change =
          block_keep(block_multiply(load_within(value_gradient + at + r, segment.count - r, room - at - r),
                                    block_load_loose(factors + at + r)),
                     segment.count - r);
      for (int32_t m = 0; m <= 2 * p->coupling->source; m++) {
        const int64_t place = m * p->source_stride + segment.start + r, k = m * p->channels + segment.channel;
        const block values = block_keep(block_load_loose(source + place), segment.count - r);
        block_store_loose(source_gradient + place,
                          block_add(block_load_loose(source_gradient + place), weights[k], change));
        weights_gradient[k] += block_sum(block_multiply(values, change));
      }
    }
    at += segment.count;
  }
}
