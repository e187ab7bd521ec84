/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors of atoms that structures carry under a name: columns of a file. */
#include "system/vectors.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "system/dataset.h"

int32_t vectors_check_name(int32_t status, const char *what, const char *name) {
  static const char *const taken[] = {"species", "pos", "Z"};
  TRY(tensor_check_name(status, what, name));
  if (strchr(name, ':') != NULL)
    return error_set(status, "%s is '%s': the name of a column has no colon", what, name);
  for (size_t k = 0; k < sizeof taken / sizeof *taken; ++k)
    if (strcasecmp(name, taken[k]) == 0)
      return error_set(status, "%s is '%s', a column that means something else; vectors need another name", what, name);
  return TERN_SUCCESS;
}

int32_t vectors_check_width(int64_t width) {
  if (width < 1 || width > VECTORS_WIDEST)
    return error_set(TERN_ERROR_ARGUMENT, "width is %lld: vectors have 1 to %d numbers", (long long)width,
                     VECTORS_WIDEST);
  return TERN_SUCCESS;
}

const frame_vectors *frame_find_vectors(const frame *frame, const char *name) {
  for (int64_t k = 0; k < frame->n_vectors; ++k)
    if (strcmp(frame->vectors[k].name, name) == 0)
      return &frame->vectors[k];
  return NULL;
}

int32_t dataset_vectors(const tern_dataset *dataset, int64_t index, const char *name, const frame_vectors **found) {
  const frame *frame = dataset->frames[index];
  *found = frame_find_vectors(frame, name);
  if (*found != NULL)
    return TERN_SUCCESS;
  text names = {0};
  for (int64_t k = 0; k < frame->n_vectors; ++k)
    text_add(&names, "%s%s", k > 0 ? ", " : "; it has ", frame->vectors[k].name);
  error_set(TERN_ERROR_MISSING, "structure %lld has no vectors '%s' of its atoms%s", (long long)index, name,
            names.data != NULL && !names.failed ? names.data : "");
  text_free(&names);
  return TERN_ERROR_MISSING;
}

void frame_free_vectors(frame *frame) {
  for (int64_t k = 0; k < frame->n_vectors; ++k) {
    memory_free(NULL, frame->vectors[k].name);
    memory_free(NULL, frame->vectors[k].values);
  }
  memory_free(NULL, frame->vectors);
}

static int32_t vectors_add(frame *frame, const char *name, frame_vectors **added) {
  TRY(memory_resize(NULL, (void **)&frame->vectors, frame->n_vectors + 1, sizeof *frame->vectors,
                    "vectors of a structure's atoms"));
  *added = &frame->vectors[frame->n_vectors];
  (*added)->name = memory_text(name);
  if ((*added)->name == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for the name of vectors");
  ++frame->n_vectors;
  return TERN_SUCCESS;
}

int32_t frame_set_vectors(frame *frame, const char *name, int64_t width, const double *values) {
  frame_vectors *vectors = (frame_vectors *)(uintptr_t)frame_find_vectors(frame, name);
  const int64_t count = frame->system->n_atoms * width;
  double *copy = NULL;
  TRY(MEMORY_NEW(NULL, &copy, count, "vectors of a structure's atoms"));
  if (count > 0)
    memcpy(copy, values, (size_t)count * sizeof *copy);
  const int32_t status = vectors == NULL ? vectors_add(frame, name, &vectors) : TERN_SUCCESS;
  if (status != TERN_SUCCESS) {
    memory_free(NULL, copy);
    return status;
  }
  memory_free(NULL, vectors->values);
  vectors->width = width;
  vectors->values = copy;
  return TERN_SUCCESS;
}

int32_t frame_copy_vectors(frame *copy, const frame *frame) {
  for (int64_t k = 0; k < frame->n_vectors; ++k)
    TRY(frame_set_vectors(copy, frame->vectors[k].name, frame->vectors[k].width, frame->vectors[k].values));
  return TERN_SUCCESS;
}

int32_t dataset_set_vectors(tern_dataset *dataset, int64_t index, const char *name, int64_t width,
                            const double *values) {
  const int64_t n_atoms = dataset->frames[index]->system->n_atoms;
  frame *own;
  TRY(vectors_check_name(TERN_ERROR_ARGUMENT, "name", name));
  TRY(vectors_check_width(width));
  if (frame_find_tensor(dataset->frames[index], name) != NULL)
    return error_set(TERN_ERROR_ARGUMENT, "structure %lld has a tensor '%s': vectors of its atoms need another name",
                     (long long)index, name);
  for (int64_t k = 0; k < n_atoms * width; ++k)
    if (!isfinite(values[k]))
      return error_set(TERN_ERROR_ARGUMENT, "%s of atom %lld, number %lld, is %g: a finite number is needed", name,
                       (long long)(k / width), (long long)(k % width), values[k]);
  TRY(dataset_own_frame(dataset, index, &own));
  return frame_set_vectors(own, name, width, values);
}
