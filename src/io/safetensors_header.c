/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/safetensors_header.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static const struct {
  const char *name;
  int64_t size;
} types[] = {{"F64", 8}, {"F32", 4}, {"I64", 8}, {"I32", 4}};

enum { N_TYPES = sizeof types / sizeof *types, DEEPEST = 4 };

int32_t safetensors_check_machine(void) {
  const uint16_t one = 1;
  unsigned char first = 0;
  memcpy(&first, &one, 1);
  if (first == 1)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_FILE,
                   "safetensors files are little-endian, this machine is big-endian: use a little-endian one");
}

int64_t safetensors_item_size(tensor_type type) { return types[type].size; }

const char *safetensors_type_name(tensor_type type) { return types[type].name; }

bool safetensors_bytes(const tensor *tensor, int64_t *bytes) {
  int64_t product = types[tensor->type].size;
  for (int32_t d = 0; d < tensor->rank; ++d)
    if (tensor->shape[d] < 0 || __builtin_mul_overflow(product, tensor->shape[d], &product))
      return false;
  *bytes = product;
  return true;
}

/* ---- writing ---- */

static int32_t header_check(int64_t index, const tensor *tensors) {
  const tensor *tensor = &tensors[index];
  int64_t bytes = 0;
  if (memchr(tensor->name, '\0', sizeof tensor->name) == NULL || tensor->name[0] == '\0' ||
      strcmp(tensor->name, "__metadata__") == 0)
    return error_set(TERN_ERROR_ARGUMENT, "tensor %lld has no valid name: 1 to 63 bytes, and not __metadata__",
                     (long long)index);
  for (int64_t other = 0; other < index; ++other)
    if (strcmp(tensors[other].name, tensor->name) == 0)
      return error_set(TERN_ERROR_ARGUMENT, "two tensors are named '%s'", tensor->name);
  if (tensor->rank < 0 || tensor->rank > SAFETENSORS_MAX_RANK || !safetensors_bytes(tensor, &bytes))
    return error_set(TERN_ERROR_ARGUMENT, "tensor '%s' has no valid shape: at most %d extents of 0 or more",
                     tensor->name, SAFETENSORS_MAX_RANK);
  return TERN_SUCCESS;
}

static void header_add_metadata(text *header, int64_t n_metadata, const metadata_entry *metadata) {
  text_add(header, "\"__metadata__\":{");
  for (int64_t i = 0; i < n_metadata; ++i) {
    text_add(header, i > 0 ? "," : "");
    text_add_json(header, metadata[i].key);
    text_add(header, ":");
    text_add_json(header, metadata[i].value);
  }
  text_add(header, "}");
}

static void header_add_tensor(text *header, const tensor *tensor, int64_t begin, int64_t end) {
  text_add_json(header, tensor->name);
  text_add(header, ":{\"dtype\":\"%s\",\"shape\":[", types[tensor->type].name);
  for (int32_t d = 0; d < tensor->rank; ++d)
    text_add(header, d > 0 ? ",%lld" : "%lld", (long long)tensor->shape[d]);
  text_add(header, "],\"data_offsets\":[%lld,%lld]}", (long long)begin, (long long)end);
}

int32_t safetensors_header_write(int64_t n_tensors, const tensor *tensors, int64_t n_metadata,
                                 const metadata_entry *metadata, text *header) {
  int64_t begin = 0, bytes = 0;
  for (int64_t i = 0; i < n_tensors; ++i)
    TRY(header_check(i, tensors));
  text_add(header, "{");
  if (n_metadata > 0)
    header_add_metadata(header, n_metadata, metadata);
  for (int64_t i = 0; i < n_tensors; ++i) {
    text_add(header, i > 0 || n_metadata > 0 ? "," : "");
    safetensors_bytes(&tensors[i], &bytes);
    if (begin > INT64_MAX - bytes)
      return error_set(TERN_ERROR_MEMORY, "the tensors together are larger than any file");
    header_add_tensor(header, &tensors[i], begin, begin + bytes);
    begin += bytes;
  }
  text_add(header, "}");
  while (!header->failed && header->length % SAFETENSORS_ALIGNMENT != 0)
    text_add(header, " ");
  if (header->failed)
    return error_set(TERN_ERROR_MEMORY, "no memory for the header of a safetensors file");
  if (header->length > SAFETENSORS_LARGEST_HEADER)
    return error_set(TERN_ERROR_ARGUMENT, "the header would have %lld bytes; at most %d are possible",
                     (long long)header->length, SAFETENSORS_LARGEST_HEADER);
  return TERN_SUCCESS;
}

/* ---- reading ---- */

/* The parser is recursive and the format is flat: deep nesting is refused before it costs stack. */
static bool header_flat(const char *header, int64_t length) {
  bool quoted = false;
  int depth = 0;
  for (int64_t i = 0; i < length; ++i) {
    if (quoted && header[i] == '\\')
      ++i;
    else if (header[i] == '"')
      quoted = !quoted;
    else if (!quoted && (header[i] == '{' || header[i] == '['))
      ++depth;
    else if (!quoted && (header[i] == '}' || header[i] == ']'))
      --depth;
    if (depth > DEEPEST)
      return false;
  }
  return true;
}

static int32_t header_fail(const char *name, const char *what) {
  return error_set(TERN_ERROR_FORMAT, "tensor '%.63s': %s", name, what);
}

static int32_t header_type(const char *name, const json_t *entry, tensor *tensor) {
  const char *type = json_string_value(json_object_get(entry, "dtype"));
  for (int i = 0; type != NULL && i < N_TYPES; ++i)
    if (strcmp(type, types[i].name) == 0) {
      tensor->type = (tensor_type)i;
      return TERN_SUCCESS;
    }
  return error_set(TERN_ERROR_FORMAT, "tensor '%.63s': dtype is %s%.20s; valid: F64, F32, I64, I32", name,
                   type != NULL ? "" : "missing", type != NULL ? type : "");
}

static int32_t header_shape(const char *name, const json_t *entry, tensor *tensor) {
  const json_t *shape = json_object_get(entry, "shape");
  if (!json_is_array(shape) || json_array_size(shape) > SAFETENSORS_MAX_RANK)
    return header_fail(name, "shape must be a list of at most 8 numbers");
  tensor->rank = (int32_t)json_array_size(shape);
  for (int32_t d = 0; d < tensor->rank; ++d) {
    const json_t *extent = json_array_get(shape, (size_t)d);
    if (!json_is_integer(extent) || json_integer_value(extent) < 0)
      return header_fail(name, "an extent of its shape is not an integer of 0 or more");
    tensor->shape[d] = json_integer_value(extent);
  }
  return TERN_SUCCESS;
}

static int32_t header_offsets(const char *name, const json_t *entry, const tensor *tensor, int64_t data_bytes,
                              safetensors_span *span) {
  const json_t *offsets = json_object_get(entry, "data_offsets");
  const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
  int64_t bytes = 0;
  if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
    return header_fail(name, "data_offsets must be two integers");
  span->begin = json_integer_value(begin);
  span->end = json_integer_value(end);
  if (span->begin < 0 || span->end < span->begin || span->end > data_bytes)
    return error_set(TERN_ERROR_FORMAT,
                     "tensor '%.63s': data_offsets %lld to %lld lie outside of the %lld bytes of data", name,
                     (long long)span->begin, (long long)span->end, (long long)data_bytes);
  if (!safetensors_bytes(tensor, &bytes) || bytes != span->end - span->begin)
    return header_fail(name, "dtype and shape do not give the size that data_offsets give");
  return TERN_SUCCESS;
}

static int32_t header_tensor(const char *name, const json_t *entry, int64_t data_bytes, tensor *tensor,
                             safetensors_span *span) {
  if (name[0] == '\0' || strlen(name) >= sizeof tensor->name)
    return header_fail(name, "a name must have 1 to 63 bytes");
  if (!json_is_object(entry) || json_object_size(entry) != 3)
    return header_fail(name, "exactly dtype, shape and data_offsets are needed");
  memcpy(tensor->name, name, strlen(name) + 1);
  TRY(header_type(name, entry, tensor));
  TRY(header_shape(name, entry, tensor));
  return header_offsets(name, entry, tensor, data_bytes, span);
}

static int32_t header_metadata(const json_t *metadata) {
  const char *key = NULL;
  json_t *value = NULL;
  if (!json_is_object(metadata))
    return error_set(TERN_ERROR_FORMAT, "__metadata__ must be an object");
  json_object_foreach((json_t *)(uintptr_t)metadata, key, value) {
    if (!json_is_string(value))
      return error_set(TERN_ERROR_FORMAT, "__metadata__: the value of '%.63s' must be a string", key);
  }
  return TERN_SUCCESS;
}

static int span_compare(const void *a, const void *b) {
  const safetensors_span *first = a, *second = b;
  if (first->begin != second->begin)
    return first->begin < second->begin ? -1 : 1;
  return (first->end > second->end) - (first->end < second->end);
}

static int32_t header_cover(int64_t n_tensors, const tensor *tensors, safetensors_span *spans, int64_t data_bytes) {
  int64_t covered = 0;
  qsort(spans, (size_t)n_tensors, sizeof *spans, span_compare);
  for (int64_t i = 0; i < n_tensors; ++i) {
    if (spans[i].begin != covered)
      return header_fail(tensors[spans[i].tensor].name, spans[i].begin < covered
                                                            ? "its data overlap those of another tensor"
                                                            : "there is a hole before its data");
    covered = spans[i].end;
  }
  if (covered != data_bytes)
    return error_set(TERN_ERROR_FORMAT, "%lld bytes behind the last tensor belong to nothing",
                     (long long)(data_bytes - covered));
  return TERN_SUCCESS;
}

static int32_t header_entries(const json_t *root, int64_t data_bytes, int64_t n_tensors, tensor *tensors,
                              safetensors_span *spans) {
  const char *name = NULL;
  json_t *entry = NULL;
  int64_t index = 0;
  json_object_foreach((json_t *)(uintptr_t)root, name, entry) {
    if (strcmp(name, "__metadata__") == 0) {
      TRY(header_metadata(entry));
      continue;
    }
    TRY(header_tensor(name, entry, data_bytes, &tensors[index], &spans[index]));
    spans[index].tensor = index;
    ++index;
  }
  return header_cover(n_tensors, tensors, spans, data_bytes);
}

static int32_t header_parse(const char *header, int64_t length, json_t **root) {
  json_error_t error;
  if (header[0] != '{')
    return error_set(TERN_ERROR_FORMAT, "the header does not begin with '{': this is no safetensors file");
  if (!header_flat(header, length))
    return error_set(TERN_ERROR_FORMAT, "the header is nested more than %d deep", DEEPEST);
  *root = json_loadb(header, (size_t)length, JSON_REJECT_DUPLICATES, &error);
  if (*root == NULL)
    return error_set(TERN_ERROR_FORMAT, "the header is no valid JSON: %s (byte %d)", error.text, error.position);
  return TERN_SUCCESS;
}

int32_t safetensors_header_read(const char *header, int64_t length, int64_t data_bytes, json_t **root,
                                int64_t *n_tensors, tensor **tensors, safetensors_span **spans) {
  json_t *parsed = NULL;
  tensor *found = NULL;
  safetensors_span *places = NULL;
  TRY(header_parse(header, length, &parsed));
  const int64_t count = (int64_t)json_object_size(parsed) - (json_object_get(parsed, "__metadata__") != NULL);
  int32_t status = MEMORY_NEW(NULL, &found, count, "the tensors of a file");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &places, count, "the tensors of a file");
  if (status == TERN_SUCCESS)
    status = header_entries(parsed, data_bytes, count, found, places);
  if (status != TERN_SUCCESS) {
    memory_free(NULL, found);
    memory_free(NULL, places);
    json_decref(parsed);
    return status;
  }
  *root = parsed;
  *n_tensors = count;
  *tensors = found;
  *spans = places;
  return TERN_SUCCESS;
}
