/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures that the fit of a model held out for validation, and how well it predicts them. */
#ifndef TERNION_MODEL_HELD_OUT_H
#define TERNION_MODEL_HELD_OUT_H

#include "model/model.h"

/* marks [size] of the structures that no part was fitted on, ended with memory_free(run, ...); NULL when there are
   none. */
int32_t held_out_find(const tern_model *model, run *run, int64_t size, unsigned char **marks);
/* The parts answer as if held-out structures had never been added to their fits, or as usual again. */
void held_out_withhold(tern_model *model, bool on);
/* A member of a JSON object after a comma, "held_out": the errors of model_evaluate on these structures by the model
   that has not seen them; nothing when there are none. */
int32_t held_out_report(tern_model *model, run *run, const tern_dataset *dataset, text *report);

#endif
