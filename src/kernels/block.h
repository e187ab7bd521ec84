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

#endif
