/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks on numbers of REAL; included by layers.c once for each precision. Derivatives along directions follow the
   rule for products; the gradient of slot k is the derivative of slot 0's gradient along direction k, so that one way
   back serves all rows of the Jacobian. */

static const REAL *NAME(set_weights)(const network *network, const network_rows *rows) {
  return (const REAL *)network->weights + rows->set * network->layout.set;
}

/* result [rows][columns] = left [rows][inner] right [inner][columns] or, transposed, right [columns][inner]. */
static void NAME(multiply)(const network *network, int64_t rows, int64_t inner, int64_t columns, const REAL *left,
                           int64_t left_stride, const REAL *right, bool transposed, bool add, REAL *result,
                           int64_t stride, void *space) {
  const kernel_matrix_product product = {.rows = rows,
                                         .columns = columns,
                                         .inner = inner,
                                         .left_stride = left_stride,
                                         .right_stride = transposed ? inner : columns,
                                         .stride = stride,
                                         .right_transposed = transposed,
                                         .add = add,
                                         .factor = 1};
  network->kernels->matrix[WIDE].product(&product, left, right, result, space);
}

/* ---- forward ---- */

static void NAME(add_bias)(int64_t rows, int64_t width, const REAL *bias, const int32_t *which, REAL *restrict values) {
  for (int64_t row = 0; row < rows; row++) {
    const REAL *own = bias + (which != NULL ? which[row] * width : 0);
    for (int64_t k = 0; k < width; k++)
      values[row * width + k] += own[k];
  }
}

static void NAME(first_layer)(const network *network, const network_rows *rows, const pieces *pieces) {
  const network_shape *shape = &network->shape;
  const kernel_network_functions *kernels = &network->kernels->network[WIDE];
  const REAL *weights = NAME(set_weights)(network, rows), *inputs = rows->inputs;
  const int64_t count = rows->slots * rows->rows, columns = shape->even + shape->odd, width = shape->widths[0];
  NAME(multiply)(network, count, shape->even, width, inputs, columns, weights, false, false, pieces->even, width,
                 pieces->products);
  NAME(add_bias)(rows->rows, width, weights + network->layout.bias, rows->bias, pieces->even);
  if (shape->odd == 0) {
    kernels->activate(rows->slots, rows->rows * width, pieces->even, pieces->values[0], pieces->slopes[0]);
    return;
  }
  NAME(multiply)(network, count, shape->odd, width, inputs + shape->even, columns, weights + network->layout.odd,
                 false, false, pieces->odd, width, pieces->products);
  kernels->activate_pair(rows->slots, rows->rows * width, pieces->even, pieces->odd, pieces->values[0],
                         pieces->slopes[0]);
}

static void NAME(inner_layer)(const network *network, const network_rows *rows, const pieces *pieces, int64_t k) {
  const int64_t count = rows->slots * rows->rows, before = network->shape.widths[k - 1];
  const int64_t width = network->shape.widths[k];
  const REAL *weights = NAME(set_weights)(network, rows);
  NAME(multiply)(network, count, before, width, pieces->values[k - 1], before, weights + network->layout.weights[k],
                 false, false, pieces->inputs[k], width, pieces->products);
  NAME(add_bias)(rows->rows, width, weights + network->layout.inner_bias[k], NULL, pieces->inputs[k]);
  network->kernels->network[WIDE].activate(rows->slots, rows->rows * width, pieces->inputs[k], pieces->values[k],
                                           pieces->slopes[k]);
}

/* Sums of the last hidden layer. */
static void NAME(sum_hidden)(const network *network, const network_rows *rows, const pieces *pieces) {
  const int64_t last = network->shape.layers - 1, width = network->shape.widths[last];
  NAME(first_layer)(network, rows, pieces);
  for (int64_t k = 1; k <= last; k++)
    NAME(inner_layer)(network, rows, pieces, k);
  network->kernels->network[WIDE].weighted_sums(rows->slots, rows->rows, width, rows->weights, pieces->values[last],
                                                pieces->sums);
}

static void NAME(evaluate)(const network *network, const network_rows *rows, const pieces *pieces, double *results) {
  const int64_t width = network_last_width(&network->shape);
  const REAL *weights = NAME(set_weights)(network, rows) + network->layout.last, *sums = pieces->sums;
  NAME(sum_hidden)(network, rows, pieces);
  for (int64_t slot = 0; slot < rows->slots; slot++)
    for (int64_t k = 0; k < width; k++)
      results[slot] += (double)sums[slot * width + k] * (double)weights[k];
}

/* ---- backward ---- */

/* Gradients of the last layer's values, then of its inputs. */
static void NAME(last_back)(const network *network, const network_rows *rows, const REAL *weights,
                            const pieces *pieces) {
  const int64_t last = network->shape.layers - 1, width = network->shape.widths[last];
  network->kernels->network[WIDE].spread(rows->slots * rows->rows, width, rows->weights, weights,
                                         pieces->gradients[last]);
}

/* From gradients of the values of layer k to those of its inputs, with odd inputs in even and odd. */
static void NAME(activation_back)(const network *network, const network_rows *rows, const pieces *pieces, int64_t k) {
  const kernel_network_functions *kernels = &network->kernels->network[WIDE];
  const int64_t count = rows->rows * network->shape.widths[k];
  if (k == 0 && network->shape.odd > 0)
    kernels->activate_pair_back(rows->slots, count, pieces->even, pieces->odd, pieces->slopes[0],
                                pieces->gradients[0]);
  else
    kernels->activate_back(rows->slots, count, pieces->inputs[k], pieces->slopes[k], pieces->gradients[k]);
}

static void NAME(layer_back)(const network *network, const network_rows *rows, const pieces *pieces, int64_t k) {
  const int64_t width = network->shape.widths[k], before = network->shape.widths[k - 1];
  NAME(multiply)(network, rows->slots * rows->rows, width, before, pieces->gradients[k], width,
                 NAME(set_weights)(network, rows) + network->layout.weights[k], true, false, pieces->gradients[k - 1],
                 before, pieces->products);
}

/* Parameters of a layer. Row 0 of the Jacobian: X0^T G0; row k: Xk^T G0 + X0^T Gk. */
static void NAME(outer)(const network *network, const network_rows *rows, const double *factors, bool add, double scale,
                        int64_t inputs, int64_t input_stride, const REAL *values, int64_t width, const REAL *gradients,
                        REAL *jacobian, int64_t stride, void *space) {
  const int64_t step = rows->rows * input_stride, gradient_step = rows->rows * width;
  kernel_matrix_product product = {.rows = inputs,
                                   .columns = width,
                                   .inner = rows->rows,
                                   .left_stride = input_stride,
                                   .right_stride = width,
                                   .stride = width,
                                   .left_transposed = 1};
  for (int64_t slot = 0; slot < rows->slots; slot++) {
    product.factor = scale * factors[slot];
    product.add = add;
    network->kernels->matrix[WIDE].product(&product, values + slot * step, gradients, jacobian + slot * stride, space);
    product.add = 1;
    if (slot > 0)
      network->kernels->matrix[WIDE].product(&product, values, gradients + slot * gradient_step,
                                             jacobian + slot * stride, space);
  }
}

static void NAME(bias_rows)(const network_rows *rows, const double *factors, bool add, double scale,
                            const int32_t *which,
                            int64_t biases, int64_t width, const REAL *restrict gradients, REAL *restrict jacobian,
                            int64_t stride) {
  for (int64_t slot = 0; slot < rows->slots; slot++, jacobian += stride) {
    const REAL factor = (REAL)(scale * factors[slot]);
    if (!add)
      memset(jacobian, 0, (size_t)(biases * width) * sizeof(REAL));
    for (int64_t row = 0; row < rows->rows; row++, gradients += width) {
      REAL *own = jacobian + (which != NULL ? which[row] * width : 0);
      for (int64_t k = 0; k < width; k++)
        own[k] += factor * gradients[k];
    }
  }
}

static void NAME(first_rows)(const network *network, const network_rows *rows, const double *factors, bool add,
                             const pieces *pieces, REAL *jacobian, int64_t stride) {
  const network_shape *shape = &network->shape;
  const network_scales scales = network_scales_of(shape);
  const int64_t width = shape->widths[0], columns = shape->even + shape->odd;
  const REAL *inputs = rows->inputs, *even = shape->odd > 0 ? pieces->even : pieces->gradients[0];
  NAME(outer)(network, rows, factors, add, scales.even, shape->even, columns, inputs, width, even, jacobian, stride,
              pieces->products);
  if (shape->odd > 0)
    NAME(outer)(network, rows, factors, add, scales.odd, shape->odd, columns, inputs + shape->even, width, pieces->odd,
                jacobian + network->layout.odd, stride, pieces->products);
  NAME(bias_rows)(rows, factors, add, scales.bias, rows->bias, shape->biases, width, even,
                  jacobian + network->layout.bias, stride);
}

static void NAME(last_rows)(const network *network, const network_rows *rows, const double *factors, bool add,
                            const pieces *pieces, REAL *jacobian, int64_t stride) {
  const int64_t width = network_last_width(&network->shape);
  const double scale = network_scales_of(&network->shape).last;
  const REAL *sums = pieces->sums;
  for (int64_t slot = 0; slot < rows->slots; slot++)
    for (int64_t k = 0; k < width; k++) {
      REAL *to = jacobian + slot * stride + network->layout.last + k;
      *to = (REAL)(scale * factors[slot]) * sums[slot * width + k] + (add ? *to : 0);
    }
}

/* Of all layers but the last, whose weights are `last`. */
static void NAME(hidden_rows)(const network *network, const network_rows *rows, const double *factors, bool add,
                              const REAL *last, const pieces *pieces, REAL *jacobian, int64_t stride) {
  const network_shape *shape = &network->shape;
  const network_scales scales = network_scales_of(shape);
  NAME(last_back)(network, rows, last, pieces);
  for (int64_t k = shape->layers - 1; k > 0; k--) {
    NAME(activation_back)(network, rows, pieces, k);
    NAME(outer)(network, rows, factors, add, scales.weights[k], shape->widths[k - 1], shape->widths[k - 1],
                pieces->values[k - 1], shape->widths[k], pieces->gradients[k], jacobian + network->layout.weights[k],
                stride, pieces->products);
    NAME(bias_rows)(rows, factors, add, scales.inner_bias[k], NULL, 1, shape->widths[k], pieces->gradients[k],
                    jacobian + network->layout.inner_bias[k], stride);
    NAME(layer_back)(network, rows, pieces, k);
  }
  NAME(activation_back)(network, rows, pieces, 0);
  NAME(first_rows)(network, rows, factors, add, pieces, jacobian, stride);
}

static void NAME(jacobian)(const network *network, const network_rows *rows, const double *factors, bool add,
                           const pieces *pieces, double *results, REAL *jacobian, int64_t stride) {
  NAME(evaluate)(network, rows, pieces, results);
  NAME(last_rows)(network, rows, factors, add, pieces, jacobian, stride);
  NAME(hidden_rows)(network, rows, factors, add, NAME(set_weights)(network, rows) + network->layout.last, pieces,
                    jacobian, stride);
}

/* ---- gradient with respect to the inputs ---- */

static void NAME(weights_back)(const network *network, const network_rows *rows, const REAL *last,
                               const pieces *pieces, REAL *weights) {
  const int64_t width = network_last_width(&network->shape);
  const REAL *values = pieces->values[network->shape.layers - 1];
  for (int64_t row = 0; row < rows->rows; row++) {
    REAL sum = 0;
    for (int64_t k = 0; k < width; k++)
      sum += values[row * width + k] * last[k];
    weights[row] = sum;
  }
}

static void NAME(inputs_back)(const network *network, const network_rows *rows, const pieces *pieces, REAL *inputs) {
  const network_shape *shape = &network->shape;
  const REAL *weights = NAME(set_weights)(network, rows);
  const int64_t columns = shape->even + shape->odd, width = shape->widths[0];
  const REAL *even = shape->odd > 0 ? pieces->even : pieces->gradients[0];
  NAME(multiply)(network, rows->rows, width, shape->even, even, width, weights, true, false, inputs, columns,
                 pieces->products);
  if (shape->odd > 0)
    NAME(multiply)(network, rows->rows, width, shape->odd, pieces->odd, width, weights + network->layout.odd, true,
                   false, inputs + shape->even, columns, pieces->products);
}

static void NAME(hidden_gradient)(const network *network, const network_rows *rows, const REAL *last,
                                  const pieces *pieces, REAL *inputs, REAL *weights) {
  NAME(weights_back)(network, rows, last, pieces, weights);
  NAME(last_back)(network, rows, last, pieces);
  for (int64_t k = network->shape.layers - 1; k > 0; k--) {
    NAME(activation_back)(network, rows, pieces, k);
    NAME(layer_back)(network, rows, pieces, k);
  }
  NAME(activation_back)(network, rows, pieces, 0);
  NAME(inputs_back)(network, rows, pieces, inputs);
}

static void NAME(gradient)(const network *network, const network_rows *rows, const pieces *pieces, double *results,
                           REAL *sums, REAL *inputs, REAL *weights) {
  NAME(evaluate)(network, rows, pieces, results);
  memcpy(sums, pieces->sums, (size_t)network_last_width(&network->shape) * sizeof(REAL));
  if (inputs != NULL)
    NAME(hidden_gradient)(network, rows, NAME(set_weights)(network, rows) + network->layout.last, pieces, inputs,
                          weights);
}

/* ---- vectors ---- */

static void NAME(hidden)(const network *network, const network_rows *rows, const pieces *pieces, REAL *sums) {
  const int64_t count = rows->slots * network_last_width(&network->shape);
  const REAL *own = pieces->sums;
  NAME(sum_hidden)(network, rows, pieces);
  for (int64_t k = 0; k < count; k++)
    sums[k] += own[k];
}
