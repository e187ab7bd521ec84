/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/kernel_store.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"

enum { MOST_ZETA = 64, PER_SPECIES = 4 };

static tensor new_tensor(const char *what, int32_t species, int32_t rank, int64_t rows, int64_t columns,
                         const double *data) {
  tensor tensor = {.type = TENSOR_FLOAT64, .rank = rank, .shape = {rows, columns}, .data = data};
  text_format(tensor.name, sizeof tensor.name, "kernel.%s.%d", what, species);
  return tensor;
}

int32_t kernel_store_points(const kernel_model *model, int64_t capacity, tensor *tensors, int64_t *count) {
  *count = 0;
  if (capacity < 1 + PER_SPECIES * (int64_t)model->n_species)
    return error_set(TERN_ERROR_DATA, "a kernel model of %d species cannot be stored; there is room for %lld",
                     model->n_species, (long long)(capacity - 1) / PER_SPECIES);
  tensors[(*count)++] = (tensor){
      .name = "kernel.function", .type = TENSOR_FLOAT64, .rank = 1, .shape = {3}, .data = &model->function};
  for (int32_t k = 0; k < model->n_species; k++) {
    const kernel_points *own = &model->species[k];
    if (own->count == 0)
      continue;
    tensors[(*count)++] = new_tensor("points", k, 2, own->count, own->dimensions, own->points);
    tensors[(*count)++] = new_tensor("softening", k, 1, 1, 0, &own->softening);
    if (own->axes != NULL)
      tensors[(*count)++] = new_tensor("axes", k, 2, own->dimensions, model->features, own->axes);
  }
  return TERN_SUCCESS;
}

/* The capacity is checked for the weights, too. */
int32_t kernel_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const kernel_model *model = state;
  TRY(kernel_store_points(model, capacity, tensors, count));
  for (int32_t k = 0; k < model->n_species; k++)
    if (model->species[k].count > 0)
      tensors[(*count)++] = new_tensor("weights", k, 1, model->species[k].count, 0, model->species[k].weights);
  return TERN_SUCCESS;
}

/* A tensor of finite numbers; *shape holds what is asked for (-1: any) and then what was found. */
static int32_t get_reals(const safetensors_file *file, const char *name, int32_t rank, int64_t *shape,
                         const double **values) {
  const tensor *found;
  TRY(safetensors_get_finite(file, name, rank, shape, &found));
  for (int32_t k = 0; k < rank; k++)
    shape[k] = found->shape[k];
  *values = found->data;
  return TERN_SUCCESS;
}

static int32_t copy_reals(const char *what, int64_t count, const double *values, double **copy) {
  TRY(MEMORY_NEW(NULL, copy, count, what));
  memcpy(*copy, values, (size_t)count * sizeof(double));
  return TERN_SUCCESS;
}

static int32_t restore_function(const safetensors_file *file, kernel_model *model) {
  int64_t shape = 3;
  const double *values;
  TRY(get_reals(file, "kernel.function", 1, &shape, &values));
  memcpy(&model->function, values, sizeof model->function);
  const kernel_function *function = &model->function;
  const bool known = function->form == KERNEL_POLYNOMIAL || function->form == KERNEL_GAUSSIAN;
  if (!known || function->zeta < 1 || function->zeta > MOST_ZETA || function->zeta != floor(function->zeta) ||
      function->width <= 0)
    return error_set(TERN_ERROR_FORMAT,
                     "tensor 'kernel.function' must hold 0 or 1 (polynomial or gaussian), an exponent from 1 to %d and"
                     " a positive width; it holds %g, %g and %g",
                     MOST_ZETA, function->form, function->zeta, function->width);
  return TERN_SUCCESS;
}

static int32_t restore_axes(const safetensors_file *file, int32_t species, kernel_model *model) {
  kernel_points *own = &model->species[species];
  char name[64];
  const double *values;
  int64_t shape[2] = {own->dimensions, model->features};
  text_format(name, sizeof name, "kernel.axes.%d", species);
  if (safetensors_find(file, name) != NULL) {
    TRY(get_reals(file, name, 2, shape, &values));
    return copy_reals("the axes of a kernel model", shape[0] * shape[1], values, &own->axes);
  }
  if (own->dimensions != model->features)
    return error_set(TERN_ERROR_FORMAT, "tensor 'kernel.points.%d' has %lld columns, the descriptor %lld features, and"
                                        " there is no tensor '%s'",
                     species, (long long)own->dimensions, (long long)model->features, name);
  return TERN_SUCCESS;
}

static int32_t restore_species(const safetensors_file *file, int32_t species, kernel_model *model) {
  kernel_points *own = &model->species[species];
  char name[64];
  const double *values;
  int64_t shape[2] = {-1, -1}, one = 1;
  own->dimensions = model->features;
  text_format(name, sizeof name, "kernel.points.%d", species);
  if (safetensors_find(file, name) == NULL)
    return TERN_SUCCESS;
  TRY(get_reals(file, name, 2, shape, &values));
  own->dimensions = shape[1];
  TRY(copy_reals("the points of a kernel model", shape[0] * shape[1], values, &own->points));
  own->count = shape[0];
  text_format(name, sizeof name, "kernel.softening.%d", species);
  TRY(get_reals(file, name, 1, &one, &values));
  if (values[0] < 0)
    return error_set(TERN_ERROR_FORMAT, "tensor '%s' holds %g; a softening is not negative", name, values[0]);
  own->softening = values[0];
  return restore_axes(file, species, model);
}

int32_t kernel_restore_points(kernel_model *model, const safetensors_file *file) {
  TRY(restore_function(file, model));
  for (int32_t k = 0; k < model->n_species; k++)
    TRY(restore_species(file, k, model));
  return TERN_SUCCESS;
}

static int32_t restore_weights(kernel_model *model, const safetensors_file *file) {
  char name[64];
  const double *values;
  for (int32_t k = 0; k < model->n_species; k++) {
    kernel_points *own = &model->species[k];
    if (own->count == 0)
      continue;
    text_format(name, sizeof name, "kernel.weights.%d", k);
    TRY(get_reals(file, name, 1, &own->count, &values));
    TRY(copy_reals("the weights of a kernel model", own->count, values, &own->weights));
  }
  return TERN_SUCCESS;
}

int32_t kernel_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  kernel_model *model = NULL;
  TRY(kernel_model_new(&model, descriptor, NULL));
  int32_t status = kernel_restore_points(model, file);
  if (status == TERN_SUCCESS)
    status = restore_weights(model, file);
  if (status == TERN_SUCCESS)
    status = kernel_form_make(model);
  if (status != TERN_SUCCESS) {
    kernel_model_free(model);
    return status;
  }
  *state = model;
  return TERN_SUCCESS;
}
