/* SPDX-License-Identifier: BSD-3-Clause */
/* What the demonstration starts from: structures, options, and the files of its folder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

/* The settings of the published models: energies only, of the environment of atom 0. */
static const char *const common[][2] = {{"cutoff", "2.0"}, {"cutoff_width", "0.1"}, {"n_max", "6"},
                                        {"l_max", "3"},    {"sigma", "0.2"},        {"centers", "0"},
                                        {"force_weight", "0"}, {"uncertainty", "none"}};
/* Options that may be typed: how fits run, not what they are. */
static const char *const typed[] = {"time_limit", "threads", "memory_limit", "seed"};
enum { N_TYPED = sizeof typed / sizeof typed[0] };

static int32_t option_text(const tern_options *options, const char *key, char *text, int64_t size) {
  return tern_options_get(options, key, text, size, NULL);
}

static int32_t set_pairs(tern_options *options, int count, const char *const (*pairs)[2]) {
  int32_t status = TERN_SUCCESS;
  for (int i = 0; i < count && pairs[i][0] && status == TERN_SUCCESS; ++i)
    status = tern_options_set(options, pairs[i][0], pairs[i][1]);
  return status;
}

/* time_limit is the affair of each row. */
static int32_t set_typed(const tern_options *from, tern_options *options) {
  char value[64];
  int32_t status = TERN_SUCCESS;
  for (int i = 1; i < N_TYPED && status == TERN_SUCCESS; ++i) {
    status = option_text(from, typed[i], value, sizeof value);
    if (status == TERN_SUCCESS)
      status = tern_options_set(options, typed[i], value);
  }
  return status;
}

int32_t demo_options(const demo *demo, const char *const (*more)[2], tern_options **options) {
  int32_t status = tern_options_new(options);
  if (status == TERN_SUCCESS)
    status = set_pairs(*options, (int)(sizeof common / sizeof common[0]), common);
  if (status == TERN_SUCCESS)
    status = set_typed(demo->arguments->options, *options);
  return status == TERN_SUCCESS ? set_pairs(*options, MOST_ROW_OPTIONS, more) : status;
}

static bool may_be_typed(const char *key) {
  for (int i = 0; i < N_TYPED; ++i)
    if (strcmp(key, typed[i]) == 0)
      return true;
  return false;
}

/* Whether an option other than those has been typed; its name. */
static bool find_foreign(const tern_options *options, const tern_options *defaults, char *key, int64_t size) {
  char value[512], usual[512];
  for (int64_t i = 0; tern_options_entry(NULL, i, TERN_FIELD_NAME, key, size, NULL) == TERN_SUCCESS; ++i)
    if (!may_be_typed(key) && option_text(options, key, value, sizeof value) == TERN_SUCCESS &&
        option_text(defaults, key, usual, sizeof usual) == TERN_SUCCESS && strcmp(value, usual) != 0)
      return true;
  return false;
}

double demo_seconds(const demo *demo, const demo_row *row) { return demo->scale * row->seconds; }

/* A time limit that was typed is that of the longest training; the others keep their proportion to it. */
static void choose_scale(demo *demo) {
  char text[64] = "";
  double longest = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    if (demo_wanted(demo, &demo_rows[i]) && demo_rows[i].seconds > longest)
      longest = demo_rows[i].seconds;
  const bool known = option_text(demo->arguments->options, "time_limit", text, sizeof text) == TERN_SUCCESS;
  const double limit = known ? strtod(text, NULL) : 0;
  demo->scale = limit > 0 && longest > 0 ? limit / longest : 1;
}

int demo_check(demo *demo) {
  char key[64];
  tern_options *defaults = NULL;
  if (failed(tern_options_new(&defaults)))
    return EXIT_FAILED;
  const bool foreign = find_foreign(demo->arguments->options, defaults, key, sizeof key);
  tern_options_free(defaults);
  if (foreign)
    return usage_error("demo sets '%s' itself; it takes --set time_limit, threads, memory_limit and seed", key);
  choose_scale(demo);
  return EXIT_SUCCESS;
}

static int32_t take_range(const tern_dataset *all, int64_t first, int64_t count, tern_dataset **part) {
  int64_t *indices = malloc(sizeof *indices * (size_t)(count + 1));
  if (indices == NULL)
    return TERN_ERROR_MEMORY;
  for (int64_t i = 0; i < count; ++i)
    indices[i] = first + i;
  const int32_t status = tern_dataset_subset(all, count, indices, part);
  free(indices);
  return status;
}

int32_t demo_first(const tern_dataset *all, int64_t count, tern_dataset **part) {
  return take_range(all, 0, count, part);
}

/* Structures of which only energies are known: what is fitted on energies need not be measured on forces. */
static int32_t copy_energies(const tern_dataset *all, tern_dataset *part) {
  int64_t size = 0;
  int32_t status = tern_dataset_size(all, &size);
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    double energy = 0;
    status = tern_dataset_system(all, i, &system);
    if (status == TERN_SUCCESS)
      status = tern_dataset_target(all, i, TERN_TARGET_ENERGY, &energy);
    if (status == TERN_SUCCESS)
      status = tern_dataset_append(part, system, &energy, NULL, NULL);
    tern_system_free(system);
  }
  return status;
}

/* The last eighth, in whole pairs, is for testing. */
int32_t demo_read(demo *demo) {
  char path[SHIPPED_PATH];
  const char *data = demo->arguments->data;
  tern_dataset *all = NULL;
  int64_t size = 0;
  if (data == NULL)
    find_shipped("data", "tests/data", "b8_gfn2_8000.extxyz.gz", path);
  int32_t status = tern_dataset_read(&all, data ? data : path, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(all, &size);
  const int64_t n_test = size / 16 * 2;
  if (status == TERN_SUCCESS && n_test == 0) {
    fprintf(stderr, "ternion: %s has %lld structures; the demonstration needs 16 or more\n", data ? data : path,
            (long long)size);
    status = ALREADY_TOLD;
  }
  if (status == TERN_SUCCESS)
    status = take_range(all, 0, size - n_test, &demo->train);
  if (status == TERN_SUCCESS)
    status = take_range(all, size - n_test, n_test, &demo->test);
  if (status == TERN_SUCCESS)
    status = tern_dataset_new(&demo->energies);
  if (status == TERN_SUCCESS)
    status = copy_energies(demo->train, demo->energies);
  tern_dataset_free(all);
  return status;
}

FILE *demo_create(const demo *demo, const char *name, const char *ending) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s%s", demo->folder, name, ending);
  FILE *file = fopen(path, "w");
  if (file == NULL)
    perror(path);
  return file;
}

int32_t demo_finish(const demo *demo, FILE *file, const char *name) {
  const bool spoiled = ferror(file) != 0;
  if (fclose(file) == 0 && !spoiled)
    return TERN_SUCCESS;
  fprintf(stderr, "ternion: %s/%s was not written: %s\n", demo->folder, name, strerror(errno));
  return ALREADY_TOLD;
}
