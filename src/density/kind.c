/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/kind.h"

#include "core/error.h"
#include "core/memory.h"

int32_t kind_choose(const descriptor_kind *kind, const tern_options *options, const descriptor_kind **chosen) {
  *chosen = kind;
  return kind->choose == NULL ? TERN_SUCCESS : kind->choose(options, chosen);
}

int32_t kind_index_size(const descriptor_kind *kind, const tern_options *options) {
  return kind->index_size == NULL ? 2 : kind->index_size(options);
}

int32_t kind_create(const descriptor_kind *kind, void **state, const tern_options *options, int32_t n_species,
                    const int32_t *species) {
  char *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, kind->state_size, "descriptor"));
  const int32_t status = kind->fill(made, options, n_species, species);
  if (status == TERN_SUCCESS)
    *state = made;
  else
    kind_destroy(kind, made);
  return status;
}

void kind_destroy(const descriptor_kind *kind, void *state) {
  if (state == NULL)
    return;
  kind->clear(state);
  memory_free(NULL, state);
}
