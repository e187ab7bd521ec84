/* SPDX-License-Identifier: BSD-3-Clause */
/* Linear problems behind models of tensors: a channel of degree lambda asks 2 lambda + 1 rows of every structure, whose
   unknowns all m share. */
#ifndef TERNION_MODEL_EQUIVARIANT_FIT_H
#define TERNION_MODEL_EQUIVARIANT_FIT_H

#include "model/equivariant.h"
#include "model/least_squares.h"

/* What a kind makes of a channel's problem. */
typedef struct equivariant_rows {
  int64_t columns; /* unknowns */
  int64_t scratch; /* numbers of scratch of `add` */
  /* Adds what an environment with these features gives to rows [2 lambda + 1][stride]. */
  void (*add)(const void *context, int32_t channel, const environment *environment, const double *values,
              double *scratch, int64_t stride, double *rows);
  /* Changes the unknowns of a problem whose rows are complete; NULL: they stay. */
  int32_t (*transform)(const void *context, least_squares *problem);
  const void *context;
} equivariant_rows;

/* weights [columns] of a channel, in the unknowns at the end, and those before held-out structures were added, trial;
   NULL: not wanted. regularizations [channels] of those fitted earlier, and of this one. report: an object of a
   list. */
int32_t equivariant_solve(const equivariant_head *head, const equivariant_data *data, const tern_options *options,
                          int32_t channel, const equivariant_rows *rows, double *regularizations, double *weights,
                          double *trial, text *report);

#endif
