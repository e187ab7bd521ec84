/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/zbl.h"

#include <math.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "model/baseline.h"
#include "model/switch.h"
#include "system/neighbours.h"

/* e^2 / (4 pi epsilon_0) in eV Angstrom and the Bohr radius in Angstrom (CODATA 2018). */
static const double COULOMB = 14.3996454784, BOHR = 0.529177210903;
/* The screening length is this part of the Bohr radius over Z^EXPONENT + Z'^EXPONENT. */
static const double THOMAS_FERMI = 0.88534, EXPONENT = 0.23;
static const double AMPLITUDES[4] = {0.18175, 0.50986, 0.28022, 0.02817};
static const double DECAYS[4] = {3.19980, 0.94229, 0.40290, 0.20162};

/* ---- making ---- */

static zbl_pair zbl_pair_of(int32_t a, int32_t b, double inner, double outer) {
  const double bond = elements_radius(a) + elements_radius(b);
  return (zbl_pair){.charges = COULOMB * a * b,
                    .length = THOMAS_FERMI * BOHR / (pow(a, EXPONENT) + pow(b, EXPONENT)),
                    .inner = inner * bond,
                    .outer = outer * bond};
}

static int32_t zbl_fill(zbl *self, int64_t n_species, const int32_t *species, double inner, double outer) {
  self->n_species = n_species;
  TRY(MEMORY_NEW(NULL, &self->species, n_species, "the species of the baseline"));
  TRY(MEMORY_NEW(NULL, &self->pairs, n_species * n_species, "the pairs of the baseline"));
  TRY(MEMORY_NEW(NULL, &self->highest, n_species, "the highest energies of the data"));
  TRY(MEMORY_NEW(NULL, &self->crowded, n_species, "the crowding of the data"));
  memcpy(self->species, species, (size_t)n_species * sizeof *species);
  for (int64_t a = 0; a < n_species; a++)
    for (int64_t b = 0; b < n_species; b++) {
      zbl_pair *pair = &self->pairs[a * n_species + b];
      *pair = zbl_pair_of(species[a], species[b], inner, outer);
      self->cutoff = fmax(self->cutoff, pair->outer);
    }
  return TERN_SUCCESS;
}

int32_t zbl_new(zbl **made, const tern_options *options, int64_t n_species, const int32_t *species) {
  const char *kind;
  double inner, outer;
  zbl *self = NULL;
  *made = NULL;
  TRY(options_text(options, "baseline", &kind));
  if (strcmp(kind, "none") == 0)
    return TERN_SUCCESS;
  TRY(options_real(options, "zbl_inner", &inner));
  TRY(options_real(options, "zbl_outer", &outer));
  if (inner >= outer)
    return error_set(TERN_ERROR_OPTION, "option 'zbl_inner' is %g: it must be less than zbl_outer, %g", inner, outer);
  TRY(MEMORY_NEW(NULL, &self, 1, "the baseline"));
  const int32_t status = zbl_fill(self, n_species, species, inner, outer);
  if (status != TERN_SUCCESS) {
    zbl_free(self);
    return status;
  }
  *made = self;
  return TERN_SUCCESS;
}

void zbl_free(zbl *zbl) {
  if (zbl != NULL) {
    memory_free(NULL, zbl->species);
    memory_free(NULL, zbl->pairs);
    memory_free(NULL, zbl->highest);
    memory_free(NULL, zbl->crowded);
  }
  memory_free(NULL, zbl);
}

int32_t zbl_meet_data(zbl *zbl, const tern_options *options, const double *shortest, double cutoff, double seen) {
  double inner, outer;
  TRY(options_real(options, "fade_inner", &inner));
  TRY(options_real(options, "fade_outer", &outer));
  if (outer > 0 && inner >= outer)
    return error_set(TERN_ERROR_OPTION, "option 'fade_inner' is %g: it must be less than fade_outer, %g", inner, outer);
  for (int64_t k = 0; k < zbl->n_species * zbl->n_species; k++) {
    zbl_pair *pair = &zbl->pairs[k];
    const double nearest = shortest[k] < cutoff ? shortest[k] : fmin(cutoff, pair->outer);
    pair->nearest = nearest;
    pair->reach = fmin(2 * nearest, seen);
    pair->near = inner * nearest;
    pair->far = outer * nearest;
    zbl->cutoff = fmax(zbl->cutoff, pair->far);
  }
  zbl->fade_inner = inner;
  zbl->fade_outer = outer;
  return TERN_SUCCESS;
}

double zbl_crowding(const zbl_pair *pair, double r, double *slope) {
  const double part = pair->nearest / r, part3 = part * part * part, u = r / pair->reach, left = 1 - u * u;
  *slope = 0;
  if (left <= 0)
    return 0;
  const double near = part3 * part3, fading = left * left * left;
  *slope = -6 * near / r * fading - 6 * near * left * left * u / pair->reach;
  return near * fading;
}

/* ---- one pair ---- */

/* How much of the repulsion counts: 1 - (1 - switch) (1 - what takes the place of the fitted part). */
static double share_of(const zbl_pair *pair, double r, double *slope) {
  double left_slope, taken_slope = 0;
  const double left = switch_off(r, pair->inner, pair->outer, &left_slope);
  const double taken = pair->far > 0 ? switch_off(r, pair->near, pair->far, &taken_slope) : 0;
  *slope = left_slope * (1 - taken) + (1 - left) * taken_slope;
  return 1 - (1 - left) * (1 - taken);
}

void zbl_pair_energy(const zbl_pair *pair, double r, double *energy, double *slope) {
  double screening = 0, screening_slope = 0, share_slope;
  *energy = *slope = 0;
  if (r >= pair->outer && r >= pair->far)
    return;
  for (int k = 0; k < 4; k++) {
    const double term = AMPLITUDES[k] * exp(-DECAYS[k] * r / pair->length);
    screening += term;
    screening_slope -= DECAYS[k] / pair->length * term;
  }
  const double coulomb = pair->charges / r, bare = coulomb * screening, share = share_of(pair, r, &share_slope);
  *energy = bare * share;
  *slope = (coulomb * screening_slope - bare / r) * share + bare * share_slope;
}

/* ---- systems ---- */

/* Index of every atom's species. */
static int32_t zbl_species(const zbl *zbl, const tern_system *system, int64_t *index) {
  for (int64_t atom = 0; atom < system->n_atoms; atom++) {
    index[atom] = baseline_index(zbl->n_species, zbl->species, system->species[atom]);
    if (index[atom] < 0)
      return error_set(TERN_ERROR_DATA, "atom %lld is %s, a species that the model was not fitted on",
                       (long long)atom, elements_symbol(system->species[atom]));
  }
  return TERN_SUCCESS;
}

/* Half of a pair's energy belongs to its centre; gradient: along the vector to the neighbour. */
static void zbl_add_pair(const zbl_pair *pair, const double *vector, int64_t center, int64_t neighbour,
                         const zbl_sums *sums) {
  const double r = sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
  double energy, slope;
  zbl_pair_energy(pair, r, &energy, &slope);
  if (sums->energies != NULL)
    sums->energies[center] += 0.5 * energy;
  for (int a = 0; a < 3; a++) {
    const double gradient = 0.5 * slope * vector[a] / r;
    if (sums->forces != NULL) {
      sums->forces[3 * center + a] += gradient;
      sums->forces[3 * neighbour + a] -= gradient;
    }
    for (int b = 0; b < 3; b++) {
      if (sums->virial != NULL)
        sums->virial[3 * a + b] -= gradient * vector[b];
      if (sums->virials != NULL)
        sums->virials[9 * center + 3 * a + b] -= gradient * vector[b];
    }
  }
}

int32_t zbl_add(const zbl *zbl, run *run, const tern_system *system, zbl_sums sums) {
  int64_t *index = NULL;
  neighbours list = {0};
  TRY(MEMORY_NEW(run, &index, system->n_atoms, "the species of the atoms"));
  int32_t status = zbl_species(zbl, system, index);
  if (status == TERN_SUCCESS)
    status = neighbours_build(run, system, zbl->cutoff, 0, NULL, &list);
  if (status != TERN_SUCCESS)
    error_prefix(status, "baseline zbl: ");
  for (int64_t center = 0; status == TERN_SUCCESS && center < list.n_centers; center++)
    for (int64_t k = list.first[center]; k < list.first[center + 1]; k++)
      zbl_add_pair(&zbl->pairs[index[center] * zbl->n_species + index[list.atom[k]]], list.vectors + 3 * k, center,
                   list.atom[k], &sums);
  neighbours_free(run, &list);
  memory_free(run, index);
  return status;
}
