/* SPDX-License-Identifier: BSD-3-Clause */
/* Inputs of a structure with their derivatives: what is kept in memory, and what a step uses of it. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/directions.h"
#include "network/item_parts.h"

/* ---- what is stored ---- */

static int64_t stored_directions(const item_data *data, const item *item) {
  if (item->fixed)
    return item->directions;
  return data->stored < item->freedom ? data->stored : item->freedom;
}

static bool is_stored(const item_data *data, const item *item) { return item->fixed || !data->streamed; }

double item_bytes(const item_data *data, const item *item) {
  if (!is_stored(data, item))
    return 0;
  return (double)((1 + stored_directions(data, item) + item->has_strain) * item->rows) *
         (double)((item_columns(data) + 1) * item_number_size(data));
}

int32_t item_reserve(const item_data *data, run *run, item *item) {
  static const char what[] = "inputs of structures";
  if (!is_stored(data, item))
    return TERN_SUCCESS;
  item->stored = stored_directions(data, item);
  item->slots = 1 + item->stored + item->has_strain;
  TRY(memory_new(run, &item->values, item->slots * item->rows * item_columns(data), item_number_size(data), what));
  TRY(memory_new(run, &item->weights, item->slots * item->rows, item_number_size(data), what));
  TRY(MEMORY_NEW(run, &item->targets, item->slots, what));
  return MEMORY_NEW(run, &item->generations, item->slots, what);
}

/* ---- directions ---- */

/* Streams of random numbers of a structure. */
enum { STREAM_FIRST, STREAM_RENEWED, STREAM_STEP, STREAM_FIXED, STREAM_STRAIN };

static random_stream stream_of(const item_data *data, const item *item, int what, int64_t number) {
  return random_stream_of(data->choices.seed + 1000003 * (uint64_t)(1 + what), (uint64_t)item->structure,
                          (uint64_t)number);
}

/* The directions that a slot of a structure has in a step. All that there are need no change. */
static int64_t generation_of(const item_data *data, const item *item, int64_t slot, int64_t step) {
  if (item->fixed || (slot <= item->stored && item->stored == item->freedom) || data->period == 0)
    return 0;
  const int64_t place = slot <= item->stored ? slot - 1 : 0;
  return (step + data->period * place / (item->stored > 0 ? item->stored : 1)) / data->period;
}

/* Energies' derivatives along a direction of the atoms, in units. */
static double direction_target(const item_data *data, const item *item, const double *direction) {
  const frame *frame = data->dataset->frames[item->structure];
  double sum = 0;
  for (int64_t k = 0; k < 3 * frame->system->n_atoms; k++)
    sum -= frame->forces[k] * direction[k];
  return sum / data->choices.unit;
}

static double strain_target(const item_data *data, const item *item, const double *strain) {
  const frame *frame = data->dataset->frames[item->structure];
  double sum = 0;
  for (int k = 0; k < 9; k++)
    sum -= frame->virial[k / 3][k % 3] * strain[k];
  return sum / data->choices.unit;
}

/* ---- computing inputs ---- */

/* Slots to compute: directions of the atoms, then one strain unless it is NULL. */
typedef struct wanted {
  int64_t directions;
  const double *atoms; /* [directions][n_atoms][3] */
  const double *strain;
  const int64_t *slots; /* [directions + 1]: where they go; NULL: 1, 2 ... */
  void *values, *weights;
} wanted;

static void move_neighbours(const item_data *data, const item *item, int64_t center, const wanted *wanted,
                            double *moves) {
  const environment around = environments_at(&item->environments, center);
  const int64_t *atoms = item->environments.neighbours.atom + item->environments.neighbours.first[center];
  const int64_t own = item->environments.centers[center];
  const int64_t size = 3 * data->dataset->frames[item->structure]->system->n_atoms;
  for (int64_t k = 0; k < wanted->directions; k++)
    for (int64_t j = 0; j < around.n_neighbours; j++)
      for (int a = 0; a < 3; a++)
        *moves++ = wanted->atoms[k * size + 3 * atoms[j] + a] - wanted->atoms[k * size + 3 * own + a];
  for (int64_t j = 0; wanted->strain != NULL && j < around.n_neighbours; j++)
    for (int a = 0; a < 3; a++)
      *moves++ = wanted->strain[3 * a] * around.vectors[3 * j] + wanted->strain[3 * a + 1] * around.vectors[3 * j + 1] +
                 wanted->strain[3 * a + 2] * around.vectors[3 * j + 2];
}

static int32_t compute_center(const item_data *data, const item *item, int64_t center, const wanted *wanted,
                              item_space *space) {
  const environments *all = &item->environments;
  const environment around = environments_at(all, center);
  const int64_t rows = all->first_row[center + 1] - all->first_row[center], columns = item_columns(data);
  const int64_t first = item->center_row[center], size = item_number_size(data);
  network_target target = {.wide = data->choices.wide,
                           .n_directions = wanted->directions + (wanted->strain != NULL),
                           .directions = space->arrays[SPACE_MOVES],
                           .values = space->arrays[SPACE_MADE],
                           .weights = space->arrays[SPACE_MADE_WEIGHTS],
                           .value_stride = rows * columns,
                           .weight_stride = rows};
  if (rows == 0)
    return TERN_SUCCESS;
  move_neighbours(data, item, center, wanted, space->arrays[SPACE_MOVES]);
  TRY(network_inputs_compute(data->inputs, data->descriptor, &around, rows, space->arrays[SPACE_INPUTS], &target));
  for (int64_t k = 0; k <= target.n_directions; k++) {
    const int64_t slot = k == 0 || wanted->slots == NULL ? k : wanted->slots[k - 1];
    memcpy((char *)wanted->values + (slot * item->rows + first) * columns * size,
           (char *)target.values + k * rows * columns * size, (size_t)(rows * columns * size));
    memcpy((char *)wanted->weights + (slot * item->rows + first) * size, (char *)target.weights + k * rows * size,
           (size_t)(rows * size));
  }
  return TERN_SUCCESS;
}

static int32_t compute(const item_data *data, run *run, const item *item, const wanted *wanted, item_space *space) {
  const environments *all = &item->environments;
  const int64_t directions = wanted->directions + (wanted->strain != NULL), rows = item->most_rows;
  const int64_t neighbours = all->most_neighbours;
  TRY(item_grow(run, space, SPACE_INPUTS,
           network_inputs_scratch(data->inputs, data->descriptor, neighbours, rows, directions, data->choices.wide)));
  TRY(item_grow(run, space, SPACE_MADE, (1 + directions) * rows * item_columns(data) * item_number_size(data)));
  TRY(item_grow(run, space, SPACE_MADE_WEIGHTS, (1 + directions) * rows * item_number_size(data)));
  TRY(item_grow(run, space, SPACE_MOVES, directions * neighbours * 3 * (int64_t)sizeof(double)));
  for (int64_t center = 0; center < all->neighbours.n_centers; center++)
    TRY(compute_center(data, item, center, wanted, space));
  return TERN_SUCCESS;
}

static int32_t space_of_directions(const item_data *data, run *run, const item *item, int64_t count,
                                   item_space *space) {
  const int64_t atoms = data->dataset->frames[item->structure]->system->n_atoms;
  return item_grow(run, space, SPACE_DIRECTIONS, (count + DIRECTIONS_RIGID) * 3 * atoms * (int64_t)sizeof(double));
}

int32_t item_fill(const item_data *data, run *run, item *item, item_space *space) {
  const tern_system *system = data->dataset->frames[item->structure]->system;
  double strain[9];
  if (item->slots == 0)
    return TERN_SUCCESS;
  TRY(space_of_directions(data, run, item, item->stored, space));
  double *directions = space->arrays[SPACE_DIRECTIONS];
  if (item->stored > 0)
    directions_draw(system, stream_of(data, item, item->fixed ? STREAM_FIXED : STREAM_FIRST, 0), item->stored,
                    directions);
  directions_strain(stream_of(data, item, STREAM_STRAIN, 0), strain);
  const wanted wanted = {.directions = item->stored,
                         .atoms = directions,
                         .strain = item->has_strain ? strain : NULL,
                         .values = item->values,
                         .weights = item->weights};
  item->targets[0] = item->energy;
  for (int64_t k = 0; k < item->stored; k++)
    item->targets[1 + k] = direction_target(data, item, directions + k * 3 * system->n_atoms);
  if (item->has_strain)
    item->targets[1 + item->stored] = strain_target(data, item, strain);
  return compute(data, run, item, &wanted, space);
}

/* ---- what a step uses ---- */

static int32_t open_used(const item_data *data, run *run, const item *item, item_space *space, item_used *used) {
  const network_choices *choices = &data->choices;
  const double atoms = (double)data->dataset->frames[item->structure]->system->n_atoms;
  used->slots = 1 + item->directions + item->has_strain;
  TRY(item_grow(run, space, SPACE_TARGETS, 5 * used->slots * 8));
  used->targets = space->arrays[SPACE_TARGETS];
  used->factors = used->targets + used->slots;
  used->predicted = used->factors + used->slots;
  used->values = (const char **)(used->predicted + used->slots);
  used->weights = used->values + used->slots;
  for (int64_t k = 0; k < used->slots; k++) {
    used->predicted[k] = 0;
    used->factors[k] = k == 0                    ? choices->energy_weight / sqrt(atoms)
                       : k <= item->directions ? choices->force_weight *
                                                     sqrt((double)item->freedom / (double)item->directions)
                                               : choices->virial_weight * sqrt(6 / atoms);
  }
  return TERN_SUCCESS;
}

/* Which of the stored directions: the next ones each time that the structure comes up. */
static int64_t chosen_slot(const item_data *data, const item *item, int64_t step, int64_t k) {
  if (k > item->directions) /* strain */
    return 1 + item->stored;
  if (item->fixed || k == 0)
    return k;
  const int64_t visit = (int64_t)((double)step / data->per_epoch);
  const uint64_t start = (uint64_t)(visit * item->directions) + random_mix((uint64_t)item->structure);
  return 1 + (int64_t)((start + (uint64_t)(k - 1)) % (uint64_t)item->stored);
}

/* Gives a slot the direction of its generation. */
static int32_t renew(const item_data *data, run *run, item *item, int64_t slot, int64_t generation,
                     item_space *space) {
  const tern_system *system = data->dataset->frames[item->structure]->system;
  const bool is_strain = slot > item->stored;
  double strain[9];
  TRY(space_of_directions(data, run, item, 1, space));
  double *direction = space->arrays[SPACE_DIRECTIONS];
  if (is_strain) {
    directions_strain(stream_of(data, item, STREAM_STRAIN, generation), strain);
    item->targets[slot] = strain_target(data, item, strain);
  } else {
    directions_draw(system, stream_of(data, item, STREAM_RENEWED, generation * item->stored + slot), 1, direction);
    item->targets[slot] = direction_target(data, item, direction);
  }
  const wanted wanted = {.directions = is_strain ? 0 : 1,
                         .atoms = direction,
                         .strain = is_strain ? strain : NULL,
                         .slots = &slot,
                         .values = item->values,
                         .weights = item->weights};
  item->generations[slot] = generation;
  return compute(data, run, item, &wanted, space);
}

static int32_t use_stored(const item_data *data, run *run, item *item, int64_t step, item_space *space,
                          item_used *used) {
  const int64_t bytes = item->rows * item_number_size(data);
  for (int64_t k = 0; k < used->slots; k++) {
    const int64_t slot = chosen_slot(data, item, step, k);
    const int64_t generation = slot == 0 ? 0 : generation_of(data, item, slot, step);
    if (item->generations[slot] != generation)
      TRY(renew(data, run, item, slot, generation, space));
    used->values[k] = (const char *)item->values + slot * bytes * item_columns(data);
    used->weights[k] = (const char *)item->weights + slot * bytes;
    used->targets[k] = item->targets[slot];
  }
  return TERN_SUCCESS;
}

static int32_t use_fresh(const item_data *data, run *run, const item *item, int64_t step, item_space *space,
                         item_used *used) {
  const tern_system *system = data->dataset->frames[item->structure]->system;
  const int64_t bytes = item->rows * item_number_size(data);
  double strain[9];
  TRY(space_of_directions(data, run, item, item->directions, space));
  TRY(item_grow(run, space, SPACE_VALUES, used->slots * bytes * item_columns(data)));
  TRY(item_grow(run, space, SPACE_WEIGHTS, used->slots * bytes));
  double *directions = space->arrays[SPACE_DIRECTIONS];
  directions_draw(system, stream_of(data, item, STREAM_STEP, step), item->directions, directions);
  directions_strain(stream_of(data, item, STREAM_STRAIN, step), strain);
  const wanted wanted = {.directions = item->directions,
                         .atoms = directions,
                         .strain = item->has_strain ? strain : NULL,
                         .values = space->arrays[SPACE_VALUES],
                         .weights = space->arrays[SPACE_WEIGHTS]};
  for (int64_t k = 0; k < used->slots; k++) {
    used->values[k] = (const char *)wanted.values + k * bytes * item_columns(data);
    used->weights[k] = (const char *)wanted.weights + k * bytes;
    used->targets[k] = k == 0                  ? item->energy
                       : k <= item->directions
                           ? direction_target(data, item, directions + (k - 1) * 3 * system->n_atoms)
                           : strain_target(data, item, strain);
  }
  return compute(data, run, item, &wanted, space);
}

int32_t item_use(const item_data *data, run *run, item *item, int64_t step, item_space *space, item_used *used) {
  TRY(open_used(data, run, item, space, used));
  return item->slots > 0 ? use_stored(data, run, item, step, space, used)
                         : use_fresh(data, run, item, step, space, used);
}
