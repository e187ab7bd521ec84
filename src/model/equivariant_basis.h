/* SPDX-License-Identifier: BSD-3-Clause */
/* Cartesian tensors taken apart into spherical ones. A tensor of order n is a sum of channels, each of 2 lambda + 1
   numbers that rotate like real spherical harmonics: e_a (x) e_b (x) ... is coupled from the left with real
   Clebsch-Gordan coefficients, 1 x 1 -> l_2, l_2 x 1 -> l_3. The tensors are polar: a reflection through the origin
   multiplies them by (-1)^order, so a channel has sigma = (-1)^(lambda + order) (1: as Y_lm). */
#ifndef TERNION_MODEL_EQUIVARIANT_BASIS_H
#define TERNION_MODEL_EQUIVARIANT_BASIS_H

#include "system/tensor.h"

enum { EQUIVARIANT_MOST_CHANNELS = 7 };

typedef struct equivariant_channel {
  int32_t lambda, sigma;
  int32_t first; /* of its 2 lambda + 1 numbers, m = -lambda .. lambda */
} equivariant_channel;

typedef struct equivariant_basis {
  int32_t order, size, n_channels; /* size: 3^order */
  equivariant_channel channels[EQUIVARIANT_MOST_CHANNELS];
  double matrix[TENSOR_MOST][TENSOR_MOST]; /* orthogonal, [spherical][Cartesian, row-major] */
} equivariant_basis;

int32_t equivariant_basis_fill(int32_t order, equivariant_basis *basis);
/* Sets size numbers. */
void equivariant_from_cartesian(const equivariant_basis *basis, const double *cartesian, double *spherical);
void equivariant_to_cartesian(const equivariant_basis *basis, const double *spherical, double *cartesian);

#endif
