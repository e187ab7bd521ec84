/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of rows by a list of terms: Clebsch-Gordan products, in which one factor
   is a row over n and the other a number. */
#include "kernels/block.h"
#include "kernels/set.h"

void KERNEL(couple)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                    const double *numbers, const double *rows, double *result) {
  for (int32_t n = 0; n < n_padded; n += KERNEL_BLOCK)
    for (int64_t i = 0; i < count; i++) {
      block sum = block_load(result + i * n_padded + n);
      for (int64_t t = first[i]; t < first[i + 1]; t++)
        sum = block_add(sum, terms[t].factor * numbers[terms[t].number],
                        block_load(rows + (int64_t)terms[t].row * n_padded + n));
      block_store(result + i * n_padded + n, sum);
    }
}

void KERNEL(couple_adjoint)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                            const double *numbers, const double *rows, const double *weights, double *to_numbers,
                            double *to_rows) {
  for (int32_t n = 0; n < n_padded; n += KERNEL_BLOCK)
    for (int64_t i = 0; i < count; i++) {
      const block weight = block_load(weights + i * n_padded + n);
      for (int64_t t = first[i]; t < first[i + 1]; t++) {
        const int64_t row = (int64_t)terms[t].row * n_padded + n;
        const block product = block_multiply(weight, block_load(rows + row));
        to_numbers[terms[t].number] += terms[t].factor * block_sum(product);
        block_store(to_rows + row,
                    block_add(block_load(to_rows + row), terms[t].factor * numbers[terms[t].number], weight));
      }
    }
}
