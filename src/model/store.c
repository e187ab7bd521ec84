/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as safetensors files: metadata say what it is, tensors "e0", "species", those of the kind and
   "descriptor.*"; the metadata "vectors" names what a model of vectors predicts. Further parts of a sum stand in the
   metadata "further_parts", their tensors' names begin with the part's number, "2.". */
#include "model/store.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "io/safetensors_memory.h"
#include "model/learned.h"
#include "model/uncertainty.h"

enum { MOST_TENSORS = 256, MOST_SPECIES = 118 };

/* ---- writing ---- */

int32_t store_format_version(const tern_model *model) {
  if (model->vectors != NULL)
    return MODEL_FORMAT_VECTORS;
  if (model_has_tensor(model))
    return MODEL_FORMAT_TENSOR;
  return model->n_parts > 1 ? MODEL_FORMAT_SUM : MODEL_FORMAT_SINGLE;
}

/* Is the option of any meaning for the part's target? Files of energies leave the target out, as they always did, and
   those of kinds that read one descriptor only its name. */
static bool option_counts(const model_part *part, const char *name) {
  static const char *const energies[] = {"energy_weight", "force_weight", "virial_weight", "e0",         "baseline",
                                         "zbl_inner",     "zbl_outer",    "descriptor",    "uncertainty"};
  if (part->kind->tensor == NULL)
    return strcmp(name, "target") != 0 && (part->kind->descriptor == NULL || strcmp(name, "descriptor") != 0);
  for (size_t k = 0; k < sizeof energies / sizeof *energies; k++)
    if (strcmp(name, energies[k]) == 0)
      return false;
  return true;
}

static json_t *describe_options(const model_part *part) {
  int64_t count;
  const option_row *rows = options_table(&count);
  json_t *options = json_object();
  for (int64_t k = 0; k < count; k++) {
    const char *value;
    if (options_row_is_passing(&rows[k]) || !options_row_applies(&rows[k], part->kind->name, "model") ||
        !option_counts(part, rows[k].name))
      continue;
    if (options_text(part->options, rows[k].name, &value) == TERN_SUCCESS && value[0] != 0)
      json_object_set_new(options, rows[k].name, json_string(value));
  }
  return options;
}

static json_t *describe_part(const tern_model *model, int64_t part) {
  json_t *object = json_object(), *species = json_array();
  for (int32_t k = 0; k < model->n_species; k++)
    json_array_append_new(species, json_integer(model->species[k]));
  json_object_set_new(object, "options", describe_options(&model->parts[part]));
  json_object_set_new(object, "species", species);
  return object;
}

static int32_t give(json_t *object, text *json) {
  char *written = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
  json_decref(object);
  if (written == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory to describe a model");
  text_add(json, "%s", written);
  free(written);
  return TERN_SUCCESS;
}

int32_t store_describe(const tern_model *model, int64_t part, text *json) {
  return give(describe_part(model, part), json);
}

static bool is_time(const char *key) {
  static const char ending[] = "seconds";
  const size_t length = strlen(key), end = sizeof ending - 1;
  return length >= end && strcmp(key + length - end, ending) == 0;
}

/* What differs from run to run goes, at any depth: equal fits give equal files. */
static void drop_costs(json_t *object) {
  const char *key;
  json_t *value;
  void *next;
  size_t place;
  json_array_foreach(object, place, value) drop_costs(value);
  json_object_foreach_safe(object, next, key, value) {
    if (is_time(key) || strcmp(key, "cost") == 0)
      json_object_del(object, key);
    else
      drop_costs(value);
  }
}

static int32_t store_report(const tern_model *model, text *json) {
  json_t *report = json_loads(model->report, 0, NULL);
  drop_costs(report);
  char *written = report == NULL ? NULL : json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(report);
  if (written == NULL)
    return error_set(TERN_ERROR_INTERNAL, "the report of a model is no JSON object");
  text_add(json, "%s", written);
  free(written);
  return TERN_SUCCESS;
}

/* Where tensors are collected. */
typedef struct collection {
  int64_t count;
  tensor tensors[MOST_TENSORS];
} collection;

static void add_tensor(collection *all, const char *name, tensor_type type, int64_t count, const void *data) {
  tensor *tensor = &all->tensors[all->count++];
  *tensor = (struct tensor){.type = type, .rank = 1, .shape = {count}, .data = data};
  text_format(tensor->name, sizeof tensor->name, "%s", name);
}

/* Names of further parts begin with their number. */
static void add_prefix(int64_t part, int64_t count, tensor *tensors) {
  for (int64_t k = 0; part > 0 && k < count; k++) {
    char name[sizeof tensors[k].name];
    memcpy(name, tensors[k].name, sizeof name);
    text_format(tensors[k].name, sizeof name, "%lld.%.56s", (long long)part + 1, name);
  }
}

static int32_t add_part(const tern_model *model, int64_t index, collection *all, text *descriptor) {
  const model_part *part = &model->parts[index];
  const int64_t first = all->count;
  int64_t added;
  TRY(part->kind->store(part->state, MOST_TENSORS - all->count, all->tensors + all->count, &added));
  all->count += added;
  TRY(descriptor_store(part->descriptor, MOST_TENSORS - all->count, all->tensors + all->count, &added, descriptor));
  all->count += added;
  add_prefix(index, all->count - first, all->tensors + first);
  return TERN_SUCCESS;
}

/* [{"kind": ..., "model": ..., "descriptor": ...}, ...] of the parts after the first. */
static int32_t add_further_parts(const tern_model *model, collection *all, text *json) {
  json_t *list = json_array();
  for (int64_t k = 1; k < model->n_parts; k++) {
    text descriptor = {0};
    json_t *part = json_object();
    const int32_t status = add_part(model, k, all, &descriptor);
    json_object_set_new(part, "kind", json_string(model->parts[k].kind->name));
    json_object_set_new(part, "model", describe_part(model, k));
    json_object_set_new(part, "descriptor", descriptor.failed ? NULL : json_loads(descriptor.data, 0, NULL));
    json_array_append_new(list, part);
    text_free(&descriptor);
    if (status != TERN_SUCCESS) {
      json_decref(list);
      return status;
    }
  }
  return give(list, json);
}

enum { DESCRIPTOR, MODEL, REPORT, FURTHER, TEXTS, MOST_METADATA = 10 };

/* A file, or memory. */
typedef struct destination {
  const char *path; /* NULL: memory */
  unsigned char *bytes;
  int64_t size;
} destination;

static int32_t store_give(destination *destination, const collection *all, int64_t n_metadata,
                          const metadata_entry *metadata) {
  if (destination->path != NULL)
    return safetensors_write(destination->path, all->count, all->tensors, n_metadata, metadata);
  return safetensors_write_memory(&destination->bytes, &destination->size, all->count, all->tensors, n_metadata,
                                  metadata);
}

static int32_t store_write(const tern_model *model, destination *destination, collection *all, text texts[TEXTS]) {
  add_tensor(all, "e0", TENSOR_FLOAT64, model->n_species, model->e0);
  add_tensor(all, "species", TENSOR_INT32, model->n_species, model->species);
  add_tensor(all, "shortest_distances", TENSOR_FLOAT64, (int64_t)model->n_species * model->n_species, model->shortest);
  if (model->zbl != NULL)
    add_tensor(all, "zbl.highest", TENSOR_FLOAT64, model->n_species, model->zbl->highest);
  if (model->zbl != NULL)
    add_tensor(all, "zbl.crowded", TENSOR_FLOAT64, model->n_species, model->zbl->crowded);
  int64_t shape[2];
  if (model->uncertainty != NULL) {
    uncertainty_store(model->uncertainty, model->n_species, shape, all->tensors + all->count);
    all->count += UNCERTAINTY_TENSORS;
  }
  TRY(add_part(model, 0, all, &texts[DESCRIPTOR]));
  TRY(store_describe(model, 0, &texts[MODEL]));
  TRY(store_report(model, &texts[REPORT]));
  TRY(add_further_parts(model, all, &texts[FURTHER]));
  for (int k = 0; k < TEXTS; k++)
    if (texts[k].failed)
      return error_set(TERN_ERROR_MEMORY, "no memory to describe a model");
  char version[16];
  text_format(version, sizeof version, "%d", store_format_version(model));
  metadata_entry metadata[MOST_METADATA] = {
      {"format", MODEL_FORMAT},          {"format_version", version},
      {"kind", model->parts[0].kind->name}, {"model", texts[MODEL].data},
      {"descriptor", texts[DESCRIPTOR].data}, {"report", texts[REPORT].data},
      {"provenance", model->provenance}, {"units", MODEL_UNITS},
  };
  int64_t entries = 8;
  if (model->n_parts > 1)
    metadata[entries++] = (metadata_entry){"further_parts", texts[FURTHER].data};
  if (model->vectors != NULL)
    metadata[entries++] = (metadata_entry){"vectors", model->vectors};
  return store_give(destination, all, entries, metadata);
}

static int32_t store(const tern_model *model, destination *destination) {
  text texts[TEXTS] = {{0}};
  collection *all = NULL;
  TRY(MEMORY_NEW(NULL, &all, 1, "the list of a model's tensors"));
  const int32_t status = store_write(model, destination, all, texts);
  for (int k = 0; k < TEXTS; k++)
    text_free(&texts[k]);
  memory_free(NULL, all);
  return status;
}

int32_t model_save(const tern_model *model, const char *path) {
  return store(model, &(destination){.path = path});
}

int32_t model_pack(const tern_model *model, unsigned char **bytes, int64_t *size) {
  destination memory = {0};
  TRY(store(model, &memory));
  *bytes = memory.bytes;
  *size = memory.size;
  return TERN_SUCCESS;
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
  if (version == NULL || strlen(version) != 1 || strchr("1234", version[0]) == NULL)
    return error_set(TERN_ERROR_VERSION,
                     "a model of format version %s; this library (release " TERNION_VERSION ") reads versions 1 to 4",
                     version == NULL ? "unknown" : version);
  return TERN_SUCCESS;
}

static int32_t load_metadata(const safetensors_file *file, const char *key, const char **value) {
  *value = safetensors_metadata(file, key);
  if (*value == NULL)
    return error_set(TERN_ERROR_FORMAT, "the metadata have no '%s'", key);
  return TERN_SUCCESS;
}

static int32_t load_options(tern_options *set, const json_t *object) {
  json_t *options = json_object_get(object, "options"), *value;
  const char *key;
  if (!json_is_object(options))
    return error_set(TERN_ERROR_FORMAT, "'model' must be a JSON object with 'options'");
  json_object_foreach(options, key, value) {
    if (!json_is_string(value))
      return error_set(TERN_ERROR_FORMAT, "'model': option '%s' must be a text", key);
    if (options_set(set, key, json_string_value(value)) != TERN_SUCCESS)
      return error_prefix(TERN_ERROR_FORMAT, "'model': ");
  }
  return TERN_SUCCESS;
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
  TRY(safetensors_get_finite(file, "e0", 1, &count, &e0));
  TRY(MEMORY_NEW(NULL, &model->species, count, "the species of a model"));
  TRY(MEMORY_NEW(NULL, &model->e0, count, "the energies of isolated atoms"));
  model->n_species = (int32_t)count;
  memcpy(model->species, numbers, (size_t)count * sizeof(int32_t));
  memcpy(model->e0, e0->data, (size_t)count * sizeof(double));
  return TERN_SUCCESS;
}

/* Files that do not know the shortest distances of their data leave them zero. */
static int32_t load_shortest(tern_model *model, const safetensors_file *file) {
  const int64_t count = (int64_t)model->n_species * model->n_species;
  const tensor *found;
  TRY(MEMORY_NEW(NULL, &model->shortest, count, "shortest distances"));
  if (safetensors_find(file, "shortest_distances") == NULL)
    return TERN_SUCCESS;
  TRY(safetensors_get(file, "shortest_distances", TENSOR_FLOAT64, 1, &count, &found));
  const double *distances = found->data;
  for (int64_t k = 0; k < count; k++)
    if (!isfinite(distances[k]) || distances[k] < 0)
      return error_set(TERN_ERROR_FORMAT, "tensor 'shortest_distances': number %lld is %g, which is no distance",
                       (long long)k, distances[k]);
  memcpy(model->shortest, distances, (size_t)count * sizeof(double));
  return TERN_SUCCESS;
}

/* The baseline, and where the fitted parts give way to it; files without highest energies or crowding leave them
   zero. */
static int32_t load_zbl(tern_model *model, const safetensors_file *file) {
  TRY(zbl_new(&model->zbl, model->options, model->n_species, model->species));
  if (model->zbl == NULL)
    return TERN_SUCCESS;
  TRY(zbl_meet_data(model->zbl, model->options, model->shortest, model_cutoff(model), model_least_cutoff(model)));
  if (safetensors_find(file, "zbl.crowded") != NULL)
    TRY(safetensors_copy_finite(file, "zbl.crowded", model->n_species, model->zbl->crowded));
  if (safetensors_find(file, "zbl.highest") == NULL)
    return TERN_SUCCESS;
  return safetensors_copy_finite(file, "zbl.highest", model->n_species, model->zbl->highest);
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

/* The next part, from its kind, the JSON of its options and that of its descriptor. */
static int32_t load_part(tern_model *model, safetensors_file *file, const char *kind, const json_t *description,
                         const char *descriptor) {
  model_part *part = &model->parts[model->n_parts];
  char prefix[16] = "";
  const char *target;
  TRY(options_new(&part->options));
  model->n_parts++; /* from here on the model ends what the part has */
  TRY(load_options(part->options, description));
  TRY(options_text(part->options, "target", &target));
  part->kind = kind == NULL             ? NULL
               : model->vectors != NULL ? model_vector_kind_find(kind)
                                        : model_kind_for(kind, target);
  if (part->kind == NULL)
    return error_set(TERN_ERROR_FORMAT,
                     "a model of kind '%s' for '%s', which this library (release " TERNION_VERSION ") does not know",
                     kind == NULL ? "" : kind, target);
  if (model->n_parts > 1)
    text_format(prefix, sizeof prefix, "%lld.", (long long)model->n_parts);
  safetensors_within(file, prefix);
  TRY(descriptor_restore(&part->descriptor, file, descriptor, &learned_kind));
  if (!descriptor_fitted(part->descriptor))
    return error_set(TERN_ERROR_FORMAT, "'descriptor' has no species, or lacks what it learned");
  return part->kind->restore(&part->state, part->descriptor, file);
}

static int32_t load_first_part(tern_model *model, safetensors_file *file) {
  const char *kind, *description, *descriptor;
  TRY(load_metadata(file, "kind", &kind));
  TRY(load_metadata(file, "model", &description));
  TRY(load_metadata(file, "descriptor", &descriptor));
  json_t *object = json_loads(description, JSON_REJECT_DUPLICATES, NULL);
  const int32_t status = load_part(model, file, kind, object, descriptor);
  json_decref(object);
  TRY(status);
  return options_copy(&model->options, model->parts[0].options);
}

static int32_t load_further_part(tern_model *model, safetensors_file *file, const json_t *part) {
  char *descriptor = json_dumps(json_object_get(part, "descriptor"), JSON_COMPACT);
  const int32_t status = load_part(model, file, json_string_value(json_object_get(part, "kind")),
                                   json_object_get(part, "model"), descriptor == NULL ? "" : descriptor);
  free(descriptor);
  return status;
}

static int32_t load_further_parts(tern_model *model, safetensors_file *file) {
  const char *list = safetensors_metadata(file, "further_parts");
  json_t *parts = list == NULL ? json_array() : json_loads(list, JSON_REJECT_DUPLICATES, NULL), *part;
  size_t index;
  int32_t status = TERN_SUCCESS;
  if (!json_is_array(parts) || json_array_size(parts) >= MODEL_MOST_PARTS)
    status = error_set(TERN_ERROR_FORMAT, "'further_parts' must be a list of at most %d parts", MODEL_MOST_PARTS - 1);
  json_array_foreach(parts, index, part) {
    if (status == TERN_SUCCESS)
      status = load_further_part(model, file, part);
  }
  json_decref(parts);
  return status;
}

/* The kinds with a plus between. */
static int32_t load_name(tern_model *model) {
  text name = {0};
  for (int64_t k = 0; k < model->n_parts; k++)
    text_add(&name, "%s%s", k > 0 ? "+" : "", model->parts[k].kind->name);
  model->kind = name.failed ? NULL : memory_text(name.data);
  text_free(&name);
  return model->kind != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for a model");
}

static int32_t load_target(tern_model *model, const safetensors_file *file) {
  const char *vectors = safetensors_metadata(file, "vectors");
  if (vectors == NULL)
    return TERN_SUCCESS;
  model->vectors = memory_text(vectors);
  return model->vectors != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for a model");
}

/* All parts of a model are summed, so they have one target. */
static int32_t load_check_target(const tern_model *model) {
  int32_t order, other;
  const char *target = model_target(model, &order);
  for (int64_t k = 1; k < model->n_parts; k++) {
    const char *name;
    TRY(options_text(model->parts[k].options, "target", &name));
    other = model->parts[k].kind->order == NULL ? -1 : model->parts[k].kind->order(model->parts[k].state);
    if (strcmp(name, target) != 0 || other != order)
      return error_set(TERN_ERROR_FORMAT, "part 1 is fitted on '%s' of order %d, part %lld on '%s' of order %d", target,
                       order, (long long)k + 1, name, other);
  }
  return TERN_SUCCESS;
}

static int32_t load_model(tern_model *model, safetensors_file *file) {
  TRY(load_check(file));
  TRY(load_target(model, file));
  TRY(load_baseline(model, file));
  TRY(load_shortest(model, file));
  TRY(load_object(file, "report", &model->report));
  TRY(load_object(file, "provenance", &model->provenance));
  TRY(load_first_part(model, file));
  TRY(load_further_parts(model, file));
  TRY(load_check_target(model));
  safetensors_within(file, "");
  TRY(load_zbl(model, file));
  if (model->vectors != NULL && model->n_parts > 1)
    return error_set(TERN_ERROR_FORMAT, "a model of vectors '%s' has several parts", model->vectors);
  TRY(uncertainty_restore(&model->uncertainty, model, file));
  return load_name(model);
}

/* The file is ended. */
static int32_t load(tern_model **model, safetensors_file *file, const char *name) {
  tern_model *made = NULL;
  int32_t status = MEMORY_NEW(NULL, &made, 1, "a model");
  if (status == TERN_SUCCESS) {
    made->tag = HANDLE_MODEL;
    status = load_model(made, file);
  }
  safetensors_free(file);
  if (status != TERN_SUCCESS) {
    model_free(made);
    return error_prefix(status, "%s: ", name);
  }
  *model = made;
  return TERN_SUCCESS;
}

int32_t model_load(tern_model **model, const char *path) {
  safetensors_file *file = NULL;
  TRY(safetensors_read(&file, path));
  return load(model, file, path);
}

int32_t model_unpack(tern_model **model, const void *bytes, int64_t size) {
  static const char name[] = "a model within a file";
  safetensors_file *file = NULL;
  TRY(safetensors_read_memory(&file, name, bytes, size));
  return load(model, file, name);
}
