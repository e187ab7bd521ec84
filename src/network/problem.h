/* SPDX-License-Identifier: BSD-3-Clause */
/* The training of a network as a problem of rows: of a structure its energy, some derivatives along random directions,
   and one along a random strain. Inputs with their derivatives are kept in memory as far as they fit, and a part of the
   directions is replaced as training goes on; otherwise they are computed when they are wanted. Which directions a step
   uses depends on its number only, so that training can be resumed. */
#ifndef TERNION_NETWORK_PROBLEM_H
#define TERNION_NETWORK_PROBLEM_H

#include "fit/fit.h"
#include "network/inputs.h"
#include "network/layers.h"

typedef struct network_choices {
  bool wide;
  uint64_t seed;
  double energy_weight, force_weight, virial_weight; /* 0: no such rows */
  int64_t directions; /* of a structure in a step */
  int64_t stored;     /* kept in memory; 0: none, all are computed when they are wanted */
  int64_t batch;      /* structures of a step, as far as it is known */
  int64_t members;    /* whose mean is the prediction */
  double unit;        /* eV: the network's predictions are in units of it */
  uint64_t origin;    /* tells structures and descriptor from others, for checkpoints */
} network_choices;

typedef struct network_problem network_problem;

/* A problem of the structures whose part is 0, the others are held out (part NULL: none). All that is given is kept by
   reference. */
int32_t network_problem_new(network_problem **problem, run *run, const tern_descriptor *descriptor,
                            const tern_dataset *dataset, const unsigned char *part, const network_inputs *inputs,
                            const network_shape *shape, const network_choices *choices);
void network_problem_free(run *run, network_problem *problem);
fit_problem network_problem_view(network_problem *problem, const char *name);
/* Directions that are stored of a structure at most, after what memory allows. */
int64_t network_problem_stored(const network_problem *problem);

/* Which set and bias of a network's first layer rows take: a network that shares its weights has one set and a bias for
   each combination of centre and tags, another one a set for each species of the centre. */
int64_t network_biases(const tern_descriptor *descriptor, bool shared);
void network_biases_of(const tern_descriptor *descriptor, bool shared, const environment *environment, int64_t rows,
                       int64_t *tags, int32_t *biases); /* tags: space [rows][2] */

#endif
