/* SPDX-License-Identifier: BSD-3-Clause */
/* Superposition of the pairs, and one pair for the picture: of the test pairs the one whose triplets differ most, its
   two structures, and by how much each feature differs between them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

const demo_bars demo_pair_bars[] = {
    {"two neighbours (nu = 2)", "pair_nu2", "correlations", {{"nu_min", "2"}, {"nu_max", "2"}}, false},
    {"three neighbours (nu = 3)", "pair_nu3", "correlations", {{"nu_min", "3"}, {"nu_max", "3"}}, false},
    {"triplet frames, squared and summed", "pair_frames", "frames", {{NULL}}, true},
};
const int demo_n_bars = sizeof demo_pair_bars / sizeof demo_pair_bars[0];

typedef struct pair_sums {
  tern_descriptor *descriptor;
  int64_t features;
  bool squares;
  double *sums; /* [2][features]: both structures */
} pair_sums;

static int32_t pair_open(const demo *demo, const demo_bars *bars, pair_sums *pair) {
  tern_options *options = NULL;
  pair->squares = bars->squares;
  int32_t status = demo_options(demo, bars->options, &options);
  if (status == TERN_SUCCESS)
    status = demo_descriptor(demo, bars->descriptor, options, &pair->descriptor, &pair->features);
  if (status == TERN_SUCCESS && (pair->sums = malloc(sizeof(double) * (size_t)(2 * pair->features + 1))) == NULL)
    status = TERN_ERROR_MEMORY;
  tern_options_free(options);
  return status;
}

static void pair_close(pair_sums *pair) {
  tern_descriptor_free(pair->descriptor);
  free(pair->sums);
}

/* Fills sums from the structures `index` and the next. */
static int32_t pair_sum(const demo *demo, pair_sums *pair, int64_t index) {
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; k < 2 && status == TERN_SUCCESS; ++k)
    status = demo_sum(pair->descriptor, demo->test, index + k, pair->features, pair->squares,
                      pair->sums + k * pair->features);
  return status;
}

static double pair_distance(const pair_sums *pair) {
  double difference = 0, length = 0;
  for (int64_t k = 0; k < pair->features; ++k) {
    const double first = pair->sums[k], second = pair->sums[pair->features + k];
    difference += (first - second) * (first - second);
    length += first * first;
  }
  return length > 0 ? sqrt(difference / length) : 0;
}

static int32_t pair_choose(demo *demo, int64_t *chosen) {
  pair_sums pair = {0};
  int64_t size = 0;
  double largest = -1;
  int32_t status = tern_dataset_size(demo->test, &size);
  if (status == TERN_SUCCESS)
    status = pair_open(demo, &demo_pair_bars[demo_n_bars - 1], &pair);
  for (int64_t i = 0; i + 1 < size && status == TERN_SUCCESS; i += 2) {
    status = pair_sum(demo, &pair, i);
    if (status == TERN_SUCCESS && pair_distance(&pair) > largest) {
      largest = pair_distance(&pair);
      *chosen = i;
    }
    if (status == TERN_SUCCESS && progress_show("choose a pair", i + 2, size, -1, &demo->bar))
      status = TERN_CANCELLED;
  }
  pair_close(&pair);
  return status;
}

static int descending(const void *first, const void *second) {
  const double a = *(const double *)first, b = *(const double *)second;
  return (a < b) - (a > b);
}

/* Differences relative to the largest feature, the largest first; rounding to zero is drawn at the bottom. */
static int32_t pair_write_bars(const demo *demo, const char *name, pair_sums *pair) {
  double *first = pair->sums, largest = 0;
  const double *second = first + pair->features;
  for (int64_t k = 0; k < pair->features; ++k)
    largest = fmax(largest, fmax(fabs(first[k]), fabs(second[k])));
  for (int64_t k = 0; k < pair->features; ++k)
    first[k] = fmax(1e-17, largest > 0 ? fabs(first[k] - second[k]) / largest : 0);
  qsort(first, (size_t)pair->features, sizeof *first, descending);
  FILE *file = demo_create(demo, name, ".txt");
  if (file == NULL)
    return ALREADY_TOLD;
  fprintf(file, "# place among the features, 0 to 1; difference relative to the largest feature\n");
  for (int64_t k = 0; k < pair->features; ++k)
    fprintf(file, "%.6f %.3e\n", ((double)k + 0.5) / (double)pair->features, first[k]);
  return demo_finish(demo, file, name);
}

static int32_t pair_bars(const demo *demo, int64_t chosen) {
  int32_t status = TERN_SUCCESS;
  for (int i = 0; i < demo_n_bars && status == TERN_SUCCESS; ++i) {
    pair_sums pair = {0};
    status = pair_open(demo, &demo_pair_bars[i], &pair);
    if (status == TERN_SUCCESS)
      status = pair_sum(demo, &pair, chosen);
    if (status == TERN_SUCCESS)
      status = pair_write_bars(demo, demo_pair_bars[i].name, &pair);
    pair_close(&pair);
  }
  return status;
}

static int32_t write_atoms(FILE *file, const tern_dataset *dataset, int64_t index) {
  tern_system *system = NULL;
  double *positions = NULL;
  int64_t n_atoms = 0;
  int32_t status = tern_dataset_system(dataset, index, &system);
  if (status == TERN_SUCCESS)
    status = tern_system_size(system, &n_atoms, NULL);
  if (status == TERN_SUCCESS && (positions = malloc(sizeof *positions * (size_t)(3 * n_atoms + 1))) == NULL)
    status = TERN_ERROR_MEMORY;
  if (status == TERN_SUCCESS)
    status = tern_system_positions(system, positions);
  for (int64_t atom = 0; atom < n_atoms && status == TERN_SUCCESS; ++atom)
    fprintf(file, "%.6f %.6f %.6f %lld\n", positions[3 * atom], positions[3 * atom + 1], positions[3 * atom + 2],
            (long long)atom);
  free(positions);
  tern_system_free(system);
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

int32_t demo_pair(demo *demo) {
  int64_t chosen = 0;
  int32_t status = pair_choose(demo, &chosen);
  if (status == TERN_SUCCESS)
    status = pair_bars(demo, chosen);
  FILE *file = status == TERN_SUCCESS ? demo_create(demo, "pair", ".txt") : NULL;
  if (file == NULL)
    return status == TERN_SUCCESS ? ALREADY_TOLD : status;
  fprintf(file, "# x, y, z (A), atom\n");
  status = write_atoms(file, demo->test, chosen);
  fprintf(file, "\n\n");
  if (status == TERN_SUCCESS)
    status = write_atoms(file, demo->test, chosen + 1);
  const int32_t finished = demo_finish(demo, file, "pair");
  return status == TERN_SUCCESS ? finished : status;
}
