/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour lists of random scenes against a sum over images that knows nothing of bins. */
#include "described.h"

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

/* A generator of its own, so that every machine sees the same scenes. */
static double uniform(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) * 0x1p-53;
}

static double determinant(double c[3][3]) {
  return c[0][0] * (c[1][1] * c[2][2] - c[1][2] * c[2][1]) - c[0][1] * (c[1][0] * c[2][2] - c[1][2] * c[2][0]) +
         c[0][2] * (c[1][0] * c[2][1] - c[1][1] * c[2][0]);
}

/* A cell whose heights are between thin and several cutoffs, skewed by multiples of other vectors in half the cases. */
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
  run run = described_run(1);
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_brute_force)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
