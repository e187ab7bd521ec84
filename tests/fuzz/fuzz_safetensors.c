/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a file of named arrays: read or refused, and what is read can be touched. */
#include <stdlib.h>
#include <string.h>

#include "io/safetensors_header.h"
#include "io/safetensors_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  safetensors_file *file = NULL;
  volatile unsigned char sum = 0;
  if (safetensors_read_memory(&file, "input", data, (int64_t)size) != TERN_SUCCESS) {
    if (file != NULL)
      abort();
    return 0;
  }
  for (int64_t i = 0; i < safetensors_count(file); ++i) {
    const tensor *tensor = safetensors_at(file, i);
    int64_t bytes = 0;
    if (!safetensors_bytes(tensor, &bytes) || (uintptr_t)tensor->data % 8 != 0 ||
        safetensors_find(file, tensor->name) != tensor)
      abort();
    for (int64_t k = 0; k < bytes; ++k)
      sum = (unsigned char)(sum + ((const unsigned char *)tensor->data)[k]);
  }
  safetensors_free(file);
  return 0;
}
