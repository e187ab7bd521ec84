/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of rows: a row fades out with each of its tags, so that sums over rows are smooth when neighbours become
   tags. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "descriptor/descriptor.h"

/* What is needed for one centre at a time. */
typedef struct weights_space {
  int64_t *tags;           /* [most_rows][2] */
  double *factors;         /* [most_neighbours]: f_tag */
  double *slopes;          /* [most_neighbours]: its derivative */
  double *along;           /* [most_neighbours]: derivative of the weighted sum with respect to f_tag */
  double *gradient;        /* [most_neighbours][3] */
  double *positions;       /* [n_atoms][3], or NULL */
  double strain[9];
} weights_space;

static int32_t weights_space_new(weights_space *space, run *run, const environments *environments, int64_t n_atoms) {
  *space = (weights_space){0};
  TRY(MEMORY_NEW(run, &space->tags, 2 * environments->most_rows, "tags"));
  TRY(MEMORY_NEW(run, &space->factors, environments->most_neighbours, "weights of tags"));
  TRY(MEMORY_NEW(run, &space->slopes, environments->most_neighbours, "weights of tags"));
  TRY(MEMORY_NEW(run, &space->along, environments->most_neighbours, "weights of tags"));
  TRY(MEMORY_NEW(run, &space->gradient, 3 * environments->most_neighbours, "gradients of neighbours"));
  return MEMORY_NEW(run, &space->positions, 3 * n_atoms, "gradient");
}

static void weights_space_free(weights_space *space, run *run) {
  memory_free(run, space->tags);
  memory_free(run, space->factors);
  memory_free(run, space->slopes);
  memory_free(run, space->along);
  memory_free(run, space->gradient);
  memory_free(run, space->positions);
}

/* Tags of the rows of one centre, and f_tag of its neighbours. */
static void weights_open(const tern_descriptor *descriptor, const environment *around, weights_space *space) {
  const cutoff_function *cutoff = descriptor->kind->tag_cutoff(descriptor->state);
  descriptor->kind->tags(descriptor->state, around, space->tags);
  for (int64_t k = 0; k < around->n_neighbours; k++) {
    const double *vector = around->vectors + 3 * k;
    const double distance = sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
    cutoff_function_at(cutoff, distance, &space->factors[k], &space->slopes[k]);
    space->slopes[k] /= distance;
  }
}

/* The factor of a tag; the centre, -1, has 1. */
static double weights_factor(const weights_space *space, int64_t tag) {
  return tag < 0 ? 1 : space->factors[tag];
}

static void weights_center(const tern_descriptor *descriptor, const environments *environments, int64_t center,
                           weights_space *space, double *weights) {
  const environment around = environments_at(environments, center);
  const int64_t first = environments->first_row[center], last = environments->first_row[center + 1];
  weights_open(descriptor, &around, space);
  for (int64_t row = first; row < last; row++) {
    const int64_t *tags = space->tags + 2 * (row - first);
    weights[row] = weights_factor(space, tags[0]) * weights_factor(space, tags[1]);
  }
}

static bool weights_fade(const tern_descriptor *descriptor) {
  return descriptor->kind->tag_cutoff != NULL && descriptor->kind->tags != NULL;
}

int32_t descriptor_weights_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                              double *weights) {
  weights_space space;
  if (!weights_fade(descriptor)) {
    for (int64_t row = 0; row < environments->n_rows; row++)
      weights[row] = 1;
    return TERN_SUCCESS;
  }
  const int32_t status = weights_space_new(&space, run, environments, 0);
  for (int64_t center = 0; status == TERN_SUCCESS && center < environments->neighbours.n_centers; center++)
    weights_center(descriptor, environments, center, &space, weights);
  weights_space_free(&space, run);
  return status;
}

int32_t descriptor_weights_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, double *weights) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  const int32_t status = descriptor_weights_of(descriptor, run, &made, weights);
  environments_free(run, &made);
  return status;
}

/* ---- pullback ---- */

static void weights_pullback_center(const tern_descriptor *descriptor, const environments *environments,
                                    int64_t center, const double *slopes, weights_space *space) {
  const environment around = environments_at(environments, center);
  const int64_t first = environments->first_row[center], last = environments->first_row[center + 1];
  weights_open(descriptor, &around, space);
  memset(space->along, 0, (size_t)around.n_neighbours * sizeof *space->along);
  for (int64_t row = first; row < last; row++) {
    const int64_t *tags = space->tags + 2 * (row - first);
    for (int t = 0; t < 2; t++)
      if (tags[t] >= 0)
        space->along[tags[t]] += slopes[row] * weights_factor(space, tags[1 - t]);
  }
  for (int64_t k = 0; k < around.n_neighbours; k++)
    for (int a = 0; a < 3; a++)
      space->gradient[3 * k + a] = space->along[k] * space->slopes[k] * around.vectors[3 * k + a];
  environments_add_gradient(environments, center, space->gradient, space->positions, space->strain);
}

static int32_t weights_pullback_run(const tern_descriptor *descriptor, const environments *environments,
                                    const double *slopes, weights_space *space) {
  TRY(descriptor_check_finite("slopes", slopes, environments->n_rows, 0));
  for (int64_t center = 0; weights_fade(descriptor) && center < environments->neighbours.n_centers; center++)
    weights_pullback_center(descriptor, environments, center, slopes, space);
  return TERN_SUCCESS;
}

int32_t descriptor_weights_pullback_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                          center_range range, const double *slopes, double *position_gradient,
                                          double *strain_gradient) {
  environments made;
  weights_space space;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  int32_t status = weights_space_new(&space, run, &made, system->n_atoms);
  if (status == TERN_SUCCESS)
    status = weights_pullback_run(descriptor, &made, slopes, &space);
  if (status == TERN_SUCCESS && position_gradient != NULL)
    memcpy(position_gradient, space.positions, (size_t)(3 * system->n_atoms) * sizeof *position_gradient);
  if (status == TERN_SUCCESS && strain_gradient != NULL)
    memcpy(strain_gradient, space.strain, sizeof space.strain);
  weights_space_free(&space, run);
  environments_free(run, &made);
  return status;
}
