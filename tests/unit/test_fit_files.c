/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of a training: checkpoints from which it goes on bit for bit, and the log. */
#include "fit_case.h"

#include <jansson.h>

#include "helper_folder.h"

static const char *checkpoint(fit_case *c) {
  static char path[HELPER_PATH]; /* of one test at a time */
  case_set(c, "checkpoint", helper_path(path, "training.safetensors"));
  return path;
}

static void new_case(fit_case *c, const char *optimizer, bool wide, int64_t members) {
  case_new(c, wide);
  c->problem.members = members;
  c->noise = 0.2;
  case_set(c, "optimizer", optimizer);
  case_set(c, "epochs", "12");
}

/* ---- going on ---- */

/* Ended at several steps by the problem itself, then to the end. */
static void train_with_stops(const char *optimizer, bool wide, int64_t members, int64_t every,
                             double found[CASE_ALL]) {
  fit_case c;
  int stops = 0;
  new_case(&c, optimizer, wide, members);
  checkpoint(&c);
  do {
    c.calls = 0;
    c.cancel_at = every;
    case_start_parameters(&c); /* what is given then does not matter */
    ASSERT_SUCCESS(case_train(&c));
    case_set(&c, "resume", "1");
    assert_true(++stops < 100);
  } while (strstr(c.report.data, "cancelled") != NULL);
  assert_true(stops > 2);
  memcpy(found, c.parameters, sizeof c.parameters);
  case_end(&c);
}

static void resuming_changes_nothing_for(const char *optimizer, bool wide, int64_t members) {
  const bool is_short = strcmp(optimizer, "lbfgs") == 0;
  for (int64_t every = 5; every < (is_short ? 10 : 20); every += 7) {
    fit_case c;
    double expected[CASE_ALL], found[CASE_ALL];
    new_case(&c, optimizer, wide, members);
    ASSERT_SUCCESS(case_train(&c));
    memcpy(expected, c.parameters, sizeof expected);
    case_end(&c);
    train_with_stops(optimizer, wide, members, every, found);
    assert_memory_equal(expected, found, sizeof found);
  }
}

static void resuming_changes_nothing(void **state) {
  (void)state;
  static const char *const optimizers[] = {"spring", "adam", "lbfgs"};
  for (int k = 0; k < 3; k++)
    for (int wide = 0; wide < 2; wide++)
      for (int64_t members = 1; members <= CASE_MEMBERS; members++)
        resuming_changes_nothing_for(optimizers[k], wide, members);
}

/* A training that has ended stays as it is, and more epochs go on from there. */
static void ended_training_goes_on(void **state) {
  (void)state;
  fit_case c;
  double ended[CASE_PARAMETERS];
  new_case(&c, "spring", true, 1);
  checkpoint(&c);
  ASSERT_SUCCESS(case_train(&c));
  memcpy(ended, c.parameters, sizeof ended);
  case_set(&c, "resume", "1");
  case_start_parameters(&c);
  ASSERT_SUCCESS(case_train(&c));
  assert_memory_equal(ended, c.parameters, sizeof ended);
  case_set(&c, "epochs", "14");
  c.calls = 0;
  ASSERT_SUCCESS(case_train(&c));
  assert_true(c.calls >= 8);
  case_end(&c);
}

/* ---- what is refused ---- */

static void assert_refused(fit_case *c, int32_t status, const char *words) {
  double before[CASE_PARAMETERS];
  memcpy(before, c->parameters, sizeof before);
  assert_int_equal(case_train(c), status);
  if (strstr(error_message(), words) == NULL || strstr(error_message(), "training.safetensors") == NULL)
    fail_msg("'%s' and the file are not in: %s", words, error_message());
  for (int k = 0; k < CASE_PARAMETERS; k++)
    assert_true(isfinite(c->parameters[k]));
}

static void another_problem_is_refused(void **state) {
  (void)state;
  fit_case c;
  new_case(&c, "spring", true, 1);
  checkpoint(&c);
  ASSERT_SUCCESS(case_train(&c));
  case_set(&c, "resume", "1");
  const fit_problem problem = c.problem;
  c.problem.name = "another";
  assert_refused(&c, TERN_ERROR_DATA, "'sum of steps', this training's is 'another'");
  c.problem = problem;
  c.problem.fingerprint++;
  assert_refused(&c, TERN_ERROR_DATA, "fingerprint");
  c.problem = problem;
  c.problem.n_parameters--;
  assert_refused(&c, TERN_ERROR_DATA, "parameters");
  c.problem = problem;
  c.problem.wide = false;
  assert_refused(&c, TERN_ERROR_DATA, "precision");
  c.problem = problem;
  case_set(&c, "optimizer", "adam");
  assert_refused(&c, TERN_ERROR_DATA, "optimizer is 'spring'");
  case_set(&c, "optimizer", "spring");
  case_set(&c, "seed", "1");
  assert_refused(&c, TERN_ERROR_DATA, "seed is 0");
  case_end(&c);
}

/* Any byte that is changed or missing: refused, or the training goes on from sound numbers. */
static void damaged_files_are_refused(void **state) {
  (void)state;
  fit_case c;
  int64_t size;
  new_case(&c, "spring", true, 1);
  const char *path = checkpoint(&c);
  ASSERT_SUCCESS(case_train(&c));
  case_set(&c, "resume", "1");
  unsigned char *bytes = helper_bytes(path, &size);
  for (int64_t keep = 0; keep < size; keep += 97) {
    helper_store(path, bytes, keep);
    assert_int_not_equal(case_train(&c), TERN_SUCCESS);
  }
  for (int64_t place = 0; place < size; place += 13) {
    bytes[place] ^= 0xff;
    helper_store(path, bytes, size);
    const int32_t status = case_train(&c);
    bytes[place] ^= 0xff;
    assert_true(status == TERN_SUCCESS || strstr(error_message(), path) != NULL);
    for (int k = 0; k < CASE_PARAMETERS; k++)
      assert_true(isfinite(c.parameters[k]));
  }
  helper_store(path, bytes, size);
  ASSERT_SUCCESS(case_train(&c));
  free(bytes);
  case_end(&c);
}

static void missing_files_are_named(void **state) {
  (void)state;
  fit_case c;
  new_case(&c, "spring", true, 1);
  case_set(&c, "resume", "1");
  assert_int_equal(case_train(&c), TERN_ERROR_OPTION);
  helper_folder_end();
  helper_folder();
  checkpoint(&c);
  assert_refused(&c, TERN_ERROR_FILE, "");
  case_set(&c, "resume", "0");
  case_set(&c, "checkpoint", "/nowhere/training.safetensors");
  const double start = case_loss(&c, c.parameters);
  c.calls = 0;
  assert_refused(&c, TERN_ERROR_FILE, "/nowhere/");
  assert_int_equal(c.calls, 0); /* before any step */
  case_set(&c, "checkpoint", "/dev/full");
  assert_int_equal(case_train(&c), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "/dev/full"));
  assert_true(case_loss(&c, c.parameters) < start); /* what was reached is there */
  case_end(&c);
}

/* ---- the log ---- */

static int64_t check_log(const char *path, int64_t *measured) {
  char line[1024];
  int64_t lines = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  *measured = 0;
  for (; fgets(line, sizeof line, file) != NULL; lines++) {
    json_t *object = json_loads(line, 0, NULL);
    assert_true(json_is_object(object));
    assert_int_equal(json_integer_value(json_object_get(object, "step")), lines + 1);
    static const char *const numbers[] = {"epoch", "seconds", "loss", "damping", "step_size"};
    for (int k = 0; k < 5; k++)
      assert_true(json_is_number(json_object_get(object, numbers[k])));
    *measured += json_is_number(json_object_get(json_object_get(object, "validation"), "rmse"));
    json_decref(object);
  }
  fclose(file);
  return lines;
}

static void steps_are_logged(void **state) {
  (void)state;
  fit_case c;
  char path[HELPER_PATH];
  int64_t measured;
  new_case(&c, "spring", true, 1);
  case_set(&c, "log", helper_path(path, "training.jsonl"));
  checkpoint(&c);
  c.cancel_at = 12;
  ASSERT_SUCCESS(case_train(&c));
  assert_int_equal(check_log(path, &measured), 11);
  c.cancel_at = 0;
  case_set(&c, "resume", "1");
  ASSERT_SUCCESS(case_train(&c));
  assert_int_equal(check_log(path, &measured), 48);
  assert_in_range(measured, 5, 40);
  case_set(&c, "resume", "0");
  case_set(&c, "epochs", "1");
  ASSERT_SUCCESS(case_train(&c));
  assert_int_equal(check_log(path, &measured), 4);
  case_end(&c);
}

static void a_log_that_fails_is_named(void **state) {
  (void)state;
  static const char *const paths[] = {"/nowhere/training.jsonl", "/dev/full"};
  for (int k = 0; k < 2; k++) {
    fit_case c;
    new_case(&c, "adam", false, 1);
    case_set(&c, "log", paths[k]);
    assert_int_equal(case_train(&c), TERN_ERROR_FILE);
    assert_non_null(strstr(error_message(), paths[k]));
    case_end(&c);
  }
}

static int start(void **state) {
  (void)state;
  helper_folder();
  return 0;
}

static int end(void **state) {
  (void)state;
  helper_folder_end();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resuming_changes_nothing),  cmocka_unit_test(ended_training_goes_on),
      cmocka_unit_test(another_problem_is_refused), cmocka_unit_test(damaged_files_are_refused),
      cmocka_unit_test(missing_files_are_named),   cmocka_unit_test(steps_are_logged),
      cmocka_unit_test(a_log_that_fails_is_named),
  };
  return cmocka_run_group_tests(tests, start, end);
}
