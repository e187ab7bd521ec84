/* SPDX-License-Identifier: BSD-3-Clause */
/* Second moments of the outputs over a training set, and the structures that calibrate a deviation. */
#ifndef TERNION_MODEL_MOMENTS_H
#define TERNION_MODEL_MOMENTS_H

#include "model/model.h"

typedef struct moments {
  const tern_model *model;
  const tern_dataset *dataset;
  run *run;
  int64_t width, size;
  const unsigned char *held_out; /* [structures] 1: not trained on; NULL: all were */
  double *structures;            /* [size][size] of the sums Z / sqrt(atoms), of the energies trained on */
  double *targets;               /* [size] sum of Z * (energy - e0) / atoms over the same */
  double *environments;          /* [size][size] of the atoms' outputs, of the structures trained on */
  int64_t n_samples;
  int64_t *sample;  /* [structures] number among the calibrating structures, -1: none */
  double *sums;     /* [n_samples][size] Z */
  double *errors;   /* [n_samples] reference minus predicted energy */
  double *energies; /* [n_samples] reference energy - e0 */
  double *weights;  /* [n_samples] 1 / sqrt(atoms) */
  double *largest;  /* [species of the model] filled by moments_largest */
} moments;

/* Lower triangles of the moments: entry [row][column <= row]. */
int32_t moments_gather(moments *moments);
void moments_free(moments *moments);
/* The largest |M^-1 z| of the training environments of each species of centres; triangle: M, packed by rows. */
int32_t moments_largest(moments *moments, const double *triangle);

#endif
