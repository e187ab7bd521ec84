/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds `network` (own weights for each species of the centre, on any descriptor) and `triplet` (shared weights, on
   frames with tag products): predictions. */
#include "model/network.h"

#include <string.h>

#include "core/error.h"

static int64_t network_kind_scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours,
                                    int64_t rows) {
  network_pieces counted;
  return network_pieces_place(state, descriptor, n_neighbours, rows, 1, NULL, &counted);
}

/* For each set and member the sums of the last hidden layer, then 1 for the species of the centre; in eV. */
static int64_t network_kind_width(const void *state) {
  const network_state *self = state;
  return self->network.shape.sets * self->members * network_last_width(&self->network.shape) + self->n_species;
}

static void put_outputs(const network_state *self, int64_t set, int64_t species, const double *sums,
                        double *outputs) {
  const int64_t width = self->members * network_last_width(&self->network.shape);
  memset(outputs, 0, (size_t)network_kind_width(self) * sizeof *outputs);
  for (int64_t k = 0; k < width && sums != NULL; k++)
    outputs[set * width + k] = self->unit * sums[k];
  outputs[self->network.shape.sets * width + species] = self->unit;
}

static network member_of(const network_state *self, int64_t member) {
  network one = self->network;
  one.weights = (double *)self->network.weights + member * self->network.layout.total;
  return one;
}

static void add(int64_t count, const double *part, double *sum) {
  for (int64_t k = 0; k < count; k++)
    sum[k] += part[k];
}

/* Sum over the members; value_gradient as in network_pieces, or NULL. */
static double evaluate_members(const network_state *self, const network_rows *rows, const network_pieces *pieces,
                               double *value_gradient) {
  const int64_t values = rows->rows * network_inputs_columns(self->inputs);
  double result = 0;
  for (int64_t m = 0; m < self->members; m++) {
    const network member = member_of(self, m);
    double *sums = pieces->sums + m * network_last_width(&self->network.shape);
    double *part = value_gradient == NULL ? NULL : m == 0 ? value_gradient : pieces->value_part;
    double *weights = m == 0 ? pieces->weight_gradient : pieces->weight_part;
    network_gradient(&member, rows, pieces->network, &result, sums, part, weights);
    if (m > 0 && part != NULL)
      add(values, part, value_gradient);
    if (m > 0)
      add(rows->rows, weights, pieces->weight_gradient);
  }
  return result;
}

static int32_t evaluate_rows(const network_state *self, const tern_descriptor *descriptor,
                             const environment *environment, int64_t rows, const network_pieces *pieces,
                             model_answer *answer) {
  const int64_t columns = network_inputs_columns(self->inputs);
  TRY(network_pieces_compute(self, descriptor, environment, rows, NULL, pieces));
  const network_rows all = network_pieces_rows(self, environment, 1, rows, pieces);
  answer->energy +=
      self->unit * evaluate_members(self, &all, pieces, answer->gradient != NULL ? pieces->value_gradient : NULL);
  if (answer->gradient == NULL || environment->n_neighbours == 0)
    return TERN_SUCCESS;
  for (int64_t k = 0; k < rows * columns; k++)
    pieces->value_gradient[k] *= self->unit;
  for (int64_t k = 0; k < rows; k++)
    pieces->weight_gradient[k] *= self->unit;
  return network_pieces_gradient(self, descriptor, environment, rows, pieces, answer->gradient);
}

static int32_t network_kind_evaluate(const void *state, const tern_descriptor *descriptor,
                                     const environment *environment, int64_t rows, void *scratch,
                                     model_answer *answer) {
  const network_state *self = state;
  const int64_t species = environment->center_species;
  network_pieces pieces;
  network_pieces_place(self, descriptor, environment->n_neighbours, rows, 1, scratch, &pieces);
  answer->energy = 0;
  for (int64_t m = 0; m < self->members; m++)
    answer->energy += self->unit * ((double *)member_of(self, m).weights)[self->network.layout.constants + species];
  if (answer->gradient != NULL)
    memset(answer->gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  if (rows > 0)
    TRY(evaluate_rows(self, descriptor, environment, rows, &pieces, answer));
  if (answer->outputs != NULL)
    put_outputs(self, network_state_set(self, environment), species, rows > 0 ? pieces.sums : NULL, answer->outputs);
  return TERN_SUCCESS;
}

/* ---- kinds ---- */

const model_kind network_kind = {
    .name = "network",
    .meaning = "A small network on the features of each atom, with weights for each species, trained by Gauss-Newton",
    .fit = network_fit_own,
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
    .fit = network_fit_shared,
    .destroy = network_state_free,
    .scratch = network_kind_scratch,
    .evaluate = network_kind_evaluate,
    .width = network_kind_width,
    .store = network_state_store,
    .restore = network_state_restore,
};
