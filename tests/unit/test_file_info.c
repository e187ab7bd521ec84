/* SPDX-License-Identifier: BSD-3-Clause */
/* What the library tells of itself and of files: JSON that parses, and says what the file is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper_data.h"

static json_t *file_info(const char *path) {
  int64_t length = -1;
  assert_int_equal(tern_file_info(path, NULL, 0, &length), TERN_SUCCESS);
  char *text = malloc((size_t)length + 1);
  assert_non_null(text);
  assert_int_equal(tern_file_info(path, text, length + 1, NULL), TERN_SUCCESS);
  assert_int_equal(strlen(text), length);
  json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
  if (!json)
    fail_msg("no JSON: %s", text);
  free(text);
  return json;
}

static const char *member(const json_t *json, const char *key) { return json_string_value(json_object_get(json, key)); }
static int64_t number(const json_t *json, const char *key) { return json_integer_value(json_object_get(json, key)); }

static void test_structures(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/file_info.xyz.gz";
  tern_dataset *dataset = helper_dataset(205); /* more than one piece of the reader */
  assert_int_equal(tern_dataset_write(dataset, path), TERN_SUCCESS);
  tern_dataset_free(dataset);
  json_t *json = file_info(path);
  assert_string_equal(member(json, "what"), "structures");
  assert_int_equal(number(json, "structures"), 205);
  assert_int_equal(number(json, "atoms"), 205 * HELPER_ATOMS);
  assert_int_equal(number(json_object_get(json, "species"), "Si"), 205 * HELPER_ATOMS / 2);
  assert_int_equal(number(json, "energies"), 205);
  assert_int_equal(number(json, "forces"), 205);
  assert_int_equal(number(json, "virials"), 0);
  json_decref(json);
  unlink(path);
}

static void test_model(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/file_info.tern";
  tern_dataset *train = helper_dataset(8);
  tern_options *options = helper_options();
  tern_model *model = NULL;
  assert_int_equal(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_SUCCESS);
  assert_int_equal(tern_model_save(model, path), TERN_SUCCESS);
  json_t *json = file_info(path);
  assert_string_equal(member(json, "what"), "model");
  assert_string_equal(member(json, "kind"), "ridge");
  assert_string_equal(member(json_object_get(json, "descriptor"), "kind"), "power_spectrum");
  assert_true(json_array_size(json_object_get(json, "tensors")) >= 2);
  json_decref(json);
  unlink(path);
  tern_model_free(model);
  tern_options_free(options);
  tern_dataset_free(train);
}

static void test_features(void **state) {
  (void)state;
  static const char *const paths[] = {TEST_BINARY_DIR "/file_info.safetensors", TEST_BINARY_DIR "/file_info.npy"};
  static const char *const what[] = {"features", "array"};
  tern_dataset *dataset = helper_dataset(2);
  tern_options *options = helper_options();
  tern_descriptor *descriptor = NULL;
  assert_int_equal(tern_options_set(options, "species", "C,Si"), TERN_SUCCESS);
  assert_int_equal(tern_descriptor_new(&descriptor, "density", options), TERN_SUCCESS);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tern_descriptor_write(descriptor, dataset, paths[i], NULL, NULL), TERN_SUCCESS);
    json_t *json = file_info(paths[i]);
    assert_string_equal(member(json, "what"), what[i]);
    json_decref(json);
    unlink(paths[i]);
  }
  tern_descriptor_free(descriptor);
  tern_options_free(options);
  tern_dataset_free(dataset);
}

static void test_no_file_of_ours(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/file_info.txt";
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("Dear diary\n", file);
  fclose(file);
  assert_int_equal(tern_file_info(path, NULL, 0, NULL), TERN_ERROR_FORMAT);
  assert_non_null(strstr(helper_message(), "file_info.txt:1:"));
  unlink(path);
  assert_int_equal(tern_file_info(path, NULL, 0, NULL), TERN_ERROR_FILE);
  assert_int_equal(tern_file_info(TEST_BINARY_DIR, NULL, 0, NULL), TERN_ERROR_FILE);
}

static void test_library(void **state) {
  (void)state;
  char text[4096];
  int64_t length;
  assert_int_equal(tern_info(text, sizeof text, &length), TERN_SUCCESS);
  json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(json);
  assert_string_equal(member(json, "release"), TERN_VERSION_STRING);
  assert_int_equal(number(json, "abi"), TERN_ABI_VERSION);
  assert_int_equal(number(json_object_get(json, "blas"), "integer_bits"), 32);
  const json_t *kernels = json_object_get(json, "kernels");
  assert_non_null(strstr(member(kernels, "available"), member(kernels, "in_use")));
  json_decref(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_structures), cmocka_unit_test(test_model),
                                     cmocka_unit_test(test_features), cmocka_unit_test(test_no_file_of_ours),
                                     cmocka_unit_test(test_library)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
