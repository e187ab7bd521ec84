/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame as `predict` writes it: what readers of extended XYZ know by name, and what a model says of itself. */
#include <stdlib.h>

#include "cli.h"

/* Columns `energies` and `virials`, the latter row by row. */
static int32_t add_atoms(tern_dataset *frame, const tern_model *model, const tern_system *system, int64_t n_atoms) {
  double *values = malloc(sizeof(double) * (size_t)(10 * n_atoms + 1)), *virials = values + n_atoms;
  if (values == NULL)
    return TERN_ERROR_MEMORY;
  int32_t status = tern_model_predict_atoms(model, system, values, virials);
  if (status == TERN_SUCCESS)
    status = tern_dataset_set_vectors(frame, 0, "energies", 1, values);
  if (status == TERN_SUCCESS)
    status = tern_dataset_set_vectors(frame, 0, "virials", 9, virials);
  free(values);
  return status;
}

static int32_t add_doubt(tern_dataset *frame, const doubt *doubt) {
  const int32_t status = tern_dataset_set_tensor(frame, 0, "energy_std", 0, &doubt->deviation);
  return status == TERN_SUCCESS ? tern_dataset_set_vectors(frame, 0, "extrapolation", 1, doubt->scores) : status;
}

int32_t predicted_write(tern_writer *writer, const tern_model *model, const tern_system *system,
                        const prediction *prediction, const doubt *doubt, bool atoms) {
  tern_dataset *frame = NULL;
  int32_t status = tern_dataset_new(&frame);
  if (status == TERN_SUCCESS)
    status = tern_dataset_append(frame, system, &prediction->energy, prediction->forces, prediction->virial);
  if (status == TERN_SUCCESS && atoms && prediction->n_atoms > 0)
    status = add_atoms(frame, model, system, prediction->n_atoms);
  if (status == TERN_SUCCESS && doubt->judged && prediction->n_atoms > 0)
    status = add_doubt(frame, doubt);
  if (status == TERN_SUCCESS)
    status = tern_writer_append_structure(writer, frame, 0);
  tern_dataset_free(frame);
  return status;
}
