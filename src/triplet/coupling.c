/* SPDX-License-Identifier: BSD-3-Clause */
#include "triplet/coupling.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/clebsch_gordan.h"

void coupling_free(coupling *coupling) {
  if (coupling == NULL)
    return;
  memory_free(NULL, coupling->l);
  memory_free(NULL, coupling->first_l);
  memory_free(NULL, coupling->second_l);
  memory_free(NULL, coupling->first);
  memory_free(NULL, coupling->by_direction);
  memory_free(NULL, coupling->by_density);
  memory_free(NULL, coupling->second);
  memory_free(NULL, coupling->by_second);
  memory_free(NULL, coupling);
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* Blocks and rows; the arrays are filled unless they are not there yet. */
static void list_blocks(coupling *made, int32_t l_max, bool one_tag) {
  made->count = made->n_rows = 0;
  for (int32_t l = 0; l <= l_max; l++)
    for (int32_t l1 = one_tag ? l : 0; l1 <= (one_tag ? l : l_max); l1++)
      for (int32_t l2 = abs(l - l1); l2 <= (one_tag ? 0 : least(l_max, l + l1)); l2++) {
        if (made->l != NULL) {
          made->l[made->count] = l;
          made->first_l[made->count] = l1;
          made->second_l[made->count] = l2;
        }
        made->count++;
        made->n_rows += 2 * l2 + 1;
      }
}

/* The terms of one row m2 of a block; returns their number, and writes them
 * unless `to` is NULL. */
static int64_t row_terms(const double *coefficients, int32_t l, int32_t l1, int32_t l2, int32_t m2, kernel_term *to) {
  const double factor = (l % 2 ? -1 : 1) / sqrt(2.0 * l + 1);
  int64_t count = 0;
  for (int32_t m = 0; m <= 2 * l; m++)
    for (int32_t m1 = 0; m1 <= 2 * l1; m1++) {
      const double coefficient = coefficients[(m1 * (2 * l2 + 1) + m2) * (2 * l + 1) + m];
      if (fabs(coefficient) < 1e-14) /* rounding where the coefficient vanishes */
        continue;
      if (to != NULL)
        to[count] = (kernel_term){factor * coefficient, l * l + m, l1 * l1 + m1};
      count++;
    }
  return count;
}

/* Number of terms, which are written once there is space. */
static int32_t list_terms(coupling *made, int64_t *n_terms) {
  int64_t row = 0, count = 0;
  for (int64_t i = 0; i < made->count; i++) {
    const int32_t l = made->l[i], l1 = made->first_l[i], l2 = made->second_l[i];
    double *coefficients = NULL;
    TRY(clebsch_gordan_new(l1, l2, l, &coefficients));
    made->second[i + 1] = made->second[i] + 2 * l2 + 1;
    for (int32_t m2 = 0; m2 <= 2 * l2; m2++, row++) {
      kernel_term *to = made->by_direction == NULL ? NULL : made->by_direction + count;
      made->by_second[row] = (kernel_term){1, (int32_t)row, l2 * l2 + m2};
      count += row_terms(coefficients, l, l1, l2, m2, to);
      made->first[row + 1] = count;
    }
    memory_free(NULL, coefficients);
  }
  *n_terms = count;
  return TERN_SUCCESS;
}

static int32_t fill(coupling *made, int32_t l_max, bool one_tag) {
  int64_t n_terms;
  list_blocks(made, l_max, one_tag);
  TRY(MEMORY_NEW(NULL, &made->l, made->count, "couplings"));
  TRY(MEMORY_NEW(NULL, &made->first_l, made->count, "couplings"));
  TRY(MEMORY_NEW(NULL, &made->second_l, made->count, "couplings"));
  list_blocks(made, l_max, one_tag);
  TRY(MEMORY_NEW(NULL, &made->first, made->n_rows + 1, "couplings"));
  TRY(MEMORY_NEW(NULL, &made->second, made->count + 1, "couplings"));
  TRY(MEMORY_NEW(NULL, &made->by_second, made->n_rows, "couplings"));
  TRY(list_terms(made, &n_terms));
  TRY(MEMORY_NEW(NULL, &made->by_direction, n_terms, "couplings"));
  TRY(MEMORY_NEW(NULL, &made->by_density, n_terms, "couplings"));
  TRY(list_terms(made, &n_terms));
  for (int64_t t = 0; t < n_terms; t++) {
    const kernel_term term = made->by_direction[t];
    made->by_density[t] = (kernel_term){term.factor, term.number, term.row};
  }
  return TERN_SUCCESS;
}

int32_t coupling_new(coupling **made, int32_t l_max, bool one_tag) {
  coupling *created = NULL;
  TRY(MEMORY_NEW(NULL, &created, 1, "couplings"));
  const int32_t status = fill(created, l_max, one_tag);
  if (status == TERN_SUCCESS)
    *made = created;
  else
    coupling_free(created);
  return status;
}
