/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the linear problem behind ridge regression: what each energy, force component and virial component asks of
 * the weights. */
#ifndef TERNION_MODEL_RIDGE_ROWS_H
#define TERNION_MODEL_RIDGE_ROWS_H

#include "descriptor/descriptor.h"
#include "model/least_squares.h"
#include "model/targets.h"

/* A fit's data, as every thread sees them. */
typedef struct ridge_data {
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const unsigned char *part; /* [size] which problem a structure belongs to, 0 or 1; NULL: all to 0 */
  targets targets;
  int64_t features, columns; /* columns = species * features */
} ridge_data;

/* What one thread needs to write the rows of one structure; arrays grow with the largest seen. */
typedef struct ridge_workspace {
  run *run;
  const ridge_data *data;
  int64_t rows_size, scratch_size, values_size, jacobian_size, direction_size;
  double *rows, *values, *jacobian, *direction;
  void *scratch;
  double *energy, *forces, *virial; /* into rows; NULL when not wanted */
} ridge_workspace;

/* Writes the rows of one structure to space->rows; *count of them. A workspace begins with run and data, the rest
 * zero. */
int32_t ridge_rows_write(ridge_workspace *space, int64_t index, int64_t *count);
void ridge_workspace_free(ridge_workspace *space);

/* Streams all rows into problems[0] and, with parts, problems[1]; both are made here and freed by the caller. */
int32_t ridge_rows_gather(run *run, const ridge_data *data, least_squares problems[2]);

#endif
