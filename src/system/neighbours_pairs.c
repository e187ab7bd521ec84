/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/neighbours_pairs.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "system/lattice.h"

/* The pairs of one atom that are nearer than the cutoff; written from `place` on unless list->atom is NULL. */
static int64_t neighbours_select(const tern_system *system, double cutoff, int64_t atom, int64_t place,
                                 neighbours *list) {
  int64_t count = 0;
  for (int64_t p = system->pair_first[atom]; p < system->pair_first[atom + 1]; ++p) {
    const double *vector = system->pair_vectors + 3 * p;
    if (lattice_dot(vector, vector) >= cutoff * cutoff)
      continue;
    if (list->atom != NULL) {
      list->atom[place + count] = system->pair_atom[p];
      memcpy(list->vectors + 3 * (place + count), vector, 3 * sizeof *vector);
    }
    ++count;
  }
  return count;
}

int32_t neighbours_from_pairs(run *run, const tern_system *system, double cutoff, int64_t n_centers,
                              const int64_t *centers, neighbours *list) {
  if (cutoff > system->pair_cutoff)
    return error_set(TERN_ERROR_DATA,
                     "the structure's pairs are complete to %g Angstrom only: a cutoff of %g needs more pairs",
                     system->pair_cutoff, cutoff);
  list->n_centers = n_centers;
  TRY(MEMORY_NEW(run, &list->first, n_centers + 1, "a neighbour list"));
  for (int64_t c = 0; c < n_centers; ++c)
    list->first[c + 1] = list->first[c] + neighbours_select(system, cutoff, centers != NULL ? centers[c] : c, 0, list);
  TRY(MEMORY_NEW(run, &list->atom, list->first[n_centers], "a neighbour list"));
  TRY(MEMORY_NEW(run, &list->vectors, 3 * list->first[n_centers], "a neighbour list"));
  for (int64_t c = 0; c < n_centers; ++c)
    neighbours_select(system, cutoff, centers != NULL ? centers[c] : c, list->first[c], list);
  return TERN_SUCCESS;
}
