/* SPDX-License-Identifier: BSD-3-Clause */
/* The guard: the host's floating-point state and locale do not reach the library, and come back as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <fenv.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "core/guard.h"

/* A locale of the host that is not "C", as far as there is one; C.UTF-8 is everywhere but prints numbers alike. */
static locale_t host_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};
  locale_t locale = (locale_t)0;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && locale == (locale_t)0; i++)
    locale = newlocale(LC_ALL_MASK, names[i], (locale_t)0);
  assert_true(locale != (locale_t)0);
  return locale;
}

static double divide(volatile double numerator, volatile double denominator) { return numerator / denominator; }

static void test_traps(void **state) {
  (void)state;
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  guard guard;
  guard_enter(&guard);
  assert_int_equal(fegetexcept(), 0);
  assert_true(divide(1, 0) > 0); /* would end the process outside */
  assert_int_equal(fetestexcept(FE_DIVBYZERO), FE_DIVBYZERO);
  guard_leave(&guard);
  assert_int_equal(fegetexcept(), FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  fedisableexcept(FE_ALL_EXCEPT);
  assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
}

static void test_flags_and_rounding(void **state) {
  (void)state;
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_UNDERFLOW);
  fesetround(FE_UPWARD);
  guard guard;
  guard_enter(&guard);
  assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
  assert_int_equal(fegetround(), FE_TONEAREST);
  divide(0, 0);
  fesetround(FE_DOWNWARD);
  guard_leave(&guard);
  assert_int_equal(fetestexcept(FE_ALL_EXCEPT), FE_UNDERFLOW);
  assert_int_equal(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  feclearexcept(FE_ALL_EXCEPT);
}

static void test_locale(void **state) {
  (void)state;
  const locale_t host = host_locale();
  uselocale(host);
  guard guard;
  guard_enter(&guard);
  char text[16];
  snprintf(text, sizeof text, "%.1f", 0.5);
  assert_string_equal(text, "0.5");
  assert_true(uselocale((locale_t)0) != host);
  guard_leave(&guard);
  assert_true(uselocale((locale_t)0) == host);
  uselocale(LC_GLOBAL_LOCALE);
  freelocale(host);
}

/* Around a callback the host's state is in force, what the callback changes of it stays, and ours comes back. */
static void test_callback(void **state) {
  (void)state;
  const locale_t host = host_locale(), changed = host_locale();
  uselocale(host);
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_DIVBYZERO);
  guard guard;
  guard_enter(&guard);
  divide(1, 0);
  guard_suspend();
  assert_int_equal(fegetexcept(), FE_DIVBYZERO);
  assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
  assert_true(uselocale((locale_t)0) == host);
  fedisableexcept(FE_DIVBYZERO);
  feenableexcept(FE_INVALID);
  uselocale(changed);
  guard_resume();
  assert_int_equal(fegetexcept(), 0);
  assert_true(uselocale((locale_t)0) != changed);
  guard_leave(&guard);
  assert_int_equal(fegetexcept(), FE_INVALID);
  assert_true(uselocale((locale_t)0) == changed);
  fedisableexcept(FE_ALL_EXCEPT);
  uselocale(LC_GLOBAL_LOCALE);
  freelocale(host);
  freelocale(changed);
}

/* A callback may call the library again. */
static void test_nested(void **state) {
  (void)state;
  feenableexcept(FE_DIVBYZERO);
  guard outer, inner;
  guard_enter(&outer);
  guard_suspend();
  guard_enter(&inner);
  assert_int_equal(fegetexcept(), 0);
  guard_leave(&inner);
  assert_int_equal(fegetexcept(), FE_DIVBYZERO);
  guard_resume();
  assert_int_equal(fegetexcept(), 0);
  guard_leave(&outer);
  assert_int_equal(fegetexcept(), FE_DIVBYZERO);
  fedisableexcept(FE_ALL_EXCEPT);
}

/* Rooms report progress in tests too, where no guarded call is under way. */
static void test_nothing_outside_a_call(void **state) {
  (void)state;
  feenableexcept(FE_DIVBYZERO);
  guard_suspend();
  guard_resume();
  assert_int_equal(fegetexcept(), FE_DIVBYZERO);
  fedisableexcept(FE_ALL_EXCEPT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_traps),  cmocka_unit_test(test_flags_and_rounding),
    cmocka_unit_test(test_locale), cmocka_unit_test(test_callback),
    cmocka_unit_test(test_nested), cmocka_unit_test(test_nothing_outside_a_call),
  };
  return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
