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
int32_t descriptor_new_of_kind(tern_descriptor **descriptor, const descriptor_kind *kind, const tern_options *options,
                               int32_t n_species, const int32_t *species);
/* The option `species`, ascending and each once (the option's table has checked the range); none: *count = 0. */
int32_t descriptor_option_species(const tern_options *options, int32_t *species, int32_t *count);
/* A descriptor of a guest's kind for the centres, species and cutoff of another one; `state` is taken over, also by a
   failure. */
int32_t descriptor_new_like(tern_descriptor **descriptor, const descriptor_kind *kind, const tern_descriptor *like,
                            void *state);
void descriptor_free(tern_descriptor *descriptor);
/* Are the species known, and whatever the kind learns from data? */
bool descriptor_fitted(const tern_descriptor *descriptor);
/* TERN_ERROR_DATA with what to do when it is not fitted. */
int32_t descriptor_ready(const tern_descriptor *descriptor);
int32_t descriptor_fit(tern_descriptor *descriptor, run *run, const tern_dataset *dataset);
int32_t descriptor_save(const tern_descriptor *descriptor, const char *path);
/* `guest`: a kind beyond those of the table, from a room to the right; NULL: none. */
int32_t descriptor_load(tern_descriptor **descriptor, const char *path, const descriptor_kind *guest);
/* The parts of a file that hold a descriptor, so that a model's file can hold one too (tensors "descriptor.*"). */
int32_t descriptor_store(const tern_descriptor *descriptor, int64_t capacity, tensor *tensors, int64_t *n_tensors,
                         text *json); /* json: {"kind": ..., "options": {...}, "species": [...]} */
int32_t descriptor_restore(tern_descriptor **descriptor, const safetensors_file *file, const char *json,
                           const descriptor_kind *guest);
/* The options in effect as a JSON object. */
int32_t descriptor_options_json(const tern_descriptor *descriptor, text *json);
int32_t descriptor_info(const tern_descriptor *descriptor, text *json);
int32_t descriptor_labels(const tern_descriptor *descriptor, text *json);
int32_t descriptor_write(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, const char *path);

/* Some of a system's centres, in the order that the descriptor has them: numbers first .. first + count - 1. */
typedef struct center_range {
  int64_t first, count;
} center_range;
int64_t descriptor_count_centers(const tern_descriptor *descriptor, const tern_system *system);
center_range descriptor_all_centers(const tern_descriptor *descriptor, const tern_system *system);
/* The atom that is the centre of that number. */
static inline int64_t descriptor_center(const tern_descriptor *descriptor, int64_t number) {
  return descriptor->n_centers < 0 ? number : descriptor->centers[number];
}
/* Place of an atomic number among the descriptor's species; -1: unknown. */
static inline int64_t descriptor_species(const tern_descriptor *descriptor, int32_t number) {
  for (int64_t k = 0; k < descriptor->n_species; k++)
    if (descriptor->species[k] == number)
      return k;
  return -1;
}

/* The environments of a range of centres, ready for the kind. */
typedef struct environments {
  neighbours neighbours;
  int64_t *centers;        /* [n_centers] atoms */
  int32_t *species;        /* [n_pairs] species indices of the neighbours */
  int32_t *center_species; /* [n_centers] */
  int64_t *first_row;      /* [n_centers + 1] */
  int64_t n_rows, most_neighbours, most_rows;
} environments;
/* Species that the descriptor does not know are TERN_ERROR_DATA; atom and element are named. A range that the system
   does not have is TERN_ERROR_ARGUMENT; the valid one is named. */
int32_t environments_build_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, environments *environments);
int32_t environments_build(const tern_descriptor *descriptor, run *run, const tern_system *system,
                           environments *environments); /* of all centres */
/* The same without rows and for a descriptor that need not be fitted beyond its species: what a fit is made on. */
int32_t environments_gather(const tern_descriptor *descriptor, run *run, const tern_system *system,
                            environments *environments);
void environments_free(run *run, environments *environments);
environment environments_at(const environments *environments, int64_t index);
/* From the gradient [n_neighbours][3] of an environment's vectors to positions [n_atoms][3] and strain [3][3], added */
void environments_add_gradient(const environments *environments, int64_t center, const double *gradient,
                               double *positions, double *strain);

/* Calls work for the centres begin .. end - 1, on the run's threads, each with the kind's scratch for the largest
   environment; reports progress as `stage`. Parts go to threads in a way that depends on the range and the number of
   threads only. */
typedef int32_t (*environments_work)(void *context, int64_t center, void *scratch, int32_t thread);
int32_t environments_each(const tern_descriptor *descriptor, run *run, const environments *environments,
                          const char *stage, int64_t begin, int64_t end, environments_work work, void *context);
/* At most so many threads call work: the size of per-thread arrays. */
int32_t environments_threads(const run *run, const environments *environments);

/* For the rows of a range of centres; rows are counted from the first one of the range. */
int32_t descriptor_shape_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                               center_range range, int64_t *rows, int64_t *features); /* either may be NULL */
int32_t descriptor_rows_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                              center_range range, int64_t *indices);
int32_t descriptor_compute_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, double *values);
int32_t descriptor_pullback_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  center_range range, const double *weights, double *position_gradient,
                                  double *strain_gradient);
int32_t descriptor_pushforward_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                     center_range range, const double *position_direction,
                                     const double *strain_direction, double *derivative);
int32_t descriptor_jacobian_shape_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                        center_range range, int64_t *blocks);
int32_t descriptor_jacobian_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                  center_range range, int64_t *indices, double *values, double *strain);
/* Weights of rows, the product of f_tag over a row's tags (1 without tags); the gradient of sum(slopes * weights). */
int32_t descriptor_weights_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, double *weights);
int32_t descriptor_weights_pullback_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                          center_range range, const double *slopes, double *position_gradient,
                                          double *strain_gradient);

/* For environments already built: names of rows [rows][index_size] for a structure of that number, weights of rows, and
   values of the rows of centres begin .. end - 1. */
int32_t descriptor_rows_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                           int64_t structure, int64_t *indices);
int32_t descriptor_weights_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                              double *weights);
int32_t descriptor_values_of(const tern_descriptor *descriptor, run *run, const environments *environments,
                             int64_t begin, int64_t end, double *values);

/* Are all numbers of an argument [rows][columns] finite? columns 0: [rows]. */
int32_t descriptor_check_finite(const char *argument, const double *values, int64_t rows, int64_t columns);
/* Would a result of so many numbers, which is the caller's, fit in the memory that the call may take? */
int32_t descriptor_check_result(const run *run, double numbers, const char *what);

/* ---- for all centres ---- */

static inline int32_t descriptor_shape(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                       int64_t *rows, int64_t *features) {
  return descriptor_shape_range(descriptor, run, system, descriptor_all_centers(descriptor, system), rows, features);
}

static inline int32_t descriptor_rows(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                      int64_t *indices) {
  return descriptor_rows_range(descriptor, run, system, descriptor_all_centers(descriptor, system), indices);
}

static inline int32_t descriptor_compute(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                         double *values) {
  return descriptor_compute_range(descriptor, run, system, descriptor_all_centers(descriptor, system), values);
}

static inline int32_t descriptor_pullback(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                          const double *weights, double *position_gradient, double *strain_gradient) {
  return descriptor_pullback_range(descriptor, run, system, descriptor_all_centers(descriptor, system), weights,
                                   position_gradient, strain_gradient);
}

static inline int32_t descriptor_pushforward(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                             const double *position_direction, const double *strain_direction,
                                             double *derivative) {
  return descriptor_pushforward_range(descriptor, run, system, descriptor_all_centers(descriptor, system),
                                      position_direction, strain_direction, derivative);
}

static inline int32_t descriptor_jacobian_shape(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                                int64_t *blocks) {
  return descriptor_jacobian_shape_range(descriptor, run, system, descriptor_all_centers(descriptor, system), blocks);
}

static inline int32_t descriptor_jacobian(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                          int64_t *indices, double *values, double *strain) {
  return descriptor_jacobian_range(descriptor, run, system, descriptor_all_centers(descriptor, system), indices,
                                   values, strain);
}

#endif
