/* SPDX-License-Identifier: BSD-3-Clause */
/* Real spherical harmonics: order and signs, orthonormality, addition theorem, gradients, at the poles too. */
#include "golden.h"

#include "core/memory.h"
#include "density/harmonics.h"
#include "kernels/kernels.h"

#define PI 3.14159265358979323846
#define LANES 8

typedef struct points {
  harmonics_table *table;
  int32_t l_max, count;
  double *unit, *distance, *inverse, *values, *gradient;
} points;

static points points_new(int32_t l_max) {
  points p = {.l_max = l_max, .count = (l_max + 1) * (l_max + 1)};
  ASSERT_SUCCESS(harmonics_table_new(&p.table, l_max));
  p.unit = aligned_space(3 * LANES * 8);
  p.distance = aligned_space(LANES * 8);
  p.inverse = aligned_space(LANES * 8);
  p.values = aligned_space((int64_t)p.count * LANES * 8);
  p.gradient = aligned_space((int64_t)p.count * LANES * 24);
  return p;
}

static void points_free(points *p) {
  harmonics_table_free(p->table);
  free(p->unit);
  free(p->distance);
  free(p->inverse);
  free(p->values);
  free(p->gradient);
}

/* vectors [LANES][3]. */
static void evaluate(points *p, const double *vectors) {
  const kernel_table *kernels = NULL;
  ASSERT_SUCCESS(kernels_get(&kernels));
  for (int lane = 0; lane < LANES; lane++)
    for (int axis = 0; axis < 3; axis++)
      p->unit[axis * LANES + lane] = vectors[3 * lane + axis];
  kernels->directions(LANES, p->unit, p->distance, p->inverse);
  kernels->harmonics(p->l_max, p->table->start, p->table->steps, LANES, LANES, p->unit, p->inverse, p->values,
                     p->gradient);
}

static void random_vectors(double *vectors, uint64_t *random) {
  for (int k = 0; k < 3 * LANES; k++)
    vectors[k] = 2 * pseudo_random(random);
}

/* The first degrees written out: l = 1 is y, z, x; no Condon-Shortley phase. */
static void first_degrees(void **state) {
  (void)state;
  double vectors[3 * LANES];
  uint64_t random = 1;
  points p = points_new(2);
  random_vectors(vectors, &random);
  evaluate(&p, vectors);
  for (int lane = 0; lane < LANES; lane++) {
    const double x = p.unit[lane], y = p.unit[LANES + lane], z = p.unit[2 * LANES + lane];
    const double first = sqrt(3 / (4 * PI)), second = sqrt(15 / (4 * PI));
    const double expected[9] = {sqrt(1 / (4 * PI)),
                                first * y,
                                first * z,
                                first * x,
                                second * x * y,
                                second * y * z,
                                sqrt(5 / (16 * PI)) * (3 * z * z - 1),
                                second * x * z,
                                second / 2 * (x * x - y * y)};
    for (int lm = 0; lm < 9; lm++)
      assert_true(fabs(p.values[lm * LANES + lane] - expected[lm]) < 1e-14);
  }
  points_free(&p);
}

/* sum over m Y_lm(u) Y_lm(v) = (2l+1)/4pi P_l(u v), up to the largest degree. */
static void addition_theorem(void **state) {
  (void)state;
  double vectors[3 * LANES];
  uint64_t random = 2;
  points p = points_new(KERNEL_L_MAX);
  random_vectors(vectors, &random);
  evaluate(&p, vectors);
  for (int lane = 1; lane < LANES; lane++) {
    double cosine = 0, before = 0, legendre = 1;
    for (int axis = 0; axis < 3; axis++)
      cosine += p.unit[axis * LANES] * p.unit[axis * LANES + lane];
    for (int32_t l = 0; l <= p.l_max; l++) {
      double sum = 0;
      for (int32_t lm = l * l; lm < (l + 1) * (l + 1); lm++)
        sum += p.values[lm * LANES] * p.values[lm * LANES + lane];
      assert_true(fabs(sum - (2 * l + 1) / (4 * PI) * legendre) < 1e-12);
      const double next = ((2 * l + 1) * cosine * legendre - l * before) / (l + 1);
      before = legendre;
      legendre = next;
    }
  }
  points_free(&p);
}

/* Gauss-Legendre nodes in z times equal steps of the azimuth: exact for these degrees. */
static void orthonormal(void **state) {
  (void)state;
  enum { L = 4, NODES = 8 };
  points p = points_new(L);
  double overlap[25][25] = {{0}};
  for (int node = 0; node < NODES; node++) {
    double z = cos(PI * (node + 0.75) / (NODES + 0.5)), slope = 0;
    for (int step = 0; step < 50; step++) {
      double before = 0, at = 1;
      for (int l = 0; l < NODES; l++) {
        const double next = ((2 * l + 1) * z * at - l * before) / (l + 1);
        before = at;
        at = next;
      }
      slope = NODES * (z * at - before) / (z * z - 1);
      z -= at / slope;
    }
    for (int turn = 0; turn < 2; turn++) {
      double vectors[3 * LANES];
      for (int lane = 0; lane < LANES; lane++) {
        const double azimuth = 2 * PI * (lane + 8 * turn) / 16, s = sqrt(1 - z * z);
        vectors[3 * lane] = 1.7 * s * cos(azimuth);
        vectors[3 * lane + 1] = 1.7 * s * sin(azimuth);
        vectors[3 * lane + 2] = 1.7 * z;
      }
      evaluate(&p, vectors);
      const double weight = 2 / ((1 - z * z) * slope * slope) * 2 * PI / 16;
      for (int a = 0; a < 25; a++)
        for (int b = 0; b < 25; b++)
          for (int lane = 0; lane < LANES; lane++)
            overlap[a][b] += weight * p.values[a * LANES + lane] * p.values[b * LANES + lane];
    }
  }
  for (int a = 0; a < 25; a++)
    for (int b = 0; b < 25; b++)
      assert_true(fabs(overlap[a][b] - (a == b)) < 1e-13);
  points_free(&p);
}

static void gradients(void **state) {
  (void)state;
  const double h = 1e-5;
  double vectors[3 * LANES] = {0}, moved[3 * LANES];
  uint64_t random = 4;
  points at = points_new(7), up = points_new(7), down = points_new(7);
  random_vectors(vectors, &random);
  memcpy(vectors, (const double[]){0, 0, 1.5, 0, 0, -0.7, 1e-9, -1e-9, 2, 1, 0, 0, 0, -1, 0}, 15 * sizeof(double));
  evaluate(&at, vectors);
  for (int axis = 0; axis < 3; axis++) {
    for (int side = 0; side < 2; side++) {
      memcpy(moved, vectors, sizeof moved);
      for (int lane = 0; lane < LANES; lane++)
        moved[3 * lane + axis] += side ? -h : h;
      evaluate(side ? &down : &up, moved);
    }
    for (int k = 0; k < at.count * LANES; k++)
      assert_true(fabs((up.values[k] - down.values[k]) / (2 * h) - at.gradient[axis * at.count * LANES + k]) < 1e-7);
  }
  points_free(&at);
  points_free(&up);
  points_free(&down);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(first_degrees), cmocka_unit_test(addition_theorem),
                                     cmocka_unit_test(orthonormal), cmocka_unit_test(gradients)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
