/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of rotation matrices of harmonics, from those of one degree less. Full vectors are stored: what is too much lies
   in the rows that follow, or in a block of space behind the last. */
#include "kernels/block.h"
#include "kernels/set.h"

/* Row m of D^l into row[-l .. l]; `first` and `before` point to the elements [0][0] of D^1 and D^(l-1). */
INLINE void put_row(int32_t l, int32_t n_terms, const kernel_rotation_term *terms, const double *scale,
                    const double *first, const double *before, double *row) {
  double left = 0, right = 0;
  for (int32_t t = 0; t < n_terms; t++) {
    const double *one = first + 3 * terms[t].i, *other = before + (2 * l - 1) * terms[t].m;
    const double down = terms[t].factor * one[-1], up = terms[t].factor * one[1];
    left += up * other[1 - l] + down * other[l - 1];
    right += up * other[l - 1] - down * other[1 - l];
  }
  row[-l] = left * scale[-l];
  for (int32_t n = 1 - l; n < l; n += KERNEL_BLOCK) {
    block sum = block_zero();
    for (int32_t t = 0; t < n_terms; t++)
      sum = block_add(sum, terms[t].factor * first[3 * terms[t].i],
                      block_load_loose(before + (2 * l - 1) * terms[t].m + n));
    block_store_loose(row + n, block_multiply(sum, block_load_loose(scale + n)));
  }
  row[l] = right * scale[l];
}

void KERNEL(rotation)(int32_t l, const int32_t *n_terms, const kernel_rotation_term *terms, const double *scale,
                      const double *first, const double *before, double *matrix) {
  for (int32_t m = -l; m <= l; m++, n_terms++, terms += KERNEL_ROTATION_TERMS)
    put_row(l, *n_terms, terms, scale + l, first, before, matrix + (2 * l + 1) * (l + m) + l);
}
