/* SPDX-License-Identifier: BSD-3-Clause */
/* The outputs of a model's parts for the atoms of one system, side by side: the numbers of which the energy is a linear
   function. Many of them are projected on fewer. */
#ifndef TERNION_MODEL_OUTPUTS_H
#define TERNION_MODEL_OUTPUTS_H

#include "model/model.h"

enum { OUTPUTS_MOST = 2048 }; /* more are projected on so many */

/* Numbers of all parts together; 0: no part has any. */
int64_t outputs_width(const tern_model *model);
/* What is left of them: the width itself, or OUTPUTS_MOST. */
int64_t outputs_size(int64_t width);

/* values [size] from raw [width]. */
void outputs_project(int64_t width, const double *raw, int64_t size, double *values);
/* projected [size][width]: the projection of each column of lower [width][width]. */
void outputs_project_columns(int64_t width, const double *lower, int64_t size, double *projected);

/* The environments of a system for every part; read by any number of threads. */
typedef struct outputs {
  const tern_model *model;
  run *run;
  int64_t width, size;
  environments environments[MODEL_MOST_PARTS];
  int64_t *index[MODEL_MOST_PARTS]; /* [n_owned] number of the atom's environment; -1: the part does not describe it */
  int64_t scratch_bytes, n_built;
} outputs;

/* One thread's arrays. */
typedef struct outputs_workspace {
  double *raw; /* [width] */
  void *scratch;
} outputs_workspace;

int32_t outputs_new(outputs *outputs, const tern_model *model, run *run, const tern_system *system);
void outputs_free(outputs *outputs);
int32_t outputs_workspace_new(outputs_workspace *space, const outputs *outputs);
void outputs_workspace_free(outputs_workspace *space, const outputs *outputs);
/* values [size] of one owned atom, zero where no part describes it. */
int32_t outputs_of_atom(const outputs *outputs, outputs_workspace *space, int64_t atom, double *values);

#endif
