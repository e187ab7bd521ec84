/* SPDX-License-Identifier: BSD-3-Clause */
/* What trainings of networks have in common, whatever their rows are. */
#ifndef TERNION_NETWORK_TRAINED_H
#define TERNION_NETWORK_TRAINED_H

#include "core/run.h"
#include "network/layers.h"

/* A network whose weights change. */
typedef struct trained_network {
  network network; /* in the precision of the training */
  double *weights; /* [layout.total], the same in double */
} trained_network;

int32_t trained_network_new(trained_network *trained, run *run, const network_shape *shape, bool wide);
void trained_network_free(run *run, trained_network *trained);
void trained_network_set(trained_network *trained, const double *parameters);
/* Bytes that inputs which are kept may take: half of what is left below the limit, or a quarter of the machine's. */
double trained_network_room(const run *run);

#endif
