/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds `network` and `triplet` for vectors of centres: the same layers with as many last vectors as numbers. */
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "model/network.h"
#include "network/problem.h"

/* Arrays of one environment; slot 1 is the derivative along a direction. */
typedef struct pieces {
  void *inputs, *network;
  double *values, *weights;                 /* [2][rows][columns], [2][rows] */
  double *value_gradient, *weight_gradient; /* [rows][columns], [rows] */
  double *sums;                             /* [2][last width] */
  double *last;                             /* [last width] */
  int64_t *tags;
  int32_t *biases;
} pieces;

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t place(const network_state *self, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows,
                     void *memory, pieces *pieces) {
  layout layout = {memory, 0};
  const int64_t columns = self->inputs->even + self->inputs->odd, width = network_last_width(&self->network.shape);
  pieces->inputs =
      layout_take(&layout,
                  larger(network_inputs_scratch(self->inputs, descriptor, n_neighbours, rows, 0, true),
                         network_inputs_scratch(self->inputs, descriptor, n_neighbours, rows, 1, true)),
                  1);
  pieces->network = layout_take(&layout, network_scratch(&self->network, 2, rows), 1);
  pieces->values = layout_reals(&layout, 2 * rows * columns);
  pieces->weights = layout_reals(&layout, 2 * rows);
  pieces->value_gradient = layout_reals(&layout, rows * columns);
  pieces->weight_gradient = layout_reals(&layout, rows);
  pieces->sums = layout_reals(&layout, 2 * width);
  pieces->last = layout_reals(&layout, width);
  pieces->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  pieces->biases = layout_take(&layout, rows, sizeof(int32_t));
  return layout.used;
}

static int64_t vector_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                              int64_t rows) {
  pieces counted;
  return place(state, descriptor, n_neighbours, rows, NULL, &counted);
}

static int64_t vector_width(const void *state) {
  return ((const network_state *)state)->network.shape.outputs;
}

static int64_t set_of(const network_state *self, const environment *environment) {
  return self->network.shape.sets > 1 ? environment->center_species : 0;
}

/* Last vectors [width][last width] of the environment's set. */
static const double *last_of(const network_state *self, const environment *environment) {
  const network_layout *layout = &self->network.layout;
  return (const double *)self->network.weights + set_of(self, environment) * layout->set + layout->last;
}

static network_rows rows_of(const network_state *self, const environment *environment, int64_t slots, int64_t rows,
                            const pieces *pieces) {
  return (network_rows){.set = set_of(self, environment),
                        .slots = slots,
                        .rows = rows,
                        .inputs = pieces->values,
                        .weights = pieces->weights,
                        .bias = pieces->biases};
}

/* Sums of the last hidden layer, with a slot for their derivative along directions unless these are NULL. */
static int32_t make_sums(const network_state *self, const tern_descriptor *descriptor, const environment *environment,
                         int64_t rows, const double *directions, const pieces *pieces) {
  const int64_t slots = directions != NULL ? 2 : 1, columns = self->inputs->even + self->inputs->odd;
  const network_target target = {.wide = true,
                                 .n_directions = slots - 1,
                                 .directions = directions,
                                 .values = pieces->values,
                                 .weights = pieces->weights,
                                 .value_stride = rows * columns,
                                 .weight_stride = rows};
  memset(pieces->sums, 0, (size_t)(slots * network_last_width(&self->network.shape)) * sizeof(double));
  if (rows == 0)
    return TERN_SUCCESS;
  TRY(network_inputs_compute(self->inputs, descriptor, environment, rows, pieces->inputs, &target));
  network_biases_of(descriptor, self->network.shape.sets == 1, environment, rows, pieces->tags, pieces->biases);
  const network_rows all = rows_of(self, environment, slots, rows, pieces);
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
  pieces pieces;
  place(self, descriptor, environment->n_neighbours, rows, scratch, &pieces);
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
  pieces pieces;
  place(self, descriptor, environment->n_neighbours, rows, scratch, &pieces);
  memset(gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof *gradient);
  if (rows == 0 || environment->n_neighbours == 0)
    return TERN_SUCCESS;
  memset(pieces.last, 0, (size_t)columns * sizeof(double));
  for (int64_t k = 0; k < self->network.shape.outputs; k++)
    for (int64_t h = 0; h < columns; h++)
      pieces.last[h] += weights[k] * last[k * columns + h];
  const network_rows all = rows_of(self, environment, 1, rows, &pieces);
  network_hidden_gradient(&self->network, &all, pieces.last, pieces.network, pieces.value_gradient,
                          pieces.weight_gradient);
  return network_inputs_gradient(self->inputs, descriptor, environment, rows, pieces.inputs, pieces.value_gradient,
                                 pieces.weight_gradient, gradient);
}

static int32_t vector_pushforward(const void *state, const tern_descriptor *descriptor,
                                  const environment *environment, int64_t rows, void *scratch,
                                  const double *directions, double *derivative) {
  const network_state *self = state;
  pieces pieces;
  place(self, descriptor, environment->n_neighbours, rows, scratch, &pieces);
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

static int32_t fit_own(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                       const tern_options *options, text *report) {
  return network_state_fit_vectors(state, run, descriptor, dataset, options, false, report);
}

static int32_t fit_shared(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                          const tern_options *options, text *report) {
  return network_state_fit_vectors(state, run, descriptor, dataset, options, true, report);
}

const model_kind vector_network_kind = {
    .name = "network",
    .meaning = "A small network on the features of each atom for its vector",
    .fit = fit_own,
    .destroy = network_state_free,
    .vectors = &functions,
    .store = network_state_store,
    .restore = network_state_restore_vectors,
};

const model_kind vector_triplet_kind = {
    .name = "triplet",
    .meaning = "Sum over triplets of a network of the density in their frame for a vector of the centre",
    .descriptor = "frames",
    .fit = fit_shared,
    .destroy = network_state_free,
    .vectors = &functions,
    .store = network_state_store,
    .restore = network_state_restore_vectors,
};
