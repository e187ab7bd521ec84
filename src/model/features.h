/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor's values of one environment and the way back from their weights to the vectors, for kinds of models that
   read values. */
#ifndef TERNION_MODEL_FEATURES_H
#define TERNION_MODEL_FEATURES_H

#include "descriptor/descriptor.h"

typedef struct features {
  double *values;  /* [rows][features] */
  double *weights; /* [rows][features]: d energy / d values, to be filled before features_gradient */
  void *scratch;   /* of the descriptor */
  void *rest;      /* what follows in memory, 64-byte aligned */
} features;

/* Bytes for environments of up to so many neighbours and rows. */
int64_t features_scratch(const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows);
/* Places the pieces in memory of that size and computes the values. */
int32_t features_compute(const tern_descriptor *descriptor, const environment *environment, int64_t rows, void *memory,
                         features *features);
/* gradient [n_neighbours][3] of sum(weights * values). */
int32_t features_gradient(const tern_descriptor *descriptor, const environment *environment, const features *features,
                          double *gradient);

#endif
