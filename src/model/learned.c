/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/learned.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"

typedef struct learned_state learned_state;

/* ---- the model's part, which has all the answers ---- */

static const model_part *part_of(const void *state) { return &((const learned_state *)state)->model->parts[0]; }

static int64_t rows_of(const model_part *part, const environment *environment) {
  const tern_descriptor *descriptor = part->descriptor;
  return descriptor->kind->rows == NULL ? 1 : descriptor->kind->rows(descriptor->state, environment);
}

/* Pairs of tags, the centre among them. */
static int64_t most_rows(const model_part *part, int64_t n_neighbours) {
  return part->descriptor->kind->rows == NULL ? 1 : (n_neighbours + 1) * (n_neighbours + 1);
}

static int64_t learned_features(const void *state) {
  const model_part *part = part_of(state);
  return part->kind->vectors->width(part->state);
}

static int64_t learned_scratch(const void *state, int64_t n_neighbours) {
  const model_part *part = part_of(state);
  return part->kind->vectors->scratch(part->state, part->descriptor, n_neighbours, most_rows(part, n_neighbours));
}

static int32_t learned_forward(const void *state, const environment *environment, void *scratch, double *values) {
  const model_part *part = part_of(state);
  return part->kind->vectors->forward(part->state, part->descriptor, environment, rows_of(part, environment), scratch,
                                      values);
}

static int32_t learned_backward(const void *state, const environment *environment, void *scratch,
                                const double *weights, double *gradient) {
  const model_part *part = part_of(state);
  return part->kind->vectors->backward(part->state, part->descriptor, environment, rows_of(part, environment), scratch,
                                       weights, gradient);
}

static int32_t learned_pushforward(const void *state, const environment *environment, void *scratch,
                                   const double *directions, double *derivative) {
  const model_part *part = part_of(state);
  return part->kind->vectors->pushforward(part->state, part->descriptor, environment, rows_of(part, environment),
                                          scratch, directions, derivative);
}

/* A way back for each feature. */
static int32_t learned_jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  const int64_t features = learned_features(state), numbers = 3 * environment->n_neighbours;
  double *space = NULL;
  TRY(MEMORY_NEW(NULL, &space, features + numbers, "gradients of features"));
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; status == TERN_SUCCESS && k < features; k++) {
    space[k] = 1;
    status = learned_forward(state, environment, scratch, NULL);
    if (status == TERN_SUCCESS)
      status = learned_backward(state, environment, scratch, space, space + features);
    for (int64_t i = 0; status == TERN_SUCCESS && i < numbers; i++)
      jacobian[i * features + k] = space[features + i];
    space[k] = 0;
  }
  memory_free(NULL, space);
  return status;
}

static void learned_label(const void *state, int64_t column, text *label) {
  text_add(label, "{\"vectors\": ");
  text_add_json(label, ((const learned_state *)state)->model->vectors);
  text_add(label, ", \"number\": %lld, \"parity\": 1}", (long long)column);
}

/* ---- life ---- */

static int32_t learned_fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  learned_state *self = state;
  (void)options;
  TRY(MEMORY_NEW(NULL, &self->species, n_species, "species"));
  memcpy(self->species, species, (size_t)n_species * sizeof *species);
  self->n_species = n_species;
  return TERN_SUCCESS;
}

static void learned_clear(void *state) {
  learned_state *self = state;
  model_free(self->model);
  memory_free(NULL, self->bytes);
  memory_free(NULL, self->species);
}

static bool learned_fitted(const void *state) { return ((const learned_state *)state)->model != NULL; }

static int32_t learned_fit(void *state, run *run, int64_t n_environments, const environment *environments) {
  (void)state, (void)run, (void)n_environments, (void)environments;
  return error_set(TERN_ERROR_OPTION, "a descriptor 'learned' is made from a fitted model: option 'learned' names its "
                                      "file");
}

static int32_t learned_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const learned_state *self = state;
  if (capacity < 1)
    return error_set(TERN_ERROR_INTERNAL, "a learned descriptor stores 1 tensor, there is room for none");
  tensors[0] = (tensor){.name = "descriptor.model",
                        .type = TENSOR_INT32,
                        .rank = 1,
                        .shape = {self->size / (int64_t)sizeof(int32_t)},
                        .data = self->bytes};
  *count = 1;
  return TERN_SUCCESS;
}

static int32_t check_vectors(const tern_model *model) {
  if (model->vectors != NULL)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_DATA, "the model predicts energies; a descriptor is made from one that was fitted on "
                                    "vectors of atoms (option 'target')");
}

static int32_t learned_restore(void *state, const safetensors_file *file) {
  learned_state *self = state;
  const int64_t any = -1;
  const tensor *found;
  TRY(safetensors_get(file, "descriptor.model", TENSOR_INT32, 1, &any, &found));
  self->size = found->shape[0] * (int64_t)sizeof(int32_t);
  TRY(MEMORY_NEW(NULL, &self->bytes, self->size, "the model of a descriptor"));
  memcpy(self->bytes, found->data, (size_t)self->size);
  TRY(model_unpack(&self->model, self->bytes, self->size));
  TRY(check_vectors(self->model));
  const tern_descriptor *inner = self->model->parts[0].descriptor;
  if (inner->n_species != self->n_species ||
      memcmp(inner->species, self->species, (size_t)self->n_species * sizeof *self->species) != 0)
    return error_set(TERN_ERROR_FORMAT, "tensor 'descriptor.model': the species are not those of the descriptor");
  return TERN_SUCCESS;
}

const descriptor_kind learned_kind = {
    .name = "learned",
    .meaning = "What a model that was fitted on vectors of atoms predicts for each centre",
    .state_size = sizeof(learned_state),
    .fill = learned_fill,
    .clear = learned_clear,
    .features = learned_features,
    .label = learned_label,
    .scratch = learned_scratch,
    .forward = learned_forward,
    .backward = learned_backward,
    .pushforward = learned_pushforward,
    .jacobian = learned_jacobian,
    .fitted = learned_fitted,
    .fit = learned_fit,
    .store = learned_store,
    .restore = learned_restore,
};

/* ---- from a model ---- */

static tern_model *share(const tern_model *model) {
  tern_model *shared = (tern_model *)(uintptr_t)model;
  atomic_fetch_add(&shared->references, 1);
  return shared;
}

int32_t learned_new(tern_descriptor **descriptor, const tern_model *model) {
  void *made = NULL;
  TRY(check_vectors(model));
  const tern_descriptor *inner = model->parts[0].descriptor;
  TRY(kind_create(&learned_kind, &made, inner->options, inner->n_species, inner->species));
  learned_state *state = made;
  state->model = share(model);
  const int32_t status = model_pack(model, &state->bytes, &state->size);
  if (status == TERN_SUCCESS)
    return descriptor_new_like(descriptor, &learned_kind, inner, state);
  kind_destroy(&learned_kind, state);
  return status;
}

int32_t learned_new_from_options(tern_descriptor **descriptor, const tern_options *options) {
  const char *path;
  tern_model *model = NULL;
  TRY(options_text(options, "learned", &path));
  if (path[0] == '\0')
    return error_set(TERN_ERROR_OPTION, "a descriptor 'learned' needs the option 'learned': the file of a model that "
                                        "was fitted on vectors of atoms");
  TRY(model_load(&model, path));
  const int32_t status = learned_new(descriptor, model);
  model_free(model);
  return status == TERN_ERROR_DATA ? error_prefix(status, "%s: ", path) : status;
}

void learned_view_open(learned_view *view, const tern_model *model) {
  view->descriptor = *model->parts[0].descriptor;
  view->descriptor.kind = &learned_kind;
  view->descriptor.index_size = 2;
  view->descriptor.state = &view->state;
  view->state = (learned_state){.model = (tern_model *)(uintptr_t)model};
}
