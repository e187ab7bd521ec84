/* SPDX-License-Identifier: BSD-3-Clause */
/* The header needs nothing before it, and may come twice. */
#include <ternion.h>
#include <ternion.h>

int main(void) {
  int32_t version = 0;
  return tern_abi_version(&version) == TERN_SUCCESS && version == TERN_ABI_VERSION ? 0 : 1;
}
