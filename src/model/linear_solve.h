/* SPDX-License-Identifier: BSD-3-Clause */
/* Regularized solutions of streamed linear problems: what all linear models have in common. */
#ifndef TERNION_MODEL_LINEAR_SOLVE_H
#define TERNION_MODEL_LINEAR_SOLVE_H

#include "core/options.h"
#include "core/text.h"
#include "model/least_squares.h"

typedef struct linear_solution {
  double *weights; /* [columns], from all rows */
  double *trial;   /* [columns], those before the rows held out were added; NULL: not wanted */
  double regularization; /* times trace(A^T A) / columns; 0 on entry: as the option says, and set */
  double damping;        /* of the fit without the rows held out; set */
  double score;          /* mean squared error by which it was chosen; set, negative when it was given */
} linear_solution;

/* held_out: what decides on the regularization and is then fitted too, for which it takes up the rows of `fitted`;
   NULL: generalized cross-validation does.
   report: members of a JSON object, each after a comma. */
int32_t linear_solve(run *run, const tern_options *options, least_squares *fitted, least_squares *held_out,
                     linear_solution *solution, text *report);

#endif
