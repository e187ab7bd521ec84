/* SPDX-License-Identifier: BSD-3-Clause */
/* One row of the demonstration's table: fit, errors, predictions for the picture; superposition of the pairs. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo.h"

/* The settings of the published models, energies only. */
static const char *const common[][2] = {{"cutoff", "2.0"}, {"cutoff_width", "0.1"}, {"n_max", "6"}, {"l_max", "3"},
                                        {"sigma", "0.2"},  {"force_weight", "0"}};

int32_t demo_options(const char *const (*more)[2], tern_options **options) {
  int32_t status = tern_options_new(options);
  for (size_t i = 0; i < sizeof common / sizeof common[0] && status == TERN_SUCCESS; ++i)
    status = tern_options_set(*options, common[i][0], common[i][1]);
  for (int i = 0; i < MOST_ROW_OPTIONS && more[i][0] && status == TERN_SUCCESS; ++i)
    status = tern_options_set(*options, more[i][0], more[i][1]);
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

/* Predicted and reference energies of each test pair, a line a pair: mean and difference. */
static int32_t write_pairs(const demo *demo, const demo_row *row, const tern_model *model, measures *measures) {
  FILE *file = demo_create(demo, row->name, ".txt");
  if (file == NULL)
    return ALREADY_TOLD;
  prediction prediction = {0};
  double predicted = 0, reference = 0;
  int64_t size = 0;
  int32_t status = tern_dataset_size(demo->test, &size);
  fprintf(file, "# reference mean, predicted mean, reference difference, predicted difference (eV)\n");
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    status = tern_dataset_system(demo->test, i, &system);
    if (status == TERN_SUCCESS)
      status = prediction_make(&prediction, model, demo->test, i, system, measures);
    tern_system_free(system);
    if (i % 2 == 1)
      fprintf(file, "%.8f %.8f %.8f %.8f\n", 0.5 * (reference + prediction.reference_energy),
              0.5 * (predicted + prediction.energy), reference - prediction.reference_energy, predicted - prediction.energy);
    predicted = prediction.energy;
    reference = prediction.reference_energy;
  }
  prediction_free(&prediction);
  const int32_t finished = demo_finish(demo, file, row->name);
  return status == TERN_SUCCESS ? finished : status;
}

static int32_t save_and_test(const demo *demo, const demo_row *row, const tern_model *model, demo_result *result) {
  char path[1024];
  measures measures = {0};
  snprintf(path, sizeof path, "%s/%s.tern", demo->folder, row->name);
  int32_t status = tern_model_save(model, path);
  if (status == TERN_SUCCESS)
    status = write_pairs(demo, row, model, &measures);
  result->mean = measures_mean(&measures);
  result->delta = measures_delta(&measures);
  return status;
}

int32_t demo_fit(demo *demo, const demo_row *row, demo_result *result) {
  tern_options *options = NULL;
  tern_model *model = NULL;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  int32_t status = demo_options(row->options, &options);
  if (status == TERN_SUCCESS)
    status = tern_options_set(options, "descriptor", row->descriptor);
  if (status == TERN_SUCCESS)
    status = tern_model_fit(&model, row->model, demo->train, options, progress_show, &demo->bar);
  if (status == TERN_SUCCESS)
    status = save_and_test(demo, row, model, result);
  clock_gettime(CLOCK_MONOTONIC, &end);
  result->seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
  if (status == TERN_SUCCESS)
    status = demo_agreement(demo, row, options, result);
  tern_model_free(model);
  tern_options_free(options);
  return status;
}

static int32_t compare_pair(const demo *demo, const tern_options *options, int64_t index, int32_t *same, double *rmsd) {
  tern_system *first = NULL, *second = NULL;
  int32_t status = tern_dataset_system(demo->test, index, &first);
  if (status == TERN_SUCCESS)
    status = tern_dataset_system(demo->test, index + 1, &second);
  if (status == TERN_SUCCESS)
    status = tern_compare(first, second, options, same, rmsd, NULL, NULL);
  tern_system_free(first);
  tern_system_free(second);
  return status;
}

int32_t demo_compare(demo *demo, int64_t *n_same, double *smallest) {
  int64_t size = 0;
  tern_options *options = NULL;
  int32_t status = tern_dataset_size(demo->test, &size);
  *smallest = INFINITY;
  if (status == TERN_SUCCESS)
    status = tern_options_new(&options);
  if (status == TERN_SUCCESS) /* the files give 12 decimals */
    status = tern_options_set(options, "tolerance", "1e-6");
  for (int64_t i = 0; i + 1 < size && status == TERN_SUCCESS; i += 2) {
    int32_t same = 0;
    double rmsd = 0;
    status = compare_pair(demo, options, i, &same, &rmsd);
    *n_same += same;
    if (!same)
      *smallest = fmin(*smallest, rmsd);
    if (status == TERN_SUCCESS && progress_show("superpose pairs", i + 2, size, -1, &demo->bar))
      status = TERN_CANCELLED;
  }
  progress_end(&demo->bar);
  tern_options_free(options);
  return status;
}
