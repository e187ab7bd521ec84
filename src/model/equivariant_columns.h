/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of a descriptor's features rotate like real spherical harmonics of a degree, with a parity: as the labels of
   the columns say ("lambda", "sigma", "m"; those of the density "l", "m"; all others are invariants). */
#ifndef TERNION_MODEL_EQUIVARIANT_COLUMNS_H
#define TERNION_MODEL_EQUIVARIANT_COLUMNS_H

#include "descriptor/descriptor.h"

typedef struct equivariant_columns {
  int32_t lambda, sigma;
  int64_t count;    /* sets of 2 lambda + 1 columns */
  int64_t *columns; /* [2 lambda + 1][count] */
} equivariant_columns;

/* Those that there are. */
int32_t equivariant_columns_find(const tern_descriptor *descriptor, int32_t lambda, int32_t sigma,
                                 equivariant_columns *columns);
/* TERN_ERROR_DATA when the descriptor has none; `what` says who needs them. */
int32_t equivariant_columns_new(const tern_descriptor *descriptor, int32_t lambda, int32_t sigma, const char *what,
                                equivariant_columns *columns);
void equivariant_columns_free(equivariant_columns *columns);
/* gathered [2 lambda + 1][count] from an environment's values. */
void equivariant_gather(const equivariant_columns *columns, const double *values, double *gathered);

/* Calls visit for each centre of a structure, or for centre number `only` unless that is -1, with its features, summed
   over its rows. */
typedef int32_t (*equivariant_visit)(void *context, const environment *environment, const double *values);
int32_t equivariant_visit_structure(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                    int64_t only, equivariant_visit visit, void *context);
/* An environment's features in the descriptor's first row of values, summed over the rows; memory as
   features_scratch says. */
int32_t equivariant_values(const tern_descriptor *descriptor, const environment *environment, int64_t rows,
                           void *memory, const double **values);

#endif
