/* SPDX-License-Identifier: BSD-3-Clause */
/* The library as a guest in its host's process: no thread at load, none left behind, fork, floating-point traps, a
   comma locale, a message for each thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <dlfcn.h>
#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper_data.h"
#include "helper_locale.h"
#include "helper_threads.h"

static int is_mapped(const char *name) {
  char line[1024];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  assert_non_null(maps);
  while (fgets(line, sizeof line, maps))
    found |= strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

/* Must come first: before anything of the library is used. */
static void test_load(void **state) {
  (void)state;
  const int before = helper_threads();
  void *library = dlopen(TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail_msg("%s", dlerror());
  assert_int_equal(helper_threads(), before);
  assert_false(is_mapped("openblas"));
  int32_t (*abi_version)(int32_t *);
  *(void **)&abi_version = dlsym(library, "tern_abi_version");
  int32_t version = 0;
  assert_non_null(abi_version);
  assert_int_equal(abi_version(&version), TERN_SUCCESS);
  assert_int_equal(version, TERN_ABI_VERSION);
  assert_int_equal(helper_threads(), before);
  dlclose(library);
}

static int32_t fit_and_predict(double *energy, double forces[HELPER_ATOMS][3], tern_progress progress, void *context) {
  tern_dataset *train = helper_dataset(12);
  tern_options *options = helper_options();
  tern_system *system = helper_system(100);
  tern_model *model = NULL;
  int32_t status = tern_model_fit(&model, "ridge", train, options, progress, context);
  if (status == TERN_SUCCESS)
    status = tern_model_predict(model, system, energy, forces[0], NULL);
  tern_model_free(model);
  tern_system_free(system);
  tern_options_free(options);
  tern_dataset_free(train);
  return status;
}

static void *nothing(void *context) { return context; }

static void test_no_thread_left(void **state) {
  (void)state;
  double energy, forces[HELPER_ATOMS][3];
  pthread_t first; /* a thread sanitizer starts a thread of its own with the process's first */
  assert_int_equal(pthread_create(&first, NULL, nothing, NULL), 0);
  assert_int_equal(pthread_join(first, NULL), 0);
  const int before = helper_threads();
  assert_int_equal(fit_and_predict(&energy, forces, NULL, NULL), TERN_SUCCESS);
  int after = helper_threads();
  for (int i = 0; i < 100 && after != before; i++) {
    usleep(1000);
    after = helper_threads();
  }
  assert_int_equal(after, before);
}

/* Two threads before the fork, in the child, and in the parent afterwards: the same numbers. */
static void test_fork(void **state) {
  (void)state;
  double before, after, forces[HELPER_ATOMS][3];
  assert_int_equal(fit_and_predict(&before, forces, NULL, NULL), TERN_SUCCESS);
  assert_true(isfinite(before));
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    double energy = NAN;
    const int32_t status = fit_and_predict(&energy, forces, NULL, NULL);
    _exit(status != TERN_SUCCESS || memcmp(&energy, &before, sizeof before) != 0);
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  assert_int_equal(fit_and_predict(&after, forces, NULL, NULL), TERN_SUCCESS);
  assert_memory_equal(&after, &before, sizeof before);
}

typedef struct host_view {
  int calls, traps, rounding;
} host_view;

static int32_t look(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss;
  host_view *view = context;
  view->calls++;
  view->traps = fegetexcept();
  view->rounding = fegetround();
  return 0;
}

/* A host that traps invalid operations, divisions by zero and overflows, as Fortran programs do. */
static void test_traps(void **state) {
  (void)state;
  const int traps = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW;
  double energy, plain, forces[HELPER_ATOMS][3];
  host_view view = {0};
  assert_int_equal(fit_and_predict(&plain, forces, NULL, NULL), TERN_SUCCESS);
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_UNDERFLOW);
  feenableexcept(traps);
  tern_dataset *train = helper_dataset(12);
  tern_options *options = helper_options();
  tern_system *system = helper_system(100);
  tern_model *model = NULL;
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_UNDERFLOW);
  const int32_t fitted = tern_model_fit(&model, "ridge", train, options, look, &view);
  const int32_t predicted = fitted ? fitted : tern_model_predict(model, system, &energy, forces[0], NULL);
  const int left = fegetexcept(), flags = fetestexcept(FE_ALL_EXCEPT);
  fedisableexcept(FE_ALL_EXCEPT);
  feclearexcept(FE_ALL_EXCEPT);
  assert_int_equal(predicted, TERN_SUCCESS);
  assert_int_equal(left, traps);
  assert_int_equal(flags, FE_UNDERFLOW);
  assert_true(view.calls > 0);
  assert_int_equal(view.traps, traps);
  assert_memory_equal(&energy, &plain, sizeof plain);
  tern_model_free(model);
  tern_system_free(system);
  tern_options_free(options);
  tern_dataset_free(train);
}

/* Rounding upward is the host's own affair too: our numbers do not change, its mode does not either. */
static void test_rounding(void **state) {
  (void)state;
  double energy, plain, forces[HELPER_ATOMS][3];
  host_view view = {0};
  assert_int_equal(fit_and_predict(&plain, forces, NULL, NULL), TERN_SUCCESS);
  tern_dataset *train = helper_dataset(12);
  tern_options *options = helper_options();
  tern_system *system = helper_system(100);
  tern_model *model = NULL;
  fesetround(FE_UPWARD);
  const int32_t fitted = tern_model_fit(&model, "ridge", train, options, look, &view);
  const int32_t predicted = fitted ? fitted : tern_model_predict(model, system, &energy, forces[0], NULL);
  const int rounding = fegetround();
  fesetround(FE_TONEAREST);
  assert_int_equal(predicted, TERN_SUCCESS);
  assert_int_equal(rounding, FE_UPWARD);
  assert_int_equal(view.rounding, FE_UPWARD);
  assert_memory_equal(&energy, &plain, sizeof plain);
  tern_model_free(model);
  tern_system_free(system);
  tern_options_free(options);
  tern_dataset_free(train);
}

static const char *write_structures(void) {
  static const char path[] = TEST_BINARY_DIR "/host_locale.xyz";
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("2\nProperties=species:S:1:pos:R:3 energy=-1.5\nSi 0.0 0.0 0.0\nSi 0.0 0.0 2.25\n", file);
  assert_int_equal(fclose(file), 0);
  return path;
}

/* Reading, options, JSON and messages where the host writes 2,5. */
static void test_locale(void **state) {
  (void)state;
  double energy = 0, positions[6];
  char text[256];
  const char *path = write_structures();
  tern_dataset *dataset = NULL;
  tern_options *options = NULL;
  tern_system *system = NULL;
  helper_comma_locale();
  assert_int_equal(tern_dataset_read(&dataset, path, NULL), TERN_SUCCESS);
  assert_int_equal(tern_dataset_target(dataset, 0, TERN_TARGET_ENERGY, &energy), TERN_SUCCESS);
  assert_true(energy == -1.5);
  assert_int_equal(tern_dataset_system(dataset, 0, &system), TERN_SUCCESS);
  assert_int_equal(tern_system_positions(system, positions), TERN_SUCCESS);
  assert_true(positions[5] == 2.25);
  assert_int_equal(tern_dataset_write(dataset, TEST_BINARY_DIR "/host_locale_again.xyz"), TERN_SUCCESS);
  tern_dataset_free(dataset);
  assert_int_equal(tern_dataset_read(&dataset, TEST_BINARY_DIR "/host_locale_again.xyz", NULL), TERN_SUCCESS);
  assert_int_equal(tern_options_new(&options), TERN_SUCCESS);
  assert_int_equal(tern_options_set_double(options, "cutoff", 4.5), TERN_SUCCESS);
  assert_int_equal(tern_options_get(options, "cutoff", text, sizeof text, NULL), TERN_SUCCESS);
  assert_string_equal(text, "4.5");
  assert_int_equal(tern_options_set(options, "cutoff", "4,5"), TERN_ERROR_OPTION);
  assert_int_equal(tern_options_set_double(options, "validation", 1.5), TERN_ERROR_OPTION);
  assert_non_null(strstr(helper_message(), "1.5"));
  snprintf(text, sizeof text, "%.1f", 2.5);
  assert_string_equal(text, "2,5");
  setlocale(LC_ALL, "C");
  tern_options_free(options);
  tern_system_free(system);
  tern_dataset_free(dataset);
  unlink(path);
  unlink(TEST_BINARY_DIR "/host_locale_again.xyz");
}

static void *fail_otherwise(void *message) {
  tern_options *options = NULL;
  assert_int_equal(tern_options_new(&options), TERN_SUCCESS);
  assert_int_equal(tern_options_set(options, "sigmo", "1"), TERN_ERROR_OPTION);
  strcpy(message, helper_message());
  tern_options_free(options);
  return NULL;
}

static void test_message(void **state) {
  (void)state;
  char other[1024] = "";
  pthread_t thread;
  tern_dataset *dataset = NULL;
  assert_int_equal(tern_dataset_read(&dataset, "/nowhere/at/all.xyz", NULL), TERN_ERROR_FILE);
  assert_int_equal(pthread_create(&thread, NULL, fail_otherwise, other), 0);
  pthread_join(thread, NULL);
  assert_non_null(strstr(other, "sigmo"));
  assert_non_null(strstr(helper_message(), "/nowhere/at/all.xyz"));
  int32_t version;
  assert_int_equal(tern_abi_version(&version), TERN_SUCCESS);
  assert_int_equal(tern_info(NULL, 0, NULL), TERN_SUCCESS);
  assert_non_null(strstr(helper_message(), "/nowhere/at/all.xyz")); /* questions leave the message alone */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_load),   cmocka_unit_test(test_no_thread_left), cmocka_unit_test(test_fork),
    cmocka_unit_test(test_traps),  cmocka_unit_test(test_rounding),       cmocka_unit_test(test_locale),
    cmocka_unit_test(test_message)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
