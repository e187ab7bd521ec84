/* SPDX-License-Identifier: BSD-3-Clause */
/* Rotations of real spherical harmonics: matrices D with Y(O u) = D(O) Y(u), and the generators that turn by small
   angles. */
#ifndef TERNION_TRIPLET_ROTATION_H
#define TERNION_TRIPLET_ROTATION_H

#include <stdint.h>

#include "kernels/kernels.h"

/* Immutable once created. */
typedef struct rotation_table {
  int32_t l_max;
  int64_t size;                /* numbers of all D^l: sum of (2l + 1)^2, and a block behind them */
  int32_t *n_terms;            /* [lm] */
  kernel_rotation_term *terms; /* [lm][KERNEL_ROTATION_TERMS]: what makes row m of D^l */
  double *scale;               /* [lm]: of column m */
  double *ladder;              /* [l][l_max + 1]: steps of the generators from m to m + 1 */
  const kernel_table *kernels;
} rotation_table;

int32_t rotation_table_new(rotation_table **table, int32_t l_max);
void rotation_table_free(rotation_table *table);

/* D^0, D^1, ... one after the other, each [m][m'], for the rotation whose rows are the axes [3][3]. */
void rotation_matrices(const rotation_table *table, const double *axes, double *matrices);
/* rotated [lm][width] = D coefficients [lm][width], and the adjoint, added: coefficients += D^T rotated. */
void rotation_apply(const rotation_table *table, const double *matrices, int64_t width, const double *coefficients,
                    double *rotated);
void rotation_adjoint(const rotation_table *table, const double *matrices, int64_t width, const double *rotated,
                      double *coefficients);
/* Derivatives of coefficients [lm][width] when all points turn about the x and the y axis. */
void rotation_generate(const rotation_table *table, int64_t width, const double *coefficients, double *about_x,
                       double *about_y);

#endif
