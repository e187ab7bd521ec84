/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed key/value pairs; every key of the library is one row of the table in option_table.c. */
#ifndef TERNION_CORE_OPTIONS_H
#define TERNION_CORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <ternion.h>

typedef enum option_type {
  OPTION_INTEGER,
  OPTION_REAL,
  OPTION_FLAG,     /* 0 or 1; also true, false, yes, no, on, off as text */
  OPTION_CHOICE,   /* one of the words in `range`, separated by | */
  OPTION_TEXT,     /* free text */
  OPTION_INTEGERS, /* list of integers; words of `range` (as `all`) are allowed instead */
  OPTION_REALS,    /* list of real numbers, likewise */
  OPTION_SPECIES   /* list of atomic numbers or symbols */
} option_type;

typedef struct option_row {
  const char *name;
  option_type type;
  const char *default_value; /* as text; "" when there is none */
  const char *unit;
  const char *range;   /* "[0, inf)", "(0, 1]", "o3|so3", "all|[0, inf)"; checked when a value is set */
  const char *used_by; /* kinds and classes that read it: "descriptor" (every descriptor kind), "frames triplets", "dataset",
                          "model ridge" ... separated by blanks */
  const char *meaning;
} option_row;

const option_row *options_table(int64_t *count);
bool options_row_applies(const option_row *row, const char *kind, const char *class_name);

int32_t options_new(tern_options **options);
int32_t options_copy(tern_options **copy, const tern_options *options); /* NULL copies to an empty set */
void options_free(tern_options *options);
int32_t options_set(tern_options *options, const char *key, const char *value);
int32_t options_set_numbers(tern_options *options, const char *key, int64_t count, const double *reals,
                            const int64_t *integers); /* one of reals, integers is NULL */
int32_t options_set_text(tern_options *options, const char *key, const char *value);

/* Values, the row's default when not set; options may be NULL. Asking with the wrong type is TERN_ERROR_INTERNAL. */
int32_t options_integer(const tern_options *options, const char *key, int64_t *value); /* also flags */
int32_t options_real(const tern_options *options, const char *key, double *value);
/* The value as text, for choices and free text; for others as options_set would read it. Lives as long as the options. */
int32_t options_text(const tern_options *options, const char *key, const char **value);
/* Lists; *count is -1 when the value is a word (as `all`) and options_text has it, 0 for an empty default. */
int32_t options_integers(const tern_options *options, const char *key, int64_t *count, const int64_t **values);
int32_t options_reals(const tern_options *options, const char *key, int64_t *count, const double **values);
bool options_is_set(const tern_options *options, const char *key);

/* Refuses a set key that belongs to `class_name` ("descriptor", "model", "dataset") but does not apply to `kind`, naming both. */
int32_t options_check(const tern_options *options, const char *kind, const char *class_name);
/* Calls visit for each set key that applies to the kind, in the table's order: for storing. */
typedef int32_t (*options_visit)(void *context, const option_row *row, const char *value);
int32_t options_each(const tern_options *options, const char *kind, const char *class_name, options_visit visit, void *context);

#endif
