/* SPDX-License-Identifier: BSD-3-Clause */
/* How fitted parts give way to the baseline zbl where atoms come nearer than in the data (zbl.h says the formula). */
#ifndef TERNION_MODEL_FADE_H
#define TERNION_MODEL_FADE_H

#include "descriptor/descriptor.h"
#include "model/zbl.h"

/* A baseline as the environments of one descriptor see it. */
typedef struct fade {
  const zbl *zbl;                         /* NULL: nothing fades */
  int64_t places[DESCRIPTOR_MOST_SPECIES]; /* of the descriptor's species among those of the baseline, -1: unknown */
} fade;

void fade_open(fade *fade, const zbl *zbl, const tern_descriptor *descriptor);
/* F: 1 where no neighbour is near, as everywhere in the data, 0 where one is so near that nothing is left. */
double fade_factor(const fade *fade, const environment *environment);
/* energy and, unless NULL, its gradient [n_neighbours][3] become those of constant + factor (energy - constant). */
void fade_apply(const fade *fade, const environment *environment, double factor, double constant, double *energy,
                double *gradient);
/* `highest` of a descriptor's species. */
double fade_constant(const fade *fade, int32_t species);

#endif
