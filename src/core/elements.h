/* SPDX-License-Identifier: BSD-3-Clause */
/* The chemical elements: atomic numbers and symbols. */
#ifndef TERNION_CORE_ELEMENTS_H
#define TERNION_CORE_ELEMENTS_H

#include <stdint.h>

enum { ELEMENTS_COUNT = 118 };

const char *elements_symbol(int32_t number);                 /* "Si"; NULL when not 1..118 */
int32_t elements_number(const char *symbol, int64_t length); /* 0 when unknown */

#endif
