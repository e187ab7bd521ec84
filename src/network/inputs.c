/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/inputs.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/number.h"
#include "network/products.h"

/* ---- life ---- */

void network_inputs_free(network_inputs *inputs) {
  if (inputs == NULL)
    return;
  memory_free(NULL, inputs->offset);
  memory_free(NULL, inputs->axes);
  memory_free(NULL, inputs->axes_single);
  memory_free(NULL, inputs->tag_functions);
  memory_free(NULL, inputs->kept);
  memory_free(NULL, inputs->turns);
  memory_free(NULL, inputs);
}

int32_t network_inputs_new(network_inputs **inputs, const tern_descriptor *descriptor, const int64_t products[3]) {
  network_inputs *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "inputs of a network"));
  made->norm = 1;
  made->features = descriptor->kind->features(descriptor->state);
  memcpy(made->products, products, sizeof made->products);
  int32_t status = kernels_get(&made->kernels);
  if (status == TERN_SUCCESS && network_inputs_are_products(made)) {
    const frames_state *frames = descriptor->state;
    const int64_t functions = products[0] > products[1] ? products[0] : products[1];
    status = MEMORY_NEW(NULL, &made->tag_functions, functions * frames->basis->n_max, "inputs of a network");
    if (status == TERN_SUCCESS)
      status = MEMORY_NEW(NULL, &made->kept, frames->basis->l_max + 1, "inputs of a network");
  }
  if (status == TERN_SUCCESS)
    *inputs = made;
  else
    network_inputs_free(made);
  return status;
}

int64_t network_inputs_size(const network_inputs *inputs, const tern_descriptor *descriptor) {
  const int64_t columns = network_inputs_columns(inputs);
  if (!network_inputs_are_products(inputs))
    return inputs->features * columns;
  const product_shape shape = product_shape_of(inputs, descriptor->state);
  return shape.left[shape.size] * shape.right * columns;
}

int32_t network_inputs_reserve(network_inputs *inputs, const tern_descriptor *descriptor) {
  const int64_t size = network_inputs_size(inputs, descriptor);
  TRY(MEMORY_NEW(NULL, &inputs->offset, network_inputs_columns(inputs), "inputs of a network"));
  TRY(MEMORY_NEW(NULL, &inputs->axes, size, "inputs of a network"));
  return MEMORY_NEW(NULL, &inputs->axes_single, size, "inputs of a network");
}

void network_inputs_finish(network_inputs *inputs, const tern_descriptor *descriptor) {
  const int64_t size = network_inputs_size(inputs, descriptor);
  const int64_t sizes[6] = {inputs->even,        inputs->odd,         inputs->products[0],
                            inputs->products[1], inputs->products[2], inputs->turns != NULL};
  memcpy(inputs->sizes, sizes, sizeof sizes);
  inputs->lengths[0] = size;
  if (network_inputs_are_products(inputs)) {
    const frames_state *frames = descriptor->state;
    const product_shape shape = product_shape_of(inputs, frames);
    inputs->lengths[1] = shape.functions * frames->basis->n_max;
    inputs->lengths[2] = shape.size;
    for (int64_t mu = 0; mu < shape.size; mu++)
      inputs->lengths[3] += shape.raw[mu] * inputs->kept[mu];
  }
  for (int64_t k = 0; k < size; k++)
    inputs->axes_single[k] = (float)inputs->axes[k];
}

/* ---- rows of any descriptor ---- */

typedef struct plain {
  void *descriptor;
  double *values, *changes; /* [rows][features] */
  double *made;             /* [rows][columns] */
  int64_t *tags;            /* [rows][2] */
  double *weights, *slopes; /* [n_neighbours]: f_tag and its derivative */
  void *spare;
} plain;

static int64_t open_plain(const network_inputs *inputs, const tern_descriptor *descriptor, int64_t n_neighbours,
                          int64_t rows, void *scratch, plain *plain) {
  layout layout = {scratch, 0};
  const int64_t features = inputs->features, columns = network_inputs_columns(inputs);
  const int64_t most = rows > features ? rows : features;
  plain->descriptor = layout_take(&layout, descriptor->kind->scratch(descriptor->state, n_neighbours), 1);
  plain->values = layout_reals(&layout, rows * features);
  plain->changes = layout_reals(&layout, rows * features);
  plain->made = layout_reals(&layout, rows * columns);
  plain->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  plain->weights = layout_reals(&layout, n_neighbours);
  plain->slopes = layout_reals(&layout, n_neighbours);
  plain->spare = layout_take(&layout, kernel_matrix_scratch(most, most + columns, most + columns, sizeof(double)), 1);
  return layout.used;
}

/* f_tag of the neighbours, and which are a row's tags; without tags: rows have weight 1. */
static void plain_tags(const tern_descriptor *descriptor, const environment *environment, int64_t rows,
                       const plain *plain) {
  const descriptor_kind *kind = descriptor->kind;
  if (kind->tag_cutoff == NULL || kind->tags == NULL) {
    for (int64_t k = 0; k < 2 * rows; k++)
      plain->tags[k] = -1;
    return;
  }
  const cutoff_function *cutoff = kind->tag_cutoff(descriptor->state);
  kind->tags(descriptor->state, environment, plain->tags);
  for (int64_t k = 0; k < environment->n_neighbours; k++) {
    const double *v = environment->vectors + 3 * k;
    cutoff_function_at(cutoff, sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), &plain->weights[k], &plain->slopes[k]);
  }
}

/* made = values times axes. */
static void project(const network_inputs *inputs, int64_t rows, const double *values, const plain *plain) {
  const int64_t columns = network_inputs_columns(inputs);
  const kernel_matrix_product product = {.rows = rows,
                                         .columns = columns,
                                         .inner = inputs->features,
                                         .left_stride = inputs->features,
                                         .right_stride = columns,
                                         .stride = columns,
                                         .factor = 1};
  inputs->kernels->matrix[1].product(&product, values, inputs->axes, plain->made, plain->spare);
}

static void put_slot(const network_inputs *inputs, int64_t rows, int64_t slot, const plain *plain,
                     const network_target *target) {
  const int64_t columns = network_inputs_columns(inputs);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t k = 0; k < columns; k++)
      number_put(target->wide, target->values, slot * target->value_stride + row * columns + k,
                 plain->made[row * columns + k] + (slot == 0 ? inputs->offset[k] : 0));
}

static double tag_weight(const plain *plain, int64_t tag) {
  return tag < 0 ? 1 : plain->weights[tag];
}

static double along(const double *vector, const double *direction) {
  const double square = vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2];
  return (vector[0] * direction[0] + vector[1] * direction[1] + vector[2] * direction[2]) / sqrt(square);
}

/* directions NULL: the weights themselves. */
static double row_weight(const environment *environment, const plain *plain, int64_t row, const double *directions) {
  const int64_t *tags = plain->tags + 2 * row;
  const double f[2] = {tag_weight(plain, tags[0]), tag_weight(plain, tags[1])};
  if (directions == NULL)
    return f[0] * f[1];
  double change = 0;
  for (int k = 0; k < 2; k++)
    if (tags[k] >= 0)
      change += f[1 - k] * plain->slopes[tags[k]] *
                along(environment->vectors + 3 * tags[k], directions + 3 * tags[k]);
  return change;
}

static int32_t plain_compute(const network_inputs *inputs, const tern_descriptor *descriptor,
                             const environment *environment, int64_t rows, void *scratch,
                             const network_target *target) {
  plain plain;
  const descriptor_kind *kind = descriptor->kind;
  open_plain(inputs, descriptor, environment->n_neighbours, rows, scratch, &plain);
  TRY(kind->forward(descriptor->state, environment, plain.descriptor, plain.values));
  plain_tags(descriptor, environment, rows, &plain);
  for (int64_t slot = 0; slot <= target->n_directions; slot++) {
    const double *directions =
        slot == 0 ? NULL : target->directions + (slot - 1) * 3 * environment->n_neighbours;
    if (slot > 0)
      TRY(kind->pushforward(descriptor->state, environment, plain.descriptor, directions, plain.changes));
    project(inputs, rows, slot == 0 ? plain.values : plain.changes, &plain);
    put_slot(inputs, rows, slot, &plain, target);
    for (int64_t row = 0; row < rows; row++)
      number_put(target->wide, target->weights, slot * target->weight_stride + row,
                 inputs->norm * row_weight(environment, &plain, row, directions));
  }
  return TERN_SUCCESS;
}

static int32_t plain_gradient(const network_inputs *inputs, const tern_descriptor *descriptor,
                              const environment *environment, int64_t rows, void *scratch,
                              const double *value_weights, const double *weight_weights, double *gradient) {
  plain plain;
  const int64_t columns = network_inputs_columns(inputs);
  open_plain(inputs, descriptor, environment->n_neighbours, rows, scratch, &plain);
  const kernel_matrix_product product = {.rows = rows,
                                         .columns = inputs->features,
                                         .inner = columns,
                                         .left_stride = columns,
                                         .right_stride = columns,
                                         .right_transposed = 1,
                                         .stride = inputs->features,
                                         .factor = 1};
  inputs->kernels->matrix[1].product(&product, value_weights, inputs->axes, plain.changes, plain.spare);
  TRY(descriptor->kind->backward(descriptor->state, environment, plain.descriptor, plain.changes, gradient));
  for (int64_t row = 0; row < rows; row++)
    for (int k = 0; k < 2; k++) {
      const int64_t tag = plain.tags[2 * row + k];
      if (tag < 0)
        continue;
      const double *v = environment->vectors + 3 * tag, other = tag_weight(&plain, plain.tags[2 * row + 1 - k]);
      const double factor = inputs->norm * weight_weights[row] * other * plain.slopes[tag] /
                            sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      for (int a = 0; a < 3; a++)
        gradient[3 * tag + a] += factor * v[a];
    }
  return TERN_SUCCESS;
}

/* ---- either ---- */

int64_t network_inputs_scratch(const network_inputs *inputs, const tern_descriptor *descriptor, int64_t n_neighbours,
                               int64_t rows, int64_t n_directions, bool wide) {
  plain plain;
  if (network_inputs_are_products(inputs))
    return products_scratch(inputs, descriptor->state, n_neighbours, 1 + n_directions, wide,
                            wide && n_directions == 0);
  return open_plain(inputs, descriptor, n_neighbours, rows, NULL, &plain);
}

int32_t network_inputs_compute(const network_inputs *inputs, const tern_descriptor *descriptor,
                               const environment *environment, int64_t rows, void *scratch,
                               const network_target *target) {
  if (!network_inputs_are_products(inputs))
    return plain_compute(inputs, descriptor, environment, rows, scratch, target);
  products_compute(inputs, descriptor->state, environment, scratch, target);
  return TERN_SUCCESS;
}

int32_t network_inputs_gradient(const network_inputs *inputs, const tern_descriptor *descriptor,
                                const environment *environment, int64_t rows, void *scratch,
                                const double *value_weights, const double *weight_weights, double *gradient) {
  if (!network_inputs_are_products(inputs))
    return plain_gradient(inputs, descriptor, environment, rows, scratch, value_weights, weight_weights, gradient);
  products_gradient(inputs, descriptor->state, environment, scratch, value_weights, weight_weights, gradient);
  return TERN_SUCCESS;
}
