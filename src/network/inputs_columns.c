/* SPDX-License-Identifier: BSD-3-Clause */
/* What is made of tags before products are: functions of distances, combinations of density columns. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/inputs_learning.h"

enum { MOST_EVEN_COLUMNS = 2000 }; /* of tag products, that are worked on */

static const char what[] = "principal components of a network's inputs";

int32_t inputs_learn_tag_functions(learning *learning) {
  const frames_state *frames = learning->descriptor->state;
  const density_basis *basis = frames->basis;
  network_inputs *inputs = learning->inputs;
  const int64_t n_max = basis->n_max;
  const int64_t functions =
      inputs->products[0] > inputs->products[1] ? inputs->products[0] : inputs->products[1];
  double *radial = NULL;
  int64_t tags = 0;
  principal sums = {0};
  principal_axes found = {0};
  for (int64_t k = 0; k < learning->sample->count; k++)
    for (int64_t j = 0; j < learning->sample->environments[k].n_neighbours; j++)
      tags += frames_is_tag(frames, learning->sample->environments[k].vectors + 3 * j);
  TRY(MEMORY_NEW(learning->run, &radial, basis->radial_size, what));
  int32_t status = principal_new(learning->run, n_max, tags > n_max ? tags : n_max, what, &sums);
  for (int64_t k = 0; status == TERN_SUCCESS && k < learning->sample->count; k++) {
    const environment *environment = &learning->sample->environments[k];
    for (int64_t j = 0; status == TERN_SUCCESS && j < environment->n_neighbours; j++)
      if (frames_is_tag(frames, environment->vectors + 3 * j)) {
        const double weight = inputs_tag_weight(learning, environment, j);
        density_radial(basis, inputs_distance(environment, j), radial, NULL);
        for (int64_t n = 0; n < n_max; n++)
          radial[n] *= weight;
        status = principal_add(&sums, 1, radial);
      }
  }
  if (status == TERN_SUCCESS && tags > 0)
    status = principal_solve(learning->run, &sums, functions, &found);
  for (int64_t p = 0; status == TERN_SUCCESS && p < found.count && p < functions; p++)
    for (int64_t n = 0; n < n_max; n++)
      inputs->tag_functions[n * functions + p] =
          found.axes[p * n_max + n] / sqrt(sqrt(found.moments[p] * found.moments[0]));
  principal_axes_free(learning->run, &found);
  principal_free(learning->run, &sums);
  memory_free(learning->run, radial);
  return status;
}

/* Moments of the columns of +mu and -mu of the turned density, together. */
static int32_t density_moments(learning *learning, const product_shape *shape, int64_t mu, principal_axes *found) {
  const frames_state *frames = learning->descriptor->state;
  frames_scratch scratch;
  double *columns = NULL;
  principal sums = {0};
  int64_t rows = 0;
  for (int64_t k = 0; k < learning->sample->count; k++)
    rows += 2 * learning->sample->environments[k].n_neighbours;
  TRY(MEMORY_NEW(learning->run, &columns, shape->raw[mu], what));
  int32_t status =
      principal_new(learning->run, shape->raw[mu], rows > shape->raw[mu] ? rows : shape->raw[mu], what, &sums);
  for (int64_t k = 0; status == TERN_SUCCESS && k < learning->sample->count; k++) {
    const environment *environment = &learning->sample->environments[k];
    frames_expand(frames, environment, learning->scratch, &scratch);
    for (int64_t j = 0; status == TERN_SUCCESS && j < 2 * scratch.n_tags; j++) {
      const double weight = inputs_tag_weight(learning, environment, scratch.tags[j / 2].neighbour);
      products_gather(shape, frames, scratch.tags[j / 2].density, mu, j % 2 == 1, columns);
      for (int64_t i = 0; i < shape->raw[mu]; i++)
        columns[i] *= weight;
      status = principal_add(&sums, 1, columns);
    }
  }
  if (status == TERN_SUCCESS)
    status = principal_solve(learning->run, &sums, shape->raw[mu], found);
  principal_free(learning->run, &sums);
  memory_free(learning->run, columns);
  return status;
}

/* Of all mu the combinations with the largest moments, so many in all. */
static void choose_kept(const product_shape *shape, const principal_axes *found, int64_t wanted, int64_t *kept) {
  memset(kept, 0, (size_t)shape->size * sizeof *kept);
  for (; wanted > 0; wanted--) {
    int64_t best = -1;
    for (int64_t mu = 0; mu < shape->size; mu++)
      if (kept[mu] < found[mu].count &&
          (best < 0 || found[mu].moments[kept[mu]] > found[best].moments[kept[best]]))
        best = mu;
    if (best < 0)
      break;
    kept[best]++;
  }
}

static int32_t keep_turns(learning *learning, const product_shape *shape, const principal_axes *found) {
  network_inputs *inputs = learning->inputs;
  int64_t size = 0;
  for (int64_t mu = 0; mu < shape->size; mu++)
    size += shape->raw[mu] * inputs->kept[mu];
  TRY(MEMORY_NEW(NULL, &inputs->turns, size, "inputs of a network"));
  double *turn = inputs->turns;
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int64_t i = 0; i < shape->raw[mu]; i++)
      for (int64_t k = 0; k < inputs->kept[mu]; k++)
        *turn++ = found[mu].axes[k * shape->raw[mu] + i];
  return TERN_SUCCESS;
}

/* Even columns that are worked on, fewer when memory is short: their moments, those of as many odd ones and a piece of
   rows take no more than half of what is left. */
static int64_t most_even_columns(const run *run) {
  const double room = 0.5 * memory_left(run);
  int64_t most = MOST_EVEN_COLUMNS;
  while (most > 1 && 2 * 8 * (double)most * (double)(most + INPUTS_PIECE) > room)
    most--;
  return most;
}

/* Few columns are taken as they are. */
int32_t inputs_learn_columns(learning *learning) {
  network_inputs *inputs = learning->inputs;
  const product_shape shape = product_shape_of(inputs, learning->descriptor->state);
  const int64_t most = most_even_columns(learning->run) / (shape.first * shape.right) - 1;
  principal_axes found[PRODUCTS_MOST_MU] = {{0}};
  int64_t columns = 0;
  for (int64_t mu = 0; mu < shape.size; mu++)
    columns += inputs->kept[mu] = shape.raw[mu];
  if (columns <= most)
    return TERN_SUCCESS;
  int32_t status = TERN_SUCCESS;
  for (int64_t mu = 0; status == TERN_SUCCESS && mu < shape.size; mu++)
    status = density_moments(learning, &shape, mu, &found[mu]);
  if (status == TERN_SUCCESS) {
    choose_kept(&shape, found, most < shape.size ? shape.size : most, inputs->kept);
    status = keep_turns(learning, &shape, found);
  }
  for (int64_t mu = 0; mu < shape.size; mu++)
    principal_axes_free(learning->run, &found[mu]);
  return status;
}
