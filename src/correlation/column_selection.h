/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns of a descriptor that stand for all of them, by farthest point sampling or CUR over environments. The 2 lambda
   + 1 columns of an equivariant stay together and count as one. Columns are taken as they are, neither centred nor
   scaled: the Gram matrix is what should change least, and columns of pure noise stay out. */
#ifndef TERNION_CORRELATION_COLUMN_SELECTION_H
#define TERNION_CORRELATION_COLUMN_SELECTION_H

#include "core/options.h"
#include "core/run.h"

/* Reads `selection` and `selected`; *wanted is 0 when nothing is to be selected. */
int32_t column_selection_wanted(const tern_options *options, int64_t *wanted);
/* lambda [n_rows] of rows of 2 lambda + 1 columns each; values [n_environments][columns]; chosen [wanted] ascending. */
int32_t column_selection_fit(const tern_options *options, run *run, int64_t n_rows, const int32_t *lambda,
                             int64_t n_environments, const double *values, int64_t wanted, int64_t *chosen);

#endif
