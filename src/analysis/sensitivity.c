/* SPDX-License-Identifier: BSD-3-Clause */
/* Singular values without squaring: each centre's Jacobian is reduced by orthogonal transformations to at most as many
   rows as it has columns, and these rows go into the triangular factor of all centres. Rigid moves are taken out of the
   rows and put in as rows of their own, larger than all others, so that the first singular vectors are rigid and the
   rest is what changes the shape. */
#include "analysis/sensitivity.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/least_squares.h"

enum { SENSITIVITY_BLOCK = 256 };

typedef struct sensitivity_sum {
  const tern_descriptor *descriptor;
  const tern_system *system;
  const sensitivity_moves *moves;
  run *run;
  least_squares all;
  double *row;    /* [3 moving + 1] */
  double squares; /* of all entries of the Jacobian */
} sensitivity_sum;

/* The Jacobian of one centre: every row has the same atoms, one block [3][features] for each. */
typedef struct sensitivity_center {
  int64_t rows, features, atoms; /* atoms of a row */
  int64_t *indices;              /* [rows * atoms][2] */
  double *values;                /* [rows * atoms][3][features] */
  double *dense;                 /* [features][3 atoms + 1] */
} sensitivity_center;

static void center_free(run *run, sensitivity_center *center) {
  memory_free(run, center->indices);
  memory_free(run, center->values);
  memory_free(run, center->dense);
}

static int32_t center_fill(const sensitivity_sum *sum, center_range range, sensitivity_center *center) {
  int64_t blocks;
  TRY(descriptor_shape_range(sum->descriptor, sum->run, sum->system, range, &center->rows, &center->features));
  TRY(descriptor_jacobian_shape_range(sum->descriptor, sum->run, sum->system, range, &blocks));
  if (center->rows == 0)
    return TERN_SUCCESS;
  center->atoms = blocks / center->rows;
  TRY(MEMORY_NEW(sum->run, &center->indices, 2 * blocks, "Jacobian of an environment"));
  TRY(MEMORY_NEW(sum->run, &center->values, 3 * blocks * center->features, "Jacobian of an environment"));
  TRY(MEMORY_NEW(sum->run, &center->dense, center->features * (3 * center->atoms + 1), "Jacobian of an environment"));
  return descriptor_jacobian_range(sum->descriptor, sum->run, sum->system, range, center->indices, center->values,
                                   NULL);
}

/* Features become rows. */
static void center_turn(const sensitivity_center *center, int64_t row) {
  const int64_t width = 3 * center->atoms + 1, features = center->features;
  const double *values = center->values + row * center->atoms * 3 * features;
  for (int64_t column = 0; column < 3 * center->atoms; column++)
    for (int64_t f = 0; f < features; f++)
      center->dense[f * width + column] = values[column * features + f];
}

static int32_t center_reduce(const sensitivity_sum *sum, const sensitivity_center *center, spectrum *reduced) {
  least_squares own;
  TRY(least_squares_new(sum->run, 3 * center->atoms, SENSITIVITY_BLOCK, &own));
  int32_t status = TERN_SUCCESS;
  for (int64_t row = 0; status == TERN_SUCCESS && row < center->rows; row++) {
    center_turn(center, row);
    status = least_squares_add(&own, center->features, center->dense);
  }
  if (status == TERN_SUCCESS)
    status = least_squares_decompose(sum->run, &own, reduced);
  least_squares_free(sum->run, &own);
  return status;
}

/* Row k of the reduced Jacobian is its singular value times a row of V^T. Atoms that do not move have no columns. */
static int32_t sum_add_reduced(sensitivity_sum *sum, const sensitivity_center *center, const spectrum *reduced) {
  const sensitivity_moves *moves = sum->moves;
  const int64_t size = 3 * moves->moving;
  for (int64_t k = 0; k < reduced->count; k++) {
    memset(sum->row, 0, (size_t)(size + 1) * sizeof *sum->row);
    for (int64_t slot = 0; slot < center->atoms; slot++) {
      const int64_t place = moves->place[center->indices[2 * slot + 1]];
      for (int a = 0; a < 3 && place >= 0; a++)
        sum->row[3 * place + a] = reduced->singular[k] * reduced->right[(3 * slot + a) * reduced->count + k];
    }
    sensitivity_take_out_rigid(moves, sum->row);
    sum->squares += reduced->singular[k] * reduced->singular[k];
    TRY(least_squares_add(&sum->all, 1, sum->row));
  }
  return TERN_SUCCESS;
}

static int32_t sum_add_center(sensitivity_sum *sum, int64_t number) {
  sensitivity_center center = {0};
  spectrum reduced = {0};
  int32_t status = center_fill(sum, (center_range){number, 1}, &center);
  if (status == TERN_SUCCESS && center.rows > 0) {
    status = center_reduce(sum, &center, &reduced);
    if (status == TERN_SUCCESS)
      status = sum_add_reduced(sum, &center, &reduced);
    spectrum_free(sum->run, &reduced);
  }
  center_free(sum->run, &center);
  return status;
}

/* Rigid moves as the largest rows, and rows of zeros until there are as many rows as columns. */
static int32_t sum_finish(sensitivity_sum *sum) {
  const sensitivity_moves *moves = sum->moves;
  const int64_t size = 3 * moves->moving;
  const double largest = sum->squares > 0 ? 2 * sqrt(sum->squares) : 1;
  sum->row[size] = 0;
  for (int64_t k = 0; k < moves->n_rigid; k++) {
    for (int64_t i = 0; i < size; i++)
      sum->row[i] = largest * moves->rigid[k * size + i];
    TRY(least_squares_add(&sum->all, 1, sum->row));
  }
  memset(sum->row, 0, (size_t)size * sizeof *sum->row);
  while (sum->all.rows < size)
    TRY(least_squares_add(&sum->all, 1, sum->row));
  return TERN_SUCCESS;
}

/* Of unit length, largest component positive, so that the sign does not depend on chance. */
static void give_vector(const sensitivity_moves *moves, const spectrum *spectrum, int64_t column, double *vector) {
  double largest = 0;
  for (int64_t i = 0; i < 3 * moves->moving; i++) {
    const double component = spectrum->right[i * spectrum->count + column];
    if (fabs(component) > fabs(largest) * (1 + 1e-9))
      largest = component;
  }
  memset(vector, 0, (size_t)(3 * moves->n_atoms) * sizeof *vector);
  for (int64_t i = 0; i < 3 * moves->moving; i++)
    vector[3 * moves->atom[i / 3] + i % 3] = copysign(1, largest) * spectrum->right[i * spectrum->count + column];
}

static int32_t sum_run(sensitivity_sum *sum, double *singular, double *vectors) {
  const sensitivity_moves *moves = sum->moves;
  const int64_t directions = sensitivity_directions(moves);
  spectrum spectrum = {0};
  TRY(MEMORY_NEW(sum->run, &sum->row, 3 * moves->moving + 1, "a row of the Jacobian"));
  for (int64_t center = 0; center < moves->range.count; center++) {
    TRY(sum_add_center(sum, moves->range.first + center));
    TRY(run_report(sum->run, "sensitivity", center + 1, moves->range.count, -1));
  }
  TRY(sum_finish(sum));
  TRY(least_squares_decompose(sum->run, &sum->all, &spectrum));
  for (int64_t k = 0; k < directions; k++) {
    singular[k] = spectrum.singular[moves->n_rigid + k];
    if (vectors != NULL)
      give_vector(moves, &spectrum, moves->n_rigid + k, vectors + k * 3 * moves->n_atoms);
  }
  spectrum_free(sum->run, &spectrum);
  return TERN_SUCCESS;
}

int32_t sensitivity_solve(const tern_descriptor *descriptor, run *run, const tern_system *system,
                          const sensitivity_moves *moves, double *singular, double *vectors) {
  sensitivity_sum sum = {.descriptor = descriptor, .system = system, .moves = moves, .run = run};
  if (sensitivity_directions(moves) == 0)
    return TERN_SUCCESS;
  TRY(least_squares_new(run, 3 * moves->moving, 3 * moves->moving, &sum.all));
  const int32_t status = sum_run(&sum, singular, vectors);
  memory_free(run, sum.row);
  least_squares_free(run, &sum.all);
  return status;
}
