/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour lists against a sum over images that knows nothing of bins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/memory.h"
#include "system/neighbours.h"

enum { MOST_ATOMS = 12, MOST_PAIRS = 40000 };

typedef struct scene {
  int64_t n_atoms;
  int32_t species[MOST_ATOMS], periodic[3];
  double positions[MOST_ATOMS][3], cell[3][3], cutoff;
} scene;

typedef struct found {
  int64_t center, atom;
  double vector[3];
} found;

static run make_run(int32_t threads) {
  run run;
  assert_int_equal(run_init(&run, NULL, NULL, NULL), TERN_SUCCESS);
  run.threads = threads;
  return run;
}

/* A generator of its own, so that every machine sees the same scenes. */
static double uniform(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) * 0x1p-53;
}

static double determinant(double c[3][3]) {
  return c[0][0] * (c[1][1] * c[2][2] - c[1][2] * c[2][1]) - c[0][1] * (c[1][0] * c[2][2] - c[1][2] * c[2][0]) +
         c[0][2] * (c[1][0] * c[2][1] - c[1][1] * c[2][0]);
}

/* A cell whose heights are between thin and several cutoffs, skewed by multiples of other vectors in half of the cases.
 */
static void make_cell(uint64_t *state, scene *scene) {
  do {
    for (int d = 0; d < 3; ++d)
      for (int k = 0; k < 3; ++k)
        scene->cell[d][k] = (d == k ? 0.5 + 6 * uniform(state) : 0) + (uniform(state) - 0.5);
    if (uniform(state) < 0.3) /* thin */
      scene->cell[2][0] = scene->cell[2][1] = 0, scene->cell[2][2] = 0.4 + 0.3 * uniform(state);
  } while (fabs(determinant(scene->cell)) < 0.5);
  if (uniform(state) < 0.5)
    for (int k = 0; k < 3; ++k) {
      scene->cell[1][k] += 3 * scene->cell[0][k];
      scene->cell[2][k] -= 2 * scene->cell[1][k];
    }
}

static double make_coordinate(uint64_t *state) {
  const double kind = uniform(state);
  return kind < 0.05   ? -1e-17
         : kind < 0.1  ? 0
         : kind < 0.15 ? -0.0
         : kind < 0.2  ? 1000 * (uniform(state) - 0.5)
                       : 12 * uniform(state) - 3;
}

static void make_scene(uint64_t *state, scene *scene) {
  memset(scene, 0, sizeof *scene);
  scene->n_atoms = (int64_t)(uniform(state) * (MOST_ATOMS + 1));
  scene->cutoff = 0.5 + 3 * uniform(state);
  make_cell(state, scene);
  for (int d = 0; d < 3; ++d)
    scene->periodic[d] = uniform(state) < 0.5;
  for (int64_t i = 0; i < scene->n_atoms; ++i) {
    scene->species[i] = 14;
    for (int k = 0; k < 3; ++k)
      scene->positions[i][k] = make_coordinate(state);
  }
  if (scene->n_atoms > 1 && uniform(state) < 0.3) { /* exactly at the cutoff, along an axis */
    memcpy(scene->positions[1], scene->positions[0], sizeof scene->positions[0]);
    scene->positions[0][0] = 0;
    scene->positions[1][0] = scene->cutoff;
  }
}

/* Images within a cutoff of a periodic direction: those whose fractional coordinates can be reached, found by the
   reciprocal vector's length, and shifted by where the two atoms are. */
static void image_range(const scene *scene, int d, const double delta[3], long *low, long *high) {
  double r[3], basis[3][3], product[3];
  int count = 0;
  *low = *high = 0;
  if (!scene->periodic[d])
    return;
  /* the part of vector d across the other periodic vectors (Gram-Schmidt, twice for precision) */
  memcpy(r, scene->cell[d], sizeof r);
  for (int o = 0; o < 3; ++o) {
    if (o == d || !scene->periodic[o])
      continue;
    memcpy(product, scene->cell[o], sizeof product);
    for (int pass = 0; pass < 2; ++pass)
      for (int b = 0; b < count; ++b) {
        const double dot = basis[b][0] * product[0] + basis[b][1] * product[1] + basis[b][2] * product[2];
        for (int k = 0; k < 3; ++k)
          product[k] -= dot * basis[b][k];
      }
    const double length = sqrt(product[0] * product[0] + product[1] * product[1] + product[2] * product[2]);
    for (int k = 0; k < 3; ++k)
      basis[count][k] = product[k] / length;
    ++count;
  }
  for (int pass = 0; pass < 2; ++pass)
    for (int b = 0; b < count; ++b) {
      const double dot = basis[b][0] * r[0] + basis[b][1] * r[1] + basis[b][2] * r[2];
      for (int k = 0; k < 3; ++k)
        r[k] -= dot * basis[b][k];
    }
  const double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
  const double middle = -(delta[0] * r[0] + delta[1] * r[1] + delta[2] * r[2]) / square;
  *low = (long)floor(middle - scene->cutoff / sqrt(square)) - 1;
  *high = (long)ceil(middle + scene->cutoff / sqrt(square)) + 1;
}

/* Pairs nearer than cutoff + slack; those between cutoff - slack and cutoff + slack may or may not be listed. */
static int64_t brute_force(const scene *scene, double slack, found *pairs) {
  int64_t count = 0;
  for (int64_t i = 0; i < scene->n_atoms; ++i)
    for (int64_t j = 0; j < scene->n_atoms; ++j) {
      double delta[3];
      long low[3], high[3];
      for (int k = 0; k < 3; ++k)
        delta[k] = scene->positions[j][k] - scene->positions[i][k];
      for (int d = 0; d < 3; ++d)
        image_range(scene, d, delta, &low[d], &high[d]);
      for (long a = low[0]; a <= high[0]; ++a)
        for (long b = low[1]; b <= high[1]; ++b)
          for (long c = low[2]; c <= high[2]; ++c) {
            double v[3];
            for (int k = 0; k < 3; ++k)
              v[k] = delta[k] + (double)a * scene->cell[0][k] + (double)b * scene->cell[1][k] +
                     (double)c * scene->cell[2][k];
            const double r = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
            if (r >= scene->cutoff + slack || (i == j && a == 0 && b == 0 && c == 0))
              continue;
            assert_true(count < MOST_PAIRS);
            pairs[count].center = i;
            pairs[count].atom = j;
            memcpy(pairs[count++].vector, v, sizeof v);
          }
    }
  return count;
}

static double length(const double v[3]) { return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

/* Every listed pair is among the expected ones, once; every expected one that is clearly inside is listed. */
static void compare(const scene *scene, const neighbours *list, found *pairs, int64_t n_pairs, char *used,
                    double slack) {
  memset(used, 0, (size_t)n_pairs);
  for (int64_t i = 0; i < list->n_centers; ++i)
    for (int64_t n = list->first[i]; n < list->first[i + 1]; ++n) {
      const double *v = list->vectors + 3 * n;
      int64_t match = -1;
      assert_true(length(v) < scene->cutoff);
      for (int64_t p = 0; p < n_pairs && match < 0; ++p)
        if (!used[p] && pairs[p].center == i && pairs[p].atom == list->atom[n] &&
            fabs(v[0] - pairs[p].vector[0]) < slack && fabs(v[1] - pairs[p].vector[1]) < slack &&
            fabs(v[2] - pairs[p].vector[2]) < slack)
          match = p;
      assert_true(match >= 0);
      used[match] = 1;
    }
  for (int64_t p = 0; p < n_pairs; ++p)
    assert_true(used[p] || length(pairs[p].vector) > scene->cutoff - slack);
}

static int coincident(const found *pairs, int64_t n_pairs) {
  for (int64_t p = 0; p < n_pairs; ++p)
    if (length(pairs[p].vector) < 1e-9)
      return 1;
  return 0;
}

static void check_scene(const scene *scene, found *pairs, char *used) {
  const double slack = 1e-9;
  run run = make_run(1);
  tern_system *system = NULL;
  neighbours list = {0};
  assert_int_equal(
      system_new(&system, scene->n_atoms, scene->species, scene->positions[0], scene->cell[0], scene->periodic),
      TERN_SUCCESS);
  const int64_t n_pairs = brute_force(scene, slack, pairs);
  const int32_t status = neighbours_build(&run, system, scene->cutoff, 0, NULL, &list);
  if (coincident(pairs, n_pairs)) {
    assert_int_equal(status, TERN_ERROR_DATA);
  } else {
    assert_int_equal(status, TERN_SUCCESS);
    assert_int_equal(list.n_centers, scene->n_atoms);
    compare(scene, &list, pairs, n_pairs, used, slack);
  }
  neighbours_free(&run, &list);
  assert_int_equal(run.memory_used, 0);
  system_free(system);
}

static void test_brute_force(void **state) {
  (void)state;
  uint64_t seed = 1;
  found *pairs = malloc(MOST_PAIRS * sizeof *pairs);
  char *used = malloc(MOST_PAIRS);
  for (int i = 0; i < 4000; ++i) {
    scene scene;
    make_scene(&seed, &scene);
    check_scene(&scene, pairs, used);
  }
  free(pairs);
  free(used);
}

static int64_t count_pairs(int64_t n, const double *positions, const double *cell, const int32_t *periodic,
                           double cutoff) {
  int32_t *species = malloc((size_t)n * sizeof *species);
  run run = make_run(1);
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
 * lattice. */
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
  run run = make_run(1);
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
  run run = make_run(1);
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
      positions[3 * i + k] = a * ((double)place[k] + site[i % 8][k]) + 0.1 * uniform(&seed);
  }
  assert_int_equal(system_new(&system, n, species, positions, cell, NULL), TERN_SUCCESS);
  free(positions);
  free(species);
  return system;
}

static void test_threads(void **state) {
  (void)state;
  tern_system *system = make_silicon(6);
  run one = make_run(1), three = make_run(3);
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
  run run = make_run(1);
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
  run run = make_run(1);
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
  run run = make_run(1);
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
  run run = make_run(1);
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
      cmocka_unit_test(test_brute_force),
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
