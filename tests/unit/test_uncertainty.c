/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores inside and outside of the training set, deviations of several structures, and predictions of one model from
   several threads. */
#include <pthread.h>

#include "uncertainty_cases.h"

#include "model/uncertainty.h"

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
  assert_true(fabs(largest - 1) < 1e-9);
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

/* Two equal clusters far apart: errors of the model add up, noise does not; the same scores; threads do not matter. */
static void test_two_clusters(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(40, 0.01, 2);
  tern_model *model = fitted(dataset, OPTIONS(FEW));
  tern_system *one = cluster(8, ATOMS, 0), *two = cluster(8, 2 * ATOMS, 30);
  double deviation[3], scores[3][2 * ATOMS];
  run run = serial(), threads = {.threads = 4};
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, one, &deviation[0], scores[0]));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, two, &deviation[1], scores[1]));
  ASSERT_SUCCESS(model_predict_uncertainty(model, &threads, two, &deviation[2], scores[2]));
  const double noise = model->uncertainty->noise * model->uncertainty->noise * ATOMS;
  const double square = deviation[0] * deviation[0] - noise;
  assert_true(fabs(deviation[1] * deviation[1] - (4 * square + 2 * noise)) < 1e-9 * square);
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
  tern_dataset *dataset = clusters(30, 0.01, 3);
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
  tern_dataset *dataset = clusters(10, 0.01, 4);
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
  const double noise = model->uncertainty->noise * model->uncertainty->noise * ATOMS;
  const double square = deviation[0] * deviation[0] - noise;
  assert_true(square > 0 && fabs(deviation[1] * deviation[1] - (4 * square + 2 * noise)) < 1e-7 * deviation[0]);
  system_free(one);
  system_free(two);
  options_free(options);
  model_free(model);
}

static void test_kinds(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(30, 0.01, 6);
  for (int64_t k = 0; model_kinds(k) != NULL; k++)
    check_extensive(model_kinds(k)->name, dataset);
  dataset_free(dataset);
}

/* A sum with more outputs than there are structures: its last layer alone could follow every energy, it does not. */
static void test_few_structures(void **state) {
  (void)state;
  run run = serial();
  tern_model *model = NULL;
  tern_dataset *few = training_set();
  tern_options *options = OPTIONS(SMALL, "epochs", "4", "hidden", "4,3");
  double errors = 0, deviations = 0;
  ASSERT_SUCCESS(model_fit(&model, "ridge+network", &run, few, options));
  for (int64_t k = 0; k < few->size; k++) {
    const frame *frame = few->frames[k];
    double energy, deviation;
    ASSERT_SUCCESS(model_predict(model, &run, frame->system, &energy, NULL, NULL, NULL, NULL));
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, frame->system, &deviation, NULL));
    errors += (energy - frame->energy) * (energy - frame->energy);
    deviations += deviation * deviation;
  }
  if (!(deviations > 0.1 * errors && deviations < 1000 * errors))
    fail_msg("energies are off by %g, deviations are %g", sqrt(errors), sqrt(deviations));
  options_free(options);
  model_free(model);
  dataset_free(few);
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
  tern_dataset *dataset = clusters(20, 0.01, 7);
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
      cmocka_unit_test(test_scores),
      cmocka_unit_test(test_two_clusters), cmocka_unit_test(test_files),      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_kinds),     cmocka_unit_test(test_concurrent),
      cmocka_unit_test(test_few_structures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
