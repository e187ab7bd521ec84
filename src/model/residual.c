/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/residual.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"

typedef struct subtraction {
  const tern_model *model;
  tern_dataset *dataset;
  int32_t (*subtract)(const tern_model *model, run *run, frame *frame);
} subtraction;

static int32_t subtract_frame(const tern_model *model, run *run, frame *frame) {
  const int64_t numbers = 3 * frame->system->n_atoms;
  double energy, virial[9], *forces = NULL;
  const bool derivatives = model->n_parts > 0 || model->zbl != NULL; /* e0 alone has none */
  if (frame->forces != NULL && derivatives)
    TRY(MEMORY_NEW(run, &forces, numbers, "predicted forces"));
  const int32_t status = model_predict(model, run, frame->system, &energy, forces,
                                       frame->has_virial && derivatives ? virial : NULL, NULL, NULL);
  if (status == TERN_SUCCESS) {
    frame->energy -= energy;
    for (int64_t k = 0; forces != NULL && k < numbers; k++)
      frame->forces[k] -= forces[k];
    for (int k = 0; frame->has_virial && derivatives && k < 9; k++)
      frame->virial[k / 3][k % 3] -= virial[k];
  }
  memory_free(run, forces);
  return status;
}

/* The same where a tensor is fitted. */
static int32_t subtract_tensor(const tern_model *model, run *run, frame *frame) {
  double values[TENSOR_MOST];
  int32_t order;
  const char *target = model_target(model, &order);
  frame_tensor *tensor = frame->n_tensors > 0 ? &frame->tensors[0] : NULL; /* the target is all that was copied */
  if (tensor == NULL)
    return TERN_SUCCESS;
  if (tensor->order != order)
    return error_set(TERN_ERROR_DATA, "'%s' has order %d, not %d", target, tensor->order, order);
  TRY(model_predict_tensor(model, run, frame->system, values));
  for (int64_t k = 0; k < tensor_count(order); k++)
    tensor->values[k] -= values[k];
  return TERN_SUCCESS;
}

static int32_t subtract_from(void *context, run *serial, int64_t index, void *space) {
  const subtraction *subtraction = context;
  (void)space;
  return dataset_name_failure(subtraction->dataset, index,
                              subtraction->subtract(subtraction->model, serial, subtraction->dataset->frames[index]));
}

/* Frames of its own, as those of the data set may be shared. */
static int32_t copy_frames(const tern_dataset *dataset, const char *target, tern_dataset *copy) {
  for (int64_t index = 0; index < dataset->size; index++) {
    const frame *frame = dataset->frames[index];
    TRY(dataset_append(copy, frame->system, frame->has_energy ? &frame->energy : NULL, frame->forces,
                       frame->has_virial ? &frame->virial[0][0] : NULL));
    TRY(frame_set_place(copy->frames[index], frame->place));
    const frame_tensor *tensor = frame_find_tensor(frame, target);
    if (tensor != NULL)
      TRY(dataset_set_tensor(copy, index, target, tensor->order, tensor->values));
  }
  return TERN_SUCCESS;
}

int32_t residual_new(tern_dataset **residual, const tern_model *model, run *run, const tern_dataset *dataset) {
  const threads_items items = {.stage = "residuals", .work = subtract_from};
  const bool tensor = model->parts[0].kind->tensor != NULL;
  tern_dataset *copy = NULL;
  const char *target;
  TRY(options_text(model->options, "target", &target));
  TRY(dataset_new(&copy));
  subtraction subtraction = {
      .model = model, .dataset = copy, .subtract = tensor ? subtract_tensor : subtract_frame};
  int32_t status = copy_frames(dataset, target, copy);
  if (status == TERN_SUCCESS && (!tensor || model->n_parts > 0))
    status = threads_each(run, copy->size, &items, &subtraction);
  if (status == TERN_SUCCESS)
    *residual = copy;
  else
    dataset_free(copy);
  return status;
}
