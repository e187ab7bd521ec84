/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/options.h"

#include <pthread.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "core/option_value.h"
#include "core/text.h"

enum { OPTIONS_MOST = 128 };

/* A value for one part of a sum of models only, written as "triplet.cutoff". */
typedef struct options_scoped_value {
  char *scope;
  int64_t index;
  option_value value;
  struct options_scoped_value *next;
} options_scoped_value;

struct tern_options {
  uint32_t tag;
  option_value values[OPTIONS_MOST]; /* by the table's order */
  options_scoped_value *scoped;
};

static const option_row *options_find(const char *key, int64_t *index) {
  int64_t count;
  const option_row *rows = options_table(&count);
  for (*index = 0; *index < count; ++*index)
    if (strcmp(rows[*index].name, key) == 0)
      return &rows[*index];
  return NULL;
}

static int32_t options_unknown(const char *key) {
  const char *names[OPTIONS_MOST];
  int64_t count;
  const option_row *rows = options_table(&count);
  for (int64_t i = 0; i < count && i < OPTIONS_MOST; i++)
    names[i] = rows[i].name;
  const char *nearest = text_nearest(key, names, count);
  if (!nearest)
    return error_set(TERN_ERROR_OPTION, "unknown option '%.200s'; 'ternion options' lists all", key);
  return error_set(TERN_ERROR_OPTION, "unknown option '%.200s' (did you mean '%s'?); 'ternion options' lists all", key,
                   nearest);
}

/* ------------------------------------------------------------------------------------------------------- handles */

int32_t options_new(tern_options **options) {
  tern_options *fresh = NULL;
  TRY(MEMORY_NEW(NULL, &fresh, 1, "options"));
  fresh->tag = HANDLE_OPTIONS;
  *options = fresh;
  return TERN_SUCCESS;
}

void options_free(tern_options *options) {
  if (!options)
    return;
  for (int64_t i = 0; i < OPTIONS_MOST; i++)
    option_value_free(&options->values[i]);
  while (options->scoped) {
    options_scoped_value *first = options->scoped;
    options->scoped = first->next;
    option_value_free(&first->value);
    memory_free(NULL, first->scope);
    memory_free(NULL, first);
  }
  options->tag = HANDLE_END(HANDLE_OPTIONS);
  memory_free(NULL, options);
}

/* The place of a scoped value, which is made when it is not there yet. */
static int32_t options_scoped_slot(tern_options *options, const char *scope, size_t length, int64_t index,
                                   option_value **slot) {
  for (options_scoped_value *one = options->scoped; one; one = one->next)
    if (one->index == index && strlen(one->scope) == length && memcmp(one->scope, scope, length) == 0) {
      *slot = &one->value;
      return TERN_SUCCESS;
    }
  options_scoped_value *fresh = NULL;
  TRY(MEMORY_NEW(NULL, &fresh, 1, "an option"));
  const int32_t status = MEMORY_NEW(NULL, &fresh->scope, (int64_t)length + 1, "the scope of an option");
  if (status != TERN_SUCCESS) {
    memory_free(NULL, fresh);
    return status;
  }
  memcpy(fresh->scope, scope, length);
  fresh->index = index;
  fresh->next = options->scoped;
  options->scoped = fresh;
  *slot = &fresh->value;
  return TERN_SUCCESS;
}

static int32_t options_replace(option_value *slot, const option_value *value) {
  option_value fresh;
  TRY(option_value_copy(&fresh, value));
  option_value_free(slot);
  *slot = fresh;
  return TERN_SUCCESS;
}

static int32_t options_copy_values(tern_options *fresh, const tern_options *options) {
  for (int64_t i = 0; options && i < OPTIONS_MOST; i++)
    TRY(option_value_copy(&fresh->values[i], &options->values[i]));
  return TERN_SUCCESS;
}

static int32_t options_copy_scoped(tern_options *fresh, const tern_options *options) {
  for (const options_scoped_value *one = options ? options->scoped : NULL; one; one = one->next) {
    option_value *slot;
    TRY(options_scoped_slot(fresh, one->scope, strlen(one->scope), one->index, &slot));
    TRY(options_replace(slot, &one->value));
  }
  return TERN_SUCCESS;
}

static int32_t options_apply_scope(tern_options *fresh, const tern_options *options, const char *scope) {
  for (const options_scoped_value *one = options ? options->scoped : NULL; one; one = one->next)
    if (one->value.set && strcmp(one->scope, scope) == 0)
      TRY(options_replace(&fresh->values[one->index], &one->value));
  return TERN_SUCCESS;
}

/* A copy: with the scoped values as they are (scope NULL), or with those of one scope in force and the others gone. */
static int32_t options_copy_as(tern_options **copy, const tern_options *options, const char *scope) {
  tern_options *fresh = NULL;
  TRY(options_new(&fresh));
  int32_t status = options_copy_values(fresh, options);
  if (status == TERN_SUCCESS)
    status = scope ? options_apply_scope(fresh, options, scope) : options_copy_scoped(fresh, options);
  if (status == TERN_SUCCESS)
    *copy = fresh;
  else
    options_free(fresh);
  return status;
}

int32_t options_copy(tern_options **copy, const tern_options *options) { return options_copy_as(copy, options, NULL); }

int32_t options_of_scope(tern_options **copy, const tern_options *options, const char *scope) {
  return options_copy_as(copy, options, scope);
}

/* ------------------------------------------------------------------------------------------------------- setting */

/* Scopes are the kinds of models that some row names. */
static bool options_is_scope(const char *scope, size_t length) {
  int64_t count;
  char word[64];
  const option_row *rows = options_table(&count);
  if (length == 0 || length > 40)
    return false;
  text_format(word, sizeof word, "model/%.*s", (int)length, scope);
  for (int64_t i = 0; i < count; i++)
    for (const char *found = strstr(rows[i].used_by, word); found; found = strstr(found + 1, word))
      if (found[strlen(word)] == '\0' || found[strlen(word)] == ' ')
        return true;
  return false;
}

/* The row of a key and the place of its value; "kind.key" has a place of its own. */
static int32_t options_place(tern_options *options, const char *key, const option_row **row, option_value **slot) {
  int64_t index;
  const char *dot = strchr(key, '.');
  const bool scoped = dot && options_is_scope(key, (size_t)(dot - key));
  *row = options_find(scoped ? dot + 1 : key, &index);
  if (!*row)
    return options_unknown(key);
  if (scoped)
    return options_scoped_slot(options, key, (size_t)(dot - key), index, slot);
  *slot = &options->values[index];
  return TERN_SUCCESS;
}

static void options_keep(option_value *slot, const option_value *value) {
  option_value_free(slot);
  *slot = *value;
}

int32_t options_set(tern_options *options, const char *key, const char *value) {
  const option_row *row;
  option_value fresh, *slot;
  TRY(options_place(options, key, &row, &slot));
  TRY(option_value_read(&fresh, row, value));
  options_keep(slot, &fresh);
  return TERN_SUCCESS;
}

int32_t options_set_text(tern_options *options, const char *key, const char *value) {
  const option_row *row;
  option_value fresh, *slot;
  TRY(options_place(options, key, &row, &slot));
  TRY(option_value_read(&fresh, row, value));
  const bool numbers = fresh.count > 0;
  if (numbers) {
    option_value_free(&fresh);
    return error_set(TERN_ERROR_OPTION,
                     "option '%s' is a %s and was given as text '%.200s'; set it as number, or as text to be read", key,
                     options_type_name(row->type), value);
  }
  options_keep(slot, &fresh);
  return TERN_SUCCESS;
}

int32_t options_set_numbers(tern_options *options, const char *key, int64_t count, const double *reals,
                            const int64_t *integers) {
  const option_row *row;
  option_value fresh, *slot;
  TRY(options_place(options, key, &row, &slot));
  TRY(option_value_from_numbers(&fresh, row, count, reals, integers));
  options_keep(slot, &fresh);
  return TERN_SUCCESS;
}

/* ------------------------------------------------------------------------------------------------------- asking */

static option_value options_defaults[OPTIONS_MOST]; /* filled once, then constant */
static option_number options_default_numbers[OPTIONS_MOST];
static pthread_once_t options_defaults_once = PTHREAD_ONCE_INIT;

static void options_fill_defaults(void) {
  int64_t count;
  option_number *pool = options_default_numbers;
  const option_row *rows = options_table(&count);
  for (int64_t i = 0; i < count && i < OPTIONS_MOST; i++)
    if (option_value_default(&options_defaults[i], &rows[i], &pool) != TERN_SUCCESS)
      options_defaults[i].set = false;
}

/* The value in force, and whether its row has the wanted type. */
static int32_t options_value(const tern_options *options, const char *key, bool (*wanted)(const option_row *),
                             const option_value **value) {
  int64_t index;
  const option_row *row = options_find(key, &index);
  if (!row)
    return options_unknown(key);
  if (wanted && !wanted(row))
    return error_set(TERN_ERROR_INTERNAL, "option '%s' is a %s and was asked for as another type", key,
                     options_type_name(row->type));
  pthread_once(&options_defaults_once, options_fill_defaults);
  *value = options && options->values[index].set ? &options->values[index] : &options_defaults[index];
  if (!(*value)->set)
    return error_set(TERN_ERROR_INTERNAL, "the default of option '%s' is not valid", key);
  return TERN_SUCCESS;
}

static bool options_is_one_integer(const option_row *row) { return option_is_integer(row) && !option_is_list(row); }
static bool options_is_one_real(const option_row *row) { return option_is_real(row) && !option_is_list(row); }

int32_t options_integer(const tern_options *options, const char *key, int64_t *number) {
  const option_value *value = NULL;
  TRY(options_value(options, key, options_is_one_integer, &value));
  *number = value->integer;
  return TERN_SUCCESS;
}

int32_t options_real(const tern_options *options, const char *key, double *number) {
  const option_value *value = NULL;
  TRY(options_value(options, key, options_is_one_real, &value));
  *number = value->real;
  return TERN_SUCCESS;
}

int32_t options_text(const tern_options *options, const char *key, const char **source) {
  const option_value *value = NULL;
  TRY(options_value(options, key, NULL, &value));
  *source = value->text;
  return TERN_SUCCESS;
}

int32_t options_integers(const tern_options *options, const char *key, int64_t *count, const int64_t **numbers) {
  const option_value *value = NULL;
  TRY(options_value(options, key, option_is_integer, &value));
  *count = value->word ? -1 : value->count;
  *numbers = value->integers ? value->integers : &value->integer;
  return TERN_SUCCESS;
}

int32_t options_reals(const tern_options *options, const char *key, int64_t *count, const double **numbers) {
  const option_value *value = NULL;
  TRY(options_value(options, key, option_is_real, &value));
  *count = value->word ? -1 : value->count;
  *numbers = value->reals ? value->reals : &value->real;
  return TERN_SUCCESS;
}

bool options_is_set(const tern_options *options, const char *key) {
  int64_t index;
  return options && options_find(key, &index) && options->values[index].set;
}

/* --------------------------------------------------------------------------------------------------- what applies */

/* Does a blank-separated list hold `class_name`, or `class_name/kind` (kind NULL: any kind)? */
static bool options_lists(const char *list, const char *class_name, const char *kind) {
  const size_t length = strlen(class_name);
  while (*list) {
    const size_t n = strcspn(list, " ");
    if (n >= length && memcmp(list, class_name, length) == 0) {
      const bool this_kind =
          n > length && list[length] == '/' &&
          (!kind || (strlen(kind) == n - length - 1 && memcmp(list + length + 1, kind, n - length - 1) == 0));
      if (n == length || this_kind)
        return true;
    }
    list += n + strspn(list + n, " ");
  }
  return false;
}

bool options_row_applies(const option_row *row, const char *kind, const char *class_name) {
  return options_lists(row->used_by, "any", "") || options_lists(row->used_by, class_name, kind);
}

/* To one of the kinds of a sum, "ridge+triplet"? */
static bool options_row_applies_to_one(const option_row *row, const char *kinds, const char *class_name) {
  char kind[64];
  for (const char *next = kinds; *next;) {
    const size_t length = strcspn(next, "+");
    text_format(kind, sizeof kind, "%.*s", (int)length, next);
    if (options_row_applies(row, kind, class_name))
      return true;
    next += length + (next[length] == '+');
  }
  return false;
}

/* Does another class use the option too? It may then be set for the sake of that one. */
static bool options_shared(const option_row *row, const char *class_name) {
  const size_t length = strlen(class_name);
  for (const char *word = row->used_by; *word;) {
    const size_t n = strcspn(word, " "), own = strcspn(word, "/ ");
    if (own != length || memcmp(word, class_name, length) != 0)
      return true;
    word += n + strspn(word + n, " ");
  }
  return false;
}

/* The kinds of a class that a row applies to, separated by blanks. */
static void options_kinds(const option_row *row, const char *class_name, char *kinds, size_t capacity) {
  const size_t length = strlen(class_name);
  kinds[0] = '\0';
  for (const char *word = row->used_by; *word;) {
    const size_t n = strcspn(word, " "), used = strlen(kinds);
    if (n > length && memcmp(word, class_name, length) == 0 && word[length] == '/')
      text_format(kinds + used, capacity - used, "%s%.*s", used ? " " : "", (int)(n - length - 1), word + length + 1);
    word += n + strspn(word + n, " ");
  }
}

/* Is a kind one of a sum? */
static bool options_has_part(const char *kinds, const char *part) {
  const size_t length = strlen(part);
  for (const char *next = kinds; next != NULL; next = strchr(next, '+') != NULL ? strchr(next, '+') + 1 : NULL)
    if (strcspn(next, "+") == length && memcmp(next, part, length) == 0)
      return true;
  return false;
}

/* Keys of one part, "triplet.cutoff": the model has that part, and the part that option. */
static int32_t options_check_scoped(const tern_options *options, const char *kinds) {
  int64_t count;
  const option_row *rows = options_table(&count);
  for (const options_scoped_value *one = options->scoped; one; one = one->next) {
    const option_row *row = &rows[one->index];
    if (!one->value.set)
      continue;
    if (!options_has_part(kinds, one->scope))
      return error_set(TERN_ERROR_OPTION, "option '%s.%s' is for a part '%s', which the model '%s' does not have",
                       one->scope, row->name, one->scope, kinds);
    if (!options_row_applies(row, one->scope, "model") && !options_shared(row, "model"))
      return error_set(TERN_ERROR_OPTION, "option '%s' does not apply to '%s'; leave '%s.%s' out", row->name,
                       one->scope, one->scope, row->name);
  }
  return TERN_SUCCESS;
}

int32_t options_check(const tern_options *options, const char *kind, const char *class_name) {
  int64_t count;
  const option_row *rows = options_table(&count);
  for (int64_t i = 0; options && i < count; i++) {
    const option_row *row = &rows[i];
    if (!options->values[i].set || !options_lists(row->used_by, class_name, NULL) ||
        options_row_applies_to_one(row, kind, class_name) || options_shared(row, class_name))
      continue;
    char kinds[256];
    options_kinds(row, class_name, kinds, sizeof kinds);
    return error_set(TERN_ERROR_OPTION, "option '%s' does not apply to the %s '%s'; it applies to: %s", row->name,
                     class_name, kind, kinds);
  }
  return options && strcmp(class_name, "model") == 0 ? options_check_scoped(options, kind) : TERN_SUCCESS;
}

int32_t options_each(const tern_options *options, const char *kind, const char *class_name, options_visit visit,
                     void *context) {
  int64_t count;
  const option_row *rows = options_table(&count);
  for (int64_t i = 0; options && i < count; i++)
    if (options->values[i].set && options_lists(rows[i].used_by, class_name, kind))
      TRY(visit(context, &rows[i], options->values[i].text));
  return TERN_SUCCESS;
}
