/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of a plan and their derivatives: blocks that are sources first, order by order, then the output's columns. */
#include <string.h>

#include "correlation/plan.h"

static const correlation_block *source_of(const correlation_plan *plan, const correlation_block *block) {
  return &plan->blocks[block->source];
}

static const kernel_coupling *coupling_of(const correlation_plan *plan, const correlation_block *block) {
  return &plan->couplings[block->coupling];
}

static kernel_product product_of(const correlation_plan *plan, const correlation_block *block) {
  return (kernel_product){coupling_of(plan, block),
                          plan->channels,
                          block->n_segments,
                          plan->segments + block->first_segment,
                          source_of(plan, block)->stride,
                          block->stride,
                          0,
                          plan->channels};
}

/* Where the density of the last item's degree lies. */
static int64_t density_of(const correlation_plan *plan, const correlation_block *block) {
  const int64_t l = block->l[block->order - 1];
  return l * l * plan->channels;
}

static void weigh(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                  double *weights) {
  plan->kernels->weights(coupling_of(plan, block), plan->channels, numbers + density_of(plan, block), weights);
}

void correlation_block_values(const correlation_plan *plan, int32_t index, const double *numbers, double *weights,
                              double *target) {
  const correlation_block *block = &plan->blocks[index];
  const kernel_product product = product_of(plan, block);
  const double *factor = weights, *source = numbers + source_of(plan, block)->place;
  weigh(plan, block, numbers, weights);
  plan->kernels->product(&product, 1, &factor, &source, target);
}

/* [m][row] times factors as columns [row][m], and the other way round; shown NULL: all rows. */
static void to_columns(const correlation_plan *plan, const correlation_block *block, const double *rows,
                       double *columns) {
  const int64_t width = 2 * block->lambda + 1, *shown = correlation_plan_shown(plan, block);
  for (int64_t m = 0; m < width; m++, rows += block->stride)
    if (shown)
      for (int64_t k = 0; k < block->n_shown; k++)
        columns[k * width + m] = block->factors[k] * rows[shown[k]];
    else
      for (int64_t k = 0; k < block->n_shown; k++)
        columns[k * width + m] = block->factors[k] * rows[k];
}

static void from_columns(const correlation_plan *plan, const correlation_block *block, const double *columns,
                         double *rows) {
  const int64_t width = 2 * block->lambda + 1, *shown = correlation_plan_shown(plan, block);
  for (int64_t m = 0; m < width; m++, rows += block->stride)
    if (shown)
      for (int64_t k = 0; k < block->n_shown; k++)
        rows[shown[k]] += block->factors[k] * columns[k * width + m];
    else
      for (int64_t k = 0; k < block->n_shown; k++)
        rows[k] += block->factors[k] * columns[k * width + m];
}

/* ---- values ---- */

static void write_outputs(const correlation_plan *plan, const double *numbers, correlation_space space,
                          double *values) {
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const correlation_block *block = &plan->blocks[plan->outputs[k]];
    double *columns = values + block->column;
    if (block->place >= 0) {
      to_columns(plan, block, numbers + block->place, columns);
    } else if (block->lambda > 0) {
      correlation_block_values(plan, plan->outputs[k], numbers, space.weights[0], space.tile);
      to_columns(plan, block, space.tile, columns);
    } else {
      const kernel_product product = product_of(plan, block);
      const double *weights = space.weights[0], *source = numbers + source_of(plan, block)->place;
      weigh(plan, block, numbers, space.weights[0]);
      plan->kernels->scalar_product(&product, 1, &weights, &source, block->factors, plan->n_columns - block->column,
                                    columns);
    }
  }
}

void correlation_forward(const correlation_plan *plan, double *numbers, correlation_space space, double *values) {
  int32_t coupling = -1; /* whose weights are there */
  for (int32_t k = 0; k < plan->n_kept; k++) {
    const correlation_block *block = &plan->blocks[plan->kept[k]];
    const kernel_product product = product_of(plan, block);
    const double *weights = space.weights[0], *source = numbers + source_of(plan, block)->place;
    if (block->coupling != coupling)
      weigh(plan, block, numbers, space.weights[0]);
    coupling = block->coupling;
    plan->kernels->product(&product, 1, &weights, &source, numbers + block->place);
  }
  if (values)
    write_outputs(plan, numbers, space, values);
}

/* ---- derivative along a direction ---- */

/* Product rule: the source changes, and the density of the last item does. */
typedef struct tangent {
  kernel_product product;
  const double *weights[2], *sources[2];
} tangent;

static tangent tangent_of(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                          correlation_change change, correlation_space space) {
  const int64_t place = source_of(plan, block)->place;
  tangent made = {
      product_of(plan, block), {space.weights[0], space.weights[1]}, {change.numbers + place, numbers + place}};
  made.product.first_second = change.first_channel;
  made.product.end_second = change.end_channel;
  return made;
}

static void weigh_both(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                       correlation_change change, correlation_space space) {
  weigh(plan, block, numbers, space.weights[0]);
  weigh(plan, block, change.numbers, space.weights[1]);
}

static void write_tangent(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                          correlation_change change, correlation_space space, double *columns) {
  const tangent t = tangent_of(plan, block, numbers, change, space);
  weigh_both(plan, block, numbers, change, space);
  if (block->lambda > 0) {
    plan->kernels->product(&t.product, 2, t.weights, t.sources, space.tile);
    to_columns(plan, block, space.tile, columns);
  } else {
    plan->kernels->scalar_product(&t.product, 2, t.weights, t.sources, block->factors, plan->n_columns - block->column,
                                  columns);
  }
}

void correlation_tangent(const correlation_plan *plan, const double *numbers, correlation_change change,
                         correlation_space space, double *derivative) {
  int32_t coupling = -1;
  for (int32_t k = 0; k < plan->n_kept; k++) {
    const correlation_block *block = &plan->blocks[plan->kept[k]];
    const tangent t = tangent_of(plan, block, numbers, change, space);
    if (block->coupling != coupling)
      weigh_both(plan, block, numbers, change, space);
    coupling = block->coupling;
    plan->kernels->product(&t.product, 2, t.weights, t.sources, change.numbers + block->place);
  }
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const correlation_block *block = &plan->blocks[plan->outputs[k]];
    if (block->place >= 0)
      to_columns(plan, block, change.numbers + block->place, derivative + block->column);
    else
      write_tangent(plan, block, numbers, change, space, derivative + block->column);
  }
}

/* ---- gradient ---- */

/* weights [0] of a block are there; its gradient goes to the source and to the density. */
static void pull_block(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                       correlation_space space, const double *block_gradient, double *gradient) {
  const kernel_product product = product_of(plan, block);
  const int64_t place = source_of(plan, block)->place;
  const int64_t count = (2 * block->lambda + 1) * (2 * source_of(plan, block)->lambda + 1) * plan->channels;
  memset(space.weights[1], 0, (size_t)count * sizeof(double));
  plan->kernels->product_adjoint(&product, space.weights[0], numbers + place, block_gradient, space.weights[1],
                                 gradient + place);
  plan->kernels->weights_adjoint(product.coupling, plan->channels, space.weights[1],
                                 gradient + density_of(plan, block));
}

static void pull_output(const correlation_plan *plan, const correlation_block *block, const double *numbers,
                        correlation_space space, const double *columns, double *gradient) {
  weigh(plan, block, numbers, space.weights[0]);
  memset(space.tile, 0, (size_t)((2 * block->lambda + 1) * block->stride) * sizeof(double));
  from_columns(plan, block, columns, space.tile);
  pull_block(plan, block, numbers, space, space.tile, gradient);
}

void correlation_backward(const correlation_plan *plan, const double *numbers, correlation_space space,
                          const double *weights, double *gradient) {
  int32_t coupling = -1;
  memset(gradient, 0, (size_t)plan->size * sizeof(double));
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const correlation_block *block = &plan->blocks[plan->outputs[k]];
    if (block->place >= 0)
      from_columns(plan, block, weights + block->column, gradient + block->place);
    else
      pull_output(plan, block, numbers, space, weights + block->column, gradient);
  }
  for (int32_t k = plan->n_kept - 1; k >= 0; k--) {
    const correlation_block *block = &plan->blocks[plan->kept[k]];
    if (block->coupling != coupling)
      weigh(plan, block, numbers, space.weights[0]);
    coupling = block->coupling;
    pull_block(plan, block, numbers, space, gradient + block->place, gradient);
  }
}
