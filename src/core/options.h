/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed key/value pairs; every key of the library is one row of the table in option_table.c. */
#ifndef TERNION_CORE_OPTIONS_H
#define TERNION_CORE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <ternion.h>

typedef enum option_type {
  OPTION_INTEGER,  /* with the unit "bytes" also 500M, 2GiB ... as text */
  OPTION_REAL,
  OPTION_FLAG,     /* 0 or 1; also true, false, yes, no, on, off as text */
  OPTION_CHOICE,   /* one of the words in `range`, separated by | */
  OPTION_TEXT,     /* free text, not empty; `range` only explains */
  OPTION_INTEGERS, /* list of integers */
  OPTION_REALS,    /* list of real numbers */
  OPTION_SPECIES   /* list of atomic numbers or symbols, each once */
} option_type;

typedef struct option_row {
  const char *name;
  option_type type;
  const char *default_value; /* as text; "" when there is none */
  const char *unit;
  const char *range;   /* "[0, inf)", "(0, 1]", "o3|so3"; words before an interval are allowed instead of numbers, as in
                          "all|[0, inf)"; checked when a value is set */
  const char *used_by; /* classes ("descriptor": every kind of it) or kinds of a class ("descriptor/frames") that read
                          it, separated by blanks; "any" for all. The classes: descriptor, model, dataset, analysis */
  const char *meaning;
} option_row;

const option_row *options_table(int64_t *count);
bool options_row_applies(const option_row *row, const char *kind, const char *class_name);
/* Does it say how a call runs, not what it makes? Such values are not stored. */
bool options_row_is_passing(const option_row *row);
const char *options_type_name(option_type type); /* "integer", "list of real numbers" ... */

int32_t options_new(tern_options **options);
int32_t options_copy(tern_options **copy, const tern_options *options); /* NULL copies to an empty set */
/* A copy with the values of one scope in force: a key written "kind.key" is meant for that kind of model alone. */
int32_t options_of_scope(tern_options **copy, const tern_options *options, const char *scope);
void options_free(tern_options *options);
/* Each leaves the options as they were when it fails. A value is checked by type and range here. */
int32_t options_set(tern_options *options, const char *key, const char *value);
int32_t options_set_numbers(tern_options *options, const char *key, int64_t count, const double *reals,
                            const int64_t *integers); /* one of reals, integers is NULL */
int32_t options_set_text(tern_options *options, const char *key, const char *value);

/* Values, the row's default when not set; options may be NULL. Asking with the wrong type is TERN_ERROR_INTERNAL. */
int32_t options_integer(const tern_options *options, const char *key, int64_t *value); /* also flags */
int32_t options_real(const tern_options *options, const char *key,
                     double *value); /* NaN for a word or an empty default */
/* The value as text, for choices and free text; for others as options_set would read it. Lives as long as the options.
 */
int32_t options_text(const tern_options *options, const char *key, const char **value);
/* Lists; *count is -1 when the value is a word (as `all`) and options_text has it, 0 for an empty default. */
int32_t options_integers(const tern_options *options, const char *key, int64_t *count, const int64_t **values);
int32_t options_reals(const tern_options *options, const char *key, int64_t *count, const double **values);
bool options_is_set(const tern_options *options, const char *key);

/* Several kinds are written with a plus between, "ridge+triplet". Refuses a set key that belongs to `class_name`
   ("descriptor", "model", "dataset") alone but does not apply to `kind`, naming both, and for a model the keys of parts
   that it does not have. */
int32_t options_check(const tern_options *options, const char *kind, const char *class_name);
/* Calls visit for each set key that applies to the kind, in the table's order: for storing. Keys of every class ("any")
   say how a call runs, not what it makes, and are left out. */
typedef int32_t (*options_visit)(void *context, const option_row *row, const char *value);
int32_t options_each(const tern_options *options, const char *kind, const char *class_name, options_visit visit,
                     void *context);

#endif
