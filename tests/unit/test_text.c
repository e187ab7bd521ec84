/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that grows, numbers as text in every locale, the nearest word, UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "helper_locale.h"

static void test_add(void **state) {
  (void)state;
  text text = {0};
  for (int i = 0; i < 1000; i++)
    text_add(&text, "%d,", i);
  assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
  assert_int_equal(strlen(text.data), text.length);
  assert_non_null(strstr(text.data, ",499,500,"));
  int64_t length;
  char *buffer = malloc(4000);
  assert_int_equal(text_give(&text, buffer, 4000, &length), TERN_SUCCESS);
  assert_int_equal(strlen(buffer), length);
  assert_null(text.data);
  free(buffer);
}

static void test_json(void **state) {
  (void)state;
  text text = {0};
  text_add_json(&text, "a\"b\\c\nd\x01\xff\xc3\xa9");
  text_add_json(&text, NULL);
  text_add_json(&text, "");
  assert_string_equal(text.data, "\"a\\\"b\\\\c\\u000ad\\u0001\xef\xbf\xbd\xc3\xa9\"null\"\"");
  text_free(&text);
}

static void test_real(void **state) {
  (void)state;
  const double values[] = {0.1, 1e-9, 5, 1.0 / 3, -2.5e300, 4.9e-324, 0.0, 1.2345678901234568e17};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    text text = {0};
    double back = NAN;
    text_add_real(&text, values[i]);
    assert_true(text_to_real(text.data, &back));
    assert_true(back == values[i]);
    text_free(&text);
  }
  text text = {0};
  text_add_real(&text, 0.1);
  text_add_real(&text, NAN);
  text_add_real(&text, -INFINITY);
  text_add_real(&text, 1e-9);
  text_add_real(&text, 1e100);
  assert_string_equal(text.data, "0.1nullnull1e-91e+100");
  text_free(&text);
}

static void test_out_of_memory(void **state) {
  (void)state;
  text text = {0};
  int64_t length = -7;
  text_add(&text, "fine");
  memory_fail_at(1);
  for (int i = 0; i < 100; i++)
    text_add(&text, "%s", "more");
  assert_true(text.failed);
  assert_int_equal(text_give(&text, NULL, 0, &length), TERN_ERROR_MEMORY);
  assert_int_equal(length, -7);
}

static void test_copy(void **state) {
  (void)state;
  char buffer[8] = "before";
  int64_t length = -1;
  assert_int_equal(text_copy("hello", NULL, 0, &length), TERN_SUCCESS);
  assert_int_equal(length, 5);
  length = -1;
  assert_int_equal(text_copy("hello", buffer, 5, &length), TERN_ERROR_BUFFER);
  assert_string_equal(error_message(), "buffer of 5 bytes is too small: 6 are needed");
  assert_string_equal(buffer, "before");
  assert_int_equal(length, -1);
  assert_int_equal(text_copy("hello", buffer, 6, NULL), TERN_SUCCESS);
  assert_string_equal(buffer, "hello");
  assert_int_equal(text_copy("hello", buffer, -1, NULL), TERN_ERROR_ARGUMENT);
}

static void test_to_integer(void **state) {
  (void)state;
  int64_t value = 77;
  static const char *const bad[] = {"", " 1", "1 ", "1.0", "0x10", "1e3", "9223372036854775808", "-", "one", "1,2"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(text_to_integer(bad[i], &value));
  assert_int_equal(value, 77);
  assert_true(text_to_integer("-9223372036854775808", &value) && value == INT64_MIN);
  assert_true(text_to_integer("+12", &value) && value == 12);
}

static void test_to_real(void **state) {
  (void)state;
  double value = 77;
  static const char *const bad[] = {"", " 1", "1 ", "1,5", "0x1p3", "1.5.2", "e5", "nan(3)", "1e", "--1", "five"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(text_to_real(bad[i], &value));
  assert_true(value == 77);
  assert_true(text_to_real("-1.5e-3", &value) && value == -1.5e-3);
  assert_true(text_to_real(".5", &value) && value == 0.5);
  assert_true(text_to_real("5.", &value) && value == 5);
  assert_true(text_to_real("inf", &value) && isinf(value));
  assert_true(text_to_real("NaN", &value) && isnan(value));
}

/* A decimal comma is the host's own affair. */
static void test_locale(void **state) {
  (void)state;
  char printed[32];
  double value = 0;
  text text = {0};
  helper_comma_locale();
  snprintf(printed, sizeof printed, "%.1f", 2.5);
  assert_string_equal(printed, "2,5");
  text_add(&text, "%.1f", 2.5);
  assert_string_equal(text.data, "2.5");
  text_free(&text);
  assert_true(text_to_real("2.5", &value) && value == 2.5);
  assert_false(text_to_real("2,5", &value));
  error_set(1, "%.2f", 0.25);
  assert_string_equal(error_message(), "0.25");
  snprintf(printed, sizeof printed, "%.1f", 2.5);
  assert_string_equal(printed, "2,5");
  setlocale(LC_ALL, "C");
}

static void test_nearest(void **state) {
  (void)state;
  static const char *const words[] = {"cutoff", "cutoff_width", "sigma", "l_max", "n_max", "energy_weight"};
  static const char *const cases[][2] = {{"cutof", "cutoff"}, {"ctuoff", "cutoff"},
                                         {"sigm", "sigma"},   {"cutoffwidth", "cutoff_width"},
                                         {"lmax", "l_max"},   {"enrgy_wieght", "energy_weight"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(text_nearest(cases[i][0], words, 6), cases[i][1]);
  assert_null(text_nearest("temperature", words, 6));
  assert_null(text_nearest("", words, 6));
  char lengthy[200];
  memset(lengthy, 'c', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  assert_null(text_nearest(lengthy, words, 6));
}

static void test_utf8(void **state) {
  (void)state;
  assert_int_equal(text_utf8_length("a"), 1);
  assert_int_equal(text_utf8_length(""), 0);
  assert_int_equal(text_utf8_length("\xc3\xa9"), 2);
  assert_int_equal(text_utf8_length("\xe2\x82\xac"), 3);
  assert_int_equal(text_utf8_length("\xf0\x9f\x98\x80"), 4);
  static const char *const bad[] = {"\x80",
                                    "\xc0\x80",
                                    "\xc3",
                                    "\xe2\x82",
                                    "\xe0\x80\x80",
                                    "\xed\xa0\x80",
                                    "\xf0\x80\x80\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(text_utf8_length(bad[i]), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_add),        cmocka_unit_test(test_json),    cmocka_unit_test(test_real),
    cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_copy), cmocka_unit_test(test_to_integer),
    cmocka_unit_test(test_to_real),    cmocka_unit_test(test_locale),  cmocka_unit_test(test_nearest),
    cmocka_unit_test(test_utf8)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
