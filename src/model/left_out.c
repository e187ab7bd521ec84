/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/left_out.h"

#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/outputs.h"
#include "model/targets.h"

/* Structures at most and at least, between them what costs so much of the fit. */
enum { MOST = 2000, LEAST = 50 };
static const double share_of_fit = 0.1;

typedef struct gathering {
  const left_out *left_out;
  const targets *targets;
  const int64_t *order; /* structures */
  samples *samples;
  bool *valid; /* [samples] */
} gathering;

/* ---- one structure ---- */

/* Weighted targets minus predictions, in the order of the rows. */
static int32_t residuals(const gathering *gathering, run *run, const frame *frame, double *rest) {
  const targets *targets = gathering->targets;
  const int64_t atoms = frame->system->n_atoms;
  const double per_atom = 1 / sqrt((double)atoms);
  double energy, virial[9], *forces = NULL;
  TRY(MEMORY_NEW(run, &forces, 3 * atoms, "predicted forces"));
  const int32_t status =
      model_predict(gathering->left_out->model, run, frame->system, &energy, forces, virial, NULL, NULL);
  *rest++ = targets->energy * per_atom * (frame->energy - energy);
  for (int64_t k = 0; targets->forces > 0 && frame->forces != NULL && k < 3 * atoms; k++)
    *rest++ = targets->forces * (frame->forces[k] - forces[k]);
  for (int64_t k = 0; targets->virial > 0 && frame->has_virial && k < 9; k++)
    *rest++ = targets->virial * per_atom * (frame->virial[k / 3][k % 3] - virial[k]);
  memory_free(run, forces);
  return status;
}

/* Solves (I - H) x = e_0 with H = A P^-1 A^T; rows A [count][size] are spoiled. *definite false: the structure alone
   determines what the fit says of it. */
static int32_t solve(run *run, int64_t count, int64_t size, const double *precision, double *rows, double *x,
                     bool *definite) {
  static const double one = 1, minus = -1;
  const int32_t n = (int32_t)count, columns = (int32_t)size, single = 1;
  const blas_table *blas;
  double *matrix = NULL;
  int32_t info = 0;
  TRY(MEMORY_NEW(run, &matrix, count * count, "leverages of a structure"));
  for (int64_t k = 0; k < count; k++)
    matrix[k * (count + 1)] = 1;
  memset(x, 0, (size_t)count * sizeof(double));
  x[0] = 1;
  int32_t status = blas_begin(&blas);
  if (status == TERN_SUCCESS) {
    blas->dtrsm("L", "U", "T", "N", &columns, &n, &one, precision, &columns, rows, &columns, 1, 1, 1, 1);
    blas->dsyrk("L", "T", &n, &columns, &minus, rows, &columns, &one, matrix, &n, 1, 1);
    blas->dpotrf("L", &n, matrix, &n, &info, 1);
    if (info == 0)
      blas->dpotrs("L", &n, &single, matrix, &n, x, &n, &info, 1);
    blas_end();
  }
  *definite = info == 0 && isfinite(x[0]) && x[0] >= 1;
  memory_free(run, matrix);
  return status;
}

static int32_t project_rows(run *run, const left_out *left_out, int64_t count, const double *rows, double **made) {
  TRY(MEMORY_NEW(run, made, count * left_out->size, "rows of a structure"));
  for (int64_t row = 0; row < count; row++)
    outputs_project(left_out->width, rows + row * left_out->width, left_out->size, *made + row * left_out->size);
  return TERN_SUCCESS;
}

/* With M = (I - H)^-1 the error of the fit without the structure is M times its residual, and the leverage that it
   leaves is M - I. */
static int32_t leave_out(const gathering *gathering, run *run, int64_t sample, int64_t count, double *rows,
                         double *rest, double *x) {
  const left_out *left_out = gathering->left_out;
  const frame *frame = left_out->dataset->frames[gathering->order[sample]];
  const double unit = sqrt((double)frame->system->n_atoms) / gathering->targets->energy;
  double *projected = NULL, error = 0;
  bool definite = true;
  int32_t status = TERN_SUCCESS;
  if (left_out->size < left_out->width)
    status = project_rows(run, left_out, count, rows, &projected);
  if (status == TERN_SUCCESS)
    status = solve(run, count, left_out->width, left_out->precision, rows, x, &definite);
  for (int64_t k = 0; k < count; k++)
    error += x[k] * rest[k];
  if (status == TERN_SUCCESS && definite && projected != NULL)
    status = solve(run, count, left_out->size, left_out->projected, projected, x, &definite);
  memory_free(run, projected);
  gathering->valid[sample] = definite && isfinite(error);
  gathering->samples->errors[sample] = unit * error;
  gathering->samples->squares[sample] = unit * unit * fmax(x[0] - 1, 0);
  gathering->samples->sizes[sample] = unit * unit;
  return status;
}

static int32_t add_sample(const gathering *gathering, run *run, int64_t sample) {
  const left_out *left_out = gathering->left_out;
  const model_part *part = &left_out->model->parts[0];
  const int64_t index = gathering->order[sample];
  const frame *frame = left_out->dataset->frames[index];
  const int64_t count = targets_rows(gathering->targets, frame);
  double *rows = NULL, *rest = NULL, *x = NULL;
  TRY(left_out->linear->rows(part->state, run, part->descriptor, left_out->dataset, index, &rows));
  int32_t status = MEMORY_NEW(run, &rest, count, "residuals of a structure");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &x, count, "residuals of a structure");
  if (status == TERN_SUCCESS)
    status = residuals(gathering, run, frame, rest);
  if (status == TERN_SUCCESS)
    status = leave_out(gathering, run, sample, count, rows, rest, x);
  memory_free(run, rows);
  memory_free(run, rest);
  memory_free(run, x);
  return status;
}

/* ---- all of them ---- */

static int32_t work_on_sample(void *context, run *serial, int64_t sample, void *space) {
  const gathering *gathering = context;
  (void)space;
  return dataset_name_failure(gathering->left_out->dataset, gathering->order[sample],
                              add_sample(gathering, serial, sample));
}

static bool may_count(const targets *targets, const frame *frame) {
  return frame->has_energy && targets->energy > 0 && frame->system->n_atoms > 0;
}

/* Multiplications of the whole fit, about, and of one structure. */
static double work_of_fit(const left_out *left_out, const targets *targets) {
  double rows = 0;
  for (int64_t k = 0; k < left_out->dataset->size; k++)
    rows += (double)targets_rows(targets, left_out->dataset->frames[k]);
  return (2 * rows + 4 * (double)left_out->width) * (double)left_out->width * (double)left_out->width;
}

static double work_of(const left_out *left_out, const targets *targets, const frame *frame) {
  const double rows = (double)targets_rows(targets, frame), width = (double)left_out->width;
  return rows * width * (width + rows) + rows * rows * rows / 3;
}

/* Evenly spread structures whose work is within what may be spent, in order [dataset->size]. */
static int64_t choose(const left_out *left_out, const targets *targets, int64_t *order) {
  const tern_dataset *dataset = left_out->dataset;
  double work = 0;
  int64_t candidates = 0, count = 0, seen = 0;
  for (int64_t k = 0; k < dataset->size; k++)
    if (may_count(targets, dataset->frames[k])) {
      work += work_of(left_out, targets, dataset->frames[k]);
      candidates++;
    }
  const double affordable = share_of_fit * work_of_fit(left_out, targets) / work * (double)candidates;
  const double wanted = fmin((double)candidates, fmin(MOST, fmax(LEAST, affordable)));
  for (int64_t k = 0; k < dataset->size; k++)
    if (may_count(targets, dataset->frames[k]) && (double)++seen * wanted / (double)candidates >= (double)count + 0.999)
      order[count++] = k;
  return count;
}

/* Structures that alone determine what the fit says of them drop out. */
static void compact(samples *samples, const bool *valid) {
  int64_t count = 0;
  for (int64_t k = 0; k < samples->count; k++)
    if (valid[k]) {
      samples->errors[count] = samples->errors[k];
      samples->squares[count] = samples->squares[k];
      samples->sizes[count++] = samples->sizes[k];
    }
  samples->count = count;
}

static int32_t gather(gathering *gathering, int64_t *order) {
  const left_out *left_out = gathering->left_out;
  run *run = left_out->run;
  const int64_t count = choose(left_out, gathering->targets, order);
  const threads_items items = {.stage = "calibration", .work = work_on_sample};
  gathering->order = order;
  TRY(samples_new(gathering->samples, run, count));
  TRY(MEMORY_NEW(run, &gathering->valid, count, "the calibration of the uncertainty"));
  TRY(threads_each(run, count, &items, gathering));
  compact(gathering->samples, gathering->valid);
  return TERN_SUCCESS;
}

int32_t left_out_gather(const left_out *left_out, samples *samples) {
  gathering gathering = {.left_out = left_out,
                         .targets = left_out->linear->targets(left_out->model->parts[0].state),
                         .samples = samples};
  int64_t *order = NULL;
  TRY(MEMORY_NEW(left_out->run, &order, left_out->dataset->size, "the calibration of the uncertainty"));
  const int32_t status = gather(&gathering, order);
  memory_free(left_out->run, order);
  memory_free(left_out->run, gathering.valid);
  return status;
}
