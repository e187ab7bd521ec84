/* SPDX-License-Identifier: BSD-3-Clause */
/* Normal equations by Cholesky, and the search for their regularization. */
#include "model/normal_equations.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/least_squares.h"

/* Powers of ten that are searched: first all of them, then twice between the neighbours of the best. */
enum { LOWEST = -13, HIGHEST = 1, REFINEMENTS = 2 };

int32_t normal_equations_new(run *run, int64_t columns, normal_equations *sums) {
  *sums = (normal_equations){.columns = columns};
  TRY(MEMORY_NEW(run, &sums->gram, columns * columns, "the normal equations of a linear fit"));
  return MEMORY_NEW(run, &sums->moment, columns, "the normal equations of a linear fit");
}

void normal_equations_free(run *run, normal_equations *sums) {
  memory_free(run, sums->gram);
  memory_free(run, sums->moment);
  *sums = (normal_equations){0};
}

int32_t normal_equations_add(normal_equations *sums, int64_t count, const double *rows, const double *aims) {
  static const double one = 1;
  static const int32_t stride = 1;
  const blas_table *blas;
  const int32_t columns = (int32_t)sums->columns, n = (int32_t)count;
  TRY(blas_begin(&blas));
  blas->dsyrk("L", "N", &columns, &n, &one, rows, &columns, &one, sums->gram, &columns, 1, 1);
  blas->dgemv("N", &columns, &n, &one, rows, &columns, aims, &stride, &one, sums->moment, &stride, 1);
  blas_end();
  for (int64_t row = 0; row < count; row++)
    sums->square += aims[row] * aims[row];
  sums->rows += count;
  return TERN_SUCCESS;
}

/* ---- the regularization ---- */

typedef struct solver {
  run *run;
  const normal_equations *sums, *held_out; /* held_out NULL: generalized cross-validation */
  double scale;                       /* trace(A^T A) / columns */
  double *factor;                     /* [columns][columns]: of gram + damping */
  double *w, *trial;                  /* [columns] */
  int64_t tried;
} solver;

static double norm_of_square(int64_t count, const double *x) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += x[k] * x[k];
  return sum;
}

static double dot(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Solves into w with the factor that is left; *definite false: rounding made the matrix indefinite. */
static int32_t solve(solver *solver, double damping, bool *definite) {
  const blas_table *blas;
  const int64_t columns = solver->sums->columns;
  const int32_t n = (int32_t)columns, one = 1;
  int32_t info = 0;
  memcpy(solver->factor, solver->sums->gram, (size_t)(columns * columns) * sizeof(double));
  memcpy(solver->w, solver->sums->moment, (size_t)columns * sizeof(double));
  for (int64_t k = 0; k < columns; k++)
    solver->factor[k * (columns + 1)] += damping;
  TRY(blas_begin(&blas));
  blas->dpotrf("L", &n, solver->factor, &n, &info, 1);
  *definite = info == 0;
  if (*definite)
    blas->dpotrs("L", &n, &one, solver->factor, &n, solver->w, &n, &info, 1);
  blas_end();
  return TERN_SUCCESS;
}

/* |A_h w - b_h|^2 per row of the structures held out. */
static int32_t held_out_error(const solver *solver, double *error) {
  static const double one = 1, zero = 0;
  const normal_equations *held_out = solver->held_out;
  const blas_table *blas;
  const int32_t n = (int32_t)held_out->columns, single = 1;
  double *product = NULL;
  TRY(MEMORY_NEW(solver->run, &product, held_out->columns, "residuals of a linear fit"));
  int32_t status = blas_begin(&blas);
  if (status == TERN_SUCCESS) {
    blas->dsymm("L", "L", &n, &single, &one, held_out->gram, &n, solver->w, &n, &zero, product, &n, 1, 1);
    blas_end();
    const double residual = held_out->square - 2 * dot(n, held_out->moment, solver->w) + dot(n, product, solver->w);
    *error = residual / (double)held_out->rows;
  }
  memory_free(solver->run, product);
  return status;
}

/* Generalized cross-validation as of a spectrum: rows |A w - b|^2 / (rows - 1.4 trace of the influence)^2. */
static int32_t cross_validation_error(solver *solver, double damping, double *error) {
  const normal_equations *sums = solver->sums;
  const blas_table *blas;
  const int32_t n = (int32_t)sums->columns;
  int32_t info = 0;
  double inverse = 0; /* trace of (A^T A + damping)^-1, the squared norm of the inverse factor */
  TRY(blas_begin(&blas));
  blas->dtrtri("L", "N", &n, solver->factor, &n, &info, 1, 1);
  blas_end();
  for (int64_t column = 0; column < sums->columns; column++)
    inverse += norm_of_square(sums->columns - column, solver->factor + column * (sums->columns + 1));
  const double residual =
      sums->square - dot(sums->columns, sums->moment, solver->w) - damping * norm_of_square(sums->columns, solver->w);
  const double unknowns = (double)sums->columns - damping * inverse;
  const double freedom = (double)sums->rows - SPECTRUM_GCV_UNKNOWN * unknowns;
  *error = freedom > 1e-9 * (double)sums->rows ? (double)sums->rows * residual / (freedom * freedom) : INFINITY;
  return TERN_SUCCESS;
}

/* What rounding leaves of the residual is no measure of it. */
static int32_t score(solver *solver, double exponent, double *error) {
  const double damping = pow(10, exponent) * solver->scale;
  bool definite;
  TRY(run_report(solver->run, "regularization", solver->tried, solver->tried + 2, -1));
  solver->tried++;
  TRY(solve(solver, damping, &definite));
  *error = INFINITY;
  if (!definite)
    return TERN_SUCCESS;
  TRY(solver->held_out != NULL ? held_out_error(solver, error) : cross_validation_error(solver, damping, error));
  const normal_equations *from = solver->held_out != NULL ? solver->held_out : solver->sums;
  if (*error < 64 * DBL_EPSILON * from->square / (double)from->rows)
    *error = 64 * DBL_EPSILON * from->square / (double)from->rows;
  return TERN_SUCCESS;
}

/* All powers are tried: between fitting nothing and fitting enough the error can rise. */
static int32_t search(solver *solver, double *exponent, double *least) {
  double spacing = 1;
  *least = INFINITY;
  for (int tried = HIGHEST; tried >= LOWEST; tried--) {
    double error;
    TRY(score(solver, tried, &error));
    if (error < *least) {
      *least = error;
      *exponent = tried;
    }
  }
  for (int level = 0; level < REFINEMENTS; level++) {
    const double middle = *exponent;
    spacing /= 2;
    for (int side = 1; side >= -1; side -= 2) {
      double error;
      TRY(score(solver, middle + side * spacing, &error));
      if (error < *least) {
        *least = error;
        *exponent = middle + side * spacing;
      }
    }
  }
  return isfinite(*least)
             ? TERN_SUCCESS
             : error_set(TERN_ERROR_NUMERICAL, "no regularization gives a linear fit that can be solved");
}

static int32_t choose_regularization(solver *solver, const tern_options *options, double *regularization,
                                     text *report) {
  const char *word;
  double exponent = 0, least;
  TRY(options_text(options, "regularization", &word));
  if (strcmp(word, "auto") != 0) {
    TRY(options_real(options, "regularization", regularization));
    text_add(report, ", \"regularization\": {\"value\": %.17g, \"method\": \"given\"}", *regularization);
    return TERN_SUCCESS;
  }
  TRY(search(solver, &exponent, &least));
  *regularization = pow(10, exponent);
  text_add(report, ", \"regularization\": {\"value\": %.17g, \"method\": \"%s\", \"score\": %.10g}", *regularization,
           solver->held_out != NULL ? "held-out structures" : "generalized cross-validation", least);
  return TERN_SUCCESS;
}

/* Both are fitted in the end. */
static void merge(normal_equations *sums, const normal_equations *others) {
  for (int64_t k = 0; k < sums->columns * sums->columns; k++)
    sums->gram[k] += others->gram[k];
  for (int64_t k = 0; k < sums->columns; k++)
    sums->moment[k] += others->moment[k];
  sums->square += others->square;
  sums->rows += others->rows;
}

static double trace(const normal_equations *sums) {
  double sum = 0;
  for (int64_t k = 0; k < sums->columns; k++)
    sum += sums->gram[k * (sums->columns + 1)];
  return sum;
}

/* Largest sum of magnitudes of a column of the damped matrix. */
static int32_t norm_of_matrix(const solver *solver, double damping, double *norm) {
  const int64_t columns = solver->sums->columns;
  double *sums = NULL;
  TRY(MEMORY_NEW(solver->run, &sums, columns, "the condition of a linear fit"));
  for (int64_t column = 0; column < columns; column++)
    for (int64_t row = column; row < columns; row++) {
      const double value = fabs(solver->sums->gram[column * columns + row] + (row == column ? damping : 0));
      sums[column] += value;
      if (row != column)
        sums[row] += value;
    }
  *norm = 0;
  for (int64_t k = 0; k < columns; k++)
    *norm = fmax(*norm, sums[k]);
  memory_free(solver->run, sums);
  return TERN_SUCCESS;
}

/* The reciprocal condition from the factor that is left. */
static int32_t estimate_condition(const solver *solver, double damping, double *reciprocal) {
  const blas_table *blas;
  const int32_t n = (int32_t)solver->sums->columns;
  double norm, *work = NULL;
  int32_t *integers = NULL, info = 0;
  TRY(norm_of_matrix(solver, damping, &norm));
  TRY(MEMORY_NEW(solver->run, &work, 3 * (int64_t)n, "the condition of a linear fit"));
  int32_t status = MEMORY_NEW(solver->run, &integers, n, "the condition of a linear fit");
  if (status == TERN_SUCCESS)
    status = blas_begin(&blas);
  if (status == TERN_SUCCESS) {
    blas->dpocon("L", &n, solver->factor, &n, &norm, reciprocal, work, integers, &info, 1);
    blas_end();
  }
  memory_free(solver->run, work);
  memory_free(solver->run, integers);
  return status;
}

static int32_t solve_definite(solver *solver, double regularization) {
  bool definite;
  TRY(solve(solver, regularization * solver->scale, &definite));
  if (!definite)
    return error_set(TERN_ERROR_NUMERICAL,
                     "with the regularization %g the linear fit is singular to rounding; a larger one would do",
                     regularization);
  for (int64_t k = 0; k < solver->sums->columns; k++)
    if (!isfinite(solver->w[k]))
      return error_set(TERN_ERROR_NUMERICAL, "the linear fit gave a weight that is not finite; targets are too large");
  return TERN_SUCCESS;
}

static int32_t solve_finally(solver *solver, double regularization, text *report) {
  double reciprocal = 0;
  TRY(solve_definite(solver, regularization));
  TRY(estimate_condition(solver, regularization * solver->scale, &reciprocal));
  text_add(report, ", \"regularized_condition\": ");
  if (reciprocal > 0)
    text_add(report, "%.4g", sqrt(1 / reciprocal));
  else
    text_add(report, "null");
  return TERN_SUCCESS;
}

static int32_t solve_all(solver *solver, const tern_options *options, normal_equations *held_out, double *damping,
                         text *report) {
  double regularization;
  TRY(choose_regularization(solver, options, &regularization, report));
  *damping = regularization * solver->scale;
  if (held_out != NULL) {
    TRY(solve_definite(solver, regularization));
    memcpy(solver->trial, solver->w, (size_t)held_out->columns * sizeof(double));
    merge(held_out, solver->sums);
    solver->sums = held_out;
    solver->scale = trace(held_out) / (double)held_out->columns;
  }
  TRY(solve_finally(solver, regularization, report));
  return run_report(solver->run, "regularization", solver->tried, solver->tried, -1);
}

int32_t normal_equations_solve(run *run, const tern_options *options, normal_equations *sums,
                               normal_equations *held_out, double *w, double *trial, double *damping, text *report) {
  solver solver = {.run = run, .sums = sums, .held_out = held_out, .w = w, .trial = trial};
  solver.scale = trace(sums) / (double)sums->columns;
  TRY(MEMORY_NEW(run, &solver.factor, sums->columns * sums->columns, "the factor of a linear fit"));
  const int32_t status = solve_all(&solver, options, held_out, damping, report);
  memory_free(run, solver.factor);
  return status;
}
