/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of CH4-like environments with the same distances and angles (tests/data/make_counterexamples.py): correlations
   of two neighbours agree, those of three differ. */
#include "described.h"

#include "analysis/compare.h"

enum { PAIRS = 8 };

static tern_dataset *counterexamples(void) {
  tern_dataset *data = NULL;
  ASSERT_SUCCESS(dataset_read(&data, TEST_SOURCE_DIR "/data/counterexamples.extxyz", NULL));
  assert_int_equal(data->size, 2 * PAIRS);
  return data;
}

/* Largest difference within the pair relative to the largest value. */
static double difference(const tern_dataset *data, int pair, const char *kind, const char *const *settings) {
  int64_t rows, features;
  tern_descriptor *descriptor = described_new(kind, settings);
  double *a = described_values(descriptor, data->frames[2 * pair]->system, &rows, &features);
  double *b = described_values(descriptor, data->frames[2 * pair + 1]->system, &rows, &features);
  const double found = largest_difference(rows * features, a, b) / largest(rows * features, a);
  free(a);
  free(b);
  descriptor_free(descriptor);
  return found;
}

static void two_neighbours_agree(void **state) {
  (void)state;
  static const char *const spectrum[] = {"cutoff 2",  "n_max 6",     "l_max 10",           "sigma 0.2",
                                         "centers 0", "species C,H", "spline_error 1e-12", NULL};
  static const char *const points[] = {"cutoff 2", "n_max 3",   "l_max 6",     "radial_basis bessel",
                                       "nu_max 2", "centers 0", "species C,H", NULL};
  tern_dataset *data = counterexamples();
  for (int pair = 0; pair < PAIRS; pair++) {
    assert_true(difference(data, pair, "power_spectrum", spectrum) < 1e-10);
    assert_true(difference(data, pair, "correlations", points) < 1e-10);
  }
  dataset_free(data);
}

static void three_neighbours_differ(void **state) {
  (void)state;
  static const char *const settings[] = {"cutoff 2", "n_max 2",   "l_max 4",     "sigma 0.2", "nu_min 3",
                                         "nu_max 3", "centers 0", "species C,H", NULL};
  tern_dataset *data = counterexamples();
  double least = INFINITY;
  for (int pair = 0; pair < PAIRS; pair++)
    least = fmin(least, difference(data, pair, "correlations", settings));
  printf("nu = 3 of the centre differs by %.3f or more of the largest value\n", least);
  assert_true(least > 0.05);
  dataset_free(data);
}

static void pairs_are_not_congruent(void **state) {
  (void)state;
  tern_dataset *data = counterexamples();
  run run = described_run(1);
  for (int pair = 0; pair < PAIRS; pair++) {
    comparison found;
    ASSERT_SUCCESS(compare_systems(&run, data->frames[2 * pair]->system, data->frames[2 * pair + 1]->system, 1e-3, 1,
                                   &found, NULL));
    assert_false(found.same);
    assert_true(found.rmsd > 0.05);
  }
  dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_neighbours_agree),
      cmocka_unit_test(three_neighbours_differ),
      cmocka_unit_test(pairs_are_not_congruent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
