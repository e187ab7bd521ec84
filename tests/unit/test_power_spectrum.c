/* SPDX-License-Identifier: BSD-3-Clause */
/* The power spectrum: golden values, derivatives, invariance, labels. */
#include "golden.h"
#include "kind_checks.h"

static void golden_values(void **state) {
  (void)state;
  kind_check_golden_files(&power_spectrum_kind, 1e-8);
}

static void golden_derivatives(void **state) {
  (void)state;
  kind_check_golden_jacobian(&power_spectrum_kind, "jacobian_trimer.txt", 1e-7);
  kind_check_golden_jacobian(&power_spectrum_kind, "jacobian_crystal.txt", 1e-7);
}

static void derivatives_agree(void **state) {
  (void)state;
  kind_check_derivatives(&power_spectrum_kind, "molecule.txt");
  kind_check_derivatives(&power_spectrum_kind, "molecule_center.txt");
  kind_check_derivatives(&power_spectrum_kind, "triclinic.txt");
}

static void cutoff_is_smooth(void **state) {
  (void)state;
  kind_check_cutoff(&power_spectrum_kind);
}

static void nobody_around(void **state) {
  (void)state;
  kind_check_empty(&power_spectrum_kind);
}

/* A rotation from a quaternion, times -1 when `reflected`. */
static void turn(double *vectors, int64_t n, uint64_t *random, bool reflected) {
  double q[4], norm = 0, r[3][3];
  for (int k = 0; k < 4; k++) {
    q[k] = pseudo_random(random);
    norm += q[k] * q[k];
  }
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      const int c = 3 - a - b;
      r[a][b] = a == b ? 1 - 2 * (norm - q[0] * q[0] - q[1 + a] * q[1 + a]) / norm
                       : 2 * (q[1 + a] * q[1 + b] + ((b - a + 3) % 3 == 1 ? -1 : 1) * q[0] * q[1 + c]) / norm;
      r[a][b] *= reflected ? -1 : 1;
    }
  for (int64_t j = 0; j < n; j++) {
    const double v[3] = {vectors[3 * j], vectors[3 * j + 1], vectors[3 * j + 2]};
    for (int a = 0; a < 3; a++)
      vectors[3 * j + a] = r[a][0] * v[0] + r[a][1] * v[1] + r[a][2] * v[2];
  }
}

static void swap_neighbours(golden_environment *around, int64_t i, int64_t j) {
  for (int axis = 0; axis < 3; axis++) {
    const double kept = around->vectors[3 * i + axis];
    around->vectors[3 * i + axis] = around->vectors[3 * j + axis];
    around->vectors[3 * j + axis] = kept;
  }
  const int32_t kept = around->species[i];
  around->species[i] = around->species[j];
  around->species[j] = kept;
}

/* Turning, reflecting and reordering the neighbours changes nothing. */
static void invariance(void **state) {
  (void)state;
  kind_case c;
  uint64_t random = 5;
  kind_case_start(&c, &power_spectrum_kind, "molecule_center.txt", NULL);
  double *before = zeros(c.features), *after = zeros(c.features);
  for (int64_t center = 0; center < 5; center++)
    for (int trial = 0; trial < 20; trial++) {
      kind_case_center(&c, "molecule_center.txt", center);
      kind_case_forward(&c, before);
      const double length = hypot(hypot(c.around.vectors[0], c.around.vectors[1]), c.around.vectors[2]);
      turn(c.around.vectors, c.n, &random, trial % 2);
      assert_true(fabs(hypot(hypot(c.around.vectors[0], c.around.vectors[1]), c.around.vectors[2]) - length) < 1e-12);
      for (int64_t j = 1; j < c.n; j++)
        swap_neighbours(&c.around, j, (int64_t)((1 + pseudo_random(&random)) / 2 * (double)j));
      kind_case_forward(&c, after);
      assert_close("invariance", c.features, after, before, 1e-12);
    }
  free(before);
  free(after);
  kind_case_end(&c);
}

/* Neighbours of another species are another environment. */
static void species_matter(void **state) {
  (void)state;
  kind_case c;
  kind_case_start(&c, &power_spectrum_kind, "molecule.txt", NULL);
  kind_case_center(&c, "molecule.txt", 0);
  double *before = zeros(c.features), *after = zeros(c.features);
  kind_case_forward(&c, before);
  c.around.species[0] = (c.around.species[0] + 1) % c.n_species;
  kind_case_forward(&c, after);
  assert_true(largest_difference(c.features, before, after) > 1e-3 * largest(c.features, before));
  free(before);
  free(after);
  kind_case_end(&c);
}

static void labels(void **state) {
  (void)state;
  kind_check_label(&power_spectrum_kind, 0, "{\"nu\":2,\"parity\":1,\"species\":[1,1],\"l\":0,\"n\":[0,0]}");
  kind_check_label(&power_spectrum_kind, 36 + 9 + 5, "{\"nu\":2,\"parity\":1,\"species\":[1,6],\"l\":1,\"n\":[1,2]}");
  kind_check_label(&power_spectrum_kind, 3 * 36 + 1, "{\"nu\":2,\"parity\":1,\"species\":[6,6],\"l\":0,\"n\":[0,1]}");
  kind_check_label(&power_spectrum_kind, 6 * 36 - 1, "{\"nu\":2,\"parity\":1,\"species\":[8,8],\"l\":3,\"n\":[2,2]}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),     cmocka_unit_test(golden_derivatives),
      cmocka_unit_test(derivatives_agree), cmocka_unit_test(cutoff_is_smooth),
      cmocka_unit_test(nobody_around),     cmocka_unit_test(invariance),
      cmocka_unit_test(species_matter),    cmocka_unit_test(labels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
