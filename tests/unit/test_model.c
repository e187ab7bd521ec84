/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits against the golden files, predictions against differences of energies, and what cannot be fitted or predicted.
 */
#include "model_checks.h"

static void refused(const tern_dataset *dataset, tern_options *options, int32_t status, const char *says) {
  run run = serial();
  tern_model *model = NULL;
  assert_int_equal(model_fit(&model, "ridge", &run, dataset, options), status);
  assert_null(model);
  assert_int_equal(run.memory_used, 0);
  if (strstr(error_message(), says) == NULL)
    fail_msg("the message '%s' does not say '%s'", error_message(), says);
  options_free(options);
}

static void test_golden(void **state) {
  (void)state;
  const char *const files[] = {"ridge_energies.txt", "ridge_forces.txt", "ridge_virial.txt"};
  tern_dataset *dataset = training_set();
  for (int k = 0; k < 3; k++) {
    tern_model *model = fitted(dataset, golden_options(files[k]));
    check_golden_block(files[k], "", "e0", model->e0, 1e-10);
    check_golden_test(files[k], "test1_", model);
    check_golden_test(files[k], "test2_", model);
    model_free(model);
  }
  dataset_free(dataset);
}

/* ---- derivatives ---- */

static tern_system *bent(const tern_system *source, int64_t coordinate, double step, int a, int b, double strain) {
  double positions[3 * 16], cell[9];
  assert_in_range(source->n_atoms, 0, 16);
  for (int64_t k = 0; k < 3 * source->n_atoms; k++)
    positions[k] = source->positions[k] + (k == coordinate ? step : 0);
  for (int64_t k = 0; k < source->n_atoms; k++)
    positions[3 * k + a] += strain * source->positions[3 * k + b];
  for (int k = 0; k < 3; k++)
    for (int axis = 0; axis < 3; axis++)
      cell[3 * k + axis] = source->cell[k][axis] + (axis == a ? strain * source->cell[k][b] : 0);
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, source->n_atoms, source->species, positions, source->has_cell ? cell : NULL,
                            source->has_cell ? source->periodic : NULL));
  return made;
}

static void check_derivatives(const tern_model *model, const tern_system *system) {
  run run = serial();
  const double h = 1e-4;
  double forces[48], virial[9], energies[16], virials[144], energy, expected[48], sums[9] = {0}, total[3] = {0};
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, energies, virials));
  for (int64_t k = 0; k < 3 * system->n_atoms; k++) {
    expected[k] =
        (energy_at(model, bent(system, k, -h, 0, 0, 0)) - energy_at(model, bent(system, k, h, 0, 0, 0))) / (2 * h);
    total[k % 3] += forces[k];
  }
  assert_close("forces", 3 * system->n_atoms, forces, expected, 1e-6);
  for (int k = 0; k < 9; k++)
    expected[k] = (energy_at(model, bent(system, -1, 0, k / 3, k % 3, -h)) -
                   energy_at(model, bent(system, -1, 0, k / 3, k % 3, h))) /
                  (2 * h);
  assert_close("virial", 9, virial, expected, 1e-6);
  for (int axis = 0; axis < 3; axis++)
    assert_true(fabs(total[axis]) < 1e-11);
  for (int64_t k = 0; k < 9 * system->n_atoms; k++)
    sums[k % 9] += virials[k];
  assert_close("sum of the atoms' virials", 9, sums, virial, 1e-12);
  double sum = 0;
  for (int64_t k = 0; k < system->n_atoms; k++)
    sum += energies[k];
  assert_true(fabs(sum - energy) < 1e-12 * fabs(energy));
}

static void test_derivatives(void **state) {
  (void)state;
  const char *const descriptors[] = {"power_spectrum", "frames"};
  tern_dataset *dataset = training_set();
  tern_system *molecule = golden_system("ridge_virial.txt", "test1_"),
              *crystal = golden_system("ridge_virial.txt", "test2_");
  for (int k = 0; k < 2; k++) {
    tern_model *model = fitted(
        dataset, OPTIONS(SMALL, "spline_error", "1e-12", "descriptor", descriptors[k], "regularization", "1e-4"));
    check_derivatives(model, molecule);
    check_derivatives(model, crystal);
    model_free(model);
    model = fitted(dataset, OPTIONS(SMALL, "spline_error", "1e-12", "descriptor", descriptors[k], "regularization",
                                    "1e-4", "centers", "0"));
    check_derivatives(model, molecule);
    model_free(model);
  }
  system_free(molecule);
  system_free(crystal);
  dataset_free(dataset);
}

/* ---- systems ---- */

/* Any subset of outputs gives the numbers of all; threads change the last bits at most. */
static void test_outputs(void **state) {
  (void)state;
  tern_model *model = small_model();
  tern_system *system = golden_system("ridge_virial.txt", "test1_");
  run run = serial();
  double energy[2], forces[2][48], virial[2][9], energies[2][16], virials[2][144];
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy[0], forces[0], virial[0], energies[0], virials[0]));
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy[1], NULL, NULL, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, system, NULL, forces[1], NULL, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, system, NULL, NULL, virial[1], NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, system, NULL, NULL, NULL, energies[1], NULL));
  ASSERT_SUCCESS(model_predict(model, &run, system, NULL, NULL, NULL, NULL, virials[1]));
  ASSERT_SUCCESS(model_predict(model, &run, system, NULL, NULL, NULL, NULL, NULL));
  const size_t atoms = (size_t)system->n_atoms;
  assert_memory_equal(&energy[0], &energy[1], sizeof(double));
  assert_memory_equal(forces[0], forces[1], 3 * atoms * sizeof(double));
  assert_memory_equal(virial[0], virial[1], 9 * sizeof(double));
  assert_memory_equal(energies[0], energies[1], atoms * sizeof(double));
  assert_memory_equal(virials[0], virials[1], 9 * atoms * sizeof(double));
  system_free(system);
  model_free(model);
}

static void test_threads(void **state) {
  (void)state;
  tern_model *model = small_model();
  tern_system *system = many_atoms(0);
  double energy[3], forces[3][3 * MANY], virial[3][9];
  for (int k = 0; k < 3; k++) {
    run run = {.threads = k == 0 ? 1 : 4};
    ASSERT_SUCCESS(model_predict(model, &run, system, &energy[k], forces[k], virial[k], NULL, NULL));
    assert_int_equal(run.memory_used, 0);
  }
  assert_true(energy[0] == energy[1]);
  assert_close("forces", 3 * MANY, forces[1], forces[0], 1e-12);
  assert_close("virial", 9, virial[1], virial[0], 1e-12);
  assert_memory_equal(forces[1], forces[2], sizeof forces[1]);
  assert_memory_equal(virial[1], virial[2], sizeof virial[1]);
  system_free(system);
  model_free(model);
}

/* One rank's system: owned atoms in [begin, end), all pairs of theirs, others as ghosts at the end. */
static tern_system *rank_system(const tern_system *whole, double cutoff, int64_t begin, int64_t end,
                                int64_t *atom_of) {
  run run = serial();
  neighbours list;
  static int64_t pairs[MANY * 200][2];
  int32_t species[MANY];
  int64_t count = 0, local_of[MANY], n_pairs = 0;
  ASSERT_SUCCESS(neighbours_build(&run, whole, cutoff, whole->n_owned, NULL, &list));
  for (int64_t atom = 0; atom < MANY; atom++)
    local_of[atom] = -1;
  for (int64_t atom = begin; atom < end; atom++) {
    local_of[atom] = count;
    atom_of[count++] = atom;
  }
  for (int64_t pair = list.first[begin]; pair < list.first[end]; pair++)
    if (local_of[list.atom[pair]] < 0) {
      local_of[list.atom[pair]] = count;
      atom_of[count++] = list.atom[pair];
    }
  for (int64_t center = begin; center < end; center++)
    for (int64_t pair = list.first[center]; pair < list.first[center + 1]; pair++, n_pairs++) {
      assert_in_range(n_pairs, 0, MANY * 200 - 1);
      pairs[n_pairs][0] = local_of[center];
      pairs[n_pairs][1] = local_of[list.atom[pair]];
    }
  for (int64_t k = 0; k < count; k++)
    species[k] = whole->species[atom_of[k]];
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new_from_pairs(&made, end - begin, count, species, n_pairs, pairs[0],
                                       list.vectors + 3 * list.first[begin], cutoff));
  neighbours_free(&run, &list);
  return made;
}

/* A system split over ranks, ghosts' forces added to their owners, sums to the whole. */
static void test_ranks(void **state) {
  (void)state;
  tern_model *model = small_model();
  tern_system *whole = many_atoms(0);
  run run = serial();
  const int64_t cuts[] = {0, 20, 21, MANY};
  double energy, forces[3 * MANY], virial[9], energies[MANY];
  double energy_sum = 0, forces_sum[3 * MANY] = {0}, virial_sum[9] = {0};
  ASSERT_SUCCESS(model_predict(model, &run, whole, &energy, forces, virial, energies, NULL));
  for (int rank = 0; rank < 3; rank++) {
    int64_t atom_of[MANY];
    double part, part_forces[3 * MANY], part_virial[9], part_energies[MANY];
    tern_system *system = rank_system(whole, 3.5, cuts[rank], cuts[rank + 1], atom_of);
    ASSERT_SUCCESS(model_predict(model, &run, system, &part, part_forces, part_virial, part_energies, NULL));
    energy_sum += part;
    for (int64_t k = 0; k < 3 * system->n_atoms; k++)
      forces_sum[3 * atom_of[k / 3] + k % 3] += part_forces[k];
    for (int k = 0; k < 9; k++)
      virial_sum[k] += part_virial[k];
    assert_close("energies", system->n_owned, part_energies, energies + cuts[rank], 1e-12);
    system_free(system);
  }
  assert_true(fabs(energy_sum - energy) < 1e-12 * fabs(energy));
  assert_close("forces", 3 * MANY, forces_sum, forces, 1e-12);
  assert_close("virial", 9, virial_sum, virial, 1e-12);
  system_free(whole);
  model_free(model);
}

static void test_extensive(void **state) {
  (void)state;
  tern_model *model = small_model();
  tern_system *one = golden_system("ridge_virial.txt", "test1_"), *two = NULL;
  const int64_t n = one->n_atoms;
  int32_t species[32];
  double positions[96], energy[2], forces[2][96], virial[2][9];
  run run = serial();
  for (int64_t k = 0; k < 2 * n; k++) {
    species[k] = one->species[k % n];
    for (int axis = 0; axis < 3; axis++)
      positions[3 * k + axis] = one->positions[3 * (k % n) + axis] + (k < n ? 0 : 50);
  }
  ASSERT_SUCCESS(system_new(&two, 2 * n, species, positions, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, one, &energy[0], forces[0], virial[0], NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, two, &energy[1], forces[1], virial[1], NULL, NULL));
  assert_true(fabs(energy[1] - 2 * energy[0]) < 1e-12 * fabs(energy[1]));
  assert_close("forces", 3 * n, forces[1], forces[0], 1e-10);
  assert_close("forces of the copy", 3 * n, forces[1] + 3 * n, forces[0], 1e-10);
  for (int k = 0; k < 9; k++)
    virial[0][k] *= 2;
  assert_close("virial", 9, virial[1], virial[0], 1e-10);
  system_free(one);
  system_free(two);
  model_free(model);
}

static void test_small_systems(void **state) {
  (void)state;
  tern_model *model = small_model();
  run run = serial();
  tern_system *empty = NULL, *atom = NULL, *stranger = NULL;
  const int32_t carbon = 6, iron = 26;
  const double position[3] = {1, 2, 3};
  double energy = 7, forces[3] = {7, 7, 7}, virial[9] = {7};
  ASSERT_SUCCESS(system_new(&empty, 0, &carbon, position, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, empty, &energy, forces, virial, NULL, NULL));
  assert_true(energy == 0 && virial[0] == 0 && forces[0] == 7);
  ASSERT_SUCCESS(system_new(&atom, 1, &carbon, position, NULL, NULL));
  ASSERT_SUCCESS(model_predict(model, &run, atom, &energy, forces, virial, NULL, NULL));
  assert_true(isfinite(energy) && forces[0] == 0 && virial[0] == 0);
  ASSERT_SUCCESS(system_new(&stranger, 1, &iron, position, NULL, NULL));
  energy = 7;
  assert_int_equal(model_predict(model, &run, stranger, &energy, forces, virial, NULL, NULL), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "Fe"));
  assert_true(energy == 7);
  assert_int_equal(run.memory_used, 0);
  system_free(empty);
  system_free(atom);
  system_free(stranger);
  model_free(model);
}

/* A species that the descriptor knows but that no structure had is refused, too. */
static void test_unseen_species(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *model = fitted(dataset, OPTIONS(SMALL, "species", "H,C,O"));
  const int32_t oxygen = 8;
  const double position[3] = {0};
  tern_system *atom = NULL;
  run run = serial();
  ASSERT_SUCCESS(system_new(&atom, 1, &oxygen, position, NULL, NULL));
  assert_int_equal(model_predict(model, &run, atom, NULL, NULL, NULL, NULL, NULL), TERN_ERROR_DATA);
  assert_non_null(strstr(error_message(), "atom 0 is O"));
  system_free(atom);
  model_free(model);
  dataset_free(dataset);
}

/* ---- baseline ---- */

static void test_baselines(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *atoms = NULL;
  tern_model *model = fitted(dataset, OPTIONS(SMALL, "e0", "6:-40,H:-13.5"));
  assert_true(model->e0[0] == -13.5 && model->e0[1] == -40);
  model_free(model);
  refused(dataset, OPTIONS(SMALL, "e0", "H:-13.5"), TERN_ERROR_OPTION, "no energy for C");
  refused(dataset, OPTIONS(SMALL, "e0", "isolated"), TERN_ERROR_DATA, "isolated H atom");
  const double position[3] = {0}, energies[2] = {-13, -37};
  const int32_t species[2] = {1, 6};
  for (int k = 0; k < 2; k++) {
    tern_system *atom = NULL;
    ASSERT_SUCCESS(system_new(&atom, 1, &species[k], position, NULL, NULL));
    ASSERT_SUCCESS(dataset_append(dataset, atom, &energies[k], NULL, NULL));
    system_free(atom);
  }
  model = fitted(dataset, OPTIONS(SMALL, "e0", "isolated"));
  assert_true(model->e0[0] == -13 && model->e0[1] == -37);
  model_free(model);
  /* molecules of one composition: least norm, said in the report */
  const int64_t first = 1;
  ASSERT_SUCCESS(dataset_subset(dataset, 1, &first, &atoms));
  model = fitted(atoms, OPTIONS(SMALL));
  assert_non_null(strstr(model->report, "least norm"));
  model_free(model);
  dataset_free(atoms);
  dataset_free(dataset);
}

/* ---- what cannot be fitted ---- */

static void test_refusals(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *energies = NULL, *bare = NULL, *none = NULL;
  ASSERT_SUCCESS(dataset_new(&energies));
  ASSERT_SUCCESS(dataset_new(&bare));
  ASSERT_SUCCESS(dataset_new(&none));
  for (int64_t k = 0; k < dataset->size; k++) {
    ASSERT_SUCCESS(dataset_append(energies, dataset->frames[k]->system, &dataset->frames[k]->energy, NULL, NULL));
    ASSERT_SUCCESS(dataset_append(bare, dataset->frames[k]->system, NULL, NULL, NULL));
  }
  refused(none, OPTIONS(SMALL), TERN_ERROR_DATA, "empty");
  refused(bare, OPTIONS(SMALL), TERN_ERROR_DATA, "nothing to fit");
  refused(energies, OPTIONS(SMALL, "force_weight", "0.5"), TERN_ERROR_DATA, "force_weight");
  refused(energies, OPTIONS(SMALL, "virial_weight", "0.5"), TERN_ERROR_DATA, "virial_weight");
  refused(energies, OPTIONS(SMALL, "energy_weight", "0"), TERN_ERROR_DATA, "nothing to fit");
  refused(dataset, OPTIONS(SMALL, "energy_weight", "0", "force_weight", "0", "virial_weight", "0"), TERN_ERROR_DATA,
          "nothing to fit");
  refused(dataset, OPTIONS(SMALL, "validation", "0.99"), TERN_ERROR_DATA, "validation");
  refused(dataset, OPTIONS(SMALL, "tag_cutoff", "2"), TERN_ERROR_OPTION, "tag_cutoff");
  refused(dataset, OPTIONS(SMALL, "target", "dipole"), TERN_ERROR_OPTION, "'dipole'; models are fitted on 'energy'");
  model_free(fitted(energies, OPTIONS(SMALL, "force_weight", "0")));
  run run = serial();
  tern_model *model = NULL;
  assert_int_equal(model_fit(&model, "rigde", &run, dataset, NULL), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "'ridge'"));
  dataset_free(none);
  dataset_free(bare);
  dataset_free(energies);
  dataset_free(dataset);
}

static void test_memory_limit(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_options *options = OPTIONS(SMALL);
  run run = {.threads = 1, .memory_limit = 20000};
  tern_model *model = NULL;
  assert_int_equal(model_fit(&model, "ridge", &run, dataset, options), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "72 columns"));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  dataset_free(dataset);
}

typedef struct countdown {
  int left, stages;
  char last[32];
} countdown;

static int32_t count_down(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  countdown *countdown = context;
  (void)loss;
  assert_true(done >= 0 && done <= total);
  countdown->stages += strcmp(stage, countdown->last) != 0;
  snprintf(countdown->last, sizeof countdown->last, "%s", stage);
  return countdown->left-- == 0 ? -7 : 0;
}

/* Cancelled at any report, nothing is left; the callback's number comes back. */
static void test_cancelled(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  for (int calls = 0;; calls++) {
    tern_options *options = OPTIONS(SMALL, "validation", "0.2");
    countdown countdown = {.left = calls};
    run run = {.threads = 2, .progress = count_down, .context = &countdown};
    tern_model *model = NULL;
    const int32_t status = model_fit(&model, "ridge", &run, dataset, options);
    options_free(options);
    assert_int_equal(run.memory_used, 0);
    if (status == TERN_SUCCESS) {
      assert_true(calls >= 3 && countdown.stages >= 3);
      model_free(model);
      break;
    }
    assert_int_equal(status, -7);
    assert_null(model);
  }
  dataset_free(dataset);
}

/* ---- regularization ---- */

/* Threads and validation change how the weights are found, not what is predicted beyond rounding. */
static void test_regularization(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_options *options = OPTIONS(SMALL, "regularization", "1e-3");
  tern_model *models[3] = {NULL};
  tern_system *system = many_atoms(0);
  double energies[3], forces[3][3 * MANY];
  for (int k = 0; k < 3; k++) {
    run run = {.threads = k == 0 ? 1 : 3};
    if (k == 2)
      ASSERT_SUCCESS(options_set(options, "validation", "0.3"));
    ASSERT_SUCCESS(model_fit(&models[k], "ridge", &run, dataset, options));
    ASSERT_SUCCESS(model_predict(models[k], &run, system, &energies[k], forces[k], NULL, NULL, NULL));
    assert_close("energy", 1, &energies[k], &energies[0], 1e-9);
    assert_close("forces", 3 * MANY, forces[k], forces[0], 1e-9);
    model_free(models[k]);
  }
  options_free(options);
  system_free(system);
  tern_model *held_out = fitted(dataset, OPTIONS(SMALL, "validation", "0.3", "seed", "4"));
  assert_non_null(strstr(held_out->report, "held-out structures"));
  model_free(held_out);
  tern_model *automatic = fitted(dataset, OPTIONS(SMALL));
  assert_non_null(strstr(automatic->report, "generalized cross-validation"));
  model_free(automatic);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),         cmocka_unit_test(test_derivatives),    cmocka_unit_test(test_outputs),
      cmocka_unit_test(test_threads),        cmocka_unit_test(test_ranks),          cmocka_unit_test(test_extensive),
      cmocka_unit_test(test_small_systems),  cmocka_unit_test(test_unseen_species), cmocka_unit_test(test_baselines),
      cmocka_unit_test(test_refusals),       cmocka_unit_test(test_memory_limit),   cmocka_unit_test(test_cancelled),
      cmocka_unit_test(test_regularization),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
