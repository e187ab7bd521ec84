/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan from its beginning: refused when it is too large, then made of all rows, then rid of those that vanish. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/plan.h"

/* ---- what fits ---- */

/* The plan and what making it takes for each column, one environment's numbers and their gradient, its row. */
static double bytes_needed(const correlation_shape *shape, const correlation_count *count) {
  const double a_block = sizeof(correlation_block) + (double)shape->n_channels * sizeof(kernel_segment);
  return count->blocks * a_block + (2 * count->kept + 4 * count->columns) * sizeof(double);
}

static int32_t check_size(const correlation_shape *shape, int64_t limit) {
  correlation_count count;
  TRY(correlation_plan_count(shape, &count));
  const double bytes = bytes_needed(shape, &count), most = (double)(limit > 0 ? limit : memory_of_machine());
  if (bytes <= most && count.blocks < INT32_MAX / 4)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_MEMORY,
                   "correlations of nu_max %" PRId32 ", lambda_max %" PRId32 ", l_max %" PRId32 " and %" PRId64
                   " channels (n_max times species) have %.4g columns and need %.4g bytes for one centre, but %s is "
                   "%.4g; set 'components' to contract them, or a smaller n_max, l_max, nu_max or species_channels",
                   shape->nu_max, shape->lambda_max, shape->l_max, shape->n_channels, count.columns, bytes,
                   limit > 0 ? "memory_limit" : "the machine's memory", most);
}

/* ---- what vanishes ---- */

enum { VANISH_TRIALS = 2 };
static const double vanish_norm = 1e-10; /* of rows made of densities of norm 1 */

static double next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) / (double)(1ll << 52) - 1;
}

/* Each channel has norm 1 for each l. */
static void random_density(const correlation_plan *plan, uint64_t *random, double *density) {
  for (int64_t l = 0; l <= plan->shape.l_max; l++)
    for (int64_t c = 0; c < plan->shape.n_channels; c++) {
      double *first = density + l * l * plan->channels + c, norm = 0;
      for (int64_t m = 0; m <= 2 * l; m++) {
        first[m * plan->channels] = next_random(random);
        norm += first[m * plan->channels] * first[m * plan->channels];
      }
      for (int64_t m = 0; m <= 2 * l; m++)
        first[m * plan->channels] /= sqrt(norm);
    }
}

/* Only rows with equal items can vanish: the others are multilinear in different things, and coefficients never are
   all zero. */
static void mark_alive(const correlation_block *block, const double *rows, const double *repeats,
                       unsigned char *alive) {
  for (int64_t row = 0; row < block->n_rows; row++) {
    double square = 0;
    for (int64_t m = 0; m <= 2 * block->lambda; m++)
      square += rows[m * block->stride + row] * rows[m * block->stride + row];
    alive[row] |= repeats[row] == 1 || square > vanish_norm * vanish_norm;
  }
}

typedef struct vanish_space {
  double *numbers, *weights, *tile, *repeats;
  int64_t *first;
  unsigned char *alive;
} vanish_space;

static int32_t vanish_new(const correlation_plan *plan, vanish_space *space) {
  TRY(MEMORY_NEW(NULL, &space->first, plan->n_blocks + 1, "rows of correlations"));
  correlation_plan_first_rows(plan, space->first);
  const int64_t rows = space->first[plan->n_blocks];
  TRY(MEMORY_NEW(NULL, &space->alive, rows, "rows of correlations"));
  TRY(MEMORY_NEW(NULL, &space->repeats, rows, "rows of correlations"));
  TRY(MEMORY_NEW(NULL, &space->numbers, plan->size + KERNEL_BLOCK, "rows of correlations"));
  TRY(MEMORY_NEW(NULL, &space->tile, plan->tile + KERNEL_BLOCK, "rows of correlations"));
  TRY(MEMORY_NEW(NULL, &space->weights, plan->n_weights, "rows of correlations"));
  return correlation_plan_repeats(plan, space->first, space->repeats);
}

static void vanish_free(vanish_space *space) {
  memory_free(NULL, space->first);
  memory_free(NULL, space->alive);
  memory_free(NULL, space->repeats);
  memory_free(NULL, space->numbers);
  memory_free(NULL, space->tile);
  memory_free(NULL, space->weights);
}

static void vanish_try(const correlation_plan *plan, uint64_t *random, const vanish_space *space) {
  random_density(plan, random, space->numbers);
  for (int32_t b = plan->shape.l_max + 1; b < plan->n_blocks; b++) {
    const correlation_block *block = &plan->blocks[b];
    double *rows = block->place >= 0 ? space->numbers + block->place : space->tile;
    correlation_block_values(plan, b, space->numbers, space->weights, rows);
    mark_alive(block, rows, space->repeats + space->first[b], space->alive + space->first[b]);
  }
}

static void show_alive(const correlation_block *block, unsigned char *alive) {
  for (int64_t row = 0; row < block->n_rows; row++)
    alive[row] = block->column >= 0 && (alive[row] || block->order == 1) ? CORRELATION_SHOWN : 0;
}

/* Rows of outputs that do not vanish, and what they need, stay. */
static int32_t drop_vanishing(correlation_plan *plan) {
  vanish_space space = {NULL, NULL, NULL, NULL, NULL, NULL};
  uint64_t random = 1;
  int32_t status = vanish_new(plan, &space);
  if (status == TERN_SUCCESS) {
    for (int trial = 0; trial < VANISH_TRIALS; trial++)
      vanish_try(plan, &random, &space);
    for (int32_t b = 0; b < plan->n_blocks; b++)
      show_alive(&plan->blocks[b], space.alive + space.first[b]);
    status = correlation_plan_keep(plan, space.alive);
  }
  vanish_free(&space);
  return status == TERN_SUCCESS ? correlation_plan_arrange(plan) : status;
}

static int32_t make(correlation_plan *plan) {
  TRY(kernels_get(&plan->kernels));
  TRY(correlation_plan_schemes(plan));
  TRY(correlation_plan_segments(plan));
  TRY(correlation_plan_arrange(plan));
  return drop_vanishing(plan);
}

int32_t correlation_plan_new(correlation_plan **plan, const correlation_shape *shape, int64_t limit) {
  correlation_plan *made = NULL;
  TRY(check_size(shape, limit));
  TRY(MEMORY_NEW(NULL, &made, 1, "plan of correlations"));
  made->shape = *shape;
  made->channels = (shape->n_channels + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
  const int32_t status = make(made);
  if (status == TERN_SUCCESS)
    *plan = made;
  else
    correlation_plan_free(made);
  return status;
}
