/* SPDX-License-Identifier: BSD-3-Clause */
/* Singular values against the Jacobian itself, directions against those that geometry leaves, and known blind moves. */
#include "described.h"

#include <math.h>

#include "analysis/sensitivity.h"

static const char *const settings[] = {"cutoff 6",           "n_max 3", "l_max 3", "sigma 0.4", "species O,H,C",
                                       "spline_error 1e-13", NULL};

typedef struct answer {
  int64_t directions, moving;
  double singular[24], vectors[24][8][3];
} answer;

static answer solve(const char *kind, const tern_system *system, int64_t center) {
  static answer found;
  run run = described_run(1);
  sensitivity_moves moves;
  tern_descriptor *descriptor = described_new(kind, settings);
  ASSERT_SUCCESS(sensitivity_moves_new(descriptor, &run, system, center, &moves));
  found.directions = sensitivity_directions(&moves);
  found.moving = moves.moving;
  assert_true(found.directions <= 24 && system->n_atoms <= 8);
  double *vectors = zeros(found.directions * 3 * system->n_atoms + 1);
  ASSERT_SUCCESS(sensitivity_solve(descriptor, &run, system, &moves, found.singular, vectors));
  for (int64_t k = 0; k < found.directions; k++)
    memcpy(found.vectors[k], vectors + k * 3 * system->n_atoms, (size_t)(3 * system->n_atoms) * sizeof *vectors);
  free(vectors);
  sensitivity_moves_free(&run, &moves);
  assert_int_equal(run.memory_used, 0);
  descriptor_free(descriptor);
  return found;
}

static int64_t seen(const answer *found) {
  int64_t count = 0;
  while (count < found->directions && found->singular[count] > 1e-8 * found->singular[0])
    count++;
  return count;
}

static tern_system *made(int64_t count, const double *positions, const int32_t *periodic) {
  static const int32_t species[8] = {6, 1, 8, 1, 6, 1, 1, 8};
  static const double cell[9] = {4.6, 0, 0, 0.3, 4.9, 0, 0, 0.2, 5.3};
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, count, species, positions, periodic ? cell : NULL, periodic));
  return system;
}

static const double bent[8][3] = {{0, 0, 0},     {1.1, 0.1, 0},    {-0.3, 1.3, 0.2},   {0.2, -0.4, 1.2},
                                  {2, 1.2, -.3}, {-1.3, -.2, 0.5}, {-0.4, -1.1, -0.8}, {1.2, -0.9, 1.9}};

/* How the features change along each vector has the length of its singular value, and the vectors are orthonormal. */
static void check_vectors(const char *kind, const tern_system *system, int64_t center) {
  const answer found = solve(kind, system, center);
  tern_descriptor *descriptor = described_new(kind, settings);
  const center_range range =
      center < 0 ? descriptor_all_centers(descriptor, system) : (center_range){center, 1};
  run run = described_run(1);
  int64_t rows, features;
  ASSERT_SUCCESS(descriptor_shape_range(descriptor, &run, system, range, &rows, &features));
  double *change = zeros(rows * features);
  for (int64_t k = 0; k < found.directions; k++) {
    double square = 0;
    ASSERT_SUCCESS(descriptor_pushforward_range(descriptor, &run, system, range, found.vectors[k][0], NULL, change));
    for (int64_t i = 0; i < rows * features; i++)
      square += change[i] * change[i];
    assert_float_equal(sqrt(square), found.singular[k], 1e-12 * found.singular[0]);
    for (int64_t other = 0; other <= k; other++) {
      double product = 0;
      for (int64_t i = 0; i < 3 * system->n_atoms; i++)
        product += found.vectors[k][i / 3][i % 3] * found.vectors[other][i / 3][i % 3];
      assert_float_equal(product, k == other, 1e-12);
    }
  }
  free(change);
  descriptor_free(descriptor);
}

static void test_vectors(void **state) {
  (void)state;
  static const char *const kinds[] = {"density", "power_spectrum", "correlations", "frames"};
  static const int32_t all[3] = {1, 1, 1};
  for (int k = 0; k < 4; k++)
    for (int periodic = 0; periodic < 2; periodic++) {
      tern_system *system = made(5, bent[0], periodic ? all : NULL);
      check_vectors(kinds[k], system, -1);
      check_vectors(kinds[k], system, 2);
      system_free(system);
    }
}

/* Nothing that is seen is lost with the rigid moves: the squares add up to those of the Jacobian of an invariant. */
static void test_squares(void **state) {
  (void)state;
  tern_system *system = made(6, bent[0], NULL);
  tern_descriptor *descriptor = described_new("power_spectrum", settings);
  const answer found = solve("power_spectrum", system, -1);
  run run = described_run(1);
  int64_t blocks, features;
  double squares = 0, singular = 0;
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, NULL, &features));
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, &blocks));
  double *values = zeros(blocks * 3 * features);
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, NULL, values, NULL));
  for (int64_t i = 0; i < blocks * 3 * features; i++)
    squares += values[i] * values[i];
  for (int64_t k = 0; k < found.directions; k++)
    singular += found.singular[k] * found.singular[k];
  assert_float_equal(singular / squares, 1, 1e-10);
  free(values);
  descriptor_free(descriptor);
  system_free(system);
}

static void check_directions(int64_t count, const double *positions, const int32_t *periodic, int64_t center,
                             int64_t directions, int64_t wanted) {
  tern_system *system = made(count, positions, periodic);
  const answer found = solve("power_spectrum", system, center);
  assert_int_equal(found.directions, directions);
  assert_int_equal(seen(&found), wanted);
  system_free(system);
}

static void test_directions(void **state) {
  (void)state;
  static const int32_t axes[4][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 1}};
  double line[4][3], flat[8][3];
  for (int k = 0; k < 8; k++)
    for (int a = 0; a < 3; a++) {
      flat[k][a] = a == 2 ? 0 : 1.4 * bent[k][a];
      if (k < 4)
        line[k][a] = (double[]){0, 1.1, 2.3, 3.9}[k] * (double[]){0.48, 0.6, 0.64}[a];
    }
  check_directions(8, bent[0], NULL, -1, 18, 18);
  check_directions(8, bent[0], NULL, 0, 18, 18); /* seven neighbours, less three rotations */
  check_directions(1, bent[0], NULL, -1, 0, 0);
  check_directions(1, bent[0], NULL, 0, 0, 0);
  check_directions(2, bent[0], NULL, -1, 1, 1);
  check_directions(2, bent[0], NULL, 0, 1, 1);
  check_directions(4, line[0], NULL, -1, 7, 3); /* bends change even features to second order only */
  check_directions(4, line[0], NULL, 0, 7, 3);
  check_directions(8, flat[0], NULL, -1, 18, 13); /* so do the 8 - 3 moves out of the plane */
  check_directions(8, flat[0], NULL, 0, 18, 13);
  check_directions(8, bent[0], axes[1], -1, 20, 20);
  check_directions(8, bent[0], axes[2], -1, 21, 21);
  check_directions(8, bent[0], axes[3], -1, 21, 21);
  check_directions(8, bent[0], axes[3], 0, 21, 21); /* images that move together cannot rotate */
}

/* An atom that no environment sees: its moves change nothing. */
static void test_far_atom(void **state) {
  (void)state;
  double positions[5][3];
  memcpy(positions, bent, sizeof positions);
  positions[4][0] = 30;
  tern_system *system = made(5, positions[0], NULL);
  const answer found = solve("power_spectrum", system, -1);
  assert_int_equal(found.directions, 9);
  assert_int_equal(seen(&found), 6);
  assert_true(fabs(found.vectors[8][4][0]) + fabs(found.vectors[7][4][0]) + fabs(found.vectors[6][4][0]) > 0.5);
  system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_squares),
                                     cmocka_unit_test(test_directions), cmocka_unit_test(test_far_atom)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
