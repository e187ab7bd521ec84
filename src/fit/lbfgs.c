/* SPDX-License-Identifier: BSD-3-Clause */
/* L-BFGS (J. Nocedal, Math. Comput. 35, 773 (1980)) on all items: the inverse Hessian comes from the last steps and
   changes of the gradient; a line search goes back until the loss has fallen enough (Armijo). What is drawn at random
   in the rows stays for some steps. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "fit/training.h"

enum { PAIRS = 10, DRAW_STEPS = 50, MOST_TRIALS = 20 };
enum { GRADIENT, STEPS, CHANGES = STEPS + PAIRS, KEPT = CHANGES + PAIRS };
enum { DIRECTION, TRIAL, TRIAL_GRADIENT, WORK };
static const double enough = 1e-4; /* of the fall that the slope promises */

/* ---- direction ---- */

static int64_t held_pairs(const fit_training *t) {
  return t->counts.pairs[t->member] < PAIRS ? t->counts.pairs[t->member] : PAIRS;
}

/* direction = -H gradient by the two loops over the pairs, the latest first. */
static void find_direction(const fit_training *t, double *direction) {
  const int64_t n = t->problem->n_parameters, last = t->counts.pairs[t->member] - 1, held = held_pairs(t);
  const double *gradient = fit_kept(t, GRADIENT);
  double weights[PAIRS], scale = t->reals.loss[t->member] / fmax(fit_dot(n, gradient, gradient), 1e-300);
  for (int64_t k = 0; k < n; k++)
    direction[k] = -gradient[k];
  for (int64_t back = 0; back < held; back++) {
    const int64_t slot = (last - back) % PAIRS;
    const double *s = fit_kept(t, STEPS + slot), *y = fit_kept(t, CHANGES + slot);
    weights[slot] = fit_dot(n, s, direction) / fit_dot(n, s, y);
    fit_add(n, -weights[slot], y, direction);
    if (back == 0)
      scale = fit_dot(n, s, y) / fit_dot(n, y, y);
  }
  for (int64_t k = 0; k < n; k++)
    direction[k] *= scale;
  for (int64_t back = held - 1; back >= 0; back--) {
    const int64_t slot = (last - back) % PAIRS;
    const double *s = fit_kept(t, STEPS + slot), *y = fit_kept(t, CHANGES + slot);
    fit_add(n, weights[slot] - fit_dot(n, y, direction) / fit_dot(n, s, y), s, direction);
  }
}

/* ---- line search ---- */

/* Where the parabola through loss, slope and the loss at `length` has its minimum, neither near nor far. */
static double shorter(double length, double loss, double slope, double found) {
  const double curve = found - loss - slope * length, best = -0.5 * slope * length * length / curve;
  if (!isfinite(found) || !(curve > 0))
    return 0.25 * length;
  return fmin(0.5 * length, fmax(0.1 * length, best));
}

/* *found: the trial's loss has fallen. */
static int32_t search(fit_training *t, const fit_batch *batch, double length, bool *found, double *loss) {
  const int64_t n = t->problem->n_parameters;
  const double *direction = fit_work(t, DIRECTION), slope = fit_dot(n, direction, fit_kept(t, GRADIENT));
  double *trial = fit_work(t, TRIAL);
  *found = false;
  for (int k = 0; k < MOST_TRIALS && slope < 0 && !*found; k++) {
    memcpy(trial, t->parameters, (size_t)n * sizeof *trial);
    fit_add(n, length, direction, trial);
    TRY(fit_gradient(t, batch, trial, fit_work(t, TRIAL_GRADIENT), loss));
    *found = *loss <= t->reals.loss[t->member] + enough * length * slope && fit_finite(n, fit_work(t, TRIAL_GRADIENT));
    length = shorter(length, t->reals.loss[t->member], slope, *loss);
  }
  return TERN_SUCCESS;
}

/* Takes the trial; a pair of no positive curvature is left out. */
static void accept(fit_training *t, double loss) {
  const int64_t n = t->problem->n_parameters, slot = t->counts.pairs[t->member] % PAIRS;
  double *gradient = fit_kept(t, GRADIENT), *s = fit_kept(t, STEPS + slot), *y = fit_kept(t, CHANGES + slot);
  const double *trial = fit_work(t, TRIAL), *trial_gradient = fit_work(t, TRIAL_GRADIENT);
  for (int64_t k = 0; k < n; k++) {
    s[k] = trial[k] - t->parameters[k];
    y[k] = trial_gradient[k] - gradient[k];
  }
  if (fit_dot(n, s, y) > 1e-12 * sqrt(fit_dot(n, s, s) * fit_dot(n, y, y)))
    t->counts.pairs[t->member]++;
  else if (t->counts.pairs[t->member] >= PAIRS)
    t->counts.pairs[t->member] = 0; /* the slot held one of those in use */
  memcpy(t->parameters, trial, (size_t)n * sizeof *trial);
  memcpy(gradient, trial_gradient, (size_t)n * sizeof *gradient);
  t->reals.loss[t->member] = loss;
}

/* The gradient where the parameters are, unless the last step left it. */
static int32_t prepare(fit_training *t, const fit_batch *batch) {
  if (t->counts.drawn[t->member] == batch->step + 1)
    return TERN_SUCCESS;
  TRY(fit_gradient(t, batch, t->parameters, fit_kept(t, GRADIENT), &t->reals.loss[t->member]));
  t->counts.drawn[t->member] = batch->step + 1;
  if (!isfinite(t->reals.loss[t->member]) || !fit_finite(t->problem->n_parameters, fit_kept(t, GRADIENT)))
    t->stopped = "not finite";
  return TERN_SUCCESS;
}

static int32_t lbfgs_advance(fit_training *t, const fit_batch *given, double step, double damping) {
  fit_batch batch = *given;
  bool found = false;
  double loss = 0;
  (void)step; /* the line search has the say */
  (void)damping;
  batch.step = t->counts.step / DRAW_STEPS;
  TRY(prepare(t, &batch));
  for (int attempt = 0; attempt < 2 && t->stopped == NULL && !found; attempt++) {
    find_direction(t, fit_work(t, DIRECTION));
    TRY(search(t, &batch, t->settings.step, &found, &loss));
    if (!found && held_pairs(t) == 0)
      break;
    if (!found)
      t->counts.pairs[t->member] = 0; /* once more, straight down */
  }
  if (found)
    accept(t, loss);
  else if (t->stopped == NULL)
    t->stopped = "converged";
  return TERN_SUCCESS;
}

const fit_optimizer fit_lbfgs = {.name = "lbfgs",
                                 .kept = KEPT,
                                 .work = WORK,
                                 .usual_rows = 500,
                                 .step = 1,
                                 .whole = true,
                                 .advance = lbfgs_advance};
