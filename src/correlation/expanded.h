/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlations with all their columns, or those that a selection keeps: what the kind `correlations` is without
   `components`. */
#ifndef TERNION_CORRELATION_EXPANDED_H
#define TERNION_CORRELATION_EXPANDED_H

#include "correlation/channels.h"
#include "correlation/plan.h"

typedef struct expanded {
  tern_options *options; /* a copy */
  density_basis *basis;
  channels channels;
  int32_t *species; /* atomic numbers */
  correlation_plan *plan;
  bool fitted;
  int64_t wanted;    /* by a selection; 0: all */
  int64_t *selected; /* [wanted] rows of the whole plan, ascending */
} expanded;

extern const descriptor_kind expanded_kind;

bool expanded_fitted(const void *state);
int32_t expanded_fit(void *state, run *run, int64_t n_environments, const environment *environments);
int32_t expanded_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
int32_t expanded_restore(void *state, const safetensors_file *file);

#endif
