/* SPDX-License-Identifier: BSD-3-Clause */
/* The fit of contracted correlations: mixing of species, contraction, selection of columns; and the files. */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/column_selection.h"
#include "correlation/contracted.h"
#include "correlation/fit_rows.h"

bool contracted_fitted(const void *state) { return ((const contracted *)state)->fitted; }

static int32_t expand(const void *state, const environment *environment, void *scratch, double *density) {
  const contracted *s = state;
  channels_gather(&s->channels, density_expand(s->basis, environment, scratch)->coefficients, density);
  return TERN_SUCCESS;
}

/* ---- selection ---- */

/* Rows that are kept; the last order drops the components that nobody needs any more. */
static int32_t keep_rows(contracted *s, run *run, const int64_t *chosen) {
  const int32_t last = s->contraction->shape.nu_max;
  bool *keep = NULL;
  TRY(MEMORY_NEW(run, &keep, s->contraction->orders[last].n_kept, "components to keep"));
  s->n_columns = 0;
  for (int64_t k = 0; k < s->wanted; k++) {
    s->rows[k] = s->rows[chosen[k]];
    const contraction_block *block = contracted_block(s, &s->rows[k]);
    s->n_columns += 2 * block->lambda + 1;
    if (s->rows[k].nu == last)
      keep[block->moments - s->contraction->orders[last].moments + s->rows[k].component] = true;
  }
  s->n_rows = s->wanted;
  const int32_t status = contraction_restrict(s->contraction, run, keep);
  memory_free(run, keep);
  for (int64_t k = 0; k < s->n_rows; k++) /* where they stand now */
    if (s->rows[k].nu == last)
      s->rows[k].component = k > 0 && s->rows[k - 1].nu == last && s->rows[k - 1].block == s->rows[k].block
                                 ? s->rows[k - 1].component + 1
                                 : 0;
  return status;
}

static int32_t select_rows(contracted *s, run *run, int64_t n_environments, const environment *environments) {
  double *values = NULL;
  int32_t *lambda = NULL;
  int64_t *chosen = NULL;
  TRY(fit_rows(run, &contracted_kind, s, contracted_kind.forward, n_environments, environments, s->n_columns, &values));
  int32_t status = MEMORY_NEW(run, &lambda, s->n_rows, "columns to select from");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &chosen, s->wanted, "selected columns");
  for (int64_t row = 0; row < s->n_rows && status == TERN_SUCCESS; row++)
    lambda[row] = contracted_block(s, &s->rows[row])->lambda;
  if (status == TERN_SUCCESS)
    status = column_selection_fit(s->options, run, s->n_rows, lambda, n_environments, values, s->wanted, chosen);
  if (status == TERN_SUCCESS)
    status = keep_rows(s, run, chosen);
  memory_free(run, values);
  memory_free(run, lambda);
  memory_free(run, chosen);
  return status;
}

int32_t contracted_fit(void *state, run *run, int64_t n_environments, const environment *environments) {
  contracted *s = state;
  double *densities = NULL;
  TRY(channels_fit(&s->channels, run, n_environments, environments));
  TRY(fit_rows(run, &contracted_kind, s, expand, n_environments, environments, s->channels.size, &densities));
  int32_t status = contraction_fit(s->contraction, run, n_environments, densities);
  memory_free(run, densities);
  if (status == TERN_SUCCESS)
    status = contracted_list_rows(s);
  if (status == TERN_SUCCESS && s->wanted > 0)
    status = select_rows(s, run, n_environments, environments);
  s->fitted = status == TERN_SUCCESS;
  return status;
}

/* ---- files ---- */

int32_t contracted_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const contracted *s = state;
  int64_t added;
  TRY(channels_store(&s->channels, capacity, tensors, count));
  TRY(contraction_store(s->contraction, capacity - *count, tensors + *count, &added));
  *count += added;
  if (s->wanted == 0)
    return TERN_SUCCESS;
  if (*count >= capacity)
    return error_set(TERN_ERROR_INTERNAL, "no place for a descriptor's tensors");
  tensors[(*count)++] = (tensor){.name = "descriptor.selected",
                                 .type = TENSOR_INT32,
                                 .rank = 2,
                                 .shape = {s->n_rows, CONTRACTED_ROW_SIZE},
                                 .data = s->rows};
  return TERN_SUCCESS;
}

static int32_t check_row(const contracted *s, int64_t index, const contracted_row *row) {
  const contraction *c = s->contraction;
  if (row->nu < s->nu_min || row->nu > c->shape.nu_max || row->block < 0 || row->block >= c->orders[row->nu].n_blocks ||
      row->label < 0 || row->component < 0 || row->component >= c->orders[row->nu].blocks[row->block].count)
    return error_set(TERN_ERROR_FORMAT, "descriptor.selected: entry %" PRId64 " names no component", index);
  return TERN_SUCCESS;
}

static int32_t restore_selected(contracted *s, const safetensors_file *file) {
  const int64_t shape[2] = {s->wanted, CONTRACTED_ROW_SIZE};
  const tensor *found;
  TRY(safetensors_get(file, "descriptor.selected", TENSOR_INT32, 2, shape, &found));
  memory_free(NULL, s->rows);
  s->rows = NULL;
  TRY(MEMORY_NEW(NULL, &s->rows, s->wanted, "columns of a descriptor"));
  memcpy(s->rows, found->data, (size_t)s->wanted * sizeof *s->rows);
  s->n_rows = s->wanted;
  s->n_columns = 0;
  for (int64_t row = 0; row < s->n_rows; row++) {
    TRY(check_row(s, row, &s->rows[row]));
    s->n_columns += 2 * contracted_block(s, &s->rows[row])->lambda + 1;
  }
  return TERN_SUCCESS;
}

int32_t contracted_restore(void *state, const safetensors_file *file) {
  contracted *s = state;
  TRY(channels_restore(&s->channels, file));
  TRY(contraction_restore(s->contraction, file));
  TRY(s->wanted > 0 ? restore_selected(s, file) : contracted_list_rows(s));
  s->fitted = true;
  return TERN_SUCCESS;
}
