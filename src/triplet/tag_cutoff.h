/* SPDX-License-Identifier: BSD-3-Clause */
/* Which neighbours are tags, and how a tag fades out: f_tag falls from 1 to 0 at the tag cutoff. The weight of a row is
   the product of f_tag over its tags; a tag that is the centre has the factor 1. */
#ifndef TERNION_TRIPLET_TAG_CUTOFF_H
#define TERNION_TRIPLET_TAG_CUTOFF_H

#include <stdbool.h>

#include "core/options.h"
#include "density/cutoff.h"

/* Reads cutoff, cutoff_function, tag_cutoff (default: cutoff, which it may not exceed) and tag_width. */
int32_t tag_cutoff_read(cutoff_function *cutoff, const tern_options *options);

static inline bool tag_cutoff_holds(const cutoff_function *cutoff, const double *vector) {
  const double square = vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2];
  return square < cutoff->radius * cutoff->radius;
}

#endif
