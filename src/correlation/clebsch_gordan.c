/* SPDX-License-Identifier: BSD-3-Clause */
/* Racah's sum cancels for large degrees, and so do ladders of lowering
   operators. But the coefficients of fixed M are an eigenvector of J^2, which
   is tridiagonal over m1 with the known, well separated eigenvalues l (l + 1):
   inverse iteration gives them to the last digits (K. Schulten, R. G. Gordon,
   J. Math. Phys. 16, 1961 (1975) for the recursion). Phases are those of Condon
   and Shortley; then follows the change to real harmonics. */
#include "correlation/clebsch_gordan.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

/* Coefficients of one M: m1 = first .. first + count - 1, and what solving with
 * J^2 - l (l + 1) needs. */
typedef struct column {
  int32_t l1, l2, l, first, count;
  long double *values, *pivot, *above, *beyond, *factor,
      *swapped; /* [count + 1] each */
} column;

/* What a ladder operator multiplies with on its way from m to m + 1. */
static long double raising(int32_t l, int32_t m) {
  return sqrtl((long double)(l - m) * (l + m + 1));
}

static void column_range(column *c, int32_t big_m) {
  const int32_t low = big_m - c->l2, high = big_m + c->l2;
  c->first = low > -c->l1 ? low : -c->l1;
  c->count = (high < c->l1 ? high : c->l1) - c->first + 1;
}

static long double diagonal(const column *c, int32_t big_m, int32_t m1) {
  return (long double)(c->l1 * (c->l1 + 1) + c->l2 * (c->l2 + 1) +
                       2 * m1 * (big_m - m1) - c->l * (c->l + 1));
}

/* Between m1 and m1 + 1. */
static long double off_diagonal(const column *c, int32_t big_m, int32_t m1) {
  return raising(c->l1, m1) * raising(c->l2, big_m - m1 - 1);
}

/* Gaussian elimination with row exchanges; a vanishing pivot, as it must come
 * for an eigenvalue, becomes tiny. */
static void column_factorize(column *c, int32_t big_m) {
  long double here = diagonal(c, big_m, c->first), next = 0,
              scale = (long double)(c->l1 + c->l2 + 1);
  if (c->count > 1)
    next = off_diagonal(c, big_m, c->first);
  for (int32_t k = 0; k + 1 < c->count; k++) {
    const long double below = off_diagonal(c, big_m, c->first + k),
                      corner = diagonal(c, big_m, c->first + k + 1);
    const long double after =
        k + 2 < c->count ? off_diagonal(c, big_m, c->first + k + 1) : 0;
    const bool swap = fabsl(below) > fabsl(here);
    c->swapped[k] = swap;
    c->pivot[k] = swap ? below : here;
    c->above[k] = swap ? corner : next;
    c->beyond[k] = swap ? after : 0;
    c->factor[k] = swap ? here / below : below / here;
    here = swap ? next - c->factor[k] * corner : corner - c->factor[k] * next;
    next = swap ? -c->factor[k] * after : after;
  }
  const long double least = LDBL_EPSILON * scale * scale;
  c->pivot[c->count - 1] = fabsl(here) < least ? least : here;
}

static void column_normalize(column *c) {
  long double norm = 0;
  for (int32_t k = 0; k < c->count; k++)
    norm += c->values[k] * c->values[k];
  for (int32_t k = 0; k < c->count; k++)
    c->values[k] /= sqrtl(norm);
}

static void column_solve(column *c) {
  long double *x = c->values;
  for (int32_t k = 0; k + 1 < c->count; k++) {
    const long double upper = c->swapped[k] ? x[k + 1] : x[k],
                      lower = c->swapped[k] ? x[k] : x[k + 1];
    x[k] = upper;
    x[k + 1] = lower - c->factor[k] * upper;
  }
  for (int32_t k = c->count - 1; k >= 0; k--) {
    if (k + 1 < c->count)
      x[k] -= c->above[k] * x[k + 1];
    if (k + 2 < c->count)
      x[k] -= c->beyond[k] * x[k + 2];
    x[k] /= c->pivot[k];
  }
}

/* The eigenvector, its sign left open: the start is nearly parallel to none of
 * the others. */
static void column_iterate(column *c, int32_t big_m) {
  column_range(c, big_m);
  column_factorize(c, big_m);
  for (int32_t k = 0; k < c->count; k++)
    c->values[k] = 1 + 0.37L * (k * 7 % 5);
  for (int iteration = 0; iteration < 4; iteration++) {
    column_solve(c);
    column_normalize(c);
  }
}

/* complex_values [2 l1 + 1][2 l2 + 1]: M is m1 + m2. The largest m1 of M = l is
 * positive; lowering fixes the others. */
static void complex_column(column *c, int32_t big_m,
                           long double *complex_values) {
  const int32_t width = 2 * c->l2 + 1;
  long double sign = 0;
  column_iterate(c, big_m);
  if (big_m == c->l)
    sign = c->values[c->count - 1];
  for (int32_t k = 0; big_m < c->l && k < c->count; k++) {
    const int32_t m1 = c->first + k, m2 = big_m - m1;
    const long double *above =
        complex_values + (c->l1 + m1) * width + c->l2 + m2;
    if (m1 < c->l1)
      sign += c->values[k] * raising(c->l1, m1) * above[width];
    if (m2 < c->l2)
      sign += c->values[k] * raising(c->l2, m2) * above[1];
  }
  const long double mirror = (c->l1 + c->l2 - c->l) % 2 ? -1 : 1;
  for (int32_t k = 0; k < c->count; k++) {
    const int32_t m1 = c->first + k, m2 = big_m - m1;
    const long double value = sign < 0 ? -c->values[k] : c->values[k];
    complex_values[(c->l1 - m1) * width + c->l2 - m2] = mirror * value;
    complex_values[(c->l1 + m1) * width + c->l2 + m2] = value;
  }
}

/* Entry of the unitary matrix that makes real harmonics (row) of complex ones
 * (column, m or -m). */
static long double complex to_real(int32_t row, int32_t m) {
  const long double half = sqrtl(0.5L), phase = m > 0 && m % 2 ? -half : half;
  if (row == 0)
    return 1;
  if (row > 0)
    return phase;
  return m > 0 ? -phase * I : phase * I;
}

/* Adds what one complex coefficient gives to the real ones. */
static void add_real(const int32_t l[3], int32_t m1, int32_t m2,
                     long double value, long double complex *real) {
  const int32_t m[3] = {m1, m2, m1 + m2};
  for (int choice = 0; choice < 8; choice++) {
    int32_t row[3];
    bool twice = false;
    for (int k = 0; k < 3; k++) {
      row[k] = choice >> k & 1 ? -m[k] : m[k];
      twice |= m[k] == 0 && choice >> k & 1;
    }
    if (!twice)
      real[((l[0] + row[0]) * (2 * l[1] + 1) + l[1] + row[1]) * (2 * l[2] + 1) +
           l[2] + row[2]] += value * conjl(to_real(row[0], m[0])) *
                             conjl(to_real(row[1], m[1])) *
                             to_real(row[2], m[2]);
  }
}

static void fill(const int32_t l[3], column *c, long double *complex_values,
                 long double complex *real, double *values) {
  const int32_t size = (2 * l[0] + 1) * (2 * l[1] + 1) * (2 * l[2] + 1);
  for (int32_t big_m = l[2]; big_m >= 0; big_m--)
    complex_column(c, big_m, complex_values);
  for (int32_t m1 = -l[0]; m1 <= l[0]; m1++)
    for (int32_t m2 = -l[1]; m2 <= l[1]; m2++)
      if (abs(m1 + m2) <= l[2])
        add_real(l, m1, m2,
                 complex_values[(l[0] + m1) * (2 * l[1] + 1) + l[1] + m2],
                 real);
  for (int32_t k = 0; k < size; k++) {
    const double value =
        (double)((l[0] + l[1] + l[2]) % 2 ? cimagl(real[k]) : creall(real[k]));
    values[k] = fabs(value) < 1e-17 ? 0 : value; /* sums that vanish */
  }
}

int32_t clebsch_gordan_new(int32_t l1, int32_t l2, int32_t l, double **values) {
  const int32_t degrees[3] = {l1, l2, l}, length = 2 * (l1 < l2 ? l1 : l2) + 2;
  const int64_t pairs = (int64_t)(2 * l1 + 1) * (2 * l2 + 1),
                size = pairs * (2 * l + 1);
  long double *space = NULL;
  double *made = NULL;
  TRY(MEMORY_NEW(NULL, &space, 6 * length + pairs + 2 * size,
                 "Clebsch-Gordan coefficients"));
  const int32_t status =
      MEMORY_NEW(NULL, &made, size, "Clebsch-Gordan coefficients");
  if (status == TERN_SUCCESS) {
    column c = {l1,
                l2,
                l,
                0,
                0,
                space,
                space + length,
                space + 2 * length,
                space + 3 * length,
                space + 4 * length,
                space + 5 * length};
    fill(degrees, &c, space + 6 * length,
         (long double complex *)(space + 6 * length + pairs), made);
    *values = made;
  }
  memory_free(NULL, space);
  return status;
}
