/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame in which a kernel model is a linear one with a plain penalty. */
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/kernel_model.h"

/* A point whose kernel the others explain up to this part of the largest one is dropped: beyond it only rounding would
   be learned. */
#define LEAST_PIVOT 1e-11

static const double one = 1, zero = 0;

/* matrix [count][count]: kernels of all pairs of points. */
static int32_t compare_points(const kernel_model *model, const kernel_points *points, double *matrix) {
  const blas_table *blas;
  const int32_t count = (int32_t)points->count, dimensions = (int32_t)points->dimensions;
  TRY(blas_begin(&blas));
  blas->dsyrk("L", "T", &count, &dimensions, &one, points->points, &dimensions, &zero, matrix, &count, 1, 1);
  blas_end();
  for (int64_t column = 0; column < points->count; column++) /* the lower triangle only */
    kernel_function_apply(&model->function, points->count - column, matrix + column * points->count + column, NULL);
  return TERN_SUCCESS;
}

/* Pivoted Cholesky factorization; pivots [count], *rank of them count. */
static int32_t factor_pivoted(run *run, int64_t count, double *matrix, int32_t *pivots, int32_t *rank) {
  const blas_table *blas;
  const int32_t n = (int32_t)count;
  double *work = NULL, largest = 0;
  int32_t info = 0;
  for (int64_t k = 0; k < count; k++)
    largest = matrix[k * count + k] > largest ? matrix[k * count + k] : largest;
  const double tolerance = LEAST_PIVOT * largest;
  *rank = 0;
  if (largest == 0)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &work, 2 * count, "the factor of the points' kernels"));
  int32_t status = blas_begin(&blas);
  if (status == TERN_SUCCESS) {
    blas->dpstrf("L", &n, matrix, &n, pivots, rank, &tolerance, work, &info, 1);
    blas_end();
  }
  memory_free(run, work);
  if (status == TERN_SUCCESS && info < 0)
    return error_set(TERN_ERROR_INTERNAL, "dpstrf refused argument %d", -info);
  return status;
}

/* Points in the order of the pivots; only the first `rank` of them stay. */
static int32_t reorder_points(run *run, kernel_points *points, const int32_t *pivots, int32_t rank) {
  const size_t bytes = (size_t)points->dimensions * sizeof(double);
  double *ordered = NULL;
  TRY(MEMORY_NEW(run, &ordered, rank * points->dimensions, "the points of a kernel model"));
  for (int64_t k = 0; k < rank; k++)
    memcpy(ordered + k * points->dimensions, points->points + (pivots[k] - 1) * points->dimensions, bytes);
  memcpy(points->points, ordered, (size_t)rank * bytes);
  memory_free(run, ordered);
  points->count = rank;
  return TERN_SUCCESS;
}

/* The factor of the points that stay, without room between its columns. */
static void compact(int64_t count, int64_t rank, double *matrix) {
  for (int64_t column = 0; column < rank; column++)
    memmove(matrix + column * rank, matrix + column * count, (size_t)rank * sizeof(double));
}

static int32_t factor_species(run *run, kernel_model *model, int32_t species, kernel_factors *factors) {
  kernel_points *points = &model->species[species];
  const int64_t count = points->count;
  int32_t *pivots = NULL, rank = 0;
  TRY(MEMORY_NEW(run, &factors->lower[species], count * count, "kernels of the points"));
  TRY(MEMORY_NEW(run, &pivots, count, "the order of the points"));
  int32_t status = compare_points(model, points, factors->lower[species]);
  if (status == TERN_SUCCESS)
    status = factor_pivoted(run, count, factors->lower[species], pivots, &rank);
  if (status == TERN_SUCCESS)
    status = reorder_points(run, points, pivots, rank);
  if (status == TERN_SUCCESS)
    compact(count, rank, factors->lower[species]);
  memory_free(run, pivots);
  return status;
}

int32_t kernel_factors_new(run *run, kernel_model *model, kernel_factors *factors) {
  *factors = (kernel_factors){.n_species = model->n_species};
  TRY(MEMORY_NEW(run, &factors->lower, model->n_species, "kernels of the points"));
  TRY(MEMORY_NEW(run, &factors->first, model->n_species + 1, "kernels of the points"));
  for (int32_t k = 0; k < model->n_species; k++) {
    TRY(run_report(run, "points' kernels", k, model->n_species, -1));
    if (model->species[k].count > 0)
      TRY(factor_species(run, model, k, factors));
    factors->first[k + 1] = factors->first[k] + model->species[k].count;
  }
  factors->columns = factors->first[model->n_species];
  if (factors->columns == 0)
    return error_set(TERN_ERROR_DATA, "nothing to compare with: no atom of the data set has a neighbour within the"
                                      " cutoff, or all their features are zero");
  return TERN_SUCCESS;
}

void kernel_factors_free(run *run, kernel_factors *factors) {
  for (int32_t k = 0; factors->lower != NULL && k < factors->n_species; k++)
    memory_free(run, factors->lower[k]);
  memory_free(run, factors->lower);
  memory_free(run, factors->first);
}

/* Solves with every species' factor, or its transpose, for `count` vectors. */
static int32_t solve(const kernel_factors *factors, const char *transposed, int64_t count, double *vectors) {
  const blas_table *blas;
  const int32_t n = (int32_t)count, stride = (int32_t)factors->columns;
  TRY(blas_begin(&blas));
  for (int32_t k = 0; k < factors->n_species; k++) {
    const int32_t points = (int32_t)(factors->first[k + 1] - factors->first[k]);
    if (points > 0)
      blas->dtrsm("L", "L", transposed, "N", &points, &n, &one, factors->lower[k], &points, vectors + factors->first[k],
                  &stride, 1, 1, 1, 1);
  }
  blas_end();
  return TERN_SUCCESS;
}

int32_t kernel_factors_whiten(const kernel_factors *factors, int64_t count, double *rows) {
  return solve(factors, "N", count, rows);
}

int32_t kernel_factors_weights(const kernel_factors *factors, double *w, kernel_model *model) {
  TRY(solve(factors, "T", 1, w));
  for (int32_t k = 0; k < factors->n_species; k++)
    if (model->species[k].count > 0)
      memcpy(model->species[k].weights, w + factors->first[k], (size_t)model->species[k].count * sizeof(double));
  return TERN_SUCCESS;
}
