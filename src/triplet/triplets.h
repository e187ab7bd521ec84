/* SPDX-License-Identifier: BSD-3-Clause */
/* Triplets in coupled form: for each centre and ordered pair of tags (1, 2)
     [rho_l (x) [g_l1(1) (x) g_l2(2)]_l]_0,  g_nlm(j) = f_tag(r_j) R_nl(r_j)
   Y_lm(u_j). A row is an angular part for each block (l, l1, l2) and channel of
   the density, times the product of two radial functions; writing it is what
   takes time. The sum over all pairs of tags is the same product of the density
   with the density of the tags, twice, and needs no rows. With one tag (l1 = l,
   l2 = 0), the second is a constant. */
#ifndef TERNION_TRIPLET_TRIPLETS_H
#define TERNION_TRIPLET_TRIPLETS_H

#include <stdbool.h>

#include "density/density.h"
#include "triplet/coupling.h"
#include "triplet/tag_cutoff.h"

typedef struct triplets_state {
  density_basis *basis;
  coupling *coupling;
  int32_t *species; /* atomic numbers */
  int32_t *product; /* [blocks]: l1 * n_second_l + l2 */
  double *center;   /* [n_padded]: R_n0(0) */
  kernel_triplet shape;
  int32_t n_second_l; /* l_max + 1, or 1 */
  bool one_tag, sum_tags, self_pairs, center_tags;
  bool tags_fade; /* before the cutoff, so that radial functions do not do it
                     for them */
  cutoff_function tag_cutoff;
  int64_t features;
} triplets_state;

/* A tag with its functions, f_tag included, and their changes or the
 * derivatives with respect to them. */
typedef struct triplets_tag {
  int64_t neighbour;        /* -1: the centre, or the constant */
  double unit[3], move[3];  /* direction; change of the vector */
  double *radial, *slope;   /* [l][n_padded] */
  double *harmonics;        /* [lm] */
  double *gradient;         /* [3][lm] */
  double *radial_change;    /* [l][n_padded] */
  double *harmonics_change; /* [lm] */
} triplets_tag;

/* What follows the expansion in scratch. Rows of n are padded. */
typedef struct triplets_scratch {
  density_expansion *expansion;
  int64_t n_tags, n_seconds;
  bool past_caches;                   /* the rows are many: nobody reads them soon */
  triplets_tag *tags;                 /* [n_tags], then the constant */
  triplets_tag *seconds;              /* [n_seconds]: the tags, or the constant alone */
  double *change;                     /* [species][lm]: of the density, or with respect to it */
  int32_t changed;                    /* the only species whose density changes, or -1 */
  double *folded, *folded_change;     /* [species][coupling row]: density with the first tag */
  double *angular, *angular_change;   /* [species][block] */
  double *products, *products_change; /* [l1][l2][stride]: of radial functions */
  double *total, *total_change;       /* [lm]: density of the tags */
  double *constant, *constant_change; /* [lm]: 1 */
  double *coupled, *coupled_change;   /* [coupling row]: one channel with the
                                         first density of the tags */
  double *channel, *channel_change;   /* [lm] without n */
} triplets_scratch;

int64_t triplets_scratch_size(const triplets_state *state, int64_t n_neighbours);
/* Expands the density and evaluates the tags; sets *scratch. */
void triplets_expand(const triplets_state *state, const environment *environment, void *memory,
                     triplets_scratch *scratch);
/* The scratch of an environment that was expanded; everything that may change
 * is at rest. */
void triplets_reopen(const triplets_state *state, const environment *environment, void *memory,
                     triplets_scratch *scratch);
/* Slopes and gradients of the tags. */
void triplets_differentiate(const triplets_state *state, triplets_scratch *scratch);
/* The change of a tag's functions with its vector; zero ends it. */
void triplets_move(const triplets_state *state, triplets_tag *tag, const double *move);

static inline bool triplets_is_tag(const triplets_state *state, const double *vector) {
  return tag_cutoff_holds(&state->tag_cutoff, vector);
}

static inline bool triplets_has_row(const triplets_state *state, int64_t first, int64_t second) {
  return state->one_tag || state->self_pairs || first != second;
}

/* The sum over tags leaves out what the density of the tags pairs with itself.
 */
static inline bool triplets_subtracts(const triplets_state *state) {
  return state->sum_tags && !state->one_tag && !state->self_pairs;
}

static inline bool triplets_moves(const triplets_tag *tag) {
  return tag->move[0] != 0 || tag->move[1] != 0 || tag->move[2] != 0;
}

/* Rows of pairs of tags (triplet/rows.c). First the density is folded with the
   first tag, then rows are made with second tags; `sign` = 0 sets a row, 1 and
   -1 add to it. */
void triplets_fold(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first);
void triplets_row(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first,
                  const triplets_tag *second, int sign, double *values);
void triplets_fold_change(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first);
void triplets_row_change(const triplets_state *state, triplets_scratch *scratch, const triplets_tag *first,
                         const triplets_tag *second, int sign, double *values);
/* Adjoint: rows add to folded_change and to the changes of the tags, then the
   first tag's folding to `change` and to the changes of the tag. */
void triplets_row_adjoint(const triplets_state *state, triplets_scratch *scratch, triplets_tag *first,
                          triplets_tag *second, int sign, const double *weights);
void triplets_fold_adjoint(const triplets_state *state, triplets_scratch *scratch, triplets_tag *first);

/* Sums over tags (triplet/sums.c). */
void triplets_sum(const triplets_state *state, triplets_scratch *scratch, double *values);
/* Along the changes of density and tags. */
void triplets_sum_change(const triplets_state *state, triplets_scratch *scratch, double *values);
/* Adds to `change` and to gradient [n_neighbours][3]; `change` of the tags as
 * in triplets_row_adjoint. */
void triplets_sum_adjoint(const triplets_state *state, triplets_scratch *scratch, const double *weights,
                          double *gradient);

int32_t triplets_backward(const void *state, const environment *environment, void *scratch, const double *weights,
                          double *gradient);
int32_t triplets_pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                             double *derivative);
int32_t triplets_jacobian(const void *state, const environment *environment, void *scratch, double *jacobian);

#endif
