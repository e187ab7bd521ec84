/* SPDX-License-Identifier: BSD-3-Clause */
/* Coupling schemes: which degrees and intermediates an output needs, and their Clebsch-Gordan coefficients. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/clebsch_gordan.h"
#include "correlation/plan.h"

/* ends [steps][l][lambda][parity]: whether so many more items of degree l or larger can lead to an output. */
typedef struct reach {
  const correlation_shape *shape;
  int32_t most_lambda;
  unsigned char *ends;
} reach;

static unsigned char *reach_at(const reach *r, int32_t steps, int32_t l, int32_t lambda, int32_t parity) {
  return r->ends + (((int64_t)steps * (r->shape->l_max + 1) + l) * (r->most_lambda + 1) + lambda) * 2 + parity;
}

/* Through an item of degree `next`. */
static bool reach_through(const reach *r, int32_t steps, int32_t next, int32_t lambda, int32_t parity) {
  for (int32_t to = abs(lambda - next); to <= lambda + next && to <= r->most_lambda; to++)
    if (*reach_at(r, steps - 1, next, to, (parity + lambda + next + to) % 2))
      return true;
  return false;
}

static int32_t reach_new(const correlation_shape *shape, reach *r) {
  *r = (reach){shape, shape->nu_max * shape->l_max, NULL};
  TRY(MEMORY_NEW(NULL, &r->ends, (int64_t)shape->nu_max * (shape->l_max + 1) * (r->most_lambda + 1) * 2, "schemes"));
  for (int32_t steps = 0; steps < shape->nu_max; steps++)
    for (int32_t l = shape->l_max; l >= 0; l--)
      for (int32_t lambda = 0; lambda <= r->most_lambda; lambda++)
        for (int32_t parity = 0; parity < 2; parity++)
          *reach_at(r, steps, l, lambda, parity) =
              steps == 0 ? lambda <= shape->lambda_max && (parity == 0 || shape->both_parities)
                         : reach_through(r, steps, l, lambda, parity) ||
                               (l < shape->l_max && *reach_at(r, steps, l + 1, lambda, parity));
  return TERN_SUCCESS;
}

static bool reach_output(const reach *r, const correlation_block *b) {
  for (int32_t nu = b->order > r->shape->nu_min ? b->order : r->shape->nu_min; nu <= r->shape->nu_max; nu++)
    if (*reach_at(r, nu - b->order, b->l[b->order - 1], b->lambda, b->sigma < 0))
      return true;
  return false;
}

static int32_t add_block(correlation_plan *plan, int64_t *capacity, const correlation_block *block) {
  if (plan->n_blocks == *capacity) {
    const int64_t more = *capacity ? 2 * *capacity : 64;
    TRY(memory_resize(NULL, (void **)&plan->blocks, more, sizeof *plan->blocks, "coupling schemes"));
    *capacity = more;
  }
  plan->blocks[plan->n_blocks++] = *block;
  return TERN_SUCCESS;
}

/* The products of one block. */
static int32_t add_children(correlation_plan *plan, int64_t *capacity, const reach *r, int32_t source) {
  const correlation_block parent = plan->blocks[source];
  for (int32_t l = parent.l[parent.order - 1]; l <= plan->shape.l_max; l++)
    for (int32_t lambda = abs(parent.lambda - l); lambda <= parent.lambda + l && lambda <= r->most_lambda; lambda++) {
      correlation_block child = parent;
      child.order++;
      child.lambda = lambda;
      child.sigma = (parent.lambda + l + lambda) % 2 ? -parent.sigma : parent.sigma;
      child.source = source;
      child.l[parent.order] = (int8_t)l;
      child.path[parent.order] = (int8_t)lambda;
      if (reach_output(r, &child))
        TRY(add_block(plan, capacity, &child));
    }
  return TERN_SUCCESS;
}

/* Order 1 is the density, all of it; every further order the products of the one before. */
static int32_t add_blocks(correlation_plan *plan, const reach *r) {
  int64_t capacity = 0;
  for (int32_t l = 0; l <= plan->shape.l_max; l++) {
    correlation_block block = {.order = 1, .lambda = l, .sigma = 1, .source = -1, .coupling = -1};
    block.l[0] = block.path[0] = (int8_t)l;
    TRY(add_block(plan, &capacity, &block));
  }
  int32_t begin = 0;
  for (int32_t order = 2; order <= plan->shape.nu_max; order++) {
    const int32_t end = plan->n_blocks;
    for (int32_t source = begin; source < end; source++)
      TRY(add_children(plan, &capacity, r, source));
    begin = end;
  }
  return TERN_SUCCESS;
}

/* ---- couplings ---- */

/* dense [2 source + 1][2 l + 1][2 target + 1] without its zeros. */
static int32_t fill_coupling(kernel_coupling *coupling, const double *dense) {
  const int32_t n_source = 2 * coupling->source + 1, n_l = 2 * coupling->l + 1, n_target = 2 * coupling->target + 1;
  int32_t count = 0;
  for (int32_t k = 0; k < n_source * n_l * n_target; k++)
    count += dense[k] != 0;
  TRY(MEMORY_NEW(NULL, &coupling->first, n_target * n_source + 1, "Clebsch-Gordan coefficients"));
  TRY(MEMORY_NEW(NULL, &coupling->m, count + 1, "Clebsch-Gordan coefficients"));
  TRY(MEMORY_NEW(NULL, &coupling->value, count + 1, "Clebsch-Gordan coefficients"));
  count = 0;
  for (int32_t mu = 0; mu < n_target; mu++)
    for (int32_t m1 = 0; m1 < n_source; m1++) {
      for (int32_t m2 = 0; m2 < n_l; m2++) {
        const double value = dense[(m1 * n_l + m2) * n_target + mu];
        coupling->m[count] = m2;
        coupling->value[count] = value;
        count += value != 0;
      }
      coupling->first[mu * n_source + m1 + 1] = count;
    }
  return TERN_SUCCESS;
}

static int32_t make_coupling(kernel_coupling *coupling) {
  double *dense = NULL;
  TRY(clebsch_gordan_new(coupling->source, coupling->l, coupling->target, &dense));
  const int32_t status = fill_coupling(coupling, dense);
  memory_free(NULL, dense);
  return status;
}

/* numbers [source][l][target - |source - l|]: 1 + the coupling, 0 when there is none yet. */
static int32_t couple_blocks(correlation_plan *plan, int32_t *numbers) {
  const int32_t n_l = plan->shape.l_max + 1, n_targets = 2 * plan->shape.l_max + 1;
  for (int32_t b = n_l; b < plan->n_blocks; b++) {
    correlation_block *block = &plan->blocks[b];
    const int32_t source = plan->blocks[block->source].lambda, l = block->l[block->order - 1];
    int32_t *number = &numbers[((int64_t)source * n_l + l) * n_targets + block->lambda - abs(source - l)];
    if (*number == 0) {
      plan->couplings[plan->n_couplings] = (kernel_coupling){.source = source, .l = l, .target = block->lambda};
      *number = ++plan->n_couplings;
      TRY(make_coupling(&plan->couplings[plan->n_couplings - 1]));
    }
    block->coupling = *number - 1;
  }
  return TERN_SUCCESS;
}

static int32_t add_couplings(correlation_plan *plan, int32_t most_lambda) {
  const int64_t most = (int64_t)(most_lambda + 1) * (plan->shape.l_max + 1) * (2 * plan->shape.l_max + 1);
  int32_t *numbers = NULL;
  TRY(MEMORY_NEW(NULL, &plan->couplings, plan->n_blocks < most ? plan->n_blocks : most, "couplings"));
  TRY(MEMORY_NEW(NULL, &numbers, most, "couplings"));
  const int32_t status = couple_blocks(plan, numbers);
  memory_free(NULL, numbers);
  return status;
}

int32_t correlation_plan_schemes(correlation_plan *plan) {
  reach r;
  TRY(reach_new(&plan->shape, &r));
  int32_t status = add_blocks(plan, &r);
  memory_free(NULL, r.ends);
  return status == TERN_SUCCESS ? add_couplings(plan, r.most_lambda) : status;
}
