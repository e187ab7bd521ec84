/* SPDX-License-Identifier: BSD-3-Clause */
/* Small networks on rows of features: psi(row) = last . h_n, h_1 = act(P + Q) + act(P - Q) with P = even inputs times
   weights plus a bias for each combination of species and Q = odd inputs times weights (h_1 = act(P) where there are no
   odd inputs), h_k = act(h_(k-1) W_k + b_k). A structure's prediction is the weighted sum of psi over its rows plus a
   constant for each of its centres. Networks for vectors have several last vectors and as many constants: their
   prediction for a centre are the products of the last vectors with the weighted sum of h_n over its rows. */
#ifndef TERNION_NETWORK_SHAPE_H
#define TERNION_NETWORK_SHAPE_H

#include <stdint.h>

enum { NETWORK_MOST_LAYERS = 8 };

typedef struct network_shape {
  int64_t even, odd;                   /* inputs of a row, the even ones first */
  int64_t layers;                      /* hidden ones, at least 1 */
  int64_t widths[NETWORK_MOST_LAYERS]; /* [layers] */
  int64_t sets;                        /* of all weights: a row takes one of them */
  int64_t biases;                      /* of the first layer in each set */
  int64_t constants;
  int64_t outputs; /* of a network for vectors; 0: one number */
} network_shape;

/* Where the parameters lie; a set is [even][width], [odd][width], [biases][width] of the first layer, [before][width]
   and [width] of each further one, and the last weights [outputs][width]. Constants [constants][outputs] follow the
   sets. */
typedef struct network_layout {
  int64_t even, odd, bias;                /* in a set */
  int64_t weights[NETWORK_MOST_LAYERS];   /* in a set, of layers 1 .. */
  int64_t inner_bias[NETWORK_MOST_LAYERS];
  int64_t last, set; /* numbers of a set */
  int64_t constants, total;
} network_layout;

/* A weight is the scale of its layer times a parameter: the scales decide how much a layer counts in J J^T. */
typedef struct network_scales {
  double even, odd, bias, last, constant;
  double weights[NETWORK_MOST_LAYERS], inner_bias[NETWORK_MOST_LAYERS];
} network_scales;

network_layout network_layout_of(const network_shape *shape);
network_scales network_scales_of(const network_shape *shape);
/* Random parameters to start from; constants are zero. */
void network_start(const network_shape *shape, uint64_t seed, double *parameters);
/* weights [total] = scales times parameters. */
void network_weights(const network_shape *shape, const double *parameters, double *weights);

static inline int64_t network_last_width(const network_shape *shape) {
  return shape->widths[shape->layers - 1];
}

static inline int64_t network_outputs(const network_shape *shape) {
  return shape->outputs > 0 ? shape->outputs : 1;
}

#endif
