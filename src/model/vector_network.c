/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds `network` and `triplet` for vectors of centres: the same layers with as many last vectors as numbers. */
#include <string.h>

#include "core/error.h"
#include "model/network.h"

static int64_t vector_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                              int64_t rows) {
  network_pieces counted;
  return network_pieces_place(state, descriptor, n_neighbours, rows, 2, NULL, &counted);
}

static int64_t vector_width(const void *state) {
  return ((const network_state *)state)->network.shape.outputs;
}

/* Last vectors [width][last width] of the environment's set. */
static const double *last_of(const network_state *self, const environment *environment) {
  const network_layout *layout = &self->network.layout;
  return (const double *)self->network.weights + network_state_set(self, environment) * layout->set + layout->last;
}

/* Sums of the last hidden layer, with a slot for their derivative along directions unless these are NULL. */
static int32_t make_sums(const network_state *self, const tern_descriptor *descriptor, const environment *environment,
                         int64_t rows, const double *directions, const network_pieces *pieces) {
  const int64_t slots = directions != NULL ? 2 : 1, width = network_last_width(&self->network.shape);
  memset(pieces->sums, 0, (size_t)(slots * width) * sizeof(double));
  if (rows == 0)
    return TERN_SUCCESS;
  TRY(network_pieces_compute(self, descriptor, environment, rows, directions, pieces));
  const network_rows all = network_pieces_rows(self, environment, slots, rows, pieces);
  network_hidden(&self->network, &all, pieces->network, pieces->sums);
  return TERN_SUCCESS;
}

/* values [width] += the last vectors times sums. */
static void apply_last(const network_state *self, const environment *environment, const double *sums,
                       double *values) {
  const int64_t columns = network_last_width(&self->network.shape);
  const double *last = last_of(self, environment);
  for (int64_t k = 0; k < self->network.shape.outputs; k++)
    for (int64_t h = 0; h < columns; h++)
      values[k] += last[k * columns + h] * sums[h];
}

static int32_t vector_forward(const void *state, const tern_descriptor *descriptor, const environment *environment,
                              int64_t rows, void *scratch, double *values) {
  const network_state *self = state;
  const int64_t width = self->network.shape.outputs;
  network_pieces pieces;
  network_pieces_place(self, descriptor, environment->n_neighbours, rows, 2, scratch, &pieces);
  TRY(make_sums(self, descriptor, environment, rows, NULL, &pieces));
  if (values == NULL)
    return TERN_SUCCESS;
  memcpy(values,
         (const double *)self->network.weights + self->network.layout.constants + environment->center_species * width,
         (size_t)width * sizeof *values);
  apply_last(self, environment, pieces.sums, values);
  return TERN_SUCCESS;
}

static int32_t vector_backward(const void *state, const tern_descriptor *descriptor, const environment *environment,
                               int64_t rows, void *scratch, const double *weights, double *gradient) {
  const network_state *self = state;
  const int64_t columns = network_last_width(&self->network.shape);
  const double *last = last_of(self, environment);
  network_pieces pieces;
  network_pieces_place(self, descriptor, environment->n_neighbours, rows, 2, scratch, &pieces);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof *gradient);
  if (rows == 0 || environment->n_neighbours == 0)
    return TERN_SUCCESS;
  memset(pieces.last, 0, (size_t)columns * sizeof(double));
  for (int64_t k = 0; k < self->network.shape.outputs; k++)
    for (int64_t h = 0; h < columns; h++)
      pieces.last[h] += weights[k] * last[k * columns + h];
  const network_rows all = network_pieces_rows(self, environment, 1, rows, &pieces);
  network_hidden_gradient(&self->network, &all, pieces.last, pieces.network, pieces.value_gradient,
                          pieces.weight_gradient);
  return network_pieces_gradient(self, descriptor, environment, rows, &pieces, gradient);
}

static int32_t vector_pushforward(const void *state, const tern_descriptor *descriptor,
                                  const environment *environment, int64_t rows, void *scratch,
                                  const double *directions, double *derivative) {
  const network_state *self = state;
  network_pieces pieces;
  network_pieces_place(self, descriptor, environment->n_neighbours, rows, 2, scratch, &pieces);
  TRY(make_sums(self, descriptor, environment, rows, directions, &pieces));
  memset(derivative, 0, (size_t)self->network.shape.outputs * sizeof *derivative);
  apply_last(self, environment, pieces.sums + network_last_width(&self->network.shape), derivative);
  return TERN_SUCCESS;
}

static const vector_functions functions = {
    .width = vector_width,
    .scratch = vector_scratch,
    .forward = vector_forward,
    .backward = vector_backward,
    .pushforward = vector_pushforward,
};

/* ---- kinds ---- */

const model_kind vector_network_kind = {
    .name = "network",
    .meaning = "A small network on the features of each atom for its vector",
    .fit = network_fit_own_vectors,
    .destroy = network_state_free,
    .vectors = &functions,
    .store = network_state_store,
    .restore = network_state_restore_vectors,
};

const model_kind vector_triplet_kind = {
    .name = "triplet",
    .meaning = "Sum over triplets of a network of the density in their frame for a vector of the centre",
    .descriptor = "frames",
    .fit = network_fit_shared_vectors,
    .destroy = network_state_free,
    .vectors = &functions,
    .store = network_state_store,
    .restore = network_state_restore_vectors,
};
