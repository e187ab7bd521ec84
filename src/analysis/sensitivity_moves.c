/* SPDX-License-Identifier: BSD-3-Clause */
/* The atoms that move, and the rigid ones among their moves. */
#include <math.h>
#include <string.h>

#include "analysis/isometry.h"
#include "analysis/sensitivity.h"
#include "core/error.h"
#include "core/memory.h"

/* A move shorter than this, beside what it was before the others were taken out, is none of its own. */
#define MOVES_LEAST 1e-6

/* The axes about which a rotation is one of the atoms: any; the direction of what must stay; or none, when that has two
   directions. */
typedef struct moves_axes {
  double stays[3]; /* of length 1, or zero */
  bool none;
} moves_axes;

/* A vector that no rotation may change. */
static void axes_keep(moves_axes *axes, const double *vector) {
  const double length = isometry_length(vector);
  double across[3], unit[3];
  if (length < MOVES_LEAST)
    return;
  for (int a = 0; a < 3; a++)
    unit[a] = vector[a] / length;
  isometry_cross(axes->stays, unit, across);
  if (isometry_length(axes->stays) == 0)
    memcpy(axes->stays, unit, sizeof unit);
  else if (isometry_length(across) > MOVES_LEAST)
    axes->none = true;
}

void sensitivity_take_out_rigid(const sensitivity_moves *moves, double *move) {
  const int64_t size = 3 * moves->moving;
  for (int64_t k = 0; k < moves->n_rigid; k++) {
    const double *rigid = moves->rigid + k * size;
    double along = 0;
    for (int64_t i = 0; i < size; i++)
      along += rigid[i] * move[i];
    for (int64_t i = 0; i < size; i++)
      move[i] -= along * rigid[i];
  }
}

/* Takes the rigid moves found so far out of the next one, and keeps what is left of it, unless that is nothing. */
static void rigid_add(sensitivity_moves *moves) {
  const int64_t size = 3 * moves->moving;
  double *next = moves->rigid + moves->n_rigid * size, before = 0, left = 0;
  for (int64_t i = 0; i < size; i++)
    before += next[i] * next[i];
  for (int pass = 0; pass < 2; pass++)
    sensitivity_take_out_rigid(moves, next);
  for (int64_t i = 0; i < size; i++)
    left += next[i] * next[i];
  if (before == 0 || sqrt(left) <= MOVES_LEAST * sqrt(before))
    return;
  for (int64_t i = 0; i < size; i++)
    next[i] /= sqrt(left);
  moves->n_rigid++;
}

static void rigid_translations(sensitivity_moves *moves) {
  for (int a = 0; a < 3; a++) {
    double *next = moves->rigid + moves->n_rigid * 3 * moves->moving;
    for (int64_t i = 0; i < moves->moving; i++)
      for (int b = 0; b < 3; b++)
        next[3 * i + b] = a == b;
    rigid_add(moves);
  }
}

/* points [moving][3], from the centre of the rotations. The longest rotation goes first, so that what is left of the
   others is told from nothing beside it. */
static void rigid_rotations(sensitivity_moves *moves, const moves_axes *axes, const double *points) {
  const bool any = isometry_length(axes->stays) == 0;
  double scale = 0;
  for (int64_t i = 0; i < 3 * moves->moving; i++)
    scale = fmax(scale, fabs(points[i]));
  for (int n = 0; n < (axes->none ? 0 : any ? 3 : 1); n++) {
    double *next = moves->rigid + moves->n_rigid * 3 * moves->moving, size = 0;
    const double axis[3] = {any ? n == 0 : axes->stays[0], any ? n == 1 : axes->stays[1],
                            any ? n == 2 : axes->stays[2]};
    for (int64_t i = 0; i < moves->moving; i++) {
      isometry_cross(axis, points + 3 * i, next + 3 * i);
      size = fmax(size, isometry_length(next + 3 * i));
    }
    if (size > MOVES_LEAST * scale)
      rigid_add(moves);
  }
}

/* ---- a whole structure ---- */

static int32_t structure_points(run *run, const tern_system *system, double **points) {
  double middle[3] = {0, 0, 0};
  TRY(MEMORY_NEW(run, points, 3 * system->n_atoms, "positions"));
  for (int64_t i = 0; i < 3 * system->n_atoms; i++)
    middle[i % 3] += system->positions[i] / (double)system->n_atoms;
  for (int64_t i = 0; i < 3 * system->n_atoms; i++)
    (*points)[i] = system->positions[i] - middle[i % 3];
  return TERN_SUCCESS;
}

static int32_t moves_of_structure(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  sensitivity_moves *moves) {
  double *points = NULL;
  moves_axes axes = {0};
  if (system->positions == NULL)
    return error_set(TERN_ERROR_DATA, "a system made from pairs has no positions to move together; name a centre, "
                                      "and its environment is looked at");
  moves->range = descriptor_all_centers(descriptor, system);
  TRY(descriptor_shape_range(descriptor, run, system, moves->range, NULL, NULL)); /* species and centres suit */
  moves->moving = system->n_atoms;
  TRY(MEMORY_NEW(run, &moves->atom, moves->moving, "moving atoms"));
  TRY(MEMORY_NEW(run, &moves->rigid, 7 * 3 * moves->moving, "rigid moves"));
  for (int64_t i = 0; i < moves->moving; i++)
    moves->atom[i] = moves->place[i] = i;
  for (int k = 0; k < 3; k++)
    if (system->periodic[k])
      axes_keep(&axes, system->cell[k]);
  TRY(structure_points(run, system, &points));
  rigid_translations(moves);
  rigid_rotations(moves, &axes, points);
  memory_free(run, points);
  return TERN_SUCCESS;
}

/* ---- one environment ---- */

/* Numbers the distinct neighbours but for the centre; points [moving][3] are where their first images are. All images
   of an atom move alike, so a rotation must not change what is between them. */
static void moves_number(const environments *made, sensitivity_moves *moves, moves_axes *axes, double *points) {
  const neighbours *list = &made->neighbours;
  for (int64_t pair = 0; pair < list->first[1]; pair++) {
    const int64_t atom = list->atom[pair];
    const double *vector = list->vectors + 3 * pair;
    double between[3];
    if (atom == made->centers[0]) {
      axes_keep(axes, vector);
      continue;
    }
    if (moves->place[atom] < 0) {
      moves->atom[moves->moving] = atom;
      memcpy(points + 3 * moves->moving, vector, 3 * sizeof *points);
      moves->place[atom] = moves->moving++;
    }
    for (int a = 0; a < 3; a++)
      between[a] = vector[a] - points[3 * moves->place[atom] + a];
    axes_keep(axes, between);
  }
}

static int32_t moves_of_environment(run *run, const environments *made, sensitivity_moves *moves) {
  double *points = NULL;
  moves_axes axes = {0};
  const int64_t most = made->neighbours.first[1];
  TRY(MEMORY_NEW(run, &moves->atom, most, "moving atoms"));
  TRY(MEMORY_NEW(run, &moves->rigid, 4 * 3 * most, "rigid moves"));
  TRY(MEMORY_NEW(run, &points, 3 * most, "positions"));
  moves_number(made, moves, &axes, points);
  rigid_rotations(moves, &axes, points);
  memory_free(run, points);
  return TERN_SUCCESS;
}

static int32_t moves_fill(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t center,
                          sensitivity_moves *moves) {
  environments made;
  moves->n_atoms = system->n_atoms;
  TRY(descriptor_ready(descriptor));
  TRY(MEMORY_NEW(run, &moves->place, system->n_atoms, "moving atoms"));
  if (center < 0)
    return moves_of_structure(descriptor, run, system, moves);
  for (int64_t i = 0; i < system->n_atoms; i++)
    moves->place[i] = -1;
  moves->range = (center_range){center, 1};
  TRY(environments_build_range(descriptor, run, system, moves->range, &made));
  const int32_t status = moves_of_environment(run, &made, moves);
  environments_free(run, &made);
  return status;
}

int32_t sensitivity_moves_new(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t center,
                              sensitivity_moves *moves) {
  const int64_t centers = descriptor_count_centers(descriptor, system);
  if (center < -1 || center >= centers)
    return error_set(TERN_ERROR_ARGUMENT,
                     "argument 'center' is %lld; valid are -1 (the whole structure) and the numbers of its %lld "
                     "centres, from 0",
                     (long long)center, (long long)centers);
  *moves = (sensitivity_moves){0};
  const int32_t status = moves_fill(descriptor, run, system, center, moves);
  if (status != TERN_SUCCESS)
    sensitivity_moves_free(run, moves);
  return status;
}

void sensitivity_moves_free(run *run, sensitivity_moves *moves) {
  memory_free(run, moves->place);
  memory_free(run, moves->atom);
  memory_free(run, moves->rigid);
  *moves = (sensitivity_moves){0};
}

int64_t sensitivity_directions(const sensitivity_moves *moves) {
  return 3 * moves->moving - moves->n_rigid;
}
