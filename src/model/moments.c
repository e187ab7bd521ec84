/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/moments.h"

#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/baseline.h"
#include "model/outputs.h"
#include "model/uncertainty.h"

enum { ROWS = 128, MOST_SAMPLES = 2000 };

/* Rows that wait to be added to moments. */
typedef struct pile {
  int64_t size, held;
  double *rows;    /* [ROWS][size] */
  double *moments; /* [size][size] */
} pile;

/* What one thread gathers. */
typedef struct share {
  pile structures, environments;
  double *targets, *total, *largest;
} share;

typedef struct gathering {
  moments *moments;
  const double *triangle; /* NULL: moments are gathered, else largest norms */
  share *shares;
} gathering;

/* ---- piles ---- */

static int32_t pile_new(run *run, int64_t size, pile *pile) {
  *pile = (struct pile){.size = size};
  TRY(MEMORY_NEW(run, &pile->rows, ROWS * size, "outputs of atoms"));
  return MEMORY_NEW(run, &pile->moments, size * size, "moments of the outputs");
}

static void pile_free(run *run, pile *pile) {
  memory_free(run, pile->rows);
  memory_free(run, pile->moments);
}

static int32_t pile_flush(pile *pile) {
  const blas_table *blas;
  const int32_t size = (int32_t)pile->size, held = (int32_t)pile->held;
  const double one = 1;
  if (held == 0)
    return TERN_SUCCESS;
  TRY(blas_begin(&blas));
  blas->dsyrk("U", "N", &size, &held, &one, pile->rows, &size, &one, pile->moments, &size, 1, 1);
  blas_end();
  pile->held = 0;
  return TERN_SUCCESS;
}

static int32_t pile_add(pile *pile, double factor, const double *row) {
  double *own = pile->rows + pile->held++ * pile->size;
  for (int64_t k = 0; k < pile->size; k++)
    own[k] = factor * row[k];
  return pile->held == ROWS ? pile_flush(pile) : TERN_SUCCESS;
}

/* ---- one structure ---- */

static int32_t add_atom(gathering *gathering, share *share, const frame *frame, int64_t atom, bool trained,
                        double *values) {
  const moments *moments = gathering->moments;
  const tern_model *model = moments->model;
  for (int64_t k = 0; k < moments->size; k++)
    share->total[k] += values[k];
  if (!trained)
    return TERN_SUCCESS;
  if (gathering->triangle == NULL)
    return pile_add(&share->environments, 1, values);
  double *largest = &share->largest[baseline_index(model->n_species, model->species, frame->system->species[atom])];
  *largest = fmax(*largest, uncertainty_norm(moments->size, gathering->triangle, values));
  return TERN_SUCCESS;
}

static int32_t add_atoms(gathering *gathering, share *share, run *run, const frame *frame, bool trained) {
  outputs outputs;
  outputs_workspace space;
  double *values = NULL;
  memset(share->total, 0, (size_t)gathering->moments->size * sizeof(double));
  TRY(outputs_new(&outputs, gathering->moments->model, run, frame->system));
  int32_t status = outputs_workspace_new(&space, &outputs);
  if (status == TERN_SUCCESS) {
    status = MEMORY_NEW(run, &values, outputs.size, "outputs of an atom");
    for (int64_t atom = 0; status == TERN_SUCCESS && atom < frame->system->n_owned; atom++) {
      status = outputs_of_atom(&outputs, &space, atom, values);
      if (status == TERN_SUCCESS)
        status = add_atom(gathering, share, frame, atom, trained, values);
    }
    memory_free(run, values);
    outputs_workspace_free(&space, &outputs);
  }
  outputs_free(&outputs);
  return status;
}

/* What e0 and the baseline leave of a structure's energy. */
static int32_t energy_left(const tern_model *model, run *run, const frame *frame, double *energy) {
  double *energies = NULL;
  *energy = frame->energy - baseline_energy(model->n_species, model->species, model->e0, frame->system);
  if (model->zbl == NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &energies, frame->system->n_owned, "energies of the atoms"));
  const int32_t status = zbl_add(model->zbl, run, frame->system, (zbl_sums){.energies = energies});
  for (int64_t atom = 0; atom < frame->system->n_owned; atom++)
    *energy -= energies[atom];
  memory_free(run, energies);
  return status;
}

static int32_t add_sample(moments *moments, const share *share, run *run, const frame *frame, int64_t sample) {
  double predicted;
  TRY(model_predict(moments->model, run, frame->system, &predicted, NULL, NULL, NULL, NULL));
  memcpy(moments->sums + sample * moments->size, share->total, (size_t)moments->size * sizeof(double));
  moments->errors[sample] = frame->energy - predicted;
  moments->weights[sample] = 1 / sqrt((double)frame->system->n_owned);
  return energy_left(moments->model, run, frame, &moments->energies[sample]);
}

/* A structure's sum counts to the moments, calibrates, or both. */
static int32_t add_energy(moments *moments, share *share, run *run, int64_t index, bool trained) {
  const frame *frame = moments->dataset->frames[index];
  const double weight = 1 / sqrt((double)frame->system->n_owned);
  if (trained) {
    double energy;
    TRY(energy_left(moments->model, run, frame, &energy));
    TRY(pile_add(&share->structures, weight, share->total));
    for (int64_t k = 0; k < moments->size; k++)
      share->targets[k] += weight * weight * energy * share->total[k];
  }
  return moments->sample[index] < 0 ? TERN_SUCCESS
                                    : add_sample(moments, share, run, frame, moments->sample[index]);
}

static int32_t add_structure(gathering *gathering, share *share, run *run, int64_t index) {
  moments *moments = gathering->moments;
  const frame *frame = moments->dataset->frames[index];
  const bool trained = moments->held_out == NULL || !moments->held_out[index];
  if (frame->system->n_owned == 0)
    return TERN_SUCCESS;
  TRY(add_atoms(gathering, share, run, frame, trained));
  if (gathering->triangle != NULL || !frame->has_energy)
    return TERN_SUCCESS;
  return add_energy(moments, share, run, index, trained);
}

/* ---- all structures ---- */

static int32_t work_on_structure(void *context, run *serial, int64_t index, int32_t thread) {
  gathering *gathering = context;
  const int32_t status = add_structure(gathering, &gathering->shares[thread], serial, index);
  if (status != TERN_SUCCESS)
    error_prefix(status, "structure %lld: ", (long long)index);
  return status;
}

static int32_t share_new(const gathering *gathering, share *share) {
  run *run = gathering->moments->run;
  const int64_t size = gathering->moments->size;
  TRY(MEMORY_NEW(run, &share->total, size, "outputs of a structure"));
  TRY(MEMORY_NEW(run, &share->largest, gathering->moments->model->n_species, "the largest scores"));
  if (gathering->triangle != NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &share->targets, size, "outputs of a structure"));
  TRY(pile_new(run, size, &share->structures));
  return pile_new(run, size, &share->environments);
}

static void share_free(run *run, share *share) {
  memory_free(run, share->total);
  memory_free(run, share->largest);
  memory_free(run, share->targets);
  pile_free(run, &share->structures);
  pile_free(run, &share->environments);
}

static void add(int64_t count, const double *from, double *to) {
  for (int64_t k = 0; k < count; k++)
    to[k] += from[k];
}

/* The threads' shares are added in their order. */
static int32_t collect(gathering *gathering, int32_t threads) {
  moments *moments = gathering->moments;
  const int64_t size = moments->size;
  for (int32_t thread = 0; thread < threads; thread++) {
    share *share = &gathering->shares[thread];
    if (gathering->triangle == NULL) {
      TRY(pile_flush(&share->structures));
      TRY(pile_flush(&share->environments));
      add(size * size, share->structures.moments, moments->structures);
      add(size * size, share->environments.moments, moments->environments);
      add(size, share->targets, moments->targets);
    }
    for (int32_t k = 0; k < moments->model->n_species; k++)
      moments->largest[k] = fmax(moments->largest[k], share->largest[k]);
  }
  return TERN_SUCCESS;
}

static int32_t go_through(moments *moments, const double *triangle) {
  gathering gathering = {.moments = moments, .triangle = triangle};
  const threads_items items = {.stage = triangle == NULL ? "uncertainty" : "extrapolation",
                               .work = work_on_structure};
  run *run = moments->run;
  const int32_t threads = threads_count(run, moments->dataset->size, 1);
  TRY(MEMORY_NEW(run, &gathering.shares, threads, "moments of the outputs"));
  int32_t status = TERN_SUCCESS;
  for (int32_t thread = 0; status == TERN_SUCCESS && thread < threads; thread++)
    status = share_new(&gathering, &gathering.shares[thread]);
  if (status == TERN_SUCCESS)
    status = threads_each(run, moments->dataset->size, &items, &gathering);
  if (status == TERN_SUCCESS)
    status = collect(&gathering, threads);
  for (int32_t thread = 0; thread < threads; thread++)
    share_free(run, &gathering.shares[thread]);
  memory_free(run, gathering.shares);
  return status;
}

/* ---- samples ---- */

static bool may_calibrate(const moments *moments, int64_t index) {
  const frame *frame = moments->dataset->frames[index];
  return frame->has_energy && frame->system->n_owned > 0 && (moments->held_out == NULL || moments->held_out[index]);
}

/* All that may calibrate, or so many of them, evenly spread. */
static void choose_samples(moments *moments) {
  const int64_t size = moments->dataset->size;
  int64_t candidates = 0, seen = 0;
  for (int64_t index = 0; index < size; index++)
    candidates += may_calibrate(moments, index);
  const int64_t wanted = candidates < MOST_SAMPLES ? candidates : MOST_SAMPLES;
  for (int64_t index = 0; index < size; index++) {
    moments->sample[index] = -1;
    if (may_calibrate(moments, index) && (seen++ + 1) * wanted / candidates > moments->n_samples)
      moments->sample[index] = moments->n_samples++;
  }
}

int32_t moments_gather(moments *moments) {
  run *run = moments->run;
  const int64_t size = moments->size;
  const char *what = "moments of the outputs";
  TRY(MEMORY_NEW(run, &moments->sample, moments->dataset->size, what));
  choose_samples(moments);
  TRY(MEMORY_NEW(run, &moments->structures, size * size, what));
  TRY(MEMORY_NEW(run, &moments->environments, size * size, what));
  TRY(MEMORY_NEW(run, &moments->targets, size, what));
  TRY(MEMORY_NEW(run, &moments->sums, moments->n_samples * size, what));
  TRY(MEMORY_NEW(run, &moments->errors, moments->n_samples, what));
  TRY(MEMORY_NEW(run, &moments->energies, moments->n_samples, what));
  TRY(MEMORY_NEW(run, &moments->weights, moments->n_samples, what));
  TRY(MEMORY_NEW(run, &moments->largest, moments->model->n_species, what));
  return go_through(moments, NULL);
}

int32_t moments_largest(moments *moments, const double *triangle) { return go_through(moments, triangle); }

void moments_free(moments *moments) {
  run *run = moments->run;
  memory_free(run, moments->sample);
  memory_free(run, moments->structures);
  memory_free(run, moments->environments);
  memory_free(run, moments->targets);
  memory_free(run, moments->sums);
  memory_free(run, moments->errors);
  memory_free(run, moments->energies);
  memory_free(run, moments->weights);
  memory_free(run, moments->largest);
}
