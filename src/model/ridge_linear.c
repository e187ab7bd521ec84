/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/ridge_linear.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

enum { BLOCK = 64 };

void ridge_settle(void *state, run *run) {
  ridge *self = state;
  least_squares_free(run, &self->fitted);
}

/* The penalty as rows: a square root of the damping for each weight. */
static int32_t add_penalty(run *run, double damping, least_squares *problem) {
  const int64_t width = problem->columns + 1;
  double *rows = NULL;
  int32_t status = MEMORY_NEW(run, &rows, BLOCK * width, "rows of the penalty");
  for (int64_t first = 0; status == TERN_SUCCESS && first < problem->columns; first += BLOCK) {
    const int64_t left = problem->columns - first, count = left < BLOCK ? left : BLOCK;
    memset(rows, 0, (size_t)(BLOCK * width) * sizeof(double));
    for (int64_t k = 0; k < count; k++)
      rows[k * width + first + k] = damping > 0 ? sqrt(damping) : 1;
    status = least_squares_add(problem, count, rows);
  }
  memory_free(run, rows);
  return status;
}

/* The transposed factor; a row whose diagonal came out negative is turned. */
static void copy_factor(const least_squares *problem, double *lower) {
  const int64_t columns = problem->columns;
  for (int64_t row = 0; row < columns; row++) {
    memset(lower + row * columns, 0, (size_t)columns * sizeof(double));
    for (int64_t k = 0; k <= row; k++) {
      const double turn = problem->matrix[k * problem->capacity + k] < 0 ? -1 : 1;
      lower[row * columns + k] = turn * problem->matrix[row * problem->capacity + k];
    }
  }
}

static int32_t check_diagonal(int64_t columns, const double *lower) {
  for (int64_t k = 0; k < columns; k++)
    if (!(lower[k * (columns + 1)] > 0))
      return error_set(TERN_ERROR_NUMERICAL, "the precision of the weights is singular");
  return TERN_SUCCESS;
}

/* By orthogonal transformations again, so that the condition is not squared. */
static int32_t ridge_precision(void *state, run *run, double *lower) {
  ridge *self = state;
  TRY(add_penalty(run, self->damping, &self->fitted));
  TRY(least_squares_factor(&self->fitted));
  copy_factor(&self->fitted, lower);
  return check_diagonal(self->fitted.columns, lower);
}

static const targets *ridge_targets(const void *state) { return &((const ridge *)state)->targets; }

/* Without the last column, the target. */
static int32_t copy_rows(run *run, int64_t count, int64_t columns, const double *from, double **rows) {
  TRY(MEMORY_NEW(run, rows, count * columns, "rows of a structure"));
  for (int64_t k = 0; k < count; k++)
    memcpy(*rows + k * columns, from + k * (columns + 1), (size_t)columns * sizeof(double));
  return TERN_SUCCESS;
}

static int32_t ridge_rows(const void *state, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                          int64_t index, double **rows) {
  const ridge *self = state;
  const ridge_data data = {.descriptor = descriptor,
                           .dataset = dataset,
                           .targets = self->targets,
                           .features = self->features,
                           .columns = self->n_species * self->features};
  ridge_workspace space = {.run = run, .data = &data};
  int64_t count;
  int32_t status = ridge_rows_write(&space, index, &count);
  if (status == TERN_SUCCESS)
    status = copy_rows(run, count, data.columns, space.rows, rows);
  ridge_workspace_free(&space);
  return status;
}

static int32_t ridge_set(void *state, double *weights, double *trial) {
  ridge *self = state;
  const int64_t columns = self->n_species * self->features;
  memcpy(self->weights, weights, (size_t)columns * sizeof(double));
  if (trial == NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(NULL, &self->trial, columns, "the weights of a ridge model"));
  memcpy(self->trial, trial, (size_t)columns * sizeof(double));
  return TERN_SUCCESS;
}

const model_linear ridge_linear = {.prepare = ridge_prepare,
                                   .set = ridge_set,
                                   .precision = ridge_precision,
                                   .targets = ridge_targets,
                                   .rows = ridge_rows,
                                   .settle = ridge_settle};
