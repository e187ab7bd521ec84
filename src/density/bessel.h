/* SPDX-License-Identifier: BSD-3-Clause */
/* Radial functions `bessel`: atoms are points, and the spherical Bessel
   functions that vanish at the cutoff, orthonormal in the ball for each l.
   Evaluated directly; everything else goes through the tables of
   density/radial.h. */
#ifndef TERNION_DENSITY_BESSEL_H
#define TERNION_DENSITY_BESSEL_H

#include <stdint.h>

typedef struct bessel bessel;

int32_t bessel_new(bessel **basis, double cutoff, int32_t n_max, int32_t l_max);
void bessel_free(void *basis);
/* Without cutoff function: values [3][l_max + 1][n_padded], the function and
 * two derivatives; padding is left alone. */
void bessel_evaluate(const void *basis, double distance, int32_t n_padded, double *values);

#endif
