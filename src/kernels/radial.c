/* SPDX-License-Identifier: BSD-3-Clause */
/* Interpolation of all radial functions of a distance at once. */
#include "kernels/block.h"
#include "kernels/set.h"

void KERNEL(interpolate)(int64_t count, const int64_t *interval, const double *weights, const double *knots,
                         int64_t size, double *values) {
  for (int64_t place = 0; place < count; place++) {
    const double *row = knots + 3 * interval[place] * size, *w = weights + 6 * place;
    for (int64_t k = 0; k < size; k += KERNEL_BLOCK) {
      block sum = block_scale(w[0], block_load(row + k));
      for (int term = 1; term < 6; term++)
        sum = block_add(sum, w[term], block_load(row + term * size + k));
      block_store(values + place * size + k, sum);
    }
  }
}
