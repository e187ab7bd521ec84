/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of a model on data such as it was fitted on. */
#ifndef TERNION_MODEL_EVALUATE_H
#define TERNION_MODEL_EVALUATE_H

#include "model/model.h"

/* One member of a JSON object, "errors": {"energy_per_atom": {"rmse": ..., "mae": ..., "count": ..., "unit": ...},
   ...}. highest [n_species] in eV: of each species' predicted energies of atoms the largest, e0 taken away, 0 where
   there are none; NULL: not wanted. */
int32_t model_evaluate(const tern_model *model, run *run, const tern_dataset *dataset, double *highest, text *report);
/* The same of the structures that marks [size] has, as the member of that name. */
int32_t model_evaluate_marked(const tern_model *model, run *run, const tern_dataset *dataset,
                              const unsigned char *marks, const char *name, text *report);

#endif
