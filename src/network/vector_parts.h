/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the training on vectors have in common: its centres, and a thread's arrays for one of them. */
#ifndef TERNION_NETWORK_VECTOR_PARTS_H
#define TERNION_NETWORK_VECTOR_PARTS_H

#include "core/number.h"
#include "network/trained.h"
#include "network/vector_problem.h"

enum { VECTOR_CHUNK = 512 }; /* rows that the network works on at a time */

typedef struct vector_item {
  int64_t structure, center; /* number among the structure's centres */
  int64_t rows, species;
  void *values, *weights; /* [rows][even + odd], [rows]; NULL: computed when they are wanted */
  int32_t *biases;        /* [rows] */
} vector_item;

struct vector_problem {
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const network_inputs *inputs;
  const network_vectors *vectors;
  vector_choices choices;
  trained_network trained;
  environments *environments; /* [structures] */
  int64_t n_items, n_held_out;
  vector_item *items; /* [n_items + n_held_out], the held-out ones last */
  int64_t most_rows, most_neighbours;
};

typedef struct vector_space {
  void *memory; /* NULL: not open */
  void *inputs, *values, *weights, *network, *sums, *last;
  int64_t *tags;
  int32_t *biases;
  double *wanted, *predicted; /* [outputs] */
  double *hidden;             /* [last width]: sums */
  double *directions;         /* [directions][outputs] */
} vector_space;

static inline int64_t vector_number_size(const vector_problem *problem) {
  return number_size(problem->choices.wide);
}

static inline int64_t vector_columns(const vector_problem *problem) {
  return network_inputs_columns(problem->inputs);
}

static inline int64_t vector_last_width(const vector_problem *problem) {
  return network_last_width(&problem->trained.network.shape);
}

/* Rows of a centre in each step. */
static inline int64_t vector_directions(const vector_problem *problem) {
  const int64_t outputs = problem->vectors->outputs;
  return problem->choices.directions < outputs ? problem->choices.directions : outputs;
}

static inline int64_t vector_set(const vector_problem *problem, const vector_item *item) {
  return problem->trained.network.shape.sets > 1 ? item->species : 0;
}

/* vector_items.c */
/* Nothing, where it is open. */
int32_t vector_space_open(const vector_problem *problem, run *run, vector_space *space);
void vector_space_close(run *run, vector_space *space);
int32_t vector_item_inputs(const vector_problem *problem, const vector_item *item, vector_space *space, void *values,
                           void *weights, int32_t *biases);
/* All rows of an item, stored or computed, and those of a chunk from row `first` on. */
int32_t vector_rows_open(const vector_problem *problem, const vector_item *item, vector_space *space,
                         network_rows *rows);
network_rows vector_rows_part(const vector_problem *problem, const network_rows *all, int64_t first, int64_t count);
void vector_sums_clear(const vector_problem *problem, vector_space *space);
/* The last vectors of an item's set, [outputs][last width]. */
const double *vector_last(const vector_problem *problem, const vector_item *item);
/* Components as they should be and, from the sums, as they are; the sums in double in space->hidden. */
void vector_compare(const vector_problem *problem, const vector_item *item, vector_space *space);
int32_t vector_item_predict(const vector_problem *problem, const vector_item *item, vector_space *space);

/* vector_rows.c */
/* Rows of a step: residual, and jacobian unless it is NULL. */
int32_t vector_item_linearize(const vector_problem *problem, const vector_item *item, int64_t step, vector_space *space,
                              double *residual, char *jacobian, int64_t stride);

#endif
