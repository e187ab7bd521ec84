/* SPDX-License-Identifier: BSD-3-Clause */
/* Clusters whose energies have noise of a known size. */
#ifndef TERNION_TEST_UNCERTAINTY_CASES_H
#define TERNION_TEST_UNCERTAINTY_CASES_H

#include "model_checks.h"

enum { ATOMS = 5 };

#define FEW "cutoff", "4.0", "n_max", "3", "l_max", "1", "sigma", "0.5", "species", "14"

/* Neighbouring seeds give unrelated sequences. */
static inline uint64_t scrambled(uint64_t seed) {
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return seed ^ (seed >> 31);
}

/* Silicon atoms 2 to 3 A apart along a crooked line; those after the first ATOMS are a copy, shifted. */
static inline tern_system *cluster(uint64_t state, int atoms, double shift) {
  int32_t species[2 * ATOMS];
  double positions[2 * ATOMS][3];
  state = scrambled(state);
  for (int k = 0; k < atoms; k++) {
    const int own = k % ATOMS;
    species[k] = 14;
    if (k < ATOMS) {
      positions[k][0] = 2.4 * own + 0.4 * pseudo_random(&state);
      positions[k][1] = 0.5 * pseudo_random(&state);
      positions[k][2] = 0.5 * pseudo_random(&state);
    } else {
      for (int axis = 0; axis < 3; axis++)
        positions[k][axis] = positions[own][axis] + (axis == 2 ? shift : 0);
    }
  }
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, atoms, species, positions[0], NULL, NULL));
  return made;
}

static inline double normal(uint64_t *state) {
  double sum = 0;
  for (int k = 0; k < 12; k++)
    sum += 0.5 * pseudo_random(state); /* between -1/2 and 1/2 */
  return sum;
}

/* Sum of -1 / r^2 over the pairs: what no small linear model follows to the last digit. */
static inline double pair_energy(const tern_system *system) {
  double energy = 0;
  for (int a = 0; a < ATOMS; a++)
    for (int b = 0; b < a; b++) {
      const double *p = system->positions + 3 * a, *q = system->positions + 3 * b;
      double square = 0;
      for (int axis = 0; axis < 3; axis++)
        square += (p[axis] - q[axis]) * (p[axis] - q[axis]);
      energy -= 1 / square;
    }
  return energy;
}

/* Energies of `truth`, or pair energies, and its forces unless force_noise is negative, with noise of known size. */
static inline tern_dataset *noisy_clusters(int count, const tern_model *truth, double noise, double force_noise,
                                           uint64_t seed) {
  tern_dataset *made = NULL;
  ASSERT_SUCCESS(dataset_new(&made));
  for (int k = 0; k < count; k++) {
    run run = serial();
    tern_system *system = cluster(1000 * seed + 17 * (uint64_t)k + 3, ATOMS, 0);
    double energy, forces[3 * ATOMS];
    if (truth != NULL)
      ASSERT_SUCCESS(model_predict(truth, &run, system, &energy, forces, NULL, NULL, NULL));
    else
      energy = pair_energy(system);
    uint64_t state = scrambled(seed + 7919 * (uint64_t)k);
    energy += noise * normal(&state);
    for (int i = 0; force_noise >= 0 && i < 3 * ATOMS; i++)
      forces[i] += force_noise * normal(&state);
    ASSERT_SUCCESS(dataset_append(made, system, &energy, force_noise >= 0 ? forces : NULL, NULL));
    system_free(system);
  }
  return made;
}

static inline tern_dataset *clusters(int count, double noise, uint64_t seed) {
  return noisy_clusters(count, NULL, noise, -1, seed);
}

static inline double report_number(const tern_model *model, const char *key) {
  const char *found = strstr(strstr(model->report, "\"uncertainty\""), key);
  assert_non_null(found);
  return strtod(strchr(found, ':') + 1, NULL);
}

#endif
