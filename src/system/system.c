/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures from arrays: checked, copied, shared. */
#include "system/system.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/hash.h"
#include "core/memory.h"
#include "system/lattice.h"
#include "system/system_check.h"

int32_t system_check_species(int64_t n_atoms, const int32_t *species) {
  for (int64_t i = 0; i < n_atoms; ++i)
    if (species[i] < 1 || species[i] > 118)
      return error_set(TERN_ERROR_ARGUMENT, "species[%lld] is %d: atomic numbers are 1 to 118", (long long)i,
                       species[i]);
  return TERN_SUCCESS;
}

int32_t system_check_vectors(const char *name, int64_t rows, const double *values) {
  for (int64_t i = 0; i < 3 * rows; ++i)
    if (!isfinite(values[i]))
      return error_set(TERN_ERROR_ARGUMENT, "%s[%lld][%d] is %g: a finite number is needed", name, (long long)(i / 3),
                       (int)(i % 3), values[i]);
  return TERN_SUCCESS;
}

int32_t system_check_targets(const tern_system *system, const double *energy, const double *forces,
                             const double *virial) {
  if (energy != NULL && !isfinite(*energy))
    return error_set(TERN_ERROR_ARGUMENT, "energy is %g: a finite number is needed", *energy);
  if (forces != NULL)
    TRY(system_check_vectors("forces", system->n_atoms, forces));
  return virial != NULL ? system_check_vectors("virial", 3, virial) : TERN_SUCCESS;
}

int32_t system_check_count(const char *name, int64_t count) {
  if (count < 0)
    return error_set(TERN_ERROR_ARGUMENT, "%s is %lld: 0 or more is needed", name, (long long)count);
  if (count > SYSTEM_LARGEST)
    return error_set(TERN_ERROR_MEMORY, "%s is %lld: at most %lld fit in any memory", name, (long long)count,
                     (long long)SYSTEM_LARGEST);
  return TERN_SUCCESS;
}

static int32_t system_check_cell(const double *cell, const int32_t *periodic) {
  double rows[3][3];
  for (int d = 0; d < 3; ++d) {
    if (periodic[d] != 0 && periodic[d] != 1)
      return error_set(TERN_ERROR_ARGUMENT, "periodic[%d] is %d: 0 or 1 is needed", d, periodic[d]);
    if (periodic[d] && cell == NULL)
      return error_set(TERN_ERROR_ARGUMENT,
                       "periodic[%d] is 1 but cell is NULL: a periodic direction needs its cell vector", d);
  }
  if (cell == NULL)
    return TERN_SUCCESS;
  TRY(system_check_vectors("cell", 3, cell));
  memcpy(rows, cell, sizeof rows);
  for (int i = 0; i < 9; ++i)
    if (fabs(cell[i]) > SYSTEM_LARGEST_CELL)
      return error_set(TERN_ERROR_ARGUMENT, "cell[%d][%d] is %g: at most %g Angstrom is meaningful", i / 3, i % 3,
                       cell[i], SYSTEM_LARGEST_CELL);
  if (lattice_independent(rows, periodic))
    return TERN_SUCCESS;
  if (periodic[0] && periodic[1] && periodic[2])
    return error_set(TERN_ERROR_ARGUMENT,
                     "cell has zero volume: three independent vectors are needed in a periodic structure");
  return error_set(TERN_ERROR_ARGUMENT,
                   "cell vectors of periodic directions are zero or parallel: independent ones are needed");
}

int32_t system_allocate(tern_system **system, int64_t n_owned, int64_t n_atoms, const int32_t *species) {
  tern_system *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a system"));
  made->tag = HANDLE_SYSTEM;
  made->references = 1;
  made->n_owned = n_owned;
  made->n_atoms = n_atoms;
  const int32_t status = MEMORY_NEW(NULL, &made->species, n_atoms, "the species of a system");
  if (status != TERN_SUCCESS) {
    system_free(made);
    return status;
  }
  if (n_atoms > 0)
    memcpy(made->species, species, (size_t)n_atoms * sizeof *species);
  *system = made;
  return TERN_SUCCESS;
}

int32_t system_new(tern_system **system, int64_t n_atoms, const int32_t *species, const double *positions,
                   const double *cell, const int32_t *periodic) {
  const int32_t everywhere = cell != NULL, defaults[3] = {everywhere, everywhere, everywhere};
  const int32_t *directions = periodic != NULL ? periodic : defaults;
  tern_system *made = NULL;
  TRY(system_check_count("n_atoms", n_atoms));
  TRY(system_check_species(n_atoms, species));
  TRY(system_check_vectors("positions", n_atoms, positions));
  TRY(system_check_cell(cell, directions));
  TRY(system_allocate(&made, n_atoms, n_atoms, species));
  const int32_t status = MEMORY_NEW(NULL, &made->positions, 3 * n_atoms, "the positions of a system");
  if (status != TERN_SUCCESS) {
    system_free(made);
    return status;
  }
  if (n_atoms > 0)
    memcpy(made->positions, positions, (size_t)n_atoms * 3 * sizeof *positions);
  made->has_cell = cell != NULL;
  if (cell != NULL)
    memcpy(made->cell, cell, sizeof made->cell);
  memcpy(made->periodic, directions, sizeof made->periodic);
  *system = made;
  return TERN_SUCCESS;
}

tern_system *system_share(const tern_system *system) {
  tern_system *shared = (tern_system *)(uintptr_t)system;
  atomic_fetch_add(&shared->references, 1);
  return shared;
}

void system_free(tern_system *system) {
  if (system == NULL || atomic_fetch_sub(&system->references, 1) > 1)
    return;
  system->tag = HANDLE_END(HANDLE_SYSTEM);
  memory_free(NULL, system->species);
  memory_free(NULL, system->positions);
  memory_free(NULL, system->pair_first);
  memory_free(NULL, system->pair_atom);
  memory_free(NULL, system->pair_vectors);
  memory_free(NULL, system);
}

uint64_t system_hash(uint64_t hash, const tern_system *system) {
  const size_t atoms = (size_t)system->n_atoms;
  hash = hash_bytes(hash, system->species, atoms * sizeof *system->species);
  if (system->positions != NULL)
    hash = hash_bytes(hash, system->positions, atoms * 3 * sizeof *system->positions);
  if (system->pair_first != NULL) {
    const size_t pairs = (size_t)system->pair_first[system->n_owned];
    hash = hash_bytes(hash, system->pair_first, (size_t)(system->n_owned + 1) * sizeof *system->pair_first);
    hash = hash_bytes(hash, system->pair_atom, pairs * sizeof *system->pair_atom);
    hash = hash_bytes(hash, system->pair_vectors, pairs * 3 * sizeof *system->pair_vectors);
  }
  hash = hash_bytes(hash, system->cell, sizeof system->cell);
  return hash_bytes(hash, system->periodic, sizeof system->periodic);
}

bool system_volume(const tern_system *system, double *volume) {
  if (!system->periodic[0] || !system->periodic[1] || !system->periodic[2])
    return false;
  *volume = fabs(lattice_determinant(system->cell));
  return true;
}
