/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kinds of models for tensors share. A tensor is a sum over centres of intercept[species] (invariant channels
   only) and, channel by channel, of equivariant features times weights: exactly equivariant under rotations and
   reflections, whatever the weights are. */
#ifndef TERNION_MODEL_EQUIVARIANT_H
#define TERNION_MODEL_EQUIVARIANT_H

#include "model/equivariant_basis.h"
#include "model/equivariant_columns.h"
#include "model/model.h"

typedef struct equivariant_head {
  equivariant_basis basis;
  int64_t n_species;
  double *intercept;                          /* [n_species][size]; 0 but for lambda = 0, sigma = +1 */
  int32_t active[EQUIVARIANT_MOST_CHANNELS];  /* channels that the data have; the others are predicted as 0 */
  equivariant_columns columns[EQUIVARIANT_MOST_CHANNELS]; /* of the active ones */
} equivariant_head;

/* What is fitted: the structures that have the tensor, and what the intercept leaves of it. */
typedef struct equivariant_data {
  run *run;
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  int64_t count;
  int64_t *frames;         /* [count] */
  double *values;          /* [count][size], spherical */
  unsigned char *held_out; /* [structures of the data set]; NULL without validation */
} equivariant_data;

/* Options that a tensor needs of its descriptor, `lambda_max` and `group`, where they are not set: as the tensors of
   the data set say. */
int32_t equivariant_prepare(run *run, const tern_dataset *dataset, tern_options *options);
/* TERN_ERROR_DATA when the descriptor lacks features of a channel that the tensors have. */
int32_t equivariant_check(run *run, const tern_dataset *dataset, const tern_options *options,
                          const tern_descriptor *descriptor);

/* What a kind adds to the head, with which its state begins; all of it zeros at first. */
typedef struct equivariant_form {
  int64_t size; /* bytes of the state */
  /* NULL: there is nothing to do before the channels are fitted. */
  int32_t (*prepare)(void *state, const equivariant_data *data, const tern_options *options, text *report);
  /* regularizations [channels] of those fitted earlier, and of this one; report: an object of a list. */
  int32_t (*fit_channel)(void *state, const equivariant_data *data, const tern_options *options, int32_t channel,
                         double *regularizations, text *report);
  int32_t (*restore)(void *state, const tern_descriptor *descriptor, const safetensors_file *file);
  void (*destroy)(void *state);
} equivariant_form;

/* A state fitted to the option `target`, channel by channel; report: members of a JSON object. Channels that the
   descriptor has no features of are left alone: in a sum, what earlier parts leave may have noise in them. */
int32_t equivariant_fit(const equivariant_form *form, void **state, run *run, const tern_descriptor *descriptor,
                        const tern_dataset *dataset, const tern_options *options, text *report);
int32_t equivariant_restore(const equivariant_form *form, void **state, const tern_descriptor *descriptor,
                            const safetensors_file *file);
void equivariant_head_free(equivariant_head *head);
/* spherical [size] of a centre without neighbours: where its features' part is added. */
void equivariant_start(const equivariant_head *head, int32_t species, double *spherical);
/* An earlier active channel of the same degree and parity, whose hyperparameters are taken over, so that what is
   symmetric in the data is symmetric in the model; -1: none. */
int32_t equivariant_twin(const equivariant_head *head, int32_t channel);

/* Tensors "tensor.intercept" and "tensor.channels". */
int32_t equivariant_store(const equivariant_head *head, int64_t capacity, tensor *tensors, int64_t *count);

extern const model_kind equivariant_ridge_kind;  /* equivariant_ridge.c */
extern const model_kind equivariant_kernel_kind; /* equivariant_kernel.c */

#endif
