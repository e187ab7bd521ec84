/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of small matrices with long rows: a few rows of sums, then those rows times a matrix that is read once. */
#include "kernels/block.h"
#include "kernels/set.h"

void KERNEL(combine)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights, int64_t count,
                     const double *from, int32_t accumulate, double *to) {
  for (int32_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < count; k += KERNEL_BLOCK) {
      double *target = to + row * count + k;
      block sum = accumulate ? block_load(target) : block_zero();
      for (int32_t p = start[row]; p < start[row + 1]; p++)
        sum = block_add(sum, weights[p], block_load(from + source[p] * count + k));
      block_store(target, sum);
    }
}

void KERNEL(combine_adjoint)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights,
                             int64_t count, const double *from, const double *to, double *from_gradient,
                             double *weights_gradient) {
  for (int32_t row = 0; row < rows; row++)
    for (int32_t p = start[row]; p < start[row + 1]; p++) {
      block sum = block_zero();
      double *gradient = from_gradient + source[p] * count;
      for (int64_t k = 0; k < count; k += KERNEL_BLOCK) {
        const block slope = block_load(to + row * count + k);
        sum = block_add_product(sum, slope, block_load(from + source[p] * count + k));
        block_store(gradient + k, block_add(block_load(gradient + k), weights[p], slope));
      }
      weights_gradient[p] = block_sum(sum);
    }
}

#if WIDTH == 8
enum { TILE_ROWS = 4, TILE_BLOCKS = 3 };
#elif WIDTH == 4
enum { TILE_ROWS = 4, TILE_BLOCKS = 1 };
#else
enum { TILE_ROWS = 2, TILE_BLOCKS = 1 };
#endif

/* `rows` and `blocks` are constants where this is called: the sums stay in registers. */
INLINE void multiply_tile(int rows, int blocks, int64_t inner, int64_t columns, const double *left, const double *right,
                          double *result) {
  block sum[TILE_ROWS][TILE_BLOCKS];
  for (int row = 0; row < rows; row++)
    for (int b = 0; b < blocks; b++)
      sum[row][b] = block_load(result + row * columns + b * KERNEL_BLOCK);
  for (int64_t k = 0; k < inner; k++)
    for (int b = 0; b < blocks; b++) {
      const block factor = block_load(right + k * columns + b * KERNEL_BLOCK);
      for (int row = 0; row < rows; row++)
        sum[row][b] = block_add(sum[row][b], left[row * inner + k], factor);
    }
  for (int row = 0; row < rows; row++)
    for (int b = 0; b < blocks; b++)
      block_store(result + row * columns + b * KERNEL_BLOCK, sum[row][b]);
}

INLINE void multiply_rows(int rows, int64_t inner, int64_t columns, const double *left, const double *right,
                          double *result) {
  int64_t column = 0;
  for (; column + TILE_BLOCKS * KERNEL_BLOCK <= columns; column += TILE_BLOCKS * KERNEL_BLOCK)
    multiply_tile(rows, TILE_BLOCKS, inner, columns, left, right + column, result + column);
  for (; column < columns; column += KERNEL_BLOCK)
    multiply_tile(rows, 1, inner, columns, left, right + column, result + column);
}

void KERNEL(multiply)(int32_t rows, int64_t inner, int64_t columns, const double *left, const double *right,
                      double *result) {
  int32_t row = 0;
  for (; row + TILE_ROWS <= rows; row += TILE_ROWS)
    multiply_rows(TILE_ROWS, inner, columns, left + row * inner, right, result + row * columns);
  for (; row + 2 <= rows; row += 2)
    multiply_rows(2, inner, columns, left + row * inner, right, result + row * columns);
  for (; row < rows; row++)
    multiply_rows(1, inner, columns, left + row * inner, right, result + row * columns);
}
