/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model sees of a structure: its features summed over rows. How closely these agree within pairs, and the pair
   whose sums over a non-linear function of the triplets differ most. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "demo.h"

/* Rows come in no particular order, so only sums over them can be compared. With `squares` the features are squared
   first, the plainest function that is not linear, and weighted, so that tags leave smoothly. */
static void add_rows(const double *values, const double *weights, int64_t rows, int64_t features, double *sum) {
  for (int64_t k = 0; k < features; ++k)
    sum[k] = 0;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < features; ++k) {
      const double value = values[row * features + k];
      sum[k] += weights ? weights[row] * value * value : value;
    }
}

static int32_t sum_system(const tern_descriptor *descriptor, const tern_system *system, int64_t features, bool squares,
                          double *sum) {
  double *values = NULL, *weights = NULL;
  int64_t rows = 0;
  int32_t status = tern_descriptor_shape(descriptor, system, &rows, NULL);
  if (status == TERN_SUCCESS && ((values = malloc(sizeof *values * (size_t)(rows * features + 1))) == NULL ||
                                 (weights = malloc(sizeof *weights * (size_t)(rows + 1))) == NULL))
    status = TERN_ERROR_MEMORY;
  if (status == TERN_SUCCESS)
    status = tern_descriptor_compute(descriptor, system, values);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_weights(descriptor, system, weights);
  if (status == TERN_SUCCESS)
    add_rows(values, squares ? weights : NULL, rows, features, sum);
  free(values);
  free(weights);
  return status;
}

int32_t demo_sum(const tern_descriptor *descriptor, const tern_dataset *dataset, int64_t index, int64_t features,
                 bool squares, double *sum) {
  tern_system *system = NULL;
  int32_t status = tern_dataset_system(dataset, index, &system);
  if (status == TERN_SUCCESS)
    status = sum_system(descriptor, system, features, squares, sum);
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
    status = demo_sum(descriptor, demo->test, i, features, false, sums + i % 2 * features);
    if (status == TERN_SUCCESS && i % 2 == 1)
      result->agreement = fmax(result->agreement, relative_difference(sums, sums + features, features));
    if (status == TERN_SUCCESS && i % 64 == 0 && demo_progress("compare features", i, size, -1, demo))
      status = TERN_CANCELLED;
  }
  free(sums);
  return status;
}

/* A descriptor of the demonstration that knows the species of the test set, and its number of features. */
int32_t demo_descriptor(const demo *demo, const char *kind, const tern_options *options, tern_descriptor **descriptor,
                        int64_t *features) {
  tern_system *system = NULL;
  int32_t status = tern_descriptor_new(descriptor, kind, options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_fit(*descriptor, demo->test, NULL, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_system(demo->test, 0, &system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_shape(*descriptor, system, NULL, features);
  tern_system_free(system);
  return status;
}

int32_t demo_agreement(demo *demo, const demo_row *row, const tern_options *options, demo_result *result) {
  tern_descriptor *descriptor = NULL;
  int64_t size = 0;
  int32_t status = tern_dataset_size(demo->test, &size);
  if (status == TERN_SUCCESS)
    status = demo_descriptor(demo, row->descriptor, options, &descriptor, &result->features);
  if (status == TERN_SUCCESS)
    status = compare_features(demo, descriptor, size, result);
  tern_descriptor_free(descriptor);
  return status;
}
