/* SPDX-License-Identifier: BSD-3-Clause */
/* Systems with their targets, in memory or streamed from a file. */
#ifndef TERNION_SYSTEM_DATASET_H
#define TERNION_SYSTEM_DATASET_H

#include "system/system.h"
#include "system/tensor.h"

/* A tensor that a structure carries under a name: 3^order numbers, row-major. */
typedef struct frame_tensor {
  char *name;
  int32_t order;
  double values[TENSOR_MOST];
} frame_tensor;

/* A vector of each atom that a structure carries under a name. */
typedef struct frame_vectors {
  char *name;
  int64_t width;
  double *values; /* [n_atoms][width] */
} frame_vectors;

/* One structure with what is known of it; shared between data sets by counting references. */
typedef struct frame {
  _Atomic int32_t references;
  tern_system *system;
  bool has_energy, has_virial;
  double energy;
  double virial[3][3];
  double *forces; /* [n_atoms][3]; NULL when unknown */
  int64_t n_tensors;
  frame_tensor *tensors;
  int64_t n_vectors;
  frame_vectors *vectors;
  char *place; /* "train.xyz:17", file and line that it was read from; NULL: none */
} frame;

struct tern_dataset {
  uint32_t tag;
  int64_t size, capacity;
  frame **frames;
};

int32_t dataset_new(tern_dataset **dataset);
void dataset_free(tern_dataset *dataset);
int32_t dataset_append(tern_dataset *dataset, const tern_system *system, const double *energy, const double *forces,
                       const double *virial);
/* Where the last structure was read. */
int32_t dataset_set_place(tern_dataset *dataset, const char *path, int64_t line);
/* "train.xyz:17" to a frame that nobody shares; NULL: none. */
int32_t frame_set_place(frame *frame, const char *place);
int32_t dataset_subset(const tern_dataset *dataset, int64_t count, const int64_t *indices, tern_dataset **subset);
int32_t dataset_read(tern_dataset **dataset, const char *path, const tern_options *options);
int32_t dataset_write(const tern_dataset *dataset, const char *path);
/* Gives a structure a tensor, or another value of one that it has; subsets that share the structure keep what they had.
 */
int32_t dataset_set_tensor(tern_dataset *dataset, int64_t index, const char *name, int32_t order, const double *values);
/* A structure's tensor of that name; NULL when it has none. */
const frame_tensor *frame_find_tensor(const frame *frame, const char *name);
/* TERN_ERROR_MISSING that names what the structure has instead. */
int32_t dataset_tensor(const tern_dataset *dataset, int64_t index, const char *name, const frame_tensor **found);
/* Gives a structure's atoms vectors [n_atoms][width], or others in the place of those that it has under the name. */
int32_t dataset_set_vectors(tern_dataset *dataset, int64_t index, const char *name, int64_t width,
                            const double *values);
/* NULL when the structure has none of that name. */
const frame_vectors *frame_find_vectors(const frame *frame, const char *name);
/* TERN_ERROR_MISSING that names what the structure has instead. */
int32_t dataset_vectors(const tern_dataset *dataset, int64_t index, const char *name, const frame_vectors **found);
/* The same to a frame that nobody shares; everything is checked already. */
int32_t frame_set_vectors(frame *frame, const char *name, int64_t width, const double *values);
int32_t frame_copy_vectors(frame *copy, const frame *frame);
void frame_free_vectors(frame *frame);
/* In the data set's place of a structure, one that nobody shares. */
int32_t dataset_own_frame(tern_dataset *dataset, int64_t index, frame **own);
/* Puts "structure 3 (train.xyz:17): " before the message of a failure, unless it is a cancellation; returns the status.
 */
int32_t dataset_name_failure(const tern_dataset *dataset, int64_t index, int32_t status);
int64_t dataset_count(const tern_dataset *dataset, int32_t target);
/* The species that occur, ascending; [119] is enough. Returns how many. */
int32_t dataset_species(const tern_dataset *dataset, int32_t *species);

/* Streams; struct tern_reader and tern_writer are known to their files only, and begin with their tag. */
int32_t reader_open(tern_reader **reader, const char *path, const tern_options *options);
int32_t reader_next(tern_reader *reader, int64_t count, tern_dataset **dataset);
void reader_free(tern_reader *reader);
int32_t writer_open(tern_writer **writer, const char *path);
int32_t writer_append(tern_writer *writer, const tern_system *system, const double *energy, const double *forces,
                      const double *virial);
/* A structure with all that it carries. */
int32_t writer_append_frame(tern_writer *writer, const frame *frame);
int32_t writer_close(tern_writer *writer);
void writer_free(tern_writer *writer);

#endif
