/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of a reference and a prediction, as many as a picture can show. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

/* Every second point goes, and from now on only every other one comes. */
static void thin(series *series) {
  for (int64_t i = 0; 2 * i < series->count; ++i)
    for (int k = 0; k < 2; ++k)
      series->points[i][k] = series->points[2 * i][k];
  series->count = (series->count + 1) / 2;
  series->stride *= 2;
}

static int32_t grow(series *series) {
  const int64_t capacity = series->capacity ? 2 * series->capacity : 1024;
  double(*points)[2] = realloc(series->points, sizeof *points * (size_t)capacity);
  if (points == NULL)
    return TERN_ERROR_MEMORY;
  series->points = points;
  series->capacity = capacity;
  return TERN_SUCCESS;
}

int32_t series_add(series *series, double reference, double predicted) {
  if (series->stride == 0)
    series->stride = 1;
  if (series->seen++ % series->stride != 0)
    return TERN_SUCCESS;
  if (series->count == series->capacity && grow(series) != TERN_SUCCESS)
    return TERN_ERROR_MEMORY;
  series->points[series->count][0] = reference;
  series->points[series->count++][1] = predicted;
  if (series->most > 0 && series->count >= series->most)
    thin(series);
  return TERN_SUCCESS;
}

void series_free(series *series) { free(series->points); }

void series_write(const series *series, const char *name, FILE *script) {
  fprintf(script, "$%s << END\n", name);
  for (int64_t i = 0; i < series->count; ++i)
    fprintf(script, "%.9g %.9g\n", series->points[i][0], series->points[i][1]);
  fputs("END\n", script);
}

void series_range(const series *series, double *low, double *high) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < series->count; ++i)
    for (int k = 0; k < 2; ++k) {
      *low = fmin(*low, series->points[i][k]);
      *high = fmax(*high, series->points[i][k]);
    }
  const double margin = fmax(0.04 * (*high - *low), 1e-6 * fmax(1, fabs(*high)));
  *low -= margin;
  *high += margin;
}
