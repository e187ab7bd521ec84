/* SPDX-License-Identifier: BSD-3-Clause */
/* The overlap of a smeared neighbour with x^k exp(-d_k x^2) Y_lm is
     J_kl(r) = K_kl r^l exp(-c r^2) 1F1(a; b; beta r^2),  a = (k+l+3)/2, b = l+3/2, c = 1/(2 sigma^2), beta =
   c^2/(c+d_k). (A. P. Bartok, R. Kondor, G. Csanyi, Phys. Rev. B 87, 184115 (2013) has the density; the integral is in
   any table of Bessel transforms.) With F(z) = exp(-z) 1F1(a; b; z) nothing overflows: F is the mean of q_i =
   (a)_i/(b)_i under a Poisson distribution of mean z, a sum of positive terms around i = z; its derivatives are means
   of the differences of q_i, which keep one sign for given k and l. For large z the asymptotic series takes over. */
#include "density/gto.h"

#include <math.h>
#include <stddef.h>

#include "core/error.h"
#include "core/memory.h"

struct gto {
  int32_t n_max, l_max;
  double c;
  double *d;       /* [n_max] */
  double *mix;     /* [n][k]: R_n = sum_k mix J_k */
  double *front;   /* [k][l]: K_kl */
  double *limit;   /* [k][l]: Gamma(b)/Gamma(a), leading factor of the asymptotic series */
  double switch_z; /* the series below, the asymptotic series above */
  int64_t n_terms;
  double *terms; /* [k][l][3][n_terms]: q_i and its first two differences */
};

/* Symmetric eigenproblem by Jacobi's rotations, in extended precision: the smallest eigenvalues decide how many digits
   the orthonormalisation keeps. matrix and vectors [n][n]; the diagonal of matrix becomes the eigenvalues. */
static void jacobi_rotate(int32_t n, long double *matrix, long double *vectors, int32_t p, int32_t q) {
  const long double off = matrix[p * n + q];
  if (off == 0)
    return;
  const long double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * off);
  const long double t = (theta < 0 ? -1 : 1) / (fabsl(theta) + sqrtl(theta * theta + 1));
  const long double cosine = 1 / sqrtl(t * t + 1), sine = t * cosine;
  for (int32_t k = 0; k < n; k++) {
    const long double x = matrix[k * n + p], y = matrix[k * n + q];
    matrix[k * n + p] = cosine * x - sine * y;
    matrix[k * n + q] = sine * x + cosine * y;
  }
  for (int32_t k = 0; k < n; k++) {
    const long double x = matrix[p * n + k], y = matrix[q * n + k];
    matrix[p * n + k] = cosine * x - sine * y;
    matrix[q * n + k] = sine * x + cosine * y;
    const long double u = vectors[k * n + p], v = vectors[k * n + q];
    vectors[k * n + p] = cosine * u - sine * v;
    vectors[k * n + q] = sine * u + cosine * v;
  }
}

static void jacobi(int32_t n, long double *matrix, long double *vectors) {
  for (int32_t k = 0; k < n * n; k++)
    vectors[k] = k % (n + 1) == 0;
  for (int32_t sweep = 0; sweep < 30; sweep++) {
    long double off = 0;
    for (int32_t p = 0; p < n; p++)
      for (int32_t q = p + 1; q < n; q++) {
        off += matrix[p * n + q] * matrix[p * n + q];
        jacobi_rotate(n, matrix, vectors, p, q);
      }
    if (off < 1e-60L)
      return;
  }
}

/* S_ij of the primitives x^k exp(-d_k x^2). */
static long double overlap(const gto *g, int32_t i, int32_t j) {
  const long double power = (3 + i + j) / 2.0L;
  return tgammal(power) / 2 * powl((long double)g->d[i] + g->d[j], -power);
}

/* mix = (N S N)^(-1/2) N; fails when the basis is linearly dependent to working precision. */
static int32_t orthonormalise(gto *g, long double *work) {
  const int32_t n = g->n_max;
  long double *matrix = work, *vectors = work + n * n;
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++)
      matrix[i * n + j] = overlap(g, i, j) / sqrtl(overlap(g, i, i) * overlap(g, j, j));
  jacobi(n, matrix, vectors);
  for (int32_t k = 0; k < n; k++)
    if (!(matrix[k * n + k] > 1e-13L))
      return error_set(TERN_ERROR_ARGUMENT,
                       "option n_max: %d radial functions of the basis gto are linearly dependent in double "
                       "precision; at most about 16 are possible",
                       n);
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) {
      long double sum = 0;
      for (int32_t k = 0; k < n; k++)
        sum += vectors[i * n + k] * vectors[j * n + k] / sqrtl(matrix[k * n + k]);
      g->mix[i * n + j] = (double)(sum / sqrtl(overlap(g, j, j)));
    }
  return TERN_SUCCESS;
}

/* q_i and its differences: q_(i+1) - q_i = q_i (a-b)/(b+i), the second q_i (a-b)(a-b-1)/((b+i)(b+i+1)). */
static void fill_terms(gto *g, int32_t k, int32_t l, double *terms) {
  const double a = (k + l + 3) / 2.0, b = l + 1.5, excess = (k - l) / 2.0;
  long double q = 1;
  for (int64_t i = 0; i < g->n_terms; i++) {
    terms[i] = (double)q;
    terms[g->n_terms + i] = (double)(q * excess / (b + i));
    terms[2 * g->n_terms + i] = (double)(q * excess * (excess - 1) / ((b + i) * (b + i + 1)));
    q *= (a + i) / (long double)(b + i);
  }
}

static void fill_constants(gto *g, double sigma) {
  const double pi = acos(-1.0), norm = pow(pi / (sigma * sigma), 0.75);
  for (int32_t k = 0; k < g->n_max; k++)
    for (int32_t l = 0; l <= g->l_max; l++) {
      const double a = (k + l + 3) / 2.0, b = l + 1.5, s = g->c + g->d[k], ratio = exp(lgamma(a) - lgamma(b));
      const int64_t place = (int64_t)k * (g->l_max + 1) + l;
      g->limit[place] = 1 / ratio;
      g->front[place] = norm * pow(g->c / sqrt(s), l) * pow(s, -(k + 3) / 2.0) * ratio;
      fill_terms(g, k, l, g->terms + 3 * g->n_terms * place);
    }
}

static int32_t allocate_constants(gto *g) {
  const int64_t functions = (int64_t)g->n_max * (g->l_max + 1);
  const double a = (g->n_max + g->l_max + 3) / 2.0;
  g->switch_z = 100 + 4 * a * a;
  g->n_terms = (int64_t)(g->switch_z + 12 * sqrt(g->switch_z) + 60);
  TRY(MEMORY_NEW(NULL, &g->front, functions, "radial functions"));
  TRY(MEMORY_NEW(NULL, &g->limit, functions, "radial functions"));
  return MEMORY_NEW(NULL, &g->terms, functions * 3 * g->n_terms, "radial functions");
}

static int32_t prepare(gto *g, double cutoff, double sigma) {
  long double *work = NULL;
  TRY(MEMORY_NEW(NULL, &g->d, g->n_max, "radial functions"));
  TRY(MEMORY_NEW(NULL, &g->mix, (int64_t)g->n_max * g->n_max, "radial functions"));
  g->c = 1 / (2 * sigma * sigma);
  for (int32_t k = 0; k < g->n_max; k++) {
    const double width = cutoff * fmax(sqrt(k), 1) / g->n_max;
    g->d[k] = 1 / (2 * width * width);
  }
  TRY(MEMORY_NEW(NULL, &work, 2 * (int64_t)g->n_max * g->n_max, "radial functions"));
  const int32_t status = orthonormalise(g, work);
  memory_free(NULL, work);
  TRY(status);
  TRY(allocate_constants(g));
  fill_constants(g, sigma);
  return TERN_SUCCESS;
}

int32_t gto_new(gto **basis, double cutoff, double sigma, int32_t n_max, int32_t l_max) {
  gto *created = NULL;
  TRY(MEMORY_NEW(NULL, &created, 1, "radial functions"));
  created->n_max = n_max;
  created->l_max = l_max;
  const int32_t status = prepare(created, cutoff, sigma);
  if (status == TERN_SUCCESS)
    *basis = created;
  else
    gto_free(created);
  return status;
}

void gto_free(void *basis) {
  gto *g = basis;
  if (!g)
    return;
  memory_free(NULL, g->d);
  memory_free(NULL, g->mix);
  memory_free(NULL, g->front);
  memory_free(NULL, g->limit);
  memory_free(NULL, g->terms);
  memory_free(NULL, g);
}

#define MOST_WEIGHTS 2048 /* 22 sqrt(z) + 70 for the largest z of the series */

/* Weights around their mean, relative to the first. */
typedef struct poisson {
  int64_t first, count;
  double sum;
  double weights[MOST_WEIGHTS];
} poisson;

static void poisson_set(poisson *p, double z, int64_t n_terms) {
  const double spread = sqrt(z);
  const int64_t begin = (int64_t)fmax(0, z - 10 * spread - 20), last = (int64_t)(z + 12 * spread + 50);
  const int64_t end = last < n_terms ? last : n_terms; /* n_terms suffices for any z below the switch */
  double weight = 1;
  p->first = begin;
  p->count = end - begin;
  p->sum = 0;
  for (int64_t i = begin; i < end; i++) {
    p->weights[i - begin] = weight;
    p->sum += weight;
    weight *= z / (double)(i + 1);
  }
}

/* F and two derivatives with respect to z, by the asymptotic series
   Gamma(b)/Gamma(a) z^(a-b) sum_s (b-a)_s (1-a)_s / (s! z^s). */
static void asymptotic(double a, double excess, double limit, double z, double result[3]) {
  double term = limit * pow(z, excess), power = excess;
  result[0] = result[1] = result[2] = 0;
  for (int32_t s = 0; s < 200 && term != 0; s++, power -= 1) {
    result[0] += term;
    result[1] += term * power / z;
    result[2] += term * power * (power - 1) / (z * z);
    if (fabs(term) < 1e-18 * fabs(result[0]))
      return;
    term *= (s - excess) * (s + 1 - a) / ((s + 1) * z);
  }
}

/* Function and two derivatives of K r^l exp(-gamma r^2) F(beta r^2). */
static void primitive(double front, int32_t l, double r, double gamma, double beta, const double f[3],
                      double result[3]) {
  const double decay = front * exp(-gamma * r * r);
  const double slope = beta * f[1] - gamma * f[0];
  const double curvature = beta * beta * f[2] - 2 * gamma * beta * f[1] + gamma * gamma * f[0];
  const double g0 = decay * f[0], g1 = 2 * r * decay * slope, g2 = 2 * decay * slope + 4 * r * r * decay * curvature;
  const double p0 = pow(r, l), p1 = l > 0 ? l * pow(r, l - 1) : 0, p2 = l > 1 ? l * (l - 1) * pow(r, l - 2) : 0;
  result[0] = p0 * g0;
  result[1] = p1 * g0 + p0 * g1;
  result[2] = p2 * g0 + 2 * p1 * g1 + p0 * g2;
}

static double dot(int64_t count, const double *a, const double *b) {
  double sum[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int lane = 0; lane < 4; lane++)
      sum[lane] += a[i + lane] * b[i + lane];
  for (; i < count; i++)
    sum[0] += a[i] * b[i];
  return sum[0] + sum[1] + sum[2] + sum[3];
}

/* F and two derivatives with respect to z as means of q_i and its differences. */
static void series(const poisson *p, const double *terms, int64_t n_terms, double result[3]) {
  for (int order = 0; order < 3; order++)
    result[order] = dot(p->count, p->weights, terms + order * n_terms + p->first) / p->sum;
}

/* Adds what the primitives of one k contribute to all functions. */
static void add_primitives(const gto *g, int32_t k, double distance, poisson *p, int32_t n_padded, double *values) {
  const int64_t order_size = (int64_t)(g->l_max + 1) * n_padded;
  const double s = g->c + g->d[k], beta = g->c * g->c / s, gamma = g->c * g->d[k] / s, z = beta * distance * distance;
  if (z < g->switch_z)
    poisson_set(p, z, g->n_terms);
  for (int32_t l = 0; l <= g->l_max; l++) {
    const int64_t place = (int64_t)k * (g->l_max + 1) + l;
    double f[3], j[3];
    if (z < g->switch_z)
      series(p, g->terms + 3 * place * g->n_terms, g->n_terms, f);
    else
      asymptotic((k + l + 3) / 2.0, (k - l) / 2.0, g->limit[place], z, f);
    primitive(g->front[place], l, distance, gamma, beta, f, j);
    for (int order = 0; order < 3; order++)
      for (int32_t n = 0; n < g->n_max; n++)
        values[order * order_size + l * n_padded + n] += g->mix[n * g->n_max + k] * j[order];
  }
}

void gto_evaluate(const void *basis, double distance, int32_t n_padded, double *values) {
  const gto *g = basis;
  poisson p;
  for (int64_t row = 0; row < 3 * (int64_t)(g->l_max + 1); row++)
    for (int32_t n = 0; n < g->n_max; n++)
      values[row * n_padded + n] = 0;
  for (int32_t k = 0; k < g->n_max; k++)
    add_primitives(g, k, distance, &p, n_padded, values);
}
