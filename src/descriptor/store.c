/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor as JSON and as a file. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "density/radial.h"
#include "descriptor/descriptor.h"

#define STORE_FORMAT "ternion.descriptor"
#define STORE_VERSION "1"
enum { STORE_TENSORS = 256, STORE_MOST_SPECIES = 119 };

/* All values in effect, not only those set, so that a later default does not change a stored descriptor. Options of the
   process (threads, memory_limit) are no part of it, nor is what the radial basis refuses. */
static json_t *store_options(const tern_descriptor *descriptor) {
  int64_t count;
  const option_row *rows = options_table(&count);
  json_t *options = json_object();
  for (int64_t i = 0; i < count; i++) {
    const char *value;
    if (strcmp(rows[i].used_by, "any") == 0 || !options_row_applies(&rows[i], descriptor->kind->name, "descriptor"))
      continue;
    if (!radial_reads(descriptor->options, rows[i].name))
      continue;
    if (options_text(descriptor->options, rows[i].name, &value) == TERN_SUCCESS && value[0] != '\0')
      json_object_set_new(options, rows[i].name, json_string(value));
  }
  return options;
}

static json_t *store_json(const tern_descriptor *descriptor) {
  json_t *json = json_object(), *species = json_array();
  for (int32_t s = 0; s < descriptor->n_species; s++)
    json_array_append_new(species, json_integer(descriptor->species[s]));
  json_object_set_new(json, "kind", json_string(descriptor->kind->name));
  json_object_set_new(json, "options", store_options(descriptor));
  json_object_set_new(json, "species", species);
  json_object_set_new(json, "fitted", json_boolean(descriptor_fitted(descriptor)));
  return json;
}

/* Adds the JSON to a text and ends it. */
static int32_t store_give(json_t *json, text *text) {
  char *written = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
  json_decref(json);
  if (written != NULL)
    text_add(text, "%s", written);
  const bool failed = written == NULL || text->failed;
  free(written);
  return failed ? error_set(TERN_ERROR_MEMORY, "description of a descriptor: memory ran out") : TERN_SUCCESS;
}

int32_t descriptor_options_json(const tern_descriptor *descriptor, text *json) {
  return store_give(store_options(descriptor), json);
}

int32_t descriptor_info(const tern_descriptor *descriptor, text *text) {
  json_t *json = store_json(descriptor);
  json_object_set_new(json, "index_size", json_integer(descriptor->index_size));
  if (descriptor_fitted(descriptor)) {
    const int64_t features = descriptor->kind->features(descriptor->state);
    const int64_t scratch = descriptor->kind->scratch(descriptor->state, 50);
    json_object_set_new(json, "features", json_integer(features));
    json_object_set_new(json, "memory",
                        json_pack("{s:I,s:I}", "bytes_per_row", (json_int_t)(features * 8),
                                  "bytes_per_thread_at_50_neighbours", (json_int_t)scratch));
  }
  return store_give(json, text);
}

int32_t descriptor_store(const tern_descriptor *descriptor, int64_t capacity, tensor *tensors, int64_t *n_tensors,
                         text *json) {
  *n_tensors = 0;
  if (descriptor->kind->store != NULL && descriptor_fitted(descriptor))
    TRY(descriptor->kind->store(descriptor->state, capacity, tensors, n_tensors));
  return store_give(store_json(descriptor), json);
}

static int32_t store_write(const char *path, int64_t n_tensors, const tensor *tensors, const char *json) {
  const metadata_entry metadata[] = {{"format", STORE_FORMAT},
                                     {"format_version", STORE_VERSION},
                                     {"descriptor", json},
                                     {"units", "Angstrom, eV"},
                                     {"provenance", "{\"release\": \"" TERNION_VERSION "\"}"}};
  return safetensors_write(path, n_tensors, tensors, sizeof metadata / sizeof metadata[0], metadata);
}

int32_t descriptor_save(const tern_descriptor *descriptor, const char *path) {
  tensor *tensors = NULL;
  int64_t n_tensors;
  text json = {0};
  TRY(MEMORY_NEW(NULL, &tensors, STORE_TENSORS, "list of tensors"));
  int32_t status = descriptor_store(descriptor, STORE_TENSORS, tensors, &n_tensors, &json);
  if (status == TERN_SUCCESS)
    status = store_write(path, n_tensors, tensors, json.data);
  text_free(&json);
  memory_free(NULL, tensors);
  return status;
}

/* ---- reading ---- */

static int32_t restore_options(const json_t *stored, tern_options *options) {
  const char *key;
  json_t *value;
  if (!json_is_object(stored))
    return error_set(TERN_ERROR_FORMAT, "descriptor: 'options' must be an object of texts");
  json_object_foreach((json_t *)stored, key, value) {
    if (!json_is_string(value))
      return error_set(TERN_ERROR_FORMAT, "descriptor: option '%s' must be a text", key);
    if (options_set(options, key, json_string_value(value)) != TERN_SUCCESS)
      return error_prefix(TERN_ERROR_FORMAT, "descriptor: ");
  }
  return TERN_SUCCESS;
}

static int32_t restore_species(const json_t *stored, int32_t *species, int32_t *count) {
  const size_t listed = json_array_size(stored); /* 0 when it is no array */
  if (!json_is_array(stored) || listed >= STORE_MOST_SPECIES)
    return error_set(TERN_ERROR_FORMAT, "descriptor: 'species' must be a list of atomic numbers");
  for (size_t i = 0; i < listed; i++) {
    const json_int_t number = json_integer_value(json_array_get(stored, i));
    if (number < 1 || number >= STORE_MOST_SPECIES || (i > 0 && number <= species[i - 1]))
      return error_set(
          TERN_ERROR_FORMAT,
          "descriptor: 'species' must be atomic numbers from 1 to 118, ascending; entry %zu is %" JSON_INTEGER_FORMAT,
          i, number);
    species[i] = (int32_t)number;
  }
  *count = (int32_t)listed;
  return TERN_SUCCESS;
}

/* Of the table, or the guest. */
static int32_t restore_kind(const char *name, const descriptor_kind *guest, const descriptor_kind **kind) {
  *kind = guest != NULL && strcmp(guest->name, name) == 0 ? guest : descriptor_kind_find(name);
  return *kind != NULL ? TERN_SUCCESS : descriptor_kind_unknown(name);
}

static int32_t restore_make(tern_descriptor **descriptor, const safetensors_file *file, const json_t *json,
                            tern_options *options, const descriptor_kind *guest) {
  int32_t species[STORE_MOST_SPECIES], n_species = 0;
  const char *kind = json_string_value(json_object_get(json, "kind"));
  if (kind == NULL)
    return error_set(TERN_ERROR_FORMAT, "descriptor: 'kind' must be a text");
  TRY(restore_options(json_object_get(json, "options"), options));
  TRY(restore_species(json_object_get(json, "species"), species, &n_species));
  tern_descriptor *made = NULL;
  const descriptor_kind *found;
  int32_t status = restore_kind(kind, guest, &found);
  if (status == TERN_SUCCESS)
    status = descriptor_new_of_kind(&made, found, options, n_species, species);
  if (status != TERN_SUCCESS)
    return error_prefix(status == TERN_ERROR_MEMORY ? status : TERN_ERROR_FORMAT, "descriptor: ");
  if (made->state != NULL && !descriptor_fitted(made) && json_is_true(json_object_get(json, "fitted"))) {
    const int32_t restored = made->kind->restore(made->state, file);
    if (restored != TERN_SUCCESS) {
      descriptor_free(made);
      return restored;
    }
  }
  *descriptor = made;
  return TERN_SUCCESS;
}

int32_t descriptor_restore(tern_descriptor **descriptor, const safetensors_file *file, const char *text,
                           const descriptor_kind *guest) {
  json_error_t error;
  tern_options *options = NULL;
  json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
  if (!json_is_object(json)) {
    json_decref(json);
    return error_set(TERN_ERROR_FORMAT, "descriptor: no JSON object: %s", json == NULL ? error.text : "it is a list");
  }
  int32_t status = options_new(&options);
  if (status == TERN_SUCCESS)
    status = restore_make(descriptor, file, json, options, guest);
  options_free(options);
  json_decref(json);
  return status;
}

static int32_t load_check(const safetensors_file *file) {
  const char *format = safetensors_metadata(file, "format");
  const char *version = safetensors_metadata(file, "format_version");
  if (format == NULL)
    return error_set(TERN_ERROR_FORMAT,
                     "no descriptor: the metadata have no 'format', which must be '" STORE_FORMAT "'");
  if (strcmp(format, STORE_FORMAT) != 0)
    return error_set(TERN_ERROR_FORMAT, "no descriptor: 'format' is '%s', not '" STORE_FORMAT "'", format);
  if (version == NULL || strcmp(version, STORE_VERSION) != 0)
    return error_set(TERN_ERROR_VERSION, "a descriptor of format version %s; this library reads version " STORE_VERSION,
                     version == NULL ? "unknown" : version);
  if (safetensors_metadata(file, "descriptor") == NULL)
    return error_set(TERN_ERROR_FORMAT, "the metadata have no 'descriptor'");
  return TERN_SUCCESS;
}

int32_t descriptor_load(tern_descriptor **descriptor, const char *path, const descriptor_kind *guest) {
  safetensors_file *file = NULL;
  TRY(safetensors_read(&file, path));
  int32_t status = load_check(file);
  if (status == TERN_SUCCESS)
    status = descriptor_restore(descriptor, file, safetensors_metadata(file, "descriptor"), guest);
  safetensors_free(file);
  return status == TERN_SUCCESS ? status : error_prefix(status, "%s: ", path);
}
