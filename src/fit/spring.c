/* SPDX-License-Identifier: BSD-3-Clause */
/* Gauss-Newton in the space of the samples with momentum (SPRING: G. Goldshlager, N. Abrahamsen, L. Lin, J. Comput.
   Phys. 516, 113351 (2024)). With the residuals r of a batch, their Jacobian J, and s the mean diagonal of J J^T
     phi_k = mu phi_(k-1) + J^T (J J^T + damping s 1)^-1 (r - mu J phi_(k-1)),   parameters += step phi_k. */
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/number.h"
#include "fit/training.h"

/* A step went too far when it makes the loss of the next batch more than `worse` times what it was without it. That is
   looked at when this loss stands out from those before. */
static const double stands_out = 4, worse = 2;
enum { MOST_RETREATS = 4, MOST_RETRIES = 16 };
static const double retry_factor = 9, caution_decay = 0.8, most_caution = 1e6;

enum { PHI, BEFORE }; /* kept: the step's direction, the parameters before the last step */

static void stop_not_finite(fit_training *t) { t->stopped = "not finite"; }

/* ---- guard ---- */

static int32_t linearize(fit_training *t, const fit_batch *batch, double *loss) {
  TRY(fit_linearize(t, batch, t->parameters, true));
  *loss = fit_dot(t->jacobian.rows, t->residual, t->residual) / (double)t->jacobian.rows;
  return TERN_SUCCESS;
}

/* Goes back by halves towards the parameters before the last step, and to these when that does not help. */
static int32_t retreat(fit_training *t, const fit_batch *batch, double loss_before) {
  const int64_t n = t->problem->n_parameters;
  double *before = fit_kept(t, BEFORE), *phi = fit_kept(t, PHI), loss = INFINITY;
  int64_t halvings = 0;
  while (!(loss <= worse * loss_before) && halvings < MOST_RETREATS) {
    halvings++;
    for (int64_t k = 0; k < n; k++) {
      const double step = 0.5 * (t->parameters[k] - before[k]);
      t->parameters[k] = isfinite(step) ? before[k] + step : before[k];
      phi[k] = isfinite(phi[k]) ? 0.5 * phi[k] : 0;
    }
    TRY(fit_loss(t, batch, t->parameters, &loss));
  }
  if (!(loss <= worse * loss_before)) {
    memcpy(t->parameters, before, (size_t)n * sizeof *before);
    memset(phi, 0, (size_t)n * sizeof *phi);
  }
  t->counts.retreats += halvings;
  t->reals.caution[t->member] = fmin(most_caution, t->reals.caution[t->member] * retry_factor);
  return TERN_SUCCESS;
}

/* Was the last step too long? The batch is linearized where the parameters are afterwards. */
static int32_t guard(fit_training *t, const fit_batch *batch, double *loss) {
  double loss_before;
  const bool first = t->reals.usual_loss[t->member] < 0;
  if (isfinite(*loss) && (first || *loss <= stands_out * t->reals.usual_loss[t->member]))
    return TERN_SUCCESS;
  if (t->counts.step > 0)
    TRY(fit_loss(t, batch, fit_kept(t, BEFORE), &loss_before));
  if (t->counts.step == 0 || !isfinite(loss_before)) { /* the rows themselves are not finite */
    if (t->counts.step > 0)
      memcpy(t->parameters, fit_kept(t, BEFORE), (size_t)t->problem->n_parameters * sizeof(double));
    stop_not_finite(t);
    return TERN_SUCCESS;
  }
  if (*loss > worse * loss_before || !isfinite(*loss))
    TRY(retreat(t, batch, loss_before));
  return linearize(t, batch, loss);
}

/* ---- the step ---- */

/* phi is one more row of the Jacobian: J phi comes with J J^T, without another pass over J. */
static gram_matrix with_direction(const fit_training *t) {
  gram_matrix matrix = t->jacobian;
  const int64_t begin = matrix.rows * matrix.stride;
  const double *phi = fit_kept(t, PHI);
  for (int64_t k = 0; k < matrix.columns; k++)
    number_put(matrix.wide, t->rows, begin + k, phi[k]);
  matrix.rows++;
  return matrix;
}

enum { BLOCK = 16 }; /* rows and columns that stay in the cache while they change places */

/* One triangle becomes a copy of the other one, without the diagonal. */
static void mirror(const fit_training *t, bool to_upper) {
  const int64_t rows = t->jacobian.rows, stride = rows + 1;
  for (int64_t i = 0; i < rows; i += BLOCK)
    for (int64_t j = 0; j <= i; j += BLOCK)
      for (int64_t row = i; row < i + BLOCK && row < rows; row++)
        for (int64_t column = j; column < j + BLOCK && column < row; column++) {
          double *lower = t->gram + row * stride + column, *upper = t->gram + column * stride + row;
          *(to_upper ? upper : lower) = *(to_upper ? lower : upper);
        }
}

/* The upper triangle gets a copy of the lower one, for when the factorization that overwrites the latter fails. */
static double keep_gram(fit_training *t) {
  const int64_t rows = t->jacobian.rows;
  double trace = 0;
  for (int64_t i = 0; i < rows; i++)
    trace += t->diagonal[i] = t->gram[i * (rows + 1) + i];
  mirror(t, true);
  return trace / (double)rows;
}

static void shift_diagonal(fit_training *t, double shift) {
  const int64_t rows = t->jacobian.rows;
  for (int64_t i = 0; i < rows; i++)
    t->gram[i * (rows + 1) + i] = t->diagonal[i] + shift;
}

/* x [rows] becomes (J J^T + shift 1)^-1 x; *fits: whether the factorization succeeded. The rows of the lower triangle
   are the columns of an upper one. */
static int32_t solve(fit_training *t, double *x, bool *fits) {
  const blas_table *blas;
  const int32_t rows = (int32_t)t->jacobian.rows, stride = rows + 1, one = 1;
  int32_t info = 0;
  TRY(blas_begin(&blas));
  blas->dpotrf("U", &rows, t->gram, &stride, &info, 1);
  *fits = info == 0;
  if (info == 0)
    blas->dpotrs("U", &rows, &one, t->gram, &stride, x, &rows, &info, 1);
  blas_end();
  return info >= 0 ? TERN_SUCCESS : error_set(TERN_ERROR_INTERNAL, "dpotrf or dpotrs refused argument %d", -info);
}

/* right = (J J^T + damping s 1)^-1 right, with more damping until that can be factored. */
static int32_t damped_solve(fit_training *t, double damping, double scale, double *right, bool *solved) {
  double shift = damping * scale;
  *solved = false;
  for (int retry = 0; retry < MOST_RETRIES && !*solved; retry++) {
    if (retry > 0)
      mirror(t, false);
    shift_diagonal(t, shift);
    TRY(solve(t, right, solved));
    t->counts.retries += !*solved;
    shift = retry_factor * (shift > 0 ? shift : 1e-12 * scale);
  }
  return TERN_SUCCESS;
}

static void take_step(fit_training *t, double step) {
  const int64_t n = t->problem->n_parameters;
  memcpy(fit_kept(t, BEFORE), t->parameters, (size_t)n * sizeof(double));
  fit_add(n, step, fit_kept(t, PHI), t->parameters);
}

/* phi = momentum phi + J^T x; x of a Jacobian that vanishes is 0. */
static int32_t new_direction(fit_training *t, double momentum, double damping, bool *found) {
  const int64_t rows = t->jacobian.rows, n = t->problem->n_parameters;
  const gram_matrix all = with_direction(t);
  double *x = t->residual + rows, *phi = fit_kept(t, PHI);
  TRY(gram_lower(t->run, &all, t->scratch, t->gram));
  const double scale = keep_gram(t);
  *found = isfinite(scale);
  if (!*found)
    return TERN_SUCCESS;
  for (int64_t row = 0; row < rows; row++)
    x[row] = t->residual[row] - momentum * t->gram[rows * (rows + 1) + row];
  if (scale > 0)
    TRY(damped_solve(t, damping, scale, x, found));
  else
    memset(x, 0, (size_t)rows * sizeof *x);
  for (int64_t k = 0; k < n; k++)
    phi[k] *= momentum;
  TRY(gram_transposed_times(t->run, &t->jacobian, x, phi));
  *found = *found && fit_finite(n, phi);
  return TERN_SUCCESS;
}

/* To first order phi solves J phi = r of all batches, and a step takes the part `step` of it: the shorter the steps,
   the longer what earlier batches said of phi stays true. */
static double momentum_at(const fit_training *t, double step) {
  return isnan(t->settings.momentum) ? fmax(0, 1 - 0.2 * step) : t->settings.momentum;
}

static int32_t spring_advance(fit_training *t, const fit_batch *batch, double step, double damping) {
  double loss;
  bool found;
  TRY(linearize(t, batch, &loss));
  TRY(guard(t, batch, &loss));
  if (t->stopped != NULL)
    return TERN_SUCCESS;
  TRY(new_direction(t, momentum_at(t, step), damping * t->reals.caution[t->member], &found));
  if (!found) {
    stop_not_finite(t);
    return TERN_SUCCESS;
  }
  take_step(t, step);
  t->reals.loss[t->member] = loss;
  double *usual = &t->reals.usual_loss[t->member];
  *usual = *usual < 0 ? loss : *usual + (loss - *usual) / 8;
  t->reals.caution[t->member] = fmax(1, caution_decay * t->reals.caution[t->member]);
  return TERN_SUCCESS;
}

const fit_optimizer fit_spring = {.name = "spring",
                                  .kept = 2,
                                  .usual_rows = 750,
                                  .step = 0.5,
                                  .momentum = NAN,
                                  .gram = true,
                                  .advance = spring_advance};
