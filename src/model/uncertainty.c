/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/uncertainty.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/baseline.h"
#include "model/outputs.h"
#include "model/shortest.h"

enum { GRAIN = 16 }; /* atoms that are worth a thread */

static int64_t packed(int64_t size) { return size * (size + 1) / 2; }

int32_t uncertainty_new(uncertainty **made, int64_t width, int64_t size, int64_t n_species) {
  uncertainty *self = NULL;
  TRY(MEMORY_NEW(NULL, &self, 1, "the uncertainty of a model"));
  self->width = width;
  self->size = size;
  int32_t status = MEMORY_NEW(NULL, &self->structures, packed(size), "the uncertainty of a model");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &self->environments, packed(size), "the uncertainty of a model");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &self->largest, n_species, "the uncertainty of a model");
  if (status == TERN_SUCCESS)
    *made = self;
  else
    uncertainty_free(self);
  return status;
}

void uncertainty_free(uncertainty *self) {
  if (self == NULL)
    return;
  memory_free(NULL, self->structures);
  memory_free(NULL, self->environments);
  memory_free(NULL, self->largest);
  memory_free(NULL, self);
}

/* Four sums side by side, which the compiler keeps in a vector register. */
static double dot(int64_t count, const double *a, const double *b) {
  double sums[4] = {0};
  int64_t k = 0;
  for (; k + 4 <= count; k += 4)
    for (int lane = 0; lane < 4; lane++)
      sums[lane] += a[k + lane] * b[k + lane];
  for (; k < count; k++)
    sums[0] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double uncertainty_norm(int64_t size, const double *triangle, double *values) {
  double sum = 0;
  for (int64_t row = 0; row < size; triangle += ++row) {
    values[row] = (values[row] - dot(row, triangle, values)) / triangle[row];
    sum += values[row] * values[row];
  }
  return sqrt(sum);
}

/* ---- prediction ---- */

typedef struct judgement {
  const tern_model *model;
  const tern_system *system;
  outputs outputs;
  double *totals; /* [threads][size]: sums of the atoms' outputs */
  double *scores; /* [n_owned]; NULL: not wanted */
} judgement;

static double score_of(const judgement *judgement, int64_t atom, double *values) {
  const uncertainty *self = judgement->model->uncertainty;
  const int64_t species =
      baseline_index(judgement->model->n_species, judgement->model->species, judgement->system->species[atom]);
  const double norm = uncertainty_norm(self->size, self->environments, values);
  return norm == 0 ? 0 : norm / self->largest[species];
}

static int32_t judge_atoms(void *context, int64_t begin, int64_t end, int32_t thread) {
  judgement *judgement = context;
  const int64_t size = judgement->outputs.size;
  double *values = NULL, *total = judgement->totals + thread * size;
  outputs_workspace space;
  TRY(outputs_workspace_new(&space, &judgement->outputs));
  int32_t status = MEMORY_NEW(judgement->outputs.run, &values, size, "outputs of an atom");
  for (int64_t atom = begin; status == TERN_SUCCESS && atom < end; atom++) {
    status = outputs_of_atom(&judgement->outputs, &space, atom, values);
    for (int64_t k = 0; status == TERN_SUCCESS && k < size; k++)
      total[k] += values[k];
    if (status == TERN_SUCCESS && judgement->scores != NULL)
      judgement->scores[atom] = score_of(judgement, atom, values);
  }
  memory_free(judgement->outputs.run, values);
  outputs_workspace_free(&space, &judgement->outputs);
  return status;
}

static int32_t check_ready(const tern_model *model, const tern_system *system, bool deviation) {
  const uncertainty *self = model->uncertainty;
  if (self == NULL)
    return error_set(TERN_ERROR_MISSING, "the model was fitted without uncertainty; fit it with option 'uncertainty'"
                                         " last_layer to get deviations and scores");
  if (deviation && self->scale == 0)
    return error_set(TERN_ERROR_MISSING, "the deviation of the energy is not calibrated: the model was fitted without"
                                         " energies, only scores are there");
  return model_check_species(model, system);
}

/* An atom that is nearer to a neighbour than any of these species were in the data scores at least how many times. */
static int32_t add_shortest(const tern_model *model, run *run, const tern_system *system, double *scores) {
  double *ratios = NULL;
  if (scores == NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &ratios, system->n_owned, "distances of the neighbours"));
  const int32_t status = shortest_ratios(model, run, system, ratios);
  for (int64_t atom = 0; status == TERN_SUCCESS && atom < system->n_owned; atom++)
    if (ratios[atom] < 1)
      scores[atom] = fmax(scores[atom], 1 / ratios[atom]);
  memory_free(run, ratios);
  return status;
}

static int32_t judge(judgement *judgement, run *run, double *deviation, double *scores) {
  const uncertainty *self = judgement->model->uncertainty;
  const int64_t n_owned = judgement->system->n_owned, size = self->size;
  const int32_t threads = threads_count(run, n_owned, GRAIN);
  TRY(MEMORY_NEW(run, &judgement->totals, size * threads, "outputs of each thread"));
  if (scores != NULL)
    TRY(MEMORY_NEW(run, &judgement->scores, n_owned, "scores of the atoms"));
  TRY(threads_for(run, n_owned, GRAIN, judge_atoms, judgement));
  for (int64_t k = size; k < size * threads; k++)
    judgement->totals[k % size] += judgement->totals[k];
  const double found = self->scale * uncertainty_norm(size, self->structures, judgement->totals);
  bool finite = isfinite(found);
  for (int64_t atom = 0; scores != NULL && atom < n_owned; atom++)
    finite = finite && isfinite(judgement->scores[atom]);
  if (!finite)
    return error_set(TERN_ERROR_NUMERICAL, "the uncertainty is not finite; the structure is too far from all that the"
                                           " model was fitted on");
  TRY(add_shortest(judgement->model, run, judgement->system, judgement->scores));
  if (deviation != NULL)
    *deviation = found;
  if (scores != NULL && n_owned > 0)
    memcpy(scores, judgement->scores, (size_t)n_owned * sizeof(double));
  return TERN_SUCCESS;
}

int32_t model_predict_uncertainty(const tern_model *model, run *run, const tern_system *system, double *deviation,
                                  double *scores) {
  judgement judgement = {.model = model, .system = system};
  TRY(check_ready(model, system, deviation != NULL));
  TRY(outputs_new(&judgement.outputs, model, run, system));
  const int32_t status = judge(&judgement, run, deviation, scores);
  memory_free(run, judgement.totals);
  memory_free(run, judgement.scores);
  outputs_free(&judgement.outputs);
  return status;
}

/* ---- files ---- */

void uncertainty_store(const uncertainty *self, int64_t n_species, int64_t shape[2], tensor *tensors) {
  const int64_t triangle = packed(self->size);
  shape[0] = self->width;
  shape[1] = self->size;
  const tensor made[UNCERTAINTY_TENSORS] = {
      {"uncertainty.environments", TENSOR_FLOAT64, 1, {triangle}, self->environments},
      {"uncertainty.largest", TENSOR_FLOAT64, 1, {n_species}, self->largest},
      {"uncertainty.scale", TENSOR_FLOAT64, 1, {1}, &self->scale},
      {"uncertainty.shape", TENSOR_INT64, 1, {2}, shape},
      {"uncertainty.structures", TENSOR_FLOAT64, 1, {triangle}, self->structures},
  };
  memcpy(tensors, made, sizeof made);
}

/* Finite numbers, and positive ones on the diagonal. */
static int32_t check_triangle(const char *name, int64_t size, const double *triangle) {
  for (int64_t row = 0; row < size; triangle += ++row)
    for (int64_t k = 0; k <= row; k++)
      if (!isfinite(triangle[k]) || (k == row && !(triangle[k] > 0)))
        return error_set(TERN_ERROR_FORMAT, "tensor '%s': row %lld is not that of a triangle with a positive diagonal",
                         name, (long long)row);
  return TERN_SUCCESS;
}

static int32_t load_tensors(uncertainty *self, int64_t n_species, const safetensors_file *file) {
  TRY(safetensors_copy_finite(file, "uncertainty.structures", packed(self->size), self->structures));
  TRY(check_triangle("uncertainty.structures", self->size, self->structures));
  TRY(safetensors_copy_finite(file, "uncertainty.environments", packed(self->size), self->environments));
  TRY(check_triangle("uncertainty.environments", self->size, self->environments));
  TRY(safetensors_copy_finite(file, "uncertainty.largest", n_species, self->largest));
  for (int64_t k = 0; k < n_species; k++)
    if (!(self->largest[k] > 0))
      return error_set(TERN_ERROR_FORMAT, "tensor 'uncertainty.largest': number %lld is not positive", (long long)k);
  TRY(safetensors_copy_finite(file, "uncertainty.scale", 1, &self->scale));
  return self->scale >= 0 ? TERN_SUCCESS : error_set(TERN_ERROR_FORMAT, "tensor 'uncertainty.scale' is negative");
}

int32_t uncertainty_restore(uncertainty **made, const tern_model *model, const safetensors_file *file) {
  const int64_t two = 2, width = outputs_width(model);
  const tensor *found;
  uncertainty *self = NULL;
  *made = NULL;
  if (safetensors_find(file, "uncertainty.shape") == NULL)
    return TERN_SUCCESS;
  TRY(safetensors_get(file, "uncertainty.shape", TENSOR_INT64, 1, &two, &found));
  const int64_t *shape = found->data;
  if (shape[0] != width || shape[1] != outputs_size(width))
    return error_set(TERN_ERROR_FORMAT, "tensor 'uncertainty.shape' is %lld, %lld; a model of this kind has %lld, %lld",
                     (long long)shape[0], (long long)shape[1], (long long)width, (long long)outputs_size(width));
  TRY(uncertainty_new(&self, width, shape[1], model->n_species));
  const int32_t status = load_tensors(self, model->n_species, file);
  if (status == TERN_SUCCESS)
    *made = self;
  else
    uncertainty_free(self);
  return status;
}
