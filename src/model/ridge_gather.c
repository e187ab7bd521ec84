/* SPDX-License-Identifier: BSD-3-Clause */
/* All rows of a data set, streamed into linear problems by several threads. */
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/ridge_rows.h"

/* One thread's share of the structures, and the problems that it streams them into. */
typedef struct share {
  run run;
  int64_t begin, end, peak;
  least_squares problems[2];
} share;

typedef struct gathering {
  const ridge_data *data;
  run *run;
  int64_t n_shares, block;
  share *shares;
  _Atomic int64_t done;
  _Atomic int32_t stopped;
} gathering;

static int32_t gather_frame(gathering *gathering, share *share, ridge_workspace *space, int64_t index) {
  const unsigned char *part = gathering->data->part;
  int64_t count;
  TRY(ridge_rows_write(space, index, &count));
  for (int64_t k = 0; k < count * (gathering->data->columns + 1); k++)
    if (!isfinite(space->rows[k]))
      return dataset_name_failure(gathering->data->dataset, index,
                                  error_set(TERN_ERROR_NUMERICAL, "features or their derivatives are not finite"));
  return least_squares_add(&share->problems[part == NULL ? 0 : part[index]], count, space->rows);
}

static int32_t gather_share(void *context, int64_t begin, int64_t end, int32_t thread) {
  gathering *gathering = context;
  int32_t status = TERN_SUCCESS;
  for (int64_t item = begin; status == TERN_SUCCESS && item < end; item++) {
    share *share = &gathering->shares[item];
    ridge_workspace space = {.run = &share->run, .data = gathering->data};
    for (int64_t index = share->begin; status == TERN_SUCCESS && index < share->end && !gathering->stopped; index++) {
      status = gather_frame(gathering, share, &space, index);
      const int64_t done = ++gathering->done;
      if (status == TERN_SUCCESS && thread == 0)
        status = run_report(gathering->run, "rows", done, gathering->data->dataset->size, -1);
    }
    ridge_workspace_free(&space);
  }
  if (status != TERN_SUCCESS)
    gathering->stopped = 1;
  return status;
}

/* Contiguous shares of about equal numbers of rows. */
static void divide(gathering *gathering) {
  const tern_dataset *dataset = gathering->data->dataset;
  int64_t total = 0, rows = 0, next = 0;
  for (int64_t k = 0; k < dataset->size; k++)
    total += 1 + targets_rows(&gathering->data->targets, dataset->frames[k]);
  for (int64_t item = 0; item < gathering->n_shares; item++) {
    gathering->shares[item].begin = next;
    while (next < dataset->size &&
           (item == gathering->n_shares - 1 || rows < total * (item + 1) / gathering->n_shares)) {
      rows += 1 + targets_rows(&gathering->data->targets, dataset->frames[next]);
      next++;
    }
    gathering->shares[item].end = next;
  }
}

/* As many shares as threads and rows in a block as suit the factorization, both reduced to what the memory limit
 * allows. */
static void fit_memory(gathering *gathering, int64_t problems) {
  const int64_t columns = gathering->data->columns;
  const run *run = gathering->run;
  gathering->n_shares = run->threads < gathering->data->dataset->size ? run->threads : gathering->data->dataset->size;
  gathering->block = 4 * columns < 256 ? 256 : 4 * columns;
  while (problems * gathering->n_shares * least_squares_bytes(columns, gathering->block) > 0.5 * memory_left(run)) {
    if (gathering->block > columns && gathering->block > 64)
      gathering->block /= 2;
    else if (gathering->n_shares > 1)
      gathering->n_shares--;
    else
      break;
  }
}

/* The decomposition's arrays come later, so they are checked for now, before hours of work. */
static int32_t check_memory(const run *run, int64_t columns, double bytes) {
  const int32_t status = memory_check(run, bytes + 8.0 * 8 * (double)columns * (double)columns, "the linear fit");
  if (status != TERN_SUCCESS)
    return error_prefix(status, "%lld columns (features times species): ", (long long)columns);
  return TERN_SUCCESS;
}

static int32_t open_shares(gathering *gathering, int64_t problems) {
  run *run = gathering->run;
  const double bytes =
      problems * gathering->n_shares * least_squares_bytes(gathering->data->columns, gathering->block);
  TRY(check_memory(run, gathering->data->columns, bytes));
  TRY(MEMORY_NEW(run, &gathering->shares, gathering->n_shares, "shares of the structures"));
  for (int64_t item = 0; item < gathering->n_shares; item++) {
    share *share = &gathering->shares[item];
    for (int64_t k = 0; k < problems; k++)
      TRY(least_squares_new(run, gathering->data->columns, gathering->block, &share->problems[k]));
  }
  for (int64_t item = 0; item < gathering->n_shares; item++) {
    share *share = &gathering->shares[item];
    share->run.threads = 1;
    share->run.memory_limit = memory_share(run, gathering->n_shares);
  }
  divide(gathering);
  return TERN_SUCCESS;
}

/* The first share's problems take up the others' and are handed out. */
static int32_t merge_shares(gathering *gathering, int64_t problems, least_squares result[2]) {
  for (int64_t item = 1; item < gathering->n_shares; item++)
    for (int64_t k = 0; k < problems; k++) {
      TRY(least_squares_merge(&gathering->shares[0].problems[k], &gathering->shares[item].problems[k]));
      least_squares_free(gathering->run, &gathering->shares[item].problems[k]);
    }
  for (int64_t k = 0; k < problems; k++) {
    result[k] = gathering->shares[0].problems[k];
    gathering->shares[0].problems[k] = (least_squares){0};
  }
  return TERN_SUCCESS;
}

static void close_shares(gathering *gathering) {
  int64_t peak = 0;
  for (int64_t item = 0; gathering->shares != NULL && item < gathering->n_shares; item++) {
    for (int k = 0; k < 2; k++)
      least_squares_free(gathering->run, &gathering->shares[item].problems[k]);
    peak += gathering->shares[item].run.memory_peak;
  }
  memory_note(gathering->run, peak);
  memory_free(gathering->run, gathering->shares);
}

int32_t ridge_rows_gather(run *run, const ridge_data *data, least_squares problems[2]) {
  gathering gathering = {.data = data, .run = run};
  const int64_t n_problems = data->part == NULL ? 1 : 2;
  problems[0] = problems[1] = (least_squares){0};
  fit_memory(&gathering, n_problems);
  int32_t status = open_shares(&gathering, n_problems);
  if (status == TERN_SUCCESS)
    status = threads_for(run, gathering.n_shares, 1, gather_share, &gathering);
  if (status == TERN_SUCCESS)
    status = run_report(run, "rows", data->dataset->size, data->dataset->size, -1);
  if (status == TERN_SUCCESS)
    status = merge_shares(&gathering, n_problems, problems);
  close_shares(&gathering);
  return status;
}
