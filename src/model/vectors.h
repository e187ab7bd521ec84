/* SPDX-License-Identifier: BSD-3-Clause */
/* What models of vectors predict, and their errors. */
#ifndef TERNION_MODEL_VECTORS_H
#define TERNION_MODEL_VECTORS_H

#include "model/model.h"

/* TERN_ERROR_MISSING for a model of energies. */
int32_t vectors_shape(const tern_model *model, const tern_system *system, int64_t *n_centers, int64_t *width);
/* centers [n_centers]: atoms; values [n_centers][width]; either may be NULL. */
int32_t vectors_predict(const tern_model *model, run *run, const tern_system *system, int64_t *centers, double *values);
/* As model_evaluate: "errors": {"vectors": {"rmse": ..., "relative": ...}}, the latter in units of the deviation from
   the mean of each number. */
int32_t vectors_evaluate(const tern_model *model, run *run, const tern_dataset *dataset, text *report);

#endif
