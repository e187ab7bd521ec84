/* SPDX-License-Identifier: BSD-3-Clause */
/* Radial functions `gto`: neighbours smeared to Gaussians of width sigma, on an orthonormal basis of x^k exp(-d_k x^2),
   the same for every l. Evaluated directly; everything else goes through the tables of density/radial.h. */
#ifndef TERNION_DENSITY_GTO_H
#define TERNION_DENSITY_GTO_H

#include <stdint.h>

typedef struct gto gto;

int32_t gto_new(gto **basis, double cutoff, double sigma, int32_t n_max, int32_t l_max);
void gto_free(void *basis);
/* Without cutoff function: values [3][l_max + 1][n_padded], the function and two derivatives; padding is left alone. */
void gto_evaluate(const void *basis, double distance, int32_t n_padded, double *values);

#endif
