/* SPDX-License-Identifier: BSD-3-Clause */
/* A small problem of rows for tests of training: f(x) = sum over h of v_h tanh(w_h x + b_h), which is to become the
   same function of other parameters. Item i has 1 + i % 3 rows, at points of its own. */
#ifndef TERNION_TEST_FIT_CASE_H
#define TERNION_TEST_FIT_CASE_H

#include "golden.h"

#include "core/memory.h"
#include "fit/fit.h"

enum { CASE_INPUTS = 3, CASE_HIDDEN = 4, CASE_PARAMETERS = CASE_HIDDEN * (CASE_INPUTS + 2), CASE_ITEMS = 40,
       CASE_MEMBERS = 2, CASE_ALL = CASE_MEMBERS * CASE_PARAMETERS };

typedef struct fit_case {
  fit_problem problem;
  run run;
  tern_options *options;
  double truth[CASE_PARAMETERS], parameters[CASE_ALL]; /* of all members, whether they are used or not */
  double noise;        /* added to the targets */
  bool same;           /* all items are the first one */
  double factor;       /* of rows and derivatives */
  int64_t calls;       /* of linearize for derivatives */
  int64_t cancel_at;   /* at this call; 0: never */
  int64_t not_a_number_from; /* this call on; 0: never */
  int64_t most_rows, steps_seen;
  int64_t answers;     /* of the progress callback */
  text report;
} fit_case;

static inline double case_uniform(uint64_t key) {
  uint64_t state = 0x9e3779b97f4a7c15u * (key + 1);
  pseudo_random(&state);
  return pseudo_random(&state);
}

/* The value at a point and, unless NULL, its derivatives with respect to the parameters [h][w.., b, v]. */
static inline double case_function(const double *p, const double *x, double *derivatives) {
  double sum = 0;
  for (int h = 0; h < CASE_HIDDEN; h++) {
    const double *q = p + h * (CASE_INPUTS + 2);
    double z = q[CASE_INPUTS];
    for (int k = 0; k < CASE_INPUTS; k++)
      z += q[k] * x[k];
    const double a = tanh(z), slope = q[CASE_INPUTS + 1] * (1 - a * a);
    sum += q[CASE_INPUTS + 1] * a;
    for (int k = 0; derivatives != NULL && k < CASE_INPUTS + 2; k++)
      derivatives[h * (CASE_INPUTS + 2) + k] = k < CASE_INPUTS ? slope * x[k] : k == CASE_INPUTS ? slope : a;
  }
  return sum;
}

static inline int64_t case_rows(const void *context, int64_t item) {
  return ((const fit_case *)context)->same ? 2 : 1 + item % 3;
}

/* Target minus value of a row. */
static inline double case_residual(const fit_case *c, const double *p, int64_t item, int64_t row, double *derivatives) {
  double x[CASE_INPUTS];
  const uint64_t key = c->same ? 7 : (uint64_t)(8 * item + row);
  for (int k = 0; k < CASE_INPUTS; k++)
    x[k] = 2 * case_uniform(16 * key + (uint64_t)k);
  const double target = case_function(c->truth, x, NULL) + c->noise * case_uniform(16 * key + 9);
  const double value = case_function(p, x, derivatives);
  for (int k = 0; derivatives != NULL && k < CASE_PARAMETERS; k++)
    derivatives[k] *= c->factor;
  return c->factor * (target - value);
}

static inline int32_t case_linearize(void *context, run *run, const double *parameters, const fit_batch *batch,
                                     double *residual, void *jacobian, int64_t stride) {
  fit_case *c = context;
  (void)run;
  if (jacobian != NULL)
    c->calls++;
  if (jacobian != NULL && c->cancel_at > 0 && c->calls == c->cancel_at)
    return error_set(TERN_CANCELLED, "cancelled");
  const double spoil = c->not_a_number_from > 0 && c->calls >= c->not_a_number_from ? NAN : 0;
  c->steps_seen = batch->step + 1;
  if (batch->first_row[batch->count] > c->most_rows)
    c->most_rows = batch->first_row[batch->count];
  for (int64_t i = 0; i < batch->count; i++)
    for (int64_t row = batch->first_row[i]; row < batch->first_row[i + 1]; row++) {
      double derivatives[CASE_PARAMETERS];
      residual[row] = spoil + case_residual(c, parameters, batch->items[i], row - batch->first_row[i], derivatives);
      for (int64_t k = 0; jacobian != NULL && k < CASE_PARAMETERS; k++) {
        if (c->problem.wide)
          ((double *)jacobian)[row * stride + k] = derivatives[k];
        else
          ((float *)jacobian)[row * stride + k] = (float)derivatives[k];
      }
    }
  return TERN_SUCCESS;
}

static inline int32_t case_measure(void *context, run *run, const double *parameters, bool held_out,
                                   fit_measures *measures) {
  const fit_case *c = context;
  const int64_t begin = held_out ? c->problem.n_items : 0;
  const int64_t end = held_out ? begin + c->problem.n_held_out : c->problem.n_items;
  double sum = 0;
  int64_t count = 0;
  (void)run;
  for (int64_t item = begin; item < end; item++)
    for (int64_t row = 0; row < case_rows(c, item); row++, count++) {
      double mean = 0;
      for (int64_t m = 0; m < c->problem.members; m++)
        mean += case_residual(c, parameters + m * CASE_PARAMETERS, item, row, NULL) / (double)c->problem.members;
      sum += mean * mean;
    }
  *measures = (fit_measures){sum / (double)count, 1, {"rmse"}, {sqrt(sum / (double)count)}};
  return TERN_SUCCESS;
}

static inline void case_set(fit_case *c, const char *key, const char *value) {
  ASSERT_SUCCESS(options_set(c->options, key, value));
}

static inline void case_start_parameters(fit_case *c) {
  for (int k = 0; k < CASE_PARAMETERS; k++)
    c->truth[k] = case_uniform((uint64_t)(1000 + k));
  for (int k = 0; k < CASE_ALL; k++)
    c->parameters[k] = c->truth[k % CASE_PARAMETERS] + 0.4 * case_uniform((uint64_t)(2000 + k));
}

static inline void case_new(fit_case *c, bool wide) {
  *c = (fit_case){.factor = 1};
  c->problem = (fit_problem){.name = "sum of steps", .n_parameters = CASE_PARAMETERS, .members = 1,
                             .n_items = CASE_ITEMS, .n_held_out = 10, .wide = wide,
                             .fingerprint = 0x1234567890abcdefu, .rows = case_rows,
                             .linearize = case_linearize, .measure = case_measure};
  c->run.threads = 1;
  ASSERT_SUCCESS(options_new(&c->options));
  case_set(c, "epochs", "20");
  case_set(c, "batch", "10");
  case_start_parameters(c);
}

static inline int32_t case_train(fit_case *c) {
  text_free(&c->report);
  c->report = (text){0};
  c->problem.context = c;
  const int32_t status = fit_train(&c->run, &c->problem, c->options, c->parameters, &c->report);
  assert_int_equal(c->run.memory_used, 0);
  return status;
}

static inline double case_loss(fit_case *c, const double *parameters) {
  fit_measures measures;
  case_measure(c, &c->run, parameters, false, &measures);
  return measures.loss;
}

static inline void case_end(fit_case *c) {
  options_free(c->options);
  text_free(&c->report);
}

#endif
