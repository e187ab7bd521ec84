/* SPDX-License-Identifier: BSD-3-Clause */
/* Tag products in factors. For a first tag and each mu there are left factors {c_mu, s_mu columns of the turned
   density; 1 for mu = 0} (x) g_p(r1), and for each second tag right factors g_q(r2) P_k(cos theta) {Re, Im} z2^mu. An
   even input is sum axes (c Re + s Im), an odd one sum axes (s Re - c Im); the axes are multiplied with the left
   factors first ("folded"), once for a first tag, and with the right ones then. */
#ifndef TERNION_NETWORK_PRODUCTS_H
#define TERNION_NETWORK_PRODUCTS_H

#include "network/inputs.h"
#include "triplet/frames.h"

enum { PRODUCTS_MOST_MU = 21 };

typedef struct product_shape {
  int64_t size;              /* of mu: l_max + 1 */
  int64_t first, right;      /* functions g_p, and factors of the second tag without z2^mu */
  int64_t second, legendre;  /* right = second * legendre */
  int64_t functions;         /* the larger of first and second */
  int64_t even, columns;     /* inputs */
  int64_t wide[PRODUCTS_MOST_MU];   /* columns of the density for each mu, with the 1 of mu = 0 */
  int64_t raw[PRODUCTS_MOST_MU];    /* of them, as they come from the density */
  int64_t left[PRODUCTS_MOST_MU + 1]; /* where the left factors of mu begin, one hand counted */
  int64_t all_columns;       /* of all mu, both hands (c, s) */
  int64_t most_raw;
  int64_t even_terms, odd_terms; /* right factors with z2^mu */
} product_shape;

/* What lies in scratch; reals are float or double. */
typedef struct products {
  product_shape shape;
  int64_t slots, block; /* first tags that are folded at a time */
  frames_scratch frames;
  void *frames_memory;
  double *functions, *function_slopes; /* [n_tags][functions]: g and dg/dr */
  double *weights, *weight_slopes;     /* [n_tags]: f_tag and its derivative */
  double *columns;                     /* [n_tags][all_columns] */
  double *gathered, *moved;            /* [most_raw], [most wide] */
  double *factors;                     /* [3][right] */
  void *left;                          /* [mu][hand][n_tags][slots][left factors of mu] */
  void *right_even, *right_odd;        /* [n_tags][slots][n_tags][terms] */
  void *folded;                        /* [block][slots][even_terms][columns] */
  void *made;                          /* [slots][n_tags][columns] */
  double *back;                        /* [n_tags][even_terms]: of the way back */
  void *spare;                         /* of the kernels */
} products;

product_shape product_shape_of(const network_inputs *inputs, const frames_state *frames);
/* gradient: the way back will be asked for. */
int64_t products_scratch(const network_inputs *inputs, const frames_state *frames, int64_t n_neighbours,
                         int64_t slots, bool wide, bool gradient);
void products_compute(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                      void *scratch, const network_target *target);
void products_gradient(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                       void *scratch, const double *value_weights, const double *weight_weights, double *gradient);

/* ---- for the fit, in doubles without directions ---- */

/* Left and right factors of an environment. */
void products_factors(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                      void *scratch, products *opened);
/* All products of one row: even [..] and odd, in the order of the axes. */
void products_row(const products *opened, int64_t first, int64_t second, double *even, double *odd);
int64_t products_even_size(const product_shape *shape);
int64_t products_odd_size(const product_shape *shape);
/* Columns of the turned density: those of +mu, or of -mu. */
void products_gather(const product_shape *shape, const frames_state *frames, const double *density, int64_t mu,
                     bool minus, double *columns);

#endif
