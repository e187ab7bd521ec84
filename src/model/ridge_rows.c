/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/ridge_rows.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static int32_t workspace_grow(ridge_workspace *space, void **array, int64_t *size, int64_t wanted, int64_t item,
                              const char *what) {
  if (wanted <= *size && *array != NULL)
    return TERN_SUCCESS;
  memory_free(space->run, *array);
  *array = NULL;
  *size = 0;
  TRY(memory_new(space->run, array, wanted, item, what));
  *size = wanted;
  return TERN_SUCCESS;
}

void ridge_workspace_free(ridge_workspace *space) {
  memory_free(space->run, space->rows);
  memory_free(space->run, space->values);
  memory_free(space->run, space->jacobian);
  memory_free(space->run, space->direction);
  memory_free(space->run, space->scratch);
}

/* Room for a structure's rows, zeroed, and where each target's begin. */
static int32_t workspace_rows(ridge_workspace *space, const frame *frame, int64_t count) {
  const targets *targets = &space->data->targets;
  const int64_t width = space->data->columns + 1;
  TRY(workspace_grow(space, (void **)&space->rows, &space->rows_size, count * width, sizeof(double),
                     "rows of the linear fit"));
  memset(space->rows, 0, (size_t)(count * width) * sizeof(double));
  double *next = space->rows;
  space->energy = space->forces = space->virial = NULL;
  if (targets->energy > 0 && frame->has_energy) {
    space->energy = next;
    next += width;
  }
  if (targets->forces > 0 && frame->forces != NULL) {
    space->forces = next;
    next += 3 * frame->system->n_atoms * width;
  }
  if (targets->virial > 0 && frame->has_virial)
    space->virial = next;
  return TERN_SUCCESS;
}

/* Arrays large enough for any environment of the structure. */
static int32_t workspace_environments(ridge_workspace *space, const environments *environments) {
  const descriptor_kind *kind = space->data->descriptor->kind;
  const int64_t features = space->data->features, neighbours = environments->most_neighbours,
                rows = environments->most_rows;
  TRY(workspace_grow(space, &space->scratch, &space->scratch_size,
                     kind->scratch(space->data->descriptor->state, neighbours), 1, "scratch of the descriptor"));
  TRY(workspace_grow(space, (void **)&space->values, &space->values_size, rows * features, sizeof(double),
                     "features"));
  if (space->forces == NULL && space->virial == NULL)
    return TERN_SUCCESS;
  TRY(workspace_grow(space, (void **)&space->direction, &space->direction_size, 3 * neighbours, sizeof(double),
                     "directions of the neighbours"));
  return workspace_grow(space, (void **)&space->jacobian, &space->jacobian_size, 3 * neighbours * features,
                        sizeof(double), "derivatives of the features");
}

static void add_scaled(int64_t count, double factor, const double *source, double *target) {
  for (int64_t k = 0; k < count; k++)
    target[k] += factor * source[k];
}

/* The derivative [neighbours][3][features] of the sum over an environment's rows: the kind's own where there is one
   row, else along one coordinate at a time, so that no array holds all rows' derivatives. */
static int32_t environment_jacobian(ridge_workspace *space, const environment *environment, int64_t rows) {
  const descriptor_kind *kind = space->data->descriptor->kind;
  const void *state = space->data->descriptor->state;
  const int64_t features = space->data->features, coordinates = 3 * environment->n_neighbours;
  if (rows == 1)
    return kind->jacobian(state, environment, space->scratch, space->jacobian);
  memset(space->direction, 0, (size_t)coordinates * sizeof(double));
  memset(space->jacobian, 0, (size_t)(coordinates * features) * sizeof(double));
  for (int64_t coordinate = 0; coordinate < coordinates; coordinate++) {
    space->direction[coordinate] = 1;
    TRY(kind->pushforward(state, environment, space->scratch, space->direction, space->values));
    space->direction[coordinate] = 0;
    for (int64_t row = 0; row < rows; row++)
      add_scaled(features, 1, space->values + row * features, space->jacobian + coordinate * features);
  }
  return TERN_SUCCESS;
}

/* Forces and virial are minus the derivatives; a neighbour's gradient acts on it and, reversed, on the centre. */
static void add_derivatives(ridge_workspace *space, const environment *environment, int64_t center,
                            const int64_t *atoms, int64_t first_column) {
  const int64_t features = space->data->features, width = space->data->columns + 1;
  for (int64_t neighbour = 0; neighbour < environment->n_neighbours; neighbour++)
    for (int axis = 0; axis < 3; axis++) {
      const double *derivative = space->jacobian + (3 * neighbour + axis) * features;
      if (space->forces != NULL) {
        add_scaled(features, -1, derivative, space->forces + (3 * atoms[neighbour] + axis) * width + first_column);
        add_scaled(features, 1, derivative, space->forces + (3 * center + axis) * width + first_column);
      }
      for (int along = 0; space->virial != NULL && along < 3; along++)
        add_scaled(features, -environment->vectors[3 * neighbour + along], derivative,
                   space->virial + (3 * axis + along) * width + first_column);
    }
}

static int32_t add_environment(ridge_workspace *space, const environments *environments, int64_t index) {
  const tern_descriptor *descriptor = space->data->descriptor;
  const environment environment = environments_at(environments, index);
  const int64_t features = space->data->features, first_column = environment.center_species * features;
  const int64_t rows = environments->first_row[index + 1] - environments->first_row[index];
  TRY(descriptor->kind->forward(descriptor->state, &environment, space->scratch, space->values));
  for (int64_t row = 0; space->energy != NULL && row < rows; row++)
    add_scaled(features, 1, space->values + row * features, space->energy + first_column);
  if (environment.n_neighbours == 0 || rows == 0 || (space->forces == NULL && space->virial == NULL))
    return TERN_SUCCESS;
  TRY(environment_jacobian(space, &environment, rows));
  add_derivatives(space, &environment, environments->centers[index],
                  environments->neighbours.atom + environments->neighbours.first[index], first_column);
  return TERN_SUCCESS;
}

static void weigh(int64_t width, double weight, double target, double *row) {
  row[width - 1] = target;
  for (int64_t column = 0; column < width; column++)
    row[column] *= weight;
}

/* Targets into the last column, and the weights on everything. */
static void finish_rows(ridge_workspace *space, const frame *frame) {
  const targets *targets = &space->data->targets;
  const int64_t width = space->data->columns + 1, atoms = frame->system->n_atoms;
  const double per_atom = 1 / sqrt((double)atoms);
  if (space->energy != NULL)
    weigh(width, targets->energy * per_atom, frame->energy, space->energy);
  for (int64_t k = 0; space->forces != NULL && k < 3 * atoms; k++)
    weigh(width, targets->forces, frame->forces[k], space->forces + k * width);
  for (int64_t k = 0; space->virial != NULL && k < 9; k++)
    weigh(width, targets->virial * per_atom, frame->virial[k / 3][k % 3], space->virial + k * width);
}

int32_t ridge_rows_write(ridge_workspace *space, int64_t index, int64_t *count) {
  const ridge_data *data = space->data;
  const frame *frame = data->dataset->frames[index];
  environments environments;
  *count = frame->system->n_atoms > 0 ? targets_rows(&data->targets, frame) : 0;
  if (*count == 0)
    return TERN_SUCCESS;
  int32_t status = environments_build(data->descriptor, space->run, frame->system, &environments);
  if (status != TERN_SUCCESS)
    return dataset_name_failure(data->dataset, index, status);
  status = workspace_rows(space, frame, *count);
  if (status == TERN_SUCCESS)
    status = workspace_environments(space, &environments);
  const int64_t centers = environments.neighbours.n_centers;
  for (int64_t center = 0; status == TERN_SUCCESS && center < centers; center++)
    status = add_environment(space, &environments, center);
  environments_free(space->run, &environments);
  if (status == TERN_SUCCESS)
    finish_rows(space, frame);
  return status;
}
