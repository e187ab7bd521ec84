/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans: made of all coupling schemes, rid of what vanishes, arranged in memory and in columns. */
#include "correlation/plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static void free_tables(correlation_plan *plan) {
  for (int32_t t = 0; t < plan->n_tables; t++)
    memory_free(NULL, plan->tables[t]);
  memory_free(NULL, plan->tables);
  plan->tables = NULL;
  plan->n_tables = 0;
}

void correlation_plan_free(correlation_plan *plan) {
  if (plan == NULL)
    return;
  for (int32_t c = 0; c < plan->n_couplings; c++) {
    memory_free(NULL, plan->couplings[c].first);
    memory_free(NULL, plan->couplings[c].m);
    memory_free(NULL, plan->couplings[c].value);
  }
  free_tables(plan);
  memory_free(NULL, plan->couplings);
  memory_free(NULL, plan->blocks);
  memory_free(NULL, plan->segments);
  memory_free(NULL, plan->shown);
  memory_free(NULL, plan->kept);
  memory_free(NULL, plan->outputs);
  memory_free(NULL, plan);
}

/* ---- arrangement ---- */

static bool is_output(const correlation_plan *plan, const correlation_block *block) {
  const correlation_shape *shape = &plan->shape;
  return block->n_shown > 0 && block->order >= shape->nu_min && block->lambda <= shape->lambda_max &&
         (block->sigma > 0 || shape->both_parities);
}

static int compare_integers(int32_t a, int32_t b) { return a < b ? -1 : a > b; }

/* Orders, degrees, sigma = +1 first, then the coupling schemes. */
static int compare_outputs(const void *first, const void *second) {
  const correlation_block *a = *(const correlation_block *const *)first;
  const correlation_block *b = *(const correlation_block *const *)second;
  int found = compare_integers(a->order, b->order);
  found = found ? found : compare_integers(a->lambda, b->lambda);
  found = found ? found : compare_integers(b->sigma, a->sigma);
  for (int32_t k = 0; k < a->order && !found; k++)
    found = compare_integers(a->l[k], b->l[k]);
  for (int32_t k = 0; k < a->order && !found; k++)
    found = compare_integers(a->path[k], b->path[k]);
  return found;
}

static int compare_kept(const void *first, const void *second) {
  const correlation_block *a = *(const correlation_block *const *)first;
  const correlation_block *b = *(const correlation_block *const *)second;
  int found = compare_integers(a->order, b->order);
  found = found ? found : compare_integers(a->coupling, b->coupling);
  return found ? found : compare_integers(a < b ? -1 : a > b, 0);
}

/* The blocks that `chosen` marks, sorted, as *list. */
static int32_t list_blocks(const correlation_plan *plan, const unsigned char *chosen,
                           int (*compare)(const void *, const void *), int32_t **list, int32_t *count) {
  const correlation_block **sorted = NULL;
  *count = 0;
  TRY(MEMORY_NEW(NULL, &sorted, plan->n_blocks, "coupling schemes"));
  for (int32_t b = 0; b < plan->n_blocks; b++)
    if (chosen[b])
      sorted[(*count)++] = &plan->blocks[b];
  qsort(sorted, (size_t)*count, sizeof *sorted, compare);
  memory_free(NULL, *list);
  *list = NULL;
  const int32_t status = MEMORY_NEW(NULL, list, *count, "coupling schemes");
  for (int32_t k = 0; status == TERN_SUCCESS && k < *count; k++)
    (*list)[k] = (int32_t)(sorted[k] - plan->blocks);
  memory_free(NULL, sorted);
  return status;
}

/* Everything that is a source is kept, the density first. */
static int32_t arrange_kept(correlation_plan *plan, unsigned char *chosen) {
  for (int32_t b = plan->shape.l_max + 1; b < plan->n_blocks; b++)
    chosen[plan->blocks[b].source] = 1;
  memset(chosen, 0, (size_t)plan->shape.l_max + 1);
  TRY(list_blocks(plan, chosen, compare_kept, &plan->kept, &plan->n_kept));
  plan->size = (int64_t)(plan->shape.l_max + 1) * (plan->shape.l_max + 1) * plan->channels;
  plan->tile = plan->n_weights = 0;
  for (int32_t b = 0; b < plan->n_blocks; b++) {
    correlation_block *block = &plan->blocks[b];
    const int64_t width = 2 * block->lambda + 1;
    block->stride = (block->n_rows + 2 * KERNEL_BLOCK - 2) / KERNEL_BLOCK * KERNEL_BLOCK;
    block->place = -1;
    if (block->order == 1) {
      block->stride = plan->channels;
      block->place = (int64_t)block->lambda * block->lambda * plan->channels;
      continue;
    }
    const int64_t weights = width * (2 * plan->blocks[block->source].lambda + 1) * plan->channels;
    plan->n_weights = weights > plan->n_weights ? weights : plan->n_weights;
    if (!chosen[b] && width * block->stride > plan->tile)
      plan->tile = width * block->stride;
  }
  for (int32_t k = 0; k < plan->n_kept; k++) {
    correlation_block *block = &plan->blocks[plan->kept[k]];
    block->place = plan->size;
    plan->size += (2 * block->lambda + 1) * block->stride;
  }
  return TERN_SUCCESS;
}

static int32_t arrange_columns(correlation_plan *plan, unsigned char *chosen) {
  for (int32_t b = 0; b < plan->n_blocks; b++) {
    chosen[b] = is_output(plan, &plan->blocks[b]);
    plan->blocks[b].column = -1;
  }
  TRY(list_blocks(plan, chosen, compare_outputs, &plan->outputs, &plan->n_outputs));
  plan->n_columns = 0;
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    correlation_block *block = &plan->blocks[plan->outputs[k]];
    block->column = plan->n_columns;
    plan->n_columns += (2 * block->lambda + 1) * block->n_shown;
  }
  return TERN_SUCCESS;
}

/* ---- factors ---- */

const int64_t *correlation_plan_shown(const correlation_plan *plan, const correlation_block *block) {
  return block->first_shown < 0 ? NULL : plan->shown + block->first_shown;
}

int64_t correlation_plan_shown_row(const correlation_plan *plan, const correlation_block *block, int64_t index) {
  const int64_t *shown = correlation_plan_shown(plan, block);
  return shown ? shown[index] : index;
}

/* Which neighbouring degrees are equal: blocks of one pattern have the same factors, unless rows are left out. */
static int32_t pattern_of(const correlation_block *block) {
  int32_t pattern = 1 << (block->order - 1);
  for (int32_t k = 1; k < block->order; k++)
    pattern |= (block->l[k] == block->l[k - 1]) << (k - 1);
  return pattern;
}

/* sqrt(order! / repeats), padded. */
static int32_t new_table(correlation_plan *plan, const correlation_block *block, const double *repeats) {
  double *table = NULL, factorial = 1;
  for (int32_t k = 2; k <= block->order; k++)
    factorial *= k;
  TRY(MEMORY_NEW(NULL, &table, block->n_shown + KERNEL_BLOCK, "factors of columns"));
  for (int64_t k = 0; k < block->n_shown; k++)
    table[k] = sqrt(factorial / repeats[correlation_plan_shown_row(plan, block, k)]);
  plan->tables[plan->n_tables++] = table;
  return TERN_SUCCESS;
}

static bool same_factors(const correlation_block *a, const double *a_repeats, const correlation_block *b,
                         const double *b_repeats) {
  return a->first_shown < 0 && b->first_shown < 0 && a->n_rows == b->n_rows &&
         memcmp(a_repeats, b_repeats, (size_t)a->n_rows * sizeof(double)) == 0;
}

static int32_t share_tables(correlation_plan *plan, const int64_t *first, const double *repeats) {
  int32_t last[1 << CORRELATION_MOST_ORDER];
  memset(last, -1, sizeof last);
  free_tables(plan);
  TRY(MEMORY_NEW(NULL, &plan->tables, plan->n_outputs, "factors of columns"));
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const int32_t b = plan->outputs[k];
    correlation_block *block = &plan->blocks[b];
    int32_t *before = &last[pattern_of(block)];
    if (*before >= 0 && same_factors(block, repeats + first[b], &plan->blocks[*before], repeats + first[*before])) {
      block->factors = plan->blocks[*before].factors;
      continue;
    }
    TRY(new_table(plan, block, repeats + first[b]));
    block->factors = plan->tables[plan->n_tables - 1];
    *before = b;
  }
  return TERN_SUCCESS;
}

static int32_t arrange_factors(correlation_plan *plan) {
  int64_t *first = NULL;
  double *repeats = NULL;
  TRY(MEMORY_NEW(NULL, &first, plan->n_blocks + 1, "rows of correlations"));
  correlation_plan_first_rows(plan, first);
  int32_t status = MEMORY_NEW(NULL, &repeats, first[plan->n_blocks], "rows of correlations");
  if (status == TERN_SUCCESS)
    status = correlation_plan_repeats(plan, first, repeats);
  if (status == TERN_SUCCESS)
    status = share_tables(plan, first, repeats);
  memory_free(NULL, first);
  memory_free(NULL, repeats);
  return status;
}

int32_t correlation_plan_arrange(correlation_plan *plan) {
  unsigned char *chosen = NULL;
  TRY(MEMORY_NEW(NULL, &chosen, plan->n_blocks, "coupling schemes"));
  int32_t status = arrange_kept(plan, chosen);
  if (status == TERN_SUCCESS)
    status = arrange_columns(plan, chosen);
  memory_free(NULL, chosen);
  return status == TERN_SUCCESS ? arrange_factors(plan) : status;
}

/* ---- selection ---- */

int64_t correlation_plan_rows(const correlation_plan *plan) {
  int64_t rows = 0;
  for (int32_t k = 0; k < plan->n_outputs; k++)
    rows += plan->blocks[plan->outputs[k]].n_shown;
  return rows;
}

/* need [rows of all blocks] from wanted [output rows]. */
static int32_t select_rows(correlation_plan *plan, const unsigned char *wanted, const int64_t *first) {
  unsigned char *need = NULL;
  TRY(MEMORY_NEW(NULL, &need, first[plan->n_blocks], "selection of columns"));
  for (int32_t k = 0; k < plan->n_outputs; k++) {
    const correlation_block *block = &plan->blocks[plan->outputs[k]];
    for (int64_t i = 0; i < block->n_shown; i++)
      if (*wanted++)
        need[first[plan->outputs[k]] + correlation_plan_shown_row(plan, block, i)] = CORRELATION_SHOWN;
  }
  const int32_t status = correlation_plan_keep(plan, need);
  memory_free(NULL, need);
  return status == TERN_SUCCESS ? correlation_plan_arrange(plan) : status;
}

int32_t correlation_plan_select(correlation_plan *plan, const unsigned char *wanted) {
  int64_t *first = NULL;
  TRY(MEMORY_NEW(NULL, &first, plan->n_blocks + 1, "selection of columns"));
  correlation_plan_first_rows(plan, first);
  const int32_t status = select_rows(plan, wanted, first);
  memory_free(NULL, first);
  return status;
}

/* ---- what a column is ---- */

void correlation_plan_column(const correlation_plan *plan, int64_t column, int32_t *block, int64_t *row, int32_t *m) {
  int32_t low = 0, high = plan->n_outputs - 1;
  while (low < high) {
    const int32_t middle = (low + high + 1) / 2;
    if (plan->blocks[plan->outputs[middle]].column <= column)
      low = middle;
    else
      high = middle - 1;
  }
  const correlation_block *found = &plan->blocks[plan->outputs[low]];
  const int64_t within = column - found->column, width = 2 * found->lambda + 1;
  *block = plan->outputs[low];
  *row = correlation_plan_shown_row(plan, found, within / width);
  *m = (int32_t)(within % width) - found->lambda;
}

void correlation_plan_channels(const correlation_plan *plan, int32_t block, int64_t row, int64_t *channels) {
  for (const correlation_block *b = &plan->blocks[block]; b->order > 1; b = &plan->blocks[b->source]) {
    const kernel_segment *segment = plan->segments + b->first_segment;
    for (; row >= segment->count; segment++)
      row -= segment->count;
    channels[b->order - 1] = segment->channel;
    row += segment->start;
  }
  channels[0] = row;
}
