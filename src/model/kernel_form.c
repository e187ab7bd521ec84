/* SPDX-License-Identifier: BSD-3-Clause */
/* With the square for its kernel a model is a quadratic form in u, sum_m c_m (u . p_m)^2 = u^T (sum_m c_m p_m p_m^T) u:
   the points are summed once, and predictions no longer depend on how many there are. */
#include "core/error.h"
#include "core/memory.h"
#include "model/kernel_model.h"

/* Points that are summed at a time. */
enum { BLOCK = 16 };

/* Where it takes fewer operations than the points themselves. */
static bool pays(const kernel_function *function, const kernel_points *points) {
  return function->form == KERNEL_POLYNOMIAL && function->zeta == 2 && points->dimensions < 2 * points->count;
}

static void scale_rows(int64_t count, int64_t columns, const double *factors, const double *rows, double *scaled) {
  for (int64_t k = 0; k < count; k++)
    for (int64_t column = 0; column < columns; column++)
      scaled[k * columns + column] = factors[k] * rows[k * columns + column];
}

/* scaled [BLOCK][dimensions] */
static void sum_points(const kernel_model *model, kernel_points *own, double *scaled, void *scratch) {
  const int64_t dimensions = own->dimensions;
  for (int64_t begin = 0; begin < own->count; begin += BLOCK) {
    const int64_t count = own->count - begin < BLOCK ? own->count - begin : BLOCK;
    const kernel_matrix_product product = {.rows = dimensions,
                                           .columns = dimensions,
                                           .inner = count,
                                           .left_stride = dimensions,
                                           .right_stride = dimensions,
                                           .stride = dimensions,
                                           .left_transposed = 1,
                                           .add = begin > 0,
                                           .factor = 1};
    scale_rows(count, dimensions, own->weights + begin, own->points + begin * dimensions, scaled);
    kernel_model_matrix(model)->product(&product, scaled, own->points + begin * dimensions, own->form, scratch);
  }
}

static int32_t make_form(const kernel_model *model, kernel_points *own) {
  const int64_t dimensions = own->dimensions;
  double *scaled = NULL;
  void *scratch = NULL;
  if (own->form == NULL)
    TRY(MEMORY_NEW(NULL, &own->form, dimensions * dimensions, "the quadratic form of a kernel model"));
  int32_t status = MEMORY_NEW(NULL, &scaled, BLOCK * dimensions, "points of a kernel model");
  if (status == TERN_SUCCESS)
    status = memory_new(NULL, &scratch, kernel_matrix_scratch(dimensions, dimensions, BLOCK, sizeof(double)), 1,
                        "products of the points");
  if (status == TERN_SUCCESS)
    sum_points(model, own, scaled, scratch);
  memory_free(NULL, scratch);
  memory_free(NULL, scaled);
  return status;
}

int32_t kernel_form_make(kernel_model *model) {
  for (int32_t k = 0; k < model->n_species; k++)
    if (pays(&model->function, &model->species[k]))
      TRY(make_form(model, &model->species[k]));
  return TERN_SUCCESS;
}
