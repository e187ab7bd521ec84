/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments, calibration and what counts as far. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/moments.h"
#include "model/outputs.h"
#include "model/split.h"
#include "model/uncertainty.h"

/* Powers of ten, of the mean diagonal, that are tried as regularization of the structures' moments; few structures
   cannot choose among them. */
enum { LOWEST = -10, HIGHEST = -1, USUAL = -6, FEW = 8 };
static const double environment_regularization = 1e-8;

/* The calibration at one regularization. */
typedef struct calibration {
  double regularization;    /* of the mean diagonal */
  double scale;             /* eV */
  double score;             /* the lower the better */
  double within_1, within_2; /* fractions of the structures */
} calibration;

/* ---- factors ---- */

/* factor [size][size]: lower triangle of the Cholesky factor of moments + regularization * mean diagonal. */
static int32_t factorize(int64_t size, const double *moments, double regularization, double *factor) {
  const blas_table *blas;
  const int32_t n = (int32_t)size;
  int32_t info = 0;
  double trace = 0;
  for (int64_t k = 0; k < size; k++)
    trace += moments[k * size + k];
  memcpy(factor, moments, (size_t)(size * size) * sizeof(double));
  for (int64_t k = 0; k < size; k++)
    factor[k * size + k] += trace > 0 ? regularization * trace / (double)size : 1;
  TRY(blas_begin(&blas));
  blas->dpotrf("U", &n, factor, &n, &info, 1);
  blas_end();
  return info == 0 ? TERN_SUCCESS
                   : error_set(TERN_ERROR_NUMERICAL, "the moments of the model's outputs are not positive definite");
}

static void pack(int64_t size, const double *factor, double *triangle) {
  for (int64_t row = 0; row < size; triangle += ++row)
    memcpy(triangle, factor + row * size, (size_t)(row + 1) * sizeof(double));
}

/* ---- calibration ---- */

typedef struct calibrating {
  const moments *moments;
  double *factor;  /* [size][size] */
  double *solved;  /* [n_samples + 1][size] L^-1 Z, and of the targets last */
  double *squares; /* [n_samples] squared deviation at scale 1 */
  double *errors;  /* [n_samples] of a model that has not seen the structure */
} calibrating;

static int32_t solve_samples(calibrating *self) {
  const moments *moments = self->moments;
  const int64_t numbers = moments->n_samples * moments->size;
  const int32_t n = (int32_t)moments->size, count = (int32_t)moments->n_samples + 1;
  const double one = 1;
  const blas_table *blas;
  memcpy(self->solved, moments->sums, (size_t)numbers * sizeof(double));
  memcpy(self->solved + numbers, moments->targets, (size_t)n * sizeof(double));
  TRY(blas_begin(&blas));
  blas->dtrsm("L", "U", "T", "N", &n, &count, &one, self->factor, &n, self->solved, &n, 1, 1, 1, 1);
  blas_end();
  return TERN_SUCCESS;
}

/* Held-out structures are new to the model. Others are left out by the formula of linear models: the error grows by
   1 / (1 - leverage). *score: the mean square of what the last layer alone, fitted to the energies, would miss. */
static void leave_out(calibrating *self, double *score) {
  const moments *moments = self->moments;
  const double *target = self->solved + moments->n_samples * moments->size;
  *score = 0;
  for (int64_t k = 0; k < moments->n_samples; k++) {
    const double *own = self->solved + k * moments->size, weight = moments->weights[k];
    double square = 0, fitted = 0;
    for (int64_t i = 0; i < moments->size; i++) {
      square += own[i] * own[i];
      fitted += own[i] * target[i];
    }
    const double left = moments->held_out != NULL ? 1 : fmax(1 - weight * weight * square, DBL_EPSILON);
    const double missed = weight * (moments->energies[k] - fitted) / left;
    self->squares[k] = square / left;
    self->errors[k] = moments->errors[k] / left;
    *score += missed * missed / (double)moments->n_samples;
  }
}

/* The scale that makes the mean square of error / deviation 1. Of held-out structures the score is minus twice the mean
   logarithm of the errors' likelihood. */
static void calibrate_scale(const calibrating *self, calibration *result) {
  const int64_t count = self->moments->n_samples;
  double mean = 0, logarithms = 0;
  int64_t valid = 0;
  for (int64_t k = 0; k < count; k++)
    if (self->squares[k] > 0) {
      mean += self->errors[k] * self->errors[k] / self->squares[k];
      logarithms += log(self->squares[k]);
      valid++;
    }
  mean = valid > 0 ? mean / (double)valid : 0;
  result->scale = sqrt(mean);
  if (self->moments->held_out != NULL)
    result->score = valid > 0 && mean > 0 ? logarithms / (double)valid + log(mean) : 0;
  result->within_1 = result->within_2 = 0;
  for (int64_t k = 0; k < count; k++) {
    const double deviation = result->scale * sqrt(self->squares[k]);
    result->within_1 += (fabs(self->errors[k]) <= deviation) / (double)count;
    result->within_2 += (fabs(self->errors[k]) <= 2 * deviation) / (double)count;
  }
}

static int32_t calibrate_at(calibrating *self, int exponent, calibration *result) {
  result->regularization = pow(10, exponent);
  TRY(factorize(self->moments->size, self->moments->structures, result->regularization, self->factor));
  TRY(solve_samples(self));
  leave_out(self, &result->score);
  calibrate_scale(self, result);
  return TERN_SUCCESS;
}

/* The regularization of the least score; the larger one of two equals. */
static int32_t calibrate_all(calibrating *self, calibration *best) {
  const bool few = self->moments->n_samples < FEW;
  const int highest = few ? USUAL : HIGHEST, lowest = few ? USUAL : LOWEST;
  for (int exponent = highest; exponent >= lowest; exponent--) {
    calibration trial;
    TRY(calibrate_at(self, exponent, &trial));
    if (exponent == highest || trial.score < best->score)
      *best = trial;
  }
  return factorize(self->moments->size, self->moments->structures, best->regularization, self->factor);
}

static int32_t calibrate(const moments *moments, uncertainty *made, calibration *best) {
  calibrating self = {.moments = moments};
  run *run = moments->run;
  const int64_t size = moments->size, count = moments->n_samples;
  const char *what = "the calibration of the uncertainty";
  int32_t status = MEMORY_NEW(run, &self.factor, size * size, what);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &self.solved, (count + 1) * size, what);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &self.squares, count, what);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &self.errors, count, what);
  if (status == TERN_SUCCESS)
    status = calibrate_all(&self, best);
  if (status == TERN_SUCCESS) {
    pack(size, self.factor, made->structures);
    made->scale = best->scale;
    status = factorize(size, moments->environments, environment_regularization, self.factor);
  }
  if (status == TERN_SUCCESS)
    pack(size, self.factor, made->environments);
  memory_free(run, self.factor);
  memory_free(run, self.solved);
  memory_free(run, self.squares);
  memory_free(run, self.errors);
  return status;
}

/* ---- what counts as far ---- */

/* A species without environments of its own is measured by the others'. */
static int32_t find_largest(moments *moments, uncertainty *made) {
  double most = 0;
  TRY(moments_largest(moments, made->environments));
  for (int32_t k = 0; k < moments->model->n_species; k++)
    most = fmax(most, moments->largest[k]);
  for (int32_t k = 0; k < moments->model->n_species; k++)
    made->largest[k] = moments->largest[k] > 0 ? moments->largest[k] : most > 0 ? most : 1;
  return TERN_SUCCESS;
}

static void report_fit(const moments *moments, const calibration *best, text *report) {
  text_add(report, ", \"uncertainty\": {\"method\": \"last_layer\", \"outputs\": %lld, \"numbers\": %lld",
           (long long)moments->width, (long long)moments->size);
  if (moments->n_samples > 0)
    text_add(report,
             ", \"calibration\": \"%s\", \"structures\": %lld, \"regularization\": %.17g, \"scale\": %.10g,"
             " \"coverage\": {\"within_1\": %.4f, \"within_2\": %.4f}",
             moments->held_out != NULL ? "held-out structures" : "leave-one-out of the last layer",
             (long long)moments->n_samples, best->regularization, best->scale, best->within_1, best->within_2);
  text_add(report, "}");
}

static int32_t assess(moments *moments, uncertainty *made, text *report) {
  calibration best = {0};
  TRY(moments_gather(moments));
  TRY(calibrate(moments, made, &best));
  TRY(find_largest(moments, made));
  report_fit(moments, &best, report);
  return TERN_SUCCESS;
}

/* ---- which structures ---- */

/* Structures that no part was trained on; NULL when there are none. */
static int32_t find_held_out(const tern_model *model, run *run, int64_t size, unsigned char **held_out) {
  unsigned char *common = NULL;
  int64_t left = 0;
  *held_out = NULL;
  for (int64_t k = 0; k < model->n_parts; k++) {
    unsigned char *own = NULL;
    const int32_t status = split_new(&own, run, model->parts[k].options, size);
    if (status != TERN_SUCCESS || own == NULL) {
      memory_free(run, common);
      return status;
    }
    left = 0;
    for (int64_t index = 0; index < size; index++)
      left += own[index] = own[index] && (common == NULL || common[index]);
    memory_free(run, common);
    common = own;
  }
  if (left > 0)
    *held_out = common;
  else
    memory_free(run, common);
  return TERN_SUCCESS;
}

/* The parts answer as if held-out structures had never been added to their fits, or as usual again. */
static void withhold(tern_model *model, bool on) {
  for (int64_t k = 0; k < model->n_parts; k++)
    if (model->parts[k].kind->withhold != NULL)
      model->parts[k].kind->withhold(model->parts[k].state, on);
}

static int32_t make(uncertainty **made, tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  unsigned char *held_out = NULL;
  uncertainty *self = NULL;
  moments moments = {.model = model, .dataset = dataset, .run = run, .width = outputs_width(model)};
  moments.size = outputs_size(moments.width);
  TRY(uncertainty_new(&self, moments.width, moments.size, model->n_species));
  int32_t status = find_held_out(model, run, dataset->size, &held_out);
  moments.held_out = held_out;
  if (status == TERN_SUCCESS) {
    withhold(model, held_out != NULL);
    status = assess(&moments, self, report);
    withhold(model, false);
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
  return 8 * size * (size * (4 + 2 * (double)run->threads) + 2 * samples);
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
