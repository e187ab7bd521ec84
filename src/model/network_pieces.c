/* SPDX-License-Identifier: BSD-3-Clause */
/* What predictions of energies and of vectors do alike: the rows of an environment as a network reads them. */
#include "core/error.h"
#include "core/layout.h"
#include "model/network.h"
#include "network/problem.h"

/* Enough with directions and without. */
static int64_t inputs_scratch(const network_state *self, const tern_descriptor *descriptor, int64_t n_neighbours,
                              int64_t rows, int64_t slots) {
  const int64_t plain = network_inputs_scratch(self->inputs, descriptor, n_neighbours, rows, 0, true);
  const int64_t directed = network_inputs_scratch(self->inputs, descriptor, n_neighbours, rows, slots - 1, true);
  return plain > directed ? plain : directed;
}

int64_t network_pieces_place(const network_state *self, const tern_descriptor *descriptor, int64_t n_neighbours,
                             int64_t rows, int64_t slots, void *memory, network_pieces *pieces) {
  const int64_t columns = network_inputs_columns(self->inputs), width = network_last_width(&self->network.shape);
  layout layout = {memory, 0};
  pieces->inputs = layout_take(&layout, inputs_scratch(self, descriptor, n_neighbours, rows, slots), 1);
  pieces->network = layout_take(&layout, network_scratch(&self->network, slots, rows), 1);
  pieces->values = layout_reals(&layout, slots * rows * columns);
  pieces->weights = layout_reals(&layout, slots * rows);
  pieces->value_gradient = layout_reals(&layout, rows * columns);
  pieces->weight_gradient = layout_reals(&layout, rows);
  pieces->value_part = layout_reals(&layout, self->members > 1 ? rows * columns : 0);
  pieces->weight_part = layout_reals(&layout, self->members > 1 ? rows : 0);
  pieces->sums = layout_reals(&layout, slots * self->members * width);
  pieces->last = layout_reals(&layout, width);
  pieces->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  pieces->biases = layout_take(&layout, rows, sizeof(int32_t));
  return layout.used;
}

int32_t network_pieces_compute(const network_state *self, const tern_descriptor *descriptor,
                               const environment *environment, int64_t rows, const double *directions,
                               const network_pieces *pieces) {
  const network_target target = {.wide = true,
                                 .n_directions = directions != NULL ? 1 : 0,
                                 .directions = directions,
                                 .values = pieces->values,
                                 .weights = pieces->weights,
                                 .value_stride = rows * network_inputs_columns(self->inputs),
                                 .weight_stride = rows};
  TRY(network_inputs_compute(self->inputs, descriptor, environment, rows, pieces->inputs, &target));
  network_biases_of(descriptor, self->network.shape.sets == 1, environment, rows, pieces->tags, pieces->biases);
  return TERN_SUCCESS;
}

network_rows network_pieces_rows(const network_state *self, const environment *environment, int64_t slots,
                                 int64_t rows, const network_pieces *pieces) {
  return (network_rows){.set = network_state_set(self, environment),
                        .slots = slots,
                        .rows = rows,
                        .inputs = pieces->values,
                        .weights = pieces->weights,
                        .bias = pieces->biases};
}

int32_t network_pieces_gradient(const network_state *self, const tern_descriptor *descriptor,
                                const environment *environment, int64_t rows, const network_pieces *pieces,
                                double *gradient) {
  return network_inputs_gradient(self->inputs, descriptor, environment, rows, pieces->inputs, pieces->value_gradient,
                                 pieces->weight_gradient, gradient);
}
