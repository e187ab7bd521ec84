/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/layers.h"

#include <string.h>

#include "core/layout.h"
#include "core/number.h"

/* Arrays of one call, for all slots [slots][rows][width] unless said otherwise. */
typedef struct pieces {
  void *even, *odd;                      /* of the first layer: P and Q, and their gradients */
  void *inputs[NETWORK_MOST_LAYERS];     /* of the activations of layers 1 ..; of layer 0 without odd inputs: even */
  void *values[NETWORK_MOST_LAYERS];     /* of layers */
  void *slopes[NETWORK_MOST_LAYERS];     /* [4 or 2][rows][width] */
  void *gradients[NETWORK_MOST_LAYERS];  /* of values, then of inputs */
  void *sums;                            /* [slots][last width] */
  void *products;                        /* space of the kernels */
} pieces;

static int64_t most_width(const network_shape *shape) {
  int64_t most = shape->even > shape->odd ? shape->even : shape->odd;
  for (int64_t k = 0; k < shape->layers; k++)
    most = shape->widths[k] > most ? shape->widths[k] : most;
  return most;
}

static void place_pieces(const network *network, int64_t slots, int64_t rows, layout *layout, pieces *pieces) {
  const network_shape *shape = &network->shape;
  const int64_t size = number_size(network->wide), count = slots * rows, most = most_width(shape);
  const int64_t longest = count > most ? count : most;
  pieces->even = layout_take(layout, count * shape->widths[0], size);
  pieces->odd = layout_take(layout, shape->odd > 0 ? count * shape->widths[0] : 0, size);
  for (int64_t k = 0; k < shape->layers; k++) {
    const int64_t width = shape->widths[k];
    pieces->inputs[k] = k > 0 ? layout_take(layout, count * width, size) : pieces->even;
    pieces->values[k] = layout_take(layout, count * width, size);
    pieces->slopes[k] = layout_take(layout, (k == 0 ? 4 : 2) * rows * width, size);
    pieces->gradients[k] = layout_take(layout, count * width, size);
  }
  pieces->sums = layout_take(layout, slots * network_last_width(shape), size);
  pieces->products = layout_take(layout, kernel_matrix_scratch(longest, longest, longest, size), 1);
}

int64_t network_scratch(const network *network, int64_t slots, int64_t rows) {
  layout counted = {NULL, 0};
  pieces pieces;
  place_pieces(network, slots, rows, &counted, &pieces);
  return counted.used;
}

static void open_scratch(const network *network, const network_rows *rows, void *scratch, pieces *pieces) {
  layout placed = {scratch, 0};
  place_pieces(network, rows->slots, rows->rows, &placed, pieces);
}

#define REAL float
#define NAME(word) float_##word
#define WIDE 0
#include "network/layers_body.h"
#undef REAL
#undef NAME
#undef WIDE
#define REAL double
#define NAME(word) double_##word
#define WIDE 1
#include "network/layers_body.h"

/* A call in the network's precision. */
#define PRECISE(call) (network->wide ? double_##call : float_##call)

void network_evaluate(const network *network, const network_rows *rows, void *scratch, double *results) {
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(evaluate(network, rows, &pieces, results));
}

void network_jacobian(const network *network, const network_rows *rows, const double *factors, bool add, void *scratch,
                      double *results, void *jacobian, int64_t stride) {
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(jacobian(network, rows, factors, add, &pieces, results, jacobian, stride));
}

void network_gradient(const network *network, const network_rows *rows, void *scratch, double *results, void *sums,
                      void *inputs, void *weights) {
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(gradient(network, rows, &pieces, results, sums, inputs, weights));
}

/* ---- vectors ---- */

void network_hidden(const network *network, const network_rows *rows, void *scratch, void *sums) {
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(hidden(network, rows, &pieces, sums));
}

void network_hidden_jacobian(const network *network, const network_rows *rows, const void *last, bool add,
                             void *scratch, void *jacobian) {
  const double factor = 1;
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(hidden_rows(network, rows, &factor, add, last, &pieces, jacobian, 0));
}

void network_hidden_gradient(const network *network, const network_rows *rows, const void *last, void *scratch,
                             void *inputs, void *weights) {
  pieces pieces;
  open_scratch(network, rows, scratch, &pieces);
  PRECISE(hidden_gradient(network, rows, last, &pieces, inputs, weights));
}
