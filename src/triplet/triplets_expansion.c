/* SPDX-License-Identifier: BSD-3-Clause */
/* The density of a centre and the functions of its tags. */
#include <string.h>

#include "core/layout.h"
#include "density/harmonics.h"
#include "triplet/triplets.h"

enum { TRIPLETS_STREAM = 1 << 20 }; /* bytes from which the rows of a centre are written past the caches */

static void place_pieces(const triplets_state *state, layout *layout, int64_t n_tags, triplets_scratch *scratch) {
  const density_basis *basis = state->basis;
  const int64_t row = basis->n_padded, species = basis->n_species * row, total = basis->n_harmonics * row;
  const int64_t products = (basis->l_max + 1) * state->n_second_l * state->shape.stride;
  scratch->tags = layout_take(layout, n_tags + 1, sizeof(triplets_tag));
  scratch->change = layout_reals(layout, basis->size);
  scratch->folded = layout_reals(layout, species * state->coupling->n_rows);
  scratch->folded_change = layout_reals(layout, species * state->coupling->n_rows);
  scratch->angular = layout_reals(layout, species * state->coupling->count);
  scratch->angular_change = layout_reals(layout, species * state->coupling->count);
  scratch->products = layout_reals(layout, products);
  scratch->products_change = layout_reals(layout, products);
  scratch->total = layout_reals(layout, total);
  scratch->total_change = layout_reals(layout, total);
  scratch->constant = layout_reals(layout, total);
  scratch->constant_change = layout_reals(layout, total);
  scratch->coupled = layout_reals(layout, row * state->coupling->n_rows);
  scratch->coupled_change = layout_reals(layout, row * state->coupling->n_rows);
  scratch->channel = layout_reals(layout, basis->n_harmonics);
  scratch->channel_change = layout_reals(layout, basis->n_harmonics);
}

static void place_tag(const triplets_state *state, layout *layout, triplets_tag *tag) {
  const density_basis *basis = state->basis;
  tag->radial = layout_reals(layout, basis->radial_size);
  tag->slope = layout_reals(layout, basis->radial_size);
  tag->harmonics = layout_reals(layout, basis->n_harmonics);
  tag->gradient = layout_reals(layout, 3 * basis->n_harmonics);
  tag->radial_change = layout_reals(layout, basis->radial_size);
  tag->harmonics_change = layout_reals(layout, basis->n_harmonics);
}

int64_t triplets_scratch_size(const triplets_state *state, int64_t n_neighbours) {
  triplets_scratch counted;
  triplets_tag tag;
  layout pieces = {NULL, 0}, one = {NULL, 0};
  place_pieces(state, &pieces, n_neighbours + 1, &counted);
  place_tag(state, &one, &tag);
  return density_scratch(state->basis, n_neighbours) + pieces.used + (n_neighbours + 2) * one.used;
}

static layout open_scratch(const triplets_state *state, const environment *environment, void *memory,
                           triplets_scratch *scratch) {
  layout layout = {(char *)memory + density_scratch(state->basis, environment->n_neighbours), 0};
  scratch->expansion = memory;
  scratch->changed = -1;
  scratch->n_tags = state->center_tags;
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    scratch->n_tags += triplets_is_tag(state, environment->vectors + 3 * k);
  place_pieces(state, &layout, scratch->n_tags, scratch);
  scratch->seconds = scratch->tags + (state->one_tag ? scratch->n_tags : 0);
  scratch->n_seconds = state->one_tag ? 1 : scratch->n_tags;
  scratch->past_caches = scratch->n_tags * scratch->n_seconds * state->features > TRIPLETS_STREAM / 8;
  return layout;
}

static void rest(const triplets_state *state, triplets_tag *tag) {
  memset(tag->move, 0, sizeof tag->move);
  memset(tag->radial_change, 0, (size_t)state->basis->radial_size * sizeof(double));
  memset(tag->harmonics_change, 0, (size_t)state->basis->n_harmonics * sizeof(double));
}

void triplets_reopen(const triplets_state *state, const environment *environment, void *memory,
                     triplets_scratch *scratch) {
  open_scratch(state, environment, memory, scratch);
  for (int64_t t = 0; t <= scratch->n_tags; t++)
    rest(state, &scratch->tags[t]);
}

/* A function of l = 0 only: the centre, which stands at r = 0, or 1. */
static void set_fixed(const triplets_state *state, triplets_tag *tag, const double *radial, double harmonic) {
  const density_basis *basis = state->basis;
  tag->neighbour = -1;
  memset(tag->unit, 0, sizeof tag->unit);
  memset(tag->radial, 0, (size_t)basis->radial_size * sizeof(double));
  memset(tag->slope, 0, (size_t)basis->radial_size * sizeof(double));
  memset(tag->harmonics, 0, (size_t)basis->n_harmonics * sizeof(double));
  memset(tag->gradient, 0, (size_t)(3 * basis->n_harmonics) * sizeof(double));
  tag->harmonics[0] = harmonic;
  if (radial != NULL)
    memcpy(tag->radial, radial, (size_t)basis->n_padded * sizeof(double));
  else
    tag->radial[0] = 1;
}

static void set_tag(const triplets_state *state, const density_expansion *e, int64_t neighbour, triplets_tag *tag) {
  const density_basis *basis = state->basis;
  const int64_t place = e->place[neighbour];
  double weight = 1, slope;
  if (state->tags_fade)
    cutoff_function_at(&state->tag_cutoff, e->distance[place], &weight, &slope);
  tag->neighbour = neighbour;
  for (int a = 0; a < 3; a++)
    tag->unit[a] = e->unit[a * e->stride + place];
  for (int64_t k = 0; k < basis->radial_size; k++)
    tag->radial[k] = weight * e->radial[place * basis->radial_size + k];
  for (int64_t lm = 0; lm < basis->n_harmonics; lm++)
    tag->harmonics[lm] = e->harmonics[lm * e->stride + place];
}

void triplets_expand(const triplets_state *state, const environment *environment, void *memory,
                     triplets_scratch *scratch) {
  density_expand(state->basis, environment, memory);
  layout layout = open_scratch(state, environment, memory, scratch);
  triplets_tag *tag = scratch->tags;
  for (int64_t t = 0; t <= scratch->n_tags; t++)
    place_tag(state, &layout, &scratch->tags[t]);
  if (state->center_tags)
    set_fixed(state, tag++, state->center, state->basis->harmonics->start[0]);
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    if (triplets_is_tag(state, environment->vectors + 3 * k))
      set_tag(state, scratch->expansion, k, tag++);
  set_fixed(state, tag, NULL, 1);
  memset(scratch->constant, 0, (size_t)(state->basis->n_harmonics * state->basis->n_padded) * sizeof(double));
  scratch->constant[0] = 1;
}

static void differentiate_tag(const triplets_state *state, const density_expansion *e, triplets_tag *tag) {
  const density_basis *basis = state->basis;
  const int64_t place = e->place[tag->neighbour], plane = basis->n_harmonics;
  double weight = 1, slope = 0;
  if (state->tags_fade)
    cutoff_function_at(&state->tag_cutoff, e->distance[place], &weight, &slope);
  for (int64_t k = 0; k < basis->radial_size; k++)
    tag->slope[k] =
        weight * e->radial_slope[place * basis->radial_size + k] + slope * e->radial[place * basis->radial_size + k];
  for (int64_t lm = 0; lm < 3 * plane; lm++)
    tag->gradient[lm] = e->harmonics_gradient[lm * e->stride + place];
}

void triplets_differentiate(const triplets_state *state, triplets_scratch *scratch) {
  density_differentiate(state->basis, scratch->expansion);
  for (int64_t t = 0; t < scratch->n_tags; t++)
    if (scratch->tags[t].neighbour >= 0)
      differentiate_tag(state, scratch->expansion, &scratch->tags[t]);
}

void triplets_move(const triplets_state *state, triplets_tag *tag, const double *move) {
  const density_basis *basis = state->basis;
  const int64_t plane = basis->n_harmonics;
  const double along = move[0] * tag->unit[0] + move[1] * tag->unit[1] + move[2] * tag->unit[2];
  memcpy(tag->move, move, sizeof tag->move);
  for (int64_t k = 0; k < basis->radial_size; k++)
    tag->radial_change[k] = along * tag->slope[k];
  for (int64_t lm = 0; lm < plane; lm++)
    tag->harmonics_change[lm] =
        move[0] * tag->gradient[lm] + move[1] * tag->gradient[plane + lm] + move[2] * tag->gradient[2 * plane + lm];
}
