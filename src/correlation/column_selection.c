/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/column_selection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/selection.h"

int32_t column_selection_wanted(const tern_options *options, int64_t *wanted) {
  const char *method;
  TRY(options_text(options, "selection", &method));
  *wanted = 0;
  if (strcmp(method, "none") == 0)
    return TERN_SUCCESS;
  return options_integer(options, "selected", wanted);
}

/* points [n_rows][n_environments][(most + 1)^2]: the values of each lambda in places of their own. */
static void arrange(int64_t n_rows, const int32_t *lambda, int32_t most, int64_t n_environments, const double *values,
                    double *points) {
  const int64_t places = (int64_t)(most + 1) * (most + 1);
  int64_t n_columns = 0, column = 0;
  for (int64_t row = 0; row < n_rows; row++)
    n_columns += 2 * lambda[row] + 1;
  for (int64_t row = 0; row < n_rows; row++) {
    for (int64_t e = 0; e < n_environments; e++)
      memcpy(points + (row * n_environments + e) * places + (int64_t)lambda[row] * lambda[row],
             values + e * n_columns + column, (size_t)(2 * lambda[row] + 1) * sizeof *values);
    column += 2 * lambda[row] + 1;
  }
}

static int ascending(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int32_t column_selection_fit(const tern_options *options, run *run, int64_t n_rows, const int32_t *lambda,
                             int64_t n_environments, const double *values, int64_t wanted, int64_t *chosen) {
  const char *method;
  int32_t most = 0;
  double *points = NULL;
  TRY(options_text(options, "selection", &method));
  if (wanted > n_rows)
    return error_set(TERN_ERROR_OPTION,
                     "option 'selected' is %" PRId64 ", but there are %" PRId64
                     " columns to select from (those of one m counted); valid are 1 to %" PRId64,
                     wanted, n_rows, n_rows);
  for (int64_t row = 0; row < n_rows; row++)
    most = lambda[row] > most ? lambda[row] : most;
  const int64_t size = n_environments * (most + 1) * (most + 1);
  TRY(MEMORY_NEW(run, &points, n_rows * size, "columns to select from"));
  arrange(n_rows, lambda, most, n_environments, values, points);
  const selection_method select = strcmp(method, "cur") == 0 ? selection_cur : selection_farthest_point;
  const int32_t status = select(run, "selection", n_rows, size, points, wanted, chosen);
  memory_free(run, points);
  if (status == TERN_SUCCESS)
    qsort(chosen, (size_t)wanted, sizeof *chosen, ascending);
  return status;
}
