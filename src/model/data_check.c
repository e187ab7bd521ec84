/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/data_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/memory.h"

enum { MOST_NAMED = 5 }; /* of one sort, in warnings; all are counted */

/* ---- numbers beyond all bounds ---- */

/* Of energies in eV; a tensor or a vector, whose unit is unknown, must only not overflow when it is squared. */
static const double LARGEST_ENERGY = 1e15, LARGEST_NUMBER = 1e100;

static int32_t check_numbers(const char *what, double largest, int64_t count, const double *values) {
  int64_t k = 0;
  while (values != NULL && k < count && fabs(values[k]) <= largest)
    k++;
  if (values == NULL || k == count)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_DATA, "number %lld of its %s is %g; up to %g can be fitted", (long long)k, what,
                   values[k], largest);
}

static int32_t check_sizes(const frame *frame, const char *target) {
  const int64_t atoms = frame->system->n_atoms;
  const frame_tensor *tensor = target != NULL ? frame_find_tensor(frame, target) : NULL;
  const frame_vectors *vectors = target != NULL ? frame_find_vectors(frame, target) : NULL;
  if (tensor != NULL)
    TRY(check_numbers(target, LARGEST_NUMBER, tensor_count(tensor->order), tensor->values));
  if (vectors != NULL)
    TRY(check_numbers(target, LARGEST_NUMBER, atoms * vectors->width, vectors->values));
  if (target != NULL)
    return TERN_SUCCESS;
  TRY(check_numbers("energy", LARGEST_ENERGY, frame->has_energy, &frame->energy));
  TRY(check_numbers("forces", LARGEST_ENERGY, 3 * atoms, frame->forces));
  return check_numbers("virial", LARGEST_ENERGY, frame->has_virial ? 9 : 0, frame->virial[0]);
}

int32_t data_check_sizes(const tern_dataset *dataset, const char *target) {
  for (int64_t k = 0; k < dataset->size; k++)
    TRY(dataset_name_failure(dataset, k, check_sizes(dataset->frames[k], target)));
  return TERN_SUCCESS;
}

/* ---- duplicates ---- */

typedef struct print_of {
  uint64_t hash;
  int64_t index;
} print_of;

static int compare_prints(const void *a, const void *b) {
  const print_of *x = a, *y = b;
  if (x->hash != y->hash)
    return x->hash < y->hash ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static bool same(const tern_system *a, const tern_system *b) {
  return a->n_atoms == b->n_atoms && a->positions != NULL && b->positions != NULL &&
         memcmp(a->species, b->species, (size_t)a->n_atoms * sizeof *a->species) == 0 &&
         memcmp(a->positions, b->positions, (size_t)a->n_atoms * 3 * sizeof *a->positions) == 0 &&
         memcmp(a->cell, b->cell, sizeof a->cell) == 0 && memcmp(a->periodic, b->periodic, sizeof a->periodic) == 0;
}

int32_t data_duplicates(run *run, const tern_dataset *dataset, int64_t *first) {
  print_of *prints = NULL;
  TRY(MEMORY_NEW(run, &prints, dataset->size, "fingerprints of the structures"));
  for (int64_t k = 0; k < dataset->size; k++) {
    first[k] = k;
    prints[k] = (print_of){system_hash(HASH_START, dataset->frames[k]->system), k};
  }
  qsort(prints, (size_t)dataset->size, sizeof *prints, compare_prints);
  for (int64_t k = 1, begin = 0; k < dataset->size; k++) {
    begin = prints[k].hash == prints[begin].hash ? begin : k;
    const tern_system *a = dataset->frames[prints[begin].index]->system;
    if (begin < k && same(a, dataset->frames[prints[k].index]->system))
      first[prints[k].index] = prints[begin].index;
  }
  memory_free(run, prints);
  return TERN_SUCCESS;
}

/* ---- warnings ---- */

typedef struct warnings {
  const tern_dataset *dataset;
  const char *target; /* NULL: energies are fitted */
  int64_t count;
  text *report;
} warnings;

/* "structure 3 (train.xyz:17)" */
static void add_structure(const warnings *warnings, int64_t index, text *message) {
  const char *place = warnings->dataset->frames[index]->place;
  text_add(message, "structure %lld", (long long)index);
  if (place != NULL)
    text_add(message, " (%s)", place);
}

static void warn(warnings *warnings, text *message) {
  text_add(warnings->report, "%s", warnings->count++ > 0 ? ", " : "");
  text_add_json(warnings->report, message->failed ? "" : message->data);
  text_free(message);
}

static void warn_duplicates(warnings *warnings, int64_t count, const int64_t *first) {
  const tern_dataset *dataset = warnings->dataset;
  text message = {0};
  int64_t k = 0;
  while (count > 0 && first[k] == k)
    k++;
  if (count == 0)
    return;
  const frame *a = dataset->frames[first[k]], *b = dataset->frames[k];
  text_add(&message, "%lld structure%s occur%s before, with the same atoms at the same places, as ", (long long)count,
           count > 1 ? "s" : "", count > 1 ? "" : "s");
  add_structure(warnings, k, &message);
  text_add(&message, " and ");
  add_structure(warnings, first[k], &message);
  if (warnings->target == NULL && a->has_energy && b->has_energy && a->energy != b->energy)
    text_add(&message, ", whose energies differ by %.6g eV", fabs(a->energy - b->energy));
  text_add(&message, "; they count more, and validation does not see new structures: remove them");
  warn(warnings, &message);
}

static void describe_outlier(const warnings *warnings, int64_t index, double outlying, text *message) {
  const frame *frame = warnings->dataset->frames[index];
  add_structure(warnings, index, message);
  if (warnings->target != NULL)
    text_add(message, ": its '%s' is %.6g times as large as that of half of the structures", warnings->target,
             outlying);
  else
    text_add(message, ": its energy, %.10g eV, is %.6g eV per atom %s what the other structures suggest",
             frame->energy, fabs(outlying), outlying > 0 ? "above" : "below");
  text_add(message, "; correct it or leave the structure out, as it spoils the fit");
}

static void warn_outliers(warnings *warnings, int64_t count, const double *outlying) {
  for (int64_t k = 0, named = 0; k < warnings->dataset->size && named < MOST_NAMED; k++) {
    text message = {0};
    if (outlying[k] == 0)
      continue;
    describe_outlier(warnings, k, outlying[k], &message);
    if (++named == MOST_NAMED && count > named)
      text_add(&message, " (and %lld more)", (long long)(count - named));
    warn(warnings, &message);
  }
}

static bool has_target(const warnings *warnings, const frame *frame) {
  if (warnings->target != NULL)
    return frame_find_tensor(frame, warnings->target) != NULL || frame_find_vectors(frame, warnings->target) != NULL;
  return frame->has_energy || frame->forces != NULL || frame->has_virial;
}

/* The first structure with atoms of a species; -1 when one of them has the target, or when there is none. */
static int64_t find_unlearned(const warnings *warnings, int32_t species) {
  int64_t first = -1;
  for (int64_t k = 0; k < warnings->dataset->size; k++) {
    const tern_system *system = warnings->dataset->frames[k]->system;
    int64_t atom = 0;
    while (atom < system->n_owned && system->species[atom] != species)
      atom++;
    if (atom == system->n_owned)
      continue;
    if (has_target(warnings, warnings->dataset->frames[k]))
      return -1;
    first = first < 0 ? k : first;
  }
  return first;
}

static void warn_unlearned(warnings *warnings, int64_t n_species, const int32_t *species) {
  for (int64_t s = 0; s < n_species; s++) {
    const int64_t first = find_unlearned(warnings, species[s]);
    text message = {0};
    if (first < 0)
      continue;
    text_add(&message, "nothing is learned of %s: no structure with such atoms has the target; the first is ",
             elements_symbol(species[s]));
    add_structure(warnings, first, &message);
    warn(warnings, &message);
  }
}

/* Structures that nothing can be learned of. */
static void warn_without_target(warnings *warnings) {
  const tern_dataset *dataset = warnings->dataset;
  int64_t count = 0, first = -1;
  text message = {0};
  for (int64_t k = 0; k < dataset->size; k++)
    if (dataset->frames[k]->system->n_owned > 0 && !has_target(warnings, dataset->frames[k])) {
      first = first < 0 ? k : first;
      count++;
    }
  if (count == 0)
    return;
  text_add(&message, "%lld of %lld structures have no %s%s%s and are left out; the first is ", (long long)count,
           (long long)dataset->size, warnings->target != NULL ? "'" : "energy, forces or virial",
           warnings->target != NULL ? warnings->target : "", warnings->target != NULL ? "'" : "");
  add_structure(warnings, first, &message);
  warn(warnings, &message);
}

static void warn_too_little(warnings *warnings) {
  const tern_dataset *dataset = warnings->dataset;
  text constant = {0}, single = {0};
  if (warnings->target == NULL && dataset_count(dataset, TERN_TARGET_ENERGY) == 0) {
    text_add(&constant, "no structure has an energy: forces and virials are fitted alone, and energies lack a constant "
                        "for each species; if the file has energies, name their key with energy_key");
    warn(warnings, &constant);
  }
  if (dataset->size == 1) {
    text_add(&single, "there is one structure only: no error or deviation says what to expect of others");
    warn(warnings, &single);
  }
}

static int32_t check(run *run, warnings *warnings, int64_t n_species, const int32_t *species, int64_t *first,
                     double *outlying) {
  const tern_dataset *dataset = warnings->dataset;
  int64_t duplicates = 0, outliers = 0;
  TRY(data_duplicates(run, dataset, first));
  if (warnings->target != NULL)
    TRY(data_tensor_outliers(run, dataset, warnings->target, outlying));
  else
    TRY(data_outliers(run, dataset, n_species, species, outlying));
  for (int64_t k = 0; k < dataset->size; k++) {
    duplicates += first[k] != k;
    outliers += outlying[k] != 0;
  }
  text_add(warnings->report, "\"data\": {\"duplicates\": %lld, \"outliers\": %lld, \"warnings\": [",
           (long long)duplicates, (long long)outliers);
  warn_outliers(warnings, outliers, outlying);
  warn_duplicates(warnings, duplicates, first);
  warn_unlearned(warnings, n_species, species);
  warn_without_target(warnings);
  warn_too_little(warnings);
  text_add(warnings->report, "]}");
  return TERN_SUCCESS;
}

int32_t data_check(run *run, const tern_dataset *dataset, const char *target, int64_t n_species,
                   const int32_t *species, text *report) {
  warnings warnings = {.dataset = dataset, .target = target, .report = report};
  int64_t *first = NULL;
  double *outlying = NULL;
  int32_t status = MEMORY_NEW(run, &first, dataset->size, "first occurrences of the structures");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(run, &outlying, dataset->size, "outlying structures");
  if (status == TERN_SUCCESS)
    status = check(run, &warnings, n_species, species, first, outlying);
  memory_free(run, first);
  memory_free(run, outlying);
  return status;
}
