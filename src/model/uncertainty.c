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

void uncertainty_norms(int64_t size, const double *triangle, double *values, double *norms) {
  enum { LANES = UNCERTAINTY_LANES };
  double squares[LANES] = {0};
  for (int64_t row = 0; row < size; triangle += ++row) {
    double sums[LANES] = {0}, *own = values + row * LANES;
    for (int64_t k = 0; k < row; k++)
      for (int lane = 0; lane < LANES; lane++)
        sums[lane] += triangle[k] * values[k * LANES + lane];
    for (int lane = 0; lane < LANES; lane++) {
      own[lane] = (own[lane] - sums[lane]) / triangle[row];
      squares[lane] += own[lane] * own[lane];
    }
  }
  for (int lane = 0; lane < LANES; lane++)
    norms[lane] = sqrt(squares[lane]);
}

/* ---- prediction ---- */

typedef struct judgement {
  const tern_model *model;
  const tern_system *system;
  outputs outputs;
  double *totals; /* [threads][size]: sums of the atoms' outputs */
  double *scores; /* [n_owned]; NULL: not wanted */
} judgement;

/* Scores of atoms side by side, from `first` on; lanes [size][UNCERTAINTY_LANES] are spoiled. */
static void score_atoms(const judgement *judgement, int64_t first, int64_t count, double *lanes) {
  const tern_model *model = judgement->model;
  const uncertainty *self = model->uncertainty;
  double norms[UNCERTAINTY_LANES];
  uncertainty_norms(self->size, self->environments, lanes, norms);
  for (int64_t lane = 0; lane < count; lane++) {
    const int64_t species =
        baseline_index(model->n_species, model->species, judgement->system->species[first + lane]);
    judgement->scores[first + lane] = norms[lane] / self->largest[species];
  }
}

/* values [size], then the lanes. */
static int32_t judge_group(judgement *judgement, outputs_workspace *space, int64_t first, int64_t count,
                           double *values, double *total) {
  const int64_t size = judgement->outputs.size;
  double *lanes = values + size;
  memset(lanes, 0, (size_t)(size * UNCERTAINTY_LANES) * sizeof(double));
  for (int64_t lane = 0; lane < count; lane++) {
    TRY(outputs_of_atom(&judgement->outputs, space, first + lane, values));
    for (int64_t k = 0; k < size; k++) {
      total[k] += values[k];
      lanes[k * UNCERTAINTY_LANES + lane] = values[k];
    }
  }
  if (judgement->scores != NULL)
    score_atoms(judgement, first, count, lanes);
  return TERN_SUCCESS;
}

static int32_t judge_atoms(void *context, int64_t begin, int64_t end, int32_t thread) {
  judgement *judgement = context;
  const int64_t size = judgement->outputs.size;
  double *values = NULL;
  outputs_workspace space;
  TRY(outputs_workspace_new(&space, &judgement->outputs));
  int32_t status = MEMORY_NEW(judgement->outputs.run, &values, (1 + UNCERTAINTY_LANES) * size, "outputs of atoms");
  for (int64_t atom = begin; status == TERN_SUCCESS && atom < end; atom += UNCERTAINTY_LANES) {
    const int64_t left = end - atom, count = left < UNCERTAINTY_LANES ? left : UNCERTAINTY_LANES;
    status = judge_group(judgement, &space, atom, count, values, judgement->totals + thread * size);
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
  if (deviation && self->scale == 0 && self->noise == 0)
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

/* Of the sum of the atoms' outputs, which is spoiled. */
static int32_t deviation_of(const judgement *judgement, run *run, double *total, double *found) {
  const uncertainty *self = judgement->model->uncertainty;
  double *lanes = NULL, norms[UNCERTAINTY_LANES];
  TRY(MEMORY_NEW(run, &lanes, self->size * UNCERTAINTY_LANES, "outputs of a structure"));
  for (int64_t k = 0; k < self->size; k++)
    lanes[k * UNCERTAINTY_LANES] = total[k];
  uncertainty_norms(self->size, self->structures, lanes, norms);
  *found = hypot(self->scale * norms[0], self->noise * sqrt((double)judgement->system->n_owned));
  memory_free(run, lanes);
  return TERN_SUCCESS;
}

static int32_t check_finite(const judgement *judgement, double deviation) {
  bool finite = isfinite(deviation);
  for (int64_t atom = 0; judgement->scores != NULL && atom < judgement->system->n_owned; atom++)
    finite = finite && isfinite(judgement->scores[atom]);
  if (finite)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_NUMERICAL,
                   "the uncertainty is not finite; the structure is too far from all that the model was fitted on");
}

static int32_t judge(judgement *judgement, run *run, double *deviation, double *scores) {
  const int64_t n_owned = judgement->system->n_owned, size = judgement->model->uncertainty->size;
  const int32_t threads = threads_count(run, n_owned, GRAIN);
  double found = 0;
  TRY(MEMORY_NEW(run, &judgement->totals, size * threads, "outputs of each thread"));
  if (scores != NULL)
    TRY(MEMORY_NEW(run, &judgement->scores, n_owned, "scores of the atoms"));
  TRY(threads_for(run, n_owned, GRAIN, judge_atoms, judgement));
  for (int64_t k = size; k < size * threads; k++)
    judgement->totals[k % size] += judgement->totals[k];
  if (deviation != NULL)
    TRY(deviation_of(judgement, run, judgement->totals, &found));
  TRY(check_finite(judgement, found));
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
  TRY(model_check_energies(model));
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
      {"uncertainty.noise", TENSOR_FLOAT64, 1, {1}, &self->noise},
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
  if (safetensors_find(file, "uncertainty.noise") != NULL) /* earlier files have none */
    TRY(safetensors_copy_finite(file, "uncertainty.noise", 1, &self->noise));
  if (self->scale < 0 || self->noise < 0)
    return error_set(TERN_ERROR_FORMAT, "tensor 'uncertainty.%s' is negative", self->scale < 0 ? "scale" : "noise");
  return TERN_SUCCESS;
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
