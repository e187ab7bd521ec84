/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that depend on a seed, a stream and their place in it only: any of them is had
   without those before it, so that training resumes bit for bit. */
#ifndef TERNION_FIT_RANDOM_H
#define TERNION_FIT_RANDOM_H

#include "core/random.h"

static inline uint64_t fit_random_bits(uint64_t seed, uint64_t stream, uint64_t place) {
  const uint64_t start = random_mix(random_mix(seed + RANDOM_STEP) + (stream + 1) * RANDOM_STEP);
  return random_mix(start + (place + 1) * RANDOM_STEP);
}

/* In [0, 1). */
static inline double fit_random_uniform(uint64_t seed, uint64_t stream, uint64_t place) {
  return (double)(fit_random_bits(seed, stream, place) >> 11) * 0x1p-53;
}

#endif
