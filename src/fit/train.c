/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "fit/training.h"

/* Measured at so many points of the schedule at most; fewer when that would take more than a twentieth of the work, a
   step counted as three times the cost of its items' residuals. */
enum { MOST_POINTS = 40, STEP_COST = 3, USUAL_STEPS = 2000, LEAST_EPOCHS = 20 };
static const double measuring_share = 0.05, checkpoint_spacing = 60; /* seconds */

/* ---- schedule ---- */

static double epochs_done(const fit_training *t) {
  return (double)t->counts.epoch + (double)t->counts.position / (double)t->problem->n_items;
}

/* How much of the training is done: of its epochs or its time, whichever ends first. */
static double schedule(const fit_training *t) {
  const double by_epochs = t->settings.epochs > 0 ? epochs_done(t) / (double)t->settings.epochs : 0;
  const double by_time = t->settings.time_limit > 0 ? t->reals.seconds / t->settings.time_limit : 0;
  return fmin(1, fmax(by_epochs, by_time));
}

static double damping_at(const fit_settings *s, double fraction) {
  if (!(s->damping > 0) || !(s->damping_end > 0))
    return s->damping;
  return s->damping * pow(s->damping_end / s->damping, fraction);
}

/* Neither epochs nor time are given: epochs for a usual number of steps. */
static void choose_epochs(fit_training *t) {
  if (t->settings.epochs > 0 || t->settings.time_limit > 0)
    return;
  const int64_t steps = (t->problem->n_items + t->counts.batch - 1) / t->counts.batch;
  const int64_t epochs = (USUAL_STEPS + steps - 1) / steps;
  t->settings.epochs = epochs > LEAST_EPOCHS ? epochs : LEAST_EPOCHS;
}

static int64_t measuring_points(const fit_training *t) {
  const fit_problem *p = t->problem;
  const double measured = (double)(p->n_held_out > 0 ? p->n_held_out : p->n_items);
  if (t->settings.epochs == 0)
    return MOST_POINTS;
  const double work = STEP_COST * (double)t->settings.epochs * (double)p->n_items;
  return (int64_t)fmin(MOST_POINTS, fmax(1, measuring_share * work / measured));
}

/* ---- measuring ---- */

/* Keeps the state when it is better than the best so far. */
static int32_t measure(fit_training *t, fit_measures *found) {
  const double start = run_seconds();
  *found = (fit_measures){0};
  TRY(t->problem->measure(t->problem->context, t->run, t->all, t->problem->n_held_out > 0, found));
  t->reals.measuring += run_seconds() - start;
  if (found->loss < t->reals.best_loss) {
    t->reals.best_loss = found->loss;
    t->counts.best_step = t->counts.step;
    memcpy(t->best, t->all, (size_t)fit_size(t) * sizeof(double));
  }
  return TERN_SUCCESS;
}

/* At the first step after each point. Only a training that is ruled by its time leaves some out for theirs. */
static int32_t measure_when_due(fit_training *t, fit_measures *found, bool *measured) {
  const int64_t point = (int64_t)(schedule(t) * (double)measuring_points(t));
  *measured = false;
  if (point <= t->counts.points)
    return TERN_SUCCESS;
  *measured = t->settings.time_limit == 0 || t->reals.measuring <= measuring_share * t->reals.seconds;
  if (*measured)
    TRY(measure(t, found));
  t->counts.points = point; /* not when that was cancelled */
  return TERN_SUCCESS;
}

/* ---- the loop ---- */

/* A positive answer to a report, from wherever it comes, ends the training; nobody is asked again. */
static int32_t unless_cancelled(fit_training *t, int32_t status) {
  if (status != TERN_CANCELLED)
    return status;
  error_clear();
  t->cancelled = true;
  t->stopped = "cancelled";
  t->run->progress = NULL;
  return TERN_SUCCESS;
}

static double mean_loss(const fit_training *t) {
  double sum = 0;
  for (int64_t k = 0; k < t->problem->members; k++)
    sum += t->reals.loss[k];
  return sum / (double)t->problem->members;
}

static double largest_caution(const fit_training *t) {
  double largest = 1;
  for (int64_t k = 0; k < t->problem->members; k++)
    largest = fmax(largest, t->reals.caution[k]);
  return largest;
}

static int32_t report(fit_training *t) {
  const bool by_time = t->settings.epochs == 0;
  const int64_t total = by_time ? (int64_t)ceil(1000 * t->settings.time_limit)
                                : t->settings.epochs * t->problem->n_items;
  const int64_t done = (int64_t)(schedule(t) * (double)total);
  return run_report(t->run, "train", done < total ? done : total, total, mean_loss(t));
}

/* Each member's step on the same batch; one that is interrupted begins with the same member again. */
static int32_t advance(fit_training *t, const fit_batch *batch, double step, double damping) {
  for (; t->counts.member < t->problem->members; t->counts.member++) {
    t->member = t->counts.member;
    t->parameters = t->all + t->member * t->problem->n_parameters;
    TRY(t->settings.optimizer->advance(t, batch, step, damping));
    if (t->stopped != NULL)
      return TERN_SUCCESS;
  }
  t->counts.member = 0;
  return TERN_SUCCESS;
}

static int32_t train_step(fit_training *t) {
  const double fraction = schedule(t), step = t->settings.step * (1 - fraction);
  const double damping = damping_at(&t->settings, fraction);
  const fit_counts before = t->counts;
  fit_measures measures;
  fit_batch batch;
  bool measured;
  fit_next_batch(t, &batch);
  if (batch.first_row[batch.count] == 0)
    return TERN_SUCCESS;
  const int32_t status = unless_cancelled(t, advance(t, &batch, step, damping));
  if (status != TERN_SUCCESS || t->stopped != NULL) {
    t->counts.epoch = before.epoch; /* not done: a resumed training does it */
    t->counts.position = before.position;
    return status;
  }
  t->counts.step++;
  t->reals.seconds = run_seconds() - t->start;
  TRY(unless_cancelled(t, measure_when_due(t, &measures, &measured)));
  TRY(fit_log_line(t, mean_loss(t), step, damping * largest_caution(t), measured && !t->cancelled ? &measures : NULL));
  return t->cancelled ? TERN_SUCCESS : unless_cancelled(t, report(t));
}

static int32_t write_checkpoint(fit_training *t) {
  return t->settings.checkpoint[0] == 0 ? TERN_SUCCESS : fit_checkpoint_write(t);
}

static int32_t train_loop(fit_training *t) {
  double last = run_seconds();
  while (t->stopped == NULL) {
    t->reals.seconds = run_seconds() - t->start;
    if (schedule(t) >= 1) {
      t->stopped = t->settings.epochs > 0 && epochs_done(t) >= (double)t->settings.epochs ? "epochs" : "time_limit";
      break;
    }
    TRY(train_step(t));
    if (run_seconds() - last >= checkpoint_spacing) {
      TRY(write_checkpoint(t));
      last = run_seconds();
    }
  }
  return write_checkpoint(t); /* before the last state is measured, which a resumed training would not do here */
}

/* ---- beginning and end ---- */

static int32_t prepare(fit_training *t) {
  if (!fit_finite(fit_size(t), t->all))
    return error_set(TERN_ERROR_NUMERICAL, "%s: the parameters to start from are not finite", t->problem->name);
  TRY(fit_allocate_vectors(t));
  memcpy(t->best, t->all, (size_t)fit_size(t) * sizeof(double));
  t->reals = (fit_reals){.seconds = t->problem->spent, .best_loss = INFINITY};
  for (int64_t k = 0; k < FIT_MOST_MEMBERS; k++) {
    t->reals.usual_loss[k] = -1;
    t->reals.caution[k] = 1;
  }
  t->counts = (fit_counts){.seed = t->settings.seed};
  if (t->settings.resume)
    TRY(fit_checkpoint_read(t));
  if (t->settings.resume && t->settings.batch > 0)
    t->counts.batch = 0; /* what the option says is in force */
  TRY(fit_allocate_rows(t));
  choose_epochs(t);
  if (t->settings.checkpoint[0] != 0)
    TRY(fit_checkpoint_try(t));
  t->start = run_seconds() - t->reals.seconds;
  return fit_log_open(t);
}

static void write_counts(const fit_training *t, text *json) {
  text_add(json, "\"optimizer\": \"%s\", \"parameters\": %lld, \"members\": %lld, \"items\": %lld, \"held_out\": %lld",
           t->settings.optimizer->name, (long long)t->problem->n_parameters, (long long)t->problem->members,
           (long long)t->problem->n_items, (long long)t->problem->n_held_out);
  text_add(json, ", \"batch\": %lld, \"most_rows\": %lld, \"steps\": %lld, \"epochs\": ", (long long)t->counts.batch,
           (long long)t->most_rows, (long long)t->counts.step);
  text_add_real(json, epochs_done(t));
  text_add(json, ", \"best_step\": %lld, \"stopped\": \"%s\"", (long long)t->counts.best_step, t->stopped);
  text_add(json, ", \"halved_steps\": %lld, \"factorizations_repeated\": %lld", (long long)t->counts.retreats,
           (long long)t->counts.retries);
}

/* Errors of the best state on a set. */
static int32_t write_measures(fit_training *t, bool held_out, text *json) {
  fit_measures measures = {0};
  TRY(t->problem->measure(t->problem->context, t->run, t->best, held_out, &measures));
  text_add(json, ", \"%s\": ", held_out ? "validation" : "train");
  fit_add_measures(json, &measures);
  return TERN_SUCCESS;
}

/* The last state counts too. */
static int32_t finish(fit_training *t, text *json) {
  fit_measures last;
  TRY(unless_cancelled(t, measure(t, &last)));
  write_counts(t, json);
  TRY(write_measures(t, false, json));
  return t->problem->n_held_out > 0 ? write_measures(t, true, json) : TERN_SUCCESS;
}

int32_t fit_train(run *run, const fit_problem *problem, const tern_options *options, double *parameters,
                  text *report) {
  fit_training t = {.run = run, .problem = problem, .all = parameters, .parameters = parameters};
  const tern_progress progress = run->progress;
  int32_t status = fit_settings_read(&t.settings, options);
  if (status == TERN_SUCCESS)
    status = prepare(&t);
  if (status == TERN_SUCCESS)
    status = train_loop(&t);
  if (status == TERN_SUCCESS)
    status = finish(&t, report);
  if (!t.cancelled)
    run->progress = progress;
  if (t.best != NULL)
    memcpy(parameters, t.best, (size_t)fit_size(&t) * sizeof *parameters);
  fit_release(&t);
  return status;
}
