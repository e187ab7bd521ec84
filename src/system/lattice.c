/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/lattice.h"

#include <math.h>
#include <string.h>

/* Volume relative to that of a box with the same edges, below which a cell counts as flat. */
#define LATTICE_FLAT 1e-12
enum { LATTICE_SWEEPS = 1000 };

double lattice_dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

void lattice_cross(const double a[3], const double b[3], double product[3]) {
  product[0] = a[1] * b[2] - a[2] * b[1];
  product[1] = a[2] * b[0] - a[0] * b[2];
  product[2] = a[0] * b[1] - a[1] * b[0];
}

double lattice_determinant(const double vectors[3][3]) {
  double product[3];
  lattice_cross(vectors[1], vectors[2], product);
  return lattice_dot(vectors[0], product);
}

static double lattice_length(const double a[3]) { return hypot(hypot(a[0], a[1]), a[2]); }

bool lattice_independent(const double cell[3][3], const int32_t periodic[3]) {
  double unit[3][3], product[3];
  int count = 0;
  for (int d = 0; d < 3; ++d) {
    if (!periodic[d])
      continue;
    const double length = lattice_length(cell[d]);
    if (!(length > 0))
      return false;
    for (int k = 0; k < 3; ++k)
      unit[count][k] = cell[d][k] / length;
    ++count;
  }
  if (count == 3)
    return fabs(lattice_determinant(unit)) > LATTICE_FLAT;
  if (count < 2)
    return true;
  lattice_cross(unit[0], unit[1], product);
  return lattice_length(product) > LATTICE_FLAT;
}

/* a minus the multiple of b that leaves it shortest; tells whether that shortened it. */
static bool lattice_shorten(double a[3], const double b[3]) {
  double shorter[3];
  const double multiple = round(lattice_dot(a, b) / lattice_dot(b, b));
  if (multiple == 0)
    return false;
  for (int k = 0; k < 3; ++k)
    shorter[k] = a[k] - multiple * b[k];
  if (!(lattice_dot(shorter, shorter) < lattice_dot(a, a) * (1 - 1e-12)))
    return false;
  memcpy(a, shorter, sizeof shorter);
  return true;
}

static bool lattice_shorten_pairs(double vectors[][3], int count) {
  bool changed = false;
  for (int i = 0; i < count; ++i)
    for (int j = 0; j < count; ++j)
      changed = (i != j && lattice_shorten(vectors[i], vectors[j])) || changed;
  return changed;
}

/* Replaces the longest of three by its sum or difference with both others where that is shorter. */
static bool lattice_shorten_three(double vectors[3][3]) {
  int longest = 0;
  for (int i = 1; i < 3; ++i)
    if (lattice_dot(vectors[i], vectors[i]) > lattice_dot(vectors[longest], vectors[longest]))
      longest = i;
  const double *b = vectors[(longest + 1) % 3], *c = vectors[(longest + 2) % 3];
  for (int signs = 0; signs < 4; ++signs) {
    double candidate[3];
    for (int k = 0; k < 3; ++k)
      candidate[k] = vectors[longest][k] + (signs & 1 ? b[k] : -b[k]) + (signs & 2 ? c[k] : -c[k]);
    if (lattice_dot(candidate, candidate) < lattice_dot(vectors[longest], vectors[longest]) * (1 - 1e-12)) {
      memcpy(vectors[longest], candidate, sizeof candidate);
      return true;
    }
  }
  return false;
}

static void lattice_reduce(double vectors[][3], int count) {
  for (int sweep = 0; sweep < LATTICE_SWEEPS; ++sweep) {
    const bool pairs = lattice_shorten_pairs(vectors, count);
    const bool three = !pairs && count == 3 && lattice_shorten_three(vectors);
    if (!pairs && !three)
      return;
  }
}

/* Unit vectors across the first `count` ones, so that there are three. */
static void lattice_complete(double vectors[3][3], int count) {
  static const double identity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  if (count == 0)
    memcpy(vectors, identity, sizeof identity);
  if (count == 1) {
    int smallest = 0;
    for (int k = 1; k < 3; ++k)
      if (fabs(vectors[0][k]) < fabs(vectors[0][smallest]))
        smallest = k;
    lattice_cross(vectors[0], identity[smallest], vectors[1]);
    const double length = lattice_length(vectors[1]);
    for (int k = 0; k < 3; ++k)
      vectors[1][k] /= length;
  }
  if (count == 1 || count == 2) {
    lattice_cross(vectors[0], vectors[1], vectors[2]);
    const double length = lattice_length(vectors[2]);
    for (int k = 0; k < 3; ++k)
      vectors[2][k] /= length;
  }
}

static void lattice_invert(lattice *lattice) {
  const double determinant = lattice_determinant(lattice->vectors);
  for (int d = 0; d < 3; ++d) {
    double *row = lattice->reciprocal[d];
    lattice_cross(lattice->vectors[(d + 1) % 3], lattice->vectors[(d + 2) % 3], row);
    for (int k = 0; k < 3; ++k)
      row[k] /= determinant;
    lattice->heights[d] = 1 / lattice_length(row);
  }
}

static void lattice_fill(lattice *lattice, const double cell[3][3], const int32_t periodic[3], bool reduce) {
  int count = 0;
  for (int d = 0; d < 3; ++d)
    if (periodic[d])
      memcpy(lattice->vectors[count++], cell[d], sizeof cell[d]);
  lattice->any = count > 0;
  for (int d = 0; d < 3; ++d)
    lattice->periodic[d] = d < count;
  if (reduce)
    lattice_reduce(lattice->vectors, count);
  lattice_complete(lattice->vectors, count);
  lattice_invert(lattice);
}

void lattice_make(lattice *lattice, const double cell[3][3], const int32_t periodic[3]) {
  lattice_fill(lattice, cell, periodic, true);
}

void lattice_make_as_given(lattice *lattice, const double cell[3][3], const int32_t periodic[3]) {
  lattice_fill(lattice, cell, periodic, false);
}
