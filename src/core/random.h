/* SPDX-License-Identifier: BSD-3-Clause */
/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same random numbers on every machine. */
#ifndef TERNION_CORE_RANDOM_H
#define TERNION_CORE_RANDOM_H

#include <stdint.h>

#define RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15)

/* The output function: of a state, or to scramble any number. */
static inline uint64_t random_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline uint64_t random_next(uint64_t *state) { return random_mix(*state += RANDOM_STEP); }

#endif
