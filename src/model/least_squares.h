/* SPDX-License-Identifier: BSD-3-Clause */
/* Linear least squares whose rows come in pieces: only the triangular factor of [A b] is kept, updated by orthogonal
   transformations, so the condition number is never squared and memory does not grow with the rows. */
#ifndef TERNION_MODEL_LEAST_SQUARES_H
#define TERNION_MODEL_LEAST_SQUARES_H

#include <stdbool.h>

#include "core/run.h"

typedef struct least_squares {
  int64_t columns;  /* unknowns */
  int64_t capacity; /* rows held before they are factored */
  int64_t held;     /* rows in the matrix: a factor on top, new rows below it */
  int64_t rows;     /* rows given so far */
  double *matrix;   /* [columns + 1][capacity]: column after column, the last one is b */
  double *tau, *work;
  int32_t work_size;
} least_squares;

/* Bytes of a problem that factors `block` rows at a time. */
double least_squares_bytes(int64_t columns, int64_t block);
int32_t least_squares_new(run *run, int64_t columns, int64_t block, least_squares *problem);
void least_squares_free(run *run, least_squares *problem);
/* rows [count][columns + 1]: a row of A, then its b. */
int32_t least_squares_add(least_squares *problem, int64_t count, const double *rows);
/* Adds the rows that another problem was given. */
int32_t least_squares_merge(least_squares *problem, const least_squares *other);
/* Replaces the rows held, unless they are fewer than the unknowns, by their triangular factor: the upper triangle of
   the matrix. */
int32_t least_squares_factor(least_squares *problem);
/* |A x - b|^2 over the rows given, which are factored first. */
int32_t least_squares_residual(least_squares *problem, const double *x, double *residual);

/* Singular values of A and b in their frame: the solution for any damping costs next to nothing. */
typedef struct spectrum {
  int64_t rows, columns;
  int64_t count;    /* min(rows, columns) singular values */
  double *singular; /* [count], falling */
  double *rotated;  /* [count]: U^T b */
  double *right;    /* [columns][count]: row k of V^T is right[.][k] */
  double beyond;    /* squared norm of the part of b outside of A's range */
} spectrum;

int32_t least_squares_decompose(run *run, least_squares *problem, spectrum *spectrum);
void spectrum_free(run *run, spectrum *spectrum);
/* Singular values above max(rows, columns) * epsilon * largest. */
int64_t spectrum_rank(const spectrum *spectrum);
/* Largest singular value over the smallest that counts to the rank; infinite when that is 0. */
double spectrum_condition(const spectrum *spectrum);
/* trace(A^T A) / columns. */
double spectrum_scale(const spectrum *spectrum);
/* Minimises |A x - b|^2 + damping |x|^2; damping 0: the solution of least norm. */
void spectrum_solve(const spectrum *spectrum, double damping, double *x);
/* Mean squared error of leaving rows out, by generalized cross-validation (Golub, Heath, Wahba, Technometrics 21, 215
 * (1979)). Where there are about as many unknowns as rows it may take a fit through all of them for the best, unless
 * unknowns count more than once (Kim, Gu, J. R. Stat. Soc. B 66, 337 (2004)). */
#define SPECTRUM_GCV_UNKNOWN 1.4
double spectrum_gcv(const spectrum *spectrum, double damping);

/* The argument, between 10^low and 10^high, of the least score: a grid in the logarithm, then golden sections. */
typedef int32_t (*damping_score)(void *context, double damping, double *score);
int32_t least_squares_search(double low, double high, damping_score score, void *context, double *best,
                             double *best_score);

#endif
