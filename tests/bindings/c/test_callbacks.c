/* SPDX-License-Identifier: BSD-3-Clause */
/* What a progress callback returns decides, in every function that takes one; nothing is made when it says no. */
#include "common.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct watcher {
  int32_t answer;
  int calls, refuse_at; /* answers 0 before this call */
} watcher;

static int32_t watch(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  watcher *self = context;
  assert_true(strlen(stage) > 0);
  assert_true(done >= 0 && (total == 0 || done <= total));
  assert_false(isnan(loss));
  return ++self->calls < self->refuse_at ? 0 : self->answer;
}

typedef struct work {
  tern_dataset *dataset;
  tern_options *options;
  tern_descriptor *descriptor;
  tern_model *model;
} work;

static int32_t fit_model(work *work, watcher *watcher) {
  return tern_model_fit(&work->model, "ridge", work->dataset, work->options, watch, watcher);
}

static int32_t fit_descriptor(work *work, watcher *watcher) {
  return tern_descriptor_fit(work->descriptor, work->dataset, watch, watcher);
}

static int32_t write_features(work *work, watcher *watcher) {
  return tern_descriptor_write(work->descriptor, work->dataset, "features.safetensors", watch, watcher);
}

static int32_t (*const works[])(work *, watcher *) = {fit_model, fit_descriptor, write_features};
enum { WORKS = sizeof works / sizeof works[0] };

static work work_new(void) {
  work made = {.dataset = read_clusters(), .options = small_options()};
  MUST(tern_descriptor_new(&made.descriptor, "power_spectrum", made.options));
  remove("features.safetensors");
  return made;
}

static void work_free(work *made) {
  MUST(tern_model_free(made->model));
  MUST(tern_descriptor_free(made->descriptor));
  MUST(tern_options_free(made->options));
  MUST(tern_dataset_free(made->dataset));
}

static void zero_goes_on(void **state) {
  (void)state;
  work made = work_new();
  for (int k = 0; k < WORKS; k++) {
    watcher watcher = {0};
    MUST(works[k](&made, &watcher));
    assert_true(watcher.calls > 0);
  }
  assert_true(file_exists("features.safetensors"));
  work_free(&made);
}

/* The call returns at once, hands back what is expected, and nothing was made. */
static void refuse(int32_t answer, int refuse_at, int32_t expected) {
  work made = work_new();
  tern_model *const untouched = (tern_model *)&made;
  for (int k = 0; k < WORKS; k++) {
    watcher watcher = {answer, 0, refuse_at};
    made.model = untouched;
    const int32_t status = works[k](&made, &watcher);
    if (status == TERN_SUCCESS && watcher.calls < refuse_at) { /* a short work was over before */
      if (works[k] == fit_model)
        MUST(tern_model_free(made.model));
      continue;
    }
    assert_int_equal(status, expected);
    assert_int_equal(watcher.calls, refuse_at);
    assert_ptr_equal(made.model, untouched);
    assert_true(strlen(last_error()) > 0);
  }
  made.model = NULL;
  if (refuse_at == 1)
    assert_false(file_exists("features.safetensors"));
  work_free(&made);
}

static void a_negative_code_is_handed_back(void **state) {
  (void)state;
  const int32_t codes[] = {-1, -7, -1000000, INT32_MIN};
  for (int k = 0; k < 4; k++)
    for (int at = 1; at < 4; at++)
      refuse(codes[k], at, codes[k]);
}

static void a_positive_code_cancels(void **state) {
  (void)state;
  const int32_t codes[] = {1, 2, INT32_MAX};
  for (int k = 0; k < 3; k++)
    for (int at = 1; at < 4; at++)
      refuse(codes[k], at, TERN_CANCELLED);
}

/* After a cancelled work the same handles do the work. */
static void cancelled_work_can_be_done_again(void **state) {
  (void)state;
  work made = work_new();
  for (int k = 0; k < WORKS; k++) {
    watcher no = {1, 0, 1}, yes = {0};
    assert_int_equal(works[k](&made, &no), TERN_CANCELLED);
    MUST(works[k](&made, &yes));
  }
  work_free(&made);
}

/* ---- trainings ---- */

typedef struct trainer {
  int32_t answer; /* from that step of the training on */
  int64_t step;
  int begun; /* the training was seen */
} trainer;

static int32_t watch_training(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)total, (void)loss;
  trainer *self = context;
  self->begun |= strcmp(stage, "train") == 0;
  return strcmp(stage, "train") == 0 && done >= self->step ? self->answer : 0;
}

static tern_options *training_options(void) {
  tern_options *options = small_options();
  MUST(tern_options_set(options, "hidden", "4"));
  MUST(tern_options_set(options, "epochs", "1000000"));
  return options;
}

static const char *const networks[] = {"network", "triplet"};

/* Without a limit the training would not end; the state that it had is a model. */
static void a_training_that_is_cancelled_leaves_a_model(void **state) {
  (void)state;
  tern_dataset *dataset = read_clusters();
  tern_options *options = training_options();
  tern_system *system = dimer(2.3);
  for (int k = 0; k < 4; k++) {
    static char info[20000];
    trainer trainer = {.answer = 1 + k, .step = k / 2 * 3};
    tern_model *model = NULL;
    double energy = NAN, forces[6] = {NAN}, virial[9] = {NAN};
    MUST(tern_model_fit(&model, networks[k % 2], dataset, options, watch_training, &trainer));
    assert_true(trainer.begun);
    MUST(tern_model_info(model, info, sizeof info, NULL));
    assert_non_null(strstr(info, "\"stopped\": \"cancelled\""));
    MUST(tern_model_predict(model, system, &energy, forces, virial));
    assert_true(isfinite(energy));
    for (int i = 0; i < 3; i++)
      assert_true(isfinite(forces[i]) && fabs(forces[i] + forces[3 + i]) < 1e-10);
    MUST(tern_model_free(model));
  }
  MUST(tern_system_free(system));
  MUST(tern_options_free(options));
  MUST(tern_dataset_free(dataset));
}

static void a_training_hands_back_a_negative_code(void **state) {
  (void)state;
  tern_dataset *dataset = read_clusters();
  tern_options *options = training_options();
  for (int k = 0; k < 2; k++) {
    trainer trainer = {.answer = -7};
    tern_model *const untouched = (tern_model *)&trainer;
    tern_model *model = untouched;
    assert_int_equal(tern_model_fit(&model, networks[k], dataset, options, watch_training, &trainer), -7);
    assert_true(trainer.begun);
    assert_ptr_equal(model, untouched);
  }
  MUST(tern_options_free(options));
  MUST(tern_dataset_free(dataset));
}

/* ---- calls from within ---- */

static tern_model *inner_model;

/* The library is used within a callback, and one of those calls fails. */
static int32_t predict_and_fail(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss, (void)context;
  tern_options *options = NULL;
  tern_system *system = dimer(2.3);
  double energy = NAN;
  MUST(tern_model_predict(inner_model, system, &energy, NULL, NULL));
  assert_true(isfinite(energy));
  MUST(tern_system_free(system));
  MUST(tern_options_new(&options));
  FAILS(tern_options_set(options, "zzz", "1"), TERN_ERROR_OPTION, "zzz");
  MUST(tern_options_free(options));
  return 0;
}

static void a_callback_may_use_the_library(void **state) {
  (void)state;
  work made = work_new();
  inner_model = small_model();
  MUST(tern_model_fit(&made.model, "ridge", made.dataset, made.options, predict_and_fail, NULL));
  MUST(tern_model_free(inner_model));
  work_free(&made);
}

int test_callbacks(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(zero_goes_on), cmocka_unit_test(a_negative_code_is_handed_back),
    cmocka_unit_test(a_positive_code_cancels), cmocka_unit_test(cancelled_work_can_be_done_again),
    cmocka_unit_test(a_training_that_is_cancelled_leaves_a_model),
    cmocka_unit_test(a_training_hands_back_a_negative_code), cmocka_unit_test(a_callback_may_use_the_library)};
  return cmocka_run_group_tests_name("callbacks", tests, NULL, NULL);
}
