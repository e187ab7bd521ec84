/* SPDX-License-Identifier: BSD-3-Clause */
/* What errors of structures that a model has not seen say of its deviations: two parts, one that grows with the
   distance from the training set and one that each atom brings, as the noise of the reference energies does. */
#ifndef TERNION_MODEL_CALIBRATION_H
#define TERNION_MODEL_CALIBRATION_H

#include "core/run.h"

/* Structures, each as if the model had not seen it. */
typedef struct samples {
  int64_t count;
  double *errors;  /* [count] eV */
  double *squares; /* [count] Z^T P^-1 Z: squared deviation of the prediction at scale 1 */
  double *sizes;   /* [count] squared deviation of the reference where scale and noise are equal */
} samples;

int32_t samples_new(samples *samples, run *run, int64_t count);
void samples_free(samples *samples, run *run);

typedef struct calibration {
  double scale, noise; /* squared deviation: scale^2 square + noise^2 size */
  double score;        /* minus twice the logarithm of the likelihood, a structure's share: the lower the better */
  double within_1, within_2; /* fractions of the structures */
} calibration;

/* The likeliest scale and noise for normal errors. Where structures cannot tell one from the other the two are equal,
   as for a linear model whose rows are weighted by their noise: noise / scale is expected within a factor of 3, or both
   parts, where squares are larger than sizes. */
void calibrate(const samples *samples, calibration *result);

#endif
