/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/outputs.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"

enum { SPREAD = 8 }; /* numbers that each output is spread over by the projection */

int64_t outputs_width(const tern_model *model) {
  int64_t width = 0;
  for (int64_t k = 0; k < model->n_parts; k++)
    if (model->parts[k].kind->width != NULL)
      width += model->parts[k].kind->width(model->parts[k].state);
  return width;
}

int64_t outputs_size(int64_t width) { return width <= OUTPUTS_MOST ? width : OUTPUTS_MOST; }

/* ---- environments ---- */

static int32_t index_new(outputs *outputs, int64_t part, int64_t n_owned) {
  const environments *all = &outputs->environments[part];
  TRY(MEMORY_NEW(outputs->run, &outputs->index[part], n_owned, "the environments' numbers"));
  for (int64_t atom = 0; atom < n_owned; atom++)
    outputs->index[part][atom] = -1;
  for (int64_t k = 0; k < all->neighbours.n_centers; k++)
    outputs->index[part][all->centers[k]] = k;
  return TERN_SUCCESS;
}

static int32_t build_part(outputs *outputs, const tern_system *system) {
  const int64_t k = outputs->n_built;
  const model_part *part = &outputs->model->parts[k];
  environments *all = &outputs->environments[k];
  TRY(environments_build(part->descriptor, outputs->run, system, all));
  outputs->n_built++;
  const int64_t bytes = part->kind->scratch(part->state, part->descriptor, all->most_neighbours, all->most_rows);
  if (bytes > outputs->scratch_bytes)
    outputs->scratch_bytes = bytes;
  return index_new(outputs, k, system->n_owned);
}

int32_t outputs_new(outputs *outputs, const tern_model *model, run *run, const tern_system *system) {
  *outputs = (struct outputs){.model = model, .run = run, .width = outputs_width(model)};
  outputs->size = outputs_size(outputs->width);
  int32_t status = TERN_SUCCESS;
  while (status == TERN_SUCCESS && outputs->n_built < model->n_parts)
    status = build_part(outputs, system);
  if (status != TERN_SUCCESS)
    outputs_free(outputs);
  return status;
}

void outputs_free(outputs *outputs) {
  for (int64_t k = 0; k < outputs->n_built; k++) {
    environments_free(outputs->run, &outputs->environments[k]);
    memory_free(outputs->run, outputs->index[k]);
  }
  outputs->n_built = 0;
}

int32_t outputs_workspace_new(outputs_workspace *space, const outputs *outputs) {
  *space = (outputs_workspace){0};
  TRY(memory_new(outputs->run, &space->scratch, outputs->scratch_bytes, 1, "scratch of a prediction"));
  const int32_t status = MEMORY_NEW(outputs->run, &space->raw, outputs->width, "outputs of an atom");
  if (status != TERN_SUCCESS)
    outputs_workspace_free(space, outputs);
  return status;
}

void outputs_workspace_free(outputs_workspace *space, const outputs *outputs) {
  memory_free(outputs->run, space->scratch);
  memory_free(outputs->run, space->raw);
  *space = (outputs_workspace){0};
}

/* ---- one atom ---- */

/* A fixed sparse random projection: each output goes with random signs to one place in each of SPREAD blocks. It
   keeps lengths and angles, and leverages with them, as a dense one does (Nelson, Nguyen, FOCS 2013) and needs no
   matrix. */
static int64_t place_of(int64_t output, int64_t copy, int64_t size, double *factor) {
  const int64_t block = size / SPREAD;
  const uint64_t random = random_mix((uint64_t)(output * SPREAD + copy + 1) * RANDOM_STEP);
  *factor = (random & 1 ? 1 : -1) / sqrt((double)SPREAD);
  return copy * block + (int64_t)((random >> 1) % (uint64_t)block);
}

void outputs_project(int64_t width, const double *raw, int64_t size, double *values) {
  double factor;
  memset(values, 0, (size_t)size * sizeof(double));
  for (int64_t k = 0; k < width; k++)
    for (int64_t copy = 0; raw[k] != 0 && copy < SPREAD; copy++) {
      const int64_t place = place_of(k, copy, size, &factor);
      values[place] += factor * raw[k];
    }
}

void outputs_project_columns(int64_t width, const double *lower, int64_t size, double *projected) {
  memset(projected, 0, (size_t)(size * width) * sizeof(double));
  for (int64_t k = 0; k < width; k++)
    for (int64_t copy = 0; copy < SPREAD; copy++) {
      double factor;
      double *row = projected + place_of(k, copy, size, &factor) * width;
      for (int64_t column = 0; column < width; column++)
        row[column] += factor * lower[k * width + column];
    }
}

int32_t outputs_of_atom(const outputs *outputs, outputs_workspace *space, int64_t atom, double *values) {
  double *next = outputs->size == outputs->width ? values : space->raw, *first = next;
  memset(first, 0, (size_t)outputs->width * sizeof(double));
  for (int64_t k = 0; k < outputs->n_built; k++) {
    const model_part *part = &outputs->model->parts[k];
    const environments *all = &outputs->environments[k];
    const int64_t index = outputs->index[k][atom];
    if (part->kind->width == NULL)
      continue;
    if (index >= 0) {
      const environment environment = environments_at(all, index);
      model_answer answer = {.outputs = next};
      TRY(part->kind->evaluate(part->state, part->descriptor, &environment,
                               all->first_row[index + 1] - all->first_row[index], space->scratch, &answer));
    }
    next += part->kind->width(part->state);
  }
  if (first != values)
    outputs_project(outputs->width, first, outputs->size, values);
  return TERN_SUCCESS;
}
