/* SPDX-License-Identifier: BSD-3-Clause */
/* cc degenerate_pair.c $(pkg-config --cflags --libs ternion) -lm */
/* Two different structures that share every correlation of an atom with up to three neighbours, and what tells them
   apart. Seven of eight boron atoms are common to both; the last lies above the others in one structure and below in
   the other. J. Nigam et al., APL Mach. Learn. 2, 016110 (2024), describe the family. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <ternion.h>

#define HEIGHT 0.7060335853575548

static void check(int32_t status) {
  if (status == TERN_SUCCESS) return;
  char message[512];
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "%s\n", message);
  exit(1);
}

static tern_system *structure(double side) {
  const int32_t species[8] = {5, 5, 5, 5, 5, 5, 5, 5};
  const double positions[8][3] = {{0, 0, 0},
                                  {1.599296086168019, 0, HEIGHT},
                                  {0.957339572573, 1.281112373689, HEIGHT},
                                  {-1.579425610692, 0.251321928055, HEIGHT},
                                  {-0.510970726388, 1.515472496618, -HEIGHT},
                                  {-1.519833059821, 0.497850822543, -HEIGHT},
                                  {0.266472722277, -1.576940157240, -HEIGHT},
                                  {0, 0, side * 1.684341693074819}};
  tern_system *system = NULL;
  check(tern_system_new(&system, 8, species, positions[0], NULL, NULL));
  return system;
}

/* Features, or their squares times the weights of the rows, summed over the rows; the caller frees. */
static double *summed(const tern_descriptor *descriptor, const tern_system *system, int squares, int64_t *features) {
  int64_t rows;
  check(tern_descriptor_shape(descriptor, system, &rows, features));
  double *values = malloc(sizeof *values * (size_t)(rows * *features));
  double *weights = malloc(sizeof *weights * (size_t)rows);
  double *sum = calloc((size_t)*features, sizeof *sum);
  check(tern_descriptor_compute(descriptor, system, values));
  check(tern_descriptor_weights(descriptor, system, weights)); /* let a neighbour leave smoothly */
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < *features; k++) {
      const double value = values[row * *features + k];
      sum[k] += squares ? weights[row] * value * value : value;
    }
  free(values);
  free(weights);
  return sum;
}

/* The largest difference between both structures, relative to the largest feature. */
static double difference(const char *name, const char *kind, const tern_options *options, int squares) {
  tern_descriptor *descriptor = NULL;
  tern_system *above = structure(1), *below = structure(-1);
  int64_t features;
  double apart = 0, largest = 0;
  check(tern_descriptor_new(&descriptor, kind, options));
  double *first = summed(descriptor, above, squares, &features);
  double *second = summed(descriptor, below, squares, &features);
  for (int64_t k = 0; k < features; k++) {
    apart = fmax(apart, fabs(first[k] - second[k]));
    largest = fmax(largest, fmax(fabs(first[k]), fabs(second[k])));
  }
  printf("%-36s %5lld features, they differ by %.0e\n", name, (long long)features, apart / largest);
  free(first);
  free(second);
  tern_system_free(above);
  tern_system_free(below);
  tern_descriptor_free(descriptor);
  return apart / largest;
}

int main(void) {
  static const char *const settings[][2] = {{"species", "B"},        {"centers", "0"}, {"cutoff", "2"},
                                            {"cutoff_width", "0.1"}, {"n_max", "6"},   {"l_max", "3"},
                                            {"sigma", "0.2"}};
  tern_options *options = NULL;
  double blind = 0;
  check(tern_options_new(&options));
  for (int k = 0; k < 7; k++) check(tern_options_set(options, settings[k][0], settings[k][1]));
  /* Triplets have no order, so a function of each is summed over all of them: the square. (The plain sum is nu = 3.) */
  const double seen = difference("triplet frames, squared and summed", "frames", options, 1);
  for (int nu = 2; nu <= 3; nu++) {
    char name[40];
    check(tern_options_set_int(options, "nu_min", nu));
    check(tern_options_set_int(options, "nu_max", nu));
    snprintf(name, sizeof name, "atom 0 and %d neighbours (nu = %d)", nu, nu);
    blind = fmax(blind, difference(name, "correlations", options, 0));
  }
  tern_options_free(options);
  return blind < 1e-10 && seen > 1e-4 ? 0 : 1;
}
