/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_RESIDUAL_H
#define TERNION_MODEL_RESIDUAL_H

#include "model/model.h"

/* A data set of the same structures whose energies, forces and virials are what e0, the baseline and the parts that the
   model has so far leave of them. */
int32_t residual_new(tern_dataset **residual, const tern_model *model, run *run, const tern_dataset *dataset);

#endif
