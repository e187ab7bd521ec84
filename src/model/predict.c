/* SPDX-License-Identifier: BSD-3-Clause */
/* Energies, forces and virials in one pass over the centres; no derivative is stored. */
#include <math.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/baseline.h"
#include "model/fade.h"
#include "model/model.h"

enum { GRAIN = 16 }; /* centres that are worth a thread */

typedef struct prediction {
  const tern_model *model;
  const model_part *part; /* the one at hand, and */
  environments environments; /* its environments */
  fade fade;
  run *run;
  int64_t n_atoms;
  int32_t most_threads;
  double *energies; /* [n_owned] */
  double *forces;   /* [most_threads][n_atoms][3]; NULL: not wanted */
  double *virial;   /* [most_threads][3][3]; NULL: not wanted */
  double *virials;  /* [n_owned][3][3]; NULL: not wanted */
} prediction;

/* One thread's arrays, large enough for any environment of a part. */
typedef struct workspace {
  double *gradient; /* NULL: not wanted */
  void *scratch;
} workspace;

static int32_t workspace_new(const prediction *prediction, workspace *space) {
  const model_part *part = prediction->part;
  const int64_t neighbours = prediction->environments.most_neighbours, rows = prediction->environments.most_rows;
  const bool gradients = prediction->forces != NULL || prediction->virial != NULL || prediction->virials != NULL;
  TRY(memory_new(prediction->run, &space->scratch, part->kind->scratch(part->state, part->descriptor, neighbours, rows),
                 1, "scratch of a prediction"));
  return gradients ? MEMORY_NEW(prediction->run, &space->gradient, 3 * neighbours, "gradient of an atom's energy")
                   : TERN_SUCCESS;
}

static void workspace_free(const prediction *prediction, workspace *space) {
  memory_free(prediction->run, space->scratch);
  memory_free(prediction->run, space->gradient);
}

/* A neighbour's gradient acts on it and, reversed, on the centre. */
static void add_forces(const environment *environment, int64_t center, const int64_t *atoms, const double *gradient,
                       double *forces) {
  double own[3] = {0, 0, 0};
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    for (int axis = 0; axis < 3; axis++) {
      own[axis] += gradient[3 * k + axis];
      forces[3 * atoms[k] + axis] -= gradient[3 * k + axis];
    }
  for (int axis = 0; axis < 3; axis++)
    forces[3 * center + axis] += own[axis];
}

static void add_virial(const environment *environment, const double *gradient, double *total, double *own) {
  double sum[9] = {0};
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        sum[3 * a + b] -= gradient[3 * k + a] * environment->vectors[3 * k + b];
  for (int k = 0; k < 9; k++) {
    if (total != NULL)
      total[k] += sum[k];
    if (own != NULL)
      own[k] += sum[k];
  }
}

/* A part's energy and gradient, as far as neighbours that are too near leave them; the constant that they give way to
   is counted with the first part. */
static int32_t evaluate(const prediction *prediction, const environment *environment, int64_t rows, void *scratch,
                        model_answer *answer) {
  const model_part *part = prediction->part;
  const fade *fade = &prediction->fade;
  const fading fading = fade_of(fade, environment);
  if (fading.factor > 0)
    TRY(part->kind->evaluate(part->state, part->descriptor, environment, rows, scratch, answer));
  else if (answer->gradient != NULL)
    memset(answer->gradient, 0, (size_t)(3 * environment->n_neighbours) * sizeof(double));
  if (fading.factor < 1) {
    const bool first = part == prediction->model->parts;
    fade_apply(fade, environment, &fading, first ? fade_constant(fade, environment->center_species) : 0,
               &answer->energy, answer->gradient);
  }
  return TERN_SUCCESS;
}

static int32_t predict_center(prediction *prediction, workspace *space, int64_t index, int32_t thread) {
  const environments *all = &prediction->environments;
  const environment environment = environments_at(all, index);
  const int64_t center = all->centers[index], rows = all->first_row[index + 1] - all->first_row[index];
  model_answer answer = {.gradient = environment.n_neighbours > 0 ? space->gradient : NULL};
  TRY(evaluate(prediction, &environment, rows, space->scratch, &answer));
  prediction->energies[center] += answer.energy;
  if (answer.gradient == NULL)
    return TERN_SUCCESS;
  if (prediction->forces != NULL)
    add_forces(&environment, center, all->neighbours.atom + all->neighbours.first[index], answer.gradient,
               prediction->forces + thread * 3 * prediction->n_atoms);
  add_virial(&environment, answer.gradient, prediction->virial == NULL ? NULL : prediction->virial + 9 * thread,
             prediction->virials == NULL ? NULL : prediction->virials + 9 * center);
  return TERN_SUCCESS;
}

static int32_t predict_centers(void *context, int64_t begin, int64_t end, int32_t thread) {
  prediction *prediction = context;
  workspace space = {0};
  int32_t status = workspace_new(prediction, &space);
  for (int64_t index = begin; status == TERN_SUCCESS && index < end; index++)
    status = predict_center(prediction, &space, index, thread);
  workspace_free(prediction, &space);
  return status;
}

static int32_t refuse_species(const tern_model *model, int64_t atom, int32_t species) {
  text known = {0};
  for (int32_t k = 0; k < model->n_species; k++)
    text_add(&known, "%s%s", k > 0 ? ", " : "", elements_symbol(model->species[k]));
  error_set(TERN_ERROR_DATA, "atom %lld is %s, a species that the model was not fitted on; it knows %s",
            (long long)atom, elements_symbol(species), known.failed ? "others" : known.data);
  text_free(&known);
  return TERN_ERROR_DATA;
}

int32_t model_check_species(const tern_model *model, const tern_system *system) {
  for (int64_t atom = 0; atom < system->n_owned; atom++)
    if (baseline_index(model->n_species, model->species, system->species[atom]) < 0)
      return refuse_species(model, atom, system->species[atom]);
  return TERN_SUCCESS;
}

static int32_t predict_baseline(const tern_model *model, const tern_system *system, double *energies) {
  TRY(model_check_species(model, system));
  for (int64_t atom = 0; atom < system->n_owned; atom++)
    energies[atom] = model->e0[baseline_index(model->n_species, model->species, system->species[atom])];
  return TERN_SUCCESS;
}

/* A few atoms are not worth all threads, nor their arrays. */
static int32_t threads_worth(const run *run, const tern_system *system) {
  return threads_count(run, system->n_owned, GRAIN);
}

static int32_t prediction_new(prediction *prediction, const tern_system *system, bool forces, bool virial,
                              bool virials) {
  run *run = prediction->run;
  prediction->most_threads = threads_worth(run, system);
  TRY(MEMORY_NEW(run, &prediction->energies, system->n_owned, "energies of the atoms"));
  TRY(predict_baseline(prediction->model, system, prediction->energies));
  if (forces)
    TRY(MEMORY_NEW(run, &prediction->forces, 3 * system->n_atoms * prediction->most_threads, "forces of each thread"));
  if (virial)
    TRY(MEMORY_NEW(run, &prediction->virial, 9 * (int64_t)prediction->most_threads, "virial of each thread"));
  if (virials)
    TRY(MEMORY_NEW(run, &prediction->virials, 9 * system->n_owned, "virials of the atoms"));
  return TERN_SUCCESS;
}

static void prediction_free(prediction *prediction) {
  memory_free(prediction->run, prediction->energies);
  memory_free(prediction->run, prediction->forces);
  memory_free(prediction->run, prediction->virial);
  memory_free(prediction->run, prediction->virials);
}

static int32_t predict_part(prediction *prediction, const tern_system *system, const model_part *part) {
  prediction->part = part;
  fade_open(&prediction->fade, prediction->model->zbl, part->descriptor);
  TRY(environments_build(part->descriptor, prediction->run, system, &prediction->environments));
  const int32_t status = threads_for(prediction->run, prediction->environments.neighbours.n_centers, GRAIN,
                                     predict_centers, prediction);
  environments_free(prediction->run, &prediction->environments);
  return status;
}

static int32_t predict_zbl(prediction *prediction, const tern_system *system) {
  const zbl_sums sums = {.energies = prediction->energies,
                         .forces = prediction->forces,
                         .virial = prediction->virial,
                         .virials = prediction->virials}; /* the first thread's */
  return prediction->model->zbl == NULL ? TERN_SUCCESS
                                        : zbl_add(prediction->model->zbl, prediction->run, system, sums);
}

/* The threads' parts are added in their order. */
static void sum_threads(int64_t count, int32_t threads, double *parts) {
  for (int32_t thread = 1; parts != NULL && thread < threads; thread++)
    for (int64_t k = 0; k < count; k++)
      parts[k] += parts[thread * count + k];
}

static int32_t check_finite(const char *what, int64_t count, int64_t per_atom, const double *values) {
  for (int64_t k = 0; values != NULL && k < count; k++)
    if (!isfinite(values[k]))
      return error_set(TERN_ERROR_NUMERICAL, "the %s of atom %lld came out as %g", what, (long long)(k / per_atom),
                       values[k]);
  return TERN_SUCCESS;
}

static int32_t prediction_check(const prediction *prediction, const tern_system *system) {
  TRY(check_finite("energy", system->n_owned, 1, prediction->energies));
  TRY(check_finite("force", 3 * system->n_atoms, 3, prediction->forces));
  TRY(check_finite("virial", 9 * system->n_owned, 9, prediction->virials));
  return check_finite("virial", prediction->virial != NULL ? 9 : 0, 9, prediction->virial);
}

static void copy_out(int64_t count, const double *values, double *output) {
  if (output != NULL && count > 0)
    memcpy(output, values, (size_t)count * sizeof(double));
}

int32_t model_predict(const tern_model *model, run *run, const tern_system *system, double *energy, double *forces,
                      double *virial, double *energies, double *virials) {
  prediction prediction = {.model = model, .run = run, .n_atoms = system->n_atoms};
  TRY(model_check_energies(model));
  int32_t status = prediction_new(&prediction, system, forces != NULL, virial != NULL, virials != NULL);
  if (status == TERN_SUCCESS)
    status = predict_zbl(&prediction, system);
  for (int64_t k = 0; status == TERN_SUCCESS && k < model->n_parts; k++)
    status = predict_part(&prediction, system, &model->parts[k]);
  if (status == TERN_SUCCESS) {
    sum_threads(3 * system->n_atoms, prediction.most_threads, prediction.forces);
    sum_threads(9, prediction.most_threads, prediction.virial);
    status = prediction_check(&prediction, system);
  }
  if (status == TERN_SUCCESS) {
    double sum = 0;
    for (int64_t atom = 0; atom < system->n_owned; atom++)
      sum += prediction.energies[atom];
    copy_out(1, &sum, energy);
    copy_out(3 * system->n_atoms, prediction.forces, forces);
    copy_out(9, prediction.virial, virial);
    copy_out(system->n_owned, prediction.energies, energies);
    copy_out(9 * system->n_owned, prediction.virials, virials);
  }
  prediction_free(&prediction);
  return status;
}
