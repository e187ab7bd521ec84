/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/sample.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"

void network_sample_free(run *run, network_sample *sample) {
  memory_free(run, sample->environments);
  memory_free(run, sample->first);
  memory_free(run, sample->vectors);
  memory_free(run, sample->species);
  *sample = (network_sample){0};
}

static int32_t reserve(run *run, network_sample *sample, int64_t more) {
  static const char what[] = "environments that a network's inputs are learned from";
  const int64_t needed = sample->n_neighbours + more;
  if (sample->vectors != NULL && needed <= sample->capacity)
    return TERN_SUCCESS;
  const int64_t grown = needed > 2 * sample->capacity ? needed : 2 * sample->capacity;
  if (sample->vectors == NULL) {
    TRY(MEMORY_NEW(run, &sample->vectors, 3 * grown, what));
    TRY(MEMORY_NEW(run, &sample->species, grown, what));
  } else {
    TRY(memory_resize(run, (void **)&sample->vectors, 3 * grown, sizeof(double), what));
    TRY(memory_resize(run, (void **)&sample->species, grown, sizeof(int32_t), what));
  }
  sample->capacity = grown;
  return TERN_SUCCESS;
}

static int32_t add_environment(run *run, network_sample *sample, const environment *environment) {
  const int64_t n = environment->n_neighbours;
  TRY(reserve(run, sample, n));
  memcpy(sample->vectors + 3 * sample->n_neighbours, environment->vectors, (size_t)(3 * n) * sizeof(double));
  memcpy(sample->species + sample->n_neighbours, environment->species, (size_t)n * sizeof(int32_t));
  sample->environments[sample->count] = *environment;
  sample->first[sample->count++] = sample->n_neighbours;
  sample->n_neighbours += n;
  sample->most_neighbours = n > sample->most_neighbours ? n : sample->most_neighbours;
  return TERN_SUCCESS;
}

/* Of the centres before + 0, 1 ... those that are multiples of the spacing. */
static int32_t add_structure(run *run, const tern_descriptor *descriptor, const tern_system *system, int64_t before,
                             double spacing, int64_t wanted, network_sample *sample) {
  const int64_t centers = descriptor_count_centers(descriptor, system);
  int32_t status = TERN_SUCCESS;
  if (sample->count >= wanted || (double)sample->count * spacing >= (double)(before + centers))
    return TERN_SUCCESS;
  environments made;
  TRY(environments_build(descriptor, run, system, &made));
  while (status == TERN_SUCCESS && sample->count < wanted) {
    const int64_t center = (int64_t)((double)sample->count * spacing) - before;
    if (center >= centers)
      break;
    const environment environment = environments_at(&made, center);
    status = add_environment(run, sample, &environment);
  }
  environments_free(run, &made);
  return status;
}

static int32_t take(run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                    const unsigned char *part, int64_t wanted, network_sample *sample) {
  int64_t total = 0, before = 0;
  for (int64_t k = 0; k < dataset->size; k++)
    if (part == NULL || part[k] == 0)
      total += descriptor_count_centers(descriptor, dataset->frames[k]->system);
  wanted = wanted == 0 || wanted > total ? total : wanted;
  TRY(MEMORY_NEW(run, &sample->environments, wanted, "environments of a sample"));
  TRY(MEMORY_NEW(run, &sample->first, wanted, "environments of a sample"));
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    if (part != NULL && part[k] != 0)
      continue;
    TRY(dataset_name_failure(
        dataset, k, add_structure(run, descriptor, system, before, (double)total / (double)wanted, wanted, sample)));
    before += descriptor_count_centers(descriptor, system);
    TRY(run_report(run, "environments", k + 1, dataset->size, -1));
  }
  for (int64_t k = 0; k < sample->count; k++) { /* only now do the copies stay where they are */
    sample->environments[k].vectors = sample->vectors + 3 * sample->first[k];
    sample->environments[k].species = sample->species + sample->first[k];
  }
  return TERN_SUCCESS;
}

int32_t network_sample_take(run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                            const unsigned char *part, int64_t wanted, network_sample *sample) {
  *sample = (network_sample){0};
  const int32_t status = take(run, descriptor, dataset, part, wanted, sample);
  if (status != TERN_SUCCESS)
    network_sample_free(run, sample);
  return status;
}
