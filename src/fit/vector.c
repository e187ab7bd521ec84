/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over parameters. */
#include <math.h>

#include "fit/training.h"

enum { LANES = 8 };

double fit_dot(int64_t count, const double *a, const double *b) {
  double sums[LANES] = {0}, sum = 0;
  const int64_t whole = count / LANES * LANES;
  for (int64_t k = 0; k < whole; k += LANES)
    for (int64_t lane = 0; lane < LANES; lane++)
      sums[lane] += a[k + lane] * b[k + lane];
  for (int64_t k = whole; k < count; k++)
    sum += a[k] * b[k];
  for (int64_t lane = 0; lane < LANES; lane++)
    sum += sums[lane];
  return sum;
}

void fit_add(int64_t count, double factor, const double *a, double *sum) {
  for (int64_t k = 0; k < count; k++)
    sum[k] += factor * a[k];
}

bool fit_finite(int64_t count, const double *a) {
  double sum = 0; /* of zeros, and of NaN where a number is not finite */
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * 0;
  return isfinite(sum);
}
