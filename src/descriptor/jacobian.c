/* SPDX-License-Identifier: BSD-3-Clause */
/* The explicit sparse Jacobian: for each row a block [3][features] for the centre and for each neighbour atom. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "descriptor/descriptor.h"
#include "kernels/kernels.h"

enum {
  JACOBIAN_STREAM = 1 << 22
}; /* bytes from which a Jacobian is written past the caches, which it would only flood */

/* Neighbours come sorted by atom, so the images of one atom follow each other. slots[k], unless NULL, becomes the block
   of neighbour k within a row, atoms[slot], unless NULL, the block's atom. Returns the number of blocks of a row; *own
   is the slot of the centre. */
static int64_t jacobian_slots(const environments *environments, int64_t center, int64_t *slots, int64_t *atoms,
                              int64_t *own) {
  const neighbours *list = &environments->neighbours;
  const int64_t centre_atom = environments->centers[center], begin = list->first[center], end = list->first[center + 1];
  int64_t count = 0, last = -1;
  bool own_done = false;
  for (int64_t pair = begin; pair <= end; pair++) {
    const bool past_end = pair == end;
    if (!own_done && (past_end || list->atom[pair] >= centre_atom)) {
      own_done = true;
      last = centre_atom;
      *own = count++;
      if (atoms != NULL)
        atoms[*own] = centre_atom;
    }
    if (past_end)
      break;
    if (list->atom[pair] != last) {
      last = list->atom[pair];
      if (atoms != NULL)
        atoms[count] = last;
      count++;
    }
    if (slots != NULL)
      slots[pair - begin] = count - 1;
  }
  return count;
}

typedef struct jacobian_work {
  const tern_descriptor *descriptor;
  const environments *environments;
  int64_t features;
  int64_t *first_block;    /* [n_centers + 1] */
  int64_t largest;         /* most numbers of an environment's Jacobian */
  double *jacobians;       /* [threads][largest] */
  int64_t *slots;          /* [threads][2 (most_neighbours + 1)]: slots, then atoms */
  int64_t *indices;        /* output */
  double *values, *strain; /* outputs */
  const kernel_table *kernels;
  bool stream; /* whether `values` is too large for caches */
} jacobian_work;

static void jacobian_name_blocks(const jacobian_work *work, int64_t center, int64_t count, const int64_t *atoms) {
  const int64_t first_row = work->environments->first_row[center];
  const int64_t rows = work->environments->first_row[center + 1] - first_row;
  int64_t *indices = work->indices + 2 * work->first_block[center];
  for (int64_t row = 0; row < rows; row++)
    for (int64_t slot = 0; slot < count; slot++) {
      *indices++ = first_row + row;
      *indices++ = atoms[slot];
    }
}

/* A further image of the same atom. */
static void jacobian_add(const double *restrict source, int64_t count, double *restrict target,
                         double *restrict centre) {
  for (int64_t i = 0; i < count; i++) {
    target[i] += source[i];
    centre[i] -= source[i];
  }
}

/* The blocks of one row. Moving the centre moves all vectors the other way, but those to its own images stay. */
static void jacobian_scatter(const jacobian_work *work, const double *jacobian, int64_t n_neighbours,
                             const int64_t *slots, int64_t own, double *values) {
  const int64_t block = 3 * work->features;
  double *centre = values + own * block;
  memset(centre, 0, (size_t)block * sizeof *values);
  for (int64_t k = 0; k < n_neighbours; k++) {
    const double *source = jacobian + k * block;
    double *target = values + slots[k] * block;
    const bool more_images = k + 1 < n_neighbours && slots[k + 1] == slots[k];
    if (slots[k] == own)
      continue;
    if (k > 0 && slots[k] == slots[k - 1])
      jacobian_add(source, block, target, centre);
    else
      work->kernels->move(block, source, target, centre, work->stream && !more_images);
  }
}

/* strain [3][3][features] of one row: element ab sums d/dr_a times r_b. */
static void jacobian_strain(const double *jacobian, const environment *around, int64_t features, double *strain) {
  memset(strain, 0, (size_t)(9 * features) * sizeof *strain);
  for (int64_t k = 0; k < around->n_neighbours; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) {
        const double *source = jacobian + (3 * k + a) * features;
        double *target = strain + (3 * a + b) * features;
        const double component = around->vectors[3 * k + b];
        for (int64_t f = 0; f < features; f++)
          target[f] += source[f] * component;
      }
}

static int32_t jacobian_center(void *context, int64_t center, void *scratch, int32_t thread) {
  const jacobian_work *work = context;
  const environments *environments = work->environments;
  const descriptor_kind *kind = work->descriptor->kind;
  const void *state = work->descriptor->state;
  const environment around = environments_at(environments, center);
  const int64_t first_row = environments->first_row[center], rows = environments->first_row[center + 1] - first_row;
  const int64_t block = 3 * work->features, most = environments->most_neighbours + 1;
  int64_t *slots = work->slots + thread * 2 * most, own = 0;
  const int64_t count = jacobian_slots(environments, center, slots, slots + most, &own);
  if (work->indices != NULL)
    jacobian_name_blocks(work, center, count, slots + most);
  if (rows == 0 || (work->values == NULL && work->strain == NULL))
    return TERN_SUCCESS;
  double *jacobian = work->jacobians + thread * work->largest;
  TRY(kind->forward(state, &around, scratch, NULL));
  TRY(kind->jacobian(state, &around, scratch, jacobian));
  for (int64_t row = 0; row < rows; row++) {
    const double *source = jacobian + row * around.n_neighbours * block;
    if (work->values != NULL)
      jacobian_scatter(work, source, around.n_neighbours, slots, own,
                       work->values + (work->first_block[center] + row * count) * block);
    if (work->strain != NULL)
      jacobian_strain(source, &around, work->features, work->strain + (first_row + row) * 9 * work->features);
  }
  return TERN_SUCCESS;
}

/* first_block, and the size of the largest environment's Jacobian. */
static int32_t jacobian_count(jacobian_work *work, run *run) {
  const environments *environments = work->environments;
  const int64_t n_centers = environments->neighbours.n_centers;
  TRY(MEMORY_NEW(run, &work->first_block, n_centers + 1, "blocks of centres"));
  for (int64_t center = 0; center < n_centers; center++) {
    int64_t own;
    const int64_t rows = environments->first_row[center + 1] - environments->first_row[center];
    const int64_t neighbours = environments->neighbours.first[center + 1] - environments->neighbours.first[center];
    const int64_t numbers = rows * neighbours * 3 * work->features;
    work->first_block[center + 1] =
        work->first_block[center] + rows * jacobian_slots(environments, center, NULL, NULL, &own);
    work->largest = numbers > work->largest ? numbers : work->largest;
  }
  return TERN_SUCCESS;
}

static int32_t jacobian_run(jacobian_work *work, run *run) {
  const environments *environments = work->environments;
  const int64_t threads = environments_threads(run, environments);
  const bool only_indices = work->values == NULL && work->strain == NULL;
  TRY(kernels_get(&work->kernels));
  TRY(jacobian_count(work, run));
  if (work->values != NULL) {
    const double numbers = 3.0 * (double)work->features * (double)work->first_block[environments->neighbours.n_centers];
    TRY(descriptor_check_result(run, numbers, "Jacobian"));
  }
  work->stream = work->first_block[environments->neighbours.n_centers] * 3 * work->features > JACOBIAN_STREAM / 8;
  TRY(MEMORY_NEW(run, &work->slots, threads * 2 * (environments->most_neighbours + 1), "blocks of a row"));
  TRY(MEMORY_NEW(run, &work->jacobians, only_indices ? 0 : threads * work->largest, "Jacobian of an environment"));
  return environments_each(work->descriptor, run, environments, "Jacobian", 0, environments->neighbours.n_centers,
                           jacobian_center, work);
}

static void jacobian_free(jacobian_work *work, run *run) {
  memory_free(run, work->first_block);
  memory_free(run, work->slots);
  memory_free(run, work->jacobians);
}

int32_t descriptor_jacobian_shape_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                        center_range range, int64_t *blocks) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  jacobian_work work = {.environments = &made};
  const int32_t status = jacobian_count(&work, run);
  if (status == TERN_SUCCESS)
    *blocks = work.first_block[made.neighbours.n_centers];
  jacobian_free(&work, run);
  environments_free(run, &made);
  return status;
}

int32_t descriptor_jacobian_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  center_range range, int64_t *indices, double *values, double *strain) {
  environments made;
  TRY(environments_build_range(descriptor, run, system, range, &made));
  jacobian_work work = {.descriptor = descriptor,
                        .environments = &made,
                        .features = descriptor->kind->features(descriptor->state),
                        .indices = indices,
                        .values = values,
                        .strain = strain};
  const int32_t status = jacobian_run(&work, run);
  jacobian_free(&work, run);
  environments_free(run, &made);
  return status;
}
