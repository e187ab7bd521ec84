/* SPDX-License-Identifier: BSD-3-Clause */
/* What a training begins with, as one number: a checkpoint of other structures or of another descriptor is told by it.
   */
#ifndef TERNION_MODEL_ORIGIN_H
#define TERNION_MODEL_ORIGIN_H

#include "descriptor/descriptor.h"

/* Of the descriptor's kind, options and species, and of all structures with what is fitted: the vectors of that name,
   or energies, forces and virials (NULL). */
int32_t origin_hash(const tern_descriptor *descriptor, const tern_dataset *dataset, const char *vectors,
                    uint64_t *hash);

#endif
