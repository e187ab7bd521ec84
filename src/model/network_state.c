/* SPDX-License-Identifier: BSD-3-Clause */
/* A network's state: life and files. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/network.h"
#include "network/problem.h"
#include "system/vectors.h"

/* Numbers of the tensor "network.sizes"; widths follow. */
enum { SIZE_EVEN, SIZE_ODD, SIZE_SETS, SIZE_BIASES, SIZE_CONSTANTS, SIZE_LAYERS, SIZES };

void network_state_free(void *state) {
  network_state *self = state;
  if (self == NULL)
    return;
  network_inputs_free(self->inputs);
  memory_free(NULL, self->network.weights);
  memory_free(NULL, self);
}

int32_t network_state_new(network_state **state, const tern_descriptor *descriptor, network_inputs *inputs,
                          const network_shape *shape, int64_t members, double unit) {
  network_state *self = NULL;
  int32_t status = MEMORY_NEW(NULL, &self, 1, "a network");
  if (status != TERN_SUCCESS) {
    network_inputs_free(inputs);
    return status;
  }
  const int64_t sizes[SIZES] = {shape->even, shape->odd, shape->sets, shape->biases, shape->constants, shape->layers};
  memcpy(self->sizes, sizes, sizeof sizes);
  memcpy(self->sizes + SIZES, shape->widths, sizeof shape->widths);
  self->inputs = inputs;
  self->unit = unit;
  self->members = members;
  self->n_species = descriptor->n_species;
  self->network = (network){.shape = *shape, .layout = network_layout_of(shape), .wide = true};
  status = kernels_get(&self->network.kernels);
  if (status == TERN_SUCCESS)
    status = memory_new(NULL, &self->network.weights, members * self->network.layout.total, sizeof(double),
                        "weights of a network");
  if (status == TERN_SUCCESS)
    *state = self;
  else
    network_state_free(self);
  return status;
}

int32_t network_state_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const network_state *self = state;
  if (capacity < 4)
    return error_set(TERN_ERROR_INTERNAL, "a network stores 4 tensors and its inputs, there is room for %lld",
                     (long long)capacity);
  TRY(network_inputs_store(self->inputs, capacity - 4, tensors + 3, count));
  tensors[0] = (tensor){.name = "network.sizes",
                        .type = TENSOR_INT64,
                        .rank = 1,
                        .shape = {SIZES + self->network.shape.layers},
                        .data = self->sizes};
  tensors[1] =
      (tensor){.name = "network.unit", .type = TENSOR_FLOAT64, .rank = 1, .shape = {1}, .data = &self->unit};
  tensors[2] = (tensor){.name = "network.weights",
                        .type = TENSOR_FLOAT64,
                        .rank = 1,
                        .shape = {self->members * self->network.layout.total},
                        .data = self->network.weights};
  *count += 3;
  if (self->network.shape.outputs > 0)
    tensors[(*count)++] = (tensor){.name = "network.outputs",
                                   .type = TENSOR_INT64,
                                   .rank = 1,
                                   .shape = {1},
                                   .data = &self->network.shape.outputs};
  return TERN_SUCCESS;
}

static int32_t read_shape(const tern_descriptor *descriptor, const safetensors_file *file, network_shape *shape) {
  const int64_t any = -1;
  const tensor *found;
  TRY(safetensors_get(file, "network.sizes", TENSOR_INT64, 1, &any, &found));
  const int64_t *sizes = found->data, count = found->shape[0];
  bool right = count > SIZES && sizes[SIZE_LAYERS] == count - SIZES && count - SIZES <= NETWORK_MOST_LAYERS &&
               (sizes[SIZE_SETS] == 1 || sizes[SIZE_SETS] == descriptor->n_species) &&
               sizes[SIZE_CONSTANTS] == descriptor->n_species;
  for (int64_t k = SIZES; right && k < count; k++)
    right = sizes[k] > 0 && sizes[k] <= 4096;
  if (!right)
    return error_set(TERN_ERROR_FORMAT, "tensor 'network.sizes' holds sizes that are impossible");
  *shape = (network_shape){.even = sizes[SIZE_EVEN],
                           .odd = sizes[SIZE_ODD],
                           .layers = sizes[SIZE_LAYERS],
                           .sets = sizes[SIZE_SETS],
                           .biases = sizes[SIZE_BIASES],
                           .constants = sizes[SIZE_CONSTANTS]};
  memcpy(shape->widths, sizes + SIZES, (size_t)shape->layers * sizeof *sizes);
  return TERN_SUCCESS;
}

/* Vectors have as many outputs as a tensor says. */
static int32_t read_outputs(const safetensors_file *file, network_shape *shape) {
  const int64_t one = 1;
  const tensor *found;
  TRY(safetensors_get(file, "network.outputs", TENSOR_INT64, 1, &one, &found));
  shape->outputs = *(const int64_t *)found->data;
  if (shape->outputs < 1 || shape->outputs > VECTORS_WIDEST)
    return error_set(TERN_ERROR_FORMAT, "tensor 'network.outputs' holds %lld; valid are 1 to %d",
                     (long long)shape->outputs, VECTORS_WIDEST);
  return TERN_SUCCESS;
}

/* Several members lie one behind the other. */
static int32_t read_members(const safetensors_file *file, const network_shape *shape, int64_t *members) {
  const int64_t any = -1, one = network_layout_of(shape).total;
  const tensor *found;
  TRY(safetensors_get(file, "network.weights", TENSOR_FLOAT64, 1, &any, &found));
  *members = found->shape[0] / one;
  if (found->shape[0] % one == 0 && *members >= 1 && *members <= NETWORK_MOST_MEMBERS)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_FORMAT, "tensor 'network.weights' has %lld numbers; valid are 1 to %d times %lld",
                   (long long)found->shape[0], NETWORK_MOST_MEMBERS, (long long)one);
}

static int32_t restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file, bool vectors) {
  network_shape shape;
  network_inputs *inputs = NULL;
  network_state *self = NULL;
  double unit;
  int64_t members = 1;
  TRY(read_shape(descriptor, file, &shape));
  if (vectors)
    TRY(read_outputs(file, &shape));
  if (!vectors)
    TRY(read_members(file, &shape, &members));
  TRY(safetensors_copy_finite(file, "network.unit", 1, &unit));
  TRY(network_inputs_restore(&inputs, descriptor, file));
  const bool fits = shape.even == inputs->even && shape.odd == inputs->odd &&
                    shape.biases == network_biases(descriptor, shape.sets == 1);
  if (!fits) {
    network_inputs_free(inputs);
    return error_set(TERN_ERROR_FORMAT, "tensor 'network.sizes' does not fit the inputs or the species");
  }
  TRY(network_state_new(&self, descriptor, inputs, &shape, members, unit));
  const int32_t status =
      safetensors_copy_finite(file, "network.weights", members * self->network.layout.total, self->network.weights);
  if (status == TERN_SUCCESS)
    *state = self;
  else
    network_state_free(self);
  return status;
}

int32_t network_state_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  return restore(state, descriptor, file, false);
}

int32_t network_state_restore_vectors(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  return restore(state, descriptor, file, true);
}
