/* SPDX-License-Identifier: BSD-3-Clause */
/* Linear model E = sum_i w_{species of i} . x_i with weights for each species of the centre. */
#include "model/ridge.h"

#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/equivariant.h"
#include "model/features.h"
#include "model/linear_solve.h"
#include "model/ridge_linear.h"
#include "model/split.h"

static void ridge_destroy(void *state) {
  ridge *self = state;
  if (self != NULL) {
    memory_free(NULL, self->weights);
    memory_free(NULL, self->trial);
    ridge_settle(self, NULL);
  }
  memory_free(NULL, self);
}

static int32_t ridge_new(ridge **state, int64_t n_species, int64_t features) {
  ridge *self = NULL;
  TRY(MEMORY_NEW(NULL, &self, 1, "a ridge model"));
  self->n_species = n_species;
  self->features = features;
  const int32_t status = MEMORY_NEW(NULL, &self->weights, n_species * features, "the weights of a ridge model");
  if (status != TERN_SUCCESS) {
    ridge_destroy(self);
    return status;
  }
  *state = self;
  return TERN_SUCCESS;
}

/* ---- fit ---- */

static int32_t check_parts(const ridge_data *data, const least_squares problems[2]) {
  for (int k = 0; k < (data->part == NULL ? 1 : 2); k++)
    if (problems[k].rows == 0)
      return error_set(TERN_ERROR_DATA, "option 'validation': the structures %s have no targets",
                       k == 0 ? "left to fit" : "held out");
  return TERN_SUCCESS;
}

static int32_t ridge_solve(run *run, const tern_options *options, const ridge_data *data, ridge *self, text *report) {
  least_squares problems[2];
  linear_solution solution = {.weights = self->weights, .trial = self->trial};
  int32_t status = ridge_rows_gather(run, data, problems);
  if (status == TERN_SUCCESS)
    status = check_parts(data, problems);
  if (status == TERN_SUCCESS)
    status = linear_solve(run, options, &problems[0], data->part != NULL ? &problems[1] : NULL, &solution, report);
  self->damping = solution.damping;
  self->fitted = problems[0];
  least_squares_free(run, &problems[1]);
  return status;
}

int32_t ridge_prepare(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                      const tern_options *options, text *report) {
  targets targets;
  ridge *self = NULL;
  (void)run;
  TRY(targets_read(options, dataset, &targets));
  TRY(ridge_new(&self, descriptor->n_species, descriptor->kind->features(descriptor->state)));
  self->targets = targets;
  targets_report(&targets, dataset, report);
  *state = self;
  return TERN_SUCCESS;
}

static int32_t ridge_fit(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                         const tern_options *options, text *report) {
  ridge_data data = {.descriptor = descriptor, .dataset = dataset};
  unsigned char *part = NULL;
  void *made = NULL;
  TRY(ridge_prepare(&made, run, descriptor, dataset, options, report));
  ridge *self = made;
  data.targets = self->targets;
  data.features = self->features;
  data.columns = self->features * self->n_species;
  int32_t status = split_new(&part, run, options, dataset->size);
  data.part = part;
  if (status == TERN_SUCCESS && part != NULL)
    status = MEMORY_NEW(NULL, &self->trial, data.columns, "the weights of a ridge model");
  if (status == TERN_SUCCESS)
    status = ridge_solve(run, options, &data, self, report);
  memory_free(run, part);
  if (status == TERN_SUCCESS) {
    *state = self;
    return status;
  }
  ridge_settle(self, run);
  ridge_destroy(self);
  return status;
}

/* ---- prediction ---- */

/* Eight sums side by side, which the compiler keeps in vector registers. */
static double dot(int64_t count, const double *a, const double *b) {
  double sums[8] = {0}, rest = 0;
  int64_t k = 0;
  for (; k + 8 <= count; k += 8)
    for (int lane = 0; lane < 8; lane++)
      sums[lane] += a[k + lane] * b[k + lane];
  for (; k < count; k++)
    rest += a[k] * b[k];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest;
}

static int64_t ridge_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                             int64_t rows) {
  (void)state;
  return features_scratch(descriptor, n_neighbours, rows);
}

/* The outputs are the sums of the features over an environment's rows, at the place of the centre's species. */
static void ridge_outputs(const ridge *self, const environment *environment, int64_t rows, const double *values,
                          double *outputs) {
  double *own = outputs + environment->center_species * self->features;
  memset(outputs, 0, (size_t)(self->n_species * self->features) * sizeof(double));
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < self->features; k++)
      own[k] += values[row * self->features + k];
}

static int32_t ridge_evaluate(const void *state, const tern_descriptor *descriptor, const environment *environment,
                              int64_t rows, void *scratch, model_answer *answer) {
  const ridge *self = state;
  const double *own = self->weights + environment->center_species * self->features;
  features features;
  TRY(features_compute(descriptor, environment, rows, scratch, &features));
  answer->energy = 0;
  for (int64_t row = 0; row < rows; row++)
    answer->energy += dot(self->features, own, features.values + row * self->features);
  if (answer->outputs != NULL)
    ridge_outputs(self, environment, rows, features.values, answer->outputs);
  if (answer->gradient == NULL)
    return TERN_SUCCESS;
  for (int64_t row = 0; row < rows; row++)
    memcpy(features.weights + row * self->features, own, (size_t)self->features * sizeof(double));
  return features_gradient(descriptor, environment, &features, answer->gradient);
}

static int64_t ridge_width(const void *state) {
  const ridge *self = state;
  return self->n_species * self->features;
}

static void ridge_withhold(void *state, bool on) {
  ridge *self = state;
  if (self->trial == NULL || self->withheld == on)
    return;
  self->withheld = on;
  double *other = self->weights;
  self->weights = self->trial;
  self->trial = other;
}

/* ---- files ---- */

static int32_t ridge_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const ridge *self = state;
  if (capacity < 1)
    return error_set(TERN_ERROR_INTERNAL, "a ridge model stores 1 tensor, there is room for none");
  tensors[0] = (tensor){.name = "ridge.weights",
                        .type = TENSOR_FLOAT64,
                        .rank = 2,
                        .shape = {self->n_species, self->features},
                        .data = self->weights};
  *count = 1;
  return TERN_SUCCESS;
}

static int32_t ridge_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  const int64_t shape[2] = {descriptor->n_species, descriptor->kind->features(descriptor->state)};
  const tensor *found;
  ridge *self = NULL;
  TRY(safetensors_get_finite(file, "ridge.weights", 2, shape, &found));
  TRY(ridge_new(&self, shape[0], shape[1]));
  memcpy(self->weights, found->data, (size_t)(shape[0] * shape[1]) * sizeof(double));
  *state = self;
  return TERN_SUCCESS;
}

const model_kind ridge_kind = {
    .name = "ridge",
    .meaning = "Linear in the features of each atom, fitted by regularized least squares",
    .fit = ridge_fit,
    .destroy = ridge_destroy,
    .scratch = ridge_scratch,
    .evaluate = ridge_evaluate,
    .for_tensors = &equivariant_ridge_kind,
    .width = ridge_width,
    .withhold = ridge_withhold,
    .linear = &ridge_linear,
    .store = ridge_store,
    .restore = ridge_restore,
};
