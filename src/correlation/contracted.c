/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/contracted.h"

#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "correlation/column_selection.h"

static void clear(void *state) {
  contracted *s = state;
  contraction_free(s->contraction);
  channels_free(&s->channels);
  density_basis_free(s->basis);
  options_free(s->options);
  memory_free(NULL, s->species);
  memory_free(NULL, s->rows);
}

static int32_t read_components(const tern_options *options, contraction_shape *shape) {
  int64_t count;
  const int64_t *listed;
  TRY(options_integers(options, "components", &count, &listed));
  for (int64_t nu = 2; nu <= CONTRACTION_MOST_ORDER && count > 0; nu++)
    shape->components[nu] = listed[nu - 2 < count ? nu - 2 : count - 1];
  return TERN_SUCCESS;
}

static int32_t read_shape(contracted *s, contraction_shape *shape) {
  int64_t nu_min, nu_max, lambda_max;
  const char *group;
  TRY(options_integer(s->options, "nu_min", &nu_min));
  TRY(options_integer(s->options, "nu_max", &nu_max));
  TRY(options_integer(s->options, "lambda_max", &lambda_max));
  TRY(options_text(s->options, "group", &group));
  s->nu_min = (int32_t)nu_min;
  *shape = (contraction_shape){.nu_min = (int32_t)nu_min,
                               .nu_max = (int32_t)nu_max,
                               .l_max = s->basis->l_max,
                               .lambda_max = (int32_t)lambda_max,
                               .both_parities = strcmp(group, "so3") == 0,
                               .n_channels = s->channels.n_channels};
  return read_components(s->options, shape);
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  contracted *s = state;
  contraction_shape shape;
  TRY(options_copy(&s->options, options));
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  TRY(density_basis_new(&s->basis, options, n_species));
  TRY(channels_new(&s->channels, options, s->basis));
  TRY(column_selection_wanted(options, &s->wanted));
  TRY(read_shape(s, &shape));
  return contraction_new(&s->contraction, &shape);
}

/* ---- columns ---- */

const contraction_block *contracted_block(const contracted *s, const contracted_row *row) {
  return &s->contraction->orders[row->nu].blocks[row->block];
}

static int64_t count_rows(contracted *s, contracted_row *rows) {
  const contraction *c = s->contraction;
  int64_t count = 0;
  for (int32_t nu = s->nu_min; nu <= c->shape.nu_max; nu++)
    for (int32_t b = 0; b < c->orders[nu].n_blocks; b++)
      for (int64_t k = 0;
           k < c->orders[nu].blocks[b].count && contraction_is_output(&c->shape, nu, &c->orders[nu].blocks[b]);
           k++, count++)
        if (rows != NULL)
          rows[count] = (contracted_row){nu, b, (int32_t)k, (int32_t)k};
  return count;
}

int32_t contracted_list_rows(contracted *s) {
  memory_free(NULL, s->rows);
  s->rows = NULL;
  s->n_rows = count_rows(s, NULL);
  TRY(MEMORY_NEW(NULL, &s->rows, s->n_rows, "columns of a descriptor"));
  count_rows(s, s->rows);
  s->n_columns = 0;
  for (int64_t row = 0; row < s->n_rows; row++)
    s->n_columns += 2 * contracted_block(s, &s->rows[row])->lambda + 1;
  return TERN_SUCCESS;
}

static int64_t features(const void *state) { return ((const contracted *)state)->n_columns; }

static void label_item(const contracted *s, const contracted_row *row, text *label) {
  const int32_t item = row->label, n_max = s->basis->n_max;
  if (row->nu > 1) {
    text_add(label, ",\"component\":%" PRId32, row->label);
    return;
  }
  text_add(label, ",");
  channels_label(&s->channels, s->species, 1, &item, label);
  text_add(label, ",\"n\":[%" PRId32 "],\"l\":[%" PRId32 "],\"path\":[]", item % n_max,
           contracted_block(s, row)->lambda);
}

static void label(const void *state, int64_t column, text *label) {
  const contracted *s = state;
  const contracted_row *row = s->rows;
  int32_t lambda = contracted_block(s, row)->lambda;
  while (column >= 2 * lambda + 1) {
    column -= 2 * lambda + 1;
    lambda = contracted_block(s, ++row)->lambda;
  }
  const int32_t sigma = contracted_block(s, row)->sigma;
  text_add(label, "{\"nu\":%" PRId32 ",\"lambda\":%" PRId32 ",\"sigma\":%" PRId32 ",\"parity\":%" PRId32, row->nu,
           lambda, sigma, sigma);
  label_item(s, row, label);
  if (lambda > 0)
    text_add(label, ",\"m\":%" PRId32, (int32_t)column - lambda);
  text_add(label, "}");
}

/* ---- evaluation ---- */

/* What follows the expansion in scratch. */
typedef struct pieces {
  double *density, *density_change; /* [channels.size] */
  double *values, *change;          /* [contraction_size]; change: derivative or gradient */
  double *coefficients;             /* [basis.size] */
  double *space;
} pieces;

static int64_t place_pieces(const contracted *s, char *base, pieces *pieces) {
  const int64_t size = contraction_size(s->contraction);
  const int64_t counts[6] = {
      s->channels.size, s->channels.size, size, size, s->basis->size, contraction_space(s->contraction)};
  double **const pointers[6] = {&pieces->density, &pieces->density_change, &pieces->values,
                                &pieces->change,  &pieces->coefficients,   &pieces->space};
  return layout_place(base, 6, counts, pointers);
}

static int64_t scratch(const void *state, int64_t n_neighbours) {
  const contracted *s = state;
  pieces counted;
  return density_scratch(s->basis, n_neighbours) + place_pieces(s, NULL, &counted);
}

static pieces pieces_of(const contracted *s, density_expansion *expansion) {
  pieces found;
  place_pieces(s, (char *)expansion + density_scratch(s->basis, expansion->n_neighbours), &found);
  return found;
}

/* Where a row's first number lies: in the density for order 1, else among the contraction's. */
static const double *place_of(const contracted *s, const contracted_row *row, const double *density,
                              const double *values) {
  const int64_t in_block = contracted_block(s, row)->offset + row->component;
  return row->nu == 1 ? density + in_block : values + contraction_start(s->contraction, row->nu) + in_block;
}

static void give(const contracted *s, const double *density, const double *values, double *columns) {
  for (int64_t row = 0; row < s->n_rows; row++) {
    const contraction_block *block = contracted_block(s, &s->rows[row]);
    const double *from = place_of(s, &s->rows[row], density, values);
    for (int32_t m = 0; m < 2 * block->lambda + 1; m++)
      *columns++ = from[m * block->padded];
  }
}

static int32_t forward(const void *state, const environment *environment, void *scratch, double *values) {
  const contracted *s = state;
  density_expansion *e = density_expand(s->basis, environment, scratch);
  const pieces p = pieces_of(s, e);
  channels_gather(&s->channels, e->coefficients, p.density);
  contraction_forward(s->contraction, p.density, p.values, p.space);
  if (values != NULL)
    give(s, p.density, p.values, values);
  return TERN_SUCCESS;
}

static int32_t backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient) {
  const contracted *s = state;
  const pieces p = pieces_of(s, scratch);
  memset(p.change, 0, (size_t)contraction_size(s->contraction) * sizeof(double));
  memset(p.density_change, 0, (size_t)s->channels.size * sizeof(double));
  for (int64_t row = 0; row < s->n_rows; row++) {
    const contraction_block *block = contracted_block(s, &s->rows[row]);
    double *to = (double *)place_of(s, &s->rows[row], p.density_change, p.change);
    for (int32_t m = 0; m < 2 * block->lambda + 1; m++)
      to[m * block->padded] = *weights++;
  }
  contraction_adjoint(s->contraction, p.density, p.values, p.change, p.density_change, p.space);
  channels_spread(&s->channels, p.density_change, p.coefficients);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  density_adjoint(s->basis, scratch, p.coefficients, gradient);
  return TERN_SUCCESS;
}

static int32_t pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative) {
  const contracted *s = state;
  const pieces p = pieces_of(s, scratch);
  (void)environment;
  density_tangent(s->basis, scratch, directions, p.coefficients);
  channels_gather(&s->channels, p.coefficients, p.density_change);
  contraction_tangent(s->contraction, p.density, p.density_change, p.values, p.change, p.space);
  give(s, p.density_change, p.change, derivative);
  return TERN_SUCCESS;
}

/* One direction after the other; the row that a direction is written to is its place among them. */
static int32_t jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  const contracted *s = state;
  const int64_t n = 3 * environment->n_neighbours;
  double *direction = NULL;
  TRY(MEMORY_NEW(NULL, &direction, n, "directions of neighbours"));
  for (int64_t k = 0; k < n; k++) {
    direction[k] = 1;
    pushforward(state, environment, scratch, direction, jacobian + k * s->n_columns);
    direction[k] = 0;
  }
  memory_free(NULL, direction);
  return TERN_SUCCESS;
}

const descriptor_kind contracted_kind = {
    .name = "correlations",
    .meaning = "Contracted correlations of the density",
    .state_size = sizeof(contracted),
    .fill = fill,
    .clear = clear,
    .features = features,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .pushforward = pushforward,
    .jacobian = jacobian,
    .fitted = contracted_fitted,
    .fit = contracted_fit,
    .store = contracted_store,
    .restore = contracted_restore,
};
