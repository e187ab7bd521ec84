/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies are recognised whatever their position, orientation, hand and order; different clouds never are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "analysis/compare.h"
#include "core/error.h"
#include "core/run.h"
#include "system/dataset.h"

enum { MOST = 400 };
static const double pi = 3.14159265358979323846;

typedef struct structure {
  int64_t count;
  int32_t species[MOST];
  double positions[MOST][3];
} structure;

static uint64_t seed = 1;

static double uniform(void) { /* (-1, 1) */
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(seed >> 11) / 4503599627370496.0 - 1;
}

static structure *cloud(int slot) {
  static structure structures[4];
  return &structures[slot];
}

static void make_random(structure *made, int64_t count, int32_t n_species) {
  made->count = count;
  for (int64_t k = 0; k < count; k++) {
    made->species[k] = 1 + (int32_t)((uniform() + 1) / 2 * n_species);
    for (int axis = 0; axis < 3; axis++)
      made->positions[k][axis] = 5 * uniform();
  }
}

static void random_rotation(double r[3][3]) {
  double q[4], norm = 0;
  for (int k = 0; k < 4; k++) {
    q[k] = uniform();
    norm += q[k] * q[k];
  }
  for (int k = 0; k < 4; k++)
    q[k] /= sqrt(norm);
  const double w = q[0], v[3] = {q[1], q[2], q[3]};
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++)
      r[a][b] = 2 * v[a] * v[b] + (a == b ? w * w - v[0] * v[0] - v[1] * v[1] - v[2] * v[2] : 0);
  for (int a = 0; a < 3; a++) {
    r[a][(a + 1) % 3] -= 2 * w * v[(a + 2) % 3];
    r[(a + 1) % 3][a] += 2 * w * v[(a + 2) % 3];
  }
}

/* Turned, moved, in another order, perhaps mirrored, each coordinate off by up to `noise`. */
static void make_copy(const structure *source, int mirror, double noise, structure *copy) {
  double r[3][3];
  int64_t order[MOST];
  random_rotation(r);
  copy->count = source->count;
  for (int64_t k = 0; k < source->count; k++)
    order[k] = k;
  for (int64_t k = source->count - 1; k > 0; k--) {
    const int64_t j = (int64_t)((uniform() + 1) / 2 * (double)(k + 1)), kept = order[k];
    order[k] = order[j];
    order[j] = kept;
  }
  for (int64_t k = 0; k < source->count; k++) {
    copy->species[k] = source->species[order[k]];
    for (int a = 0; a < 3; a++) {
      copy->positions[k][a] = 3.0 * (a + 1) + noise * uniform();
      for (int b = 0; b < 3; b++)
        copy->positions[k][a] += r[a][b] * source->positions[order[k]][b] * (mirror && b == 0 ? -1 : 1);
    }
  }
}

static tern_system *system_of(const structure *structure) {
  tern_system *made = NULL;
  assert_int_equal(system_new(&made, structure->count, structure->species, structure->positions[0], NULL, NULL),
                   TERN_SUCCESS);
  return made;
}

static double determinant(double r[3][3]) {
  return r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
         r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
}

/* The rotation and the permutation must give the rmsd that was returned. */
static void check_match(const structure *first, const structure *second, comparison *found,
                        const int64_t *permutation) {
  double centers[2][3] = {{0}}, sum = 0;
  static int taken[MOST];
  memset(taken, 0, sizeof taken);
  for (int64_t k = 0; k < first->count; k++)
    for (int a = 0; a < 3; a++) {
      centers[0][a] += first->positions[k][a] / (double)first->count;
      centers[1][a] += second->positions[k][a] / (double)first->count;
    }
  for (int64_t k = 0; k < first->count; k++) {
    const int64_t j = permutation[k];
    assert_in_range(j, 0, first->count - 1);
    assert_int_equal(taken[j]++, 0);
    assert_int_equal(first->species[k], second->species[j]);
    for (int a = 0; a < 3; a++) {
      double difference = first->positions[k][a] - centers[0][a];
      for (int b = 0; b < 3; b++)
        difference -= found->rotation[a][b] * (second->positions[j][b] - centers[1][b]);
      sum += difference * difference;
    }
  }
  assert_true(fabs(found->rmsd - sqrt(sum / (double)first->count)) < 1e-10);
  assert_true(fabs(fabs(determinant(found->rotation)) - 1) < 1e-10);
}

static comparison compare(const structure *first, const structure *second, double tolerance, int mirror) {
  run run = {.threads = 1};
  tern_system *a = system_of(first), *b = system_of(second);
  int64_t permutation[MOST];
  comparison found = {-1, -7, {{0}}};
  assert_int_equal(compare_systems(&run, a, b, tolerance, mirror, &found, permutation), TERN_SUCCESS);
  assert_int_equal(run.memory_used, 0);
  system_free(a);
  system_free(b);
  if (found.rmsd >= 0)
    check_match(first, second, &found, permutation);
  return found;
}

static void test_copies(void **state) {
  (void)state;
  const int64_t counts[] = {1, 2, 3, 4, 5, 8, 20, 100, 300};
  for (int32_t n_species = 1; n_species <= 4; n_species += 3)
    for (size_t size = 0; size < sizeof counts / sizeof *counts; size++)
      for (int trial = 0; trial < 3; trial++) {
        make_random(cloud(0), counts[size], n_species);
        make_copy(cloud(0), 0, 0, cloud(1));
        comparison found = compare(cloud(0), cloud(1), 1e-9, 0);
        assert_int_equal(found.same, 1);
        assert_true(found.rmsd < 1e-12);
        assert_true(determinant(found.rotation) > 0);
      }
}

static void test_mirror_images(void **state) {
  (void)state;
  for (int64_t count = 5; count <= 80; count *= 2) {
    make_random(cloud(0), count, 2);
    make_copy(cloud(0), 1, 0, cloud(1));
    comparison found = compare(cloud(0), cloud(1), 1e-9, 1);
    assert_int_equal(found.same, 1);
    assert_true(determinant(found.rotation) < 0);
    found = compare(cloud(0), cloud(1), 1e-9, 0);
    assert_int_equal(found.same, 0);
    assert_true(found.rmsd > 1e-3);
  }
}

/* A structure with a mirror plane equals its image without a reflection: in a plane, and a pyramid. */
static void test_achiral(void **state) {
  (void)state;
  make_random(cloud(0), 12, 2);
  for (int k = 0; k < 12; k++)
    cloud(0)->positions[k][2] = 0;
  make_copy(cloud(0), 1, 0, cloud(1));
  assert_int_equal(compare(cloud(0), cloud(1), 1e-9, 0).same, 1);
  const structure pyramid = {4, {7, 1, 1, 1}, {{0, 0, 0.4}, {1, 0, 0}, {-0.5, 0.8, 0}, {-0.5, -0.8, 0}}};
  make_copy(&pyramid, 1, 0, cloud(1));
  assert_int_equal(compare(&pyramid, cloud(1), 1e-9, 0).same, 1);
}

static void test_lines(void **state) {
  (void)state;
  const structure chains[] = {{2, {1, 9}, {{0, 0, 0}, {0, 0, 0.9}}},
                              {2, {1, 1}, {{0, 0, 0}, {0, 0, 0.9}}},
                              {3, {8, 6, 8}, {{0, 0, -1.2}, {0, 0, 0}, {0, 0, 1.2}}},
                              {4, {6, 6, 6, 6}, {{0, 0, -1}, {0, 0, 0}, {0, 0, 1.5}, {0, 0, 4}}},
                              {3, {1, 6, 7}, {{1, 1, 1}, {2, 2, 2}, {3.2, 3.2, 3.2}}}};
  for (size_t k = 0; k < sizeof chains / sizeof *chains; k++)
    for (int mirror = 0; mirror < 2; mirror++) {
      make_copy(&chains[k], mirror, 0, cloud(1));
      assert_int_equal(compare(&chains[k], cloud(1), 1e-9, 0).same, 1);
      cloud(1)->positions[0][0] += 0.05;
      assert_int_equal(compare(&chains[k], cloud(1), 1e-3, 1).same, 0);
    }
}

/* All distances from the centroid equal, many candidates: a cube, an icosahedron, a ring of sixty. */
static void test_symmetric(void **state) {
  (void)state;
  structure *shape = cloud(0);
  *shape = (structure){.count = 8};
  for (int k = 0; k < 8; k++)
    for (int a = 0; a < 3; a++)
      shape->positions[k][a] = (k >> a & 1) * 2.0 - 1;
  for (int k = 0; k < 8; k++)
    shape->species[k] = 6;
  make_copy(shape, 0, 0, cloud(1));
  assert_int_equal(compare(shape, cloud(1), 1e-9, 0).same, 1);
  const double golden = (1 + sqrt(5)) / 2;
  shape->count = 12;
  for (int k = 0; k < 12; k++) {
    shape->species[k] = 6;
    shape->positions[k][k / 4] = 0;
    shape->positions[k][(k / 4 + 1) % 3] = k & 1 ? 1 : -1;
    shape->positions[k][(k / 4 + 2) % 3] = k & 2 ? golden : -golden;
  }
  make_copy(shape, 1, 0, cloud(1));
  assert_int_equal(compare(shape, cloud(1), 1e-9, 0).same, 1);
  shape->count = 60;
  for (int k = 0; k < 60; k++) {
    shape->species[k] = 6;
    shape->positions[k][0] = 5 * cos(2 * pi * k / 60);
    shape->positions[k][1] = 5 * sin(2 * pi * k / 60);
    shape->positions[k][2] = k % 7 == 0;
  }
  make_copy(shape, 0, 0, cloud(1));
  assert_int_equal(compare(shape, cloud(1), 1e-9, 0).same, 1);
}

static void test_noise(void **state) {
  (void)state;
  for (int trial = 0; trial < 30; trial++) {
    make_random(cloud(0), 4 + trial, 1 + trial % 3);
    make_copy(cloud(0), 0, 0.01, cloud(1)); /* each atom off by at most 0.0173 */
    comparison found = compare(cloud(0), cloud(1), 0.03, trial % 2);
    assert_int_equal(found.same, 1);
    assert_true(found.rmsd < 0.0174 && found.rmsd > 1e-4);
    found = compare(cloud(0), cloud(1), 1e-3, trial % 2);
    assert_int_equal(found.same, 0);
    assert_true(found.rmsd < 0.0174);
  }
}

static void test_one_atom_moved(void **state) {
  (void)state;
  for (int64_t count = 4; count <= 256; count *= 4) {
    make_random(cloud(0), count, 2);
    make_copy(cloud(0), 0, 0, cloud(1));
    cloud(1)->positions[count / 2][1] += 0.2;
    const comparison found = compare(cloud(0), cloud(1), 1e-3, 1);
    assert_int_equal(found.same, 0);
    assert_true(found.rmsd < 0.2);
  }
}

static void test_species(void **state) {
  (void)state;
  run run = {.threads = 1};
  make_random(cloud(0), 6, 1);
  make_copy(cloud(0), 0, 0, cloud(1));
  cloud(1)->species[2] = 8;
  assert_true(compare(cloud(0), cloud(1), 1e-3, 1).rmsd == -1);
  assert_int_equal(compare(cloud(0), cloud(1), 1e-3, 1).same, 0);
  cloud(1)->count = 5;
  assert_true(compare(cloud(0), cloud(1), 1e-3, 1).rmsd == -1);
  /* the same counts of species, two of them exchanged */
  make_random(cloud(0), 6, 1);
  cloud(0)->species[0] = 8;
  make_copy(cloud(0), 0, 0, cloud(1));
  int oxygen = 0;
  while (cloud(1)->species[oxygen] != 8)
    oxygen++;
  cloud(1)->species[oxygen] = 1;
  cloud(1)->species[(oxygen + 1) % 6] = 8;
  assert_int_equal(compare(cloud(0), cloud(1), 1e-3, 1).same, 0);
  cloud(0)->count = cloud(1)->count = 0;
  tern_system *empty = system_of(cloud(0));
  comparison found;
  assert_int_equal(compare_systems(&run, empty, empty, 1e-3, 1, &found, NULL), TERN_SUCCESS);
  assert_int_equal(found.same, 1);
  assert_true(found.rmsd == 0);
  system_free(empty);
}

static void test_refused(void **state) {
  (void)state;
  run run = {.threads = 1};
  const double cell[9] = {5, 0, 0, 0, 5, 0, 0, 0, 5}, position[3] = {0};
  const int32_t species = 6, along[3] = {0, 1, 0};
  tern_system *crystal = NULL, *atom = NULL;
  comparison found = {5, 5, {{5}}};
  assert_int_equal(system_new(&crystal, 1, &species, position, cell, along), TERN_SUCCESS);
  assert_int_equal(system_new(&atom, 1, &species, position, NULL, NULL), TERN_SUCCESS);
  assert_int_equal(compare_systems(&run, atom, crystal, 1e-3, 1, &found, NULL), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "second"));
  assert_non_null(strstr(error_message(), "periodic"));
  assert_int_equal(compare_systems(&run, atom, atom, NAN, 1, &found, NULL), TERN_ERROR_ARGUMENT);
  assert_int_equal(found.same, 5);
  system_free(crystal);
  system_free(atom);
}

static int32_t refuse(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss, (void)context;
  return -42;
}

static void test_cancelled(void **state) {
  (void)state;
  run run = {.threads = 1, .progress = refuse};
  make_random(cloud(0), 50, 1);
  make_random(cloud(1), 50, 1);
  tern_system *first = system_of(cloud(0)), *second = system_of(cloud(1));
  comparison found = {5, 5, {{5}}};
  assert_int_equal(compare_systems(&run, first, second, 1e-3, 1, &found, NULL), -42);
  assert_int_equal(found.same, 5);
  assert_int_equal(run.memory_used, 0);
  system_free(first);
  system_free(second);
}

/* Pairs that agree in all neighbour correlations up to the third order of the first atom are different structures,
   though 17 of them by less than 1e-3 Angstrom. */
static void test_degenerate_pairs(void **state) {
  (void)state;
  run run = {.threads = 1};
  tern_dataset *pairs = NULL;
  double least = INFINITY;
  assert_int_equal(dataset_read(&pairs, TEST_SOURCE_DIR "/data/b8_gfn2_8000.extxyz.gz", NULL), TERN_SUCCESS);
  for (int64_t k = 0; k + 1 < pairs->size; k += 2) {
    comparison found;
    assert_int_equal(
        compare_systems(&run, pairs->frames[k]->system, pairs->frames[k + 1]->system, 1e-6, 1, &found, NULL),
        TERN_SUCCESS);
    if (found.same)
      fail_msg("structures %d and %d are a pair and were found to be the same, rmsd %g", (int)k, (int)k + 1,
               found.rmsd);
    least = fmin(least, found.rmsd);
    assert_int_equal(compare_systems(&run, pairs->frames[k]->system, pairs->frames[k]->system, 1e-9, 0, &found, NULL),
                     TERN_SUCCESS);
    assert_int_equal(found.same, 1);
  }
  print_message("%d degenerate pairs, least rmsd %.2g Angstrom\n", (int)(pairs->size / 2), least);
  dataset_free(pairs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_copies),         cmocka_unit_test(test_mirror_images),    cmocka_unit_test(test_achiral),
      cmocka_unit_test(test_lines),          cmocka_unit_test(test_symmetric),        cmocka_unit_test(test_noise),
      cmocka_unit_test(test_one_atom_moved), cmocka_unit_test(test_species),          cmocka_unit_test(test_refused),
      cmocka_unit_test(test_cancelled),      cmocka_unit_test(test_degenerate_pairs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
