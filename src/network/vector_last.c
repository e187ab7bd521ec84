/* SPDX-License-Identifier: BSD-3-Clause */
/* The last vectors and constants, on which predictions depend linearly, by least squares for the layers as they are:
   random directions show a training these numbers only a few at a time. */
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "network/vector_parts.h"

enum { BLOCK = 1024 };                 /* centres at a time */
static const double damping = 1e-8;    /* of the mean diagonal of the normal equations: sums may be single numbers */
static const int64_t plenty = 2;       /* centres for each unknown of a component, with fewer nothing is changed */

typedef struct last_fit {
  const vector_problem *problem;
  int64_t first;                       /* centre of the block */
  int64_t columns, outputs;            /* unknowns of a component: last vectors of all sets, then the constants */
  double *sums, *left;                 /* [BLOCK][columns], [BLOCK][outputs]: what the predictions leave */
  double *gram, *changes;              /* [columns][columns], [outputs][columns]: moments, then the solution */
} last_fit;

static int32_t fill_row(void *context, run *serial, int64_t k, void *thread_space) {
  const last_fit *self = context;
  const vector_problem *problem = self->problem;
  const vector_item *item = &problem->items[self->first + k];
  const int64_t width = vector_last_width(problem);
  vector_space *space = thread_space;
  TRY(vector_space_open(problem, serial, space));
  TRY(vector_item_predict(problem, item, space));
  double *row = self->sums + k * self->columns;
  memset(row, 0, (size_t)self->columns * sizeof *row);
  memcpy(row + vector_set(problem, item) * width, space->hidden, (size_t)width * sizeof *row);
  row[problem->trained.network.shape.sets * width + item->species] = 1;
  for (int64_t c = 0; c < self->outputs; c++)
    self->left[k * self->outputs + c] = space->wanted[c] - space->predicted[c];
  return TERN_SUCCESS;
}

static int32_t add_block(const last_fit *self, int64_t count) {
  const blas_table *blas;
  const int32_t columns = (int32_t)self->columns, outputs = (int32_t)self->outputs, rows = (int32_t)count;
  const double one = 1;
  TRY(blas_begin(&blas));
  blas->dsyrk("L", "N", &columns, &rows, &one, self->sums, &columns, &one, self->gram, &columns, 1, 1);
  blas->dgemm("N", "T", &columns, &outputs, &rows, &one, self->sums, &columns, self->left, &outputs, &one,
              self->changes, &columns, 1, 1);
  blas_end();
  return TERN_SUCCESS;
}

static int32_t gather(last_fit *self, run *run) {
  const vector_problem *problem = self->problem;
  for (self->first = 0; self->first < problem->n_items; self->first += BLOCK) {
    const int64_t left = problem->n_items - self->first, count = left < BLOCK ? left : BLOCK;
    TRY(trained_network_each(&problem->trained, run, count, (threads_items){.work = fill_row}, self));
    TRY(add_block(self, count));
  }
  return TERN_SUCCESS;
}

/* *solved: whether the equations were definite. */
static int32_t solve(last_fit *self, bool *solved) {
  const blas_table *blas;
  const int32_t columns = (int32_t)self->columns, outputs = (int32_t)self->outputs;
  int32_t info = 0;
  double trace = 0;
  for (int64_t k = 0; k < self->columns; k++)
    trace += self->gram[k * (self->columns + 1)];
  for (int64_t k = 0; k < self->columns; k++)
    self->gram[k * (self->columns + 1)] += damping * trace / (double)self->columns;
  TRY(blas_begin(&blas));
  blas->dpotrf("L", &columns, self->gram, &columns, &info, 1);
  *solved = info == 0;
  if (*solved)
    blas->dpotrs("L", &columns, &outputs, self->gram, &columns, self->changes, &columns, &info, 1);
  blas_end();
  return TERN_SUCCESS;
}

static void change(const last_fit *self, double *parameters) {
  const network *network = &self->problem->trained.network;
  const network_scales scales = network_scales_of(&network->shape);
  const int64_t width = vector_last_width(self->problem), sets = network->shape.sets;
  for (int64_t c = 0; c < self->outputs; c++) {
    const double *changes = self->changes + c * self->columns;
    for (int64_t k = 0; k < sets * width; k++)
      parameters[k / width * network->layout.set + network->layout.last + c * width + k % width] +=
          changes[k] / scales.last;
    for (int64_t s = 0; s < self->columns - sets * width; s++)
      parameters[network->layout.constants + s * self->outputs + c] += changes[sets * width + s] / scales.constant;
  }
}

static int32_t fit_last(last_fit *self, run *run, double *parameters) {
  static const char what[] = "the last layer of a network";
  bool solved;
  TRY(MEMORY_NEW(run, &self->sums, BLOCK * self->columns, what));
  TRY(MEMORY_NEW(run, &self->left, BLOCK * self->outputs, what));
  TRY(MEMORY_NEW(run, &self->gram, self->columns * self->columns, what));
  TRY(MEMORY_NEW(run, &self->changes, self->outputs * self->columns, what));
  TRY(gather(self, run));
  TRY(solve(self, &solved));
  if (solved)
    change(self, parameters);
  return TERN_SUCCESS;
}

int32_t vector_problem_fit_last(vector_problem *problem, run *run, double *parameters) {
  const network_shape *shape = &problem->trained.network.shape;
  last_fit self = {.problem = problem, .outputs = problem->vectors->outputs};
  self.columns = shape->sets * vector_last_width(problem) + shape->constants;
  if (problem->n_items < plenty * self.columns)
    return TERN_SUCCESS;
  trained_network_set(&problem->trained, 0, parameters);
  const int32_t status = fit_last(&self, run, parameters);
  memory_free(run, self.sums);
  memory_free(run, self.left);
  memory_free(run, self.gram);
  memory_free(run, self.changes);
  return status;
}
