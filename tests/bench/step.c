/* SPDX-License-Identifier: BSD-3-Clause */
/* step FILE COUNT PRODUCTS: the parts of one Gauss-Newton step of a network on the triplets of the first COUNT
   structures, all in one batch, with an energy and two directional derivatives of each: hidden layers of 96 and 64
   units, single precision, inputs plain (PRODUCTS 0) or with so many tag products. Reads commands from standard input
   and answers each with one line, so that a driver can alternate with a peer; times are the best of TIMES, seconds of
   the clock and of the processors:
   - shape: even and odd inputs, triplets and rows of a structure, parameters
   - dump PATH: inputs [structure][slot][triplet][input], weights [structure][slot][triplet], the network's weights and
     their scales, and the Jacobian [structure][slot][parameter], all as float
   - jacobian | gram | cholesky THREADS TIMES: the Jacobian; the lower triangle of J J^T; its factor and a solution
   - step THREADS TIMES: a whole step of a training, from one to the next
   - sgemm TIMES: the BLAS's product of J and J^T */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "fit/gram.h"
#include "network/items.h"

enum { SLOTS = 3 };

typedef struct bench {
  run run;
  tern_dataset *dataset;
  tern_descriptor *descriptor;
  network_inputs *inputs;
  network_shape shape;
  network_layout layout;
  network_choices choices;
  network_problem *problem;
  fit_problem view;
  double *parameters, *residual;
  float *jacobian;
  double *gram, *factor, *solution;
  void *scratch;
  int64_t *items, *first_row;
  fit_batch batch;
  gram_matrix matrix;
} bench;

static void check(int32_t status) {
  if (status == TERN_SUCCESS)
    return;
  fprintf(stderr, "%s\n", error_message());
  exit(1);
}

static void *space(int64_t bytes) {
  void *pointer = aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64);
  if (pointer == NULL) {
    fprintf(stderr, "out of memory: %lld bytes\n", (long long)bytes);
    exit(1);
  }
  return memset(pointer, 0, (size_t)bytes);
}

/* ---- opening ---- */

static tern_options *options_of(const char *const *pairs) {
  tern_options *options = NULL;
  check(options_new(&options));
  for (; *pairs != NULL; pairs += 2)
    check(options_set(options, pairs[0], pairs[1]));
  return options;
}

static void open_structures(bench *b, const char *path, int64_t count) {
  static const char *const density[] = {"cutoff",  "2.0", "cutoff_width", "0.1",  "tag_width", "0.1", "n_max", "6",
                                        "l_max",   "3",   "sigma",        "0.2",  "centers",   "0",   "species", "5",
                                        NULL};
  tern_dataset *all = NULL;
  int64_t *first = space(count * (int64_t)sizeof *first);
  for (int64_t k = 0; k < count; k++)
    first[k] = k;
  check(dataset_read(&all, path, NULL));
  check(dataset_subset(all, count, first, &b->dataset));
  tern_options *options = options_of(density);
  check(descriptor_new(&b->descriptor, "frames", options));
  check(descriptor_fit(b->descriptor, &b->run, b->dataset));
  options_free(options);
  dataset_free(all);
  free(first);
}

static void open_inputs(bench *b, int64_t products) {
  const network_input_choices choices = {.products = {products, products, products},
                                         .components = 150,
                                         .power = products > 0 ? 0.05 : 0.2};
  network_sample sample;
  check(network_sample_take(&b->run, b->descriptor, b->dataset, NULL, 0, &sample));
  check(network_inputs_fit(&b->inputs, &b->run, b->descriptor, &sample, &choices));
  network_sample_free(&b->run, &sample);
}

/* Weights make the factors of the rows 1 for an energy and 0.1 for a derivative, of 8 atoms with 18 directions. */
static void open_problem(bench *b) {
  b->shape = (network_shape){.even = b->inputs->even,
                             .odd = b->inputs->odd,
                             .layers = 2,
                             .widths = {96, 64},
                             .sets = 1,
                             .biases = network_biases(b->descriptor, true),
                             .constants = 1};
  b->layout = network_layout_of(&b->shape);
  b->choices = (network_choices){.energy_weight = sqrt(8),
                                 .force_weight = 0.1 / 3,
                                 .directions = SLOTS - 1,
                                 .stored = 18,
                                 .batch = b->dataset->size,
                                 .unit = 1};
  check(network_problem_new(&b->problem, &b->run, b->descriptor, b->dataset, NULL, b->inputs, &b->shape, &b->choices));
  b->view = network_problem_view(b->problem, "triplet");
}

static void open_arrays(bench *b) {
  const int64_t count = b->dataset->size, rows = SLOTS * count, total = b->layout.total;
  b->matrix = (gram_matrix){.rows = rows, .columns = total, .stride = gram_stride(total, false)};
  b->jacobian = space(rows * b->matrix.stride * 4);
  b->matrix.data = b->jacobian;
  b->parameters = space(total * 8);
  b->residual = space(rows * 8);
  b->gram = space(rows * rows * 8);
  b->factor = space(rows * rows * 8);
  b->solution = space(rows * 8);
  b->scratch = space(gram_scratch(&b->run, &b->matrix));
  b->items = space(count * 8);
  b->first_row = space((count + 1) * 8);
  for (int64_t k = 0; k < count; k++) {
    b->items[k] = k;
    b->first_row[k + 1] = b->first_row[k] + SLOTS;
  }
  b->batch = (fit_batch){.count = count, .items = b->items, .first_row = b->first_row};
  network_start(&b->shape, 0, b->parameters);
}

/* ---- dump ---- */

static void put(FILE *file, const void *numbers, int64_t count) {
  if (fwrite(numbers, sizeof(float), (size_t)count, file) == (size_t)count)
    return;
  perror("dump");
  exit(1);
}

static void put_doubles(FILE *file, const double *numbers, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    const float number = (float)numbers[k];
    put(file, &number, 1);
  }
}

/* Structures whose directions are the two that are stored. */
static void open_items(bench *b, const item_data *data, item *items) {
  item_space space = {0};
  for (int64_t k = 0; k < b->dataset->size; k++) {
    items[k] = (item){.structure = k, .fixed = true};
    check(item_open(data, &b->run, &items[k]));
    check(item_reserve(data, &b->run, &items[k]));
    check(item_fill(data, &b->run, &items[k], &space));
  }
  item_space_free(&b->run, &space);
}

static void dump_jacobian(bench *b, FILE *file, const item_data *data, item *items) {
  item_space scratch = {0};
  double *weights = space(b->layout.total * 8);
  float *single = space(b->layout.total * 4);
  network network = {.shape = b->shape, .layout = b->layout, .weights = single};
  check(kernels_get(&network.kernels));
  network_weights(&b->shape, b->parameters, weights);
  for (int64_t k = 0; k < b->layout.total; k++)
    single[k] = (float)weights[k];
  put(file, single, b->layout.total);
  for (int64_t k = 0; k < b->layout.total; k++)
    weights[k] = 1;
  network_weights(&b->shape, weights, weights);
  put_doubles(file, weights, b->layout.total);
  for (int64_t k = 0; k < b->dataset->size; k++) {
    check(item_linearize(data, &network, &b->run, &items[k], 0, &scratch, b->residual, b->jacobian, b->matrix.stride));
    for (int slot = 0; slot < SLOTS; slot++)
      put(file, b->jacobian + slot * b->matrix.stride, b->layout.total);
  }
  item_space_free(&b->run, &scratch);
  free(weights);
  free(single);
}

static void dump(bench *b, const char *path) {
  const item_data data = {.descriptor = b->descriptor,
                          .dataset = b->dataset,
                          .inputs = b->inputs,
                          .shape = b->shape,
                          .choices = b->choices,
                          .directions = SLOTS - 1,
                          .stored = SLOTS - 1};
  item *items = space(b->dataset->size * (int64_t)sizeof *items);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  open_items(b, &data, items);
  for (int64_t k = 0; k < b->dataset->size; k++)
    put(file, items[k].values, SLOTS * items[k].rows * (b->shape.even + b->shape.odd));
  for (int64_t k = 0; k < b->dataset->size; k++)
    put(file, items[k].weights, SLOTS * items[k].rows);
  dump_jacobian(b, file, &data, items);
  for (int64_t k = 0; k < b->dataset->size; k++)
    item_free(&b->run, &items[k]);
  free(items);
  printf("%d\n", fclose(file) == 0);
}

/* ---- parts of a step ---- */

static void make_jacobian(bench *b) {
  check(b->view.linearize(b->view.context, &b->run, b->parameters, &b->batch, b->residual, b->jacobian,
                          b->matrix.stride));
}

static void make_gram(bench *b) { check(gram_lower(&b->run, &b->matrix, b->scratch, b->gram)); }

static void make_factor(bench *b) {
  const blas_table *blas;
  const int32_t rows = (int32_t)b->matrix.rows, one = 1;
  int32_t info;
  memcpy(b->factor, b->gram, (size_t)(rows * rows) * 8);
  for (int32_t k = 0; k < rows; k++)
    b->factor[k * (rows + 1)] *= 1.01;
  memcpy(b->solution, b->residual, (size_t)rows * 8);
  check(blas_begin(&blas));
  blas->dpotrf("U", &rows, b->factor, &rows, &info, 1);
  blas->dpotrs("U", &rows, &one, b->factor, &rows, b->solution, &rows, &info, 1);
  blas_end();
}

typedef struct moment {
  double clock, processors;
} moment;

static moment now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (moment){run_seconds(), (double)time.tv_sec + 1e-9 * (double)time.tv_nsec};
}

/* The least of what went by since a moment. */
static void keep_best(moment start, moment *best) {
  const moment end = now();
  best->clock = fmin(best->clock, end.clock - start.clock);
  best->processors = fmin(best->processors, end.processors - start.processors);
}

static void print_best(bench *b, int64_t times, void (*part)(bench *)) {
  moment best = {INFINITY, INFINITY};
  for (int64_t k = 0; k < times; k++) {
    const moment start = now();
    part(b);
    keep_best(start, &best);
  }
  printf("%.9f %.9f\n", best.clock, best.processors);
}

/* A training in which each step is timed from one Jacobian's beginning to the next one's. */
typedef struct watch {
  const bench *bench;
  moment began, best; /* of the last step; of the best one */
} watch;

static int64_t watched_rows(const void *context, int64_t item) {
  const bench *b = ((const watch *)context)->bench;
  return b->view.rows(b->view.context, item);
}

static int32_t watched_linearize(void *context, run *run, const double *parameters, const fit_batch *batch,
                                 double *residual, void *jacobian, int64_t stride) {
  watch *watch = context;
  const fit_problem *view = &watch->bench->view;
  if (watch->began.clock > 0)
    keep_best(watch->began, &watch->best);
  watch->began = now();
  return view->linearize(view->context, run, parameters, batch, residual, jacobian, stride);
}

static int32_t no_measures(void *context, run *run, const double *parameters, bool held_out, fit_measures *measures) {
  (void)context, (void)run, (void)parameters, (void)held_out;
  *measures = (fit_measures){.loss = 1};
  return TERN_SUCCESS;
}

static void train(bench *b, int64_t times) {
  char epochs[32], batch[32];
  snprintf(epochs, sizeof epochs, "%lld", (long long)times + 1);
  snprintf(batch, sizeof batch, "%lld", (long long)b->dataset->size);
  const char *const pairs[] = {"epochs", epochs, "batch", batch, NULL};
  tern_options *options = options_of(pairs);
  watch watch = {.bench = b, .best = {INFINITY, INFINITY}};
  fit_problem problem = b->view;
  text report = {0};
  problem.context = &watch;
  problem.rows = watched_rows;
  problem.linearize = watched_linearize;
  problem.measure = no_measures;
  double *parameters = space(b->layout.total * 8);
  memcpy(parameters, b->parameters, (size_t)b->layout.total * 8);
  check(fit_train(&b->run, &problem, options, parameters, &report));
  printf("%.9f %.9f\n", watch.best.clock, watch.best.processors);
  text_free(&report);
  options_free(options);
  free(parameters);
}

typedef void (*sgemm_function)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                               const float *, const float *, const int32_t *, const float *, const int32_t *,
                               const float *, float *, const int32_t *, int64_t, int64_t);

static void make_product(bench *b) {
  const blas_table *table;
  sgemm_function call;
  const int32_t rows = (int32_t)b->matrix.rows, inner = (int32_t)b->matrix.columns, stride = (int32_t)b->matrix.stride;
  const float one = 1, zero = 0;
  check(blas_get(&table));
  void *library = dlopen(blas_path(), RTLD_NOW | RTLD_LOCAL), *routine = dlsym(library, "sgemm_");
  memcpy(&call, &routine, sizeof call);
  call("T", "N", &rows, &rows, &inner, &one, b->jacobian, &stride, b->jacobian, &stride, &zero, (float *)b->factor,
       &rows, 1, 1);
  dlclose(library);
}

static void answer(bench *b, const char *command, const char *first, const char *second) {
  const int64_t times = second != NULL ? atoll(second) : 1;
  if (second != NULL)
    b->run.threads = atoi(first);
  if (strcmp(command, "shape") == 0)
    printf("%lld %lld %lld %d %lld\n", (long long)b->shape.even, (long long)b->shape.odd, (long long)49, SLOTS,
           (long long)b->layout.total);
  else if (strcmp(command, "dump") == 0 && first != NULL)
    dump(b, first);
  else if (strcmp(command, "jacobian") == 0)
    print_best(b, times, make_jacobian);
  else if (strcmp(command, "gram") == 0)
    print_best(b, times, make_gram);
  else if (strcmp(command, "cholesky") == 0)
    print_best(b, times, make_factor);
  else if (strcmp(command, "step") == 0)
    train(b, times);
  else if (strcmp(command, "sgemm") == 0 && first != NULL)
    print_best(b, atoll(first), make_product);
  else {
    fprintf(stderr, "unknown command '%s'\n", command);
    exit(1);
  }
}

int main(int count, char **words) {
  static bench b = {.run = {.threads = 2}};
  static char line[4096];
  if (count != 4) {
    fprintf(stderr, "usage: step FILE COUNT PRODUCTS\n");
    return 2;
  }
  open_structures(&b, words[1], atoll(words[2]));
  open_inputs(&b, atoll(words[3]));
  open_problem(&b);
  open_arrays(&b);
  make_jacobian(&b);
  make_gram(&b);
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *rest = line;
    line[strcspn(line, "\n")] = 0;
    const char *command = strtok_r(line, " ", &rest), *first = strtok_r(NULL, " ", &rest);
    answer(&b, command, first, strtok_r(NULL, " ", &rest));
    fflush(stdout);
  }
  return 0;
}
