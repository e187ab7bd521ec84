/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/vectors.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/learned.h"
#include "model/measure.h"

/* ---- predictions ---- */

static int32_t check(const tern_model *model) {
  return model->vectors != NULL ? TERN_SUCCESS
                                : error_set(TERN_ERROR_MISSING, "the model predicts energies, no vectors of atoms; "
                                                                "tern_model_predict gives them");
}

int32_t vectors_shape(const tern_model *model, const tern_system *system, int64_t *n_centers, int64_t *width) {
  TRY(check(model));
  *n_centers = descriptor_count_centers(model->parts[0].descriptor, system);
  *width = model->parts[0].kind->vectors->width(model->parts[0].state);
  return TERN_SUCCESS;
}

int32_t vectors_predict(const tern_model *model, run *run, const tern_system *system, int64_t *centers,
                        double *values) {
  learned_view view;
  TRY(check(model));
  learned_view_open(&view, model);
  if (values != NULL)
    TRY(descriptor_compute(&view.descriptor, run, system, values));
  const int64_t n_centers = descriptor_count_centers(&view.descriptor, system);
  for (int64_t k = 0; centers != NULL && k < n_centers; k++)
    centers[k] = descriptor_center(&view.descriptor, k);
  return TERN_SUCCESS;
}

/* ---- errors ---- */

typedef struct evaluation {
  const tern_model *model;
  const tern_dataset *dataset;
  int64_t width;
  measure *measures; /* [size]: of all numbers of a structure */
} evaluation;

static int32_t evaluate_frame(evaluation *evaluation, run *run, int64_t index) {
  const frame *frame = evaluation->dataset->frames[index];
  const frame_vectors *wanted = frame_find_vectors(frame, evaluation->model->vectors);
  const int64_t width = evaluation->width, count = frame->system->n_owned;
  int64_t n_centers, *centers = NULL;
  double *values = NULL;
  TRY(vectors_shape(evaluation->model, frame->system, &n_centers, &(int64_t){0}));
  TRY(MEMORY_NEW(run, &centers, count, "centres of a structure"));
  int32_t status = MEMORY_NEW(run, &values, n_centers * width, "vectors of a structure");
  if (status == TERN_SUCCESS)
    status = vectors_predict(evaluation->model, run, frame->system, centers, values);
  for (int64_t k = 0; status == TERN_SUCCESS && k < n_centers * width; k++)
    measure_add(&evaluation->measures[index], values[k] - wanted->values[centers[k / width] * width + k % width]);
  memory_free(run, values);
  memory_free(run, centers);
  return status;
}

static int32_t work_on_frame(void *context, run *serial, int64_t index, void *space) {
  const evaluation *evaluation = context;
  (void)space;
  return dataset_name_failure(evaluation->dataset, index, evaluate_frame(context, serial, index));
}

/* Sum over all centres and numbers of the squared differences from the means of the numbers. */
static int32_t spread(const evaluation *evaluation, run *run, double *square) {
  const tern_descriptor *descriptor = evaluation->model->parts[0].descriptor;
  const int64_t width = evaluation->width;
  double *sums = NULL, count = 0;
  TRY(MEMORY_NEW(run, &sums, 2 * width, "spread of vectors"));
  for (int64_t k = 0; k < evaluation->dataset->size; k++) {
    const frame *frame = evaluation->dataset->frames[k];
    const double *values = frame_find_vectors(frame, evaluation->model->vectors)->values;
    const int64_t centers = descriptor_count_centers(descriptor, frame->system);
    for (int64_t c = 0; c < centers; c++) {
      const double *own = values + descriptor_center(descriptor, c) * width;
      count++;
      for (int64_t i = 0; i < width; i++) { /* Welford */
        const double before = own[i] - sums[i];
        sums[i] += before / count;
        sums[width + i] += before * (own[i] - sums[i]);
      }
    }
  }
  *square = 0;
  for (int64_t i = 0; i < width; i++)
    *square += sums[width + i];
  memory_free(run, sums);
  return TERN_SUCCESS;
}

static int32_t add_report(const evaluation *evaluation, run *run, text *report) {
  measure sum = {0};
  double square;
  TRY(spread(evaluation, run, &square));
  for (int64_t index = 0; index < evaluation->dataset->size; index++)
    measure_merge(&sum, &evaluation->measures[index]);
  text_add(report, "\"errors\": {");
  measure_report(&sum, "vectors", square > 0 ? sqrt(sum.squares / square) : 0, "as the vectors", report);
  text_add(report, "}");
  return TERN_SUCCESS;
}

int32_t vectors_evaluate(const tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  const threads_items items = {.stage = "errors", .work = work_on_frame};
  evaluation evaluation = {.model = model, .dataset = dataset};
  evaluation.width = model->parts[0].kind->vectors->width(model->parts[0].state);
  TRY(MEMORY_NEW(run, &evaluation.measures, dataset->size, "errors of the structures"));
  int32_t status = threads_each(run, dataset->size, &items, &evaluation);
  if (status == TERN_SUCCESS)
    status = add_report(&evaluation, run, report);
  memory_free(run, evaluation.measures);
  return status;
}
