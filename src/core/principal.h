/* SPDX-License-Identifier: BSD-3-Clause */
/* Leading eigenvectors of second moments X^T X: principal components without centring. */
#ifndef TERNION_CORE_PRINCIPAL_H
#define TERNION_CORE_PRINCIPAL_H

#include <stdbool.h>

#include "core/run.h"

/* Samples (rows of X) come in pieces; whichever is smaller is kept, X or X^T X. */
typedef struct principal {
  int64_t size;    /* columns of X */
  int64_t samples; /* rows that will come */
  int64_t added;   /* rows that came */
  bool keeps_moments;
  double *matrix; /* [size][size] sums, or X [samples][size] */
} principal;

/* What the solver found: `count` axes, largest second moment first. Moments below PRINCIPAL_LEAST times the largest are
   dropped. Each axis has its largest entry positive, so that the result does not depend on chance. */
typedef struct principal_axes {
  int64_t count;
  double *axes;    /* [count][size], orthonormal */
  double *moments; /* [count]: eigenvalues divided by the number of samples */
  double total;    /* trace divided by the number of samples: what all axes together would have */
} principal_axes;

#define PRINCIPAL_LEAST 1e-14

/* `what` names the samples in a refusal for want of memory. */
int32_t principal_new(run *run, int64_t size, int64_t samples, const char *what, principal *sums);
void principal_free(run *run, principal *sums);
/* rows [count][size]. */
int32_t principal_add(principal *sums, int64_t count, const double *rows);
/* At most `wanted` axes; to be freed by principal_axes_free with the same run. The sums are spoiled. */
int32_t principal_solve(run *run, principal *sums, int64_t wanted, principal_axes *found);
/* No axes but the columns themselves, in their order, all of them. */
int32_t principal_keep(run *run, const principal *sums, principal_axes *found);
void principal_axes_free(run *run, principal_axes *found);

#endif
