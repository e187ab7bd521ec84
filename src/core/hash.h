/* SPDX-License-Identifier: BSD-3-Clause */
/* FNV-1a, to tell whether something is the same as before; not against malice. */
#ifndef TERNION_CORE_HASH_H
#define TERNION_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  for (size_t k = 0; k < count; k++)
    hash = (hash ^ ((const unsigned char *)bytes)[k]) * UINT64_C(0x100000001b3);
  return hash;
}

#endif
