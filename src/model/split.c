/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/split.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"

int32_t split_structures(int64_t size, double fraction, int64_t seed, unsigned char *held_out) {
  const int64_t wanted = (int64_t)llround(fraction * (double)size), count = wanted < 1 ? 1 : wanted;
  if (count >= size)
    return error_set(
        TERN_ERROR_DATA,
        "option 'validation' is %g, which leaves none of the %lld structures to fit; set it to 0, or fit on"
        " more structures",
        fraction, (long long)size);
  uint64_t state = (uint64_t)seed;
  int64_t left = count;
  memset(held_out, 0, (size_t)size);
  for (int64_t index = 0; index < size; index++) /* selection sampling, Knuth's algorithm S */
    if ((double)(random_next(&state) >> 11) * 0x1p-53 * (double)(size - index) < (double)left) {
      held_out[index] = 1;
      left--;
    }
  return TERN_SUCCESS;
}

int32_t split_new(unsigned char **held_out, run *run, const tern_options *options, int64_t size) {
  double validation;
  int64_t seed;
  unsigned char *made = NULL;
  TRY(options_real(options, "validation", &validation));
  TRY(options_integer(options, "seed", &seed));
  *held_out = NULL;
  if (validation == 0)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &made, size, "the split of the structures"));
  const int32_t status = split_structures(size, validation, seed, made);
  if (status == TERN_SUCCESS)
    *held_out = made;
  else
    memory_free(run, made);
  return status;
}
