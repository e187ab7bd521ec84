/* SPDX-License-Identifier: BSD-3-Clause */
/* The lattice of a structure: periodic directions as short vectors, completed to a basis of space. */
#ifndef TERNION_SYSTEM_LATTICE_H
#define TERNION_SYSTEM_LATTICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct lattice {
  double vectors[3][3];    /* rows; periodic ones first reduced to short vectors, others unit vectors across them */
  double reciprocal[3][3]; /* rows: fractional coordinate d of x is reciprocal[d] . x */
  double heights[3];       /* distance between the faces of the cell in each direction */
  bool periodic[3];
  bool any; /* is there a periodic direction? */
} lattice;

double lattice_dot(const double a[3], const double b[3]);
void lattice_cross(const double a[3], const double b[3], double product[3]);
double lattice_determinant(const double vectors[3][3]);
/* Are the periodic vectors independent? */
bool lattice_independent(const double cell[3][3], const int32_t periodic[3]);
/* The basis for a cell whose periodic vectors are independent. The same points are lattice points as before: only the
   choice of vectors changes, to the shortest (Gauss's reduction by pairs, then Semaev's step for three). */
void lattice_make(lattice *lattice, const double cell[3][3], const int32_t periodic[3]);
/* The same with the vectors as given, which bend with the cell. */
void lattice_make_as_given(lattice *lattice, const double cell[3][3], const int32_t periodic[3]);

#endif
