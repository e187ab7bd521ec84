/* SPDX-License-Identifier: BSD-3-Clause */
#include "fit/gram.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/number.h"
#include "core/threads.h"
#include "kernels/kernels.h"

/* Slices of columns: each is read and packed once, and has a result of its own, which is added to the first one's. More
   threads than that share the rows of a slice. */
enum { MOST_SLICES = 4, LINE = 64, PAGE = 4096 };

typedef struct gram_work {
  const gram_matrix *matrix;
  const kernel_matrix_functions *kernels;
  int64_t slices, bands;
  double *result; /* of the first slice */
  double *others; /* [slices - 1][rows][rows] */
  char *packing;  /* [slices * bands][packing_bytes] */
  int64_t packing_bytes;
  const double *x;
  double *y;
} gram_work;

int64_t gram_stride(int64_t columns, bool wide) {
  const int64_t size = number_size(wide), bytes = (columns * size + LINE - 1) / LINE * LINE;
  return (bytes % PAGE == 0 ? bytes + LINE : bytes) / size;
}

static const void *number_place(const gram_matrix *matrix, int64_t row, int64_t column) {
  return (const char *)matrix->data + (row * matrix->stride + column) * number_size(matrix->wide);
}

static int32_t start_work(const gram_matrix *matrix, gram_work *work) {
  const kernel_table *table;
  TRY(kernels_get(&table));
  *work = (gram_work){.matrix = matrix, .kernels = &table->matrix[matrix->wide]};
  return TERN_SUCCESS;
}

static void share_out(const run *run, const gram_matrix *matrix, gram_work *work) {
  const int64_t depths = (matrix->columns + KERNEL_MATRIX_DEPTH - 1) / KERNEL_MATRIX_DEPTH;
  const int64_t most = depths < MOST_SLICES ? (depths > 1 ? depths : 1) : MOST_SLICES;
  const int64_t panels = (matrix->rows + KERNEL_MATRIX_PANEL - 1) / KERNEL_MATRIX_PANEL;
  work->slices = run->threads < most ? run->threads : most;
  work->bands = run->threads / work->slices;
  if (work->bands > panels)
    work->bands = panels > 1 ? panels : 1;
  work->packing_bytes =
      (kernel_gram_scratch(matrix->rows, matrix->columns, number_size(matrix->wide)) + LINE - 1) / LINE * LINE;
}

int64_t gram_scratch(const run *run, const gram_matrix *matrix) {
  gram_work work = {0};
  share_out(run, matrix, &work);
  const int64_t others = (work.slices - 1) * matrix->rows * matrix->rows * (int64_t)sizeof(double);
  return work.slices * work.bands * work.packing_bytes + (others + LINE - 1) / LINE * LINE;
}

/* The first row of a band: those of a lower triangle above it hold band / bands of its numbers. */
static int64_t band_begin(const gram_work *work, int64_t band) {
  const double rows = (double)work->matrix->rows * sqrt((double)band / (double)work->bands);
  const int64_t panels = (int64_t)llround(rows / KERNEL_MATRIX_PANEL), begin = panels * KERNEL_MATRIX_PANEL;
  return band == work->bands || begin > work->matrix->rows ? work->matrix->rows : begin;
}

static int64_t slice_begin(const gram_work *work, int64_t slice) {
  const int64_t depths = work->matrix->columns / KERNEL_MATRIX_DEPTH;
  return slice == work->slices ? work->matrix->columns : depths * slice / work->slices * KERNEL_MATRIX_DEPTH;
}

static int32_t multiply_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const gram_work *work = context;
  const gram_matrix *m = work->matrix;
  (void)thread;
  for (int64_t part = begin; part < end; part++) {
    const int64_t slice = part / work->bands, band = part % work->bands, column = slice_begin(work, slice);
    work->kernels->gram(band_begin(work, band), band_begin(work, band + 1), slice_begin(work, slice + 1) - column,
                        number_place(m, 0, column), m->stride,
                        slice == 0 ? work->result : work->others + (slice - 1) * m->rows * m->rows, m->rows,
                        work->packing + part * work->packing_bytes);
  }
  return TERN_SUCCESS;
}

static int32_t add_slices(void *context, int64_t begin, int64_t end, int32_t thread) {
  const gram_work *work = context;
  const int64_t rows = work->matrix->rows;
  (void)thread;
  for (int64_t row = begin; row < end; row++)
    for (int64_t slice = 1; slice < work->slices; slice++) {
      const double *other = work->others + ((slice - 1) * rows + row) * rows;
      for (int64_t column = 0; column <= row; column++)
        work->result[row * rows + column] += other[column];
    }
  return TERN_SUCCESS;
}

int32_t gram_lower(run *run, const gram_matrix *matrix, void *scratch, double *result) {
  gram_work work;
  TRY(start_work(matrix, &work));
  share_out(run, matrix, &work);
  work.result = result;
  work.packing = scratch;
  work.others = (double *)(void *)(work.packing + work.slices * work.bands * work.packing_bytes);
  TRY(threads_for(run, work.slices * work.bands, 1, multiply_part, &work));
  return work.slices == 1 ? TERN_SUCCESS : threads_for(run, matrix->rows, 256, add_slices, &work);
}

/* ---- a vector ---- */

enum { GRAIN = 1 << 18 }; /* numbers that are worth a thread */

/* Blocks of LINE columns. */
static int32_t times_columns(void *context, int64_t begin, int64_t end, int32_t thread) {
  const gram_work *work = context;
  const gram_matrix *m = work->matrix;
  const int64_t first = begin * LINE, last = end * LINE < m->columns ? end * LINE : m->columns;
  (void)thread;
  work->kernels->transposed_times_vector(m->rows, last - first, number_place(m, 0, first), m->stride, work->x,
                                         work->y + first);
  return TERN_SUCCESS;
}

int32_t gram_transposed_times(run *run, const gram_matrix *matrix, const double *x, double *y) {
  gram_work work;
  TRY(start_work(matrix, &work));
  work.x = x;
  work.y = y;
  return threads_for(run, (matrix->columns + LINE - 1) / LINE, GRAIN / LINE / (matrix->rows + 1) + 1, times_columns,
                     &work);
}
