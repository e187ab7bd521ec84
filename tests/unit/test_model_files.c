/* SPDX-License-Identifier: BSD-3-Clause */
/* Model files: they come back bit for bit, damaged and foreign ones are refused, old ones load for ever. */
#include "model_checks.h"

#include <unistd.h>

#define STORED TEST_SOURCE_DIR "/data/ridge_format_1.tern"
#define SCRATCH TEST_BINARY_DIR "/test_model_files.tern"

static void assert_same_predictions(const tern_model *one, const tern_model *two) {
  run run = serial();
  tern_system *system = many_atoms(0.1);
  double energy[2], forces[2][3 * MANY], virial[2][9];
  ASSERT_SUCCESS(model_predict(one, &run, system, &energy[0], forces[0], virial[0], NULL, NULL));
  ASSERT_SUCCESS(model_predict(two, &run, system, &energy[1], forces[1], virial[1], NULL, NULL));
  assert_memory_equal(&energy[0], &energy[1], sizeof energy[0]);
  assert_memory_equal(forces[0], forces[1], sizeof forces[0]);
  assert_memory_equal(virial[0], virial[1], sizeof virial[0]);
  system_free(system);
}

static char *contents(const char *path, long *length) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *bytes = calloc(1, (size_t)*length + 1);
  assert_int_equal(fread(bytes, 1, (size_t)*length, file), *length);
  fclose(file);
  return bytes;
}

static void write_contents(const char *path, const char *bytes, long length) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, (size_t)length, file), length);
  fclose(file);
}

static void test_files(void **state) {
  (void)state;
  tern_model *model = small_model(), *again = small_model(), *loaded = NULL;
  text infos[2] = {{0}};
  long lengths[3];
  char *bytes[3];
  ASSERT_SUCCESS(model_save(model, SCRATCH));
  ASSERT_SUCCESS(model_load(&loaded, SCRATCH));
  assert_same_predictions(model, loaded);
  bytes[0] = contents(SCRATCH, &lengths[0]);
  ASSERT_SUCCESS(model_save(loaded, SCRATCH));
  bytes[1] = contents(SCRATCH, &lengths[1]);
  ASSERT_SUCCESS(model_save(again, SCRATCH)); /* the same fit gives the same file */
  bytes[2] = contents(SCRATCH, &lengths[2]);
  for (int k = 1; k < 3; k++) {
    assert_int_equal(lengths[0], lengths[k]);
    assert_memory_equal(bytes[0], bytes[k], (size_t)lengths[0]);
  }
  ASSERT_SUCCESS(model_info(loaded, &infos[0]));
  ASSERT_SUCCESS(model_info(model, &infos[1]));
  const char *const parts[] = {"\"condition\"", "\"rank\"",       "\"errors\"",
                               "\"e0\"",        "\"provenance\"", "\"format_version\": 1"};
  for (int k = 0; k < 2; k++)
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
      assert_non_null(strstr(infos[k].data, parts[part]));
  assert_non_null(strstr(infos[1].data, "\"seconds\""));
  assert_null(strstr(infos[0].data, "seconds\"")); /* times differ from run to run */
  for (int k = 0; k < 3; k++)
    free(bytes[k]);
  text_free(&infos[0]);
  text_free(&infos[1]);
  model_free(model);
  model_free(again);
  model_free(loaded);
  unlink(SCRATCH);
}

/* Options that no short decimal stands for are kept to the last bit. */
static void test_odd_options(void **state) {
  (void)state;
  const double cutoff = 10 / 3.0 + 0.1, sigma = 0.1 + 0.2;
  tern_dataset *dataset = training_set();
  tern_options *options = OPTIONS("n_max", "2", "l_max", "2");
  tern_model *loaded = NULL;
  double found;
  ASSERT_SUCCESS(options_set_numbers(options, "cutoff", 1, &cutoff, NULL));
  ASSERT_SUCCESS(options_set_numbers(options, "sigma", 1, &sigma, NULL));
  tern_model *model = fitted(dataset, options);
  ASSERT_SUCCESS(model_save(model, SCRATCH));
  ASSERT_SUCCESS(model_load(&loaded, SCRATCH));
  assert_true(loaded->parts[0].descriptor->cutoff == cutoff);
  ASSERT_SUCCESS(options_real(loaded->parts[0].descriptor->options, "sigma", &found));
  assert_true(found == sigma);
  assert_same_predictions(model, loaded);
  model_free(model);
  model_free(loaded);
  dataset_free(dataset);
  unlink(SCRATCH);
}

static void refuse_file(const char *bytes, long length, int32_t status, const char *says) {
  tern_model *model = NULL;
  write_contents(SCRATCH, bytes, length);
  const int32_t found = model_load(&model, SCRATCH);
  if (found != status || model != NULL || strstr(error_message(), says) == NULL)
    fail_msg("status %d instead of %d, message '%s' without '%s'", found, status, error_message(), says);
}

/* The bytes with `from` replaced by `to`, which must be as long. */
static void refuse_changed(const char *bytes, long length, const char *from, const char *to, int32_t status,
                           const char *says) {
  char *changed = calloc(1, (size_t)length + 1), *place = NULL;
  memcpy(changed, bytes, (size_t)length);
  for (long k = 0; k + (long)strlen(from) <= length && place == NULL; k++)
    place = memcmp(changed + k, from, strlen(from)) == 0 ? changed + k : NULL;
  assert_non_null(place);
  assert_int_equal(strlen(from), strlen(to));
  memcpy(place, to, strlen(to));
  refuse_file(changed, length, status, says);
  free(changed);
}

static void test_bad_files(void **state) {
  (void)state;
  tern_model *model = small_model(), *loaded = NULL;
  long length;
  ASSERT_SUCCESS(model_save(model, SCRATCH));
  char *bytes = contents(SCRATCH, &length);
  for (long cut = 0; cut < length; cut += cut < 3000 ? 37 : 401)
    refuse_file(bytes, cut, TERN_ERROR_FORMAT, SCRATCH);
  refuse_changed(bytes, length, "\"format_version\":\"1\"", "\"format_version\":\"5\"", TERN_ERROR_VERSION,
                 "version 5");
  refuse_changed(bytes, length, "ternion.model", "ternion.nodel", TERN_ERROR_FORMAT, "ternion.nodel");
  refuse_changed(bytes, length, "\"kind\":\"ridge\"", "\"kind\":\"fudge\"", TERN_ERROR_FORMAT, "fudge");
  refuse_changed(bytes, length, "ridge.weights", "ridge.weightz", TERN_ERROR_FORMAT, "ridge.weights");
  refuse_changed(bytes, length, "\"e0\":{\"dtype", "\"e1\":{\"dtype", TERN_ERROR_FORMAT, "e0");
  refuse_changed(bytes, length, "force_weight", "farce_weight", TERN_ERROR_FORMAT, "farce_weight");
  ASSERT_SUCCESS(descriptor_save(model->parts[0].descriptor, SCRATCH));
  assert_int_equal(model_load(&loaded, SCRATCH), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "ternion.descriptor"));
  assert_int_equal(model_load(&loaded, TEST_BINARY_DIR), TERN_ERROR_FILE);
  assert_int_equal(model_save(model, TEST_BINARY_DIR "/no/such/folder.tern"), TERN_ERROR_FILE);
  free(bytes);
  unlink(SCRATCH);
  model_free(model);
}

/* The first format must load for ever; its predictions are golden ones. */
static void test_stored(void **state) {
  (void)state;
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_load(&model, STORED));
  check_golden_test("ridge_virial.txt", "test1_", model);
  check_golden_test("ridge_virial.txt", "test2_", model);
  model_free(model);
}

int main(int count, char **arguments) {
  if (count == 3 &&
      strcmp(arguments[1], "--store") == 0) { /* writes the golden model to a file, for a new format's test */
    tern_dataset *dataset = training_set();
    tern_model *model = fitted(dataset, golden_options("ridge_virial.txt"));
    ASSERT_SUCCESS(model_save(model, arguments[2]));
    model_free(model);
    dataset_free(dataset);
    return 0;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_odd_options),
      cmocka_unit_test(test_bad_files),
      cmocka_unit_test(test_stored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
