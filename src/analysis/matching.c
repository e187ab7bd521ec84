/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/matching.h"

#include <math.h>
#include <string.h>

#include "analysis/isometry.h"
#include "core/error.h"
#include "core/memory.h"

/* ---- clouds ---- */

static void cloud_fill(const tern_system *system, cloud *cloud) {
  double centroid[3] = {0};
  int64_t next = 0;
  for (int64_t atom = 0; atom < system->n_atoms; atom++)
    for (int axis = 0; axis < 3; axis++)
      centroid[axis] += system->positions[3 * atom + axis] / (double)system->n_atoms;
  for (int32_t number = 0; number < MATCHING_SPECIES; number++) {
    cloud->first[number] = next;
    for (int64_t atom = 0; atom < system->n_atoms; atom++)
      if (system->species[atom] == number) {
        cloud->atoms[next] = atom;
        cloud->species[next] = number;
        for (int axis = 0; axis < 3; axis++)
          cloud->points[3 * next + axis] = system->positions[3 * atom + axis] - centroid[axis];
        cloud->radii[next] = isometry_length(cloud->points + 3 * next);
        next++;
      }
  }
  cloud->first[MATCHING_SPECIES] = next;
}

int32_t cloud_new(run *run, const tern_system *system, cloud *cloud) {
  const int64_t count = system->n_atoms;
  *cloud = (struct cloud){.count = count};
  int32_t status = MEMORY_NEW(run, &cloud->points, 3 * count, "points of a structure");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &cloud->radii, count, "points of a structure");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &cloud->atoms, count, "points of a structure");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &cloud->species, count, "points of a structure");
  if (status == TERN_SUCCESS)
    cloud_fill(system, cloud);
  else
    cloud_free(run, cloud);
  return status;
}

void cloud_free(run *run, cloud *cloud) {
  memory_free(run, cloud->points);
  memory_free(run, cloud->radii);
  memory_free(run, cloud->atoms);
  memory_free(run, cloud->species);
  *cloud = (struct cloud){0};
}

void cloud_invert(cloud *cloud) {
  for (int64_t k = 0; k < 3 * cloud->count; k++)
    cloud->points[k] = -cloud->points[k];
}

/* ---- room ---- */

int32_t matcher_new(run *run, const cloud *first, const cloud *second, matcher *matcher) {
  const int64_t count = first->count;
  int64_t most = 0;
  *matcher = (struct matcher){.first = first, .second = second};
  for (int number = 0; number < MATCHING_SPECIES; number++) {
    const int64_t members = first->first[number + 1] - first->first[number];
    most = members > most ? members : most;
  }
  const char *what = "matching of two structures";
  TRY(MEMORY_NEW(run, &matcher->turned, 3 * count, what));
  TRY(MEMORY_NEW(run, &matcher->paired, 3 * count, what));
  TRY(MEMORY_NEW(run, &matcher->partner, count, what));
  TRY(MEMORY_NEW(run, &matcher->previous, count, what));
  TRY(MEMORY_NEW(run, &matcher->costs, most * most, what));
  TRY(MEMORY_NEW(run, &matcher->potential[0], most + 1, what));
  TRY(MEMORY_NEW(run, &matcher->potential[1], most + 1, what));
  TRY(MEMORY_NEW(run, &matcher->least, most + 1, what));
  TRY(MEMORY_NEW(run, &matcher->row_of, most + 1, what));
  TRY(MEMORY_NEW(run, &matcher->way, most + 1, what));
  return MEMORY_NEW(run, &matcher->taken, count > most + 1 ? count : most + 1, what);
}

void matcher_free(run *run, matcher *matcher) {
  void *blocks[] = {matcher->turned, matcher->paired,       matcher->partner,      matcher->previous,
                    matcher->costs,  matcher->potential[0], matcher->potential[1], matcher->least,
                    matcher->row_of, matcher->way,          matcher->taken};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
    memory_free(run, blocks[k]);
  *matcher = (struct matcher){0};
}

/* ---- nearest points ---- */

static void turn(matcher *matcher, double rotation[3][3]) {
  for (int64_t k = 0; k < matcher->second->count; k++)
    isometry_apply(rotation, matcher->second->points + 3 * k, matcher->turned + 3 * k);
}

static double squared_distance(const double *a, const double *b) {
  return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);
}

static double nearest(const matcher *matcher, int64_t k, int64_t *partner) {
  const cloud *first = matcher->first;
  double least = INFINITY;
  for (int64_t j = first->first[first->species[k]]; j < first->first[first->species[k] + 1]; j++) {
    const double square = squared_distance(first->points + 3 * k, matcher->turned + 3 * j);
    if (square < least) {
      least = square;
      *partner = j;
    }
  }
  return least;
}

double matcher_nearest(matcher *matcher, double rotation[3][3], double bound, double reach) {
  double sum = 0;
  turn(matcher, rotation);
  for (int64_t k = 0; k < matcher->first->count; k++) {
    int64_t partner;
    const double square = nearest(matcher, k, &partner);
    sum += square;
    if (square > reach * reach || sum > bound)
      return INFINITY;
  }
  return sum;
}

/* The nearest points as partners; false when two share one. */
static bool match_nearest(matcher *matcher) {
  const int64_t count = matcher->first->count;
  memset(matcher->taken, 0, (size_t)count * sizeof(bool));
  for (int64_t k = 0; k < count; k++) {
    int64_t partner = 0;
    nearest(matcher, k, &partner);
    if (matcher->taken[partner])
      return false;
    matcher->taken[partner] = true;
    matcher->partner[k] = partner;
  }
  return true;
}

/* ---- least sum of squared distances ---- */

/* Adds row `row` to the matching by the cheapest alternating path; columns and rows count from 1, 0 is none. */
static void assign_row(matcher *matcher, int64_t count, int64_t row) {
  double *rows = matcher->potential[0], *columns = matcher->potential[1];
  int64_t column = 0;
  matcher->row_of[0] = row;
  for (int64_t k = 0; k <= count; k++) {
    matcher->least[k] = INFINITY;
    matcher->taken[k] = false;
  }
  do {
    const int64_t current = matcher->row_of[column];
    double step = INFINITY;
    int64_t next = 0;
    matcher->taken[column] = true;
    for (int64_t k = 1; k <= count; k++) {
      if (matcher->taken[k])
        continue;
      const double reduced = matcher->costs[(current - 1) * count + k - 1] - rows[current] - columns[k];
      if (reduced < matcher->least[k]) {
        matcher->least[k] = reduced;
        matcher->way[k] = column;
      }
      if (matcher->least[k] < step) {
        step = matcher->least[k];
        next = k;
      }
    }
    for (int64_t k = 0; k <= count; k++)
      if (matcher->taken[k]) {
        rows[matcher->row_of[k]] += step;
        columns[k] -= step;
      } else {
        matcher->least[k] -= step;
      }
    column = next;
  } while (matcher->row_of[column] != 0);
  while (column != 0) {
    matcher->row_of[column] = matcher->row_of[matcher->way[column]];
    column = matcher->way[column];
  }
}

/* The Hungarian method for the points of one species (Kuhn 1955, with shortest paths as Jonker and Volgenant 1987).
 */
static void assign_species(matcher *matcher, int64_t begin, int64_t count) {
  for (int64_t k = 0; k < count; k++)
    for (int64_t j = 0; j < count; j++)
      matcher->costs[k * count + j] =
          squared_distance(matcher->first->points + 3 * (begin + k), matcher->turned + 3 * (begin + j));
  for (int64_t k = 0; k <= count; k++) {
    matcher->potential[0][k] = matcher->potential[1][k] = 0;
    matcher->row_of[k] = 0;
  }
  for (int64_t row = 1; row <= count; row++)
    assign_row(matcher, count, row);
  for (int64_t k = 1; k <= count; k++)
    matcher->partner[begin + matcher->row_of[k] - 1] = begin + k - 1;
}

static void match(matcher *matcher) {
  const int64_t *first = matcher->first->first;
  if (match_nearest(matcher))
    return;
  for (int number = 0; number < MATCHING_SPECIES; number++)
    if (first[number + 1] > first[number])
      assign_species(matcher, first[number], first[number + 1] - first[number]);
}

/* ---- matching and rotation in turn ---- */

static void measure(matcher *matcher, double rotation[3][3], matching *best) {
  const int64_t count = matcher->first->count;
  double sum = 0, largest = 0;
  turn(matcher, rotation);
  for (int64_t k = 0; k < count; k++) {
    const double square = squared_distance(matcher->first->points + 3 * k, matcher->turned + 3 * matcher->partner[k]);
    sum += square;
    largest = fmax(largest, square);
  }
  const double rmsd = sqrt(sum / (double)count);
  if (!(rmsd < best->rmsd))
    return;
  best->rmsd = rmsd;
  best->largest = sqrt(largest);
  memcpy(best->rotation, rotation, sizeof best->rotation);
  memcpy(best->partner, matcher->partner, (size_t)count * sizeof(int64_t));
}

void matcher_refine(matcher *matcher, double rotation[3][3], matching *best) {
  const int64_t count = matcher->first->count;
  double turned[3][3];
  memcpy(turned, rotation, sizeof turned);
  for (int round = 0; round < 50; round++) { /* the sum of squares falls each time; few rounds are ever needed */
    turn(matcher, turned);
    match(matcher);
    if (round > 0 && memcmp(matcher->partner, matcher->previous, (size_t)count * sizeof(int64_t)) == 0)
      break;
    memcpy(matcher->previous, matcher->partner, (size_t)count * sizeof(int64_t));
    for (int64_t k = 0; k < count; k++)
      memcpy(matcher->paired + 3 * k, matcher->second->points + 3 * matcher->partner[k], 3 * sizeof(double));
    isometry_fit(count, matcher->paired, matcher->first->points, turned);
  }
  measure(matcher, turned, best);
}
