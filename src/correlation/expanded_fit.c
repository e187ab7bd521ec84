/* SPDX-License-Identifier: BSD-3-Clause */
/* What correlations without contraction learn: the mixing of species and which columns to keep. */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/column_selection.h"
#include "correlation/expanded.h"
#include "correlation/fit_rows.h"

bool expanded_fitted(const void *state) { return ((const expanded *)state)->fitted; }

/* Reduces the plan to the selected rows. */
static int32_t keep_rows(expanded *s) {
  unsigned char *keep = NULL;
  TRY(MEMORY_NEW(NULL, &keep, correlation_plan_rows(s->plan), "selected columns"));
  for (int64_t k = 0; k < s->wanted; k++)
    keep[s->selected[k]] = 1;
  const int32_t status = correlation_plan_select(s->plan, keep);
  memory_free(NULL, keep);
  return status;
}

static void list_degrees(const correlation_plan *plan, int32_t *lambda) {
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const correlation_block *block = &plan->blocks[plan->outputs[k]];
    for (int64_t row = 0; row < block->n_rows; row++)
      *lambda++ = block->lambda;
  }
}

static int32_t select_rows(expanded *s, run *run, int64_t n_environments, const environment *environments) {
  const int64_t n_rows = correlation_plan_rows(s->plan);
  double *values = NULL;
  int32_t *lambda = NULL;
  TRY(MEMORY_NEW(NULL, &s->selected, s->wanted, "selected columns"));
  TRY(fit_rows(run, &expanded_kind, s, expanded_kind.forward, n_environments, environments, s->plan->n_columns,
               &values));
  int32_t status = MEMORY_NEW(run, &lambda, n_rows, "columns to select from");
  if (status == TERN_SUCCESS) {
    list_degrees(s->plan, lambda);
    status = column_selection_fit(s->options, run, n_rows, lambda, n_environments, values, s->wanted, s->selected);
  }
  memory_free(run, values);
  memory_free(run, lambda);
  return status == TERN_SUCCESS ? keep_rows(s) : status;
}

int32_t expanded_fit(void *state, run *run, int64_t n_environments, const environment *environments) {
  expanded *s = state;
  TRY(channels_fit(&s->channels, run, n_environments, environments));
  if (s->wanted > 0)
    TRY(select_rows(s, run, n_environments, environments));
  s->fitted = true;
  return TERN_SUCCESS;
}

int32_t expanded_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const expanded *s = state;
  TRY(channels_store(&s->channels, capacity, tensors, count));
  if (s->wanted == 0)
    return TERN_SUCCESS;
  if (*count >= capacity)
    return error_set(TERN_ERROR_INTERNAL, "no place for a descriptor's tensors");
  tensors[(*count)++] = (tensor){
      .name = "descriptor.selected", .type = TENSOR_INT64, .rank = 1, .shape = {s->wanted}, .data = s->selected};
  return TERN_SUCCESS;
}

static int32_t restore_selected(expanded *s, const safetensors_file *file) {
  const int64_t n_rows = correlation_plan_rows(s->plan);
  const tensor *found;
  TRY(safetensors_get(file, "descriptor.selected", TENSOR_INT64, 1, &s->wanted, &found));
  const int64_t *listed = found->data;
  for (int64_t k = 0; k < s->wanted; k++)
    if (listed[k] < (k > 0 ? listed[k - 1] + 1 : 0) || listed[k] >= n_rows)
      return error_set(TERN_ERROR_FORMAT,
                       "descriptor.selected must ascend from 0 to at most %" PRId64 "; entry %" PRId64 " is %" PRId64,
                       n_rows - 1, k, listed[k]);
  TRY(MEMORY_NEW(NULL, &s->selected, s->wanted, "selected columns"));
  memcpy(s->selected, listed, (size_t)s->wanted * sizeof *listed);
  return keep_rows(s);
}

int32_t expanded_restore(void *state, const safetensors_file *file) {
  expanded *s = state;
  TRY(channels_restore(&s->channels, file));
  if (s->wanted > 0)
    TRY(restore_selected(s, file));
  s->fitted = true;
  return TERN_SUCCESS;
}
