/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/harmonics.h"

#include <math.h>
#include <stddef.h>

#include "core/error.h"
#include "core/memory.h"

/* Norm of Y_l,m+1 over that of Y_lm. */
static double norm_ratio(int32_t l, int32_t m) { return sqrt((m ? 1.0 : 2.0) / ((double)(l + m + 1) * (l - m))); }

/* Norm of Y_lm over that of Y_l-1,m; l > m. */
static double norm_step(int32_t l, int32_t m) { return sqrt((2.0 * l + 1) / (2.0 * l - 1) * (l - m) / (l + m)); }

static void fill(harmonics_table *table) {
  double *step = table->steps, norm = sqrt(1 / (4 * acos(-1.0))), double_factorial = 1;
  for (int32_t m = 0; m <= table->l_max; m++) {
    if (m > 0) { /* from Y_m-1,m-1 by Y_m,m-1 to Y_mm */
      norm *= norm_step(m, m - 1) * norm_ratio(m, m - 1);
      double_factorial *= 2 * m - 1;
    }
    table->start[m] = norm * double_factorial;
    for (int32_t l = m; l <= table->l_max; l++, step += 3) {
      if (l > m)
        step[0] = (2.0 * l - 1) / (l - m) * norm_step(l, m);
      if (l > m + 1)
        step[1] = (l + m - 1.0) / (l - m) * norm_step(l, m) * norm_step(l - 1, m);
      if (l > m)
        step[2] = 1 / norm_ratio(l, m);
    }
  }
}

int32_t harmonics_table_new(harmonics_table **table, int32_t l_max) {
  harmonics_table *created = NULL;
  TRY(MEMORY_NEW(NULL, &created, 1, "spherical harmonics"));
  created->l_max = l_max;
  int32_t status = MEMORY_NEW(NULL, &created->start, l_max + 1, "spherical harmonics");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &created->steps, 3 * (int64_t)(l_max + 1) * (l_max + 2) / 2, "spherical harmonics");
  if (status != TERN_SUCCESS) {
    harmonics_table_free(created);
    return status;
  }
  fill(created);
  *table = created;
  return TERN_SUCCESS;
}

void harmonics_table_free(harmonics_table *table) {
  if (!table)
    return;
  memory_free(NULL, table->start);
  memory_free(NULL, table->steps);
  memory_free(NULL, table);
}
