/* SPDX-License-Identifier: BSD-3-Clause */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *last_error(void) {
  static _Thread_local char message[2048];
  tern_last_error(message, sizeof message, NULL);
  return message;
}

void must(int32_t status, const char *call, const char *file, int line) {
  if (status == TERN_SUCCESS)
    return;
  print_error("%s: %d, %s\n", call, status, last_error());
  _fail(file, line);
}

void fails(int32_t got, int32_t status, const char *says, const char *call, const char *file, int line) {
  if (got == status && strstr(last_error(), says) != NULL)
    return;
  print_error("%s: %d instead of %d, '%s' must contain '%s'\n", call, got, status, last_error(), says);
  _fail(file, line);
}

/* ---- golden files ---- */

static void golden_items(FILE *file, golden *block, int is_text, int keep) {
  for (int k = 0; k < block->count; k++) {
    int good;
    if (!is_text)
      good = fscanf(file, "%lf", &block->values[k]) == 1;
    else if (keep && k < LINES)
      good = fscanf(file, " %199[^\n]", block->lines[k]) == 1;
    else
      good = fscanf(file, " %*[^\n]") != EOF;
    if (!good)
      fail_msg("a golden file ends within a block");
  }
}

golden golden_read(const char *file, const char *wanted) {
  char path[1024], name[32], kind[8];
  golden block = {0};
  snprintf(path, sizeof path, "%s/%s", GOLDEN, file);
  FILE *stream = fopen(path, "r");
  if (stream == NULL)
    fail_msg("cannot open %s", path);
  while (fscanf(stream, "%31s %7s %d", name, kind, &block.rank) == 3) {
    const int found = strcmp(name, wanted) == 0, is_text = strcmp(kind, "text") == 0;
    block.count = 1;
    for (int k = 0; k < block.rank && fscanf(stream, "%d", &block.dims[k]) == 1; k++)
      block.count *= block.dims[k];
    block.values = doubles(is_text ? 0 : block.count);
    block.lines = calloc(LINES, LINE);
    golden_items(stream, &block, is_text, found);
    if (found) {
      fclose(stream);
      return block;
    }
    golden_free(&block);
  }
  fail_msg("%s has no block '%s'", path, wanted);
  return block;
}

void golden_free(golden *block) {
  free(block->values);
  free(block->lines);
  *block = (golden){0};
}

void assert_close(const char *what, const double *values, const double *expected, int64_t count, double tolerance) {
  double largest = 0, error = 0;
  int64_t worst = 0;
  for (int64_t k = 0; k < count; k++) {
    const double difference = fabs(values[k] - expected[k]);
    largest = fmax(largest, fabs(expected[k]));
    if (!(difference <= error)) {
      error = difference;
      worst = k;
    }
  }
  if (!(error <= tolerance * largest))
    fail_msg("%s: [%lld] is %.17g instead of %.17g, off by %.2g of the largest", what, (long long)worst, values[worst],
             expected[worst], error / largest);
}

/* ---- handles ---- */

tern_options *golden_options(const char *file) {
  tern_options *options = NULL;
  golden block = golden_read(file, "options");
  MUST(tern_options_new(&options));
  for (int k = 0; k < block.count; k++) {
    char *value = strchr(block.lines[k], ' ');
    *value = 0;
    MUST(tern_options_set(options, block.lines[k], value + 1));
  }
  golden_free(&block);
  return options;
}

static golden golden_prefixed(const char *file, const char *prefix, const char *name) {
  char full[64];
  snprintf(full, sizeof full, "%s%s", prefix, name);
  return golden_read(file, full);
}

tern_system *golden_system(const char *file, const char *prefix) {
  enum { MOST = 64 };
  int32_t numbers[MOST], flags[3];
  int has_cell = 0;
  tern_system *system = NULL;
  golden species = golden_prefixed(file, prefix, "species"), positions = golden_prefixed(file, prefix, "positions");
  golden cell = golden_prefixed(file, prefix, "cell"), periodic = golden_prefixed(file, prefix, "periodic");
  for (int k = 0; k < species.count && k < MOST; k++)
    numbers[k] = (int32_t)species.values[k];
  for (int k = 0; k < 9; k++)
    has_cell |= cell.values[k] != 0;
  for (int k = 0; k < 3; k++)
    flags[k] = (int32_t)periodic.values[k];
  MUST(tern_system_new(&system, species.count, numbers, positions.values, has_cell ? cell.values : NULL,
                       has_cell ? flags : NULL));
  golden_free(&species);
  golden_free(&positions);
  golden_free(&cell);
  golden_free(&periodic);
  return system;
}

tern_dataset *read_golden(const char *file) {
  char path[1024];
  tern_dataset *dataset = NULL;
  snprintf(path, sizeof path, "%s/%s", GOLDEN, file);
  MUST(tern_dataset_read(&dataset, path, NULL));
  return dataset;
}

tern_dataset *read_clusters(void) {
  tern_dataset *dataset = NULL;
  MUST(tern_dataset_read(&dataset, CLUSTERS, NULL));
  return dataset;
}

tern_options *small_options(void) {
  tern_options *options = NULL;
  MUST(tern_options_new(&options));
  MUST(tern_options_set(options, "species", "14"));
  MUST(tern_options_set_double(options, "cutoff", 4.0));
  MUST(tern_options_set_int(options, "n_max", 3));
  MUST(tern_options_set_int(options, "l_max", 2));
  MUST(tern_options_set_double(options, "sigma", 0.4));
  return options;
}

tern_system *dimer(double distance) {
  const int32_t species[2] = {14, 14};
  const double positions[6] = {0, 0, 0, 0, 0, distance};
  tern_system *system = NULL;
  MUST(tern_system_new(&system, 2, species, positions, NULL, NULL));
  return system;
}

tern_model *small_model(void) {
  tern_options *options = small_options();
  tern_dataset *train = read_clusters();
  tern_model *model = NULL;
  MUST(tern_model_fit(&model, "ridge", train, options, NULL, NULL));
  MUST(tern_dataset_free(train));
  MUST(tern_options_free(options));
  return model;
}

/* ---- memory and files ---- */

double *doubles(int64_t count) {
  double *values = calloc((size_t)count + 1, sizeof *values);
  if (values == NULL)
    fail_msg("no memory for %lld numbers", (long long)count);
  return values;
}

char *file_bytes(const char *path, int64_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    fail_msg("cannot open %s", path);
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)*size + 1);
  if (fread(bytes, 1, (size_t)*size, file) != (size_t)*size)
    fail_msg("cannot read %s", path);
  fclose(file);
  bytes[*size] = 0;
  return bytes;
}

void file_write(const char *path, const char *bytes, int64_t size) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, (size_t)size, file) != (size_t)size || fclose(file) != 0)
    fail_msg("cannot write %s", path);
}

int file_exists(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file != NULL)
    fclose(file);
  return file != NULL;
}
