/* SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/least_squares.h"

void spectrum_free(run *run, spectrum *spectrum) {
  memory_free(run, spectrum->singular);
  memory_free(run, spectrum->rotated);
  memory_free(run, spectrum->right);
  *spectrum = (struct spectrum){0};
}

int64_t spectrum_rank(const spectrum *spectrum) {
  const double extent = (double)(spectrum->rows > spectrum->columns ? spectrum->rows : spectrum->columns);
  int64_t rank = 0;
  while (rank < spectrum->count && spectrum->singular[rank] > extent * DBL_EPSILON * spectrum->singular[0])
    rank++;
  return rank;
}

double spectrum_condition(const spectrum *spectrum) {
  const int64_t rank = spectrum_rank(spectrum);
  return rank == 0 ? INFINITY : spectrum->singular[0] / spectrum->singular[rank - 1];
}

double spectrum_scale(const spectrum *spectrum) {
  double trace = 0;
  for (int64_t k = 0; k < spectrum->count; k++)
    trace += spectrum->singular[k] * spectrum->singular[k];
  return trace / (double)spectrum->columns;
}

void spectrum_solve(const spectrum *spectrum, double damping, double *x) {
  const int64_t kept = damping > 0 ? spectrum->count : spectrum_rank(spectrum);
  for (int64_t column = 0; column < spectrum->columns; column++) {
    const double *right = spectrum->right + column * spectrum->count;
    double sum = 0;
    for (int64_t k = 0; k < kept; k++) {
      const double value = spectrum->singular[k];
      sum += right[k] * (spectrum->rotated[k] * value / (value * value + damping));
    }
    x[column] = sum;
  }
}

double spectrum_gcv(const spectrum *spectrum, double damping) {
  const int64_t kept = damping > 0 ? spectrum->count : spectrum_rank(spectrum);
  double residual = spectrum->beyond, freedom = (double)spectrum->rows;
  for (int64_t k = 0; k < spectrum->count; k++) {
    const double square = spectrum->singular[k] * spectrum->singular[k];
    const double left = k < kept && square + damping > 0 ? damping / (square + damping) : 1;
    residual += left * left * spectrum->rotated[k] * spectrum->rotated[k];
    freedom -= SPECTRUM_GCV_UNKNOWN * (1 - left);
  }
  if (freedom < 1e-9 * (double)spectrum->rows)
    return INFINITY;
  return (double)spectrum->rows * residual / (freedom * freedom);
}

static int32_t search_refine(double left, double right, damping_score score, void *context, double *best,
                             double *best_score) {
  const double golden = (sqrt(5.0) - 1) / 2;
  for (int step = 0; step < 16; step++) {
    const double points[2] = {right - golden * (right - left), left + golden * (right - left)};
    double scores[2];
    for (int k = 0; k < 2; k++) {
      TRY(score(context, pow(10, points[k]), &scores[k]));
      if (scores[k] < *best_score) {
        *best_score = scores[k];
        *best = pow(10, points[k]);
      }
    }
    if (scores[0] <= scores[1])
      right = points[1];
    else
      left = points[0];
  }
  return TERN_SUCCESS;
}

int32_t least_squares_search(double low, double high, damping_score score, void *context, double *best,
                             double *best_score) {
  const int steps = (int)(2 * (high - low) + 0.5);
  double found = low, least = INFINITY;
  for (int step = steps; step >= 0; step--) { /* from the largest, which wins a tie */
    double value;
    const double exponent = low + (high - low) * step / steps;
    TRY(score(context, pow(10, exponent), &value));
    if (value < least) {
      least = value;
      found = exponent;
    }
  }
  *best = pow(10, found);
  *best_score = least;
  const double spacing = (high - low) / steps;
  return search_refine(fmax(found - spacing, low), fmin(found + spacing, high), score, context, best, best_score);
}
