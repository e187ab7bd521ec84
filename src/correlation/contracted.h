/* SPDX-License-Identifier: BSD-3-Clause */
/* Contracted correlations as a descriptor: what the kind `correlations` is when `components` are given. */
#ifndef TERNION_CORRELATION_CONTRACTED_H
#define TERNION_CORRELATION_CONTRACTED_H

#include "correlation/channels.h"
#include "correlation/contraction.h"

/* An output: 2 lambda + 1 columns. Four numbers in files. */
typedef struct contracted_row {
  int32_t nu, block;
  int32_t component; /* where it stands in its block */
  int32_t label;     /* and where it stood before a selection */
} contracted_row;
enum { CONTRACTED_ROW_SIZE = 4 };

typedef struct contracted {
  tern_options *options; /* a copy */
  density_basis *basis;
  channels channels;
  contraction *contraction;
  int32_t *species;
  int32_t nu_min;
  int64_t wanted; /* by a selection; 0: all */
  bool fitted;
  int64_t n_rows, n_columns;
  contracted_row *rows;
} contracted;

extern const descriptor_kind contracted_kind;

/* All rows there are, in the columns' order; whatever was there is replaced. */
int32_t contracted_list_rows(contracted *contracted);
const contraction_block *contracted_block(const contracted *contracted, const contracted_row *row);

bool contracted_fitted(const void *state);
int32_t contracted_fit(void *state, run *run, int64_t n_environments, const environment *environments);
int32_t contracted_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
int32_t contracted_restore(void *state, const safetensors_file *file);

#endif
