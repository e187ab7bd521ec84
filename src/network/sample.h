/* SPDX-License-Identifier: BSD-3-Clause */
/* Environments of some structures of a data set, copied. */
#ifndef TERNION_NETWORK_SAMPLE_H
#define TERNION_NETWORK_SAMPLE_H

#include "descriptor/descriptor.h"

typedef struct network_sample {
  int64_t count, capacity, n_neighbours;
  environment *environments; /* [count] */
  int64_t *first;            /* [count]: of the neighbours */
  double *vectors;
  int32_t *species;
  int64_t most_neighbours;
} network_sample;

/* About `wanted` environments (0: all), evenly spread over the structures whose part is 0 (part NULL: all). */
int32_t network_sample_take(run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                            const unsigned char *part, int64_t wanted, network_sample *sample);
void network_sample_free(run *run, network_sample *sample);

#endif
