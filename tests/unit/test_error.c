/* SPDX-License-Identifier: BSD-3-Clause */
/* The message behind a failure: formatted, prefixed, one line of UTF-8, each thread's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "core/error.h"

static void test_format(void **state) {
  (void)state;
  assert_int_equal(error_set(TERN_ERROR_DATA, "atom %d has %s", 7, "no species"), TERN_ERROR_DATA);
  assert_string_equal(error_message(), "atom 7 has no species");
  assert_int_equal(error_prefix(TERN_ERROR_FILE, "%s: ", "a.xyz"), TERN_ERROR_FILE);
  assert_string_equal(error_message(), "a.xyz: atom 7 has no species");
  error_clear();
  assert_string_equal(error_message(), "");
}

/* The message may be its own argument. */
static void test_own_argument(void **state) {
  (void)state;
  error_set(1, "inner");
  error_set(1, "outer of %s and %s", error_message(), error_message());
  assert_string_equal(error_message(), "outer of inner and inner");
}

static void test_long(void **state) {
  (void)state;
  char lengthy[4096];
  memset(lengthy, 'x', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  error_set(1, "%s", lengthy);
  assert_int_equal(strlen(error_message()), 1023);
  error_prefix(1, "%s", "before: ");
  assert_int_equal(strlen(error_message()), 1023);
  assert_memory_equal(error_message(), "before: xxx", 11);
}

/* Cut between characters, never inside one: 1021 bytes and then a character of three. */
static void test_cut_character(void **state) {
  (void)state;
  char lengthy[2048];
  memset(lengthy, 'x', 1021);
  strcpy(lengthy + 1021, "\xe2\x82\xac\xe2\x82\xac");
  error_set(1, "%s", lengthy);
  assert_int_equal(strlen(error_message()), 1021);
}

static void test_bytes(void **state) {
  (void)state;
  error_set(1, "%s", "a\nb\tc\xff" "d\xc3\xa9");
  assert_string_equal(error_message(), "a?b?c?d\xc3\xa9");
}

static void *fail_in_thread(void *argument) {
  error_set(1, "%s", "another thread's");
  strcpy(argument, error_message());
  return NULL;
}

static void test_thread(void **state) {
  (void)state;
  pthread_t thread;
  char seen[64] = "";
  error_set(1, "this thread's");
  assert_int_equal(pthread_create(&thread, NULL, fail_in_thread, seen), 0);
  pthread_join(thread, NULL);
  assert_string_equal(seen, "another thread's");
  assert_string_equal(error_message(), "this thread's");
}

static int32_t try_it(int32_t status) {
  TRY(status);
  return TERN_ERROR_INTERNAL;
}

static void test_try(void **state) {
  (void)state;
  assert_int_equal(try_it(TERN_ERROR_FILE), TERN_ERROR_FILE);
  assert_int_equal(try_it(-3), -3);
  assert_int_equal(try_it(TERN_SUCCESS), TERN_ERROR_INTERNAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_format),        cmocka_unit_test(test_own_argument), cmocka_unit_test(test_long),
    cmocka_unit_test(test_cut_character), cmocka_unit_test(test_bytes),        cmocka_unit_test(test_thread),
    cmocka_unit_test(test_try)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
