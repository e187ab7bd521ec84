/* SPDX-License-Identifier: BSD-3-Clause */
/* A fitted model of vectors as a descriptor: its predictions for a centre are the features. Energies on features of
   many neighbours that triplets rebuild are three steps, here of the B8 structures and their atom 0:

   (a) features: tern_descriptor_new("correlations"; cutoff = 2, cutoff_width = 0.1, n_max = 6, l_max = 3, sigma = 0.2,
       centers = 0, nu_max = 7, components = 20), tern_descriptor_fit, then of each structure tern_descriptor_compute,
       whose row becomes that of atom 0 in values [n_atoms][features], and tern_dataset_set_vectors("features", values);
   (b) triplets for them: tern_model_fit("triplet"; target = features, time_limit = 300 and the options of the density),
       tern_model_save; tern_model_predict_vectors gives what is rebuilt;
   (c) energies on these: tern_model_fit("ridge" or "network"; descriptor = learned, learned = the file of (b)), with
       target unset. */
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
