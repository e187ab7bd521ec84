/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that depend on what they are for only: streams named by a seed and two numbers, so that nothing has to
   be kept to draw them again. */
#ifndef TERNION_NETWORK_RANDOM_H
#define TERNION_NETWORK_RANDOM_H

#include <math.h>
#include <stdint.h>

typedef struct random_stream {
  uint64_t state;
} random_stream;

/* The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t random_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline random_stream random_stream_of(uint64_t seed, uint64_t first, uint64_t second) {
  const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
  return (random_stream){random_mix(random_mix(random_mix(seed + step) ^ (first + step)) ^ (second + step))};
}

static inline uint64_t random_bits(random_stream *stream) {
  return random_mix(stream->state += UINT64_C(0x9e3779b97f4a7c15));
}

/* In (0, 1]. */
static inline double random_uniform(random_stream *stream) {
  return (double)((random_bits(stream) >> 11) + 1) * 0x1p-53;
}

static inline double random_normal(random_stream *stream) {
  const double length = sqrt(-2 * log(random_uniform(stream)));
  return length * cos(6.283185307179586 * random_uniform(stream));
}

#endif
