/* SPDX-License-Identifier: BSD-3-Clause */
/* What a descriptor learns from a data set: its species, and whatever the kind fits on environments that are spread
   evenly over the centres of all structures. */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "descriptor/descriptor.h"

/* Copies of the chosen environments, and where each begins. */
typedef struct fit_sample {
  int64_t n_centers; /* of the whole data set */
  int64_t wanted, count;
  int64_t n_neighbours, capacity;
  int64_t *first;            /* [wanted + 1] */
  double *vectors;           /* [capacity][3] */
  int32_t *species;          /* [capacity] */
  environment *environments; /* [wanted] */
  int64_t *centers;          /* centres that are taken from a structure */
} fit_sample;

static void fit_sample_free(run *run, fit_sample *sample) {
  memory_free(run, sample->first);
  memory_free(run, sample->vectors);
  memory_free(run, sample->species);
  memory_free(run, sample->environments);
  memory_free(run, sample->centers);
}

static int32_t fit_sample_new(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset,
                              fit_sample *sample) {
  int64_t limit, most = 0;
  TRY(options_integer(descriptor->options, "fit_environments", &limit));
  for (int64_t k = 0; k < dataset->size; k++) {
    const int64_t centers = descriptor_count_centers(descriptor, dataset->frames[k]->system);
    sample->n_centers += centers;
    most = centers > most ? centers : most;
  }
  sample->wanted = limit == 0 || limit > sample->n_centers ? sample->n_centers : limit;
  TRY(MEMORY_NEW(run, &sample->first, sample->wanted + 1, "environments of a fit"));
  TRY(MEMORY_NEW(run, &sample->environments, sample->wanted, "environments of a fit"));
  TRY(MEMORY_NEW(run, &sample->vectors, 0, "environments of a fit"));
  TRY(MEMORY_NEW(run, &sample->species, 0, "environments of a fit"));
  return MEMORY_NEW(run, &sample->centers, most, "centres of a fit");
}

/* The number of the k-th chosen centre, counted over the data set. */
static int64_t fit_chosen(const fit_sample *sample, int64_t k) {
  return (int64_t)((double)k * (double)sample->n_centers / (double)sample->wanted);
}

static int32_t fit_reserve(run *run, fit_sample *sample, int64_t more) {
  const int64_t needed = sample->n_neighbours + more;
  if (needed <= sample->capacity)
    return TERN_SUCCESS;
  const int64_t grown = needed > 2 * sample->capacity ? needed : 2 * sample->capacity;
  TRY(memory_resize(run, (void **)&sample->vectors, grown, 3 * sizeof(double), "environments of a fit"));
  TRY(memory_resize(run, (void **)&sample->species, grown, sizeof(int32_t), "environments of a fit"));
  sample->capacity = grown;
  return TERN_SUCCESS;
}

static int32_t fit_copy(run *run, const environments *made, fit_sample *sample) {
  for (int64_t center = 0; center < made->neighbours.n_centers; center++) {
    const environment around = environments_at(made, center);
    TRY(fit_reserve(run, sample, around.n_neighbours));
    memcpy(sample->vectors + 3 * sample->n_neighbours, around.vectors,
           (size_t)(3 * around.n_neighbours) * sizeof(double));
    memcpy(sample->species + sample->n_neighbours, around.species, (size_t)around.n_neighbours * sizeof(int32_t));
    sample->environments[sample->count] = around;
    sample->n_neighbours += around.n_neighbours;
    sample->first[++sample->count] = sample->n_neighbours;
  }
  return TERN_SUCCESS;
}

/* Copies the environments of those centres of a structure that are among the chosen; `before` centres are in the
   structures before it. */
static int32_t fit_gather_structure(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                    int64_t before, fit_sample *sample) {
  const int64_t n_centers = descriptor_count_centers(descriptor, system);
  tern_descriptor some = *descriptor; /* the same with fewer centres */
  environments made;
  some.n_centers = 0;
  some.centers = sample->centers;
  for (int64_t k = sample->count; k < sample->wanted && fit_chosen(sample, k) < before + n_centers; k++) {
    const int64_t place = fit_chosen(sample, k) - before;
    sample->centers[some.n_centers++] = descriptor_center(descriptor, place);
  }
  if (some.n_centers == 0)
    return TERN_SUCCESS;
  TRY(environments_gather(&some, run, system, &made));
  const int32_t status = fit_copy(run, &made, sample);
  environments_free(run, &made);
  return status;
}

static int32_t fit_gather(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset,
                          fit_sample *sample) {
  int64_t before = 0;
  TRY(fit_sample_new(descriptor, run, dataset, sample));
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    TRY(dataset_name_failure(dataset, k, fit_gather_structure(descriptor, run, system, before, sample)));
    TRY(run_report(run, "environments", k + 1, dataset->size, -1));
    before += descriptor_count_centers(descriptor, system);
  }
  for (int64_t k = 0; k < sample->count; k++) { /* only now do the copies stay where they are */
    sample->environments[k].vectors = sample->vectors + 3 * sample->first[k];
    sample->environments[k].species = sample->species + sample->first[k];
  }
  return TERN_SUCCESS;
}

static int32_t fit_kind(tern_descriptor *descriptor, run *run, const tern_dataset *dataset) {
  fit_sample sample = {0};
  int32_t status = fit_gather(descriptor, run, dataset, &sample);
  if (status == TERN_SUCCESS && sample.count == 0)
    status = error_set(TERN_ERROR_DATA, "the data set to fit a descriptor on has no centres");
  if (status == TERN_SUCCESS)
    status = descriptor->kind->fit(descriptor->state, run, sample.count, sample.environments);
  fit_sample_free(run, &sample);
  return status;
}

static int32_t fit_state(tern_descriptor *descriptor, run *run, const tern_dataset *dataset) {
  if (!descriptor_fitted(descriptor))
    TRY(fit_kind(descriptor, run, dataset));
  return run_report(run, "descriptor", dataset->size, dataset->size, -1);
}

/* A second descriptor is made and fitted, and takes the place of the first only when all went well. */
int32_t descriptor_fit(tern_descriptor *descriptor, run *run, const tern_dataset *dataset) {
  int32_t species[DESCRIPTOR_MOST_SPECIES], n_species = 0;
  if (descriptor_kind_find(descriptor->kind->name) == NULL) /* a guest, which is complete when it is made */
    return run_report(run, "descriptor", dataset->size, dataset->size, -1);
  if (dataset->size == 0)
    return error_set(TERN_ERROR_DATA, "the data set to fit a descriptor on is empty; it needs at least one structure");
  TRY(descriptor_option_species(descriptor->options, species, &n_species));
  if (n_species == 0)
    n_species = dataset_species(dataset, species);
  if (n_species == 0)
    return error_set(TERN_ERROR_DATA, "the data set to fit a descriptor on has no atoms in its %" PRId64 " structures",
                     dataset->size);
  tern_descriptor *fitted = NULL;
  TRY(descriptor_new_for_species(&fitted, descriptor->kind->name, descriptor->options, n_species, species));
  const int32_t status = fit_state(fitted, run, dataset);
  if (status == TERN_SUCCESS) {
    const tern_descriptor before = *descriptor;
    *descriptor = *fitted;
    *fitted = before;
  }
  descriptor_free(fitted);
  return status;
}
