/* SPDX-License-Identifier: BSD-3-Clause */
/* Scalar products of correlations are averages over rotations of a power of the densities' overlap: the sum over
   columns of F(A) F(B) is the integral of <A|R B>^nu, and of equivariants that of (2 lambda + 1) D(R) <A|R B>^nu. The
   quadrature is exact for these degrees and knows nothing of Clebsch-Gordan coefficients. */
#include "golden.h"

#include "density/density.h"

#define PI 3.14159265358979323846
enum { ENVIRONMENTS = 3, ATOMS = 6, MOST_NODES = 32 };

typedef struct gram_case {
  const descriptor_kind *kind;
  tern_options *options;
  density_basis *basis;
  void *state, *scratch;
  int64_t columns;
  double vectors[ENVIRONMENTS][ATOMS][3];
  int32_t species[ENVIRONMENTS][ATOMS];
} gram_case;

static void start(gram_case *c, const char *const *changes) {
  static const char *const common[] = {"cutoff", "3", "sigma", "0.5", "species", "1,8", NULL};
  const int32_t species[2] = {1, 8};
  uint64_t random = 9;
  ASSERT_SUCCESS(options_new(&c->options));
  for (int k = 0; common[k]; k += 2)
    ASSERT_SUCCESS(options_set(c->options, common[k], common[k + 1]));
  for (int k = 0; changes[k]; k += 2)
    ASSERT_SUCCESS(options_set(c->options, changes[k], changes[k + 1]));
  ASSERT_SUCCESS(density_basis_new(&c->basis, c->options, 2));
  ASSERT_SUCCESS(kind_choose(&correlations_kind, c->options, &c->kind));
  ASSERT_SUCCESS(kind_create(c->kind, &c->state, c->options, 2, species));
  c->columns = c->kind->features(c->state);
  c->scratch = aligned_space(c->kind->scratch(c->state, ATOMS));
  for (int e = 0; e < ENVIRONMENTS; e++)
    for (int k = 0; k < ATOMS; k++) {
      c->species[e][k] = (e + k) % 2;
      for (int a = 0; a < 3; a++)
        c->vectors[e][k][a] = 1.6 * pseudo_random(&random);
    }
}

static void end(gram_case *c) {
  options_free(c->options);
  density_basis_free(c->basis);
  kind_destroy(c->kind, c->state);
  free(c->scratch);
}

static void values_of(gram_case *c, int e, double *values) {
  const environment around = {ATOMS - e, c->vectors[e][0], c->species[e], 0};
  ASSERT_SUCCESS(c->kind->forward(c->state, &around, c->scratch, values));
}

/* ---- quadrature ---- */

static void rotation(double first, double cosine, double last, double r[3][3]) {
  const double sine = sqrt(1 - cosine * cosine), p = cos(first), q = sin(first), s = cos(last), t = sin(last);
  const double found[3][3] = {{p * cosine * s - q * t, -p * cosine * t - q * s, p * sine},
                              {q * cosine * s + p * t, -q * cosine * t + p * s, q * sine},
                              {-sine * s, sine * t, cosine}};
  memcpy(r, found, sizeof found);
}

/* Gauss-Legendre, weights with sum 1. */
static void gauss(int n, double *nodes, double *weights) {
  for (int k = 0; k < n; k++) {
    double x = cos(PI * (k + 0.75) / (n + 0.5)), slope = 1;
    for (int step = 0; step < 50; step++) {
      double before = 1, value = x;
      for (int l = 2; l <= n; l++) {
        const double next = ((2 * l - 1) * x * value - (l - 1) * before) / l;
        before = value;
        value = next;
      }
      slope = n * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    nodes[k] = x;
    weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
}

/* How harmonics of degree 0, 1 (order y, z, x) and 2 turn, from tensors: those of degree 2 are u A_m u with A_m
   symmetric and traceless. */
static void turn_harmonics(int lambda, double r[3][3], double *d) {
  static const int order[3] = {1, 2, 0};
  const double h = sqrt(0.5), s = sqrt(1.0 / 6);
  const double tensors[5][3][3] = {{{0, h, 0}, {h, 0, 0}, {0, 0, 0}},
                                   {{0, 0, 0}, {0, 0, h}, {0, h, 0}},
                                   {{-s, 0, 0}, {0, -s, 0}, {0, 0, 2 * s}},
                                   {{0, 0, h}, {0, 0, 0}, {h, 0, 0}},
                                   {{h, 0, 0}, {0, -h, 0}, {0, 0, 0}}};
  d[0] = 1;
  for (int a = 0; lambda == 1 && a < 9; a++)
    d[a] = r[order[a / 3]][order[a % 3]];
  for (int m = 0; lambda == 2 && m < 25; m++) {
    d[m] = 0;
    for (int k = 0; k < 81; k++) {
      const int a = k / 27, b = k / 9 % 3, i = k / 3 % 3, j = k % 3;
      d[m] += tensors[m / 5][a][b] * r[a][i] * r[b][j] * tensors[m % 5][i][j];
    }
  }
}

/* Coefficients of an environment that is turned. */
static void expand(gram_case *c, int e, double r[3][3], double sign, void *space, double *coefficients) {
  double turned[ATOMS][3];
  for (int k = 0; k < ATOMS; k++)
    for (int a = 0; a < 3; a++)
      turned[k][a] =
          sign * (r[a][0] * c->vectors[e][k][0] + r[a][1] * c->vectors[e][k][1] + r[a][2] * c->vectors[e][k][2]);
  const environment around = {ATOMS - e, turned[0], c->species[e], 0};
  memcpy(coefficients, density_expand(c->basis, &around, space)->coefficients, (size_t)c->basis->size * sizeof(double));
}

typedef struct average {
  int nu, lambda, sigma;
  bool reflections;
  double *sums; /* [A][B][m][m'] */
} average;

/* Adds what one rotation or rotoinversion gives. */
static void add_overlaps(gram_case *c, const average *wanted, double r[3][3], double sign, double weight, double *space,
                         double *still) {
  const int width = 2 * wanted->lambda + 1;
  double d[25], *moved = still + ENVIRONMENTS * c->basis->size;
  turn_harmonics(wanted->lambda, r, d);
  for (int b = 0; b < ENVIRONMENTS; b++) {
    expand(c, b, r, sign, space, moved);
    for (int a = 0; a < ENVIRONMENTS; a++) {
      double overlap = 0;
      for (int64_t k = 0; k < c->basis->size; k++)
        overlap += still[a * c->basis->size + k] * moved[k];
      const double hand = sign > 0 ? 1 : wanted->sigma * (wanted->lambda % 2 ? -1 : 1);
      for (int m = 0; m < width * width; m++)
        wanted->sums[(a * ENVIRONMENTS + b) * width * width + m] +=
            width * weight * hand * pow(overlap, wanted->nu) * d[m];
    }
  }
}

static void integrate(gram_case *c, const average *wanted) {
  const int degree = wanted->nu * c->basis->l_max + wanted->lambda, n = degree + 1, n_polar = degree / 2 + 1;
  double nodes[MOST_NODES], weights[MOST_NODES], r[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  double *space = aligned_space(density_scratch(c->basis, ATOMS));
  double *still = zeros((ENVIRONMENTS + 1) * c->basis->size);
  gauss(n_polar, nodes, weights);
  for (int e = 0; e < ENVIRONMENTS; e++)
    expand(c, e, r, 1, space, still + e * c->basis->size);
  for (int p = 0; p < n_polar; p++)
    for (int k = 0; k < n * n; k++) {
      const double weight = weights[p] / (n * n) / (wanted->reflections ? 2 : 1);
      rotation(2 * PI * (k / n) / n, nodes[p], 2 * PI * (k % n) / n, r);
      add_overlaps(c, wanted, r, 1, weight, space, still);
      if (wanted->reflections)
        add_overlaps(c, wanted, r, -1, weight, space, still);
    }
  free(space);
  free(still);
}

/* Sums over the columns of one degree, both parities. */
static void sum_columns(gram_case *c, const average *wanted, double *gram) {
  const int width = 2 * wanted->lambda + 1;
  double *values = zeros(ENVIRONMENTS * c->columns);
  for (int e = 0; e < ENVIRONMENTS; e++)
    values_of(c, e, values + e * c->columns);
  for (int64_t column = 0; column < c->columns; column++) {
    int nu, lambda;
    text label = {0};
    c->kind->label(c->state, column, &label);
    assert_int_equal(sscanf(label.data, "{\"nu\":%d,\"lambda\":%d", &nu, &lambda), 2);
    text_free(&label);
    if (lambda != wanted->lambda)
      continue;
    assert_int_equal(nu, wanted->nu);
    for (int k = 0; k < ENVIRONMENTS * ENVIRONMENTS * width * width; k++) {
      const int a = k / (ENVIRONMENTS * width * width), b = k / (width * width) % ENVIRONMENTS;
      gram[k] += values[a * c->columns + column + k / width % width] * values[b * c->columns + column + k % width];
    }
    column += width - 1;
  }
  free(values);
}

static void check(const char *nu, const char *n_max, const char *l_max, const char *group) {
  const char *const changes[] = {"nu_min", nu,    "nu_max", nu,    "n_max",      n_max,
                                 "l_max",  l_max, "group",  group, "lambda_max", nu[0] < '4' ? "2" : "1",
                                 NULL};
  gram_case c;
  start(&c, changes);
  for (int lambda = 0; lambda <= (nu[0] < '4' ? 2 : 1); lambda++) {
    const int count = ENVIRONMENTS * ENVIRONMENTS * (2 * lambda + 1) * (2 * lambda + 1);
    average wanted = {nu[0] - '0', lambda, 1, strcmp(group, "o3") == 0, zeros(count)};
    double *gram = zeros(count);
    integrate(&c, &wanted);
    sum_columns(&c, &wanted, gram);
    assert_true(largest(count, gram) > 1e-8);
    assert_close(nu, count, gram, wanted.sums, 1e-10);
    free(gram);
    free(wanted.sums);
  }
  end(&c);
}

static void two_neighbours(void **state) {
  (void)state;
  check("2", "3", "3", "o3");
  check("2", "3", "3", "so3");
}

static void three_neighbours(void **state) {
  (void)state;
  check("3", "2", "3", "o3");
  check("3", "2", "3", "so3");
}

static void four_neighbours(void **state) {
  (void)state;
  check("4", "2", "2", "o3");
  check("4", "2", "2", "so3");
}

static void more_neighbours(void **state) {
  (void)state;
  check("1", "3", "3", "so3");
  check("5", "1", "2", "so3");
  check("6", "1", "1", "o3");
  check("8", "1", "1", "so3");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(two_neighbours), cmocka_unit_test(three_neighbours),
                                     cmocka_unit_test(four_neighbours), cmocka_unit_test(more_neighbours)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
