/* SPDX-License-Identifier: BSD-3-Clause */
/* Models that several tests fit, systems that they predict, and the golden numbers to compare with. */
#ifndef TERNION_TEST_MODEL_CHECKS_H
#define TERNION_TEST_MODEL_CHECKS_H

#include "golden.h"

#include "core/memory.h"
#include "model/model.h"

static inline run serial(void) {
  return (run){.threads = 1};
}

static inline tern_dataset *training_set(void) {
  tern_dataset *dataset = NULL;
  ASSERT_SUCCESS(dataset_read(&dataset, TEST_SOURCE_DIR "/golden/ridge_train.extxyz", NULL));
  return dataset;
}

static inline tern_options *options_of(const char *const *pairs) {
  tern_options *options = NULL;
  ASSERT_SUCCESS(options_new(&options));
  for (; *pairs != NULL; pairs += 2)
    ASSERT_SUCCESS(options_set(options, pairs[0], pairs[1]));
  return options;
}

#define SMALL "cutoff", "3.0", "n_max", "2", "l_max", "2", "sigma", "0.4"
#define OPTIONS(...) options_of((const char *const[]){__VA_ARGS__, NULL})

static inline tern_model *fitted(const tern_dataset *dataset, tern_options *options) {
  run run = serial();
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_fit(&model, "ridge", &run, dataset, options));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  return model;
}

static inline tern_model *small_model(void) {
  tern_dataset *dataset = training_set();
  tern_model *model = fitted(dataset, OPTIONS(SMALL));
  dataset_free(dataset);
  return model;
}

/* Of a system that was made for the question and ends with it. */
static inline double energy_at(const tern_model *model, tern_system *system) {
  run run = serial();
  double energy;
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, NULL, NULL, NULL, NULL));
  system_free(system);
  return energy;
}

static inline tern_system *silicon_dimer(double r) {
  const int32_t species[2] = {14, 14};
  const double positions[6] = {0, 0, 0, 0, 0, r};
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, 2, species, positions, NULL, NULL));
  return made;
}

/* One atom in a cube. */
static inline tern_system *silicon_cubic(double side) {
  const int32_t species = 14, periodic[3] = {1, 1, 1};
  const double position[3] = {0, 0, 0}, cell[9] = {side, 0, 0, 0, side, 0, 0, 0, side};
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, 1, &species, position, cell, periodic));
  return made;
}

static inline tern_system *golden_system(const char *file, const char *prefix) {
  golden_block blocks[4];
  const char *const names[4] = {"species", "positions", "cell", "periodic"};
  int32_t species[64], periodic[3];
  int cell = 0;
  for (int k = 0; k < 4; k++) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, names[k]);
    blocks[k] = golden_read(file, name, 1);
  }
  for (int k = 0; k < blocks[0].count; k++)
    species[k] = (int32_t)blocks[0].values[k];
  for (int k = 0; k < 3; k++)
    periodic[k] = (int32_t)blocks[3].values[k];
  for (int k = 0; k < 9; k++)
    cell = cell || blocks[2].values[k] != 0;
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, blocks[0].count, species, blocks[1].values, cell ? blocks[2].values : NULL,
                            cell ? periodic : NULL));
  for (int k = 0; k < 4; k++)
    golden_free(&blocks[k]);
  return system;
}

static inline void check_golden_block(const char *file, const char *prefix, const char *name, const double *found,
                                      double tolerance) {
  char full[64];
  snprintf(full, sizeof full, "%s%s", prefix, name);
  golden_block block = golden_read(file, full, 1);
  assert_close(full, block.count, found, block.values, tolerance);
  golden_free(&block);
}

static inline void check_golden_test(const char *file, const char *prefix, const tern_model *model) {
  run run = serial();
  tern_system *system = golden_system(file, prefix);
  double energy, forces[3 * 64], virial[9], energies[64], virials[9 * 64];
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, energies, virials));
  assert_int_equal(run.memory_used, 0);
  check_golden_block(file, prefix, "energy", &energy, 1e-6);
  check_golden_block(file, prefix, "forces", forces, 1e-6);
  check_golden_block(file, prefix, "virial", virial, 1e-6);
  check_golden_block(file, prefix, "atom_energies", energies, 1e-6);
  check_golden_block(file, prefix, "atom_virials", virials, 1e-6);
  system_free(system);
}

enum { GRID = 4, MANY = GRID * GRID * GRID };

/* A distorted crystal of two species. */
static inline tern_system *many_atoms(double shift) {
  int32_t species[MANY];
  double positions[MANY][3];
  const double side = 1.7 * GRID, cell[9] = {side, 0, 0, 0.4, side, 0, -0.3, 0.2, side};
  const int32_t periodic[3] = {1, 1, 1};
  uint64_t seed = 11;
  for (int k = 0; k < MANY; k++) {
    species[k] = k % 3 == 0 ? 6 : 1;
    const int place[3] = {k % GRID, k / GRID % GRID, k / GRID / GRID};
    for (int axis = 0; axis < 3; axis++)
      positions[k][axis] = 1.7 * place[axis] + 0.25 * pseudo_random(&seed) + shift;
  }
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, MANY, species, positions[0], cell, periodic));
  return made;
}

#endif
