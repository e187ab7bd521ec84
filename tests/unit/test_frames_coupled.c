/* SPDX-License-Identifier: BSD-3-Clause */
/* For given tags the coupled features of a triplet are a linear function of its frame features, and neither has more
   than the other: (l_max + 1)^2 independent numbers for each radial function, l_max + 1 where the tags lie on a line.
 */
#include "span.h"
#include "triplet_cases.h"

enum { SAMPLES = 60, NEIGHBOURS = 7, N = 2, L = 3, HARMONICS = 16, SPECIES = 3 };

static const char *const settings[] = {"cutoff 3",           "n_max 2",        "l_max 3",       "sigma 0.4",
                                       "spline_error 1e-13", "tag_cutoff 1.6", "tag_width 0.5", NULL};

/* Two tags at given distances and angle, and neighbours beyond the tag cutoff that are anywhere. */
static void draw(const double *tags, double *vectors, uint64_t *seed) {
  memcpy(vectors, tags, 6 * sizeof *vectors);
  for (int k = 2; k < NEIGHBOURS; k++) {
    double length = 0;
    for (int a = 0; a < 3; a++) {
      vectors[3 * k + a] = pseudo_random(seed);
      length += vectors[3 * k + a] * vectors[3 * k + a];
    }
    const double wanted = 2.2 + 0.5 * pseudo_random(seed);
    for (int a = 0; a < 3; a++)
      vectors[3 * k + a] *= wanted / sqrt(length);
  }
}

/* Turns all vectors by a random unit quaternion: distances and the angle stay as they are. */
static void turn(double *vectors, uint64_t *seed) {
  double q[4], square = 0;
  for (int k = 0; k < 4; k++) {
    q[k] = pseudo_random(seed);
    square += q[k] * q[k];
  }
  for (int k = 0; k < 4; k++)
    q[k] /= sqrt(square);
  for (int i = 0; i < NEIGHBOURS; i++) {
    double *v = vectors + 3 * i, across[3], turned[3];
    for (int a = 0; a < 3; a++)
      across[a] = q[(a + 1) % 3] * v[(a + 2) % 3] - q[(a + 2) % 3] * v[(a + 1) % 3] + q[3] * v[a];
    for (int a = 0; a < 3; a++)
      turned[a] = v[a] + 2 * (q[(a + 1) % 3] * across[(a + 2) % 3] - q[(a + 2) % 3] * across[(a + 1) % 3]);
    memcpy(v, turned, sizeof turned);
  }
}

/* The row of tags 0 and 1 in all samples, [SAMPLES][features]; caller frees. */
static double *rows_of(const char *kind, const double *tags, int64_t *features) {
  static const int32_t species[NEIGHBOURS] = {0, 1, 2, 2, 2, 2, 2};
  triplet_case c;
  double vectors[3 * NEIGHBOURS], *all = NULL;
  uint64_t seed = 17;
  triplet_case_start(&c, kind, settings);
  free(c.scratch);
  c.scratch = aligned_space(c.kind->scratch(c.state, NEIGHBOURS));
  c.around = (environment){NEIGHBOURS, vectors, species, 1};
  *features = c.features;
  all = zeros(SAMPLES * c.features);
  for (int s = 0; s < SAMPLES; s++) {
    draw(tags, vectors, &seed);
    turn(vectors, &seed);
    double *values = triplet_case_values(&c, vectors);
    assert_int_equal(c.rows, 4);
    memcpy(all + s * c.features, values + c.features, (size_t)c.features * sizeof *values);
    free(values);
  }
  triplet_case_end(&c);
  return all;
}

/* Frame columns of one species and n: every N-th of the species' block. */
static double *frame_columns(const double *all, int64_t features, int species, int n) {
  double *columns = zeros(SAMPLES * HARMONICS);
  for (int s = 0; s < SAMPLES; s++)
    for (int lm = 0; lm < HARMONICS; lm++)
      columns[s * HARMONICS + lm] = all[s * features + (species * HARMONICS + lm) * N + n];
  return columns;
}

/* Coupled columns of one species and n, all blocks, n1 and n2. */
static double *coupled_columns(const double *all, int64_t features, int species, int n, int64_t *count) {
  const int64_t blocks = features / (SPECIES * N * N * N);
  *count = blocks * N * N;
  double *columns = zeros(SAMPLES * *count);
  for (int s = 0; s < SAMPLES; s++)
    for (int64_t b = 0; b < blocks; b++)
      for (int k = 0; k < N * N; k++)
        columns[s * *count + b * N * N + k] = all[s * features + ((b * SPECIES + species) * N + n) * N * N + k];
  return columns;
}

static void check_tags(const double *tags, int64_t rank) {
  int64_t n_frames, n_coupled, count;
  double *frames = rows_of("frames", tags, &n_frames), *coupled = rows_of("triplets", tags, &n_coupled);
  assert_int_equal(n_frames, SPECIES * N * HARMONICS + 2 * N + 1);
  for (int n = 0; n < N; n++) { /* species 2 is that of the neighbours which move */
    double *some = frame_columns(frames, n_frames, 2, n), *others = coupled_columns(coupled, n_coupled, 2, n, &count);
    span of_frames, of_coupled;
    double *used = zeros(SAMPLES * (count + HARMONICS));
    span_start(&of_frames, SAMPLES, HARMONICS);
    span_start(&of_coupled, SAMPLES, HARMONICS);
    memcpy(used, some, SAMPLES * HARMONICS * sizeof *used);
    span_add(&of_frames, HARMONICS, used, 1e-10);
    memcpy(used, others, (size_t)(SAMPLES * count) * sizeof *used);
    span_add(&of_coupled, count, used, 1e-10);
    assert_int_equal(of_frames.rank, rank);
    assert_int_equal(of_coupled.rank, rank);
    assert_true(span_rest(&of_frames, count, others) < 1e-12);
    free(some);
    free(others);
    free(used);
    free(of_frames.basis);
    free(of_coupled.basis);
  }
  free(frames);
  free(coupled);
}

static void test_any_angle(void **state) {
  static const double tags[6] = {0.5, -0.3, 1.0, -0.7, 0.9, 0.4};
  (void)state;
  check_tags(tags, (L + 1) * (L + 1));
}

static void test_right_angle(void **state) {
  static const double tags[6] = {1.1, 0, 0, 0, 0.9, 0};
  (void)state;
  check_tags(tags, (L + 1) * (L + 1));
}

static void test_on_a_line(void **state) {
  static const double same_side[6] = {0, 0, 0.9, 0, 0, 1.3}, opposite[6] = {0, 1.0, 0, 0, -1.2, 0};
  (void)state;
  check_tags(same_side, L + 1);
  check_tags(opposite, L + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_angle), cmocka_unit_test(test_right_angle),
                                     cmocka_unit_test(test_on_a_line)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
