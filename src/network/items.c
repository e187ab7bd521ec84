/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/items.h"

#include "core/error.h"
#include "core/memory.h"
#include "network/directions.h"
#include "network/item_parts.h"

/* ---- space ---- */

int32_t item_grow(run *run, item_space *space, int which, int64_t bytes) {
  if (space->arrays[which] != NULL && space->bytes[which] >= bytes)
    return TERN_SUCCESS;
  memory_free(run, space->arrays[which]);
  space->arrays[which] = NULL;
  TRY(memory_new(run, &space->arrays[which], bytes, 1, "the training of a network"));
  space->bytes[which] = bytes;
  return TERN_SUCCESS;
}

void item_space_free(run *run, item_space *space) {
  for (size_t k = 0; k < sizeof space->arrays / sizeof *space->arrays; k++)
    memory_free(run, space->arrays[k]);
  *space = (item_space){0};
}

/* ---- opening ---- */

bool item_wanted(const item_data *data, const frame *frame) {
  const network_choices *choices = &data->choices;
  if (frame->system->n_atoms == 0 || descriptor_count_centers(data->descriptor, frame->system) == 0)
    return false;
  return (choices->energy_weight > 0 && frame->has_energy) ||
         (choices->force_weight > 0 && frame->forces != NULL && frame->system->n_atoms > 1) ||
         (choices->virial_weight > 0 && frame->has_virial);
}

static int64_t set_of(const item_data *data, const item *item, int64_t center) {
  return data->shape.sets > 1 ? item->environments.center_species[center] : 0;
}

/* Rows of the centres of the first set come first, and so on. */
static void order_rows(const item_data *data, item *item) {
  const environments *all = &item->environments;
  int64_t row = 0;
  for (int64_t set = 0; set < data->shape.sets; set++) {
    item->set_first[set] = row;
    for (int64_t center = 0; center < all->neighbours.n_centers; center++)
      if (set_of(data, item, center) == set) {
        item->center_row[center] = row;
        row += all->first_row[center + 1] - all->first_row[center];
      }
  }
  item->set_first[data->shape.sets] = item->rows = row;
  item->most_rows = all->most_rows;
}

static int32_t find_biases(const item_data *data, run *run, item *item) {
  const environments *all = &item->environments;
  int64_t *tags = NULL;
  TRY(MEMORY_NEW(run, &tags, 2 * item->most_rows, "tags of rows"));
  for (int64_t center = 0; center < all->neighbours.n_centers; center++) {
    const environment environment = environments_at(all, center);
    network_biases_of(data->descriptor, data->shape.sets == 1, &environment,
                      all->first_row[center + 1] - all->first_row[center], tags,
                      item->biases + item->center_row[center]);
    item->counts[all->center_species[center]]++;
  }
  memory_free(run, tags);
  return TERN_SUCCESS;
}

static int32_t find_freedom(const item_data *data, run *run, const frame *frame, item *item) {
  double *space = NULL;
  if (data->directions == 0 || frame->forces == NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &space, DIRECTIONS_RIGID * 3 * frame->system->n_atoms, "directions of a structure"));
  item->freedom = directions_freedom(frame->system, space);
  item->directions = item->freedom < data->directions ? item->freedom : data->directions;
  memory_free(run, space);
  return TERN_SUCCESS;
}

int32_t item_open(const item_data *data, run *run, item *item) {
  const frame *frame = data->dataset->frames[item->structure];
  static const char what[] = "structures to train on";
  TRY(environments_build(data->descriptor, run, frame->system, &item->environments));
  TRY(MEMORY_NEW(run, &item->center_row, item->environments.neighbours.n_centers, what));
  TRY(MEMORY_NEW(run, &item->set_first, data->shape.sets + 1, what));
  TRY(MEMORY_NEW(run, &item->counts, data->shape.constants, what));
  order_rows(data, item);
  TRY(MEMORY_NEW(run, &item->biases, item->rows, what));
  TRY(find_biases(data, run, item));
  item->has_energy = data->choices.energy_weight > 0 && frame->has_energy;
  item->has_strain = data->choices.virial_weight > 0 && frame->has_virial;
  item->energy = item->has_energy ? frame->energy / data->choices.unit : 0;
  return find_freedom(data, run, frame, item);
}

void item_free(run *run, item *item) {
  environments_free(run, &item->environments);
  memory_free(run, item->center_row);
  memory_free(run, item->set_first);
  memory_free(run, item->counts);
  memory_free(run, item->biases);
  memory_free(run, item->values);
  memory_free(run, item->weights);
  memory_free(run, item->targets);
  memory_free(run, item->generations);
}
