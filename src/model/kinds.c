/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kind of model, one a line. */
#include <string.h>

#include "model/kernel_model.h"
#include "model/model.h"
#include "model/network.h"
#include "model/ridge.h"

static const model_kind *const kinds[] = {
    &ridge_kind,
    &kernel_kind,
    &network_kind,
    &triplet_kind,
};

static const model_kind *const vector_kinds[] = {
    &vector_network_kind,
    &vector_triplet_kind,
};

const model_kind *model_vector_kind_find(const char *name) {
  for (size_t k = 0; k < sizeof vector_kinds / sizeof *vector_kinds; k++)
    if (strcmp(vector_kinds[k]->name, name) == 0)
      return vector_kinds[k];
  return NULL;
}

const model_kind *model_kinds(int64_t index) {
  return index >= 0 && index < (int64_t)(sizeof kinds / sizeof *kinds) ? kinds[index] : NULL;
}

const model_kind *model_kind_find(const char *name) {
  for (int64_t index = 0; model_kinds(index) != NULL; index++)
    if (strcmp(kinds[index]->name, name) == 0)
      return kinds[index];
  return NULL;
}

const model_kind *model_kind_for(const char *name, const char *target) {
  const model_kind *found = model_kind_find(name);
  return found != NULL && strcmp(target, "energy") != 0 ? found->for_tensors : found;
}
