/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours within a cutoff, periodic images included, in time linear in the atoms. */
#ifndef TERNION_SYSTEM_NEIGHBOURS_H
#define TERNION_SYSTEM_NEIGHBOURS_H

#include "core/run.h"
#include "system/system.h"

typedef struct neighbours {
  int64_t n_centers;
  int64_t *first;  /* [n_centers + 1]: where the neighbours of a centre begin */
  int64_t *atom;   /* [n_pairs] */
  double *vectors; /* [n_pairs][3]: neighbour minus centre */
} neighbours;

/* The neighbours of the given centres (NULL: all owned atoms) at distances 0 < r < cutoff. Two atoms at one place are
   TERN_ERROR_DATA and both are named; so is a host's list that is complete only to a smaller cutoff. */
int32_t neighbours_build(run *run, const tern_system *system, double cutoff, int64_t n_centers, const int64_t *centers,
                         neighbours *list);
void neighbours_free(run *run, neighbours *list);

#endif
