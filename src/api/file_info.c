/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file is and holds, as JSON. */
#include <jansson.h>
#include <string.h>

#include "api/bodies.h"
#include "core/elements.h"
#include "core/error.h"
#include "core/text.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "system/dataset.h"

/* Metadata that our files carry, in the order of the answer. */
static const char *const file_info_keys[] = {"format_version", "kind",  "model",      "descriptor", "options",
                                             "further_parts",  "species",        "units", "provenance", "report"};

/* Metadata are text; those that are JSON are put in as such. */
static void file_info_add_value(text *json, const char *value) {
  json_t *parsed = json_loads(value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
  if (parsed)
    text_add(json, "%s", value);
  else
    text_add_json(json, value);
  json_decref(parsed);
}

static void file_info_add_metadata(const safetensors_file *file, text *json) {
  for (size_t i = 0; i < sizeof file_info_keys / sizeof file_info_keys[0]; i++) {
    const char *value = safetensors_metadata(file, file_info_keys[i]);
    if (!value)
      continue;
    text_add(json, ", \"%s\": ", file_info_keys[i]);
    file_info_add_value(json, value);
  }
}

static void file_info_add_tensors(const safetensors_file *file, text *json) {
  static const char *const types[] = {
    [TENSOR_FLOAT64] = "float64", [TENSOR_FLOAT32] = "float32", [TENSOR_INT64] = "int64", [TENSOR_INT32] = "int32"};
  text_add(json, ", \"tensors\": [");
  for (int64_t i = 0; i < safetensors_count(file); i++) {
    const tensor *tensor = safetensors_at(file, i);
    text_add(json, "%s{\"name\": ", i ? ", " : "");
    text_add_json(json, tensor->name);
    text_add(json, ", \"type\": \"%s\", \"shape\": [", types[tensor->type]);
    for (int32_t axis = 0; axis < tensor->rank; axis++)
      text_add(json, "%s%lld", axis ? ", " : "", (long long)tensor->shape[axis]);
    text_add(json, "]}");
  }
  text_add(json, "]");
}

/* Ours say so in "format": ternion.model, ternion.descriptor, ternion.features. */
static int32_t file_info_safetensors(const char *path, text *json) {
  static const char prefix[] = "ternion.";
  safetensors_file *file = NULL;
  TRY(safetensors_read(&file, path));
  const char *format = safetensors_metadata(file, "format");
  const bool ours = format && strncmp(format, prefix, sizeof prefix - 1) == 0;
  text_add(json, "{\"what\": ");
  text_add_json(json, ours ? format + sizeof prefix - 1 : "safetensors");
  file_info_add_metadata(file, json);
  file_info_add_tensors(file, json);
  text_add(json, "}");
  safetensors_free(file);
  return TERN_SUCCESS;
}

typedef struct structure_counts {
  int64_t structures, atoms, targets[3], species[ELEMENTS_COUNT + 1];
} structure_counts;

static void file_info_count(const tern_dataset *dataset, structure_counts *counts) {
  counts->structures += dataset->size;
  for (int32_t target = 0; target < 3; target++)
    counts->targets[target] += dataset_count(dataset, target);
  for (int64_t i = 0; i < dataset->size; i++) {
    const tern_system *system = dataset->frames[i]->system;
    counts->atoms += system->n_atoms;
    for (int64_t atom = 0; atom < system->n_atoms; atom++)
      counts->species[system->species[atom]]++;
  }
}

static void file_info_add_counts(const structure_counts *counts, text *json) {
  const char *between = "";
  text_add(json, "{\"what\": \"structures\", \"structures\": %lld, \"atoms\": %lld, \"species\": {",
           (long long)counts->structures, (long long)counts->atoms);
  for (int32_t number = 1; number <= ELEMENTS_COUNT; number++)
    if (counts->species[number] > 0) {
      text_add(json, "%s\"%s\": %lld", between, elements_symbol(number), (long long)counts->species[number]);
      between = ", ";
    }
  text_add(json, "}, \"energies\": %lld, \"forces\": %lld, \"virials\": %lld}",
           (long long)counts->targets[TERN_TARGET_ENERGY], (long long)counts->targets[TERN_TARGET_FORCES],
           (long long)counts->targets[TERN_TARGET_VIRIAL]);
}

/* In pieces, so that memory does not grow with the file. */
static int32_t file_info_structures(const char *path, text *json) {
  structure_counts counts = {0};
  tern_reader *reader = NULL;
  TRY(reader_open(&reader, path, NULL));
  int64_t before = -1;
  int32_t status = TERN_SUCCESS;
  while (status == TERN_SUCCESS && counts.structures > before) {
    tern_dataset *chunk = NULL;
    before = counts.structures;
    status = reader_next(reader, 100, &chunk);
    if (status == TERN_SUCCESS)
      file_info_count(chunk, &counts);
    dataset_free(chunk);
  }
  reader_free(reader);
  if (status == TERN_SUCCESS)
    file_info_add_counts(&counts, json);
  return status;
}

/* NumPy's own header, a Python dictionary, as text. */
static int32_t file_info_array(const char *path, const char *head, text *json) {
  const char *begin = strchr(head + 10, '{'), *end = strchr(head + 10, '}');
  if (!begin || !end || end < begin)
    return error_set(TERN_ERROR_FORMAT, "%s: an .npy file whose header is damaged", path);
  char header[256];
  text_format(header, sizeof header, "%.*s", (int)(end - begin) + 1, begin);
  text_add(json, "{\"what\": \"array\", \"header\": ");
  text_add_json(json, header);
  text_add(json, "}");
  return TERN_SUCCESS;
}

enum { FILE_INFO_HEAD = 200 };

static int32_t file_info_head(const char *path, char head[FILE_INFO_HEAD + 1], int64_t *length) {
  input_file *file = NULL;
  int64_t count = 1;
  int32_t status;
  TRY(input_open(&file, path));
  *length = 0;
  do {
    status = input_read(file, head + *length, FILE_INFO_HEAD - *length, &count);
    *length += status == TERN_SUCCESS ? count : 0;
  } while (status == TERN_SUCCESS && count > 0 && *length < FILE_INFO_HEAD);
  head[*length] = '\0';
  input_close(file);
  return status;
}

static int32_t file_info_describe(const char *path, text *json) {
  char head[FILE_INFO_HEAD + 1];
  int64_t length;
  TRY(file_info_head(path, head, &length));
  if (length > 9 && head[8] == '{' && head[6] == 0 && head[7] == 0) /* a header's length, then the header */
    return file_info_safetensors(path, json);
  if (length > 10 && memcmp(head, "\x93NUMPY", 6) == 0)
    return file_info_array(path, head, json);
  return file_info_structures(path, json);
}

int32_t api_file_info(const char *path, char *buffer, int64_t capacity, int64_t *length) {
  text json = {0};
  const int32_t status = file_info_describe(path, &json);
  if (status == TERN_SUCCESS)
    return text_give(&json, buffer, capacity, length);
  text_free(&json);
  return status;
}
