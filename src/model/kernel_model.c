/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/kernel_model.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "model/equivariant.h"
#include "model/features.h"
#include "model/kernel_store.h"
#include "model/split.h"

/* ---- the kernel ---- */

static double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1)
      result *= base;
  return result;
}

void kernel_function_apply(const kernel_function *function, int64_t count, double *values, double *derivatives) {
  if (function->form == KERNEL_POLYNOMIAL) {
    const int64_t zeta = (int64_t)function->zeta;
    for (int64_t k = 0; k < count; k++) {
      const double lower = power(values[k], zeta - 1);
      values[k] *= lower;
      if (derivatives != NULL)
        derivatives[k] = function->zeta * lower;
    }
    return;
  }
  const double rate = 1 / (function->width * function->width), scale = 1 / (1 - exp(-rate));
  for (int64_t k = 0; k < count; k++) { /* exp(s rate) / exp(rate), so that a narrow kernel does not overflow */
    const double value = scale * exp(rate * (values[k] - 1));
    values[k] = value - scale * exp(-rate);
    if (derivatives != NULL)
      derivatives[k] = rate * value;
  }
}

void kernel_model_project(const kernel_model *model, const kernel_points *points, const double *x, double *u,
                          double *inverse) {
  double square = points->softening;
  if (points->axes == NULL)
    memcpy(u, x, (size_t)points->dimensions * sizeof(double));
  else
    kernel_model_matrix(model)->times_vector(points->dimensions, model->features, points->axes, model->features, x, u);
  for (int64_t k = 0; k < points->dimensions; k++)
    square += u[k] * u[k];
  *inverse = square > 0 ? 1 / sqrt(square) : 0;
  for (int64_t k = 0; k < points->dimensions; k++)
    u[k] *= *inverse;
}

/* ---- life ---- */

void kernel_model_free(void *state) {
  kernel_model *model = state;
  if (model == NULL)
    return;
  for (int32_t k = 0; model->species != NULL && k < model->n_species; k++) {
    memory_free(NULL, model->species[k].axes);
    memory_free(NULL, model->species[k].points);
    memory_free(NULL, model->species[k].where);
    memory_free(NULL, model->species[k].weights);
    memory_free(NULL, model->species[k].form);
    memory_free(NULL, model->species[k].trial);
  }
  memory_free(NULL, model->species);
  kernel_settle(model, NULL);
  memory_free(NULL, model);
}

static int32_t read_function(const tern_options *options, kernel_function *function) {
  const char *form;
  int64_t zeta;
  TRY(options_text(options, "kernel", &form));
  function->form = strcmp(form, "gaussian") == 0 ? KERNEL_GAUSSIAN : KERNEL_POLYNOMIAL;
  TRY(options_integer(options, "zeta", &zeta));
  function->zeta = (double)zeta;
  return options_real(options, "kernel_width", &function->width);
}

int32_t kernel_model_new(kernel_model **model, const tern_descriptor *descriptor, const tern_options *options) {
  kernel_model *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a kernel model"));
  made->features = descriptor->kind->features(descriptor->state);
  made->n_species = descriptor->n_species;
  int32_t status = kernels_get(&made->kernels);
  if (status == TERN_SUCCESS && options != NULL)
    status = read_function(options, &made->function);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &made->species, made->n_species, "the species of a kernel model");
  if (status != TERN_SUCCESS) {
    kernel_model_free(made);
    return status;
  }
  *model = made;
  return TERN_SUCCESS;
}

int32_t kernel_model_check_rows(const tern_descriptor *descriptor, int64_t rows, int64_t centers) {
  if (rows == centers)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_OPTION,
                   "option 'descriptor' is '%s', which has %lld rows for %lld centres; a kernel model compares centres"
                   " and needs one row for each, as density, power_spectrum and correlations give",
                   descriptor->kind->name, (long long)rows, (long long)centers);
}

/* ---- fit ---- */

/* The weights at hand become those of the trial. */
static int32_t keep_trial(kernel_model *model) {
  for (int32_t k = 0; k < model->n_species; k++) {
    kernel_points *points = &model->species[k];
    TRY(MEMORY_NEW(NULL, &points->trial, points->count, "the weights of a kernel model"));
    if (points->count > 0)
      memcpy(points->trial, points->weights, (size_t)points->count * sizeof(double));
  }
  return TERN_SUCCESS;
}

int32_t kernel_set(void *state, double *weights, double *trial) {
  kernel_model *model = state;
  const kernel_factors *factors = &model->fitted->factors;
  if (trial != NULL) {
    TRY(kernel_factors_weights(factors, trial, model));
    TRY(keep_trial(model));
  }
  TRY(kernel_factors_weights(factors, weights, model));
  return kernel_form_make(model);
}

static int32_t fit_weights(run *run, kernel_model *model, const tern_descriptor *descriptor,
                           const tern_dataset *dataset, const tern_options *options, const unsigned char *part,
                           text *report) {
  kernel_fitted *fitted = model->fitted;
  normal_equations sums[2] = {{0}};
  double *w = NULL, *trial = NULL;
  int32_t status = kernel_rows_gather(run, model, &fitted->factors, descriptor, dataset, &fitted->targets, part, sums);
  fitted->sums = sums[0];
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &w, fitted->factors.columns, "the weights of a kernel model");
  if (status == TERN_SUCCESS && part != NULL)
    status = MEMORY_NEW(run, &trial, fitted->factors.columns, "the weights of a kernel model");
  if (status == TERN_SUCCESS)
    status = normal_equations_solve(run, options, &fitted->sums, part != NULL ? &sums[1] : NULL, w, trial,
                                    &fitted->damping, report);
  if (status == TERN_SUCCESS)
    status = kernel_set(model, w, trial);
  memory_free(run, w);
  memory_free(run, trial);
  normal_equations_free(run, &sums[1]);
  return status;
}

static int32_t choose_points(run *run, kernel_model *model, tern_descriptor *descriptor, const tern_dataset *dataset,
                             const tern_options *options, const targets *targets, text *report) {
  TRY(kernel_points_choose(model, run, descriptor, dataset, options, report));
  TRY(MEMORY_NEW(run, &model->fitted, 1, "a kernel model"));
  model->fitted->targets = *targets;
  for (int32_t k = 0; k < model->n_species; k++)
    TRY(MEMORY_NEW(NULL, &model->species[k].weights, model->species[k].count, "the weights of a kernel model"));
  TRY(kernel_factors_new(run, model, &model->fitted->factors));
  text_add(report, ", \"points\": %lld", (long long)model->fitted->factors.columns);
  return TERN_SUCCESS;
}

int32_t kernel_prepare(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                       const tern_options *options, text *report) {
  targets targets;
  kernel_model *model = NULL;
  TRY(targets_read(options, dataset, &targets));
  targets_report(&targets, dataset, report);
  int32_t status = kernel_model_new(&model, descriptor, options);
  if (status == TERN_SUCCESS)
    status = choose_points(run, model, descriptor, dataset, options, &targets, report);
  if (status == TERN_SUCCESS) {
    *state = model;
    return status;
  }
  kernel_settle(model, run);
  kernel_model_free(model);
  return status;
}

static int32_t kernel_fit(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                          const tern_options *options, text *report) {
  unsigned char *part = NULL;
  void *model = NULL;
  TRY(split_new(&part, run, options, dataset->size));
  int32_t status = kernel_prepare(&model, run, descriptor, dataset, options, report);
  if (status == TERN_SUCCESS)
    status = fit_weights(run, model, descriptor, dataset, options, part, report);
  memory_free(run, part);
  if (status == TERN_SUCCESS) {
    *state = model;
    return status;
  }
  kernel_settle(model, run);
  kernel_model_free(model);
  return status;
}

/* ---- prediction ---- */

static int64_t most_points(const kernel_model *model) {
  int64_t most = 0;
  for (int32_t k = 0; k < model->n_species; k++)
    most = model->species[k].count > most ? model->species[k].count : most;
  return most;
}

static int64_t most_dimensions(const kernel_model *model) {
  int64_t most = 0;
  for (int32_t k = 0; k < model->n_species; k++)
    most = model->species[k].dimensions > most ? model->species[k].dimensions : most;
  return most;
}

/* Pieces behind the features' scratch. */
typedef struct pieces {
  double *u, *slope;           /* [dimensions]: u, and d energy / d u */
  double *values, *derivatives; /* [points]: k and k' */
} pieces;

static int64_t place(const kernel_model *model, void *memory, pieces *pieces) {
  const int64_t points = most_points(model), dimensions = most_dimensions(model),
                counts[4] = {dimensions, dimensions, points, points};
  double **const pointers[4] = {&pieces->u, &pieces->slope, &pieces->values, &pieces->derivatives};
  return layout_place(memory, 4, counts, pointers);
}

static int64_t kernel_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                              int64_t rows) {
  pieces counted;
  return features_scratch(descriptor, n_neighbours, rows) + place(state, NULL, &counted);
}

static void kernel_withhold(void *state, bool on) {
  kernel_model *model = state;
  for (int32_t k = 0; on != model->withheld && k < model->n_species; k++) {
    kernel_points *points = &model->species[k];
    double *other = points->trial;
    if (other == NULL)
      return;
    points->trial = points->weights;
    points->weights = other;
  }
  model->withheld = on;
}

static int64_t kernel_width(const void *state) {
  const kernel_model *model = state;
  int64_t sum = 0;
  for (int32_t k = 0; k < model->n_species; k++)
    sum += model->species[k].count;
  return sum;
}

/* The kernel vector at the place of the centre's species. */
static void write_outputs(const kernel_model *model, int32_t species, const double *values, double *outputs) {
  memset(outputs, 0, (size_t)kernel_width(model) * sizeof(double));
  for (int32_t k = 0; k < species; k++)
    outputs += model->species[k].count;
  memcpy(outputs, values, (size_t)model->species[species].count * sizeof(double));
}

/* Slopes with respect to u become those of the features: through the length, then through the axes. */
static void feature_weights(const kernel_model *model, const kernel_points *own, const double *u, double inverse,
                            double *slope, double *weights) {
  const int64_t dimensions = own->dimensions;
  double along = 0;
  for (int64_t k = 0; k < dimensions; k++)
    along += slope[k] * u[k];
  for (int64_t k = 0; k < dimensions; k++)
    slope[k] = inverse * (slope[k] - along * u[k]);
  if (own->axes == NULL) {
    memcpy(weights, slope, (size_t)dimensions * sizeof(double));
    return;
  }
  memset(weights, 0, (size_t)model->features * sizeof(double));
  kernel_model_matrix(model)->transposed_times_vector(dimensions, model->features, own->axes, model->features, slope,
                                                      weights);
}

/* Energy and, when wanted, its derivatives with respect to u, from every point. */
static double evaluate_points(const kernel_model *model, const kernel_points *own, const pieces *pieces,
                              bool with_slope) {
  double energy = 0;
  kernel_model_matrix(model)->times_vector(own->count, own->dimensions, own->points, own->dimensions, pieces->u,
                                           pieces->values);
  kernel_function_apply(&model->function, own->count, pieces->values, with_slope ? pieces->derivatives : NULL);
  for (int64_t k = 0; k < own->count; k++)
    energy += own->weights[k] * pieces->values[k];
  if (!with_slope)
    return energy;
  for (int64_t k = 0; k < own->count; k++)
    pieces->derivatives[k] *= own->weights[k];
  memset(pieces->slope, 0, (size_t)own->dimensions * sizeof(double));
  kernel_model_matrix(model)->transposed_times_vector(own->count, own->dimensions, own->points, own->dimensions,
                                                      pieces->derivatives, pieces->slope);
  return energy;
}

/* The same from the quadratic form. */
static double evaluate_form(const kernel_model *model, const kernel_points *own, const pieces *pieces) {
  double energy = 0;
  kernel_model_matrix(model)->times_vector(own->dimensions, own->dimensions, own->form, own->dimensions, pieces->u,
                                           pieces->slope);
  for (int64_t k = 0; k < own->dimensions; k++) {
    energy += pieces->u[k] * pieces->slope[k];
    pieces->slope[k] *= 2;
  }
  return energy;
}

static int32_t kernel_evaluate(const void *state, const tern_descriptor *descriptor, const environment *environment,
                               int64_t rows, void *scratch, model_answer *answer) {
  const kernel_model *model = state;
  const kernel_points *own = &model->species[environment->center_species];
  const bool with_form = own->form != NULL && !model->withheld;
  features features;
  pieces pieces;
  double inverse;
  TRY(kernel_model_check_rows(descriptor, rows, 1));
  TRY(features_compute(descriptor, environment, rows, scratch, &features));
  place(model, features.rest, &pieces);
  kernel_model_project(model, own, features.values, pieces.u, &inverse);
  if (!with_form || answer->outputs != NULL)
    answer->energy = evaluate_points(model, own, &pieces, answer->gradient != NULL && !with_form);
  if (answer->outputs != NULL)
    write_outputs(model, environment->center_species, pieces.values, answer->outputs);
  if (with_form)
    answer->energy = evaluate_form(model, own, &pieces);
  if (answer->gradient == NULL)
    return TERN_SUCCESS;
  feature_weights(model, own, pieces.u, inverse, pieces.slope, features.weights);
  return features_gradient(descriptor, environment, &features, answer->gradient);
}

const model_kind kernel_kind = {
    .name = "kernel",
    .meaning = "Sparse Gaussian process: compares each atom's features with those of chosen training environments",
    .fit = kernel_fit,
    .destroy = kernel_model_free,
    .scratch = kernel_scratch,
    .evaluate = kernel_evaluate,
    .for_tensors = &equivariant_kernel_kind,
    .width = kernel_width,
    .withhold = kernel_withhold,
    .linear = &kernel_linear,
    .store = kernel_store,
    .restore = kernel_restore,
};
