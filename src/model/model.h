/* SPDX-License-Identifier: BSD-3-Clause */
/* Models: energies of environments, fitted on data sets. A model is e0, a baseline and a sum of parts, each of one
   kind; a new kind is one file with one `const model_kind`, entered in kinds.c. */
#ifndef TERNION_MODEL_MODEL_H
#define TERNION_MODEL_MODEL_H

#include "descriptor/descriptor.h"
#include "model/zbl.h"

/* What a part makes of one environment; what is NULL is not wanted. */
typedef struct model_answer {
  double energy;    /* set */
  double *gradient; /* [n_neighbours][3], set: d energy / d vectors */
  double *outputs;  /* [width], set: the numbers of which the energy is a linear function, the last layer's inputs */
} model_answer;

/* What a kind that predicts vectors of centres offers in the place of evaluate. Each works on one environment, with
   scratch of so many bytes for environments of up to so many neighbours and rows. */
typedef struct vector_functions {
  int64_t (*width)(const void *state);
  int64_t (*scratch)(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows);
  int32_t (*forward)(const void *state, const tern_descriptor *descriptor, const environment *environment, int64_t rows,
                     void *scratch, double *values); /* [width]; NULL: only what backward needs is left in scratch */
  /* gradient [n_neighbours][3] of sum(weights * values), after forward; [width] derivatives along directions. */
  int32_t (*backward)(const void *state, const tern_descriptor *descriptor, const environment *environment,
                      int64_t rows, void *scratch, const double *weights, double *gradient);
  int32_t (*pushforward)(const void *state, const tern_descriptor *descriptor, const environment *environment,
                         int64_t rows, void *scratch, const double *directions, double *derivative);
} vector_functions;

/* What a kind whose weights a linear problem gives knows of them, as long as the fit of the model lasts. Its outputs
   are those that the weights are for. */
typedef struct model_linear {
  /* A state that lacks nothing but its weights, for those of a sum that are fitted together; report as of fit. */
  int32_t (*prepare)(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                     const tern_options *options, text *report);
  /* The weights, where the penalty is plain, and those before held-out structures were added; NULL: none were. Both are
     spoiled. */
  int32_t (*set)(void *state, double *weights, double *trial);
  /* lower [width][width]: L by rows, L L^T the precision of the weights: the sum of a a^T over the weighted rows a of
     the fit, those of held-out structures not among them, plus the penalty. */
  int32_t (*precision)(void *state, run *run, double *lower);
  const struct targets *(*targets)(const void *state);
  /* The weighted rows of a structure, [targets_rows][width] in their order, ended with memory_free(run, ...). */
  int32_t (*rows)(const void *state, run *run, const tern_descriptor *descriptor, const tern_dataset *dataset,
                  int64_t index, double **rows);
  /* Outputs z [count][width] become C^-1 z, in whose frame the penalty is plain, and a lower triangle there, by rows,
     becomes C times itself. NULL: it is plain already. */
  int32_t (*whiten)(const void *state, int64_t count, double *rows);
  int32_t (*unwhiten)(const void *state, run *run, double *lower);
  void (*settle)(void *state, run *run); /* the fit is over */
} model_linear;

typedef struct model_kind {
  const char *name, *meaning;
  const char *descriptor; /* the kind of descriptor that it always reads; NULL: what the option says */
  /* State fitted on energies, forces and virials from which e0, the baseline and earlier parts are already subtracted.
     report: members of a JSON object, as in "\"condition\": 10, \"rows\": 3". */
  int32_t (*fit)(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                 const tern_options *options, text *report);
  void (*destroy)(void *state);
  /* Bytes of scratch (64-byte aligned) that evaluate needs for environments of up to so many neighbours and rows. */
  int64_t (*scratch)(const void *state, const tern_descriptor *descriptor, int64_t n_neighbours, int64_t rows);
  int32_t (*evaluate)(const void *state, const tern_descriptor *descriptor, const environment *environment,
                      int64_t rows, void *scratch, model_answer *answer);
  const vector_functions *vectors; /* in the place of scratch and evaluate; NULL: energies */
  /* What kinds for tensors have instead of evaluate: tensor [3^order], set, Cartesian and row by row. */
  int32_t (*tensor)(const void *state, const tern_descriptor *descriptor, const environment *environment, int64_t rows,
                    void *scratch, double *tensor);
  int32_t (*order)(const void *state);
  /* The kind of the same name that is fitted when the target is a tensor; NULL: there is none. */
  const struct model_kind *for_tensors;
  int64_t (*width)(const void *state); /* of the outputs; NULL: there are none */
  /* Answers from now on as before the structures held out for validation were added to the final fit (on), or as usual
     again; called within the fit only. NULL: they never are added. */
  void (*withhold)(void *state, bool on);
  const model_linear *linear; /* NULL: no linear problem */
  int32_t (*store)(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
  int32_t (*restore)(void **state, const tern_descriptor *descriptor, const safetensors_file *file);
} model_kind;

typedef struct model_part {
  const model_kind *kind;
  tern_options *options; /* those of its scope in force */
  tern_descriptor *descriptor;
  void *state;
} model_part;

enum { MODEL_MOST_PARTS = 8 };

struct tern_model {
  uint32_t tag;
  _Atomic int32_t references; /* beyond the first: of descriptors that are made from it */
  char *vectors; /* name of the vectors of centres that it predicts; NULL: energies */
  char *kind; /* as "ridge", or "ridge+triplet" for a sum */
  tern_options *options;
  int32_t n_species;
  int32_t *species; /* of e0, ascending */
  double *e0;       /* [n_species] eV */
  zbl *zbl;         /* NULL: no baseline */
  double *shortest; /* [n_species][n_species] Angstrom: shortest distances of the data; 0: unknown */
  int64_t n_parts;
  model_part parts[MODEL_MOST_PARTS];
  struct uncertainty *uncertainty; /* NULL: none */
  char *report;     /* JSON object */
  char *provenance; /* JSON object: release, date, frames, targets */
};

/* Angstrom: as far as any part sees. */
double model_cutoff(const tern_model *model);
double model_least_cutoff(const tern_model *model); /* as far as all of them see */

const model_kind *model_kinds(int64_t index); /* NULL past the end */
const model_kind *model_kind_find(const char *name);
/* Of the same name, that predicts vectors of centres; NULL: there is none. */
const model_kind *model_vector_kind_find(const char *name);
/* The kind of that name for a target, the energy or a tensor; NULL when there is none. */
const model_kind *model_kind_for(const char *name, const char *target);
/* What the model predicts: "energy", or the name of vectors or of a tensor; the tensor's order, or -1. */
const char *model_target(const tern_model *model, int32_t *order);
bool model_has_tensor(const tern_model *model);
/* Refuses a model that predicts vectors or a tensor, and names the function for it. */
int32_t model_check_energies(const tern_model *model);

int32_t model_fit(tern_model **model, const char *kind, run *run, const tern_dataset *dataset,
                  const tern_options *options);
void model_free(tern_model *model);
int32_t model_save(const tern_model *model, const char *path);
int32_t model_load(tern_model **model, const char *path);
/* The same file in memory; ended by memory_free(NULL, ...). */
int32_t model_pack(const tern_model *model, unsigned char **bytes, int64_t *size);
int32_t model_unpack(tern_model **model, const void *bytes, int64_t size);
int32_t model_info(const tern_model *model, text *json);
/* Any output may be NULL; energies [n_owned], virials [n_owned][3][3]. */
int32_t model_predict(const tern_model *model, run *run, const tern_system *system, double *energy, double *forces,
                      double *virial, double *energies, double *virials);
/* Standard deviation of the energy (eV) and the atoms' extrapolation scores [n_owned]; NULL: not wanted. */
int32_t model_predict_uncertainty(const tern_model *model, run *run, const tern_system *system, double *deviation,
                                  double *scores);
/* Of a model of a tensor: values [3^order], Cartesian and row by row. */
int32_t model_predict_tensor(const tern_model *model, run *run, const tern_system *system, double *values);
/* TERN_ERROR_DATA that names the first owned atom of a species that the model was not fitted on. */
int32_t model_check_species(const tern_model *model, const tern_system *system);

#endif
