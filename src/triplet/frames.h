/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames: for each centre and ordered pair of tags (1, 2), the density seen in the frame of the triplet, z along u1
   and tag 2 in the half-plane x > 0, as s^|mu| rho_(n l mu), s = |u1 x u2|; then R_n0(r1), R_n0(r2), u1.u2 and
   Gaussians of the distance between the tags.

   The density is turned once per first tag to any frame with z = u1. With c and s_ its parts mu and -mu there and
   z2 = x2 + i y2 of u2 there,
     s^mu rho_(+mu) = c Re z2^mu + s_ Im z2^mu,   s^mu rho_(-mu) = s_ Re z2^mu - c Im z2^mu,
   which is bilinear in the turned density and the powers of z2, and does not depend on the choice of x: so a change of
   u1 may be taken as a turn of the frame about an axis across u1, by the generators, whatever the rotation matrices
   depend on. */
#ifndef TERNION_TRIPLET_FRAMES_H
#define TERNION_TRIPLET_FRAMES_H

#include <stdbool.h>

#include "density/density.h"
#include "triplet/rotation.h"
#include "triplet/tag_cutoff.h"

enum { FRAMES_MOST_GAUSSIANS = 16 };

typedef struct frames_state {
  density_basis *basis;
  rotation_table *rotations;
  int32_t *species; /* atomic numbers */
  cutoff_function tag_cutoff;
  bool self_pairs;
  int64_t tag_gaussians;
  double tag_exponents[FRAMES_MOST_GAUSSIANS]; /* [tag_gaussians] */
  int64_t features;
} frames_state;

/* One centre and first tag: the frame, the density in it, and the other tags seen in it. */
typedef struct frames_tag {
  int64_t neighbour, place;
  double *axes;     /* [3][3]: rows x, y, z = u1 */
  double *matrices; /* rotation of the harmonics */
  double *density;  /* [species][lm][n_padded] */
} frames_tag;

/* What follows the expansion in scratch. */
typedef struct frames_scratch {
  density_expansion *expansion;
  int64_t n_tags;
  frames_tag *tags;        /* [n_tags] */
  double *seen;            /* [n_tags][3]: the directions to all tags in the frame at hand */
  double *powers;          /* [n_tags][2][l_max + 1]: Re and Im of their z2^mu */
  double *seen_change;     /* [n_tags][3] */
  double *power_change;    /* [2][l_max + 1] */
  double *sums;            /* [2][l_max + 1] */
  double *change, *turned; /* [species][lm][n_padded]: of the density, in space and in the frame */
  double *about_x, *about_y;
  double *direction; /* [n_tags][3] and */
  double *distance;  /* [n_tags]: changes or derivatives of the tags' directions and distances */
} frames_scratch;

int64_t frames_scratch_size(const frames_state *state, int64_t n_neighbours);

static inline bool frames_is_tag(const frames_state *state, const double *vector) {
  return tag_cutoff_holds(&state->tag_cutoff, vector);
}

/* Expands the density and turns it to the frame of each tag; sets *scratch. */
void frames_expand(const frames_state *state, const environment *environment, void *memory, frames_scratch *scratch);
/* The scratch of an environment that was expanded. */
void frames_reopen(const frames_state *state, const environment *environment, void *memory, frames_scratch *scratch);
/* seen and powers for the frame of one tag. */
void frames_look(const frames_state *state, frames_scratch *scratch, const frames_tag *first);
/* result = axes vector. */
void frames_turn(const double *axes, const double *vector, double *result);
void frames_turn_back(const double *axes, const double *vector, double *result);
/* columns of the density: turned density times powers [2][l_max + 1], set or added. */
void frames_combine(const frames_state *state, const double *density, const double *powers, bool add, double *values);
/* Features of the density in a row; those of the tags follow. */
static inline int64_t frames_density_size(const frames_state *state) {
  return state->basis->n_species * state->basis->n_harmonics * state->basis->n_max;
}

static inline int64_t frames_tags_size(const frames_state *state) {
  return 2 * state->basis->n_max + 1 + state->tag_gaussians;
}

static inline bool frames_has_row(const frames_state *state, int64_t first, int64_t second) {
  return state->self_pairs || first != second;
}

/* ---- features of the tags; after frames_look ---- */

void frames_tags_values(const frames_state *state, const frames_scratch *scratch, int64_t first, int64_t second,
                        double *values);
/* After frames_see_change. */
void frames_tags_change(const frames_state *state, const frames_scratch *scratch, int64_t first, int64_t second,
                        double *change);
/* Adds to the weights of both distances and returns that of cos theta. */
double frames_tags_backward(const frames_state *state, frames_scratch *scratch, int64_t first, int64_t second,
                            const double *weights);

/* ---- derivatives in pieces, for what is made of the turned density and of the tags as they are seen ---- */

/* Changes along directions [n_neighbours][3]: of the density, and of the tags' directions and distances. */
void frames_change_start(const frames_state *state, frames_scratch *scratch, const double *directions);
/* turned: the change of the density in the frame of a first tag, which itself turns by `turn`. */
void frames_change_first(const frames_state *state, frames_scratch *scratch, int64_t first, double *turn);
/* seen_change of a second tag; after frames_look. */
void frames_see_change(frames_scratch *scratch, int64_t first, int64_t second, const double *turn);

/* The way back: start; then for each first tag, after frames_look, with `turned` set to the weights of its density and
   a torque of zeros: frames_backward_second for each second tag with the weights of how it is seen, then
   frames_backward_first; weights of distances are added to `distance`; end. */
void frames_backward_start(const frames_state *state, const environment *environment, void *memory,
                           frames_scratch *scratch, double *gradient);
void frames_backward_second(frames_scratch *scratch, int64_t first, int64_t second, const double *seen,
                            double *torque);
void frames_backward_first(const frames_state *state, frames_scratch *scratch, int64_t first, double *torque);
void frames_backward_end(const frames_state *state, frames_scratch *scratch, double *gradient);
/* From weights of Re and Im z2^mu [2][size] to those of x2 and y2. */
void frames_backward_powers(int64_t size, const double *powers, const double *sums, double *seen);

int32_t frames_backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient);
int32_t frames_pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative);
int32_t frames_jacobian(const void *state, const environment *environment, void *scratch, double *jacobian);

#endif
