/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures: what is refused, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "system/lattice.h"
#include "system/system.h"

static const int32_t species[2] = {14, 8};
static const double positions[6] = {0, 0, 0, 1, 2, 3};
static const double cube[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};

static void refuse(int64_t n, const int32_t *kinds, const double *places, const double *cell, const int32_t *periodic,
                   int32_t status, const char *says) {
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, n, kinds, places, cell, periodic), status);
  assert_null(system);
  if (strstr(error_message(), says) == NULL)
    fail_msg("'%s' does not say '%s'", error_message(), says);
}

static void test_copies(void **state) {
  (void)state;
  int32_t kinds[2] = {14, 8};
  double places[6] = {0, 0, 0, 1, 2, 3}, volume = 0;
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 2, kinds, places, cube, NULL), TERN_SUCCESS);
  kinds[0] = 1;
  places[5] = 9;
  assert_int_equal(system->n_atoms, 2);
  assert_int_equal(system->n_owned, 2);
  assert_memory_equal(system->species, species, sizeof species);
  assert_memory_equal(system->positions, positions, sizeof positions);
  assert_memory_equal(system->cell, cube, sizeof cube);
  assert_true(system->periodic[0] == 1 && system->periodic[1] == 1 && system->periodic[2] == 1);
  assert_true(system_volume(system, &volume) && volume == 27);
  tern_system *shared = system_share(system);
  assert_ptr_equal(shared, system);
  system_free(system);
  assert_int_equal(shared->species[1], 8); /* still alive */
  system_free(shared);
  system_free(NULL);
}

static void test_defaults(void **state) {
  (void)state;
  const int32_t slab[3] = {1, 1, 0};
  double volume = 5;
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 0, NULL, NULL, NULL, NULL), TERN_SUCCESS);
  assert_false(system->has_cell || system->periodic[0] || system->periodic[1] || system->periodic[2]);
  system_free(system);
  assert_int_equal(system_new(&system, 2, species, positions, cube, slab), TERN_SUCCESS);
  assert_false(system_volume(system, &volume));
  assert_true(volume == 5);
  system_free(system);
}

static void test_refused_atoms(void **state) {
  (void)state;
  const int32_t zero[2] = {14, 0}, heavy[2] = {119, 1}, negative[2] = {-3, 1};
  refuse(-1, species, positions, NULL, NULL, TERN_ERROR_ARGUMENT, "n_atoms is -1");
  refuse(INT64_MAX, species, positions, NULL, NULL, TERN_ERROR_MEMORY, "n_atoms is 9223372036854775807");
  refuse(2, zero, positions, NULL, NULL, TERN_ERROR_ARGUMENT, "species[1] is 0: atomic numbers are 1 to 118");
  refuse(2, heavy, positions, NULL, NULL, TERN_ERROR_ARGUMENT, "species[0] is 119");
  refuse(2, negative, positions, NULL, NULL, TERN_ERROR_ARGUMENT, "species[0] is -3");
  for (int i = 0; i < 6; ++i) {
    double broken[6];
    char says[32];
    memcpy(broken, positions, sizeof broken);
    broken[i] = i % 2 ? (double)NAN : -(double)INFINITY;
    snprintf(says, sizeof says, "positions[%d][%d] is ", i / 3, i % 3);
    refuse(2, species, broken, NULL, NULL, TERN_ERROR_ARGUMENT, says);
  }
}

static void test_refused_cells(void **state) {
  (void)state;
  const int32_t strange[3] = {1, 2, 0}, chain[3] = {0, 0, 1}, slab[3] = {1, 0, 1};
  const double flat[9] = {1, 0, 0, 0, 1, 0, 1, 1, 0}, zeros[9] = {0}, parallel[9] = {1, 2, 3, 0, 0, 0, -2, -4, -6};
  double broken[9];
  refuse(2, species, positions, cube, strange, TERN_ERROR_ARGUMENT, "periodic[1] is 2: 0 or 1");
  refuse(2, species, positions, NULL, chain, TERN_ERROR_ARGUMENT, "periodic[2] is 1 but cell is NULL");
  refuse(2, species, positions, flat, NULL, TERN_ERROR_ARGUMENT, "zero volume");
  refuse(2, species, positions, zeros, NULL, TERN_ERROR_ARGUMENT, "zero volume");
  refuse(2, species, positions, zeros, chain, TERN_ERROR_ARGUMENT, "zero or parallel");
  refuse(2, species, positions, parallel, slab, TERN_ERROR_ARGUMENT, "zero or parallel");
  memcpy(broken, cube, sizeof broken);
  broken[5] = (double)NAN;
  refuse(2, species, positions, broken, NULL, TERN_ERROR_ARGUMENT, "cell[1][2] is nan");
  broken[5] = 1e30;
  refuse(2, species, positions, broken, NULL, TERN_ERROR_ARGUMENT, "cell[1][2] is 1e+30");
}

/* Vectors of directions that are not periodic may be anything; thin and skewed cells are cells. */
static void test_odd_cells(void **state) {
  (void)state;
  const int32_t none[3] = {0, 0, 0}, slab[3] = {1, 0, 1};
  const double zeros[9] = {0}, skewed[9] = {1, 0, 0, 1e5, 1, 0, -1e5, 1e5, 1}, thin[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1e-3};
  const double two[9] = {1, 0, 0, 2, 0, 0, 0, 0, 1};
  const struct {
    const double *cell;
    const int32_t *periodic;
  } fine[] = {{zeros, none}, {skewed, NULL}, {thin, NULL}, {two, slab}};
  for (int i = 0; i < 4; ++i) {
    tern_system *system = NULL;
    assert_int_equal(system_new(&system, 2, species, positions, fine[i].cell, fine[i].periodic), TERN_SUCCESS);
    system_free(system);
  }
}

static void refuse_pairs(int64_t n_owned, int64_t n_atoms, int64_t n_pairs, const int64_t *pairs, const double *vectors,
                         double cutoff, int32_t status, const char *says) {
  tern_system *system = NULL;
  assert_int_equal(system_new_from_pairs(&system, n_owned, n_atoms, species, n_pairs, pairs, vectors, cutoff), status);
  assert_null(system);
  if (strstr(error_message(), says) == NULL)
    fail_msg("'%s' does not say '%s'", error_message(), says);
}

static void test_refused_pairs(void **state) {
  (void)state;
  const int64_t good[2] = {0, 1}, ghost[2] = {1, 0}, beyond[2] = {0, 2}, negative[2] = {0, -1};
  const double vector[3] = {1, 0, 0}, zero[3] = {0, -1e-17, 0}, broken[3] = {0, 1, (double)NAN};
  refuse_pairs(3, 2, 0, NULL, NULL, 1, TERN_ERROR_ARGUMENT, "n_owned is 3: at most n_atoms, 2,");
  refuse_pairs(-1, 2, 0, NULL, NULL, 1, TERN_ERROR_ARGUMENT, "n_owned is -1");
  refuse_pairs(1, 2, -5, NULL, NULL, 1, TERN_ERROR_ARGUMENT, "n_pairs is -5");
  refuse_pairs(1, 2, 1, good, vector, 0, TERN_ERROR_ARGUMENT, "cutoff is 0");
  refuse_pairs(1, 2, 1, good, vector, (double)NAN, TERN_ERROR_ARGUMENT, "cutoff is nan");
  refuse_pairs(1, 2, 1, ghost, vector, 1, TERN_ERROR_ARGUMENT, "pairs[0][0] is 1: a centre is an owned atom, 0 to 0");
  refuse_pairs(1, 2, 1, beyond, vector, 1, TERN_ERROR_ARGUMENT, "pairs[0][1] is 2: atoms are 0 to 1");
  refuse_pairs(1, 2, 1, negative, vector, 1, TERN_ERROR_ARGUMENT, "pairs[0][1] is -1");
  refuse_pairs(1, 2, 1, good, zero, 1, TERN_ERROR_DATA, "atoms 0 and 1 are at the same place");
  refuse_pairs(1, 2, 1, good, broken, 1, TERN_ERROR_ARGUMENT, "vectors[0][2] is nan");
}

/* Sorted by centre, in the host's order within each. */
static void test_sorted_pairs(void **state) {
  (void)state;
  const int32_t kinds[4] = {1, 1, 1, 1};
  const int64_t pairs[10] = {2, 0, 0, 3, 2, 3, 0, 2, 2, 1}, first[4] = {0, 2, 2, 5}, atoms[5] = {3, 2, 0, 3, 1};
  double vectors[15];
  tern_system *system = NULL;
  for (int i = 0; i < 15; ++i)
    vectors[i] = i + 1;
  assert_int_equal(system_new_from_pairs(&system, 3, 4, kinds, 5, pairs, vectors, 2), TERN_SUCCESS);
  assert_null(system->positions);
  assert_memory_equal(system->pair_first, first, sizeof first);
  assert_memory_equal(system->pair_atom, atoms, sizeof atoms);
  assert_true(system->pair_vectors[0] == 4 && system->pair_vectors[6] == 1 && system->pair_vectors[14] == 15);
  system_free(system);
}

/* The reduced basis spans the same lattice and has no vector longer than needed. */
static void test_reduction(void **state) {
  (void)state;
  const double skewed[3][3] = {{1, 0, 0}, {1000, 1, 0}, {-3000, 7, 1}};
  const int32_t everywhere[3] = {1, 1, 1};
  lattice lattice;
  lattice_make(&lattice, skewed, everywhere);
  for (int d = 0; d < 3; ++d) {
    assert_true(lattice_dot(lattice.vectors[d], lattice.vectors[d]) == 1);
    assert_true(fabs(lattice.heights[d] - 1) < 1e-12);
  }
  assert_true(fabs(fabs(lattice_determinant(lattice.vectors)) - 1) < 1e-12);
}

/* Three vectors that no pair shortens, but all three together do (Semaev's step). */
static void test_reduction_of_three(void **state) {
  (void)state;
  const double cell[3][3] = {{1, 0, 0}, {-0.45, 0.9, 0}, {-0.45, -0.4, 1}};
  const int32_t everywhere[3] = {1, 1, 1};
  const double before = lattice_determinant(cell);
  double longest = 0;
  lattice lattice;
  lattice_make(&lattice, cell, everywhere);
  for (int d = 0; d < 3; ++d)
    longest = fmax(longest, lattice_dot(lattice.vectors[d], lattice.vectors[d]));
  assert_true(longest < lattice_dot(cell[2], cell[2]) - 0.1);
  assert_true(fabs(fabs(lattice_determinant(lattice.vectors)) - fabs(before)) < 1e-12);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  const int64_t pairs[2] = {0, 1};
  const double vector[3] = {1, 0, 0};
  int64_t failures = 0;
  for (int64_t n = 1; n < 12; ++n) {
    tern_system *a = NULL, *b = NULL;
    memory_fail_at(n);
    int32_t status = system_new(&a, 2, species, positions, cube, NULL);
    if (status == TERN_SUCCESS)
      status = system_new_from_pairs(&b, 1, 2, species, 1, pairs, vector, 2);
    memory_fail_at(0);
    failures += status == TERN_ERROR_MEMORY;
    assert_true(status == TERN_SUCCESS || (status == TERN_ERROR_MEMORY && b == NULL));
    system_free(a);
    system_free(b);
  }
  assert_int_equal(failures, 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_copies),
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_refused_atoms),
      cmocka_unit_test(test_refused_cells),
      cmocka_unit_test(test_odd_cells),
      cmocka_unit_test(test_refused_pairs),
      cmocka_unit_test(test_sorted_pairs),
      cmocka_unit_test(test_reduction),
      cmocka_unit_test(test_reduction_of_three),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
