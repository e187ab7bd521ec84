/* SPDX-License-Identifier: BSD-3-Clause */
/* The training of a network for vectors as a problem of rows: of a centre the products of its components with some
   random directions, which are drawn anew in each step. A direction's row costs one way back through the network, the
   way forward is shared. Inputs are kept in memory where they fit, else they are computed when they are wanted. */
#ifndef TERNION_NETWORK_VECTOR_PROBLEM_H
#define TERNION_NETWORK_VECTOR_PROBLEM_H

#include "fit/fit.h"
#include "network/inputs.h"
#include "network/vectors.h"

typedef struct vector_choices {
  bool wide;
  uint64_t seed;
  int64_t directions; /* of a centre in a step, at most as many as there are components */
  uint64_t origin;    /* tells structures and descriptor from others, for checkpoints */
} vector_choices;

typedef struct vector_problem vector_problem;

/* A problem of the structures whose part is 0, the others are held out (part NULL: none). All that is given is kept by
   reference; shape has as many outputs as the vectors have components. */
int32_t vector_problem_new(vector_problem **problem, run *run, const tern_descriptor *descriptor,
                           const tern_dataset *dataset, const unsigned char *part, const network_inputs *inputs,
                           const network_vectors *vectors, const network_shape *shape, const vector_choices *choices);
void vector_problem_free(run *run, vector_problem *problem);
fit_problem vector_problem_view(vector_problem *problem, const char *name);
/* Makes the last vectors and constants among the parameters those of least squares over the centres that are trained
   on, the others as they are; nothing changes where centres are few. */
int32_t vector_problem_fit_last(vector_problem *problem, run *run, double *parameters);

#endif
