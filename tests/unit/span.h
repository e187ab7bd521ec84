/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranks, and whether columns lie in the span of others. */
#ifndef TERNION_TEST_SPAN_H
#define TERNION_TEST_SPAN_H

#include "golden.h"

/* An orthonormal basis [rank][count] of what vectors span. */
typedef struct span {
  int64_t count, rank, most;
  double *basis;
} span;

static inline void span_start(span *s, int64_t count, int64_t most) {
  *s = (span){count, 0, most, zeros(count * most)};
}

static inline double span_dot(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Takes from the vector what lies in the span; returns the length of the rest. Twice is enough. */
static inline double span_remove(const span *s, double *vector) {
  for (int64_t pass = 0; pass < 2; pass++)
    for (int64_t i = 0; i < s->rank; i++) {
      const double along = span_dot(s->count, vector, s->basis + i * s->count);
      for (int64_t k = 0; k < s->count; k++)
        vector[k] -= along * s->basis[i * s->count + k];
    }
  return sqrt(span_dot(s->count, vector, vector));
}

/* Columns [count][columns] join the span, those with the longest rest first, until no rest exceeds the tolerance,
   relative to the longest column. The columns are used up. */
static inline void span_add(span *s, int64_t columns, double *vectors, double tolerance) {
  double scale = 0, *column = zeros(s->count);
  for (bool more = true; more;) {
    int64_t longest = 0;
    double most = 0;
    for (int64_t c = 0; c < columns; c++) {
      double square = 0;
      for (int64_t k = 0; k < s->count; k++)
        square += vectors[k * columns + c] * vectors[k * columns + c];
      longest = square > most ? c : longest;
      most = fmax(square, most);
    }
    scale = fmax(scale, sqrt(most));
    more = sqrt(most) > tolerance * scale && most > 0;
    if (!more)
      break;
    assert_true(s->rank < s->most);
    for (int64_t k = 0; k < s->count; k++)
      column[k] = vectors[k * columns + longest];
    const double length = span_remove(s, column);
    for (int64_t k = 0; k < s->count; k++)
      s->basis[s->rank * s->count + k] = column[k] / length;
    const double *added = s->basis + s->rank++ * s->count;
    for (int64_t c = 0; c < columns; c++) {
      double along = 0;
      for (int64_t k = 0; k < s->count; k++)
        along += vectors[k * columns + c] * added[k];
      for (int64_t k = 0; k < s->count; k++)
        vectors[k * columns + c] -= along * added[k];
    }
  }
  free(column);
}

/* The longest rest of columns [count][columns] outside of the span, relative to the longest column. */
static inline double span_rest(const span *s, int64_t columns, const double *vectors) {
  double rest = 0, scale = 0, *column = zeros(s->count);
  for (int64_t c = 0; c < columns; c++) {
    for (int64_t k = 0; k < s->count; k++)
      column[k] = vectors[k * columns + c];
    scale = fmax(scale, sqrt(span_dot(s->count, column, column)));
    rest = fmax(rest, span_remove(s, column));
  }
  free(column);
  return rest / scale;
}

#endif
