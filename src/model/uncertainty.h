/* SPDX-License-Identifier: BSD-3-Clause */
/* How sure a model is, from the outputs of its parts, of which the energy is a linear function. The squared deviation
   of a structure's energy from its reference is scale^2 |L^-1 Z|^2 + noise^2 atoms: Z is the sum of its atoms' outputs,
   and L L^T the precision of their weights, from all rows of a linear fit or else the second moments of Z over the
   training energies (Bigi, Chong, Ceriotti, Grasselli, Mach. Learn.: Sci. Technol. 5, 045018 (2024)); the noise is what
   the form of the model cannot follow. An atom's score is |M^-1 z| with M M^T the moments of the training environments,
   divided by the largest of them with a centre of the same species. */
#ifndef TERNION_MODEL_UNCERTAINTY_H
#define TERNION_MODEL_UNCERTAINTY_H

#include "model/model.h"

typedef struct uncertainty {
  int64_t width, size;  /* numbers of an atom, and what is left of them after projection */
  double *structures;   /* L, lower triangle packed by rows */
  double *environments; /* M, likewise */
  double *largest;      /* [species of the model] largest |M^-1 z| of training environments; 0: none */
  double scale;         /* eV */
  double noise;         /* eV, of one atom; both 0: no energies to calibrate with */
} uncertainty;

/* As the option `uncertainty` asks, *made NULL when none is; report: one member of a JSON object, or nothing. */
int32_t uncertainty_fit(uncertainty **made, tern_model *model, run *run, const tern_dataset *dataset, text *report);
void uncertainty_free(uncertainty *self);
/* For size numbers and n_species. */
int32_t uncertainty_new(uncertainty **made, int64_t width, int64_t size, int64_t n_species);
/* norms of L^-1 v for UNCERTAINTY_LANES vectors v at a time, values [size][lanes], which are spoiled. */
enum { UNCERTAINTY_LANES = 8 };
void uncertainty_norms(int64_t size, const double *triangle, double *values, double *norms);

enum { UNCERTAINTY_TENSORS = 6 };
/* shape [2] and the tensors of a model's file; read: NULL where the file has none. */
void uncertainty_store(const uncertainty *self, int64_t n_species, int64_t shape[2], tensor *tensors);
int32_t uncertainty_restore(uncertainty **made, const tern_model *model, const safetensors_file *file);

#endif
