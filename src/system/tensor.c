/* SPDX-License-Identifier: BSD-3-Clause */
/* Tensors of structures: what they may be called, and where they are kept. */
#include "system/tensor.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "system/dataset.h"

int64_t tensor_count(int32_t order) {
  int64_t count = 1;
  for (int32_t k = 0; k < order; ++k)
    count *= 3;
  return count;
}

int32_t tensor_order(int64_t count) {
  for (int32_t order = 0; order <= TENSOR_HIGHEST_ORDER; ++order)
    if (tensor_count(order) == count)
      return order;
  return -1;
}

int32_t tensor_check_order(int32_t order) {
  if (order < 0 || order > TENSOR_HIGHEST_ORDER)
    return error_set(TERN_ERROR_ARGUMENT, "order is %d: tensors have the orders 0 to %d", order, TENSOR_HIGHEST_ORDER);
  return TERN_SUCCESS;
}

int32_t tensor_check_name(int32_t status, const char *what, const char *name) {
  static const char *const taken[] = {"Lattice", "Properties", "pbc", "energy", "forces", "virial", "stress"};
  bool plain = name[0] != '\0' && strncmp(name, "has_", 4) != 0;
  for (const char *at = name; *at != '\0'; ++at)
    plain = plain && (unsigned char)*at > ' ' && *at != 127 && strchr("=\"'{}[],\\", *at) == NULL;
  if (!plain)
    return error_set(status,
                     "%s is '%s': the name of a tensor is a key of the comment line, such as dipole, without blanks, "
                     "quotes, brackets, commas, '=' and a leading 'has_'",
                     what, name);
  for (size_t k = 0; k < sizeof taken / sizeof *taken; ++k)
    if (strcasecmp(name, taken[k]) == 0)
      return error_set(status, "%s is '%s', a key that means something else; a tensor needs another name", what, name);
  return TERN_SUCCESS;
}

const frame_tensor *frame_find_tensor(const frame *frame, const char *name) {
  for (int64_t k = 0; k < frame->n_tensors; ++k)
    if (strcmp(frame->tensors[k].name, name) == 0)
      return &frame->tensors[k];
  return NULL;
}

int32_t dataset_tensor(const tern_dataset *dataset, int64_t index, const char *name, const frame_tensor **found) {
  const frame *frame = dataset->frames[index];
  *found = frame_find_tensor(frame, name);
  if (*found != NULL)
    return TERN_SUCCESS;
  text names = {0};
  for (int64_t k = 0; k < frame->n_tensors; ++k)
    text_add(&names, "%s%s", k > 0 ? ", " : "; it has ", frame->tensors[k].name);
  error_set(TERN_ERROR_MISSING, "structure %lld has no tensor '%s'%s", (long long)index, name,
            names.data != NULL && !names.failed ? names.data : "");
  text_free(&names);
  return TERN_ERROR_MISSING;
}
