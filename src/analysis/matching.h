/* SPDX-License-Identifier: BSD-3-Clause */
/* Two clouds of points with species about their centroids, and which point of one belongs to which of the other. */
#ifndef TERNION_ANALYSIS_MATCHING_H
#define TERNION_ANALYSIS_MATCHING_H

#include <stdbool.h>

#include "core/run.h"
#include "system/system.h"

enum { MATCHING_SPECIES = 119 };

/* Points grouped by species, ascending, relative to their centroid. */
typedef struct cloud {
  int64_t count;
  double *points;                      /* [count][3] */
  double *radii;                       /* [count] */
  int64_t *atoms;                      /* [count] index in the system */
  int32_t *species;                    /* [count] */
  int64_t first[MATCHING_SPECIES + 1]; /* where each species begins */
} cloud;

int32_t cloud_new(run *run, const tern_system *system, cloud *cloud);
void cloud_free(run *run, cloud *cloud);
void cloud_invert(cloud *cloud); /* the mirror image, up to a rotation */

/* How well the second cloud lies on the first. */
typedef struct matching {
  double rotation[3][3];
  double rmsd, largest; /* Angstrom */
  int64_t *partner;     /* [count]: point of the second on each point of the first */
} matching;

/* Room for the work on two clouds of `count` points. */
typedef struct matcher {
  const cloud *first, *second;
  double *turned;    /* [count][3] the second after a rotation */
  double *paired;    /* [count][3] */
  int64_t *partner;  /* [count] */
  int64_t *previous; /* [count] */
  double *costs;     /* [largest species squared] */
  double *potential[2], *least;
  int64_t *row_of, *way;
  bool *taken;
} matcher;

int32_t matcher_new(run *run, const cloud *first, const cloud *second, matcher *matcher);
void matcher_free(run *run, matcher *matcher);
/* Sum of squared distances from each point of the first to the nearest of its species in the turned second: no
   matching has a smaller one. Infinite as soon as the sum exceeds `bound`, or one distance exceeds `reach`. */
double matcher_nearest(matcher *matcher, double rotation[3][3], double bound, double reach);
/* Matches and fits the rotation in turn until the matching stays; the result is in *matching when it has a smaller
 * rmsd. */
void matcher_refine(matcher *matcher, double rotation[3][3], matching *best);

#endif
