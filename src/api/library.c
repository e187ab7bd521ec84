/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "api/api.h"
#include "api/bodies.h"
#include "core/blas.h"
#include "core/text.h"
#include "kernels/kernels.h"
#include "model/model.h"

int32_t api_abi_version(int32_t *version) {
  *version = TERN_ABI_VERSION;
  return TERN_SUCCESS;
}

/* As text_copy, but for functions that leave the last error alone. */
static int32_t library_copy(const char *source, char *buffer, int64_t capacity, int64_t *length) {
  const int64_t bytes = (int64_t)strlen(source);
  if (buffer && capacity <= bytes)
    return TERN_ERROR_BUFFER;
  if (buffer)
    memcpy(buffer, source, (size_t)bytes + 1);
  if (length)
    *length = bytes;
  return TERN_SUCCESS;
}

int32_t api_version(char *buffer, int64_t capacity, int64_t *length) {
  return library_copy(TERN_VERSION_STRING, buffer, capacity, length);
}

/* Cut where a character begins, so that what is left is UTF-8 still. */
int32_t api_last_error(char *buffer, int64_t capacity, int64_t *length) {
  const char *message = error_message();
  int64_t kept = 0;
  while (buffer && message[kept] && kept + text_utf8_length(message + kept) < capacity)
    kept += text_utf8_length(message + kept);
  if (buffer && capacity > 0) {
    memcpy(buffer, message, (size_t)kept);
    buffer[kept] = '\0';
  }
  if (length)
    *length = (int64_t)strlen(message);
  return TERN_SUCCESS;
}

static void library_describe_kernels(text *json) {
  const kernel_table *kernels = NULL;
  const int32_t status = kernels_get(&kernels);
  text_add(json, ", \"kernels\": {\"in_use\": ");
  text_add_json(json, status == TERN_SUCCESS ? kernels->name : NULL);
  text_add(json, ", \"available\": ");
  text_add_json(json, kernels_available());
  if (status != TERN_SUCCESS) {
    text_add(json, ", \"error\": ");
    text_add_json(json, error_message());
  }
  text_add(json, "}");
}

static void library_describe_blas(text *json) {
  const blas_table *table;
  const int32_t status = blas_get(&table);
  text_add(json, ", \"blas\": {\"path\": ");
  text_add_json(json, status == TERN_SUCCESS ? blas_path() : NULL);
  if (status == TERN_SUCCESS) {
    text_add(json, ", \"configuration\": ");
    text_add_json(json, blas_config());
    text_add(json, ", \"integer_bits\": 32");
  } else {
    text_add(json, ", \"error\": ");
    text_add_json(json, error_message());
  }
  text_add(json, "}");
}

/* A BLAS that cannot be had is told in the answer and is no failure of the question: the message at hand stays. */
int32_t api_info(char *buffer, int64_t capacity, int64_t *length) {
  text json = {0}, message = {0};
  text_add(&message, "%s", error_message());
  text_add(&json, "{\"release\": \"%s\", \"abi\": %d, \"threads\": %d", TERN_VERSION_STRING, TERN_ABI_VERSION,
           (int)run_processors());
  library_describe_kernels(&json);
  library_describe_blas(&json);
  text_add(&json, "}");
  error_set(TERN_SUCCESS, "%s", message.failed ? "" : message.data);
  text_free(&message);
  return text_give(&json, buffer, capacity, length);
}

/* Kinds are numbered through: descriptors, then models. */
typedef struct library_kind {
  const char *name, *class_name, *meaning;
} library_kind;

static bool library_find_kind(int64_t index, library_kind *kind) {
  int64_t n_descriptors = 0;
  while (descriptor_kinds(n_descriptors))
    n_descriptors++;
  if (index < n_descriptors) {
    const descriptor_kind *found = descriptor_kinds(index);
    *kind = (library_kind){found->name, "descriptor", found->meaning};
    return true;
  }
  const model_kind *found = model_kinds(index - n_descriptors);
  if (found)
    *kind = (library_kind){found->name, "model", found->meaning};
  return found != NULL;
}

int32_t api_kinds_count(int64_t *count) {
  library_kind kind;
  int64_t number = 0;
  while (library_find_kind(number, &kind))
    number++;
  *count = number;
  return TERN_SUCCESS;
}

int32_t api_kinds_entry(int64_t index, int32_t field, char *buffer, int64_t capacity, int64_t *length) {
  library_kind kind = {0};
  int64_t count = 0;
  TRY(api_kinds_count(&count));
  TRY(api_index("index", index, count, "kinds"));
  library_find_kind(index, &kind);
  if (field == TERN_FIELD_NAME)
    return text_copy(kind.name, buffer, capacity, length);
  if (field == TERN_FIELD_TYPE)
    return text_copy(kind.class_name, buffer, capacity, length);
  if (field == TERN_FIELD_MEANING)
    return text_copy(kind.meaning, buffer, capacity, length);
  return error_set(TERN_ERROR_ARGUMENT, "argument 'field' is %d, which a kind does not have; valid: TERN_FIELD_NAME, "
                                        "TERN_FIELD_TYPE, TERN_FIELD_MEANING", (int)field);
}

int32_t api_index(const char *argument, int64_t index, int64_t count, const char *what) {
  if (index >= 0 && index < count)
    return TERN_SUCCESS;
  if (count == 0)
    return error_set(TERN_ERROR_ARGUMENT, "argument '%s' is %lld, but there are no %s", argument, (long long)index,
                     what);
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' is %lld; valid: 0 to %lld (%lld %s)", argument, (long long)index,
                   (long long)count - 1, (long long)count, what);
}
