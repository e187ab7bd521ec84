/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/origin.h"

#include <string.h>

#include "core/error.h"
#include "core/hash.h"

static uint64_t hash_energies(uint64_t hash, const frame *frame) {
  const int32_t known[3] = {frame->has_energy, frame->forces != NULL, frame->has_virial};
  hash = hash_bytes(hash, known, sizeof known);
  if (frame->has_energy)
    hash = hash_bytes(hash, &frame->energy, sizeof frame->energy);
  if (frame->forces != NULL)
    hash = hash_bytes(hash, frame->forces, (size_t)frame->system->n_atoms * 3 * sizeof *frame->forces);
  return frame->has_virial ? hash_bytes(hash, frame->virial, sizeof frame->virial) : hash;
}

static uint64_t hash_vectors(uint64_t hash, const frame *frame, const char *name) {
  const frame_vectors *vectors = frame_find_vectors(frame, name);
  if (vectors == NULL)
    return hash;
  return hash_bytes(hash, vectors->values,
                    (size_t)(frame->system->n_atoms * vectors->width) * sizeof *vectors->values);
}

static int32_t hash_descriptor(const tern_descriptor *descriptor, uint64_t *hash) {
  const size_t species = (size_t)descriptor->n_species * sizeof *descriptor->species;
  text options = {0};
  const int32_t status = descriptor_options_json(descriptor, &options);
  if (status == TERN_SUCCESS) {
    *hash = hash_bytes(*hash, descriptor->kind->name, strlen(descriptor->kind->name));
    *hash = hash_bytes(*hash, options.data, strlen(options.data));
    *hash = hash_bytes(*hash, descriptor->species, species);
  }
  text_free(&options);
  return status;
}

int32_t origin_hash(const tern_descriptor *descriptor, const tern_dataset *dataset, const char *vectors,
                    uint64_t *hash) {
  uint64_t found = HASH_START;
  TRY(hash_descriptor(descriptor, &found));
  for (int64_t k = 0; k < dataset->size; k++) {
    const frame *frame = dataset->frames[k];
    found = system_hash(found, frame->system);
    found = vectors != NULL ? hash_vectors(found, frame, vectors) : hash_energies(found, frame);
  }
  *hash = found;
  return TERN_SUCCESS;
}
