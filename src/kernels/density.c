/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over neighbours, and over coefficients of one neighbour. A row over n is contiguous, harmonics are broadcast. */
#include "kernels/block.h"
#include "kernels/set.h"

/* `places` (constant where it is called) neighbours of one block of n: their radial functions stay in registers. */
INLINE void expand_places(kernel_shape shape, int places, const double *harmonics, int64_t stride, const double *radial,
                          double *coefficients) {
  const int64_t size = (int64_t)(shape.l_max + 1) * shape.n_padded;
  for (int32_t l = 0, lm = 0; l <= shape.l_max; l++) {
    block functions[4];
    for (int p = 0; p < places; p++)
      functions[p] = block_load(radial + p * size + l * shape.n_padded);
    for (; lm < (l + 1) * (l + 1); lm++) {
      double *row = coefficients + (int64_t)lm * shape.n_padded;
      block sum = block_load(row);
      for (int p = 0; p < places; p++)
        sum = block_add(sum, harmonics[lm * stride + p], functions[p]);
      block_store(row, sum);
    }
  }
}

void KERNEL(expand)(kernel_shape shape, int64_t count, const double *harmonics, int64_t stride, const double *radial,
                    double *coefficients) {
  const int64_t size = (int64_t)(shape.l_max + 1) * shape.n_padded;
  for (int32_t n = 0; n < shape.n_padded; n += KERNEL_BLOCK) {
    int64_t place = 0;
    for (; place + 4 <= count; place += 4)
      expand_places(shape, 4, harmonics + place, stride, radial + place * size + n, coefficients + n);
    for (; place < count; place++)
      expand_places(shape, 1, harmonics + place, stride, radial + place * size + n, coefficients + n);
  }
}

typedef struct contraction {
  block value, x, y, z;
} contraction;

/* Sums over m of one l: harmonics and their gradient times coefficients. */
INLINE contraction contract_m(int32_t l, int32_t n_padded, int64_t stride, int64_t plane, const double *harmonics,
                              const double *gradient, const double *coefficients) {
  contraction sum = {block_zero(), block_zero(), block_zero(), block_zero()};
  for (int32_t lm = l * l; lm < (l + 1) * (l + 1); lm++) {
    const block row = block_load(coefficients + (int64_t)lm * n_padded);
    sum.value = block_add(sum.value, harmonics[lm * stride], row);
    sum.x = block_add(sum.x, gradient[lm * stride], row);
    sum.y = block_add(sum.y, gradient[plane + lm * stride], row);
    sum.z = block_add(sum.z, gradient[2 * plane + lm * stride], row);
  }
  return sum;
}

/* One neighbour's gradient: the radial part along its direction, and the angular part. */
INLINE void adjoint_place(kernel_shape shape, int64_t stride, const double *unit, const double *harmonics,
                          const double *harmonics_gradient, const double *radial, const double *radial_slope,
                          const double *weights, double *gradient) {
  const int64_t plane = (int64_t)(shape.l_max + 1) * (shape.l_max + 1) * stride;
  block along = block_zero(), x = block_zero(), y = block_zero(), z = block_zero();
  for (int32_t n = 0; n < shape.n_padded; n += KERNEL_BLOCK)
    for (int32_t l = 0; l <= shape.l_max; l++) {
      const contraction sum = contract_m(l, shape.n_padded, stride, plane, harmonics, harmonics_gradient, weights + n);
      const block function = block_load(radial + l * shape.n_padded + n);
      along = block_add_product(along, block_load(radial_slope + l * shape.n_padded + n), sum.value);
      x = block_add_product(x, function, sum.x);
      y = block_add_product(y, function, sum.y);
      z = block_add_product(z, function, sum.z);
    }
  const double slope = block_sum(along);
  gradient[0] = slope * unit[0] + block_sum(x);
  gradient[stride] = slope * unit[stride] + block_sum(y);
  gradient[2 * stride] = slope * unit[2 * stride] + block_sum(z);
}

void KERNEL(adjoint)(kernel_shape shape, int64_t count, int64_t stride, const double *unit, const double *harmonics,
                     const double *harmonics_gradient, const double *radial, const double *radial_slope,
                     const double *weights, double *gradient) {
  const int64_t size = (int64_t)(shape.l_max + 1) * shape.n_padded;
  for (int64_t place = 0; place < count; place++)
    adjoint_place(shape, stride, unit + place, harmonics + place, harmonics_gradient + place, radial + place * size,
                  radial_slope + place * size, weights, gradient + place);
}

void KERNEL(contract)(kernel_shape shape, int64_t stride, const double *harmonics, const double *harmonics_gradient,
                      const double *coefficients, const double *factors, double *sums) {
  const int64_t plane = (int64_t)(shape.l_max + 1) * (shape.l_max + 1) * stride;
  const int64_t size = (int64_t)(shape.l_max + 1) * shape.n_padded;
  for (int32_t n = 0; n < shape.n_padded; n += KERNEL_BLOCK)
    for (int32_t l = 0; l <= shape.l_max; l++) {
      const contraction sum = contract_m(l, shape.n_padded, stride, plane, harmonics, harmonics_gradient,
                                         coefficients + n);
      double *to = sums + l * shape.n_padded + n;
      block_store(to, block_scale(factors[l], sum.value));
      block_store(to + size, block_scale(factors[l], sum.x));
      block_store(to + 2 * size, block_scale(factors[l], sum.y));
      block_store(to + 3 * size, block_scale(factors[l], sum.z));
    }
}
