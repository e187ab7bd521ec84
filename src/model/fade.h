/* SPDX-License-Identifier: BSD-3-Clause */
/* How fitted parts give way to the baseline zbl where atoms come nearer than in the data (zbl.h says the formula). */
#ifndef TERNION_MODEL_FADE_H
#define TERNION_MODEL_FADE_H

#include "descriptor/descriptor.h"
#include "model/zbl.h"

/* A baseline as the environments of one descriptor see it. */
typedef struct fade {
  const zbl *zbl;                          /* NULL: nothing fades */
  int64_t places[DESCRIPTOR_MOST_SPECIES]; /* of the descriptor's species among those of the baseline, -1: unknown */
} fade;

/* F = pairs * crowd of an environment: 1 everywhere in the data, 0 where nothing is left of the fitted part. */
typedef struct fading {
  double factor, pairs, crowd;
  double slope; /* d crowd / d c */
} fading;

void fade_open(fade *fade, const zbl *zbl, const tern_descriptor *descriptor);
fading fade_of(const fade *fade, const environment *environment);
/* energy and, unless NULL, its gradient [n_neighbours][3] become those of constant + F (energy - constant). */
void fade_apply(const fade *fade, const environment *environment, const fading *fading, double constant, double *energy,
                double *gradient);
/* `highest` of a descriptor's species. */
double fade_constant(const fade *fade, int32_t species);
/* `crowded` of a baseline, after zbl_meet_data. */
int32_t fade_meet_data(zbl *zbl, run *run, const tern_dataset *dataset);

#endif
