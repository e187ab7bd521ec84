/* SPDX-License-Identifier: BSD-3-Clause */
/* Constants of the recursion for real spherical harmonics, orthonormal, without the Condon-Shortley phase. */
#ifndef TERNION_DENSITY_HARMONICS_H
#define TERNION_DENSITY_HARMONICS_H

#include <stdint.h>

/* With q_lm(z) the m-th derivative of the Legendre polynomial P_l times the norm of Y_lm:
   q_mm = start[m],  q_lm = a z q_(l-1)m - b q_(l-2)m,  dq_lm/dz = c q_l(m+1),
   a, b, c in steps, one triple for each l = m .. l_max of each m. */
typedef struct harmonics_table {
  int32_t l_max;
  double *start; /* [l_max + 1] */
  double *steps; /* [m][l - m][3] */
} harmonics_table;

int32_t harmonics_table_new(harmonics_table **table, int32_t l_max);
void harmonics_table_free(harmonics_table *table);

#endif
