/* SPDX-License-Identifier: BSD-3-Clause */
/* The private BLAS: the right one is taken, the wrong one is recognised, another one in the process does no harm. Each
   test runs in a process of its own, because a library once taken stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/threads.h"

static void in_child(int (*body)(void)) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL); /* a crash ends the child, instead of going on with the next test there */
    _exit(body());
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
}

/* The body's own check: says where it stopped. */
#define CHECK(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, error_message()); \
      return 1;                                                                       \
    }                                                                                 \
  } while (0)

/* C = A A^T by dgemm and dsyrk, then x = C^-1 b by dpotrf and dpotrs, residual; n in the blocked range of the library.
 */
enum { N = 96 };
static int solve_with(const blas_table *blas) {
  static double a[N * N], c[N * N], upper[N * N], x[N], y[N];
  const int32_t n = N, one = 1;
  const double unit = 1, zero = 0;
  int32_t failed = -1;
  for (int i = 0; i < N * N; i++)
    a[i] = sin(1.0 + i * 0.37) + (i % (N + 1) == 0 ? 4 : 0);
  for (int i = 0; i < N; i++)
    x[i] = y[i] = 1.0 / (i + 1);
  blas->dgemm("N", "T", &n, &n, &n, &unit, a, &n, a, &n, &zero, c, &n, 1, 1);
  blas->dsyrk("U", "N", &n, &n, &unit, a, &n, &zero, upper, &n, 1, 1);
  for (int column = 0; column < N; column++)
    for (int row = 0; row <= column; row++)
      CHECK(fabs(upper[column * N + row] - c[column * N + row]) < 1e-10);
  blas->dpotrf("U", &n, upper, &n, &failed, 1);
  CHECK(failed == 0);
  blas->dpotrs("U", &n, &one, upper, &n, x, &n, &failed, 1);
  CHECK(failed == 0);
  blas->dgemv("N", &n, &n, &unit, c, &n, x, &one, &zero, a, &one, 1);
  for (int i = 0; i < N; i++)
    CHECK(fabs(a[i] - y[i]) < 1e-9);
  return 0;
}

static int takes_default(void) {
  const blas_table *blas = NULL, *again = NULL;
  unsetenv("TERNION_BLAS");
  CHECK(strcmp(blas_path(), "") == 0 && strcmp(blas_config(), "") == 0);
  CHECK(blas_get(&blas) == TERN_SUCCESS);
  CHECK(blas_get(&again) == TERN_SUCCESS && again == blas);
  CHECK(blas_path()[0] == '/' && strstr(blas_path(), "openblas"));
  return solve_with(blas);
}
static void test_default(void **state) {
  (void)state;
  in_child(takes_default);
}

/* A library of the routines' names whose integers have 64 bits; see stand_in_blas.c. */
static int refuses_wide(void) {
  const blas_table *blas = NULL;
  setenv("TERNION_BLAS", TEST_STAND_IN_BLAS, 1);
  CHECK(blas_get(&blas) == TERN_ERROR_BLAS && !blas);
  CHECK(strstr(error_message(), "uses 64-bit integers; Ternion needs the 32-bit (LP64) one"));
  CHECK(strstr(error_message(), TEST_STAND_IN_BLAS) && strstr(error_message(), "set TERNION_BLAS"));
  CHECK(blas_get(&blas) == TERN_ERROR_BLAS); /* no silent fallback, the second time neither */
  unsetenv("TERNION_BLAS");
  CHECK(blas_get(&blas) == TERN_SUCCESS); /* and no lasting harm */
  return solve_with(blas);
}
static void test_wrong_width(void **state) {
  (void)state;
  in_child(refuses_wide);
}

static int refuses_missing(void) {
  const blas_table *blas = NULL;
  setenv("TERNION_BLAS", "/nowhere/libopenblas.so", 1);
  CHECK(blas_get(&blas) == TERN_ERROR_BLAS && strstr(error_message(), "/nowhere/libopenblas.so"));
  CHECK(strstr(error_message(), "TERNION_BLAS: "));
  setenv("TERNION_BLAS", "libm.so.6", 1);
  CHECK(blas_get(&blas) == TERN_ERROR_BLAS && strstr(error_message(), "lacks the routine dgemm_"));
  return 0;
}
static void test_unusable(void **state) {
  (void)state;
  in_child(refuses_missing);
}

/* A process that holds an ILP64 library with the same symbols, global and first, as some hosts do. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__
#endif
#endif
static int lives_beside_wide(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0; /* the sanitizers forbid RTLD_DEEPBIND, and with it the separation that is tested here */
#endif
  const blas_table *blas = NULL;
  unsetenv("TERNION_BLAS");
  void *wide = dlopen("libopenblas64.so.0", RTLD_NOW | RTLD_GLOBAL);
  if (!wide)
    wide = dlopen(TEST_STAND_IN_BLAS, RTLD_NOW | RTLD_GLOBAL);
  CHECK(wide && dlsym(RTLD_DEFAULT, "dgemm_"));
  CHECK(blas_get(&blas) == TERN_SUCCESS);
  CHECK((void *)(uintptr_t)blas->dgemm != dlsym(RTLD_DEFAULT, "dgemm_"));
  CHECK(solve_with(blas) == 0);
  double (*ddot)(const int64_t *, const double *, const int64_t *, const double *, const int64_t *);
  *(void **)&ddot = dlsym(wide, "ddot_");
  const int64_t n = 2, one = 1;
  const double values[2] = {3, 4};
  CHECK(ddot(&n, values, &one, values, &one) == 25); /* the host's keeps working too */
  return 0;
}
static void test_beside_wide(void **state) {
  (void)state;
  in_child(lives_beside_wide);
}

static int32_t get_in_thread(void *context, int64_t begin, int64_t end, int32_t thread) {
  (void)thread;
  for (int64_t i = begin; i < end; i++)
    TRY(blas_get(&((const blas_table **)context)[i]));
  return TERN_SUCCESS;
}

static int taken_once(void) {
  const blas_table *tables[8] = {NULL};
  run run = {.threads = 8};
  CHECK(threads_for(&run, 8, 1, get_in_thread, tables) == TERN_SUCCESS);
  for (int i = 0; i < 8; i++)
    CHECK(tables[i] && tables[i] == tables[0]);
  return solve_with(tables[0]);
}
static void test_threads(void **state) {
  (void)state;
  in_child(taken_once);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_default), cmocka_unit_test(test_wrong_width),
                                     cmocka_unit_test(test_unusable), cmocka_unit_test(test_beside_wide),
                                     cmocka_unit_test(test_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
