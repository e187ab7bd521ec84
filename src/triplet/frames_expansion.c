/* SPDX-License-Identifier: BSD-3-Clause */
/* The density of a centre in the frame of each of its tags. */
#include <math.h>
#include <string.h>

#include "core/layout.h"
#include "triplet/frames.h"

static void place_pieces(const frames_state *state, layout *layout, int64_t n, frames_scratch *scratch) {
  const density_basis *basis = state->basis;
  const int64_t powers = 2 * (basis->l_max + 1);
  scratch->tags = layout_take(layout, n, sizeof(frames_tag));
  scratch->seen = layout_reals(layout, 3 * n);
  scratch->powers = layout_reals(layout, powers * n);
  scratch->seen_change = layout_reals(layout, 3 * n);
  scratch->power_change = layout_reals(layout, powers);
  scratch->sums = layout_reals(layout, powers);
  scratch->change = layout_reals(layout, basis->size);
  scratch->turned = layout_reals(layout, basis->size);
  scratch->about_x = layout_reals(layout, basis->size);
  scratch->about_y = layout_reals(layout, basis->size);
  scratch->direction = layout_reals(layout, 3 * n);
  scratch->distance = layout_reals(layout, n);
}

static void place_tags(const frames_state *state, layout *layout, frames_scratch *scratch) {
  for (int64_t j = 0; j < scratch->n_tags; j++) {
    scratch->tags[j].axes = layout_reals(layout, 9);
    scratch->tags[j].matrices = layout_reals(layout, state->rotations->size);
    scratch->tags[j].density = layout_reals(layout, state->basis->size);
  }
}

int64_t frames_scratch_size(const frames_state *state, int64_t n_neighbours) {
  frames_scratch counted;
  layout layout = {NULL, 0}, tag = {NULL, 0};
  place_pieces(state, &layout, n_neighbours, &counted);
  layout_reals(&tag, 9);
  layout_reals(&tag, state->rotations->size);
  layout_reals(&tag, state->basis->size);
  return density_scratch(state->basis, n_neighbours) + layout.used + n_neighbours * tag.used;
}

static layout open_scratch(const frames_state *state, const environment *environment, void *memory,
                           frames_scratch *scratch) {
  layout layout = {(char *)memory + density_scratch(state->basis, environment->n_neighbours), 0};
  scratch->expansion = memory;
  place_pieces(state, &layout, environment->n_neighbours, scratch);
  scratch->n_tags = 0;
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    scratch->n_tags += frames_is_tag(state, environment->vectors + 3 * k);
  return layout;
}

void frames_reopen(const frames_state *state, const environment *environment, void *memory, frames_scratch *scratch) {
  open_scratch(state, environment, memory, scratch);
}

/* x across the axis nearest to the plane across u1; any x would do. */
static void choose_axes(const density_expansion *expansion, int64_t place, double *axes) {
  double u[3];
  int least = 0;
  for (int a = 0; a < 3; a++) {
    u[a] = expansion->unit[a * expansion->stride + place];
    least = fabs(u[a]) < fabs(u[least]) ? a : least;
  }
  const double length = sqrt(1 - u[least] * u[least]);
  for (int a = 0; a < 3; a++)
    axes[a] = ((a == least) - u[least] * u[a]) / length;
  for (int a = 0; a < 3; a++)
    axes[3 + a] = u[(a + 1) % 3] * axes[(a + 2) % 3] - u[(a + 2) % 3] * axes[(a + 1) % 3];
  memcpy(axes + 6, u, sizeof u);
}

static void expand_tag(const frames_state *state, const density_expansion *expansion, frames_tag *tag) {
  const density_basis *basis = state->basis;
  choose_axes(expansion, tag->place, tag->axes);
  rotation_matrices(state->rotations, tag->axes, tag->matrices);
  for (int32_t a = 0; a < basis->n_species; a++)
    rotation_apply(state->rotations, tag->matrices, basis->n_padded, expansion->coefficients + a * basis->channel_size,
                   tag->density + a * basis->channel_size);
}

void frames_expand(const frames_state *state, const environment *environment, void *memory, frames_scratch *scratch) {
  const density_expansion *expansion = density_expand(state->basis, environment, memory);
  layout layout = open_scratch(state, environment, memory, scratch);
  frames_tag *tag = scratch->tags;
  place_tags(state, &layout, scratch);
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    if (frames_is_tag(state, environment->vectors + 3 * k)) {
      tag->neighbour = k;
      tag->place = expansion->place[k];
      expand_tag(state, expansion, tag++);
    }
}

void frames_turn(const double *axes, const double *vector, double *result) {
  for (int a = 0; a < 3; a++)
    result[a] = axes[3 * a] * vector[0] + axes[3 * a + 1] * vector[1] + axes[3 * a + 2] * vector[2];
}

void frames_turn_back(const double *axes, const double *vector, double *result) {
  for (int a = 0; a < 3; a++)
    result[a] = axes[a] * vector[0] + axes[3 + a] * vector[1] + axes[6 + a] * vector[2];
}

void frames_look(const frames_state *state, frames_scratch *scratch, const frames_tag *first) {
  const density_expansion *expansion = scratch->expansion;
  const int64_t size = state->basis->l_max + 1;
  for (int64_t k = 0; k < scratch->n_tags; k++) {
    const double *unit = expansion->unit + scratch->tags[k].place;
    const double u[3] = {unit[0], unit[expansion->stride], unit[2 * expansion->stride]};
    double *seen = scratch->seen + 3 * k, *re = scratch->powers + 2 * size * k, *im = re + size;
    frames_turn(first->axes, u, seen);
    re[0] = 1;
    im[0] = 0;
    for (int64_t m = 1; m < size; m++) {
      re[m] = re[m - 1] * seen[0] - im[m - 1] * seen[1];
      im[m] = re[m - 1] * seen[1] + im[m - 1] * seen[0];
    }
  }
}

void frames_combine(const frames_state *state, const double *density, const double *powers, bool add, double *values) {
  const density_basis *basis = state->basis;
  const kernel_shape shape = {basis->n_max, basis->n_padded, basis->l_max};
  for (int64_t a = 0; a < basis->n_species; a++)
    basis->kernels->frame_columns(shape, density + a * basis->channel_size, powers, powers + basis->l_max + 1, add,
                                  values + a * basis->n_harmonics * basis->n_max);
}
