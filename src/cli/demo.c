/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits on the degenerate pairs of B8 clusters of J. Nigam et al., APL Mach. Learn. 2, 016110 (2024). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "demo.h"

enum { N_TEST = 1000 };

const demo_row demo_rows[] = {
    {"power spectrum (nu = 2), linear", "power_spectrum", "ridge", "power_spectrum", {{"centers", "0"}}, "-"},
    {"triplet frames summed (nu = 3), linear", "frames", "ridge", "frames", {{"centers", "0"}}, "38.5/100"},
    {"bispectrum (nu <= 3), linear", "bispectrum", "ridge", "correlations", {{"centers", "0"}, {"nu_max", "3"}}, "38.9/100"},
    {"power spectrum of all 8 atoms, linear", "all_atoms", "ridge", "power_spectrum", {{NULL}}, "-"},
};
const int demo_n_rows = sizeof demo_rows / sizeof demo_rows[0];

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

static int32_t read_data(demo *demo) {
  char path[SHIPPED_PATH];
  const char *data = demo->arguments->data;
  tern_dataset *all = NULL;
  int64_t size = 0;
  if (data == NULL)
    find_shipped("data", "tests/data", "b8_gfn2_8000.extxyz.gz", path);
  int32_t status = tern_dataset_read(&all, data ? data : path, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(all, &size);
  if (status == TERN_SUCCESS)
    status = take_range(all, 0, size > N_TEST ? size - N_TEST : 0, &demo->train);
  if (status == TERN_SUCCESS)
    status = take_range(all, size > N_TEST ? size - N_TEST : 0, size > N_TEST ? N_TEST : size, &demo->test);
  tern_dataset_free(all);
  return status;
}

static void print_head(const demo *demo) {
  if (demo->arguments->json || demo->arguments->quiet)
    return;
  int64_t train = 0, test = 0;
  tern_dataset_size(demo->train, &train);
  tern_dataset_size(demo->test, &test);
  printf("B8 clusters in pairs that share every correlation of one centre and up to three neighbours around atom 0.\n"
         "%lld structures to fit, %lld to test; errors in %%: mean of a pair / std(E), difference in a pair / its RMS.\n"
         "A delta of 100 %% means that the two structures of a pair cannot be told apart.\n\n",
         (long long)train, (long long)test);
  printf("%-40s %9s %12s %8s %8s   %-20s %s\n", "model", "features", "pairs agree", "mean", "delta", "published", "seconds");
}

static void print_result(const demo *demo, const demo_row *row, const demo_result *result) {
  if (demo->arguments->json) {
    printf("{\"event\": \"row\", \"name\": \"%s\", \"features\": %lld, \"agreement\": %.3g, \"mean_percent\": %.6g, "
           "\"delta_percent\": %.6g, \"seconds\": %.3g}\n",
           row->name, (long long)result->features, result->agreement, result->mean, result->delta, result->seconds);
  } else if (!demo->arguments->quiet)
    printf("%-40s %9lld %12.0e %8.1f %8.1f   %-20s %.1f\n", row->label, (long long)result->features, result->agreement,
           result->mean, result->delta, row->reference, result->seconds);
  fflush(stdout);
}

static int32_t print_comparison(demo *demo) {
  int64_t n_same = 0;
  double smallest = 0;
  const int32_t status = demo_compare(demo, &n_same, &smallest);
  if (status != TERN_SUCCESS)
    return status;
  if (demo->arguments->json)
    printf("{\"event\": \"pairs\", \"same\": %lld, \"smallest_rmsd\": %.6g}\n", (long long)n_same, smallest);
  else if (!demo->arguments->quiet)
    printf("\nBy superposition, %lld of the test pairs are one structure; the closest two differ by %.4f A (rmsd).\n",
           (long long)n_same, smallest);
  return TERN_SUCCESS;
}

static int32_t run_rows(demo *demo, demo_result *results) {
  print_head(demo);
  for (int i = 0; i < demo_n_rows; ++i) {
    const int32_t status = demo_fit(demo, &demo_rows[i], &results[i]);
    if (status != TERN_SUCCESS)
      return status;
    progress_end(&demo->bar);
    print_result(demo, &demo_rows[i], &results[i]);
  }
  return print_comparison(demo);
}

static bool make_folder(const char *folder) {
  if (mkdir(folder, 0777) == 0 || errno == EEXIST)
    return true;
  fprintf(stderr, "ternion: %s: %s\n", folder, strerror(errno));
  return false;
}

int verb_demo(const arguments *arguments) {
  demo demo = {.arguments = arguments, .folder = arguments->output ? arguments->output : "ternion-demo"};
  demo_result *results = calloc((size_t)demo_n_rows, sizeof *results);
  demo.bar = progress_new(arguments);
  if (results == NULL || !make_folder(demo.folder)) {
    free(results);
    return EXIT_FAILED;
  }
  int32_t status = read_data(&demo);
  if (status == TERN_SUCCESS)
    status = run_rows(&demo, results);
  if (status == TERN_SUCCESS)
    status = demo_pair(&demo);
  progress_end(&demo.bar);
  bool good = !failed(status);
  if (good)
    good = demo_plot(&demo, results);
  tern_dataset_free(demo.train);
  tern_dataset_free(demo.test);
  free(results);
  return good ? EXIT_SUCCESS : EXIT_FAILED;
}
