/* SPDX-License-Identifier: BSD-3-Clause */
/* Training of parameters by batches of rows: Gauss-Newton in the space of the samples with momentum (SPRING), Adam and
   L-BFGS, with a schedule, guards, a validation split, checkpoints and a log. What is trained is a fit_problem; nothing
   here knows of atoms. */
#ifndef TERNION_FIT_FIT_H
#define TERNION_FIT_FIT_H

#include <stdbool.h>

#include "core/options.h"
#include "core/run.h"
#include "core/text.h"

/* Some items of a problem and where the rows of each begin. */
typedef struct fit_batch {
  int64_t step; /* numbers what is drawn at random in it: the same step draws the same */
  int64_t count;
  const int64_t *items;     /* [count] */
  const int64_t *first_row; /* [count + 1] */
} fit_batch;

enum { FIT_MOST_MEASURES = 8, FIT_MOST_MEMBERS = 16 };
/* Errors of a set of items, in the problem's own units; the first one decides which state is best. */
typedef struct fit_measures {
  double loss; /* mean square of the weighted residuals */
  int32_t count;
  const char *names[FIT_MOST_MEASURES]; /* as "energy_rmse" */
  double values[FIT_MOST_MEASURES];
} fit_measures;

/* A function of parameters, known by rows: weighted residuals and their derivatives. */
typedef struct fit_problem {
  void *context;
  const char *name;         /* of what is trained, as "triplet": checkpoints of another one are refused */
  int64_t n_parameters;     /* of a member */
  int64_t members;          /* trained side by side on the same batches; their mean is what predicts */
  int64_t n_items;          /* that are trained on: 0 .. n_items - 1 */
  int64_t n_held_out;       /* of the validation set; may be 0: then the training set is measured */
  bool wide;                /* Jacobian and Gram matrix in double precision, else in single */
  uint64_t fingerprint;     /* of data, options and shapes: a checkpoint of another problem is refused */
  int64_t scratch;          /* bytes that each thread needs to linearize or to measure, where memory is limited */
  double spent;             /* seconds of time_limit that went by before */
  /* How many rows an item has, at every step. */
  int64_t (*rows)(const void *context, int64_t item);
  /* Weighted target minus prediction [rows], and the derivatives of the weighted prediction with respect to the
     parameters, jacobian [rows][stride] of float or, when wide, double (NULL: not wanted). Threads are the problem's
     affair, its results must not depend on them but for rounding that is the same for a number of threads. */
  int32_t (*linearize)(void *context, run *run, const double *parameters, const fit_batch *batch, double *residual,
                       void *jacobian, int64_t stride);
  /* Errors of the mean of all members, parameters [members][n_parameters], on the training set (or a fixed sample of
     it) or on the held-out set. */
  int32_t (*measure)(void *context, run *run, const double *parameters, bool held_out, fit_measures *measures);
} fit_problem;

/* Trains `parameters` [members][n_parameters], which hold the start and then the best state, as the options say:
   optimizer, batch (0: chosen), damping, momentum, step, epochs, time_limit, seed, checkpoint, resume, log. Best is the
   state of least loss on the held-out set, or else on the training set, among those measured at some dozens of points
   and the last one.
   A positive answer of the progress callback ends the training with the best state so far and success ("stopped":
   "cancelled" in the report), and takes the callback out of the run: nobody is asked again; a negative one is an error,
   as everywhere. Numbers that are not finite end it too ("not finite"); other reasons are "epochs", "time_limit" and
   "converged" (lbfgs). With a failure (memory, a checkpoint or log that cannot be written) the best state so far is in
   `parameters` as well, and the last checkpoint stays as it is.
   With a number of epochs and no time limit the result depends on seed and number of threads only, also when the
   training was ended and resumed from its checkpoint.
   report: members of a JSON object: optimizer, parameters, members, items, held_out, batch, most_rows, steps, epochs,
   best_step, stopped, halved_steps, factorizations_repeated, and errors of the best state as train and validation. */
int32_t fit_train(run *run, const fit_problem *problem, const tern_options *options, double *parameters, text *report);

#endif
