/* SPDX-License-Identifier: BSD-3-Clause */
/* Radial functions: direct evaluation against the golden data, tables against the direct evaluation. */
#include "golden.h"

#include "core/memory.h"
#include "density/bessel.h"
#include "density/density.h"
#include "density/gto.h"
#include "density/radial.h"

static tern_options *options_of(const char *const *pairs) {
  tern_options *options = NULL;
  ASSERT_SUCCESS(options_new(&options));
  for (; pairs && *pairs; pairs += 2)
    ASSERT_SUCCESS(options_set(options, pairs[0], pairs[1]));
  return options;
}

/* Values and derivatives with the cutoff function, [n][l] as in the golden data. */
static void golden_layout(const density_basis *basis, const double *padded, double *values) {
  for (int32_t n = 0; n < basis->n_max; n++)
    for (int32_t l = 0; l <= basis->l_max; l++)
      values[n * (basis->l_max + 1) + l] = padded[l * basis->n_padded + n];
}

static void check_golden(const char *file, const char *spline_error, double tolerance) {
  tern_options *options = golden_options(file);
  golden_block r = golden_read(file, "r", 1), values = golden_read(file, "values", 1);
  golden_block derivatives = golden_read(file, "derivatives", 1);
  density_basis *basis = NULL;
  if (spline_error)
    ASSERT_SUCCESS(options_set(options, "spline_error", spline_error));
  ASSERT_SUCCESS(density_basis_new(&basis, options, 1));
  const int64_t row = (int64_t)basis->n_max * (basis->l_max + 1);
  double *padded = aligned_space(16 * basis->radial_size), *found = zeros(2 * values.count);
  for (int k = 0; k < r.count; k++) {
    density_radial(basis, r.values[k], padded, padded + basis->radial_size);
    golden_layout(basis, padded, found + k * row);
    golden_layout(basis, padded + basis->radial_size, found + values.count + k * row);
  }
  const double error = largest_difference(values.count, found, values.values);
  const double slope_error = largest_difference(values.count, found + values.count, derivatives.values);
  printf("%s: values %.1e, derivatives %.1e, %d intervals\n", file, error, slope_error,
         (int)basis->radial->n_intervals);
  assert_true(error <= tolerance);
  assert_true(slope_error <= 1000 * tolerance);
  free(padded);
  free(found);
  golden_free(&r);
  golden_free(&values);
  golden_free(&derivatives);
  density_basis_free(basis);
  options_free(options);
}

static void golden_values(void **state) {
  (void)state;
  check_golden("radial_b8.txt", NULL, 1e-9);
  check_golden("radial_silicon.txt", NULL, 1e-9);
  check_golden("radial_small.txt", NULL, 1e-9);
  check_golden("radial_bump.txt", NULL, 1e-9);
  check_golden("radial_bessel.txt", NULL, 1e-9);
  check_golden("radial_bessel_quintic.txt", NULL, 1e-9);
  check_golden("radial_silicon.txt", "1e-12", 2e-12);
  check_golden("radial_bessel.txt", "1e-12", 2e-12);
}

/* A table beside the basis that it stands for. */
typedef struct comparison {
  radial_table *table;
  radial_source source;
  double *direct, error, slope_error;
} comparison;

static comparison comparison_of(const char *const *pairs, double *bound) {
  comparison c = {0};
  tern_options *options = options_of(pairs);
  ASSERT_SUCCESS(options_real(options, "spline_error", bound));
  ASSERT_SUCCESS(radial_table_new(&c.table, options));
  ASSERT_SUCCESS(radial_source_new(&c.source, options));
  c.direct = zeros(3 * c.table->size);
  options_free(options);
  return c;
}

static void comparison_free(comparison *c) {
  free(c->direct);
  c->source.free(c->source.basis);
  radial_table_free(c->table);
}

/* With the cutoff function: values against the direct formula, derivatives against the product rule. */
static void compare_at(comparison *c, double r) {
  double w[6], ws[6], cut, cut_slope;
  int64_t interval;
  radial_weights(c->table, r, &interval, w, ws);
  cutoff_function_at(&c->table->cutoff, r, &cut, &cut_slope);
  c->source.evaluate(c->source.basis, r, c->table->n_padded, c->direct);
  const double *rows = c->table->knots + 3 * interval * c->table->size;
  for (int64_t k = 0; k < c->table->size; k++) {
    double value = 0, slope = 0;
    for (int row = 0; row < 6; row++) {
      value += w[row] * rows[row * c->table->size + k];
      slope += ws[row] * rows[row * c->table->size + k];
    }
    c->error = fmax(c->error, fabs(value - cut * c->direct[k]));
    c->slope_error = fmax(c->slope_error, fabs(slope - cut * c->direct[c->table->size + k] - cut_slope * c->direct[k]));
  }
}

/* The table's promise at thousands of random distances, a tenth of them in the shell where the cutoff function falls.
 */
static void check_bound(const char *const *pairs) {
  double bound;
  uint64_t random = 7;
  comparison c = comparison_of(pairs, &bound);
  const double radius = c.table->cutoff.radius, width = c.table->cutoff.width;
  const int trials = c.table->size > 200 ? 2000 : 8000;
  for (int trial = 0; trial < trials; trial++) {
    const double place = 0.5 * (1 + pseudo_random(&random));
    compare_at(&c, trial % 10 ? radius * place : radius - width * place);
  }
  /* No cutoff function is steeper than 2 / width. */
  const double slope_bound = 1000 * bound / radius + 2 * bound / width;
  printf("bound %.0e: error %.2e (the table says %.2e), slope %.2e of %.2e, %d intervals\n", bound, c.error,
         c.table->error, c.slope_error, slope_bound, (int)c.table->n_intervals);
  assert_true(c.error <= bound);
  assert_true(c.error <= c.table->error / 0.75 + 1e-14); /* what the places between the checked ones may add */
  assert_true(c.slope_error <= slope_bound);
  comparison_free(&c);
}

static void error_is_bounded(void **state) {
  (void)state;
  check_bound((const char *const[]){"cutoff_width", "0.01", NULL});
  check_bound((const char *const[]){"cutoff_width", "0.01", "spline_error", "1e-6", NULL});
  check_bound((const char *const[]){"cutoff_width", "0.01", "spline_error", "1e-12", NULL});
  check_bound(
      (const char *const[]){"cutoff", "2", "cutoff_width", "0.1", "sigma", "0.2", "n_max", "6", "l_max", "3", NULL});
  check_bound((const char *const[]){"cutoff", "4", "cutoff_width", "0.01", "sigma", "0.05", "l_max", "10",
                                    "spline_error", "1e-7", NULL});
}

/* Both bases with every cutoff function, bounds from coarse to fine. */
static void error_is_bounded_for_all(void **state) {
  (void)state;
  static const char *const bases[] = {"gto", "bessel"}, *const cutoffs[] = {"shifted-cosine", "quintic", "bump"};
  static const char *const bounds[] = {"1e-3", "1e-9", "3e-13"}, *const widths[] = {"3", "0.3", "0.001"};
  for (int basis = 0; basis < 2; basis++)
    for (int cutoff = 0; cutoff < 3; cutoff++)
      for (int k = 0; k < 3; k++)
        check_bound((const char *const[]){"radial_basis", bases[basis], "cutoff", "3", "cutoff_function",
                                          cutoffs[cutoff], "cutoff_width", widths[k], "spline_error", bounds[k],
                                          "n_max", "5", "l_max", "4", NULL});
}

/* A single function, whose error nothing hides where it is checked badly, on tables as coarse as they get. */
static void error_is_bounded_for_one(void **state) {
  (void)state;
  static const char *const bounds[] = {"1e-2", "1e-3", "1e-4", "1e-6"}, *const degrees[] = {"0", "1", "2", "7"};
  for (int k = 0; k < 16; k++)
    check_bound((const char *const[]){"radial_basis", "bessel", "cutoff", "0.2", "cutoff_width", "0.001", "n_max", "1",
                                      "l_max", degrees[k / 4], "spline_error", bounds[k % 4], NULL});
}

/* As many functions as there may be, and distances far from an Angstrom. */
static void error_is_bounded_at_extremes(void **state) {
  (void)state;
  check_bound((const char *const[]){"radial_basis", "bessel", "n_max", "32", "l_max", "20", "cutoff_width", "5e-6",
                                    "spline_error", "1e-8", NULL});
  check_bound((const char *const[]){"radial_basis", "bessel", "n_max", "32", "l_max", "0", "spline_error", "1e-2",
                                    "cutoff", "1000", "cutoff_width", "1000", NULL});
  check_bound((const char *const[]){"radial_basis", "bessel", "n_max", "1", "l_max", "20", "spline_error", "1e-12",
                                    "cutoff", "0.5", "cutoff_function", "bump", NULL});
  check_bound((const char *const[]){"n_max", "15", "l_max", "20", "spline_error", "1e-6", "sigma", "0.5",
                                    "cutoff_function", "quintic", NULL});
}

static double shifted(const char *name, double width, double distance, double *slope) {
  cutoff_function cutoff;
  double value;
  ASSERT_SUCCESS(cutoff_function_set(&cutoff, name, 4, width));
  cutoff_function_at(&cutoff, distance, &value, slope);
  return value;
}

/* The first `smooth` derivatives vanish at both ends of the shell, the next one does not. A derivative of order k that
   vanishes there with the lower ones leaves |change of the value| <= x^(k+1) times something moderate. */
static void check_smoothness(const char *name, int smooth, double next) {
  const double width = 0.5, x = 1e-3;
  double slope;
  assert_true(shifted(name, width, 4 - width, &slope) == 1 && slope == 0);
  assert_true(shifted(name, width, 4, &slope) == 0 && slope == 0);
  const double begin = 1 - shifted(name, width, 4 - width * (1 - x), &slope);
  assert_true(fabs(slope) * width <= 40 * pow(x, smooth));
  const double end = shifted(name, width, 4 - width * x, &slope);
  assert_true(fabs(slope) * width <= 40 * pow(x, smooth));
  assert_true(fabs(begin / pow(x, smooth + 1) - next) < 0.03 * next + 1e-9);
  assert_true(fabs(end / pow(x, smooth + 1) - next) < 0.03 * next + 1e-9);
}

static void cutoff_functions_are_smooth(void **state) {
  (void)state;
  check_smoothness("shifted-cosine", 1, acos(-1.0) * acos(-1.0) / 4);
  check_smoothness("quintic", 2, 10);
  check_smoothness("bump", 20, 0);
}

/* Falling from 1 to 0 through 1/2, odd about the middle; slopes against differences, also in the narrowest shell. */
static void cutoff_functions_fall(void **state) {
  (void)state;
  static const char *const names[] = {"shifted-cosine", "quintic", "bump"};
  static const double widths[] = {4, 0.5, 4e-6};
  for (int k = 0; k < 9; k++) {
    const char *name = names[k % 3];
    const double width = widths[k / 3], step = 1e-3;
    double slope, unused, last = 1;
    assert_true(fabs(shifted(name, width, 4 - width / 2, &slope) - 0.5) < 1e-9);
    for (double x = step; x < 1 - step / 2; x += step) {
      const double value = shifted(name, width, 4 - width * (1 - x), &slope);
      const double up = shifted(name, width, 4 - width * (1 - x - step / 8), &unused);
      const double down = shifted(name, width, 4 - width * (1 - x + step / 8), &unused);
      assert_true(value <= last && value >= 0);
      assert_true(fabs(value + shifted(name, width, 4 - width * x, &unused) - 1) < 1e-8);
      assert_true(fabs((up - down) / (step / 4) - slope * width) < 1e-4);
      last = value;
    }
  }
}

/* Every bit of x between the ends: nothing leaves the range of a double. */
static void bump_is_finite(void **state) {
  (void)state;
  double slope;
  for (double x = 0.5; x > 1e-18; x *= 0.9) {
    const double end = shifted("bump", 4, 4 - 4 * (1 - x), &slope);
    assert_true(end >= 0.5 && end <= 1 && isfinite(slope) && slope <= 0);
    const double begin = shifted("bump", 4, 4 - 4 * x, &slope);
    assert_true(begin <= 0.5 && begin >= 0 && isfinite(slope) && slope <= 0);
  }
}

/* The integral of R_nl R_n'l r^2 over the ball is delta_nn', by Simpson's rule; and every function ends at zero. */
static void bessel_is_orthonormal(void **state) {
  (void)state;
  enum { N_MAX = 6, L_MAX = 5, STEPS = 2000, SIZE = (L_MAX + 1) * 8 };
  bessel *basis = NULL;
  ASSERT_SUCCESS(bessel_new(&basis, 3, N_MAX, L_MAX));
  double *values = zeros(3 * SIZE), *overlap = zeros((L_MAX + 1) * N_MAX * N_MAX);
  for (int step = 0; step <= STEPS; step++) {
    const double r = 3.0 * step / STEPS, weight = (step % STEPS == 0 ? 1 : step % 2 ? 4 : 2) * 1.0 / STEPS;
    bessel_evaluate(basis, r, 8, values);
    for (int k = 0; k < (L_MAX + 1) * N_MAX * N_MAX; k++) {
      const double *row = values + k / (N_MAX * N_MAX) * 8;
      overlap[k] += weight * r * r * row[k % N_MAX] * row[k / N_MAX % N_MAX];
    }
  }
  assert_true(largest(SIZE, values) < 1e-13);
  for (int k = 0; k < (L_MAX + 1) * N_MAX * N_MAX; k++)
    assert_true(fabs(overlap[k] - (k % N_MAX == k / N_MAX % N_MAX)) < 1e-8);
  free(values);
  free(overlap);
  bessel_free(basis);
}

/* R_nl(r) / r^l is finite and not zero at the origin. */
static void bessel_begins_as_a_power(void **state) {
  (void)state;
  bessel *basis = NULL;
  ASSERT_SUCCESS(bessel_new(&basis, 5, 3, 20));
  double *near = zeros(3 * 21 * 8), *far = zeros(3 * 21 * 8);
  bessel_evaluate(basis, 0, 8, near);
  for (int k = 0; k < 3 * 21 * 8; k++) /* only value and curvature of l = 0, slope of l = 1, curvature of l = 2 */
    assert_true((near[k] != 0) == (k % 8 < 3 && (k / 8 == 0 || k / 8 == 22 || k / 8 == 42 || k / 8 == 44)));
  bessel_evaluate(basis, 1e-3, 8, near);
  bessel_evaluate(basis, 2e-3, 8, far);
  for (int l = 0; l <= 20; l++)
    for (int n = 0; n < 3; n++)
      assert_true(fabs(far[8 * l + n] / near[8 * l + n] / pow(2, l) - 1) < 1e-4);
  free(near);
  free(far);
  bessel_free(basis);
}

/* Distances of hundreds of widths: nothing overflows. */
static void large_arguments(void **state) {
  (void)state;
  gto *basis = NULL;
  ASSERT_SUCCESS(gto_new(&basis, 5, 0.01, 10, 12));
  double *values = zeros(3 * 13 * 16);
  for (int step = 0; step <= 5000; step++) {
    gto_evaluate(basis, step * 1e-3, 16, values);
    for (int k = 0; k < 3 * 13 * 16; k++)
      assert_true(isfinite(values[k]) && fabs(values[k]) < 1e9);
  }
  free(values);
  gto_free(basis);
}

/* Derivatives against finite differences, through the place where the asymptotic series takes over. */
static void derivatives_are_derivatives(void **state) {
  (void)state;
  gto *basis = NULL;
  const double h = 1e-4;
  ASSERT_SUCCESS(gto_new(&basis, 5, 0.1, 8, 6));
  double *at = zeros(3 * 56), *up = zeros(3 * 56), *down = zeros(3 * 56);
  for (double r = 0.2; r < 5; r += 0.013) {
    gto_evaluate(basis, r, 8, at);
    gto_evaluate(basis, r + h, 8, up);
    gto_evaluate(basis, r - h, 8, down);
    for (int k = 0; k < 2 * 56; k++)
      assert_true(fabs((up[k] - down[k]) / (2 * h) - at[56 + k]) < 2e-5 * largest(56, at + 56 + k / 56 * 56) + 1e-9);
  }
  free(at);
  free(up);
  free(down);
  gto_free(basis);
}

/* What cannot be orthonormalised is refused. */
static void many_functions(void **state) {
  (void)state;
  gto *basis = NULL;
  ASSERT_SUCCESS(gto_new(&basis, 5, 0.3, 16, 2));
  gto_free(basis);
  assert_int_equal(gto_new(&basis, 5, 0.3, 32, 2), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "n_max"));
}

static void refused(const char *const *pairs, const char *word) {
  tern_options *options = options_of(pairs);
  density_basis *basis = NULL;
  const int32_t status = density_basis_new(&basis, options, 1);
  assert_int_equal(status, TERN_ERROR_ARGUMENT);
  assert_null(basis);
  if (!strstr(error_message(), word))
    fail_msg("'%s' does not name %s", error_message(), word);
  options_free(options);
}

static void bad_options(void **state) {
  (void)state;
  refused((const char *const[]){"cutoff", "2", "cutoff_width", "2.5", NULL}, "cutoff_width");
  refused((const char *const[]){"cutoff", "2", "cutoff_width", "1e-6", NULL}, "cutoff_width");
  refused((const char *const[]){"sigma", "1e-5", NULL}, "sigma");
  refused((const char *const[]){"radial_basis", "bessel", "sigma", "0.3", NULL}, "option sigma");
  refused((const char *const[]){"spline_error", "1e-13", "n_max", "15", NULL}, "larger sigma");
  refused((const char *const[]){"spline_error", "1e-13", "n_max", "32", "radial_basis", "bessel", "cutoff", "0.1",
                                "cutoff_width", "0.1", NULL},
          "smaller n_max");
}

/* Zero from the cutoff on, and continuous with its derivative there. */
static void check_end(const char *basis_name, const char *cutoff_function) {
  tern_options *options =
      options_of((const char *const[]){"radial_basis", basis_name, "cutoff_function", cutoff_function, NULL});
  density_basis *basis = NULL;
  ASSERT_SUCCESS(density_basis_new(&basis, options, 1));
  double *values = aligned_space(16 * basis->radial_size), *slopes = values + basis->radial_size;
  const double distances[4] = {5, 5.5, 1e9, 5 - 1e-7};
  for (int k = 0; k < 4; k++) {
    density_radial(basis, distances[k], values, slopes);
    assert_true(largest(basis->radial_size, values) <= (k < 3 ? 0 : 1e-12));
    assert_true(largest(basis->radial_size, slopes) <= (k < 3 ? 0 : 1e-5));
  }
  free(values);
  density_basis_free(basis);
  options_free(options);
}

static void ends_at_the_cutoff(void **state) {
  (void)state;
  check_end("gto", "shifted-cosine");
  check_end("gto", "bump");
  check_end("bessel", "shifted-cosine");
  check_end("bessel", "quintic");
}

/* The error that stands in the way is the one that is told, also when it is that of the slopes. */
static void refusal_tells_the_error(void **state) {
  (void)state;
  double told = 0;
  refused((const char *const[]){"spline_error", "1e-12", "n_max", "12", "cutoff", "5", "sigma", "0.3", NULL},
          "error at least");
  assert_int_equal(sscanf(strstr(error_message(), "at least"), "at least %lf", &told), 1);
  assert_true(told > 0.7e-12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),
      cmocka_unit_test(error_is_bounded),
      cmocka_unit_test(error_is_bounded_for_all),
      cmocka_unit_test(error_is_bounded_for_one),
      cmocka_unit_test(error_is_bounded_at_extremes),
      cmocka_unit_test(cutoff_functions_are_smooth),
      cmocka_unit_test(cutoff_functions_fall),
      cmocka_unit_test(bump_is_finite),
      cmocka_unit_test(bessel_is_orthonormal),
      cmocka_unit_test(bessel_begins_as_a_power),
      cmocka_unit_test(large_arguments),
      cmocka_unit_test(derivatives_are_derivatives),
      cmocka_unit_test(many_functions),
      cmocka_unit_test(bad_options),
      cmocka_unit_test(refusal_tells_the_error),
      cmocka_unit_test(ends_at_the_cutoff),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
