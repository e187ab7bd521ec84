/* SPDX-License-Identifier: BSD-3-Clause */
/* cc descriptor_gradient.c $(pkg-config --cflags --libs ternion) -lm */
/* Features of a water molecule, their labels, and the gradient of one of them checked against a finite difference. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <ternion.h>

static void check(int32_t status) {
  if (status == TERN_SUCCESS) return;
  char message[512];
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "%s\n", message);
  exit(1);
}

static tern_system *water(double z) {
  const int32_t species[3] = {8, 1, 1};
  const double positions[9] = {0, 0, 0.12 + z, 0, 0.76, -0.47, 0, -0.76, -0.47};
  tern_system *system = NULL;
  check(tern_system_new(&system, 3, species, positions, NULL, NULL));
  return system;
}

/* The features of the first row, in an array that the caller frees. */
static double *features(const tern_descriptor *descriptor, double z, int64_t *rows, int64_t *columns) {
  tern_system *system = water(z);
  check(tern_descriptor_shape(descriptor, system, rows, columns));
  double *values = malloc(sizeof *values * (size_t)(*rows * *columns));
  check(tern_descriptor_compute(descriptor, system, values));
  tern_system_free(system);
  return values;
}

int main(void) {
  tern_options *options = NULL;
  tern_descriptor *descriptor = NULL;
  const int64_t species[2] = {1, 8};
  const double step = 1e-4;
  int64_t rows, columns, length;
  check(tern_options_new(&options));
  check(tern_options_set_ints(options, "species", 2, species));
  check(tern_options_set_double(options, "cutoff", 3.0));
  check(tern_options_set_int(options, "n_max", 4));
  check(tern_options_set_int(options, "l_max", 3));
  check(tern_descriptor_new(&descriptor, "power_spectrum", options));

  double *ahead = features(descriptor, step, &rows, &columns), *behind = features(descriptor, -step, &rows, &columns);
  double *weights = calloc((size_t)(rows * columns), sizeof *weights), gradient[3][3];
  weights[0] = 1; /* the first feature of the first row, the oxygen */
  tern_system *system = water(0.0);
  check(tern_descriptor_pullback(descriptor, system, weights, gradient[0], NULL));
  const double numeric = (ahead[0] - behind[0]) / (2 * step);
  check(tern_descriptor_labels(descriptor, NULL, 0, &length));
  printf("%lld rows, %lld features, labels of %lld bytes; d/dz %.10f, by differences %.10f\n", (long long)rows,
         (long long)columns, (long long)length, gradient[0][2], numeric);

  free(weights);
  free(behind);
  free(ahead);
  tern_system_free(system);
  tern_descriptor_free(descriptor);
  tern_options_free(options);
  return fabs(numeric) > 1e-3 && fabs(gradient[0][2] - numeric) < 1e-6 ? 0 : 1;
}
