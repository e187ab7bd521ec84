/* SPDX-License-Identifier: BSD-3-Clause */
/* Atoms sorted into bins at least as wide as the reach. Only bins that hold atoms exist, found through a hash table, so
   that neither a far outlier nor a large empty cell costs memory. */
#ifndef TERNION_SYSTEM_BINS_H
#define TERNION_SYSTEM_BINS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/run.h"
#include "system/lattice.h"
#include "system/system.h"

typedef struct bin {
  int64_t place[3];
  int64_t first, last; /* its atoms in `atom` and `position`: first to last - 1 */
} bin;

typedef struct bins {
  lattice lattice;
  int64_t count[3]; /* bins along a periodic direction */
  int64_t range[3]; /* how many bins away neighbours can be, on either side */
  double width[3];  /* of a bin, in fractional coordinates */
  int64_t n_atoms, n_bins;
  bin *bin;         /* [n_bins] */
  int64_t *bin_of;  /* [n_atoms], by atom */
  int64_t *atom;    /* [n_atoms] sorted by bin, ascending within each */
  double *position; /* [n_atoms][3] in the same order, wrapped into the cell */
  int64_t *slot;    /* hash table: bin + 1, 0 where free */
  int64_t n_slots;  /* a power of two */
} bins;

/* One bin seen from another, with the translation of its periodic image. */
typedef struct bin_view {
  int64_t bin;
  bool home; /* no translation */
  double shift[3];
} bin_view;

int32_t bins_make(run *run, bins *bins, const tern_system *system, double cutoff);
void bins_free(run *run, bins *bins);
/* The most views that a bin can have. */
int64_t bins_views(const bins *bins);
/* The bins with atoms in reach of `center`, periodic images included; returns how many. */
int64_t bins_view(const bins *bins, int64_t center, bin_view *views);

#endif
