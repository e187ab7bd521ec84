/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of many environments at once, on the run's threads. */
#ifndef TERNION_CORRELATION_FIT_ROWS_H
#define TERNION_CORRELATION_FIT_ROWS_H

#include "density/kind.h"

/* As a kind's forward: one row of one environment. */
typedef int32_t (*fit_row)(const void *state, const environment *environment, void *scratch, double *row);

/* rows [n_environments][width], to be freed with the run; scratch is the kind's. */
int32_t fit_rows(run *run, const descriptor_kind *kind, const void *state, fit_row make, int64_t n_environments,
                 const environment *environments, int64_t width, double **rows);

#endif
