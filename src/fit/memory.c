/* SPDX-License-Identifier: BSD-3-Clause */
/* How much is worked on at a time: what the options ask for, less when memory is short. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "fit/training.h"

/* LAPACK's integers count the rows. */
enum { MOST_ROWS = 40000 };

/* The Gram matrix is that of one row more. */
static int64_t all_rows(const fit_training *t, int64_t rows) { return rows + t->settings.optimizer->gram; }

/* Bytes of all that grows with the rows that are linearized at a time. */
static double rows_bytes(const fit_training *t, int64_t rows) {
  const int64_t all = all_rows(t, rows);
  const gram_matrix jacobian = {.wide = t->problem->wide, .rows = all, .columns = t->problem->n_parameters};
  const double stride = (double)gram_stride(t->problem->n_parameters, t->problem->wide), count = (double)all;
  double bytes = count * stride * (double)number_size(t->problem->wide) + 8 * count;
  if (t->settings.optimizer->gram)
    bytes += 8 * count * count + 16 * count + (double)gram_scratch(t->run, &jacobian);
  return bytes;
}

/* The problem needs memory too: a quarter is left to it, or what its threads take, as far as one
   structure tells. */
static double memory_for_rows(const fit_training *t) {
  const double room = memory_left(t->run);
  const double left = room - 1.5 * (double)t->run->threads * (double)t->problem->scratch;
  return t->run->memory_limit == 0 ? 0.5 * room : left < 0 ? 0 : left < 0.75 * room ? left : 0.75 * room;
}

typedef struct row_counts {
  int64_t total, largest, largest_item;
} row_counts;

static int32_t count_rows(const fit_training *t, row_counts *counts) {
  *counts = (row_counts){0};
  for (int64_t item = 0; item < t->problem->n_items; item++) {
    const int64_t rows = t->problem->rows(t->problem->context, item);
    counts->total += rows;
    if (rows > counts->largest) {
      counts->largest = rows;
      counts->largest_item = item;
    }
  }
  if (t->problem->n_items < 1 || counts->total < 1)
    return error_set(TERN_ERROR_DATA, "%s: nothing to train on: %lld items with %lld rows", t->problem->name,
                     (long long)t->problem->n_items, (long long)counts->total);
  return TERN_SUCCESS;
}

static int64_t choose_batch(const fit_training *t, const row_counts *rows) {
  const int64_t n_items = t->problem->n_items;
  if (t->settings.optimizer->whole)
    return n_items;
  if (t->settings.batch > 0)
    return t->settings.batch < n_items ? t->settings.batch : n_items;
  const double wanted = (double)t->settings.optimizer->usual_rows * (double)n_items / (double)rows->total;
  return wanted < 1 ? 1 : wanted < (double)n_items ? (int64_t)wanted : n_items;
}

/* The most rows, between those of the largest item and `wanted`, that fit. */
static int64_t rows_that_fit(const fit_training *t, int64_t least, int64_t wanted, double room) {
  while (least < wanted) {
    const int64_t middle = wanted - (wanted - least) / 2;
    if (rows_bytes(t, middle) <= room)
      least = middle;
    else
      wanted = middle - 1;
  }
  return least;
}

static int32_t refuse_rows(const fit_training *t, const row_counts *rows, double room) {
  char need[32], there[32];
  memory_amount(rows_bytes(t, rows->largest), need, sizeof need);
  memory_amount(room, there, sizeof there);
  return error_set(TERN_ERROR_MEMORY,
                   "%s: the %lld rows of item %lld times %lld parameters need %s, and %s may be taken beside what the "
                   "threads work with; set memory_limit higher, take fewer parameters or threads%s",
                   t->problem->name, (long long)rows->largest, (long long)rows->largest_item,
                   (long long)t->problem->n_parameters, need, there,
                   t->settings.optimizer->gram ? ", or another optimizer (adam, lbfgs)" : "");
}

static int32_t choose_rows(fit_training *t, const row_counts *rows) {
  const fit_optimizer *optimizer = t->settings.optimizer;
  const int64_t items = t->counts.batch, most = items * rows->largest;
  int64_t wanted = most < rows->total ? most : rows->total;
  if (!optimizer->gram && wanted > 8 * optimizer->usual_rows)
    wanted = 8 * optimizer->usual_rows; /* a batch may be worked on in pieces */
  if (wanted > MOST_ROWS)
    wanted = MOST_ROWS;
  const double room = memory_for_rows(t);
  if (rows->largest > MOST_ROWS || rows_bytes(t, rows->largest) > room)
    return refuse_rows(t, rows, room);
  t->most_rows = rows_that_fit(t, rows->largest, wanted > rows->largest ? wanted : rows->largest, room);
  return TERN_SUCCESS;
}

int32_t fit_allocate_vectors(fit_training *t) {
  const fit_optimizer *optimizer = t->settings.optimizer;
  const int64_t n = t->problem->n_parameters, items = t->problem->n_items;
  if (t->problem->members < 1 || t->problem->members > FIT_MOST_MEMBERS)
    return error_set(TERN_ERROR_INTERNAL, "%s: %lld members; valid are 1 to %d", t->problem->name,
                     (long long)t->problem->members, FIT_MOST_MEMBERS);
  t->order_epoch = -1;
  TRY(MEMORY_NEW(t->run, &t->best, fit_size(t), "the best parameters"));
  TRY(MEMORY_NEW(t->run, &t->kept, optimizer->kept * fit_size(t), "what the optimizer keeps"));
  TRY(MEMORY_NEW(t->run, &t->work, optimizer->work * n, "a step of the optimizer"));
  TRY(MEMORY_NEW(t->run, &t->order, items, "the order of the items"));
  TRY(MEMORY_NEW(t->run, &t->items, items, "the items of a batch"));
  TRY(MEMORY_NEW(t->run, &t->first_row, items + 1, "the items of a batch"));
  return MEMORY_NEW(t->run, &t->piece_first_row, items + 1, "the items of a batch");
}

static int32_t allocate_rows(fit_training *t) {
  const bool wide = t->problem->wide;
  const int64_t all = all_rows(t, t->most_rows);
  gram_matrix *j = &t->jacobian;
  *j = (gram_matrix){.wide = wide, .rows = all, .columns = t->problem->n_parameters};
  j->stride = gram_stride(j->columns, wide);
  TRY(memory_new(t->run, &t->rows, all * j->stride, number_size(wide),
                 "the Jacobian of a batch"));
  j->data = t->rows;
  TRY(MEMORY_NEW(t->run, &t->residual, 2 * t->most_rows, "the residuals of a batch"));
  if (!t->settings.optimizer->gram)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(t->run, &t->gram, all * all, "the Gram matrix of a batch"));
  TRY(MEMORY_NEW(t->run, &t->diagonal, t->most_rows, "the Gram matrix of a batch"));
  return memory_new(t->run, &t->scratch, gram_scratch(t->run, j), 1, "the Gram matrix of a batch");
}

int32_t fit_allocate_rows(fit_training *t) {
  row_counts rows;
  TRY(count_rows(t, &rows));
  if (t->counts.batch == 0) /* else a checkpoint's */
    t->counts.batch = choose_batch(t, &rows);
  TRY(choose_rows(t, &rows));
  return allocate_rows(t);
}

void fit_release(fit_training *t) {
  memory_free(t->run, t->best);
  memory_free(t->run, t->kept);
  memory_free(t->run, t->work);
  memory_free(t->run, t->order);
  memory_free(t->run, t->items);
  memory_free(t->run, t->first_row);
  memory_free(t->run, t->piece_first_row);
  memory_free(t->run, t->rows);
  memory_free(t->run, t->residual);
  memory_free(t->run, t->gram);
  memory_free(t->run, t->diagonal);
  memory_free(t->run, t->scratch);
  fit_log_close(t);
}
