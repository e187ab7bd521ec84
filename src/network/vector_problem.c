/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/vector_problem.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/threads.h"
#include "network/layers.h"
#include "network/problem.h"
#include "network/random.h"

enum {
  PROBED = 2000,    /* centres of the training set that errors are measured on */
  CHUNK = 512       /* rows that the network works on at a time */
};

typedef struct item {
  int64_t structure, center; /* number among the structure's centres */
  int64_t rows, species;
  void *values, *weights; /* [rows][even + odd], [rows]; NULL: computed when they are wanted */
  int32_t *biases;        /* [rows] */
} item;

struct vector_problem {
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const network_inputs *inputs;
  const network_vectors *vectors;
  vector_choices choices;
  network network;
  double *weights; /* [total] */
  environments *environments; /* [structures] */
  int64_t n_items, n_held_out;
  item *items; /* [n_items + n_held_out], the held-out ones last */
  int64_t most_rows, most_neighbours;
};

static int64_t size_of(const vector_problem *problem) { return problem->choices.wide ? 8 : 4; }

static int64_t columns_of(const vector_problem *problem) { return problem->inputs->even + problem->inputs->odd; }

static int64_t directions_of(const vector_problem *problem) {
  const int64_t outputs = problem->vectors->outputs;
  return problem->choices.directions < outputs ? problem->choices.directions : outputs;
}

static int64_t set_of(const vector_problem *problem, const item *item) {
  return problem->network.shape.sets > 1 ? item->species : 0;
}

/* ---- space of a thread ---- */

typedef struct space {
  void *memory;
  void *inputs, *values, *weights, *network, *sums, *last;
  int64_t *tags;
  int32_t *biases;
  double *wanted, *predicted;   /* [outputs] */
  double *hidden;               /* [last width]: sums */
  double *directions;           /* [directions][outputs] */
} space;

static int64_t place(const vector_problem *problem, void *memory, space *space) {
  const int64_t rows = problem->most_rows, size = size_of(problem), outputs = problem->vectors->outputs;
  const int64_t width = network_last_width(&problem->network.shape);
  layout layout = {memory, 0};
  space->inputs = layout_take(&layout, network_inputs_scratch(problem->inputs, problem->descriptor,
                                                              problem->most_neighbours, rows, 0,
                                                              problem->choices.wide), 1);
  space->values = layout_take(&layout, rows * columns_of(problem), size);
  space->weights = layout_take(&layout, rows, size);
  space->network = layout_take(&layout, network_scratch(&problem->network, 1, rows < CHUNK ? rows : CHUNK), 1);
  space->sums = layout_take(&layout, width, size);
  space->last = layout_take(&layout, directions_of(problem) * width, size);
  space->tags = layout_take(&layout, 2 * rows, sizeof(int64_t));
  space->biases = layout_take(&layout, rows, sizeof(int32_t));
  space->wanted = layout_reals(&layout, outputs);
  space->predicted = layout_reals(&layout, outputs);
  space->hidden = layout_reals(&layout, width);
  space->directions = layout_reals(&layout, directions_of(problem) * outputs);
  return layout.used;
}

static int32_t open_space(const vector_problem *problem, run *run, space *space) {
  TRY(memory_new(run, &space->memory, place(problem, NULL, space), 1, "the training of a network"));
  place(problem, space->memory, space);
  return TERN_SUCCESS;
}

/* ---- inputs ---- */

static int32_t compute_inputs(const vector_problem *problem, const item *item, space *space, void *values,
                              void *weights, int32_t *biases) {
  const environment around = environments_at(&problem->environments[item->structure], item->center);
  const network_target target = {.wide = problem->choices.wide, .values = values, .weights = weights};
  if (item->rows == 0)
    return TERN_SUCCESS;
  network_biases_of(problem->descriptor, problem->network.shape.sets == 1, &around, item->rows, space->tags, biases);
  return network_inputs_compute(problem->inputs, problem->descriptor, &around, item->rows, space->inputs, &target);
}

/* Rows of a part of an item, to be moved on by their number. */
static int32_t open_rows(const vector_problem *problem, const item *item, space *space, network_rows *rows) {
  const bool stored = item->values != NULL;
  *rows = (network_rows){.set = set_of(problem, item),
                         .slots = 1,
                         .inputs = stored ? item->values : space->values,
                         .weights = stored ? item->weights : space->weights,
                         .bias = stored ? item->biases : space->biases};
  return stored ? TERN_SUCCESS : compute_inputs(problem, item, space, space->values, space->weights, space->biases);
}

static network_rows rows_from(const vector_problem *problem, const network_rows *all, int64_t first, int64_t count) {
  network_rows part = *all;
  part.rows = count - first < CHUNK ? count - first : CHUNK;
  part.inputs = (const char *)all->inputs + first * columns_of(problem) * size_of(problem);
  part.weights = (const char *)all->weights + first * size_of(problem);
  part.bias = all->bias + first;
  return part;
}

/* ---- one centre ---- */

static double number_at(bool wide, const void *numbers, int64_t place) {
  return wide ? ((const double *)numbers)[place] : (double)((const float *)numbers)[place];
}

static void put_number(bool wide, void *numbers, int64_t place, double value) {
  if (wide)
    ((double *)numbers)[place] = value;
  else
    ((float *)numbers)[place] = (float)value;
}

/* The last vectors of a set, [outputs][last width]. */
static const double *last_of(const vector_problem *problem, const item *item) {
  const network_layout *layout = &problem->network.layout;
  return problem->weights + set_of(problem, item) * layout->set + layout->last;
}

/* Components as they should be and, from the sums, as they are. */
static void compare(const vector_problem *problem, const item *item, space *space) {
  const network_vectors *vectors = problem->vectors;
  const int64_t width = network_last_width(&problem->network.shape);
  const frame *frame = problem->dataset->frames[item->structure];
  const int64_t atom = problem->environments[item->structure].centers[item->center];
  const double *last = last_of(problem, item);
  const double *constants = problem->weights + problem->network.layout.constants + item->species * vectors->outputs;
  network_vectors_components(vectors, item->species,
                             frame_find_vectors(frame, vectors->name)->values + atom * vectors->width, space->wanted);
  for (int64_t h = 0; h < width; h++)
    space->hidden[h] = number_at(problem->choices.wide, space->sums, h);
  for (int64_t k = 0; k < vectors->outputs; k++) {
    space->predicted[k] = constants[k];
    for (int64_t h = 0; h < width; h++)
      space->predicted[k] += last[k * width + h] * space->hidden[h];
  }
}

static void clear_sums(const vector_problem *problem, space *space) {
  memset(space->sums, 0, (size_t)(network_last_width(&problem->network.shape) * size_of(problem)));
}

static int32_t predict_item(const vector_problem *problem, const item *item, space *space) {
  network_rows all;
  clear_sums(problem, space);
  TRY(open_rows(problem, item, space, &all));
  for (int64_t first = 0; first < item->rows; first += CHUNK) {
    const network_rows part = rows_from(problem, &all, first, item->rows);
    network_hidden(&problem->network, &part, space->network, space->sums);
  }
  compare(problem, item, space);
  return TERN_SUCCESS;
}

/* ---- rows of a step ---- */

static int64_t rows_of_item(const void *context, int64_t item) {
  (void)item;
  return directions_of(context);
}

/* Orthonormal directions (Gram-Schmidt); all components when there are as many. */
static void draw_directions(const vector_problem *problem, const item *item, int64_t step, double *directions) {
  const int64_t outputs = problem->vectors->outputs, count = directions_of(problem);
  const uint64_t seed = problem->choices.seed + UINT64_C(77003) * (uint64_t)item->center;
  random_stream random = random_stream_of(seed, (uint64_t)item->structure, (uint64_t)step);
  for (int64_t row = 0; row < count; row++) {
    double *own = directions + row * outputs, square = 0;
    for (int64_t k = 0; k < outputs; k++)
      own[k] = count == outputs ? (double)(k == row) : random_normal(&random);
    for (int64_t other = 0; other < row && count < outputs; other++) {
      const double *before = directions + other * outputs;
      double along = 0;
      for (int64_t k = 0; k < outputs; k++)
        along += own[k] * before[k];
      for (int64_t k = 0; k < outputs; k++)
        own[k] -= along * before[k];
    }
    for (int64_t k = 0; k < outputs; k++)
      square += own[k] * own[k];
    for (int64_t k = 0; k < outputs && square > 0; k++)
      own[k] /= sqrt(square);
  }
}

/* The last vector that a direction sees. */
static void mix_last(const vector_problem *problem, const item *item, space *space) {
  const int64_t width = network_last_width(&problem->network.shape), outputs = problem->vectors->outputs;
  const double *last = last_of(problem, item);
  for (int64_t row = 0; row < directions_of(problem); row++) {
    memset(space->hidden, 0, (size_t)width * sizeof *space->hidden);
    for (int64_t k = 0; k < outputs; k++)
      for (int64_t h = 0; h < width; h++)
        space->hidden[h] += space->directions[row * outputs + k] * last[k * width + h];
    for (int64_t h = 0; h < width; h++)
      put_number(problem->choices.wide, space->last, row * width + h, space->hidden[h]);
  }
}

/* Derivatives with respect to last vectors and constants, where the sums are in space->hidden. */
static void put_last(const vector_problem *problem, const item *item, const space *space, int64_t row, char *jacobian) {
  const network_layout *layout = &problem->network.layout;
  const network_scales scales = network_scales_of(&problem->network.shape);
  const int64_t width = network_last_width(&problem->network.shape), outputs = problem->vectors->outputs;
  const int64_t last = set_of(problem, item) * layout->set + layout->last;
  for (int64_t k = 0; k < outputs; k++) {
    const double along = space->directions[row * outputs + k];
    for (int64_t h = 0; h < width; h++)
      put_number(problem->choices.wide, jacobian, last + k * width + h, scales.last * along * space->hidden[h]);
    put_number(problem->choices.wide, jacobian, layout->constants + item->species * outputs + k,
               scales.constant * along);
  }
}

static int32_t differentiate_item(const vector_problem *problem, const item *item, space *space, char *jacobian,
                                  int64_t stride) {
  const int64_t count = directions_of(problem), size = size_of(problem);
  const int64_t width = network_last_width(&problem->network.shape);
  const int64_t set = set_of(problem, item) * problem->network.layout.set;
  network_rows all;
  clear_sums(problem, space);
  mix_last(problem, item, space);
  TRY(open_rows(problem, item, space, &all));
  for (int64_t row = 0; row < count; row++)
    memset(jacobian + row * stride * size, 0, (size_t)(problem->network.layout.total * size));
  for (int64_t first = 0; first < item->rows; first += CHUNK) {
    const network_rows part = rows_from(problem, &all, first, item->rows);
    network_hidden(&problem->network, &part, space->network, space->sums);
    for (int64_t row = 0; row < count; row++)
      network_hidden_jacobian(&problem->network, &part, (char *)space->last + row * width * size, first > 0,
                              space->network, jacobian + (row * stride + set) * size);
  }
  compare(problem, item, space);
  for (int64_t row = 0; row < count; row++)
    put_last(problem, item, space, row, jacobian + row * stride * size);
  return TERN_SUCCESS;
}

static int32_t linearize_item(const vector_problem *problem, const item *item, int64_t step, space *space,
                              double *residual, char *jacobian, int64_t stride) {
  const int64_t outputs = problem->vectors->outputs;
  draw_directions(problem, item, step, space->directions);
  TRY(jacobian != NULL ? differentiate_item(problem, item, space, jacobian, stride)
                       : predict_item(problem, item, space));
  for (int64_t row = 0; row < directions_of(problem); row++) {
    residual[row] = 0;
    for (int64_t k = 0; k < outputs; k++)
      residual[row] += space->directions[row * outputs + k] * (space->wanted[k] - space->predicted[k]);
  }
  return TERN_SUCCESS;
}

typedef struct step {
  const vector_problem *problem;
  const fit_batch *batch;
  double *residual;
  char *jacobian;
  int64_t stride, memory_limit;
} step;

static int32_t step_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const step *step = context;
  run serial = {.threads = 1, .memory_limit = step->memory_limit};
  space space = {0};
  int32_t status = open_space(step->problem, &serial, &space);
  (void)thread;
  for (int64_t k = begin; status == TERN_SUCCESS && k < end; k++) {
    const int64_t row = step->batch->first_row[k];
    char *jacobian =
        step->jacobian != NULL ? step->jacobian + row * step->stride * size_of(step->problem) : NULL;
    status = linearize_item(step->problem, &step->problem->items[step->batch->items[k]], step->batch->step, &space,
                            step->residual + row, jacobian, step->stride);
  }
  memory_free(&serial, space.memory);
  return status;
}

static void set_parameters(vector_problem *problem, const double *parameters) {
  network_weights(&problem->network.shape, parameters, problem->weights);
  for (int64_t k = 0; k < problem->network.layout.total; k++)
    put_number(problem->choices.wide, problem->network.weights, k, problem->weights[k]);
}

static int64_t share_of_memory(const run *run) {
  return run->memory_limit > 0 ? 1 + (run->memory_limit - run->memory_used) / (2 * run->threads) : 0;
}

static int32_t linearize(void *context, run *run, const double *parameters, const fit_batch *batch, double *residual,
                         void *jacobian, int64_t stride) {
  step step = {.problem = context,
               .batch = batch,
               .residual = residual,
               .jacobian = jacobian,
               .stride = stride,
               .memory_limit = share_of_memory(run)};
  set_parameters(context, parameters);
  return threads_for(run, batch->count, 1, step_part, &step);
}

/* ---- errors ---- */

typedef struct measuring {
  const vector_problem *problem;
  bool held_out;
  int64_t count, memory_limit;
  double (*squares)[2]; /* [count]: of components, of vectors */
} measuring;

static const item *measured_item(const measuring *measuring, int64_t k) {
  const vector_problem *problem = measuring->problem;
  return &problem->items[measuring->held_out ? problem->n_items + k : k * problem->n_items / measuring->count];
}

static int32_t measure_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const measuring *measuring = context;
  const vector_problem *problem = measuring->problem;
  run serial = {.threads = 1, .memory_limit = measuring->memory_limit};
  space space = {0};
  int32_t status = open_space(problem, &serial, &space);
  (void)thread;
  for (int64_t k = begin; status == TERN_SUCCESS && k < end; k++) {
    status = predict_item(problem, measured_item(measuring, k), &space);
    for (int64_t c = 0; status == TERN_SUCCESS && c < problem->vectors->outputs; c++) {
      const double difference = space.wanted[c] - space.predicted[c];
      const double scaled = problem->vectors->scales[c] * difference;
      measuring->squares[k][0] += difference * difference;
      measuring->squares[k][1] += scaled * scaled;
    }
  }
  memory_free(&serial, space.memory);
  return status;
}

static int32_t measure(void *context, run *run, const double *parameters, bool held_out, fit_measures *measures) {
  vector_problem *problem = context;
  measuring measuring = {.problem = problem, .held_out = held_out, .memory_limit = share_of_memory(run)};
  measuring.count = held_out ? problem->n_held_out : problem->n_items < PROBED ? problem->n_items : PROBED;
  set_parameters(problem, parameters);
  TRY(MEMORY_NEW(run, &measuring.squares, measuring.count, "errors of vectors"));
  const int32_t status = threads_for(run, measuring.count, 1, measure_part, &measuring);
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

static void list_centers(vector_problem *problem, int64_t structure, item *items) {
  const environments *all = &problem->environments[structure];
  for (int64_t center = 0; center < all->neighbours.n_centers; center++)
    items[center] = (item){.structure = structure,
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
  item *trained = problem->items, *held_out = problem->items + problem->n_items;
  for (int64_t k = 0; k < dataset->size; k++) {
    const environments *all = &problem->environments[k];
    item **next = part != NULL && part[k] ? &held_out : &trained;
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
    const int32_t status =
        environments_build(problem->descriptor, run, dataset->frames[k]->system, &problem->environments[k]);
    if (status != TERN_SUCCESS)
      return error_prefix(status, "structure %lld: ", (long long)k);
    TRY(run_report(run, "environments", k + 1, dataset->size, -1));
  }
  return TERN_SUCCESS;
}

/* Half of what is left of the memory may be taken by inputs. */
static bool inputs_fit(const vector_problem *problem, const run *run) {
  const double limit =
      0.5 * (double)(run->memory_limit > 0 ? run->memory_limit - run->memory_used : memory_of_machine() / 2);
  double bytes = 0;
  for (int64_t k = 0; k < problem->n_items + problem->n_held_out; k++)
    bytes += (double)problem->items[k].rows * ((double)((columns_of(problem) + 1) * size_of(problem)) + 4.0);
  return bytes <= limit;
}

typedef struct storing {
  vector_problem *problem;
  run *run;
  int64_t count;
  _Atomic int64_t done;
} storing;

static int32_t store_item(vector_problem *problem, run *run, item *item, space *space) {
  static const char what[] = "inputs of centres";
  TRY(memory_new(run, &item->weights, item->rows, size_of(problem), what));
  TRY(MEMORY_NEW(run, &item->biases, item->rows, what));
  TRY(memory_new(run, &item->values, item->rows * columns_of(problem), size_of(problem), what));
  return compute_inputs(problem, item, space, item->values, item->weights, item->biases);
}

static int32_t store_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  storing *storing = context;
  run serial = {.threads = 1};
  space space = {0};
  int32_t status = open_space(storing->problem, &serial, &space);
  for (int64_t k = begin; status == TERN_SUCCESS && k < end; k++) {
    item *item = &storing->problem->items[k];
    status = store_item(storing->problem, storing->run, item, &space);
    if (status != TERN_SUCCESS)
      error_prefix(status, "structure %lld: ", (long long)item->structure);
    const int64_t done = ++storing->done;
    if (status == TERN_SUCCESS && thread == 0)
      status = run_report(storing->run, "inputs", done, storing->count, -1);
  }
  memory_free(&serial, space.memory);
  return status;
}

static int32_t make(vector_problem *problem, run *run, const unsigned char *part) {
  storing storing = {.problem = problem, .run = run};
  TRY(kernels_get(&problem->network.kernels));
  TRY(MEMORY_NEW(run, &problem->weights, problem->network.layout.total, "weights of a network"));
  TRY(memory_new(run, &problem->network.weights, problem->network.layout.total, size_of(problem),
                 "weights of a network"));
  TRY(find_environments(problem, run));
  TRY(list_items(problem, run, part));
  storing.count = problem->n_items + problem->n_held_out;
  if (!inputs_fit(problem, run))
    return TERN_SUCCESS;
  TRY(threads_for(run, storing.count, 1, store_part, &storing));
  return run_report(run, "inputs", storing.count, storing.count, -1);
}

int32_t vector_problem_new(vector_problem **problem, run *run, const tern_descriptor *descriptor,
                           const tern_dataset *dataset, const unsigned char *part, const network_inputs *inputs,
                           const network_vectors *vectors, const network_shape *shape, const vector_choices *choices) {
  vector_problem *made = NULL;
  TRY(MEMORY_NEW(run, &made, 1, "the training of a network"));
  made->descriptor = descriptor;
  made->dataset = dataset;
  made->inputs = inputs;
  made->vectors = vectors;
  made->choices = *choices;
  made->network = (network){.shape = *shape, .layout = network_layout_of(shape), .wide = choices->wide};
  const int32_t status = make(made, run, part);
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
  memory_free(run, problem->weights);
  memory_free(run, problem->network.weights);
  memory_free(run, problem);
}

/* ---- as the room that trains sees it ---- */

/* FNV-1a of what decides on the course of a training. */
static uint64_t hash(uint64_t value, const void *data, size_t size) {
  for (size_t k = 0; k < size; k++)
    value = (value ^ ((const unsigned char *)data)[k]) * UINT64_C(0x100000001b3);
  return value;
}

static uint64_t fingerprint(const vector_problem *problem) {
  const network_vectors *vectors = problem->vectors;
  const int64_t numbers[] = {problem->choices.wide, problem->choices.directions, problem->n_items, vectors->outputs};
  uint64_t value = UINT64_C(0xcbf29ce484222325);
  value = hash(value, numbers, sizeof numbers);
  value = hash(value, &problem->choices.seed, sizeof problem->choices.seed);
  value = hash(value, &problem->network.layout, sizeof problem->network.layout);
  value = hash(value, vectors->mean, (size_t)(vectors->n_species * vectors->width) * sizeof(double));
  return hash(value, vectors->scales, (size_t)vectors->outputs * sizeof(double));
}

fit_problem vector_problem_view(vector_problem *problem, const char *name) {
  return (fit_problem){.context = problem,
                       .name = name,
                       .n_parameters = problem->network.layout.total,
                       .n_items = problem->n_items,
                       .n_held_out = problem->n_held_out,
                       .wide = problem->choices.wide,
                       .fingerprint = fingerprint(problem),
                       .rows = rows_of_item,
                       .linearize = linearize,
                       .measure = measure};
}
