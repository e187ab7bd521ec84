/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/principal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"

static const double principal_one = 1, principal_zero = 0;

int32_t principal_new(run *run, int64_t size, int64_t samples, const char *what, principal *sums) {
  if (size > INT32_MAX / 2 || samples > INT32_MAX / 2)
    return error_set(TERN_ERROR_MEMORY, "%s: %" PRId64 " columns and %" PRId64 " samples are too many", what, size,
                     samples);
  *sums = (principal){.size = size, .samples = samples, .keeps_moments = samples >= size};
  return memory_new(run, (void **)&sums->matrix, sums->keeps_moments ? size : samples, size * (int64_t)sizeof(double),
                    what);
}

void principal_free(run *run, principal *sums) {
  memory_free(run, sums->matrix);
  sums->matrix = NULL;
}

int32_t principal_add(principal *sums, int64_t count, const double *rows) {
  const blas_table *blas;
  const int32_t size = (int32_t)sums->size, n = (int32_t)count;
  if (count == 0)
    return TERN_SUCCESS;
  if (sums->keeps_moments) {
    TRY(blas_begin(&blas));
    blas->dsyrk("U", "N", &size, &n, &principal_one, rows, &size, &principal_one, sums->matrix, &size, 1, 1);
    blas_end();
  } else
    memcpy(sums->matrix + sums->added * sums->size, rows, (size_t)(count * sums->size) * sizeof *rows);
  sums->added += count;
  return TERN_SUCCESS;
}

/* ---- eigenvectors of a symmetric matrix, its upper triangle in Fortran's order ---- */

typedef struct eigenproblem {
  run *run;
  const blas_table *blas;
  int32_t size, wanted;
  double *matrix;  /* [size][size], spoiled; NULL: X^T X of the samples, which is never made */
  double *values;  /* [size]: the first `wanted` are the largest, falling */
  double *vectors; /* [wanted][size] */
  const principal *samples;
} eigenproblem;

/* All that is wanted at once, by LAPACK. */
static int32_t eigen_direct(eigenproblem *problem) {
  const int32_t n = problem->size, first = n - problem->wanted + 1;
  int32_t found = 0, info = 0, integer_query = 0, ask = -1;
  double query = 0, *work = NULL, *rising = NULL;
  int32_t *integers = NULL;
  const double none = 0;
  problem->blas->dsyevr("V", "I", "U", &n, problem->matrix, &n, &none, &none, &first, &n, &none, &found,
                        problem->values, problem->vectors, &n, &integer_query, &query, &ask, &integer_query, &ask,
                        &info, 1, 1, 1);
  const int32_t work_size = (int32_t)query, integer_size = integer_query;
  TRY(MEMORY_NEW(problem->run, &work, work_size, "eigenvectors of second moments"));
  int32_t status = MEMORY_NEW(problem->run, &integers, integer_size + 2 * (int64_t)n, "eigenvectors of second moments");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(problem->run, &rising, (int64_t)n * problem->wanted, "eigenvectors of second moments");
  if (status == TERN_SUCCESS) {
    problem->blas->dsyevr("V", "I", "U", &n, problem->matrix, &n, &none, &none, &first, &n, &none, &found,
                          problem->values, rising, &n, integers + integer_size, work, &work_size, integers,
                          &integer_size, &info, 1, 1, 1);
    if (info != 0 || found != problem->wanted)
      status = error_set(TERN_ERROR_INTERNAL, "eigenvectors of second moments: LAPACK's dsyevr says %d", (int)info);
  }
  for (int32_t k = 0; k < found / 2 && status == TERN_SUCCESS; k++) {
    const double value = problem->values[k];
    problem->values[k] = problem->values[found - 1 - k];
    problem->values[found - 1 - k] = value;
  }
  for (int32_t k = 0; k < found && status == TERN_SUCCESS; k++)
    memcpy(problem->vectors + (int64_t)k * n, rising + (int64_t)(found - 1 - k) * n, (size_t)n * sizeof(double));
  memory_free(problem->run, work);
  memory_free(problem->run, integers);
  memory_free(problem->run, rising);
  return status;
}

/* Orthonormal columns that span the same space. */
static int32_t orthonormalize(run *run, const blas_table *blas, int32_t size, int32_t count, double *vectors) {
  double *tau = NULL, query = 0;
  int32_t info = 0, ask = -1;
  blas->dgeqrf(&size, &count, vectors, &size, &query, &query, &ask, &info);
  double longest = query;
  blas->dorgqr(&size, &count, &count, vectors, &size, &query, &query, &ask, &info);
  longest = fmax(longest, query);
  const int32_t work_size = (int32_t)longest;
  TRY(MEMORY_NEW(run, &tau, count + work_size, "orthonormal vectors"));
  blas->dgeqrf(&size, &count, vectors, &size, tau, tau + count, &work_size, &info);
  if (info == 0)
    blas->dorgqr(&size, &count, &count, vectors, &size, tau, tau + count, &work_size, &info);
  memory_free(run, tau);
  return info == 0 ? TERN_SUCCESS : error_set(TERN_ERROR_INTERNAL, "orthonormal vectors: LAPACK says %d", (int)info);
}

/* The leading ones by subspace iteration with Rayleigh-Ritz steps (Y. Saad, Numerical Methods for Large Eigenvalue
   Problems, chapter 5), in a space somewhat larger than wanted: each step costs size^2 times the space. */
typedef struct subspace {
  int32_t size, space, wanted;
  double *basis;  /* [space][size] */
  double *image;  /* [space][size]: matrix times basis */
  double *small;  /* [space][space] */
  double *turn;   /* [space][space]: eigenvectors of small */
  double *values; /* [space] */
} subspace;

/* basis and image turned to the eigenvectors within the space. */
static int32_t subspace_turn(eigenproblem *problem, subspace *s) {
  const blas_table *blas = problem->blas;
  const int64_t bytes = (int64_t)s->space * s->size * (int64_t)sizeof(double);
  double *turned = NULL;
  blas->dgemm("T", "N", &s->space, &s->space, &s->size, &principal_one, s->basis, &s->size, s->image, &s->size,
              &principal_zero, s->small, &s->space, 1, 1);
  eigenproblem inner = {problem->run, blas, s->space, s->space, s->small, s->values, s->turn, NULL};
  TRY(eigen_direct(&inner));
  TRY(memory_new(problem->run, (void **)&turned, 1, bytes, "eigenvectors of second moments"));
  for (int which = 0; which < 2; which++) {
    double *vectors = which ? s->image : s->basis;
    blas->dgemm("N", "N", &s->size, &s->space, &s->space, &principal_one, vectors, &s->size, s->turn, &s->space,
                &principal_zero, turned, &s->size, 1, 1);
    memcpy(vectors, turned, (size_t)bytes);
  }
  memory_free(problem->run, turned);
  return TERN_SUCCESS;
}

/* Residuals of the wanted vectors, relative to their values, or as small as what is dropped anyway. The error of a
   value is of second order in the residual, and any vector that mixes with its neighbours keeps as much of the samples.
 */
static bool subspace_converged(const subspace *s) {
  for (int32_t k = 0; k < s->wanted; k++) {
    const double *vector = s->basis + (int64_t)k * s->size, *image = s->image + (int64_t)k * s->size;
    double square = 0;
    for (int32_t i = 0; i < s->size; i++) {
      const double residual = image[i] - s->values[k] * vector[i];
      square += residual * residual;
    }
    if (sqrt(square) > fmax(1e-4 * s->values[k], PRINCIPAL_LEAST * s->values[0]))
      return false;
  }
  return true;
}

/* image = matrix times basis: X^T (X basis) when there are samples. */
static int32_t subspace_multiply(const eigenproblem *problem, subspace *s) {
  const blas_table *blas = problem->blas;
  double *middle = NULL;
  if (problem->matrix != NULL) {
    blas->dsymm("L", "U", &s->size, &s->space, &principal_one, problem->matrix, &s->size, s->basis, &s->size,
                &principal_zero, s->image, &s->size, 1, 1);
    return TERN_SUCCESS;
  }
  const int32_t samples = (int32_t)problem->samples->added;
  const double *x = problem->samples->matrix;
  TRY(MEMORY_NEW(problem->run, &middle, (int64_t)samples * s->space, "eigenvectors of second moments"));
  blas->dgemm("T", "N", &samples, &s->space, &s->size, &principal_one, x, &s->size, s->basis, &s->size, &principal_zero,
              middle, &samples, 1, 1);
  blas->dgemm("N", "N", &s->size, &s->space, &samples, &principal_one, x, &s->size, middle, &samples, &principal_zero,
              s->image, &s->size, 1, 1);
  memory_free(problem->run, middle);
  return TERN_SUCCESS;
}

static int32_t subspace_iterate(eigenproblem *problem, subspace *s) {
  enum { most_iterations = 60 };
  uint64_t random = 1;
  for (int64_t k = 0; k < (int64_t)s->space * s->size; k++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    s->basis[k] = (double)(int64_t)(random >> 11) / 4503599627370496.0 - 1;
  }
  for (int iteration = 0; iteration < most_iterations; iteration++) {
    if (iteration > 0)
      memcpy(s->basis, s->image, (size_t)((int64_t)s->space * s->size) * sizeof(double));
    TRY(orthonormalize(problem->run, problem->blas, s->size, s->space, s->basis));
    TRY(subspace_multiply(problem, s));
    TRY(subspace_turn(problem, s));
    if (subspace_converged(s))
      break;
  }
  memcpy(problem->values, s->values, (size_t)s->wanted * sizeof(double));
  memcpy(problem->vectors, s->basis, (size_t)((int64_t)s->wanted * s->size) * sizeof(double));
  return TERN_SUCCESS;
}

static int32_t eigen_subspace(eigenproblem *problem, int32_t space) {
  const int64_t large = (int64_t)space * problem->size, small = (int64_t)space * space;
  subspace s = {.size = problem->size, .space = space, .wanted = problem->wanted};
  TRY(MEMORY_NEW(problem->run, &s.basis, 2 * large + 2 * small + space, "eigenvectors of second moments"));
  s.image = s.basis + large;
  s.small = s.image + large;
  s.turn = s.small + small;
  s.values = s.turn + small;
  const int32_t status = subspace_iterate(problem, &s);
  memory_free(problem->run, s.basis);
  return status;
}

/* Somewhat larger than what is wanted. */
static int32_t space_for(int64_t wanted) { return (int32_t)(wanted + (wanted / 4 > 16 ? wanted / 4 : 16)); }

static int32_t eigen_solve(eigenproblem *problem) {
  enum { few = 400 };
  const int32_t space = space_for(problem->wanted);
  if (problem->matrix == NULL)
    return eigen_subspace(problem, space);
  return problem->size <= few || space > problem->size / 6 ? eigen_direct(problem) : eigen_subspace(problem, space);
}

/* ---- from sums to axes ---- */

/* X X^T, its upper triangle in Fortran's order. */
static void principal_gram(const blas_table *blas, const principal *sums, double *gram) {
  const int32_t size = (int32_t)sums->size, samples = (int32_t)sums->added;
  blas->dsyrk("U", "T", &samples, &size, &principal_one, sums->matrix, &size, &principal_zero, gram, &samples, 1, 1);
}

/* The right singular vectors from the left ones: X^T u, orthonormal. */
static int32_t principal_lift(run *run, const blas_table *blas, const principal *sums, const double *left,
                              principal_axes *found) {
  const int32_t size = (int32_t)sums->size, samples = (int32_t)sums->added, count = (int32_t)found->count;
  blas->dgemm("N", "N", &size, &count, &samples, &principal_one, sums->matrix, &size, left, &samples, &principal_zero,
              found->axes, &size, 1, 1);
  for (int64_t k = 0; k < found->count; k++) /* to the same scale, for the sake of the factorization */
    for (int64_t i = 0; i < sums->size; i++)
      found->axes[k * sums->size + i] /= sqrt(found->moments[k] * (double)sums->added);
  return orthonormalize(run, blas, size, count, found->axes);
}

/* The largest entry positive; entries that are as large but for rounding do not compete. */
static void principal_fix_signs(int64_t size, principal_axes *found) {
  for (int64_t k = 0; k < found->count; k++) {
    double *axis = found->axes + k * size, most = 0;
    int64_t place = 0;
    for (int64_t i = 0; i < size; i++)
      if (fabs(axis[i]) > most * (1 + 1e-6)) {
        most = fabs(axis[i]);
        place = i;
      }
    for (int64_t i = 0; i < size && axis[place] < 0; i++)
      if (i != place)
        axis[i] = -axis[i];
    axis[place] = fabs(axis[place]);
  }
}

static double principal_trace(int64_t size, const double *matrix) {
  double trace = 0;
  for (int64_t i = 0; i < size; i++)
    trace += matrix[i * size + i];
  return trace;
}

static int64_t principal_rank(int64_t wanted, const double *values) {
  int64_t rank = 0;
  while (rank < wanted && values[rank] > PRINCIPAL_LEAST * values[0] && values[rank] > 0)
    rank++;
  return rank;
}

static double principal_square(const principal *sums) {
  double sum = 0;
  for (int64_t k = 0; k < sums->added * sums->size; k++)
    sum += sums->matrix[k] * sums->matrix[k];
  return sum;
}

/* The products of many samples would cost more than a few multiplications with the samples themselves. */
static bool principal_iterates(const principal *sums, int64_t wanted) {
  const int64_t space = space_for(wanted);
  return !sums->keeps_moments && sums->added > 20 * space;
}

static int32_t principal_find(eigenproblem *problem, principal *sums, principal_axes *found) {
  const double trace =
      problem->matrix != NULL ? principal_trace(problem->size, problem->matrix) : principal_square(sums);
  found->total = trace / (double)sums->added;
  TRY(eigen_solve(problem));
  found->count = principal_rank(problem->wanted, problem->values);
  for (int64_t k = 0; k < found->count; k++)
    found->moments[k] = problem->values[k] / (double)sums->added;
  if (problem->size == sums->size)
    memcpy(found->axes, problem->vectors, (size_t)(found->count * sums->size) * sizeof(double));
  else if (found->count > 0)
    TRY(principal_lift(problem->run, problem->blas, sums, problem->vectors, found));
  principal_fix_signs(sums->size, found);
  return TERN_SUCCESS;
}

static int32_t principal_work(eigenproblem *problem, principal *sums, principal_axes *found) {
  double *gram = NULL;
  const int64_t n = problem->size, room = problem->wanted * n + n;
  TRY(MEMORY_NEW(problem->run, &problem->values, room, "eigenvectors of second moments"));
  problem->vectors = problem->values + n;
  problem->samples = sums;
  problem->matrix = sums->keeps_moments ? sums->matrix : NULL;
  int32_t status = TERN_SUCCESS;
  const bool makes_products = !sums->keeps_moments && problem->size != sums->size;
  if (makes_products) {
    status = memory_new(problem->run, (void **)&gram, n, n * (int64_t)sizeof(double), "products of samples");
    problem->matrix = gram;
  }
  if (status == TERN_SUCCESS)
    status = blas_begin(&problem->blas);
  if (status == TERN_SUCCESS) {
    if (makes_products)
      principal_gram(problem->blas, sums, gram);
    status = principal_find(problem, sums, found);
    blas_end();
  }
  memory_free(problem->run, gram);
  memory_free(problem->run, problem->values);
  return status;
}

int32_t principal_solve(run *run, principal *sums, int64_t wanted, principal_axes *found) {
  const int64_t most = sums->size < sums->added ? sums->size : sums->added;
  wanted = wanted < most ? wanted : most;
  const int64_t size = sums->keeps_moments || principal_iterates(sums, wanted) ? sums->size : sums->added;
  eigenproblem problem = {.run = run, .size = (int32_t)size, .wanted = (int32_t)wanted};
  principal_axes made = {0};
  TRY(MEMORY_NEW(run, &made.axes, problem.wanted * sums->size, "principal axes"));
  int32_t status = MEMORY_NEW(run, &made.moments, problem.wanted, "principal axes");
  if (status == TERN_SUCCESS && problem.wanted > 0)
    status = principal_work(&problem, sums, &made);
  if (status == TERN_SUCCESS)
    *found = made;
  else
    principal_axes_free(run, &made);
  return status;
}

/* Mean square of a column. */
static double principal_moment(const principal *sums, int64_t column) {
  double sum = 0;
  if (sums->keeps_moments)
    sum = sums->matrix[column * (sums->size + 1)];
  for (int64_t sample = 0; sample < sums->added && !sums->keeps_moments; sample++)
    sum += sums->matrix[sample * sums->size + column] * sums->matrix[sample * sums->size + column];
  return sums->added > 0 ? sum / (double)sums->added : 0;
}

int32_t principal_keep(run *run, const principal *sums, principal_axes *found) {
  principal_axes made = {.count = sums->size};
  TRY(MEMORY_NEW(run, &made.axes, sums->size * sums->size, "principal axes"));
  const int32_t status = MEMORY_NEW(run, &made.moments, sums->size, "principal axes");
  if (status != TERN_SUCCESS) {
    principal_axes_free(run, &made);
    return status;
  }
  for (int64_t k = 0; k < sums->size; k++) {
    made.axes[k * (sums->size + 1)] = 1;
    made.moments[k] = principal_moment(sums, k);
    made.total += made.moments[k];
  }
  *found = made;
  return TERN_SUCCESS;
}

void principal_axes_free(run *run, principal_axes *found) {
  memory_free(run, found->axes);
  memory_free(run, found->moments);
  *found = (principal_axes){0};
}
