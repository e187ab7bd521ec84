/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a centre in a step: the products of its vector with random directions. */
#include <string.h>

#include "core/error.h"
#include "network/directions.h"
#include "network/vector_parts.h"

/* All components when there are as many. */
static void draw_directions(const vector_problem *problem, const vector_item *item, int64_t step, double *directions) {
  const int64_t outputs = problem->vectors->outputs, count = vector_directions(problem);
  const uint64_t seed = problem->choices.seed + UINT64_C(77003) * (uint64_t)item->center;
  random_stream random = random_stream_of(seed, (uint64_t)item->structure, (uint64_t)step);
  if (count < outputs)
    directions_add(&random, outputs, 0, count, directions);
  for (int64_t k = 0; count == outputs && k < outputs * outputs; k++)
    directions[k] = k % (outputs + 1) == 0;
}

/* The last vector that a direction sees. */
static void mix_last(const vector_problem *problem, const vector_item *item, vector_space *space) {
  const int64_t width = vector_last_width(problem), outputs = problem->vectors->outputs;
  const double *last = vector_last(problem, item);
  for (int64_t row = 0; row < vector_directions(problem); row++) {
    memset(space->hidden, 0, (size_t)width * sizeof *space->hidden);
    for (int64_t k = 0; k < outputs; k++)
      for (int64_t h = 0; h < width; h++)
        space->hidden[h] += space->directions[row * outputs + k] * last[k * width + h];
    for (int64_t h = 0; h < width; h++)
      number_put(problem->choices.wide, space->last, row * width + h, space->hidden[h]);
  }
}

/* Derivatives with respect to last vectors and constants, where the sums are in space->hidden. */
static void put_last(const vector_problem *problem, const vector_item *item, const vector_space *space, int64_t row,
                     char *jacobian) {
  const network_layout *layout = &problem->trained.network.layout;
  const network_scales scales = network_scales_of(&problem->trained.network.shape);
  const int64_t width = vector_last_width(problem), outputs = problem->vectors->outputs;
  const int64_t last = vector_set(problem, item) * layout->set + layout->last;
  for (int64_t k = 0; k < outputs; k++) {
    const double along = space->directions[row * outputs + k];
    for (int64_t h = 0; h < width; h++)
      number_put(problem->choices.wide, jacobian, last + k * width + h, scales.last * along * space->hidden[h]);
    number_put(problem->choices.wide, jacobian, layout->constants + item->species * outputs + k,
               scales.constant * along);
  }
}

static int32_t differentiate(const vector_problem *problem, const vector_item *item, vector_space *space,
                             char *jacobian, int64_t stride) {
  const int64_t count = vector_directions(problem), size = vector_number_size(problem);
  const int64_t width = vector_last_width(problem);
  const int64_t set = vector_set(problem, item) * problem->trained.network.layout.set;
  network_rows all;
  vector_sums_clear(problem, space);
  mix_last(problem, item, space);
  TRY(vector_rows_open(problem, item, space, &all));
  for (int64_t row = 0; row < count; row++)
    memset(jacobian + row * stride * size, 0, (size_t)(problem->trained.network.layout.total * size));
  for (int64_t first = 0; first < item->rows; first += VECTOR_CHUNK) {
    const network_rows part = vector_rows_part(problem, &all, first, item->rows);
    network_hidden(&problem->trained.network, &part, space->network, space->sums);
    for (int64_t row = 0; row < count; row++)
      network_hidden_jacobian(&problem->trained.network, &part, (char *)space->last + row * width * size, first > 0,
                              space->network, jacobian + (row * stride + set) * size);
  }
  vector_compare(problem, item, space);
  for (int64_t row = 0; row < count; row++)
    put_last(problem, item, space, row, jacobian + row * stride * size);
  return TERN_SUCCESS;
}

int32_t vector_item_linearize(const vector_problem *problem, const vector_item *item, int64_t step, vector_space *space,
                              double *residual, char *jacobian, int64_t stride) {
  const int64_t outputs = problem->vectors->outputs;
  draw_directions(problem, item, step, space->directions);
  TRY(jacobian != NULL ? differentiate(problem, item, space, jacobian, stride)
                       : vector_item_predict(problem, item, space));
  for (int64_t row = 0; row < vector_directions(problem); row++) {
    residual[row] = 0;
    for (int64_t k = 0; k < outputs; k++)
      residual[row] += space->directions[row * outputs + k] * (space->wanted[k] - space->predicted[k]);
  }
  return TERN_SUCCESS;
}
