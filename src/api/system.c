/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/system.h"

#include <string.h>

#include "api/bodies.h"
#include "core/error.h"
#include "system/neighbours.h"

int32_t api_system_new(tern_system **system, int64_t n_atoms, const int32_t *species, const double *positions,
                       const double *cell, const int32_t *periodic) {
  return system_new(system, n_atoms, species, positions, cell, periodic);
}

int32_t api_system_new_from_pairs(tern_system **system, int64_t n_owned, int64_t n_atoms, const int32_t *species,
                                  int64_t n_pairs, const int64_t *pairs, const double *vectors, double cutoff) {
  return system_new_from_pairs(system, n_owned, n_atoms, species, n_pairs, pairs, vectors, cutoff);
}

int32_t api_system_free(tern_system *system) {
  system_free(system);
  return TERN_SUCCESS;
}

int32_t api_system_size(const tern_system *system, int64_t *n_atoms, int64_t *n_owned) {
  *n_atoms = system->n_atoms;
  if (n_owned)
    *n_owned = system->n_owned;
  return TERN_SUCCESS;
}

int32_t api_system_species(const tern_system *system, int32_t *species) {
  if (system->n_atoms > 0)
    memcpy(species, system->species, (size_t)system->n_atoms * sizeof *species);
  return TERN_SUCCESS;
}

int32_t api_system_positions(const tern_system *system, double *positions) {
  if (!system->positions)
    return error_set(TERN_ERROR_MISSING, "a system made from pairs has no positions");
  if (system->n_atoms > 0)
    memcpy(positions, system->positions, (size_t)system->n_atoms * 3 * sizeof *positions);
  return TERN_SUCCESS;
}

int32_t api_system_cell(const tern_system *system, double *cell, int32_t *periodic) {
  for (int i = 0; i < 9; i++)
    cell[i] = system->has_cell ? system->cell[i / 3][i % 3] : 0;
  memcpy(periodic, system->periodic, sizeof system->periodic);
  return TERN_SUCCESS;
}

static int32_t system_neighbours(const tern_system *system, double cutoff, run *run, neighbours *list) {
  if (!(cutoff > 0))
    return error_set(TERN_ERROR_ARGUMENT, "argument 'cutoff' is %g; it must be above 0", cutoff);
  TRY(run_init(run, NULL, NULL, NULL));
  return neighbours_build(run, system, cutoff, 0, NULL, list);
}

int32_t api_system_pairs_count(const tern_system *system, double cutoff, int64_t *n_pairs) {
  run run;
  neighbours list = {0};
  TRY(system_neighbours(system, cutoff, &run, &list));
  *n_pairs = list.first[list.n_centers];
  neighbours_free(&run, &list);
  return TERN_SUCCESS;
}

int32_t api_system_pairs(const tern_system *system, double cutoff, int64_t *pairs, double *vectors) {
  run run;
  neighbours list = {0};
  TRY(system_neighbours(system, cutoff, &run, &list));
  for (int64_t center = 0; center < list.n_centers; center++)
    for (int64_t pair = list.first[center]; pair < list.first[center + 1]; pair++) {
      pairs[2 * pair] = center;
      pairs[2 * pair + 1] = list.atom[pair];
    }
  if (list.first[list.n_centers] > 0)
    memcpy(vectors, list.vectors, (size_t)list.first[list.n_centers] * 3 * sizeof *vectors);
  neighbours_free(&run, &list);
  return TERN_SUCCESS;
}
