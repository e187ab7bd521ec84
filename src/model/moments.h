/* SPDX-License-Identifier: BSD-3-Clause */
/* Second moments of the outputs over a training set, some environments of it, and the structures that calibrate a
   deviation, gathered in one pass over as many structures as it takes. */
#ifndef TERNION_MODEL_MOMENTS_H
#define TERNION_MODEL_MOMENTS_H

#include "model/model.h"

typedef struct moments {
  const tern_model *model;
  const tern_dataset *dataset;
  run *run;
  int64_t width, size;
  const unsigned char *held_out; /* [structures] 1: not trained on; NULL: all were */
  const model_linear *linear;    /* of the only part: moments of structures are not wanted; NULL: they are */
  double *structures;            /* [size][size] of the sums Z / sqrt(atoms), of the energies trained on */
  double *targets;               /* [size] sum of Z * (energy - e0) / atoms over the same */
  double *environments;          /* [size][size] of the atoms' outputs, of the structures trained on, whitened */
  int64_t n_kept;                /* environments that are kept, evenly spread */
  double *kept;                  /* [n_kept][size] their outputs */
  int32_t *kept_species;         /* [n_kept] numbers of their species in the model */
  int64_t n_samples;
  int64_t *sample;  /* [structures] number among the calibrating structures, -1: none */
  double *sums;     /* [n_samples][size] Z */
  double *errors;   /* [n_samples] reference minus predicted energy */
  double *energies; /* [n_samples] reference energy - e0 */
  double *weights;  /* [n_samples] 1 / sqrt(atoms) */
  int64_t n_visited; /* structures */
  int64_t *visited, *first_atom; /* [n_visited (+ 1)] which; their environments trained on begin at this number */
} moments;

/* Lower triangles of the moments: entry [row][column <= row]. */
int32_t moments_gather(moments *moments);
void moments_free(moments *moments);
/* Whether outputs are whitened before they count to the environments' moments. */
bool moments_whitened(const moments *moments);

#endif
