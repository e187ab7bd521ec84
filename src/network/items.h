/* SPDX-License-Identifier: BSD-3-Clause */
/* One structure of a training: its environments, its inputs with derivatives along some directions, its targets. */
#ifndef TERNION_NETWORK_ITEMS_H
#define TERNION_NETWORK_ITEMS_H

#include "network/problem.h"

/* What all structures have in common. */
typedef struct item_data {
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  const network_inputs *inputs;
  network_shape shape;
  network_choices choices;
  int64_t directions, stored; /* of a step; in memory */
  bool streamed;              /* inputs of the items that are trained on are computed anew in each step */
  int64_t batch, period;      /* steps after which a stored direction is another one */
  double per_epoch;           /* steps */
} item_data;

typedef struct item {
  int64_t structure;
  bool fixed; /* directions never change: to measure errors on */
  environments environments;
  int64_t rows, most_rows;  /* of all centres; of one */
  int64_t *center_row;      /* [centres]: where a centre's rows begin, those of a set being together */
  int64_t *set_first;       /* [sets + 1] */
  int32_t *biases;          /* [rows] */
  int64_t *counts;          /* [constants]: centres */
  int64_t freedom;          /* directions that there are */
  int64_t directions;       /* of a step */
  int64_t stored;           /* directions in memory; 0: nothing is */
  bool has_energy, has_strain;
  double energy;            /* target, in units */
  int64_t slots;            /* in memory: values, directions, strain */
  void *values;             /* [slots][rows][even + odd] */
  void *weights;            /* [slots][rows] */
  double *targets;          /* [slots] */
  int64_t *generations;     /* [slots]: which of its directions a slot has */
} item;

enum { ITEM_ENERGY, ITEM_FORCES, ITEM_VIRIAL, ITEM_TARGETS };

typedef struct item_errors {
  double weighted, rows;
  double squares[ITEM_TARGETS], counts[ITEM_TARGETS];
} item_errors;

/* Arrays of one thread, which grow. */
typedef struct item_space {
  void *arrays[12];
  int64_t bytes[12];
} item_space;

bool item_wanted(const item_data *data, const frame *frame);
/* Environments, rows, targets; memory is the run's. */
int32_t item_open(const item_data *data, run *run, item *item);
/* Bytes that the stored inputs take. */
double item_bytes(const item_data *data, const item *item);
int32_t item_reserve(const item_data *data, run *run, item *item);
int32_t item_fill(const item_data *data, run *run, item *item, item_space *space);
void item_free(run *run, item *item);

static inline int64_t item_rows(const item_data *data, const item *item) {
  (void)data;
  return item->has_energy + item->directions + item->has_strain;
}

/* Rows of a step: residual, and jacobian unless it is NULL. */
int32_t item_linearize(const item_data *data, const network *network, run *run, item *item, int64_t step,
                       item_space *space, double *residual, void *jacobian, int64_t stride);
/* Of the mean of the members, weights [choices.members][layout.total]. */
int32_t item_measure(const item_data *data, const network *network, run *run, item *item, item_space *space,
                     item_errors *errors);
void item_space_free(run *run, item_space *space);

#endif
