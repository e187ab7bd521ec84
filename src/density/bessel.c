/* SPDX-License-Identifier: BSD-3-Clause */
/* R_nl(r) = N_nl j_l(z_ln r / R), with z_ln the n-th positive zero of j_l and
   N_nl = sqrt(2 / R^3) / |j_(l+1)(z_ln)| (M. Abramowitz, I. A. Stegun, Handbook
   of Mathematical Functions, 10.1 and 11.4.5). These are the eigenfunctions of
   the Laplacian in the ball: the smoothest n_max functions of each l, and r^l
   at the origin. */
#include "density/bessel.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/memory.h"

#define MOST_DEGREES 64 /* l_max + 3, with room to spare */

struct bessel {
  int32_t n_max, l_max;
  double *wave;  /* [l][n]: z_ln / R */
  double *front; /* [l][n]: N_nl */
};

/* x^l / (2l+1)!! sum_k (-x^2/2)^k / (k! (2l+3)(2l+5)...(2l+2k+1)): hardly
 * cancels for x <= l + 1. */
static long double power_series(int32_t l, long double x) {
  long double front = 1, sum = 0, term = 1;
  for (int32_t k = 1; k <= l; k++)
    front *= x / (2 * k + 1);
  for (int32_t k = 1; fabsl(term) > 1e-21L * fabsl(sum); k++) {
    sum += term;
    term *= -x * x / (2.0L * k * (2 * l + 2 * k + 1));
  }
  return front * sum;
}

/* j_0 .. j_last: upwards as long as that is stable, from then on by the series.
 */
static void functions(int32_t last, long double x, long double j[MOST_DEGREES]) {
  for (int32_t l = 0; l <= last; l++)
    if (x <= l)
      j[l] = power_series(l, x);
    else if (l == 0)
      j[0] = sinl(x) / x;
    else if (l == 1)
      j[1] = (sinl(x) / x - cosl(x)) / x;
    else
      j[l] = (2 * l - 1) / x * j[l - 1] - j[l - 2];
}

static long double function(int32_t l, long double x) {
  long double j[MOST_DEGREES];
  functions(l, x, j);
  return j[l];
}

/* The zero between two places where j_l has different signs. */
static long double bisect(int32_t l, long double low, long double high) {
  const bool rises = function(l, low) < 0;
  for (int32_t step = 0; step < 70; step++) {
    const long double middle = (low + high) / 2;
    if ((function(l, middle) < 0) == rises)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

/* The zeros of j_l lie between those of j_(l-1), which begin with n pi: one
 * less for each l. zeros [n_max + l_max]. */
static void find_zeros(bessel *b, double cutoff, long double *zeros) {
  const int32_t count = b->n_max + b->l_max;
  for (int32_t n = 0; n < count; n++)
    zeros[n] = (n + 1) * acosl(-1);
  for (int32_t l = 0; l <= b->l_max; l++) {
    for (int32_t n = 0; l > 0 && n < count - l; n++)
      zeros[n] = bisect(l, zeros[n], zeros[n + 1]);
    for (int32_t n = 0; n < b->n_max; n++) {
      b->wave[l * b->n_max + n] = (double)(zeros[n] / cutoff);
      b->front[l * b->n_max + n] = (double)(sqrtl(2 / cutoff) / (cutoff * fabsl(function(l + 1, zeros[n]))));
    }
  }
}

static int32_t prepare(bessel *b, double cutoff) {
  const int64_t count = (int64_t)b->n_max * (b->l_max + 1);
  long double *zeros = NULL;
  TRY(MEMORY_NEW(NULL, &b->wave, count, "radial functions"));
  TRY(MEMORY_NEW(NULL, &b->front, count, "radial functions"));
  TRY(MEMORY_NEW(NULL, &zeros, b->n_max + b->l_max, "radial functions"));
  find_zeros(b, cutoff, zeros);
  memory_free(NULL, zeros);
  return TERN_SUCCESS;
}

int32_t bessel_new(bessel **basis, double cutoff, int32_t n_max, int32_t l_max) {
  bessel *created = NULL;
  if (l_max + 3 > MOST_DEGREES)
    return error_set(TERN_ERROR_INTERNAL, "l_max %d is too large for the radial basis bessel", l_max);
  TRY(MEMORY_NEW(NULL, &created, 1, "radial functions"));
  created->n_max = n_max;
  created->l_max = l_max;
  const int32_t status = prepare(created, cutoff);
  if (status == TERN_SUCCESS)
    *basis = created;
  else
    bessel_free(created);
  return status;
}

void bessel_free(void *basis) {
  bessel *b = basis;
  if (!b)
    return;
  memory_free(NULL, b->wave);
  memory_free(NULL, b->front);
  memory_free(NULL, b);
}

/* j_l' = (l j_(l-1) - (l+1) j_(l+1)) / (2l+1): no division by x, and nothing
 * that cancels at the origin. */
static long double slope(int32_t l, const long double *j) {
  const long double lower = l > 0 ? l * j[l - 1] : 0;
  return (lower - (l + 1) * j[l + 1]) / (2 * l + 1);
}

static long double curvature(int32_t l, const long double *j) {
  const long double lower = l > 0 ? l * slope(l - 1, j) : 0;
  return (lower - (l + 1) * slope(l + 1, j)) / (2 * l + 1);
}

void bessel_evaluate(const void *basis, double distance, int32_t n_padded, double *values) {
  const bessel *b = basis;
  const int64_t order_size = (int64_t)(b->l_max + 1) * n_padded;
  long double j[MOST_DEGREES];
  for (int32_t l = 0; l <= b->l_max; l++)
    for (int32_t n = 0; n < b->n_max; n++) {
      const long double wave = b->wave[l * b->n_max + n], front = b->front[l * b->n_max + n];
      double *value = values + (int64_t)l * n_padded + n;
      functions(l + 2, wave * distance, j);
      value[0] = (double)(front * j[l]);
      value[order_size] = (double)(front * wave * slope(l, j));
      value[2 * order_size] = (double)(front * wave * wave * curvature(l, j));
    }
}
