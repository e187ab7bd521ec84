/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures: atoms, cell, periodicity, or a host program's pairs. Immutable and reference-counted once made. */
#ifndef TERNION_SYSTEM_SYSTEM_H
#define TERNION_SYSTEM_SYSTEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <ternion.h>

struct tern_system {
  uint32_t tag;
  _Atomic int32_t references;
  int64_t n_owned, n_atoms; /* n_atoms counts ghosts too */
  int32_t *species;         /* [n_atoms] atomic numbers */
  double *positions;        /* [n_atoms][3]; NULL for a system made from pairs */
  bool has_cell;
  double cell[3][3];
  int32_t periodic[3];
  /* a host program's pairs, sorted by centre; NULL otherwise */
  int64_t *pair_first;  /* [n_owned + 1] */
  int64_t *pair_atom;   /* [n_pairs] */
  double *pair_vectors; /* [n_pairs][3] */
  double pair_cutoff;
};

int32_t system_new(tern_system **system, int64_t n_atoms, const int32_t *species, const double *positions,
                   const double *cell, const int32_t *periodic);
int32_t system_new_from_pairs(tern_system **system, int64_t n_owned, int64_t n_atoms, const int32_t *species,
                              int64_t n_pairs, const int64_t *pairs, const double *vectors, double cutoff);
tern_system *system_share(const tern_system *system); /* one more reference */
void system_free(tern_system *system);
/* Of all that tells structures apart, added to a hash of core/hash.h. */
uint64_t system_hash(uint64_t hash, const tern_system *system);
bool system_volume(const tern_system *system, double *volume); /* false when not periodic in all three directions */

#endif
