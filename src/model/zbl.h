/* SPDX-License-Identifier: BSD-3-Clause */
/* The universal screened repulsion of nuclei (J. F. Ziegler, J. P. Biersack, U. Littmark, The Stopping and Range of
   Ions in Solids, Pergamon (1985)), which keeps atoms apart where no data do. Between `inner` and `outer` times the sum
   of the two covalent radii it is switched off with two continuous derivatives.

   A fitted part knows nothing of atoms that are nearer than any in its data. From `fade_outer` to `fade_inner` times
   the shortest distance of a pair of species in the data it gives way to the repulsion, which is no longer switched off
   there: an atom's fitted energy y becomes highest + F (y - highest), F the product over its neighbours of a switch
   with two continuous derivatives, `highest` the largest y in the data. Neighbours that are near all together count as
   well: one more factor of F is the same switch of (crowded / c)^(1/6), c = sum (shortest / r)^6 (1 - (r / reach)^2)^3
   over the neighbours, reach twice the shortest distance, `crowded` the largest c in the data. */
#ifndef TERNION_MODEL_ZBL_H
#define TERNION_MODEL_ZBL_H

#include "core/options.h"
#include "core/run.h"
#include "system/system.h"

typedef struct zbl_pair {
  double charges;      /* eV Angstrom: Z Z' e^2 / (4 pi epsilon_0) */
  double length;       /* Angstrom: of the screening */
  double inner, outer; /* Angstrom: where the switch begins and ends */
  double near, far;    /* Angstrom: nearer than far the fitted part fades out, to nothing at near; far 0: never */
  double nearest;      /* Angstrom: the shortest distance */
  double reach;        /* Angstrom: up to which a neighbour crowds */
} zbl_pair;

typedef struct zbl {
  int64_t n_species;
  int32_t *species; /* ascending */
  zbl_pair *pairs;  /* [n_species][n_species] */
  double *highest;  /* [n_species] eV */
  double *crowded;  /* [n_species] 0: crowding does not count */
  double fade_inner, fade_outer;
  double cutoff;    /* the largest `outer` or `far` */
} zbl;

/* What is added to, for every pair half to each of its atoms; what is NULL is not wanted. */
typedef struct zbl_sums {
  double *energies; /* [n_owned] */
  double *forces;   /* [n_atoms][3] */
  double *virial;   /* [3][3] */
  double *virials;  /* [n_owned][3][3] */
} zbl_sums;

/* NULL when the option `baseline` is none. The species are ascending. */
int32_t zbl_new(zbl **made, const tern_options *options, int64_t n_species, const int32_t *species);
void zbl_free(zbl *zbl);
/* Where fitted parts fade out, from the options and the shortest distances [n_species][n_species] of the data, 0 where
   they are not known and the cutoff where there are none: then the bond length counts. Crowding counts as far as `seen`
   at most. */
int32_t zbl_meet_data(zbl *zbl, const tern_options *options, const double *shortest, double cutoff, double seen);
/* What a neighbour at distance r adds to c, and its derivative. */
double zbl_crowding(const zbl_pair *pair, double r, double *slope);
/* Energy of a pair at distance r and its derivative. */
void zbl_pair_energy(const zbl_pair *pair, double r, double *energy, double *slope);
/* Adds the energies of a system's owned atoms, each with half of its pairs, and their derivatives: those of all atoms,
   whichever a descriptor has as centres. Unknown species are TERN_ERROR_DATA, as are atoms at the same place. */
int32_t zbl_add(const zbl *zbl, run *run, const tern_system *system, zbl_sums sums);

#endif
