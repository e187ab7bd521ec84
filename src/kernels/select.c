/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the instruction sets is used. */
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

extern const kernel_table kernels_baseline;

#if defined(__x86_64__)
extern const kernel_table kernels_avx2, kernels_avx512;

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

const char *kernels_available(void) {
  return has_avx512() ? "baseline avx2 avx512" : has_avx2() ? "baseline avx2" : "baseline";
}

static const kernel_table *best(void) {
  return has_avx512() ? &kernels_avx512 : has_avx2() ? &kernels_avx2 : &kernels_baseline;
}

const kernel_table *kernels_find(const char *name) {
  if (has_avx512() && strcmp(name, "avx512") == 0)
    return &kernels_avx512;
  if (has_avx2() && strcmp(name, "avx2") == 0)
    return &kernels_avx2;
  return strcmp(name, "baseline") == 0 ? &kernels_baseline : NULL;
}
#else
const char *kernels_available(void) { return "baseline"; }

static const kernel_table *best(void) { return &kernels_baseline; }

const kernel_table *kernels_find(const char *name) { return strcmp(name, "baseline") == 0 ? &kernels_baseline : NULL; }
#endif

/* Constant once it is set; two threads that set it at the same time set the same. */
static _Atomic(const kernel_table *) chosen;

int32_t kernels_get(const kernel_table **table) {
  const kernel_table *found = atomic_load(&chosen);
  if (!found) {
    const char *wanted = getenv("TERNION_KERNELS");
    found = wanted && *wanted ? kernels_find(wanted) : best();
    if (!found)
      return error_set(TERN_ERROR_ARGUMENT,
                       "environment variable TERNION_KERNELS: '%s' is not one of the sets that this "
                       "machine runs (%s)",
                       wanted, kernels_available());
    atomic_store(&chosen, found);
  }
  *table = found;
  return TERN_SUCCESS;
}
