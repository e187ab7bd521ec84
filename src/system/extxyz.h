/* SPDX-License-Identifier: BSD-3-Clause */
/* Extended XYZ, read strictly: what is used is checked to the last character, and errors say file, line and column.

   A frame is a line with the number of atoms, a comment line with key=value pairs, and one line for each atom. */
#ifndef TERNION_SYSTEM_EXTXYZ_H
#define TERNION_SYSTEM_EXTXYZ_H

#include <stdbool.h>
#include <stdint.h>

#include "io/lines.h"
#include "system/tensor.h"

/* Names under which targets are looked for. */
typedef struct extxyz_keys {
  char *energy, *forces, *virial, *stress;
  char *tensor; /* or a column of vectors; NULL: neither is wanted */
} extxyz_keys;

/* One frame; arrays are kept and grow from one frame to the next. */
typedef struct extxyz_frame {
  int64_t n_atoms, capacity;
  int32_t *species;
  double *positions; /* [n_atoms][3] */
  double *forces;    /* [n_atoms][3], meaningful when has_forces */
  bool has_cell, has_energy, has_forces, has_virial;
  double cell[3][3];
  int32_t periodic[3];
  double energy;
  double virial[3][3];
  int32_t tensor_order; /* -1: there is none */
  double tensor[TENSOR_MOST];
  int64_t vector_width; /* 0: there are no vectors */
  int64_t vector_capacity;
  double *vectors; /* [n_atoms][vector_width] */
} extxyz_frame;

/* Reads the next frame; *found is false at the end of the file. */
int32_t extxyz_next(lines *lines, const extxyz_keys *keys, extxyz_frame *frame, bool *found);
void extxyz_frame_free(run *run, extxyz_frame *frame);

#endif
