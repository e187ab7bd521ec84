/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/items.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/directions.h"
#include "triplet/frames.h"

/* ---- sets and biases ---- */

/* A tag that is the centre itself, or none, has a number of its own behind the species; frames have no such tags. */
static int64_t tag_numbers(const tern_descriptor *descriptor) {
  return descriptor->n_species + (descriptor->kind != &frames_kind);
}

int64_t network_biases(const tern_descriptor *descriptor, bool shared) {
  const int64_t centers = shared ? descriptor->n_species : 1, tags = tag_numbers(descriptor);
  return descriptor->kind->tags == NULL ? centers : centers * tags * tags;
}

static int64_t tag_species(const environment *environment, int64_t tag, int64_t behind) {
  return tag < 0 ? behind : environment->species[tag];
}

void network_biases_of(const tern_descriptor *descriptor, bool shared, const environment *environment, int64_t rows,
                       int64_t *tags, int32_t *biases) {
  const int64_t n = descriptor->n_species, base = tag_numbers(descriptor);
  const int64_t center = shared ? environment->center_species : 0;
  if (descriptor->kind->tags == NULL) {
    for (int64_t row = 0; row < rows; row++)
      biases[row] = (int32_t)center;
    return;
  }
  descriptor->kind->tags(descriptor->state, environment, tags);
  for (int64_t row = 0; row < rows; row++)
    biases[row] = (int32_t)((center * base + tag_species(environment, tags[2 * row], n)) * base +
                            tag_species(environment, tags[2 * row + 1], n));
}

/* ---- space ---- */

enum {
  SPACE_INPUTS,      /* scratch of the inputs */
  SPACE_MADE,        /* inputs of one centre, for all directions */
  SPACE_MADE_WEIGHTS,
  SPACE_DIRECTIONS,  /* of the structure */
  SPACE_MOVES,       /* of one environment's neighbours */
  SPACE_VALUES,      /* inputs of a structure, where they are not stored */
  SPACE_WEIGHTS,
  SPACE_CHUNK,       /* rows that the network works on */
  SPACE_CHUNK_WEIGHTS,
  SPACE_NETWORK,
  SPACE_JACOBIAN,
  SPACE_TARGETS
};

static int32_t grow(run *run, item_space *space, int which, int64_t bytes) {
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

/* ---- what is stored ---- */

static int64_t stored_directions(const item_data *data, const item *item) {
  if (item->fixed)
    return item->directions;
  return data->stored < item->freedom ? data->stored : item->freedom;
}

/* Without directions the values alone are worth the memory. */
static bool is_stored(const item_data *data, const item *item) {
  return item->fixed || data->stored > 0 || data->directions == 0;
}

static int64_t size_of(const item_data *data) {
  return data->choices.wide ? 8 : 4;
}

static int64_t columns_of(const item_data *data) {
  return data->inputs->even + data->inputs->odd;
}

double item_bytes(const item_data *data, const item *item) {
  if (!is_stored(data, item))
    return 0;
  return (double)((1 + stored_directions(data, item) + item->has_strain) * item->rows) *
         (double)((columns_of(data) + 1) * size_of(data));
}

int32_t item_reserve(const item_data *data, run *run, item *item) {
  static const char what[] = "inputs of structures";
  if (!is_stored(data, item))
    return TERN_SUCCESS;
  item->stored = stored_directions(data, item);
  item->slots = 1 + item->stored + item->has_strain;
  TRY(memory_new(run, &item->values, item->slots * item->rows * columns_of(data), size_of(data), what));
  TRY(memory_new(run, &item->weights, item->slots * item->rows, size_of(data), what));
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
  const int64_t rows = all->first_row[center + 1] - all->first_row[center], columns = columns_of(data);
  const int64_t first = item->center_row[center], size = size_of(data);
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
  TRY(grow(run, space, SPACE_INPUTS,
           network_inputs_scratch(data->inputs, data->descriptor, neighbours, rows, directions, data->choices.wide)));
  TRY(grow(run, space, SPACE_MADE, (1 + directions) * rows * columns_of(data) * size_of(data)));
  TRY(grow(run, space, SPACE_MADE_WEIGHTS, (1 + directions) * rows * size_of(data)));
  TRY(grow(run, space, SPACE_MOVES, directions * neighbours * 3 * (int64_t)sizeof(double)));
  for (int64_t center = 0; center < all->neighbours.n_centers; center++)
    TRY(compute_center(data, item, center, wanted, space));
  return TERN_SUCCESS;
}

static int32_t space_of_directions(const item_data *data, run *run, const item *item, int64_t count,
                                   item_space *space) {
  const int64_t atoms = data->dataset->frames[item->structure]->system->n_atoms;
  return grow(run, space, SPACE_DIRECTIONS, (count + DIRECTIONS_RIGID) * 3 * atoms * (int64_t)sizeof(double));
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

/* Numbers of each slot, wherever they lie. */
typedef struct used {
  int64_t slots;
  const char **values, **weights;
  double *targets, *factors, *predicted;
} used;

static int32_t open_used(const item_data *data, run *run, const item *item, item_space *space, used *used) {
  const network_choices *choices = &data->choices;
  const double atoms = (double)data->dataset->frames[item->structure]->system->n_atoms;
  used->slots = 1 + item->directions + item->has_strain;
  TRY(grow(run, space, SPACE_TARGETS, 5 * used->slots * 8));
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

static int32_t use_stored(const item_data *data, run *run, item *item, int64_t step, item_space *space, used *used) {
  const int64_t bytes = item->rows * size_of(data);
  for (int64_t k = 0; k < used->slots; k++) {
    const int64_t slot = chosen_slot(data, item, step, k);
    const int64_t generation = slot == 0 ? 0 : generation_of(data, item, slot, step);
    if (item->generations[slot] != generation)
      TRY(renew(data, run, item, slot, generation, space));
    used->values[k] = (const char *)item->values + slot * bytes * columns_of(data);
    used->weights[k] = (const char *)item->weights + slot * bytes;
    used->targets[k] = item->targets[slot];
  }
  return TERN_SUCCESS;
}

static int32_t use_fresh(const item_data *data, run *run, const item *item, int64_t step, item_space *space,
                         used *used) {
  const tern_system *system = data->dataset->frames[item->structure]->system;
  const int64_t bytes = item->rows * size_of(data);
  double strain[9];
  TRY(space_of_directions(data, run, item, item->directions, space));
  TRY(grow(run, space, SPACE_VALUES, used->slots * bytes * columns_of(data)));
  TRY(grow(run, space, SPACE_WEIGHTS, used->slots * bytes));
  double *directions = space->arrays[SPACE_DIRECTIONS];
  directions_draw(system, stream_of(data, item, STREAM_STEP, step), item->directions, directions);
  directions_strain(stream_of(data, item, STREAM_STRAIN, step), strain);
  const wanted wanted = {.directions = item->directions,
                         .atoms = directions,
                         .strain = item->has_strain ? strain : NULL,
                         .values = space->arrays[SPACE_VALUES],
                         .weights = space->arrays[SPACE_WEIGHTS]};
  for (int64_t k = 0; k < used->slots; k++) {
    used->values[k] = (const char *)wanted.values + k * bytes * columns_of(data);
    used->weights[k] = (const char *)wanted.weights + k * bytes;
    used->targets[k] = k == 0                  ? item->energy
                       : k <= item->directions
                           ? direction_target(data, item, directions + (k - 1) * 3 * system->n_atoms)
                           : strain_target(data, item, strain);
  }
  return compute(data, run, item, &wanted, space);
}

/* ---- the network on the rows, some at a time ---- */

/* Rows that the network works on at a time: what they need stays in the second cache. */
static int64_t chunk_rows(const item *item, int64_t slots) {
  const int64_t most = slots < 8 ? 512 / slots : 64;
  return item->rows < most ? item->rows : most;
}

static int32_t open_chunk(const item_data *data, const network *network, run *run, const item *item, int64_t slots,
                          item_space *space) {
  const int64_t rows = chunk_rows(item, slots);
  TRY(grow(run, space, SPACE_CHUNK, slots * rows * columns_of(data) * size_of(data)));
  TRY(grow(run, space, SPACE_CHUNK_WEIGHTS, slots * rows * size_of(data)));
  return grow(run, space, SPACE_NETWORK, network_scratch(network, slots, rows));
}

static network_rows gather(const item_data *data, const item *item, const used *used, int64_t set, int64_t first,
                           int64_t rows, item_space *space) {
  const int64_t size = size_of(data), width = columns_of(data) * size;
  char *values = space->arrays[SPACE_CHUNK], *weights = space->arrays[SPACE_CHUNK_WEIGHTS];
  for (int64_t k = 0; k < used->slots; k++) {
    memcpy(values + k * rows * width, used->values[k] + first * width, (size_t)(rows * width));
    memcpy(weights + k * rows * size, used->weights[k] + first * size, (size_t)(rows * size));
  }
  return (network_rows){.set = set,
                        .slots = used->slots,
                        .rows = rows,
                        .inputs = values,
                        .weights = weights,
                        .bias = item->biases + first};
}

/* jacobian NULL: predictions alone. */
static void work_on_set(const item_data *data, const network *network, const item *item, const used *used, int64_t set,
                        item_space *space, char *jacobian, int64_t stride) {
  const int64_t end = item->set_first[set + 1], part = chunk_rows(item, used->slots), size = size_of(data);
  if (jacobian != NULL)
    jacobian += set * network->layout.set * size;
  for (int64_t first = item->set_first[set]; first < end; first += part) {
    const int64_t rows = end - first < part ? end - first : part;
    const network_rows chunk = gather(data, item, used, set, first, rows, space);
    if (jacobian == NULL)
      network_evaluate(network, &chunk, space->arrays[SPACE_NETWORK], used->predicted);
    else
      network_jacobian(network, &chunk, used->factors, first > item->set_first[set], space->arrays[SPACE_NETWORK],
                       used->predicted, jacobian, stride);
  }
  if (item->set_first[set] == end && jacobian != NULL)
    for (int64_t k = 0; k < used->slots; k++)
      memset(jacobian + k * stride * size, 0, (size_t)(network->layout.set * size));
}

static void put_number(bool wide, char *to, int64_t place, double value) {
  if (wide)
    ((double *)to)[place] = value;
  else
    ((float *)to)[place] = (float)value;
}

/* The constants' part. */
static void add_constants(const item_data *data, const network *network, const item *item, const used *used,
                          char *jacobian, int64_t stride) {
  const double scale = network_scales_of(&network->shape).constant;
  for (int64_t c = 0; c < data->shape.constants; c++) {
    const int64_t place = network->layout.constants + c;
    const double weight =
        network->wide ? ((const double *)network->weights)[place] : (double)((const float *)network->weights)[place];
    used->predicted[0] += weight * (double)item->counts[c];
    for (int64_t k = 0; jacobian != NULL && k < used->slots; k++)
      put_number(network->wide, jacobian, k * stride + place,
                 k == 0 ? used->factors[0] * scale * (double)item->counts[c] : 0);
  }
}

static void work(const item_data *data, const network *network, const item *item, const used *used, item_space *space,
                 char *jacobian, int64_t stride) {
  for (int64_t set = 0; set < data->shape.sets; set++)
    work_on_set(data, network, item, used, set, space, jacobian, stride);
  add_constants(data, network, item, used, jacobian, stride);
}

static int32_t open_work(const item_data *data, const network *network, run *run, item *item, int64_t step,
                         item_space *space, used *used) {
  TRY(open_used(data, run, item, space, used));
  TRY(open_chunk(data, network, run, item, used->slots, space));
  return item->slots > 0 ? use_stored(data, run, item, step, space, used)
                         : use_fresh(data, run, item, step, space, used);
}

int32_t item_linearize(const item_data *data, const network *network, run *run, item *item, int64_t step,
                       item_space *space, double *residual, void *jacobian, int64_t stride) {
  used used;
  const int64_t size = size_of(data);
  char *rows = jacobian;
  TRY(open_work(data, network, run, item, step, space, &used));
  if (jacobian != NULL && !item->has_energy) { /* the row of the energy is made but not wanted */
    TRY(grow(run, space, SPACE_JACOBIAN, used.slots * stride * size));
    rows = space->arrays[SPACE_JACOBIAN];
  }
  work(data, network, item, &used, space, rows, stride);
  if (rows != (char *)jacobian)
    memcpy(jacobian, rows + stride * size, (size_t)((used.slots - 1) * stride * size));
  for (int64_t k = item->has_energy ? 0 : 1; k < used.slots; k++)
    *residual++ = used.factors[k] * (used.targets[k] - used.predicted[k]);
  return TERN_SUCCESS;
}

int32_t item_measure(const item_data *data, const network *network, run *run, item *item, item_space *space,
                     item_errors *errors) {
  used used;
  const double unit = data->choices.unit;
  const double atoms = (double)data->dataset->frames[item->structure]->system->n_atoms;
  TRY(open_work(data, network, run, item, 0, space, &used));
  work(data, network, item, &used, space, NULL, 0);
  *errors = (item_errors){0};
  for (int64_t k = item->has_energy ? 0 : 1; k < used.slots; k++) {
    const int target = k == 0 ? ITEM_ENERGY : k <= item->directions ? ITEM_FORCES : ITEM_VIRIAL;
    const double difference = used.predicted[k] - used.targets[k], weighted = used.factors[k] * difference;
    /* a strain of unit norm sees the six directions that there are, not the nine components */
    const double scale[ITEM_TARGETS] = {unit / atoms, unit, unit / atoms * sqrt(6.0 / 9)};
    errors->weighted += weighted * weighted;
    errors->rows += 1;
    errors->squares[target] += scale[target] * scale[target] * difference * difference;
    errors->counts[target] += 1;
  }
  return TERN_SUCCESS;
}
