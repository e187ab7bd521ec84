/* SPDX-License-Identifier: BSD-3-Clause */
/* Linear model of a tensor: channel by channel T_m = sum_i w_{species of i} . F_m(i), the same weights for every m. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/equivariant_fit.h"
#include "model/features.h"

typedef struct equivariant_ridge {
  equivariant_head head;
  double *weights[EQUIVARIANT_MOST_CHANNELS]; /* [n_species][columns] of the active channels */
  double *trial[EQUIVARIANT_MOST_CHANNELS];   /* the same before held-out structures were added; NULL: none were */
  bool withheld;                              /* weights and trial have changed places */
} equivariant_ridge;

static void destroy(void *state) {
  equivariant_ridge *self = state;
  if (self == NULL)
    return;
  for (int32_t c = 0; c < EQUIVARIANT_MOST_CHANNELS; c++) {
    memory_free(NULL, self->weights[c]);
    memory_free(NULL, self->trial[c]);
  }
  equivariant_head_free(&self->head);
  memory_free(NULL, self);
}

/* ---- fit ---- */

static void add_features(const void *context, int32_t channel, const environment *environment, const double *values,
                         double *scratch, int64_t stride, double *rows) {
  const equivariant_ridge *self = context;
  const equivariant_columns *columns = &self->head.columns[channel];
  (void)scratch;
  for (int32_t m = 0; m < 2 * columns->lambda + 1; m++) {
    double *row = rows + m * stride + environment->center_species * columns->count;
    for (int64_t k = 0; k < columns->count; k++)
      row[k] += values[columns->columns[m * columns->count + k]];
  }
}

static int32_t fit_channel(void *state, const equivariant_data *data, const tern_options *options, int32_t channel,
                           double *regularizations, text *report) {
  equivariant_ridge *self = state;
  const equivariant_rows rows = {
      .columns = self->head.n_species * self->head.columns[channel].count, .add = add_features, .context = self};
  TRY(MEMORY_NEW(NULL, &self->weights[channel], rows.columns, "the weights of a tensor model"));
  if (data->held_out != NULL)
    TRY(MEMORY_NEW(NULL, &self->trial[channel], rows.columns, "the weights of a tensor model"));
  return equivariant_solve(&self->head, data, options, channel, &rows, regularizations, self->weights[channel],
                           self->trial[channel], report);
}

/* ---- prediction ---- */

static int64_t scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows) {
  (void)state;
  return features_scratch(descriptor, n_neighbours, rows < 1 ? 1 : rows);
}

static int32_t evaluate(const void *state, const tern_descriptor *descriptor, const environment *environment,
                        int64_t rows, void *memory, double *tensor) {
  const equivariant_ridge *self = state;
  const equivariant_head *head = &self->head;
  const double *values;
  double spherical[TENSOR_MOST];
  TRY(equivariant_values(descriptor, environment, rows, memory, &values));
  equivariant_start(head, environment->center_species, spherical);
  for (int32_t c = 0; c < head->basis.n_channels; c++) {
    const int64_t count = head->columns[c].count; /* 0 when it is not active */
    for (int32_t m = 0; m < 2 * head->columns[c].lambda + 1; m++)
      for (int64_t k = 0; k < count; k++)
        spherical[head->basis.channels[c].first + m] +=
            self->weights[c][environment->center_species * count + k] * values[head->columns[c].columns[m * count + k]];
  }
  equivariant_to_cartesian(&head->basis, spherical, tensor);
  return TERN_SUCCESS;
}

static void withhold(void *state, bool on) {
  equivariant_ridge *self = state;
  for (int32_t c = 0; self->withheld != on && c < self->head.basis.n_channels; c++) {
    double *other = self->trial[c];
    if (other == NULL)
      continue;
    self->trial[c] = self->weights[c];
    self->weights[c] = other;
  }
  self->withheld = on;
}

static int32_t order(const void *state) { return ((const equivariant_ridge *)state)->head.basis.order; }

/* ---- files ---- */

static int32_t store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const equivariant_ridge *self = state;
  TRY(equivariant_store(&self->head, capacity, tensors, count));
  for (int32_t c = 0; c < self->head.basis.n_channels; c++) {
    if (!self->head.active[c])
      continue;
    if (*count == capacity)
      return error_set(TERN_ERROR_INTERNAL, "a ridge model of a tensor stores more tensors than there is room for");
    tensor *tensor = &tensors[(*count)++];
    *tensor = (struct tensor){.type = TENSOR_FLOAT64,
                              .rank = 2,
                              .shape = {self->head.n_species, self->head.columns[c].count},
                              .data = self->weights[c]};
    text_format(tensor->name, sizeof tensor->name, "ridge.weights.%d", c);
  }
  return TERN_SUCCESS;
}

static int32_t restore_weights(void *state, const tern_descriptor *descriptor, const safetensors_file *file) {
  equivariant_ridge *self = state;
  char name[32];
  const tensor *found;
  (void)descriptor;
  for (int32_t c = 0; c < self->head.basis.n_channels; c++) {
    const int64_t shape[2] = {self->head.n_species, self->head.columns[c].count};
    if (!self->head.active[c])
      continue;
    text_format(name, sizeof name, "ridge.weights.%d", c);
    TRY(safetensors_get_finite(file, name, 2, shape, &found));
    TRY(MEMORY_NEW(NULL, &self->weights[c], shape[0] * shape[1], "the weights of a tensor model"));
    memcpy(self->weights[c], found->data, (size_t)(shape[0] * shape[1]) * sizeof(double));
  }
  return TERN_SUCCESS;
}

/* ---- the kind ---- */

static const equivariant_form form = {
    .size = sizeof(equivariant_ridge),
    .fit_channel = fit_channel,
    .restore = restore_weights,
    .destroy = destroy,
};

static int32_t fit(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                   const tern_options *options, text *report) {
  return equivariant_fit(&form, state, run, descriptor, dataset, options, report);
}

static int32_t restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  return equivariant_restore(&form, state, descriptor, file);
}

const model_kind equivariant_ridge_kind = {
    .name = "ridge",
    .descriptor = "correlations",
    .meaning = "Linear in the equivariant features of each atom, fitted by regularized least squares",
    .fit = fit,
    .destroy = destroy,
    .scratch = scratch,
    .tensor = evaluate,
    .order = order,
    .withhold = withhold,
    .store = store,
    .restore = restore,
};
