/* SPDX-License-Identifier: BSD-3-Clause */
/* The density as it is turned to a frame, seen from each second tag. Columns are compact: a full vector is stored where
   the numbers that follow overwrite, or add to, what is too much; rows of the density end in zeros. */
#include "kernels/block.h"
#include "kernels/set.h"

INLINE void put_up_to(int add, double *to, int64_t left, block value) {
  if (left >= KERNEL_BLOCK) {
    if (add)
      value = block_add(value, 1, block_load_loose(to));
    block_store_loose(to, value);
    return;
  }
  double some[KERNEL_BLOCK] __attribute__((aligned(64)));
  block_store(some, value);
  for (int64_t k = 0; k < left; k++)
    to[k] = add ? to[k] + some[k] : some[k];
}

/* One row n = 0 .. n_max - 1 of columns: this * re + other * im. */
INLINE void combine_row(int add, kernel_shape shape, double re, double im, const double *this_row,
                        const double *other_row, int64_t left, double *to) {
  for (int32_t n = 0; n < shape.n_max; n += KERNEL_BLOCK) {
    const block sum = block_add(block_scale(re, block_load(this_row + n)), im, block_load(other_row + n));
    put_up_to(add, to + n, left - n, sum);
  }
}

INLINE void combine_all(int add, kernel_shape shape, const double *density, const double *re, const double *im,
                        double *values) {
  int64_t left = (int64_t)(shape.l_max + 1) * (shape.l_max + 1) * shape.n_max;
  for (int32_t l = 0; l <= shape.l_max; l++)
    for (int32_t m = -l; m <= l; m++, values += shape.n_max, left -= shape.n_max) {
      const double *row = density + (int64_t)(l * l + l + m) * shape.n_padded;
      const double *other = density + (int64_t)(l * l + l - m) * shape.n_padded;
      const int32_t mu = m < 0 ? -m : m;
      combine_row(add, shape, re[mu], m < 0 ? -im[mu] : m > 0 ? im[mu] : 0, row, other, left, values);
    }
}

void KERNEL(frame_columns)(kernel_shape shape, const double *density, const double *re, const double *im, int32_t add,
                           double *values) {
  if (add)
    combine_all(1, shape, density, re, im, values);
  else
    combine_all(0, shape, density, re, im, values);
}
