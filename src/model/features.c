/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/features.h"

#include "core/layout.h"

static int64_t place(const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows, void *memory,
                     features *features) {
  const int64_t numbers = rows * descriptor->kind->features(descriptor->state);
  layout layout = {memory, 0};
  features->values = layout_reals(&layout, numbers);
  features->weights = layout_reals(&layout, numbers);
  features->scratch = layout_take(&layout, descriptor->kind->scratch(descriptor->state, n_neighbours), 1);
  features->rest = layout_take(&layout, 0, 1);
  return layout.used;
}

int64_t features_scratch(const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows) {
  features counted;
  return place(descriptor, n_neighbours, rows, NULL, &counted);
}

int32_t features_compute(const tern_descriptor *descriptor, const environment *environment, int64_t rows, void *memory,
                         features *features) {
  place(descriptor, environment->n_neighbours, rows, memory, features);
  return descriptor->kind->forward(descriptor->state, environment, features->scratch, features->values);
}

int32_t features_gradient(const tern_descriptor *descriptor, const environment *environment, const features *features,
                          double *gradient) {
  if (environment->n_neighbours == 0)
    return TERN_SUCCESS;
  return descriptor->kind->backward(descriptor->state, environment, features->scratch, features->weights, gradient);
}
