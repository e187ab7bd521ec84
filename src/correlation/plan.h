/* SPDX-License-Identifier: BSD-3-Clause */
/* How correlations of any order are computed. The numbers of an order lie in blocks, one for each coupling scheme
   (l_1 <= ... <= l_k; intermediate lambda_2 .. lambda_k), as [2 lambda + 1][row], a row for each tuple of channels, c_k
   slowest, c_1 fastest. A block of order k + 1 is a product of one of order k with the density of degree l: for each
   channel the rows of the source that its items allow are a few runs, usually one from the first row on, and their
   products follow each other. Rows that vanish or that nobody wants are in no run. */
#ifndef TERNION_CORRELATION_PLAN_H
#define TERNION_CORRELATION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"

enum { CORRELATION_MOST_ORDER = 8 };

typedef struct correlation_shape {
  int32_t nu_min, nu_max, lambda_max, l_max;
  int64_t n_channels;
  bool both_parities; /* outputs of sigma = -1 too */
} correlation_shape;

typedef struct correlation_block {
  int32_t order, lambda, sigma;
  int32_t source;   /* block of the order before; -1 at order 1 */
  int32_t coupling; /* -1 at order 1 */
  int32_t n_segments;
  int64_t first_segment;
  int64_t n_rows;
  int64_t n_shown;       /* rows that the output has: all, or those that a selection wants */
  int64_t first_shown;   /* where they begin in the plan's list; -1: all */
  int64_t stride;        /* from m to m, with space for the kernels behind the rows */
  int64_t place;         /* where it starts among the numbers that are kept; -1: it is only output */
  int64_t column;        /* first column of the output; -1: none */
  const double *factors; /* [n_shown] of the output, padded by a block */
  /* path[k]: lambda of order k + 1 */
  int8_t l[CORRELATION_MOST_ORDER], path[CORRELATION_MOST_ORDER];
} correlation_block;

typedef struct correlation_plan {
  correlation_shape shape;
  int64_t channels; /* n_channels, padded to a multiple of the kernels' block */
  int32_t n_blocks, n_couplings, n_kept, n_outputs, n_tables;
  int64_t n_segments;
  correlation_block *blocks; /* by order; 0 .. l_max are order 1 */
  kernel_segment *segments;
  int64_t *shown; /* rows of blocks of which an output has some only */
  kernel_coupling *couplings;
  int32_t *kept;    /* blocks from order 2 on that are kept, by order and coupling */
  int32_t *outputs; /* blocks in the order of their columns */
  double **tables;  /* of factors, shared by blocks */
  int64_t n_columns;
  int64_t size;      /* numbers that are kept; the first are the density [lm][channels] */
  int64_t tile;      /* most numbers of a block that is not kept */
  int64_t n_weights; /* most weights of a product */
  const kernel_table *kernels;
} correlation_plan;

/* How large a plan becomes, without making it: blocks, output columns, and numbers kept for one environment. */
typedef struct correlation_count {
  double blocks, columns, kept;
} correlation_count;
int32_t correlation_plan_count(const correlation_shape *shape, correlation_count *count);

/* The plan of all columns that do not vanish identically. What does not fit in `limit` bytes (0: the machine's memory)
   is refused beforehand with TERN_ERROR_MEMORY. */
int32_t correlation_plan_new(correlation_plan **plan, const correlation_shape *shape, int64_t limit);
void correlation_plan_free(correlation_plan *plan);

/* Rows of all outputs together, in the order of their columns (each row has 2 lambda + 1 of them). */
int64_t correlation_plan_rows(const correlation_plan *plan);
/* Keeps the output rows with wanted[row] != 0 (not none at all), and of the rest only what they need. */
int32_t correlation_plan_select(correlation_plan *plan, const unsigned char *wanted);

/* [n_shown] rows of a block that the output has; NULL: all. */
const int64_t *correlation_plan_shown(const correlation_plan *plan, const correlation_block *block);
int64_t correlation_plan_shown_row(const correlation_plan *plan, const correlation_block *block, int64_t index);
/* The block and the row that a column belongs to, and its m. */
void correlation_plan_column(const correlation_plan *plan, int64_t column, int32_t *block, int64_t *row, int32_t *m);
/* channels [order] of a row. */
void correlation_plan_channels(const correlation_plan *plan, int32_t block, int64_t row, int64_t *channels);

/* ---- evaluation: arrays 64-byte aligned, numbers [size + KERNEL_BLOCK] ---- */

typedef struct correlation_space {
  double *weights[2]; /* [n_weights + KERNEL_BLOCK] */
  double *tile;       /* [tile + KERNEL_BLOCK] */
} correlation_space;

/* One block from order 2 on, of numbers [2 lambda + 1][stride]. */
void correlation_block_values(const correlation_plan *plan, int32_t block, const double *numbers, double *weights,
                              double *target);
/* The density lies in numbers; fills the rest and values [n_columns], unless NULL. */
void correlation_forward(const correlation_plan *plan, double *numbers, correlation_space space, double *values);
/* gradient [size] = d sum(weights * values) / d numbers; what counts is that of the density. */
void correlation_backward(const correlation_plan *plan, const double *numbers, correlation_space space,
                          const double *weights, double *gradient);
/* How the density changes, and in which channels at most. */
typedef struct correlation_change {
  double *numbers; /* as those of the plan; the density's are given */
  int64_t first_channel, end_channel;
} correlation_change;
/* Fills the rest of the change and derivative [n_columns]. */
void correlation_tangent(const correlation_plan *plan, const double *numbers, correlation_change change,
                         correlation_space space, double *derivative);

/* ---- for making plans ---- */

/* The tables of coupling schemes: blocks of all orders that an output needs. */
int32_t correlation_plan_schemes(correlation_plan *plan);
/* Segments of all rows, vanishing or not. */
int32_t correlation_plan_segments(correlation_plan *plan);
/* Rows with need[first row of the block + row] set and what they need stay: 1, or CORRELATION_SHOWN of outputs. */
enum { CORRELATION_SHOWN = 3 };
int32_t correlation_plan_keep(correlation_plan *plan, unsigned char *need);
/* Places, columns and factors of what is there. */
int32_t correlation_plan_arrange(correlation_plan *plan);
/* first [n_blocks + 1]: rows before each block. */
void correlation_plan_first_rows(const correlation_plan *plan, int64_t *first);
/* repeats[row]: product of the factorials of how often each item occurs in it; [rows of all blocks]. */
int32_t correlation_plan_repeats(const correlation_plan *plan, const int64_t *first, double *repeats);

#endif
