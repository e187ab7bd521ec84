/* SPDX-License-Identifier: BSD-3-Clause */
/* The hot loops, compiled once per instruction set. One table is chosen at first use: the best that the machine runs, or the one
   that the environment variable TERNION_KERNELS names (baseline, avx2, avx512). Every *.c here but select.c is compiled for each
   set, with KERNEL(name) giving the set's own name. */
#ifndef TERNION_KERNELS_KERNELS_H
#define TERNION_KERNELS_KERNELS_H

#include <stdint.h>

typedef struct kernel_table {
  const char *name;
  /* filled in by the kernels' author: pointers with their shapes */
} kernel_table;

/* TERN_ERROR_ARGUMENT when TERNION_KERNELS names a set that is unknown or that the machine does not run. */
int32_t kernels_get(const kernel_table **table);
/* Names of the sets that this machine runs, separated by blanks. */
const char *kernels_available(void);

#endif
