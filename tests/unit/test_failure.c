/* SPDX-License-Identifier: BSD-3-Clause */
/* What a failed call leaves behind: nothing. Outputs keep their bytes, callbacks' numbers come back, memory that runs
   out anywhere is reported and none is lost (the last by the leak checkers that run these tests too). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "helper_data.h"

/* A buffer that remembers itself. */
enum { GUARDED = 1 << 16 };
static unsigned char guarded[GUARDED];
static double *guarded_output(void) {
  memset(guarded, 0x5a, sizeof guarded);
  return (double *)(void *)guarded;
}
static void assert_untouched(void) {
  for (int i = 0; i < GUARDED; i++)
    if (guarded[i] != 0x5a)
      fail_msg("byte %d was written by a call that failed", i);
}

static tern_descriptor *new_descriptor(const char *kind) {
  tern_options *options = helper_options();
  tern_descriptor *descriptor = NULL;
  assert_int_equal(tern_options_set(options, "species", "C,Si"), TERN_SUCCESS);
  assert_int_equal(tern_descriptor_new(&descriptor, kind, options), TERN_SUCCESS);
  tern_options_free(options);
  return descriptor;
}

/* Good neighbours first and the defect last, so that a call which writes as it goes is caught. */
static tern_system *bad_system(int coincident) {
  int32_t species[HELPER_ATOMS + 2];
  double positions[HELPER_ATOMS + 2][3] = {{0}};
  tern_system *good = helper_system(1), *bad = NULL;
  assert_int_equal(tern_system_species(good, species), TERN_SUCCESS);
  assert_int_equal(tern_system_positions(good, positions[0]), TERN_SUCCESS);
  for (int i = 0; i < 2; i++) {
    species[HELPER_ATOMS + i] = coincident ? 14 : 79;
    positions[HELPER_ATOMS + i][0] = coincident ? 9 : 9 + 2.5 * i;
  }
  assert_int_equal(tern_system_new(&bad, HELPER_ATOMS + 2, species, positions[0], NULL, NULL), TERN_SUCCESS);
  tern_system_free(good);
  return bad;
}

static void descriptor_calls(const char *kind, const tern_system *bad, const char *culprit) {
  tern_descriptor *descriptor = new_descriptor(kind);
  static double weights[GUARDED / 8];
  int64_t *counts = (int64_t *)(void *)guarded_output();
  double *output = guarded_output();
  assert_int_equal(tern_descriptor_compute(descriptor, bad, output), TERN_ERROR_DATA);
  assert_non_null(strstr(helper_message(), culprit));
  if (strcmp(kind, "frames") == 0) { /* the others have one row a centre, whatever stands around it */
    assert_int_equal(tern_descriptor_shape(descriptor, bad, counts, counts + 1), TERN_ERROR_DATA);
    assert_int_equal(tern_descriptor_rows(descriptor, bad, counts), TERN_ERROR_DATA);
  }
  assert_int_equal(tern_descriptor_pullback(descriptor, bad, weights, output, output + 100), TERN_ERROR_DATA);
  assert_int_equal(tern_descriptor_pushforward(descriptor, bad, weights, NULL, output), TERN_ERROR_DATA);
  assert_int_equal(tern_descriptor_jacobian_shape(descriptor, bad, counts), TERN_ERROR_DATA);
  assert_int_equal(tern_descriptor_jacobian(descriptor, bad, counts, output + 100, output + 4000), TERN_ERROR_DATA);
  assert_untouched();
  tern_descriptor_free(descriptor);
}

static void test_descriptor_outputs(void **state) {
  (void)state;
  tern_system *unknown = bad_system(0), *coincident = bad_system(1);
  static const char *const kinds[] = {"density", "power_spectrum", "frames"};
  for (int i = 0; i < 3; i++) {
    descriptor_calls(kinds[i], unknown, "Au");
    descriptor_calls(kinds[i], coincident, "7");
  }
  tern_system_free(unknown);
  tern_system_free(coincident);
}

static tern_model *new_model(void) {
  tern_dataset *train = helper_dataset(10);
  tern_options *options = helper_options();
  tern_model *model = NULL;
  assert_int_equal(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_SUCCESS);
  tern_options_free(options);
  tern_dataset_free(train);
  return model;
}

static void test_model_outputs(void **state) {
  (void)state;
  tern_model *model = new_model();
  for (int coincident = 0; coincident < 2; coincident++) {
    tern_system *bad = bad_system(coincident);
    double *output = guarded_output();
    assert_int_equal(tern_model_predict(model, bad, output, output + 1, output + 100), TERN_ERROR_DATA);
    assert_int_equal(tern_model_predict_atoms(model, bad, output, output + 100), TERN_ERROR_DATA);
    assert_untouched();
    tern_system_free(bad);
  }
  tern_model_free(model);
}

static void test_text_outputs(void **state) {
  (void)state;
  tern_model *model = new_model();
  int64_t needed = 0;
  assert_int_equal(tern_model_info(model, NULL, 0, &needed), TERN_SUCCESS);
  char *buffer = (char *)guarded_output();
  int64_t *length = (int64_t *)(void *)(guarded + GUARDED - 8);
  assert_true(needed > 100 && needed < GUARDED - 8);
  assert_int_equal(tern_model_info(model, buffer, needed, length), TERN_ERROR_BUFFER);
  assert_int_equal(tern_info(buffer, 10, length), TERN_ERROR_BUFFER);
  assert_int_equal(tern_version(buffer, 2, length), TERN_ERROR_BUFFER);
  assert_int_equal(tern_kinds_entry(99, TERN_FIELD_NAME, buffer, 100, length), TERN_ERROR_ARGUMENT);
  assert_int_equal(tern_options_entry("ridge", 999, TERN_FIELD_NAME, buffer, 100, length), TERN_ERROR_ARGUMENT);
  assert_int_equal(tern_options_entry("sandwich", 0, TERN_FIELD_NAME, buffer, 100, length), TERN_ERROR_ARGUMENT);
  assert_int_equal(tern_file_info("/nowhere", buffer, 100, length), TERN_ERROR_FILE);
  assert_untouched();
  assert_int_equal(tern_model_info(model, buffer, needed + 1, length), TERN_SUCCESS);
  assert_int_equal(*length, needed);
  tern_model_free(model);
}

/* ---------------------------------------------------------------------------------------------------- callbacks */

typedef struct stop {
  int calls, stop_at;
  int32_t answer;
} stop;

static int32_t stop_there(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss;
  stop *stop = context;
  return ++stop->calls == stop->stop_at ? stop->answer : 0;
}

/* Stopped at its first, second ... call: the number comes back, no model appears, nothing is half-written. */
static void test_callbacks(void **state) {
  (void)state;
  tern_dataset *train = helper_dataset(10);
  tern_options *options = helper_options();
  stop quiet = {.stop_at = -1};
  tern_model *model = NULL;
  assert_int_equal(tern_model_fit(&model, "ridge", train, options, stop_there, &quiet), TERN_SUCCESS);
  assert_true(quiet.calls >= 2);
  tern_model_free(model);
  for (int at = 1; at <= 2; at++)
    for (int32_t answer = -77; answer <= 3; answer += 80) {
      stop stop = {.stop_at = at, .answer = answer};
      tern_model *kept = (tern_model *)(void *)guarded;
      assert_int_equal(tern_model_fit(&kept, "ridge", train, options, stop_there, &stop),
                       answer < 0 ? answer : TERN_CANCELLED);
      assert_ptr_equal(kept, guarded);
      assert_int_equal(stop.calls, at); /* not asked again */
    }
  tern_options_free(options);
  tern_dataset_free(train);
}

static void test_callback_of_write(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/failure_features.safetensors";
  tern_dataset *dataset = helper_dataset(5);
  tern_descriptor *descriptor = new_descriptor("power_spectrum");
  stop stop = {.stop_at = 1, .answer = -5};
  unlink(path);
  assert_int_equal(tern_descriptor_write(descriptor, dataset, path, stop_there, &stop), -5);
  assert_int_equal(access(path, F_OK), -1);
  assert_int_equal(tern_descriptor_write(descriptor, dataset, path, NULL, NULL), TERN_SUCCESS);
  assert_int_equal(access(path, F_OK), 0);
  unlink(path);
  tern_descriptor_free(descriptor);
  tern_dataset_free(dataset);
}

/* ------------------------------------------------------------------------------------------------------- memory */

/* One whole life: read, fit, save, load, predict, describe. */
static int32_t live(const char *structures, const char *stored) {
  tern_dataset *dataset = NULL;
  tern_options *options = NULL;
  tern_model *model = NULL, *loaded = NULL;
  tern_system *system = NULL;
  tern_descriptor *descriptor = NULL;
  double energy, forces[HELPER_ATOMS][3], virial[9];
  static double values[GUARDED];
  int32_t status = tern_options_new(&options);
  if (!status) status = tern_options_set(options, "cutoff", "4");
  if (!status) status = tern_options_set(options, "n_max", "2");
  if (!status) status = tern_options_set(options, "l_max", "1");
  if (!status) status = tern_options_set(options, "threads", "1");
  if (!status) status = tern_options_set(options, "spline_error", "1e-5");
  if (!status) status = tern_dataset_read(&dataset, structures, options);
  if (!status) status = tern_model_fit(&model, "ridge", dataset, options, NULL, NULL);
  if (!status) status = tern_model_save(model, stored);
  if (!status) status = tern_model_load(&loaded, stored);
  if (!status) status = tern_dataset_system(dataset, 0, &system);
  if (!status) status = tern_model_predict(loaded, system, &energy, forces[0], virial);
  if (!status) status = tern_options_set(options, "species", "C,Si");
  if (!status) status = tern_descriptor_new(&descriptor, "frames", options);
  if (!status) status = tern_descriptor_compute(descriptor, system, values);
  if (!status) status = tern_descriptor_labels(descriptor, NULL, 0, NULL);
  tern_descriptor_free(descriptor);
  tern_system_free(system);
  tern_model_free(loaded);
  tern_model_free(model);
  tern_dataset_free(dataset);
  tern_options_free(options);
  return status;
}

/* The same life with the first, second, third ... allocation failing: each ends with TERN_ERROR_MEMORY and a message.
 */
static void test_out_of_memory(void **state) {
  (void)state;
  const char *structures = TEST_BINARY_DIR "/failure_memory.xyz", *stored = TEST_BINARY_DIR "/failure_memory.tern";
  tern_dataset *dataset = helper_dataset(4);
  assert_int_equal(tern_dataset_write(dataset, structures), TERN_SUCCESS);
  tern_dataset_free(dataset);
  assert_int_equal(live(structures, stored), TERN_SUCCESS);
  int64_t failures = 0;
  for (int64_t at = 1;; at++) {
    tern_options *options = NULL;
    assert_int_equal(tern_options_new(&options), TERN_SUCCESS);
    assert_int_not_equal(tern_options_set(options, "nothing", "1"), TERN_SUCCESS); /* a message that must be replaced */
    tern_options_free(options);
    memory_fail_at(at);
    const int32_t status = live(structures, stored);
    memory_fail_at(0);
    if (status == TERN_SUCCESS)
      break;
    if (status != TERN_ERROR_MEMORY || strstr(helper_message(), "nothing"))
      fail_msg("allocation %d: status %d, %s", (int)at, (int)status, helper_message());
    failures++;
  }
  assert_true(failures > 50);
  unlink(structures);
  unlink(stored);
}

static void test_memory_limit(void **state) {
  (void)state;
  tern_dataset *train = helper_dataset(10);
  tern_options *options = helper_options();
  tern_model *model = NULL;
  assert_int_equal(tern_options_set(options, "memory_limit", "1k"), TERN_SUCCESS);
  assert_int_equal(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_ERROR_MEMORY);
  assert_non_null(strstr(helper_message(), "memory_limit (1000 bytes"));
  assert_null(model);
  assert_int_equal(tern_options_set(options, "memory_limit", "1GiB"), TERN_SUCCESS);
  assert_int_equal(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_SUCCESS);
  tern_model_free(model);
  tern_options_free(options);
  tern_dataset_free(train);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_descriptor_outputs), cmocka_unit_test(test_model_outputs),
                                     cmocka_unit_test(test_text_outputs),       cmocka_unit_test(test_callbacks),
                                     cmocka_unit_test(test_callback_of_write),  cmocka_unit_test(test_out_of_memory),
                                     cmocka_unit_test(test_memory_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
