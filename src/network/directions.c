/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/directions.h"

#include <string.h>

static double dot(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Takes the parts along `known` out of a direction, twice for the sake of rounding, and normalizes what is left; false
   when that is nothing. */
static bool orthogonalize(int64_t size, int64_t known, const double *basis, double *direction) {
  const double before = dot(size, direction, direction);
  for (int pass = 0; pass < 2; pass++)
    for (int64_t k = 0; k < known; k++) {
      const double part = dot(size, direction, basis + k * size);
      for (int64_t i = 0; i < size; i++)
        direction[i] -= part * basis[k * size + i];
    }
  const double square = dot(size, direction, direction);
  if (square <= 1e-12 * before || square == 0)
    return false;
  for (int64_t i = 0; i < size; i++)
    direction[i] /= sqrt(square);
  return true;
}

static bool is_periodic(const tern_system *system) {
  return system->positions == NULL || system->periodic[0] || system->periodic[1] || system->periodic[2];
}

/* Turns about an axis through the middle of the atoms. */
static void turn_about(const tern_system *system, int axis, double *direction) {
  const int a = (axis + 1) % 3, b = (axis + 2) % 3;
  double middle[3] = {0, 0, 0};
  for (int64_t k = 0; k < system->n_atoms; k++)
    for (int x = 0; x < 3; x++)
      middle[x] += system->positions[3 * k + x] / (double)system->n_atoms;
  for (int64_t k = 0; k < system->n_atoms; k++) {
    direction[3 * k + axis] = 0;
    direction[3 * k + a] = -(system->positions[3 * k + b] - middle[b]);
    direction[3 * k + b] = system->positions[3 * k + a] - middle[a];
  }
}

/* Orthonormal motions that change nothing; returns how many. */
static int64_t rigid_motions(const tern_system *system, double *basis) {
  const int64_t size = 3 * system->n_atoms;
  int64_t known = 0;
  for (int axis = 0; axis < 3; axis++) {
    double *next = basis + known * size;
    for (int64_t i = 0; i < size; i++)
      next[i] = i % 3 == axis;
    known += orthogonalize(size, known, basis, next);
  }
  for (int axis = 0; axis < 3 && !is_periodic(system); axis++) {
    turn_about(system, axis, basis + known * size);
    known += orthogonalize(size, known, basis, basis + known * size);
  }
  return known;
}

int64_t directions_freedom(const tern_system *system, double *space) {
  return 3 * system->n_atoms - rigid_motions(system, space);
}

void directions_add(random_stream *random, int64_t size, int64_t known, int64_t count, double *basis) {
  for (int64_t k = known; k < known + count; k++) {
    double *next = basis + k * size;
    do {
      for (int64_t i = 0; i < size; i++)
        next[i] = random_normal(random);
    } while (!orthogonalize(size, k, basis, next));
  }
}

void directions_draw(const tern_system *system, random_stream random, int64_t count, double *directions) {
  const int64_t size = 3 * system->n_atoms, known = rigid_motions(system, directions);
  directions_add(&random, size, known, count, directions);
  memmove(directions, directions + known * size, (size_t)(count * size) * sizeof *directions);
}

void directions_strain(random_stream random, double strain[9]) {
  double square = 0;
  for (int a = 0; a < 3; a++)
    for (int b = a; b < 3; b++)
      strain[3 * a + b] = strain[3 * b + a] = random_normal(&random) * (a == b ? 1 : sqrt(0.5));
  for (int k = 0; k < 9; k++)
    square += strain[k] * strain[k];
  for (int k = 0; k < 9; k++)
    strain[k] /= sqrt(square);
}
