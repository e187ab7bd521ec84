/* SPDX-License-Identifier: BSD-3-Clause */
/* Deviations against the textbook's formula where the truth is known, scores inside and outside of the training set,
   and predictions of one model from several threads. */
#include <pthread.h>

#include "model_checks.h"

#include "model/split.h"
#include "model/uncertainty.h"

enum { ATOMS = 5, MOST_COLUMNS = 32, SIZE = 240, REPEATS = 16 };

#define FEW "cutoff", "4.0", "n_max", "3", "l_max", "1", "sigma", "0.5", "species", "14"

/* Neighbouring seeds give unrelated sequences. */
static uint64_t scrambled(uint64_t seed) {
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return seed ^ (seed >> 31);
}

/* Silicon atoms 2 to 3 A apart along a crooked line; those after the first ATOMS are a copy, shifted. */
static tern_system *cluster(uint64_t state, int atoms, double shift) {
  int32_t species[2 * ATOMS];
  double positions[2 * ATOMS][3];
  state = scrambled(state);
  for (int k = 0; k < atoms; k++) {
    const int own = k % ATOMS;
    species[k] = 14;
    if (k < ATOMS) {
      positions[k][0] = 2.4 * own + 0.4 * pseudo_random(&state);
      positions[k][1] = 0.5 * pseudo_random(&state);
      positions[k][2] = 0.5 * pseudo_random(&state);
    } else {
      for (int axis = 0; axis < 3; axis++)
        positions[k][axis] = positions[own][axis] + (axis == 2 ? shift : 0);
    }
  }
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, atoms, species, positions[0], NULL, NULL));
  return made;
}

static double normal(uint64_t *state) {
  double sum = 0;
  for (int k = 0; k < 12; k++)
    sum += 0.5 * pseudo_random(state); /* between -1/2 and 1/2 */
  return sum;
}

/* Energies of `truth` with noise on those structures that `exact` does not mark; truth NULL: sums of the pair
   distances' inverse. */
static tern_dataset *clusters(int count, const tern_model *truth, double noise, const unsigned char *exact,
                              uint64_t seed) {
  tern_dataset *made = NULL;
  ASSERT_SUCCESS(dataset_new(&made));
  for (int k = 0; k < count; k++) {
    run run = serial();
    tern_system *system = cluster(1000 * seed + 17 * (uint64_t)k + 3, ATOMS, 0);
    double energy = 0;
    if (truth != NULL)
      ASSERT_SUCCESS(model_predict(truth, &run, system, &energy, NULL, NULL, NULL, NULL));
    for (int a = 0; truth == NULL && a < ATOMS; a++)
      for (int b = 0; b < a; b++) {
        const double *p = system->positions + 3 * a, *q = system->positions + 3 * b;
        double square = 0;
        for (int axis = 0; axis < 3; axis++)
          square += (p[axis] - q[axis]) * (p[axis] - q[axis]);
        energy -= 1 / square;
      }
    uint64_t state = scrambled(seed + 7919 * (uint64_t)k);
    if (exact == NULL || !exact[k])
      energy += noise * normal(&state);
    ASSERT_SUCCESS(dataset_append(made, system, &energy, NULL, NULL));
    system_free(system);
  }
  return made;
}

/* ---- the textbook ---- */

/* Sum of the features over the atoms: outputs of a ridge model of one species. */
static int64_t sum_of_features(const tern_model *model, const tern_system *system, double *sum) {
  run run = serial();
  int64_t rows, features;
  ASSERT_SUCCESS(descriptor_shape(model->parts[0].descriptor, &run, system, &rows, &features));
  assert_in_range(features, 1, MOST_COLUMNS);
  double values[ATOMS * MOST_COLUMNS];
  ASSERT_SUCCESS(descriptor_compute(model->parts[0].descriptor, &run, system, values));
  memset(sum, 0, (size_t)features * sizeof(double));
  for (int64_t k = 0; k < rows * features; k++)
    sum[k % features] += values[k];
  return features;
}

/* z^T A^-1 z by elimination; A is spoiled. */
static double quadratic(int64_t n, double *a, const double *z) {
  double x[MOST_COLUMNS], sum = 0;
  memcpy(x, z, (size_t)n * sizeof(double));
  for (int64_t k = 0; k < n; k++)
    for (int64_t row = k + 1; row < n; row++) {
      const double factor = a[row * n + k] / a[k * n + k];
      for (int64_t column = k; column < n; column++)
        a[row * n + column] -= factor * a[k * n + column];
      x[row] -= factor * x[k];
    }
  for (int64_t k = n - 1; k >= 0; k--) {
    for (int64_t column = k + 1; column < n; column++)
      x[k] -= a[k * n + column] * x[column];
    x[k] /= a[k * n + k];
    sum += x[k] * z[k];
  }
  return sum;
}

static double report_number(const tern_model *model, const char *key) {
  const char *found = strstr(strstr(model->report, "\"uncertainty\""), key);
  assert_non_null(found);
  return strtod(strchr(found, ':') + 1, NULL);
}

/* Moments of the sums over the structures that are not held out, with so much of their mean diagonal added. */
static int64_t moments_of(const tern_model *model, const tern_dataset *dataset, const unsigned char *held_out,
                          double regularization, double *a) {
  double sum[MOST_COLUMNS], trace = 0;
  int64_t n = 0;
  memset(a, 0, MOST_COLUMNS * MOST_COLUMNS * sizeof(double));
  for (int64_t k = 0; k < dataset->size; k++)
    if (!held_out[k]) {
      n = sum_of_features(model, dataset->frames[k]->system, sum);
      for (int64_t i = 0; i < n * n; i++)
        a[i] += sum[i / n] * sum[i % n] / ATOMS;
    }
  for (int64_t i = 0; i < n; i++)
    trace += a[i * n + i];
  for (int64_t i = 0; i < n; i++)
    a[i * n + i] += regularization * trace / (double)n;
  return n;
}

/* z^T A^-1 z of a structure. */
static double squared_deviation(const tern_model *model, const double *moments, const tern_system *system) {
  double a[MOST_COLUMNS * MOST_COLUMNS], sum[MOST_COLUMNS];
  memcpy(a, moments, sizeof a);
  const int64_t n = sum_of_features(model, system, sum);
  return quadratic(n, a, sum);
}

/* The same deviation from the features alone. */
static void check_formula(const tern_model *model, const double *moments) {
  run run = serial();
  double deviation;
  tern_system *system = cluster(99, ATOMS, 0);
  const double expected =
      report_number(model, "\"scale\"") * sqrt(squared_deviation(model, moments, system));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, system, &deviation, NULL));
  assert_true(fabs(deviation - expected) < 1e-4 * expected);
  system_free(system);
}

/* The mean of error^2 / (z^T A^-1 z) of a model that has not seen the held-out structures, over them. */
static double mean_of_squares(const tern_model *blind, const double *moments, const tern_dataset *dataset,
                              const unsigned char *held_out) {
  double sum = 0;
  int count = 0;
  for (int64_t k = 0; k < dataset->size; k++)
    if (held_out[k]) {
      run run = serial();
      const frame *frame = dataset->frames[k];
      double energy;
      ASSERT_SUCCESS(model_predict(blind, &run, frame->system, &energy, NULL, NULL, NULL, NULL));
      sum += (energy - frame->energy) * (energy - frame->energy) / squared_deviation(blind, moments, frame->system);
      count++;
    }
  return sum / count;
}

static tern_model *blind_model(const tern_dataset *dataset, const unsigned char *held_out) {
  int64_t indices[SIZE], count = 0;
  tern_dataset *rest = NULL;
  for (int64_t k = 0; k < dataset->size; k++)
    if (!held_out[k])
      indices[count++] = k;
  ASSERT_SUCCESS(dataset_subset(dataset, count, indices, &rest));
  tern_model *model = fitted(rest, OPTIONS(FEW, "regularization", "1e-10", "e0", "0", "uncertainty", "none"));
  dataset_free(rest);
  return model;
}

/* Targets are linear in the features but for noise of a known size, structures held out have none: the errors there are
   those of the posterior of Bayesian linear regression, noise^2 z^T A^-1 z, and the scale is what makes them so, found
   with a model that has not seen them. */
static void test_textbook(void **state) {
  (void)state;
  const double noise = 0.02;
  unsigned char held_out[SIZE];
  double moments[MOST_COLUMNS * MOST_COLUMNS], squares = 0;
  tern_dataset *dataset = clusters(40, NULL, 0, NULL, 1);
  tern_model *truth = fitted(dataset, OPTIONS(FEW, "regularization", "1e-6", "e0", "0"));
  dataset_free(dataset);
  ASSERT_SUCCESS(split_structures(SIZE, 0.5, 0, held_out));
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    dataset = clusters(SIZE, truth, noise * sqrt(ATOMS), held_out, 10 + (uint64_t)repeat);
    tern_model *model = fitted(dataset, OPTIONS(FEW, "regularization", "1e-10", "e0", "0", "validation", "0.5"));
    tern_model *blind = blind_model(dataset, held_out);
    const double scale = report_number(model, "\"scale\"");
    moments_of(model, dataset, held_out, report_number(model, "\"regularization\""), moments);
    check_formula(model, moments);
    const double expected = sqrt(mean_of_squares(blind, moments, dataset, held_out));
    assert_true(fabs(scale - expected) < 1e-3 * expected);
    moments_of(model, dataset, held_out, 1e-10, moments);
    squares += mean_of_squares(blind, moments, dataset, held_out) / (noise * noise) / REPEATS;
    model_free(blind);
    model_free(model);
    dataset_free(dataset);
  }
  if (fabs(squares - 1) > 0.25)
    fail_msg("errors are %g times the posterior's on average of their squares", squares);
  model_free(truth);
}

/* Without held-out structures the formula for leaving one out calibrates: about two thirds lie within one deviation. */
static void test_leave_one_out(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(60, NULL, 0.05, NULL, 5);
  tern_model *model = fitted(dataset, OPTIONS(FEW, "e0", "0"));
  assert_non_null(strstr(model->report, "leave-one-out"));
  assert_true(report_number(model, "\"within_1\"") > 0.5 && report_number(model, "\"within_1\"") < 0.85);
  assert_true(report_number(model, "\"within_2\"") > 0.85);
  model_free(model);
  dataset_free(dataset);
}

/* ---- scores ---- */

static void test_scores(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *model = fitted(dataset, OPTIONS(SMALL));
  double largest = 0, scores[MANY], deviation, whole;
  run run = serial();
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, system, &deviation, scores));
    assert_true(deviation > 0);
    for (int64_t atom = 0; atom < system->n_owned; atom++)
      largest = fmax(largest, scores[atom]);
  }
  assert_true(largest == 1);
  assert_int_equal(run.memory_used, 0);
  const double near[2][3] = {{0, 0, 0}, {0, 0, 0.4}};
  const int32_t species[2] = {1, 6};
  tern_system *dimer = NULL;
  ASSERT_SUCCESS(system_new(&dimer, 2, species, near[0], NULL, NULL));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, dimer, &whole, scores));
  assert_true(scores[0] > 1 && scores[1] > 1);
  system_free(dimer);
  model_free(model);
  dataset_free(dataset);
}

/* Two equal clusters far apart: twice the deviation, the same scores; threads do not matter. */
static void test_two_clusters(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(40, NULL, 0.01, NULL, 2);
  tern_model *model = fitted(dataset, OPTIONS(FEW));
  tern_system *one = cluster(8, ATOMS, 0), *two = cluster(8, 2 * ATOMS, 30);
  double deviation[3], scores[3][2 * ATOMS];
  run run = serial(), threads = {.threads = 4};
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, one, &deviation[0], scores[0]));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, two, &deviation[1], scores[1]));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &threads, two, &deviation[2], scores[2]));
  assert_true(fabs(deviation[1] - 2 * deviation[0]) < 1e-9 * deviation[0]);
  assert_close("scores", ATOMS, scores[1], scores[0], 1e-9);
  assert_close("scores", ATOMS, scores[1] + ATOMS, scores[0], 1e-9);
  assert_close("scores", 2 * ATOMS, scores[2], scores[1], 1e-12);
  assert_close("deviation", 1, &deviation[2], &deviation[1], 1e-12);
  system_free(one);
  system_free(two);
  model_free(model);
  dataset_free(dataset);
}

/* ---- files, sums, refusals ---- */

static void test_files(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/uncertainty.tern";
  tern_dataset *dataset = clusters(30, NULL, 0.01, NULL, 3);
  tern_system *system = cluster(8, ATOMS, 0);
  const char *const kinds[] = {"ridge", "ridge+kernel"};
  for (int k = 0; k < 2; k++) {
    run run = serial();
    tern_model *model = NULL, *loaded = NULL;
    tern_options *options = OPTIONS(FEW, "validation", "0.2");
    double deviation[2], scores[2][ATOMS];
    ASSERT_SUCCESS(model_fit(&model, kinds[k], &run, dataset, options));
    assert_int_equal(run.memory_used, 0);
    ASSERT_SUCCESS(model_save(model, path));
    ASSERT_SUCCESS(model_load(&loaded, path));
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, system, &deviation[0], scores[0]));
    ASSERT_SUCCESS(model_predict_uncertainty(loaded, &run, system, &deviation[1], scores[1]));
    assert_memory_equal(&deviation[0], &deviation[1], sizeof(double));
    assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
    model_free(model);
    model_free(loaded);
    options_free(options);
  }
  system_free(system);
  dataset_free(dataset);
}

static void test_refusals(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(10, NULL, 0.01, NULL, 4);
  tern_system *system = cluster(8, ATOMS, 0);
  run run = serial();
  double deviation;
  tern_model *model = fitted(dataset, OPTIONS(FEW, "uncertainty", "none"));
  assert_int_equal(model_predict_uncertainty(model, &run, system, &deviation, NULL), TERN_ERROR_MISSING);
  assert_non_null(strstr(error_message(), "last_layer"));
  model_free(model);
  system_free(system);
  dataset_free(dataset);
}

/* ---- every kind ---- */

static void check_extensive(const char *kind, const tern_dataset *dataset) {
  run run = serial();
  tern_model *model = NULL;
  tern_options *options = OPTIONS(FEW);
  tern_system *one = cluster(8, ATOMS, 0), *two = cluster(8, 2 * ATOMS, 30);
  double energy[2], forces[2][6 * ATOMS];
  if (strcmp(kind, "network") == 0 || strcmp(kind, "triplet") == 0) {
    ASSERT_SUCCESS(options_set(options, "epochs", "2"));
    ASSERT_SUCCESS(options_set(options, "hidden", "4"));
  }
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  ASSERT_SUCCESS(model_predict(model, &run, one, &energy[0], forces[0], NULL, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, two, &energy[1], forces[1], NULL, NULL, NULL));
  assert_true(fabs(energy[1] - 2 * energy[0]) < 1e-10 * fabs(energy[0]));
  assert_close(kind, 3 * ATOMS, forces[1], forces[0], 1e-9);
  assert_close(kind, 3 * ATOMS, forces[1] + 3 * ATOMS, forces[0], 1e-9);
  double deviation[2];
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, one, &deviation[0], NULL));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, two, &deviation[1], NULL));
  assert_true(deviation[0] > 0 && fabs(deviation[1] - 2 * deviation[0]) < 1e-8 * deviation[0]);
  system_free(one);
  system_free(two);
  options_free(options);
  model_free(model);
}

static void test_kinds(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(30, NULL, 0.01, NULL, 6);
  for (int64_t k = 0; model_kinds(k) != NULL; k++)
    check_extensive(model_kinds(k)->name, dataset);
  dataset_free(dataset);
}

/* ---- one model, many threads ---- */

enum { SYSTEMS = 8, PREDICTIONS = 10000, THREADS = 4 };

typedef struct caller {
  const tern_model *model;
  tern_system **systems;
  const double (*expected)[1 + 3 * ATOMS];
  int first, stride, wrong;
} caller;

static void *call(void *context) {
  caller *self = context;
  for (int k = self->first; k < PREDICTIONS; k += THREADS * self->stride) {
    double found[1 + 3 * ATOMS];
    const int index = k % SYSTEMS;
    if (tern_model_predict(self->model, self->systems[index], found, found + 1, NULL) != TERN_SUCCESS ||
        memcmp(found, self->expected[index], sizeof found) != 0)
      self->wrong++;
  }
  return NULL;
}

static void test_concurrent(void **state) {
  (void)state;
  const char *wanted = getenv("TEST_STRIDE");
  const int stride = wanted != NULL && atoi(wanted) > 0 ? atoi(wanted) : 1;
  tern_dataset *dataset = clusters(20, NULL, 0.01, NULL, 7);
  tern_model *model = fitted(dataset, OPTIONS(FEW));
  tern_system *systems[SYSTEMS];
  double expected[SYSTEMS][1 + 3 * ATOMS];
  pthread_t handles[THREADS];
  caller callers[THREADS];
  for (int k = 0; k < SYSTEMS; k++) {
    systems[k] = cluster(31 * (uint64_t)k + 5, ATOMS, 0);
    ASSERT_SUCCESS(tern_model_predict(model, systems[k], expected[k], expected[k] + 1, NULL));
  }
  for (int k = 0; k < THREADS; k++) {
    callers[k] = (caller){model, systems, (const double(*)[1 + 3 * ATOMS])expected, k, stride, 0};
    assert_int_equal(pthread_create(&handles[k], NULL, call, &callers[k]), 0);
  }
  for (int k = 0; k < THREADS; k++) {
    pthread_join(handles[k], NULL);
    assert_int_equal(callers[k].wrong, 0);
  }
  for (int k = 0; k < SYSTEMS; k++)
    system_free(systems[k]);
  model_free(model);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_textbook),  cmocka_unit_test(test_leave_one_out), cmocka_unit_test(test_scores),
      cmocka_unit_test(test_two_clusters), cmocka_unit_test(test_files),      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_kinds),     cmocka_unit_test(test_concurrent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
