/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/baseline.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/least_squares.h"

int64_t baseline_index(int64_t n_species, const int32_t *species, int32_t wanted) {
  for (int64_t k = 0; k < n_species; k++)
    if (species[k] == wanted)
      return k;
  return -1;
}

double baseline_energy(int64_t n_species, const int32_t *species, const double *e0, const tern_system *system) {
  double sum = 0;
  for (int64_t atom = 0; atom < system->n_owned; atom++)
    sum += e0[baseline_index(n_species, species, system->species[atom])];
  return sum;
}

static void report_values(int64_t n_species, const int32_t *species, const double *e0, const char *method,
                          text *report) {
  text_add(report, "\"e0\": {\"method\": \"%s\", \"values\": {", method);
  for (int64_t k = 0; k < n_species; k++)
    text_add(report, "%s\"%s\": %.17g", k > 0 ? ", " : "", elements_symbol(species[k]), e0[k]);
  text_add(report, "}");
}

/* ---- fitted to the total energies ---- */

static int32_t count_rows(const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                          least_squares *problem) {
  double row[120];
  for (int64_t index = 0; index < dataset->size; index++) {
    const frame *frame = dataset->frames[index];
    if (!frame->has_energy)
      continue;
    memset(row, 0, sizeof row);
    for (int64_t atom = 0; atom < frame->system->n_owned; atom++)
      row[baseline_index(n_species, species, frame->system->species[atom])] += 1;
    row[n_species] = frame->energy;
    TRY(least_squares_add(problem, 1, row));
  }
  return TERN_SUCCESS;
}

static int32_t solve_counts(run *run, least_squares *problem, double *e0, double *residual, spectrum *spectrum) {
  TRY(least_squares_decompose(run, problem, spectrum));
  spectrum_solve(spectrum, 0, e0);
  return least_squares_residual(problem, e0, residual);
}

static void report_fit(const spectrum *spectrum, double residual, text *report) {
  const long long rows = spectrum->rows, columns = spectrum->columns, rank = spectrum_rank(spectrum);
  text_add(report, ", \"energies\": %lld, \"columns\": %lld, \"rank\": %lld, \"condition\": %.4g, \"rmse\": %.10g",
           rows, columns, rank, spectrum_condition(spectrum), sqrt(residual / (double)rows));
  if (rank < columns)
    text_add(report,
             ", \"note\": \"the compositions do not determine the energy of each species; the solution of least"
             " norm is used\"");
  text_add(report, "}");
}

/* Total energies against the numbers of atoms of each species; compositions that do not tell species apart give the
   solution of least norm. */
static int32_t fit_counts(run *run, const tern_dataset *dataset, int64_t n_species, const int32_t *species,
                          double *e0, text *report) {
  if (dataset_count(dataset, TERN_TARGET_ENERGY) == 0) {
    report_values(n_species, species, e0, "none: no energies", report);
    text_add(report, "}");
    return TERN_SUCCESS;
  }
  least_squares problem;
  spectrum spectrum = {0};
  double residual = 0;
  TRY(least_squares_new(run, n_species, 256, &problem));
  int32_t status = count_rows(dataset, n_species, species, &problem);
  if (status == TERN_SUCCESS)
    status = solve_counts(run, &problem, e0, &residual, &spectrum);
  if (status == TERN_SUCCESS) {
    report_values(n_species, species, e0, "least_squares", report);
    report_fit(&spectrum, residual, report);
  }
  spectrum_free(run, &spectrum);
  least_squares_free(run, &problem);
  return status;
}

/* ---- taken from structures of one atom ---- */

static int32_t take_isolated(const tern_dataset *dataset, int64_t n_species, const int32_t *species, double *e0,
                             text *report) {
  bool found[119] = {false};
  for (int64_t index = 0; index < dataset->size; index++) {
    const frame *frame = dataset->frames[index];
    const int32_t *periodic = frame->system->periodic;
    if (!frame->has_energy || frame->system->n_atoms != 1 || periodic[0] || periodic[1] || periodic[2])
      continue;
    const int32_t number = frame->system->species[0];
    const int64_t k = baseline_index(n_species, species, number);
    if (found[number] && e0[k] != frame->energy)
      return error_set(TERN_ERROR_DATA,
                       "option 'e0' is isolated, but two isolated %s atoms have different energies, %.10g and"
                       " %.10g eV (structure %lld)",
                       elements_symbol(number), e0[k], frame->energy, (long long)index);
    found[number] = true;
    e0[k] = frame->energy;
  }
  for (int64_t k = 0; k < n_species; k++)
    if (!found[species[k]])
      return error_set(TERN_ERROR_DATA,
                       "option 'e0' is isolated, but the data set has no energy of one isolated %s atom (a"
                       " structure of one atom without periodic directions)",
                       elements_symbol(species[k]));
  report_values(n_species, species, e0, "isolated", report);
  text_add(report, "}");
  return TERN_SUCCESS;
}

/* ---- given ---- */

/* "8", "O": the atomic number, 0 when it is none. */
static int32_t read_species(const char *word) {
  int64_t number;
  if (text_to_integer(word, &number))
    return number >= 1 && number <= 118 ? (int32_t)number : 0;
  return elements_number(word, (int64_t)strlen(word));
}

/* One of the option's parts, "SPECIES:ENERGY", or an energy alone for the next species in order. */
static int32_t read_part(char *part, int64_t position, int64_t n_species, const int32_t *species, double *e0,
                         bool *found) {
  char *colon = strchr(part, ':');
  const char *value = colon == NULL ? part : colon + 1;
  int64_t k = position;
  double energy;
  if (colon != NULL) {
    *colon = 0;
    const int32_t number = read_species(part);
    if (number == 0)
      return error_set(TERN_ERROR_OPTION,
                       "option 'e0': '%s' is no species; symbols and atomic numbers from 1 to 118 are", part);
    k = baseline_index(n_species, species, number);
  } else if (position >= n_species) {
    return error_set(TERN_ERROR_OPTION, "option 'e0' has more energies than the data have species (%lld)",
                     (long long)n_species);
  }
  if (!text_to_real(value, &energy) || !isfinite(energy))
    return error_set(TERN_ERROR_OPTION,
                     "option 'e0': '%s' is no energy; least_squares, isolated or a list as H:-13.6,8:-432.1"
                     " are valid",
                     value);
  if (k >= 0) { /* species that do not occur may be listed */
    e0[k] = energy;
    found[k] = true;
  }
  return TERN_SUCCESS;
}

static int32_t read_parts(char *list, int64_t n_species, const int32_t *species, double *e0) {
  bool found[119] = {false};
  int64_t position = 0;
  for (char *part = list, *next; part != NULL; part = next) {
    next = strchr(part, ',');
    if (next != NULL)
      *next++ = 0;
    TRY(read_part(part, position++, n_species, species, e0, found));
  }
  for (int64_t k = 0; k < n_species; k++)
    if (!found[k])
      return error_set(TERN_ERROR_OPTION, "option 'e0' has no energy for %s, which occurs in the data set",
                       elements_symbol(species[k]));
  return TERN_SUCCESS;
}

static int32_t take_given(const char *value, int64_t n_species, const int32_t *species, double *e0, text *report) {
  char *copy = memory_text(value);
  if (copy == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for a copy of option 'e0'");
  const int32_t status = read_parts(copy, n_species, species, e0);
  memory_free(NULL, copy);
  TRY(status);
  report_values(n_species, species, e0, "given", report);
  text_add(report, "}");
  return TERN_SUCCESS;
}

int32_t baseline_fit(run *run, const tern_dataset *dataset, const tern_options *options, int64_t n_species,
                     const int32_t *species, double *e0, text *report) {
  const char *value;
  TRY(options_text(options, "e0", &value));
  memset(e0, 0, (size_t)n_species * sizeof(double));
  if (strcmp(value, "least_squares") == 0)
    return fit_counts(run, dataset, n_species, species, e0, report);
  if (strcmp(value, "isolated") == 0)
    return take_isolated(dataset, n_species, species, e0, report);
  return take_given(value, n_species, species, e0, report);
}
