/* SPDX-License-Identifier: BSD-3-Clause */
/* Every isometry that matches two clouds takes a pair of points of the first to a pair of the second with the same
   species, radii and distance: the candidates are few and all are tried. When none matches, pairs that differ least
   give the best rmsd found. */
#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/matching.h"
#include "analysis/isometry.h"
#include "core/error.h"
#include "core/memory.h"

enum { TWISTS = 24, FINALISTS = 8 };
static const double turn_once = 6.283185307179586;

/* A pair of points of the first cloud: its radii are long and its angle open, so that it fixes the rotation well. */
typedef struct reference {
  int64_t p, q;  /* q -1: all points lie on one line through the centroid */
  double images; /* pairs of the second that could be its image */
} reference;

/* A pair of the second cloud that could be the image of the reference. */
typedef struct candidate {
  int64_t p, q; /* without a second point: q counts twists about the line */
  double mismatch;
} candidate;

typedef struct search {
  run *run;
  const cloud *first, *second;
  double tolerance;
  reference reference;
  matcher matcher;
  matching *best;
} search;

/* ---- the reference pair ---- */

static int64_t count_images(const search *search, int64_t point) {
  const cloud *second = search->second;
  const int32_t species = search->first->species[point];
  int64_t count = 0;
  for (int64_t k = second->first[species]; k < second->first[species + 1]; k++)
    count += fabs(second->radii[k] - search->first->radii[point]) <= search->tolerance;
  return count;
}

/* Distance of a point from the line through the centroid and p. */
static double off_line(const cloud *cloud, int64_t p, int64_t q) {
  double product[3];
  isometry_cross(cloud->points + 3 * p, cloud->points + 3 * q, product);
  return isometry_length(product) / cloud->radii[p];
}

/* The best second point for p, among those at least half as far from its line as the farthest. */
static void choose_second(const search *search, int64_t p, const int64_t *images, reference *best) {
  const cloud *first = search->first;
  double farthest = 0;
  for (int64_t q = 0; q < first->count; q++)
    farthest = fmax(farthest, off_line(first, p, q));
  if (farthest <= fmax(4 * search->tolerance, 1e-9 * first->radii[p]))
    return;
  for (int64_t q = 0; q < first->count; q++) {
    const double count = (double)images[p] * (double)images[q];
    if (off_line(first, p, q) >= 0.5 * farthest && (best->q < 0 || count < best->images))
      *best = (reference){p, q, count};
  }
}

/* Few possible images, by a point at least half as far out as the farthest. */
static int32_t choose_reference(search *search) {
  const cloud *first = search->first;
  int64_t *images, outermost = 0;
  TRY(MEMORY_NEW(search->run, &images, first->count, "matching of two structures"));
  for (int64_t k = 0; k < first->count; k++) {
    images[k] = count_images(search, k);
    outermost = first->radii[k] > first->radii[outermost] ? k : outermost;
  }
  search->reference = (reference){outermost, -1, (double)images[outermost]};
  for (int64_t p = 0; p < first->count; p++)
    if (first->radii[p] >= 0.5 * first->radii[outermost] && first->radii[p] > 0)
      choose_second(search, p, images, &search->reference);
  memory_free(search->run, images);
  return TERN_SUCCESS;
}

/* ---- candidates ---- */

static double distance(const cloud *cloud, int64_t p, int64_t q) {
  double difference[3];
  for (int axis = 0; axis < 3; axis++)
    difference[axis] = cloud->points[3 * p + axis] - cloud->points[3 * q + axis];
  return isometry_length(difference);
}

/* The rotation of the second that lays a candidate on the reference; false when the candidate fixes none. */
static bool candidate_rotation(const search *search, const candidate *candidate, double rotation[3][3]) {
  const cloud *first = search->first, *second = search->second;
  const reference *reference = &search->reference;
  const double *p = first->points + 3 * reference->p, *image = second->points + 3 * candidate->p;
  double from[3][3], to[3][3];
  if (!(first->radii[reference->p] > 0 && second->radii[candidate->p] > 0)) {
    isometry_axes((const double[3]){1, 0, 0}, (const double[3]){0, 1, 0}, from);
    memcpy(to, from, sizeof to);
  } else if (reference->q < 0) {
    isometry_axes_about(p, 0, to);
    isometry_axes_about(image, turn_once * (double)candidate->q / TWISTS, from);
  } else if (!isometry_axes(p, first->points + 3 * reference->q, to) ||
             !isometry_axes(image, second->points + 3 * candidate->q, from)) {
    return false;
  }
  isometry_between(from, to, rotation);
  return true;
}

/* Could the pair be the image of the reference, when matched points are within the tolerance? */
static bool candidate_possible(const search *search, const candidate *candidate) {
  const cloud *first = search->first, *second = search->second;
  const reference *reference = &search->reference;
  if (fabs(second->radii[candidate->p] - first->radii[reference->p]) > search->tolerance)
    return false;
  if (reference->q < 0)
    return true;
  return fabs(second->radii[candidate->q] - first->radii[reference->q]) <= search->tolerance &&
         fabs(distance(second, candidate->p, candidate->q) - distance(first, reference->p, reference->q)) <=
             2 * search->tolerance;
}

/* Where a point may be off before the fit: the pair is off by the tolerance, and points farther out by more. */
static double candidate_reach(const search *search) {
  const cloud *first = search->first;
  const reference *reference = &search->reference;
  double outermost = 0;
  for (int64_t k = 0; k < first->count; k++)
    outermost = fmax(outermost, first->radii[k]);
  if (!(first->radii[reference->p] > 0) || reference->q < 0)
    return INFINITY;
  return search->tolerance * (2 + 2 * outermost / first->radii[reference->p] +
                              3 * outermost / off_line(first, reference->p, reference->q));
}

/* Refines every possible candidate. */
static int32_t try_possible(search *search) {
  const cloud *second = search->second;
  const int32_t p_species = search->first->species[search->reference.p];
  const bool line = search->reference.q < 0;
  const int32_t q_species = line ? 0 : search->first->species[search->reference.q];
  const int64_t begin = line ? 0 : second->first[q_species], end = line ? TWISTS : second->first[q_species + 1];
  const double reach = candidate_reach(search);
  for (int64_t p = second->first[p_species]; p < second->first[p_species + 1]; p++) {
    TRY(run_report(search->run, "compare", p, second->count, -1));
    for (int64_t q = begin; q < end; q++) {
      const candidate candidate = {p, q, 0};
      double rotation[3][3];
      if ((line || p != q) && candidate_possible(search, &candidate) &&
          candidate_rotation(search, &candidate, rotation) &&
          isfinite(matcher_nearest(&search->matcher, rotation, INFINITY, reach)))
        matcher_refine(&search->matcher, rotation, search->best);
    }
  }
  return TERN_SUCCESS;
}

/* ---- the best of what does not match ---- */

static int by_mismatch(const void *a, const void *b) {
  const candidate *one = a, *two = b;
  if (one->mismatch != two->mismatch)
    return one->mismatch < two->mismatch ? -1 : 1;
  if (one->p != two->p)
    return one->p < two->p ? -1 : 1;
  return one->q < two->q ? -1 : one->q > two->q;
}

static double square(double value) {
  return value * value;
}

/* All pairs with the right species, those that differ least from the reference in front. */
static int64_t rank_candidates(const search *search, candidate *candidates) {
  const cloud *first = search->first, *second = search->second;
  const reference *reference = &search->reference;
  const int32_t p_species = first->species[reference->p];
  int64_t count = 0;
  for (int64_t p = second->first[p_species]; p < second->first[p_species + 1]; p++) {
    const double radius = square(second->radii[p] - first->radii[reference->p]);
    if (reference->q < 0) {
      for (int64_t twist = 0; twist < TWISTS; twist++)
        candidates[count++] = (candidate){p, twist, radius};
      continue;
    }
    const int32_t q_species = first->species[reference->q];
    for (int64_t q = second->first[q_species]; q < second->first[q_species + 1]; q++)
      if (q != p)
        candidates[count++] =
            (candidate){p, q,
                        radius + square(second->radii[q] - first->radii[reference->q]) +
                            square(distance(second, p, q) - distance(first, reference->p, reference->q))};
  }
  qsort(candidates, (size_t)count, sizeof *candidates, by_mismatch);
  return count;
}

/* Refines the few that look best by their nearest points. */
static int32_t try_ranked(search *search, int64_t count, const candidate *candidates) {
  double sums[FINALISTS];
  double rotations[FINALISTS][3][3];
  int finalists = 0;
  for (int64_t k = 0; k < count; k++) {
    double rotation[3][3];
    TRY(run_report(search->run, "compare", k, count, -1));
    if (!candidate_rotation(search, &candidates[k], rotation))
      continue;
    const double bound = finalists < FINALISTS ? INFINITY : sums[FINALISTS - 1];
    const double sum = matcher_nearest(&search->matcher, rotation, bound, INFINITY);
    if (!(sum < bound))
      continue;
    int place = finalists < FINALISTS ? finalists++ : FINALISTS - 1;
    for (; place > 0 && sums[place - 1] > sum; place--) {
      sums[place] = sums[place - 1];
      memcpy(rotations[place], rotations[place - 1], sizeof rotations[place]);
    }
    sums[place] = sum;
    memcpy(rotations[place], rotation, sizeof rotations[place]);
  }
  for (int k = 0; k < finalists; k++) {
    TRY(run_report(search->run, "compare", k, finalists, -1));
    matcher_refine(&search->matcher, rotations[k], search->best);
  }
  return TERN_SUCCESS;
}

static int32_t try_all(search *search) {
  const cloud *second = search->second;
  const reference *reference = &search->reference;
  const int32_t p_species = search->first->species[reference->p];
  const int64_t p_count = second->first[p_species + 1] - second->first[p_species];
  int64_t q_count = TWISTS;
  if (reference->q >= 0) {
    const int32_t q_species = search->first->species[reference->q];
    q_count = second->first[q_species + 1] - second->first[q_species];
  }
  candidate *candidates;
  TRY(MEMORY_NEW(search->run, &candidates, p_count * q_count, "candidates of a matching"));
  int64_t count = rank_candidates(search, candidates);
  const double affordable = fmax(64, 4e7 / square((double)second->count)); /* each costs all distances */
  count = (double)count > affordable ? (int64_t)affordable : count;
  const int32_t status = try_ranked(search, count, candidates);
  memory_free(search->run, candidates);
  return status;
}

/* ---- the whole ---- */

static int32_t search_hand(search *search, bool exhaustive) {
  return exhaustive ? try_all(search) : try_possible(search);
}

/* Rotations first, then with the second inverted; an inverted match changes the sign of its rotation. */
static int32_t search_hands(search *search, cloud *second, int32_t mirror, bool exhaustive) {
  TRY(search_hand(search, exhaustive));
  if (!mirror || search->best->largest <= search->tolerance)
    return TERN_SUCCESS;
  const double before = search->best->rmsd;
  cloud_invert(second);
  const int32_t status = search_hand(search, exhaustive);
  cloud_invert(second);
  for (int k = 0; search->best->rmsd < before && k < 9; k++)
    search->best->rotation[k / 3][k % 3] *= -1;
  return status;
}

static int32_t search_all(run *run, const cloud *first, cloud *second, double tolerance, int32_t mirror,
                          matching *best) {
  search search = {.run = run, .first = first, .second = second, .tolerance = tolerance, .best = best};
  int32_t status = matcher_new(run, first, second, &search.matcher);
  if (status == TERN_SUCCESS)
    status = choose_reference(&search);
  if (status == TERN_SUCCESS)
    status = search_hands(&search, second, mirror, false);
  if (status == TERN_SUCCESS && !(best->largest <= tolerance))
    status = search_hands(&search, second, mirror, true);
  if (status == TERN_SUCCESS && !isfinite(best->rmsd)) /* no candidate fixed a rotation */
    matcher_refine(&search.matcher, (double[3][3]){{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, best);
  matcher_free(run, &search.matcher);
  return status;
}

static bool species_match(const cloud *first, const cloud *second) {
  return first->count == second->count && memcmp(first->first, second->first, sizeof first->first) == 0;
}

static void give(const cloud *first, const cloud *second, const matching *best, double tolerance, comparison *result,
                 int64_t *permutation) {
  result->same = best->largest <= tolerance;
  result->rmsd = best->rmsd;
  memcpy(result->rotation, best->rotation, sizeof result->rotation);
  for (int64_t k = 0; permutation != NULL && k < first->count; k++)
    permutation[first->atoms[k]] = second->atoms[best->partner[k]];
}

static int32_t compare_clouds(run *run, const cloud *first, cloud *second, double tolerance, int32_t mirror,
                              comparison *result, int64_t *permutation) {
  matching best = {.rotation = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, .rmsd = INFINITY, .largest = INFINITY};
  if (!species_match(first, second)) {
    *result = (comparison){.same = 0, .rmsd = -1, .rotation = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    for (int64_t k = 0; permutation != NULL && k < first->count; k++)
      permutation[k] = -1;
    return TERN_SUCCESS;
  }
  TRY(MEMORY_NEW(run, &best.partner, first->count, "matching of two structures"));
  int32_t status = TERN_SUCCESS;
  if (first->count == 0)
    best.rmsd = best.largest = 0;
  else
    status = search_all(run, first, second, tolerance, mirror, &best);
  if (status == TERN_SUCCESS)
    give(first, second, &best, tolerance, result, permutation);
  memory_free(run, best.partner);
  return status;
}

static int32_t check_system(const tern_system *system, const char *name) {
  for (int axis = 0; axis < 3; axis++)
    if (system->periodic[axis])
      return error_set(TERN_ERROR_DATA,
                       "'%s' is periodic along direction %d; only structures without periodic directions"
                       " can be compared",
                       name, axis);
  if (system->positions == NULL && system->n_atoms > 0)
    return error_set(TERN_ERROR_MISSING, "'%s' was made from pairs and has no positions to compare", name);
  return TERN_SUCCESS;
}

int32_t compare_systems(run *run, const tern_system *first, const tern_system *second, double tolerance,
                        int32_t mirror, comparison *result, int64_t *permutation) {
  cloud clouds[2] = {{0}, {0}};
  TRY(check_system(first, "first"));
  TRY(check_system(second, "second"));
  if (!(tolerance > 0 && isfinite(tolerance)))
    return error_set(TERN_ERROR_ARGUMENT, "the tolerance is %g; it must be a positive length in Angstrom", tolerance);
  int32_t status = cloud_new(run, first, &clouds[0]);
  if (status == TERN_SUCCESS)
    status = cloud_new(run, second, &clouds[1]);
  if (status == TERN_SUCCESS)
    status = compare_clouds(run, &clouds[0], &clouds[1], tolerance, mirror, result, permutation);
  cloud_free(run, &clouds[0]);
  cloud_free(run, &clouds[1]);
  return status;
}
