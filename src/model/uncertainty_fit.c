/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments, calibration and what counts as far. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/calibration.h"
#include "model/held_out.h"
#include "model/left_out.h"
#include "model/moments.h"
#include "model/outputs.h"
#include "model/targets.h"
#include "model/uncertainty.h"

/* Powers of ten, of the mean diagonal, that are tried as regularization of the structures' moments; few structures
   cannot choose among them. */
enum { LOWEST = -10, HIGHEST = -1, USUAL = -6, FEW = 8 };
enum { MOST_GROWTH = 10 }; /* of the error of a structure that is left out */
static const double environment_regularization = 1e-8;
/* Of moments that cannot be factored as they are: at first, growing tenfold. */
static const double least_regularization = 1e-15;
enum { MOST_RETRIES = 10 };

/* How deviations are calibrated. */
typedef struct choice {
  const char *how;
  int64_t samples;
  calibration calibration;
  double noise;          /* eV, of one atom */
  double regularization; /* of the mean diagonal; 0: that of the fit */
  double score;          /* the lower the better */
} choice;

/* ---- factors ---- */

static int32_t try_factor(int64_t size, const double *moments, double shift, double *factor, bool *definite) {
  const blas_table *blas;
  const int32_t n = (int32_t)size;
  int32_t info = 0;
  memcpy(factor, moments, (size_t)(size * size) * sizeof(double));
  for (int64_t k = 0; k < size; k++)
    factor[k * size + k] += shift;
  TRY(blas_begin(&blas));
  blas->dpotrf("U", &n, factor, &n, &info, 1);
  blas_end();
  *definite = info == 0;
  return TERN_SUCCESS;
}

/* factor [size][size]: lower triangle of the Cholesky factor of moments + regularization * mean diagonal. Moments that
   are singular to rounding get as much more as makes them definite. */
static int32_t factorize(int64_t size, const double *moments, double regularization, double *factor) {
  double trace = 0;
  bool definite = false;
  for (int64_t k = 0; k < size; k++)
    trace += moments[k * size + k];
  const double mean = trace / (double)size;
  for (int retry = 0; retry < MOST_RETRIES && !definite; retry++) {
    TRY(try_factor(size, moments, trace > 0 ? regularization * mean : 1, factor, &definite));
    regularization = fmax(10 * regularization, least_regularization);
  }
  return definite ? TERN_SUCCESS
                  : error_set(TERN_ERROR_NUMERICAL, "the moments of the model's outputs are not positive definite");
}

static void pack(int64_t size, const double *factor, double *triangle) {
  for (int64_t row = 0; row < size; triangle += ++row)
    memcpy(triangle, factor + row * size, (size_t)(row + 1) * sizeof(double));
}

/* ---- the last layer by itself ---- */

/* Of a kind without a linear problem, or of a sum: a fit of the last layer to the energies. */
typedef struct last_layer {
  const moments *moments;
  double *factor; /* [size][size] */
  double *solved; /* [n_samples + 1][size] L^-1 Z, and of the targets last */
} last_layer;

/* rows [count][size] become L^-1 of themselves; factor: L by rows. */
static int32_t solve_rows(int64_t size, const double *factor, int64_t count, double *rows) {
  const int32_t n = (int32_t)size, columns = (int32_t)count;
  const double one = 1;
  const blas_table *blas;
  if (count == 0)
    return TERN_SUCCESS;
  TRY(blas_begin(&blas));
  blas->dtrsm("L", "U", "T", "N", &n, &columns, &one, factor, &n, rows, &n, 1, 1, 1, 1);
  blas_end();
  return TERN_SUCCESS;
}

static double square_of(int64_t count, const double *values) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += values[k] * values[k];
  return sum;
}

/* Held-out structures are new to the model. Others are left out by the formula of linear models: the error grows by 1 /
   (1 - leverage). That is of a last layer that is fitted to the energies alone; few of them it goes through, and the
   formula says nothing of a model that has forces to follow, or earlier parts: no error grows more than MOST_GROWTH
   times, or beyond what the last layer alone would miss. missed: the mean square of that. */
static void leave_out(const last_layer *self, samples *samples, double *missed) {
  const moments *moments = self->moments;
  const double *target = self->solved + moments->n_samples * moments->size;
  *missed = 0;
  for (int64_t k = 0; k < moments->n_samples; k++) {
    const double *own = self->solved + k * moments->size, weight = moments->weights[k];
    const double square = square_of(moments->size, own), error = fabs(moments->errors[k]);
    double fitted = 0;
    for (int64_t i = 0; i < moments->size; i++)
      fitted += own[i] * target[i];
    const double left = moments->held_out != NULL ? 1 : fmax(1 - weight * weight * square, DBL_EPSILON);
    const double rest = weight * (moments->energies[k] - fitted) / left;
    *missed += rest * rest / (double)moments->n_samples;
    samples->squares[k] = square / left;
    samples->errors[k] = fmin(error / left, fmax(MOST_GROWTH * error, fabs(rest) / weight));
    samples->sizes[k] = 1 / (weight * weight);
  }
}

static int32_t try_exponent(const last_layer *self, int exponent, samples *samples, choice *result) {
  const moments *moments = self->moments;
  const int64_t numbers = moments->n_samples * moments->size;
  double missed;
  result->regularization = pow(10, exponent);
  TRY(factorize(moments->size, moments->structures, result->regularization, self->factor));
  memcpy(self->solved, moments->sums, (size_t)numbers * sizeof(double));
  memcpy(self->solved + numbers, moments->targets, (size_t)moments->size * sizeof(double));
  TRY(solve_rows(moments->size, self->factor, moments->n_samples + 1, self->solved));
  leave_out(self, samples, &missed);
  calibrate(samples, &result->calibration);
  result->score = moments->held_out != NULL ? result->calibration.score : missed;
  return TERN_SUCCESS;
}

/* The regularization of the least score; the larger one of two equals. */
static int32_t search_exponent(const last_layer *self, samples *samples, choice *best) {
  const bool few = self->moments->n_samples < FEW;
  const int highest = few ? USUAL : HIGHEST, lowest = few ? USUAL : LOWEST;
  for (int exponent = highest; exponent >= lowest; exponent--) {
    choice trial = {0};
    TRY(try_exponent(self, exponent, samples, &trial));
    if (exponent == highest || trial.score < best->score)
      *best = trial;
  }
  best->how = self->moments->held_out != NULL ? "held-out structures" : "structures left out of the last layer alone";
  best->noise = best->calibration.noise;
  best->samples = self->moments->n_samples;
  return factorize(self->moments->size, self->moments->structures, best->regularization, self->factor);
}

static int32_t fit_last_layer(const moments *moments, double *factor, choice *best) {
  last_layer self = {.moments = moments, .factor = factor};
  samples samples = {0};
  int32_t status = samples_new(&samples, moments->run, moments->n_samples);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(moments->run, &self.solved, (moments->n_samples + 1) * moments->size,
                        "the calibration of the uncertainty");
  if (status == TERN_SUCCESS)
    status = search_exponent(&self, &samples, best);
  memory_free(moments->run, self.solved);
  samples_free(&samples, moments->run);
  return status;
}

/* ---- a linear fit ---- */

/* factor [size][size] of the precision of projected outputs. */
static int32_t project_precision(run *run, int64_t width, const double *precision, int64_t size, double *factor) {
  const int32_t n = (int32_t)size, k = (int32_t)width;
  const double one = 1, zero = 0;
  const blas_table *blas;
  double *projected = NULL, *matrix = NULL;
  TRY(MEMORY_NEW(run, &projected, size * width, "the precision of the weights"));
  outputs_project_columns(width, precision, size, projected);
  int32_t status = MEMORY_NEW(run, &matrix, size * size, "the precision of the weights");
  if (status == TERN_SUCCESS)
    status = blas_begin(&blas);
  if (status == TERN_SUCCESS) {
    blas->dsyrk("U", "T", &n, &k, &one, projected, &k, &zero, matrix, &n, 1, 1);
    blas_end();
    status = factorize(size, matrix, 0, factor);
  }
  memory_free(run, projected);
  memory_free(run, matrix);
  return status;
}

/* Structures that were held out are new to the model. */
static int32_t take_held_out(const moments *moments, const double *factor, double energy_weight, samples *samples) {
  TRY(samples_new(samples, moments->run, moments->n_samples));
  TRY(solve_rows(moments->size, factor, moments->n_samples, moments->sums));
  for (int64_t k = 0; k < moments->n_samples; k++) {
    samples->errors[k] = moments->errors[k];
    samples->squares[k] = square_of(moments->size, moments->sums + k * moments->size);
    samples->sizes[k] = 1 / (moments->weights[k] * moments->weights[k] * energy_weight * energy_weight);
  }
  return TERN_SUCCESS;
}

static int32_t calibrate_linear(const moments *moments, const double *precision, const double *factor, choice *best) {
  const double weight = moments->linear->targets(moments->model->parts[0].state)->energy;
  const left_out left_out = {.model = moments->model,
                             .linear = moments->linear,
                             .dataset = moments->dataset,
                             .run = moments->run,
                             .width = moments->width,
                             .size = moments->size,
                             .precision = precision,
                             .projected = factor};
  samples samples = {0};
  int32_t status = TERN_SUCCESS;
  best->how = moments->held_out != NULL ? "held-out structures" : "structures left out of the fit in closed form";
  if (weight > 0)
    status = moments->held_out != NULL ? take_held_out(moments, factor, weight, &samples)
                                       : left_out_gather(&left_out, &samples);
  if (status == TERN_SUCCESS && samples.count > 0) {
    calibrate(&samples, &best->calibration);
    best->noise = best->calibration.noise / weight;
    best->samples = samples.count;
  }
  samples_free(&samples, moments->run);
  return status;
}

static int32_t fit_linear(const moments *moments, double *factor, choice *best) {
  run *run = moments->run;
  const int64_t width = moments->width;
  double *precision = NULL;
  TRY(MEMORY_NEW(run, &precision, width * width, "the precision of the weights"));
  int32_t status = moments->linear->precision(moments->model->parts[0].state, run, precision);
  if (status == TERN_SUCCESS && moments->size < width)
    status = project_precision(run, width, precision, moments->size, factor);
  else if (status == TERN_SUCCESS)
    memcpy(factor, precision, (size_t)(width * width) * sizeof(double));
  if (status == TERN_SUCCESS)
    status = calibrate_linear(moments, precision, factor, best);
  memory_free(run, precision);
  return status;
}

/* ---- what counts as far ---- */

static int32_t factor_environments(const moments *moments, double *factor) {
  TRY(factorize(moments->size, moments->environments, environment_regularization, factor));
  return moments_whitened(moments)
             ? moments->linear->unwhiten(moments->model->parts[0].state, moments->run, factor)
             : TERN_SUCCESS;
}

/* A species without environments of its own is measured by the others'; what is kept is spoiled. */
static int32_t find_largest(moments *moments, const double *factor, uncertainty *made) {
  const int32_t n_species = moments->model->n_species;
  double most = 0;
  TRY(solve_rows(moments->size, factor, moments->n_kept, moments->kept));
  for (int64_t k = 0; k < moments->n_kept; k++) {
    double *largest = &made->largest[moments->kept_species[k]];
    *largest = fmax(*largest, sqrt(square_of(moments->size, moments->kept + k * moments->size)));
    most = fmax(most, *largest);
  }
  for (int32_t k = 0; k < n_species; k++)
    if (!(made->largest[k] > 0))
      made->largest[k] = most > 0 ? most : 1;
  return TERN_SUCCESS;
}

static void report_fit(const moments *moments, const choice *best, text *report) {
  text_add(report,
           ", \"uncertainty\": {\"method\": \"last_layer\", \"outputs\": %lld, \"numbers\": %lld,"
           " \"structures\": %lld, \"environments\": %lld",
           (long long)moments->width, (long long)moments->size, (long long)moments->n_visited,
           (long long)moments->first_atom[moments->n_visited]);
  if (best->samples > 0)
    text_add(report,
             ", \"calibration\": {\"method\": \"%s\", \"structures\": %lld}, \"scale\": %.10g,"
             " \"noise_per_atom\": %.10g, \"coverage\": {\"within_1\": %.4f, \"within_2\": %.4f}",
             best->how, (long long)best->samples, best->calibration.scale, best->noise, best->calibration.within_1,
             best->calibration.within_2);
  if (best->regularization > 0)
    text_add(report, ", \"regularization\": %.17g", best->regularization);
}

static int32_t assess_all(moments *moments, double *factor, uncertainty *made, text *report) {
  const double start = run_seconds();
  choice best = {0};
  TRY(moments_gather(moments));
  TRY(moments->linear != NULL ? fit_linear(moments, factor, &best) : fit_last_layer(moments, factor, &best));
  pack(moments->size, factor, made->structures);
  made->scale = best.calibration.scale;
  made->noise = best.noise;
  TRY(factor_environments(moments, factor));
  pack(moments->size, factor, made->environments);
  TRY(find_largest(moments, factor, made));
  report_fit(moments, &best, report);
  text_add(report, ", \"seconds\": %.3f}", run_seconds() - start);
  return TERN_SUCCESS;
}

static int32_t assess(moments *moments, uncertainty *made, text *report) {
  double *factor = NULL;
  TRY(MEMORY_NEW(moments->run, &factor, moments->size * moments->size, "the calibration of the uncertainty"));
  const int32_t status = assess_all(moments, factor, made, report);
  memory_free(moments->run, factor);
  return status;
}

/* ---- together ---- */

static int32_t make(uncertainty **made, tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  unsigned char *held_out = NULL;
  uncertainty *self = NULL;
  moments moments = {.model = model, .dataset = dataset, .run = run, .width = outputs_width(model)};
  moments.size = outputs_size(moments.width);
  moments.linear = model->n_parts == 1 ? model->parts[0].kind->linear : NULL;
  TRY(uncertainty_new(&self, moments.width, moments.size, model->n_species));
  int32_t status = held_out_find(model, run, dataset->size, &held_out);
  moments.held_out = held_out;
  if (status == TERN_SUCCESS) {
    held_out_withhold(model, held_out != NULL);
    status = assess(&moments, self, report);
    held_out_withhold(model, false);
  }
  moments_free(&moments);
  memory_free(run, held_out);
  if (status == TERN_SUCCESS)
    *made = self;
  else
    uncertainty_free(self);
  return status;
}

/* Bytes that are held at the same time, at least. */
static double bytes_needed(const tern_model *model, const run *run, int64_t structures) {
  const double size = (double)outputs_size(outputs_width(model)), samples = structures < 2000 ? structures : 2000;
  const double width = (double)outputs_width(model), linear = model->parts[0].kind->linear != NULL ? 1 : 0;
  return 8 * (size * (size * (5 + 2 * (double)run->threads) + 3 * samples) + linear * width * width);
}

int32_t uncertainty_fit(uncertainty **made, tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  const char *wanted;
  *made = NULL;
  TRY(options_text(model->options, "uncertainty", &wanted));
  if (strcmp(wanted, "none") == 0)
    return TERN_SUCCESS;
  const bool automatic = strcmp(wanted, "auto") == 0;
  if (outputs_width(model) == 0)
    return automatic ? TERN_SUCCESS
                     : error_set(TERN_ERROR_OPTION,
                                 "option 'uncertainty' is last_layer, but models '%s' have no last layer", model->kind);
  const int32_t status =
      memory_check(run, bytes_needed(model, run, dataset->size), "the moments of the model's outputs");
  if (status != TERN_SUCCESS && automatic) {
    text_add(report, ", \"uncertainty\": {\"method\": \"none\", \"note\": ");
    text_add_json(report, error_message());
    text_add(report, "}");
    error_clear();
    return TERN_SUCCESS;
  }
  TRY(status);
  return make(made, model, run, dataset, report);
}
