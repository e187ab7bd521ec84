/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/fit_rows.h"

#include <stddef.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"

typedef struct rows_work {
  const void *state;
  fit_row make;
  const environment *environments;
  char *scratch; /* [threads][stride] */
  int64_t stride, width;
  double *rows;
} rows_work;

static int32_t make_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const rows_work *work = context;
  for (int64_t e = begin; e < end; e++)
    TRY(work->make(work->state, &work->environments[e], work->scratch + thread * work->stride,
                   work->rows + e * work->width));
  return TERN_SUCCESS;
}

int32_t fit_rows(run *run, const descriptor_kind *kind, const void *state, fit_row make, int64_t n_environments,
                 const environment *environments, int64_t width, double **rows) {
  int64_t most = 0;
  for (int64_t e = 0; e < n_environments; e++)
    most = environments[e].n_neighbours > most ? environments[e].n_neighbours : most;
  const int64_t stride = (kind->scratch(state, most) + 63) / 64 * 64;
  rows_work work = {state, make, environments, NULL, stride, width, NULL};
  TRY(MEMORY_NEW(run, &work.rows, n_environments * width, "values of the environments of a fit"));
  int32_t status = memory_new(run, (void **)&work.scratch, run->threads, stride, "scratch of a descriptor");
  if (status == TERN_SUCCESS)
    status = threads_for(run, n_environments, 1, make_part, &work);
  memory_free(run, work.scratch);
  if (status == TERN_SUCCESS)
    *rows = work.rows;
  else
    memory_free(run, work.rows);
  return status;
}
