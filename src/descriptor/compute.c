/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of a system's rows, what the rows stand for, and products with the Jacobian from either side. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "descriptor/descriptor.h"

int32_t descriptor_check_result(const run *run, double numbers, const char *what) {
  return memory_check(run, numbers * (double)sizeof(double), what);
}

int32_t descriptor_check_finite(const char *argument, const double *values, int64_t rows, int64_t columns) {
  const int64_t width = columns > 0 ? columns : 1;
  for (int64_t i = 0; i < rows * width; i++) {
    char column[32] = "";
    if (isfinite(values[i]))
      continue;
    if (columns > 0)
      text_format(column, sizeof column, "[%" PRId64 "]", i % columns);
    return error_set(TERN_ERROR_ARGUMENT, "argument '%s' must be finite: %s[%" PRId64 "]%s is %f", argument, argument,
                     i / width, column, values[i]);
  }
  return TERN_SUCCESS;
}

typedef struct compute_work {
  const tern_descriptor *descriptor;
  const environments *environments;
  int64_t features, first_row;
  double *values;
} compute_work;

static int32_t compute_center(void *context, int64_t center, void *scratch, int32_t thread) {
  const compute_work *work = context;
  const tern_descriptor *descriptor = work->descriptor;
  const environment around = environments_at(work->environments, center);
  const int64_t row = work->environments->first_row[center] - work->first_row;
  (void)thread;
  return descriptor->kind->forward(descriptor->state, &around, scratch, work->values + row * work->features);
}

int32_t descriptor_values_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                                 int64_t begin, int64_t end, double *values) {
  compute_work work = {descriptor, environments, descriptor->kind->features(descriptor->state),
                       environments->first_row[begin], values};
  return environments_each(descriptor, run, environments, "features", begin, end, compute_center, &work);
}

/* With what makes rows of tags fewer. */
static const char *compute_name(const tern_descriptor *descriptor) {
  return descriptor->index_size > 2 ? "features of rows of tags, which a smaller tag_cutoff or fewer centers make fewer"
                                    : "features";
}

int32_t descriptor_compute_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, double *values) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  const double numbers = (double)made.n_rows * (double)descriptor->kind->features(descriptor->state);
  int32_t status = descriptor_check_result(run, numbers, compute_name(descriptor));
  if (status == TERN_SUCCESS)
    status = descriptor_values_of(descriptor, run, &made, 0, made.neighbours.n_centers, values);
  environments_free(run, &made);
  return status;
}

/* Tags of a centre's rows as atoms. The centre itself stays -1, so that it differs from its periodic images. */
static void rows_name_tags(const environments *environments, int64_t center, int64_t rows, const int64_t *tags,
                           int64_t size, int64_t *indices) {
  const int64_t *atoms = environments->neighbours.atom + environments->neighbours.first[center];
  for (int64_t row = 0; row < rows; row++)
    for (int64_t t = 0; t < size - 2; t++) {
      const int64_t tag = tags[2 * row + t];
      indices[size * row + 2 + t] = tag < 0 ? -1 : atoms[tag];
    }
}

int32_t descriptor_rows_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                           int64_t structure, int64_t *indices) {
  const descriptor_kind *kind = descriptor->kind;
  const int64_t size = descriptor->index_size;
  int64_t *tags = NULL;
  TRY(MEMORY_NEW(run, &tags, kind->tags == NULL ? 0 : 2 * environments->most_rows, "tags"));
  for (int64_t center = 0; center < environments->neighbours.n_centers; center++) {
    const int64_t first = environments->first_row[center], rows = environments->first_row[center + 1] - first;
    for (int64_t row = first; row < first + rows; row++) {
      indices[row * size] = structure;
      indices[row * size + 1] = environments->centers[center];
    }
    if (kind->tags == NULL)
      continue;
    const environment around = environments_at(environments, center);
    kind->tags(descriptor->state, &around, tags);
    rows_name_tags(environments, center, rows, tags, size, indices + first * size);
  }
  memory_free(run, tags);
  return TERN_SUCCESS;
}

int32_t descriptor_rows_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                              center_range range, int64_t *indices) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  const int32_t status = descriptor_rows_of(descriptor, run, &made, 0, indices);
  environments_free(run, &made);
  return status;
}

/* ---- pullback ---- */

/* Each thread sums in its own arrays, and these are added in the threads' order: no locks, the same result every
   time. */
typedef struct pullback_work {
  const tern_descriptor *descriptor;
  const environments *environments;
  const double *weights;
  int64_t features;
  int64_t size;      /* 3 n_atoms + 9 */
  double *sums;      /* [threads][size]: positions, then strain */
  double *gradients; /* [threads][most_neighbours][3] */
} pullback_work;

static int32_t pullback_center(void *context, int64_t center, void *scratch, int32_t thread) {
  const pullback_work *work = context;
  const environments *environments = work->environments;
  const descriptor_kind *kind = work->descriptor->kind;
  const void *state = work->descriptor->state;
  const environment around = environments_at(environments, center);
  const int64_t first = environments->first_row[center];
  if (environments->first_row[center + 1] == first || around.n_neighbours == 0)
    return TERN_SUCCESS;
  double *gradient = work->gradients + thread * 3 * environments->most_neighbours;
  double *sums = work->sums + thread * work->size;
  TRY(kind->forward(state, &around, scratch, NULL));
  TRY(kind->backward(state, &around, scratch, work->weights + first * work->features, gradient));
  environments_add_gradient(environments, center, gradient, sums, sums + work->size - 9);
  return TERN_SUCCESS;
}

static void pullback_finish(const pullback_work *work, int32_t threads, double *position_gradient,
                            double *strain_gradient) {
  for (int32_t thread = 1; thread < threads; thread++)
    for (int64_t i = 0; i < work->size; i++)
      work->sums[i] += work->sums[thread * work->size + i];
  if (position_gradient != NULL)
    memcpy(position_gradient, work->sums, (size_t)(work->size - 9) * sizeof *work->sums);
  if (strain_gradient != NULL)
    memcpy(strain_gradient, work->sums + work->size - 9, 9 * sizeof *work->sums);
}

static int32_t pullback_run(pullback_work *work, run *run, double *position_gradient, double *strain_gradient) {
  const environments *environments = work->environments;
  const int32_t threads = environments_threads(run, environments);
  TRY(descriptor_check_finite("weights", work->weights, environments->n_rows, work->features));
  TRY(MEMORY_NEW(run, &work->sums, threads * work->size, "gradients of the threads"));
  int32_t status =
      MEMORY_NEW(run, &work->gradients, threads * 3 * environments->most_neighbours, "gradients of neighbours");
  if (status == TERN_SUCCESS)
    status = environments_each(work->descriptor, run, environments, "gradient", 0, environments->neighbours.n_centers,
                               pullback_center, work);
  if (status == TERN_SUCCESS)
    pullback_finish(work, threads, position_gradient, strain_gradient);
  memory_free(run, work->sums);
  memory_free(run, work->gradients);
  return status;
}

int32_t descriptor_pullback_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  center_range range, const double *weights, double *position_gradient,
                                  double *strain_gradient) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  pullback_work work = {.descriptor = descriptor,
                        .environments = &made,
                        .weights = weights,
                        .features = descriptor->kind->features(descriptor->state),
                        .size = 3 * system->n_atoms + 9};
  const int32_t status = pullback_run(&work, run, position_gradient, strain_gradient);
  environments_free(run, &made);
  return status;
}

/* ---- pushforward ---- */

typedef struct pushforward_work {
  const tern_descriptor *descriptor;
  const environments *environments;
  const double *positions, *strain; /* directions; NULL for zero */
  int64_t features;
  double *derivative;
  double *directions; /* [threads][most_neighbours][3] */
} pushforward_work;

/* How the vectors to the neighbours move: d_j - d_i + strain r_ij. */
static void pushforward_vectors(const pushforward_work *work, int64_t center, const environment *around,
                                double *directions) {
  const neighbours *list = &work->environments->neighbours;
  const int64_t *atoms = list->atom + list->first[center], own = work->environments->centers[center];
  for (int64_t k = 0; k < around->n_neighbours; k++)
    for (int a = 0; a < 3; a++) {
      double move = 0;
      if (work->positions != NULL)
        move = work->positions[3 * atoms[k] + a] - work->positions[3 * own + a];
      for (int b = 0; b < 3 && work->strain != NULL; b++)
        move += work->strain[3 * a + b] * around->vectors[3 * k + b];
      directions[3 * k + a] = move;
    }
}

static int32_t pushforward_center(void *context, int64_t center, void *scratch, int32_t thread) {
  const pushforward_work *work = context;
  const descriptor_kind *kind = work->descriptor->kind;
  const void *state = work->descriptor->state;
  const environment around = environments_at(work->environments, center);
  double *directions = work->directions + thread * 3 * work->environments->most_neighbours;
  pushforward_vectors(work, center, &around, directions);
  TRY(kind->forward(state, &around, scratch, NULL));
  return kind->pushforward(state, &around, scratch, directions,
                           work->derivative + work->environments->first_row[center] * work->features);
}

int32_t descriptor_pushforward_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                     center_range range, const double *position_direction,
                                     const double *strain_direction, double *derivative) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  pushforward_work work = {.descriptor = descriptor,
                           .environments = &made,
                           .positions = position_direction,
                           .strain = strain_direction,
                           .features = descriptor->kind->features(descriptor->state),
                           .derivative = derivative};
  int32_t status = MEMORY_NEW(run, &work.directions, environments_threads(run, &made) * 3 * made.most_neighbours,
                              "directions of neighbours");
  if (status == TERN_SUCCESS)
    status = environments_each(descriptor, run, &made, "derivative", 0, made.neighbours.n_centers, pushforward_center,
                               &work);
  memory_free(run, work.directions);
  environments_free(run, &made);
  return status;
}
