/* SPDX-License-Identifier: BSD-3-Clause */
#include "descriptor/descriptor.h"

#include <string.h>

#include "api/bodies.h"
#include "api/check.h"
#include "core/error.h"
#include "model/learned.h"

int32_t api_descriptor_new(tern_descriptor **descriptor, const char *kind, const tern_options *options) {
  if (strcmp(kind, learned_kind.name) == 0)
    return learned_new_from_options(descriptor, options);
  return descriptor_new(descriptor, kind, options);
}

int32_t api_descriptor_from_model(tern_descriptor **descriptor, const tern_model *model) {
  return learned_new(descriptor, model);
}

int32_t api_descriptor_free(tern_descriptor *descriptor) {
  descriptor_free(descriptor);
  return TERN_SUCCESS;
}

int32_t api_descriptor_fit(tern_descriptor *descriptor, const tern_dataset *dataset, tern_progress progress,
                           void *context) {
  run run;
  TRY(run_init(&run, descriptor->options, progress, context));
  return descriptor_fit(descriptor, &run, dataset);
}

int32_t api_descriptor_save(const tern_descriptor *descriptor, const char *path) {
  return descriptor_save(descriptor, path);
}

int32_t api_descriptor_load(tern_descriptor **descriptor, const char *path) {
  return descriptor_load(descriptor, path, &learned_kind);
}

static int32_t descriptor_give(const tern_descriptor *descriptor, int32_t (*tell)(const tern_descriptor *, text *),
                               char *buffer, int64_t capacity, int64_t *length) {
  text json = {0};
  const int32_t status = tell(descriptor, &json);
  if (status == TERN_SUCCESS)
    return text_give(&json, buffer, capacity, length);
  text_free(&json);
  return status;
}

int32_t api_descriptor_info(const tern_descriptor *descriptor, char *buffer, int64_t capacity, int64_t *length) {
  return descriptor_give(descriptor, descriptor_info, buffer, capacity, length);
}

int32_t api_descriptor_labels(const tern_descriptor *descriptor, char *buffer, int64_t capacity, int64_t *length) {
  return descriptor_give(descriptor, descriptor_labels, buffer, capacity, length);
}

int32_t api_descriptor_shape(const tern_descriptor *descriptor, const tern_system *system, int64_t *rows,
                             int64_t *features) {
  run run;
  int64_t n_rows, n_features;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  TRY(descriptor_shape(descriptor, &run, system, &n_rows, &n_features));
  if (rows)
    *rows = n_rows;
  if (features)
    *features = n_features;
  return TERN_SUCCESS;
}

int32_t api_descriptor_index_size(const tern_descriptor *descriptor, int64_t *index_size) {
  *index_size = descriptor->index_size;
  return TERN_SUCCESS;
}

int32_t api_descriptor_rows(const tern_descriptor *descriptor, const tern_system *system, int64_t *indices) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_rows(descriptor, &run, system, indices);
}

int32_t api_descriptor_compute(const tern_descriptor *descriptor, const tern_system *system, double *values) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_compute(descriptor, &run, system, values);
}

int32_t api_descriptor_pullback(const tern_descriptor *descriptor, const tern_system *system, const double *weights,
                                double *position_gradient, double *strain_gradient) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_pullback(descriptor, &run, system, weights, position_gradient, strain_gradient);
}

int32_t api_descriptor_pushforward(const tern_descriptor *descriptor, const tern_system *system,
                                   const double *position_direction, const double *strain_direction,
                                   double *derivative) {
  run run;
  const int64_t shape[] = {system->n_atoms, 3};
  TRY(check_numbers((check_place){"tern_descriptor_pushforward", "position_direction"}, position_direction, 2, shape));
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_pushforward(descriptor, &run, system, position_direction, strain_direction, derivative);
}

int32_t api_descriptor_jacobian_shape(const tern_descriptor *descriptor, const tern_system *system, int64_t *blocks) {
  run run;
  int64_t n_blocks;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  TRY(descriptor_jacobian_shape(descriptor, &run, system, &n_blocks));
  *blocks = n_blocks;
  return TERN_SUCCESS;
}

int32_t api_descriptor_jacobian(const tern_descriptor *descriptor, const tern_system *system, int64_t *indices,
                                double *values, double *strain) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_jacobian(descriptor, &run, system, indices, values, strain);
}

int32_t api_descriptor_weights(const tern_descriptor *descriptor, const tern_system *system, double *weights) {
  return api_descriptor_weights_range(descriptor, system, 0, descriptor_count_centers(descriptor, system), weights);
}

int32_t api_descriptor_weights_pullback(const tern_descriptor *descriptor, const tern_system *system,
                                        const double *slopes, double *position_gradient, double *strain_gradient) {
  return api_descriptor_weights_pullback_range(descriptor, system, 0, descriptor_count_centers(descriptor, system),
                                               slopes, position_gradient, strain_gradient);
}

/* ---- ranges of centres ---- */

int32_t api_descriptor_centers(const tern_descriptor *descriptor, const tern_system *system, int64_t *n_centers) {
  *n_centers = descriptor_count_centers(descriptor, system);
  return TERN_SUCCESS;
}

int32_t api_descriptor_shape_range(const tern_descriptor *descriptor, const tern_system *system, int64_t first_center,
                                   int64_t n_centers, int64_t *rows, int64_t *features, int64_t *blocks) {
  run run;
  const center_range range = {first_center, n_centers};
  int64_t n_rows, n_features, n_blocks = 0;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  TRY(descriptor_shape_range(descriptor, &run, system, range, &n_rows, &n_features));
  if (blocks)
    TRY(descriptor_jacobian_shape_range(descriptor, &run, system, range, &n_blocks));
  if (rows)
    *rows = n_rows;
  if (features)
    *features = n_features;
  if (blocks)
    *blocks = n_blocks;
  return TERN_SUCCESS;
}

int32_t api_descriptor_rows_range(const tern_descriptor *descriptor, const tern_system *system, int64_t first_center,
                                  int64_t n_centers, int64_t *indices) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_rows_range(descriptor, &run, system, (center_range){first_center, n_centers}, indices);
}

int32_t api_descriptor_compute_range(const tern_descriptor *descriptor, const tern_system *system,
                                     int64_t first_center, int64_t n_centers, double *values) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_compute_range(descriptor, &run, system, (center_range){first_center, n_centers}, values);
}

int32_t api_descriptor_pullback_range(const tern_descriptor *descriptor, const tern_system *system,
                                      int64_t first_center, int64_t n_centers, const double *weights,
                                      double *position_gradient, double *strain_gradient) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_pullback_range(descriptor, &run, system, (center_range){first_center, n_centers}, weights,
                                   position_gradient, strain_gradient);
}

int32_t api_descriptor_pushforward_range(const tern_descriptor *descriptor, const tern_system *system,
                                         int64_t first_center, int64_t n_centers, const double *position_direction,
                                         const double *strain_direction, double *derivative) {
  run run;
  const int64_t shape[] = {system->n_atoms, 3};
  TRY(check_numbers((check_place){"tern_descriptor_pushforward_range", "position_direction"}, position_direction, 2,
                    shape));
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_pushforward_range(descriptor, &run, system, (center_range){first_center, n_centers},
                                      position_direction, strain_direction, derivative);
}

int32_t api_descriptor_jacobian_range(const tern_descriptor *descriptor, const tern_system *system,
                                      int64_t first_center, int64_t n_centers, int64_t *indices, double *values,
                                      double *strain) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_jacobian_range(descriptor, &run, system, (center_range){first_center, n_centers}, indices, values,
                                   strain);
}

int32_t api_descriptor_weights_range(const tern_descriptor *descriptor, const tern_system *system,
                                     int64_t first_center, int64_t n_centers, double *weights) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_weights_range(descriptor, &run, system, (center_range){first_center, n_centers}, weights);
}

int32_t api_descriptor_weights_pullback_range(const tern_descriptor *descriptor, const tern_system *system,
                                              int64_t first_center, int64_t n_centers, const double *slopes,
                                              double *position_gradient, double *strain_gradient) {
  run run;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  return descriptor_weights_pullback_range(descriptor, &run, system, (center_range){first_center, n_centers}, slopes,
                                           position_gradient, strain_gradient);
}

int32_t api_descriptor_write(const tern_descriptor *descriptor, const tern_dataset *dataset, const char *path,
                             tern_progress progress, void *context) {
  run run;
  TRY(run_init(&run, descriptor->options, progress, context));
  return descriptor_write(descriptor, &run, dataset, path);
}
