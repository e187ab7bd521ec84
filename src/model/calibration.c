/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/calibration.h"

#include <math.h>

#include "core/error.h"
#include "core/memory.h"

/* The decimal logarithm of (noise / scale)^2, in a unit, is tried from -RANGE to RANGE, so many to one. */
enum { RANGE = 5, STEPS = 8 };

int32_t samples_new(samples *samples, run *run, int64_t count) {
  const char *what = "the calibration of the uncertainty";
  samples->count = count;
  TRY(MEMORY_NEW(run, &samples->errors, count, what));
  TRY(MEMORY_NEW(run, &samples->squares, count, what));
  return MEMORY_NEW(run, &samples->sizes, count, what);
}

void samples_free(samples *samples, run *run) {
  memory_free(run, samples->errors);
  memory_free(run, samples->squares);
  memory_free(run, samples->sizes);
}

/* Of (noise / scale)^2: 1, or what makes both parts equal where the squares are larger, as there are more outputs than
   structures: noise would not be seen beside them. */
static double unit_of(const samples *samples) {
  double squares = 0, sizes = 0;
  for (int64_t k = 0; k < samples->count; k++) {
    squares += samples->squares[k];
    sizes += samples->sizes[k];
  }
  return squares > sizes && isfinite(squares) ? squares / sizes : 1;
}

/* The scale that makes the mean square of error / deviation 1. */
static void try_ratio(const samples *samples, double ratio, calibration *result) {
  double mean = 0, logarithms = 0;
  for (int64_t k = 0; k < samples->count; k++) {
    const double square = samples->squares[k] + ratio * samples->sizes[k];
    mean += samples->errors[k] * samples->errors[k] / square / (double)samples->count;
    logarithms += log(square) / (double)samples->count;
  }
  result->scale = sqrt(mean);
  result->noise = sqrt(mean * ratio);
  result->score = mean > 0 ? log(mean) + logarithms : -INFINITY;
}

static void cover(const samples *samples, calibration *result) {
  result->within_1 = result->within_2 = 0;
  for (int64_t k = 0; k < samples->count; k++) {
    const double deviation = sqrt(result->scale * result->scale * samples->squares[k] +
                                  result->noise * result->noise * samples->sizes[k]);
    result->within_1 += (fabs(samples->errors[k]) <= deviation) / (double)samples->count;
    result->within_2 += (fabs(samples->errors[k]) <= 2 * deviation) / (double)samples->count;
  }
}

void calibrate(const samples *samples, calibration *result) {
  double least = INFINITY;
  const double unit = unit_of(samples);
  *result = (calibration){0};
  for (int step = 0; samples->count > 0 && step <= 2 * RANGE * STEPS; step++) {
    const double exponent = (double)(step - RANGE * STEPS) / STEPS;
    calibration trial = {0};
    try_ratio(samples, unit * pow(10, exponent), &trial);
    const double expected = exponent * exponent / (double)samples->count; /* of a normal logarithm of width 1 */
    if (trial.score + expected < least || step == 0) {
      least = trial.score + expected;
      *result = trial;
    }
  }
  cover(samples, result);
}
