/* SPDX-License-Identifier: BSD-3-Clause */
/* What a call carries: threads and limits from the options, and a progress callback that is not called too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <fenv.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/guard.h"
#include "core/options.h"
#include "core/run.h"

typedef struct calls {
  int count, traps;
  int32_t answer;
  int64_t done, total;
  double loss;
  char stage[32];
} calls;

static int32_t take(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  calls *calls = context;
  calls->count++;
  calls->done = done;
  calls->total = total;
  calls->loss = loss;
  calls->traps = fegetexcept();
  strncpy(calls->stage, stage, sizeof calls->stage - 1);
  return calls->answer;
}

static void test_init(void **state) {
  (void)state;
  run run;
  tern_options *options = NULL;
  assert_int_equal(run_init(&run, NULL, NULL, NULL), TERN_SUCCESS);
  assert_int_equal(run.threads, run_processors());
  assert_true(run.threads >= 1);
  assert_int_equal(run.memory_limit, 0);
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  assert_int_equal(options_set(options, "threads", "3"), TERN_SUCCESS);
  assert_int_equal(options_set(options, "memory_limit", "2GiB"), TERN_SUCCESS);
  assert_int_equal(run_init(&run, options, take, options), TERN_SUCCESS);
  assert_int_equal(run.threads, 3);
  assert_int_equal(run.memory_limit, INT64_C(1) << 31);
  assert_ptr_equal(run.context, options);
  options_free(options);
}

/* First of a stage, last of a stage, and few in between. */
static void test_spacing(void **state) {
  (void)state;
  run run;
  calls calls = {0};
  run_init(&run, NULL, take, &calls);
  for (int64_t i = 0; i <= 100000; i++)
    assert_int_equal(run_report(&run, "reading", i, 100000, 0.5), TERN_SUCCESS);
  assert_true(calls.count >= 2 && calls.count < 20);
  assert_int_equal(calls.done, 100000);
  assert_int_equal(calls.total, 100000);
  assert_true(calls.loss == 0.5);
  const int before = calls.count;
  assert_int_equal(run_report(&run, "solving", 1, 5, -1), TERN_SUCCESS);
  assert_int_equal(calls.count, before + 1);
  assert_string_equal(calls.stage, "solving");
  assert_int_equal(run_report(&run, "solving", 2, 5, -1), TERN_SUCCESS);
  assert_int_equal(calls.count, before + 1);
  nanosleep(&(struct timespec){.tv_nsec = 250000000}, NULL);
  assert_int_equal(run_report(&run, "solving", 3, 5, -1), TERN_SUCCESS);
  assert_int_equal(calls.count, before + 2);
}

static void test_answers(void **state) {
  (void)state;
  run run;
  calls calls = {.answer = 5};
  run_init(&run, NULL, take, &calls);
  assert_int_equal(run_report(&run, "solving", 0, 5, -1), TERN_CANCELLED);
  assert_non_null(strstr(error_message(), "solving"));
  calls.answer = -42;
  assert_int_equal(run_report(&run, "solving", 5, 5, -1), -42);
  assert_non_null(strstr(error_message(), "-42"));
  run_init(&run, NULL, NULL, NULL);
  assert_int_equal(run_report(&run, "solving", 5, 5, -1), TERN_SUCCESS);
}

/* The callback is the host's code and runs with the host's traps. */
static void test_traps(void **state) {
  (void)state;
  run run;
  guard guard;
  calls calls = {0};
  run_init(&run, NULL, take, &calls);
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_INVALID | FE_DIVBYZERO);
  guard_enter(&guard);
  run_report(&run, "solving", 0, 5, -1);
  const int inside = fegetexcept();
  guard_leave(&guard);
  fedisableexcept(FE_ALL_EXCEPT);
  assert_int_equal(calls.traps, FE_INVALID | FE_DIVBYZERO);
  assert_int_equal(inside, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_init), cmocka_unit_test(test_spacing),
                                     cmocka_unit_test(test_answers), cmocka_unit_test(test_traps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
