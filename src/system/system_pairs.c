/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures from a host program's own neighbour list. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "system/system_check.h"

static int32_t system_check_pair(int64_t n_owned, int64_t n_atoms, int64_t index, const int64_t *pair,
                                 const double *vector) {
  if (pair[0] < 0 || pair[0] >= n_owned)
    return error_set(TERN_ERROR_ARGUMENT, "pairs[%lld][0] is %lld: a centre is an owned atom, 0 to %lld",
                     (long long)index, (long long)pair[0], (long long)n_owned - 1);
  if (pair[1] < 0 || pair[1] >= n_atoms)
    return error_set(TERN_ERROR_ARGUMENT, "pairs[%lld][1] is %lld: atoms are 0 to %lld", (long long)index,
                     (long long)pair[1], (long long)n_atoms - 1);
  for (int k = 0; k < 3; ++k)
    if (!isfinite(vector[k]))
      return error_set(TERN_ERROR_ARGUMENT, "vectors[%lld][%d] is %g: a finite number is needed", (long long)index, k,
                       vector[k]);
  if (hypot(hypot(vector[0], vector[1]), vector[2]) < SYSTEM_COINCIDENT)
    return error_set(TERN_ERROR_DATA, "vectors[%lld] is zero: atoms %lld and %lld are at the same place",
                     (long long)index, (long long)pair[0], (long long)pair[1]);
  return TERN_SUCCESS;
}

static int32_t system_check_pairs(int64_t n_owned, int64_t n_atoms, int64_t n_pairs, const int64_t *pairs,
                                  const double *vectors) {
  for (int64_t p = 0; p < n_pairs; ++p)
    TRY(system_check_pair(n_owned, n_atoms, p, pairs + 2 * p, vectors + 3 * p));
  return TERN_SUCCESS;
}

/* Sorted by centre, in the host's order for each. */
static int32_t system_sort_pairs(tern_system *system, int64_t n_pairs, const int64_t *pairs, const double *vectors) {
  TRY(MEMORY_NEW(NULL, &system->pair_first, system->n_owned + 2, "the pairs of a system"));
  TRY(MEMORY_NEW(NULL, &system->pair_atom, n_pairs, "the pairs of a system"));
  TRY(MEMORY_NEW(NULL, &system->pair_vectors, 3 * n_pairs, "the pairs of a system"));
  /* next[i] is where the next pair of centre i goes, and ends as the first pair of centre i + 1 */
  int64_t *next = system->pair_first + 1;
  for (int64_t p = 0; p < n_pairs; ++p)
    ++next[pairs[2 * p] + 1];
  for (int64_t i = 0; i < system->n_owned; ++i)
    next[i + 1] += next[i];
  for (int64_t p = 0; p < n_pairs; ++p) {
    const int64_t place = next[pairs[2 * p]]++;
    system->pair_atom[place] = pairs[2 * p + 1];
    memcpy(system->pair_vectors + 3 * place, vectors + 3 * p, 3 * sizeof *vectors);
  }
  return TERN_SUCCESS;
}

int32_t system_new_from_pairs(tern_system **system, int64_t n_owned, int64_t n_atoms, const int32_t *species,
                              int64_t n_pairs, const int64_t *pairs, const double *vectors, double cutoff) {
  tern_system *made = NULL;
  TRY(system_check_count("n_owned", n_owned));
  TRY(system_check_count("n_atoms", n_atoms));
  TRY(system_check_count("n_pairs", n_pairs));
  if (n_owned > n_atoms)
    return error_set(TERN_ERROR_ARGUMENT, "n_owned is %lld: at most n_atoms, %lld, is possible", (long long)n_owned,
                     (long long)n_atoms);
  if (!(cutoff > 0) || !isfinite(cutoff))
    return error_set(TERN_ERROR_ARGUMENT, "cutoff is %g: a positive finite number is needed", cutoff);
  TRY(system_check_species(n_atoms, species));
  TRY(system_check_pairs(n_owned, n_atoms, n_pairs, pairs, vectors));
  TRY(system_allocate(&made, n_owned, n_atoms, species));
  made->pair_cutoff = cutoff;
  const int32_t status = system_sort_pairs(made, n_pairs, pairs, vectors);
  if (status != TERN_SUCCESS) {
    system_free(made);
    return status;
  }
  *system = made;
  return TERN_SUCCESS;
}
