/* SPDX-License-Identifier: BSD-3-Clause */
/* Least squares by normal equations: sums over weighted rows a and their targets b. */
#ifndef TERNION_MODEL_NORMAL_EQUATIONS_H
#define TERNION_MODEL_NORMAL_EQUATIONS_H

#include "core/options.h"
#include "core/run.h"
#include "core/text.h"

typedef struct normal_equations {
  int64_t columns, rows;
  double *gram;   /* [columns][columns]: sum of a a^T, its lower triangle in Fortran's order */
  double *moment; /* [columns]: sum of a b */
  double square;  /* sum of b^2 */
} normal_equations;

int32_t normal_equations_new(run *run, int64_t columns, normal_equations *sums);
void normal_equations_free(run *run, normal_equations *sums);
/* rows [count][columns], aims [count] */
int32_t normal_equations_add(normal_equations *sums, int64_t count, const double *rows, const double *aims);
/* Minimises |A w - b|^2 + regularization * trace(A^T A) / columns * |w|^2, over both sums in the end, which the latter
   takes up; trial: over the first one alone, unless held_out is NULL. damping: what was added to the diagonal of the
   first one's Gram matrix. */
int32_t normal_equations_solve(run *run, const tern_options *options, normal_equations *sums,
                               normal_equations *held_out, double *w, double *trial, double *damping, text *report);

#endif
