/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour lists: known counts, refusals, chosen centres, threads, time, memory, and pairs that a host gives. */
#include "described.h"

#include <time.h>

#include "core/memory.h"
#include "system/neighbours.h"

static int64_t count_pairs(int64_t n, const double *positions, const double *cell, const int32_t *periodic,
                           double cutoff) {
  int32_t *species = malloc((size_t)n * sizeof *species);
  run run = described_run(1);
  tern_system *system = NULL;
  neighbours list = {0};
  for (int64_t i = 0; i < n; ++i)
    species[i] = 1;
  assert_int_equal(system_new(&system, n, species, positions, cell, periodic), TERN_SUCCESS);
  assert_int_equal(neighbours_build(&run, system, cutoff, 0, NULL, &list), TERN_SUCCESS);
  const int64_t count = list.first[n];
  neighbours_free(&run, &list);
  system_free(system);
  free(species);
  return count;
}

/* Simple cubic with one atom: the points of Z^3 with 0 < r < R and with 0 < r <= R are known. A skewed cell is the same
   lattice. */
static void test_cutoff_is_excluded(void **state) {
  (void)state;
  const double cell[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, skewed[9] = {1, 0, 0, 1000, 1, 0, -3000, 7, 1};
  const double position[3] = {0.1, 0.7, -1e-17};
  const int64_t open[] = {0, 26, 92, 250}, closed[] = {6, 32, 122, 256};
  for (int r = 1; r <= 4; ++r) {
    assert_int_equal(count_pairs(1, position, cell, NULL, r), open[r - 1]);
    assert_int_equal(count_pairs(1, position, cell, NULL, nextafter(r, 10)), closed[r - 1]);
    assert_int_equal(count_pairs(1, position, skewed, NULL, r), open[r - 1]);
  }
}

static void test_cutoff_between_two(void **state) {
  (void)state;
  const double positions[6] = {0, 0, 0, 1.5, 0, 0};
  assert_int_equal(count_pairs(2, positions, NULL, NULL, 1.5), 0);
  assert_int_equal(count_pairs(2, positions, NULL, NULL, nextafter(1.5, 2)), 2);
}

static void test_empty(void **state) {
  (void)state;
  const double position[3] = {1, 2, 3};
  assert_int_equal(count_pairs(0, NULL, NULL, NULL, 3), 0);
  assert_int_equal(count_pairs(1, position, NULL, NULL, 3), 0);
}

/* Only one or two vectors are there, others are zero. */
static void test_missing_vectors(void **state) {
  (void)state;
  const double chain[9] = {0, 0, 0, 0, 0, 0, 0, 0, 2}, slab[9] = {2, 0, 0, 0, 0, 0, 0, 0, 2}, position[3] = {5, 5, 5};
  const int32_t one[3] = {0, 0, 1}, two[3] = {1, 0, 1};
  assert_int_equal(count_pairs(1, position, chain, one, 4.5), 4);
  assert_int_equal(count_pairs(1, position, slab, two, 2.9), 8);
}

/* A far outlier costs neither memory nor time, and keeps its own neighbours. */
static void test_outlier(void **state) {
  (void)state;
  const double positions[12] = {0, 0, 0, 1, 0, 0, 1e12, 0, -3e11, 1e12, 1, -3e11};
  assert_int_equal(count_pairs(4, positions, NULL, NULL, 2), 4);
}

static tern_system *make_system(int64_t n, const double *positions) {
  const int32_t species[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, n, species, positions, NULL, NULL), TERN_SUCCESS);
  return system;
}

static void refuse(const tern_system *system, double cutoff, int64_t n, const int64_t *centers, int32_t status,
                   const char *says) {
  run run = described_run(1);
  neighbours list = {.n_centers = 77};
  assert_int_equal(neighbours_build(&run, system, cutoff, n, centers, &list), status);
  assert_non_null(strstr(error_message(), says));
  assert_int_equal(list.n_centers, 77);
  assert_int_equal(run.memory_used, 0);
}

static void test_coincident(void **state) {
  (void)state;
  const double positions[9] = {0, 0, 0, 1, 1, 1, 1, 1, 1 + 1e-12};
  const int64_t first = 0;
  tern_system *system = make_system(3, positions);
  refuse(system, 2, 0, NULL, TERN_ERROR_DATA, "atoms 1 and 2");
  refuse(system, 2, 1, &first, TERN_ERROR_DATA, "atoms 1 and 2"); /* neither is a centre */
  system_free(system);
}

/* An atom on another one's image. */
static void test_coincident_image(void **state) {
  (void)state;
  const double positions[6] = {0.5, 0, 0, 3.5, 0, 0}, cell[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};
  const int32_t species[2] = {1, 1};
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 2, species, positions, cell, NULL), TERN_SUCCESS);
  refuse(system, 2, 0, NULL, TERN_ERROR_DATA, "atoms 0 and 1");
  system_free(system);
}

static void test_bad_arguments(void **state) {
  (void)state;
  const double positions[6] = {0, 0, 0, 1, 1, 1};
  const int64_t beyond[2] = {0, 2}, negative = -1;
  tern_system *system = make_system(2, positions);
  refuse(system, 0, 0, NULL, TERN_ERROR_ARGUMENT, "cutoff is 0");
  refuse(system, -1, 0, NULL, TERN_ERROR_ARGUMENT, "cutoff is -1");
  refuse(system, (double)NAN, 0, NULL, TERN_ERROR_ARGUMENT, "nan");
  refuse(system, (double)INFINITY, 0, NULL, TERN_ERROR_ARGUMENT, "inf");
  refuse(system, 2, 2, beyond, TERN_ERROR_DATA, "center 2");
  refuse(system, 2, 1, &negative, TERN_ERROR_DATA, "center -1");
  system_free(system);
}

static void test_too_far(void **state) {
  (void)state;
  const double positions[3] = {0, 3e8, 0}, cell[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3},
               tiny[9] = {3e-8, 0, 0, 0, 3e-8, 0, 0, 0, 3};
  const double origin[3] = {0, 0, 0};
  const int32_t species[1] = {1};
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 1, species, positions, cell, NULL), TERN_SUCCESS);
  refuse(system, 2, 0, NULL, TERN_ERROR_DATA, "atom 0 lies at 3e+08");
  system_free(system);
  assert_int_equal(system_new(&system, 1, species, origin, tiny, NULL), TERN_SUCCESS);
  refuse(system, 2, 0, NULL, TERN_ERROR_DATA, "the cell is too small");
  system_free(system);
}

/* Chosen centres in any order, also twice, have the neighbours that they have in the whole list, in the same order. */
static void test_centers(void **state) {
  (void)state;
  const double positions[12] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 2, 2, 9};
  const int64_t centers[4] = {2, 0, 2, 3};
  tern_system *system = make_system(4, positions);
  run run = described_run(1);
  neighbours all = {0}, some = {0};
  assert_int_equal(neighbours_build(&run, system, 1.2, 0, NULL, &all), TERN_SUCCESS);
  assert_int_equal(neighbours_build(&run, system, 1.2, 4, centers, &some), TERN_SUCCESS);
  for (int c = 0; c < 4; ++c) {
    const int64_t n = some.first[c + 1] - some.first[c];
    assert_int_equal(n, all.first[centers[c] + 1] - all.first[centers[c]]);
    assert_memory_equal(some.vectors + 3 * some.first[c], all.vectors + 3 * all.first[centers[c]], (size_t)n * 24);
    assert_memory_equal(some.atom + some.first[c], all.atom + all.first[centers[c]], (size_t)n * 8);
  }
  neighbours_free(&run, &all);
  neighbours_free(&run, &some);
  system_free(system);
}

/* Diamond with some disorder. */
static tern_system *make_silicon(int m) {
  static const double site[8][3] = {{0, 0, 0},       {0, .5, .5},     {.5, 0, .5},     {.5, .5, 0},
                                    {.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}};
  const int64_t n = 8 * (int64_t)m * m * m;
  const double a = 5.43, cell[9] = {a * m, 0, 0, 0, a * m, 0, 0, 0, a * m};
  double *positions = malloc((size_t)n * 3 * sizeof *positions);
  int32_t *species = malloc((size_t)n * sizeof *species);
  tern_system *system = NULL;
  uint64_t seed = 5;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t place[3] = {i / 8 / m / m, i / 8 / m % m, i / 8 % m};
    species[i] = 14;
    for (int k = 0; k < 3; ++k)
      positions[3 * i + k] = a * ((double)place[k] + site[i % 8][k]) + 0.05 * pseudo_random(&seed);
  }
  assert_int_equal(system_new(&system, n, species, positions, cell, NULL), TERN_SUCCESS);
  free(positions);
  free(species);
  return system;
}

static void test_threads(void **state) {
  (void)state;
  tern_system *system = make_silicon(6);
  run one = described_run(1), three = described_run(3);
  neighbours a = {0}, b = {0};
  assert_int_equal(neighbours_build(&one, system, 5, 0, NULL, &a), TERN_SUCCESS);
  assert_int_equal(neighbours_build(&three, system, 5, 0, NULL, &b), TERN_SUCCESS);
  assert_memory_equal(a.first, b.first, (size_t)(a.n_centers + 1) * 8);
  assert_memory_equal(a.atom, b.atom, (size_t)a.first[a.n_centers] * 8);
  assert_memory_equal(a.vectors, b.vectors, (size_t)a.first[a.n_centers] * 24);
  neighbours_free(&one, &a);
  neighbours_free(&three, &b);
  system_free(system);
}

static double build_seconds(const tern_system *system) {
  struct timespec begin, end;
  run run = described_run(1);
  neighbours list = {0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  assert_int_equal(neighbours_build(&run, system, 5, 0, NULL, &list), TERN_SUCCESS);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  neighbours_free(&run, &list);
  return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

/* Twelve times the atoms may not take a hundred times as long, which anything quadratic does. */
static void test_linear_time(void **state) {
  (void)state;
  tern_system *small = make_silicon(10), *large = make_silicon(23);
  const double t_small = build_seconds(small), t_large = build_seconds(large);
  print_message("8000 atoms %.3f s, 97336 atoms %.3f s\n", t_small, t_large);
  assert_true(t_large < 60 * t_small);
  system_free(small);
  system_free(large);
}

static void test_memory_limit(void **state) {
  (void)state;
  tern_system *system = make_silicon(6);
  run run = described_run(1);
  neighbours list = {0};
  run.memory_limit = 500000;
  assert_int_equal(neighbours_build(&run, system, 5, 0, NULL, &list), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "memory_limit"));
  assert_int_equal(run.memory_used, 0);
  assert_null(list.first);
  system_free(system);
}

/* Each allocation fails once; none may be leaked (the sanitizers look). */
static void test_memory_runs_out(void **state) {
  (void)state;
  const double positions[6] = {0, 0, 0, 1, 1, 1};
  const int64_t center = 1;
  tern_system *system = make_system(2, positions);
  run run = described_run(1);
  neighbours list = {0};
  int64_t failures = 0;
  for (int64_t n = 1;; ++n) {
    memory_fail_at(n);
    const int32_t status = neighbours_build(&run, system, 2, 1, &center, &list);
    memory_fail_at(0);
    if (status == TERN_SUCCESS)
      break;
    assert_int_equal(status, TERN_ERROR_MEMORY);
    assert_int_equal(run.memory_used, 0);
    ++failures;
  }
  assert_true(failures > 8);
  neighbours_free(&run, &list);
  system_free(system);
}

static void test_from_pairs(void **state) {
  (void)state;
  const int32_t species[3] = {1, 8, 1};
  const int64_t pairs[8] = {1, 0, 0, 1, 1, 2, 0, 2}, center = 1, ghost = 2;
  const double vectors[12] = {-1, 0, 0, 1, 0, 0, 0, 1.5, 0, 1, 1.5, 0};
  tern_system *system = NULL;
  run run = described_run(1);
  neighbours list = {0};
  assert_int_equal(system_new_from_pairs(&system, 2, 3, species, 4, pairs, vectors, 2), TERN_SUCCESS);
  assert_int_equal(neighbours_build(&run, system, 2, 0, NULL, &list), TERN_SUCCESS);
  assert_int_equal(list.n_centers, 2);
  assert_int_equal(list.first[1], 2);
  assert_int_equal(list.first[2], 4);
  assert_int_equal(list.atom[2], 0);
  assert_memory_equal(list.vectors + 9, vectors + 6, 24);
  neighbours_free(&run, &list);
  assert_int_equal(neighbours_build(&run, system, 1.5, 1, &center, &list), TERN_SUCCESS); /* 1.5 is not below 1.5 */
  assert_int_equal(list.first[1], 1);
  assert_int_equal(list.atom[0], 0);
  neighbours_free(&run, &list);
  refuse(system, 2.5, 0, NULL, TERN_ERROR_DATA, "complete to 2 Angstrom");
  refuse(system, 2, 1, &ghost, TERN_ERROR_DATA, "center 2");
  system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cutoff_is_excluded),
      cmocka_unit_test(test_cutoff_between_two),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_missing_vectors),
      cmocka_unit_test(test_outlier),
      cmocka_unit_test(test_coincident),
      cmocka_unit_test(test_coincident_image),
      cmocka_unit_test(test_bad_arguments),
      cmocka_unit_test(test_too_far),
      cmocka_unit_test(test_centers),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_linear_time),
      cmocka_unit_test(test_memory_limit),
      cmocka_unit_test(test_memory_runs_out),
      cmocka_unit_test(test_from_pairs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
