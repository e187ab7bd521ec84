/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/safetensors_header.h"
#include "io/safetensors_memory.h"

struct safetensors_file {
  char *path;
  unsigned char *bytes; /* the whole file */
  void **copies;        /* [n_tensors]: data whose place in the file does not suit their type, NULL for the others */
  json_t *root;
  int64_t n_tensors;
  tensor *tensors;
  char prefix[16];
};

void safetensors_free(safetensors_file *file) {
  if (file == NULL)
    return;
  for (int64_t i = 0; file->copies != NULL && i < file->n_tensors; ++i)
    memory_free(NULL, file->copies[i]);
  memory_free(NULL, file->copies);
  memory_free(NULL, file->tensors);
  memory_free(NULL, file->bytes);
  memory_free(NULL, file->path);
  json_decref(file->root);
  memory_free(NULL, file);
}

static int32_t safetensors_place(safetensors_file *file, const unsigned char *data, const safetensors_span *span) {
  const int64_t bytes = span->end - span->begin;
  void **copy = &file->copies[span->tensor];
  file->tensors[span->tensor].data = data + span->begin;
  if (span->begin % SAFETENSORS_ALIGNMENT == 0 && (uintptr_t)data % SAFETENSORS_ALIGNMENT == 0)
    return TERN_SUCCESS;
  TRY(memory_new(NULL, copy, bytes, 1, "a tensor"));
  memcpy(*copy, data + span->begin, (size_t)bytes);
  file->tensors[span->tensor].data = *copy;
  return TERN_SUCCESS;
}

/* The length of the header stands in the first 8 bytes. */
static int32_t safetensors_split(const unsigned char *bytes, int64_t size, int64_t *header) {
  uint64_t length = 0;
  if (size < SAFETENSORS_PREFIX)
    return error_set(TERN_ERROR_FORMAT, "%lld bytes are too few for a safetensors file", (long long)size);
  memcpy(&length, bytes, SAFETENSORS_PREFIX);
  if (length < 2 || length > SAFETENSORS_LARGEST_HEADER)
    return error_set(TERN_ERROR_FORMAT,
                     "a header of %llu bytes is announced; valid: 2 to %d. This is no safetensors file",
                     (unsigned long long)length, SAFETENSORS_LARGEST_HEADER);
  if ((int64_t)length > size - SAFETENSORS_PREFIX)
    return error_set(TERN_ERROR_FORMAT, "the file is truncated: %lld bytes, of which the header needs %lld",
                     (long long)size, (long long)length + SAFETENSORS_PREFIX);
  *header = (int64_t)length;
  return TERN_SUCCESS;
}

static int32_t safetensors_parse(safetensors_file *file, int64_t size) {
  int64_t header = 0;
  safetensors_span *spans = NULL;
  TRY(safetensors_split(file->bytes, size, &header));
  const unsigned char *data = file->bytes + SAFETENSORS_PREFIX + header;
  TRY(safetensors_header_read((const char *)file->bytes + SAFETENSORS_PREFIX, header,
                              size - SAFETENSORS_PREFIX - header, &file->root, &file->n_tensors, &file->tensors,
                              &spans));
  int32_t status = MEMORY_NEW(NULL, &file->copies, file->n_tensors, "the tensors of a file");
  for (int64_t i = 0; i < file->n_tensors && status == TERN_SUCCESS; ++i)
    status = safetensors_place(file, data, &spans[i]);
  memory_free(NULL, spans);
  return status;
}

static int32_t safetensors_new(safetensors_file **file, const char *name, int64_t size) {
  TRY(MEMORY_NEW(NULL, file, 1, "a safetensors file"));
  (*file)->path = memory_text(name);
  if ((*file)->path == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for a name");
  return MEMORY_NEW(NULL, &(*file)->bytes, size, "a safetensors file");
}

int32_t safetensors_read_memory(safetensors_file **file, const char *name, const void *data, int64_t bytes) {
  safetensors_file *made = NULL;
  int32_t status = safetensors_check_machine();
  if (status == TERN_SUCCESS)
    status = safetensors_new(&made, name, bytes);
  if (status == TERN_SUCCESS) {
    memcpy(made->bytes, data, (size_t)bytes);
    status = safetensors_parse(made, bytes);
  }
  if (status != TERN_SUCCESS) {
    safetensors_free(made);
    return error_prefix(status, "%s: ", name);
  }
  *file = made;
  return TERN_SUCCESS;
}

static int32_t safetensors_load(int descriptor, unsigned char *bytes, int64_t size) {
  int64_t done = 0;
  while (done < size) {
    const ssize_t got = read(descriptor, bytes + done, (size_t)(size - done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set(TERN_ERROR_FILE, "cannot be read: %s", strerror(errno));
    if (got == 0)
      return error_set(TERN_ERROR_FILE, "became shorter while it was read");
    done += got;
  }
  return TERN_SUCCESS;
}

static int32_t safetensors_read_open(safetensors_file **file, const char *path, int descriptor) {
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0)
    return error_set(TERN_ERROR_FILE, "cannot be opened for reading: %s", strerror(errno));
  if (S_ISDIR(status.st_mode))
    return error_set(TERN_ERROR_FILE, "is a directory; a file is needed");
  if (!S_ISREG(status.st_mode))
    return error_set(TERN_ERROR_FILE, "is a device or a pipe; a file is needed");
  TRY(safetensors_check_machine());
  TRY(safetensors_new(file, path, status.st_size));
  TRY(safetensors_load(descriptor, (*file)->bytes, status.st_size));
  return safetensors_parse(*file, status.st_size);
}

int32_t safetensors_read(safetensors_file **file, const char *path) {
  safetensors_file *made = NULL;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  const int32_t status = safetensors_read_open(&made, path, descriptor);
  if (descriptor >= 0)
    close(descriptor);
  if (status != TERN_SUCCESS) {
    safetensors_free(made);
    return error_prefix(status, "%s: ", path);
  }
  *file = made;
  return TERN_SUCCESS;
}

const char *safetensors_metadata(const safetensors_file *file, const char *key) {
  return json_string_value(json_object_get(json_object_get(file->root, "__metadata__"), key));
}

int64_t safetensors_count(const safetensors_file *file) { return file->n_tensors; }

const tensor *safetensors_at(const safetensors_file *file, int64_t index) { return &file->tensors[index]; }

void safetensors_within(safetensors_file *file, const char *prefix) {
  text_format(file->prefix, sizeof file->prefix, "%s", prefix);
}

const tensor *safetensors_find(const safetensors_file *file, const char *name) {
  const size_t length = strlen(file->prefix);
  for (int64_t i = 0; i < file->n_tensors; ++i)
    if (strncmp(file->tensors[i].name, file->prefix, length) == 0 && strcmp(file->tensors[i].name + length, name) == 0)
      return &file->tensors[i];
  return NULL;
}

int32_t safetensors_get(const safetensors_file *file, const char *name, tensor_type type, int32_t rank,
                        const int64_t *shape, const tensor **found) {
  const tensor *tensor = safetensors_find(file, name);
  if (tensor == NULL)
    return error_set(TERN_ERROR_FORMAT, "%s: tensor '%s%s' is missing", file->path, file->prefix,
                     name);
  if (tensor->type != type || tensor->rank != rank)
    return error_set(TERN_ERROR_FORMAT, "%s: tensor '%s' is %s of rank %d; %s of rank %d is needed", file->path, name,
                     safetensors_type_name(tensor->type), tensor->rank, safetensors_type_name(type), rank);
  for (int32_t d = 0; d < rank; ++d)
    if (shape[d] >= 0 && tensor->shape[d] != shape[d])
      return error_set(TERN_ERROR_FORMAT, "%s: tensor '%s' has extent %lld in dimension %d; %lld is needed", file->path,
                       name, (long long)tensor->shape[d], d, (long long)shape[d]);
  *found = tensor;
  return TERN_SUCCESS;
}

int32_t safetensors_get_finite(const safetensors_file *file, const char *name, int32_t rank, const int64_t *shape,
                               const tensor **found) {
  const tensor *tensor = NULL;
  int64_t count = 1;
  TRY(safetensors_get(file, name, TENSOR_FLOAT64, rank, shape, &tensor));
  for (int32_t d = 0; d < rank; ++d)
    count *= tensor->shape[d];
  for (int64_t k = 0; k < count; ++k)
    if (!isfinite(((const double *)tensor->data)[k]))
      return error_set(TERN_ERROR_FORMAT, "tensor '%s': number %lld is not finite", name, (long long)k);
  *found = tensor;
  return TERN_SUCCESS;
}

int32_t safetensors_copy_finite(const safetensors_file *file, const char *name, int64_t count, double *numbers) {
  const tensor *found = NULL;
  TRY(safetensors_get_finite(file, name, 1, &count, &found));
  memcpy(numbers, found->data, (size_t)count * sizeof *numbers);
  return TERN_SUCCESS;
}
