/* SPDX-License-Identifier: BSD-3-Clause */
/* What a descriptor kind offers. A kind sees one environment at a time and differentiates with respect to the vectors
   to the neighbours; the descriptor room turns that into positions, strain, images, threads and files. A new kind is
   one folder with one `const descriptor_kind`, entered in descriptor/kinds.c. */
#ifndef TERNION_DENSITY_KIND_H
#define TERNION_DENSITY_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/options.h"
#include "core/run.h"
#include "core/text.h"
#include "density/cutoff.h"
#include "io/safetensors.h"

typedef struct environment {
  int64_t n_neighbours;
  const double *vectors;  /* [n_neighbours][3], 0 < length < cutoff */
  const int32_t *species; /* [n_neighbours] index into the descriptor's species */
  int32_t center_species; /* index into the descriptor's species */
} environment;

typedef struct descriptor_kind descriptor_kind;
struct descriptor_kind {
  const char *name, *meaning;
  /* Numbers that name a row: structure, centre, and with 3 or 4 its tags; NULL: 2. */
  int32_t (*index_size)(const tern_options *options);

  /* The kind that does the work under these options, where that depends on them (then nothing below is there); NULL:
     this one. */
  int32_t (*choose)(const tern_options *options, const descriptor_kind **chosen);

  /* State of state_size bytes, all zero on entry, from options and the species (ascending atomic numbers); immutable
     afterwards. `clear` frees what it holds, also after `fill` failed half-way. */
  int64_t state_size;
  int32_t (*fill)(void *state, const tern_options *options, int32_t n_species, const int32_t *species);
  void (*clear)(void *state);
  int64_t (*features)(const void *state);
  /* Rows of one environment, and their tags as neighbour indices [rows][2] (-1: the centre itself, also where a row has
     fewer tags); NULL: one row, no tags. */
  int64_t (*rows)(const void *state, const environment *environment);
  void (*tags)(const void *state, const environment *environment, int64_t *tags);
  /* How tags fade out: a row's weight is the product over its tags. NULL when rows have no tags. */
  const cutoff_function *(*tag_cutoff)(const void *state);
  /* One JSON object {...} that labels a column. */
  void (*label)(const void *state, int64_t column, text *label);

  /* Scratch bytes (64-byte aligned) that the calls below need for environments of up to n_neighbours. */
  int64_t (*scratch)(const void *state, int64_t n_neighbours);
  /* values [rows][features], or NULL to leave only the intermediates in scratch. The other calls come after it, with
     the same environment and scratch. */
  int32_t (*forward)(const void *state, const environment *environment, void *scratch, double *values);
  /* gradient [n_neighbours][3] = d sum(weights * values) / d vectors; weights [rows][features]. */
  int32_t (*backward)(const void *state, const environment *environment, void *scratch, const double *weights,
                      double *gradient);
  /* derivative [rows][features] along directions [n_neighbours][3]. */
  int32_t (*pushforward)(const void *state, const environment *environment, void *scratch, const double *directions,
                         double *derivative);
  /* jacobian [rows][n_neighbours][3][features]. */
  int32_t (*jacobian)(const void *state, const environment *environment, void *scratch, double *jacobian);

  /* Whatever is learned from data beyond the species; NULL when nothing ever is (then the next three are NULL too).
     False: all calls above but fill and clear wait for a fit or for restore. */
  bool (*fitted)(const void *state);
  /* Of a state that is not fitted. The environments last as long as the call; there is at least one. */
  int32_t (*fit)(void *state, run *run, int64_t n_environments, const environment *environments);
  /* Tensors are named "descriptor.*"; their data live as long as the state. */
  int32_t (*store)(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
  int32_t (*restore)(void *state, const safetensors_file *file);
};

/* The kind itself, or the one that it chooses. */
int32_t kind_choose(const descriptor_kind *kind, const tern_options *options, const descriptor_kind **chosen);
int32_t kind_index_size(const descriptor_kind *kind, const tern_options *options);
int32_t kind_create(const descriptor_kind *kind, void **state, const tern_options *options, int32_t n_species,
                    const int32_t *species);
void kind_destroy(const descriptor_kind *kind, void *state);

extern const descriptor_kind density_kind;        /* density/density.c */
extern const descriptor_kind power_spectrum_kind; /* correlation/power_spectrum.c */
extern const descriptor_kind correlations_kind;   /* correlation/kind.c */
extern const descriptor_kind frames_kind;         /* triplet/frames.c */
extern const descriptor_kind triplets_kind;       /* triplet/triplets.c */

#endif
