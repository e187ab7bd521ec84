/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that depend on what they are for only: streams named by a seed and two numbers, so that nothing has to
   be kept to draw them again. */
#ifndef TERNION_NETWORK_RANDOM_H
#define TERNION_NETWORK_RANDOM_H

#include <math.h>

#include "core/random.h"

typedef struct random_stream {
  uint64_t state;
} random_stream;

static inline random_stream random_stream_of(uint64_t seed, uint64_t first, uint64_t second) {
  const uint64_t named = random_mix(random_mix(seed + RANDOM_STEP) ^ (first + RANDOM_STEP));
  return (random_stream){random_mix(named ^ (second + RANDOM_STEP))};
}

/* In (0, 1]. */
static inline double random_uniform(random_stream *stream) {
  return (double)((random_next(&stream->state) >> 11) + 1) * 0x1p-53;
}

static inline double random_normal(random_stream *stream) {
  const double length = sqrt(-2 * log(random_uniform(stream)));
  return length * cos(6.283185307179586 * random_uniform(stream));
}

#endif
