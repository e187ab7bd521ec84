/* SPDX-License-Identifier: BSD-3-Clause */
/* Reader of the golden data, and the environments of a system found by brute force. For tests of single rooms. */
#ifndef TERNION_TEST_GOLDEN_H
#define TERNION_TEST_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/error.h"
#include "core/options.h"
#include "density/kind.h"

#define ASSERT_SUCCESS(call) \
  do { \
    if ((call) != TERN_SUCCESS) \
      fail_msg("%s: %s", #call, error_message()); \
  } while (0)

#define GOLDEN_LINES 64

typedef struct golden_block {
  int dims[4], rank, count;
  double *values;
  char (*lines)[200];
} golden_block;

/* The block of that name; fails the test when it is not there and `needed`. */
static inline golden_block golden_read(const char *file_name, const char *wanted, int needed) {
  char path[512], name[32], type[8];
  golden_block block = {{1, 1, 1, 1}, 0, 0, NULL, NULL};
  snprintf(path, sizeof path, "%s/golden/%s", TEST_SOURCE_DIR, file_name);
  FILE *file = fopen(path, "r");
  if (!file)
    fail_msg("%s: cannot be read", path);
  while (fscanf(file, "%31s %7s %d", name, type, &block.rank) == 3) {
    const int is_text = strcmp(type, "text") == 0;
    block.count = 1;
    for (int k = 0; k < block.rank && fscanf(file, "%d", &block.dims[k]) == 1; k++)
      block.count *= block.dims[k];
    block.values = calloc((size_t)block.count + 1, sizeof *block.values);
    block.lines = calloc((size_t)block.count + 1, sizeof *block.lines);
    for (int k = 0; k < block.count; k++)
      assert_int_equal(is_text ? fscanf(file, " %199[^\n]", block.lines[k]) : fscanf(file, "%lf", &block.values[k]), 1);
    if (strcmp(name, wanted) == 0) {
      fclose(file);
      return block;
    }
    free(block.values);
    free(block.lines);
  }
  fclose(file);
  if (needed)
    fail_msg("%s: no block %s", file_name, wanted);
  return (golden_block){{0, 0, 0, 0}, 0, 0, NULL, NULL};
}

static inline void golden_free(golden_block *block) {
  free(block->values);
  free(block->lines);
}

static inline tern_options *golden_options(const char *file_name) {
  golden_block block = golden_read(file_name, "options", 1);
  tern_options *options = NULL;
  ASSERT_SUCCESS(options_new(&options));
  for (int k = 0; k < block.count; k++) {
    char key[200];
    int length = 0;
    assert_int_equal(sscanf(block.lines[k], "%199s %n", key, &length), 1);
    ASSERT_SUCCESS(options_set(options, key, block.lines[k] + length));
  }
  golden_free(&block);
  return options;
}

/* The species that the options name, as the kinds get them. */
static inline int32_t golden_species(const tern_options *options, int32_t species[16]) {
  int64_t count;
  const int64_t *values;
  ASSERT_SUCCESS(options_integers(options, "species", &count, &values));
  assert_in_range(count, 1, 16);
  for (int64_t k = 0; k < count; k++)
    species[k] = (int32_t)values[k];
  return (int32_t)count;
}

#define MOST_NEIGHBOURS 512

typedef struct golden_environment {
  double vectors[3 * MOST_NEIGHBOURS];
  int32_t species[MOST_NEIGHBOURS];
  int64_t atom[MOST_NEIGHBOURS];
  environment view;
} golden_environment;

static inline int32_t species_index(const int32_t *species, int32_t n_species, double number) {
  for (int32_t k = 0; k < n_species; k++)
    if (species[k] == (int32_t)number)
      return k;
  fail_msg("species %g is not among the options' species", number);
  return -1;
}

/* Every neighbour of a centre within the cutoff, images up to four cells away. */
static inline void golden_environment_of(const char *file_name, int64_t center, double cutoff, const int32_t *species,
                                         int32_t n_species, golden_environment *found) {
  golden_block numbers = golden_read(file_name, "species", 1), positions = golden_read(file_name, "positions", 1);
  golden_block cell = golden_read(file_name, "cell", 1), periodic = golden_read(file_name, "periodic", 1);
  int64_t n = 0;
  for (int64_t j = 0; j < numbers.count; j++)
    for (int image = 0; image < 729; image++) {
      const int shift[3] = {image / 81 - 4, image / 9 % 9 - 4, image % 9 - 4};
      double *v = found->vectors + 3 * n, square = 0;
      int wanted = 1;
      for (int k = 0; k < 3; k++)
        wanted = wanted && (shift[k] == 0 || periodic.values[k] != 0);
      for (int axis = 0; axis < 3; axis++) {
        v[axis] = positions.values[3 * j + axis] - positions.values[3 * center + axis];
        for (int k = 0; k < 3; k++)
          v[axis] += shift[k] * cell.values[3 * k + axis];
        square += v[axis] * v[axis];
      }
      if (!wanted || square < 1e-20 || square >= cutoff * cutoff)
        continue;
      found->atom[n] = j;
      found->species[n++] = species_index(species, n_species, numbers.values[j]);
      assert_true(n < MOST_NEIGHBOURS);
    }
  found->view = (environment){n, found->vectors, found->species,
                              species_index(species, n_species, numbers.values[center])};
  golden_free(&numbers);
  golden_free(&positions);
  golden_free(&cell);
  golden_free(&periodic);
}

static inline double largest(int64_t count, const double *values) {
  double most = 0;
  for (int64_t k = 0; k < count; k++)
    most = fmax(most, fabs(values[k]));
  return most;
}

static inline double largest_difference(int64_t count, const double *a, const double *b) {
  double most = 0;
  for (int64_t k = 0; k < count; k++) {
    const double difference = fabs(a[k] - b[k]);
    if (!(difference <= most))
      most = difference;
  }
  return most;
}

/* Fails when the difference exceeds the tolerance relative to the largest expected number. */
static inline void assert_close(const char *what, int64_t count, const double *found, const double *expected,
                                double tolerance) {
  const double difference = largest_difference(count, found, expected), scale = largest(count, expected);
  if (!(difference <= tolerance * (scale > 0 ? scale : 1)))
    fail_msg("%s: largest difference %.2e of numbers up to %.2e", what, difference, scale);
}

/* Deterministic numbers in (-1, 1). */
static inline double pseudo_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) / 4503599627370496.0 - 1;
}

static inline double *zeros(int64_t count) {
  double *values = calloc((size_t)count + 1, sizeof *values);
  assert_non_null(values);
  return values;
}

/* 64-byte aligned space. */
static inline void *aligned_space(int64_t bytes) {
  void *space = aligned_alloc(64, (size_t)(bytes + 127) / 64 * 64);
  assert_non_null(space);
  return space;
}

#endif
