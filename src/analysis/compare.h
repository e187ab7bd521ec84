/* SPDX-License-Identifier: BSD-3-Clause */
/* Are two clouds of atoms the same but for an isometry and a relabelling of equal atoms? */
#ifndef TERNION_ANALYSIS_COMPARE_H
#define TERNION_ANALYSIS_COMPARE_H

#include "core/run.h"
#include "system/system.h"

typedef struct comparison {
  int32_t same;
  double rmsd; /* Angstrom; negative when the species do not match */
  double rotation[3][3];
} comparison;

/* permutation [n_atoms] may be NULL. */
int32_t compare_systems(run *run, const tern_system *first, const tern_system *second, double tolerance, int32_t mirror,
                        comparison *result, int64_t *permutation);

#endif
