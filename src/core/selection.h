/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows of a matrix stand best for all of them: structures among structures, or columns of features when the
   caller transposes. Deterministic; ties go to the lower row. */
#ifndef TERNION_CORE_SELECTION_H
#define TERNION_CORE_SELECTION_H

#include "core/run.h"

/* chosen [count] are different rows of `matrix` [rows][columns], in the order in which they were chosen; count at most
   rows. Reports progress as `stage`. */
typedef int32_t (*selection_method)(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix,
                                    int64_t count, int64_t *chosen);

/* Farthest point sampling: first the row farthest from the mean, then always the one farthest from those chosen. */
int32_t selection_farthest_point(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix,
                                 int64_t count, int64_t *chosen);
/* CUR: the row of largest leverage on the leading left singular vector; its direction is then taken out of all rows,
   and so on (M. W. Mahoney, P. Drineas, PNAS 106, 697 (2009); with orthogonalization: G. Imbalzano et al., J. Chem.
   Phys. 148, 241730 (2018)). */
int32_t selection_cur(run *run, const char *stage, int64_t rows, int64_t columns, const double *matrix, int64_t count,
                      int64_t *chosen);

#endif
