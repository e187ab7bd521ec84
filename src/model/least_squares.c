/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/least_squares.h"

#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"

/* LAPACK counts in 32 bits, its work arrays included: their size grows with the columns' square. */
enum { MOST_COLUMNS = 20000, TILE = 32 };

double least_squares_bytes(int64_t columns, int64_t block) {
  const double width = (double)columns + 1;
  return 8.0 * width * (width + (double)block + 1) + 8.0 * 64 * width;
}

static int32_t least_squares_work(run *run, least_squares *problem) {
  const blas_table *blas;
  TRY(blas_begin(&blas));
  const int32_t rows = (int32_t)problem->capacity, columns = (int32_t)problem->columns + 1, query = -1;
  double wanted = 0;
  int32_t info = 0;
  blas->dgeqrf(&rows, &columns, problem->matrix, &rows, problem->tau, &wanted, &query, &info);
  blas_end();
  problem->work_size = info == 0 && wanted > columns ? (int32_t)wanted : columns;
  return MEMORY_NEW(run, &problem->work, problem->work_size, "the work array of the factorization");
}

int32_t least_squares_new(run *run, int64_t columns, int64_t block, least_squares *problem) {
  *problem = (least_squares){.columns = columns, .capacity = columns + 1 + block};
  if (columns < 1 || columns > MOST_COLUMNS || block < 1 || problem->capacity > INT32_MAX)
    return error_set(TERN_ERROR_MEMORY,
                     "a linear fit of %lld columns: between 1 and %d are possible; fewer features"
                     " (n_max, l_max, nu_max, components) or species would do",
                     (long long)columns, MOST_COLUMNS);
  int32_t status = MEMORY_NEW(run, &problem->matrix, (columns + 1) * problem->capacity, "the factor of a linear fit");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &problem->tau, columns + 1, "the factor of a linear fit");
  if (status == TERN_SUCCESS)
    status = least_squares_work(run, problem);
  if (status != TERN_SUCCESS)
    least_squares_free(run, problem);
  return status;
}

void least_squares_free(run *run, least_squares *problem) {
  memory_free(run, problem->matrix);
  memory_free(run, problem->tau);
  memory_free(run, problem->work);
  *problem = (least_squares){0};
}

int32_t least_squares_factor(least_squares *problem) {
  const int64_t width = problem->columns + 1;
  if (problem->held <= problem->columns)
    return TERN_SUCCESS;
  const blas_table *blas;
  TRY(blas_begin(&blas));
  const int32_t rows = (int32_t)problem->held, columns = (int32_t)width, stride = (int32_t)problem->capacity;
  int32_t info = 0;
  blas->dgeqrf(&rows, &columns, problem->matrix, &stride, problem->tau, problem->work, &problem->work_size, &info);
  blas_end();
  if (info != 0)
    return error_set(TERN_ERROR_INTERNAL, "dgeqrf refused argument %d", -info);
  for (int64_t column = 0; column < width; column++)
    memset(problem->matrix + column * problem->capacity + column + 1, 0,
           (size_t)(width - column - 1) * sizeof(double));
  problem->held = width;
  return TERN_SUCCESS;
}

/* Rows become columns, tile by tile so that both sides stay in the cache. */
static void least_squares_transpose(least_squares *problem, int64_t count, const double *rows) {
  const int64_t width = problem->columns + 1, stride = problem->capacity;
  for (int64_t first = 0; first < count; first += TILE)
    for (int64_t left = 0; left < width; left += TILE) {
      const int64_t last = first + TILE < count ? first + TILE : count,
                    right = left + TILE < width ? left + TILE : width;
      for (int64_t column = left; column < right; column++) {
        double *target = problem->matrix + column * stride + problem->held;
        for (int64_t row = first; row < last; row++)
          target[row] = rows[row * width + column];
      }
    }
}

int32_t least_squares_add(least_squares *problem, int64_t count, const double *rows) {
  while (count > 0) {
    if (problem->held == problem->capacity)
      TRY(least_squares_factor(problem));
    const int64_t room = problem->capacity - problem->held, part = count < room ? count : room;
    least_squares_transpose(problem, part, rows);
    problem->held += part;
    problem->rows += part;
    rows += part * (problem->columns + 1);
    count -= part;
  }
  return TERN_SUCCESS;
}

int32_t least_squares_merge(least_squares *problem, const least_squares *other) {
  const int64_t width = problem->columns + 1;
  int64_t taken = 0;
  while (taken < other->held) {
    if (problem->held == problem->capacity)
      TRY(least_squares_factor(problem));
    const int64_t room = problem->capacity - problem->held, left = other->held - taken,
                  part = left < room ? left : room;
    for (int64_t column = 0; column < width; column++)
      memcpy(problem->matrix + column * problem->capacity + problem->held,
             other->matrix + column * other->capacity + taken, (size_t)part * sizeof(double));
    problem->held += part;
    taken += part;
  }
  problem->rows += other->rows;
  return TERN_SUCCESS;
}

int32_t least_squares_residual(least_squares *problem, const double *x, double *residual) {
  TRY(least_squares_factor(problem));
  const int64_t stride = problem->capacity;
  double *difference = problem->work, sum = 0; /* at least columns + 1 numbers */
  for (int64_t row = 0; row < problem->held; row++)
    difference[row] = -problem->matrix[problem->columns * stride + row];
  for (int64_t column = 0; column < problem->columns; column++)
    for (int64_t row = 0; row < problem->held; row++)
      difference[row] += problem->matrix[column * stride + row] * x[column];
  for (int64_t row = 0; row < problem->held; row++)
    sum += difference[row] * difference[row];
  *residual = sum;
  return TERN_SUCCESS;
}

/* One call of dgesdd; with size -1 it only puts the size that it needs in work[0]. */
static int32_t svd_call(int64_t height, double *factor, double *left, spectrum *spectrum, double *work, int32_t size,
                        int32_t *integers) {
  const blas_table *blas;
  const int32_t rows = (int32_t)height, columns = (int32_t)spectrum->columns, count = (int32_t)spectrum->count;
  int32_t info = 0;
  TRY(blas_begin(&blas));
  blas->dgesdd("S", &rows, &columns, factor, &rows, spectrum->singular, left, &rows, spectrum->right, &count, work,
               &size, integers, &info, 1);
  blas_end();
  if (info != 0)
    return error_set(TERN_ERROR_NUMERICAL, "the singular value decomposition of the linear fit failed (dgesdd: %d)",
                     info);
  return TERN_SUCCESS;
}

static int32_t spectrum_svd(run *run, const least_squares *problem, int64_t height, double *factor, double *left,
                            spectrum *spectrum) {
  double wanted = 0, *work = NULL;
  int32_t *integers = NULL;
  for (int64_t column = 0; column < problem->columns; column++)
    memcpy(factor + column * height, problem->matrix + column * problem->capacity, (size_t)height * sizeof(double));
  TRY(MEMORY_NEW(run, &integers, 8 * spectrum->count, "the singular values of a linear fit"));
  int32_t status = svd_call(height, factor, left, spectrum, &wanted, -1, integers);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &work, (int64_t)wanted, "the singular values of a linear fit");
  if (status == TERN_SUCCESS)
    status = svd_call(height, factor, left, spectrum, work, (int32_t)wanted, integers);
  memory_free(run, work);
  memory_free(run, integers);
  return status;
}

/* U^T b, and what of b no solution reaches: the corner of the factor of [A b]. */
static void spectrum_rotate(const least_squares *problem, int64_t height, const double *left, spectrum *spectrum) {
  const double *target = problem->matrix + problem->columns * problem->capacity;
  for (int64_t k = 0; k < spectrum->count; k++) {
    double sum = 0;
    for (int64_t row = 0; row < height; row++)
      sum += left[k * height + row] * target[row];
    spectrum->rotated[k] = sum;
  }
  spectrum->beyond = problem->held > problem->columns ? target[problem->columns] * target[problem->columns] : 0;
}

int32_t least_squares_decompose(run *run, least_squares *problem, spectrum *spectrum) {
  TRY(least_squares_factor(problem));
  const int64_t columns = problem->columns, height = problem->held < columns ? problem->held : columns;
  double *factor = NULL, *left = NULL;
  *spectrum = (struct spectrum){.rows = problem->rows, .columns = columns, .count = height};
  int32_t status = MEMORY_NEW(run, &spectrum->singular, height, "the singular values of a linear fit");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &spectrum->rotated, height, "the singular values of a linear fit");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &spectrum->right, height * columns, "the singular vectors of a linear fit");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &factor, height * columns, "the factor of a linear fit");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &left, height * height, "the singular vectors of a linear fit");
  if (status == TERN_SUCCESS && height > 0)
    status = spectrum_svd(run, problem, height, factor, left, spectrum);
  if (status == TERN_SUCCESS)
    spectrum_rotate(problem, height, left, spectrum);
  memory_free(run, left);
  memory_free(run, factor);
  if (status != TERN_SUCCESS)
    spectrum_free(run, spectrum);
  return status;
}
