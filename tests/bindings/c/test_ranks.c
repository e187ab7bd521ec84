/* SPDX-License-Identifier: BSD-3-Clause */
/* A system split over the ranks of a host program, with ghost atoms, sums to the serial energies, forces and virial. */
#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ATOMS = 4096, MOST_PAIRS = 16384 };
#define MODEL "ridge_virial.txt"
#define CUTOFF 3.0

typedef struct serial {
  tern_system *system;
  int64_t n_atoms, n_pairs;
  int32_t species[MOST_ATOMS];
  double positions[MOST_ATOMS][3];
  int64_t pairs[MOST_PAIRS][2];
  double vectors[MOST_PAIRS][3];
} serial;

/* Atoms of one rank: owner in the serial system, and place. Owned atoms come first. */
typedef struct rank {
  int64_t n_owned, n_atoms, n_pairs;
  int64_t owner[MOST_ATOMS];
  int32_t species[MOST_ATOMS];
  double place[MOST_ATOMS][3];
  int64_t pairs[MOST_PAIRS][2];
  double vectors[MOST_PAIRS][3];
} rank;

typedef struct results {
  double energy, forces[MOST_ATOMS][3], virial[9], energies[MOST_ATOMS], virials[MOST_ATOMS][9];
} results;

static tern_model *model;

static serial *serial_new(const char *file, const char *prefix) {
  serial *made = calloc(1, sizeof *made);
  made->system = golden_system(file, prefix);
  MUST(tern_system_size(made->system, &made->n_atoms, NULL));
  MUST(tern_system_pairs_count(made->system, CUTOFF, &made->n_pairs));
  assert_true(made->n_atoms <= MOST_ATOMS && made->n_pairs <= MOST_PAIRS && made->n_pairs > 0);
  MUST(tern_system_species(made->system, made->species));
  MUST(tern_system_positions(made->system, made->positions[0]));
  MUST(tern_system_pairs(made->system, CUTOFF, made->pairs[0], made->vectors[0]));
  return made;
}

static void serial_free(serial *made) {
  MUST(tern_system_free(made->system));
  free(made);
}

/* The atom of the rank at this place; a new ghost when there is none. */
static int64_t rank_atom(rank *rank, const serial *serial, int64_t owner, const double place[3]) {
  for (int64_t k = 0; k < rank->n_atoms; k++)
    if (rank->owner[k] == owner && fabs(rank->place[k][0] - place[0]) + fabs(rank->place[k][1] - place[1]) +
                                     fabs(rank->place[k][2] - place[2]) < 1e-6)
      return k;
  assert_true(rank->n_atoms < MOST_ATOMS);
  rank->owner[rank->n_atoms] = owner;
  rank->species[rank->n_atoms] = serial->species[owner];
  memcpy(rank->place[rank->n_atoms], place, sizeof rank->place[0]);
  return rank->n_atoms++;
}

/* Rank number `index` of `count` owns each count-th atom; periodic images are ghosts, too. */
static rank *rank_new(const serial *serial, int64_t index, int64_t count) {
  rank *made = calloc(1, sizeof *made);
  for (int64_t i = index; i < serial->n_atoms; i += count)
    rank_atom(made, serial, i, serial->positions[i]);
  made->n_owned = made->n_atoms;
  for (int64_t p = serial->n_pairs - 1; p >= 0; p--) { /* in another order than the library's own */
    const int64_t i = serial->pairs[p][0], j = serial->pairs[p][1];
    double place[3];
    if (i % count != index)
      continue;
    for (int k = 0; k < 3; k++)
      place[k] = serial->positions[i][k] + serial->vectors[p][k];
    made->pairs[made->n_pairs][0] = i / count;
    made->pairs[made->n_pairs][1] = rank_atom(made, serial, j, place);
    memcpy(made->vectors[made->n_pairs++], serial->vectors[p], sizeof made->vectors[0]);
  }
  return made;
}

static void rank_add(const rank *rank, results *sum) {
  tern_system *system = NULL;
  double energy, virial[9];
  results *own = calloc(1, sizeof *own);
  MUST(tern_system_new_from_pairs(&system, rank->n_owned, rank->n_atoms, rank->species, rank->n_pairs, rank->pairs[0],
                                  rank->vectors[0], CUTOFF));
  MUST(tern_model_predict(model, system, &energy, own->forces[0], virial));
  MUST(tern_model_predict_atoms(model, system, own->energies, own->virials[0]));
  sum->energy += energy;
  for (int k = 0; k < 9; k++)
    sum->virial[k] += virial[k];
  for (int64_t i = 0; i < rank->n_atoms; i++)
    for (int k = 0; k < 3; k++)
      sum->forces[rank->owner[i]][k] += own->forces[i][k];
  for (int64_t i = 0; i < rank->n_owned; i++) {
    sum->energies[rank->owner[i]] = own->energies[i];
    memcpy(sum->virials[rank->owner[i]], own->virials[i], sizeof sum->virials[0]);
  }
  MUST(tern_system_free(system));
  free(own);
}

static void split(const char *file, const char *prefix, int64_t n_ranks) {
  serial *whole = serial_new(file, prefix);
  results *expected = calloc(1, sizeof *expected), *sum = calloc(1, sizeof *sum);
  MUST(tern_model_predict(model, whole->system, &expected->energy, expected->forces[0], expected->virial));
  MUST(tern_model_predict_atoms(model, whole->system, expected->energies, expected->virials[0]));
  for (int64_t index = 0; index < n_ranks; index++) {
    rank *one = rank_new(whole, index, n_ranks);
    rank_add(one, sum);
    free(one);
  }
  assert_close("energy of the ranks", &sum->energy, &expected->energy, 1, 1e-12);
  assert_close("forces of the ranks", sum->forces[0], expected->forces[0], 3 * whole->n_atoms, 1e-10);
  assert_close("virial of the ranks", sum->virial, expected->virial, 9, 1e-10);
  assert_close("atom energies of the ranks", sum->energies, expected->energies, whole->n_atoms, 1e-12);
  assert_close("atom virials of the ranks", sum->virials[0], expected->virials[0], 9 * whole->n_atoms, 1e-10);
  free(expected);
  free(sum);
  serial_free(whole);
}

static void molecule(void **state) {
  (void)state;
  for (int64_t n_ranks = 1; n_ranks < 5; n_ranks++)
    split(MODEL, "test1_", n_ranks);
}

static void crystal_smaller_than_the_cutoff(void **state) {
  (void)state;
  for (int64_t n_ranks = 1; n_ranks < 3; n_ranks++)
    split(MODEL, "test2_", n_ranks);
}

/* The features of owned atoms and the gradient that ghosts hand back to their owners. */
static void descriptor_of_ranks(void **state) {
  (void)state;
  serial *whole = serial_new(MODEL, "test1_");
  tern_options *options = golden_options(MODEL);
  tern_descriptor *descriptor = NULL;
  int64_t rows, features;
  MUST(tern_options_set(options, "species", "1,6"));
  MUST(tern_descriptor_new(&descriptor, "power_spectrum", options));
  MUST(tern_descriptor_shape(descriptor, whole->system, &rows, &features));
  double *values = doubles(rows * features), *gradient = doubles(3 * whole->n_atoms),
         *sum = doubles(3 * whole->n_atoms);
  double *part = doubles(rows * features), *ghosts = doubles(3 * MOST_ATOMS), strain[9], strains[9] = {0}, one[9];
  MUST(tern_descriptor_compute(descriptor, whole->system, values));
  MUST(tern_descriptor_pullback(descriptor, whole->system, values, gradient, strain));
  for (int64_t index = 0; index < 2; index++) {
    rank *own = rank_new(whole, index, 2);
    tern_system *system = NULL;
    MUST(tern_system_new_from_pairs(&system, own->n_owned, own->n_atoms, own->species, own->n_pairs, own->pairs[0],
                                    own->vectors[0], CUTOFF));
    MUST(tern_descriptor_compute(descriptor, system, part));
    for (int64_t i = 0; i < own->n_owned; i++)
      assert_close("features of a rank", part + i * features, values + own->owner[i] * features, features, 1e-12);
    MUST(tern_descriptor_pullback(descriptor, system, part, ghosts, one));
    for (int64_t k = 0; k < 3 * own->n_atoms; k++)
      sum[3 * own->owner[k / 3] + k % 3] += ghosts[k];
    for (int k = 0; k < 9; k++)
      strains[k] += one[k];
    MUST(tern_system_free(system));
    free(own);
  }
  assert_close("gradient of the ranks", sum, gradient, 3 * whole->n_atoms, 1e-11);
  assert_close("strain gradient of the ranks", strains, strain, 9, 1e-11);
  free(values);
  free(gradient);
  free(sum);
  free(part);
  free(ghosts);
  MUST(tern_descriptor_free(descriptor));
  MUST(tern_options_free(options));
  serial_free(whole);
}

static void a_larger_cutoff_is_refused(void **state) {
  (void)state;
  tern_system *system = NULL;
  double energy = 77;
  const int32_t species[2] = {1, 6};
  const int64_t pairs[4] = {0, 1, 1, 0};
  const double vectors[6] = {1.1, 0, 0, -1.1, 0, 0};
  MUST(tern_system_new_from_pairs(&system, 2, 2, species, 2, pairs, vectors, 2.9));
  FAILS(tern_model_predict(model, system, &energy, NULL, NULL), TERN_ERROR_DATA, "2.9");
  assert_true(energy == 77);
  MUST(tern_system_free(system));
}

static int fit(void **state) {
  (void)state;
  tern_dataset *train = read_golden("ridge_train.extxyz");
  tern_options *options = golden_options(MODEL);
  MUST(tern_model_fit(&model, "ridge", train, options, NULL, NULL));
  MUST(tern_options_free(options));
  MUST(tern_dataset_free(train));
  return 0;
}

static int unfit(void **state) {
  (void)state;
  MUST(tern_model_free(model));
  return 0;
}

int test_ranks(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(molecule), cmocka_unit_test(crystal_smaller_than_the_cutoff),
                                     cmocka_unit_test(descriptor_of_ranks),
                                     cmocka_unit_test(a_larger_cutoff_is_refused)};
  return cmocka_run_group_tests_name("ranks", tests, fit, unfit);
}
