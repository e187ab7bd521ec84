/* SPDX-License-Identifier: BSD-3-Clause */
/* A sum of linear kinds as one linear problem. Each part's columns are divided by their root mean square, so that no
   part is penalized more than another one. */
#ifndef TERNION_MODEL_TOGETHER_H
#define TERNION_MODEL_TOGETHER_H

#include "model/model.h"

/* Is it asked for, and may these parts? TERN_ERROR_OPTION where one is not linear, or where their options differ in
   what is one for all. */
int32_t together_check(const model_part *parts, int64_t n_parts, const tern_options *options, bool *wanted);
/* All n_parts of a model, whose descriptors are fitted, on what e0 and the baseline leave. report: as fit of a kind
   gives it, further parts in a list. */
int32_t together_fit(tern_model *model, run *run, const tern_dataset *dataset, text *report);

#endif
