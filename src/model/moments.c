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

/* As many structures and environments as these and so many for each number of the outputs tell their moments. */
enum { ROWS = 128, MOST_SAMPLES = 2000, MOST_KEPT = 2000, ENOUGH = 2000, ENOUGH_EACH = 10 };

/* Rows that wait to be added to moments. */
typedef struct pile {
  int64_t size, held;
  bool whitened;
  double *rows;    /* [ROWS][size] */
  double *moments; /* [size][size] */
} pile;

/* What one thread gathers. */
typedef struct share {
  pile structures, environments;
  double *targets, *total;
} share;

typedef struct gathering {
  moments *moments;
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

static int32_t pile_flush(const moments *moments, pile *pile) {
  const blas_table *blas;
  const int32_t size = (int32_t)pile->size, held = (int32_t)pile->held;
  const double one = 1;
  if (held == 0)
    return TERN_SUCCESS;
  if (pile->whitened)
    TRY(moments->linear->whiten(moments->model->parts[0].state, held, pile->rows));
  TRY(blas_begin(&blas));
  blas->dsyrk("U", "N", &size, &held, &one, pile->rows, &size, &one, pile->moments, &size, 1, 1);
  blas_end();
  pile->held = 0;
  return TERN_SUCCESS;
}

static int32_t pile_add(const moments *moments, pile *pile, double factor, const double *row) {
  double *own = pile->rows + pile->held++ * pile->size;
  for (int64_t k = 0; k < pile->size; k++)
    own[k] = factor * row[k];
  return pile->held == ROWS ? pile_flush(moments, pile) : TERN_SUCCESS;
}

/* ---- one structure ---- */

/* Environment `number` of those trained on; the places of kept ones are evenly spread over their numbers. */
static void keep(moments *moments, const frame *frame, int64_t atom, int64_t number, const double *values) {
  const tern_model *model = moments->model;
  const int64_t all = moments->first_atom[moments->n_visited], place = number * moments->n_kept / all;
  if ((number + 1) * moments->n_kept / all == place)
    return;
  memcpy(moments->kept + place * moments->size, values, (size_t)moments->size * sizeof(double));
  moments->kept_species[place] =
      (int32_t)baseline_index(model->n_species, model->species, frame->system->species[atom]);
}

static int32_t add_atom(gathering *gathering, share *share, const frame *frame, int64_t atom, int64_t number,
                        double *values) {
  moments *moments = gathering->moments;
  for (int64_t k = 0; k < moments->size; k++)
    share->total[k] += values[k];
  if (number < 0)
    return TERN_SUCCESS;
  keep(moments, frame, atom, number, values);
  return pile_add(moments, &share->environments, 1, values);
}

/* first: the number of the structure's first environment, -1: it was not trained on. */
static int32_t add_atoms(gathering *gathering, share *share, run *run, const frame *frame, int64_t first) {
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
        status = add_atom(gathering, share, frame, atom, first < 0 ? -1 : first + atom, values);
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
  if (trained && moments->linear == NULL) {
    double energy;
    TRY(energy_left(moments->model, run, frame, &energy));
    TRY(pile_add(moments, &share->structures, weight, share->total));
    for (int64_t k = 0; k < moments->size; k++)
      share->targets[k] += weight * weight * energy * share->total[k];
  }
  return moments->sample[index] < 0 ? TERN_SUCCESS
                                    : add_sample(moments, share, run, frame, moments->sample[index]);
}

static int32_t add_structure(gathering *gathering, share *share, run *run, int64_t visit) {
  moments *moments = gathering->moments;
  const int64_t index = moments->visited[visit];
  const frame *frame = moments->dataset->frames[index];
  const bool trained = moments->held_out == NULL || !moments->held_out[index];
  TRY(add_atoms(gathering, share, run, frame, trained ? moments->first_atom[visit] : -1));
  return frame->has_energy ? add_energy(moments, share, run, index, trained) : TERN_SUCCESS;
}

/* ---- all structures ---- */

static int32_t work_on_structure(void *context, run *serial, int64_t visit, void *share) {
  gathering *gathering = context;
  return dataset_name_failure(gathering->moments->dataset, gathering->moments->visited[visit],
                              add_structure(gathering, share, serial, visit));
}

static int32_t share_new(const gathering *gathering, share *share) {
  run *run = gathering->moments->run;
  const int64_t size = gathering->moments->size;
  TRY(MEMORY_NEW(run, &share->total, size, "outputs of a structure"));
  TRY(pile_new(run, size, &share->environments));
  share->environments.whitened = moments_whitened(gathering->moments);
  if (gathering->moments->linear != NULL)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(run, &share->targets, size, "outputs of a structure"));
  return pile_new(run, size, &share->structures);
}

static void share_free(run *run, share *share) {
  memory_free(run, share->total);
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
    TRY(pile_flush(moments, &share->structures));
    TRY(pile_flush(moments, &share->environments));
    add(size * size, share->environments.moments, moments->environments);
    if (moments->linear == NULL) {
      add(size * size, share->structures.moments, moments->structures);
      add(size, share->targets, moments->targets);
    }
  }
  return TERN_SUCCESS;
}

static int32_t each_structure(gathering *gathering) {
  const threads_items items = {.stage = "uncertainty",
                               .work = work_on_structure,
                               .spaces = gathering->shares,
                               .space_size = sizeof *gathering->shares};
  return threads_each(gathering->moments->run, gathering->moments->n_visited, &items, gathering);
}

static int32_t go_through(moments *moments) {
  gathering gathering = {.moments = moments};
  run *run = moments->run;
  const int32_t threads = threads_count(run, moments->n_visited, 1);
  TRY(MEMORY_NEW(run, &gathering.shares, threads, "moments of the outputs"));
  int32_t status = TERN_SUCCESS;
  for (int32_t thread = 0; status == TERN_SUCCESS && thread < threads; thread++)
    status = share_new(&gathering, &gathering.shares[thread]);
  if (status == TERN_SUCCESS)
    status = each_structure(&gathering);
  if (status == TERN_SUCCESS)
    status = collect(&gathering, threads);
  for (int32_t thread = 0; thread < threads; thread++)
    share_free(run, &gathering.shares[thread]);
  memory_free(run, gathering.shares);
  return status;
}

/* ---- which structures ---- */

bool moments_whitened(const moments *moments) {
  return moments->linear != NULL && moments->linear->whiten != NULL && moments->size == moments->width;
}

static bool is_held_out(const moments *moments, int64_t index) {
  return moments->held_out != NULL && moments->held_out[index];
}

/* Only a fit without a linear problem is calibrated by structures that were trained on here. */
static bool may_calibrate(const moments *moments, int64_t index) {
  return moments->dataset->frames[index]->has_energy &&
         (moments->held_out != NULL ? moments->held_out[index] != 0 : moments->linear == NULL);
}

/* How many of `count` things, the first `seen` of which come before, belong to an even choice of `wanted`. */
static int64_t even(int64_t seen, int64_t wanted, int64_t count) {
  return wanted >= count ? seen : seen * wanted / count;
}

typedef struct population {
  int64_t trained, atoms, held_out; /* atoms: of those trained on */
} population;

static population count_structures(const moments *moments) {
  population all = {0};
  for (int64_t index = 0; index < moments->dataset->size; index++) {
    const int64_t atoms = moments->dataset->frames[index]->system->n_owned;
    if (atoms == 0)
      continue;
    all.trained += !is_held_out(moments, index);
    all.atoms += is_held_out(moments, index) ? 0 : atoms;
    all.held_out += is_held_out(moments, index);
  }
  return all;
}

/* Structures trained on until there are environments enough, and structures where their moments count. */
static int64_t trained_wanted(const moments *moments, const population *all) {
  const int64_t enough = ENOUGH + ENOUGH_EACH * moments->size;
  if (moments->linear == NULL || all->atoms == 0)
    return enough;
  return (int64_t)ceil((double)enough * (double)all->trained / (double)all->atoms);
}

static void visit(moments *moments, int64_t index, bool trained) {
  const int64_t atoms = trained ? moments->dataset->frames[index]->system->n_owned : 0;
  moments->visited[moments->n_visited] = index;
  moments->first_atom[moments->n_visited + 1] = moments->first_atom[moments->n_visited] + atoms;
  moments->n_visited++;
}

static void choose_visits(moments *moments) {
  const population all = count_structures(moments);
  const int64_t wanted = trained_wanted(moments, &all);
  int64_t trained = 0, held_out = 0;
  for (int64_t index = 0; index < moments->dataset->size; index++) {
    if (moments->dataset->frames[index]->system->n_owned == 0)
      continue;
    const bool held = is_held_out(moments, index);
    int64_t *seen = held ? &held_out : &trained;
    const int64_t count = held ? all.held_out : all.trained, most = held ? MOST_SAMPLES : wanted;
    if (even(*seen + 1, most, count) > even(*seen, most, count))
      visit(moments, index, !held);
    ++*seen;
  }
  const int64_t atoms = moments->first_atom[moments->n_visited];
  moments->n_kept = atoms < MOST_KEPT ? atoms : MOST_KEPT;
}

/* All visited ones that may calibrate, or so many of them, evenly spread. */
static void choose_samples(moments *moments) {
  int64_t candidates = 0, seen = 0;
  for (int64_t index = 0; index < moments->dataset->size; index++)
    moments->sample[index] = -1;
  for (int64_t k = 0; k < moments->n_visited; k++)
    candidates += may_calibrate(moments, moments->visited[k]);
  for (int64_t k = 0; k < moments->n_visited; k++)
    if (may_calibrate(moments, moments->visited[k])) {
      if (even(seen + 1, MOST_SAMPLES, candidates) > even(seen, MOST_SAMPLES, candidates))
        moments->sample[moments->visited[k]] = moments->n_samples++;
      seen++;
    }
}

static int32_t choose(moments *moments) {
  run *run = moments->run;
  const int64_t structures = moments->dataset->size;
  const char *what = "structures that tell the uncertainty";
  TRY(MEMORY_NEW(run, &moments->sample, structures, what));
  TRY(MEMORY_NEW(run, &moments->visited, structures, what));
  TRY(MEMORY_NEW(run, &moments->first_atom, structures + 1, what));
  choose_visits(moments);
  choose_samples(moments);
  return TERN_SUCCESS;
}

int32_t moments_gather(moments *moments) {
  run *run = moments->run;
  const int64_t size = moments->size;
  const char *what = "moments of the outputs";
  TRY(choose(moments));
  if (moments->linear == NULL)
    TRY(MEMORY_NEW(run, &moments->structures, size * size, what));
  TRY(MEMORY_NEW(run, &moments->environments, size * size, what));
  TRY(MEMORY_NEW(run, &moments->targets, size, what));
  TRY(MEMORY_NEW(run, &moments->kept, moments->n_kept * size, what));
  TRY(MEMORY_NEW(run, &moments->kept_species, moments->n_kept, what));
  TRY(MEMORY_NEW(run, &moments->sums, moments->n_samples * size, what));
  TRY(MEMORY_NEW(run, &moments->errors, moments->n_samples, what));
  TRY(MEMORY_NEW(run, &moments->energies, moments->n_samples, what));
  TRY(MEMORY_NEW(run, &moments->weights, moments->n_samples, what));
  return go_through(moments);
}

void moments_free(moments *moments) {
  run *run = moments->run;
  memory_free(run, moments->sample);
  memory_free(run, moments->visited);
  memory_free(run, moments->first_atom);
  memory_free(run, moments->structures);
  memory_free(run, moments->environments);
  memory_free(run, moments->targets);
  memory_free(run, moments->kept);
  memory_free(run, moments->kept_species);
  memory_free(run, moments->sums);
  memory_free(run, moments->errors);
  memory_free(run, moments->energies);
  memory_free(run, moments->weights);
}
