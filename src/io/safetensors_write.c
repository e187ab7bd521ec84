/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/safetensors_header.h"
#include "io/safetensors_memory.h"

struct safetensors_writer {
  output_file *output;
  char *path;
  int64_t bytes, written; /* of data */
};

static int32_t safetensors_begin(safetensors_writer *writer, const text *header) {
  const uint64_t length = (uint64_t)header->length;
  TRY(output_open(&writer->output, writer->path));
  TRY(output_write(writer->output, &length, SAFETENSORS_PREFIX));
  return output_write(writer->output, header->data, header->length);
}

static int32_t safetensors_prepare(safetensors_writer *writer, const char *path, int64_t n_tensors,
                                   const tensor *tensors, int64_t n_metadata, const metadata_entry *metadata) {
  text header = {0};
  TRY(safetensors_check_machine());
  writer->path = memory_text(path);
  if (writer->path == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for the name of '%s'", path);
  int32_t status = safetensors_header_write(n_tensors, tensors, n_metadata, metadata, &header);
  if (status == TERN_SUCCESS)
    status = safetensors_begin(writer, &header);
  text_free(&header);
  for (int64_t i = 0; i < n_tensors && status == TERN_SUCCESS; ++i) {
    int64_t bytes = 0;
    safetensors_bytes(&tensors[i], &bytes);
    writer->bytes += bytes;
  }
  return status;
}

int32_t safetensors_writer_open(safetensors_writer **writer, const char *path, int64_t n_tensors, const tensor *tensors,
                                int64_t n_metadata, const metadata_entry *metadata) {
  safetensors_writer *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a safetensors writer"));
  const int32_t status = safetensors_prepare(made, path, n_tensors, tensors, n_metadata, metadata);
  if (status != TERN_SUCCESS) {
    safetensors_writer_free(made);
    return status;
  }
  *writer = made;
  return TERN_SUCCESS;
}

int32_t safetensors_writer_append(safetensors_writer *writer, const void *data, int64_t bytes) {
  if (bytes < 0 || bytes > writer->bytes - writer->written)
    return error_set(TERN_ERROR_INTERNAL, "%s: %lld bytes do not fit in the %lld that are left of its tensors",
                     writer->path, (long long)bytes, (long long)(writer->bytes - writer->written));
  TRY(output_write(writer->output, data, bytes));
  writer->written += bytes;
  return TERN_SUCCESS;
}

int32_t safetensors_writer_close(safetensors_writer *writer) {
  if (writer->written != writer->bytes)
    return error_set(TERN_ERROR_INTERNAL, "%s: %lld bytes of its tensors are missing", writer->path,
                     (long long)(writer->bytes - writer->written));
  return output_commit(writer->output);
}

void safetensors_writer_free(safetensors_writer *writer) {
  if (writer == NULL)
    return;
  output_free(writer->output);
  memory_free(NULL, writer->path);
  memory_free(NULL, writer);
}

int32_t safetensors_write(const char *path, int64_t n_tensors, const tensor *tensors, int64_t n_metadata,
                          const metadata_entry *metadata) {
  safetensors_writer *writer = NULL;
  TRY(safetensors_writer_open(&writer, path, n_tensors, tensors, n_metadata, metadata));
  int32_t status = TERN_SUCCESS;
  for (int64_t i = 0; i < n_tensors && status == TERN_SUCCESS; ++i) {
    int64_t bytes = 0;
    safetensors_bytes(&tensors[i], &bytes);
    status = safetensors_writer_append(writer, tensors[i].data, bytes);
  }
  if (status == TERN_SUCCESS)
    status = safetensors_writer_close(writer);
  safetensors_writer_free(writer);
  return status;
}

/* Header and data one after the other. */
static int32_t safetensors_join(unsigned char **bytes, int64_t *size, int64_t n_tensors, const tensor *tensors,
                                const text *header) {
  unsigned char *made = NULL;
  const uint64_t length = (uint64_t)header->length;
  int64_t total = SAFETENSORS_PREFIX + header->length, one = 0;
  for (int64_t i = 0; i < n_tensors; ++i, total += one)
    safetensors_bytes(&tensors[i], &one);
  TRY(MEMORY_NEW(NULL, &made, total, "a safetensors file in memory"));
  *bytes = made;
  *size = total;
  memcpy(made, &length, SAFETENSORS_PREFIX);
  memcpy(made + SAFETENSORS_PREFIX, header->data, (size_t)header->length);
  made += SAFETENSORS_PREFIX + header->length;
  for (int64_t i = 0; i < n_tensors; ++i, made += one) {
    safetensors_bytes(&tensors[i], &one);
    if (one > 0)
      memcpy(made, tensors[i].data, (size_t)one);
  }
  return TERN_SUCCESS;
}

int32_t safetensors_write_memory(unsigned char **bytes, int64_t *size, int64_t n_tensors, const tensor *tensors,
                                 int64_t n_metadata, const metadata_entry *metadata) {
  text header = {0};
  TRY(safetensors_check_machine());
  int32_t status = safetensors_header_write(n_tensors, tensors, n_metadata, metadata, &header);
  if (status == TERN_SUCCESS)
    status = safetensors_join(bytes, size, n_tensors, tensors, &header);
  text_free(&header);
  return status;
}
