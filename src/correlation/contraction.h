/* SPDX-License-Identifier: BSD-3-Clause */
/* Correlations of high order by iterated products and contractions: order k is made of the products of what is kept of
   order k - 1 with the density, and of these, for every (lambda, sigma), the leading principal components are kept
   (NICE: J. Nigam, S. Pozdnyakov, M. Ceriotti, J. Chem. Phys. 153, 121101 (2020)). Second moments are taken about zero,
   so that every component stays a pure polynomial of the density. */
#ifndef TERNION_CORRELATION_CONTRACTION_H
#define TERNION_CORRELATION_CONTRACTION_H

#include <stdbool.h>

#include "core/run.h"
#include "io/safetensors.h"
#include "kernels/kernels.h"

enum { CONTRACTION_MOST_ORDER = 8 };

/* What is asked for. */
typedef struct contraction_shape {
  int32_t nu_min, nu_max; /* of the outputs; nu_max is 2 .. CONTRACTION_MOST_ORDER */
  int32_t l_max;
  int32_t lambda_max;                             /* of the outputs; intermediates go as far as they matter */
  bool both_parities;                             /* outputs of sigma = -1 too */
  int32_t n_channels;                             /* of the density */
  int64_t components[CONTRACTION_MOST_ORDER + 1]; /* [nu]: kept at most for each (lambda, sigma); 0: all */
} contraction_shape;

/* Nonzero Clebsch-Gordan coefficients of from x l -> lambda. A pair is (m of lambda, m of from); each has a few
   entries, the m of l. */
typedef struct contraction_coupling {
  int32_t from, l, lambda;
  int32_t n_pairs;
  int32_t *start;   /* [2 lambda + 2]: pairs of a row m */
  int32_t *source;  /* [n_pairs]: m of from, counted from 0 */
  int32_t *first;   /* [n_pairs + 1]: entries of a pair */
  int32_t *density; /* [entries]: row lm of the density */
  double *values;   /* [entries] */
} contraction_coupling;

/* Products of one block of the order before with the density's l. Their rows are [channel][component of the block]. */
typedef struct contraction_term {
  int32_t block; /* of the order before */
  const contraction_coupling *coupling;
  double factor;
  int64_t first_row;
} contraction_term;

/* All of one (lambda, sigma): values [2 lambda + 1][padded] at `offset` of the order's values. */
typedef struct contraction_block {
  int32_t lambda, sigma;
  bool needed; /* by an output; else nothing of it is kept */
  int32_t n_terms;
  contraction_term *terms;
  int64_t n_rows;        /* products */
  int64_t count, padded; /* components kept, and the same as a multiple of KERNEL_BLOCK */
  int64_t offset;
  const double *matrix;     /* [n_rows][padded] */
  const double *transposed; /* the [padded of the block before] rows of each term and channel, transposed */
  const double *moments;    /* [count]: mean square of the components over m and the fit's environments */
} contraction_block;

typedef struct contraction_order {
  int32_t n_blocks;
  contraction_block *blocks;
  int64_t size;    /* numbers of all blocks */
  int64_t n_axes;  /* numbers of all matrices */
  int64_t n_kept;  /* components of all blocks */
  int64_t *counts; /* [n_blocks] */
  double *axes;    /* the matrices one after the other */
  double *turned;  /* the transposed ones */
  double *moments; /* [n_kept] */
  double *totals;  /* [n_blocks]: mean square of all products together */
} contraction_order;

/* Immutable once fitted or restored. Order 1 is the density [lm][channels_padded]: its blocks have no terms. */
typedef struct contraction {
  contraction_shape shape;
  int64_t channels_padded;
  int64_t density_size;
  bool fitted;
  contraction_order orders[CONTRACTION_MOST_ORDER + 1]; /* from 1 */
  contraction_coupling *couplings;
  int32_t n_couplings;
  int32_t most_pairs, most_lambda;
  int64_t most_padded;
  const kernel_table *kernels;
} contraction;

/* Is a block of that order part of the output? */
bool contraction_is_output(const contraction_shape *shape, int32_t nu, const contraction_block *block);

int32_t contraction_new(contraction **contraction, const contraction_shape *shape);
void contraction_free(contraction *contraction);
/* densities [n_environments][density_size]. */
int32_t contraction_fit(contraction *contraction, run *run, int64_t n_environments, const double *densities);
/* Of the last order only the components [n_kept] with keep set stay. After a failure the contraction is of no use. */
int32_t contraction_restrict(contraction *contraction, run *run, const bool *keep);
/* Tensors "descriptor.order_NU.*". */
int32_t contraction_store(const contraction *contraction, int64_t capacity, tensor *tensors, int64_t *count);
int32_t contraction_restore(contraction *contraction, const safetensors_file *file);

/* Numbers of the orders from 2 on, one after the other, and of the space that the calls below work in. */
int64_t contraction_size(const contraction *contraction);
int64_t contraction_space(const contraction *contraction);
/* Where an order's values begin among them. */
int64_t contraction_start(const contraction *contraction, int32_t nu);

/* Arrays are 64-byte aligned. values [size] of a density [density_size]. */
void contraction_forward(const contraction *contraction, const double *density, double *values, double *space);
/* gradient [size] with respect to all values on entry is used up; what it means for the density is added to
   density_gradient. */
void contraction_adjoint(const contraction *contraction, const double *density, const double *values, double *gradient,
                         double *density_gradient, double *space);
/* derivative [size] when the density changes by density_derivative. */
void contraction_tangent(const contraction *contraction, const double *density, const double *density_derivative,
                         const double *values, double *derivative, double *space);

/* ---- for the fit ---- */

/* Values of an order's blocks, wherever they are. */
typedef struct contraction_view {
  const double *blocks; /* of the order before, block after block at their offsets */
  const double *density;
} contraction_view;
/* All products of a block: rows [2 lambda + 1][n_rows]. */
void contraction_products(const contraction *contraction, int32_t nu, const contraction_block *block,
                          contraction_view view, double *rows, double *space);
/* result [2 lambda + 1][padded]. */
void contraction_evaluate(const contraction *contraction, int32_t nu, const contraction_block *block,
                          contraction_view view, double *result, double *space);
/* Counts of an order are known: its arrays, offsets, and the rows of the order above. */
int32_t contraction_arrange(contraction *contraction, run *run, int32_t nu, const int64_t *counts);
/* The axes are filled: their transposed. */
void contraction_transpose(contraction *contraction, int32_t nu);

#endif
