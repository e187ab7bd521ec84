/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a kernel model's linear problem, made by several threads block after block, and their sums. The order of the
   sums is that of the blocks: results do not depend on the threads. */
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/kernel_model.h"

/* Rows in a block (more only for one structure), and points whose derivatives are made at a time: they stay in the
   cache. */
enum { BLOCK_ROWS = 768, TILE = 256 };

typedef struct gathering {
  run *run;
  const kernel_model *model;
  const kernel_factors *factors;
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const targets *targets;
  int64_t *order;          /* [size] structures, those held out last */
  int64_t n_fitted;        /* structures that are not held out */
  int64_t begin, capacity; /* of the block: its first place in the order; rows that there is room for */
  int64_t *first_row;      /* [size + 1], of the structures of the block */
  double *rows, *aims;     /* [capacity][columns], [capacity] */
} gathering;

/* Where the rows of one structure are, and room for one of its environments. */
typedef struct structure {
  const gathering *gathering;
  const frame *frame;
  double *energy, *forces, *virial; /* rows; NULL: not wanted */
  double *values, *u, *kernel, *slope, *jacobian, *directions, *tile, **destination;
  void *scratch, *products;
} structure;

static int64_t rows_of(const gathering *gathering, int64_t place) {
  const frame *frame = gathering->dataset->frames[gathering->order[place]];
  return frame->system->n_atoms > 0 ? targets_rows(gathering->targets, frame) : 0;
}

/* ---- one environment ---- */

/* Along which u changes: each neighbour's coordinates, the centre's, and the nine strains. */
static int64_t most_directions(int64_t n_neighbours) { return 3 * n_neighbours + 3 + 9; }

static int64_t place_pieces(structure *s, const environments *environments, void *memory) {
  const gathering *g = s->gathering;
  const int64_t neighbours = environments->most_neighbours, directions = most_directions(neighbours);
  int64_t dimensions = 0, points = 0;
  for (int32_t k = 0; k < g->model->n_species; k++) {
    const kernel_points *own = &g->model->species[k];
    dimensions = own->dimensions > dimensions ? own->dimensions : dimensions;
    points = own->count > points ? own->count : points;
  }
  const int64_t features = g->model->features, widest = features > TILE ? features : TILE;
  layout layout = {memory, 0};
  s->values = layout_reals(&layout, features);
  s->u = layout_reals(&layout, dimensions);
  s->kernel = layout_reals(&layout, points);
  s->slope = layout_reals(&layout, points);
  s->jacobian = layout_reals(&layout, 3 * neighbours * features);
  s->directions = layout_reals(&layout, directions * dimensions);
  s->tile = layout_reals(&layout, directions * TILE);
  s->destination = layout_take(&layout, directions, sizeof(double *));
  s->scratch = layout_take(&layout, g->descriptor->kind->scratch(g->descriptor->state, neighbours), 1);
  s->products = layout_take(&layout, kernel_matrix_scratch(directions, widest, widest, sizeof(double)), 1);
  return layout.used;
}

/* result [rows][stride] = left [rows][inner] times the transposed of right [columns][inner]. */
static void times_transposed(const structure *s, int64_t rows, int64_t columns, int64_t inner, const double *left,
                             const double *right, int64_t stride, double *result) {
  const kernel_matrix_product product = {.rows = rows,
                                         .columns = columns,
                                         .inner = inner,
                                         .left_stride = inner,
                                         .right_stride = inner,
                                         .stride = stride,
                                         .right_transposed = 1,
                                         .factor = 1};
  kernel_model_matrix(s->gathering->model)->product(&product, left, right, result, s->products);
}

/* Derivatives of A x along the neighbours' coordinates [3 n][dimensions], then of u. */
static int32_t neighbour_directions(structure *s, const environment *environment, const kernel_points *own,
                                    double inverse) {
  const gathering *g = s->gathering;
  const int64_t coordinates = 3 * environment->n_neighbours, dimensions = own->dimensions;
  TRY(g->descriptor->kind->jacobian(g->descriptor->state, environment, s->scratch,
                                    own->axes != NULL ? s->jacobian : s->directions));
  if (own->axes != NULL)
    times_transposed(s, coordinates, dimensions, g->model->features, s->jacobian, own->axes, dimensions,
                     s->directions);
  for (int64_t k = 0; k < coordinates; k++) {
    double *direction = s->directions + k * dimensions, along = 0;
    for (int64_t d = 0; d < dimensions; d++)
      along += direction[d] * s->u[d];
    for (int64_t d = 0; d < dimensions; d++)
      direction[d] = inverse * (direction[d] - along * s->u[d]);
  }
  return TERN_SUCCESS;
}

static void add_scaled(int64_t count, double factor, const double *source, double *target) {
  for (int64_t k = 0; k < count; k++)
    target[k] += factor * source[k];
}

/* Forces and virial are minus the derivatives, so the directions are reversed: where each one's row is, the neighbours'
   first, then the centre's, which moves against them, then the strains. Returns how many there are. */
static int64_t all_directions(structure *s, const environment *environment, int64_t center, const int64_t *atoms,
                              int64_t first_column, int64_t dimensions) {
  const int64_t columns = s->gathering->factors->columns, coordinates = 3 * environment->n_neighbours;
  double *next = s->directions + coordinates * dimensions;
  int64_t count = coordinates;
  memset(next, 0, (size_t)(12 * dimensions) * sizeof(double));
  for (int64_t k = 0; k < coordinates; k++) {
    const double *direction = s->directions + k * dimensions;
    add_scaled(dimensions, -1, direction, next + k % 3 * dimensions);
    for (int64_t along = 0; along < 3; along++)
      add_scaled(dimensions, environment->vectors[k / 3 * 3 + along], direction,
                 next + (3 + 3 * (k % 3) + along) * dimensions);
    s->destination[k] = s->forces == NULL ? NULL : s->forces + (3 * atoms[k / 3] + k % 3) * columns + first_column;
  }
  for (int64_t k = 0; k < 3; k++)
    s->destination[count++] = s->forces == NULL ? NULL : s->forces + (3 * center + k) * columns + first_column;
  for (int64_t k = 0; k < 9; k++)
    s->destination[count++] = s->virial == NULL ? NULL : s->virial + k * columns + first_column;
  return count;
}

/* rows -= k'(s_m) (du . p_m) for all directions and points, tile by tile of the points. */
static void add_derivatives(structure *s, const kernel_points *own, int64_t n_directions) {
  const int64_t dimensions = own->dimensions;
  for (int64_t begin = 0; begin < own->count; begin += TILE) {
    const int64_t count = own->count - begin < TILE ? own->count - begin : TILE;
    times_transposed(s, n_directions, count, dimensions, s->directions, own->points + begin * dimensions, TILE,
                     s->tile);
    for (int64_t k = 0; k < n_directions; k++) {
      double *row = s->destination[k];
      for (int64_t m = 0; row != NULL && m < count; m++)
        row[begin + m] -= s->slope[begin + m] * s->tile[k * TILE + m];
    }
  }
}

static int32_t add_environment(structure *s, const environments *environments, int64_t index) {
  const gathering *g = s->gathering;
  const environment environment = environments_at(environments, index);
  const kernel_points *own = &g->model->species[environment.center_species];
  const int64_t first_column = g->factors->first[environment.center_species];
  const bool derivatives = environment.n_neighbours > 0 && (s->forces != NULL || s->virial != NULL);
  double inverse;
  if (own->count == 0)
    return TERN_SUCCESS;
  TRY(g->descriptor->kind->forward(g->descriptor->state, &environment, s->scratch, s->values));
  kernel_model_project(g->model, own, s->values, s->u, &inverse);
  kernel_model_matrix(g->model)
      ->times_vector(own->count, own->dimensions, own->points, own->dimensions, s->u, s->kernel);
  kernel_function_apply(&g->model->function, own->count, s->kernel, derivatives ? s->slope : NULL);
  if (s->energy != NULL)
    add_scaled(own->count, 1, s->kernel, s->energy + first_column);
  if (!derivatives)
    return TERN_SUCCESS;
  TRY(neighbour_directions(s, &environment, own, inverse));
  const int64_t count = all_directions(s, &environment, environments->centers[index],
                                       environments->neighbours.atom + environments->neighbours.first[index],
                                       first_column, own->dimensions);
  add_derivatives(s, own, count);
  return TERN_SUCCESS;
}

/* ---- one structure ---- */

/* A row and its target by a weight. */
static void weigh(const gathering *g, int64_t row, double weight, double target) {
  double *values = g->rows + row * g->factors->columns;
  for (int64_t column = 0; column < g->factors->columns; column++)
    values[column] *= weight;
  g->aims[row] = weight * target;
}

static void weigh_rows(const structure *s, int64_t row) {
  const gathering *g = s->gathering;
  const int64_t atoms = s->frame->system->n_atoms;
  const double per_atom = 1 / sqrt((double)atoms);
  if (s->energy != NULL)
    weigh(g, row++, g->targets->energy * per_atom, s->frame->energy);
  for (int64_t k = 0; s->forces != NULL && k < 3 * atoms; k++)
    weigh(g, row++, g->targets->forces, s->frame->forces[k]);
  for (int64_t k = 0; s->virial != NULL && k < 9; k++)
    weigh(g, row++, g->targets->virial * per_atom, s->frame->virial[k / 3][k % 3]);
}

static void place_rows(structure *s, int64_t row) {
  const gathering *g = s->gathering;
  const int64_t columns = g->factors->columns;
  double *next = g->rows + row * columns;
  if (g->targets->energy > 0 && s->frame->has_energy) {
    s->energy = next;
    next += columns;
  }
  if (g->targets->forces > 0 && s->frame->forces != NULL) {
    s->forces = next;
    next += 3 * s->frame->system->n_atoms * columns;
  }
  if (g->targets->virial > 0 && s->frame->has_virial)
    s->virial = next;
}

static int32_t fill_rows(structure *s, const environments *environments) {
  void *memory = NULL;
  TRY(memory_new(s->gathering->run, &memory, place_pieces(s, environments, NULL), 1, "derivatives of kernels"));
  place_pieces(s, environments, memory);
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; status == TERN_SUCCESS && k < environments->neighbours.n_centers; k++)
    status = add_environment(s, environments, k);
  memory_free(s->gathering->run, memory);
  return status;
}

static int32_t check_finite(const gathering *g, int64_t index, int64_t first, int64_t last) {
  for (int64_t k = first * g->factors->columns; k < last * g->factors->columns; k++)
    if (!isfinite(g->rows[k]))
      return dataset_name_failure(g->dataset, index,
                                  error_set(TERN_ERROR_NUMERICAL, "features or their derivatives are not finite"));
  return TERN_SUCCESS;
}

static int32_t write_structure(const gathering *g, int64_t place) {
  const int64_t index = g->order[place], first = g->first_row[place - g->begin],
                last = g->first_row[place - g->begin + 1];
  structure s = {.gathering = g, .frame = g->dataset->frames[index]};
  environments environments;
  if (last == first)
    return TERN_SUCCESS;
  memset(g->rows + first * g->factors->columns, 0, (size_t)((last - first) * g->factors->columns) * sizeof(double));
  int32_t status = environments_build(g->descriptor, g->run, s.frame->system, &environments);
  if (status != TERN_SUCCESS)
    return dataset_name_failure(g->dataset, index, status);
  place_rows(&s, first);
  status = fill_rows(&s, &environments);
  environments_free(g->run, &environments);
  TRY(status);
  TRY(check_finite(g, index, first, last));
  weigh_rows(&s, first);
  return TERN_SUCCESS;
}

static int32_t write_structures(void *context, int64_t begin, int64_t end, int32_t thread) {
  const gathering *g = context;
  (void)thread;
  for (int64_t k = begin; k < end; k++)
    TRY(write_structure(g, g->begin + k));
  return TERN_SUCCESS;
}

/* ---- blocks ---- */

static int32_t add_block(const gathering *g, int64_t count, normal_equations *sums) {
  TRY(kernel_factors_whiten(g->factors, count, g->rows));
  return normal_equations_add(sums, count, g->rows, g->aims);
}

/* How many structures from the block's first on have their rows in it. */
static int64_t fill_block(gathering *g, int64_t end) {
  int64_t count = 0;
  g->first_row[0] = 0;
  for (; g->begin + count < end; count++) {
    const int64_t last = g->first_row[count] + rows_of(g, g->begin + count);
    if (last > g->capacity)
      break;
    g->first_row[count + 1] = last;
  }
  return count;
}

static int32_t gather_range(gathering *g, int64_t end, normal_equations *sums) {
  while (g->begin < end) {
    const int64_t count = fill_block(g, end);
    TRY(threads_for(g->run, count, 1, write_structures, g));
    if (g->first_row[count] > 0)
      TRY(add_block(g, g->first_row[count], sums));
    g->begin += count;
    TRY(run_report(g->run, "rows", g->begin, g->dataset->size, -1));
  }
  return TERN_SUCCESS;
}

static int32_t gathering_new(gathering *g, const unsigned char *part) {
  const int64_t size = g->dataset->size;
  TRY(MEMORY_NEW(g->run, &g->order, size, "the order of the structures"));
  TRY(MEMORY_NEW(g->run, &g->first_row, size + 1, "the order of the structures"));
  int64_t next = 0;
  for (int side = 0; side < 2; side++) {
    for (int64_t index = 0; index < size; index++)
      if ((part != NULL && part[index] != 0) == (side == 1))
        g->order[next++] = index;
    if (side == 0)
      g->n_fitted = next;
  }
  g->capacity = BLOCK_ROWS;
  for (int64_t k = 0; k < size; k++)
    g->capacity = rows_of(g, k) > g->capacity ? rows_of(g, k) : g->capacity;
  if (g->factors->columns > INT32_MAX || g->capacity > INT32_MAX)
    return error_set(TERN_ERROR_MEMORY, "a structure has too many rows (%lld) for a kernel model",
                     (long long)g->capacity);
  TRY(MEMORY_NEW(g->run, &g->rows, g->capacity * g->factors->columns, "rows of a kernel model"));
  return MEMORY_NEW(g->run, &g->aims, g->capacity, "targets of a kernel model");
}

static int32_t gather_all(gathering *g, const unsigned char *part, normal_equations sums[2]) {
  TRY(gathering_new(g, part));
  TRY(normal_equations_new(g->run, g->factors->columns, &sums[0]));
  TRY(gather_range(g, g->n_fitted, &sums[0]));
  if (part == NULL)
    return TERN_SUCCESS;
  TRY(normal_equations_new(g->run, g->factors->columns, &sums[1]));
  TRY(gather_range(g, g->dataset->size, &sums[1]));
  for (int k = 0; k < 2; k++)
    if (sums[k].rows == 0)
      return error_set(TERN_ERROR_DATA, "option 'validation': the structures %s have no targets",
                       k == 0 ? "left to fit" : "held out");
  return TERN_SUCCESS;
}

int32_t kernel_rows_write(run *run, const kernel_model *model, const kernel_factors *factors,
                          const tern_descriptor *descriptor, const tern_dataset *dataset, const targets *targets,
                          int64_t index, double **rows) {
  int64_t first_row[2] = {0, targets_rows(targets, dataset->frames[index])};
  gathering gathering = {.run = run,
                         .model = model,
                         .factors = factors,
                         .descriptor = descriptor,
                         .dataset = dataset,
                         .targets = targets,
                         .order = &index,
                         .first_row = first_row};
  int32_t status = MEMORY_NEW(run, &gathering.rows, first_row[1] * factors->columns, "rows of a kernel model");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &gathering.aims, first_row[1], "targets of a kernel model");
  if (status == TERN_SUCCESS)
    status = write_structure(&gathering, 0);
  memory_free(run, gathering.aims);
  if (status == TERN_SUCCESS)
    *rows = gathering.rows;
  else
    memory_free(run, gathering.rows);
  return status;
}

int32_t kernel_rows_gather(run *run, const kernel_model *model, const kernel_factors *factors,
                           const tern_descriptor *descriptor, const tern_dataset *dataset, const targets *targets,
                           const unsigned char *part, normal_equations sums[2]) {
  gathering gathering = {.run = run,
                         .model = model,
                         .factors = factors,
                         .descriptor = descriptor,
                         .dataset = dataset,
                         .targets = targets};
  const int32_t status = gather_all(&gathering, part, sums);
  memory_free(run, gathering.order);
  memory_free(run, gathering.first_row);
  memory_free(run, gathering.rows);
  memory_free(run, gathering.aims);
  return status;
}
