/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour density of one centre in radial functions and spherical harmonics, with its derivatives: the basis that
   a descriptor keeps, and the expansion of one environment that a call keeps in its scratch. */
#ifndef TERNION_DENSITY_DENSITY_H
#define TERNION_DENSITY_DENSITY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/options.h"
#include "density/kind.h"
#include "kernels/kernels.h"

struct radial_table;    /* density/radial.h */
struct harmonics_table; /* density/harmonics.h */

/* Immutable once created, shared by threads. (l, m) is counted as l * l + l + m. Rows of n are padded with zeros to
   n_padded, a multiple of the kernels' block, so that every row starts on a 64-byte line. */
typedef struct density_basis {
  double cutoff, center_weight;
  int32_t n_max, l_max, n_species;
  int32_t n_padded;
  int32_t n_harmonics;  /* (l_max + 1)^2 */
  int64_t radial_size;  /* (l_max + 1) * n_padded: radial functions of one distance */
  int64_t channel_size; /* n_harmonics * n_padded: coefficients of one species */
  int64_t size;         /* n_species * channel_size: coefficients of one centre, padded */
  struct radial_table *radial;
  struct harmonics_table *harmonics;
  double *center; /* [n_padded]: center_weight * R_n0(0) Y_00 */
  const kernel_table *kernels;
} density_basis;

/* Reads cutoff, cutoff_function, cutoff_width, radial_basis, n_max, l_max, sigma, center_weight, spline_error. */
int32_t density_basis_new(density_basis **basis, const tern_options *options, int32_t n_species);
void density_basis_free(density_basis *basis);

/* R_nl(r), and its derivative unless `slopes` is NULL, as [l][n_padded]; zero from the cutoff on. Arrays 64-byte
 * aligned. */
void density_radial(const density_basis *basis, double distance, double *values, double *slopes);

/* One environment, evaluated. Neighbours are grouped by species: `place` p holds the environment's neighbour order[p],
   and those of species a are the places first[a] .. first[a + 1] - 1. Everything lies in the scratch that holds this
   struct. */
typedef struct density_expansion {
  int64_t n_neighbours;
  int64_t stride;             /* length of a row over places: at least n_neighbours, a multiple of 8 */
  bool has_derivatives;       /* the arrays marked * below are filled */
  int64_t *order, *place;     /* [n_neighbours]: of a place its neighbour; of a neighbour its place */
  int64_t *first;             /* [n_species + 1] */
  int64_t *interval;          /* [stride]: where the distances lie in the table */
  double *weights;            /* [2][stride][6]: weights of the table's rows, for functions and slopes */
  double *unit;               /* [3][stride]: x, y, z of the directions */
  double *distance, *inverse; /* [stride]: r, 1/r */
  double *radial;             /* [place][l][n_padded]: R_nl */
  double *radial_slope;       /* [place][l][n_padded]: dR_nl/dr * */
  double *harmonics;          /* [lm][stride]: Y_lm */
  double *harmonics_gradient; /* [3][lm][stride]: d Y_lm / d vector, 1/r included * */
  double *coefficients;       /* [species][lm][n_padded] */
  double *lanes;              /* [3][stride]: space of density_adjoint */
  double *turned;             /* [2][lm][stride]: space of density_tangent */
} density_expansion;

/* Bytes of scratch (64-byte aligned) for environments of up to n_neighbours. */
int64_t density_scratch(const density_basis *basis, int64_t n_neighbours);
/* Coefficients of the environment with radial functions and harmonics, at the beginning of `scratch`. */
density_expansion *density_expand(const density_basis *basis, const environment *environment, void *scratch);
/* Fills what has_derivatives promises, unless it is there already; density_adjoint and density_tangent do it
 * themselves. */
void density_differentiate(const density_basis *basis, density_expansion *expansion);
/* Adds to gradient [n_neighbours][3] (the environment's order) d / d vectors of sum(weights * coefficients); weights
   [species][lm][n_padded], zero in the padding. */
void density_adjoint(const density_basis *basis, density_expansion *expansion, const double *weights, double *gradient);
/* Derivative of the coefficients, [species][lm][n_padded], along directions [n_neighbours][3]. */
void density_tangent(const density_basis *basis, density_expansion *expansion, const double *directions,
                     double *derivative);
/* Adds `weight` times the derivative with respect to one component of the vector to the neighbour at a place, R' u Y +
   R dY in its own channel, to rows lm of n_max numbers, `stride` apart; after density_differentiate. */
void density_add_slope(const density_basis *basis, const density_expansion *expansion, int64_t place, int axis,
                       double weight, int64_t stride, double *rows);

#endif
