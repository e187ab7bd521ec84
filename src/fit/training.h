/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the room: what a training is while it runs, and the steps of the optimizers. */
#ifndef TERNION_FIT_TRAINING_H
#define TERNION_FIT_TRAINING_H

#include <stdio.h>

#include "fit/fit.h"
#include "fit/gram.h"

struct fit_optimizer;

typedef struct fit_settings {
  const struct fit_optimizer *optimizer;
  int64_t batch; /* items of a step; 0: chosen */
  double damping, damping_end, momentum, step;
  int64_t epochs;    /* 0: until the time is over */
  double time_limit; /* seconds; 0: none */
  int64_t seed;
  const char *checkpoint, *log; /* "": none */
  bool resume;
} fit_settings;

/* What a checkpoint keeps besides vectors of parameters; all of it numbers of 64 bits. */
typedef struct fit_counts {
  int64_t step;            /* steps done */
  int64_t epoch, position; /* epochs done, and items of the current one */
  int64_t batch;           /* items of a step */
  int64_t seed;
  int64_t best_step;
  int64_t points;  /* of the schedule's measuring points that are passed */
  int64_t retreats; /* halvings of steps that went too far */
  int64_t retries;  /* of factorizations, each with more damping */
  int64_t member;   /* the first that has still to do the step */
  int64_t pairs[FIT_MOST_MEMBERS]; /* of steps and changes of the gradient that L-BFGS holds, ever */
  int64_t drawn[FIT_MOST_MEMBERS]; /* what the gradient that L-BFGS holds was drawn for, plus 1 */
} fit_counts;

typedef struct fit_reals {
  double seconds;    /* spent in training */
  double best_loss;  /* of the measured set */
  double measuring;  /* seconds spent in measuring */
  double usual_loss[FIT_MOST_MEMBERS]; /* of the last batches; negative: none yet */
  double loss[FIT_MOST_MEMBERS];       /* of the last batch */
  double caution[FIT_MOST_MEMBERS];    /* at least 1: the schedule's damping times this */
} fit_reals;

typedef struct fit_training {
  run *run;
  const fit_problem *problem;
  fit_settings settings;
  fit_counts counts;
  fit_reals reals;
  double start;        /* clock when reals.seconds was 0 */
  const char *stopped; /* why, a JSON string; NULL: it goes on */
  bool cancelled;
  double *all, *best; /* [members][n_parameters] */
  int64_t member;     /* whose step it is, and */
  double *parameters; /* [n_parameters]: its own */
  double *kept;       /* [members][optimizer->kept][n_parameters]: what a step leaves to the next */
  double *work;       /* [optimizer->work][n_parameters]: within a step */
  int64_t most_rows;         /* that are linearized at a time */
  int64_t *order;            /* [n_items]: of the epoch order_epoch */
  int64_t order_epoch;
  int64_t *items, *first_row, *piece_first_row; /* of a batch, [n_items (+ 1)] */
  gram_matrix jacobian;                         /* [most_rows (+ 1)][stride]; `rows` of the last linearized */
  void *rows;                                   /* its numbers */
  double *residual;                             /* [most_rows] */
  double *gram, *diagonal;                      /* of one row more, [most_rows]; when the optimizer asks */
  void *scratch;                                /* of gram_lower */
  FILE *log;
} fit_training;

typedef struct fit_optimizer {
  const char *name;
  int64_t kept, work; /* vectors of parameters */
  int64_t usual_rows; /* of a step, when `batch` is chosen */
  double step;        /* when `step` is */
  double momentum;    /* when `momentum` is; NaN: as the length of the step has it */
  bool gram;          /* needs the Gram matrix of a batch: it must fit at once */
  bool whole;         /* each step takes all items */
  /* One step of one member from training->parameters on. When numbers are not finite the parameters stay the last good
     ones, and `stopped` says so. */
  int32_t (*advance)(fit_training *training, const fit_batch *batch, double step, double damping);
} fit_optimizer;

extern const fit_optimizer fit_spring, fit_adam, fit_lbfgs;

static inline double *fit_kept(const fit_training *training, int64_t k) {
  return training->kept + (training->member * training->settings.optimizer->kept + k) * training->problem->n_parameters;
}

static inline double *fit_work(const fit_training *training, int64_t k) {
  return training->work + k * training->problem->n_parameters;
}

/* Numbers of all members. */
static inline int64_t fit_size(const fit_training *training) {
  return training->problem->members * training->problem->n_parameters;
}

/* settings.c */
int32_t fit_settings_read(fit_settings *settings, const tern_options *options);

/* memory.c */
int32_t fit_allocate_vectors(fit_training *training);
/* Chooses batch (unless counts.batch is set) and rows, and allocates what grows with the rows. */
int32_t fit_allocate_rows(fit_training *training);
void fit_release(fit_training *training);

/* batch.c */
/* The next items of the epoch, at most as many rows as are linearized at a time when the optimizer needs them at once;
   moves position and epoch on. */
void fit_next_batch(fit_training *training, fit_batch *batch);
/* residual and jacobian (unless only the former is wanted) of a batch that is linearized at once. */
int32_t fit_linearize(fit_training *training, const fit_batch *batch, const double *parameters, bool derivatives);
/* Mean square of the weighted residuals. */
int32_t fit_loss(fit_training *training, const fit_batch *batch, const double *parameters, double *loss);
/* The same, and its gradient. */
int32_t fit_gradient(fit_training *training, const fit_batch *batch, const double *parameters, double *gradient,
                     double *loss);

/* vector.c */
double fit_dot(int64_t count, const double *a, const double *b);
void fit_add(int64_t count, double factor, const double *a, double *sum);
bool fit_finite(int64_t count, const double *a);

/* checkpoint.c */
int32_t fit_checkpoint_write(const fit_training *training);
int32_t fit_checkpoint_try(const fit_training *training); /* whether it could be written */
int32_t fit_checkpoint_read(fit_training *training);

/* log.c */
int32_t fit_log_open(fit_training *training);
/* measures NULL: none at this step. */
int32_t fit_log_line(const fit_training *training, double loss, double step, double damping,
                     const fit_measures *measures);
void fit_add_measures(text *json, const fit_measures *measures); /* an object */
void fit_log_close(fit_training *training);

#endif
