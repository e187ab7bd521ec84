/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON header of a safetensors file: written from, and read into, tensors. */
#ifndef TERNION_IO_SAFETENSORS_HEADER_H
#define TERNION_IO_SAFETENSORS_HEADER_H

#include <jansson.h>

#include "core/text.h"
#include "io/safetensors.h"

enum { SAFETENSORS_LARGEST_HEADER = 100000000, SAFETENSORS_PREFIX = 8, SAFETENSORS_ALIGNMENT = 8 };

/* The files are little-endian and so must the machine be. */
int32_t safetensors_check_machine(void);
int64_t safetensors_item_size(tensor_type type);
const char *safetensors_type_name(tensor_type type);
/* Bytes of a tensor; false when a number overflows or an extent is negative. */
bool safetensors_bytes(const tensor *tensor, int64_t *bytes);
/* The header's text, padded with blanks, its length prefix not included. */
int32_t safetensors_header_write(int64_t n_tensors, const tensor *tensors, int64_t n_metadata,
                                 const metadata_entry *metadata, text *header);
/* Where a tensor's data lie behind the header. */
typedef struct safetensors_span {
  int64_t begin, end, tensor;
} safetensors_span;
/* The root object, its tensors (without data) and their spans, sorted; spans cover the data without holes or overlaps.
   Messages do not name the file. On failure nothing has to be freed. */
int32_t safetensors_header_read(const char *header, int64_t length, int64_t data_bytes, json_t **root,
                                int64_t *n_tensors, tensor **tensors, safetensors_span **spans);

#endif
