/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/radial.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "density/bessel.h"
#include "density/gto.h"
#include "kernels/kernels.h"

#define FEWEST_INTERVALS 16
#define MOST_INTERVALS (1 << 14)
/* The bound must hold between the points that are checked, too. The error of an interval is t^3 (1-t)^3 times a sixth
   derivative that does little more than change its sign once, as an interval is shorter than half a wave of any radial
   function: then the largest error exceeds the largest one at t = 0.28, 0.5, 0.72 by a factor of 1.28 at most, and so
   does the error of the derivative. */
#define MARGIN 0.75
/* Bound of the derivatives' error, times the cutoff, for a bound of one. */
#define SLOPE_BOUND 1000

typedef struct radial_shape {
  int32_t n_max, l_max;
  double cutoff, sigma; /* sigma is NaN for a basis without smearing */
} radial_shape;

static int32_t source_gto(radial_source *source, const radial_shape *shape) {
  gto *basis = NULL;
  TRY(gto_new(&basis, shape->cutoff, shape->sigma, shape->n_max, shape->l_max));
  *source = (radial_source){basis, gto_evaluate, gto_free};
  return TERN_SUCCESS;
}

static int32_t source_bessel(radial_source *source, const radial_shape *shape) {
  bessel *basis = NULL;
  TRY(bessel_new(&basis, shape->cutoff, shape->n_max, shape->l_max));
  *source = (radial_source){basis, bessel_evaluate, bessel_free};
  return TERN_SUCCESS;
}

typedef struct radial_basis {
  const char *name;
  bool smeared;       /* reads sigma */
  const char *remedy; /* what makes the functions easier to tabulate */
  int32_t (*create)(radial_source *source, const radial_shape *shape);
} radial_basis;

static const radial_basis bases[] = {{"gto", true, "a larger sigma", source_gto},
                                     {"bessel", false, "a smaller n_max", source_bessel}};

static int32_t find_basis(const radial_basis **basis, const tern_options *options) {
  const char *name;
  TRY(options_text(options, "radial_basis", &name));
  for (size_t k = 0; k < sizeof bases / sizeof *bases; k++)
    if (strcmp(name, bases[k].name) == 0) {
      *basis = &bases[k];
      return TERN_SUCCESS;
    }
  return error_set(TERN_ERROR_ARGUMENT, "option radial_basis: '%s' is not there", name);
}

static int32_t check_range(const char *option, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most)
    return error_set(TERN_ERROR_ARGUMENT, "option %s: %lld is not in [%lld, %lld]", option, (long long)value,
                     (long long)least, (long long)most);
  return TERN_SUCCESS;
}

bool radial_reads(const tern_options *options, const char *key) {
  const char *name;
  if (strcmp(key, "sigma") != 0 || options_text(options, "radial_basis", &name) != TERN_SUCCESS)
    return true;
  for (size_t k = 0; k < sizeof bases / sizeof *bases; k++)
    if (strcmp(bases[k].name, name) == 0)
      return bases[k].smeared;
  return true;
}

static int32_t read_sigma(radial_shape *shape, const radial_basis *basis, const tern_options *options) {
  shape->sigma = NAN;
  if (!basis->smeared && options_is_set(options, "sigma"))
    return error_set(TERN_ERROR_ARGUMENT,
                     "option sigma: does not apply to radial_basis %s, where atoms are points; leave it out or set "
                     "radial_basis = gto",
                     basis->name);
  if (!basis->smeared)
    return TERN_SUCCESS;
  TRY(options_real(options, "sigma", &shape->sigma));
  if (!(shape->sigma >= 1e-3 * shape->cutoff && shape->sigma <= 100 * shape->cutoff))
    return error_set(TERN_ERROR_ARGUMENT,
                     "option sigma: %g A is not between a thousandth of the cutoff and 100 times the cutoff "
                     "(%g A)",
                     shape->sigma, shape->cutoff);
  return TERN_SUCCESS;
}

static int32_t read_shape(radial_shape *shape, const radial_basis *basis, const tern_options *options) {
  int64_t n_max, l_max;
  TRY(options_integer(options, "n_max", &n_max));
  TRY(options_integer(options, "l_max", &l_max));
  TRY(check_range("n_max", n_max, 1, 32));
  TRY(check_range("l_max", l_max, 0, KERNEL_L_MAX));
  TRY(options_real(options, "cutoff", &shape->cutoff));
  shape->n_max = (int32_t)n_max;
  shape->l_max = (int32_t)l_max;
  return read_sigma(shape, basis, options);
}

int32_t radial_source_new(radial_source *source, const tern_options *options) {
  const radial_basis *basis = NULL;
  radial_shape shape;
  TRY(find_basis(&basis, options));
  TRY(read_shape(&shape, basis, options));
  return basis->create(source, &shape);
}

/* Weights of an interval's six rows at 0 <= t <= 1: the quintic polynomials that are one for one of value, slope,
   curvature at one end and zero for the others; and their derivatives. */
static void hermite(double t, double w[6], double slope[6]) {
  const double t2 = t * t, t3 = t2 * t, t4 = t3 * t, t5 = t4 * t;
  w[3] = 10 * t3 - 15 * t4 + 6 * t5;
  w[0] = 1 - w[3];
  w[1] = t - 6 * t3 + 8 * t4 - 3 * t5;
  w[2] = 0.5 * (t2 - t5) - 1.5 * (t3 - t4);
  w[4] = -4 * t3 + 7 * t4 - 3 * t5;
  w[5] = 0.5 * (t3 + t5) - t4;
  slope[3] = 30 * (t2 - 2 * t3 + t4);
  slope[0] = -slope[3];
  slope[1] = 1 - 18 * t2 + 32 * t3 - 15 * t4;
  slope[2] = t - 4.5 * t2 + 6 * t3 - 2.5 * t4;
  slope[4] = -12 * t2 + 28 * t3 - 15 * t4;
  slope[5] = 1.5 * t2 - 4 * t3 + 2.5 * t4;
}

void radial_weights(const radial_table *table, double distance, int64_t *interval, double weights[6],
                    double slopes[6]) {
  double cut, cut_slope, basis[6], basis_slope[6];
  const double place = distance * table->inverse_step;
  int64_t at = place < (double)table->n_intervals ? (int64_t)place : table->n_intervals - 1;
  cutoff_function_at(&table->cutoff, distance, &cut, &cut_slope);
  hermite(fmin(place - (double)at, 1), basis, basis_slope);
  for (int k = 0; k < 6; k++) {
    weights[k] = cut * basis[k];
    if (slopes)
      slopes[k] = cut_slope * basis[k] + cut * table->inverse_step * basis_slope[k];
  }
  *interval = at;
}

static void scale_knot(const radial_table *table, double *knot) {
  for (int64_t k = 0; k < table->size; k++) {
    knot[table->size + k] *= table->step;
    knot[2 * table->size + k] *= table->step * table->step;
  }
}

/* Largest difference to the direct evaluation at a fraction t of an interval. `direct` is [3][size] of space. */
static void check_point(radial_table *table, const radial_source *source, int64_t interval, double t, double *direct) {
  double w[6], ws[6];
  const double *rows = table->knots + 3 * interval * table->size;
  hermite(t, w, ws);
  source->evaluate(source->basis, ((double)interval + t) * table->step, table->n_padded, direct);
  for (int64_t k = 0; k < table->size; k++) {
    double value = 0, slope = 0;
    for (int row = 0; row < 6; row++) {
      value += w[row] * rows[row * table->size + k];
      slope += ws[row] * rows[row * table->size + k];
    }
    table->error = fmax(table->error, fabs(value - direct[k]));
    table->slope_error = fmax(table->slope_error, fabs(slope * table->inverse_step - direct[table->size + k]));
  }
}

static void fill_knots(radial_table *table, const radial_source *source) {
  for (int64_t k = 0; k <= table->n_intervals; k++) {
    double *knot = table->knots + 3 * k * table->size;
    source->evaluate(source->basis, (double)k * table->step, table->n_padded, knot);
    scale_knot(table, knot);
  }
}

/* True when both errors are below their bounds; stops at the first interval where one is not. */
static bool accurate(radial_table *table, const radial_source *source, double bound, double *direct) {
  static const double points[3] = {0.5, 0.28, 0.72};
  const double slope_bound = SLOPE_BOUND * bound / table->cutoff.radius;
  table->error = table->slope_error = 0;
  for (int64_t k = 0; k < table->n_intervals; k++)
    for (int point = 0; point < 3; point++) {
      check_point(table, source, k, points[point], direct);
      if (!(table->error <= MARGIN * bound && table->slope_error <= MARGIN * slope_bound))
        return false;
    }
  return true;
}

/* Tables with more and more intervals until one is accurate; the first has two for each half-wave of a function. */
static int32_t refine(radial_table *table, const radial_source *source, const char *remedy, double bound,
                      double *direct) {
  double best = INFINITY;
  int64_t fewest = FEWEST_INTERVALS;
  while (fewest < 2 * table->n_max + table->l_max)
    fewest *= 2;
  for (int64_t n = fewest; n <= MOST_INTERVALS; n *= 2) {
    memory_free(NULL, table->knots);
    table->knots = NULL;
    TRY(MEMORY_NEW(NULL, &table->knots, (n + 1) * 3 * table->size, "table of radial functions"));
    table->n_intervals = n;
    table->step = table->cutoff.radius / (double)n;
    table->inverse_step = (double)n / table->cutoff.radius;
    fill_knots(table, source);
    if (accurate(table, source, bound, direct))
      return TERN_SUCCESS;
    best = fmin(best, fmax(table->error, table->slope_error * table->cutoff.radius / SLOPE_BOUND));
  }
  return error_set(TERN_ERROR_ARGUMENT,
                   "option spline_error: %g cannot be reached with %d intervals (error at least %.1e); set a "
                   "larger one, or %s",
                   bound, MOST_INTERVALS, best, remedy);
}

static void set_sizes(radial_table *table, const radial_shape *shape) {
  table->n_max = shape->n_max;
  table->l_max = shape->l_max;
  table->n_padded = (shape->n_max + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
  table->size = (int64_t)(shape->l_max + 1) * table->n_padded;
}

static int32_t fill(radial_table *table, const radial_source *source, const char *remedy, double bound) {
  double *direct = NULL;
  TRY(MEMORY_NEW(NULL, &direct, 3 * table->size, "table of radial functions"));
  const int32_t status = refine(table, source, remedy, bound, direct);
  memory_free(NULL, direct);
  return status;
}

static int32_t build(radial_table *table, const tern_options *options) {
  const radial_basis *basis = NULL;
  radial_shape shape;
  radial_source source = {0};
  const char *cutoff;
  double width, bound;
  TRY(find_basis(&basis, options));
  TRY(read_shape(&shape, basis, options));
  TRY(options_text(options, "cutoff_function", &cutoff));
  TRY(options_real(options, "cutoff_width", &width));
  TRY(options_real(options, "spline_error", &bound));
  TRY(cutoff_function_set(&table->cutoff, cutoff, shape.cutoff, width));
  set_sizes(table, &shape);
  TRY(basis->create(&source, &shape));
  const int32_t status = fill(table, &source, basis->remedy, bound);
  source.free(source.basis);
  return status;
}

int32_t radial_table_new(radial_table **table, const tern_options *options) {
  radial_table *created = NULL;
  TRY(MEMORY_NEW(NULL, &created, 1, "table of radial functions"));
  const int32_t status = build(created, options);
  if (status == TERN_SUCCESS)
    *table = created;
  else
    radial_table_free(created);
  return status;
}

void radial_table_free(radial_table *table) {
  if (!table)
    return;
  memory_free(NULL, table->knots);
  memory_free(NULL, table);
}
