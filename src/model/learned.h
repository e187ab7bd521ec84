/* SPDX-License-Identifier: BSD-3-Clause */
/* A fitted model of vectors as a descriptor: its predictions for a centre are the features. */
#ifndef TERNION_MODEL_LEARNED_H
#define TERNION_MODEL_LEARNED_H

#include "model/model.h"

/* A guest among the descriptor kinds. A file holds the model's own file as tensor "descriptor.model". */
extern const descriptor_kind learned_kind;

/* Shares the model, which may be freed at once. */
int32_t learned_new(tern_descriptor **descriptor, const tern_model *model);
/* From the file that the option `learned` names. */
int32_t learned_new_from_options(tern_descriptor **descriptor, const tern_options *options);

/* The kind applied to a model without a descriptor of its own: what predictions are made with. Nothing to free. */
typedef struct learned_view {
  tern_descriptor descriptor;
  struct learned_state {
    tern_model *model;
    unsigned char *bytes; /* its file */
    int64_t size;
    int32_t n_species;
    int32_t *species;
  } state;
} learned_view;
void learned_view_open(learned_view *view, const tern_model *model);

#endif
