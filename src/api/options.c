/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/options.h"

#include <string.h>

#include "api/api.h"
#include "api/bodies.h"
#include "core/text.h"
#include "model/model.h"

int32_t api_options_new(tern_options **options) { return options_new(options); }

int32_t api_options_free(tern_options *options) {
  options_free(options);
  return TERN_SUCCESS;
}

int32_t api_options_set(tern_options *options, const char *key, const char *value) {
  return options_set(options, key, value);
}

int32_t api_options_set_int(tern_options *options, const char *key, int64_t value) {
  return options_set_numbers(options, key, 1, NULL, &value);
}

int32_t api_options_set_double(tern_options *options, const char *key, double value) {
  return options_set_numbers(options, key, 1, &value, NULL);
}

int32_t api_options_set_string(tern_options *options, const char *key, const char *value) {
  return options_set_text(options, key, value);
}

int32_t api_options_set_ints(tern_options *options, const char *key, int64_t count, const int64_t *values) {
  return options_set_numbers(options, key, count, NULL, values);
}

int32_t api_options_set_doubles(tern_options *options, const char *key, int64_t count, const double *values) {
  return options_set_numbers(options, key, count, values, NULL);
}

int32_t api_options_get(const tern_options *options, const char *key, char *buffer, int64_t capacity, int64_t *length) {
  const char *value;
  TRY(options_text(options, key, &value));
  return text_copy(value, buffer, capacity, length);
}

/* The class that a name belongs to: that of a kind, or one whose only kind is the class itself. */
static int32_t options_class(const char *kind, const char **class_name) {
  *class_name = NULL;
  if (!kind || descriptor_kind_find(kind))
    *class_name = "descriptor";
  else if (model_kind_find(kind))
    *class_name = "model";
  else if (strcmp(kind, "dataset") == 0)
    *class_name = "dataset";
  else if (strcmp(kind, "compare") == 0)
    *class_name = "analysis";
  if (*class_name)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_ARGUMENT,
                   "'%.200s' is no kind that has options; valid: a kind of descriptor or model, such as frames or "
                   "ridge, or dataset, compare, or nothing (NULL) for all",
                   kind);
}

/* Row number `index` of those that apply; past the end, *row is NULL and *count tells how many there are. */
static int32_t options_of_kind(const char *kind, int64_t index, const option_row **row, int64_t *count) {
  int64_t n_rows, number = 0;
  const char *class_name;
  const option_row *rows = options_table(&n_rows);
  TRY(options_class(kind, &class_name));
  *row = NULL;
  for (int64_t i = 0; i < n_rows; i++) {
    if (kind && !options_row_applies(&rows[i], kind, class_name))
      continue;
    if (number++ == index)
      *row = &rows[i];
  }
  *count = number;
  return TERN_SUCCESS;
}

int32_t api_options_count(const char *kind, int64_t *count) {
  const option_row *row;
  int64_t number;
  TRY(options_of_kind(kind, -1, &row, &number));
  *count = number;
  return TERN_SUCCESS;
}

int32_t api_options_entry(const char *kind, int64_t index, int32_t field, char *buffer, int64_t capacity,
                          int64_t *length) {
  const option_row *row;
  int64_t count;
  TRY(options_of_kind(kind, index, &row, &count));
  TRY(api_index("index", index, count, "options"));
  const char *const columns[] = {[TERN_FIELD_NAME] = row->name,
                                 [TERN_FIELD_TYPE] = options_type_name(row->type),
                                 [TERN_FIELD_DEFAULT] = row->default_value,
                                 [TERN_FIELD_UNIT] = row->unit,
                                 [TERN_FIELD_RANGE] = row->range,
                                 [TERN_FIELD_MEANING] = row->meaning};
  return text_copy(columns[field], buffer, capacity, length);
}
