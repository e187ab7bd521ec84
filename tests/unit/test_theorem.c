/* SPDX-License-Identifier: BSD-3-Clause */
/* What the library exists for, on the 4000 pairs of B8 clusters of J. Nigam et al., APL Mach. Learn. 2, 016110 (2024):
   all correlations of atom 0 with up to three neighbours, and every linear function of triplets, are the same in a
   pair; the sum over triplets of a non-linear function is not. Through the public interface. */
#include <jansson.h>
#include <ternion.h>

#include "golden.h"

enum { PAIRS = 4000, UNITS = 40 };

static const char *const paper[][2] = {{"species", "B"}, {"centers", "0"}, {"cutoff", "2"}, {"cutoff_width", "0.1"},
                                       {"n_max", "6"},   {"l_max", "3"},   {"sigma", "0.2"}};

static tern_dataset *clusters;
static int64_t stride = 1; /* of so many pairs one is looked at: slow builds set TEST_STRIDE */

static int open_clusters(void **state) {
  const char *wanted = getenv("TEST_STRIDE");
  (void)state;
  if (wanted != NULL && atoi(wanted) > 0)
    stride = atoi(wanted);
  return tern_dataset_read(&clusters, TEST_SOURCE_DIR "/data/b8_gfn2_8000.extxyz.gz", NULL);
}

static int close_clusters(void **state) {
  (void)state;
  tern_dataset_free(clusters);
  return 0;
}

/* A descriptor with the paper's settings and more: key, value, ..., NULL. */
static tern_descriptor *described(const char *kind, const char *const *more) {
  tern_options *options = NULL;
  tern_descriptor *descriptor = NULL;
  ASSERT_SUCCESS(tern_options_new(&options));
  for (size_t k = 0; k < sizeof paper / sizeof *paper; k++)
    ASSERT_SUCCESS(tern_options_set(options, paper[k][0], paper[k][1]));
  for (; more != NULL && *more != NULL; more += 2)
    ASSERT_SUCCESS(tern_options_set(options, more[0], more[1]));
  ASSERT_SUCCESS(tern_descriptor_new(&descriptor, kind, options));
  tern_options_free(options);
  return descriptor;
}

static int64_t pair_count(void) { return PAIRS / stride; }

/* Structure number `index` of the pairs that are looked at; 2k and 2k + 1 are a pair. */
static tern_system *cluster(int64_t index) {
  tern_system *system = NULL;
  ASSERT_SUCCESS(tern_dataset_system(clusters, index / 2 * 2 * stride + index % 2, &system));
  return system;
}

static int64_t feature_count(const tern_descriptor *descriptor) {
  int64_t rows, features;
  tern_system *system = cluster(0);
  ASSERT_SUCCESS(tern_descriptor_shape(descriptor, system, &rows, &features));
  tern_system_free(system);
  return features;
}

/* Values of a system's rows and, unless NULL, their weights; the caller frees both. */
static double *rows_of(const tern_descriptor *descriptor, const tern_system *system, int64_t *rows, double **weights) {
  int64_t features;
  ASSERT_SUCCESS(tern_descriptor_shape(descriptor, system, rows, &features));
  double *values = zeros(*rows * features);
  ASSERT_SUCCESS(tern_descriptor_compute(descriptor, system, values));
  if (weights != NULL) {
    *weights = zeros(*rows);
    ASSERT_SUCCESS(tern_descriptor_weights(descriptor, system, *weights));
  }
  return values;
}

/* ---- what a linear model sees ---- */

static double *plain_sum(const tern_descriptor *descriptor, int64_t index, int64_t features) {
  int64_t rows;
  tern_system *system = cluster(index);
  double *values = rows_of(descriptor, system, &rows, NULL), *sum = zeros(features);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < features; k++)
      sum[k] += values[row * features + k];
  free(values);
  tern_system_free(system);
  return sum;
}

/* The largest difference in a pair relative to the largest feature. */
static double pair_difference(const tern_descriptor *descriptor, int64_t pair, int64_t features) {
  double *first = plain_sum(descriptor, 2 * pair, features), *second = plain_sum(descriptor, 2 * pair + 1, features);
  double difference = 0;
  for (int64_t k = 0; k < features; k++)
    difference = fmax(difference, fabs(first[k] - second[k]));
  difference /= largest(features, first);
  free(first);
  free(second);
  return difference;
}

static void check_blind(const char *kind, const char *const *more) {
  tern_descriptor *descriptor = described(kind, more);
  const int64_t features = feature_count(descriptor);
  double worst = 0;
  for (int64_t pair = 0; pair < pair_count(); pair++)
    worst = fmax(worst, pair_difference(descriptor, pair, features));
  print_message("           %s %s %s: %lld features agree to %.1e in every pair\n", kind, more ? more[0] : "",
                more ? more[1] : "", (long long)features, worst);
  assert_true(worst < 1e-10);
  tern_descriptor_free(descriptor);
}

static void test_correlations_up_to_three_neighbours_are_blind(void **state) {
  static const char *const o3[] = {"nu_max", "3", NULL}, *const so3[] = {"nu_max", "3", "group", "so3", NULL};
  (void)state;
  check_blind("power_spectrum", NULL);
  check_blind("correlations", o3);
  check_blind("correlations", so3);
}

static void test_linear_sums_of_triplets_are_blind(void **state) {
  static const char *const neighbours[] = {"sum_tags", "1", NULL};
  static const char *const with_centre[] = {"center_tags", "1", "sum_tags", "1", NULL};
  (void)state;
  check_blind("frames", NULL);
  check_blind("triplets", neighbours);
  check_blind("triplets", with_centre);
}

/* ---- what a non-linear one sees ---- */

/* Units tanh(P + Q) + tanh(P - Q), or tanh(P + Q) for so3: P and Q random projections of even and odd features, which
   are scaled to a spread of one. */
typedef struct projection {
  tern_descriptor *descriptor;
  int64_t features;
  double *shift, *even, *odd; /* [features]; [UNITS][features] with the scales in */
  bool mirror;
} projection;

static void read_parities(const tern_descriptor *descriptor, int64_t features, int *parity) {
  int64_t length;
  ASSERT_SUCCESS(tern_descriptor_labels(descriptor, NULL, 0, &length));
  char *text = malloc((size_t)length + 1);
  ASSERT_SUCCESS(tern_descriptor_labels(descriptor, text, length + 1, NULL));
  json_t *labels = json_loads(text, 0, NULL);
  assert_int_equal(json_array_size(labels), features);
  for (int64_t k = 0; k < features; k++)
    parity[k] = (int)json_integer_value(json_object_get(json_array_get(labels, (size_t)k), "parity"));
  json_decref(labels);
  free(text);
}

/* Means and spreads of the features over the first structures. */
static void measure(const tern_descriptor *descriptor, int64_t features, double *mean, double *spread) {
  double count = 0;
  for (int64_t index = 0; index < pair_count() / 5; index++) {
    int64_t rows;
    tern_system *system = cluster(index);
    double *values = rows_of(descriptor, system, &rows, NULL);
    for (int64_t row = 0; row < rows; row++, count++)
      for (int64_t k = 0; k < features; k++) {
        mean[k] += values[row * features + k];
        spread[k] += values[row * features + k] * values[row * features + k];
      }
    free(values);
    tern_system_free(system);
  }
  for (int64_t k = 0; k < features; k++) {
    mean[k] /= count;
    spread[k] = sqrt(fmax(spread[k] / count - mean[k] * mean[k], 1e-24));
  }
}

static projection projection_new(bool mirror) {
  projection made = {.descriptor = described("frames", NULL), .mirror = mirror};
  made.features = feature_count(made.descriptor);
  made.shift = zeros(made.features);
  made.even = zeros(UNITS * made.features);
  made.odd = zeros(UNITS * made.features);
  double *spread = zeros(made.features);
  int *parity = calloc((size_t)made.features, sizeof *parity);
  uint64_t random = 5;
  read_parities(made.descriptor, made.features, parity);
  measure(made.descriptor, made.features, made.shift, spread);
  for (int64_t k = 0; k < made.features; k++) {
    if (parity[k] < 0)
      made.shift[k] = 0; /* a shift of an odd feature would not be odd */
    for (int64_t unit = 0; unit < UNITS; unit++)
      (parity[k] < 0 ? made.odd : made.even)[unit * made.features + k] =
          2 * pseudo_random(&random) / (spread[k] * sqrt((double)made.features));
  }
  free(spread);
  free(parity);
  return made;
}

static void projection_free(projection *projection) {
  tern_descriptor_free(projection->descriptor);
  free(projection->shift);
  free(projection->even);
  free(projection->odd);
}

static double unit_of(const projection *projection, const double *values, int64_t unit) {
  const double *even = projection->even + unit * projection->features,
               *odd = projection->odd + unit * projection->features;
  double p = 0, q = 0;
  for (int64_t k = 0; k < projection->features; k++) {
    p += even[k] * (values[k] - projection->shift[k]);
    q += odd[k] * values[k];
  }
  return tanh(p + q) + (projection->mirror ? tanh(p - q) : 0);
}

static void project(const projection *projection, const tern_system *system, double *units) {
  int64_t rows;
  double *weights = NULL, *values = rows_of(projection->descriptor, system, &rows, &weights);
  memset(units, 0, UNITS * sizeof *units);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t unit = 0; unit < UNITS; unit++)
      units[unit] += weights[row] * unit_of(projection, values + row * projection->features, unit);
  free(values);
  free(weights);
}

static double *project_all(const projection *projection, int64_t count) {
  double *units = zeros(count * UNITS);
  for (int64_t index = 0; index < count; index++) {
    tern_system *system = cluster(index);
    project(projection, system, units + index * UNITS);
    tern_system_free(system);
  }
  return units;
}

static double distance(int64_t size, const double *first, const double *second) {
  double square = 0;
  for (int64_t k = 0; k < size; k++)
    square += (first[k] - second[k]) * (first[k] - second[k]);
  return sqrt(square);
}

static int ascending(const void *first, const void *second) {
  const double a = *(const double *)first, b = *(const double *)second;
  return (a > b) - (a < b);
}

static double median(int64_t count, double *values) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[count / 2];
}

/* Median distance of structures of different pairs: of each from the one half the set away. */
static double spread_of(int64_t count, int64_t size, const double *points) {
  double *apart = zeros(count / 2);
  for (int64_t k = 0; k < count / 2; k++)
    apart[k] = distance(size, points + k * size, points + (k + count / 2) * size);
  const double spread = median(count / 2, apart);
  free(apart);
  return spread;
}

/* Sorted distances within pairs in units of the spread; the caller frees. */
static double *separations(int64_t count, int64_t size, const double *points, double *spread) {
  double *apart = zeros(count / 2);
  *spread = spread_of(count, size, points);
  for (int64_t k = 0; k < count / 2; k++)
    apart[k] = distance(size, points + 2 * k * size, points + (2 * k + 1) * size) / *spread;
  qsort(apart, (size_t)(count / 2), sizeof *apart, ascending);
  return apart;
}

/* The same structure turned, by determinant `hand` 1 or -1, and with atoms 1 to 7 in another order. */
static tern_system *copy_of(int64_t index, double hand) {
  const double turn[3][3] = {{2. / 3, -1. / 3, 2. / 3}, {2. / 3, 2. / 3, -1. / 3}, {-1. / 3, 2. / 3, 2. / 3}};
  double positions[8][3], turned[8][3];
  int32_t species[8];
  tern_system *system = cluster(index), *copy = NULL;
  ASSERT_SUCCESS(tern_system_positions(system, positions[0]));
  ASSERT_SUCCESS(tern_system_species(system, species));
  for (int atom = 0; atom < 8; atom++)
    for (int a = 0; a < 3; a++) {
      turned[atom ? 1 + atom * 3 % 7 : 0][a] = 0;
      for (int b = 0; b < 3; b++)
        turned[atom ? 1 + atom * 3 % 7 : 0][a] += hand * turn[a][b] * positions[atom][b];
    }
  ASSERT_SUCCESS(tern_system_new(&copy, 8, species, turned[0], NULL, NULL));
  tern_system_free(system);
  return copy;
}

/* Smallest and largest distance, in spreads, between structures and their copies. */
static void copies(const projection *projection, double hand, double spread, double *least, double *most) {
  double original[UNITS], copied[UNITS];
  *least = INFINITY;
  *most = 0;
  for (int64_t index = 0; index < 2 * pair_count(); index += 20) {
    tern_system *system = cluster(index), *copy = copy_of(index, hand);
    project(projection, system, original);
    project(projection, copy, copied);
    const double apart = distance(UNITS, original, copied) / spread;
    *least = fmin(*least, apart);
    *most = fmax(*most, apart);
    tern_system_free(system);
    tern_system_free(copy);
  }
}

static void test_a_function_of_triplets_separates_every_pair(void **state) {
  projection projected = projection_new(true);
  double spread, least, most;
  double *units = project_all(&projected, 2 * pair_count()),
         *apart = separations(2 * pair_count(), UNITS, units, &spread);
  (void)state;
  copies(&projected, 1, spread, &least, &most);
  print_message("           separations / median spread: smallest %.1e, median %.1e; copies differ by at most %.1e\n",
                apart[0], apart[pair_count() / 2], most);
  assert_true(apart[0] > 1e-9);
  assert_true(most < 1e-12);
  free(units);
  free(apart);
  projection_free(&projected);
}

static void test_enantiomers_are_one_for_o3_and_two_for_so3(void **state) {
  projection blind = projection_new(true), seeing = projection_new(false);
  double *units = project_all(&blind, pair_count() / 5), least, most;
  const double spread = spread_of(pair_count() / 5, UNITS, units);
  (void)state;
  copies(&blind, -1, spread, &least, &most);
  assert_true(most < 1e-12);
  copies(&seeing, 1, spread, &least, &most);
  assert_true(most < 1e-12);
  copies(&seeing, -1, spread, &least, &most);
  print_message("           mirror images: smallest separation %.1e of the spread\n", least);
  assert_true(least > 1e-9);
  free(units);
  projection_free(&blind);
  projection_free(&seeing);
}

/* ---- many neighbours ---- */

static void fit_on_first(tern_descriptor *descriptor, int64_t count) {
  tern_dataset *part = NULL;
  int64_t *indices = calloc((size_t)count, sizeof *indices);
  for (int64_t k = 0; k < count; k++)
    indices[k] = k;
  ASSERT_SUCCESS(tern_dataset_subset(clusters, count, indices, &part));
  ASSERT_SUCCESS(tern_descriptor_fit(descriptor, part, NULL, NULL));
  tern_dataset_free(part);
  free(indices);
}

/* Contraction keeps the largest components only, so that the pairs are told apart, but weakly. */
static void test_seven_neighbours_separate_weakly(void **state) {
  static const char *const nice[] = {"nu_min", "4", "nu_max", "7", "components", "20", NULL};
  tern_descriptor *descriptor = described("correlations", nice);
  (void)state;
  fit_on_first(descriptor, 200);
  const int64_t features = feature_count(descriptor);
  double *points = zeros(2 * pair_count() * features), spread, noise = 0, original[1024];
  assert_true(features <= 1024);
  for (int64_t index = 0; index < 2 * pair_count(); index++) {
    double *sum = plain_sum(descriptor, index, features);
    memcpy(points + index * features, sum, (size_t)features * sizeof *sum);
    free(sum);
  }
  double *apart = separations(2 * pair_count(), features, points, &spread);
  for (int64_t index = 0; index < 2 * pair_count(); index += 20) {
    tern_system *copy = copy_of(index, -1);
    ASSERT_SUCCESS(tern_descriptor_compute(descriptor, copy, original));
    noise = fmax(noise, distance(features, original, points + index * features) / spread);
    tern_system_free(copy);
  }
  print_message(
      "           nu = 4 to 7, %lld features: separations / median spread: smallest %.1e, median %.1e; copies %.1e\n",
      (long long)features, apart[0], apart[pair_count() / 2], noise);
  assert_true(apart[0] > 10 * noise);
  free(points);
  free(apart);
  tern_descriptor_free(descriptor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_correlations_up_to_three_neighbours_are_blind),
      cmocka_unit_test(test_linear_sums_of_triplets_are_blind),
      cmocka_unit_test(test_a_function_of_triplets_separates_every_pair),
      cmocka_unit_test(test_seven_neighbours_separate_weakly),
      cmocka_unit_test(test_enantiomers_are_one_for_o3_and_two_for_so3),
  };
  return cmocka_run_group_tests(tests, open_clusters, close_clusters);
}
