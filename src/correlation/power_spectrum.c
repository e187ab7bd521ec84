/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `power_spectrum`: rotational invariants of two neighbours,
   P^ab_l(n, n') = (-1)^l / sqrt(2l+1) sum over m of rho^a_nlm rho^b_n'lm, times sqrt 2 for a < b,
   columns [pair a <= b][l][n][n'] (A. P. Bartok, R. Kondor, G. Csanyi, Phys. Rev. B 87, 184115 (2013)). */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "density/density.h"
#include "density/kind.h"

typedef struct power_spectrum_state {
  density_basis *basis;
  int32_t *species;   /* atomic numbers */
  double *factors[2]; /* [l], for a = b and for a < b */
  int64_t width;      /* columns of a pair */
} power_spectrum_state;

static void clear(void *state) {
  power_spectrum_state *s = state;
  density_basis_free(s->basis);
  memory_free(NULL, s->species);
  memory_free(NULL, s->factors[0]);
  memory_free(NULL, s->factors[1]);
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  power_spectrum_state *s = state;
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  TRY(density_basis_new(&s->basis, options, n_species));
  s->width = (int64_t)(s->basis->l_max + 1) * s->basis->n_max * s->basis->n_max;
  for (int different = 0; different < 2; different++) {
    TRY(MEMORY_NEW(NULL, &s->factors[different], s->basis->l_max + 1, "descriptor"));
    for (int32_t l = 0; l <= s->basis->l_max; l++)
      s->factors[different][l] = (l % 2 ? -1 : 1) * sqrt((1.0 + different) / (2 * l + 1));
  }
  return TERN_SUCCESS;
}

/* Where a pair a <= b stands among the pairs in lexicographic order. */
static int64_t pair_index(int64_t n_species, int64_t a, int64_t b) { return a * n_species - a * (a - 1) / 2 + b - a; }

static int64_t features(const void *state) {
  const power_spectrum_state *s = state;
  return pair_index(s->basis->n_species, s->basis->n_species, s->basis->n_species) * s->width;
}

static void label(const void *state, int64_t column, text *label) {
  const power_spectrum_state *s = state;
  const int64_t n_max = s->basis->n_max, n_species = s->basis->n_species, in_pair = column % s->width;
  int64_t a = 0;
  while (a + 1 < n_species && pair_index(n_species, a + 1, a + 1) * s->width <= column)
    a++;
  const int64_t b = a + column / s->width - pair_index(n_species, a, a);
  text_add(label, "{\"nu\":2,\"parity\":1,\"species\":[%d,%d],\"l\":%d,\"n\":[%d,%d]}", (int)s->species[a],
           (int)s->species[b], (int)(in_pair / (n_max * n_max)), (int)(in_pair / n_max % n_max),
           (int)(in_pair % n_max));
}

/* What follows the expansion in scratch. */
typedef struct pieces {
  double *coefficients; /* [size]: derivatives of the density, or with respect to it */
  double *matrices[2];  /* [l][n_max][n_padded]: weights of a pair, and transposed */
  double *sums;         /* [4][l][n_padded]: a neighbour's harmonics and their gradient times a channel */
  double *slopes;       /* [3][l][n_padded]: dR/dr times the direction's components */
  double *part;         /* [width]: columns of a pair */
} pieces;

static int64_t place_pieces(const power_spectrum_state *s, char *base, pieces *pieces) {
  const density_basis *basis = s->basis;
  const int64_t matrix = (int64_t)(basis->l_max + 1) * basis->n_max * basis->n_padded;
  const int64_t counts[6] = {basis->size, matrix, matrix, 4 * basis->radial_size, 3 * basis->radial_size, s->width};
  double **const pointers[6] = {&pieces->coefficients, &pieces->matrices[0], &pieces->matrices[1],
                                &pieces->sums,         &pieces->slopes,      &pieces->part};
  return layout_place(base, 6, counts, pointers);
}

static int64_t scratch(const void *state, int64_t n_neighbours) {
  const power_spectrum_state *s = state;
  pieces counted;
  return density_scratch(s->basis, n_neighbours) + place_pieces(s, NULL, &counted);
}

static pieces pieces_of(const power_spectrum_state *s, density_expansion *expansion) {
  pieces found;
  place_pieces(s, (char *)expansion + density_scratch(s->basis, expansion->n_neighbours), &found);
  return found;
}

static kernel_shape shape_of(const density_basis *basis) {
  return (kernel_shape){basis->n_max, basis->n_padded, basis->l_max};
}

static bool has_neighbours(const density_expansion *e, int32_t species) {
  return e->first[species + 1] > e->first[species];
}

/* False when all coefficients of the channel are zero. */
static bool has_density(const density_basis *basis, const environment *environment, const density_expansion *e,
                        int32_t species) {
  return has_neighbours(e, species) || (basis->center_weight != 0 && environment->center_species == species);
}

static int32_t forward(const void *state, const environment *environment, void *scratch, double *values) {
  const power_spectrum_state *s = state;
  const density_basis *basis = s->basis;
  const density_expansion *e = density_expand(basis, environment, scratch);
  for (int32_t a = 0; values && a < basis->n_species; a++)
    for (int32_t b = a; b < basis->n_species; b++, values += s->width)
      if (has_density(basis, environment, e, a) && has_density(basis, environment, e, b))
        basis->kernels->power_spectrum(shape_of(basis), e->coefficients + a * basis->channel_size,
                                       e->coefficients + b * basis->channel_size, s->factors[a < b], values);
      else
        memset(values, 0, (size_t)s->width * sizeof(double));
  return TERN_SUCCESS;
}

/* A pair's weights with their factors, padded, as [l][n][n'] and as [l][n'][n]; their sum in both when a = b. */
static void weigh(const power_spectrum_state *s, bool same, const double *weights, pieces *p) {
  const int32_t n_max = s->basis->n_max, n_padded = s->basis->n_padded;
  for (int32_t l = 0; l <= s->basis->l_max; l++, weights += n_max * n_max) {
    const double factor = s->factors[!same][l];
    double *plain = p->matrices[0] + (int64_t)l * n_max * n_padded,
           *turned = p->matrices[1] + (int64_t)l * n_max * n_padded;
    for (int32_t n = 0; n < n_max; n++)
      for (int32_t k = 0; k < n_max; k++) {
        const double across = weights[k * n_max + n];
        turned[n * n_padded + k] = factor * across;
        plain[n * n_padded + k] = factor * (weights[n * n_max + k] + (same ? across : 0));
      }
  }
}

/* Derivatives with respect to the coefficients of all channels with neighbours. */
static void backward_to_density(const power_spectrum_state *s, const environment *environment,
                                const density_expansion *e, const double *weights, pieces *p) {
  const density_basis *basis = s->basis;
  const int64_t channel = basis->channel_size, matrix = (int64_t)(basis->l_max + 1) * basis->n_max * basis->n_padded;
  memset(p->coefficients, 0, (size_t)basis->size * sizeof(double));
  memset(p->matrices[0], 0, (size_t)matrix * sizeof(double));
  memset(p->matrices[1], 0, (size_t)matrix * sizeof(double));
  for (int32_t a = 0; a < basis->n_species; a++)
    for (int32_t b = a; b < basis->n_species; b++, weights += s->width) {
      const bool to_b = has_neighbours(e, b) && has_density(basis, environment, e, a);
      const bool to_a = a < b && has_neighbours(e, a) && has_density(basis, environment, e, b);
      if (to_a || to_b)
        weigh(s, a == b, weights, p);
      if (to_b)
        basis->kernels->apply(shape_of(basis), p->matrices[0], e->coefficients + a * channel,
                              p->coefficients + b * channel);
      if (to_a)
        basis->kernels->apply(shape_of(basis), p->matrices[1], e->coefficients + b * channel,
                              p->coefficients + a * channel);
    }
}

static int32_t backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient) {
  const power_spectrum_state *s = state;
  pieces p = pieces_of(s, scratch);
  backward_to_density(s, environment, scratch, weights, &p);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  density_adjoint(s->basis, scratch, p.coefficients, gradient);
  return TERN_SUCCESS;
}

/* Product rule: derivative of one channel times the other, twice. */
static int32_t pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative) {
  const power_spectrum_state *s = state;
  const density_basis *basis = s->basis;
  density_expansion *e = scratch;
  pieces p = pieces_of(s, e);
  (void)environment;
  density_tangent(basis, e, directions, p.coefficients);
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t b = a; b < basis->n_species; b++, derivative += s->width) {
      const double *rho = e->coefficients, *change = p.coefficients;
      const int64_t to_a = a * basis->channel_size, to_b = b * basis->channel_size;
      basis->kernels->power_spectrum(shape_of(basis), change + to_a, rho + to_b, s->factors[a < b], derivative);
      basis->kernels->power_spectrum(shape_of(basis), rho + to_a, change + to_b, s->factors[a < b], p.part);
      for (int64_t k = 0; k < s->width; k++)
        derivative[k] += p.part[k];
    }
  return TERN_SUCCESS;
}

/* dR/dr along the axes, for the neighbour at a place. */
static void turn_slopes(const density_basis *basis, const density_expansion *e, int64_t place, double *slopes) {
  const double *slope = e->radial_slope + place * basis->radial_size;
  for (int axis = 0; axis < 3; axis++)
    for (int64_t k = 0; k < basis->radial_size; k++)
      slopes[axis * basis->radial_size + k] = slope[k] * e->unit[axis * e->stride + place];
}

/* Columns of the pair of `other` and the neighbour's own species, for the three axes `row` columns apart. Contracted
   over m first: each column is then two products (four for equal species), and writing them is what takes time. */
static void jacobian_pair(const power_spectrum_state *s, const density_expansion *e, int64_t place, int32_t own,
                          int32_t other, const pieces *p, double *columns, int64_t row) {
  const density_basis *basis = s->basis;
  const double *radial = e->radial + place * basis->radial_size;
  basis->kernels->contract(shape_of(basis), e->stride, e->harmonics + place, e->harmonics_gradient + place,
                           e->coefficients + other * basis->channel_size, s->factors[own != other], p->sums);
  for (int axis = 0; axis < 3; axis++) {
    const double *slope = p->slopes + axis * basis->radial_size, *sums = p->sums,
                 *turned = p->sums + (axis + 1) * basis->radial_size;
    if (own <= other)
      basis->kernels->outer(shape_of(basis), own == other, slope, sums, radial, turned, columns + axis * row);
    else
      basis->kernels->outer(shape_of(basis), 0, sums, slope, turned, radial, columns + axis * row);
  }
}

static void jacobian_neighbour(const power_spectrum_state *s, const environment *environment,
                               const density_expansion *e, int64_t neighbour, const pieces *p, double *columns,
                               int64_t row) {
  const density_basis *basis = s->basis;
  const int32_t own = environment->species[neighbour];
  const int64_t place = e->place[neighbour];
  turn_slopes(basis, e, place, p->slopes);
  for (int32_t a = 0; a < basis->n_species; a++)
    for (int32_t b = a; b < basis->n_species; b++, columns += s->width) {
      const int32_t other = a == own ? b : a;
      if ((a == own || b == own) && has_density(basis, environment, e, other))
        jacobian_pair(s, e, place, own, other, p, columns, row);
      else
        for (int axis = 0; axis < 3; axis++)
          memset(columns + axis * row, 0, (size_t)s->width * sizeof(double));
    }
}

static int32_t jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  const power_spectrum_state *s = state;
  const int64_t row = features(state);
  density_expansion *e = scratch;
  const pieces p = pieces_of(s, e);
  density_differentiate(s->basis, e);
  for (int64_t j = 0; j < environment->n_neighbours; j++)
    jacobian_neighbour(s, environment, e, j, &p, jacobian + 3 * j * row, row);
  return TERN_SUCCESS;
}

const descriptor_kind power_spectrum_kind = {
    .name = "power_spectrum",
    .meaning = "Two-neighbour invariants of the density (smooth overlap of atomic positions)",
    .state_size = sizeof(power_spectrum_state),
    .fill = fill,
    .clear = clear,
    .features = features,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .pushforward = pushforward,
    .jacobian = jacobian,
};
