/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/equivariant_basis.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/clebsch_gordan.h"

/* The Cartesian axis of m = -1, 0, 1. */
static const int axis_of[3] = {1, 2, 0};

/* One channel of order n and one more index: the rows of degree lambda. */
static int32_t couple(const equivariant_basis *from, const equivariant_channel *source, int32_t lambda,
                      equivariant_basis *to) {
  double *coefficients = NULL;
  equivariant_channel *channel = &to->channels[to->n_channels];
  const int32_t degree = source->lambda;
  channel->lambda = lambda;
  channel->sigma = (lambda + to->order) % 2 == 0 ? 1 : -1;
  channel->first = to->n_channels == 0 ? 0 : channel[-1].first + 2 * channel[-1].lambda + 1;
  to->n_channels++;
  TRY(clebsch_gordan_new(degree, 1, lambda, &coefficients));
  for (int32_t m = 0; m < 2 * lambda + 1; m++)
    for (int32_t m1 = 0; m1 < 2 * degree + 1; m1++)
      for (int32_t m2 = 0; m2 < 3; m2++)
        for (int32_t k = 0; k < from->size; k++)
          to->matrix[channel->first + m][3 * k + axis_of[m2]] +=
              coefficients[(m1 * 3 + m2) * (2 * lambda + 1) + m] * from->matrix[source->first + m1][k];
  memory_free(NULL, coefficients);
  return TERN_SUCCESS;
}

static int32_t raise_order(const equivariant_basis *from, equivariant_basis *to) {
  memset(to, 0, sizeof *to);
  to->order = from->order + 1;
  to->size = 3 * from->size;
  for (int32_t k = 0; k < from->n_channels; k++) {
    const int32_t degree = from->channels[k].lambda;
    for (int32_t lambda = abs(degree - 1); lambda <= degree + 1; lambda++)
      TRY(couple(from, &from->channels[k], lambda, to));
  }
  return TERN_SUCCESS;
}

int32_t equivariant_basis_fill(int32_t order, equivariant_basis *basis) {
  equivariant_basis *lower = NULL;
  TRY(MEMORY_NEW(NULL, &lower, 1, "the basis of a tensor"));
  *basis = (equivariant_basis){.size = 1, .n_channels = 1, .channels = {{0, 1, 0}}};
  basis->matrix[0][0] = 1;
  int32_t status = TERN_SUCCESS;
  while (status == TERN_SUCCESS && basis->order < order) {
    *lower = *basis;
    status = raise_order(lower, basis);
  }
  memory_free(NULL, lower);
  return status;
}

void equivariant_from_cartesian(const equivariant_basis *basis, const double *cartesian, double *spherical) {
  for (int32_t row = 0; row < basis->size; row++) {
    spherical[row] = 0;
    for (int32_t k = 0; k < basis->size; k++)
      spherical[row] += basis->matrix[row][k] * cartesian[k];
  }
}

void equivariant_to_cartesian(const equivariant_basis *basis, const double *spherical, double *cartesian) {
  memset(cartesian, 0, (size_t)basis->size * sizeof *cartesian);
  for (int32_t row = 0; row < basis->size; row++)
    for (int32_t k = 0; k < basis->size; k++)
      cartesian[k] += basis->matrix[row][k] * spherical[row];
}
