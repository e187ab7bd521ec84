/* SPDX-License-Identifier: BSD-3-Clause */
/* What the linear problem behind a kernel model says of it. In the frame of the points' factor C the problem has the
   plain penalty: the precision of the kernel vectors is C (G + damping) C^T with the Gram matrix G of that frame. */
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/kernel_model.h"

void kernel_settle(void *state, run *run) {
  kernel_model *model = state;
  if (model == NULL || model->fitted == NULL)
    return;
  kernel_factors_free(run, &model->fitted->factors);
  normal_equations_free(run, &model->fitted->sums);
  memory_free(run, model->fitted);
  model->fitted = NULL;
}

/* lower becomes C lower: by rows its transpose is Fortran's, which C^T multiplies from the right, species by species.
 */
static int32_t kernel_unwhiten(const void *state, run *run, double *lower) {
  static const double one = 1, zero = 0;
  const kernel_factors *factors = &((const kernel_model *)state)->fitted->factors;
  const int64_t columns = factors->columns;
  const int32_t n = (int32_t)columns;
  const blas_table *blas;
  double *copy = NULL;
  TRY(MEMORY_NEW(run, &copy, columns * columns, "the precision of the weights"));
  memcpy(copy, lower, (size_t)(columns * columns) * sizeof(double));
  const int32_t status = blas_begin(&blas);
  for (int32_t k = 0; status == TERN_SUCCESS && k < factors->n_species; k++) {
    const int64_t first = factors->first[k];
    const int32_t points = (int32_t)(factors->first[k + 1] - first);
    if (points > 0)
      blas->dgemm("N", "T", &n, &points, &points, &one, copy + first * columns, &n, factors->lower[k], &points, &zero,
                  lower + first * columns, &n, 1, 1);
  }
  if (status == TERN_SUCCESS)
    blas_end();
  memory_free(run, copy);
  return status;
}

static int32_t kernel_whiten(const void *state, int64_t count, double *rows) {
  return kernel_factors_whiten(&((const kernel_model *)state)->fitted->factors, count, rows);
}

/* The lower triangle of the Gram matrix in Fortran's order is the upper one by rows: the factor is turned over. */
static int32_t factor_gram(const kernel_fitted *fitted, double *lower) {
  const int64_t columns = fitted->sums.columns;
  const int32_t n = (int32_t)columns;
  const blas_table *blas;
  int32_t info = 0;
  for (int64_t row = 0; row < columns; row++)
    for (int64_t k = 0; k < columns; k++)
      lower[row * columns + k] = k > row ? 0 : fitted->sums.gram[k * columns + row] + (k == row ? fitted->damping : 0);
  TRY(blas_begin(&blas));
  blas->dpotrf("U", &n, lower, &n, &info, 1);
  blas_end();
  return info == 0 ? TERN_SUCCESS : error_set(TERN_ERROR_NUMERICAL, "the precision of the weights is singular");
}

static int32_t kernel_precision(void *state, run *run, double *lower) {
  const kernel_model *model = state;
  TRY(factor_gram(model->fitted, lower));
  return kernel_unwhiten(model, run, lower);
}

static const targets *kernel_targets(const void *state) { return &((const kernel_model *)state)->fitted->targets; }

static int32_t kernel_rows(const void *state, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                           int64_t index, double **rows) {
  const kernel_model *model = state;
  return kernel_rows_write(run, model, &model->fitted->factors, descriptor, dataset, &model->fitted->targets, index,
                           rows);
}

const model_linear kernel_linear = {.prepare = kernel_prepare,
                                    .set = kernel_set,
                                    .precision = kernel_precision,
                                    .targets = kernel_targets,
                                    .rows = kernel_rows,
                                    .whiten = kernel_whiten,
                                    .unwhiten = kernel_unwhiten,
                                    .settle = kernel_settle};
