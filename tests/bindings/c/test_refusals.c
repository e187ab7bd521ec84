/* SPDX-License-Identifier: BSD-3-Clause */
/* What must be refused, from the golden list: status, the words of the message, line and column. */
#include "common.h"

#include <stdio.h>
#include <string.h>

static void options_are_refused(void **state) {
  (void)state;
  tern_options *options = NULL;
  golden keys = golden_read("errors.txt", "option_keys"), values = golden_read("errors.txt", "option_values");
  golden status = golden_read("errors.txt", "option_status"), says = golden_read("errors.txt", "option_says"),
         too = golden_read("errors.txt", "option_says_too");
  MUST(tern_options_new(&options));
  for (int k = 0; k < keys.count; k++) {
    const int32_t got = tern_options_set(options, keys.lines[k], values.lines[k]);
    fails(got, (int32_t)status.values[k], says.lines[k], keys.lines[k], __FILE__, __LINE__);
    fails(got, (int32_t)status.values[k], too.lines[k], keys.lines[k], __FILE__, __LINE__);
  }
  FAILS(tern_options_set_double(options, "cutof", 5.0), TERN_ERROR_OPTION, "did you mean 'cutoff'?");
  FAILS(tern_options_set_int(options, "n_max", 0), TERN_ERROR_OPTION, "n_max");
  FAILS(tern_options_set_string(options, "group", "o4"), TERN_ERROR_OPTION, "so3");
  FAILS(tern_options_set_doubles(options, "species", 1, (double[]){1.5}), TERN_ERROR_OPTION, "species");
  FAILS(tern_options_set_ints(options, "species", 2, (int64_t[]){14, 119}), TERN_ERROR_OPTION, "119");
  MUST(tern_options_free(options));
  golden_free(&keys);
  golden_free(&values);
  golden_free(&status);
  golden_free(&says);
  golden_free(&too);
}

/* A refused value leaves the one before in force. */
static void a_refused_option_keeps_its_value(void **state) {
  (void)state;
  char value[32];
  tern_options *options = NULL;
  MUST(tern_options_new(&options));
  MUST(tern_options_set(options, "n_max", "5"));
  FAILS(tern_options_set(options, "n_max", "-5"), TERN_ERROR_OPTION, "-5");
  MUST(tern_options_get(options, "n_max", value, sizeof value, NULL));
  assert_string_equal(value, "5");
  MUST(tern_options_free(options));
}

static void structure_files_are_refused(void **state) {
  (void)state;
  golden paths = golden_read("errors.txt", "file_paths"), status = golden_read("errors.txt", "file_status"),
         says = golden_read("errors.txt", "file_says");
  for (int k = 0; k < paths.count; k++) {
    char path[1024];
    tern_dataset *dataset = (tern_dataset *)path;
    snprintf(path, sizeof path, "%s/%s", GOLDEN, paths.lines[k]);
    fails(tern_dataset_read(&dataset, path, NULL), (int32_t)status.values[k], says.lines[k], path, __FILE__, __LINE__);
    assert_ptr_equal(dataset, path);
  }
  golden_free(&paths);
  golden_free(&status);
  golden_free(&says);
}

/* As a stream: the good frame first, then the error with the same line and column. */
static void a_reader_names_the_line_of_a_later_frame(void **state) {
  (void)state;
  char path[1024];
  tern_reader *reader = NULL;
  tern_dataset *chunk = NULL;
  int64_t size;
  snprintf(path, sizeof path, "%s/bad/second_frame.extxyz", GOLDEN);
  MUST(tern_reader_open(&reader, path, NULL));
  MUST(tern_reader_next(reader, 1, &chunk));
  MUST(tern_dataset_size(chunk, &size));
  assert_int_equal(size, 1);
  MUST(tern_dataset_free(chunk));
  chunk = NULL;
  FAILS(tern_reader_next(reader, 1, &chunk), TERN_ERROR_FORMAT, "second_frame.extxyz:6:11");
  assert_null(chunk);
  MUST(tern_reader_free(reader));
}

int test_refusals(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(options_are_refused), cmocka_unit_test(a_refused_option_keeps_its_value),
    cmocka_unit_test(structure_files_are_refused), cmocka_unit_test(a_reader_names_the_line_of_a_later_frame)};
  return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
