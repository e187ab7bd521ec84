/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of named arrays with JSON metadata (https://github.com/huggingface/safetensors, format version of 2022). */
#ifndef TERNION_IO_SAFETENSORS_H
#define TERNION_IO_SAFETENSORS_H

#include <stdint.h>

#include "core/run.h"

enum { SAFETENSORS_MAX_RANK = 8 };
typedef enum tensor_type { TENSOR_FLOAT64, TENSOR_FLOAT32, TENSOR_INT64, TENSOR_INT32 } tensor_type;

typedef struct tensor {
  char name[64];
  tensor_type type;
  int32_t rank;
  int64_t shape[SAFETENSORS_MAX_RANK];
  const void *data; /* 8-byte aligned; little-endian in the file */
} tensor;

/* Metadata: flat text values; a structured value is JSON text inside a string, as the format asks for. */
typedef struct metadata_entry {
  const char *key;
  const char *value;
} metadata_entry;

/* Writes the whole file atomically. */
int32_t safetensors_write(const char *path, int64_t n_tensors, const tensor *tensors, int64_t n_metadata,
                          const metadata_entry *metadata);

/* Writing in pieces, when the data do not fit in memory: shapes are known at the start, data come in the tensors'
 * order. */
typedef struct safetensors_writer safetensors_writer;
int32_t safetensors_writer_open(safetensors_writer **writer, const char *path, int64_t n_tensors, const tensor *tensors,
                                int64_t n_metadata, const metadata_entry *metadata); /* data pointers are not read */
int32_t safetensors_writer_append(safetensors_writer *writer, const void *data, int64_t bytes);
int32_t safetensors_writer_close(safetensors_writer *writer); /* checks completeness, puts the file under its name */
void safetensors_writer_free(safetensors_writer *writer);     /* discards what was not closed */

/* A file read into memory; every size and offset is checked. Truncated, overlapping or malformed files are
 * TERN_ERROR_FORMAT. */
typedef struct safetensors_file safetensors_file;
int32_t safetensors_read(safetensors_file **file, const char *path);
void safetensors_free(safetensors_file *file);
const char *safetensors_metadata(const safetensors_file *file, const char *key); /* NULL when absent */
const tensor *safetensors_find(const safetensors_file *file, const char *name);  /* NULL when absent */
/* The same for float64 numbers that must all be finite. */
int32_t safetensors_get_finite(const safetensors_file *file, const char *name, int32_t rank, const int64_t *shape,
                               const tensor **found);
/* `count` finite numbers of a tensor of rank 1, copied. */
int32_t safetensors_copy_finite(const safetensors_file *file, const char *name, int64_t count, double *numbers);
/* From here on names are meant with this prefix (15 characters at most), as "2." for the second part of a model. */
void safetensors_within(safetensors_file *file, const char *prefix);
int64_t safetensors_count(const safetensors_file *file);
const tensor *safetensors_at(const safetensors_file *file, int64_t index);
/* A tensor of the given type and rank with the given shape (-1: any extent), or an error that names file and tensor. */
int32_t safetensors_get(const safetensors_file *file, const char *name, tensor_type type, int32_t rank,
                        const int64_t *shape, const tensor **found);

#endif
