/* SPDX-License-Identifier: BSD-3-Clause */
/* A ridge model, and what its linear problem says of it. */
#ifndef TERNION_MODEL_RIDGE_LINEAR_H
#define TERNION_MODEL_RIDGE_LINEAR_H

#include "model/model.h"
#include "model/ridge_rows.h"

typedef struct ridge {
  int64_t n_species, features;
  double *weights; /* [n_species][features] */
  double *trial;   /* those before held-out structures were added to the fit; NULL: none were */
  bool withheld;   /* the two have changed places */
  least_squares fitted; /* rows without held-out structures, as long as the fit lasts; then empty */
  double damping;       /* of them */
  targets targets;
} ridge;

extern const model_linear ridge_linear;
/* A ridge model without weights; report: its targets. */
int32_t ridge_prepare(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                      const tern_options *options, text *report);
void ridge_settle(void *state, run *run);

#endif
