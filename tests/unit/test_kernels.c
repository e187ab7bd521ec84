/* SPDX-License-Identifier: BSD-3-Clause */
/* Every instruction set that the machine runs gives the same numbers; the environment variable picks one or is refused.
 */
#include "golden.h"
#include "kind_checks.h"

#include "density/density.h"

#include <sys/wait.h>
#include <unistd.h>

typedef struct numbers {
  double *coefficients, *adjoint, *tangent, *products, *applied, *outer;
} numbers;

/* All functions of a set on one environment; the results in `found`. */
static void run_set(const density_basis *given, const char *set, golden_environment *around, numbers *found) {
  density_basis basis = *given;
  const kernel_shape shape = {basis.n_max, basis.n_padded, basis.l_max};
  basis.kernels = kernels_find(set);
  assert_non_null(basis.kernels);
  assert_string_equal(basis.kernels->name, set);
  const int64_t n = around->view.n_neighbours, products = (int64_t)(basis.l_max + 1) * basis.n_max * basis.n_max;
  density_expansion *e = density_expand(&basis, &around->view, aligned_space(density_scratch(&basis, n)));
  double *factors = zeros(basis.l_max + 1), *directions = zeros(3 * n), *tangent = aligned_space(8 * basis.size);
  double *matrices = aligned_space(8 * (int64_t)(basis.l_max + 1) * basis.n_max * basis.n_padded);
  double *applied = aligned_space(8 * basis.channel_size), *sums = aligned_space(32 * basis.radial_size);
  *found = (numbers){zeros(basis.size),         zeros(3 * n),   zeros(basis.size), zeros(products),
                     zeros(basis.channel_size), zeros(products)};
  uint64_t random = 3;
  for (int64_t k = 0; k < 3 * n; k++)
    directions[k] = pseudo_random(&random);
  for (int32_t l = 0; l <= basis.l_max; l++)
    factors[l] = pseudo_random(&random);
  for (int64_t k = 0; k < (int64_t)(basis.l_max + 1) * basis.n_max * basis.n_padded; k++)
    matrices[k] = pseudo_random(&random);
  memset(applied, 0, (size_t)basis.channel_size * sizeof *applied);
  memcpy(found->coefficients, e->coefficients, (size_t)basis.size * sizeof(double));
  density_adjoint(&basis, e, e->coefficients, found->adjoint);
  density_tangent(&basis, e, directions, tangent);
  memcpy(found->tangent, tangent, (size_t)basis.size * sizeof(double));
  basis.kernels->power_spectrum(shape, e->coefficients, tangent, factors, found->products);
  basis.kernels->apply(shape, matrices, e->coefficients, applied);
  memcpy(found->applied, applied, (size_t)basis.channel_size * sizeof(double));
  basis.kernels->contract(shape, e->stride, e->harmonics, e->harmonics_gradient, e->coefficients, factors, sums);
  basis.kernels->outer(shape, 1, e->radial, sums, e->radial_slope, sums + basis.radial_size, found->outer);
  free(e);
  free(factors);
  free(directions);
  free(tangent);
  free(matrices);
  free(applied);
  free(sums);
}

static void free_numbers(numbers *n) {
  free(n->coefficients);
  free(n->adjoint);
  free(n->tangent);
  free(n->products);
  free(n->applied);
  free(n->outer);
}

static void compare_sets(const char *n_max, const char *l_max) {
  tern_options *options = golden_options("triclinic.txt");
  int32_t species[16];
  golden_environment around;
  density_basis *basis = NULL;
  ASSERT_SUCCESS(options_set(options, "n_max", n_max));
  ASSERT_SUCCESS(options_set(options, "l_max", l_max));
  const int32_t n_species = golden_species(options, species);
  golden_environment_of("triclinic.txt", 0, 3, species, n_species, &around);
  ASSERT_SUCCESS(density_basis_new(&basis, options, n_species));
  numbers expected, found;
  char names[100], *rest = names;
  run_set(basis, "baseline", &around, &expected);
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest)) {
    const int64_t products = (int64_t)(basis->l_max + 1) * basis->n_max * basis->n_max;
    run_set(basis, set, &around, &found);
    assert_close(set, basis->size, found.coefficients, expected.coefficients, 1e-12);
    assert_close(set, 3 * around.view.n_neighbours, found.adjoint, expected.adjoint, 1e-12);
    assert_close(set, basis->size, found.tangent, expected.tangent, 1e-12);
    assert_close(set, products, found.products, expected.products, 1e-12);
    assert_close(set, basis->channel_size, found.applied, expected.applied, 1e-12);
    assert_close(set, products, found.outer, expected.outer, 1e-12);
    free_numbers(&found);
  }
  free_numbers(&expected);
  density_basis_free(basis);
  options_free(options);
}

static void sets_agree(void **state) {
  (void)state;
  compare_sets("8", "6");
  compare_sets("6", "3");
  compare_sets("3", "0");
  compare_sets("13", "9");
}

/* What kernels_get says in a fresh process with that environment: 0 the named set, 1 refused with all names, 2 anything
 * else. */
static int answer(const char *wanted) {
  const pid_t child = fork();
  if (child == 0) {
    const kernel_table *table = NULL;
    setenv("TERNION_KERNELS", wanted, 1);
    const int32_t status = kernels_get(&table);
    if (status == TERN_SUCCESS)
      _exit(strcmp(table->name, wanted) == 0 ? 0 : 2);
    _exit(status == TERN_ERROR_ARGUMENT && strstr(error_message(), wanted) &&
                  strstr(error_message(), kernels_available())
              ? 1
              : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void environment_decides(void **state) {
  (void)state;
  char names[100], *rest = names;
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest))
    assert_int_equal(answer(set), 0);
  assert_int_equal(answer("sse9"), 1);
  assert_int_equal(answer("AVX2"), 1);
}

/* Moving to any address, past the caches or not, touches what it should and nothing else. */
static void moves(void **state) {
  (void)state;
  char names[100], *rest = names;
  snprintf(names, sizeof names, "%s", kernels_available());
  for (const char *set = strtok_r(rest, " ", &rest); set; set = strtok_r(NULL, " ", &rest))
    for (int64_t count = 0; count < 40; count++)
      for (int64_t shift = 0; shift < 8; shift++)
        for (int32_t past_caches = 0; past_caches < 2; past_caches++) {
          double source[40], sum[41] = {0}, *space = aligned_space(64 * sizeof *space), *target = space + 1 + shift;
          for (int64_t k = 0; k < count; k++)
            source[k] = (double)k + 0.5;
          target[-1] = target[count] = -7;
          kernels_find(set)->move(count, source, target, sum, past_caches);
          assert_true(target[-1] == -7 && target[count] == -7 && sum[count] == 0);
          for (int64_t k = 0; k < count; k++)
            assert_true(target[k] == source[k] && sum[k] == -source[k]);
          free(space);
        }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(environment_decides), cmocka_unit_test(sets_agree),
                                     cmocka_unit_test(moves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
