/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of one allocation, one after the other on 64-byte lines; with base NULL only their size is counted. */
#ifndef TERNION_CORE_LAYOUT_H
#define TERNION_CORE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct layout {
  char *base;
  int64_t used;
} layout;

static inline void *layout_take(layout *layout, int64_t count, int64_t size) {
  void *piece = layout->base != NULL ? layout->base + layout->used : NULL;
  layout->used += (count * size + 63) / 64 * 64;
  return piece;
}

static inline double *layout_reals(layout *layout, int64_t count) {
  return layout_take(layout, count, sizeof(double));
}

/* Sets n pointers to arrays of so many reals each and returns the bytes that they take together. */
static inline int64_t layout_place(char *base, int32_t n, const int64_t counts[], double **const pointers[]) {
  layout layout = {base, 0};
  for (int32_t k = 0; k < n; k++)
    *pointers[k] = layout_reals(&layout, counts[k]);
  return layout.used;
}

#endif
