/* SPDX-License-Identifier: BSD-3-Clause */
/* Systems and descriptors for tests of the descriptor room and of kinds seen through it. */
#ifndef TERNION_TEST_DESCRIBED_H
#define TERNION_TEST_DESCRIBED_H

#include "golden.h"

#include "descriptor/descriptor.h"

static inline run described_run(int32_t threads) {
  run made;
  ASSERT_SUCCESS(run_init(&made, NULL, NULL, NULL));
  made.threads = threads;
  return made;
}

/* Options from "key value" strings, ended by NULL. */
static inline tern_options *described_options(const char *const *settings) {
  tern_options *options = NULL;
  ASSERT_SUCCESS(options_new(&options));
  for (; settings != NULL && *settings != NULL; settings++) {
    char key[64];
    int length = 0;
    assert_int_equal(sscanf(*settings, "%63s %n", key, &length), 1);
    ASSERT_SUCCESS(options_set(options, key, *settings + length));
  }
  return options;
}

static inline tern_descriptor *described_new(const char *kind, const char *const *settings) {
  tern_descriptor *descriptor = NULL;
  tern_options *options = described_options(settings);
  ASSERT_SUCCESS(descriptor_new(&descriptor, kind, options));
  options_free(options);
  return descriptor;
}

/* Kinds that differ in all that descriptors have in common: linear, quadratic, a row for each pair of tags. */
enum { DESCRIBED_KINDS = 3 };
static const char *const described_kinds[DESCRIBED_KINDS] = {"density", "power_spectrum", "frames"};

static const char *const described_small[] = {"cutoff 3.1",         "n_max 3", "l_max 3", "sigma 0.4", "species O,H,C",
                                              "spline_error 1e-13", NULL};

static inline tern_system *described_golden(const char *file) {
  golden_block species = golden_read(file, "species", 1), positions = golden_read(file, "positions", 1);
  golden_block cell = golden_read(file, "cell", 1), periodic = golden_read(file, "periodic", 1);
  int32_t numbers[64], directions[3], any = 0;
  tern_system *system = NULL;
  for (int k = 0; k < species.count; k++)
    numbers[k] = (int32_t)species.values[k];
  for (int k = 0; k < 3; k++)
    any |= directions[k] = periodic.values[k] != 0;
  ASSERT_SUCCESS(
      system_new(&system, species.count, numbers, positions.values, any ? cell.values : NULL, any ? directions : NULL));
  golden_free(&species);
  golden_free(&positions);
  golden_free(&cell);
  golden_free(&periodic);
  return system;
}

/* A made-up structure whose atoms keep their distance: O, H and C in turn on a shaken grid. */
typedef struct described_atoms {
  int64_t count;
  int32_t species[64];
  double positions[64][3];
  double cell[3][3];
  int32_t periodic[3];
} described_atoms;

static inline described_atoms described_grid(int64_t count, bool periodic, uint64_t seed) {
  static const int32_t numbers[3] = {8, 1, 6};
  described_atoms atoms = {.count = count, .cell = {{4.1, 0.3, 0}, {-0.4, 4.3, 0.2}, {0.1, 0.5, 3.9}}};
  for (int64_t i = 0; i < count; i++) {
    const double grid[3] = {(double)(i % 2), (double)(i / 2 % 2), (double)(i / 4)};
    atoms.species[i] = numbers[i % 3];
    for (int a = 0; a < 3; a++)
      atoms.positions[i][a] = 1.95 * grid[a] + 0.45 * pseudo_random(&seed);
  }
  for (int a = 0; a < 3; a++)
    atoms.periodic[a] = periodic;
  return atoms;
}

static inline tern_system *described_system(const described_atoms *atoms) {
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, atoms->count, atoms->species, atoms->positions[0],
                            atoms->periodic[0] ? atoms->cell[0] : NULL, atoms->periodic[0] ? atoms->periodic : NULL));
  return system;
}

/* Values of a system, caller frees. */
static inline double *described_values(const tern_descriptor *descriptor, const tern_system *system, int64_t *rows,
                                       int64_t *features) {
  run run = described_run(1);
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, rows, features));
  double *values = zeros(*rows * *features);
  ASSERT_SUCCESS(descriptor_compute(descriptor, &run, system, values));
  return values;
}

static inline double *described_random(int64_t count, uint64_t seed) {
  double *values = zeros(count);
  for (int64_t i = 0; i < count; i++)
    values[i] = pseudo_random(&seed);
  return values;
}

#define ASSERT_FAILURE(call, wanted_status, words)                                                                     \
  do {                                                                                                                 \
    assert_int_equal((call), (wanted_status));                                                                         \
    if (strstr(error_message(), (words)) == NULL)                                                                      \
      fail_msg("'%s' does not say '%s'", error_message(), (words));                                                    \
  } while (0)

#endif
