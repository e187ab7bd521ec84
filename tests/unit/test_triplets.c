/* SPDX-License-Identifier: BSD-3-Clause */
/* Triplets against a direct sum over Clebsch-Gordan coefficients, for every
 * choice of rows; derivatives; sums. */
#include "triplet_cases.h"

#include "core/memory.h"
#include "correlation/clebsch_gordan.h"

#define BASE "cutoff 3", "n_max 3", "l_max 2", "sigma 0.4", "species H,C,O", "spline_error 1e-13"
enum { N = 3, L = 2, LM = 9, SPECIES = 3, CHANNEL = N * LM };

/* ---- the direct sum ---- */

/* Coefficients [lm][n] of some neighbours as if of species 0; weight of the
 * centre 0 or 1. */
static void density_of(int64_t count, const double *vectors, const char *center_weight, double *coefficients) {
  const char *const settings[] = {BASE, center_weight, NULL};
  const int32_t species[6] = {0};
  triplet_case c;
  triplet_case_start(&c, "density", settings);
  c.around = (environment){count, vectors, species, 0};
  double *values = zeros(c.features);
  ASSERT_SUCCESS(c.kind->forward(c.state, &c.around, c.scratch, values));
  memcpy(coefficients, values, CHANNEL * sizeof *values);
  free(values);
  triplet_case_end(&c);
}

typedef struct reference {
  double density[SPECIES][CHANNEL], tags[7][CHANNEL]; /* tag 0: the centre */
  bool is_tag[7];
} reference;

/* f_tag: a shifted cosine of width 0.5 before the cutoff of tags. */
static double fade(double distance, double cutoff) {
  const double x = (distance - cutoff + 0.5) / 0.5;
  return x < 0 ? 1 : x > 1 ? 0 : (1 + cos(3.14159265358979323846 * x)) / 2;
}

static void reference_fill(reference *made, double tag_cutoff, bool fades, bool center_tags) {
  *made = (reference){0};
  for (int k = 0; k < 6; k++) {
    const double *v = triplet_vectors[k];
    const double distance = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    density_of(1, v, "center_weight 0", made->tags[k + 1]);
    for (int i = 0; i < CHANNEL; i++)
      made->density[triplet_species[k]][i] += made->tags[k + 1][i];
    made->is_tag[k + 1] = distance < tag_cutoff;
    for (int i = 0; i < CHANNEL && fades; i++)
      made->tags[k + 1][i] *= fade(distance, tag_cutoff);
  }
  density_of(0, triplet_vectors[0], "center_weight 1", made->tags[0]);
  made->is_tag[0] = center_tags;
}

/* [rho_l (x) [g_l1(1) (x) g_l2(2)]_l]_0 for all a, n, n1, n2. */
static double *reference_block(const reference *r, int first, int second, int l, int l1, int l2, double *to) {
  double *inner = NULL, *outer = NULL;
  ASSERT_SUCCESS(clebsch_gordan_new(l1, l2, l, &inner));
  ASSERT_SUCCESS(clebsch_gordan_new(l, l, 0, &outer));
  for (int a = 0; a < SPECIES; a++)
    for (int n = 0; n < N; n++)
      for (int n1 = 0; n1 < N; n1++)
        for (int n2 = 0; n2 < N; n2++, to++)
          for (int m = 0; m <= 2 * l; m++)
            for (int p = 0; p <= 2 * l; p++)
              for (int m1 = 0; m1 <= 2 * l1; m1++)
                for (int m2 = 0; m2 <= 2 * l2; m2++)
                  *to += outer[m * (2 * l + 1) + p] * inner[(m1 * (2 * l2 + 1) + m2) * (2 * l + 1) + p] *
                         r->density[a][(l * l + m) * N + n] * r->tags[first][(l1 * l1 + m1) * N + n1] *
                         r->tags[second][(l2 * l2 + m2) * N + n2];
  memory_free(NULL, inner);
  memory_free(NULL, outer);
  return to;
}

static double *reference_row(const reference *r, int first, int second, double *to) {
  for (int l = 0; l <= L; l++)
    for (int l1 = 0; l1 <= L; l1++)
      for (int l2 = abs(l - l1); l2 <= (l + l1 < L ? l + l1 : L); l2++)
        to = reference_block(r, first, second, l, l1, l2, to);
  return to;
}

static double *reference_pair(const reference *r, int tag, double *to) {
  for (int l = 0; l <= L; l++)
    for (int a = 0; a < SPECIES; a++)
      for (int n = 0; n < N; n++)
        for (int n1 = 0; n1 < N; n1++, to++)
          for (int m = 0; m <= 2 * l; m++)
            *to += (l % 2 ? -1 : 1) / sqrt(2.0 * l + 1) * r->density[a][(l * l + m) * N + n] *
                   r->tags[tag][(l * l + m) * N + n1];
  return to;
}

typedef struct choice {
  const char *settings[12];
  double tag_cutoff;
  bool fades, center_tags, self_pairs, one_tag;
} choice;

static const choice choices[] = {
    {{BASE, "tags 2", NULL}, 3, false, false, true, false},
    {{BASE, "center_tags 1", NULL}, 3, false, true, true, false},
    {{BASE, "center_tags 1", "self_pairs 0", NULL}, 3, false, true, false, false},
    {{BASE, "tag_cutoff 2.4", "tag_width 0.5", "self_pairs 0", NULL}, 2.4, true, false, false, false},
    {{BASE, "tags 1", NULL}, 3, false, false, true, true},
    {{BASE, "tags 1", "center_tags 1", "tag_cutoff 2.4", NULL}, 2.4, true, true, true, true},
};
enum { CHOICES = sizeof choices / sizeof *choices };

/* All rows by the direct sum; caller frees. */
static double *reference_values(const choice *wanted, int64_t rows, int64_t features) {
  reference r;
  double *values = zeros(rows * features), *to = values;
  reference_fill(&r, wanted->tag_cutoff, wanted->fades, wanted->center_tags);
  for (int j = 0; j < 7; j++) {
    if (r.is_tag[j] && wanted->one_tag)
      to = reference_pair(&r, j, to);
    for (int k = 0; k < 7 && !wanted->one_tag; k++)
      if (r.is_tag[j] && r.is_tag[k] && (wanted->self_pairs || j != k))
        to = reference_row(&r, j, k, to);
  }
  assert_int_equal(to - values, rows * features);
  return values;
}

static void test_values(void **state) {
  (void)state;
  for (int i = 0; i < CHOICES; i++) {
    triplet_case c;
    triplet_case_start(&c, "triplets", choices[i].settings);
    double *values = triplet_case_values(&c, triplet_vectors[0]);
    double *expected = reference_values(&choices[i], c.rows, c.features);
    assert_true(largest(c.rows * c.features, expected) > 1e-3);
    assert_close("direct sum", c.rows * c.features, values, expected, 1e-12);
    free(values);
    free(expected);
    triplet_case_end(&c);
  }
}

/* ---- sums and derivatives ---- */

static void with_sum(const choice *wanted, const char *const *more, const char **settings) {
  int count = 0;
  for (; wanted->settings[count] != NULL; count++)
    settings[count] = wanted->settings[count];
  for (; *more != NULL; more++)
    settings[count++] = *more;
  settings[count] = NULL;
}

static void test_sums(void **state) {
  static const char *const sum[] = {"sum_tags 1", NULL};
  (void)state;
  for (int i = 0; i < CHOICES; i++) {
    const char *settings[20];
    triplet_case rows, sums;
    with_sum(&choices[i], sum, settings);
    triplet_case_start(&rows, "triplets", choices[i].settings);
    triplet_case_start(&sums, "triplets", settings);
    double *values = triplet_case_values(&rows, triplet_vectors[0]), *added = zeros(rows.features);
    double *summed = triplet_case_values(&sums, triplet_vectors[0]);
    assert_int_equal(sums.rows, 1);
    assert_int_equal(sums.features, rows.features);
    for (int64_t k = 0; k < rows.rows * rows.features; k++)
      added[k % rows.features] += values[k];
    assert_close("sum over tags", rows.features, summed, added, 1e-13);
    free(values);
    free(added);
    free(summed);
    triplet_case_end(&rows);
    triplet_case_end(&sums);
  }
}

static void test_derivatives(void **state) {
  static const char *const sizes[][5] = {{NULL},
                                         {"sum_tags 1", NULL},
                                         {"n_max 9", "l_max 1", "spline_error 1e-12", "sum_tags 1", NULL},
                                         {"n_max 9", "l_max 1", "spline_error 1e-12", NULL},
                                         {"n_max 1", "l_max 3", NULL},
                                         {"n_max 1", "l_max 3", "sum_tags 1", NULL}};
  (void)state;
  for (int i = 0; i < CHOICES; i++)
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      const char *settings[20];
      triplet_case c;
      with_sum(&choices[i], sizes[k], settings);
      triplet_case_start(&c, "triplets", settings);
      triplet_case_derivatives(&c, triplet_vectors[0]);
      triplet_case_end(&c);
    }
}

/* ---- rows and labels ---- */

static void test_tags(void **state) {
  (void)state;
  static const char *const settings[][4] = {{"center_tags 1", NULL},
                                            {"tags 1", "center_tags 1", NULL},
                                            {"self_pairs 0", "tag_cutoff 1.45", "tag_width 0.5", NULL},
                                            {"sum_tags 1", NULL}};
  static const int64_t rows[] = {49, 7, 6, 1};
  static const int64_t last[][2] = {{5, 5}, {5, -1}, {4, 1}, {-1, -1}};
  for (int i = 0; i < 4; i++) {
    const choice base = {.settings = {BASE, NULL}};
    const char *all[16];
    int64_t tags[2 * 49];
    triplet_case c;
    with_sum(&base, settings[i], all);
    triplet_case_start(&c, "triplets", all);
    assert_int_equal(c.kind->rows(c.state, &c.around), rows[i]);
    c.kind->tags(c.state, &c.around, tags);
    assert_int_equal(tags[2 * rows[i] - 2], last[i][0]);
    assert_int_equal(tags[2 * rows[i] - 1], last[i][1]);
    assert_int_equal(tags[0], i < 2 || i == 3 ? -1 : 0);
    triplet_case_end(&c);
  }
}

static void label_of(const char *const *settings, int64_t column, const char *expected) {
  triplet_case c;
  text label = {0};
  triplet_case_start(&c, "triplets", settings);
  c.kind->label(c.state, column < 0 ? c.features + column : column, &label);
  assert_string_equal(label.data, expected);
  text_free(&label);
  triplet_case_end(&c);
}

/* The blocks are 000 011 022 101 110 111 112 121 122 202 211 212 220 221 222.
 */
static void test_labels(void **state) {
  static const char *const pairs[] = {BASE, "tags 1", NULL};
  (void)state;
  label_of(choices[0].settings, 0, "{\"species\":1,\"n\":[0,0,0],\"l\":[0,0,0],\"parity\":1}");
  label_of(choices[0].settings, 5 * 81 + 27 + 9 + 5, "{\"species\":6,\"n\":[1,1,2],\"l\":[1,1,1],\"parity\":-1}");
  label_of(choices[0].settings, -1, "{\"species\":8,\"n\":[2,2,2],\"l\":[2,2,2],\"parity\":1}");
  label_of(pairs, 27 + 9 + 5, "{\"species\":6,\"n\":[1,2],\"l\":[1,1],\"parity\":1}");
}

/* ---- cutoffs ---- */

/* A neighbour that crosses the cutoff of tags adds or removes rows of zeros,
 * and their derivatives vanish too. */
static void test_tag_cutoff(void **state) {
  static const double cutoffs[2] = {3, 2.4};
  static const char *const tags[2] = {"tags 2", "tag_cutoff 2.4"};
  (void)state;
  for (int i = 0; i < 2; i++) {
    const char *const settings[] = {BASE, tags[i], NULL};
    triplet_case c;
    double vectors[6][3];
    triplet_case_start(&c, "triplets", settings);
    memcpy(vectors, triplet_vectors, sizeof vectors);
    for (int a = 0; a < 3; a++)
      vectors[5][a] = (cutoffs[i] - 1e-6) * (a == 0 ? 0.36 : a == 1 ? -0.48 : 0.8);
    double *values = triplet_case_values(&c, vectors[0]);
    double *jacobian = zeros(c.rows * c.features * 18);
    ASSERT_SUCCESS(c.kind->jacobian(c.state, &c.around, c.scratch, jacobian));
    const int64_t tags_in = (int64_t)(sqrt((double)c.rows) + 0.5), last = (tags_in - 1) * c.features;
    const double scale = largest(c.rows * c.features, values), steep = largest(c.rows * c.features * 18, jacobian);
    assert_int_equal(tags_in * tags_in, c.rows);
    assert_true(scale > 1e-3 && largest(c.features, values + last) < 1e-10 * scale);
    assert_true(largest(18 * c.features, jacobian + 18 * last) < 1e-4 * steep);
    free(values);
    free(jacobian);
    triplet_case_end(&c);
  }
}

static void test_refusals(void **state) {
  static const char *const wide[] = {BASE, "tag_cutoff 3.5", NULL};
  static const char *const thick[] = {BASE, "tag_cutoff 0.4", "tag_width 0.5", NULL};
  static const int32_t numbers[3] = {1, 6, 8};
  (void)state;
  for (int i = 0; i < 2; i++) {
    tern_options *options = described_options(i == 0 ? wide : thick);
    void *made = NULL;
    ASSERT_FAILURE(kind_create(descriptor_kind_find("triplets"), &made, options, 3, numbers), TERN_ERROR_OPTION,
                   i == 0 ? "'tag_cutoff' is 3.5, but it must not exceed 'cutoff'"
                          : "'tag_width' is 0.5, but it must not exceed 'tag_cutoff'");
    assert_null(made);
    options_free(options);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),   cmocka_unit_test(test_sums),   cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_tags),     cmocka_unit_test(test_labels), cmocka_unit_test(test_tag_cutoff),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
