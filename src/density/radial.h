/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of radial functions: quintic Hermite splines (twice continuously differentiable) whose error against the
   direct evaluation is below a bound, and that of their derivatives below 1000 bounds per cutoff, and the cutoff
   function, which multiplies them analytically, because its second derivative may jump. */
#ifndef TERNION_DENSITY_RADIAL_H
#define TERNION_DENSITY_RADIAL_H

#include <stdint.h>

#include "core/options.h"
#include "density/cutoff.h"

/* A basis as the table sees it: values [3][l_max + 1][n_padded], functions and two derivatives, padding left alone. */
typedef struct radial_source {
  void *basis;
  void (*evaluate)(const void *basis, double distance, int32_t n_padded, double *values);
  void (*free)(void *basis);
} radial_source;

typedef struct radial_table {
  cutoff_function cutoff;
  int32_t n_max, l_max, n_padded;
  int64_t size; /* (l_max + 1) * n_padded */
  int64_t n_intervals;
  double step, inverse_step;
  double *knots;             /* [n_intervals + 1][3][l][n_padded]: value, step * slope, step^2 * curvature */
  double error, slope_error; /* largest found against the direct evaluation, without cutoff function */
} radial_table;

/* Reads cutoff, cutoff_function, cutoff_width, radial_basis, n_max, l_max, sigma, spline_error. */
int32_t radial_table_new(radial_table **table, const tern_options *options);
void radial_table_free(radial_table *table);

/* The basis that the options name, for direct evaluation. */
int32_t radial_source_new(radial_source *source, const tern_options *options);

/* Where a distance lies, and the weights of the interval's six rows (3 * interval ... of the knots) for the functions
   and for their derivatives, cutoff function included; `slopes` may be NULL. */
void radial_weights(const radial_table *table, double distance, int64_t *interval, double weights[6], double slopes[6]);

/* False for an option that the radial basis at hand has no use for, and refuses. */
bool radial_reads(const tern_options *options, const char *key);

#endif
