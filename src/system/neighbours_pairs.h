/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours taken from a host program's pairs instead of searched for. */
#ifndef TERNION_SYSTEM_NEIGHBOURS_PAIRS_H
#define TERNION_SYSTEM_NEIGHBOURS_PAIRS_H

#include "system/neighbours.h"

/* As neighbours_build, whose checks are done; `list` is to be freed also after a failure. */
int32_t neighbours_from_pairs(run *run, const tern_system *system, double cutoff, int64_t n_centers,
                              const int64_t *centers, neighbours *list);

#endif
