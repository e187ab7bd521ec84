/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutoff functions: 1 inside, falling smoothly to 0 at the cutoff. */
#ifndef TERNION_DENSITY_CUTOFF_H
#define TERNION_DENSITY_CUTOFF_H

#include <stdint.h>

/* Value and derivative on the way from 1 to 0, for 0 <= x <= 1. */
typedef void (*cutoff_shape)(double x, double *value, double *slope);

typedef struct cutoff_function {
  double radius, width;
  cutoff_shape shape;
} cutoff_function;

/* Refuses a name that is not there and a width that is not in [1e-6 radius, radius]. */
int32_t cutoff_function_set(cutoff_function *cutoff, const char *name, double radius, double width);
void cutoff_function_at(const cutoff_function *cutoff, double distance, double *value, double *slope);

#endif
