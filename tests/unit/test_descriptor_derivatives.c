/* SPDX-License-Identifier: BSD-3-Clause */
/* Derivatives of descriptors of whole systems: against each other, finite differences and a host's pairs. */
#include "described.h"

#include "core/memory.h"

/* ---- derivatives against each other and finite differences ---- */

typedef struct derivative_case {
  tern_descriptor *descriptor;
  described_atoms atoms;
  tern_system *system;
  int64_t rows, features, n;
  double *weights, *direction, strain[9];
} derivative_case;

static derivative_case start_case(const char *kind, const char *const *settings, int64_t count, bool periodic) {
  derivative_case c = {.descriptor = described_new(kind, settings), .atoms = described_grid(count, periodic, 3)};
  run run = described_run(1);
  uint64_t seed = 17;
  c.system = described_system(&c.atoms);
  c.n = count;
  ASSERT_SUCCESS(descriptor_shape(c.descriptor, &run, c.system, &c.rows, &c.features));
  c.weights = described_random(c.rows * c.features, 5);
  c.direction = described_random(3 * count, 7);
  for (int k = 0; k < 9; k++)
    c.strain[k] = 0.3 * pseudo_random(&seed);
  return c;
}

static void end_case(derivative_case *c) {
  descriptor_free(c->descriptor);
  system_free(c->system);
  free(c->weights);
  free(c->direction);
}

static double product(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Values after a step along the case's direction and strain. */
static double *moved_values(const derivative_case *c, double step) {
  described_atoms moved = c->atoms;
  int64_t rows, features;
  for (int64_t i = 0; i < c->n; i++)
    for (int a = 0; a < 3; a++) {
      moved.positions[i][a] += step * c->direction[3 * i + a];
      for (int b = 0; b < 3; b++)
        moved.positions[i][a] += step * c->strain[3 * a + b] * c->atoms.positions[i][b];
    }
  for (int v = 0; v < 3; v++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        moved.cell[v][a] += step * c->strain[3 * a + b] * c->atoms.cell[v][b];
  tern_system *system = described_system(&moved);
  double *values = described_values(c->descriptor, system, &rows, &features);
  assert_int_equal(rows, c->rows);
  system_free(system);
  return values;
}

static void check_finite_differences(const derivative_case *c, const double *pushed) {
  const double step = 1e-5;
  double *up = moved_values(c, step), *down = moved_values(c, -step);
  for (int64_t k = 0; k < c->rows * c->features; k++)
    up[k] = (up[k] - down[k]) / (2 * step);
  assert_close("finite differences", c->rows * c->features, pushed, up, 3e-6);
  free(up);
  free(down);
}

/* The sparse Jacobian times the direction and strain. */
static double *jacobian_product(const derivative_case *c) {
  run run = described_run(1);
  int64_t blocks;
  ASSERT_SUCCESS(descriptor_jacobian_shape(c->descriptor, &run, c->system, &blocks));
  int64_t *indices = calloc((size_t)blocks * 2, sizeof *indices);
  double *jacobian = zeros(blocks * 3 * c->features), *strain = zeros(c->rows * 9 * c->features);
  double *result = zeros(c->rows * c->features);
  ASSERT_SUCCESS(descriptor_jacobian(c->descriptor, &run, c->system, indices, jacobian, strain));
  for (int64_t b = 0; b < blocks; b++) {
    assert_true(b == 0 || indices[2 * b] > indices[2 * b - 2] ||
                (indices[2 * b] == indices[2 * b - 2] && indices[2 * b + 1] > indices[2 * b - 1]));
    for (int64_t k = 0; k < 3 * c->features; k++)
      result[indices[2 * b] * c->features + k % c->features] +=
          jacobian[b * 3 * c->features + k] * c->direction[3 * indices[2 * b + 1] + k / c->features];
  }
  for (int64_t row = 0; row < c->rows; row++)
    for (int64_t k = 0; k < 9 * c->features; k++)
      result[row * c->features + k % c->features] += strain[row * 9 * c->features + k] * c->strain[k / c->features];
  free(indices);
  free(jacobian);
  free(strain);
  return result;
}

static void check_derivatives(const char *kind, const char *const *settings, int64_t count, bool periodic) {
  derivative_case c = start_case(kind, settings, count, periodic);
  run run = described_run(2);
  double *pushed = zeros(c.rows * c.features), *gradient = zeros(3 * count), strain[9];
  ASSERT_SUCCESS(descriptor_pushforward(c.descriptor, &run, c.system, c.direction, c.strain, pushed));
  ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain));
  const double forward = product(c.rows * c.features, c.weights, pushed);
  const double backward = product(3 * count, gradient, c.direction) + product(9, strain, c.strain);
  assert_true(fabs(forward - backward) <= 1e-11 * largest(c.rows * c.features, pushed) * (double)(c.rows * c.features));
  double *multiplied = jacobian_product(&c);
  assert_close("Jacobian", c.rows * c.features, multiplied, pushed, 1e-12);
  check_finite_differences(&c, pushed);
  free(pushed);
  free(gradient);
  free(multiplied);
  end_case(&c);
}

static void test_derivatives(void **state) {
  static const char *const some[] = {
      "cutoff 4.5",         "n_max 2", "l_max 2", "sigma 0.4", "species O,H,C", "centers 2,0", "center_weight 0.5",
      "spline_error 1e-13", NULL};
  (void)state;
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    check_derivatives(described_kinds[k], described_small, 6, false);
    /* cell smaller than the cutoff: images of an atom, and of the centre */
    check_derivatives(described_kinds[k], some, 3, true);
    check_derivatives(described_kinds[k], described_small, 1, false);
  }
}

/* Derivatives of one centre's row, or of all (-1); *blocks of them, written at an odd address when asked to. */
static double *large_jacobian(const tern_system *system, int center, int64_t odd, int64_t *blocks, int64_t *features) {
  char centers[32] = "centers all";
  const char *const settings[] = {"cutoff 6", "n_max 10", "l_max 6", "species 1,6,8", centers, NULL};
  if (center >= 0)
    snprintf(centers, sizeof centers, "centers %d", center);
  tern_descriptor *descriptor = described_new("power_spectrum", settings);
  run run = described_run(2);
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, NULL, features));
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, blocks));
  double *values = zeros(*blocks * 3 * *features + 1);
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, NULL, values + odd, NULL));
  memmove(values, values + odd, (size_t)(*blocks * 3 * *features) * sizeof *values);
  descriptor_free(descriptor);
  return values;
}

/* A Jacobian that is written past the caches has the numbers of the small ones of its centres. */
static void test_large_jacobian(void **state) {
  (void)state;
  for (int64_t odd = 0; odd < 2; odd++) {
    described_atoms atoms = described_grid(16, odd, 9);
    memset(atoms.cell, 0, sizeof atoms.cell);
    for (int a = 0; a < 3; a++)
      atoms.cell[a][a] = 8.5; /* a few neighbours are there twice */
    tern_system *system = described_system(&atoms);
    int64_t blocks, features, part_blocks, before = 0;
    double *all = large_jacobian(system, -1, odd, &blocks, &features);
    assert_true(blocks * 3 * features * 8 > 1 << 24);
    for (int center = 0; center < 16; center++) {
      double *part = large_jacobian(system, center, 0, &part_blocks, &features);
      const int64_t count = part_blocks * 3 * features;
      assert_memory_equal(all + before, part, (size_t)count * sizeof *part);
      before += count;
      free(part);
    }
    assert_int_equal(before, blocks * 3 * features);
    free(all);
    system_free(system);
  }
}

/* ---- a host's pairs ---- */

/* The periodic system as a host sees it: an owned atom, and each image within the cutoff as a ghost of its own. */
static tern_system *as_pairs(const described_atoms *atoms, const environments *made, double cutoff, int64_t *owner) {
  const neighbours *list = &made->neighbours;
  const int64_t n_pairs = list->first[list->n_centers], n_atoms = atoms->count + n_pairs;
  int32_t *species = calloc((size_t)n_atoms, sizeof *species);
  int64_t *pairs = calloc((size_t)n_pairs * 2, sizeof *pairs);
  tern_system *system = NULL;
  for (int64_t i = 0; i < atoms->count; i++) {
    species[i] = atoms->species[i];
    owner[i] = i;
    for (int64_t p = list->first[i]; p < list->first[i + 1]; p++) {
      pairs[2 * p] = i;
      pairs[2 * p + 1] = atoms->count + p;
      species[atoms->count + p] = atoms->species[list->atom[p]];
      owner[atoms->count + p] = list->atom[p];
    }
  }
  ASSERT_SUCCESS(system_new_from_pairs(&system, atoms->count, n_atoms, species, n_pairs, pairs, list->vectors, cutoff));
  free(species);
  free(pairs);
  return system;
}

static void test_pairs_of_a_host(void **state) {
  (void)state;
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    derivative_case c = start_case(described_kinds[k], described_small, 4, true);
    run run = described_run(2);
    environments made;
    ASSERT_SUCCESS(environments_build(c.descriptor, &run, c.system, &made));
    const int64_t n_atoms = c.n + made.neighbours.first[c.n];
    int64_t *owner = calloc((size_t)n_atoms, sizeof *owner), rows, features;
    tern_system *host = as_pairs(&c.atoms, &made, c.descriptor->cutoff, owner);
    double *values = described_values(c.descriptor, c.system, &rows, &features);
    double *same = described_values(c.descriptor, host, &rows, &features);
    assert_int_equal(rows, c.rows);
    assert_close("values", rows * features, same, values, 1e-14);
    double *gradient = zeros(3 * c.n), *spread = zeros(3 * n_atoms), *folded = zeros(3 * c.n), strain[9],
           same_strain[9];
    ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain));
    ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, host, c.weights, spread, same_strain));
    for (int64_t i = 0; i < 3 * n_atoms; i++)
      folded[3 * owner[i / 3] + i % 3] += spread[i];
    assert_close("gradient", 3 * c.n, folded, gradient, 1e-12);
    assert_close("strain", 9, same_strain, strain, 1e-12);
    environments_free(&run, &made);
    system_free(host);
    free(owner);
    free(values);
    free(same);
    free(gradient);
    free(spread);
    free(folded);
    end_case(&c);
  }
}

/* ---- failures ---- */

static void test_weights_must_be_finite(void **state) {
  (void)state;
  derivative_case c = start_case("power_spectrum", described_small, 6, false);
  run run = described_run(2);
  double gradient[18] = {4}, strain[9] = {4};
  c.weights[3 * c.features + 11] = NAN;
  ASSERT_FAILURE(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain), TERN_ERROR_ARGUMENT,
                 "weights[3][11]");
  assert_true(gradient[0] == 4 && gradient[1] == 0 && strain[0] == 4);
  end_case(&c);
}

/* Whichever allocation fails: a message, outputs untouched, nothing held. */
static void test_memory_runs_out(void **state) {
  (void)state;
  derivative_case c = start_case("frames", described_small, 5, true);
  run run = described_run(1);
  double gradient[15] = {4}, strain[9] = {4};
  int32_t status = TERN_ERROR_MEMORY;
  for (int64_t k = 1; status != TERN_SUCCESS; k++) {
    assert_in_range(k, 1, 100);
    memory_fail_at(k);
    status = descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain);
    memory_fail_at(0);
    assert_true(status == TERN_SUCCESS || (status == TERN_ERROR_MEMORY && gradient[0] == 4 && strain[0] == 4));
    assert_int_equal(run.memory_used, 0);
  }
  assert_true(gradient[0] != 4);
  run.memory_limit = 1000;
  ASSERT_FAILURE(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain), TERN_ERROR_MEMORY,
                 "memory_limit");
  end_case(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_large_jacobian),
      cmocka_unit_test(test_pairs_of_a_host),
      cmocka_unit_test(test_weights_must_be_finite),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
