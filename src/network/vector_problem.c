/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/vector_problem.h"

#include <math.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/threads.h"
#include "network/vector_parts.h"

enum { PROBED = 2000 }; /* centres of the training set that errors are measured on */

static int64_t rows_of_item(const void *context, int64_t item) {
  (void)item;
  return vector_directions(context);
}

static void close_space(void *context, run *serial, void *space) {
  (void)context;
  vector_space_close(serial, space);
}

static int32_t linearize_item(void *context, run *serial, int64_t index, int64_t step, void *space, double *residual,
                              void *jacobian, int64_t stride) {
  const vector_problem *problem = context;
  TRY(vector_space_open(problem, serial, space));
  return vector_item_linearize(problem, &problem->items[index], step, space, residual, jacobian, stride);
}

static int32_t linearize(void *context, run *run, const double *parameters, const fit_batch *batch, double *residual,
                         void *jacobian, int64_t stride) {
  vector_problem *problem = context;
  const trained_step step = {problem, linearize_item, batch, residual, jacobian, stride};
  return trained_network_linearize(&problem->trained, run, parameters, &step);
}

/* ---- errors ---- */

typedef struct measuring {
  const vector_problem *problem;
  bool held_out;
  int64_t count;
  double (*squares)[2]; /* [count]: of components, of vectors */
} measuring;

static const vector_item *measured_item(const measuring *measuring, int64_t k) {
  const vector_problem *problem = measuring->problem;
  return &problem->items[measuring->held_out ? problem->n_items + k : k * problem->n_items / measuring->count];
}

static int32_t measure_item(void *context, run *serial, int64_t k, void *thread_space) {
  const measuring *measuring = context;
  const vector_problem *problem = measuring->problem;
  vector_space *space = thread_space;
  TRY(vector_space_open(problem, serial, space));
  TRY(vector_item_predict(problem, measured_item(measuring, k), space));
  for (int64_t c = 0; c < problem->vectors->outputs; c++) {
    const double difference = space->wanted[c] - space->predicted[c];
    const double scaled = problem->vectors->scales[c] * difference;
    measuring->squares[k][0] += difference * difference;
    measuring->squares[k][1] += scaled * scaled;
  }
  return TERN_SUCCESS;
}

static int32_t measure(void *context, run *run, const double *parameters, bool held_out, fit_measures *measures) {
  vector_problem *problem = context;
  measuring measuring = {.problem = problem, .held_out = held_out};
  measuring.count = held_out ? problem->n_held_out : problem->n_items < PROBED ? problem->n_items : PROBED;
  trained_network_set(&problem->trained, 0, parameters);
  TRY(MEMORY_NEW(run, &measuring.squares, measuring.count, "errors of vectors"));
  const int32_t status = trained_network_each(
      &problem->trained, run, measuring.count, (threads_items){.work = measure_item}, &measuring);
  double components = 0, vectors = 0;
  for (int64_t k = 0; status == TERN_SUCCESS && k < measuring.count; k++) {
    components += measuring.squares[k][0];
    vectors += measuring.squares[k][1];
  }
  memory_free(run, measuring.squares);
  const double loss = components / (double)(measuring.count * problem->vectors->outputs);
  const double relative = vectors / ((double)measuring.count * problem->vectors->variance);
  if (status == TERN_SUCCESS)
    *measures = (fit_measures){loss, 2, {"weighted_rmse", "relative_rmse"}, {sqrt(loss), sqrt(relative)}};
  return status;
}

/* ---- life ---- */

static void list_centers(vector_problem *problem, int64_t structure, vector_item *items) {
  const environments *all = &problem->environments[structure];
  for (int64_t center = 0; center < all->neighbours.n_centers; center++)
    items[center] = (vector_item){.structure = structure,
                                  .center = center,
                                  .rows = all->first_row[center + 1] - all->first_row[center],
                                  .species = all->center_species[center]};
}

static int32_t list_items(vector_problem *problem, run *run, const unsigned char *part) {
  const tern_dataset *dataset = problem->dataset;
  for (int64_t k = 0; k < dataset->size; k++) {
    const int64_t centers = descriptor_count_centers(problem->descriptor, dataset->frames[k]->system);
    *(part != NULL && part[k] ? &problem->n_held_out : &problem->n_items) += centers;
  }
  TRY(MEMORY_NEW(run, &problem->items, problem->n_items + problem->n_held_out, "centres to train on"));
  vector_item *trained = problem->items, *held_out = problem->items + problem->n_items;
  for (int64_t k = 0; k < dataset->size; k++) {
    const environments *all = &problem->environments[k];
    vector_item **next = part != NULL && part[k] ? &held_out : &trained;
    list_centers(problem, k, *next);
    *next += all->neighbours.n_centers;
    problem->most_rows = all->most_rows > problem->most_rows ? all->most_rows : problem->most_rows;
    problem->most_neighbours =
        all->most_neighbours > problem->most_neighbours ? all->most_neighbours : problem->most_neighbours;
  }
  return TERN_SUCCESS;
}

static int32_t find_environments(vector_problem *problem, run *run) {
  const tern_dataset *dataset = problem->dataset;
  TRY(MEMORY_NEW(run, &problem->environments, dataset->size, "environments to train on"));
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    TRY(dataset_name_failure(dataset, k,
                             environments_build(problem->descriptor, run, system, &problem->environments[k])));
    TRY(run_report(run, "environments", k + 1, dataset->size, -1));
  }
  return TERN_SUCCESS;
}

static bool is_room(const vector_problem *problem, const run *run) {
  const int64_t row = (vector_columns(problem) + 1) * vector_number_size(problem) + (int64_t)sizeof(int32_t);
  double bytes = 0;
  for (int64_t k = 0; k < problem->n_items + problem->n_held_out; k++)
    bytes += (double)problem->items[k].rows * (double)row;
  return bytes <= trained_network_room(run);
}

typedef struct storing {
  vector_problem *problem;
  run *run;
} storing;

static int32_t store(const storing *storing, run *serial, vector_item *item, vector_space *space) {
  static const char what[] = "inputs of centres";
  const vector_problem *problem = storing->problem;
  const int64_t size = vector_number_size(problem);
  TRY(vector_space_open(problem, serial, space));
  TRY(memory_new(storing->run, &item->weights, item->rows, size, what));
  TRY(MEMORY_NEW(storing->run, &item->biases, item->rows, what));
  TRY(memory_new(storing->run, &item->values, item->rows * vector_columns(problem), size, what));
  return vector_item_inputs(problem, item, space, item->values, item->weights, item->biases);
}

/* What is stored stays: its memory is that of the whole run. */
static int32_t store_item(void *context, run *serial, int64_t k, void *space) {
  const storing *storing = context;
  vector_item *item = &storing->problem->items[k];
  return dataset_name_failure(storing->problem->dataset, item->structure, store(storing, serial, item, space));
}

static int32_t make(vector_problem *problem, run *run, const network_shape *shape, const unsigned char *part) {
  storing storing = {.problem = problem, .run = run};
  TRY(trained_network_new(&problem->trained, run, shape, problem->choices.wide, 1));
  TRY(find_environments(problem, run));
  TRY(list_items(problem, run, part));
  if (!is_room(problem, run))
    return TERN_SUCCESS;
  return trained_network_each(&problem->trained, run, problem->n_items + problem->n_held_out,
                              (threads_items){.stage = "inputs", .work = store_item}, &storing);
}

int32_t vector_problem_new(vector_problem **problem, run *run, const tern_descriptor *descriptor,
                           const tern_dataset *dataset, const unsigned char *part, const network_inputs *inputs,
                           const network_vectors *vectors, const network_shape *shape, const vector_choices *choices) {
  vector_problem *made = NULL;
  TRY(MEMORY_NEW(run, &made, 1, "the training of a network"));
  made->trained = (trained_network){.space_size = sizeof(vector_space), .close = close_space};
  made->descriptor = descriptor;
  made->dataset = dataset;
  made->inputs = inputs;
  made->vectors = vectors;
  made->choices = *choices;
  const int32_t status = make(made, run, shape, part);
  if (status == TERN_SUCCESS)
    *problem = made;
  else
    vector_problem_free(run, made);
  return status;
}

void vector_problem_free(run *run, vector_problem *problem) {
  if (problem == NULL)
    return;
  for (int64_t k = 0; problem->items != NULL && k < problem->n_items + problem->n_held_out; k++) {
    memory_free(run, problem->items[k].values);
    memory_free(run, problem->items[k].weights);
    memory_free(run, problem->items[k].biases);
  }
  for (int64_t k = 0; problem->environments != NULL && k < problem->dataset->size; k++)
    environments_free(run, &problem->environments[k]);
  memory_free(run, problem->items);
  memory_free(run, problem->environments);
  trained_network_free(run, &problem->trained);
  memory_free(run, problem);
}

/* ---- as the room that trains sees it ---- */

/* Of what decides on the course of a training. */
static uint64_t fingerprint(const vector_problem *problem) {
  const network_vectors *vectors = problem->vectors;
  const int64_t numbers[] = {problem->choices.wide, problem->choices.directions, problem->n_items, vectors->outputs};
  uint64_t value = hash_bytes(HASH_START, numbers, sizeof numbers);
  value = hash_bytes(value, &problem->choices.seed, sizeof problem->choices.seed);
  value = hash_bytes(value, &problem->trained.network.layout, sizeof problem->trained.network.layout);
  value = hash_bytes(value, &problem->choices.origin, sizeof problem->choices.origin);
  value = hash_bytes(value, vectors->mean, (size_t)(vectors->n_species * vectors->width) * sizeof(double));
  return hash_bytes(value, vectors->scales, (size_t)vectors->outputs * sizeof(double));
}

fit_problem vector_problem_view(vector_problem *problem, const char *name) {
  return (fit_problem){.context = problem,
                       .members = 1,
                       .name = name,
                       .n_parameters = problem->trained.network.layout.total,
                       .n_items = problem->n_items,
                       .n_held_out = problem->n_held_out,
                       .wide = problem->choices.wide,
                       .fingerprint = fingerprint(problem),
                       .rows = rows_of_item,
                       .linearize = linearize,
                       .measure = measure};
}
