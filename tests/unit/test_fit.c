/* SPDX-License-Identifier: BSD-3-Clause */
/* Training of a small problem of rows: optimizers, guards, schedule. */
#include "fit_case.h"

#include <jansson.h>

static json_t *report_of(const fit_case *c) {
  char json[4096];
  snprintf(json, sizeof json, "{%s}", c->report.data);
  json_t *object = json_loads(json, 0, NULL);
  if (object == NULL)
    fail_msg("no JSON: %s", json);
  return object;
}

static double reported(const fit_case *c, const char *key) {
  json_t *object = report_of(c), *value = json_object_get(object, key);
  assert_true(json_is_number(value));
  const double number = json_number_value(value);
  json_decref(object);
  return number;
}

static void assert_stopped(const fit_case *c, const char *why) {
  json_t *object = report_of(c);
  assert_string_equal(json_string_value(json_object_get(object, "stopped")), why);
  json_decref(object);
}

static void assert_finite(const fit_case *c) {
  for (int k = 0; k < CASE_PARAMETERS; k++)
    assert_true(isfinite(c->parameters[k]));
}

/* ---- optimizers ---- */

static void converges(const char *optimizer, bool wide, const char *epochs, double target) {
  fit_case c;
  case_new(&c, wide);
  case_set(&c, "optimizer", optimizer);
  case_set(&c, "epochs", epochs);
  const double start = case_loss(&c, c.parameters);
  ASSERT_SUCCESS(case_train(&c));
  const double end = case_loss(&c, c.parameters);
  if (!(end < target) || !(start > 0.05))
    fail_msg("%s, wide %d: loss %g -> %g", optimizer, wide, start, end);
  json_t *report = report_of(&c), *train = json_object_get(report, "train");
  assert_true(fabs(json_number_value(json_object_get(train, "loss")) - end) <= 1e-6 * end);
  assert_true(json_is_number(json_object_get(json_object_get(report, "validation"), "rmse")));
  assert_string_equal(json_string_value(json_object_get(report, "optimizer")), optimizer);
  json_decref(report);
  case_end(&c);
}

/* Members see the same batches, each as if it were alone, and their mean is measured. */
static void members_are_trained_side_by_side(void **state) {
  (void)state;
  static const char *const optimizers[] = {"spring", "adam"};
  for (int k = 0; k < 2; k++) {
    fit_case c;
    double alone[CASE_ALL];
    for (int m = 0; m < CASE_MEMBERS; m++) {
      case_new(&c, true);
      case_set(&c, "optimizer", optimizers[k]);
      c.problem.n_held_out = 0; /* the last state is the best, of each and of all */
      memmove(c.parameters, c.parameters + m * CASE_PARAMETERS, CASE_PARAMETERS * sizeof(double));
      ASSERT_SUCCESS(case_train(&c));
      memcpy(alone + m * CASE_PARAMETERS, c.parameters, CASE_PARAMETERS * sizeof(double));
      case_end(&c);
    }
    case_new(&c, true);
    case_set(&c, "optimizer", optimizers[k]);
    c.problem.members = CASE_MEMBERS;
    c.problem.n_held_out = 0;
    ASSERT_SUCCESS(case_train(&c));
    assert_memory_equal(alone, c.parameters, sizeof alone);
    json_t *report = report_of(&c);
    const double loss = json_number_value(json_object_get(json_object_get(report, "train"), "loss"));
    assert_true(fabs(loss - case_loss(&c, c.parameters)) <= 1e-6 * loss);
    json_decref(report);
    case_end(&c);
  }
}

static void optimizers_converge(void **state) {
  (void)state;
  converges("spring", true, "100", 1e-6);
  converges("spring", false, "100", 1e-6);
  converges("lbfgs", true, "300", 1e-6);
  converges("lbfgs", false, "300", 1e-5);
  converges("adam", true, "400", 1e-2);
  converges("adam", false, "400", 1e-2);
}

/* x [n] of matrix [n][n] x = right, by elimination with pivots; both are overwritten. */
static void eliminate(int n, double *matrix, double *right) {
  for (int k = 0; k < n; k++) {
    int pivot = k;
    for (int i = k; i < n; i++)
      if (fabs(matrix[i * n + k]) > fabs(matrix[pivot * n + k]))
        pivot = i;
    for (int j = 0; j <= n; j++) {
      double *a = j < n ? &matrix[k * n + j] : &right[k], *b = j < n ? &matrix[pivot * n + j] : &right[pivot];
      const double held = *a;
      *a = *b;
      *b = held;
    }
    for (int i = 0; i < n; i++) {
      const double factor = i == k ? 0 : matrix[i * n + k] / matrix[k * n + k];
      for (int j = k; j < n; j++)
        matrix[i * n + j] -= factor * matrix[k * n + j];
      right[i] -= factor * right[k];
    }
  }
  for (int k = 0; k < n; k++)
    right[k] /= matrix[k * n + k];
}

/* The same step in the space of the parameters: J^T (J J^T + c)^-1 = (J^T J + c)^-1 J^T. */
static void dense_step(fit_case *c, double momentum, double damping, double step, double *parameters, double *phi) {
  enum { N = CASE_PARAMETERS };
  double *normal = zeros(N * N), *right = zeros(N), derivatives[N], trace = 0;
  int64_t rows = 0;
  for (int64_t item = 0; item < c->problem.n_items; item++)
    for (int64_t row = 0; row < case_rows(c, item); row++, rows++) {
      double residual = case_residual(c, parameters, item, row, derivatives);
      for (int k = 0; k < N; k++)
        residual -= momentum * derivatives[k] * phi[k];
      for (int k = 0; k < N; k++) {
        right[k] += derivatives[k] * residual;
        trace += derivatives[k] * derivatives[k];
        for (int i = 0; i < N; i++)
          normal[k * N + i] += derivatives[k] * derivatives[i];
      }
    }
  for (int k = 0; k < N; k++)
    normal[k * N + k] += damping * trace / (double)rows;
  eliminate(N, normal, right);
  for (int k = 0; k < N; k++) {
    phi[k] = momentum * phi[k] + right[k];
    parameters[k] += step * phi[k];
  }
  free(normal);
  free(right);
}

/* momentum: NaN is auto */
static void check_formula(double momentum) {
  fit_case c;
  double expected[CASE_PARAMETERS], phi[CASE_PARAMETERS] = {0};
  case_new(&c, true);
  c.noise = 0.3;
  case_set(&c, "batch", "0"); /* all items */
  case_set(&c, "epochs", "4");
  case_set(&c, "step", "0.4");
  case_set(&c, "damping", "0.1");
  case_set(&c, "damping_end", "0.01");
  case_set(&c, "momentum", isnan(momentum) ? "auto" : "0.7");
  memcpy(expected, c.parameters, sizeof expected);
  for (int k = 0; k < 4; k++) {
    const double step = 0.4 * (1 - k / 4.0);
    dense_step(&c, isnan(momentum) ? 1 - step / 5 : momentum, 0.1 * pow(0.1, k / 4.0), step, expected, phi);
  }
  ASSERT_SUCCESS(case_train(&c));
  assert_true(reported(&c, "best_step") == 4);
  for (int k = 0; k < CASE_PARAMETERS; k++)
    assert_true(fabs(c.parameters[k] - expected[k]) <= 1e-10);
  case_end(&c);
}

static void spring_is_the_formula(void **state) {
  (void)state;
  check_formula(0.7);
  check_formula(NAN);
}

/* ---- guards ---- */

/* Numbers that are no numbers end the training with the last good state, wherever they begin. */
static void not_finite_stops(void **state) {
  (void)state;
  static const char *const optimizers[] = {"spring", "adam", "lbfgs"};
  for (int k = 0; k < 3; k++)
    for (int64_t from = 1; from < 12; from += 5) {
      fit_case c;
      case_new(&c, true);
      case_set(&c, "optimizer", optimizers[k]);
      c.not_a_number_from = from;
      const double start = case_loss(&c, c.parameters);
      ASSERT_SUCCESS(case_train(&c));
      if (k < 2)
        assert_stopped(&c, "not finite");
      assert_finite(&c);
      assert_true(case_loss(&c, c.parameters) <= start);
      assert_true(from == 1 || case_loss(&c, c.parameters) < start);
      case_end(&c);
    }
}

static void wild_parameters_are_refused(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  c.parameters[3] = INFINITY;
  assert_int_equal(case_train(&c), TERN_ERROR_NUMERICAL);
  case_end(&c);
}

/* Steps much too long are taken back, and the training gets somewhere all the same. */
static void long_steps_are_halved(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  c.noise = 0.1;
  case_set(&c, "step", "40");
  case_set(&c, "damping", "1e-4");
  case_set(&c, "epochs", "30");
  const double start = case_loss(&c, c.parameters);
  ASSERT_SUCCESS(case_train(&c));
  assert_true(reported(&c, "halved_steps") > 0);
  assert_finite(&c);
  assert_true(case_loss(&c, c.parameters) < start);
  case_end(&c);
}

/* All rows the same and no damping: the factorization fails and is repeated. No row depends on a parameter: nothing
   happens. */
static void singular_gram(void **state) {
  (void)state;
  for (int wide = 0; wide < 2; wide++) {
    fit_case c;
    case_new(&c, wide);
    c.same = true;
    case_set(&c, "damping", "0");
    const double start = case_loss(&c, c.parameters);
    ASSERT_SUCCESS(case_train(&c));
    assert_true(reported(&c, "factorizations_repeated") > 0);
    assert_true(case_loss(&c, c.parameters) < 1e-3 * start);
    c.factor = 0;
    case_start_parameters(&c);
    ASSERT_SUCCESS(case_train(&c));
    assert_stopped(&c, "epochs");
    assert_finite(&c);
    case_end(&c);
  }
}

/* ---- schedule, threads, memory ---- */

static void end_of_training(void **state) {
  (void)state;
  fit_case c;
  double start[CASE_PARAMETERS];
  case_new(&c, true);
  memcpy(start, c.parameters, sizeof start);
  case_set(&c, "epochs", "0");
  case_set(&c, "time_limit", "1e-9");
  ASSERT_SUCCESS(case_train(&c));
  assert_stopped(&c, "time_limit");
  assert_true(reported(&c, "steps") == 0);
  assert_memory_equal(start, c.parameters, sizeof start);
  case_set(&c, "time_limit", "0.3");
  ASSERT_SUCCESS(case_train(&c));
  assert_stopped(&c, "time_limit");
  assert_true(reported(&c, "steps") > 10);
  case_set(&c, "time_limit", "0");
  ASSERT_SUCCESS(case_train(&c));
  assert_stopped(&c, "epochs");
  assert_true(reported(&c, "steps") == 2000);
  case_set(&c, "epochs", "3");
  case_set(&c, "batch", "7");
  ASSERT_SUCCESS(case_train(&c));
  assert_true(reported(&c, "steps") == 18 && reported(&c, "epochs") == 3);
  case_end(&c);
}

static void train_with(const char *seed, int32_t threads, double found[CASE_ALL]) {
  fit_case c;
  case_new(&c, false);
  c.noise = 0.2;
  c.run.threads = threads;
  case_set(&c, "seed", seed);
  ASSERT_SUCCESS(case_train(&c));
  memcpy(found, c.parameters, sizeof c.parameters);
  case_end(&c);
}

static void seed_and_threads_decide(void **state) {
  (void)state;
  double first[CASE_ALL], second[CASE_ALL];
  train_with("3", 2, first);
  train_with("3", 2, second);
  assert_memory_equal(first, second, sizeof first);
  train_with("3", 1, second);
  for (int k = 0; k < CASE_PARAMETERS; k++)
    assert_true(fabs(first[k] - second[k]) < 1e-3);
  train_with("4", 2, second);
  assert_memory_not_equal(first, second, sizeof first);
}

static void memory_bounds_the_batch(void **state) {
  (void)state;
  static const char *const optimizers[] = {"spring", "adam"};
  for (int k = 0; k < 2; k++) {
    fit_case c;
    case_new(&c, true);
    case_set(&c, "optimizer", optimizers[k]);
    case_set(&c, "batch", "40");
    c.run.memory_limit = k == 0 ? 40000 : 9000;
    const double start = case_loss(&c, c.parameters);
    ASSERT_SUCCESS(case_train(&c));
    assert_true(c.most_rows >= 3 && c.most_rows < 60);
    assert_true(c.run.memory_peak <= c.run.memory_limit);
    assert_true(case_loss(&c, c.parameters) < start);
    c.run.memory_limit = 2500;
    assert_int_equal(case_train(&c), TERN_ERROR_MEMORY);
    case_end(&c);
  }
}

static void one_item_too_large(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  c.run.memory_limit = 12000;
  assert_int_equal(case_train(&c), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "3 rows of item 2"));
  case_end(&c);
}

/* ---- cancelling ---- */

static int32_t say_stop(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  fit_case *c = context;
  assert_string_equal(stage, "train");
  assert_true(done >= 0 && done <= total && loss >= 0);
  c->answers++;
  return c->steps_seen >= 5 ? 1 : 0;
}

static void cancelling_keeps_the_best(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  case_set(&c, "epochs", "1000000");
  c.run.progress = say_stop;
  c.run.context = &c;
  const double start = case_loss(&c, c.parameters);
  ASSERT_SUCCESS(case_train(&c));
  assert_stopped(&c, "cancelled");
  assert_true(c.answers == 2); /* the first report, and the one that said so */
  assert_null(c.run.progress); /* nobody is asked again */
  assert_true(case_loss(&c, c.parameters) < start);
  case_end(&c);
}

static int32_t say_failure(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage;
  (void)done;
  (void)total;
  (void)loss;
  (void)context;
  return -7;
}

static void an_error_of_the_callback_is_handed_on(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  c.run.progress = say_failure;
  assert_int_equal(case_train(&c), -7);
  case_end(&c);
}

static void nothing_to_train_on(void **state) {
  (void)state;
  fit_case c;
  case_new(&c, true);
  c.problem.n_items = 0;
  assert_int_equal(case_train(&c), TERN_ERROR_DATA);
  case_end(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_are_trained_side_by_side),
      cmocka_unit_test(optimizers_converge),     cmocka_unit_test(spring_is_the_formula),
      cmocka_unit_test(not_finite_stops),        cmocka_unit_test(wild_parameters_are_refused),
      cmocka_unit_test(long_steps_are_halved),   cmocka_unit_test(singular_gram),
      cmocka_unit_test(end_of_training),         cmocka_unit_test(seed_and_threads_decide),
      cmocka_unit_test(memory_bounds_the_batch), cmocka_unit_test(one_item_too_large),
      cmocka_unit_test(cancelling_keeps_the_best),
      cmocka_unit_test(an_error_of_the_callback_is_handed_on),
      cmocka_unit_test(nothing_to_train_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
