/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network reads of an environment: principal components of the rows of a descriptor or, of frames with tag
   products, of {1, s^|mu| rho_mu} (x) g_p(r1) (x) g_q(r2) (x) P_k(cos theta), g the leading principal components of
   R_n0 over the tags' distances and P Legendre polynomials. Components that are even under reflection come first; they
   are centred. */
#ifndef TERNION_NETWORK_INPUTS_H
#define TERNION_NETWORK_INPUTS_H

#include <stdbool.h>

#include "descriptor/descriptor.h"
#include "kernels/kernels.h"
#include "network/sample.h"

enum { NETWORK_MOST_FACTORS = 8 }; /* of tag products, of each kind */

/* Immutable once fitted or restored. */
typedef struct network_inputs {
  const kernel_table *kernels;
  int64_t even, odd;
  double norm;        /* weights of rows are multiplied with it */
  double *offset;     /* [even + odd], added */
  double *axes;       /* [features][even + odd], or of products [left factors][right factors][even + odd] */
  float *axes_single; /* the same */
  int64_t features;
  int64_t products[3];   /* numbers p, q, k of factors; all 0: none */
  double *tag_functions; /* [n_max][max(p, q)]: of g in R_n0 */
  int64_t *kept;         /* [l_max + 1]: combinations of density columns that are left of each mu */
  int64_t sizes[6];      /* as files have them: even, odd, products, whether turned */
  int64_t lengths[4];    /* of axes, tag_functions, kept, turns */
  double *turns;         /* [mu][columns][kept]: the combinations; NULL: the columns themselves */
} network_inputs;

static inline bool network_inputs_are_products(const network_inputs *inputs) {
  return inputs->products[0] > 0;
}

static inline int64_t network_inputs_columns(const network_inputs *inputs) {
  return inputs->even + inputs->odd;
}

/* Directions along which derivatives are taken, and where values go: float, or double when wide. */
typedef struct network_target {
  bool wide;
  int64_t n_directions;
  const double *directions; /* [n_directions][n_neighbours][3] */
  void *values;             /* slot k, row r: values + (k * value_stride + r * (even + odd)) numbers */
  void *weights;            /* slot k, row r: weights + (k * weight_stride + r) numbers */
  int64_t value_stride, weight_stride;
} network_target;

typedef struct network_input_choices {
  int64_t products[3];
  int64_t components; /* kept at most */
  double power;       /* components are scaled by eigenvalue^-power */
} network_input_choices;

/* Learns from sampled environments. */
int32_t network_inputs_fit(network_inputs **inputs, run *run, const tern_descriptor *descriptor,
                           const network_sample *sample, const network_input_choices *choices);
int32_t network_inputs_new(network_inputs **inputs, const tern_descriptor *descriptor, const int64_t products[3]);
/* Arrays of a network whose numbers of inputs (and of kept columns) are known. */
int32_t network_inputs_reserve(network_inputs *inputs, const tern_descriptor *descriptor);
/* axes_single from axes. */
void network_inputs_finish(network_inputs *inputs, const tern_descriptor *descriptor);
/* Numbers of the axes. */
int64_t network_inputs_size(const network_inputs *inputs, const tern_descriptor *descriptor);
/* Parity of each column of a descriptor's rows, +1 or -1; columns of tensors are refused. */
int32_t network_parities(const tern_descriptor *descriptor, int32_t *parities);
void network_inputs_free(network_inputs *inputs);
/* 64-byte aligned bytes that compute and gradient need. */
int64_t network_inputs_scratch(const network_inputs *inputs, const tern_descriptor *descriptor, int64_t n_neighbours,
                               int64_t rows, int64_t n_directions, bool wide);
int32_t network_inputs_compute(const network_inputs *inputs, const tern_descriptor *descriptor,
                               const environment *environment, int64_t rows, void *scratch,
                               const network_target *target);
/* After compute of doubles without directions in the same scratch: gradient [n_neighbours][3] of
   sum(values * value_weights) + sum(weights * weight_weights). */
int32_t network_inputs_gradient(const network_inputs *inputs, const tern_descriptor *descriptor,
                                const environment *environment, int64_t rows, void *scratch,
                                const double *value_weights, const double *weight_weights, double *gradient);
/* Tensors "inputs.*". */
int32_t network_inputs_store(const network_inputs *inputs, int64_t capacity, tensor *tensors, int64_t *count);
int32_t network_inputs_restore(network_inputs **inputs, const tern_descriptor *descriptor,
                               const safetensors_file *file);

#endif
