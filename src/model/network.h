/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_NETWORK_H
#define TERNION_MODEL_NETWORK_H

#include "model/model.h"
#include "network/inputs.h"
#include "network/layers.h"

/* Trained networks: E = unit * sum over members and rows of weight psi + a constant for each species of the centre. The
   mean of members is their sum: each one's last layer and constants are divided by their number. */
typedef struct network_state {
  network_inputs *inputs;
  network network;      /* in double, weights [members][layout.total] */
  int64_t members;
  int64_t sizes[6 + NETWORK_MOST_LAYERS]; /* of the shape, as files have them */
  double unit;          /* eV */
  int64_t n_species;
} network_state;

extern const model_kind network_kind;
extern const model_kind triplet_kind;
/* The same for vectors of centres, whose last layer and constants have as many outputs. */
extern const model_kind vector_network_kind;
extern const model_kind vector_triplet_kind;

enum { NETWORK_MOST_MEMBERS = 16 };
/* State without weights; `inputs` are taken over, also by a failure. */
int32_t network_state_new(network_state **state, const tern_descriptor *descriptor, network_inputs *inputs,
                          const network_shape *shape, int64_t members, double unit);
void network_state_free(void *state);
int32_t network_state_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
int32_t network_state_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
int32_t network_state_restore_vectors(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
/* Own weights for each species of the centre, or one set that they share; on energies and their derivatives, or on the
   vectors that the option `target` names. */
int32_t network_fit_own(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                        const tern_options *options, text *report);
int32_t network_fit_shared(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                           const tern_options *options, text *report);
int32_t network_fit_own_vectors(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                                const tern_options *options, text *report);
int32_t network_fit_shared_vectors(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                                   const tern_options *options, text *report);

/* Arrays of one environment for predictions; a second slot is the derivative along a direction. */
typedef struct network_pieces {
  void *inputs, *network;
  double *values, *weights;                 /* [slots][rows][columns], [slots][rows] */
  double *value_gradient, *weight_gradient; /* [rows][columns], [rows] */
  double *value_part, *weight_part;         /* the same of one of several members */
  double *sums;                             /* [slots][last width], or of one slot [members][last width] */
  double *last;                             /* [last width] */
  int64_t *tags;
  int32_t *biases;
} network_pieces;

/* The set of weights that an environment's rows take. */
static inline int64_t network_state_set(const network_state *self, const environment *environment) {
  return self->network.shape.sets > 1 ? environment->center_species : 0;
}

/* 64-byte aligned bytes, 1 or 2 slots; memory NULL: only counted. */
int64_t network_pieces_place(const network_state *self, const tern_descriptor *descriptor, int64_t n_neighbours,
                             int64_t rows, int64_t slots, void *memory, network_pieces *pieces);
/* Values and biases of all rows; with directions [n_neighbours][3] the second slot too. */
int32_t network_pieces_compute(const network_state *self, const tern_descriptor *descriptor,
                               const environment *environment, int64_t rows, const double *directions,
                               const network_pieces *pieces);
/* After that: as the network takes them. */
network_rows network_pieces_rows(const network_state *self, const environment *environment, int64_t slots,
                                 int64_t rows, const network_pieces *pieces);
/* After compute without directions: gradient [n_neighbours][3] from those with respect to values and weights. */
int32_t network_pieces_gradient(const network_state *self, const tern_descriptor *descriptor,
                                const environment *environment, int64_t rows, const network_pieces *pieces,
                                double *gradient);

#endif
