/* SPDX-License-Identifier: BSD-3-Clause */
/* The density kind: golden values, derivatives against each other and against finite differences. */
#include "golden.h"
#include "kind_checks.h"

static void golden_values(void **state) {
  (void)state;
  kind_check_golden_files(&density_kind, 1e-9);
}

static void golden_derivatives(void **state) {
  (void)state;
  kind_check_golden_jacobian(&density_kind, "jacobian_trimer.txt", 1e-8);
  kind_check_golden_jacobian(&density_kind, "jacobian_crystal.txt", 1e-8);
}

static void derivatives_agree(void **state) {
  (void)state;
  kind_check_derivatives(&density_kind, "molecule.txt");
  kind_check_derivatives(&density_kind, "molecule_center.txt");
  kind_check_derivatives(&density_kind, "triclinic.txt");
}

static void cutoff_is_smooth(void **state) {
  (void)state;
  kind_check_cutoff(&density_kind);
}

static void nobody_around(void **state) {
  (void)state;
  kind_check_empty(&density_kind);
}

static void labels(void **state) {
  (void)state;
  kind_check_label(&density_kind, 0, "{\"nu\":1,\"parity\":1,\"species\":1,\"l\":0,\"m\":0,\"n\":0}");
  kind_check_label(&density_kind, 4, "{\"nu\":1,\"parity\":-1,\"species\":1,\"l\":1,\"m\":-1,\"n\":1}");
  kind_check_label(&density_kind, 143, "{\"nu\":1,\"parity\":-1,\"species\":8,\"l\":3,\"m\":3,\"n\":2}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),    cmocka_unit_test(golden_derivatives), cmocka_unit_test(derivatives_agree),
      cmocka_unit_test(cutoff_is_smooth), cmocka_unit_test(nobody_around),      cmocka_unit_test(labels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
