/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of an item have in common. */
#ifndef TERNION_NETWORK_ITEM_PARTS_H
#define TERNION_NETWORK_ITEM_PARTS_H

#include "core/number.h"
#include "network/items.h"

/* Arrays of an item_space. */
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

/* Numbers of each slot that a step uses, wherever they lie. */
typedef struct item_used {
  int64_t slots;
  const char **values, **weights;
  double *targets, *factors, *predicted;
} item_used;

static inline int64_t item_number_size(const item_data *data) {
  return number_size(data->choices.wide);
}

static inline int64_t item_columns(const item_data *data) {
  return network_inputs_columns(data->inputs);
}

/* items.c */
int32_t item_grow(run *run, item_space *space, int which, int64_t bytes);

/* item_store.c */
/* The slots of a step: stored ones, of which those whose time has come are renewed, or fresh ones. */
int32_t item_use(const item_data *data, run *run, item *item, int64_t step, item_space *space, item_used *used);

#endif
