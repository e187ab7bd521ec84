/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the blocks: which channels they stand for, which of them stay. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/plan.h"

static const kernel_segment *segments_of(const correlation_plan *plan, const correlation_block *block) {
  return plan->segments + block->first_segment;
}

static bool repeats_degree(const correlation_block *block) {
  return block->order > 1 && block->l[block->order - 1] == block->l[block->order - 2];
}

/* ends[c]: rows of a block whose last channel is at most c, none left out yet. */
static void ends_of(const correlation_plan *plan, const correlation_block *block, int64_t *ends) {
  int64_t count = 0;
  for (int64_t c = 0; c < plan->shape.n_channels; c++) {
    count += block->order == 1 ? 1 : segments_of(plan, block)[c].count;
    ends[c] = count;
  }
}

/* Items do not decrease: after an equal degree only channels up to the next one. */
static void fill_segments(correlation_plan *plan, int64_t *ends) {
  const int32_t n_channels = (int32_t)plan->shape.n_channels;
  plan->n_segments = 0;
  for (int32_t b = 0; b < plan->n_blocks; b++) {
    correlation_block *block = &plan->blocks[b];
    block->first_shown = -1;
    block->n_rows = block->n_shown = n_channels;
    if (block->order == 1)
      continue;
    const correlation_block *source = &plan->blocks[block->source];
    ends_of(plan, source, ends);
    block->n_rows = 0;
    block->first_segment = plan->n_segments;
    block->n_segments = n_channels;
    for (int32_t c = 0; c < n_channels; c++) {
      const int64_t count = repeats_degree(block) ? ends[c] : source->n_rows;
      plan->segments[plan->n_segments++] = (kernel_segment){0, count, c};
      block->n_rows += count;
    }
    block->n_shown = block->n_rows;
  }
}

int32_t correlation_plan_segments(correlation_plan *plan) {
  int64_t *ends = NULL;
  const int64_t count = (int64_t)plan->n_blocks * plan->shape.n_channels;
  TRY(MEMORY_NEW(NULL, &plan->segments, count, "runs of rows"));
  TRY(MEMORY_NEW(NULL, &ends, plan->shape.n_channels, "runs of rows"));
  fill_segments(plan, ends);
  memory_free(NULL, ends);
  return TERN_SUCCESS;
}

void correlation_plan_first_rows(const correlation_plan *plan, int64_t *first) {
  first[0] = 0;
  for (int32_t b = 0; b < plan->n_blocks; b++)
    first[b + 1] = first[b] + plan->blocks[b].n_rows;
}

/* Calls for each row of a block from order 2 on, in their order. */
typedef void (*row_visit)(void *context, int64_t row, int64_t source_row, int32_t channel);
static void each_row(const correlation_plan *plan, const correlation_block *block, row_visit visit, void *context) {
  const kernel_segment *segments = segments_of(plan, block);
  int64_t row = 0;
  for (int32_t s = 0; s < block->n_segments; s++)
    for (int64_t k = 0; k < segments[s].count; k++)
      visit(context, row++, segments[s].start + k, segments[s].channel);
}

/* ---- equal items ---- */

typedef struct repeat_rows {
  bool same_degree;
  double *product, *source_product;
  int32_t *channel, *source_channel;
  int8_t *length, *source_length; /* of the run of equal items at the end */
} repeat_rows;

static void repeat_row(void *context, int64_t row, int64_t source, int32_t channel) {
  const repeat_rows *r = context;
  const bool again = r->same_degree && r->source_channel[source] == channel;
  r->length[row] = (int8_t)(again ? r->source_length[source] + 1 : 1);
  r->product[row] = r->source_product[source] * r->length[row];
  r->channel[row] = channel;
}

static void fill_repeats(const correlation_plan *plan, const int64_t *first, double *repeats, int32_t *channels,
                         int8_t *lengths) {
  for (int32_t b = 0; b < plan->n_blocks; b++) {
    const correlation_block *block = &plan->blocks[b];
    const int64_t to = first[b], from = block->source < 0 ? 0 : first[block->source];
    repeat_rows r = {repeats_degree(block), repeats + to, repeats + from, channels + to,
                     channels + from,       lengths + to, lengths + from};
    for (int64_t row = 0; block->order == 1 && row < block->n_rows; row++) {
      r.length[row] = 1;
      r.product[row] = 1;
      r.channel[row] = (int32_t)row;
    }
    if (block->order > 1)
      each_row(plan, block, repeat_row, &r);
  }
}

int32_t correlation_plan_repeats(const correlation_plan *plan, const int64_t *first, double *repeats) {
  const int64_t count = first[plan->n_blocks];
  int32_t *channels = NULL;
  int8_t *lengths = NULL;
  TRY(MEMORY_NEW(NULL, &channels, count, "channels of rows"));
  const int32_t status = MEMORY_NEW(NULL, &lengths, count, "channels of rows");
  if (status == TERN_SUCCESS)
    fill_repeats(plan, first, repeats, channels, lengths);
  memory_free(NULL, channels);
  memory_free(NULL, lengths);
  return status;
}

/* ---- what stays ---- */

typedef struct keep_rows {
  unsigned char *need, *source_need;
  const int64_t *number; /* of the source's rows; NULL at order 1, where all stay */
  kernel_segment *segments;
  int64_t begin, end; /* the block's segments */
} keep_rows;

static void need_row(void *context, int64_t row, int64_t source, int32_t channel) {
  const keep_rows *k = context;
  (void)channel;
  k->source_need[source] |= k->need[row] != 0;
}

static void keep_row(void *context, int64_t row, int64_t source, int32_t channel) {
  keep_rows *k = context;
  if (!k->need[row])
    return;
  const int64_t start = k->number ? k->number[source] : source;
  kernel_segment *last = k->end > k->begin ? &k->segments[k->end - 1] : NULL;
  if (last != NULL && last->channel == channel && last->start + last->count == start)
    last->count++;
  else
    k->segments[k->end++] = (kernel_segment){start, 1, channel};
}

/* Rows of a block are numbered anew; returns how many there are. */
static int64_t number_rows(const unsigned char *need, int64_t n_rows, int64_t *number) {
  int64_t count = 0;
  for (int64_t row = 0; row < n_rows; row++) {
    number[row] = count;
    count += need[row] != 0;
  }
  return count;
}

static int64_t count_rows(const unsigned char *need, int64_t n_rows, int least) {
  int64_t count = 0;
  for (int64_t row = 0; row < n_rows; row++)
    count += need[row] >= least;
  return count;
}

/* Rows of a block that must be listed, because others of it are not shown. */
static int64_t count_listed(const correlation_block *block, const unsigned char *need) {
  const int64_t shown = count_rows(need, block->n_rows, CORRELATION_SHOWN);
  return shown == (block->order > 1 ? count_rows(need, block->n_rows, 1) : block->n_rows) ? 0 : shown;
}

/* The rows of a block that are shown, listed from `begin` on unless it is all of them; returns the list's end. */
static int64_t list_shown(correlation_block *block, const unsigned char *need, int64_t n_rows, const int64_t *number,
                          int64_t begin, int64_t *list) {
  block->n_shown = count_rows(need, n_rows, CORRELATION_SHOWN);
  block->first_shown = block->n_shown == block->n_rows ? -1 : begin;
  for (int64_t row = 0; block->first_shown >= 0 && row < n_rows; row++)
    if (need[row] == CORRELATION_SHOWN)
      list[begin++] = number ? number[row] : row;
  return begin;
}

typedef struct keep_space {
  int64_t *first, *number; /* number [rows of all blocks]: where a row comes to stand in its block */
  int32_t *place;          /* [n_blocks]: where a block comes to stand */
  kernel_segment *segments;
  int64_t *shown;
} keep_space;

/* Segments of what is needed, at most one a row; blocks without rows go. */
static void keep_blocks(correlation_plan *plan, unsigned char *need, const keep_space *space) {
  int32_t n_blocks = 0;
  int64_t n_shown = 0;
  keep_rows k = {.segments = space->segments};
  for (int32_t b = 0; b < plan->n_blocks; b++) {
    correlation_block block = plan->blocks[b];
    const int64_t n_rows = block.n_rows;
    space->place[b] = n_blocks;
    if (block.order > 1) {
      k.need = need + space->first[b];
      k.number = block.order > 2 ? space->number + space->first[block.source] : NULL;
      k.begin = k.end;
      each_row(plan, &block, keep_row, &k);
      block.n_rows = number_rows(k.need, n_rows, space->number + space->first[b]);
      block.source = space->place[block.source];
      block.first_segment = k.begin;
      block.n_segments = (int32_t)(k.end - k.begin);
    }
    n_shown = list_shown(&block, need + space->first[b], n_rows,
                         block.order > 1 ? space->number + space->first[b] : NULL, n_shown, space->shown);
    plan->blocks[n_blocks] = block;
    n_blocks += block.n_rows > 0;
  }
  plan->n_blocks = n_blocks;
  plan->n_segments = k.end;
}

/* At most so many segments: one a row, and one more for each row that goes. */
static int64_t most_segments(const correlation_plan *plan, const unsigned char *need, int64_t n_rows) {
  const int64_t stay = count_rows(need, n_rows, 1), split = plan->n_segments + n_rows - stay;
  return stay < split ? stay : split;
}

static int64_t most_listed(const correlation_plan *plan, const unsigned char *need, const int64_t *first) {
  int64_t count = 0;
  for (int32_t b = 0; b < plan->n_blocks; b++)
    count += count_listed(&plan->blocks[b], need + first[b]);
  return count;
}

static int32_t keep_fill(correlation_plan *plan, unsigned char *need, keep_space *space) {
  TRY(MEMORY_NEW(NULL, &space->first, plan->n_blocks + 1, "rows that stay"));
  TRY(MEMORY_NEW(NULL, &space->place, plan->n_blocks, "rows that stay"));
  correlation_plan_first_rows(plan, space->first);
  const int64_t n_rows = space->first[plan->n_blocks];
  TRY(MEMORY_NEW(NULL, &space->number, n_rows, "rows that stay"));
  for (int32_t b = plan->n_blocks - 1; b > plan->shape.l_max; b--) {
    const correlation_block *block = &plan->blocks[b];
    keep_rows k = {.need = need + space->first[b], .source_need = need + space->first[block->source]};
    each_row(plan, block, need_row, &k);
  }
  TRY(MEMORY_NEW(NULL, &space->segments, most_segments(plan, need, n_rows), "runs of rows"));
  TRY(MEMORY_NEW(NULL, &space->shown, most_listed(plan, need, space->first), "rows of columns"));
  keep_blocks(plan, need, space);
  memory_free(NULL, plan->segments);
  plan->segments = space->segments;
  space->segments = NULL;
  memory_free(NULL, plan->shown);
  plan->shown = space->shown;
  space->shown = NULL;
  return memory_resize(NULL, (void **)&plan->segments, plan->n_segments, sizeof *plan->segments, "runs of rows");
}

int32_t correlation_plan_keep(correlation_plan *plan, unsigned char *need) {
  keep_space space = {NULL, NULL, NULL, NULL, NULL};
  const int32_t status = keep_fill(plan, need, &space);
  memory_free(NULL, space.first);
  memory_free(NULL, space.number);
  memory_free(NULL, space.place);
  memory_free(NULL, space.segments);
  memory_free(NULL, space.shown);
  return status;
}
