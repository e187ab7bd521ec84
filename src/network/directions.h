/* SPDX-License-Identifier: BSD-3-Clause */
/* Random unit directions in the space of a structure's 3 N coordinates, orthogonal to each other and to the motions
   that change no energy: translations and, of a structure that is not periodic, rotations. */
#ifndef TERNION_NETWORK_DIRECTIONS_H
#define TERNION_NETWORK_DIRECTIONS_H

#include <stdbool.h>

#include "core/run.h"
#include "network/random.h"
#include "system/system.h"

enum { DIRECTIONS_RIGID = 6 };

/* How many there are; space for DIRECTIONS_RIGID of them. */
int64_t directions_freedom(const tern_system *system, double *space);
/* count at most directions_freedom; space for count + DIRECTIONS_RIGID directions [n_atoms][3]: the first `count` are
   left. */
void directions_draw(const tern_system *system, random_stream random, int64_t count, double *directions);
/* Behind the first `known` of an orthonormal basis [known + count][size], so many random ones. */
void directions_add(random_stream *random, int64_t size, int64_t known, int64_t count, double *basis);
/* A symmetric strain of unit norm. */
void directions_strain(random_stream random, double strain[9]);

#endif
