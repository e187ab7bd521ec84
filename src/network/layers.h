/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks evaluated on the rows of one structure, with what derivatives a fit and a prediction want: everything in
   float or, `wide`, in double. Rows come as values (slot 0) with derivatives along directions (slots 1, 2 ...), and so
   do the predictions: slot k of a prediction is its derivative along direction k. */
#ifndef TERNION_NETWORK_LAYERS_H
#define TERNION_NETWORK_LAYERS_H

#include <stdbool.h>

#include "kernels/kernels.h"
#include "network/shape.h"

/* Weights of a shape in one precision, shared by threads. */
typedef struct network {
  network_shape shape;
  network_layout layout;
  bool wide;
  const kernel_table *kernels;
  void *weights; /* [layout.total] */
} network;

/* Rows that take the same set; numbers are float or double as the network is. */
typedef struct network_rows {
  int64_t set, slots, rows;
  const void *inputs;  /* [slots][rows][even + odd] */
  const void *weights; /* [slots][rows] */
  const int32_t *bias; /* [rows] */
} network_rows;

/* 64-byte aligned bytes for calls with up to so many slots and rows. */
int64_t network_scratch(const network *network, int64_t slots, int64_t rows);
/* results [slots] += sums of psi. */
void network_evaluate(const network *network, const network_rows *rows, void *scratch, double *results);
/* The same; sets, or adds, factors[slot] times the derivatives with respect to the parameters of the set: one row of
   `jacobian` for each slot, `stride` numbers apart (float or double). */
void network_jacobian(const network *network, const network_rows *rows, const double *factors, bool add, void *scratch,
                      double *results, void *jacobian, int64_t stride);
/* One slot: sums [last width] are set to those of the last hidden layer, `inputs` and `weights` (unless NULL) to the
   derivatives of the result. */
void network_gradient(const network *network, const network_rows *rows, void *scratch, double *results, void *sums,
                      void *inputs, void *weights);

/* The same for networks of vectors, in pieces. Sums [slots][last width] += those of the last hidden layer. */
void network_hidden(const network *network, const network_rows *rows, void *scratch, void *sums);
/* After network_hidden of one slot in the same scratch, for last . sums with any vector `last` [last width]:
   derivatives with respect to the parameters of all layers but the last, set or added in one row of a Jacobian. */
void network_hidden_jacobian(const network *network, const network_rows *rows, const void *last, bool add,
                             void *scratch, void *jacobian);
/* Likewise with respect to inputs and weights. */
void network_hidden_gradient(const network *network, const network_rows *rows, const void *last, void *scratch,
                             void *inputs, void *weights);

#endif
