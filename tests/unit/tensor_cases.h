/* SPDX-License-Identifier: BSD-3-Clause */
/* Clusters that carry tensors of every order, made from their bonds. */
#ifndef TERNION_TEST_TENSOR_CASES_H
#define TERNION_TEST_TENSOR_CASES_H

#include "model_checks.h"

enum { CASE_ATOMS = 6 };

/* Atoms of three species, at least 0.9 A from each other. */
typedef struct cluster {
  int n_atoms;
  int32_t species[CASE_ATOMS];
  double positions[CASE_ATOMS][3];
} cluster;

static inline double cluster_distance(const cluster *cluster, int i, int j, double *vector) {
  double square = 0;
  for (int a = 0; a < 3; a++) {
    vector[a] = cluster->positions[j][a] - cluster->positions[i][a];
    square += vector[a] * vector[a];
  }
  return sqrt(square);
}

static inline bool cluster_is_free(const cluster *cluster, int atom) {
  double vector[3];
  for (int other = 0; other < atom; other++)
    if (cluster_distance(cluster, atom, other, vector) < 0.9)
      return false;
  return true;
}

static inline cluster cluster_make(int n_atoms, uint64_t *seed) {
  static const int32_t kinds[3] = {1, 6, 8};
  cluster made = {.n_atoms = n_atoms};
  for (int i = 0; i < n_atoms; i++) {
    made.species[i] = kinds[i % 3];
    do
      for (int a = 0; a < 3; a++)
        made.positions[i][a] = 1.3 * pseudo_random(seed);
    while (!cluster_is_free(&made, i));
  }
  return made;
}

static inline tern_system *cluster_system(const cluster *cluster) {
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, cluster->n_atoms, cluster->species, cluster->positions[0], NULL, NULL));
  return system;
}

/* What a bond from atom i to atom j adds: weight * u (x) u (x) ..., and for order 2 something antisymmetric. */
static inline void add_bond(const cluster *cluster, int i, int j, int order, bool general, double *values) {
  double u[3], w[3], r = cluster_distance(cluster, i, j, u);
  const double fade = r < 4 ? 1 - r * r / 16 : 0;
  const double weight = exp(-r) * fade * fade * fade * (1 + 0.1 * cluster->species[i]);
  int count = 1;
  for (int k = 0; k < order; k++)
    count *= 3;
  for (int k = 0; k < count; k++) {
    double product = weight;
    for (int index = 0, rest = k; index < order; index++, rest /= 3)
      product *= u[rest % 3];
    values[k] += product;
  }
  for (int k = 0; general && order == 2 && k < cluster->n_atoms; k++) {
    const double other = cluster_distance(cluster, i, k, w), turn = exp(-2 * r - other) * (r - other);
    for (int a = 0; a < 3 && k != i && k != j; a++)
      for (int b = 0; b < 3; b++)
        values[3 * a + b] += turn * (u[a] * w[b] - u[b] * w[a]);
  }
}

static inline void cluster_tensor(const cluster *cluster, int order, bool general, double *values) {
  memset(values, 0, 27 * sizeof *values);
  for (int i = 0; i < cluster->n_atoms; i++) {
    for (int j = 0; j < cluster->n_atoms; j++)
      if (i != j)
        add_bond(cluster, i, j, order, general, values);
    for (int a = 0; order % 2 == 0 && a < (order == 0 ? 1 : 3); a++)
      values[4 * a] += cluster->species[i];
  }
}

/* `size` clusters of 2 to CASE_ATOMS atoms with the tensor "t". */
static inline tern_dataset *tensor_cases(int size, int order, bool general) {
  tern_dataset *dataset = NULL;
  uint64_t seed = 5;
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int k = 0; k < size; k++) {
    const cluster one = cluster_make(2 + k % (CASE_ATOMS - 1), &seed);
    double values[27];
    tern_system *system = cluster_system(&one);
    cluster_tensor(&one, order, general, values);
    ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
    ASSERT_SUCCESS(dataset_set_tensor(dataset, k, "t", order, values));
    system_free(system);
  }
  return dataset;
}

static inline int tensor_numbers(int order) { return (int)tensor_count(order); }

/* matrix applied to every index; values of order up to 3. */
static inline void tensor_turn(const double matrix[3][3], int order, const double *values, double *turned) {
  const int count = tensor_numbers(order);
  for (int k = 0; k < count; k++) {
    turned[k] = 0;
    for (int from = 0; from < count; from++) {
      double product = values[from];
      for (int index = 0, to = k, rest = from; index < order; index++, to /= 3, rest /= 3)
        product *= matrix[to % 3][rest % 3];
      turned[k] += product;
    }
  }
}

static inline void predict_tensor(const tern_model *model, const tern_system *system, double *values) {
  run run = serial();
  ASSERT_SUCCESS(model_predict_tensor(model, &run, system, values));
  assert_int_equal(run.memory_used, 0);
}

#endif
