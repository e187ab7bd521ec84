/* SPDX-License-Identifier: BSD-3-Clause */
/* Clebsch-Gordan coefficients between the real spherical harmonics. */
#ifndef TERNION_CORRELATION_CLEBSCH_GORDAN_H
#define TERNION_CORRELATION_CLEBSCH_GORDAN_H

#include <stdint.h>

/* *values [2 l1 + 1][2 l2 + 1][2 l + 1], m = -l..l, ended with
   memory_free(NULL, ...); the degrees must obey |l1 - l2| <= l <= l1 + l2. Good
   to 1e-15 for degrees up to 40 at least. */
int32_t clebsch_gordan_new(int32_t l1, int32_t l2, int32_t l, double **values);

#endif
