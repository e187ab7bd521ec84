/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's description of itself, as tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { N_FIELDS = 6, CELL = 512 };
static const char *const field_names[N_FIELDS] = {"name", "type", "default", "unit", "range", "meaning"};

static int32_t kind_cell(const char *kind, int64_t index, int32_t field, char *cell) {
  (void)kind;
  return tern_kinds_entry(index, field, cell, CELL, NULL);
}
static int32_t option_cell(const char *kind, int64_t index, int32_t field, char *cell) {
  return tern_options_entry(kind, index, field, cell, CELL, NULL);
}

typedef struct table {
  int32_t (*get)(const char *kind, int64_t row, int32_t field, char *cell);
  const char *kind;
  int64_t n_rows;
  int n_columns;
  const int32_t *fields;
  const int *widths; /* 0 for the last column, which takes what is left of the line */
} table;

static void print_cell(const table *table, int column, const char *cell, bool json) {
  if (json) {
    printf("%s\"%s\": ", column ? ", " : "{", field_names[table->fields[column]]);
    print_json_string(cell);
  } else
    printf("%-*s ", table->widths[column], cell);
}

static int32_t print_rows(const table *table, bool json) {
  char cell[CELL];
  for (int64_t row = 0; row < table->n_rows; ++row) {
    for (int column = 0; column < table->n_columns; ++column) {
      const int32_t status = table->get(table->kind, row, table->fields[column], cell);
      if (status != TERN_SUCCESS)
        return status;
      print_cell(table, column, cell, json);
    }
    puts(json ? "}" : "");
  }
  return TERN_SUCCESS;
}

static int32_t print_kinds(bool json) {
  const int32_t fields[] = {TERN_FIELD_NAME, TERN_FIELD_TYPE, TERN_FIELD_MEANING};
  const int widths[] = {16, 12, 0};
  int64_t count = 0;
  const int32_t status = tern_kinds_count(&count);
  if (status == TERN_SUCCESS && !json)
    printf("%-16s %-12s %s\n", "kind", "of", "meaning");
  return status ? status : print_rows(&(table){kind_cell, NULL, count, 3, fields, widths}, json);
}

static int32_t print_options(const char *kind, bool json) {
  const int32_t fields[] = {TERN_FIELD_NAME, TERN_FIELD_TYPE,  TERN_FIELD_DEFAULT,
                            TERN_FIELD_UNIT, TERN_FIELD_RANGE, TERN_FIELD_MEANING};
  const int widths[] = {16, 9, 15, 9, 24, 0};
  int64_t count = 0;
  const int32_t status = tern_options_count(kind, &count);
  if (status == TERN_SUCCESS && !json)
    printf("%-16s %-9s %-15s %-9s %-24s %s\n", "option", "type", "default", "unit", "range", "meaning");
  return status ? status : print_rows(&(table){option_cell, kind, count, N_FIELDS, fields, widths}, json);
}

int verb_options(const arguments *arguments) {
  const char *kind = arguments->n_inputs ? arguments->inputs[0] : NULL;
  int32_t status = TERN_SUCCESS;
  if (kind == NULL) {
    status = print_kinds(arguments->json);
    if (!arguments->json)
      puts("");
  }
  if (status == TERN_SUCCESS)
    status = print_options(kind, arguments->json);
  return failed(status) ? EXIT_FAILED : EXIT_SUCCESS;
}

static int32_t library_text(const void *source, char *buffer, int64_t capacity, int64_t *length) {
  (void)source;
  return tern_info(buffer, capacity, length);
}
static int32_t file_text(const void *path, char *buffer, int64_t capacity, int64_t *length) {
  return tern_file_info(path, buffer, capacity, length);
}

int verb_info(const arguments *arguments) {
  char *text = NULL;
  const int32_t status = arguments->n_inputs ? fetch_text(file_text, arguments->inputs[0], &text)
                                             : fetch_text(library_text, NULL, &text);
  if (failed(status))
    return EXIT_FAILED;
  if (arguments->json)
    puts(text);
  else
    print_json(text);
  free(text);
  return EXIT_SUCCESS;
}
