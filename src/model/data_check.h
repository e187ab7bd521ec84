/* SPDX-License-Identifier: BSD-3-Clause */
/* What looks wrong with a data set, though it can be fitted: structures that occur twice, energies or tensors out of
   bounds, species of which nothing is learned, structures without target, no energies at all, a single structure. */
#ifndef TERNION_MODEL_DATA_CHECK_H
#define TERNION_MODEL_DATA_CHECK_H

#include "core/run.h"
#include "core/text.h"
#include "system/dataset.h"

/* One member of a JSON object, "data": {"duplicates": 2, "outliers": 1, "warnings": ["structure 3 (a.xyz:17): ..."]}.
   An energy is an outlier when its value per atom, after energies of the species that most structures agree on (least
   absolute deviations), is a hundred times farther from the median than half of all are; a tensor, when its norm is a
   thousand times the median of those that are not zero. target: what is fitted, a tensor or
   vectors; NULL: energies. */
int32_t data_check(run *run, const tern_dataset *dataset, const char *target, int64_t n_species,
                   const int32_t *species, text *report);

/* Refuses numbers beside which double precision has no digits left for others: what is fitted, as above. */
int32_t data_check_sizes(const tern_dataset *dataset, const char *target);

/* first [size]: the number of the structure with the same atoms at the same places, or its own. */
int32_t data_duplicates(run *run, const tern_dataset *dataset, int64_t *first);
/* outlying [size]: by how much an energy per atom is off (eV), 0 where it is not out of bounds or there is none. */
int32_t data_outliers(run *run, const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                      double *outlying);
/* ratios [size]: a tensor's norm by the median one where it is out of bounds, else 0. */
int32_t data_tensor_outliers(run *run, const tern_dataset *dataset, const char *name, double *ratios);

#endif
