/* SPDX-License-Identifier: BSD-3-Clause */
/* Sparse covariant kernel model of a tensor: environment and point, of the same species of the centre, are compared by
   k(u_i . u_p) sum_q F_qm(i) F_qm'(p), u normalized invariants and F the equivariant features of a channel. So
   T_m = sum_i sum_q F_qm(i) sum_p k(u_i . u_p) V_pq with V_pq = sum_m' F_qm'(p) c_pm'. */
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/equivariant_fit.h"
#include "model/features.h"
#include "model/kernel_model.h"
#include "model/kernel_store.h"

/* An unknown whose kernel the others explain up to this part of the largest one is dropped. */
#define LEAST_PIVOT 1e-13

typedef struct equivariant_kernel {
  equivariant_head head;
  equivariant_columns invariants;
  kernel_model *kernel;                       /* points and their u */
  double **weights[EQUIVARIANT_MOST_CHANNELS]; /* [n_species] of the active channels: V [points][columns] */
  double **trial[EQUIVARIANT_MOST_CHANNELS]; /* the same before held-out structures were added; NULL: none were */
  bool withheld;                             /* weights and trial have changed places */
} equivariant_kernel;

static void free_weights(int64_t n_species, double **weights) {
  for (int64_t s = 0; weights != NULL && s < n_species; s++)
    memory_free(NULL, weights[s]);
  memory_free(NULL, weights);
}

static void destroy(void *state) {
  equivariant_kernel *self = state;
  if (self == NULL)
    return;
  for (int32_t c = 0; c < EQUIVARIANT_MOST_CHANNELS; c++) {
    free_weights(self->head.n_species, self->weights[c]);
    free_weights(self->head.n_species, self->trial[c]);
  }
  kernel_model_free(self->kernel);
  equivariant_columns_free(&self->invariants);
  equivariant_head_free(&self->head);
  memory_free(NULL, self);
}

/* ---- comparing ---- */

/* Pieces that comparing an environment needs. */
typedef struct pieces {
  double *invariants, *u, *values; /* [features], [dimensions], [points] */
  double *gathered, *products;     /* [2 lambda + 1][columns], [points][2 lambda + 1] or [columns] */
} pieces;

static int64_t place(const equivariant_kernel *self, void *memory, pieces *pieces) {
  int64_t points = 0, dimensions = 0, columns = 0;
  for (int32_t s = 0; s < self->kernel->n_species; s++) {
    points = self->kernel->species[s].count > points ? self->kernel->species[s].count : points;
    dimensions = self->kernel->species[s].dimensions > dimensions ? self->kernel->species[s].dimensions : dimensions;
  }
  for (int32_t c = 0; c < self->head.basis.n_channels; c++)
    columns = self->head.columns[c].count > columns ? self->head.columns[c].count : columns;
  const int64_t height = 2 * TENSOR_HIGHEST_ORDER + 1,
                counts[5] = {self->kernel->features, dimensions, points, height * columns, height * points + columns};
  double **const pointers[5] = {&pieces->invariants, &pieces->u, &pieces->values, &pieces->gathered, &pieces->products};
  return layout_place(memory, 5, counts, pointers);
}

/* The kernels k of an environment with the points of its species. */
static void compare(const equivariant_kernel *self, int32_t species, const double *values, const pieces *pieces) {
  const kernel_points *own = &self->kernel->species[species];
  double inverse;
  equivariant_gather(&self->invariants, values, pieces->invariants);
  kernel_model_project(self->kernel, own, pieces->invariants, pieces->u, &inverse);
  kernel_model_matrix(self->kernel)->times_vector(own->count, own->dimensions, own->points, own->dimensions, pieces->u,
                                                  pieces->values);
  kernel_function_apply(&self->kernel->function, own->count, pieces->values, NULL);
}

/* ---- one channel of the fit ---- */

/* Unknowns c_pm' of the points of a species that stay, and the factor of their kernels. */
typedef struct block {
  int64_t size; /* points times 2 lambda + 1 */
  int64_t first, rank;
  double *directions; /* [size][columns]: F_qm'(p) */
  double *lower;      /* [rank][rank], column after column */
  int32_t *pivots;    /* [size]; the first rank: unknowns that stay, from 1 */
} block;

typedef struct channel_fit {
  const equivariant_kernel *self;
  const equivariant_data *data;
  int32_t channel;
  int64_t height, columns;
  block *blocks; /* [n_species] */
} channel_fit;

typedef struct point_visit {
  const channel_fit *fit;
  const kernel_points *points; /* of one species */
  double *directions;          /* [points][2 lambda + 1][columns] */
  int64_t number;
} point_visit;

static int32_t take_direction(void *context, const environment *environment, const double *values) {
  const point_visit *visit = context;
  const channel_fit *fit = visit->fit;
  (void)environment;
  equivariant_gather(&fit->self->head.columns[fit->channel], values,
                     visit->directions + visit->number * fit->height * fit->columns);
  return TERN_SUCCESS;
}

static int32_t visit_point(void *context, run *serial, int64_t number, void *space) {
  const equivariant_data *data = ((const point_visit *)context)->fit->data;
  point_visit visit = *(const point_visit *)context;
  const int64_t *where = visit.points->where + 2 * number;
  visit.number = number;
  (void)space;
  return equivariant_visit_structure(data->descriptor, serial, data->dataset->frames[where[0]]->system, where[1],
                                     take_direction, &visit);
}

static int32_t fill_directions(const channel_fit *fit, int32_t species, block *block) {
  static const threads_items items = {.stage = "points' kernels", .work = visit_point};
  run *run = fit->data->run;
  TRY(MEMORY_NEW(run, &block->directions, block->size * fit->columns, "features of the points"));
  point_visit visit = {.fit = fit, .points = &fit->self->kernel->species[species], .directions = block->directions};
  return threads_each(run, visit.points->count, &items, &visit);
}

/* lower [size][size]: kernels of all unknowns; scalars [points][points]: room. */
static int32_t fill_kernels(const channel_fit *fit, int32_t species, const block *block, double *scalars) {
  static const double one = 1, zero = 0;
  const kernel_points *own = &fit->self->kernel->species[species];
  const int32_t size = (int32_t)block->size, columns = (int32_t)fit->columns, points = (int32_t)own->count,
                dimensions = (int32_t)own->dimensions;
  const blas_table *blas;
  TRY(blas_begin(&blas));
  blas->dsyrk("L", "T", &size, &columns, &one, block->directions, &columns, &zero, block->lower, &size, 1, 1);
  blas->dsyrk("L", "T", &points, &dimensions, &one, own->points, &dimensions, &zero, scalars, &points, 1, 1);
  blas_end();
  for (int64_t p = 0; p < own->count; p++)
    kernel_function_apply(&fit->self->kernel->function, own->count - p, scalars + p * own->count + p, NULL);
  for (int64_t column = 0; column < block->size; column++)
    for (int64_t row = column; row < block->size; row++)
      block->lower[column * block->size + row] *= scalars[column / fit->height * own->count + row / fit->height];
  return TERN_SUCCESS;
}

static int32_t factor(const channel_fit *fit, block *block, double *work) {
  const blas_table *blas;
  const int32_t n = (int32_t)block->size;
  int32_t rank = 0, info = 0;
  double largest = 0;
  for (int64_t k = 0; k < block->size; k++)
    largest = block->lower[k * block->size + k] > largest ? block->lower[k * block->size + k] : largest;
  const double tolerance = LEAST_PIVOT * largest;
  if (largest > 0) {
    TRY(blas_begin(&blas));
    blas->dpstrf("L", &n, block->lower, &n, block->pivots, &rank, &tolerance, work, &info, 1);
    blas_end();
  }
  if (info < 0)
    return error_set(TERN_ERROR_INTERNAL, "dpstrf refused argument %d", -info);
  for (int64_t column = 0; column < rank; column++)
    memmove(block->lower + column * rank, block->lower + column * block->size, (size_t)rank * sizeof(double));
  block->rank = rank;
  return run_report(fit->data->run, "points' kernels", 1, 1, -1);
}

static int32_t prepare_block(const channel_fit *fit, int32_t species, block *block) {
  run *run = fit->data->run;
  const int64_t points = fit->self->kernel->species[species].count;
  double *work = NULL, *scalars = NULL;
  block->size = points * fit->height;
  if (points == 0)
    return TERN_SUCCESS;
  TRY(fill_directions(fit, species, block));
  TRY(MEMORY_NEW(run, &block->lower, block->size * block->size, "kernels of the points"));
  TRY(MEMORY_NEW(run, &block->pivots, block->size, "the order of the points"));
  TRY(MEMORY_NEW(run, &work, 2 * block->size, "kernels of the points"));
  int32_t status = MEMORY_NEW(run, &scalars, points * points, "kernels of the points");
  if (status == TERN_SUCCESS)
    status = fill_kernels(fit, species, block, scalars);
  if (status == TERN_SUCCESS)
    status = factor(fit, block, work);
  memory_free(run, scalars);
  memory_free(run, work);
  return status;
}

static void add_kernels(const void *context, int32_t channel, const environment *environment, const double *values,
                        double *scratch, int64_t stride, double *rows) {
  const channel_fit *fit = context;
  const equivariant_kernel *self = fit->self;
  const block *block = &fit->blocks[environment->center_species];
  pieces pieces;
  if (block->rank == 0)
    return;
  place(self, scratch, &pieces);
  compare(self, environment->center_species, values, &pieces);
  equivariant_gather(&self->head.columns[channel], values, pieces.gathered);
  for (int64_t m = 0; m < fit->height; m++) {
    kernel_model_matrix(self->kernel)->times_vector(block->size, fit->columns, block->directions, fit->columns,
                                                    pieces.gathered + m * fit->columns, pieces.products);
    for (int64_t k = 0; k < block->rank; k++) {
      const int64_t unknown = block->pivots[k] - 1;
      rows[m * stride + block->first + k] += pieces.values[unknown / fit->height] * pieces.products[unknown];
    }
  }
}

/* In the frame of the factors the penalty is plain. */
static int32_t whiten(const void *context, least_squares *problem) {
  static const double one = 1;
  const channel_fit *fit = context;
  const int32_t held = (int32_t)problem->held, stride = (int32_t)problem->capacity;
  const blas_table *blas;
  TRY(blas_begin(&blas));
  for (int64_t s = 0; s < fit->self->head.n_species; s++) {
    const int32_t rank = (int32_t)fit->blocks[s].rank;
    if (rank > 0)
      blas->dtrsm("R", "L", "T", "N", &held, &rank, &one, fit->blocks[s].lower, &rank,
                  problem->matrix + fit->blocks[s].first * problem->capacity, &stride, 1, 1, 1, 1);
  }
  blas_end();
  return TERN_SUCCESS;
}

/* The V of a species from the weights in the frame of its factor, which are spoiled. */
static int32_t species_weights(const channel_fit *fit, int64_t species, double *own, double **made) {
  static const double one = 1;
  const block *block = &fit->blocks[species];
  const int32_t rank = (int32_t)block->rank, single = 1;
  const blas_table *blas;
  TRY(MEMORY_NEW(NULL, made, fit->self->kernel->species[species].count * fit->columns,
                 "the weights of a tensor model"));
  if (rank == 0)
    return TERN_SUCCESS;
  TRY(blas_begin(&blas));
  blas->dtrsm("L", "L", "T", "N", &rank, &single, &one, block->lower, &rank, own, &rank, 1, 1, 1, 1);
  blas_end();
  for (int64_t k = 0; k < rank; k++)
    for (int64_t q = 0; q < fit->columns; q++)
      (*made)[(block->pivots[k] - 1) / fit->height * fit->columns + q] +=
          own[k] * block->directions[(block->pivots[k] - 1) * fit->columns + q];
  return TERN_SUCCESS;
}

static int32_t set_weights(const channel_fit *fit, double *w, double ***weights) {
  const int64_t n_species = fit->self->head.n_species;
  TRY(MEMORY_NEW(NULL, weights, n_species, "the weights of a tensor model"));
  for (int64_t s = 0; s < n_species; s++)
    TRY(species_weights(fit, s, w + fit->blocks[s].first, &(*weights)[s]));
  return TERN_SUCCESS;
}

static int32_t prepare_blocks(const channel_fit *fit, int64_t *unknowns) {
  *unknowns = 0;
  for (int32_t s = 0; s < fit->self->kernel->n_species; s++) {
    TRY(prepare_block(fit, s, &fit->blocks[s]));
    fit->blocks[s].first = *unknowns;
    *unknowns += fit->blocks[s].rank;
  }
  if (*unknowns == 0)
    return error_set(TERN_ERROR_DATA, "nothing to compare with: no atom of the data set has a neighbour within the"
                                      " cutoff, or all their features are zero");
  return TERN_SUCCESS;
}

static int32_t solve_channel(const channel_fit *fit, equivariant_kernel *self, const tern_options *options,
                             double *regularizations, text *report) {
  const bool held_out = fit->data->held_out != NULL;
  pieces counted;
  double *w = NULL;
  equivariant_rows rows = {.add = add_kernels, .transform = whiten, .context = fit};
  rows.scratch = place(self, NULL, &counted) / (int64_t)sizeof(double);
  TRY(prepare_blocks(fit, &rows.columns));
  TRY(MEMORY_NEW(fit->data->run, &w, 2 * rows.columns, "the weights of a tensor model"));
  double *trial = held_out ? w + rows.columns : NULL;
  int32_t status =
      equivariant_solve(&self->head, fit->data, options, fit->channel, &rows, regularizations, w, trial, report);
  if (status == TERN_SUCCESS)
    status = set_weights(fit, w, &self->weights[fit->channel]);
  if (status == TERN_SUCCESS && held_out)
    status = set_weights(fit, trial, &self->trial[fit->channel]);
  memory_free(fit->data->run, w);
  return status;
}

static int32_t fit_channel(void *state, const equivariant_data *data, const tern_options *options, int32_t channel,
                           double *regularizations, text *report) {
  equivariant_kernel *self = state;
  channel_fit fit = {.self = self, .data = data, .channel = channel};
  fit.height = 2 * self->head.basis.channels[channel].lambda + 1;
  fit.columns = self->head.columns[channel].count;
  TRY(MEMORY_NEW(data->run, &fit.blocks, self->head.n_species, "kernels of the points"));
  const int32_t status = solve_channel(&fit, self, options, regularizations, report);
  for (int64_t s = 0; s < self->head.n_species; s++) {
    memory_free(data->run, fit.blocks[s].directions);
    memory_free(data->run, fit.blocks[s].lower);
    memory_free(data->run, fit.blocks[s].pivots);
  }
  memory_free(data->run, fit.blocks);
  return status;
}

/* ---- before the channels ---- */

/* The kernel sees the invariants of the descriptor only. */
static int32_t new_kernel(equivariant_kernel *self, const tern_descriptor *descriptor, const tern_options *options) {
  TRY(equivariant_columns_new(descriptor, 0, 1, "the kernel", &self->invariants));
  TRY(kernel_model_new(&self->kernel, descriptor, options));
  self->kernel->features = self->invariants.count;
  self->kernel->columns = self->invariants.columns;
  return TERN_SUCCESS;
}

static int32_t prepare(void *state, const equivariant_data *data, const tern_options *options, text *report) {
  equivariant_kernel *self = state;
  TRY(new_kernel(self, data->descriptor, options));
  return kernel_points_choose(self->kernel, data->run, data->descriptor, data->dataset, options, report);
}

/* ---- prediction ---- */

static int64_t scratch(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows) {
  pieces counted;
  return features_scratch(descriptor, n_neighbours, rows < 1 ? 1 : rows) + place(state, NULL, &counted);
}

static void add_channel(const equivariant_kernel *self, int32_t channel, int32_t species, const double *values,
                        const pieces *pieces, double *spherical) {
  const equivariant_columns *columns = &self->head.columns[channel];
  memset(pieces->products, 0, (size_t)columns->count * sizeof(double));
  kernel_model_matrix(self->kernel)->transposed_times_vector(self->kernel->species[species].count, columns->count,
                                                             self->weights[channel][species], columns->count,
                                                             pieces->values, pieces->products);
  for (int32_t m = 0; m < 2 * columns->lambda + 1; m++)
    for (int64_t q = 0; q < columns->count; q++)
      spherical[self->head.basis.channels[channel].first + m] +=
          pieces->products[q] * values[columns->columns[m * columns->count + q]];
}

static int32_t evaluate(const void *state, const tern_descriptor *descriptor, const environment *environment,
                        int64_t rows, void *memory, double *tensor) {
  const equivariant_kernel *self = state;
  const equivariant_head *head = &self->head;
  const int32_t species = environment->center_species;
  double spherical[TENSOR_MOST];
  features features;
  pieces pieces;
  TRY(features_compute(descriptor, environment, rows, memory, &features));
  place(self, features.rest, &pieces);
  equivariant_start(head, species, spherical);
  if (self->kernel->species[species].count > 0) {
    compare(self, species, features.values, &pieces);
    for (int32_t c = 0; c < head->basis.n_channels; c++)
      if (head->active[c])
        add_channel(self, c, species, features.values, &pieces, spherical);
  }
  equivariant_to_cartesian(&head->basis, spherical, tensor);
  return TERN_SUCCESS;
}

static void withhold(void *state, bool on) {
  equivariant_kernel *self = state;
  for (int32_t c = 0; self->withheld != on && c < self->head.basis.n_channels; c++) {
    double **other = self->trial[c];
    if (other == NULL)
      continue;
    self->trial[c] = self->weights[c];
    self->weights[c] = other;
  }
  self->withheld = on;
}

static int32_t order(const void *state) { return ((const equivariant_kernel *)state)->head.basis.order; }

/* ---- files ---- */

static int32_t store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  const equivariant_kernel *self = state;
  int64_t added;
  TRY(equivariant_store(&self->head, capacity, tensors, count));
  TRY(kernel_store_points(self->kernel, capacity - *count, tensors + *count, &added));
  *count += added;
  for (int32_t c = 0; c < self->head.basis.n_channels; c++)
    for (int32_t s = 0; self->head.active[c] && s < self->kernel->n_species; s++) {
      if (self->kernel->species[s].count == 0)
        continue;
      if (*count == capacity)
        return error_set(TERN_ERROR_DATA, "a kernel model of a tensor of %d species cannot be stored",
                         self->kernel->n_species);
      tensor *tensor = &tensors[(*count)++];
      *tensor = (struct tensor){.type = TENSOR_FLOAT64,
                                .rank = 2,
                                .shape = {self->kernel->species[s].count, self->head.columns[c].count},
                                .data = self->weights[c][s]};
      text_format(tensor->name, sizeof tensor->name, "kernel.tensor.%d.%d", c, s);
    }
  return TERN_SUCCESS;
}

static int32_t restore_channel(equivariant_kernel *self, int32_t channel, const safetensors_file *file) {
  char name[64];
  const tensor *found;
  TRY(MEMORY_NEW(NULL, &self->weights[channel], self->head.n_species, "the weights of a tensor model"));
  for (int32_t s = 0; s < self->kernel->n_species; s++) {
    const int64_t shape[2] = {self->kernel->species[s].count, self->head.columns[channel].count};
    if (shape[0] == 0)
      continue;
    text_format(name, sizeof name, "kernel.tensor.%d.%d", channel, s);
    TRY(safetensors_get_finite(file, name, 2, shape, &found));
    TRY(MEMORY_NEW(NULL, &self->weights[channel][s], shape[0] * shape[1], "the weights of a tensor model"));
    memcpy(self->weights[channel][s], found->data, (size_t)(shape[0] * shape[1]) * sizeof(double));
  }
  return TERN_SUCCESS;
}

static int32_t restore_kernel(void *state, const tern_descriptor *descriptor, const safetensors_file *file) {
  equivariant_kernel *self = state;
  TRY(new_kernel(self, descriptor, NULL));
  TRY(kernel_restore_points(self->kernel, file));
  for (int32_t c = 0; c < self->head.basis.n_channels; c++)
    if (self->head.active[c])
      TRY(restore_channel(self, c, file));
  return TERN_SUCCESS;
}

/* ---- the kind ---- */

static const equivariant_form form = {
    .size = sizeof(equivariant_kernel),
    .prepare = prepare,
    .fit_channel = fit_channel,
    .restore = restore_kernel,
    .destroy = destroy,
};

static int32_t fit(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                   const tern_options *options, text *report) {
  return equivariant_fit(&form, state, run, descriptor, dataset, options, report);
}

static int32_t restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file) {
  return equivariant_restore(&form, state, descriptor, file);
}

const model_kind equivariant_kernel_kind = {
    .name = "kernel",
    .meaning = "Sparse Gaussian process: compares each atom's invariants and equivariants with those of chosen ones",
    .descriptor = "correlations",
    .fit = fit,
    .destroy = destroy,
    .scratch = scratch,
    .tensor = evaluate,
    .order = order,
    .withhold = withhold,
    .store = store,
    .restore = restore,
};
