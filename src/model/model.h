/* SPDX-License-Identifier: BSD-3-Clause */
/* Models: energies of environments, fitted on data sets. A new kind is one file with one `const model_kind`, entered in kinds.c. */
#ifndef TERNION_MODEL_MODEL_H
#define TERNION_MODEL_MODEL_H

#include "descriptor/descriptor.h"

typedef struct model_kind {
  const char *name, *meaning;
  /* State fitted on data whose baseline is already subtracted from the energies; report: members of a JSON object, each followed
     by ", " left out at the end, as in "\"condition\": 10, \"rows\": 3". */
  int32_t (*fit)(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset, const double *baseline,
                 const tern_options *options, text *report);
  void (*destroy)(void *state);
  /* Energy of one environment from its values [rows][features], and the weights d energy / d values for the forces
     (weights NULL: not wanted). */
  int32_t (*energy)(const void *state, const environment *environment, int64_t rows, const double *values, double *energy,
                    double *weights);
  int32_t (*store)(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
  int32_t (*restore)(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
} model_kind;

struct tern_model {
  uint32_t tag;
  const model_kind *kind;
  tern_options *options;
  tern_descriptor *descriptor;
  int32_t n_species;
  int32_t *species;  /* of e0, ascending */
  double *e0;        /* [n_species] eV */
  void *state;
  char *report;      /* JSON object */
  char *provenance;  /* JSON object: release, date, frames, targets */
};

const model_kind *model_kinds(int64_t index); /* NULL past the end */
const model_kind *model_kind_find(const char *name);

int32_t model_fit(tern_model **model, const char *kind, run *run, const tern_dataset *dataset, const tern_options *options);
void model_free(tern_model *model);
int32_t model_save(const tern_model *model, const char *path);
int32_t model_load(tern_model **model, const char *path);
int32_t model_info(const tern_model *model, text *json);
/* Any output may be NULL; energies [n_owned], virials [n_owned][3][3]. */
int32_t model_predict(const tern_model *model, run *run, const tern_system *system, double *energy, double *forces, double *virial,
                      double *energies, double *virials);

#endif
