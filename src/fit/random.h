/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that depend on a seed, a stream and their place in it only (SplitMix64: Steele, Lea, Flood, OOPSLA
   2014): any of them is had without those before it, so that training resumes bit for bit. */
#ifndef TERNION_FIT_RANDOM_H
#define TERNION_FIT_RANDOM_H

#include <stdint.h>

static inline uint64_t random_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t place) {
  const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
  const uint64_t start = random_mix(random_mix(seed + golden) + (stream + 1) * golden);
  return random_mix(start + (place + 1) * golden);
}

/* In [0, 1). */
static inline double random_uniform(uint64_t seed, uint64_t stream, uint64_t place) {
  return (double)(random_bits(seed, stream, place) >> 11) * 0x1p-53;
}

#endif
