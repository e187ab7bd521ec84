/* SPDX-License-Identifier: BSD-3-Clause */
/* Radial functions: direct evaluation against the golden data, tables against the direct evaluation. */
#include "golden.h"

#include "core/memory.h"
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
  check_golden("radial_silicon.txt", "1e-12", 2e-12);
}

/* The table's promise at 20000 random distances. */
static void check_bound(const char *const *pairs) {
  tern_options *options = options_of(pairs);
  radial_table *table = NULL;
  radial_source source;
  double bound, worst = 0, worst_slope = 0;
  uint64_t random = 7;
  ASSERT_SUCCESS(options_real(options, "spline_error", &bound));
  ASSERT_SUCCESS(radial_table_new(&table, options));
  ASSERT_SUCCESS(radial_source_new(&source, options));
  double *direct = aligned_space(24 * table->size);
  for (int64_t k = 0; k < 3 * table->size; k++)
    direct[k] = 0;
  for (int trial = 0; trial < 20000; trial++) {
    const double r = 0.5 * (1 + pseudo_random(&random)) * (table->cutoff.radius - table->cutoff.width);
    double w[6], ws[6];
    int64_t interval;
    radial_weights(table, r, &interval, w, ws);
    source.evaluate(source.basis, r, table->n_padded, direct);
    const double *rows = table->knots + 3 * interval * table->size;
    for (int64_t k = 0; k < table->size; k++) {
      double value = 0, slope = 0;
      for (int row = 0; row < 6; row++) {
        value += w[row] * rows[row * table->size + k];
        slope += ws[row] * rows[row * table->size + k];
      }
      worst = fmax(worst, fabs(value - direct[k]));
      worst_slope = fmax(worst_slope, fabs(slope - direct[table->size + k]));
    }
  }
  printf("bound %.0e: error %.2e (the table says %.2e), slope %.2e (%.2e), %d intervals\n", bound, worst, table->error,
         worst_slope, table->slope_error, (int)table->n_intervals);
  assert_true(worst <= bound);
  assert_true(worst_slope <= 1.5 * table->slope_error);
  free(direct);
  source.free(source.basis);
  radial_table_free(table);
  options_free(options);
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
  refused((const char *const[]){"sigma", "1e-5", NULL}, "sigma");
  refused((const char *const[]){"spline_error", "1e-13", "n_max", "15", NULL}, "spline_error");
}

/* Zero from the cutoff on, and continuous with its derivative there. */
static void ends_at_the_cutoff(void **state) {
  (void)state;
  tern_options *options = options_of(NULL);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values),      cmocka_unit_test(error_is_bounded),
      cmocka_unit_test(large_arguments),    cmocka_unit_test(derivatives_are_derivatives),
      cmocka_unit_test(many_functions),     cmocka_unit_test(bad_options),
      cmocka_unit_test(ends_at_the_cutoff),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
