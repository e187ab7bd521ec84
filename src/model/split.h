/* SPDX-License-Identifier: BSD-3-Clause */
/* Which structures of a data set are held out, the same for every kind of model. */
#ifndef TERNION_MODEL_SPLIT_H
#define TERNION_MODEL_SPLIT_H

#include "core/options.h"
#include "core/run.h"

/* Marks round(fraction * size) structures, drawn at random by the seed, with 1 and the others with 0; at least one is
   held out and one stays. */
int32_t split_structures(int64_t size, double fraction, int64_t seed, unsigned char *held_out);
/* held_out [size] as the options `validation` and `seed` ask, ended with memory_free(run, ...); NULL without
   validation. */
int32_t split_new(unsigned char **held_out, run *run, const tern_options *options, int64_t size);

#endif
