/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are damaged, of another version, or cannot be written: refused, with nothing half-written; memory that
   runs out is refused before it is taken. */
#include "common.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lengths between two truncations; the environment thins them out where a test is slow. */
static int64_t stride(void) {
  const char *text = getenv("TEST_STRIDE");
  return text == NULL ? 1 : atoi(text);
}

static int32_t load_model(const char *path) {
  tern_model *const untouched = (tern_model *)&untouched;
  tern_model *model = untouched;
  const int32_t status = tern_model_load(&model, path);
  if (status == TERN_SUCCESS)
    MUST(tern_model_free(model));
  else
    assert_ptr_equal(model, untouched);
  return status;
}

static int32_t load_descriptor(const char *path) {
  tern_descriptor *const untouched = (tern_descriptor *)&untouched;
  tern_descriptor *descriptor = untouched;
  const int32_t status = tern_descriptor_load(&descriptor, path);
  if (status == TERN_SUCCESS)
    MUST(tern_descriptor_free(descriptor));
  else
    assert_ptr_equal(descriptor, untouched);
  return status;
}

typedef int32_t (*loader)(const char *path);

static void store(const char *model_path, const char *descriptor_path) {
  tern_model *model = small_model();
  tern_options *options = small_options();
  tern_descriptor *descriptor = NULL;
  MUST(tern_model_save(model, model_path));
  MUST(tern_descriptor_new(&descriptor, "power_spectrum", options));
  MUST(tern_descriptor_save(descriptor, descriptor_path));
  MUST(tern_descriptor_free(descriptor));
  MUST(tern_options_free(options));
  MUST(tern_model_free(model));
}

/* ---- damaged files ---- */

static void truncated(const char *path, loader load) {
  int64_t size;
  char *bytes = file_bytes(path, &size);
  assert_int_equal(load(path), TERN_SUCCESS);
  for (int64_t length = 0; length < size; length += stride()) {
    file_write("truncated.tern", bytes, length);
    FAILS(load("truncated.tern"), TERN_ERROR_FORMAT, "truncated.tern");
  }
  file_write("truncated.tern", bytes, size);
  assert_int_equal(load("truncated.tern"), TERN_SUCCESS);
  bytes[size] = 'x';
  file_write("truncated.tern", bytes, size + 1);
  FAILS(load("truncated.tern"), TERN_ERROR_FORMAT, "truncated.tern");
  free(bytes);
}

static void every_truncation_is_refused(void **state) {
  (void)state;
  store("whole.tern", "whole.descriptor");
  truncated("whole.tern", load_model);
  truncated("whole.descriptor", load_descriptor);
}

static void of_version(const char *path, char version, loader load, int32_t status, const char *says) {
  int64_t size;
  char *bytes = file_bytes(path, &size);
  static const char key[] = "\"format_version\":\"";
  char *place = memmem(bytes, (size_t)size, key, sizeof key - 1);
  assert_non_null(place);
  place[sizeof key - 1] = version;
  file_write("version.tern", bytes, size);
  if (status == TERN_SUCCESS)
    assert_int_equal(load("version.tern"), TERN_SUCCESS);
  else
    FAILS(load("version.tern"), status, says);
  free(bytes);
}

static void another_version_is_refused(void **state) {
  (void)state;
  store("whole.tern", "whole.descriptor");
  of_version("whole.tern", '1', load_model, TERN_SUCCESS, "");
  of_version("whole.descriptor", '1', load_descriptor, TERN_SUCCESS, "");
  for (char version = '2'; version <= '9'; version++) {
    const char says[] = {'v', 'e', 'r', 's', 'i', 'o', 'n', ' ', version, 0};
    if (version > '4') /* what sums, vectors and tensors need is read */
      of_version("whole.tern", version, load_model, TERN_ERROR_VERSION, says);
    of_version("whole.descriptor", version, load_descriptor, TERN_ERROR_VERSION, says);
  }
  FAILS(load_model("whole.descriptor"), TERN_ERROR_FORMAT, "whole.descriptor");
  FAILS(load_descriptor("whole.tern"), TERN_ERROR_FORMAT, "whole.tern");
  FAILS(load_model(CLUSTERS), TERN_ERROR_FORMAT, "clusters.extxyz");
  FAILS(load_model("."), TERN_ERROR_FILE, "directory");
  FAILS(load_model("not/there"), TERN_ERROR_FILE, "not/there");
}

/* ---- files that cannot be written ---- */

typedef struct written {
  tern_model *model;
  tern_descriptor *descriptor;
  tern_dataset *dataset;
} written;

static int32_t save_model(written *made, const char *path) { return tern_model_save(made->model, path); }
static int32_t save_descriptor(written *made, const char *path) { return tern_descriptor_save(made->descriptor, path); }
static int32_t save_dataset(written *made, const char *path) { return tern_dataset_write(made->dataset, path); }
static int32_t save_features(written *made, const char *path) {
  return tern_descriptor_write(made->descriptor, made->dataset, path, NULL, NULL);
}

static int32_t save_by_writer(written *made, const char *path) {
  tern_writer *writer = NULL;
  int32_t status = tern_writer_open(&writer, path);
  for (int64_t k = 0; k < 10 && status == TERN_SUCCESS; k++) {
    tern_system *system = NULL;
    MUST(tern_dataset_system(made->dataset, k, &system));
    status = tern_writer_append(writer, system, NULL, NULL, NULL);
    MUST(tern_system_free(system));
  }
  if (status == TERN_SUCCESS)
    status = tern_writer_close(writer);
  MUST(tern_writer_free(writer));
  return status;
}

static int32_t (*const savers[])(written *, const char *) = {save_model, save_descriptor, save_dataset, save_features,
                                                             save_by_writer};
enum { SAVERS = sizeof savers / sizeof savers[0] };

static written written_new(void) {
  written made = {.model = small_model(), .dataset = read_clusters()};
  tern_options *options = small_options();
  MUST(tern_descriptor_new(&made.descriptor, "power_spectrum", options));
  MUST(tern_options_free(options));
  return made;
}

static void written_free(written *made) {
  MUST(tern_model_free(made->model));
  MUST(tern_descriptor_free(made->descriptor));
  MUST(tern_dataset_free(made->dataset));
}

static int count_entries(const char *folder) {
  int count = 0;
  DIR *directory = opendir(folder);
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

static void unwritable_paths_are_refused(void **state) {
  (void)state;
  written made = written_new();
  mkdir("folder", 0777);
  for (int k = 0; k < SAVERS; k++) {
    FAILS(savers[k](&made, "not/there/file"), TERN_ERROR_FILE, "not/there/file");
    FAILS(savers[k](&made, "folder"), TERN_ERROR_FILE, "folder");
    FAILS(savers[k](&made, CLUSTERS "/below_a_file"), TERN_ERROR_FILE, "below_a_file");
    FAILS(savers[k](&made, ""), TERN_ERROR_FILE, "''");
  }
  assert_int_equal(count_entries("folder"), 2);
  written_free(&made);
}

/* The disk is full after a few bytes: the file of before stays, and no temporary file is left. */
static void a_full_disk_leaves_the_old_file(void **state) {
  (void)state;
  written made = written_new();
  struct rlimit before, tight;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN); /* or the system ends the process at the limit */
  mkdir("full", 0777);
  file_write("full/file", "old", 3);
  getrlimit(RLIMIT_FSIZE, &before);
  tight = before;
  tight.rlim_cur = 100;
  for (int k = 0; k < SAVERS; k++) {
    setrlimit(RLIMIT_FSIZE, &tight);
    const int32_t status = savers[k](&made, "full/file");
    setrlimit(RLIMIT_FSIZE, &before);
    FAILS(status, TERN_ERROR_FILE, "full/file");
    FAILS(savers[k](&made, "/dev/full"), TERN_ERROR_FILE, "/dev/full");
    int64_t size;
    char *bytes = file_bytes("full/file", &size);
    assert_string_equal(bytes, "old");
    free(bytes);
    assert_int_equal(count_entries("full"), 3);
  }
  signal(SIGXFSZ, handler);
  written_free(&made);
}

/* A writer that is freed without being closed leaves nothing. */
static void an_unclosed_writer_leaves_nothing(void **state) {
  (void)state;
  tern_writer *writer = NULL;
  tern_system *system = dimer(2.0);
  mkdir("unclosed", 0777);
  MUST(tern_writer_open(&writer, "unclosed/file.extxyz"));
  MUST(tern_writer_append(writer, system, NULL, NULL, NULL));
  MUST(tern_writer_free(writer));
  MUST(tern_system_free(system));
  assert_int_equal(count_entries("unclosed"), 2);
}

/* ---- memory ---- */

static void memory_is_limited(void **state) {
  (void)state;
  tern_options *options = small_options();
  tern_dataset *train = read_clusters(), *dataset = NULL;
  tern_model *model = NULL;
  tern_descriptor *descriptor = NULL;
  tern_system *system = dimer(2.0);
  double values[256];
  MUST(tern_options_set_int(options, "memory_limit", 1000));
  FAILS(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_ERROR_MEMORY, "memory_limit");
  FAILS(tern_model_fit(&model, "ridge", train, options, NULL, NULL), TERN_ERROR_MEMORY, "bytes");
  FAILS(tern_dataset_read(&dataset, CLUSTERS, options), TERN_ERROR_MEMORY, "memory_limit");
  MUST(tern_options_set_int(options, "memory_limit", 64));
  MUST(tern_descriptor_new(&descriptor, "power_spectrum", options));
  FAILS(tern_descriptor_compute(descriptor, system, values), TERN_ERROR_MEMORY, "memory_limit");
  FAILS(tern_descriptor_write(descriptor, train, "limited.npy", NULL, NULL), TERN_ERROR_MEMORY, "memory_limit");
  assert_false(file_exists("limited.npy"));
  assert_null(model);
  assert_null(dataset);
  MUST(tern_descriptor_free(descriptor));
  MUST(tern_system_free(system));
  MUST(tern_dataset_free(train));
  MUST(tern_options_free(options));
}

int test_files(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_truncation_is_refused),     cmocka_unit_test(another_version_is_refused),
    cmocka_unit_test(unwritable_paths_are_refused),    cmocka_unit_test(a_full_disk_leaves_the_old_file),
    cmocka_unit_test(an_unclosed_writer_leaves_nothing), cmocka_unit_test(memory_is_limited)};
  return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
