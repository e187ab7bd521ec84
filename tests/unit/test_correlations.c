/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlations of any order: derivatives, symmetry, labels, what is refused. Rotation averages are in
   test_correlations_gram.c. */
#include "golden.h"
#include "kind_checks.h"

#include "correlation/plan.h"

static void derivatives_of(const char *file, const char *const *changes) {
  kind_case c;
  kind_case_start(&c, &correlations_kind, file, changes);
  for (int64_t center = 0; center < 2; center++) {
    kind_case_center(&c, file, center);
    kind_check_environment(&c);
  }
  kind_case_end(&c);
}

static void derivatives_agree(void **state) {
  (void)state;
  static const char *const cases[][12] = {
      {"n_max", "2", "l_max", "2", NULL},
      {"n_max", "2", "l_max", "2", "group", "so3", "lambda_max", "2", NULL},
      {"n_max", "1", "l_max", "2", "nu_max", "4", "nu_min", "4", "group", "so3", NULL},
      {"n_max", "1", "l_max", "1", "nu_max", "5", "lambda_max", "1", NULL},
      {"n_max", "9", "l_max", "3", "nu_max", "2", NULL},
      {"n_max", "3", "l_max", "0", NULL},
      {"n_max", "2", "l_max", "3", "nu_max", "1", "lambda_max", "3", NULL},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    derivatives_of("molecule.txt", cases[k]);
    derivatives_of("triclinic.txt", cases[k]);
  }
}

static void cutoff_is_smooth(void **state) {
  (void)state;
  kind_check_cutoff(&correlations_kind);
}

static void nobody_around(void **state) {
  (void)state;
  kind_check_empty(&correlations_kind);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_agree),
      cmocka_unit_test(cutoff_is_smooth),
      cmocka_unit_test(nobody_around),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
