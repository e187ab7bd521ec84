/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads live for one call, split the work the same way every time, and bring their messages home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/threads.h"
#include "helper_threads.h"

enum { MOST = 64 };
typedef struct record {
  _Atomic int32_t visits[1000];
  int64_t begin[MOST], end[MOST];
  _Atomic int32_t calls;
} record;

static int32_t note(void *context, int64_t begin, int64_t end, int32_t thread) {
  record *record = context;
  record->begin[thread] = begin;
  record->end[thread] = end;
  atomic_fetch_add(&record->calls, 1);
  for (int64_t i = begin; i < end; i++)
    atomic_fetch_add(&record->visits[i], 1);
  return TERN_SUCCESS;
}

/* Each item once, in contiguous parts of at least the grain, in the order of the threads. */
static void test_split(void **state) {
  (void)state;
  for (int32_t threads = 1; threads <= 5; threads += 2)
    for (int64_t count = 0; count < 40; count++)
      for (int64_t grain = 0; grain < 12; grain += 3) {
        static record record;
        memset(&record, 0, sizeof record);
        run run = {.threads = threads};
        const int32_t used = threads_count(&run, count, grain);
        assert_int_equal(threads_for(&run, count, grain, note, &record), TERN_SUCCESS);
        assert_int_equal(record.calls, count ? used : 0);
        assert_true(used >= 1 && used <= threads);
        for (int64_t i = 0; i < count; i++)
          assert_int_equal(record.visits[i], 1);
        for (int32_t i = 0; count && i < used; i++) {
          assert_int_equal(record.begin[i], i ? record.end[i - 1] : 0);
          assert_true(used == 1 || record.end[i] - record.begin[i] >= grain);
        }
        assert_int_equal(run.memory_used, 0);
      }
}

static int32_t fail_above(void *context, int64_t begin, int64_t end, int32_t thread) {
  if (end > *(const int64_t *)context)
    return error_set(TERN_ERROR_DATA, "thread %d, items %d to %d", (int)thread, (int)begin, (int)end);
  return TERN_SUCCESS;
}

/* The first thread in order that failed is the one that is heard. */
static void test_message(void **state) {
  (void)state;
  run run = {.threads = 4};
  for (int again = 0; again < 20; again++) {
    int64_t limit = 60;
    error_clear();
    assert_int_equal(threads_for(&run, 100, 1, fail_above, &limit), TERN_ERROR_DATA);
    assert_string_equal(error_message(), "thread 2, items 50 to 75");
  }
  int64_t limit = 10;
  assert_int_equal(threads_for(&run, 100, 1, fail_above, &limit), TERN_ERROR_DATA);
  assert_string_equal(error_message(), "thread 0, items 0 to 25");
  limit = 100;
  error_set(1, "before");
  assert_int_equal(threads_for(&run, 100, 1, fail_above, &limit), TERN_SUCCESS);
  assert_string_equal(error_message(), "before");
}

typedef struct seen {
  pthread_t caller;
  _Atomic int32_t wrong;
} seen;

/* Thread 0 is the caller; the others take no signals of the host. */
static int32_t look(void *context, int64_t begin, int64_t end, int32_t thread) {
  (void)begin, (void)end;
  seen *seen = context;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  const int is_caller = pthread_equal(pthread_self(), seen->caller) != 0;
  const int blocked = sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGINT) == 1;
  if (is_caller != (thread == 0) || blocked != (thread != 0))
    atomic_fetch_add(&seen->wrong, 1);
  return TERN_SUCCESS;
}

static void test_caller_and_signals(void **state) {
  (void)state;
  run run = {.threads = 3};
  seen seen = {.caller = pthread_self()};
  sigset_t mask;
  assert_int_equal(threads_for(&run, 30, 1, look, &seen), TERN_SUCCESS);
  assert_int_equal(seen.wrong, 0);
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

static void test_none_left(void **state) {
  (void)state;
  static record record;
  memset(&record, 0, sizeof record);
  run run = {.threads = 4};
  const int before = helper_threads();
  assert_int_equal(threads_for(&run, 100, 1, note, &record), TERN_SUCCESS);
  int after = helper_threads();
  for (int i = 0; i < 100 && after != before; i++) { /* joined, but the kernel may list it a moment longer */
    usleep(1000);
    after = helper_threads();
  }
  assert_int_equal(after, before);
}

/* With threads before the fork, in the child, and after it in the parent. */
static void test_fork(void **state) {
  (void)state;
  static record record;
  run run = {.threads = 3};
  for (int again = 0; again < 3; again++) {
    assert_int_equal(threads_for(&run, 100, 1, note, &record), TERN_SUCCESS);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      memset(&record, 0, sizeof record);
      int bad = threads_for(&run, 100, 1, note, &record) != TERN_SUCCESS;
      for (int i = 0; i < 100; i++)
        bad |= record.visits[i] != 1;
      _exit(bad);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
  }
}

/* Where no thread can be had, the caller does the work. */
static void test_no_threads(void **state) {
  (void)state;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    static record record;
    memset(&record, 0, sizeof record);
    const struct rlimit none = {1, 1};
    setrlimit(RLIMIT_NPROC, &none); /* root is not bound by it: give it up */
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
      _exit(3);
    run run = {.threads = 4};
    int bad = threads_for(&run, 100, 1, note, &record) != TERN_SUCCESS || record.calls != 4;
    for (int i = 0; i < 100; i++)
      bad |= record.visits[i] != 1;
    _exit(bad);
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
}

/* ---- independent items ---- */

/* What one thread did; in its space. */
typedef struct share {
  int64_t items, sum;
} share;

typedef struct sharing {
  _Atomic int64_t items, sum, finished, most_memory, misplaced;
  int64_t fails_at;
} sharing;

static int32_t add_item(void *context, run *serial, int64_t index, void *space) {
  sharing *sharing = context;
  share *share = space;
  if (index == sharing->fails_at)
    return error_set(TERN_ERROR_DATA, "item %d", (int)index);
  share->items++;
  share->sum += index;
  sharing->most_memory = serial->memory_limit;
  sharing->misplaced += serial->threads != 1;
  return TERN_SUCCESS;
}

static void add_share(void *context, run *serial, void *space) {
  sharing *sharing = context;
  const share *share = space;
  (void)serial;
  sharing->misplaced += (uintptr_t)space % 64 != 0;
  sharing->items += share->items;
  sharing->sum += share->sum;
  sharing->finished++;
}

/* Each thread has a space of its own, zero at first, which is handed over after its last item. */
static void test_each(void **state) {
  (void)state;
  const threads_items items = {.work = add_item, .finish = add_share, .space_size = sizeof(share)};
  for (int32_t threads = 1; threads <= 4; threads++) {
    sharing sharing = {.fails_at = -1};
    run run = {.threads = threads, .memory_limit = 1 << 20};
    assert_int_equal(threads_each(&run, 100, &items, &sharing), TERN_SUCCESS);
    assert_int_equal(sharing.finished, threads);
    assert_int_equal(sharing.items, 100);
    assert_int_equal(sharing.sum, 4950);
    assert_int_equal(sharing.misplaced, 0);
    assert_true(sharing.most_memory > 0 && sharing.most_memory <= 1 + (1 << 20) / threads);
    assert_int_equal(run.memory_used, 0);
  }
}

/* A failure is told, and every thread still finishes. */
static void test_each_fails(void **state) {
  (void)state;
  const threads_items items = {.work = add_item, .finish = add_share, .space_size = sizeof(share)};
  sharing sharing = {.fails_at = 60};
  run run = {.threads = 4};
  assert_int_equal(threads_each(&run, 100, &items, &sharing), TERN_ERROR_DATA);
  assert_string_equal(error_message(), "item 60");
  assert_int_equal(sharing.finished, 4);
  assert_true(sharing.items >= 10 && sharing.items < 100);
  assert_int_equal(run.memory_used, 0);
}

/* Spaces of the caller stay, for what is gathered in them. */
static void test_each_keeps(void **state) {
  (void)state;
  share shares[3] = {{0}};
  sharing sharing = {.fails_at = -1};
  const threads_items items = {.work = add_item, .space_size = sizeof(share), .spaces = shares};
  run run = {.threads = 3};
  assert_int_equal(threads_each(&run, 10, &items, &sharing), TERN_SUCCESS);
  const int64_t counts[3] = {4, 3, 3}, sums[3] = {6, 15, 24};
  for (int k = 0; k < 3; k++) {
    assert_int_equal(shares[k].items, counts[k]);
    assert_int_equal(shares[k].sum, sums[k]);
  }
}

static int32_t stop_at_once(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)loss;
  assert_string_equal(stage, "items");
  assert_true(done >= 1 && done <= total);
  assert_int_equal(total, 100);
  ++*(int *)context;
  return 1;
}

/* Progress is reported where it has a name, and whoever is told may stop it. */
static void test_each_cancelled(void **state) {
  (void)state;
  const threads_items items = {.stage = "items", .work = add_item, .finish = add_share, .space_size = sizeof(share)};
  int calls = 0;
  sharing sharing = {.fails_at = -1};
  run run = {.threads = 3, .progress = stop_at_once, .context = &calls};
  assert_int_equal(threads_each(&run, 100, &items, &sharing), TERN_CANCELLED);
  assert_int_equal(calls, 1);
  assert_int_equal(sharing.finished, 3);
  assert_int_equal(run.memory_used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_split),     cmocka_unit_test(test_message), cmocka_unit_test(test_caller_and_signals),
    cmocka_unit_test(test_none_left), cmocka_unit_test(test_fork),    cmocka_unit_test(test_no_threads),
    cmocka_unit_test(test_each),      cmocka_unit_test(test_each_fails),
    cmocka_unit_test(test_each_keeps), cmocka_unit_test(test_each_cancelled)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
