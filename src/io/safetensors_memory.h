/* SPDX-License-Identifier: BSD-3-Clause */
/* safetensors from and to bytes in memory. */
#ifndef TERNION_IO_SAFETENSORS_MEMORY_H
#define TERNION_IO_SAFETENSORS_MEMORY_H

#include "io/safetensors.h"

/* As safetensors_read, of a copy of these bytes; `name` stands for the path in messages. */
int32_t safetensors_read_memory(safetensors_file **file, const char *name, const void *data, int64_t bytes);

/* As safetensors_write, into bytes that memory_free(NULL, ...) ends; the size is a multiple of 4. */
int32_t safetensors_write_memory(unsigned char **bytes, int64_t *size, int64_t n_tensors, const tensor *tensors,
                                 int64_t n_metadata, const metadata_entry *metadata);

#endif
