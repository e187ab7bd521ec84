/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/vectors.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/principal.h"

void network_vectors_free(run *run, network_vectors *vectors) {
  memory_free(run, vectors->mean);
  memory_free(run, vectors->axes);
  memory_free(run, vectors->scales);
  *vectors = (network_vectors){0};
}

/* ---- the data set ---- */

/* All structures have vectors, as wide as those of the first one, and the centres that are asked for. */
static int32_t check(const tern_descriptor *descriptor, const tern_dataset *dataset, const char *name,
                     int64_t *width) {
  const frame_vectors *first = NULL, *found = NULL;
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    TRY(dataset_vectors(dataset, k, name, &found));
    first = k == 0 ? found : first;
    if (found->width != first->width)
      return error_set(TERN_ERROR_DATA,
                       "structure %lld has vectors '%s' of %lld numbers, structure 0 of %lld; all need the same width",
                       (long long)k, name, (long long)found->width, (long long)first->width);
    for (int64_t c = 0; c < descriptor->n_centers; c++)
      if (descriptor->centers[c] >= system->n_owned)
        return error_set(TERN_ERROR_DATA, "structure %lld has %lld atoms; option 'centers' asks for atom %lld",
                         (long long)k, (long long)system->n_owned, (long long)descriptor->centers[c]);
  }
  *width = first != NULL ? first->width : 0;
  return TERN_SUCCESS;
}

/* What is done with the vector of each centre that is learned from. */
typedef int32_t (*work)(void *context, int64_t species, const double *vector);

static int32_t each(const network_vectors *vectors, const tern_descriptor *descriptor, const tern_dataset *dataset,
                    const unsigned char *part, work work, void *context) {
  for (int64_t k = 0; k < dataset->size; k++) {
    const frame *frame = dataset->frames[k];
    const double *values = frame_find_vectors(frame, vectors->name)->values;
    const int64_t centers = descriptor_count_centers(descriptor, frame->system);
    for (int64_t c = 0; c < centers && (part == NULL || part[k] == 0); c++) {
      const int64_t atom = descriptor_center(descriptor, c);
      const int64_t species = descriptor_species(descriptor, frame->system->species[atom]);
      if (species >= 0)
        TRY(work(context, species, values + atom * vectors->width));
    }
  }
  return TERN_SUCCESS;
}

/* ---- learning ---- */

typedef struct learning {
  network_vectors *vectors;
  principal sums;
  double *counts, *difference; /* [n_species], [width] */
} learning;

static int32_t add_to_mean(void *context, int64_t species, const double *vector) {
  learning *learning = context;
  double *mean = learning->vectors->mean + species * learning->vectors->width;
  const double count = ++learning->counts[species];
  for (int64_t k = 0; k < learning->vectors->width; k++)
    mean[k] += (vector[k] - mean[k]) / count;
  learning->vectors->centers++;
  return TERN_SUCCESS;
}

static int32_t add_to_moments(void *context, int64_t species, const double *vector) {
  learning *learning = context;
  const int64_t width = learning->vectors->width;
  const double *mean = learning->vectors->mean + species * width;
  for (int64_t k = 0; k < width; k++)
    learning->difference[k] = vector[k] - mean[k];
  return principal_add(&learning->sums, 1, learning->difference);
}

/* Scales and their common factor, which makes the mean square of all components 1. */
static int32_t keep_axes(run *run, const principal_axes *found, double power, network_vectors *vectors) {
  double square = 0;
  if (found->count == 0 || !(found->moments[0] > 0))
    return error_set(TERN_ERROR_DATA, "the vectors '%s' are the same for all centres of a species: there is nothing to "
                     "learn", vectors->name);
  vectors->outputs = found->count;
  vectors->variance = found->total;
  TRY(MEMORY_NEW(run, &vectors->axes, found->count * vectors->width, "components of vectors"));
  TRY(MEMORY_NEW(run, &vectors->scales, found->count, "components of vectors"));
  memcpy(vectors->axes, found->axes, (size_t)(found->count * vectors->width) * sizeof(double));
  for (int64_t k = 0; k < found->count; k++) {
    vectors->scales[k] = pow(found->moments[k], 0.5 * power);
    square += found->moments[k] / (vectors->scales[k] * vectors->scales[k]);
  }
  for (int64_t k = 0; k < found->count; k++)
    vectors->scales[k] *= sqrt(square / (double)found->count);
  return TERN_SUCCESS;
}

static int32_t learn_axes(learning *learning, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                          const unsigned char *part, double power) {
  network_vectors *vectors = learning->vectors;
  principal_axes found = {0};
  TRY(principal_new(run, vectors->width, vectors->centers, "second moments of vectors", &learning->sums));
  int32_t status = each(vectors, descriptor, dataset, part, add_to_moments, learning);
  if (status == TERN_SUCCESS)
    status = principal_solve(run, &learning->sums, vectors->width, &found);
  if (status == TERN_SUCCESS)
    status = keep_axes(run, &found, power, vectors);
  principal_axes_free(run, &found);
  principal_free(run, &learning->sums);
  return status;
}

static int32_t learn(learning *learning, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                     const unsigned char *part, double power) {
  network_vectors *vectors = learning->vectors;
  TRY(check(descriptor, dataset, vectors->name, &vectors->width));
  TRY(MEMORY_NEW(run, &vectors->mean, vectors->n_species * vectors->width, "means of vectors"));
  TRY(MEMORY_NEW(run, &learning->counts, vectors->n_species, "means of vectors"));
  TRY(MEMORY_NEW(run, &learning->difference, vectors->width, "means of vectors"));
  TRY(each(vectors, descriptor, dataset, part, add_to_mean, learning));
  if (vectors->centers == 0)
    return error_set(TERN_ERROR_DATA, "no structure that is left to train on has a centre");
  return learn_axes(learning, run, descriptor, dataset, part, power);
}

int32_t network_vectors_learn(network_vectors *vectors, run *run, const tern_descriptor *descriptor,
                              const tern_dataset *dataset, const unsigned char *part, const char *name, double power) {
  learning learning = {.vectors = vectors};
  *vectors = (network_vectors){.name = name, .n_species = descriptor->n_species};
  const int32_t status = learn(&learning, run, descriptor, dataset, part, power);
  memory_free(run, learning.counts);
  memory_free(run, learning.difference);
  if (status != TERN_SUCCESS)
    network_vectors_free(run, vectors);
  return status;
}

/* ---- use ---- */

void network_vectors_components(const network_vectors *vectors, int64_t species, const double *vector,
                                double *components) {
  const double *mean = vectors->mean + species * vectors->width;
  for (int64_t k = 0; k < vectors->outputs; k++) {
    const double *axis = vectors->axes + k * vectors->width;
    double sum = 0;
    for (int64_t i = 0; i < vectors->width; i++)
      sum += axis[i] * (vector[i] - mean[i]);
    components[k] = sum / vectors->scales[k];
  }
}

/* to [width][columns] += the axes times scales times from [outputs][columns]. */
static void unfold(const network_vectors *vectors, int64_t columns, const double *from, double *to) {
  for (int64_t k = 0; k < vectors->outputs; k++)
    for (int64_t i = 0; i < vectors->width; i++) {
      const double factor = vectors->scales[k] * vectors->axes[k * vectors->width + i];
      for (int64_t c = 0; c < columns; c++)
        to[i * columns + c] += factor * from[k * columns + c];
    }
}

void network_vectors_unfold(const network_vectors *vectors, const network_shape *shape, const double *weights,
                            double *unfolded) {
  network_shape wide = *shape;
  wide.outputs = vectors->width;
  const network_layout from = network_layout_of(shape), to = network_layout_of(&wide);
  memset(unfolded, 0, (size_t)to.total * sizeof *unfolded);
  for (int64_t set = 0; set < shape->sets; set++) {
    memcpy(unfolded + set * to.set, weights + set * from.set, (size_t)from.last * sizeof *weights);
    unfold(vectors, network_last_width(shape), weights + set * from.set + from.last, unfolded + set * to.set + to.last);
  }
  memcpy(unfolded + to.constants, vectors->mean, (size_t)(vectors->n_species * vectors->width) * sizeof *unfolded);
  for (int64_t s = 0; s < shape->constants; s++)
    unfold(vectors, 1, weights + from.constants + s * vectors->outputs, unfolded + to.constants + s * vectors->width);
}
