/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the fit of a network's inputs. */
#ifndef TERNION_NETWORK_INPUTS_LEARNING_H
#define TERNION_NETWORK_INPUTS_LEARNING_H

#include "core/principal.h"
#include "network/inputs.h"
#include "network/products.h"

enum { INPUTS_PIECE = 128 }; /* rows that are added to the moments at a time */

/* Everything that one pass after another over the sample needs. */
typedef struct learning {
  run *run;
  const tern_descriptor *descriptor;
  const network_sample *sample;
  const network_input_choices *choices;
  network_inputs *inputs;
  int64_t most_rows, rows, stride; /* of a sample's environment; of all; every stride-th is taken */
  int64_t even, odd;               /* columns */
  int64_t taken;                   /* rows */
  int32_t *parities;               /* of a plain descriptor's columns */
  int64_t *tags;
  void *scratch;
  double *values;    /* [most_rows][features], of a plain descriptor */
  double *even_row, *odd_row; /* [INPUTS_PIECE][columns] */
  int64_t in_piece;
  double *mean;      /* [even] */
  double total;      /* of the weights of the taken rows */
  principal even_sums, odd_sums;
} learning;

/* inputs_fit.c */
double inputs_distance(const environment *environment, int64_t neighbour);
/* Of a neighbour that is a tag; -1: the centre, 1. */
double inputs_tag_weight(const learning *learning, const environment *environment, int64_t tag);

/* inputs_columns.c */
/* The scale of the functions is so that g is of order 1 and the leading ones count more, as (moment *
   largest)^(-1/4). */
int32_t inputs_learn_tag_functions(learning *learning);
int32_t inputs_learn_columns(learning *learning);

#endif
