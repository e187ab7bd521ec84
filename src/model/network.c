/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds `network` (own weights for each species of the centre, on any descriptor) and `triplet` (shared weights, on
   frames with tag products): predictions. */
#include "model/network.h"

#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "network/problem.h"

/* Arrays of one environment. */
typedef struct pieces {
  void *inputs, *network;
  double *values, *weights;                 /* [rows][columns], [rows] */
  double *value_gradient, *weight_gradient; /* the same */
  double *sums;                             /* [last width] */
  int64_t *tags;
  int32_t *biases;
} pieces;

static int64_t place(const network_state *self, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows,
                     void *memory, pieces *pieces) {
  layout layout = {memory, 0};
  const int64_t columns = self->inputs->even + self->inputs->odd;
  pieces->inputs = layout_take(
      &layout, network_inputs_scratch(self->inputs, descriptor, n_neighbours, rows, 0, true), 1);
  pieces->network = layout_take(&layout, network_scratch(&self->network, 1, rows), 1);
  pieces->values = layout_reals(&layout, rows * columns);
  pieces->weights = layout_reals(&layout, rows);
  pieces->value_gradient = layout_reals(&layout, rows * columns);
  pieces->weight_gradient = layout_reals(&layout, rows);
  pieces->sums = layout_reals(&layout, network_last_width(&self->network.shape));
  pieces->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  pieces->biases = layout_take(&layout, rows, sizeof(int32_t));
  return layout.used;
}

static int64_t network_kind_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                                    int64_t rows) {
  pieces counted;
  return place(state, descriptor, n_neighbours, rows, NULL, &counted);
}

/* For each set the sums of the last hidden layer, then 1 for the species of the centre; in eV. */
static int64_t network_kind_width(const void *state) {
  const network_state *self = state;
  return self->network.shape.sets * network_last_width(&self->network.shape) + self->n_species;
}

static void put_outputs(const network_state *self, int64_t set, int64_t species, const double *sums,
                        double *outputs) {
  const int64_t width = network_last_width(&self->network.shape);
  memset(outputs, 0, (size_t)network_kind_width(self) * sizeof *outputs);
  for (int64_t k = 0; k < width && sums != NULL; k++)
    outputs[set * width + k] = self->unit * sums[k];
  outputs[self->network.shape.sets * width + species] = self->unit;
}

static int32_t evaluate_rows(const network_state *self, const tern_descriptor *descriptor,
                             const environment *environment, int64_t rows, int64_t set, const pieces *pieces,
                             model_answer *answer) {
  const int64_t columns = self->inputs->even + self->inputs->odd;
  const network_target target = {.wide = true, .values = pieces->values, .weights = pieces->weights};
  double result = 0;
  TRY(network_inputs_compute(self->inputs, descriptor, environment, rows, pieces->inputs, &target));
  network_biases_of(descriptor, self->network.shape.sets == 1, environment, rows, pieces->tags, pieces->biases);
  const network_rows all = {.set = set,
                            .slots = 1,
                            .rows = rows,
                            .inputs = pieces->values,
                            .weights = pieces->weights,
                            .bias = pieces->biases};
  network_gradient(&self->network, &all, pieces->network, &result, pieces->sums,
                   answer->gradient != NULL ? pieces->value_gradient : NULL, pieces->weight_gradient);
  answer->energy += self->unit * result;
  if (answer->gradient == NULL || environment->n_neighbours == 0)
    return TERN_SUCCESS;
  for (int64_t k = 0; k < rows * columns; k++)
    pieces->value_gradient[k] *= self->unit;
  for (int64_t k = 0; k < rows; k++)
    pieces->weight_gradient[k] *= self->unit;
  return network_inputs_gradient(self->inputs, descriptor, environment, rows, pieces->inputs, pieces->value_gradient,
                                 pieces->weight_gradient, answer->gradient);
}

static int32_t network_kind_evaluate(const void *state, const tern_descriptor *descriptor,
                                     const environment *environment, int64_t rows, void *scratch,
                                     model_answer *answer) {
  const network_state *self = state;
  const double *constants = (const double *)self->network.weights + self->network.layout.constants;
  const int64_t species = environment->center_species, set = self->network.shape.sets > 1 ? species : 0;
  pieces pieces;
  place(self, descriptor, environment->n_neighbours, rows, scratch, &pieces);
  answer->energy = self->unit * constants[species];
  if (answer->gradient != NULL)
    memset(answer->gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  if (rows > 0)
    TRY(evaluate_rows(self, descriptor, environment, rows, set, &pieces, answer));
  if (answer->outputs != NULL)
    put_outputs(self, set, species, rows > 0 ? pieces.sums : NULL, answer->outputs);
  return TERN_SUCCESS;
}

/* ---- kinds ---- */

static int32_t fit_own(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                       const tern_options *options, text *report) {
  return network_state_fit(state, run, descriptor, dataset, options, false, report);
}

static int32_t fit_shared(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                          const tern_options *options, text *report) {
  return network_state_fit(state, run, descriptor, dataset, options, true, report);
}

const model_kind network_kind = {
    .name = "network",
    .meaning = "A small network on the features of each atom, with weights for each species, trained by Gauss-Newton",
    .fit = fit_own,
    .destroy = network_state_free,
    .scratch = network_kind_scratch,
    .evaluate = network_kind_evaluate,
    .width = network_kind_width,
    .store = network_state_store,
    .restore = network_state_restore,
};

const model_kind triplet_kind = {
    .name = "triplet",
    .meaning = "Sum over triplets of a network of the density in their frame: complete, trained by Gauss-Newton",
    .descriptor = "frames",
    .fit = fit_shared,
    .destroy = network_state_free,
    .scratch = network_kind_scratch,
    .evaluate = network_kind_evaluate,
    .width = network_kind_width,
    .store = network_state_store,
    .restore = network_state_restore,
};
