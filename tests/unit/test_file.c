/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte streams: damage is noticed, and files appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "helper_folder.h"
#include "io/file.h"

static unsigned char *pattern(int64_t size) {
  unsigned char *bytes = malloc((size_t)size + 1);
  uint32_t state = 1;
  for (int64_t i = 0; i < size; ++i) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (unsigned char)(state >> 28); /* compresses somewhat */
  }
  return bytes;
}

static void write_file(const char *path, const void *bytes, int64_t size, int64_t piece) {
  output_file *file = NULL;
  assert_int_equal(output_open(&file, path), TERN_SUCCESS);
  for (int64_t at = 0; at < size; at += piece)
    assert_int_equal(output_write(file, (const char *)bytes + at, size - at < piece ? size - at : piece), TERN_SUCCESS);
  assert_int_equal(output_commit(file), TERN_SUCCESS);
  output_free(file);
}

/* Reads all; the status of the first failure. */
static int32_t read_all(input_file *file, unsigned char *bytes, int64_t capacity, int64_t piece, int64_t *size) {
  int64_t count = 1;
  for (*size = 0; count > 0; *size += count) {
    const int64_t room = capacity - *size;
    TRY(input_read(file, bytes + *size, room < piece ? room : piece, &count));
  }
  return TERN_SUCCESS;
}

static int32_t read_file(const char *path, unsigned char *bytes, int64_t capacity, int64_t piece, int64_t *size) {
  input_file *file = NULL;
  TRY(input_open(&file, path));
  const int32_t status = read_all(file, bytes, capacity, piece, size);
  input_close(file);
  return status;
}

static void round_trip(const char *name, int64_t size, int64_t written, int64_t read) {
  char path[HELPER_PATH];
  unsigned char *bytes = pattern(size), *back = malloc((size_t)size + 2);
  int64_t found = -1;
  write_file(helper_path(path, name), bytes, size, written);
  assert_int_equal(read_file(path, back, size + 1, read, &found), TERN_SUCCESS);
  assert_int_equal(found, size);
  assert_memory_equal(bytes, back, (size_t)size);
  free(bytes);
  free(back);
}

static void test_round_trips(void **state) {
  (void)state;
  static const int64_t sizes[] = {0, 1, 2, 65535, 65536, 65537, 300000};
  for (int i = 0; i < 7; ++i)
    for (int gzip = 0; gzip < 2; ++gzip) {
      round_trip(gzip ? "a.gz" : "a", sizes[i], 1000, 777);
      round_trip(gzip ? "a.gz" : "a", sizes[i], 100000, 1 << 20);
    }
  assert_int_equal(helper_count(), 2);
}

static void test_same_bytes(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t first_size = 0, second_size = 0;
  write_file(helper_path(path, "s.gz"), "hello", 5, 5);
  unsigned char *first = helper_bytes(path, &first_size);
  write_file(path, "hello", 5, 1);
  unsigned char *second = helper_bytes(path, &second_size);
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, (size_t)first_size);
  assert_true(first[0] == 0x1f && first[1] == 0x8b);
  assert_memory_equal(first + 4, "\0\0\0\0", 4); /* no date */
  free(first);
  free(second);
}

static int32_t read_memory(const unsigned char *bytes, int64_t size, unsigned char *back, int64_t capacity,
                           int64_t *found) {
  input_file *file = NULL;
  assert_int_equal(input_open_memory(&file, "memory", bytes, size), TERN_SUCCESS);
  const int32_t status = read_all(file, back, capacity, 100, found);
  input_close(file);
  return status;
}

static void test_damaged_gzip(void **state) {
  (void)state;
  enum { SIZE = 1000 };
  char path[HELPER_PATH];
  unsigned char *bytes = pattern(SIZE), back[3 * SIZE + 1];
  int64_t size = 0, found = 0;
  write_file(helper_path(path, "d.gz"), bytes, SIZE, SIZE);
  unsigned char *gzip = helper_bytes(path, &size);
  for (int64_t length = 2; length < size; ++length) {
    assert_int_equal(read_memory(gzip, length, back, sizeof back, &found), TERN_ERROR_FORMAT);
    assert_non_null(strstr(error_message(), "'memory' is a truncated gzip file"));
  }
  for (int64_t at = size - 8; at < size; ++at) { /* checksum and length */
    gzip[at] ^= 1;
    assert_int_equal(read_memory(gzip, size, back, sizeof back, &found), TERN_ERROR_FORMAT);
    assert_non_null(strstr(error_message(), "'memory' is a damaged gzip file"));
    gzip[at] ^= 1;
  }
  helper_store(path, gzip, size - 3);
  assert_int_equal(read_file(path, back, sizeof back, 100, &found), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), path));
  free(gzip);
  free(bytes);
}

static void test_gzip_members(void **state) {
  (void)state;
  char path[HELPER_PATH];
  unsigned char twice[200], back[64];
  int64_t size = 0, found = 0;
  write_file(helper_path(path, "m.gz"), "hello ", 6, 6);
  unsigned char *gzip = helper_bytes(path, &size);
  memcpy(twice, gzip, (size_t)size);
  memcpy(twice + size, gzip, (size_t)size);
  assert_int_equal(read_memory(twice, 2 * size, back, sizeof back, &found), TERN_SUCCESS);
  assert_int_equal(found, 12);
  assert_memory_equal(back, "hello hello ", 12);
  memcpy(twice + size, "xy", 2);
  assert_int_equal(read_memory(twice, size + 2, back, sizeof back, &found), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "other data follow"));
  assert_int_equal(read_memory(twice, size + 1, back, sizeof back, &found), TERN_ERROR_FORMAT);
  free(gzip);
}

static void refuse_input(const char *path, const char *says) {
  input_file *file = NULL;
  assert_int_equal(input_open(&file, path), TERN_ERROR_FILE);
  assert_null(file);
  assert_non_null(strstr(error_message(), path));
  assert_non_null(strstr(error_message(), says));
}

static void test_no_input(void **state) {
  (void)state;
  char path[HELPER_PATH];
  refuse_input(helper_path(path, "absent"), "No such file");
  refuse_input(helper_folder(), "is a directory");
}

static void assert_holds(const char *path, const char *text) {
  int64_t size = 0;
  unsigned char *bytes = helper_bytes(path, &size);
  assert_non_null(bytes);
  assert_int_equal(size, strlen(text));
  assert_memory_equal(bytes, text, (size_t)size);
  free(bytes);
}

static void test_whole_or_not_there(void **state) {
  (void)state;
  char path[HELPER_PATH];
  output_file *file = NULL;
  const int before = helper_count();
  helper_path(path, "w");
  assert_int_equal(output_open(&file, path), TERN_SUCCESS);
  assert_int_equal(output_printf(file, "%s-%d", "new", 7), TERN_SUCCESS);
  assert_int_not_equal(access(path, F_OK), 0);
  output_free(file); /* not committed */
  assert_int_not_equal(access(path, F_OK), 0);
  assert_int_equal(helper_count(), before);
  helper_store(path, "old", 3);
  assert_int_equal(output_open(&file, path), TERN_SUCCESS);
  assert_int_equal(output_printf(file, "%s-%d", "new", 7), TERN_SUCCESS);
  assert_holds(path, "old");
  assert_int_equal(output_commit(file), TERN_SUCCESS);
  assert_holds(path, "new-7");
  assert_int_equal(output_commit(file), TERN_ERROR_ARGUMENT);
  output_free(file);
  assert_int_equal(helper_count(), before + 1);
}

static void test_long_lines(void **state) {
  (void)state;
  char path[HELPER_PATH], *text = malloc(5001);
  output_file *file = NULL;
  memset(text, 'x', 5000);
  text[5000] = '\0';
  assert_int_equal(output_open(&file, helper_path(path, "l")), TERN_SUCCESS);
  assert_int_equal(output_printf(file, "%s", text), TERN_SUCCESS);
  assert_int_equal(output_commit(file), TERN_SUCCESS);
  output_free(file);
  assert_holds(path, text);
  free(text);
}

static unsigned mode_of(const char *path) {
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  return status.st_mode & 07777;
}

static void test_modes(void **state) {
  (void)state;
  char path[HELPER_PATH];
  const mode_t mask = umask(027);
  write_file(helper_path(path, "mode"), "a", 1, 1);
  umask(mask);
  assert_int_equal(mode_of(path), 0640);
  assert_int_equal(chmod(path, 0604), 0);
  write_file(path, "b", 1, 1);
  assert_int_equal(mode_of(path), 0604);
}

static void test_symbolic_link(void **state) {
  (void)state;
  char path[HELPER_PATH], link[HELPER_PATH], lost[HELPER_PATH];
  struct stat status;
  output_file *file = NULL;
  helper_store(helper_path(path, "target"), "old", 3);
  assert_int_equal(symlink("target", helper_path(link, "link")), 0);
  write_file(link, "new", 3, 3);
  assert_int_equal(lstat(link, &status), 0);
  assert_true(S_ISLNK(status.st_mode));
  assert_holds(path, "new");
  assert_int_equal(symlink("nowhere", helper_path(lost, "lost")), 0);
  assert_int_equal(output_open(&file, lost), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "symbolic link to a file that does not exist"));
}

static void refuse_output(const char *path, const char *says) {
  output_file *file = NULL;
  const int before = helper_count();
  assert_int_equal(output_open(&file, path), TERN_ERROR_FILE);
  assert_null(file);
  assert_non_null(strstr(error_message(), path));
  assert_non_null(strstr(error_message(), says));
  assert_int_equal(helper_count(), before);
}

static void test_no_output(void **state) {
  (void)state;
  char path[HELPER_PATH], inner[HELPER_PATH];
  refuse_output(helper_folder(), "is a directory");
  refuse_output(helper_path(path, "absent/file"), "No such file");
  helper_store(helper_path(path, "plain"), "x", 1);
  refuse_output(helper_path(inner, "plain/file"), "Not a directory");
}

/* As another user when the test runs as one who may write everywhere. */
static void test_no_permission(void **state) {
  (void)state;
  char path[HELPER_PATH], locked[HELPER_PATH];
  helper_store(helper_path(locked, "locked"), "x", 1);
  assert_int_equal(chmod(locked, 0444), 0);
  assert_int_equal(chmod(helper_folder(), 0755), 0);
  const uid_t user = geteuid();
  if (user == 0)
    assert_int_equal(seteuid(65534), 0);
  else
    assert_int_equal(chmod(helper_folder(), 0555), 0);
  refuse_output(helper_path(path, "forbidden"), "Permission denied");
  refuse_output(locked, "Permission denied");
  if (user == 0)
    assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(helper_folder(), 0700), 0);
}

static void test_devices(void **state) {
  (void)state;
  output_file *file = NULL;
  write_file("/dev/null", "x", 1, 1);
  assert_int_equal(output_open(&file, "/dev/full"), TERN_SUCCESS);
  assert_int_equal(output_write(file, "x", 1), TERN_SUCCESS);
  assert_int_equal(output_commit(file), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "cannot write '/dev/full': No space left"));
  output_free(file);
}

/* A limit on the size of files stands for a full disk: what was there stays, and nothing half-written is left. */
static void test_full_disk(void **state) {
  (void)state;
  char path[HELPER_PATH];
  output_file *file = NULL;
  struct rlimit before, small;
  unsigned char *bytes = pattern(200000);
  helper_store(helper_path(path, "full"), "old", 3);
  const int files = helper_count();
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 100000;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int32_t status = output_open(&file, path);
  if (status == TERN_SUCCESS)
    status = output_write(file, bytes, 200000);
  if (status == TERN_SUCCESS)
    status = output_commit(file);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "cannot write"));
  output_free(file);
  assert_holds(path, "old");
  assert_int_equal(helper_count(), files);
  free(bytes);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  char path[HELPER_PATH];
  helper_path(path, "memory.gz");
  for (int64_t n = 1;; ++n) {
    output_file *file = NULL;
    memory_fail_at(n);
    const int32_t status = output_open(&file, path);
    memory_fail_at(0);
    output_free(file);
    if (status == TERN_SUCCESS)
      break;
    assert_int_equal(status, TERN_ERROR_MEMORY);
  }
  assert_int_not_equal(access(path, F_OK), 0);
}

static int end(void **state) {
  (void)state;
  helper_folder_end();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_same_bytes),
      cmocka_unit_test(test_damaged_gzip),  cmocka_unit_test(test_gzip_members),
      cmocka_unit_test(test_no_input),      cmocka_unit_test(test_whole_or_not_there),
      cmocka_unit_test(test_long_lines),    cmocka_unit_test(test_modes),
      cmocka_unit_test(test_symbolic_link), cmocka_unit_test(test_no_output),
      cmocka_unit_test(test_no_permission), cmocka_unit_test(test_devices),
      cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, end);
}
