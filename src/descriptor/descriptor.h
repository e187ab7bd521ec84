/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors of whole systems: a kind applied to every centre, with threads, derivatives, labels and files. */
#ifndef TERNION_DESCRIPTOR_DESCRIPTOR_H
#define TERNION_DESCRIPTOR_DESCRIPTOR_H

#include "core/options.h"
#include "density/kind.h"
#include "system/dataset.h"
#include "system/neighbours.h"

struct tern_descriptor {
  uint32_t tag;
  const descriptor_kind *kind;
  tern_options *options; /* a copy */
  double cutoff;
  int32_t index_size; /* numbers that name a row */
  int32_t n_species; /* 0: not fitted yet, state is NULL */
  int32_t *species;  /* ascending atomic numbers */
  int64_t n_centers; /* -1: all owned atoms */
  int64_t *centers;
  void *state;
};

enum { DESCRIPTOR_MOST_SPECIES = 119 };

const descriptor_kind *descriptor_kinds(int64_t index); /* NULL past the end */
const descriptor_kind *descriptor_kind_find(const char *name);
/* TERN_ERROR_ARGUMENT that names the nearest kind and all of them. */
int32_t descriptor_kind_unknown(const char *name);

int32_t descriptor_new(tern_descriptor **descriptor, const char *kind, const tern_options *options);
/* The same with the species given (ascending atomic numbers), whatever the options say. */
int32_t descriptor_new_for_species(tern_descriptor **descriptor, const char *kind, const tern_options *options,
                                   int32_t n_species, const int32_t *species);
/* The option `species`, ascending and each once (the option's table has checked the range); none: *count = 0. */
int32_t descriptor_option_species(const tern_options *options, int32_t *species, int32_t *count);
void descriptor_free(tern_descriptor *descriptor);
/* Are the species known, and whatever the kind learns from data? */
bool descriptor_fitted(const tern_descriptor *descriptor);
/* TERN_ERROR_DATA with what to do when it is not fitted. */
int32_t descriptor_ready(const tern_descriptor *descriptor);
int32_t descriptor_fit(tern_descriptor *descriptor, run *run, const tern_dataset *dataset);
int32_t descriptor_save(const tern_descriptor *descriptor, const char *path);
int32_t descriptor_load(tern_descriptor **descriptor, const char *path);
/* The parts of a file that hold a descriptor, so that a model's file can hold one too (tensors "descriptor.*"). */
int32_t descriptor_store(const tern_descriptor *descriptor, int64_t capacity, tensor *tensors, int64_t *n_tensors,
                         text *json); /* json: {"kind": ..., "options": {...}, "species": [...]} */
int32_t descriptor_restore(tern_descriptor **descriptor, const safetensors_file *file, const char *json);
/* The options in effect as a JSON object. */
int32_t descriptor_options_json(const tern_descriptor *descriptor, text *json);
int32_t descriptor_info(const tern_descriptor *descriptor, text *json);
int32_t descriptor_labels(const tern_descriptor *descriptor, text *json);
int32_t descriptor_write(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, const char *path);

/* The environments of a system's centres, ready for the kind. */
typedef struct environments {
  neighbours neighbours;
  int64_t *centers;        /* [n_centers] atoms */
  int32_t *species;        /* [n_pairs] species indices of the neighbours */
  int32_t *center_species; /* [n_centers] */
  int64_t *first_row;      /* [n_centers + 1] */
  int64_t n_rows, most_neighbours, most_rows;
} environments;
/* Species that the descriptor does not know are TERN_ERROR_DATA; atom and element are named. */
int32_t environments_build(const tern_descriptor *descriptor, run *run, const tern_system *system,
                           environments *environments);
/* The same without rows and for a descriptor that need not be fitted beyond its species: what a fit is made on. */
int32_t environments_gather(const tern_descriptor *descriptor, run *run, const tern_system *system,
                            environments *environments);
void environments_free(run *run, environments *environments);
environment environments_at(const environments *environments, int64_t index);

/* Calls work for the centres begin .. end - 1, on the run's threads, each with the kind's scratch for the largest
   environment; reports progress as `stage`. Parts go to threads in a way that depends on the range and the number of
   threads only. */
typedef int32_t (*environments_work)(void *context, int64_t center, void *scratch, int32_t thread);
int32_t environments_each(const tern_descriptor *descriptor, run *run, const environments *environments,
                          const char *stage, int64_t begin, int64_t end, environments_work work, void *context);
/* At most so many threads call work: the size of per-thread arrays. */
int32_t environments_threads(const run *run, const environments *environments);

int32_t descriptor_shape(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t *rows,
                         int64_t *features);
int32_t descriptor_rows(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t *indices);
/* [rows][index_size] of environments already built, for a structure of that number. */
int32_t descriptor_rows_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                           int64_t structure, int64_t *indices);
/* Values of the rows of centres begin .. end - 1 only. */
int32_t descriptor_compute_range(const tern_descriptor *descriptor, run *run, const environments *environments,
                                 int64_t begin, int64_t end, double *values);
int32_t descriptor_compute(const tern_descriptor *descriptor, run *run, const tern_system *system, double *values);
int32_t descriptor_pullback(const tern_descriptor *descriptor, run *run, const tern_system *system,
                            const double *weights, double *position_gradient, double *strain_gradient);
int32_t descriptor_pushforward(const tern_descriptor *descriptor, run *run, const tern_system *system,
                               const double *position_direction, const double *strain_direction, double *derivative);
int32_t descriptor_jacobian_shape(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  int64_t *blocks);
int32_t descriptor_jacobian(const tern_descriptor *descriptor, run *run, const tern_system *system, int64_t *indices,
                            double *values, double *strain);

#endif
