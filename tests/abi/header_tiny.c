/* SPDX-License-Identifier: BSD-3-Clause */
/* The header of the tiny contract; a retired number stays away. */
#include <tiny.h>

#ifdef __cplusplus
static_assert(TINY_ERROR_MEMORY == 3 && TINY_ABI_VERSION == 3 && TINY_MODE_LEAST == -2147483647,
              "numbers of the contract");
#else
_Static_assert(TINY_ERROR_MEMORY == 3 && TINY_ABI_VERSION == 3 && TINY_MODE_LEAST == -2147483647,
               "numbers of the contract");
#endif

enum { TINY_ERROR_WEATHER, TINY_MODE_DARK };
