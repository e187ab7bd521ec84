/* SPDX-License-Identifier: BSD-3-Clause */
/* Cartesian tensors that structures carry under a name, such as a dipole (order 1) or a polarizability (order 2). */
#ifndef TERNION_SYSTEM_TENSOR_H
#define TERNION_SYSTEM_TENSOR_H

#include <stdint.h>

enum { TENSOR_HIGHEST_ORDER = 3, TENSOR_MOST = 27 };

/* 3^order. */
int64_t tensor_count(int32_t order);
/* The order that has so many numbers; -1 when none up to TENSOR_HIGHEST_ORDER does. */
int32_t tensor_order(int64_t count);
/* Could this be a key of a comment line that means nothing else there? `what` is the argument or option at fault,
   `status` what a refusal returns. */
int32_t tensor_check_name(int32_t status, const char *what, const char *name);
int32_t tensor_check_order(int32_t order);

#endif
