/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/inputs.h"
#include "network/products.h"

/* Numbers of the tensor "inputs.sizes". */
enum { SIZE_EVEN, SIZE_ODD, SIZE_FIRST, SIZE_SECOND, SIZE_LEGENDRE, SIZE_TURNED, SIZES };

static void add(tensor *tensors, int64_t *count, const char *name, tensor_type type, int64_t size,
                   const void *data) {
  tensor *added = &tensors[(*count)++];
  *added = (tensor){.type = type, .rank = 1, .shape = {size}, .data = data};
  memcpy(added->name, name, strlen(name) + 1);
}

static int64_t turns_size(const network_inputs *inputs, const tern_descriptor *descriptor) {
  const product_shape shape = product_shape_of(inputs, descriptor->state);
  int64_t size = 0;
  for (int64_t mu = 0; mu < shape.size; mu++)
    size += shape.raw[mu] * inputs->kept[mu];
  return size;
}

int32_t network_inputs_store(const network_inputs *inputs, int64_t capacity, tensor *tensors, int64_t *count) {
  *count = 0;
  if (capacity < 7)
    return error_set(TERN_ERROR_INTERNAL, "inputs of a network store up to 7 tensors, there is room for %lld",
                     (long long)capacity);
  add(tensors, count, "inputs.sizes", TENSOR_INT64, SIZES, inputs->sizes);
  add(tensors, count, "inputs.norm", TENSOR_FLOAT64, 1, &inputs->norm);
  add(tensors, count, "inputs.offset", TENSOR_FLOAT64, network_inputs_columns(inputs), inputs->offset);
  add(tensors, count, "inputs.axes", TENSOR_FLOAT64, inputs->lengths[0], inputs->axes);
  if (!network_inputs_are_products(inputs))
    return TERN_SUCCESS;
  add(tensors, count, "inputs.tag_functions", TENSOR_FLOAT64, inputs->lengths[1], inputs->tag_functions);
  add(tensors, count, "inputs.kept", TENSOR_INT64, inputs->lengths[2], inputs->kept);
  if (inputs->turns != NULL)
    add(tensors, count, "inputs.turns", TENSOR_FLOAT64, inputs->lengths[3], inputs->turns);
  return TERN_SUCCESS;
}

static int32_t check_sizes(const int64_t *sizes, const tern_descriptor *descriptor) {
  enum { most_columns = 100000 };
  const bool products = sizes[SIZE_FIRST] > 0;
  bool right = sizes[SIZE_EVEN] > 0 && sizes[SIZE_EVEN] < most_columns && sizes[SIZE_ODD] >= 0 &&
               sizes[SIZE_ODD] < most_columns;
  for (int k = SIZE_FIRST; k <= SIZE_LEGENDRE; k++)
    right = right && sizes[k] >= 0 && sizes[k] <= NETWORK_MOST_FACTORS && (sizes[k] > 0) == products;
  if (products && descriptor->kind != &frames_kind)
    return error_set(TERN_ERROR_FORMAT, "tensor 'inputs.sizes': tag products are made of 'frames', not of '%s'",
                     descriptor->kind->name);
  return right ? TERN_SUCCESS : error_set(TERN_ERROR_FORMAT, "tensor 'inputs.sizes' holds sizes that are impossible");
}

static int32_t read_products(network_inputs *inputs, const tern_descriptor *descriptor, const safetensors_file *file,
                             bool turned) {
  const density_basis *basis = ((const frames_state *)descriptor->state)->basis;
  const product_shape shape = product_shape_of(inputs, descriptor->state);
  const tensor *found;
  TRY(safetensors_copy_finite(file, "inputs.tag_functions", shape.functions * basis->n_max, inputs->tag_functions));
  TRY(safetensors_get(file, "inputs.kept", TENSOR_INT64, 1, &shape.size, &found));
  for (int64_t mu = 0; mu < shape.size; mu++) {
    inputs->kept[mu] = ((const int64_t *)found->data)[mu];
    if (inputs->kept[mu] < 0 || inputs->kept[mu] > shape.raw[mu])
      return error_set(TERN_ERROR_FORMAT, "tensor 'inputs.kept': number %lld is %lld, of %lld columns",
                       (long long)mu, (long long)inputs->kept[mu], (long long)shape.raw[mu]);
  }
  if (!turned)
    return TERN_SUCCESS;
  const int64_t size = turns_size(inputs, descriptor);
  TRY(MEMORY_NEW(NULL, &inputs->turns, size, "inputs of a network"));
  return safetensors_copy_finite(file, "inputs.turns", size, inputs->turns);
}

static int32_t restore(network_inputs *inputs, const tern_descriptor *descriptor, const safetensors_file *file,
                       const int64_t *sizes) {
  inputs->even = sizes[SIZE_EVEN];
  inputs->odd = sizes[SIZE_ODD];
  if (network_inputs_are_products(inputs))
    TRY(read_products(inputs, descriptor, file, sizes[SIZE_TURNED] != 0));
  TRY(network_inputs_reserve(inputs, descriptor));
  TRY(safetensors_copy_finite(file, "inputs.norm", 1, &inputs->norm));
  TRY(safetensors_copy_finite(file, "inputs.offset", network_inputs_columns(inputs), inputs->offset));
  TRY(safetensors_copy_finite(file, "inputs.axes", network_inputs_size(inputs, descriptor), inputs->axes));
  network_inputs_finish(inputs, descriptor);
  return TERN_SUCCESS;
}

int32_t network_inputs_restore(network_inputs **inputs, const tern_descriptor *descriptor,
                               const safetensors_file *file) {
  const int64_t count = SIZES;
  const tensor *found;
  network_inputs *made = NULL;
  TRY(safetensors_get(file, "inputs.sizes", TENSOR_INT64, 1, &count, &found));
  TRY(check_sizes(found->data, descriptor));
  TRY(network_inputs_new(&made, descriptor, (const int64_t *)found->data + SIZE_FIRST));
  const int32_t status = restore(made, descriptor, file, found->data);
  if (status == TERN_SUCCESS)
    *inputs = made;
  else
    network_inputs_free(made);
  return status;
}
