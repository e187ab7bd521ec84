/* SPDX-License-Identifier: BSD-3-Clause */
/* The fit, order by order: second moments of all products over environments and m, their leading axes, and the values
   of what is kept, from which the next order's products are made. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/principal.h"
#include "core/threads.h"
#include "correlation/contraction.h"

enum { FIT_CHUNK = 1 << 22 }; /* numbers of products that are made between two additions to the sums */

typedef struct fit_work {
  contraction *contraction;
  int64_t n_environments;
  const double *densities;
  const double *below; /* [n_environments][size of the order before] */
  int32_t nu;
  const contraction_block *block;
  int64_t first;  /* environment of item 0 */
  double *rows;   /* [chunk][2 lambda + 1][n_rows] */
  double *values; /* [n_environments][size of this order] */
  double *space;  /* [threads][space_size] */
  int64_t space_size;
} fit_work;

static contraction_view view_of(const fit_work *work, int64_t environment) {
  return (contraction_view){work->below + environment * work->contraction->orders[work->nu - 1].size,
                            work->densities + environment * work->contraction->density_size};
}

static int32_t make_products(void *context, int64_t begin, int64_t end, int32_t thread) {
  const fit_work *work = context;
  const int64_t size = (2 * work->block->lambda + 1) * work->block->n_rows;
  for (int64_t item = begin; item < end; item++)
    contraction_products(work->contraction, work->nu, work->block, view_of(work, work->first + item),
                         work->rows + item * size, work->space + thread * work->space_size);
  return TERN_SUCCESS;
}

static int32_t make_values(void *context, int64_t begin, int64_t end, int32_t thread) {
  const fit_work *work = context;
  const contraction_order *order = &work->contraction->orders[work->nu];
  for (int64_t item = begin; item < end; item++)
    for (int32_t b = 0; b < order->n_blocks; b++)
      contraction_evaluate(work->contraction, work->nu, &order->blocks[b], view_of(work, item),
                           work->values + item * order->size + order->blocks[b].offset,
                           work->space + thread * work->space_size);
  return TERN_SUCCESS;
}

/* Adds the products of all environments, a chunk at a time. */
static int32_t add_products(fit_work *work, run *run, int32_t which, principal *sums) {
  const contraction_order *order = &work->contraction->orders[work->nu];
  const int64_t size = (2 * work->block->lambda + 1) * work->block->n_rows;
  const int64_t room = FIT_CHUNK / size > 1 ? FIT_CHUNK / size : 1,
                chunk = room < work->n_environments ? room : work->n_environments;
  char stage[64];
  int32_t status = MEMORY_NEW(run, &work->rows, chunk * size, "products of a fit");
  snprintf(stage, sizeof stage, "order %d: second moments", (int)work->nu);
  for (work->first = 0; work->first < work->n_environments && status == TERN_SUCCESS; work->first += chunk) {
    const int64_t left = work->n_environments - work->first, count = left < chunk ? left : chunk;
    status = threads_for(run, count, 1, make_products, work);
    if (status == TERN_SUCCESS)
      status = principal_add(sums, count * (2 * work->block->lambda + 1), work->rows);
    if (status == TERN_SUCCESS)
      status = run_report(run, stage, which * work->n_environments + work->first + count,
                          order->n_blocks * work->n_environments, -1);
  }
  memory_free(run, work->rows);
  work->rows = NULL;
  return status;
}

static int32_t find_axes(fit_work *work, run *run, int32_t which, principal_axes *found) {
  const contraction_block *block = &work->contraction->orders[work->nu].blocks[which];
  const int64_t wanted = work->contraction->shape.components[work->nu];
  char what[96];
  principal sums;
  if (block->n_rows == 0 || !block->needed)
    return TERN_SUCCESS;
  work->block = block;
  snprintf(what, sizeof what, "second moments of %" PRId64 " products of order %d", block->n_rows, (int)work->nu);
  int32_t status = principal_new(run, block->n_rows, work->n_environments * (2 * block->lambda + 1), what, &sums);
  if (status != TERN_SUCCESS)
    return error_prefix(status, "too many for the memory; fewer 'components' or 'fit_environments' help: ");
  status = add_products(work, run, which, &sums);
  if (status == TERN_SUCCESS)
    status = wanted > 0 ? principal_solve(run, &sums, wanted, found) : principal_keep(run, &sums, found);
  principal_free(run, &sums);
  return status;
}

/* [count][n_rows] to [n_rows][padded]. */
static void keep_axes(contraction_order *order, const principal_axes *found) {
  double *axes = order->axes, *moments = order->moments;
  for (int32_t b = 0; b < order->n_blocks; b++) {
    const contraction_block *block = &order->blocks[b];
    for (int64_t k = 0; k < block->count; k++)
      for (int64_t row = 0; row < block->n_rows; row++)
        axes[row * block->padded + k] = found[b].axes[k * block->n_rows + row];
    for (int64_t k = 0; k < block->count; k++)
      moments[k] = found[b].moments[k];
    order->totals[b] = found[b].total;
    axes += block->n_rows * block->padded;
    moments += block->count;
  }
}

static int32_t fit_axes(fit_work *work, run *run, principal_axes *found, int64_t *counts) {
  contraction_order *order = &work->contraction->orders[work->nu];
  for (int32_t b = 0; b < order->n_blocks; b++) {
    TRY(find_axes(work, run, b, &found[b]));
    counts[b] = found[b].count;
  }
  TRY(contraction_arrange(work->contraction, run, work->nu, counts));
  keep_axes(order, found);
  contraction_transpose(work->contraction, work->nu);
  return TERN_SUCCESS;
}

/* Space for the threads; it grows with the components that are known so far. */
static int32_t make_space(fit_work *work, run *run) {
  memory_free(run, work->space);
  work->space = NULL;
  work->space_size = (contraction_space(work->contraction) + 7) / 8 * 8;
  return MEMORY_NEW(run, &work->space, run->threads * work->space_size, "space of a fit");
}

static int32_t fit_order(fit_work *work, run *run) {
  const contraction_order *order = &work->contraction->orders[work->nu];
  principal_axes *found = NULL;
  int64_t *counts = NULL;
  TRY(make_space(work, run));
  TRY(MEMORY_NEW(run, &found, order->n_blocks, "principal axes"));
  int32_t status = MEMORY_NEW(run, &counts, order->n_blocks, "principal axes");
  if (status == TERN_SUCCESS)
    status = fit_axes(work, run, found, counts);
  for (int32_t b = 0; b < order->n_blocks; b++)
    principal_axes_free(run, &found[b]);
  memory_free(run, found);
  memory_free(run, counts);
  return status;
}

/* Values of the order just fitted become those that the next is made of. */
static int32_t climb(fit_work *work, run *run, double **kept) {
  TRY(make_space(work, run));
  TRY(MEMORY_NEW(run, &work->values, work->n_environments * work->contraction->orders[work->nu].size,
                 "components of the environments of a fit"));
  const int32_t status = threads_for(run, work->n_environments, 1, make_values, work);
  memory_free(run, *kept);
  *kept = work->values;
  work->below = work->values;
  return status;
}

int32_t contraction_fit(contraction *contraction, run *run, int64_t n_environments, const double *densities) {
  fit_work work = {
      .contraction = contraction, .n_environments = n_environments, .densities = densities, .below = densities};
  double *kept = NULL;
  int32_t status = TERN_SUCCESS;
  for (work.nu = 2; work.nu <= contraction->shape.nu_max && status == TERN_SUCCESS; work.nu++) {
    status = fit_order(&work, run);
    if (status == TERN_SUCCESS && work.nu < contraction->shape.nu_max)
      status = climb(&work, run, &kept);
  }
  memory_free(run, kept);
  memory_free(run, work.space);
  contraction->fitted = status == TERN_SUCCESS;
  return status;
}
