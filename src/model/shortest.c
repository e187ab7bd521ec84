/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/shortest.h"

#include <math.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/baseline.h"
#include "system/neighbours.h"

/* Calls visit for each pair of neighbours, with the numbers of their species. */
typedef void (*pair_visit)(void *context, int64_t center, int64_t a, int64_t b, double r);

typedef struct pairs_of {
  int64_t n_species;
  const int32_t *species;
  double cutoff;
  pair_visit visit;
  void *context;
} pairs_of;

static int32_t visit_known(const pairs_of *pairs, const tern_system *system, const int64_t *index,
                           const neighbours *list) {
  for (int64_t center = 0; center < list->n_centers; center++)
    for (int64_t k = list->first[center]; k < list->first[center + 1]; k++) {
      const double *vector = list->vectors + 3 * k;
      const int64_t a = index[center], b = index[list->atom[k]];
      if (a < 0 || b < 0) {
        const int64_t atom = a < 0 ? center : list->atom[k];
        return error_set(TERN_ERROR_DATA, "atom %lld is %s, a species that the model was not fitted on",
                         (long long)atom, elements_symbol(system->species[atom]));
      }
      pairs->visit(pairs->context, center, a, b,
                   sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]));
    }
  return TERN_SUCCESS;
}

static int32_t visit_pairs(const pairs_of *pairs, run *run, const tern_system *system) {
  neighbours list = {0};
  int64_t *index = NULL;
  TRY(neighbours_build(run, system, pairs->cutoff, 0, NULL, &list));
  int32_t status = MEMORY_NEW(run, &index, system->n_atoms, "the species of the atoms");
  for (int64_t atom = 0; status == TERN_SUCCESS && atom < system->n_atoms; atom++)
    index[atom] = baseline_index(pairs->n_species, pairs->species, system->species[atom]);
  if (status == TERN_SUCCESS)
    status = visit_known(pairs, system, index, &list);
  memory_free(run, index);
  neighbours_free(run, &list);
  return status;
}

/* ---- in the data ---- */

typedef struct table {
  int64_t n_species;
  double *distances;
} table;

static void keep_shorter(void *context, int64_t center, int64_t a, int64_t b, double r) {
  const table *table = context;
  double *both[2] = {&table->distances[a * table->n_species + b], &table->distances[b * table->n_species + a]};
  (void)center;
  for (int k = 0; k < 2; k++)
    *both[k] = fmin(*both[k], r);
}

int32_t shortest_measure(run *run, const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                         double cutoff, double *distances) {
  table table = {n_species, distances};
  const pairs_of pairs = {n_species, species, cutoff, keep_shorter, &table};
  for (int64_t k = 0; k < n_species * n_species; k++)
    distances[k] = cutoff;
  for (int64_t index = 0; index < dataset->size; index++)
    TRY(dataset_name_failure(dataset, index, visit_pairs(&pairs, run, dataset->frames[index]->system)));
  return TERN_SUCCESS;
}

void shortest_report(const tern_model *model, text *report) {
  text_add(report, "\"shortest_distances\": {");
  for (int64_t a = 0; a < model->n_species; a++)
    for (int64_t b = a; b < model->n_species; b++)
      text_add(report, "%s\"%s-%s\": %.10g", a + b > 0 ? ", " : "", elements_symbol(model->species[a]),
               elements_symbol(model->species[b]), model->shortest[a * model->n_species + b]);
  text_add(report, "}");
}

/* ---- in a structure ---- */

typedef struct comparison {
  const tern_model *model;
  double *ratios;
} comparison;

static void compare(void *context, int64_t center, int64_t a, int64_t b, double r) {
  const comparison *comparison = context;
  const double shortest = comparison->model->shortest[a * comparison->model->n_species + b];
  if (r < shortest)
    comparison->ratios[center] = fmin(comparison->ratios[center], r / shortest);
}

int32_t shortest_ratios(const tern_model *model, run *run, const tern_system *system, double *ratios) {
  comparison comparison = {model, ratios};
  pairs_of pairs = {model->n_species, model->species, 0, compare, &comparison};
  for (int64_t k = 0; k < (int64_t)model->n_species * model->n_species; k++)
    pairs.cutoff = fmax(pairs.cutoff, model->shortest[k]);
  for (int64_t atom = 0; atom < system->n_owned; atom++)
    ratios[atom] = 1;
  return pairs.cutoff > 0 ? visit_pairs(&pairs, run, system) : TERN_SUCCESS;
}
