/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight numbers as the vectors of the instruction set at hand. Loops over parts have constant length and vanish. */
#ifndef TERNION_KERNELS_BLOCK_H
#define TERNION_KERNELS_BLOCK_H

#include "kernels/kernels.h"

#if defined(__AVX512F__)
#define WIDTH 8
#elif defined(__AVX__)
#define WIDTH 4
#else
#define WIDTH 2
#endif
#define PARTS (KERNEL_BLOCK / WIDTH)

typedef double vector __attribute__((vector_size(8 * WIDTH), may_alias));
typedef double loose_vector __attribute__((vector_size(8 * WIDTH), may_alias, aligned(8)));

typedef struct block {
  vector part[PARTS];
} block;

#define INLINE static inline __attribute__((always_inline))

INLINE block block_zero(void) {
  block result;
  for (int k = 0; k < PARTS; k++)
    result.part[k] = (vector){0};
  return result;
}

INLINE block block_load(const double *from) {
  block result;
  for (int k = 0; k < PARTS; k++)
    result.part[k] = ((const vector *)from)[k];
  return result;
}

/* From any address. */
INLINE block block_load_loose(const double *from) {
  block result;
  for (int k = 0; k < PARTS; k++)
    result.part[k] = ((const loose_vector *)from)[k];
  return result;
}

/* The first `count` numbers, then zeros whatever stands there. */
INLINE block block_keep(block value, int64_t count) {
  typedef int64_t mask __attribute__((vector_size(8 * WIDTH)));
  for (int k = 0; k < PARTS; k++) {
    mask lane;
    for (int j = 0; j < WIDTH; j++)
      lane[j] = k * WIDTH + j;
    value.part[k] = (vector)((mask)value.part[k] & (lane < count));
  }
  return value;
}

INLINE void block_store(double *to, block value) {
  for (int k = 0; k < PARTS; k++)
    ((vector *)to)[k] = value.part[k];
}

/* To any address. */
INLINE void block_store_loose(double *to, block value) {
  for (int k = 0; k < PARTS; k++)
    ((loose_vector *)to)[k] = value.part[k];
}

/* The first `count` numbers only. */
INLINE void block_store_some(double *to, block value, int32_t count) {
  double all[KERNEL_BLOCK] __attribute__((aligned(64)));
  block_store(all, value);
  for (int32_t k = 0; k < count; k++)
    to[k] = all[k];
}

INLINE block block_scale(double factor, block value) {
  for (int k = 0; k < PARTS; k++)
    value.part[k] *= factor;
  return value;
}

INLINE block block_add(block sum, double factor, block value) {
  for (int k = 0; k < PARTS; k++)
    sum.part[k] += factor * value.part[k];
  return sum;
}

INLINE block block_add_product(block sum, block first, block second) {
  for (int k = 0; k < PARTS; k++)
    sum.part[k] += first.part[k] * second.part[k];
  return sum;
}

INLINE block block_multiply(block first, block second) {
  for (int k = 0; k < PARTS; k++)
    first.part[k] *= second.part[k];
  return first;
}

INLINE double block_sum(block value) {
  double all[KERNEL_BLOCK] __attribute__((aligned(64)));
  block_store(all, value);
  return ((all[0] + all[4]) + (all[1] + all[5])) + ((all[2] + all[6]) + (all[3] + all[7]));
}

/* sums[k] += sum of values[k], for WIDTH blocks: halves of neighbouring vectors are added until each lane is a sum. */
INLINE void block_add_sums(const block *values, double *sums) {
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
  vector v[WIDTH];
  for (int k = 0; k < WIDTH; k++) {
    v[k] = values[k].part[0];
    for (int part = 1; part < PARTS; part++)
      v[k] += values[k].part[part];
  }
#if WIDTH == 8
  for (int k = 0; k < 4; k++)
    v[k] = __builtin_shufflevector(v[2 * k], v[2 * k + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
           __builtin_shufflevector(v[2 * k], v[2 * k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  for (int k = 0; k < 2; k++)
    v[k] = __builtin_shufflevector(v[2 * k], v[2 * k + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
           __builtin_shufflevector(v[2 * k], v[2 * k + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  v[0] = __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15);
#elif WIDTH == 4
  for (int k = 0; k < 2; k++)
    v[k] = __builtin_shufflevector(v[2 * k], v[2 * k + 1], 0, 4, 2, 6) +
           __builtin_shufflevector(v[2 * k], v[2 * k + 1], 1, 5, 3, 7);
  v[0] = __builtin_shufflevector(v[0], v[1], 0, 1, 4, 5) + __builtin_shufflevector(v[0], v[1], 2, 3, 6, 7);
#else
  v[0] = __builtin_shufflevector(v[0], v[1], 0, 2) + __builtin_shufflevector(v[0], v[1], 1, 3);
#endif
  *(loose_vector *)sums += v[0];
#else
  for (int k = 0; k < WIDTH; k++)
    sums[k] += block_sum(values[k]);
#endif
}

#endif
