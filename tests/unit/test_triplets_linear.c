/* SPDX-License-Identifier: BSD-3-Clause */
/* Summed over all pairs of tags, coupled triplets are three-body correlations again: every column is a linear function
   of the invariants of order three, of both parities, and of nothing less. */
#include "span.h"
#include "triplet_cases.h"

enum { SAMPLES = 120 };

/* The values of random environments, [SAMPLES][features]; caller frees. */
static double *sampled(const char *kind, const char *const *settings, int64_t *features) {
  static const int32_t species[6] = {0};
  triplet_case c;
  uint64_t seed = 23;
  triplet_case_start(&c, kind, settings);
  c.around.species = species;
  c.around.center_species = 0;
  *features = c.features;
  double *all = zeros(SAMPLES * c.features);
  for (int s = 0; s < SAMPLES; s++) {
    double vectors[18];
    for (int k = 0; k < 18; k++)
      vectors[k] = 1.6 * pseudo_random(&seed);
    double *values = triplet_case_values(&c, vectors);
    memcpy(all + s * c.features, values, (size_t)c.features * sizeof *values);
    free(values);
  }
  triplet_case_end(&c);
  return all;
}

static double rest_of(const char *group, const char *order) {
  static const char *const triplets[] = {"cutoff 3",           "n_max 1",    "l_max 2", "sigma 0.5",
                                         "spline_error 1e-12", "sum_tags 1", NULL};
  const char *const correlations[] = {"cutoff 3", "n_max 1",  "l_max 2", "sigma 0.5", "spline_error 1e-12",
                                      group,      "nu_min 1", order,     NULL};
  int64_t n_triplets, n_correlations;
  double *sums = sampled("triplets", triplets, &n_triplets),
         *basis = sampled("correlations", correlations, &n_correlations);
  span of_correlations;
  span_start(&of_correlations, SAMPLES, SAMPLES);
  span_add(&of_correlations, n_correlations, basis, 1e-12);
  assert_in_range(of_correlations.rank, 1, SAMPLES / 2);
  const double rest = span_rest(&of_correlations, n_triplets, sums);
  free(sums);
  free(basis);
  free(of_correlations.basis);
  return rest;
}

static void test_sums_are_correlations(void **state) {
  (void)state;
  assert_true(rest_of("group so3", "nu_max 3") < 1e-11);
  assert_true(rest_of("group so3", "nu_max 2") > 1e-3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums_are_correlations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
