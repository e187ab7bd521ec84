/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows keep their order when a cell is strained: in a cubic cell many images of an atom have vectors with equal
   components, which a strain or rounding would order by chance. */
#include "described.h"

enum { ATOMS = 2 };

/* A cube, or the hexagonal cell of the same edge, with both atoms moved by `shift` and everything strained by e_xy. */
static tern_system *crystal(bool hexagonal, double shift, double strain) {
  const double edge = 3.0, positions[ATOMS][3] = {{0.1, 0.2, 0.3}, {1.6, 1.7, 1.8}};
  const double cube[3][3] = {{edge, 0, 0}, {0, edge, 0}, {0, 0, edge}};
  const double sheet[3][3] = {{edge, 0, 0}, {-0.5 * edge, 0.5 * sqrt(3.0) * edge, 0}, {0, 0, edge}};
  const int32_t species[ATOMS] = {8, 1}, periodic[3] = {1, 1, 1};
  double strained[ATOMS][3], cell[3][3];
  tern_system *system = NULL;
  for (int row = 0; row < 3; row++) {
    memcpy(cell[row], hexagonal ? sheet[row] : cube[row], sizeof cell[row]);
    cell[row][0] += strain * cell[row][1];
  }
  for (int atom = 0; atom < ATOMS; atom++) {
    for (int a = 0; a < 3; a++)
      strained[atom][a] = positions[atom][a] + shift;
    strained[atom][0] += strain * strained[atom][1];
  }
  ASSERT_SUCCESS(system_new(&system, ATOMS, species, strained[0], cell[0], periodic));
  return system;
}

static double *values_of(bool hexagonal, double shift, double strain, int64_t *count) {
  static const char *const settings[] = {"cutoff 3.7", "n_max 2", "l_max 2", "sigma 0.5", "species O,H", NULL};
  int64_t rows, features;
  tern_descriptor *frames = described_new("frames", settings);
  tern_system *system = crystal(hexagonal, shift, strain);
  double *values = described_values(frames, system, &rows, &features);
  *count = rows * features;
  descriptor_free(frames);
  system_free(system);
  return values;
}

static void check(bool hexagonal) {
  int64_t count, other;
  double *plain = values_of(hexagonal, 0, 0, &count);
  for (double strain = -1e-6; strain < 2e-6; strain += 1e-6)
    for (double shift = 0; shift < 1; shift += 0.09) { /* atoms leave the cell and come back in */
      double *changed = values_of(hexagonal, shift, strain, &other);
      assert_int_equal(count, other);
      assert_close("strained", count, changed, plain, 1e-4);
      free(changed);
    }
  free(plain);
}

static void test_cube(void **state) {
  (void)state;
  check(false);
}

static void test_hexagonal(void **state) {
  (void)state;
  check(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cube), cmocka_unit_test(test_hexagonal)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
