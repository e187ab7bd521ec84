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

/* Twice continuously differentiable. */
static void quintic(double x, double *value, double *slope) {
  *value = 1 - x * x * x * (10 + x * (6 * x - 15));
  *slope = -30 * x * x * (1 - x) * (1 - x);
}

/* h(1-x) / (h(x) + h(1-x)) with h(x) = exp(-1/x): all derivatives are continuous. Where the exponential would leave the
   range of a double, it is 0 or 1 to all digits. */
static void bump(double x, double *value, double *slope) {
  const double y = 1 - x, exponent = 1 / y - 1 / x;
  *value = exponent < 0;
  *slope = 0;
  if (!(fabs(exponent) < 600))
    return;
  const double decay = exp(-fabs(exponent)), tail = decay / (1 + decay);
  *value = exponent < 0 ? 1 - tail : tail;
  *slope = -tail / (1 + decay) * (1 / (x * x) + 1 / (y * y));
}

static const struct {
  const char *name;
  cutoff_shape shape;
} shapes[] = {{"shifted-cosine", shifted_cosine}, {"quintic", quintic}, {"bump", bump}};

#define LEAST_WIDTH 1e-6 /* of the radius: distances have about ten digits more than that */

int32_t cutoff_function_set(cutoff_function *cutoff, const char *name, double radius, double width) {
  if (!(radius > 0 && isfinite(radius)))
    return error_set(TERN_ERROR_ARGUMENT, "option cutoff: %g A is not a finite positive length", radius);
  if (!(width >= LEAST_WIDTH * radius && width <= radius))
    return error_set(TERN_ERROR_ARGUMENT,
                     "option cutoff_width: %g A is not in [%g, %g], a millionth of the cutoff to all of it", width,
                     LEAST_WIDTH * radius, radius);
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
    if (strcmp(name, shapes[k].name) == 0) {
      *cutoff = (cutoff_function){radius, width, shapes[k].shape};
      return TERN_SUCCESS;
    }
  return error_set(TERN_ERROR_ARGUMENT, "option cutoff_function: '%s' is not there", name);
}

void cutoff_function_at(const cutoff_function *cutoff, double distance, double *value, double *slope) {
  /* The difference to the radius is exact near it, however narrow the shell is. */
  const double x = 1 - (cutoff->radius - distance) / cutoff->width;
  *value = x <= 0;
  *slope = 0;
  if (x <= 0 || x >= 1)
    return;
  cutoff->shape(x, value, slope);
  *slope /= cutoff->width;
}
