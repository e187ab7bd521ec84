/* SPDX-License-Identifier: BSD-3-Clause */
/* Rotation matrices by the recursion of J. Ivanic and K. Ruedenberg, J. Phys. Chem. 100, 6342 (1996), corrected in
   J. Phys. Chem. A 102, 9099 (1998): D^l from D^1 and D^(l-1), with m = -l..l. */
#include "triplet/rotation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static int64_t rotation_offset(int32_t l) { return (int64_t)l * (4 * l * l - 1) / 3; }

static void rotation_add_term(rotation_table *table, int64_t lm, double factor, int32_t i, int32_t m) {
  if (factor != 0) /* zero stands for a row that D^(l-1) does not have */
    table->terms[lm * KERNEL_ROTATION_TERMS + table->n_terms[lm]++] = (kernel_rotation_term){factor, i, m};
}

/* The functions U, V, W of the recursion with their factors u, v, w (table 2 of the paper), which are products of a
   factor of the row, here, and one of the column, `scale`. */
static void rotation_fill_row(rotation_table *table, int32_t l, int32_t m) {
  const int64_t lm = l * l + l + m;
  const int32_t k = abs(m);
  const double u = sqrt((double)(l + m) * (l - m)), w = m == 0 ? 0 : -0.5 * sqrt((double)(l - k - 1) * (l - k));
  const double v = m == 0 ? -0.5 * sqrt(2.0 * (l - 1) * l) : 0.5 * sqrt((double)(l + k - 1) * (l + k));
  rotation_add_term(table, lm, u, 0, m);
  if (m == 0) {
    rotation_add_term(table, lm, v, 1, 1);
    rotation_add_term(table, lm, v, -1, -1);
  } else if (k == 1)
    rotation_add_term(table, lm, sqrt(2.0) * v, m, 0);
  else {
    rotation_add_term(table, lm, v, 1, m > 0 ? m - 1 : m + 1);
    rotation_add_term(table, lm, m > 0 ? -v : v, -1, m > 0 ? 1 - m : -m - 1);
  }
  rotation_add_term(table, lm, w, 1, m > 0 ? m + 1 : m - 1);
  rotation_add_term(table, lm, m > 0 ? w : -w, -1, m > 0 ? -m - 1 : 1 - m);
}

static void rotation_fill_terms(rotation_table *table) {
  for (int32_t l = 2; l <= table->l_max; l++)
    for (int32_t m = -l; m <= l; m++) {
      rotation_fill_row(table, l, m);
      table->scale[l * l + l + m] = 1 / sqrt(abs(m) < l ? (double)(l + m) * (l - m) : 2.0 * l * (2 * l - 1));
    }
}

/* The angular momentum operators in the real basis: sqrt((l - m)(l + m + 1)) / 2, and sqrt 2 more next to m = 0. */
static void rotation_fill_ladder(rotation_table *table) {
  for (int32_t l = 0; l <= table->l_max; l++)
    for (int32_t m = 0; m <= l; m++)
      table->ladder[l * (table->l_max + 1) + m] = (m == 0 ? sqrt(0.5) : 0.5) * sqrt((double)(l - m) * (l + m + 1));
}

static int32_t rotation_table_fill(rotation_table *table) {
  const int64_t count = (int64_t)(table->l_max + 1) * (table->l_max + 1);
  table->size = rotation_offset(table->l_max + 1) + KERNEL_BLOCK;
  TRY(kernels_get(&table->kernels));
  TRY(MEMORY_NEW(NULL, &table->n_terms, count, "rotations"));
  TRY(MEMORY_NEW(NULL, &table->terms, KERNEL_ROTATION_TERMS * count, "rotations"));
  TRY(MEMORY_NEW(NULL, &table->scale, count + KERNEL_BLOCK, "rotations"));
  TRY(MEMORY_NEW(NULL, &table->ladder, count, "rotations"));
  rotation_fill_terms(table);
  rotation_fill_ladder(table);
  return TERN_SUCCESS;
}

int32_t rotation_table_new(rotation_table **table, int32_t l_max) {
  rotation_table *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "rotations"));
  made->l_max = l_max;
  const int32_t status = rotation_table_fill(made);
  if (status == TERN_SUCCESS)
    *table = made;
  else
    rotation_table_free(made);
  return status;
}

void rotation_table_free(rotation_table *table) {
  if (table == NULL)
    return;
  memory_free(NULL, table->n_terms);
  memory_free(NULL, table->terms);
  memory_free(NULL, table->scale);
  memory_free(NULL, table->ladder);
  memory_free(NULL, table);
}

void rotation_matrices(const rotation_table *table, const double *axes, double *matrices) {
  static const int order[3] = {1, 2, 0}; /* l = 1 is y, z, x */
  matrices[0] = 1;
  if (table->l_max == 0)
    return;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      matrices[1 + 3 * i + j] = axes[3 * order[i] + order[j]];
  const double *first = matrices + 1 + 4;
  for (int32_t l = 2; l <= table->l_max; l++) {
    const double *before = matrices + rotation_offset(l - 1) + 2 * (l - 1) * l;
    const int64_t row = l * l;
    table->kernels->rotation(l, table->n_terms + row, table->terms + row * KERNEL_ROTATION_TERMS, table->scale + row,
                             first, before, matrices + rotation_offset(l));
  }
}

/* target [size][width] = matrix [size][size] source [size][width]. */
static void rotation_multiply(int32_t size, const double *matrix, int64_t width, const double *restrict source,
                              double *restrict target) {
  for (int32_t m = 0; m < size; m++)
    for (int32_t k = 0; k < size; k++)
      for (int64_t n = 0; n < width; n++)
        target[m * width + n] += matrix[m * size + k] * source[k * width + n];
}

void rotation_apply(const rotation_table *table, const double *matrices, int64_t width, const double *coefficients,
                    double *rotated) {
  const bool whole_blocks = width % KERNEL_BLOCK == 0;
  memset(rotated, 0, (size_t)((table->l_max + 1) * (table->l_max + 1) * width) * sizeof *rotated);
  for (int32_t l = 0; l <= table->l_max; l++) {
    const int32_t size = 2 * l + 1;
    const double *source = coefficients + l * l * width;
    double *target = rotated + l * l * width;
    if (whole_blocks)
      table->kernels->multiply(size, size, width, matrices, source, target);
    else
      rotation_multiply(size, matrices, width, source, target);
    matrices += size * size;
  }
}

void rotation_adjoint(const rotation_table *table, const double *matrices, int64_t width,
                      const double *restrict rotated, double *restrict coefficients) {
  for (int32_t l = 0; l <= table->l_max; l++) {
    const int32_t size = 2 * l + 1;
    double *target = coefficients + l * l * width;
    for (int32_t m = 0; m < size; m++) {
      const double *source = rotated + (l * l + m) * width;
      for (int32_t k = 0; k < size; k++) {
        const double factor = *matrices++;
        for (int64_t n = 0; n < width; n++)
          target[k * width + n] += factor * source[n];
      }
    }
  }
}

/* target = up * (m + 1) + down * (m - 1), a row of zero factor being absent. */
static void rotation_step(int64_t width, double up, const double *above, double down, const double *below,
                          double *target) {
  for (int64_t n = 0; n < width; n++)
    target[n] = (up != 0 ? up * above[n] : 0) + (down != 0 ? down * below[n] : 0);
}

/* With c and s the parts m >= 0 and m < 0 and h the ladder: about x, c_m becomes h_m s_(m+1) + h_(m-1) s_(m-1) and
   s_m minus the same of c; about y, both become -h_m (m+1) + h_(m-1) (m-1). There is no s_0. */
void rotation_generate(const rotation_table *table, int64_t width, const double *coefficients, double *about_x,
                       double *about_y) {
  for (int32_t l = 0; l <= table->l_max; l++) {
    const double *ladder = table->ladder + l * (table->l_max + 1);
    const int64_t centre = (int64_t)(l * l + l) * width;
    for (int32_t m = 0; m <= l; m++) {
      const double up = m < l ? ladder[m] : 0, down = m > 0 ? ladder[m - 1] : 0;
      const double down_s = m > 1 ? down : 0;
      const double *c = coefficients + centre, *s = coefficients + centre;
      const double *c_up = c + (m + 1) * width, *c_down = c + (m - 1) * width;
      const double *s_up = s - (m + 1) * width, *s_down = s - (m - 1) * width;
      rotation_step(width, up, s_up, down_s, s_down, about_x + centre + m * width);
      rotation_step(width, -up, c_up, down, c_down, about_y + centre + m * width);
      if (m == 0)
        continue;
      rotation_step(width, -up, c_up, -down, c_down, about_x + centre - m * width);
      rotation_step(width, -up, s_up, down_s, s_down, about_y + centre - m * width);
    }
  }
}
