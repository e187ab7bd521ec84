/* SPDX-License-Identifier: BSD-3-Clause */
/* Which Clebsch-Gordan products make the features of triplets,
     V[l l1 l2] = [rho_l (x) [Y_l1(u1) (x) Y_l2(u2)]_l]_0 = (-1)^l / sqrt(2 l +
   1) sum rho_lm C Y_l1m1 Y_l2m2, taken in two steps: the density with the first
   direction, which gives a row for each m2 of each block, then with the second
   direction. A lm is l * l + l + m. */
#ifndef TERNION_TRIPLET_COUPLING_H
#define TERNION_TRIPLET_COUPLING_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* Immutable once created. */
typedef struct coupling {
  int64_t count;                   /* blocks, ordered by l, l1, l2 */
  int32_t *l, *first_l, *second_l; /* [count] */
  int64_t n_rows;                  /* sum of 2 l2 + 1 */
  int64_t *first;                  /* [n_rows + 1] */
  kernel_term *by_direction;       /* number: lm1 of the direction, row: lm of the density */
  kernel_term *by_density;         /* the same with number: lm of the density, row: lm1 */
  int64_t *second;                 /* [count + 1] */
  kernel_term *by_second;          /* [n_rows] number: lm2, row: of the first step */
} coupling;

/* All l, l1, l2 up to l_max that couple; with `one_tag` only l1 = l, l2 = 0. */
int32_t coupling_new(coupling **made, int32_t l_max, bool one_tag);
void coupling_free(coupling *coupling);

#endif
