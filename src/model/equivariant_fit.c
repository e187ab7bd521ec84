/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/equivariant_fit.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/linear_solve.h"

enum { CHUNK = 64 }; /* structures whose rows are in memory at a time */

typedef struct chunk {
  const equivariant_head *head;
  const equivariant_data *data;
  const equivariant_rows *kind;
  int32_t channel;
  int64_t height, width; /* of a structure's rows, the targets included */
  int64_t first;         /* structure */
  double *rows;          /* [CHUNK][height][width] */
} chunk;

/* ---- rows of a structure ---- */

typedef struct structure {
  const chunk *chunk;
  double *scratch, *rows;
} structure;

static int32_t add_environment(void *context, const environment *environment, const double *values) {
  const structure *structure = context;
  const chunk *chunk = structure->chunk;
  chunk->kind->add(chunk->kind->context, chunk->channel, environment, values, structure->scratch, chunk->width,
                   structure->rows);
  return TERN_SUCCESS;
}

static int32_t check_finite(const chunk *chunk, const double *rows) {
  for (int64_t k = 0; k < chunk->height * chunk->width; k++)
    if (!isfinite(rows[k]))
      return error_set(TERN_ERROR_NUMERICAL, "features are not finite");
  return TERN_SUCCESS;
}

static int32_t fill_structure(const chunk *chunk, run *run, int64_t item, double *scratch) {
  const equivariant_data *data = chunk->data;
  const int64_t number = chunk->first + item, first = chunk->head->basis.channels[chunk->channel].first;
  structure structure = {chunk, scratch, chunk->rows + item * chunk->height * chunk->width};
  memset(structure.rows, 0, (size_t)(chunk->height * chunk->width) * sizeof *structure.rows);
  TRY(equivariant_visit_structure(data->descriptor, run, data->dataset->frames[data->frames[number]]->system, -1,
                                  add_environment, &structure));
  for (int64_t m = 0; m < chunk->height; m++)
    structure.rows[(m + 1) * chunk->width - 1] = data->values[number * chunk->head->basis.size + first + m];
  return check_finite(chunk, structure.rows);
}

static int32_t fill(void *context, run *serial, int64_t item, void *scratch) {
  const chunk *chunk = context;
  return dataset_name_failure(chunk->data->dataset, chunk->data->frames[chunk->first + item],
                              fill_structure(chunk, serial, item, scratch));
}

/* ---- all rows ---- */

static int32_t add_structure(const chunk *chunk, int64_t item, least_squares problems[2]) {
  const unsigned char *held_out = chunk->data->held_out;
  const int part = held_out != NULL && held_out[chunk->data->frames[chunk->first + item]];
  return least_squares_add(&problems[part], chunk->height, chunk->rows + item * chunk->height * chunk->width);
}

/* The rows of one chunk are computed by all threads and taken up in their order, whatever the threads. */
static int32_t stream(chunk *chunk, least_squares problems[2]) {
  const threads_items items = {.work = fill, .space_size = chunk->kind->scratch * (int64_t)sizeof(double)};
  const equivariant_data *data = chunk->data;
  for (chunk->first = 0; chunk->first < data->count; chunk->first += CHUNK) {
    const int64_t left = data->count - chunk->first, count = left < CHUNK ? left : CHUNK;
    TRY(run_report(data->run, "rows", chunk->first, data->count, -1));
    TRY(threads_each(data->run, count, &items, chunk));
    for (int64_t item = 0; item < count; item++)
      TRY(add_structure(chunk, item, problems));
  }
  return run_report(data->run, "rows", data->count, data->count, -1);
}

static int32_t check_parts(const equivariant_data *data, const least_squares problems[2]) {
  for (int k = 0; k < (data->held_out == NULL ? 1 : 2); k++)
    if (problems[k].rows == 0)
      return error_set(TERN_ERROR_DATA, "option 'validation': no structure %s has the target",
                       k == 0 ? "left to fit" : "held out");
  return TERN_SUCCESS;
}

static int32_t gather(chunk *chunk, least_squares problems[2]) {
  TRY(MEMORY_NEW(chunk->data->run, &chunk->rows, CHUNK * chunk->height * chunk->width, "rows of the linear fit"));
  int32_t status = stream(chunk, problems);
  memory_free(chunk->data->run, chunk->rows);
  if (status == TERN_SUCCESS)
    status = check_parts(chunk->data, problems);
  for (int k = 0; status == TERN_SUCCESS && chunk->kind->transform != NULL && k < 2; k++)
    if (problems[k].rows > 0)
      status = chunk->kind->transform(chunk->kind->context, &problems[k]);
  return status;
}

/* ---- solution ---- */

/* Rows that are factored at a time: as many as columns, fewer when memory is short. */
static int32_t open_problems(const equivariant_data *data, int64_t columns, least_squares problems[2]) {
  const int n_problems = data->held_out == NULL ? 1 : 2;
  const double square = 8.0 * (double)columns * (double)columns;
  int64_t block = columns < 256 ? 256 : columns;
  while (block > 64 && memory_check(data->run, n_problems * least_squares_bytes(columns, block) + 6 * square,
                                    "the linear fit") != TERN_SUCCESS)
    block /= 2;
  error_clear();
  const int32_t status =
      memory_check(data->run, n_problems * least_squares_bytes(columns, block) + 6 * square, "the linear fit");
  if (status != TERN_SUCCESS)
    return error_prefix(status, "%lld columns: ", (long long)columns);
  for (int k = 0; k < n_problems; k++)
    TRY(least_squares_new(data->run, columns, block, &problems[k]));
  return TERN_SUCCESS;
}

static int32_t solve(const chunk *chunk, const tern_options *options, least_squares problems[2],
                     double *regularizations, double *weights, double *trial, text *report) {
  const int32_t channel = chunk->channel, twin = equivariant_twin(chunk->head, channel);
  const equivariant_channel *about = &chunk->head->basis.channels[channel];
  linear_solution solution = {
      .weights = weights, .trial = trial, .regularization = twin < 0 ? 0 : regularizations[twin]};
  text_add(report, "{\"lambda\": %d, \"sigma\": %d, \"rows\": %lld", about->lambda, about->sigma,
           (long long)(problems[0].rows + problems[1].rows));
  TRY(linear_solve(chunk->data->run, options, &problems[0], chunk->data->held_out == NULL ? NULL : &problems[1],
                   &solution, report));
  text_add(report, "}");
  regularizations[channel] = solution.regularization;
  return TERN_SUCCESS;
}

int32_t equivariant_solve(const equivariant_head *head, const equivariant_data *data, const tern_options *options,
                          int32_t channel, const equivariant_rows *rows, double *regularizations, double *weights,
                          double *trial, text *report) {
  chunk chunk = {.head = head, .data = data, .kind = rows, .channel = channel};
  least_squares problems[2] = {{0}};
  chunk.height = 2 * head->basis.channels[channel].lambda + 1;
  chunk.width = rows->columns + 1;
  int32_t status = open_problems(data, rows->columns, problems);
  if (status == TERN_SUCCESS)
    status = gather(&chunk, problems);
  if (status == TERN_SUCCESS)
    status = solve(&chunk, options, problems, regularizations, weights, trial, report);
  least_squares_free(data->run, &problems[0]);
  least_squares_free(data->run, &problems[1]);
  return status;
}
