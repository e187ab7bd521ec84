/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets in memory. */
#include "system/dataset.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "core/text.h"
#include "system/system_check.h"

int32_t dataset_new(tern_dataset **dataset) {
  tern_dataset *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a data set"));
  made->tag = HANDLE_DATASET;
  *dataset = made;
  return TERN_SUCCESS;
}

static void frame_release(frame *frame) {
  if (frame == NULL || atomic_fetch_sub(&frame->references, 1) > 1)
    return;
  system_free(frame->system);
  memory_free(NULL, frame->forces);
  for (int64_t k = 0; k < frame->n_tensors; ++k)
    memory_free(NULL, frame->tensors[k].name);
  memory_free(NULL, frame->tensors);
  frame_free_vectors(frame);
  memory_free(NULL, frame->place);
  memory_free(NULL, frame);
}

void dataset_free(tern_dataset *dataset) {
  if (dataset == NULL)
    return;
  for (int64_t i = 0; i < dataset->size; ++i)
    frame_release(dataset->frames[i]);
  memory_free(NULL, dataset->frames);
  dataset->tag = HANDLE_END(HANDLE_DATASET);
  memory_free(NULL, dataset);
}

static int32_t dataset_reserve(tern_dataset *dataset, int64_t size) {
  int64_t capacity = dataset->capacity > 0 ? dataset->capacity : 16;
  if (size <= dataset->capacity)
    return TERN_SUCCESS;
  while (capacity < size)
    capacity *= 2;
  if (dataset->frames == NULL)
    TRY(MEMORY_NEW(NULL, &dataset->frames, capacity, "a data set"));
  else
    TRY(memory_resize(NULL, (void **)&dataset->frames, capacity, sizeof *dataset->frames, "a data set"));
  dataset->capacity = capacity;
  return TERN_SUCCESS;
}

static int32_t frame_new(frame **made, const tern_system *system, const double *energy, const double *forces,
                         const double *virial) {
  frame *frame = NULL;
  TRY(MEMORY_NEW(NULL, &frame, 1, "a structure of a data set"));
  frame->references = 1;
  frame->system = system_share(system);
  frame->has_energy = energy != NULL;
  frame->energy = energy != NULL ? *energy : 0;
  frame->has_virial = virial != NULL;
  if (virial != NULL)
    memcpy(frame->virial, virial, sizeof frame->virial);
  if (forces != NULL) {
    const int32_t status = MEMORY_NEW(NULL, &frame->forces, 3 * system->n_atoms, "the forces of a structure");
    if (status != TERN_SUCCESS) {
      frame_release(frame);
      return status;
    }
    if (system->n_atoms > 0)
      memcpy(frame->forces, forces, (size_t)system->n_atoms * 3 * sizeof *forces);
  }
  *made = frame;
  return TERN_SUCCESS;
}

int32_t dataset_append(tern_dataset *dataset, const tern_system *system, const double *energy, const double *forces,
                       const double *virial) {
  frame *frame = NULL;
  TRY(system_check_targets(system, energy, forces, virial));
  TRY(dataset_reserve(dataset, dataset->size + 1));
  TRY(frame_new(&frame, system, energy, forces, virial));
  dataset->frames[dataset->size++] = frame;
  return TERN_SUCCESS;
}

/* ---- tensors ---- */

static int32_t frame_set_tensor(frame *frame, const char *name, int32_t order, const double *values) {
  static const char what[] = "a tensor of a structure";
  frame_tensor *tensor = (frame_tensor *)(uintptr_t)frame_find_tensor(frame, name);
  if (tensor == NULL) {
    TRY(memory_resize(NULL, (void **)&frame->tensors, frame->n_tensors + 1, sizeof *frame->tensors, what));
    tensor = &frame->tensors[frame->n_tensors];
    tensor->name = memory_text(name);
    if (tensor->name == NULL)
      return error_set(TERN_ERROR_MEMORY, "no memory for %s", what);
    ++frame->n_tensors;
  }
  tensor->order = order;
  memcpy(tensor->values, values, (size_t)tensor_count(order) * sizeof *values);
  return TERN_SUCCESS;
}

int32_t frame_set_place(frame *frame, const char *place) {
  memory_free(NULL, frame->place);
  frame->place = place != NULL ? memory_text(place) : NULL;
  return (frame->place == NULL) == (place == NULL)
             ? TERN_SUCCESS
             : error_set(TERN_ERROR_MEMORY, "no memory for a structure's place");
}

static int32_t frame_copy_named(frame *copy, const frame *frame) {
  TRY(frame_set_place(copy, frame->place));
  for (int64_t k = 0; k < frame->n_tensors; ++k)
    TRY(frame_set_tensor(copy, frame->tensors[k].name, frame->tensors[k].order, frame->tensors[k].values));
  return frame_copy_vectors(copy, frame);
}

static int32_t frame_copy(frame **copy, const frame *frame) {
  struct frame *made = NULL;
  TRY(frame_new(&made, frame->system, frame->has_energy ? &frame->energy : NULL, frame->forces,
                frame->has_virial ? frame->virial[0] : NULL));
  const int32_t status = frame_copy_named(made, frame);
  if (status == TERN_SUCCESS)
    *copy = made;
  else
    frame_release(made);
  return status;
}

int32_t dataset_own_frame(tern_dataset *dataset, int64_t index, frame **own) {
  frame *copy = NULL;
  *own = dataset->frames[index];
  if (atomic_load(&(*own)->references) == 1)
    return TERN_SUCCESS;
  TRY(frame_copy(&copy, *own));
  frame_release(*own);
  *own = dataset->frames[index] = copy;
  return TERN_SUCCESS;
}

int32_t dataset_set_tensor(tern_dataset *dataset, int64_t index, const char *name, int32_t order,
                           const double *values) {
  TRY(tensor_check_name(TERN_ERROR_ARGUMENT, "name", name));
  TRY(tensor_check_order(order));
  for (int64_t k = 0; k < tensor_count(order); ++k)
    if (!isfinite(values[k]))
      return error_set(TERN_ERROR_ARGUMENT, "%s[%lld] is %g: a finite number is needed", name, (long long)k, values[k]);
  frame *own;
  if (frame_find_vectors(dataset->frames[index], name) != NULL)
    return error_set(TERN_ERROR_ARGUMENT, "structure %lld has vectors '%s' of its atoms: a tensor needs another name",
                     (long long)index, name);
  TRY(dataset_own_frame(dataset, index, &own));
  return frame_set_tensor(own, name, order, values);
}

int32_t dataset_set_place(tern_dataset *dataset, const char *path, int64_t line) {
  text place = {0};
  text_add(&place, "%s:%lld", path, (long long)line);
  const int32_t status = place.failed ? error_set(TERN_ERROR_MEMORY, "no memory for a structure's place")
                                      : frame_set_place(dataset->frames[dataset->size - 1], place.data);
  text_free(&place);
  return status;
}

int32_t dataset_subset(const tern_dataset *dataset, int64_t count, const int64_t *indices, tern_dataset **subset) {
  tern_dataset *made = NULL;
  TRY(system_check_count("count", count));
  for (int64_t i = 0; i < count; ++i)
    if (indices[i] < 0 || indices[i] >= dataset->size)
      return error_set(TERN_ERROR_ARGUMENT, "indices[%lld] is %lld: the data set has %lld structures, counted from 0",
                       (long long)i, (long long)indices[i], (long long)dataset->size);
  TRY(dataset_new(&made));
  const int32_t status = dataset_reserve(made, count);
  if (status != TERN_SUCCESS) {
    dataset_free(made);
    return status;
  }
  for (int64_t i = 0; i < count; ++i) {
    made->frames[i] = dataset->frames[indices[i]];
    atomic_fetch_add(&made->frames[i]->references, 1);
  }
  made->size = count;
  *subset = made;
  return TERN_SUCCESS;
}

int32_t dataset_name_failure(const tern_dataset *dataset, int64_t index, int32_t status) {
  const char *place = dataset->frames[index]->place;
  if (status <= TERN_SUCCESS || status == TERN_CANCELLED) /* stopped by the caller, not by a structure */
    return status;
  return place == NULL ? error_prefix(status, "structure %lld: ", (long long)index)
                       : error_prefix(status, "structure %lld (%s): ", (long long)index, place);
}

int64_t dataset_count(const tern_dataset *dataset, int32_t target) {
  int64_t count = 0;
  for (int64_t i = 0; i < dataset->size; ++i) {
    const frame *frame = dataset->frames[i];
    count += (target == TERN_TARGET_ENERGY && frame->has_energy) ||
             (target == TERN_TARGET_FORCES && frame->forces != NULL) ||
             (target == TERN_TARGET_VIRIAL && frame->has_virial);
  }
  return count;
}

int32_t dataset_species(const tern_dataset *dataset, int32_t *species) {
  bool seen[119] = {false};
  int32_t count = 0;
  for (int64_t i = 0; i < dataset->size; ++i)
    for (int64_t a = 0; a < dataset->frames[i]->system->n_atoms; ++a)
      seen[dataset->frames[i]->system->species[a]] = true;
  for (int32_t number = 1; number < 119; ++number)
    if (seen[number])
      species[count++] = number;
  return count;
}
