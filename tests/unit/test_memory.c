/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory is counted, limited, and refused before it is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"

static void test_new(void **state) {
  (void)state;
  run run = {.threads = 1};
  double *values = NULL;
  for (int64_t count = 0; count < 200; count += 17) {
    assert_int_equal(MEMORY_NEW(&run, &values, count, "values"), TERN_SUCCESS);
    assert_int_equal((uintptr_t)values % 64, 0);
    for (int64_t i = 0; i < count; i++)
      assert_true(values[i] == 0);
    assert_int_equal(run.memory_used, 8 * count);
    memory_free(&run, values);
    assert_int_equal(run.memory_used, 0);
  }
  assert_int_equal(run.memory_peak, 8 * 187);
  memory_free(&run, NULL);
}

static void test_resize(void **state) {
  (void)state;
  run run = {.threads = 1};
  unsigned char *bytes = NULL;
  assert_int_equal(memory_new(&run, (void **)&bytes, 10, 1, "bytes"), TERN_SUCCESS);
  memset(bytes, 0xab, 10);
  assert_int_equal(memory_resize(&run, (void **)&bytes, 1000, 1, "bytes"), TERN_SUCCESS);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(bytes[i], i < 10 ? 0xab : 0);
  assert_int_equal(memory_resize(&run, (void **)&bytes, 4, 1, "bytes"), TERN_SUCCESS);
  assert_int_equal(bytes[3], 0xab);
  assert_int_equal(run.memory_used, 4);
  run.memory_limit = 100;
  unsigned char *before = bytes;
  assert_int_equal(memory_resize(&run, (void **)&bytes, 1000, 1, "bytes"), TERN_ERROR_MEMORY);
  assert_ptr_equal(bytes, before);
  assert_int_equal(bytes[3], 0xab);
  memory_free(&run, bytes);
  assert_int_equal(run.memory_used, 0);
}

static void test_limit(void **state) {
  (void)state;
  run run = {.threads = 1, .memory_limit = INT64_C(1) << 30};
  void *first = NULL, *second = (void *)state;
  assert_int_equal(memory_new(&run, &first, 1 << 20, 512, "first"), TERN_SUCCESS);
  assert_int_equal(memory_check(&run, 0x1p29, "rest"), TERN_SUCCESS);
  assert_int_equal(memory_new(&run, &second, (1 << 20) + 1, 512, "features"), TERN_ERROR_MEMORY);
  assert_ptr_equal(second, (void *)state);
  assert_non_null(
      strstr(error_message(), "features: 512.0 MiB needed, more than memory_limit (1.0 GiB, of which 512.0 MiB"));
  assert_non_null(strstr(error_message(), "set memory_limit higher"));
  assert_int_equal(memory_check(&run, 0x1p29 + 1, "rest"), TERN_ERROR_MEMORY);
  assert_int_equal(run.memory_used, 1 << 29);
  memory_free(&run, first);
}

static void test_overflow(void **state) {
  (void)state;
  run run = {.threads = 1};
  void *block = NULL;
  const int64_t counts[] = {INT64_MAX, INT64_MAX / 8 + 1, INT64_MAX / 8, INT64_C(1) << 50};
  for (int i = 0; i < 4; i++) {
    assert_int_equal(memory_new(&run, &block, counts[i], 8, "array"), TERN_ERROR_MEMORY);
    assert_null(block);
    assert_non_null(strstr(error_message(), "array: "));
    assert_int_equal(run.memory_used, 0);
  }
  assert_int_equal(memory_new(&run, &block, -1, 8, "array"), TERN_ERROR_INTERNAL);
}

/* A limit set on the process counts as the machine's memory. */
static void test_process_limit(void **state) {
  (void)state;
  struct rlimit before, limit;
  getrlimit(RLIMIT_AS, &before);
  limit = before;
  limit.rlim_cur = (rlim_t)1 << 33;
  if (before.rlim_max != RLIM_INFINITY && limit.rlim_cur > before.rlim_max)
    limit.rlim_cur = before.rlim_max;
  const int64_t machine = memory_of_machine();
  assert_true(machine > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
  const int64_t limited = memory_of_machine();
  assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
  assert_int_equal(limited, machine < (int64_t)limit.rlim_cur ? machine : (int64_t)limit.rlim_cur);
#endif
  void *block = NULL;
  assert_int_equal(memory_new(NULL, &block, machine / 1024 + 1, 1024, "table"), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "more than this machine has"));
}

/* Many threads taking and giving back: the count ends at zero, the limit is never passed. */
static int32_t churn(void *context, int64_t begin, int64_t end, int32_t thread) {
  (void)thread;
  run *run = context;
  for (int64_t i = begin; i < end; i++) {
    void *block = NULL;
    const int32_t status = memory_new(run, &block, 300, 1, "block");
    if (run->memory_peak > run->memory_limit || (status != TERN_SUCCESS && block))
      return TERN_ERROR_INTERNAL;
    memory_free(run, block);
  }
  return TERN_SUCCESS;
}

static void test_threads(void **state) {
  (void)state;
  run outer = {.threads = 4}, inner = {.threads = 1, .memory_limit = 700};
  assert_int_equal(threads_for(&outer, 4000, 1, churn, &inner), TERN_SUCCESS);
  assert_int_equal(inner.memory_used, 0);
  assert_true(inner.memory_peak <= 700);
  assert_true(inner.memory_peak >= 300);
}

static void test_fail_at(void **state) {
  (void)state;
  run run = {.threads = 1};
  void *blocks[3] = {NULL, NULL, NULL};
  memory_fail_at(2);
  assert_int_equal(memory_new(&run, &blocks[0], 8, 1, "block"), TERN_SUCCESS);
  assert_int_equal(memory_new(&run, &blocks[1], 8, 1, "block"), TERN_ERROR_MEMORY);
  assert_string_equal(error_message(), "block: memory ran out when 8 bytes were asked for");
  assert_null(blocks[1]);
  assert_int_equal(run.memory_used, 8);
  assert_int_equal(memory_new(&run, &blocks[2], 8, 1, "block"), TERN_SUCCESS);
  memory_free(&run, blocks[0]);
  memory_free(&run, blocks[2]);
}

static void test_text(void **state) {
  (void)state;
  char *copy = memory_text("Si");
  assert_string_equal(copy, "Si");
  memory_free(NULL, copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_new),           cmocka_unit_test(test_resize),  cmocka_unit_test(test_limit),
    cmocka_unit_test(test_overflow),      cmocka_unit_test(test_process_limit), cmocka_unit_test(test_threads),
    cmocka_unit_test(test_fail_at),       cmocka_unit_test(test_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
