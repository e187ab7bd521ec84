/* SPDX-License-Identifier: BSD-3-Clause */
/* Energies of isolated atoms, one a species, that a model adds to what it learns. */
#ifndef TERNION_MODEL_BASELINE_H
#define TERNION_MODEL_BASELINE_H

#include "core/options.h"
#include "core/run.h"
#include "core/text.h"
#include "system/dataset.h"

/* e0 [n_species] as the option `e0` asks; report: one member of a JSON object. */
int32_t baseline_fit(run *run, const tern_dataset *dataset, const tern_options *options, int64_t n_species,
                     const int32_t *species, double *e0, text *report);
/* Index of a species among the ascending `species`, -1 when it is not there. */
int64_t baseline_index(int64_t n_species, const int32_t *species, int32_t wanted);
/* Sum over the owned atoms, whose species must be known. */
double baseline_energy(int64_t n_species, const int32_t *species, const double *e0, const tern_system *system);

#endif
