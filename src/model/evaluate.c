/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/evaluate.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/baseline.h"
#include "model/measure.h"

enum { ENERGY, FORCES, VIRIAL, TENSOR, TARGETS };

/* One structure's differences; summed in the order of the structures, whatever the threads. */
typedef struct evaluation {
  const tern_model *model;
  const tern_dataset *dataset;
  run *run;
  const unsigned char *marks;   /* [size] of what is evaluated; NULL: everything */
  const char *name;             /* of the member of the report */
  measure (*measures)[TARGETS]; /* [size] */
  double *highest;              /* [size][n_species]; NULL: not wanted */
} evaluation;

static void keep_highest(const evaluation *evaluation, int64_t index, const double *energies) {
  const tern_model *model = evaluation->model;
  const tern_system *system = evaluation->dataset->frames[index]->system;
  double *highest = evaluation->highest + index * model->n_species;
  for (int64_t atom = 0; atom < system->n_owned; atom++) {
    const int64_t k = baseline_index(model->n_species, model->species, system->species[atom]);
    highest[k] = fmax(highest[k], energies[atom] - model->e0[k]);
  }
}

static void add_differences(const frame *frame, double energy, const double *forces, const double *virial,
                            measure *measures) {
  const int64_t atoms = frame->system->n_atoms;
  if (frame->has_energy)
    measure_add(&measures[ENERGY], (energy - frame->energy) / (double)atoms);
  for (int64_t k = 0; frame->forces != NULL && k < 3 * atoms; k++)
    measure_add(&measures[FORCES], forces[k] - frame->forces[k]);
  for (int k = 0; frame->has_virial && k < 9; k++)
    measure_add(&measures[VIRIAL], (virial[k] - frame->virial[k / 3][k % 3]) / (double)atoms);
}

static int32_t evaluate_frame(evaluation *evaluation, run *run, int64_t index) {
  const frame *frame = evaluation->dataset->frames[index];
  const int64_t atoms = frame->system->n_atoms;
  double energy, virial[9], *forces = NULL, *energies = NULL;
  int32_t status = TERN_SUCCESS;
  if (atoms == 0)
    return TERN_SUCCESS;
  if (frame->forces != NULL)
    status = MEMORY_NEW(run, &forces, 3 * atoms, "predicted forces");
  if (status == TERN_SUCCESS && evaluation->highest != NULL)
    status = MEMORY_NEW(run, &energies, atoms, "predicted energies of the atoms");
  if (status == TERN_SUCCESS)
    status = model_predict(evaluation->model, run, frame->system, &energy, forces, frame->has_virial ? virial : NULL,
                           energies, NULL);
  if (status == TERN_SUCCESS)
    add_differences(frame, energy, forces, virial, evaluation->measures[index]);
  if (status == TERN_SUCCESS && energies != NULL)
    keep_highest(evaluation, index, energies);
  memory_free(run, forces);
  memory_free(run, energies);
  return status;
}

static int32_t evaluate_tensor(evaluation *evaluation, run *run, int64_t index) {
  const frame *frame = evaluation->dataset->frames[index];
  double values[TENSOR_MOST];
  int32_t order;
  const frame_tensor *tensor = frame_find_tensor(frame, model_target(evaluation->model, &order));
  if (tensor == NULL)
    return TERN_SUCCESS;
  TRY(model_predict_tensor(evaluation->model, run, frame->system, values));
  for (int64_t k = 0; k < tensor_count(order); k++)
    measure_add(&evaluation->measures[index][TENSOR], values[k] - tensor->values[k]);
  return TERN_SUCCESS;
}

static int32_t evaluate_structure(void *context, run *run, int64_t index, void *space) {
  evaluation *evaluation = context;
  (void)space;
  if (evaluation->marks != NULL && !evaluation->marks[index])
    return TERN_SUCCESS;
  return dataset_name_failure(evaluation->dataset, index,
                              model_has_tensor(evaluation->model) ? evaluate_tensor(evaluation, run, index)
                                                                  : evaluate_frame(evaluation, run, index));
}

static void report_measures(const evaluation *evaluation, text *report) {
  int32_t order;
  const char *const names[TARGETS][2] = {{"energy_per_atom", "eV"},
                                         {"forces", "eV/Angstrom"},
                                         {"virial_per_atom", "eV"},
                                         {model_target(evaluation->model, &order), "as in the data"}};
  text_add(report, "\"%s\": {", evaluation->name);
  for (int target = 0, shown = 0; target < TARGETS; target++) {
    measure sum = {0};
    for (int64_t index = 0; index < evaluation->dataset->size; index++)
      measure_merge(&sum, &evaluation->measures[index][target]);
    if (sum.count == 0)
      continue;
    text_add(report, "%s", shown++ > 0 ? ", " : "");
    measure_report(&sum, names[target][0], -1, names[target][1], report);
  }
  text_add(report, "}");
}

/* The largest of all structures. */
static void give_highest(const evaluation *evaluation, double *highest) {
  const int32_t n_species = evaluation->model->n_species;
  for (int32_t k = 0; k < n_species; k++) {
    double most = -INFINITY;
    for (int64_t index = 0; index < evaluation->dataset->size; index++)
      most = fmax(most, evaluation->highest[index * n_species + k]);
    highest[k] = isfinite(most) ? most : 0;
  }
}

static int32_t evaluate_all(evaluation *evaluation, double *highest, text *report) {
  run *run = evaluation->run;
  const int64_t size = evaluation->dataset->size, numbers = size * evaluation->model->n_species;
  TRY(MEMORY_NEW(run, &evaluation->measures, size, "errors of the structures"));
  if (highest != NULL)
    TRY(MEMORY_NEW(run, &evaluation->highest, numbers, "highest energies of the structures"));
  for (int64_t k = 0; highest != NULL && k < numbers; k++)
    evaluation->highest[k] = -INFINITY;
  const threads_items items = {.stage = "errors", .work = evaluate_structure};
  TRY(threads_each(run, size, &items, evaluation));
  report_measures(evaluation, report);
  if (highest != NULL)
    give_highest(evaluation, highest);
  return TERN_SUCCESS;
}

static int32_t evaluate(evaluation *evaluation, double *highest, text *report) {
  const int32_t status = evaluate_all(evaluation, highest, report);
  memory_free(evaluation->run, evaluation->measures);
  memory_free(evaluation->run, evaluation->highest);
  return status;
}

int32_t model_evaluate(const tern_model *model, run *run, const tern_dataset *dataset, double *highest, text *report) {
  evaluation evaluation = {.model = model, .dataset = dataset, .run = run, .name = "errors"};
  return evaluate(&evaluation, highest, report);
}

int32_t model_evaluate_marked(const tern_model *model, run *run, const tern_dataset *dataset,
                              const unsigned char *marks, const char *name, text *report) {
  evaluation evaluation = {.model = model, .dataset = dataset, .run = run, .marks = marks, .name = name};
  return evaluate(&evaluation, NULL, report);
}
