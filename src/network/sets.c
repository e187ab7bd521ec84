/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/problem.h"

#include "triplet/frames.h"

/* A tag that is the centre itself, or none, has a number of its own behind the species; frames have no such tags. */
static int64_t tag_numbers(const tern_descriptor *descriptor) {
  return descriptor->n_species + (descriptor->kind != &frames_kind);
}

int64_t network_biases(const tern_descriptor *descriptor, bool shared) {
  const int64_t centers = shared ? descriptor->n_species : 1, tags = tag_numbers(descriptor);
  return descriptor->kind->tags == NULL ? centers : centers * tags * tags;
}

static int64_t tag_species(const environment *environment, int64_t tag, int64_t behind) {
  return tag < 0 ? behind : environment->species[tag];
}

void network_biases_of(const tern_descriptor *descriptor, bool shared, const environment *environment, int64_t rows,
                       int64_t *tags, int32_t *biases) {
  const int64_t n = descriptor->n_species, base = tag_numbers(descriptor);
  const int64_t center = shared ? environment->center_species : 0;
  if (descriptor->kind->tags == NULL) {
    for (int64_t row = 0; row < rows; row++)
      biases[row] = (int32_t)center;
    return;
  }
  descriptor->kind->tags(descriptor->state, environment, tags);
  for (int64_t row = 0; row < rows; row++)
    biases[row] = (int32_t)((center * base + tag_species(environment, tags[2 * row], n)) * base +
                            tag_species(environment, tags[2 * row + 1], n));
}
