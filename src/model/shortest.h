/* SPDX-License-Identifier: BSD-3-Clause */
/* How near atoms came to each other in the data that a model was fitted on: nearer ones are a guess. */
#ifndef TERNION_MODEL_SHORTEST_H
#define TERNION_MODEL_SHORTEST_H

#include "model/model.h"

/* distances [n_species][n_species] in Angstrom: the shortest of each pair of species, the cutoff where there is none
   within. */
int32_t shortest_measure(run *run, const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                         double cutoff, double *distances);
/* One member of a JSON object, "shortest_distances": {"H-H": 0.74, ...}. */
void shortest_report(const tern_model *model, text *report);
/* ratios [n_owned]: distance over the shortest one of that pair of species in the data, the least one of each atom's
   neighbours; 1 where all are farther, and everywhere in a model whose file does not know. Below 1 is an extrapolation.
   Species that the model does not know are TERN_ERROR_DATA. */
int32_t shortest_ratios(const tern_model *model, run *run, const tern_system *system, double *ratios);

#endif
