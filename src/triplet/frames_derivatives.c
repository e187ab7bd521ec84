/* SPDX-License-Identifier: BSD-3-Clause */
/* Derivatives of frames. The vector to a tag acts in three ways: as part of the density, through the frame (first
   tag: turning u1 turns the density and the other tags the other way), and through the features of the tags
   themselves. */
#include <string.h>

#include "triplet/frames.h"

static void cross(const double *a, const double *b, double *result) {
  for (int x = 0; x < 3; x++)
    result[x] = a[(x + 1) % 3] * b[(x + 2) % 3] - a[(x + 2) % 3] * b[(x + 1) % 3];
}

static double dot(const double *a, const double *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Derivatives of the turned density for turns about the frame's x and y. */
static void generate(const frames_state *state, frames_scratch *scratch, const frames_tag *tag) {
  const density_basis *basis = state->basis;
  for (int32_t a = 0; a < basis->n_species; a++) {
    const int64_t channel = a * basis->channel_size;
    rotation_generate(state->rotations, basis->n_padded, tag->density + channel, scratch->about_x + channel,
                      scratch->about_y + channel);
  }
}

/* ---- backward ---- */

/* Adjoint of frames_combine: weights of columns to those of the turned density (added), and per mu to those of Re
   and Im z2^mu (sums). */
static void backward_combine(const frames_state *state, const double *restrict density, const double *powers,
                             const double *restrict weights, double *restrict turned, double *restrict sums) {
  const density_basis *basis = state->basis;
  const int64_t n_max = basis->n_max, n_padded = basis->n_padded, size = basis->l_max + 1;
  memset(sums, 0, (size_t)(2 * size) * sizeof *sums);
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t l = 0; l < size; l++) {
      const int64_t centre = a * basis->n_harmonics + l * l + l;
      for (int64_t n = 0; n < n_max; n++)
        turned[centre * n_padded + n] += weights[centre * n_max + n];
      for (int64_t m = 1; m <= l; m++) {
        const double re = powers[m], im = powers[size + m], *even = weights + (centre + m) * n_max;
        const double *odd = weights + (centre - m) * n_max;
        const double *c = density + (centre + m) * n_padded, *s = density + (centre - m) * n_padded;
        double *to_c = turned + (centre + m) * n_padded, *to_s = turned + (centre - m) * n_padded;
        double to_re = 0, to_im = 0;
        for (int64_t n = 0; n < n_max; n++) {
          to_c[n] += even[n] * re - odd[n] * im;
          to_s[n] += even[n] * im + odd[n] * re;
          to_re += even[n] * c[n] + odd[n] * s[n];
          to_im += even[n] * s[n] - odd[n] * c[n];
        }
        sums[m] += to_re;
        sums[size + m] += to_im;
      }
    }
}

/* d z2^mu = mu z2^(mu - 1) dz2. */
void frames_backward_powers(int64_t size, const double *powers, const double *sums, double *seen) {
  seen[0] = seen[1] = 0;
  for (int64_t m = 1; m < size; m++) {
    const double re = (double)m * powers[m - 1], im = (double)m * powers[size + m - 1];
    seen[0] += sums[m] * re + sums[size + m] * im;
    seen[1] += sums[size + m] * re - sums[m] * im;
  }
}

void frames_backward_second(frames_scratch *scratch, int64_t first, int64_t second, const double *seen,
                            double *torque) {
  double unit[3], turn[3];
  frames_turn_back(scratch->tags[first].axes, seen, unit);
  cross(scratch->seen + 3 * second, seen, turn);
  for (int a = 0; a < 3; a++) {
    scratch->direction[3 * second + a] += unit[a];
    torque[a] -= turn[a];
  }
}

/* One row: adds to turned, to the weights of both tags, and to the torque on the frame. */
static void backward_row(const frames_state *state, frames_scratch *scratch, int64_t first, int64_t second,
                         const double *weights, double *torque) {
  const int64_t size = state->basis->l_max + 1;
  const double *powers = scratch->powers + 2 * size * second;
  double seen[3];
  backward_combine(state, scratch->tags[first].density, powers, weights, scratch->turned, scratch->sums);
  frames_backward_powers(size, powers, scratch->sums, seen);
  seen[2] = frames_tags_backward(state, scratch, first, second, weights + frames_density_size(state));
  frames_backward_second(scratch, first, second, seen, torque);
}

static double density_product(const frames_state *state, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < state->basis->size; i++)
    sum += a[i] * b[i];
  return sum;
}

void frames_backward_first(const frames_state *state, frames_scratch *scratch, int64_t first, double *torque) {
  const density_basis *basis = state->basis;
  const frames_tag *tag = &scratch->tags[first];
  double in_space[3], unit[3];
  generate(state, scratch, tag);
  torque[0] -= density_product(state, scratch->turned, scratch->about_x);
  torque[1] -= density_product(state, scratch->turned, scratch->about_y);
  torque[2] = 0; /* turns about u1 change nothing */
  frames_turn_back(tag->axes, torque, in_space);
  cross(in_space, tag->axes + 6, unit);
  for (int a = 0; a < 3; a++)
    scratch->direction[3 * first + a] += unit[a];
  for (int32_t a = 0; a < basis->n_species; a++)
    rotation_adjoint(state->rotations, tag->matrices, basis->n_padded, scratch->turned + a * basis->channel_size,
                     scratch->change + a * basis->channel_size);
}

/* The rows of one first tag; returns the weights behind them. */
static const double *backward_tag(const frames_state *state, frames_scratch *scratch, int64_t first,
                                  const double *weights) {
  double torque[3] = {0, 0, 0};
  memset(scratch->turned, 0, (size_t)state->basis->size * sizeof(double));
  frames_look(state, scratch, &scratch->tags[first]);
  for (int64_t second = 0; second < scratch->n_tags; second++)
    if (frames_has_row(state, first, second)) {
      backward_row(state, scratch, first, second, weights, torque);
      weights += state->features;
    }
  frames_backward_first(state, scratch, first, torque);
  return weights;
}

/* From directions and distances to vectors. */
static void backward_vectors(const frames_scratch *scratch, double *gradient) {
  const density_expansion *expansion = scratch->expansion;
  for (int64_t j = 0; j < scratch->n_tags; j++) {
    const int64_t place = scratch->tags[j].place;
    const double *unit = scratch->tags[j].axes + 6, *direction = scratch->direction + 3 * j;
    const double along = dot(direction, unit);
    for (int a = 0; a < 3; a++)
      gradient[3 * scratch->tags[j].neighbour + a] +=
          (direction[a] - along * unit[a]) * expansion->inverse[place] + scratch->distance[j] * unit[a];
  }
}

void frames_backward_start(const frames_state *state, const environment *environment, void *memory,
                           frames_scratch *scratch, double *gradient) {
  frames_reopen(state, environment, memory, scratch);
  density_differentiate(state->basis, scratch->expansion);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof *gradient);
  memset(scratch->change, 0, (size_t)state->basis->size * sizeof(double));
  memset(scratch->direction, 0, (size_t)(3 * scratch->n_tags) * sizeof(double));
  memset(scratch->distance, 0, (size_t)scratch->n_tags * sizeof(double));
}

void frames_backward_end(const frames_state *state, frames_scratch *scratch, double *gradient) {
  density_adjoint(state->basis, scratch->expansion, scratch->change, gradient);
  backward_vectors(scratch, gradient);
}

int32_t frames_backward(const void *state, const environment *environment, void *memory, const double *weights,
                        double *gradient) {
  const frames_state *s = state;
  frames_scratch scratch;
  frames_backward_start(s, environment, memory, &scratch, gradient);
  for (int64_t first = 0; first < scratch.n_tags; first++)
    weights = backward_tag(s, &scratch, first, weights);
  frames_backward_end(s, &scratch, gradient);
  return TERN_SUCCESS;
}

/* ---- pushforward ---- */

/* How the direction and the distance of a tag change with its vector. */
static void tag_change(frames_scratch *scratch, int64_t tag, const double *move) {
  const double *unit = scratch->tags[tag].axes + 6;
  const double along = dot(move, unit), inverse = scratch->expansion->inverse[scratch->tags[tag].place];
  for (int a = 0; a < 3; a++)
    scratch->direction[3 * tag + a] = (move[a] - along * unit[a]) * inverse;
  scratch->distance[tag] = along;
}

/* turned, the change of the turned density, is completed by the turn of the frame that goes with u1; returns that
   turn. */
static void turn_frame(const frames_state *state, frames_scratch *scratch, int64_t first, double *turn) {
  double in_space[3];
  cross(scratch->tags[first].axes + 6, scratch->direction + 3 * first, in_space);
  frames_turn(scratch->tags[first].axes, in_space, turn);
  for (int64_t i = 0; i < state->basis->size; i++)
    scratch->turned[i] -= turn[0] * scratch->about_x[i] + turn[1] * scratch->about_y[i];
}

/* The change of the second tag as seen in the frame, which itself turns. */
void frames_see_change(frames_scratch *scratch, int64_t first, int64_t second, const double *turn) {
  double carried[3], *change = scratch->seen_change + 3 * second;
  frames_turn(scratch->tags[first].axes, scratch->direction + 3 * second, change);
  cross(turn, scratch->seen + 3 * second, carried);
  for (int a = 0; a < 3; a++)
    change[a] -= carried[a];
}

/* One row's derivative from the changes of the turned density and, unless `still`, of the tags. */
static void row_change(const frames_state *state, frames_scratch *scratch, int64_t first, int64_t second, bool still,
                       double *derivative) {
  const int64_t size = state->basis->l_max + 1;
  const double *powers = scratch->powers + 2 * size * second, *seen = scratch->seen_change + 3 * second;
  double *tail = derivative + frames_density_size(state), *change = scratch->power_change;
  frames_combine(state, scratch->turned, powers, false, derivative);
  if (still) {
    memset(tail, 0, (size_t)frames_tags_size(state) * sizeof *tail);
    return;
  }
  change[0] = change[size] = 0;
  for (int64_t m = 1; m < size; m++) {
    const double re = (double)m * powers[m - 1], im = (double)m * powers[size + m - 1];
    change[m] = re * seen[0] - im * seen[1];
    change[size + m] = re * seen[1] + im * seen[0];
  }
  frames_combine(state, scratch->tags[first].density, change, true, derivative);
  frames_tags_change(state, scratch, first, second, tail);
}

void frames_change_start(const frames_state *state, frames_scratch *scratch, const double *directions) {
  density_tangent(state->basis, scratch->expansion, directions, scratch->change);
  for (int64_t tag = 0; tag < scratch->n_tags; tag++)
    tag_change(scratch, tag, directions + 3 * scratch->tags[tag].neighbour);
}

void frames_change_first(const frames_state *state, frames_scratch *scratch, int64_t first, double *turn) {
  const density_basis *basis = state->basis;
  const frames_tag *tag = &scratch->tags[first];
  for (int32_t a = 0; a < basis->n_species; a++)
    rotation_apply(state->rotations, tag->matrices, basis->n_padded, scratch->change + a * basis->channel_size,
                   scratch->turned + a * basis->channel_size);
  generate(state, scratch, tag);
  turn_frame(state, scratch, first, turn);
}

static double *pushforward_tag(const frames_state *state, frames_scratch *scratch, int64_t first, double *derivative) {
  double turn[3];
  frames_look(state, scratch, &scratch->tags[first]);
  frames_change_first(state, scratch, first, turn);
  for (int64_t second = 0; second < scratch->n_tags; second++)
    if (frames_has_row(state, first, second)) {
      frames_see_change(scratch, first, second, turn);
      row_change(state, scratch, first, second, false, derivative);
      derivative += state->features;
    }
  return derivative;
}

int32_t frames_pushforward(const void *state, const environment *environment, void *memory, const double *directions,
                           double *derivative) {
  const frames_state *s = state;
  frames_scratch scratch;
  frames_reopen(s, environment, memory, &scratch);
  frames_change_start(s, &scratch, directions);
  for (int64_t first = 0; first < scratch.n_tags; first++)
    derivative = pushforward_tag(s, &scratch, first, derivative);
  return TERN_SUCCESS;
}

/* ---- Jacobian ---- */

/* One first tag and one axis of one neighbour, which is tag number `tag` or none (-1): the rows of all second tags. */
static void jacobian_axis(const frames_state *state, const environment *environment, frames_scratch *scratch,
                          int64_t first, int64_t neighbour, int64_t tag, int axis, double *jacobian) {
  const density_basis *basis = state->basis;
  const int64_t channel = environment->species[neighbour] * basis->channel_size;
  const int64_t stride = environment->n_neighbours * 3 * state->features; /* from row to row */
  const double move[3] = {axis == 0, axis == 1, axis == 2};
  double turn[3] = {0, 0, 0};
  memset(scratch->change, 0, (size_t)basis->channel_size * sizeof(double));
  density_add_slope(basis, scratch->expansion, scratch->expansion->place[neighbour], axis, 1, basis->n_padded,
                    scratch->change);
  memset(scratch->turned, 0, (size_t)basis->size * sizeof(double));
  rotation_apply(state->rotations, scratch->tags[first].matrices, basis->n_padded, scratch->change,
                 scratch->turned + channel);
  if (tag >= 0)
    tag_change(scratch, tag, move);
  if (tag == first)
    turn_frame(state, scratch, first, turn);
  for (int64_t second = 0; second < scratch->n_tags; second++)
    if (frames_has_row(state, first, second)) {
      const bool still = tag != first && tag != second;
      if (!still)
        frames_see_change(scratch, first, second, turn);
      row_change(state, scratch, first, second, still, jacobian);
      jacobian += stride;
    }
  if (tag >= 0) { /* at rest again */
    memset(scratch->direction + 3 * tag, 0, 3 * sizeof(double));
    scratch->distance[tag] = 0;
  }
}

int32_t frames_jacobian(const void *state, const environment *environment, void *memory, double *jacobian) {
  const frames_state *s = state;
  const int64_t n_neighbours = environment->n_neighbours;
  frames_scratch scratch;
  frames_reopen(s, environment, memory, &scratch);
  density_differentiate(s->basis, scratch.expansion);
  memset(scratch.direction, 0, (size_t)(3 * scratch.n_tags) * sizeof(double));
  memset(scratch.distance, 0, (size_t)scratch.n_tags * sizeof(double));
  const int64_t rows = s->self_pairs ? scratch.n_tags : scratch.n_tags - 1;
  for (int64_t first = 0; first < scratch.n_tags; first++) {
    frames_look(s, &scratch, &scratch.tags[first]);
    generate(s, &scratch, &scratch.tags[first]);
    for (int64_t neighbour = 0, next = 0; neighbour < n_neighbours; neighbour++) {
      const bool is_tag = next < scratch.n_tags && scratch.tags[next].neighbour == neighbour;
      for (int axis = 0; axis < 3; axis++)
        jacobian_axis(s, environment, &scratch, first, neighbour, is_tag ? next : -1, axis,
                      jacobian + (3 * neighbour + axis) * s->features);
      next += is_tag;
    }
    jacobian += rows * n_neighbours * 3 * s->features;
  }
  return TERN_SUCCESS;
}
