/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures of eight boron atoms in pairs whose central environments no three-neighbour correlation tells apart
   (J. Nigam et al., APL Mach. Learn. 2, 016110 (2024)): contracted correlations of up to seven neighbours do. */
#include "described.h"

#include "core/memory.h"

enum { FRAMES = 20, PAIRS = FRAMES / 2, MOST_ORDER = 7 };

typedef struct numbers {
  int64_t features;
  double *values;      /* [FRAMES][features] */
  int32_t order[4096]; /* of a column */
} numbers;

static tern_dataset *boron(void) {
  tern_dataset *all = NULL, *some = NULL;
  int64_t indices[FRAMES];
  for (int k = 0; k < FRAMES; k++)
    indices[k] = k;
  ASSERT_SUCCESS(dataset_read(&all, TEST_SOURCE_DIR "/data/b8_gfn2_8000.extxyz.gz", NULL));
  ASSERT_SUCCESS(dataset_subset(all, FRAMES, indices, &some));
  dataset_free(all);
  return some;
}

static numbers *describe(const tern_dataset *data) {
  static const char *const settings[] = {"cutoff 2", "cutoff_width 0.1", "n_max 6",       "l_max 3", "sigma 0.2",
                                         "nu_max 7", "centers 0",        "components 20", NULL};
  tern_descriptor *descriptor = described_new("correlations", settings);
  numbers *found = calloc(1, sizeof *found);
  run run = described_run(1);
  assert_non_null(found);
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, data));
  for (int k = 0; k < FRAMES; k++) {
    int64_t rows;
    double *values = described_values(descriptor, data->frames[k]->system, &rows, &found->features);
    found->values = realloc(found->values, (size_t)(FRAMES * found->features) * sizeof *values);
    memcpy(found->values + k * found->features, values, (size_t)found->features * sizeof *values);
    free(values);
  }
  assert_in_range(found->features, 1, 4096);
  for (int64_t column = 0; column < found->features; column++) {
    text label = {0};
    descriptor->kind->label(descriptor->state, column, &label);
    assert_int_equal(sscanf(label.data, "{\"nu\":%d", &found->order[column]), 1);
    text_free(&label);
  }
  descriptor_free(descriptor);
  return found;
}

/* Root of the squared distance of two structures in the columns of an order. */
static double distance(const numbers *n, int order, int a, int b) {
  double sum = 0;
  for (int64_t column = 0; column < n->features; column++)
    if (n->order[column] == order) {
      const double d = n->values[a * n->features + column] - n->values[b * n->features + column];
      sum += d * d;
    }
  return sqrt(sum);
}

/* Root mean square over structures of different pairs. */
static double spread(const numbers *n, int order) {
  double sum = 0;
  int count = 0;
  for (int a = 0; a < FRAMES; a++)
    for (int b = 0; b < a; b++)
      if (a / 2 != b / 2) {
        sum += pow(distance(n, order, a, b), 2);
        count++;
      }
  return sqrt(sum / count);
}

static void test_boron(void **state) {
  tern_dataset *data = boron();
  numbers *n = describe(data);
  (void)state;
  for (int order = 1; order <= MOST_ORDER; order++) {
    double least = INFINITY, most = 0;
    for (int pair = 0; pair < PAIRS; pair++) {
      const double between = distance(n, order, 2 * pair, 2 * pair + 1) / spread(n, order);
      least = fmin(least, between);
      most = fmax(most, between);
    }
    print_message("nu %d: structures of a pair differ by %.1e to %.1e of the spread\n", order, least, most);
    assert_true(order <= 3 ? most < 1e-10 : least > 1e-8 && most > 1e-2);
  }
  free(n->values);
  free(n);
  dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_boron)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
