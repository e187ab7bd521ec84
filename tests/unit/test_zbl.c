/* SPDX-License-Identifier: BSD-3-Clause */
/* The repulsion of nuclei against golden numbers and differences, what it does in a model, and distances that no data
   had. */
#include "model_checks.h"

#include "core/elements.h"
#include "model/shortest.h"
#include "model/zbl.h"
#include "system/neighbours.h"

static const int32_t some_species[4] = {1, 6, 14, 42};

static zbl *some_zbl(tern_options *options) {
  zbl *made = NULL;
  ASSERT_SUCCESS(zbl_new(&made, options, 4, some_species));
  options_free(options);
  return made;
}

static const zbl_pair *pair_of(const zbl *zbl, double a, double b) {
  int64_t index[2] = {-1, -1};
  for (int64_t k = 0; k < zbl->n_species; k++) {
    index[0] = zbl->species[k] == a ? k : index[0];
    index[1] = zbl->species[k] == b ? k : index[1];
  }
  assert_true(index[0] >= 0 && index[1] >= 0);
  return &zbl->pairs[index[0] * zbl->n_species + index[1]];
}

static void test_golden(void **state) {
  (void)state;
  zbl *zbl = some_zbl(OPTIONS("baseline", "zbl"));
  const char *const names[4] = {"species", "distances", "energies", "slopes"};
  golden_block blocks[4];
  for (int k = 0; k < 4; k++)
    blocks[k] = golden_read("zbl.txt", names[k], 1);
  for (int k = 0; k < blocks[1].count; k++) {
    const double *species = blocks[0].values + 2 * k, wanted = blocks[2].values[k], rate = blocks[3].values[k];
    for (int swapped = 0; swapped < 2; swapped++) {
      double energy, slope;
      zbl_pair_energy(pair_of(zbl, species[swapped], species[1 - swapped]), blocks[1].values[k], &energy, &slope);
      assert_true(fabs(energy - wanted) <= 1e-11 * fabs(wanted));
      assert_true(fabs(slope - rate) <= 1e-11 * fabs(rate));
    }
  }
  for (int k = 0; k < 4; k++)
    golden_free(&blocks[k]);
  zbl_free(zbl);
}

static double slope_at(const zbl_pair *pair, double r) {
  double energy, slope;
  zbl_pair_energy(pair, r, &energy, &slope);
  return slope;
}

/* Two derivatives are continuous where the switch begins and ends. */
static void test_switch(void **state) {
  (void)state;
  zbl *zbl = some_zbl(OPTIONS("baseline", "zbl", "zbl_inner", "0.4", "zbl_outer", "1.1"));
  const double h = 1e-5;
  for (int k = 0; k < 16; k++) {
    const zbl_pair *pair = &zbl->pairs[k];
    const double ends[2] = {pair->inner, pair->outer}, scale = fabs(slope_at(pair, pair->inner));
    assert_true(fabs(pair->outer / pair->inner - 2.75) < 1e-12);
    for (int end = 0; end < 2; end++) {
      const double r = ends[end], left = (slope_at(pair, r) - slope_at(pair, r - h)) / h,
                   right = (slope_at(pair, r + h) - slope_at(pair, r)) / h;
      assert_true(fabs(slope_at(pair, r + 1e-9) - slope_at(pair, r - 1e-9)) < 1e-6 * scale);
      assert_true(fabs(right - left) < 0.02 * scale);
    }
  }
  zbl_free(zbl);
}

static void test_radii(void **state) {
  (void)state;
  assert_true(elements_radius(0) == 0 && elements_radius(119) == 0);
  for (int32_t number = 1; number <= 118; number++)
    assert_true(elements_radius(number) > 0.25 && elements_radius(number) < 2.7);
  assert_true(elements_radius(1) == 0.31 && elements_radius(118) == elements_radius(96));
}

/* ---- systems ---- */

enum { ATOMS = 4 };
static const int32_t kinds[ATOMS] = {14, 6, 1, 14};

/* Crowded, in a cell so small that atoms see their own images, or in none. */
static tern_system *crowd(bool periodic, int64_t coordinate, double step, int a, int b, double strain) {
  const double places[3 * ATOMS] = {0, 0, 0, 0.9, 0.2, 0.1, 0.3, 0.7, 0.5, 0.2, 0.4, 1.3};
  const double vectors[9] = {1.9, 0.1, 0, -0.2, 1.7, 0.3, 0.1, 0.2, 2.1};
  const int32_t all[3] = {1, 1, 1};
  double positions[3 * ATOMS], cell[9];
  for (int k = 0; k < 3 * ATOMS; k++)
    positions[k] = places[k] + (k == coordinate ? step : 0);
  for (int k = 0; k < ATOMS; k++)
    positions[3 * k + a] += strain * places[3 * k + b];
  for (int k = 0; k < 9; k++)
    cell[k] = vectors[k] + (k % 3 == a ? strain * vectors[k - a + b] : 0);
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, ATOMS, kinds, positions, periodic ? cell : NULL, periodic ? all : NULL));
  return made;
}

static double repulsion(const zbl *zbl, tern_system *system) {
  run run = serial();
  double energies[ATOMS] = {0}, sum = 0;
  ASSERT_SUCCESS(zbl_add(zbl, &run, system, (zbl_sums){.energies = energies}));
  assert_int_equal(run.memory_used, 0);
  for (int k = 0; k < ATOMS; k++)
    sum += energies[k];
  system_free(system);
  return sum;
}

static void test_derivatives(void **state) {
  (void)state;
  zbl *zbl = some_zbl(OPTIONS("baseline", "zbl"));
  const double h = 1e-5;
  for (int periodic = 0; periodic < 2; periodic++) {
    run run = serial();
    double energies[ATOMS] = {0}, forces[3 * ATOMS] = {0}, virial[9] = {0}, virials[9 * ATOMS] = {0};
    tern_system *system = crowd(periodic, -1, 0, 0, 0, 0);
    ASSERT_SUCCESS(zbl_add(zbl, &run, system, (zbl_sums){energies, forces, virial, virials}));
    for (int k = 0; k < 3 * ATOMS; k++) {
      const double up = repulsion(zbl, crowd(periodic, k, h, 0, 0, 0)),
                   down = repulsion(zbl, crowd(periodic, k, -h, 0, 0, 0));
      assert_true(fabs(forces[k] + (up - down) / (2 * h)) < 1e-6 * (1 + fabs(forces[k])));
    }
    for (int k = 0; k < 9; k++) {
      const double up = repulsion(zbl, crowd(periodic, -1, 0, k / 3, k % 3, h)),
                   down = repulsion(zbl, crowd(periodic, -1, 0, k / 3, k % 3, -h));
      double sum = 0;
      for (int atom = 0; atom < ATOMS; atom++)
        sum += virials[9 * atom + k];
      assert_true(fabs(virial[k] + (up - down) / (2 * h)) < 1e-6 * (1 + fabs(virial[k])));
      assert_true(fabs(virial[k] - sum) < 1e-10 * (1 + fabs(sum)));
    }
    system_free(system);
  }
  zbl_free(zbl);
}

/* Pairs of a host program give the same; a list that ends too early is refused. */
static void test_pairs(void **state) {
  (void)state;
  run run = serial();
  zbl *zbl = some_zbl(OPTIONS("baseline", "zbl"));
  tern_system *system = crowd(true, -1, 0, 0, 0, 0), *host = NULL;
  neighbours list;
  ASSERT_SUCCESS(neighbours_build(&run, system, 3.2, 0, NULL, &list));
  const int64_t count = list.first[ATOMS];
  int64_t *pairs = calloc((size_t)count * 2, sizeof *pairs);
  for (int64_t center = 0; center < ATOMS; center++)
    for (int64_t k = list.first[center]; k < list.first[center + 1]; k++) {
      pairs[2 * k] = center;
      pairs[2 * k + 1] = list.atom[k];
    }
  ASSERT_SUCCESS(system_new_from_pairs(&host, ATOMS, ATOMS, kinds, count, pairs, list.vectors, 3.2));
  const double expected = repulsion(zbl, system);
  assert_true(fabs(repulsion(zbl, host) - expected) < 1e-12 * expected);
  ASSERT_SUCCESS(system_new_from_pairs(&host, ATOMS, ATOMS, kinds, count, pairs, list.vectors, 2));
  double energies[ATOMS] = {0};
  assert_int_equal(zbl_add(zbl, &run, host, (zbl_sums){.energies = energies}), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "baseline zbl: the structure's pairs are complete to 2"));
  system_free(host);
  neighbours_free(&run, &list);
  free(pairs);
  zbl_free(zbl);
}

/* ---- models ---- */

static tern_dataset *clusters(void) {
  tern_dataset *dataset = NULL;
  ASSERT_SUCCESS(dataset_read(&dataset, TEST_SOURCE_DIR "/data/clusters.extxyz", NULL));
  return dataset;
}

static tern_model *cluster_model(tern_options *options) {
  tern_dataset *dataset = clusters();
  tern_model *model = fitted(dataset, options);
  dataset_free(dataset);
  return model;
}

/* A pair potential's energies of dimers and simple cubic crystals, no nearer than 1.9 A. */
static tern_dataset *dimers_and_crystals(void) {
  run run = serial();
  tern_dataset *dataset = NULL;
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int k = 0; k < 40; k++) {
    tern_system *system = k % 2 == 0 ? silicon_dimer(1.9 + 0.05 * k) : silicon_cubic(1.9 + 0.03 * k);
    neighbours list;
    double energy = 0;
    ASSERT_SUCCESS(neighbours_build(&run, system, 4, 0, NULL, &list));
    for (int64_t pair = 0; pair < list.first[list.n_centers]; pair++) {
      const double *v = list.vectors + 3 * pair, x = exp(-1.4 * (hypot(hypot(v[0], v[1]), v[2]) - 2.35));
      energy += 0.75 * (x * x - 2 * x);
    }
    neighbours_free(&run, &list);
    ASSERT_SUCCESS(dataset_append(dataset, system, &energy, NULL, NULL));
    system_free(system);
  }
  return dataset;
}

/* Where no data are, atoms that come nearer cost ever more. */
static void test_no_hole(void **state) {
  (void)state;
  tern_dataset *dataset = dimers_and_crystals();
  tern_model *model =
      fitted(dataset, OPTIONS("cutoff", "4", "cutoff_width", "1", "n_max", "3", "l_max", "1", "regularization",
                              "1e-4", "baseline", "zbl"));
  double last[2] = {-INFINITY, -INFINITY};
  for (double r = 1.9; r > 0.5; r -= 0.05) {
    const double now[2] = {energy_at(model, silicon_dimer(r)), energy_at(model, silicon_cubic(r))};
    for (int k = 0; k < 2; k++) {
      if (!(now[k] > last[k]))
        fail_msg("%s at %g A: %g eV, not above %g", k == 0 ? "dimer" : "crystal", r, now[k], last[k]);
      last[k] = now[k];
    }
  }
  assert_true(last[0] > 100 && last[1] > 1000);
  model_free(model);
  dataset_free(dataset);
}

/* In every atom's energy, whether it is a centre or not, with its derivatives, and in files. */
static void test_model(void **state) {
  (void)state;
  run run = serial();
  tern_model *model = cluster_model(OPTIONS(SMALL, "baseline", "zbl", "centers", "0")), *loaded = NULL;
  double energies[2], forces[6], virial[9], virials[18], energy, slope;
  tern_system *near = silicon_dimer(1.2), *nearer = silicon_dimer(1.2 + 1e-5), *farther = silicon_dimer(1.2 - 1e-5);
  ASSERT_SUCCESS(model_predict(model, &run, near, NULL, forces, virial, energies, virials));
  zbl_pair_energy(&model->zbl->pairs[0], 1.2, &energy, &slope);
  assert_true(fabs(energies[1] - model->e0[0] - 0.5 * energy) < 1e-10); /* no centre of the descriptor */
  assert_true(fabs(forces[5] + (energy_at(model, nearer) - energy_at(model, farther)) / 2e-5) < 1e-5 * fabs(forces[5]));
  assert_true(fabs(virial[8] - virials[8] - virials[17]) < 1e-10 * fabs(virial[8]));
  ASSERT_SUCCESS(model_save(model, TEST_BINARY_DIR "/zbl.tern"));
  ASSERT_SUCCESS(model_load(&loaded, TEST_BINARY_DIR "/zbl.tern"));
  double again[2];
  ASSERT_SUCCESS(model_predict(loaded, &run, near, NULL, NULL, NULL, again, NULL));
  assert_memory_equal(energies, again, sizeof again);
  system_free(near);
  model_free(model);
  model_free(loaded);
  assert_int_equal(run.memory_used, 0);
}

static void test_refused(void **state) {
  (void)state;
  run run = serial();
  zbl *zbl = NULL;
  tern_options *options = OPTIONS("baseline", "zbl", "zbl_inner", "1");
  assert_int_equal(zbl_new(&zbl, options, 4, some_species), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "less than zbl_outer"));
  assert_null(zbl);
  options_free(options);
  ASSERT_SUCCESS(zbl_new(&zbl, NULL, 4, some_species));
  assert_null(zbl);
  zbl = some_zbl(OPTIONS("baseline", "zbl"));
  const int32_t species[2] = {1, 8};
  const double positions[6] = {0, 0, 0, 0, 0, 0};
  double energies[2] = {0};
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, 2, species, positions, NULL, NULL));
  assert_int_equal(zbl_add(zbl, &run, system, (zbl_sums){.energies = energies}), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "atom 1 is O"));
  system_free(system);
  ASSERT_SUCCESS(system_new(&system, 2, some_species, positions, NULL, NULL));
  assert_int_equal(zbl_add(zbl, &run, system, (zbl_sums){.energies = energies}), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "at the same place"));
  assert_true(energies[0] == 0 && energies[1] == 0);
  system_free(system);
  zbl_free(zbl);
}

/* ---- shortest distances ---- */

static void test_shortest(void **state) {
  (void)state;
  run run = serial();
  tern_dataset *dataset = clusters();
  tern_model *model = cluster_model(OPTIONS(SMALL));
  double least = INFINITY, ratios[64];
  for (int64_t index = 0; index < dataset->size; index++) {
    const tern_system *system = dataset->frames[index]->system;
    for (int64_t k = 0; k < system->n_atoms; k++)
      for (int64_t j = 0; j < k; j++) {
        const double *a = system->positions + 3 * k, *b = system->positions + 3 * j;
        least = fmin(least, hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]));
      }
    assert_in_range(system->n_atoms, 1, 64);
    ASSERT_SUCCESS(shortest_ratios(model, &run, system, ratios));
    for (int64_t k = 0; k < system->n_atoms; k++)
      assert_true(ratios[k] > 1 - 1e-12 && ratios[k] <= 1);
  }
  assert_true(fabs(model->shortest[0] - least) < 1e-12);
  assert_non_null(strstr(model->report, "\"shortest_distances\": {\"Si-Si\": 1.9"));
  tern_system *near = silicon_dimer(0.5 * least);
  ASSERT_SUCCESS(shortest_ratios(model, &run, near, ratios));
  assert_true(fabs(ratios[0] - 0.5) < 1e-12 && fabs(ratios[1] - 0.5) < 1e-12);
  system_free(near);
  ASSERT_SUCCESS(system_new(&near, 2, some_species, (double[6]){0, 0, 0, 1, 0, 0}, NULL, NULL));
  assert_int_equal(shortest_ratios(model, &run, near, ratios), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "atom 0 is H"));
  system_free(near);
  dataset_free(dataset);
  model_free(model);
  assert_int_equal(run.memory_used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),  cmocka_unit_test(test_switch),  cmocka_unit_test(test_radii),
      cmocka_unit_test(test_pairs),   cmocka_unit_test(test_no_hole), cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_model),   cmocka_unit_test(test_refused), cmocka_unit_test(test_shortest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
