/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages belong to their thread; one model serves many threads. */
#include "common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct failing {
  pthread_barrier_t *barrier;
  const char *key;
  char before[256], after[256];
} failing;

static void *fail_on_its_own(void *argument) {
  failing *self = argument;
  tern_options *options = NULL;
  snprintf(self->before, sizeof self->before, "%s", last_error());
  tern_options_new(&options);
  tern_options_set(options, self->key, "1");
  pthread_barrier_wait(self->barrier); /* both have failed */
  snprintf(self->after, sizeof self->after, "%s", last_error());
  tern_options_free(options);
  return NULL;
}

static void a_message_belongs_to_its_thread(void **state) {
  (void)state;
  pthread_barrier_t barrier;
  pthread_t threads[2];
  failing work[2] = {{.barrier = &barrier, .key = "zzz_first"}, {.barrier = &barrier, .key = "zzz_second"}};
  tern_options *options = NULL;
  MUST(tern_options_new(&options));
  FAILS(tern_options_set(options, "zzz_main", "1"), TERN_ERROR_OPTION, "zzz_main");
  pthread_barrier_init(&barrier, NULL, 2);
  for (int k = 0; k < 2; k++)
    assert_int_equal(pthread_create(&threads[k], NULL, fail_on_its_own, &work[k]), 0);
  for (int k = 0; k < 2; k++)
    pthread_join(threads[k], NULL);
  for (int k = 0; k < 2; k++) {
    assert_string_equal(work[k].before, "");
    assert_non_null(strstr(work[k].after, work[k].key));
  }
  assert_non_null(strstr(last_error(), "zzz_main"));
  pthread_barrier_destroy(&barrier);
  MUST(tern_options_free(options));
}

/* Neither a getter nor a call that succeeds changes the message. */
static void the_message_stays(void **state) {
  (void)state;
  int32_t abi;
  int64_t length;
  char text[64], kept[2048];
  tern_options *options = NULL;
  MUST(tern_options_new(&options));
  FAILS(tern_options_set(options, "zzz_kept", "1"), TERN_ERROR_OPTION, "zzz_kept");
  strcpy(kept, last_error());
  MUST(tern_abi_version(&abi));
  assert_int_equal(abi, TERN_ABI_VERSION);
  assert_int_equal(tern_abi_version(NULL), TERN_ERROR_ARGUMENT);
  MUST(tern_version(text, sizeof text, &length));
  assert_string_equal(text, TERN_VERSION_STRING);
  assert_int_equal(tern_version(text, 2, NULL), TERN_ERROR_BUFFER);
  MUST(tern_last_error(text, 4, &length));
  assert_int_equal(strlen(text), 3);
  assert_int_equal(length, strlen(kept));
  assert_int_equal(tern_last_error(text, -1, NULL), TERN_ERROR_ARGUMENT);
  tern_system *system = dimer(2.0);
  MUST(tern_system_free(system));
  assert_string_equal(last_error(), kept);
  MUST(tern_options_free(options));
}

static void free_takes_null(void **state) {
  (void)state;
  MUST(tern_options_free(NULL));
  MUST(tern_system_free(NULL));
  MUST(tern_dataset_free(NULL));
  MUST(tern_reader_free(NULL));
  MUST(tern_writer_free(NULL));
  MUST(tern_descriptor_free(NULL));
  MUST(tern_model_free(NULL));
}

enum { THREADS = 4, TIMES = 50 };

typedef struct predicting {
  const tern_model *model;
  tern_system *const *systems;
  const double (*expected)[7];
  int wrong;
} predicting;

static void *predict(void *argument) {
  predicting *self = argument;
  for (int k = 0; k < TIMES; k++) {
    double found[7];
    const int index = k % 8;
    if (tern_model_predict(self->model, self->systems[index], &found[0], &found[1], NULL) != TERN_SUCCESS ||
        memcmp(found, self->expected[index], sizeof found) != 0)
      self->wrong++;
  }
  return NULL;
}

static void one_model_serves_many_threads(void **state) {
  (void)state;
  tern_model *model = small_model();
  tern_system *systems[8];
  double expected[8][7];
  pthread_t threads[THREADS];
  predicting work[THREADS];
  for (int k = 0; k < 8; k++) {
    systems[k] = dimer(2.0 + 0.2 * k);
    MUST(tern_model_predict(model, systems[k], &expected[k][0], &expected[k][1], NULL));
  }
  for (int k = 0; k < THREADS; k++) {
    work[k] = (predicting){model, systems, (const double (*)[7])expected, 0};
    assert_int_equal(pthread_create(&threads[k], NULL, predict, &work[k]), 0);
  }
  for (int k = 0; k < THREADS; k++) {
    pthread_join(threads[k], NULL);
    assert_int_equal(work[k].wrong, 0);
  }
  for (int k = 0; k < 8; k++)
    MUST(tern_system_free(systems[k]));
  MUST(tern_model_free(model));
}

int test_threads(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_message_belongs_to_its_thread),
                                     cmocka_unit_test(the_message_stays), cmocka_unit_test(free_takes_null),
                                     cmocka_unit_test(one_model_serves_many_threads)};
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
