/* SPDX-License-Identifier: BSD-3-Clause */
/* One row of the demonstration's table: fit, errors, predictions for the picture, agreement of the features. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "demo.h"

/* The settings of the published models, energies only. */
static const char *const common[][2] = {{"cutoff", "2.0"}, {"cutoff_width", "0.1"}, {"n_max", "6"}, {"l_max", "3"},
                                        {"sigma", "0.2"},  {"force_weight", "0"}};

static int32_t make_options(const demo_row *row, tern_options **options) {
  int32_t status = tern_options_new(options);
  for (size_t i = 0; i < sizeof common / sizeof common[0] && status == TERN_SUCCESS; ++i)
    status = tern_options_set(*options, common[i][0], common[i][1]);
  for (int i = 0; i < MOST_ROW_OPTIONS && row->options[i][0] && status == TERN_SUCCESS; ++i)
    status = tern_options_set(*options, row->options[i][0], row->options[i][1]);
  return status == TERN_SUCCESS ? tern_options_set(*options, "descriptor", row->descriptor) : status;
}

/* Predicted and reference energies of each test pair, a line a pair: mean and difference. */
static int32_t write_pairs(const demo *demo, const demo_row *row, const tern_model *model, measures *measures) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.txt", demo->folder, row->name);
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    perror(path);
    return ALREADY_TOLD;
  }
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
  if (fclose(file) != 0) {
    perror(path);
    return ALREADY_TOLD;
  }
  return status;
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
  int32_t status = make_options(row, &options);
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

/* Sum of the features over a structure's rows, which a linear model sees; rows come in no particular order. */
static int32_t sum_features(const tern_descriptor *descriptor, const tern_dataset *dataset, int64_t index, int64_t features,
                            double *sum) {
  tern_system *system = NULL;
  double *values = NULL;
  int64_t rows = 0;
  int32_t status = tern_dataset_system(dataset, index, &system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_shape(descriptor, system, &rows, NULL);
  if (status == TERN_SUCCESS && (values = malloc(sizeof *values * (size_t)(rows * features + 1))) == NULL)
    status = TERN_ERROR_MEMORY;
  if (status == TERN_SUCCESS)
    status = tern_descriptor_compute(descriptor, system, values);
  for (int64_t k = 0; k < features && status == TERN_SUCCESS; ++k) {
    sum[k] = 0;
    for (int64_t row = 0; row < rows; ++row)
      sum[k] += values[row * features + k];
  }
  free(values);
  tern_system_free(system);
  return status;
}

static double relative_difference(const double *first, const double *second, int64_t features) {
  double largest = 0, difference = 0;
  for (int64_t k = 0; k < features; ++k) {
    largest = fmax(largest, fmax(fabs(first[k]), fabs(second[k])));
    difference = fmax(difference, fabs(first[k] - second[k]));
  }
  return largest > 0 ? difference / largest : 0;
}

static int32_t compare_features(demo *demo, const tern_descriptor *descriptor, int64_t size, demo_result *result) {
  const int64_t features = result->features;
  double *sums = malloc(sizeof *sums * (size_t)(2 * features + 1));
  int32_t status = sums ? TERN_SUCCESS : TERN_ERROR_MEMORY;
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    status = sum_features(descriptor, demo->test, i, features, sums + i % 2 * features);
    if (status == TERN_SUCCESS && i % 2 == 1)
      result->agreement = fmax(result->agreement, relative_difference(sums, sums + features, features));
    if (status == TERN_SUCCESS && i % 64 == 0 && progress_show("compare features", i, size, -1, &demo->bar))
      status = TERN_CANCELLED;
  }
  free(sums);
  return status;
}

int32_t demo_agreement(demo *demo, const demo_row *row, const tern_options *options, demo_result *result) {
  tern_descriptor *descriptor = NULL;
  tern_system *system = NULL;
  int64_t size = 0;
  int32_t status = tern_descriptor_new(&descriptor, row->descriptor, options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_fit(descriptor, demo->test, NULL, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(demo->test, &size);
  if (status == TERN_SUCCESS)
    status = tern_dataset_system(demo->test, 0, &system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_shape(descriptor, system, NULL, &result->features);
  if (status == TERN_SUCCESS)
    status = compare_features(demo, descriptor, size, result);
  tern_system_free(system);
  tern_descriptor_free(descriptor);
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
