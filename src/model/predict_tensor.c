/* SPDX-License-Identifier: BSD-3-Clause */
/* Tensors: the sum of what the parts make of each centre. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/model.h"

enum { GRAIN = 16 }; /* centres that are worth a thread */

typedef struct prediction {
  const model_part *part;
  environments environments;
  run *run;
  int64_t count; /* of the tensor's numbers */
  double *sums;  /* [threads][count] */
} prediction;

static int32_t predict_centers(void *context, int64_t begin, int64_t end, int32_t thread) {
  prediction *prediction = context;
  const model_part *part = prediction->part;
  const environments *all = &prediction->environments;
  double values[TENSOR_MOST];
  void *scratch = NULL;
  TRY(memory_new(prediction->run, &scratch,
                 part->kind->scratch(part->state, part->descriptor, all->most_neighbours, all->most_rows), 1,
                 "scratch of a prediction"));
  int32_t status = TERN_SUCCESS;
  for (int64_t index = begin; status == TERN_SUCCESS && index < end; index++) {
    const environment environment = environments_at(all, index);
    status = part->kind->tensor(part->state, part->descriptor, &environment,
                                all->first_row[index + 1] - all->first_row[index], scratch, values);
    for (int64_t k = 0; status == TERN_SUCCESS && k < prediction->count; k++)
      prediction->sums[thread * prediction->count + k] += values[k];
  }
  memory_free(prediction->run, scratch);
  return status;
}

/* The threads' parts are added in their order. */
static int32_t predict_part(prediction *prediction, const tern_system *system, double *values) {
  run *run = prediction->run;
  TRY(environments_build(prediction->part->descriptor, run, system, &prediction->environments));
  const int64_t centers = prediction->environments.neighbours.n_centers;
  const int32_t threads = threads_count(run, centers, GRAIN);
  int32_t status = MEMORY_NEW(run, &prediction->sums, prediction->count * (threads + 1), "a tensor of each thread");
  if (status == TERN_SUCCESS)
    status = threads_for(run, centers, GRAIN, predict_centers, prediction);
  for (int64_t k = 0; status == TERN_SUCCESS && k < prediction->count * threads; k++)
    values[k % prediction->count] += prediction->sums[k];
  memory_free(run, prediction->sums);
  environments_free(run, &prediction->environments);
  return status;
}

/* TERN_ERROR_ARGUMENT for a model of energies. */
static int32_t check_tensor(const tern_model *model) {
  if (model_has_tensor(model))
    return TERN_SUCCESS;
  int32_t order;
  return error_set(TERN_ERROR_MISSING, "the model predicts '%s', no tensor; option 'target' of a fit names one",
                   model_target(model, &order));
}

int32_t model_predict_tensor(const tern_model *model, run *run, const tern_system *system, double *values) {
  double sums[TENSOR_MOST] = {0};
  int32_t order;
  TRY(check_tensor(model));
  TRY(model_check_species(model, system));
  const char *target = model_target(model, &order);
  prediction prediction = {.run = run, .count = tensor_count(order)};
  for (int64_t k = 0; k < model->n_parts; k++) {
    prediction.part = &model->parts[k];
    TRY(predict_part(&prediction, system, sums));
  }
  for (int64_t k = 0; k < prediction.count; k++)
    if (!isfinite(sums[k]))
      return error_set(TERN_ERROR_NUMERICAL, "number %lld of '%s' came out as %g", (long long)k, target, sums[k]);
  memcpy(values, sums, (size_t)prediction.count * sizeof(double));
  return TERN_SUCCESS;
}
