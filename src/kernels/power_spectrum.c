/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of two channels over m, and what their derivatives need. Results are compact, [n][n'] without padding: a
   full block is stored where the rows that follow overwrite what is too much. */
#include "kernels/block.h"
#include "kernels/set.h"

/* How many rows of a product are summed at once: enough to keep the multipliers busy. */
#define ROWS WIDTH

/* Columns n' .. n' + 7 of row n of a matrix [n_max][n_max] that is written in ascending order. */
INLINE void put_row(double *matrix, int32_t n_max, int32_t row, int32_t column, block value) {
  const int32_t at = row * n_max + column, left = n_max - column;
  if (at + KERNEL_BLOCK <= n_max * n_max)
    block_store_loose(matrix + at, value);
  else
    block_store_some(matrix + at, value, left < KERNEL_BLOCK ? left : KERNEL_BLOCK);
}

/* Rows n .. n + rows - 1 (rows is constant where it is called), one block of columns. */
INLINE void product_rows(int rows, int32_t l, int32_t n_padded, const double *first, const double *second,
                         double factor, block *sums) {
  for (int r = 0; r < rows; r++)
    sums[r] = block_zero();
  for (int32_t m = 0; m <= 2 * l; m++) {
    const block row = block_load(second + (int64_t)m * n_padded);
    for (int r = 0; r < rows; r++)
      sums[r] = block_add(sums[r], first[(int64_t)m * n_padded + r], row);
  }
  for (int r = 0; r < rows; r++)
    sums[r] = block_scale(factor, sums[r]);
}

/* Rows beyond n_max are computed from the padding, and not stored. The last columns first: what they store too much is
 * overwritten. */
INLINE void product(int32_t l, int32_t n_max, int32_t n_padded, const double *first, const double *second,
                    double factor, double *values) {
  for (int32_t n = 0; n < n_max; n += ROWS)
    for (int32_t column = n_padded - KERNEL_BLOCK; column >= 0; column -= KERNEL_BLOCK) {
      block sums[ROWS];
      product_rows(ROWS, l, n_padded, first + n, second + column, factor, sums);
      for (int r = 0; r < ROWS && n + r < n_max; r++)
        put_row(values, n_max, n + r, column, sums[r]);
    }
}

void KERNEL(power_spectrum)(kernel_shape shape, const double *first, const double *second, const double *factors,
                            double *values) {
  for (int32_t l = 0; l <= shape.l_max; l++) {
    const int64_t start = (int64_t)l * l * shape.n_padded;
    product(l, shape.n_max, shape.n_padded, first + start, second + start, factors[l],
            values + (int64_t)l * shape.n_max * shape.n_max);
  }
}

void KERNEL(apply)(kernel_shape shape, const double *matrices, const double *coefficients, double *result) {
  const int64_t size = (int64_t)shape.n_max * shape.n_padded;
  for (int32_t column = 0; column < shape.n_padded; column += KERNEL_BLOCK)
    for (int32_t l = 0, lm = 0; l <= shape.l_max; l++)
      for (; lm < (l + 1) * (l + 1); lm++) {
        const double *from = coefficients + (int64_t)lm * shape.n_padded, *matrix = matrices + l * size + column;
        double *to = result + (int64_t)lm * shape.n_padded + column;
        block sum = block_load(to);
        for (int32_t n = 0; n < shape.n_max; n++)
          sum = block_add(sum, from[n], block_load(matrix + (int64_t)n * shape.n_padded));
        block_store(to, sum);
      }
}

void KERNEL(outer)(kernel_shape shape, int32_t symmetric, const double *a, const double *b, const double *c,
                   const double *d, double *values) {
  const int32_t n_max = shape.n_max;
  for (int32_t l = 0; l <= shape.l_max; l++) {
    const int64_t start = (int64_t)l * shape.n_padded;
    const double *al = a + start, *bl = b + start, *cl = c + start, *dl = d + start;
    double *matrix = values + (int64_t)l * n_max * n_max;
    for (int32_t n = 0; n < n_max; n++)
      for (int32_t column = 0; column < n_max; column += KERNEL_BLOCK) {
        block sum = block_scale(al[n], block_load(bl + column));
        sum = block_add(sum, cl[n], block_load(dl + column));
        if (symmetric) {
          sum = block_add(sum, bl[n], block_load(al + column));
          sum = block_add(sum, dl[n], block_load(cl + column));
        }
        put_row(matrix, n_max, n, column, sum);
      }
  }
}
