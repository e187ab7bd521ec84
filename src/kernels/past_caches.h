/* SPDX-License-Identifier: BSD-3-Clause */
/* Stores past the caches, for results that nobody reads soon: a plain store would first fetch the line that it
   overwrites. */
#ifndef TERNION_KERNELS_PAST_CACHES_H
#define TERNION_KERNELS_PAST_CACHES_H

#include "kernels/block.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

INLINE void store_past_caches(double *to, vector value) {
#if defined(__AVX512F__)
  _mm512_stream_pd(to, (__m512d)value);
#elif defined(__AVX__)
  _mm256_stream_pd(to, (__m256d)value);
#elif defined(__SSE2__)
  _mm_stream_pd(to, (__m128d)value);
#else
  *(vector *)to = value;
#endif
}

/* Later stores, of this thread or of one that it wakes, come after those past the caches. */
INLINE void finish_stores(void) {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

#endif
