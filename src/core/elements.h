/* SPDX-License-Identifier: BSD-3-Clause */
/* The chemical elements: atomic numbers, symbols and sizes. */
#ifndef TERNION_CORE_ELEMENTS_H
#define TERNION_CORE_ELEMENTS_H

#include <stdint.h>

enum { ELEMENTS_COUNT = 118 };

const char *elements_symbol(int32_t number);                 /* "Si"; NULL when not 1..118 */
int32_t elements_number(const char *symbol, int64_t length); /* 0 when unknown */
/* Covalent radius in Angstrom; 0 when not 1..118. From Cm on, where none are known, that of Cm. */
double elements_radius(int32_t number);

#endif
