/* SPDX-License-Identifier: BSD-3-Clause */
/* What a linear fit would have said of a structure of its own without it, in closed form: all rows of the structure,
   its energy, forces and virial, are left out together, as they are correlated. */
#ifndef TERNION_MODEL_LEFT_OUT_H
#define TERNION_MODEL_LEFT_OUT_H

#include "model/calibration.h"
#include "model/model.h"

typedef struct left_out {
  const tern_model *model;
  const model_linear *linear; /* of the model's only part */
  const tern_dataset *dataset;
  run *run;
  int64_t width, size;
  const double *precision; /* [width][width] */
  const double *projected; /* [size][size] of the projected outputs; the same when nothing is projected */
} left_out;

/* Errors and squares of structures spread evenly over the data set, as many as cost about a tenth of the fit. */
int32_t left_out_gather(const left_out *left_out, samples *samples);

#endif
