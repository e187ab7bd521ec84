/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a structure: the network on its inputs, some of them at a time. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/item_parts.h"

/* Rows that the network works on at a time: what they need stays in the second cache. */
static int64_t chunk_rows(const item *item, int64_t slots) {
  const int64_t most = slots < 8 ? 512 / slots : 64;
  return item->rows < most ? item->rows : most;
}

static int32_t open_chunk(const item_data *data, const network *network, run *run, const item *item, int64_t slots,
                          item_space *space) {
  const int64_t rows = chunk_rows(item, slots);
  TRY(item_grow(run, space, SPACE_CHUNK, slots * rows * item_columns(data) * item_number_size(data)));
  TRY(item_grow(run, space, SPACE_CHUNK_WEIGHTS, slots * rows * item_number_size(data)));
  return item_grow(run, space, SPACE_NETWORK, network_scratch(network, slots, rows));
}

static network_rows gather(const item_data *data, const item *item, const item_used *used, int64_t set, int64_t first,
                           int64_t rows, item_space *space) {
  const int64_t size = item_number_size(data), width = item_columns(data) * size;
  char *values = space->arrays[SPACE_CHUNK], *weights = space->arrays[SPACE_CHUNK_WEIGHTS];
  for (int64_t k = 0; k < used->slots; k++) {
    memcpy(values + k * rows * width, used->values[k] + first * width, (size_t)(rows * width));
    memcpy(weights + k * rows * size, used->weights[k] + first * size, (size_t)(rows * size));
  }
  return (network_rows){.set = set,
                        .slots = used->slots,
                        .rows = rows,
                        .inputs = values,
                        .weights = weights,
                        .bias = item->biases + first};
}

/* jacobian NULL: predictions alone. */
static void work_on_set(const item_data *data, const network *network, const item *item, const item_used *used,
                        int64_t set, item_space *space, char *jacobian, int64_t stride) {
  const int64_t end = item->set_first[set + 1], part = chunk_rows(item, used->slots), size = item_number_size(data);
  if (jacobian != NULL)
    jacobian += set * network->layout.set * size;
  for (int64_t first = item->set_first[set]; first < end; first += part) {
    const int64_t rows = end - first < part ? end - first : part;
    const network_rows chunk = gather(data, item, used, set, first, rows, space);
    if (jacobian == NULL)
      network_evaluate(network, &chunk, space->arrays[SPACE_NETWORK], used->predicted);
    else
      network_jacobian(network, &chunk, used->factors, first > item->set_first[set], space->arrays[SPACE_NETWORK],
                       used->predicted, jacobian, stride);
  }
  if (item->set_first[set] == end && jacobian != NULL)
    for (int64_t k = 0; k < used->slots; k++)
      memset(jacobian + k * stride * size, 0, (size_t)(network->layout.set * size));
}

/* The constants' part. */
static void add_constants(const item_data *data, const network *network, const item *item, const item_used *used,
                          char *jacobian, int64_t stride) {
  const double scale = network_scales_of(&network->shape).constant;
  for (int64_t c = 0; c < data->shape.constants; c++) {
    const int64_t place = network->layout.constants + c;
    used->predicted[0] += number_at(network->wide, network->weights, place) * (double)item->counts[c];
    for (int64_t k = 0; jacobian != NULL && k < used->slots; k++)
      number_put(network->wide, jacobian, k * stride + place,
                 k == 0 ? used->factors[0] * scale * (double)item->counts[c] : 0);
  }
}

static void work(const item_data *data, const network *network, const item *item, const item_used *used,
                 item_space *space, char *jacobian, int64_t stride) {
  for (int64_t set = 0; set < data->shape.sets; set++)
    work_on_set(data, network, item, used, set, space, jacobian, stride);
  add_constants(data, network, item, used, jacobian, stride);
}

/* The mean of the members. */
static void predict(const item_data *data, const network *network, const item *item, item_space *space,
                    const item_used *used) {
  const int64_t members = data->choices.members, bytes = network->layout.total * item_number_size(data);
  struct network member = *network;
  for (int64_t m = 0; m < members; m++) {
    member.weights = (char *)network->weights + m * bytes;
    work(data, &member, item, used, space, NULL, 0);
  }
  for (int64_t k = 0; k < used->slots; k++)
    used->predicted[k] /= (double)members;
}

static int32_t open_work(const item_data *data, const network *network, run *run, item *item, int64_t step,
                         item_space *space, item_used *used) {
  TRY(item_use(data, run, item, step, space, used));
  return open_chunk(data, network, run, item, used->slots, space);
}

int32_t item_linearize(const item_data *data, const network *network, run *run, item *item, int64_t step,
                       item_space *space, double *residual, void *jacobian, int64_t stride) {
  item_used used;
  const int64_t size = item_number_size(data);
  char *rows = jacobian;
  TRY(open_work(data, network, run, item, step, space, &used));
  if (jacobian != NULL && !item->has_energy) { /* the row of the energy is made but not wanted */
    TRY(item_grow(run, space, SPACE_JACOBIAN, used.slots * stride * size));
    rows = space->arrays[SPACE_JACOBIAN];
  }
  work(data, network, item, &used, space, rows, stride);
  if (rows != (char *)jacobian)
    memcpy(jacobian, rows + stride * size, (size_t)((used.slots - 1) * stride * size));
  for (int64_t k = item->has_energy ? 0 : 1; k < used.slots; k++)
    *residual++ = used.factors[k] * (used.targets[k] - used.predicted[k]);
  return TERN_SUCCESS;
}

int32_t item_measure(const item_data *data, const network *network, run *run, item *item, item_space *space,
                     item_errors *errors) {
  item_used used;
  const double unit = data->choices.unit;
  const double atoms = (double)data->dataset->frames[item->structure]->system->n_atoms;
  TRY(open_work(data, network, run, item, 0, space, &used));
  predict(data, network, item, space, &used);
  *errors = (item_errors){0};
  for (int64_t k = item->has_energy ? 0 : 1; k < used.slots; k++) {
    const int target = k == 0 ? ITEM_ENERGY : k <= item->directions ? ITEM_FORCES : ITEM_VIRIAL;
    const double difference = used.predicted[k] - used.targets[k], weighted = used.factors[k] * difference;
    /* a strain of unit norm sees the six directions that there are, not the nine components */
    const double scale[ITEM_TARGETS] = {unit / atoms, unit, unit / atoms * sqrt(6.0 / 9)};
    errors->weighted += weighted * weighted;
    errors->rows += 1;
    errors->squares[target] += scale[target] * scale[target] * difference * difference;
    errors->counts[target] += 1;
  }
  return TERN_SUCCESS;
}
