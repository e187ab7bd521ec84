/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors of atoms under a name, such as the features of each environment. */
#ifndef TERNION_SYSTEM_VECTORS_H
#define TERNION_SYSTEM_VECTORS_H

#include <stdint.h>

enum { VECTORS_WIDEST = 1000000 };

/* Could this be a column of a file that means nothing else there? As tensor_check_name. */
int32_t vectors_check_name(int32_t status, const char *what, const char *name);
int32_t vectors_check_width(int64_t width);

#endif
