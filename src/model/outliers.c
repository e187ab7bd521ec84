/* SPDX-License-Identifier: BSD-3-Clause */
/* Energies and tensors out of all bounds. Energies of the species are found by least absolute deviations, which a few
   wrong numbers, however large, do not move: least squares again and again, weighted with the inverse of the last
   residual. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/baseline.h"
#include "model/data_check.h"
#include "model/least_squares.h"

enum { LEAST_ENERGIES = 8, LEAST_TENSORS = 8, ROUNDS = 20 };
static const double FAR = 100;    /* median deviations that are out of bounds, */
static const double LARGE = 1000;  /* times the median norm that is out of bounds */
static const double LEAST = 0.01; /* eV: a median deviation counts as at least this */

typedef struct energies {
  const tern_dataset *dataset;
  int64_t n_species;
  const int32_t *species;
  double *shares;    /* [n_species + 1]: of a structure, and its energy per atom */
  double *e0;        /* [n_species] */
  double *residuals; /* [size] eV per atom */
  double *sorted;    /* [size] */
} energies;

/* Isolated atoms differ from all else by what binds the others. */
static bool counts(const frame *frame) {
  const int32_t *periodic = frame->system->periodic;
  const bool crystal = periodic[0] || periodic[1] || periodic[2];
  return frame->has_energy && frame->system->n_owned > (crystal ? 0 : 1);
}

static void fill_shares(const energies *energies, const frame *frame) {
  const double atoms = (double)frame->system->n_owned;
  memset(energies->shares, 0, (size_t)(energies->n_species + 1) * sizeof(double));
  for (int64_t atom = 0; atom < frame->system->n_owned; atom++)
    energies->shares[baseline_index(energies->n_species, energies->species, frame->system->species[atom])] += 1 / atoms;
  energies->shares[energies->n_species] = frame->energy / atoms;
}

static int32_t add_rows(const energies *energies, bool weighted, least_squares *problem) {
  for (int64_t k = 0; k < energies->dataset->size; k++) {
    const frame *frame = energies->dataset->frames[k];
    if (!counts(frame))
      continue;
    fill_shares(energies, frame);
    const double weight = weighted ? 1 / sqrt(fmax(fabs(energies->residuals[k]), 1e-6)) : 1;
    for (int64_t column = 0; column <= energies->n_species; column++)
      energies->shares[column] *= weight;
    TRY(least_squares_add(problem, 1, energies->shares));
  }
  return TERN_SUCCESS;
}

static void fill_residuals(const energies *energies) {
  for (int64_t k = 0; k < energies->dataset->size; k++) {
    const frame *frame = energies->dataset->frames[k];
    energies->residuals[k] = 0;
    if (!counts(frame))
      continue;
    fill_shares(energies, frame);
    energies->residuals[k] = energies->shares[energies->n_species];
    for (int64_t column = 0; column < energies->n_species; column++)
      energies->residuals[k] -= energies->e0[column] * energies->shares[column];
  }
}

static int32_t fit_once(run *run, const energies *energies, bool weighted) {
  least_squares problem;
  spectrum spectrum = {0};
  TRY(least_squares_new(run, energies->n_species, 256, &problem));
  int32_t status = add_rows(energies, weighted, &problem);
  if (status == TERN_SUCCESS)
    status = least_squares_decompose(run, &problem, &spectrum);
  if (status == TERN_SUCCESS) {
    spectrum_solve(&spectrum, 0, energies->e0);
    fill_residuals(energies);
  }
  spectrum_free(run, &spectrum);
  least_squares_free(run, &problem);
  return status;
}

static int compare_reals(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Of |residual - from|, or of the residuals themselves. */
static double median(const energies *energies, const double *from) {
  int64_t count = 0;
  for (int64_t k = 0; k < energies->dataset->size; k++)
    if (counts(energies->dataset->frames[k]))
      energies->sorted[count++] = from == NULL ? energies->residuals[k] : fabs(energies->residuals[k] - *from);
  qsort(energies->sorted, (size_t)count, sizeof(double), compare_reals);
  return energies->sorted[count / 2];
}

static int32_t judge(run *run, const energies *energies, double *outlying) {
  for (int round = 0; round < ROUNDS; round++)
    TRY(fit_once(run, energies, round > 0));
  const double middle = median(energies, NULL), deviation = fmax(median(energies, &middle), LEAST);
  for (int64_t k = 0; k < energies->dataset->size; k++) {
    const double off = energies->residuals[k] - middle;
    if (counts(energies->dataset->frames[k]) && fabs(off) > FAR * deviation)
      outlying[k] = off;
  }
  return TERN_SUCCESS;
}

int32_t data_outliers(run *run, const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                      double *outlying) {
  energies energies = {.dataset = dataset, .n_species = n_species, .species = species};
  const int64_t lengths[4] = {n_species + 1, n_species, dataset->size, dataset->size};
  double **const arrays[4] = {&energies.shares, &energies.e0, &energies.residuals, &energies.sorted};
  int64_t found = 0;
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; k < dataset->size; k++) {
    outlying[k] = 0;
    found += counts(dataset->frames[k]);
  }
  if (found < LEAST_ENERGIES || found < 2 * n_species)
    return TERN_SUCCESS;
  for (int k = 0; status == TERN_SUCCESS && k < 4; k++)
    status = MEMORY_NEW(run, arrays[k], lengths[k], "energies of the structures");
  if (status == TERN_SUCCESS)
    status = judge(run, &energies, outlying);
  for (int k = 0; k < 4; k++)
    memory_free(run, *arrays[k]);
  return status;
}

/* ---- tensors ---- */

static double norm_of(const frame_tensor *tensor) {
  double norm = 0;
  for (int64_t k = 0; tensor != NULL && k < tensor_count(tensor->order); k++)
    norm = hypot(norm, tensor->values[k]);
  return norm;
}

int32_t data_tensor_outliers(run *run, const tern_dataset *dataset, const char *name, double *ratios) {
  double *sorted = NULL;
  int64_t count = 0;
  TRY(MEMORY_NEW(run, &sorted, dataset->size, "norms of the tensors"));
  for (int64_t k = 0; k < dataset->size; k++) {
    ratios[k] = norm_of(frame_find_tensor(dataset->frames[k], name));
    if (ratios[k] > 0)
      sorted[count++] = ratios[k];
  }
  qsort(sorted, (size_t)count, sizeof(double), compare_reals);
  const double bound = count < LEAST_TENSORS ? INFINITY : LARGE * sorted[count / 2];
  for (int64_t k = 0; k < dataset->size; k++)
    ratios[k] = ratios[k] > bound ? LARGE * (ratios[k] / bound) : 0;
  memory_free(run, sorted);
  return TERN_SUCCESS;
}
