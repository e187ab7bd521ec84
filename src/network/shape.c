/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/shape.h"

#include <math.h>

#include "network/random.h"

network_layout network_layout_of(const network_shape *shape) {
  network_layout layout = {0};
  const int64_t first = shape->widths[0];
  layout.odd = layout.even + shape->even * first;
  layout.bias = layout.odd + shape->odd * first;
  int64_t next = layout.bias + shape->biases * first;
  for (int64_t k = 1; k < shape->layers; k++) {
    layout.weights[k] = next;
    layout.inner_bias[k] = next + shape->widths[k - 1] * shape->widths[k];
    next = layout.inner_bias[k] + shape->widths[k];
  }
  layout.last = next;
  layout.set = next + network_outputs(shape) * network_last_width(shape);
  layout.constants = shape->sets * layout.set;
  layout.total = layout.constants + shape->constants * network_outputs(shape);
  return layout;
}

network_scales network_scales_of(const network_shape *shape) {
  network_scales scales = {.even = 1, .odd = 10, .bias = 0.5, .constant = 1};
  for (int64_t k = 1; k < shape->layers; k++) {
    scales.weights[k] = 2 / sqrt((double)shape->widths[k - 1]);
    scales.inner_bias[k] = 0.5;
  }
  scales.last = 0.3 / sqrt((double)network_last_width(shape));
  return scales;
}

/* ---- start ---- */

typedef struct filling {
  random_stream random;
  double *parameters;
} filling;

/* `count` parameters whose weights have the given standard deviation. */
static void fill(filling *filling, int64_t count, double deviation, double scale) {
  for (int64_t k = 0; k < count; k++)
    *filling->parameters++ = random_normal(&filling->random) * deviation / scale;
}

static void start_set(const network_shape *shape, filling *filling) {
  const network_scales scales = network_scales_of(shape);
  const int64_t first = shape->widths[0];
  fill(filling, shape->even * first, 1, scales.even);
  fill(filling, shape->odd * first, 1, scales.odd);
  fill(filling, shape->biases * first, 0.5, scales.bias);
  for (int64_t k = 1; k < shape->layers; k++) {
    fill(filling, shape->widths[k - 1] * shape->widths[k], 1 / sqrt((double)shape->widths[k - 1]), scales.weights[k]);
    fill(filling, shape->widths[k], 0.3, scales.inner_bias[k]);
  }
  const int64_t last = network_last_width(shape);
  fill(filling, network_outputs(shape) * last, 1 / sqrt((double)last), scales.last);
}

void network_start(const network_shape *shape, uint64_t seed, double *parameters) {
  filling filling = {random_stream_of(seed, 0, 0), parameters};
  for (int64_t set = 0; set < shape->sets; set++)
    start_set(shape, &filling);
  for (int64_t k = 0; k < shape->constants * network_outputs(shape); k++)
    filling.parameters[k] = 0;
}

/* ---- weights ---- */

static double *scale_part(int64_t count, double scale, const double **parameters, double *weights) {
  for (int64_t k = 0; k < count; k++)
    weights[k] = scale * (*parameters)[k];
  *parameters += count;
  return weights + count;
}

void network_weights(const network_shape *shape, const double *parameters, double *weights) {
  const network_scales scales = network_scales_of(shape);
  const int64_t first = shape->widths[0];
  for (int64_t set = 0; set < shape->sets; set++) {
    weights = scale_part(shape->even * first, scales.even, &parameters, weights);
    weights = scale_part(shape->odd * first, scales.odd, &parameters, weights);
    weights = scale_part(shape->biases * first, scales.bias, &parameters, weights);
    for (int64_t k = 1; k < shape->layers; k++) {
      weights = scale_part(shape->widths[k - 1] * shape->widths[k], scales.weights[k], &parameters, weights);
      weights = scale_part(shape->widths[k], scales.inner_bias[k], &parameters, weights);
    }
    weights = scale_part(network_outputs(shape) * network_last_width(shape), scales.last, &parameters, weights);
  }
  scale_part(shape->constants * network_outputs(shape), scales.constant, &parameters, weights);
}
