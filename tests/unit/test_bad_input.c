/* SPDX-License-Identifier: BSD-3-Clause */
/* Data and options that cannot be right, for every kind of model: what is refused says what is wrong, what can be
   fitted is fitted with a warning in the report. */
#include "model_checks.h"

#include "model/data_check.h"

#define KINDS 5
static const char *const kinds[KINDS] = {"ridge", "kernel", "network", "triplet", "ridge+triplet"};

static tern_options *options_for(const char *kind, const char *key, const char *value) {
  tern_options *options = OPTIONS(SMALL);
  if (strstr(kind, "network") != NULL || strstr(kind, "triplet") != NULL) {
    ASSERT_SUCCESS(options_set(options, "epochs", "2"));
    ASSERT_SUCCESS(options_set(options, "hidden", "4,3"));
  }
  if (key != NULL)
    ASSERT_SUCCESS(options_set(options, key, value));
  return options;
}

static tern_model *fit(const char *kind, const tern_dataset *dataset, const char *key, const char *value) {
  run run = serial();
  tern_model *model = NULL;
  tern_options *options = options_for(kind, key, value);
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  return model;
}

static void refused(const char *kind, const tern_dataset *dataset, tern_options *options, int64_t memory_limit,
                    int32_t status, const char *says) {
  run run = {.threads = 1, .memory_limit = memory_limit};
  tern_model *model = NULL;
  const int32_t got = model_fit(&model, kind, &run, dataset, options);
  if (got != status || strstr(error_message(), says) == NULL)
    fail_msg("%s: status %d, \"%s\"; %d and \"%s\" are due", kind, got, error_message(), status, says);
  assert_null(model);
  assert_int_equal(run.memory_used, 0);
  options_free(options);
}

static double energy_of(const tern_model *model, const tern_system *system) {
  run run = serial();
  double energy;
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, NULL, NULL, NULL, NULL));
  return energy;
}

/* With one energy changed. */
static tern_dataset *spoiled(int64_t index, double energy) {
  tern_dataset *dataset = training_set();
  frame *own;
  ASSERT_SUCCESS(dataset_own_frame(dataset, index, &own));
  own->energy += energy;
  return dataset;
}

/* ---- refused ---- */

static tern_dataset *without_targets(const tern_dataset *dataset, bool energies) {
  tern_dataset *bare = NULL;
  ASSERT_SUCCESS(dataset_new(&bare));
  for (int64_t k = 0; k < dataset->size; k++)
    ASSERT_SUCCESS(dataset_append(bare, dataset->frames[k]->system, energies ? &dataset->frames[k]->energy : NULL,
                                  NULL, NULL));
  return bare;
}

static void test_targets(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *energies = without_targets(dataset, true),
               *bare = without_targets(dataset, false);
  for (int k = 0; k < KINDS; k++) {
    refused(kinds[k], energies, options_for(kinds[k], "force_weight", "1"), 0, TERN_ERROR_DATA,
            "option 'force_weight' is 1, but no structure of the data set has forces");
    refused(kinds[k], energies, options_for(kinds[k], "virial_weight", "2"), 0, TERN_ERROR_DATA,
            "option 'virial_weight' is 2, but no structure of the data set has a virial");
    refused(kinds[k], bare, options_for(kinds[k], "energy_weight", "1"), 0, TERN_ERROR_DATA,
            "option 'energy_weight' is 1, but no structure of the data set has an energy");
    refused(kinds[k], bare, options_for(kinds[k], NULL, NULL), 0, TERN_ERROR_DATA, "nothing to fit");
    tern_options *none = options_for(kinds[k], "energy_weight", "0");
    ASSERT_SUCCESS(options_set(none, "force_weight", "0"));
    ASSERT_SUCCESS(options_set(none, "virial_weight", "0"));
    refused(kinds[k], dataset, none, 0, TERN_ERROR_DATA, "nothing to fit");
    refused(kinds[k], dataset, options_for(kinds[k], "species", "1"), 0, TERN_ERROR_DATA, "is C (6), a species that");
    tern_model *model = fit(kinds[k], energies, NULL, NULL); /* what is not asked for may be missing */
    model_free(model);
  }
  dataset_free(bare);
  dataset_free(energies);
  dataset_free(dataset);
}

static void test_species(void **state) {
  (void)state;
  const int32_t silicon[2] = {6, 14};
  const double positions[6] = {0, 0, 0, 0, 0, 2};
  tern_dataset *dataset = training_set();
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, 2, silicon, positions, NULL, NULL));
  for (int k = 0; k < KINDS; k++) {
    run run = serial();
    double energy = 17;
    tern_model *model = fit(kinds[k], dataset, NULL, NULL);
    assert_int_equal(model_predict(model, &run, system, &energy, NULL, NULL, NULL, NULL), TERN_ERROR_DATA);
    assert_string_equal(error_message(), "atom 1 is Si, a species that the model was not fitted on; it knows H, C");
    assert_true(energy == 17);
    model_free(model);
  }
  system_free(system);
  dataset_free(dataset);
}

/* Says how much is needed; what is enough is enough. */
static void test_memory(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  for (int k = 0; k < KINDS; k++) {
    refused(kinds[k], dataset, options_for(kinds[k], NULL, NULL), 20000, TERN_ERROR_MEMORY,
            "iB needed, more than memory_limit (");
    run run = {.threads = 1, .memory_limit = 64 << 20};
    tern_model *model = NULL;
    tern_options *options = options_for(kinds[k], NULL, NULL);
    ASSERT_SUCCESS(model_fit(&model, kinds[k], &run, dataset, options));
    assert_in_range(run.memory_peak, 20000, 64 << 20);
    options_free(options);
    model_free(model);
  }
  dataset_free(dataset);
}

static void test_checkpoint(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/bad_input.checkpoint";
  static const char fingerprint[] = "its fingerprint of data and options";
  static const struct {
    const char *kind, *key, *value, *says;
  } others[] = {{"network", "seed", "0", "its model is 'triplet', this training's is 'network'"},
                {"triplet", "hidden", "5", "parameters, this training"},
                {"triplet", "cutoff", "3.1", fingerprint},
                {"triplet", "input_power", "0.3", fingerprint},
                {"triplet", "seed", "0", fingerprint}}; /* with other energies */
  enum { OTHERS = sizeof others / sizeof *others };
  tern_dataset *dataset = training_set(), *other = spoiled(3, 0.1);
  model_free(fit("triplet", dataset, "checkpoint", path));
  for (int k = 0; k < OTHERS; k++) {
    tern_options *options = options_for(others[k].kind, "checkpoint", path);
    ASSERT_SUCCESS(options_set(options, "resume", "1"));
    ASSERT_SUCCESS(options_set(options, others[k].key, others[k].value));
    refused(others[k].kind, k == OTHERS - 1 ? other : dataset, options, 0, TERN_ERROR_DATA, others[k].says);
  }
  remove(path);
  dataset_free(other);
  dataset_free(dataset);
}

static void test_shared_checkpoint(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  refused("network+triplet", dataset, options_for("network+triplet", "checkpoint", "both"), 0, TERN_ERROR_OPTION,
          "give each its own file, network.checkpoint and triplet.checkpoint");
  model_free(fit("ridge+triplet", dataset, "checkpoint", TEST_BINARY_DIR "/one.checkpoint"));
  remove(TEST_BINARY_DIR "/one.checkpoint");
  dataset_free(dataset);
}

/* None, which is what 0 means, and one that is over at once: both end with a model. */
static void test_time(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  for (int k = 2; k < KINDS; k++) {
    model_free(fit(kinds[k], dataset, "time_limit", "0"));
    tern_model *model = fit(kinds[k], dataset, "time_limit", "1e-9");
    assert_non_null(strstr(model->report, "\"stopped\": \"time_limit\""));
    assert_true(isfinite(energy_of(model, dataset->frames[0]->system)));
    model_free(model);
  }
  dataset_free(dataset);
}

/* Numbers beside which others have no digits. */
static void test_huge(void **state) {
  (void)state;
  static const char *const says[3] = {":21): number 0 of its energy is -1e+30; up to 1e+15 can be fitted",
                                      ":21): number 2 of its forces is 1e+200",
                                      ":21): number 4 of its virial is -2e+15"};
  for (int k = 0; k < KINDS; k++)
    for (int what = 0; what < 3; what++) {
      tern_dataset *dataset = spoiled(4, what == 0 ? -1e30 : 0);
      frame *own = dataset->frames[4]; /* nobody shares it */
      if (what == 1)
        own->forces[2] = 1e200;
      own->has_virial = own->has_virial || what == 2;
      own->virial[1][1] = what == 2 ? -2e15 : 0;
      refused(kinds[k], dataset, options_for(kinds[k], NULL, NULL), 0, TERN_ERROR_DATA, says[what]);
      dataset_free(dataset);
    }
}

/* ---- fitted, with a word ---- */

/* Named with file and line, also where a model works on data of its own: what earlier parts leave. */
static void test_coincident(void **state) {
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    tern_dataset *dataset = training_set();
    double *positions = dataset->frames[3]->system->positions;
    memcpy(positions + 3, positions, 3 * sizeof *positions);
    refused(kinds[k], dataset, options_for(kinds[k], NULL, NULL), 0, TERN_ERROR_DATA, "structure 3 (");
    assert_non_null(strstr(error_message(), "ridge_train.extxyz:15): atoms 0 and 1 (counted from 0) are at the same"));
    dataset_free(dataset);
  }
}

static void test_single(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *one = NULL;
  const int64_t index = 3;
  ASSERT_SUCCESS(dataset_subset(dataset, 1, &index, &one));
  for (int k = 0; k < KINDS; k++) {
    tern_model *model = fit(kinds[k], one, NULL, NULL);
    assert_true(isfinite(energy_of(model, one->frames[0]->system)));
    assert_non_null(strstr(model->report, "\"warnings\": [\"there is one structure only"));
    model_free(model);
    refused(kinds[k], one, options_for(kinds[k], "validation", "0.2"), 0, TERN_ERROR_DATA,
            "option 'validation' is 0.2, which leaves none of the 1 structures to fit; set it to 0");
  }
  dataset_free(one);
  dataset_free(dataset);
}

static void test_duplicates(void **state) {
  (void)state;
  tern_dataset *dataset = training_set(), *twice = NULL;
  const int64_t indices[8] = {0, 5, 2, 5, 7, 0, 5, 11};
  ASSERT_SUCCESS(dataset_subset(dataset, 8, indices, &twice));
  run run = serial();
  int64_t first[8];
  const int64_t expected[8] = {0, 1, 2, 1, 4, 0, 1, 7};
  ASSERT_SUCCESS(data_duplicates(&run, twice, first));
  assert_memory_equal(first, expected, sizeof first);
  for (int k = 0; k < KINDS; k++) {
    tern_model *model = fit(kinds[k], twice, NULL, NULL);
    assert_non_null(
        strstr(model->report, "\"duplicates\": 3, \"outliers\": 0, \"warnings\": [\"3 structures occur before"));
    assert_non_null(strstr(model->report, "as structure 3 ("));
    model_free(model);
  }
  dataset_free(twice);
  dataset_free(dataset);
}

/* Copies of one crystal that differ in one number, or in their energies. */
static void test_nearly_duplicates(void **state) {
  (void)state;
  run run = serial();
  tern_dataset *dataset = NULL;
  text report = {0};
  const int32_t species[2] = {1, 6}, periodic[3] = {1, 1, 1};
  const double cell[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int k = 0; k < 5; k++) {
    const double energy = k == 4 ? 2 : 1, positions[6] = {0, 0, 0, 1, 1, k == 1 ? 1 + 1e-15 : 1};
    double own[9];
    tern_system *system = NULL;
    memcpy(own, cell, sizeof own);
    own[8] += k == 2 ? 1e-15 : 0;
    ASSERT_SUCCESS(system_new(&system, 2, species, positions, own, periodic));
    ASSERT_SUCCESS(dataset_append(dataset, system, k == 3 ? NULL : &energy, NULL, NULL));
    system_free(system);
  }
  ASSERT_SUCCESS(data_check(&run, dataset, NULL, 2, species, &report));
  assert_non_null(strstr(report.data, "\"duplicates\": 2, ")); /* a cell that differs by less than a bit is the same */
  text_free(&report);
  const int64_t two[2] = {0, 4};
  tern_dataset *different = NULL;
  ASSERT_SUCCESS(dataset_subset(dataset, 2, two, &different));
  ASSERT_SUCCESS(data_check(&run, different, NULL, 2, species, &report));
  assert_non_null(strstr(report.data, "1 structure occurs before, "));
  assert_non_null(strstr(report.data, "whose energies differ by 1 eV"));
  text_free(&report);
  dataset_free(different);
  dataset_free(dataset);
  assert_int_equal(run.memory_used, 0);
}

/* Whichever structure it is, whether its energy is far above or below; only that one. */
static void test_outliers(void **state) {
  (void)state;
  const int32_t species[2] = {1, 6};
  for (int64_t index = 0; index < 12; index++)
    for (int sign = -1; sign <= 1; sign += 2)
      for (double size = 1e3; size < 1e9; size *= 1e3) {
        run run = serial();
        double outlying[12];
        tern_dataset *dataset = spoiled(index, sign * size);
        const double atoms = (double)dataset->frames[index]->system->n_atoms;
        ASSERT_SUCCESS(data_outliers(&run, dataset, 2, species, outlying));
        assert_int_equal(run.memory_used, 0);
        for (int64_t k = 0; k < 12; k++)
          if (k == index ? !(fabs(outlying[k] - sign * size / atoms) < 20) : outlying[k] != 0)
            fail_msg("structure %d with %g eV: %d is off by %g", (int)index, sign * size, (int)k, outlying[k]);
        dataset_free(dataset);
      }
}

static void test_outlier_named(void **state) {
  (void)state;
  tern_dataset *dataset = spoiled(3, 1e6);
  for (int k = 0; k < KINDS; k++) {
    tern_model *model = fit(kinds[k], dataset, NULL, NULL);
    assert_non_null(strstr(model->report, "\"outliers\": 1, \"warnings\": [\"structure 3 ("));
    assert_non_null(strstr(model->report, "ridge_train.extxyz:15): its energy, 99998"));
    assert_non_null(strstr(model->report, "eV per atom above what the other structures suggest"));
    model_free(model);
  }
  dataset_free(dataset);
}

/* No false alarm: structures of all sorts, and isolated atoms, whose energies differ from all others. */
static void test_sound(void **state) {
  (void)state;
  run run = serial();
  const int32_t species[2] = {1, 6}, silicon = 14;
  const char *const files[2] = {TEST_SOURCE_DIR "/golden/ridge_train.extxyz", TEST_SOURCE_DIR "/data/clusters.extxyz"};
  for (int k = 0; k < 2; k++) {
    tern_dataset *dataset = NULL;
    tern_system *atom = NULL;
    text report = {0};
    const double place[3] = {0, 0, 0}, energy = -900;
    ASSERT_SUCCESS(dataset_read(&dataset, files[k], NULL));
    ASSERT_SUCCESS(system_new(&atom, 1, k == 0 ? species : &silicon, place, NULL, NULL));
    ASSERT_SUCCESS(dataset_append(dataset, atom, &energy, NULL, NULL));
    ASSERT_SUCCESS(data_check(&run, dataset, NULL, k == 0 ? 2 : 1, k == 0 ? species : &silicon, &report));
    assert_string_equal(report.data, "\"data\": {\"duplicates\": 0, \"outliers\": 0, \"warnings\": []}");
    text_free(&report);
    system_free(atom);
    dataset_free(dataset);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_targets),    cmocka_unit_test(test_species),
      cmocka_unit_test(test_memory),     cmocka_unit_test(test_checkpoint),
      cmocka_unit_test(test_time),       cmocka_unit_test(test_huge),
      cmocka_unit_test(test_shared_checkpoint),
      cmocka_unit_test(test_coincident),
      cmocka_unit_test(test_single),     cmocka_unit_test(test_duplicates),
      cmocka_unit_test(test_outliers),   cmocka_unit_test(test_nearly_duplicates),
      cmocka_unit_test(test_sound),      cmocka_unit_test(test_outlier_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
