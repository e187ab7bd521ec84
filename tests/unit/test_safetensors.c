/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of named arrays: written the same way each time, and refused when anything is out of place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "helper_folder.h"
#include "io/safetensors.h"
#include "io/safetensors_memory.h"

static const double reals[6] = {1, -2.5, 3e-300, 0, 5, 6};
static const float singles[3] = {1.5f, 2, 3};
static const int64_t longs[2] = {INT64_MIN, 7};
static const int32_t shorts[1] = {-9};

static const tensor example[] = {
    {"reals", TENSOR_FLOAT64, 2, {2, 3}, reals},   {"singles", TENSOR_FLOAT32, 1, {3}, singles},
    {"longs", TENSOR_INT64, 1, {2}, longs},        {"scalar", TENSOR_INT32, 0, {0}, shorts},
    {"empty", TENSOR_FLOAT64, 3, {4, 0, 2}, NULL},
};
enum { N_EXAMPLE = 5 };
static const metadata_entry metadata[] = {{"version", "1"}, {"labels", "[{\"l\": 1}]"}, {"name", "\xc3\xa4 \"x\"\n"}};

static void check_example(const safetensors_file *file) {
  assert_int_equal(safetensors_count(file), N_EXAMPLE);
  for (int i = 0; i < N_EXAMPLE; ++i) {
    const tensor *found = safetensors_find(file, example[i].name);
    static const int64_t sizes[] = {8, 4, 8, 4};
    int64_t bytes = sizes[example[i].type];
    assert_ptr_equal(found, safetensors_at(file, i));
    assert_int_equal(found->type, example[i].type);
    assert_int_equal(found->rank, example[i].rank);
    for (int32_t d = 0; d < found->rank; ++d) {
      assert_int_equal(found->shape[d], example[i].shape[d]);
      bytes *= found->shape[d];
    }
    assert_int_equal((uintptr_t)found->data % 8, 0);
    if (bytes > 0)
      assert_memory_equal(found->data, example[i].data, (size_t)bytes);
  }
  for (int i = 0; i < 3; ++i)
    assert_string_equal(safetensors_metadata(file, metadata[i].key), metadata[i].value);
  assert_null(safetensors_metadata(file, "absent"));
  assert_null(safetensors_find(file, "absent"));
}

static void test_round_trip(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t size = 0, header = 0;
  safetensors_file *file = NULL;
  assert_int_equal(safetensors_write(helper_path(path, "a"), N_EXAMPLE, example, 3, metadata), TERN_SUCCESS);
  assert_int_equal(safetensors_read(&file, path), TERN_SUCCESS);
  check_example(file);
  safetensors_free(file);
  unsigned char *bytes = helper_bytes(path, &size);
  memcpy(&header, bytes, 8);
  assert_int_equal(header % 8, 0);
  assert_int_equal(size, 8 + header + 48 + 12 + 16 + 4);
  assert_memory_equal(bytes + 8, "{\"__metadata__\":{\"version\":\"1\",", 31);
  assert_memory_equal(bytes + 8 + header, reals, sizeof reals);
  free(bytes);
}

static void test_same_bytes(void **state) {
  (void)state;
  char first[HELPER_PATH], second[HELPER_PATH];
  int64_t sizes[2] = {0, 0};
  safetensors_writer *writer = NULL;
  assert_int_equal(safetensors_write(helper_path(first, "a"), N_EXAMPLE, example, 3, metadata), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_open(&writer, helper_path(second, "b"), N_EXAMPLE, example, 3, metadata),
                   TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, reals, 20), TERN_SUCCESS); /* in pieces of any size */
  assert_int_equal(safetensors_writer_append(writer, (const char *)reals + 20, 28), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, singles, 12), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, longs, 16), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, shorts, 4), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, shorts, 1), TERN_ERROR_INTERNAL); /* one too many */
  assert_int_equal(safetensors_writer_close(writer), TERN_SUCCESS);
  safetensors_writer_free(writer);
  unsigned char *a = helper_bytes(first, &sizes[0]), *b = helper_bytes(second, &sizes[1]);
  assert_int_equal(sizes[0], sizes[1]);
  assert_memory_equal(a, b, (size_t)sizes[0]);
  free(a);
  free(b);
}

static void test_incomplete(void **state) {
  (void)state;
  char path[HELPER_PATH];
  safetensors_writer *writer = NULL;
  const int before = helper_count();
  assert_int_equal(safetensors_writer_open(&writer, helper_path(path, "c"), N_EXAMPLE, example, 0, NULL), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_append(writer, reals, 48), TERN_SUCCESS);
  assert_int_equal(safetensors_writer_close(writer), TERN_ERROR_INTERNAL);
  safetensors_writer_free(writer);
  assert_int_equal(helper_count(), before);
}

static void refuse_write(const tensor *tensors, int64_t n, int32_t status) {
  char path[HELPER_PATH];
  const int before = helper_count();
  assert_int_equal(safetensors_write(helper_path(path, "refused"), n, tensors, 0, NULL), status);
  assert_int_equal(helper_count(), before);
}

static void test_refused_tensors(void **state) {
  (void)state;
  const tensor twice[2] = {{"a", TENSOR_INT32, 0, {0}, shorts}, {"a", TENSOR_INT32, 0, {0}, shorts}};
  const tensor negative = {"a", TENSOR_INT32, 1, {-1}, shorts}, nameless = {"", TENSOR_INT32, 0, {0}, shorts};
  const tensor huge = {"a", TENSOR_FLOAT64, 3, {1 << 30, 1 << 30, 1 << 30}, NULL};
  const tensor reserved = {"__metadata__", TENSOR_INT32, 0, {0}, shorts}, deep = {"a", TENSOR_INT32, 9, {0}, shorts};
  refuse_write(twice, 2, TERN_ERROR_ARGUMENT);
  refuse_write(&negative, 1, TERN_ERROR_ARGUMENT);
  refuse_write(&nameless, 1, TERN_ERROR_ARGUMENT);
  refuse_write(&huge, 1, TERN_ERROR_ARGUMENT);
  refuse_write(&reserved, 1, TERN_ERROR_ARGUMENT);
  refuse_write(&deep, 1, TERN_ERROR_ARGUMENT);
}

/* A file of a header and so many bytes of data: 0, 1, 2, ... */
static int32_t read_header(const char *header, int64_t data, safetensors_file **file) {
  const int64_t length = (int64_t)strlen(header);
  unsigned char *bytes = malloc((size_t)(8 + length + data)); /* of the exact size, for the sanitizers */
  memcpy(bytes, &length, 8);
  memcpy(bytes + 8, header, (size_t)length);
  for (int64_t i = 0; i < data; ++i)
    bytes[8 + length + i] = (unsigned char)i;
  const int32_t status = safetensors_read_memory(file, "memory", bytes, 8 + length + data);
  free(bytes);
  return status;
}

static void refuse(const char *header, int64_t data, const char *says) {
  safetensors_file *file = NULL;
  const int32_t status = read_header(header, data, &file);
  assert_int_equal(status, TERN_ERROR_FORMAT);
  assert_null(file);
  if (strncmp(error_message(), "memory: ", 8) != 0 || strstr(error_message(), says) == NULL)
    fail_msg("%s: '%s' does not say '%s'", header, error_message(), says);
}

/* Written by others: another order, no padding, data that are not aligned. */
static void test_foreign(void **state) {
  (void)state;
  safetensors_file *file = NULL;
  const tensor *found = NULL;
  const int64_t any = -1;
  assert_int_equal(read_header("{\"b\":{\"data_offsets\":[4,12],\"shape\":[1],\"dtype\":\"I64\"}, "
                               "\"a\" : {\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}   ",
                               12, &file),
                   TERN_SUCCESS);
  assert_int_equal(safetensors_get(file, "b", TENSOR_INT64, 1, &any, &found), TERN_SUCCESS);
  assert_int_equal((uintptr_t)found->data % 8, 0);
  assert_memory_equal(found->data, "\4\5\6\7\10\11\12\13", 8);
  assert_null(safetensors_metadata(file, "x"));
  safetensors_free(file);
  assert_int_equal(read_header("{}", 0, &file), TERN_SUCCESS);
  assert_int_equal(safetensors_count(file), 0);
  safetensors_free(file);
}

#define ONE(dtype, shape, offsets) "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void test_refused_headers(void **state) {
  (void)state;
  refuse("[]", 0, "does not begin with '{'");
  refuse("{]", 0, "no valid JSON");
  refuse("{}x", 0, "no valid JSON");
  refuse("{\"a\":1}", 0, "exactly dtype, shape and data_offsets");
  refuse("{\"__metadata__\":[]}", 0, "__metadata__ must be an object");
  refuse("{\"__metadata__\":{\"a\":1}}", 0, "'a' must be a string");
  refuse("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "duplicate");
  refuse("{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "no valid JSON");
  refuse("{\"__metadata__\":{\"a\":\"\xff\"}}", 0, "no valid JSON");
  refuse(ONE("\"F16\"", "[1]", "[0,2]"), 2, "dtype is F16; valid: F64, F32, I64, I32");
  refuse(ONE("3", "[1]", "[0,2]"), 2, "dtype is missing");
  refuse(ONE("\"F64\"", "[1]", "[0,4]"), 4, "do not give the size");
  refuse(ONE("\"F64\"", "[-1]", "[0,8]"), 8, "extent");
  refuse(ONE("\"F64\"", "[1.0]", "[0,8]"), 8, "extent");
  refuse(ONE("\"F64\"", "[99999999999999999999]", "[0,8]"), 8, "no valid JSON");
  refuse(ONE("\"F64\"", "[4294967296,4294967296]", "[0,8]"), 8, "do not give the size");
  refuse(ONE("\"F64\"", "[1,1,1,1,1,1,1,1,1]", "[0,8]"), 8, "at most 8");
  refuse(ONE("\"F64\"", "1", "[0,8]"), 8, "shape must be a list");
  refuse(ONE("\"F64\"", "[1]", "[0,8,9]"), 8, "two integers");
  refuse(ONE("\"F64\"", "[1]", "[0,8]"), 4, "outside of the 4 bytes");
  refuse(ONE("\"F64\"", "[1]", "[-8,0]"), 8, "outside");
  refuse(ONE("\"F64\"", "[1]", "[8,0]"), 8, "outside");
  refuse(ONE("\"F64\"", "[1]", "[0,8]"), 9, "1 bytes behind the last tensor");
  refuse(ONE("\"F64\"", "[1]", "[1,9]"), 9, "hole");
  refuse("{\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"I32\",\"shape\":[1],"
         "\"data_offsets\":[4,8]}}",
         8, "tensor 'b': its data overlap");
  refuse("{\"a\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}", 0, "exactly");
  refuse("{\"\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "1 to 63 bytes");
  refuse("{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":{\"dtype\":\"F64\",\"shape\":[0],"
         "\"data_offsets\":[0,0]}}",
         0, "1 to 63 bytes");
}

/* Deep nesting is refused before the parser's recursion can exhaust the stack. */
static void test_deep_header(void **state) {
  (void)state;
  enum { DEEP = 100000 };
  char *header = malloc(DEEP + 1);
  memset(header, '[', DEEP);
  memcpy(header, "{\"a\":", 5);
  header[DEEP] = '\0';
  refuse(header, 0, "nested");
  free(header);
}

/* Every truncation is noticed, every first byte of another file too. */
static void test_truncated(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t size = 0;
  safetensors_file *file = NULL;
  assert_int_equal(safetensors_write(helper_path(path, "t"), N_EXAMPLE, example, 3, metadata), TERN_SUCCESS);
  unsigned char *bytes = helper_bytes(path, &size);
  for (int64_t length = 0; length < size; ++length) {
    unsigned char *part = malloc((size_t)length + 1);
    memcpy(part, bytes, (size_t)length);
    assert_int_equal(safetensors_read_memory(&file, "memory", part, length), TERN_ERROR_FORMAT);
    free(part);
  }
  helper_store(path, bytes, size - 1);
  assert_int_equal(safetensors_read(&file, path), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), path));
  memset(bytes, 0xff, 8);
  assert_int_equal(safetensors_read_memory(&file, "memory", bytes, size), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "valid: 2 to 100000000"));
  free(bytes);
}

static void test_no_file(void **state) {
  (void)state;
  char path[HELPER_PATH];
  safetensors_file *file = NULL;
  assert_int_equal(safetensors_read(&file, helper_path(path, "absent")), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "No such file"));
  assert_int_equal(safetensors_read(&file, helper_folder()), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "is a directory"));
  assert_int_equal(safetensors_read(&file, "/dev/null"), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "/dev/null"));
}

static void test_get(void **state) {
  (void)state;
  char path[HELPER_PATH];
  const int64_t right[2] = {2, -1}, wrong[2] = {2, 4};
  safetensors_file *file = NULL;
  const tensor *found = NULL;
  assert_int_equal(safetensors_write(helper_path(path, "g"), N_EXAMPLE, example, 3, metadata), TERN_SUCCESS);
  assert_int_equal(safetensors_read(&file, path), TERN_SUCCESS);
  assert_int_equal(safetensors_get(file, "reals", TENSOR_FLOAT64, 2, right, &found), TERN_SUCCESS);
  assert_string_equal(found->name, "reals");
  assert_int_equal(safetensors_get(file, "reals", TENSOR_FLOAT64, 2, wrong, &found), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "'reals' has extent 3 in dimension 1; 4 is needed"));
  assert_int_equal(safetensors_get(file, "reals", TENSOR_FLOAT32, 2, right, &found), TERN_ERROR_FORMAT);
  assert_int_equal(safetensors_get(file, "absent", TENSOR_FLOAT32, 2, right, &found), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), path));
  safetensors_free(file);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t failures = 0;
  helper_path(path, "memory");
  for (int64_t n = 1; n <= 40; ++n) { /* where the folder is synchronised a failure does no harm */
    safetensors_file *file = NULL;
    memory_fail_at(n);
    int32_t status = safetensors_write(path, N_EXAMPLE, example, 3, metadata);
    if (status == TERN_SUCCESS)
      status = safetensors_read(&file, path);
    memory_fail_at(0);
    safetensors_free(file);
    assert_true(status == TERN_SUCCESS || status == TERN_ERROR_MEMORY);
    failures += status == TERN_ERROR_MEMORY;
  }
  assert_true(failures > 10 && failures < 40);
}

static int end(void **state) {
  (void)state;
  helper_folder_end();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_same_bytes),
      cmocka_unit_test(test_incomplete),      cmocka_unit_test(test_refused_tensors),
      cmocka_unit_test(test_foreign),         cmocka_unit_test(test_refused_headers),
      cmocka_unit_test(test_deep_header),     cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_no_file),         cmocka_unit_test(test_get),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, end);
}
