/* SPDX-License-Identifier: BSD-3-Clause */
/* What trainings of networks have in common, whatever their rows are. */
#ifndef TERNION_NETWORK_TRAINED_H
#define TERNION_NETWORK_TRAINED_H

#include "core/threads.h"
#include "fit/fit.h"
#include "network/layers.h"

/* Networks of one shape whose weights change, and the spaces of the threads that work on its items. */
typedef struct trained_network {
  network network; /* in the precision of the training, weights [members][layout.total] */
  int64_t members;
  double *weights; /* [layout.total], those of the last that was set, in double */
  int64_t space_size;
  void (*close)(void *context, run *serial, void *space);
} trained_network;

/* A step as it is asked of a fit_problem; `rows` makes those of one item. */
typedef struct trained_step {
  void *problem;
  int32_t (*rows)(void *problem, run *serial, int64_t item, int64_t step, void *space, double *residual,
                  void *jacobian, int64_t stride);
  const fit_batch *batch;
  double *residual;
  void *jacobian; /* [rows][stride]; NULL: not wanted */
  int64_t stride;
} trained_step;

/* Arrays of a network with shape and precision; space_size and close are there. */
int32_t trained_network_new(trained_network *trained, run *run, const network_shape *shape, bool wide,
                            int64_t members);
void trained_network_free(run *run, trained_network *trained);
void trained_network_set(trained_network *trained, int64_t member, const double *parameters);
/* Work for each of some items, with a space of the thread's. */
int32_t trained_network_each(const trained_network *trained, run *run, int64_t count, threads_items items,
                             void *context);
int32_t trained_network_linearize(trained_network *trained, run *run, const double *parameters,
                                  const trained_step *step);
/* Bytes that inputs which are kept may take: half of what is left below the limit, or a quarter of the machine's. */
double trained_network_room(const run *run);

#endif
