/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with the Jacobian of a batch, [rows][stride] of float or double, by all threads of the run. Each is the same
   for the same number of threads. */
#ifndef TERNION_FIT_GRAM_H
#define TERNION_FIT_GRAM_H

#include <stdbool.h>

#include "core/run.h"

typedef struct gram_matrix {
  bool wide; /* of double */
  int64_t rows, columns, stride;
  const void *data;
} gram_matrix;

/* Numbers from row to row: a multiple of a cache line, not of a page, so that rows do not meet in the cache. */
int64_t gram_stride(int64_t columns, bool wide);
/* Bytes of scratch for gram_lower. */
int64_t gram_scratch(const run *run, const gram_matrix *matrix);
/* The lower triangle of M M^T in result [rows][rows], which is overwritten, also above the diagonal. scratch is 64-byte
   aligned. */
int32_t gram_lower(run *run, const gram_matrix *matrix, void *scratch, double *result);
/* y [columns] += M^T x */
int32_t gram_transposed_times(run *run, const gram_matrix *matrix, const double *x, double *y);

#endif
