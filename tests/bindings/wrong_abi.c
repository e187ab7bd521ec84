/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands for a libternion of another binary interface: nothing but its number can be asked for. */
#include <stdint.h>

int32_t tern_abi_version(int32_t *version);

int32_t tern_abi_version(int32_t *version) {
  *version = 99;
  return 0;
}
