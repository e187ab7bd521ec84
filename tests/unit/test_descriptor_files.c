/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors as files and as JSON, and the features of a data set as a file. */
#include "described.h"

#include <jansson.h>
#include <unistd.h>

#define PLACE(name) TEST_BINARY_DIR "/descriptor_" name

static tern_dataset *some_dataset(int64_t count) {
  tern_dataset *dataset = NULL;
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int64_t i = 0; i < count; i++) {
    described_atoms atoms = described_grid(3 + i, i % 2, (uint64_t)i);
    tern_system *system = described_system(&atoms);
    ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
    system_free(system);
  }
  return dataset;
}

/* ---- descriptors ---- */

static void check_same(const tern_descriptor *first, const tern_descriptor *second) {
  described_atoms atoms = described_grid(5, true, 3);
  tern_system *system = described_system(&atoms);
  int64_t rows, features, same_rows, same_features;
  double *values = described_values(first, system, &rows, &features);
  double *same = described_values(second, system, &same_rows, &same_features);
  assert_true(rows == same_rows && features == same_features);
  assert_memory_equal(values, same, (size_t)(rows * features) * sizeof *values);
  free(values);
  free(same);
  system_free(system);
}

static void test_reload(void **state) {
  static const char *const settings[] = {
      "cutoff 3.123456789012345", "n_max 3", "l_max 2", "species 8,6,1", "centers 3,0", NULL};
  (void)state;
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    tern_descriptor *made = described_new(described_kinds[k], settings), *loaded = NULL;
    ASSERT_SUCCESS(descriptor_save(made, PLACE("reload.tern")));
    ASSERT_SUCCESS(descriptor_load(&loaded, PLACE("reload.tern"), NULL));
    assert_true(loaded->kind == made->kind && loaded->n_centers == 2 && loaded->centers[0] == 3);
    check_same(made, loaded);
    descriptor_free(made);
    descriptor_free(loaded);
  }
}

/* A basis that has no use for an option does not meet it in its file. */
static void test_reload_of_points(void **state) {
  (void)state;
  const int32_t species[2] = {1, 6};
  tern_options *options = NULL;
  tern_descriptor *descriptor = NULL, *loaded = NULL;
  ASSERT_SUCCESS(options_new(&options));
  ASSERT_SUCCESS(options_set(options, "radial_basis", "bessel"));
  ASSERT_SUCCESS(descriptor_new_for_species(&descriptor, "power_spectrum", options, 2, species));
  ASSERT_SUCCESS(descriptor_save(descriptor, PLACE("points")));
  ASSERT_SUCCESS(descriptor_load(&loaded, PLACE("points"), NULL));
  assert_int_equal(descriptor->kind->features(descriptor->state), loaded->kind->features(loaded->state));
  descriptor_free(descriptor);
  descriptor_free(loaded);
  options_free(options);
}

/* Fitted species are stored although the options do not have them, and a descriptor without species is stored, too. */
static void test_reload_of_fitted(void **state) {
  (void)state;
  tern_descriptor *made = described_new("power_spectrum", NULL), *loaded = NULL;
  tern_dataset *dataset = some_dataset(2);
  run run = described_run(1);
  ASSERT_SUCCESS(descriptor_save(made, PLACE("reload.tern")));
  ASSERT_SUCCESS(descriptor_load(&loaded, PLACE("reload.tern"), NULL));
  assert_true(loaded->state == NULL && loaded->n_species == 0);
  descriptor_free(loaded);
  ASSERT_SUCCESS(descriptor_fit(made, &run, dataset));
  ASSERT_SUCCESS(descriptor_save(made, PLACE("reload.tern")));
  ASSERT_SUCCESS(descriptor_load(&loaded, PLACE("reload.tern"), NULL));
  assert_int_equal(loaded->n_species, 3);
  assert_false(options_is_set(loaded->options, "species"));
  check_same(made, loaded);
  descriptor_free(made);
  descriptor_free(loaded);
  dataset_free(dataset);
}

static json_t *info_of(const tern_descriptor *descriptor) {
  text described = {0};
  ASSERT_SUCCESS(descriptor_info(descriptor, &described));
  json_t *info = json_loads(described.data, 0, NULL);
  assert_non_null(info);
  text_free(&described);
  return info;
}

/* All values in effect are told and stored, those that were not set too; what concerns the process is not. */
static void test_info(void **state) {
  static const char *const settings[] = {"species C,H", "threads 2", "n_max 4", NULL};
  (void)state;
  tern_descriptor *descriptor = described_new("density", settings);
  json_t *info = info_of(descriptor), *options = json_object_get(info, "options");
  assert_string_equal(json_string_value(json_object_get(info, "kind")), "density");
  assert_string_equal(json_string_value(json_object_get(options, "n_max")), "4");
  assert_non_null(json_object_get(options, "cutoff"));
  assert_non_null(json_object_get(options, "spline_error"));
  assert_null(json_object_get(options, "threads"));
  assert_null(json_object_get(options, "self_pairs"));
  assert_int_equal(json_integer_value(json_array_get(json_object_get(info, "species"), 0)), 1);
  assert_int_equal(json_integer_value(json_array_get(json_object_get(info, "species"), 1)), 6);
  assert_int_equal(json_integer_value(json_object_get(info, "features")),
                   descriptor->kind->features(descriptor->state));
  json_decref(info);
  descriptor_free(descriptor);
}

static void test_labels(void **state) {
  (void)state;
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    tern_descriptor *descriptor = described_new(described_kinds[k], described_small);
    text written = {0};
    ASSERT_SUCCESS(descriptor_labels(descriptor, &written));
    json_t *labels = json_loads(written.data, 0, NULL), *label;
    size_t i;
    assert_int_equal(json_array_size(labels), descriptor->kind->features(descriptor->state));
    json_array_foreach(labels, i, label) {
      const json_int_t parity = json_integer_value(json_object_get(label, "parity"));
      assert_true(parity == 1 || parity == -1);
    }
    json_decref(labels);
    text_free(&written);
    descriptor_free(descriptor);
  }
}

/* ---- files that are none ---- */

static void write_metadata(const char *format, const char *version, const char *descriptor) {
  const metadata_entry metadata[3] = {{"format", format}, {"format_version", version}, {"descriptor", descriptor}};
  const double number = 1;
  const tensor tensor = {.name = "x", .type = TENSOR_FLOAT64, .rank = 1, .shape = {1}, .data = &number};
  ASSERT_SUCCESS(safetensors_write(PLACE("wrong.tern"), 1, &tensor, 3, metadata));
}

static void check_refused(const char *format, const char *version, const char *json, int32_t status,
                          const char *words) {
  tern_descriptor *loaded = NULL;
  write_metadata(format, version, json);
  ASSERT_FAILURE(descriptor_load(&loaded, PLACE("wrong.tern"), NULL), status, words);
  assert_non_null(strstr(error_message(), "wrong.tern"));
  assert_null(loaded);
}

static void test_wrong_files(void **state) {
  static const char *const ours = "ternion.descriptor";
  static const struct {
    const char *json, *words;
  } broken[] = {
      {"[1]", "JSON"},
      {"{\"kind\": \"density\"", "JSON"},
      {"{\"options\": {}, \"species\": []}", "'kind'"},
      {"{\"kind\": 3, \"options\": {}, \"species\": []}", "'kind'"},
      {"{\"kind\": \"densities\", \"options\": {}, \"species\": []}", "did you mean 'density'"},
      {"{\"kind\": \"density\", \"species\": []}", "'options'"},
      {"{\"kind\": \"density\", \"options\": {\"cutoff\": 3}, \"species\": []}", "'cutoff'"},
      {"{\"kind\": \"density\", \"options\": {\"cutoff\": \"-3\"}, \"species\": []}", "'cutoff'"},
      {"{\"kind\": \"density\", \"options\": {\"cutof\": \"3\"}, \"species\": []}", "'cutof'"},
      {"{\"kind\": \"density\", \"options\": {\"tag_cutoff\": \"3\"}, \"species\": []}", "'tag_cutoff'"},
      {"{\"kind\": \"density\", \"options\": {}}", "'species'"},
      {"{\"kind\": \"density\", \"options\": {}, \"species\": [8, 1]}", "ascending"},
      {"{\"kind\": \"density\", \"options\": {}, \"species\": [0]}", "from 1 to 118"},
      {"{\"kind\": \"density\", \"options\": {}, \"species\": [\"H\"]}", "from 1 to 118"},
  };
  (void)state;
  tern_descriptor *loaded = NULL;
  check_refused("ternion.model", "1", "{}", TERN_ERROR_FORMAT, "'ternion.model'");
  check_refused(ours, "2", "{}", TERN_ERROR_VERSION, "version 2; this library reads version 1");
  for (size_t k = 0; k < sizeof broken / sizeof broken[0]; k++)
    check_refused(ours, "1", broken[k].json, TERN_ERROR_FORMAT, broken[k].words);
  assert_int_not_equal(descriptor_load(&loaded, PLACE("missing.tern"), NULL), TERN_SUCCESS);
  assert_non_null(strstr(error_message(), "missing.tern"));
  tern_descriptor *made = described_new("density", described_small);
  ASSERT_FAILURE(descriptor_save(made, "/nowhere/at/all.tern"), TERN_ERROR_FILE, "/nowhere/at/all.tern");
  descriptor_free(made);
}

/* ---- features ---- */

static void check_weight(const tern_descriptor *descriptor, const tern_system *system, int64_t row, double weight) {
  run run = described_run(1);
  int64_t rows;
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
  double *weights = zeros(rows);
  ASSERT_SUCCESS(
      descriptor_weights_range(descriptor, &run, system, descriptor_all_centers(descriptor, system), weights));
  assert_true(weight == weights[row]);
  free(weights);
}

static void check_written(const tern_descriptor *descriptor, const tern_dataset *dataset,
                          const safetensors_file *file) {
  const tensor *values = safetensors_find(file, "values"), *rows = safetensors_find(file, "rows");
  const tensor *weights = safetensors_find(file, "weights");
  const double *value = values->data;
  const int64_t *index = rows->data, size = descriptor->index_size;
  int64_t total = 0;
  for (int64_t structure = 0; structure < dataset->size; structure++) {
    const tern_system *system = dataset->frames[structure]->system;
    run run = described_run(1);
    int64_t count, features;
    double *expected = described_values(descriptor, system, &count, &features);
    int64_t *indices = calloc((size_t)(count * size) + 1, sizeof *indices);
    ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, indices));
    assert_int_equal(weights != NULL, size > 2);
    for (int64_t k = 0; weights != NULL && k < count; k++)
      check_weight(descriptor, system, k, ((const double *)weights->data)[total + k]);
    assert_memory_equal(value + total * features, expected, (size_t)(count * features) * sizeof *value);
    for (int64_t k = 0; k < count * size; k++)
      assert_int_equal(index[total * size + k], k % size == 0 ? structure : indices[k]);
    total += count;
    free(expected);
    free(indices);
  }
  assert_true(values->rank == 2 && values->shape[0] == total && rows->shape[0] == total && rows->shape[1] == size);
}

static void test_write(void **state) {
  (void)state;
  tern_dataset *dataset = some_dataset(4);
  for (int k = 0; k < DESCRIBED_KINDS; k++) {
    tern_descriptor *descriptor = described_new(described_kinds[k], described_small);
    safetensors_file *file = NULL;
    run run = described_run(2);
    ASSERT_SUCCESS(descriptor_write(descriptor, &run, dataset, PLACE("features.safetensors")));
    assert_int_equal(run.memory_used, 0);
    ASSERT_SUCCESS(safetensors_read(&file, PLACE("features.safetensors")));
    check_written(descriptor, dataset, file);
    json_t *labels = json_loads(safetensors_metadata(file, "labels"), 0, NULL);
    assert_int_equal(json_array_size(labels), descriptor->kind->features(descriptor->state));
    json_decref(labels);
    assert_string_equal(safetensors_metadata(file, "descriptor"), described_kinds[k]);
    assert_non_null(strstr(safetensors_metadata(file, "options"), "\"cutoff\":\"3.1\""));
    assert_string_equal(safetensors_metadata(file, "species"), "[1,6,8]");
    safetensors_free(file);
    descriptor_free(descriptor);
  }
  dataset_free(dataset);
}

/* What NumPy's format asks for: magic, version, length of the header, dictionary, a new line, then the numbers. */
static void test_write_array(void **state) {
  (void)state;
  tern_dataset *dataset = some_dataset(1);
  tern_descriptor *descriptor = described_new("power_spectrum", described_small);
  run run = described_run(1);
  int64_t rows, features;
  char header[129] = "", expected[128];
  double *values = described_values(descriptor, dataset->frames[0]->system, &rows, &features),
         *found = zeros(rows * features);
  ASSERT_SUCCESS(descriptor_write(descriptor, &run, dataset, PLACE("features.npy")));
  FILE *file = fopen(PLACE("features.npy"), "rb");
  assert_non_null(file);
  assert_int_equal(fread(header, 1, 128, file), 128);
  assert_memory_equal(header, "\x93NUMPY\x01\x00\x76\x00", 10);
  snprintf(expected, sizeof expected, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", (int)rows,
           (int)features);
  assert_memory_equal(header + 10, expected, strlen(expected));
  assert_true(header[127] == '\n' && header[126] == ' ');
  assert_int_equal(fread(found, sizeof *found, (size_t)(rows * features) + 1, file), rows * features);
  assert_memory_equal(found, values, (size_t)(rows * features) * sizeof *values);
  fclose(file);
  free(values);
  free(found);
  descriptor_free(descriptor);
  dataset_free(dataset);
}

static int32_t stop_at_second_pass(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)done, (void)total, (void)loss;
  *(int32_t *)context += 1;
  return strcmp(stage, "features") == 0 ? 3 : 0;
}

/* Whatever goes wrong, the file that was there stays, and nothing else appears. */
static void test_write_stopped(void **state) {
  static const char *const known[] = {"species 8,1", NULL};
  (void)state;
  tern_dataset *dataset = some_dataset(3);
  tern_descriptor *descriptor = described_new("density", described_small), *strict = described_new("density", known);
  int32_t calls = 0;
  run run = described_run(1), stopped;
  ASSERT_SUCCESS(run_init(&stopped, NULL, stop_at_second_pass, &calls));
  unlink(PLACE("stopped.safetensors"));
  assert_int_equal(descriptor_write(descriptor, &stopped, dataset, PLACE("stopped.safetensors")), TERN_CANCELLED);
  assert_true(calls >= 2);
  assert_int_equal(access(PLACE("stopped.safetensors"), F_OK), -1);
  ASSERT_FAILURE(descriptor_write(strict, &run, dataset, PLACE("stopped.npy")), TERN_ERROR_DATA,
                 "structure 0: atom 2 is C");
  assert_int_equal(access(PLACE("stopped.npy"), F_OK), -1);
  ASSERT_FAILURE(descriptor_write(descriptor, &run, dataset, "/nowhere/at/all.npy"), TERN_ERROR_FILE,
                 "/nowhere/at/all.npy");
  assert_int_equal(run.memory_used, 0);
  descriptor_free(descriptor);
  descriptor_free(strict);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reload),      cmocka_unit_test(test_reload_of_points),
      cmocka_unit_test(test_reload_of_fitted), cmocka_unit_test(test_info),
      cmocka_unit_test(test_labels),      cmocka_unit_test(test_wrong_files),      cmocka_unit_test(test_write),
      cmocka_unit_test(test_write_array), cmocka_unit_test(test_write_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
