/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/cutoff.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"

#define PI 3.14159265358979323846

static void shifted_cosine(double x, double *value, double *slope) {
  *value = 0.5 * (1 + cos(PI * x));
  *slope = -0.5 * PI * sin(PI * x);
}

static const struct {
  const char *name;
  cutoff_shape shape;
} shapes[] = {{"shifted-cosine", shifted_cosine}};

int32_t cutoff_function_set(cutoff_function *cutoff, const char *name, double radius, double width) {
  if (!(radius > 0 && isfinite(radius)))
    return error_set(TERN_ERROR_ARGUMENT, "option cutoff: %g A is not a finite positive length", radius);
  if (!(width > 0 && width <= radius))
    return error_set(TERN_ERROR_ARGUMENT, "option cutoff_width: %g A is not in (0, %g], 0 excluded, cutoff included",
                     width, radius);
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
    if (strcmp(name, shapes[k].name) == 0) {
      *cutoff = (cutoff_function){radius, width, shapes[k].shape};
      return TERN_SUCCESS;
    }
  return error_set(TERN_ERROR_ARGUMENT, "option cutoff_function: '%s' is not one of: shifted-cosine", name);
}

void cutoff_function_at(const cutoff_function *cutoff, double distance, double *value, double *slope) {
  const double x = (distance - (cutoff->radius - cutoff->width)) / cutoff->width;
  *value = x <= 0;
  *slope = 0;
  if (x <= 0 || x >= 1)
    return;
  cutoff->shape(x, value, slope);
  *slope /= cutoff->width;
}
