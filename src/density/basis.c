/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/density.h"

#include <math.h>
#include <stddef.h>

#include "core/error.h"
#include "core/memory.h"
#include "density/harmonics.h"
#include "density/radial.h"

void density_radial(const density_basis *basis, double distance, double *values, double *slopes) {
  int64_t interval;
  double weights[6], slope_weights[6];
  radial_weights(basis->radial, distance, &interval, weights, slope_weights);
  basis->kernels->interpolate(1, &interval, weights, basis->radial->knots, basis->radial_size, values);
  if (slopes)
    basis->kernels->interpolate(1, &interval, slope_weights, basis->radial->knots, basis->radial_size, slopes);
}

static void set_sizes(density_basis *basis, int32_t n_species) {
  const radial_table *radial = basis->radial;
  basis->cutoff = radial->cutoff.radius;
  basis->n_max = radial->n_max;
  basis->l_max = radial->l_max;
  basis->n_padded = radial->n_padded;
  basis->n_species = n_species;
  basis->n_harmonics = (radial->l_max + 1) * (radial->l_max + 1);
  basis->radial_size = radial->size;
  basis->channel_size = (int64_t)basis->n_harmonics * basis->n_padded;
  basis->size = basis->channel_size * n_species;
}

/* What the centre itself adds to the l = 0 row of its own species: a neighbour at r = 0, where the cutoff function
 * is 1. */
static int32_t set_center(density_basis *basis) {
  double *values = NULL;
  TRY(MEMORY_NEW(NULL, &basis->center, basis->n_padded, "density basis"));
  TRY(MEMORY_NEW(NULL, &values, basis->radial_size, "density basis"));
  density_radial(basis, 0, values, NULL);
  for (int32_t n = 0; n < basis->n_max; n++)
    basis->center[n] = basis->center_weight * values[n] * basis->harmonics->start[0];
  memory_free(NULL, values);
  return TERN_SUCCESS;
}

static int32_t build(density_basis *basis, const tern_options *options, int32_t n_species) {
  TRY(kernels_get(&basis->kernels));
  TRY(options_real(options, "center_weight", &basis->center_weight));
  TRY(radial_table_new(&basis->radial, options));
  set_sizes(basis, n_species);
  TRY(harmonics_table_new(&basis->harmonics, basis->l_max));
  return set_center(basis);
}

int32_t density_basis_new(density_basis **basis, const tern_options *options, int32_t n_species) {
  density_basis *created = NULL;
  TRY(MEMORY_NEW(NULL, &created, 1, "density basis"));
  const int32_t status = build(created, options, n_species);
  if (status == TERN_SUCCESS)
    *basis = created;
  else
    density_basis_free(created);
  return status;
}

void density_basis_free(density_basis *basis) {
  if (!basis)
    return;
  radial_table_free(basis->radial);
  harmonics_table_free(basis->harmonics);
  memory_free(NULL, basis->center);
  memory_free(NULL, basis);
}
