/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlations of any order: derivatives, symmetry, labels, what is refused. Rotation averages are in
   test_correlations_gram.c. */
#include "golden.h"
#include "kind_checks.h"

#include "core/memory.h"
#include "correlation/clebsch_gordan.h"
#include "correlation/plan.h"
#include "density/density.h"

static void derivatives_of(const char *file, const char *const *changes) {
  kind_case c;
  kind_case_start(&c, &correlations_kind, file, changes);
  for (int64_t center = 0; center < 2; center++) {
    kind_case_center(&c, file, center);
    kind_check_environment(&c);
  }
  kind_case_end(&c);
}

static void derivatives_agree(void **state) {
  (void)state;
  static const char *const cases[][12] = {
      {"n_max", "2", "l_max", "2", NULL},
      {"n_max", "2", "l_max", "2", "group", "so3", "lambda_max", "2", NULL},
      {"n_max", "1", "l_max", "2", "nu_max", "4", "nu_min", "4", "group", "so3", NULL},
      {"n_max", "1", "l_max", "1", "nu_max", "5", "lambda_max", "1", NULL},
      {"n_max", "9", "l_max", "3", "nu_max", "2", NULL},
      {"n_max", "3", "l_max", "0", NULL},
      {"n_max", "2", "l_max", "3", "nu_max", "1", "lambda_max", "3", NULL},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    derivatives_of("molecule.txt", cases[k]);
    derivatives_of("triclinic.txt", cases[k]);
  }
}

static void cutoff_is_smooth(void **state) {
  (void)state;
  kind_check_cutoff(&correlations_kind);
}

static void nobody_around(void **state) {
  (void)state;
  kind_check_empty(&correlations_kind);
}

/* ---- order of the columns, labels and values, one number at a time ---- */

enum { PLAIN_MOST = 128 };

/* Density [lm][channel] of an environment, and everything written out from it. */
typedef struct plain_case {
  kind_case kind;
  int32_t nu, l_max, n_max;
  int64_t channels;
  double *density;
  double *tables[9][9][17]; /* Clebsch-Gordan coefficients */
  double *values;
  int64_t column; /* that comes next */
} plain_case;

static const double *table(plain_case *p, int32_t l1, int32_t l2, int32_t l) {
  if (p->tables[l1][l2][l] == NULL)
    ASSERT_SUCCESS(clebsch_gordan_new(l1, l2, l, &p->tables[l1][l2][l]));
  return p->tables[l1][l2][l];
}

/* ((rho x rho)_path[1] x rho)_path[2] ... of items l, c. */
static void plain_product(plain_case *p, const int32_t *l, const int32_t *path, const int64_t *c, double *result) {
  for (int32_t m = 0; m <= 2 * l[0]; m++)
    result[m] = p->density[(l[0] * l[0] + m) * p->channels + c[0]];
  for (int32_t k = 1; k < p->nu; k++) {
    const double *coefficients = table(p, path[k - 1], l[k], path[k]);
    double sum[PLAIN_MOST] = {0};
    for (int32_t a = 0; a <= 2 * path[k - 1]; a++)
      for (int32_t b = 0; b <= 2 * l[k]; b++)
        for (int32_t m = 0; m <= 2 * path[k]; m++)
          sum[m] += *coefficients++ * result[a] * p->density[(l[k] * l[k] + b) * p->channels + c[k]];
    memcpy(result, sum, sizeof sum);
  }
}

/* sqrt(nu! / product of multiplicities!), 0 when the items decrease. */
static double plain_factor(const plain_case *p, const int32_t *l, const int64_t *c) {
  double square = 1;
  for (int32_t k = 1, run = 1; k < p->nu; k++) {
    if (l[k] == l[k - 1] && c[k] < c[k - 1])
      return 0;
    run = l[k] == l[k - 1] && c[k] == c[k - 1] ? run + 1 : 1;
    square *= (k + 1.0) / run;
  }
  return sqrt(square);
}

static void plain_label(const plain_case *p, int32_t sigma, const int32_t *l, const int32_t *path, const int64_t *c,
                        int32_t m, char *label) {
  label += sprintf(label, "{\"nu\":%d,\"lambda\":%d,\"sigma\":%d,\"parity\":%d,\"species\":[", p->nu, path[p->nu - 1],
                   sigma, sigma);
  for (int32_t k = 0; k < p->nu; k++)
    label += sprintf(label, "%s%d", k ? "," : "", p->kind.species[c[k] / p->n_max]);
  label += sprintf(label, "],\"n\":[");
  for (int32_t k = 0; k < p->nu; k++)
    label += sprintf(label, "%s%d", k ? "," : "", (int)(c[k] % p->n_max));
  label += sprintf(label, "],\"l\":[");
  for (int32_t k = 0; k < p->nu; k++)
    label += sprintf(label, "%s%d", k ? "," : "", l[k]);
  label += sprintf(label, "],\"path\":[");
  for (int32_t k = 1; k + 1 < p->nu; k++)
    label += sprintf(label, "%s%d", k > 1 ? "," : "", path[k]);
  label += sprintf(label, "]");
  if (path[p->nu - 1] > 0)
    label += sprintf(label, ",\"m\":%d", m);
  sprintf(label, "}");
}

/* The next columns are these, or the product vanishes. */
static void check_row(plain_case *p, int32_t sigma, const int32_t *l, const int32_t *path, const int64_t *c) {
  const double factor = plain_factor(p, l, c);
  double result[PLAIN_MOST], norm = 0;
  char expected[400];
  if (factor == 0)
    return;
  plain_product(p, l, path, c, result);
  for (int32_t m = 0; m <= 2 * path[p->nu - 1]; m++)
    norm = fmax(norm, fabs(result[m]));
  for (int32_t m = 0; m <= 2 * path[p->nu - 1]; m++) {
    text label = {0};
    plain_label(p, sigma, l, path, c, m - path[p->nu - 1], expected);
    if (p->column < p->kind.features)
      p->kind.kind->label(p->kind.state, p->column, &label);
    if (label.data == NULL || strcmp(label.data, expected) != 0) {
      if (m > 0 || norm > 1e-13)
        fail_msg("column %d is %s instead of %s (%g)", (int)p->column, label.data, expected, norm);
      text_free(&label);
      return;
    }
    text_free(&label);
    if (fabs(p->values[p->column] - factor * result[m]) > 1e-13)
      fail_msg("%s: %g instead of %g", expected, p->values[p->column], factor * result[m]);
    p->column++;
  }
}

/* Numbers in a base, the first digit slowest. */
static void digits(int64_t number, int64_t base, int32_t count, int32_t *found) {
  for (int32_t k = count - 1; k >= 0; k--, number /= base)
    found[k] = (int32_t)(number % base);
}

static int64_t power(int64_t base, int32_t exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

static bool couples(const plain_case *p, const int32_t *l, const int32_t *path, int32_t *sigma) {
  int32_t sum = path[p->nu - 1];
  for (int32_t k = 0; k < p->nu; k++) {
    sum += l[k];
    if (k > 0 && (l[k] < l[k - 1] || path[k] < abs(path[k - 1] - l[k]) || path[k] > path[k - 1] + l[k]))
      return false;
  }
  *sigma = sum % 2 ? -1 : 1;
  return true;
}

static void check_order(plain_case *p, int32_t lambda, int32_t sigma) {
  const int64_t lambdas = p->nu * p->l_max + 1;
  int32_t l[8] = {0}, path[8] = {0}, found;
  int64_t c[8];
  for (int64_t degrees = 0; degrees < power(p->l_max + 1, p->nu); degrees++) {
    digits(degrees, p->l_max + 1, p->nu, l);
    for (int64_t paths = 0; paths < power(lambdas, p->nu > 1 ? p->nu - 2 : 0); paths++) {
      digits(paths, lambdas, p->nu - 2, path + 1);
      path[0] = l[0];
      path[p->nu - 1] = lambda;
      if ((p->nu == 1 && l[0] != lambda) || !couples(p, l, path, &found) || found != sigma)
        continue;
      for (int64_t tuple = 0; tuple < power(p->channels, p->nu); tuple++) {
        for (int32_t k = 0; k < p->nu; k++)
          c[k] = tuple / power(p->channels, k) % p->channels;
        check_row(p, sigma, l, path, c);
      }
    }
  }
}

static void plain_density(plain_case *p) {
  density_basis *basis = NULL;
  ASSERT_SUCCESS(density_basis_new(&basis, p->kind.options, p->kind.n_species));
  void *space = aligned_space(density_scratch(basis, p->kind.n));
  const density_expansion *e = density_expand(basis, &p->kind.around.view, space);
  p->n_max = basis->n_max;
  p->l_max = basis->l_max;
  p->channels = (int64_t)basis->n_max * basis->n_species;
  p->density = zeros(basis->n_harmonics * p->channels);
  for (int64_t lm = 0; lm < basis->n_harmonics; lm++)
    for (int64_t c = 0; c < p->channels; c++)
      p->density[lm * p->channels + c] =
          e->coefficients[c / p->n_max * basis->channel_size + lm * basis->n_padded + c % p->n_max];
  free(space);
  density_basis_free(basis);
}

static void plain_end(plain_case *p) {
  for (int k = 0; k < 9 * 9 * 17; k++)
    memory_free(NULL, p->tables[k / 153][k / 17 % 9][k % 17]);
  free(p->density);
  free(p->values);
  kind_case_end(&p->kind);
}

static void check_columns(int32_t nu_min, int32_t nu_max, int32_t lambda_max, const char *const *changes) {
  static plain_case p;
  memset(&p, 0, sizeof p);
  kind_case_start(&p.kind, &correlations_kind, "molecule.txt", changes);
  kind_case_center(&p.kind, "molecule.txt", 0);
  plain_density(&p);
  p.values = zeros(p.kind.features);
  kind_case_forward(&p.kind, p.values);
  for (p.nu = nu_min; p.nu <= nu_max; p.nu++)
    for (int32_t lambda = 0; lambda <= lambda_max; lambda++)
      for (int32_t sigma = 1; sigma >= -1; sigma -= 2)
        if (sigma > 0 || strcmp(changes[1], "so3") == 0)
          check_order(&p, lambda, sigma);
  assert_int_equal(p.column, p.kind.features);
  plain_end(&p);
}

static void columns(void **state) {
  (void)state;
  static const char *const three[] = {"group", "so3", "n_max", "1", "l_max", "2", "lambda_max", "2", NULL};
  static const char *const four[] = {"group", "so3",    "n_max", "1",      "species", "1,6,8", "l_max",
                                     "1",     "nu_max", "4",     "nu_min", "2",       NULL};
  static const char *const five[] = {"group", "o3",     "n_max", "1",          "l_max", "1", "nu_max",
                                     "5",     "nu_min", "5",     "lambda_max", "1",     NULL};
  static const char *const defaults[] = {"group", "o3", "l_max", "1", "n_max", "2", NULL};
  check_columns(1, 3, 2, three);
  check_columns(2, 4, 0, four);
  check_columns(5, 5, 1, five);
  check_columns(1, 3, 0, defaults);
}

/* ---- symmetry ---- */

static void turn(golden_environment *around, double sign) {
  static const double rotation[3][3] = {{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}};
  for (int64_t j = 0; j < around->view.n_neighbours; j++) {
    const double v[3] = {around->vectors[3 * j], around->vectors[3 * j + 1], around->vectors[3 * j + 2]};
    for (int a = 0; a < 3; a++)
      around->vectors[3 * j + a] = sign * (rotation[a][0] * v[0] + rotation[a][1] * v[1] + rotation[a][2] * v[2]);
  }
}

static void reverse(golden_environment *around) {
  for (int64_t i = 0, j = around->view.n_neighbours - 1; i < j; i++, j--) {
    const int32_t species = around->species[i];
    around->species[i] = around->species[j];
    around->species[j] = species;
    for (int a = 0; a < 3; a++) {
      const double kept = around->vectors[3 * i + a];
      around->vectors[3 * i + a] = around->vectors[3 * j + a];
      around->vectors[3 * j + a] = kept;
    }
  }
}

/* Rotation and order change nothing, reflection the sign of sigma = -1 only. */
static void invariance(void **state) {
  (void)state;
  kind_case c;
  static const char *const changes[] = {"group", "so3", "n_max", "1", "l_max", "3", "nu_max", "4", NULL};
  int odd = 0;
  kind_case_start(&c, &correlations_kind, "molecule_center.txt", changes);
  double *before = zeros(c.features), *after = zeros(c.features);
  for (int trial = 0; trial < 8; trial++) {
    const double sign = trial % 2 ? -1 : 1;
    kind_case_center(&c, "molecule_center.txt", trial / 2);
    kind_case_forward(&c, before);
    turn(&c.around, sign);
    reverse(&c.around);
    kind_case_forward(&c, after);
    for (int64_t column = 0; column < c.features; column++) {
      text label = {0};
      c.kind->label(c.state, column, &label);
      const bool flips = strstr(label.data, "\"sigma\":-1") != NULL;
      before[column] *= flips ? sign : 1;
      odd += flips && fabs(before[column]) > 1e-4;
      text_free(&label);
    }
    assert_close("invariance", c.features, after, before, 1e-12);
  }
  assert_true(odd > 100);
  free(before);
  free(after);
  kind_case_end(&c);
}

/* ---- selection ---- */

typedef struct numbers_case {
  correlation_plan *plan;
  double *numbers, *change, *values, *derivative;
  correlation_space space;
} numbers_case;

static numbers_case evaluate_plan(correlation_plan *plan, int64_t density_size) {
  numbers_case n = {plan,
                    aligned_space(8 * (plan->size + 8)),
                    aligned_space(8 * (plan->size + 8)),
                    zeros(plan->n_columns),
                    zeros(plan->n_columns),
                    {{aligned_space(8 * plan->n_weights + 64), aligned_space(8 * plan->n_weights + 64)},
                     aligned_space(8 * plan->tile + 64)}};
  uint64_t random = 4;
  for (int64_t k = 0; k < density_size; k++) {
    const bool there = k % plan->channels < plan->shape.n_channels;
    n.numbers[k] = there ? pseudo_random(&random) : 0;
    n.change[k] = there ? pseudo_random(&random) : 0;
  }
  correlation_forward(plan, n.numbers, n.space, n.values);
  correlation_tangent(plan, n.numbers, (correlation_change){n.change, 0, plan->channels}, n.space, n.derivative);
  return n;
}

static void numbers_free(numbers_case *n) {
  free(n->numbers);
  free(n->change);
  free(n->values);
  free(n->derivative);
  free(n->space.weights[0]);
  free(n->space.weights[1]);
  free(n->space.tile);
  correlation_plan_free(n->plan);
}

/* A plan of every seventh row gives these rows' columns, with less work. */
static void selection(void **state) {
  (void)state;
  const correlation_shape shape = {1, 4, 2, 2, 3, true};
  correlation_plan *all = NULL, *some = NULL;
  ASSERT_SUCCESS(correlation_plan_new(&all, &shape, 0));
  ASSERT_SUCCESS(correlation_plan_new(&some, &shape, 0));
  const int64_t rows = correlation_plan_rows(all), density = 9 * all->channels;
  unsigned char *wanted = calloc((size_t)rows, 1);
  for (int64_t row = 3; row < rows; row += 7)
    wanted[row] = 1;
  ASSERT_SUCCESS(correlation_plan_select(some, wanted));
  assert_true(some->size < all->size);
  numbers_case full = evaluate_plan(all, density), part = evaluate_plan(some, density);
  int64_t row = 0, column = 0, taken = 0;
  for (int64_t k = 0; k < all->n_columns; k++)
    assert_true(fabs(full.values[k]) > 1e-9); /* what vanishes identically is not there */
  for (int32_t k = 0; k < all->n_outputs; k++)
    for (int64_t r = 0; r < all->blocks[all->outputs[k]].n_rows; r++, row++)
      for (int32_t m = 0; m <= 2 * all->blocks[all->outputs[k]].lambda; m++, column++)
        if (wanted[row]) {
          assert_true(taken < some->n_columns);
          assert_true(fabs(part.values[taken] - full.values[column]) < 1e-13);
          assert_true(fabs(part.derivative[taken++] - full.derivative[column]) < 1e-13);
        }
  assert_int_equal(taken, some->n_columns);
  free(wanted);
  numbers_free(&full);
  numbers_free(&part);
}

/* ---- what is refused ---- */

static void refuse(const char *const *changes, int32_t wanted, const char *words) {
  tern_options *options = NULL;
  void *made = NULL;
  const int32_t species[2] = {1, 8};
  ASSERT_SUCCESS(options_new(&options));
  for (int k = 0; changes[k]; k += 2)
    ASSERT_SUCCESS(options_set(options, changes[k], changes[k + 1]));
  const descriptor_kind *kind;
  int32_t status = kind_choose(&correlations_kind, options, &kind);
  if (status == TERN_SUCCESS)
    status = kind_create(kind, &made, options, 2, species);
  if (status != wanted || strstr(error_message(), words) == NULL || made != NULL)
    fail_msg("status %d, '%s' does not say '%s'", status, error_message(), words);
  options_free(options);
}

static void limits(void **state) {
  (void)state;
  static const char *const low[] = {"nu_min", "4", NULL}, *const lambda[] = {"l_max", "2", "lambda_max", "7", NULL};
  static const char *const large[] = {"nu_max", "8", NULL}, *const limit[] = {"memory_limit", "1M", NULL};
  static const char *const huge[] = {"nu_max", "8", "l_max", "20", "n_max", "12", "lambda_max", "40", NULL};
  refuse(low, TERN_ERROR_OPTION, "'nu_min' is 4, but it must not exceed 'nu_max', which is 3");
  refuse(lambda, TERN_ERROR_OPTION, "valid are 0 to 6");
  refuse(large, TERN_ERROR_MEMORY, "set 'components'");
  refuse(huge, TERN_ERROR_MEMORY, "set 'components'");
  refuse(limit, TERN_ERROR_MEMORY, "memory_limit is 1e+06");
  tern_options *options = NULL;
  ASSERT_SUCCESS(options_new(&options));
  assert_int_equal(options_set(options, "nu_max", "9"), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "[1, 8]"));
  options_free(options);
}

/* The count is what is made, up to what vanishes. */
static void counts(void **state) {
  (void)state;
  for (int32_t nu = 1; nu <= 5; nu++) {
    const correlation_shape shape = {1, nu, 1, 2, nu < 5 ? 4 : 3, true};
    correlation_count count;
    correlation_plan *plan = NULL;
    ASSERT_SUCCESS(correlation_plan_count(&shape, &count));
    ASSERT_SUCCESS(correlation_plan_new(&plan, &shape, 0));
    assert_true(plan->n_columns <= count.columns && (double)plan->n_columns > 0.5 * count.columns);
    assert_true(plan->n_blocks <= count.blocks + shape.l_max); /* all of order 1 is there */
    correlation_plan_free(plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_agree),
      cmocka_unit_test(cutoff_is_smooth),
      cmocka_unit_test(nobody_around),
      cmocka_unit_test(columns),
      cmocka_unit_test(invariance),
      cmocka_unit_test(selection),
      cmocka_unit_test(limits),
      cmocka_unit_test(counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
