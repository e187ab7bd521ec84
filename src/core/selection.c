/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/selection.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"

static int32_t selection_check(const char *stage, int64_t rows, int64_t columns, int64_t count) {
  if (count < 0 || count > rows)
    return error_set(TERN_ERROR_ARGUMENT, "%s: %" PRId64 " cannot be selected; valid are 0 to %" PRId64, stage, count,
                     rows);
  if (rows > INT32_MAX || columns > INT32_MAX)
    return error_set(TERN_ERROR_ARGUMENT, "%s: a matrix of %" PRId64 " rows and %" PRId64 " columns is too large",
                     stage, rows, columns);
  return TERN_SUCCESS;
}

/* The free row of the largest score, and takes it. */
static int64_t selection_take(int64_t rows, const double *scores, bool *taken) {
  int64_t best = -1;
  for (int64_t row = 0; row < rows; row++)
    if (!taken[row] && (best < 0 || scores[row] > scores[best]))
      best = row;
  taken[best] = true;
  return best;
}

/* ---- farthest point sampling ---- */

static double selection_distance(int64_t columns, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < columns; k++)
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

static void selection_mean(int64_t rows, int64_t columns, const double *matrix, double *mean) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < columns; k++)
      mean[k] += matrix[row * columns + k] / (double)rows;
}

/* distances[row] is the squared one to the nearest of those chosen. */
static int32_t selection_farthest_loop(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix,
                                       int64_t count, double *distances, bool *taken, int64_t *chosen) {
  for (int64_t k = 0; k < count; k++) {
    chosen[k] = selection_take(rows, distances, taken);
    const double *newest = matrix + chosen[k] * columns;
    for (int64_t row = 0; row < rows; row++) {
      const double distance = selection_distance(columns, matrix + row * columns, newest);
      if (k == 0 || distance < distances[row])
        distances[row] = distance;
    }
    TRY(run_report(run, stage, k + 1, count, -1));
  }
  return TERN_SUCCESS;
}

int32_t selection_farthest_point(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix,
                                 int64_t count, int64_t *chosen) {
  double *space = NULL;
  bool *taken = NULL;
  TRY(selection_check(stage, rows, columns, count));
  TRY(MEMORY_NEW(run, &space, rows + columns, "distances of a selection"));
  int32_t status = MEMORY_NEW(run, &taken, rows, "rows of a selection");
  if (status == TERN_SUCCESS) {
    double *distances = space, *mean = space + rows;
    selection_mean(rows, columns, matrix, mean);
    for (int64_t row = 0; row < rows; row++)
      distances[row] = selection_distance(columns, matrix + row * columns, mean);
    status = selection_farthest_loop(run, stage, rows, columns, matrix, count, distances, taken, chosen);
  }
  memory_free(run, space);
  memory_free(run, taken);
  return status;
}

/* ---- CUR ---- */

typedef struct selection_work {
  int32_t rows, columns;
  double *matrix; /* [rows][columns]: what is left of the rows */
  double *left;   /* [rows]: leading left singular vector */
  double *before; /* [rows] */
  double *right;  /* [columns] */
  double *scores; /* [rows] */
  bool *taken;
} selection_work;

static const double selection_one = 1, selection_zero = 0;
static const int32_t selection_step = 1;

static double selection_normalize(int64_t count, double *vector) {
  double square = 0;
  for (int64_t k = 0; k < count; k++)
    square += vector[k] * vector[k];
  const double length = sqrt(square);
  for (int64_t k = 0; k < count && length > 0; k++)
    vector[k] /= length;
  return length;
}

/* right = X^T left, left = X right; both normalized. False when nothing is left of X. */
static bool selection_iterate(const blas_table *blas, selection_work *w) {
  blas->dgemv("N", &w->columns, &w->rows, &selection_one, w->matrix, &w->columns, w->left, &selection_step,
              &selection_zero, w->right, &selection_step, 1);
  if (selection_normalize(w->columns, w->right) == 0)
    return false;
  blas->dgemv("T", &w->columns, &w->rows, &selection_one, w->matrix, &w->columns, w->right, &selection_step,
              &selection_zero, w->left, &selection_step, 1);
  return selection_normalize(w->rows, w->left) > 0;
}

/* Power iteration from the rows' lengths, which no vector that matters is orthogonal to by accident for long; it ends
   when the vector stays. */
static void selection_leading(const blas_table *blas, selection_work *w) {
  enum { most_iterations = 300 };
  for (int32_t row = 0; row < w->rows; row++) {
    double square = 0;
    for (int64_t k = 0; k < w->columns; k++)
      square += w->matrix[(int64_t)row * w->columns + k] * w->matrix[(int64_t)row * w->columns + k];
    w->left[row] = w->taken[row] ? 0 : sqrt(square) * (1 + 1e-3 * (row % 7));
  }
  selection_normalize(w->rows, w->left);
  for (int iteration = 0; iteration < most_iterations; iteration++) {
    double change = 0;
    memcpy(w->before, w->left, (size_t)w->rows * sizeof *w->left);
    if (!selection_iterate(blas, w))
      break;
    for (int32_t row = 0; row < w->rows; row++)
      change += (w->left[row] - w->before[row]) * (w->left[row] - w->before[row]);
    if (change < 1e-20)
      break;
  }
  for (int32_t row = 0; row < w->rows; row++)
    w->scores[row] = w->left[row] * w->left[row];
}

/* Takes a row's direction out of all rows. */
static void selection_project(const blas_table *blas, selection_work *w, int64_t row) {
  memcpy(w->right, w->matrix + row * w->columns, (size_t)w->columns * sizeof *w->right);
  if (selection_normalize(w->columns, w->right) == 0)
    return;
  blas->dgemv("T", &w->columns, &w->rows, &selection_one, w->matrix, &w->columns, w->right, &selection_step,
              &selection_zero, w->left, &selection_step, 1);
  for (int64_t r = 0; r < w->rows; r++)
    for (int64_t k = 0; k < w->columns; k++)
      w->matrix[r * w->columns + k] -= w->left[r] * w->right[k];
}

static int32_t selection_cur_loop(run *run, const char *stage, selection_work *w, int64_t count, int64_t *chosen) {
  for (int64_t k = 0; k < count; k++) {
    const blas_table *blas;
    TRY(blas_begin(&blas));
    selection_leading(blas, w);
    chosen[k] = selection_take(w->rows, w->scores, w->taken);
    selection_project(blas, w, chosen[k]);
    blas_end();
    TRY(run_report(run, stage, k + 1, count, -1));
  }
  return TERN_SUCCESS;
}

int32_t selection_cur(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix, int64_t count,
                      int64_t *chosen) {
  selection_work w = {.rows = (int32_t)rows, .columns = (int32_t)columns};
  TRY(selection_check(stage, rows, columns, count));
  TRY(MEMORY_NEW(run, &w.matrix, rows * columns + 3 * rows + columns, "copy of a matrix to select from"));
  int32_t status = MEMORY_NEW(run, &w.taken, rows, "rows of a selection");
  if (status == TERN_SUCCESS) {
    memcpy(w.matrix, matrix, (size_t)(rows * columns) * sizeof *matrix);
    w.left = w.matrix + rows * columns;
    w.before = w.left + rows;
    w.scores = w.before + rows;
    w.right = w.scores + rows;
    status = selection_cur_loop(run, stage, &w, count, chosen);
  }
  memory_free(run, w.matrix);
  memory_free(run, w.taken);
  return status;
}
