/* SPDX-License-Identifier: BSD-3-Clause */
/* What the bodies share. */
#ifndef TERNION_API_API_H
#define TERNION_API_API_H

#include <stdint.h>

#include "core/error.h"

/* Is it 0 to count - 1? The message names the argument and what it counts. */
int32_t api_index(const char *argument, int64_t index, int64_t count, const char *what);

#endif
