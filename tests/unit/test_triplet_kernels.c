/* SPDX-License-Identifier: BSD-3-Clause */
/* Every instruction set that the machine runs gives the same triplets and frames, and writes nothing else. */
#include "triplet_cases.h"

#include "kernels/kernels.h"
#include <sys/wait.h>
#include <unistd.h>

typedef struct shared {
  double value[3]; /* sums over values, Jacobian and gradient, each number with its own random factor */
  int32_t done;
} shared;

static double fold(int64_t count, const double *values) {
  double *factors = described_random(count, 3), sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += factors[k] * values[k];
  free(factors);
  return sum;
}

/* All functions of the kind with the set that is in force in this process. */
static void run_kind(const char *kind, const char *const *settings, shared *result) {
  triplet_case c;
  triplet_case_start(&c, kind, settings);
  free(triplet_case_values(&c, triplet_vectors[0]));
  const int64_t count = c.rows * c.features;
  double *values = zeros(count + 8), *jacobian = zeros(18 * count), *gradient = zeros(18);
  double *weights = described_random(count, 9);
  for (int k = 0; k < 8; k++)
    values[count + k] = -7;
  ASSERT_SUCCESS(c.kind->forward(c.state, &c.around, c.scratch, values));
  ASSERT_SUCCESS(c.kind->backward(c.state, &c.around, c.scratch, weights, gradient));
  ASSERT_SUCCESS(c.kind->jacobian(c.state, &c.around, c.scratch, jacobian));
  for (int k = 0; k < 8; k++)
    assert_true(values[count + k] == -7);
  result->value[0] = fold(count, values);
  result->value[1] = fold(18 * count, jacobian);
  result->value[2] = fold(18, gradient);
  result->done = 1;
  free(values);
  free(jacobian);
  free(gradient);
  free(weights);
  triplet_case_end(&c);
}

/* In a process of its own, where the environment variable decides. */
static shared run_with(const char *set, const char *kind, const char *const *settings) {
  int ends[2];
  shared result = {.done = 0};
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    setenv("TERNION_KERNELS", set, 1);
    run_kind(kind, settings, &result);
    _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
  }
  close(ends[1]);
  assert_int_equal(read(ends[0], &result, sizeof result), sizeof result);
  close(ends[0]);
  waitpid(child, NULL, 0);
  assert_int_equal(result.done, 1);
  return result;
}

static void check_settings(const char *kind, const char *const *settings) {
  char names[100], *rest = names;
  const shared expected = run_with("baseline", kind, settings);
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest)) {
    const shared found = run_with(set, kind, settings);
    for (int k = 0; k < 3; k++) {
      assert_true(fabs(expected.value[k]) > 1e-6);
      assert_true(fabs(found.value[k] - expected.value[k]) < 1e-10 * (1 + fabs(expected.value[k])));
    }
  }
}

static void test_sets_agree(void **state) {
  static const char *const n_max[] = {"n_max 1", "n_max 3", "n_max 6", "n_max 8", "n_max 9"};
  static const char *const others[] = {"tags 2", "tags 1", "sum_tags 1", NULL};
  (void)state;
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 4; k++) {
      const char *const settings[] = {"cutoff 3",     "l_max 2", "sigma 0.4", "spline_error 1e-7",
                                      "self_pairs 0", n_max[i],  others[k],   NULL};
      check_settings(others[k] == NULL ? "frames" : "triplets", settings);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sets_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
