/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/model.h"

#include <string.h>

#include "api/bodies.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/shortest.h"
#include "core/text.h"
#include "model/vectors.h"

int32_t api_model_fit(tern_model **model, const char *kind, const tern_dataset *dataset, const tern_options *options,
                      tern_progress progress, void *context) {
  run run;
  TRY(run_init(&run, options, progress, context));
  return model_fit(model, kind, &run, dataset, options);
}

int32_t api_model_free(tern_model *model) {
  model_free(model);
  return TERN_SUCCESS;
}

int32_t api_model_save(const tern_model *model, const char *path) { return model_save(model, path); }

int32_t api_model_load(tern_model **model, const char *path) { return model_load(model, path); }

int32_t api_model_info(const tern_model *model, char *buffer, int64_t capacity, int64_t *length) {
  text json = {0};
  const int32_t status = model_info(model, &json);
  if (status == TERN_SUCCESS)
    return text_give(&json, buffer, capacity, length);
  text_free(&json);
  return status;
}

int32_t api_model_predict(const tern_model *model, const tern_system *system, double *energy, double *forces,
                          double *virial) {
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  return model_predict(model, &run, system, energy, forces, virial, NULL, NULL);
}

int32_t api_model_predict_atoms(const tern_model *model, const tern_system *system, double *energies, double *virials) {
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  return model_predict(model, &run, system, NULL, NULL, NULL, energies, virials);
}

int32_t api_model_predict_uncertainty(const tern_model *model, const tern_system *system, double *deviation,
                                      double *scores) {
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  return model_predict_uncertainty(model, &run, system, deviation, scores);
}

int32_t api_model_distance_ratios(const tern_model *model, const tern_system *system, double *ratios) {
  double *found = NULL;
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  TRY(model_check_species(model, system));
  TRY(MEMORY_NEW(&run, &found, system->n_owned, "distances of the neighbours"));
  const int32_t status = shortest_ratios(model, &run, system, found);
  if (status == TERN_SUCCESS && system->n_owned > 0)
    memcpy(ratios, found, (size_t)system->n_owned * sizeof(double));
  memory_free(&run, found);
  return status;
}

int32_t api_model_target(const tern_model *model, char *buffer, int64_t capacity, int64_t *length) {
  int32_t order;
  return text_copy(model_target(model, &order), buffer, capacity, length);
}

int32_t api_model_vectors_shape(const tern_model *model, const tern_system *system, int64_t *n_centers,
                                int64_t *width) {
  int64_t centers, numbers;
  TRY(vectors_shape(model, system, &centers, &numbers));
  if (n_centers != NULL)
    *n_centers = centers;
  if (width != NULL)
    *width = numbers;
  return TERN_SUCCESS;
}

int32_t api_model_predict_vectors(const tern_model *model, const tern_system *system, int64_t *centers,
                                  double *values) {
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  return vectors_predict(model, &run, system, centers, values);
}

int32_t api_model_target_order(const tern_model *model, int32_t *order) {
  model_target(model, order);
  return TERN_SUCCESS;
}

int32_t api_model_predict_tensor(const tern_model *model, const tern_system *system, double *values) {
  run run;
  TRY(run_init(&run, model->options, NULL, NULL));
  return model_predict_tensor(model, &run, system, values);
}
