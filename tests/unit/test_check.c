/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks at the boundary that no living library can be asked for: ended handles, and numbers of any shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "api/check.h"
#include "core/handle_tags.h"
#include "core/memory.h"

static const check_place place = {"tern_call", "item"};

static void assert_refused(int32_t status, int32_t expected, const char *message) {
  assert_int_equal(status, expected);
  assert_string_equal(error_message(), message);
}

static void test_handles(void **state) {
  (void)state;
  uint32_t tag = HANDLE_MODEL;
  assert_int_equal(check_handle(place, NULL, HANDLE_MODEL), TERN_SUCCESS);
  assert_int_equal(check_handle(place, &tag, HANDLE_MODEL), TERN_SUCCESS);
  assert_refused(check_handle(place, &tag, HANDLE_SYSTEM), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call is a tern_model, not a tern_system");
  tag = HANDLE_END(tag);
  assert_refused(check_handle(place, &tag, HANDLE_MODEL), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call is a tern_model that was freed before");
  const uint32_t strangers[] = {
      0, HANDLE_LIVING, HANDLE_MODEL + 1, HANDLE_ENDED, HANDLE_END(HANDLE_MODEL + 1), UINT32_MAX};
  for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
    assert_refused(check_handle(place, &strangers[i], HANDLE_OPTIONS), TERN_ERROR_ARGUMENT,
                   "argument 'item' of tern_call is no handle of this library; it must be a tern_options");
}

static void test_finite_numbers_pass(void **state) {
  (void)state;
  const double values[] = {0.0, -0.0, 5e-324, -1.7976931348623157e308, 1.7976931348623157e308, 1};
  assert_int_equal(check_numbers(place, values, 2, (const int64_t[]){3, 2}), TERN_SUCCESS);
  assert_int_equal(check_numbers(place, NULL, 2, (const int64_t[]){3, 2}), TERN_SUCCESS);
  assert_int_equal(check_numbers(place, values, 2, (const int64_t[]){0, 2}), TERN_SUCCESS);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
    assert_int_equal(check_number(place, values[i]), TERN_SUCCESS);
}

static void test_other_numbers_are_named(void **state) {
  (void)state;
  double values[24] = {0};
  values[23] = NAN;
  assert_int_equal(check_numbers(place, values, 1, (const int64_t[]){23}), TERN_SUCCESS);
  assert_refused(check_numbers(place, values, 3, (const int64_t[]){2, 3, 4}), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call must be finite: item[1][2][3] is NaN");
  values[13] = -INFINITY;
  assert_refused(check_numbers(place, values, 4, (const int64_t[]){2, 3, 2, 2}), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call must be finite: item[1][0][0][1] is -infinity");
  const uint64_t signalling = UINT64_C(0x7ff0000000000001);
  memcpy(values, &signalling, sizeof signalling);
  assert_refused(check_numbers(place, values, 1, (const int64_t[]){24}), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call must be finite: item[0] is NaN");
  assert_refused(check_number(place, INFINITY), TERN_ERROR_ARGUMENT,
                 "argument 'item' of tern_call is infinity; it must be finite");
}

static void test_arrays_fit_in_memory(void **state) {
  (void)state;
  const char byte = 0;
  const int64_t machine = memory_of_machine(), huge[] = {INT64_MAX, INT64_MAX, 3};
  assert_int_equal(check_array(place, &byte, 1, 1, (const int64_t[]){machine}), TERN_SUCCESS);
  assert_int_equal(check_array(place, &byte, 1, 1, (const int64_t[]){machine + 1}), TERN_ERROR_MEMORY);
  assert_int_equal(check_array(place, &byte, 8, 3, huge), TERN_ERROR_MEMORY);
  assert_int_equal(check_array(place, NULL, 8, 3, huge), TERN_SUCCESS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_handles),
    cmocka_unit_test(test_finite_numbers_pass),
    cmocka_unit_test(test_other_numbers_are_named),
    cmocka_unit_test(test_arrays_fit_in_memory),
  };
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
