/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/calibration.h"

#include <math.h>

#include "core/error.h"
#include "core/memory.h"

/* The decimal logarithm of (noise / scale)^2 is tried from -RANGE to RANGE, so many to a unit. */
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

/* The scale that makes the mean square of error / deviation 1. */
static void try_ratio(const samples *samples, double exponent, calibration *result) {
  const double ratio = pow(10, exponent);
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
  *result = (calibration){0};
  for (int step = 0; samples->count > 0 && step <= 2 * RANGE * STEPS; step++) {
    const double exponent = (double)(step - RANGE * STEPS) / STEPS;
    calibration trial = {0};
    try_ratio(samples, exponent, &trial);
    const double expected = exponent * exponent / (double)samples->count; /* of a normal logarithm of width 1 */
    if (trial.score + expected < least || step == 0) {
      least = trial.score + expected;
      *result = trial;
    }
  }
  cover(samples, result);
}
