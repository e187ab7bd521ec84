/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves results, past the caches when nobody reads them soon. */
#include "kernels/past_caches.h"
#include "kernels/set.h"

INLINE vector load_loose(const double *from) { return *(const loose_vector *)from; }

INLINE void move_vectors(int64_t begin, int64_t end, const double *source, double *target, double *sum,
                         int past_caches) {
  for (int64_t k = begin; k < end; k += WIDTH) {
    const vector value = load_loose(source + k);
    *(loose_vector *)(sum + k) = load_loose(sum + k) - value;
    if (past_caches)
      store_past_caches(target + k, value);
    else
      *(loose_vector *)(target + k) = value;
  }
}

INLINE void move_each(int64_t begin, int64_t end, const double *source, double *target, double *sum) {
  for (int64_t k = begin; k < end; k++) {
    sum[k] -= source[k];
    target[k] = source[k];
  }
}

void KERNEL(move)(int64_t count, const double *source, double *target, double *sum, int32_t past_caches) {
  const int64_t misplaced = (int64_t)((uintptr_t)target % (8 * WIDTH) / 8), to_line = misplaced ? WIDTH - misplaced : 0;
  const int64_t head = to_line < count ? to_line : count, end = head + (count - head) / WIDTH * WIDTH;
  move_each(0, head, source, target, sum);
  if (past_caches) {
    move_vectors(head, end, source, target, sum, 1);
    finish_stores();
  } else
    move_vectors(head, end, source, target, sum, 0);
  move_each(end, count, source, target, sum);
}
