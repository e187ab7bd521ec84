/* SPDX-License-Identifier: BSD-3-Clause */
/* One centre of a training on vectors: its inputs, and what the network makes of them. */
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "network/problem.h"
#include "network/vector_parts.h"

static int64_t place(const vector_problem *problem, void *memory, vector_space *space) {
  const int64_t rows = problem->most_rows, part = rows < VECTOR_CHUNK ? rows : VECTOR_CHUNK;
  const int64_t outputs = problem->vectors->outputs, width = vector_last_width(problem);
  const int64_t size = vector_number_size(problem);
  const bool wide = problem->choices.wide;
  layout layout = {memory, 0};
  space->inputs = layout_take(
      &layout,
      network_inputs_scratch(problem->inputs, problem->descriptor, problem->most_neighbours, rows, 0, wide), 1);
  space->values = layout_take(&layout, rows * vector_columns(problem), size);
  space->weights = layout_take(&layout, rows, size);
  space->network = layout_take(&layout, network_scratch(&problem->trained.network, 1, part), 1);
  space->sums = layout_take(&layout, width, size);
  space->last = layout_take(&layout, vector_directions(problem) * width, size);
  space->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  space->biases = layout_take(&layout, rows, sizeof(int32_t));
  space->wanted = layout_reals(&layout, outputs);
  space->predicted = layout_reals(&layout, outputs);
  space->hidden = layout_reals(&layout, width);
  space->directions = layout_reals(&layout, vector_directions(problem) * outputs);
  return layout.used;
}

int32_t vector_space_open(const vector_problem *problem, run *run, vector_space *space) {
  if (space->memory != NULL)
    return TERN_SUCCESS;
  TRY(memory_new(run, &space->memory, place(problem, NULL, space), 1, "the training of a network"));
  place(problem, space->memory, space);
  return TERN_SUCCESS;
}

void vector_space_close(run *run, vector_space *space) {
  memory_free(run, space->memory);
  *space = (vector_space){0};
}

/* ---- inputs ---- */

int32_t vector_item_inputs(const vector_problem *problem, const vector_item *item, vector_space *space, void *values,
                           void *weights, int32_t *biases) {
  const environment around = environments_at(&problem->environments[item->structure], item->center);
  const network_target target = {.wide = problem->choices.wide, .values = values, .weights = weights};
  if (item->rows == 0)
    return TERN_SUCCESS;
  network_biases_of(problem->descriptor, problem->trained.network.shape.sets == 1, &around, item->rows, space->tags,
                    biases);
  return network_inputs_compute(problem->inputs, problem->descriptor, &around, item->rows, space->inputs, &target);
}

int32_t vector_rows_open(const vector_problem *problem, const vector_item *item, vector_space *space,
                         network_rows *rows) {
  const bool stored = item->values != NULL;
  *rows = (network_rows){.set = vector_set(problem, item),
                         .slots = 1,
                         .inputs = stored ? item->values : space->values,
                         .weights = stored ? item->weights : space->weights,
                         .bias = stored ? item->biases : space->biases};
  return stored ? TERN_SUCCESS
                : vector_item_inputs(problem, item, space, space->values, space->weights, space->biases);
}

network_rows vector_rows_part(const vector_problem *problem, const network_rows *all, int64_t first, int64_t count) {
  const int64_t size = vector_number_size(problem);
  network_rows part = *all;
  part.rows = count - first < VECTOR_CHUNK ? count - first : VECTOR_CHUNK;
  part.inputs = (const char *)all->inputs + first * vector_columns(problem) * size;
  part.weights = (const char *)all->weights + first * size;
  part.bias = all->bias + first;
  return part;
}

/* ---- predictions ---- */

const double *vector_last(const vector_problem *problem, const vector_item *item) {
  const network_layout *layout = &problem->trained.network.layout;
  return problem->trained.weights + vector_set(problem, item) * layout->set + layout->last;
}

void vector_compare(const vector_problem *problem, const vector_item *item, vector_space *space) {
  const network_vectors *vectors = problem->vectors;
  const int64_t width = vector_last_width(problem);
  const frame *frame = problem->dataset->frames[item->structure];
  const int64_t atom = problem->environments[item->structure].centers[item->center];
  const double *wanted = frame_find_vectors(frame, vectors->name)->values + atom * vectors->width;
  const double *last = vector_last(problem, item);
  const double *constants =
      problem->trained.weights + problem->trained.network.layout.constants + item->species * vectors->outputs;
  network_vectors_components(vectors, item->species, wanted, space->wanted);
  for (int64_t h = 0; h < width; h++)
    space->hidden[h] = number_at(problem->choices.wide, space->sums, h);
  for (int64_t k = 0; k < vectors->outputs; k++) {
    space->predicted[k] = constants[k];
    for (int64_t h = 0; h < width; h++)
      space->predicted[k] += last[k * width + h] * space->hidden[h];
  }
}

void vector_sums_clear(const vector_problem *problem, vector_space *space) {
  memset(space->sums, 0, (size_t)(vector_last_width(problem) * vector_number_size(problem)));
}

int32_t vector_item_predict(const vector_problem *problem, const vector_item *item, vector_space *space) {
  network_rows all;
  vector_sums_clear(problem, space);
  TRY(vector_rows_open(problem, item, space, &all));
  for (int64_t first = 0; first < item->rows; first += VECTOR_CHUNK) {
    const network_rows part = vector_rows_part(problem, &all, first, item->rows);
    network_hidden(&problem->trained.network, &part, space->network, space->sums);
  }
  vector_compare(problem, item, space);
  return TERN_SUCCESS;
}
