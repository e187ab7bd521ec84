/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors of centres as what a network is trained on: principal components of the differences from the mean of each
   species, scaled by their standard deviation to some power and all together to a mean square of 1. */
#ifndef TERNION_NETWORK_VECTORS_H
#define TERNION_NETWORK_VECTORS_H

#include "descriptor/descriptor.h"
#include "network/shape.h"

typedef struct network_vectors {
  const char *name;
  int64_t width;    /* numbers of a vector */
  int64_t outputs;  /* components */
  int64_t n_species;
  int64_t centers;  /* that they are learned from */
  double *mean;     /* [n_species][width] */
  double *axes;     /* [outputs][width], orthonormal */
  double *scales;   /* [outputs]: a component is the product with its axis over its scale */
  double variance;  /* mean square of the differences from the mean, of all numbers of a vector together */
} network_vectors;

/* All structures must have vectors of that name and of one width; those whose part is 0 (part NULL: all) are learned
   from. */
int32_t network_vectors_learn(network_vectors *vectors, run *run, const tern_descriptor *descriptor,
                              const tern_dataset *dataset, const unsigned char *part, const char *name, double power);
void network_vectors_free(run *run, network_vectors *vectors);
/* components [outputs] of a vector [width]. */
void network_vectors_components(const network_vectors *vectors, int64_t species, const double *vector,
                                double *components);
/* Weights of a network for components become those, in `unfolded`, of a network for the vectors. */
void network_vectors_unfold(const network_vectors *vectors, const network_shape *shape, const double *weights,
                            double *unfolded);

#endif
