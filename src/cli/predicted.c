/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame as `predict` writes it: what readers of extended XYZ know by name, and what a model says of itself. */
#include <stdlib.h>

#include "cli.h"

static int32_t fill(tern_dataset *frame, const tern_system *system, const prediction *prediction, const doubt *doubt) {
  int32_t status =
      tern_dataset_append(frame, system, &prediction->energy, prediction->forces, prediction->virial);
  if (status == TERN_SUCCESS && doubt->judged)
    status = tern_dataset_set_tensor(frame, 0, "energy_std", 0, &doubt->deviation);
  return status;
}

int32_t predicted_write(tern_writer *writer, const tern_system *system, const prediction *prediction,
                        const doubt *doubt) {
  tern_dataset *frame = NULL;
  int32_t status = tern_dataset_new(&frame);
  if (status == TERN_SUCCESS)
    status = fill(frame, system, prediction, doubt);
  if (status == TERN_SUCCESS)
    status = tern_writer_append_structure(writer, frame, 0);
  tern_dataset_free(frame);
  return status;
}
