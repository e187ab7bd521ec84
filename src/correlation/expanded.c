/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `correlations` with all its columns: nu neighbours at a time, iterated Clebsch-Gordan products of
   the density for nu_min <= nu <= nu_max and all lambda <= lambda_max, sigma = +1 and (group so3) -1. Items (a, n, l)
   do not decrease, all intermediate degrees are there, and sqrt(nu! / product of multiplicities!) makes scalar products
   of rows rotation averages (M. J. Willatt, F. Musil, M. Ceriotti, J. Chem. Phys. 150, 154110 (2019)). */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "correlation/column_selection.h"
#include "correlation/expanded.h"

static void clear(void *state) {
  expanded *s = state;
  density_basis_free(s->basis);
  channels_free(&s->channels);
  correlation_plan_free(s->plan);
  options_free(s->options);
  memory_free(NULL, s->species);
  memory_free(NULL, s->selected);
}

static int32_t read_int32(const tern_options *options, const char *key, int32_t *value) {
  int64_t wide;
  TRY(options_integer(options, key, &wide));
  *value = wide < INT32_MAX ? (int32_t)wide : INT32_MAX;
  return TERN_SUCCESS;
}

static int32_t read_shape(const tern_options *options, const channels *channels, correlation_shape *shape) {
  const char *group;
  TRY(read_int32(options, "nu_min", &shape->nu_min));
  TRY(read_int32(options, "nu_max", &shape->nu_max));
  TRY(read_int32(options, "lambda_max", &shape->lambda_max));
  TRY(options_text(options, "group", &group));
  shape->both_parities = strcmp(group, "so3") == 0;
  shape->l_max = channels->basis->l_max;
  shape->n_channels = channels->n_channels;
  return TERN_SUCCESS;
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  expanded *s = state;
  correlation_shape shape;
  int64_t limit;
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  TRY(options_copy(&s->options, options));
  TRY(density_basis_new(&s->basis, options, n_species));
  TRY(channels_new(&s->channels, options, s->basis));
  TRY(column_selection_wanted(options, &s->wanted));
  s->fitted = s->channels.fitted && s->wanted == 0;
  TRY(read_shape(options, &s->channels, &shape));
  TRY(options_integer(options, "memory_limit", &limit));
  return correlation_plan_new(&s->plan, &shape, limit);
}

static int64_t features(const void *state) { return ((const expanded *)state)->plan->n_columns; }

/* ---- labels ---- */

static void label_list(text *label, const char *name, int32_t count, const int64_t *values) {
  text_add(label, ",\"%s\":[", name);
  for (int32_t k = 0; k < count; k++)
    text_add(label, "%s%" PRId64, k == 0 ? "" : ",", values[k]);
  text_add(label, "]");
}

static void label(const void *state, int64_t column, text *label) {
  const expanded *s = state;
  int64_t row, channels[CORRELATION_MOST_ORDER], list[CORRELATION_MOST_ORDER];
  int32_t index, m;
  correlation_plan_column(s->plan, column, &index, &row, &m);
  correlation_plan_channels(s->plan, index, row, channels);
  const correlation_block *block = &s->plan->blocks[index];
  const int32_t order = block->order, sigma = block->sigma;
  text_add(label, "{\"nu\":%" PRId32 ",\"lambda\":%" PRId32 ",\"sigma\":%" PRId32 ",\"parity\":%" PRId32, order,
           block->lambda, sigma, sigma);
  for (int32_t k = 0; k < order; k++) {
    const int64_t group = channels[k] / s->basis->n_max;
    list[k] = s->channels.mixing != NULL ? group : s->species[group];
  }
  label_list(label, s->channels.mixing != NULL ? "channel" : "species", order, list);
  for (int32_t k = 0; k < order; k++)
    list[k] = channels[k] % s->basis->n_max;
  label_list(label, "n", order, list);
  for (int32_t k = 0; k < order; k++)
    list[k] = block->l[k];
  label_list(label, "l", order, list);
  for (int32_t k = 1; k + 1 < order; k++)
    list[k - 1] = block->path[k];
  label_list(label, "path", order > 2 ? order - 2 : 0, list);
  if (block->lambda > 0)
    text_add(label, ",\"m\":%" PRId32, m);
  text_add(label, "}");
}

/* ---- scratch ---- */

/* What follows the expansion in scratch. */
typedef struct pieces {
  double *coefficients; /* [basis size]: changes of the density's coefficients, or a gradient */
  double *numbers;      /* of the plan */
  double *change;       /* the same: derivatives of them, or a gradient */
  correlation_space space;
} pieces;

static int64_t place_pieces(const expanded *s, char *base, pieces *pieces) {
  const correlation_plan *plan = s->plan;
  const int64_t counts[6] = {s->basis->size,
                             plan->size + KERNEL_BLOCK,
                             plan->size + KERNEL_BLOCK,
                             plan->n_weights + KERNEL_BLOCK,
                             plan->n_weights + KERNEL_BLOCK,
                             plan->tile + KERNEL_BLOCK};
  double **const pointers[6] = {&pieces->coefficients,     &pieces->numbers,          &pieces->change,
                                &pieces->space.weights[0], &pieces->space.weights[1], &pieces->space.tile};
  return layout_place(base, 6, counts, pointers);
}

static int64_t scratch(const void *state, int64_t n_neighbours) {
  const expanded *s = state;
  pieces counted;
  return density_scratch(s->basis, n_neighbours) + place_pieces(s, NULL, &counted);
}

static pieces pieces_of(const expanded *s, density_expansion *expansion) {
  pieces found;
  place_pieces(s, (char *)expansion + density_scratch(s->basis, expansion->n_neighbours), &found);
  return found;
}

/* ---- values and derivatives ---- */

static int32_t forward(const void *state, const environment *environment, void *scratch, double *values) {
  const expanded *s = state;
  density_expansion *e = density_expand(s->basis, environment, scratch);
  const pieces p = pieces_of(s, e);
  channels_gather(&s->channels, e->coefficients, p.numbers);
  correlation_forward(s->plan, p.numbers, p.space, values);
  return TERN_SUCCESS;
}

static int32_t backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient) {
  const expanded *s = state;
  const pieces p = pieces_of(s, scratch);
  correlation_backward(s->plan, p.numbers, p.space, weights, p.change);
  channels_spread(&s->channels, p.change, p.coefficients);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  density_adjoint(s->basis, scratch, p.coefficients, gradient);
  return TERN_SUCCESS;
}

static int32_t pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative) {
  const expanded *s = state;
  const pieces p = pieces_of(s, scratch);
  (void)environment;
  density_tangent(s->basis, scratch, directions, p.coefficients);
  channels_gather(&s->channels, p.coefficients, p.change);
  correlation_tangent(s->plan, p.numbers, (correlation_change){p.change, 0, s->plan->channels}, p.space, derivative);
  return TERN_SUCCESS;
}

/* In the channels of its own species, or of all mixtures. */
static correlation_change neighbour_change(const expanded *s, const density_expansion *e, int64_t place, int axis,
                                           int32_t species, double *numbers) {
  const int32_t n_max = s->basis->n_max;
  memset(numbers, 0, (size_t)s->channels.size * sizeof(double));
  if (s->channels.mixing == NULL) {
    density_add_slope(s->basis, e, place, axis, 1, s->plan->channels, numbers + species * n_max);
    return (correlation_change){numbers, species * n_max, (species + 1) * n_max};
  }
  for (int32_t group = 0; group < s->channels.n_groups; group++)
    density_add_slope(s->basis, e, place, axis, s->channels.mixing[group * s->basis->n_species + species],
                      s->plan->channels, numbers + group * n_max);
  return (correlation_change){numbers, 0, s->plan->channels};
}

static int32_t jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  const expanded *s = state;
  density_expansion *e = scratch;
  const pieces p = pieces_of(s, e);
  density_differentiate(s->basis, e);
  for (int64_t j = 0; j < environment->n_neighbours; j++)
    for (int axis = 0; axis < 3; axis++, jacobian += s->plan->n_columns) {
      const correlation_change change =
          neighbour_change(s, e, e->place[j], axis, environment->species[j], p.change);
      correlation_tangent(s->plan, p.numbers, change, p.space, jacobian);
    }
  return TERN_SUCCESS;
}

const descriptor_kind expanded_kind = {
    .name = "correlations",
    .meaning = "Invariants and equivariants of any number of neighbours (bispectrum and beyond)",
    .state_size = sizeof(expanded),
    .fill = fill,
    .clear = clear,
    .features = features,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .pushforward = pushforward,
    .jacobian = jacobian,
    .fitted = expanded_fitted,
    .fit = expanded_fit,
    .store = expanded_store,
    .restore = expanded_restore,
};
