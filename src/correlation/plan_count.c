/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of plans, counted as real numbers: nothing overflows, and nothing is made. */
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/plan.h"

/* Coupling schemes of each order, degree and parity, and their rows of channels. */
enum { COUNT_LAMBDA = CORRELATION_MOST_ORDER * KERNEL_L_MAX + 1 };
typedef struct scheme_counts {
  double blocks[COUNT_LAMBDA][2], rows[COUNT_LAMBDA][2];
} scheme_counts;

static int32_t count_most(const correlation_shape *shape, int32_t order) {
  const int32_t there = order * shape->l_max, back = (shape->nu_max - order) * shape->l_max + shape->lambda_max;
  return there < back ? there : back;
}

/* All products with one degree l, each number of rows times `ratio`. */
static void count_couple(const scheme_counts *from, int32_t most_from, int32_t l, double ratio, int32_t most,
                         scheme_counts *to) {
  memset(to, 0, sizeof *to);
  for (int32_t source = 0; source <= most_from; source++)
    for (int32_t lambda = source > l ? source - l : l - source; lambda <= source + l && lambda <= most; lambda++)
      for (int32_t parity = 0; parity < 2; parity++) {
        const int32_t turned = (parity + source + l + lambda) % 2;
        to->blocks[lambda][turned] += from->blocks[source][parity];
        to->rows[lambda][turned] += ratio * from->rows[source][parity];
      }
}

static void count_add(const scheme_counts *from, int32_t most, scheme_counts *to) {
  for (int32_t lambda = 0; lambda <= most; lambda++)
    for (int32_t parity = 0; parity < 2; parity++) {
      to->blocks[lambda][parity] += from->blocks[lambda][parity];
      to->rows[lambda][parity] += from->rows[lambda][parity];
    }
}

/* Adds to all orders the schemes that end with one or more items of degree l; orders from above, so that what is added
   does not come in again. */
static void count_degree(const correlation_shape *shape, int32_t l, scheme_counts *orders, scheme_counts *space) {
  for (int32_t base = shape->nu_max - 1; base >= 0; base--) {
    space[0] = orders[base];
    for (int32_t repeat = 1; base + repeat <= shape->nu_max; repeat++) {
      const double ratio = (double)(shape->n_channels + repeat - 1) / repeat;
      const int32_t order = base + repeat;
      count_couple(&space[(repeat - 1) % 2], count_most(shape, order - 1), l, ratio, count_most(shape, order),
                   &space[repeat % 2]);
      count_add(&space[repeat % 2], count_most(shape, order), &orders[order]);
    }
  }
}

static void count_sum(const correlation_shape *shape, const scheme_counts *orders, correlation_count *count) {
  for (int32_t order = 1; order <= shape->nu_max; order++)
    for (int32_t lambda = 0; lambda <= count_most(shape, order); lambda++)
      for (int32_t parity = 0; parity < 2; parity++) {
        const double numbers = orders[order].rows[lambda][parity] * (2 * lambda + 1);
        const bool output = lambda <= shape->lambda_max && (parity == 0 || shape->both_parities);
        count->blocks += orders[order].blocks[lambda][parity];
        count->kept += order < shape->nu_max ? numbers : 0;
        count->columns += order >= shape->nu_min && output ? numbers : 0;
      }
}

int32_t correlation_plan_count(const correlation_shape *shape, correlation_count *count) {
  scheme_counts *orders = NULL;
  TRY(MEMORY_NEW(NULL, &orders, CORRELATION_MOST_ORDER + 3, "sizes of correlations"));
  orders[0].blocks[0][0] = orders[0].rows[0][0] = 1;
  for (int32_t l = 0; l <= shape->l_max; l++)
    count_degree(shape, l, orders, orders + CORRELATION_MOST_ORDER + 1);
  *count = (correlation_count){0, 0, 0};
  count_sum(shape, orders, count);
  memory_free(NULL, orders);
  return TERN_SUCCESS;
}
