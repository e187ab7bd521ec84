/* SPDX-License-Identifier: BSD-3-Clause */
/* What rotations, reflections and the order of neighbours do to triplets, and which rows a system has. */
#include "triplet_cases.h"

#include <jansson.h>

#define BASE "cutoff 3", "n_max 2", "l_max 3", "sigma 0.4", "spline_error 1e-13"

static const char *const choices[][10] = {
    {BASE, "tags 2", NULL},
    {BASE, "center_tags 1", "self_pairs 0", NULL},
    {BASE, "tag_cutoff 2.4", NULL},
    {BASE, "tags 1", "center_tags 1", NULL},
    {BASE, "sum_tags 1", "self_pairs 0", NULL},
    {BASE, "sum_tags 1", "tags 1", "tag_cutoff 2.4", NULL},
};
enum { CHOICES = sizeof choices / sizeof *choices };

/* A rotation about an odd axis by an odd angle (Rodrigues), with all signs turned when `hand` is -1. */
static void turn_all(const double *vectors, int hand, double *turned) {
  const double k[3] = {0.48, -0.6, 0.64}, angle = 2.1;
  for (int i = 0; i < 6; i++) {
    const double *v = vectors + 3 * i;
    const double along = k[0] * v[0] + k[1] * v[1] + k[2] * v[2];
    for (int a = 0; a < 3; a++) {
      const int b = (a + 1) % 3, c = (a + 2) % 3;
      turned[3 * i + a] =
          hand * (v[a] * cos(angle) + (k[b] * v[c] - k[c] * v[b]) * sin(angle) + k[a] * along * (1 - cos(angle)));
    }
  }
}

static int parity_of(const triplet_case *c, int64_t column) {
  text label = {0};
  c->kind->label(c->state, column, &label);
  json_t *json = json_loads(label.data, 0, NULL);
  const int parity = (int)json_integer_value(json_object_get(json, "parity"));
  assert_true(parity == 1 || parity == -1);
  json_decref(json);
  text_free(&label);
  return parity;
}

static void check_turn(int choice, int hand) {
  triplet_case c;
  double turned[18], largest_odd = 0;
  triplet_case_start(&c, "triplets", choices[choice]);
  turn_all(triplet_vectors[0], hand, turned);
  double *before = triplet_case_values(&c, triplet_vectors[0]), *after = triplet_case_values(&c, turned);
  for (int64_t f = 0; f < c.features && hand < 0; f++)
    for (int64_t r = 0; r < c.rows && parity_of(&c, f) < 0; r++) {
      largest_odd = fmax(largest_odd, fabs(before[r * c.features + f]));
      before[r * c.features + f] *= -1;
    }
  assert_close("turned", c.rows * c.features, after, before, 1e-12);
  if (hand < 0 && choice < 3)
    assert_true(largest_odd > 1e-3);
  free(before);
  free(after);
  triplet_case_end(&c);
}

static void test_rotation(void **state) {
  (void)state;
  for (int i = 0; i < CHOICES; i++)
    check_turn(i, 1);
}

static void test_reflection(void **state) {
  (void)state;
  for (int i = 0; i < CHOICES; i++)
    check_turn(i, -1);
}

/* The row with these tags. */
static int64_t find_row(const int64_t *tags, int64_t rows, int64_t first, int64_t second) {
  for (int64_t r = 0; r < rows; r++)
    if (tags[2 * r] == first && tags[2 * r + 1] == second)
      return r;
  fail_msg("no row of tags %d, %d", (int)first, (int)second);
  return -1;
}

static void test_permutation(void **state) {
  static const int64_t order[6] = {3, 5, 0, 1, 4, 2};
  (void)state;
  for (int i = 0; i < CHOICES; i++) {
    triplet_case c;
    double vectors[18];
    int32_t species[6];
    int64_t before_tags[2 * 49], after_tags[2 * 49];
    triplet_case_start(&c, "triplets", choices[i]);
    double *before = triplet_case_values(&c, triplet_vectors[0]);
    c.kind->tags(c.state, &c.around, before_tags);
    for (int k = 0; k < 6; k++) {
      memcpy(vectors + 3 * k, triplet_vectors[order[k]], 3 * sizeof *vectors);
      species[k] = triplet_species[order[k]];
    }
    c.around.species = species;
    double *after = triplet_case_values(&c, vectors);
    c.kind->tags(c.state, &c.around, after_tags);
    for (int64_t r = 0; r < c.rows; r++) {
      const int64_t *tags = after_tags + 2 * r;
      const int64_t other =
          find_row(before_tags, c.rows, tags[0] < 0 ? -1 : order[tags[0]], tags[1] < 0 ? -1 : order[tags[1]]);
      assert_close("permuted", c.features, after + r * c.features, before + other * c.features, 1e-12);
    }
    free(before);
    free(after);
    triplet_case_end(&c);
  }
}

/* Atom 0 of a cluster of eight with the centre as a tag: 64 triplets, the centre first. */
static void test_eight_atoms(void **state) {
  static const char *const settings[][10] = {
      {"cutoff 2", "n_max 2", "l_max 1", "sigma 0.4", "species B", "centers 0", "center_tags 1", NULL},
      {"cutoff 2", "n_max 2", "l_max 1", "sigma 0.4", "species B", "centers 0", "center_tags 1", "tags 1", NULL},
      {"cutoff 2", "n_max 2", "l_max 1", "sigma 0.4", "species B", "centers 0", "center_tags 1", "sum_tags 1", NULL}};
  static const int64_t expected[3] = {64, 8, 1}, sizes[3] = {4, 3, 2};
  int32_t species[8];
  double positions[8][3] = {{0}};
  uint64_t seed = 6;
  (void)state;
  for (int i = 0; i < 8; i++) {
    species[i] = 5;
    for (int a = 0; a < 3 && i > 0; a++)
      positions[i][a] = ((i >> a) & 1 ? 0.9 : -0.3) + 0.1 * pseudo_random(&seed);
  }
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, 8, species, positions[0], NULL, NULL));
  for (int k = 0; k < 3; k++) {
    run run = described_run(1);
    int64_t rows, features, indices[4 * 64];
    tern_descriptor *descriptor = described_new("triplets", settings[k]);
    free(described_values(descriptor, system, &rows, &features));
    assert_int_equal(rows, expected[k]);
    ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, indices));
    for (int64_t r = 0; r < rows; r++) {
      const int64_t *row = indices + sizes[k] * r;
      assert_true(row[0] == 0 && row[1] == 0);
      if (k == 0)
        assert_true(row[2] == (r < 8 ? -1 : r / 8) && row[3] == (r % 8 == 0 ? -1 : r % 8));
      if (k == 1)
        assert_int_equal(row[2], r == 0 ? -1 : r);
    }
    descriptor_free(descriptor);
  }
  system_free(system);
}

/* Rows that do not fit: their bytes, and what to set. */
static void test_memory(void **state) {
  static const char *const settings[] = {"cutoff 3.1", "n_max 4", "l_max 3", "sigma 0.4", "species O,H,C", NULL};
  (void)state;
  run run = described_run(1);
  described_atoms atoms = described_grid(8, false, 3);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new("triplets", settings);
  int64_t rows, features;
  char bytes[64];
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, &features));
  double *values = zeros(rows * features);
  run.memory_limit = 8 * rows * features - 1;
  snprintf(bytes, sizeof bytes, "%.1f MiB needed", 8.0 * (double)(rows * features) / 1048576);
  ASSERT_FAILURE(descriptor_compute(descriptor, &run, system, values), TERN_ERROR_MEMORY, bytes);
  assert_non_null(strstr(error_message(), "tag_cutoff"));
  assert_true(values[0] == 0);
  free(values);
  system_free(system);
  descriptor_free(descriptor);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rotation), cmocka_unit_test(test_reflection),
                                     cmocka_unit_test(test_permutation), cmocka_unit_test(test_eight_atoms),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
