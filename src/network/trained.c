/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/trained.h"

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"

int32_t trained_network_new(trained_network *trained, run *run, const network_shape *shape, bool wide,
                            int64_t members) {
  static const char what[] = "weights of a network";
  network *network = &trained->network;
  trained->members = members;
  *network = (struct network){.shape = *shape, .layout = network_layout_of(shape), .wide = wide};
  TRY(kernels_get(&network->kernels));
  TRY(MEMORY_NEW(run, &trained->weights, network->layout.total, what));
  return memory_new(run, &network->weights, members * network->layout.total, number_size(wide), what);
}

void trained_network_free(run *run, trained_network *trained) {
  memory_free(run, trained->weights);
  memory_free(run, trained->network.weights);
  *trained = (trained_network){0};
}

void trained_network_set(trained_network *trained, int64_t member, const double *parameters) {
  const int64_t total = trained->network.layout.total;
  network_weights(&trained->network.shape, parameters, trained->weights);
  for (int64_t k = 0; k < total; k++)
    number_put(trained->network.wide, trained->network.weights, member * total + k, trained->weights[k]);
}

int32_t trained_network_each(const trained_network *trained, run *run, int64_t count, threads_items items,
                             void *context) {
  items.space_size = trained->space_size;
  items.finish = trained->close;
  return threads_each(run, count, &items, context);
}

typedef struct linearizing {
  const trained_step *step;
  int64_t size; /* of a number of the Jacobian */
} linearizing;

static int32_t linearize_item(void *context, run *serial, int64_t k, void *space) {
  const linearizing *linearizing = context;
  const trained_step *step = linearizing->step;
  const int64_t row = step->batch->first_row[k], begin = row * step->stride * linearizing->size;
  void *jacobian = step->jacobian != NULL ? (char *)step->jacobian + begin : NULL;
  return step->rows(step->problem, serial, step->batch->items[k], step->batch->step, space, step->residual + row,
                    jacobian, step->stride);
}

int32_t trained_network_linearize(trained_network *trained, run *run, const double *parameters,
                                  const trained_step *step) {
  linearizing linearizing = {step, number_size(trained->network.wide)};
  trained_network_set(trained, 0, parameters);
  return trained_network_each(trained, run, step->batch->count, (threads_items){.work = linearize_item},
                              &linearizing);
}

double trained_network_room(const run *run) {
  return (run->memory_limit > 0 ? 0.5 : 0.25) * memory_left(run);
}
