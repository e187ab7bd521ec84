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
  const char *const *titles;
} table;

/* Room for the longest cell of each column; the last one takes what is left of the line. */
static int32_t measure_columns(const table *table, int *widths) {
  char cell[CELL];
  for (int column = 0; column < table->n_columns; ++column) {
    widths[column] = column + 1 < table->n_columns ? (int)strlen(table->titles[column]) : 0;
    for (int64_t row = 0; row < table->n_rows && column + 1 < table->n_columns; ++row) {
      const int32_t status = table->get(table->kind, row, table->fields[column], cell);
      if (status != TERN_SUCCESS)
        return status;
      if ((int)strlen(cell) > widths[column])
        widths[column] = (int)strlen(cell);
    }
  }
  return TERN_SUCCESS;
}

static void print_cell(const table *table, int column, int width, const char *cell, bool json) {
  const bool last = column + 1 == table->n_columns;
  if (json) {
    printf("%s\"%s\": ", column ? ", " : "{", field_names[table->fields[column]]);
    print_json_string(cell);
    fputs(last ? "}\n" : "", stdout);
  } else
    printf("%-*s%s", width, cell, last ? "\n" : "  ");
}

static int32_t print_table(const table *table, bool json) {
  char cell[CELL];
  int widths[N_FIELDS];
  int32_t status = measure_columns(table, widths);
  for (int column = 0; column < table->n_columns && !json && status == TERN_SUCCESS; ++column)
    print_cell(table, column, widths[column], table->titles[column], false);
  for (int64_t row = 0; row < table->n_rows && status == TERN_SUCCESS; ++row)
    for (int column = 0; column < table->n_columns && status == TERN_SUCCESS; ++column) {
      status = table->get(table->kind, row, table->fields[column], cell);
      if (status == TERN_SUCCESS)
        print_cell(table, column, widths[column], cell, json);
    }
  return status;
}

static int32_t print_kinds(bool json) {
  static const int32_t fields[] = {TERN_FIELD_NAME, TERN_FIELD_TYPE, TERN_FIELD_MEANING};
  static const char *const titles[] = {"kind", "of", "meaning"};
  int64_t count = 0;
  const int32_t status = tern_kinds_count(&count);
  return status ? status : print_table(&(table){kind_cell, NULL, count, 3, fields, titles}, json);
}

static int32_t print_options(const char *kind, bool json) {
  static const int32_t fields[] = {TERN_FIELD_NAME, TERN_FIELD_TYPE,  TERN_FIELD_DEFAULT,
                                   TERN_FIELD_UNIT, TERN_FIELD_RANGE, TERN_FIELD_MEANING};
  static const char *const titles[] = {"option", "type", "default", "unit", "range", "meaning"};
  int64_t count = 0;
  const int32_t status = tern_options_count(kind, &count);
  return status ? status : print_table(&(table){option_cell, kind, count, N_FIELDS, fields, titles}, json);
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
