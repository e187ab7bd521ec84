/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as safetensors files: metadata say what it is, tensors "e0", "species", those of the kind and
 * "descriptor.*". */
#include "model/store.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"

#define VERSION_TEXT_OF(number) #number
#define VERSION_TEXT(number) VERSION_TEXT_OF(number)

enum { MOST_TENSORS = 256, MOST_SPECIES = 118 };

/* ---- writing ---- */

static json_t *describe_options(const tern_model *model) {
  int64_t count;
  const option_row *rows = options_table(&count);
  json_t *options = json_object();
  for (int64_t k = 0; k < count; k++) {
    const char *value;
    if (strcmp(rows[k].used_by, "any") == 0 || !options_row_applies(&rows[k], model->kind->name, "model"))
      continue;
    if (options_text(model->options, rows[k].name, &value) == TERN_SUCCESS && value[0] != 0)
      json_object_set_new(options, rows[k].name, json_string(value));
  }
  return options;
}

int32_t store_describe(const tern_model *model, text *json) {
  json_t *object = json_object(), *species = json_array();
  for (int32_t k = 0; k < model->n_species; k++)
    json_array_append_new(species, json_integer(model->species[k]));
  json_object_set_new(object, "options", describe_options(model));
  json_object_set_new(object, "species", species);
  char *written = json_dumps(object, JSON_COMPACT);
  json_decref(object);
  if (written == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory to describe a model");
  text_add(json, "%s", written);
  free(written);
  return TERN_SUCCESS;
}

/* The report without what differs from run to run: equal fits give equal files. */
static int32_t store_report(const tern_model *model, text *json) {
  json_t *report = json_loads(model->report, 0, NULL);
  json_object_del(report, "cost");
  char *written = report == NULL ? NULL : json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(report);
  if (written == NULL)
    return error_set(TERN_ERROR_INTERNAL, "the report of a model is no JSON object");
  text_add(json, "%s", written);
  free(written);
  return TERN_SUCCESS;
}

static int32_t store_tensors(const tern_model *model, tensor *tensors, int64_t *count, text *descriptor) {
  int64_t added;
  tensors[0] =
      (tensor){.name = "e0", .type = TENSOR_FLOAT64, .rank = 1, .shape = {model->n_species}, .data = model->e0};
  tensors[1] = (tensor){
      .name = "species", .type = TENSOR_INT32, .rank = 1, .shape = {model->n_species}, .data = model->species};
  *count = 2;
  TRY(model->kind->store(model->state, MOST_TENSORS - *count, tensors + *count, &added));
  *count += added;
  TRY(descriptor_store(model->descriptor, MOST_TENSORS - *count, tensors + *count, &added, descriptor));
  *count += added;
  return TERN_SUCCESS;
}

static int32_t store_write(const tern_model *model, const char *path, tensor *tensors, text texts[3]) {
  int64_t count;
  TRY(store_tensors(model, tensors, &count, &texts[0]));
  TRY(store_describe(model, &texts[1]));
  TRY(store_report(model, &texts[2]));
  if (texts[0].failed || texts[1].failed || texts[2].failed)
    return error_set(TERN_ERROR_MEMORY, "no memory to describe a model");
  const metadata_entry metadata[] = {
      {"format", MODEL_FORMAT},          {"format_version", VERSION_TEXT(MODEL_FORMAT_VERSION)},
      {"kind", model->kind->name},       {"model", texts[1].data},
      {"descriptor", texts[0].data},     {"report", texts[2].data},
      {"provenance", model->provenance}, {"units", MODEL_UNITS},
  };
  return safetensors_write(path, count, tensors, (int64_t)(sizeof metadata / sizeof *metadata), metadata);
}

int32_t model_save(const tern_model *model, const char *path) {
  text texts[3] = {{0}};
  tensor *tensors = NULL;
  TRY(MEMORY_NEW(NULL, &tensors, MOST_TENSORS, "the list of a model's tensors"));
  const int32_t status = store_write(model, path, tensors, texts);
  for (int k = 0; k < 3; k++)
    text_free(&texts[k]);
  memory_free(NULL, tensors);
  return status;
}

/* ---- reading ---- */

static int32_t load_check(const safetensors_file *file) {
  const char *format = safetensors_metadata(file, "format"), *version = safetensors_metadata(file, "format_version");
  if (format == NULL)
    return error_set(TERN_ERROR_FORMAT,
                     "no model: a safetensors file without 'format' in its metadata, which must be '" MODEL_FORMAT
                     "'");
  if (strcmp(format, MODEL_FORMAT) != 0)
    return error_set(TERN_ERROR_FORMAT, "no model: its format is '%s', not '" MODEL_FORMAT "'", format);
  if (version == NULL || strcmp(version, VERSION_TEXT(MODEL_FORMAT_VERSION)) != 0)
    return error_set(TERN_ERROR_VERSION,
                     "a model of format version %s; this library (release " TERNION_VERSION
                     ") reads version " VERSION_TEXT(MODEL_FORMAT_VERSION),
                     version == NULL ? "unknown" : version);
  return TERN_SUCCESS;
}

static int32_t load_metadata(const safetensors_file *file, const char *key, const char **value) {
  *value = safetensors_metadata(file, key);
  if (*value == NULL)
    return error_set(TERN_ERROR_FORMAT, "the metadata have no '%s'", key);
  return TERN_SUCCESS;
}

static int32_t load_options(tern_model *model, const char *description) {
  json_error_t error;
  json_t *object = json_loads(description, JSON_REJECT_DUPLICATES, &error),
         *options = json_object_get(object, "options"), *value;
  const char *key;
  int32_t status = TERN_SUCCESS;
  if (!json_is_object(options))
    status = error_set(TERN_ERROR_FORMAT, "'model' must be a JSON object with 'options'");
  json_object_foreach(options, key, value) {
    if (status == TERN_SUCCESS && !json_is_string(value))
      status = error_set(TERN_ERROR_FORMAT, "'model': option '%s' must be a text", key);
    if (status == TERN_SUCCESS && options_set(model->options, key, json_string_value(value)) != TERN_SUCCESS)
      status = error_prefix(TERN_ERROR_FORMAT, "'model': ");
  }
  json_decref(object);
  return status;
}

static int32_t load_baseline(tern_model *model, const safetensors_file *file) {
  const int64_t any = -1;
  const tensor *species, *e0;
  TRY(safetensors_get(file, "species", TENSOR_INT32, 1, &any, &species));
  const int64_t count = species->shape[0];
  const int32_t *numbers = species->data;
  for (int64_t k = 0; k < count; k++)
    if (numbers[k] < 1 || numbers[k] > MOST_SPECIES || (k > 0 && numbers[k] <= numbers[k - 1]))
      return error_set(TERN_ERROR_FORMAT,
                       "tensor 'species' must hold atomic numbers from 1 to 118, ascending; number %lld is %d",
                       (long long)k, numbers[k]);
  TRY(safetensors_get(file, "e0", TENSOR_FLOAT64, 1, &count, &e0));
  for (int64_t k = 0; k < count; k++)
    if (!isfinite(((const double *)e0->data)[k]))
      return error_set(TERN_ERROR_FORMAT, "tensor 'e0': number %lld is not finite", (long long)k);
  TRY(MEMORY_NEW(NULL, &model->species, count, "the species of a model"));
  TRY(MEMORY_NEW(NULL, &model->e0, count, "the baseline of a model"));
  model->n_species = (int32_t)count;
  memcpy(model->species, numbers, (size_t)count * sizeof(int32_t));
  memcpy(model->e0, e0->data, (size_t)count * sizeof(double));
  return TERN_SUCCESS;
}

/* A JSON object of the metadata, kept as it is. */
static int32_t load_object(const safetensors_file *file, const char *key, char **kept) {
  const char *value;
  TRY(load_metadata(file, key, &value));
  json_t *object = json_loads(value, 0, NULL);
  const int is_object = json_is_object(object);
  json_decref(object);
  if (!is_object)
    return error_set(TERN_ERROR_FORMAT, "'%s' must be a JSON object", key);
  *kept = memory_text(value);
  return *kept != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for the '%s' of a model", key);
}

static int32_t load_model(tern_model *model, const safetensors_file *file) {
  const char *kind, *description, *descriptor;
  TRY(load_check(file));
  TRY(load_metadata(file, "kind", &kind));
  TRY(load_metadata(file, "model", &description));
  TRY(load_metadata(file, "descriptor", &descriptor));
  const model_kind *found = model_kind_find(kind);
  if (found == NULL)
    return error_set(TERN_ERROR_FORMAT,
                     "a model of kind '%s', which this library (release " TERNION_VERSION ") does not know", kind);
  TRY(load_options(model, description));
  TRY(load_baseline(model, file));
  TRY(load_object(file, "report", &model->report));
  TRY(load_object(file, "provenance", &model->provenance));
  TRY(descriptor_restore(&model->descriptor, file, descriptor));
  if (!descriptor_fitted(model->descriptor))
    return error_set(TERN_ERROR_FORMAT, "'descriptor' has no species, or lacks what it learned");
  model->kind = found;
  return found->restore(&model->state, model->descriptor, file);
}

int32_t model_load(tern_model **model, const char *path) {
  safetensors_file *file = NULL;
  tern_model *made = NULL;
  TRY(safetensors_read(&file, path));
  int32_t status = MEMORY_NEW(NULL, &made, 1, "a model");
  if (status == TERN_SUCCESS) {
    made->tag = HANDLE_MODEL;
    status = options_new(&made->options);
  }
  if (status == TERN_SUCCESS)
    status = load_model(made, file);
  safetensors_free(file);
  if (status != TERN_SUCCESS) {
    model_free(made);
    return error_prefix(status, "%s: ", path);
  }
  *model = made;
  return TERN_SUCCESS;
}
