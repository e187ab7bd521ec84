/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_NETWORK_H
#define TERNION_MODEL_NETWORK_H

#include "model/model.h"
#include "network/inputs.h"
#include "network/layers.h"

/* A trained network: E = unit * sum over rows of weight psi + a constant for each species of the centre. */
typedef struct network_state {
  network_inputs *inputs;
  network network;      /* in double */
  int64_t sizes[6 + NETWORK_MOST_LAYERS]; /* of the shape, as files have them */
  double unit;          /* eV */
  int64_t n_species;
} network_state;

extern const model_kind network_kind;
extern const model_kind triplet_kind;
/* The same for vectors of centres, whose last layer and constants have as many outputs. */
extern const model_kind vector_network_kind;
extern const model_kind vector_triplet_kind;

/* State without weights; `inputs` are taken over, also by a failure. */
int32_t network_state_new(network_state **state, const tern_descriptor *descriptor, network_inputs *inputs,
                          const network_shape *shape, double unit);
void network_state_free(void *state);
int32_t network_state_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
int32_t network_state_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
int32_t network_state_restore_vectors(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
/* shared: one set of weights for all species of the centre. */
int32_t network_state_fit(void **state, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                          const tern_options *options, bool shared, text *report);
/* On the vectors that the option `target` names. */
int32_t network_state_fit_vectors(void **state, run *run, const tern_descriptor *descriptor,
                                  const tern_dataset *dataset, const tern_options *options, bool shared, text *report);

#endif
