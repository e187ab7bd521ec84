/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/problem.h"

#include <math.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/threads.h"
#include "fit/gram.h"
#include "network/items.h"
#include "network/trained.h"

enum { PROBED = 400 }; /* structures of the training set that errors are measured on */

struct network_problem {
  item_data data;
  trained_network trained;
  int64_t n_items, n_held_out, n_probed;
  item *items;    /* of the training set */
  item *held_out; /* with fixed directions, as the next */
  item *probed;   /* some of the training set */
  int64_t scratch; /* bytes that a thread needs beside the rows */
};

/* ---- rows ---- */

static int64_t rows_of_item(const void *context, int64_t index) {
  const network_problem *problem = context;
  return item_rows(&problem->data, &problem->items[index]);
}

static void free_space(void *context, run *serial, void *space) {
  (void)context;
  item_space_free(serial, space);
}

static int32_t linearize_item(void *context, run *serial, int64_t index, int64_t step, void *space, double *residual,
                              void *jacobian, int64_t stride) {
  network_problem *problem = context;
  return item_linearize(&problem->data, &problem->trained.network, serial, &problem->items[index], step, space,
                        residual, jacobian, stride);
}

static int32_t linearize(void *context, run *run, const double *parameters, const fit_batch *batch, double *residual,
                         void *jacobian, int64_t stride) {
  network_problem *problem = context;
  const trained_step step = {problem, linearize_item, batch, residual, jacobian, stride};
  return trained_network_linearize(&problem->trained, run, parameters, &step);
}

/* ---- errors ---- */

typedef struct measuring {
  const network_problem *problem;
  item *items;
  item_errors *errors; /* [count] */
} measuring;

static int32_t measure_item(void *context, run *serial, int64_t k, void *space) {
  const measuring *measuring = context;
  const network_problem *problem = measuring->problem;
  return item_measure(&problem->data, &problem->trained.network, serial, &measuring->items[k], space,
                      &measuring->errors[k]);
}

static void add_measure(fit_measures *measures, const char *name, double squares, double count) {
  if (count == 0)
    return;
  measures->names[measures->count] = name;
  measures->values[measures->count++] = sqrt(squares / count);
}

static void sum_errors(int64_t count, const item_errors *errors, fit_measures *measures) {
  item_errors sum = {0};
  for (int64_t k = 0; k < count; k++) {
    sum.weighted += errors[k].weighted;
    sum.rows += errors[k].rows;
    for (int t = 0; t < ITEM_TARGETS; t++) {
      sum.squares[t] += errors[k].squares[t];
      sum.counts[t] += errors[k].counts[t];
    }
  }
  *measures = (fit_measures){.loss = sum.rows > 0 ? sum.weighted / sum.rows : 0};
  add_measure(measures, "weighted_rmse", sum.weighted, sum.rows);
  add_measure(measures, "energy_per_atom_rmse", sum.squares[ITEM_ENERGY], sum.counts[ITEM_ENERGY]);
  add_measure(measures, "force_rmse", sum.squares[ITEM_FORCES], sum.counts[ITEM_FORCES]);
  add_measure(measures, "virial_per_atom_rmse", sum.squares[ITEM_VIRIAL], sum.counts[ITEM_VIRIAL]);
}

static int32_t measure(void *context, run *run, const double *parameters, bool held_out, fit_measures *measures) {
  network_problem *problem = context;
  const int64_t count = held_out ? problem->n_held_out : problem->n_probed;
  measuring measuring = {.problem = problem, .items = held_out ? problem->held_out : problem->probed};
  for (int64_t m = 0; m < problem->trained.members; m++)
    trained_network_set(&problem->trained, m, parameters + m * problem->trained.network.layout.total);
  TRY(MEMORY_NEW(run, &measuring.errors, count, "errors of structures"));
  const int32_t status = trained_network_each(
      &problem->trained, run, count, (threads_items){.work = measure_item}, &measuring);
  if (status == TERN_SUCCESS)
    sum_errors(count, measuring.errors, measures);
  memory_free(run, measuring.errors);
  return status;
}

/* ---- life ---- */

typedef struct making {
  const network_problem *problem;
  run *run;
  item *items;
} making;

/* Environments and sizes, which are kept: the memory is that of the whole run. */
static int32_t open_item(void *context, run *serial, int64_t k, void *space) {
  const making *making = context;
  item *item = &making->items[k];
  (void)serial, (void)space;
  return dataset_name_failure(making->problem->data.dataset, item->structure,
                              item_open(&making->problem->data, making->run, item));
}

/* The inputs that are stored. */
static int32_t fill_item(void *context, run *serial, int64_t k, void *space) {
  const making *making = context;
  item *item = &making->items[k];
  return dataset_name_failure(making->problem->data.dataset, item->structure,
                              item_fill(&making->problem->data, serial, item, space));
}

/* ---- what a thread needs ---- */

static item *largest_item(int64_t count, item *items) {
  item *largest = count > 0 ? &items[0] : NULL;
  for (int64_t k = 1; k < count; k++)
    if (items[k].rows > largest->rows)
      largest = &items[k];
  return largest;
}

/* One step's share of work on the largest structure of either set, to see how much memory that takes: less when all
   inputs are stored. */
static int32_t measure_scratch(network_problem *problem) {
  static const char what[] = "the training of a network";
  const network *network = &problem->trained.network;
  item *trained = largest_item(problem->n_items, problem->items),
       *measured = largest_item(problem->n_probed, problem->probed);
  const int64_t rows = item_rows(&problem->data, trained), stride = gram_stride(network->layout.total, network->wide);
  run serial = {.threads = 1}, rest = {.threads = 1};
  item_space space = {0};
  item_errors errors = {0};
  double *residual = NULL;
  void *jacobian = NULL;
  int32_t status = MEMORY_NEW(NULL, &residual, rows, what);
  if (status == TERN_SUCCESS)
    status = memory_new(NULL, &jacobian, rows * stride, number_size(network->wide), what);
  if (status == TERN_SUCCESS)
    status = item_linearize(&problem->data, network, &serial, trained, 0, &space, residual, jacobian, stride);
  item_space_free(&serial, &space);
  space = (item_space){0};
  if (status == TERN_SUCCESS)
    status = item_measure(&problem->data, network, &rest, measured, &space, &errors);
  item_space_free(&rest, &space);
  memory_free(NULL, residual);
  memory_free(NULL, jacobian);
  problem->scratch = serial.memory_peak > rest.memory_peak ? serial.memory_peak : rest.memory_peak;
  return status;
}

/* ---- what is stored ---- */

static double bytes_of(const network_problem *problem, int64_t count, const item *items) {
  double bytes = 0;
  for (int64_t k = 0; k < count; k++)
    bytes += item_bytes(&problem->data, &items[k]);
  return bytes;
}

/* Where memory is limited and the threads can work without stored inputs, these leave them the memory for that; items
   that are measured keep a few directions anyway. */
static double room_for_stored(const network_problem *problem, const run *run) {
  const double room = trained_network_room(run), work = 2 * (double)run->threads * (double)problem->scratch;
  const double rest = memory_left(run) - work - bytes_of(problem, problem->n_held_out, problem->held_out) -
                      bytes_of(problem, problem->n_probed, problem->probed);
  return run->memory_limit > 0 && rest > 0 && rest < room ? rest : room;
}

/* As many directions as there is room for; fewer than a step uses are not worth it. */
static void choose_stored(network_problem *problem, const run *run) {
  item_data *data = &problem->data;
  const double room = room_for_stored(problem, run);
  while (!data->streamed && bytes_of(problem, problem->n_items, problem->items) > room)
    if (data->stored > data->directions)
      data->stored--;
    else {
      data->stored = 0;
      data->streamed = true;
    }
}

/* Nothing is computed in a step. */
static bool is_all_stored(const network_problem *problem) {
  bool all = !problem->data.streamed;
  for (int64_t k = 0; k < problem->n_items; k++)
    all = all && problem->items[k].stored == problem->items[k].freedom;
  return all;
}

static int32_t place_items(network_problem *problem, run *run, int64_t count, item *items) {
  for (int64_t k = 0; k < count; k++)
    TRY(item_reserve(&problem->data, run, &items[k]));
  return TERN_SUCCESS;
}

static int32_t list_items(network_problem *problem, run *run, const unsigned char *part) {
  const tern_dataset *dataset = problem->data.dataset;
  static const char what[] = "structures to train on";
  for (int64_t k = 0; k < dataset->size; k++)
    if (item_wanted(&problem->data, dataset->frames[k]))
      *(part != NULL && part[k] ? &problem->n_held_out : &problem->n_items) += 1;
  problem->n_probed = problem->n_items < PROBED ? problem->n_items : PROBED;
  TRY(MEMORY_NEW(run, &problem->items, problem->n_items, what));
  TRY(MEMORY_NEW(run, &problem->held_out, problem->n_held_out, what));
  TRY(MEMORY_NEW(run, &problem->probed, problem->n_probed, what));
  for (int64_t k = 0, train = 0, held = 0; k < dataset->size; k++)
    if (item_wanted(&problem->data, dataset->frames[k])) {
      if (part != NULL && part[k])
        problem->held_out[held++] = (item){.structure = k, .fixed = true};
      else
        problem->items[train++] = (item){.structure = k};
    }
  for (int64_t k = 0; k < problem->n_probed; k++)
    problem->probed[k] =
        (item){.structure = problem->items[k * problem->n_items / problem->n_probed].structure, .fixed = true};
  if (problem->n_items == 0)
    return error_set(TERN_ERROR_DATA, "no structure that is left to train on has a target");
  return TERN_SUCCESS;
}

static int32_t build(network_problem *problem, run *run) {
  const threads_items open = {.stage = "environments", .work = open_item};
  const threads_items fill = {.stage = "inputs", .work = fill_item};
  item_data *data = &problem->data;
  const int64_t counts[3] = {problem->n_items, problem->n_held_out, problem->n_probed};
  making lists[3] = {
      {problem, run, problem->items}, {problem, run, problem->held_out}, {problem, run, problem->probed}};
  for (int k = 0; k < 3; k++)
    TRY(trained_network_each(&problem->trained, run, counts[k], open, &lists[k]));
  if (run->memory_limit > 0)
    TRY(measure_scratch(problem));
  choose_stored(problem, run);
  if (data->stored > 0) {
    const double per_epoch = (double)problem->n_items / (double)(data->batch > 0 ? data->batch : 100);
    data->period = (int64_t)fmax(1, (double)data->stored * fmax(1, per_epoch));
  }
  data->per_epoch = fmax(1, (double)problem->n_items / (double)(data->batch > 0 ? data->batch : 100));
  for (int k = 0; k < 3; k++) {
    TRY(place_items(problem, run, counts[k], lists[k].items));
    TRY(trained_network_each(&problem->trained, run, counts[k], fill, &lists[k]));
  }
  return TERN_SUCCESS;
}

static int32_t make(network_problem *problem, run *run, const unsigned char *part) {
  TRY(list_items(problem, run, part));
  TRY(trained_network_new(&problem->trained, run, &problem->data.shape, problem->data.choices.wide,
                          problem->data.choices.members));
  TRY(build(problem, run));
  return run->memory_limit > 0 && is_all_stored(problem) ? measure_scratch(problem) : TERN_SUCCESS;
}

int32_t network_problem_new(network_problem **problem, run *run, const tern_descriptor *descriptor,
                            const tern_dataset *dataset, const unsigned char *part, const network_inputs *inputs,
                            const network_shape *shape, const network_choices *choices) {
  network_problem *made = NULL;
  TRY(MEMORY_NEW(run, &made, 1, "the training of a network"));
  made->trained = (trained_network){.space_size = sizeof(item_space), .close = free_space};
  made->data = (item_data){.descriptor = descriptor,
                           .dataset = dataset,
                           .inputs = inputs,
                           .shape = *shape,
                           .choices = *choices,
                           .directions = choices->force_weight > 0 ? choices->directions : 0,
                           .stored = choices->force_weight > 0 ? choices->stored : 0,
                           .batch = choices->batch};
  made->data.streamed = made->data.directions > 0 && made->data.stored == 0; /* values alone are worth the memory */
  const int32_t status = make(made, run, part);
  if (status == TERN_SUCCESS)
    *problem = made;
  else
    network_problem_free(run, made);
  return status;
}

void network_problem_free(run *run, network_problem *problem) {
  if (problem == NULL)
    return;
  for (int64_t k = 0; problem->items != NULL && k < problem->n_items; k++)
    item_free(run, &problem->items[k]);
  for (int64_t k = 0; problem->held_out != NULL && k < problem->n_held_out; k++)
    item_free(run, &problem->held_out[k]);
  for (int64_t k = 0; problem->probed != NULL && k < problem->n_probed; k++)
    item_free(run, &problem->probed[k]);
  memory_free(run, problem->items);
  memory_free(run, problem->held_out);
  memory_free(run, problem->probed);
  trained_network_free(run, &problem->trained);
  memory_free(run, problem);
}

int64_t network_problem_stored(const network_problem *problem) {
  return problem->data.stored;
}

/* ---- as the room that trains sees it ---- */

/* Of what decides on the course of a training. */
static uint64_t fingerprint(const network_problem *problem) {
  const network_choices *choices = &problem->data.choices;
  const double numbers[] = {choices->energy_weight, choices->force_weight, choices->virial_weight,
                            choices->unit,          (double)choices->wide, (double)choices->directions,
                            (double)problem->data.stored, (double)choices->batch,
                            (double)choices->members};
  uint64_t value = hash_bytes(HASH_START, numbers, sizeof numbers);
  value = hash_bytes(value, &choices->seed, sizeof choices->seed);
  value = hash_bytes(value, &problem->trained.network.layout, sizeof problem->trained.network.layout);
  value = hash_bytes(value, &choices->origin, sizeof choices->origin);
  return hash_bytes(value, &problem->n_items, sizeof problem->n_items);
}

fit_problem network_problem_view(network_problem *problem, const char *name) {
  return (fit_problem){.context = problem,
                       .name = name,
                       .members = problem->trained.members,
                       .n_parameters = problem->trained.network.layout.total,
                       .n_items = problem->n_items,
                       .n_held_out = problem->n_held_out,
                       .wide = problem->trained.network.wide,
                       .fingerprint = fingerprint(problem),
                       .scratch = problem->scratch,
                       .rows = rows_of_item,
                       .linearize = linearize,
                       .measure = measure};
}
