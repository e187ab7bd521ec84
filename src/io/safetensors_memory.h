/* SPDX-License-Identifier: BSD-3-Clause */
/* safetensors from bytes in memory. */
#ifndef TERNION_IO_SAFETENSORS_MEMORY_H
#define TERNION_IO_SAFETENSORS_MEMORY_H

#include "io/safetensors.h"

/* As safetensors_read, of a copy of these bytes; `name` stands for the path in messages. */
int32_t safetensors_read_memory(safetensors_file **file, const char *name, const void *data, int64_t bytes);

#endif
