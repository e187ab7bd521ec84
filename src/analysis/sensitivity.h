/* SPDX-License-Identifier: BSD-3-Clause */
/* What a descriptor sees, to first order: singular values of the derivative of all its rows with respect to the moves
   of atoms that change the structure's shape, that is, all moves but the rigid ones. */
#ifndef TERNION_ANALYSIS_SENSITIVITY_H
#define TERNION_ANALYSIS_SENSITIVITY_H

#include "core/run.h"
#include "descriptor/descriptor.h"

/* Which atoms move, and along which directions nothing changes. Of a whole structure all atoms move, and the rigid
   moves are translations and those rotations that leave the cell; of one environment its distinct neighbours move about
   the fixed centre, and the rigid moves are rotations about it. */
typedef struct sensitivity_moves {
  center_range range; /* the centres whose rows count */
  int64_t n_atoms;    /* of the system */
  int64_t moving;     /* atoms that move */
  int64_t *place;     /* [n_atoms]: number among those that move, or -1 */
  int64_t *atom;      /* [moving]: the other way */
  int64_t n_rigid;    /* independent rigid moves */
  double *rigid;      /* [n_rigid][3 moving], orthonormal */
} sensitivity_moves;

/* center -1: the whole structure; else the number of a centre. */
int32_t sensitivity_moves_new(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t center,
                              sensitivity_moves *moves);
void sensitivity_moves_free(run *run, sensitivity_moves *moves);
/* What is left of a move [3 moving] without its rigid part. */
void sensitivity_take_out_rigid(const sensitivity_moves *moves, double *move);
/* Moves that change the shape: 3 moving - n_rigid. */
int64_t sensitivity_directions(const sensitivity_moves *moves);

/* singular [directions], falling, 1/Angstrom or whatever the features have; vectors [directions][n_atoms][3], of length
   1, or NULL. */
int32_t sensitivity_solve(const tern_descriptor *descriptor, run *run, const tern_system *system,
                          const sensitivity_moves *moves, double *singular, double *vectors);

#endif
