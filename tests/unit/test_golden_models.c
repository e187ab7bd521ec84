/* SPDX-License-Identifier: BSD-3-Clause */
/* Stored models of every kind against the predictions of an independent implementation, whole and by threads. */
#include "model_checks.h"

enum { MOST_MODELS = 32, TESTS = 3 };

static tern_model *stored(const char *file) {
  char path[256];
  tern_model *model = NULL;
  golden_block name = golden_read(file, "model", 1);
  snprintf(path, sizeof path, "%s/golden/%s", TEST_SOURCE_DIR, name.lines[0]);
  golden_free(&name);
  ASSERT_SUCCESS(model_load(&model, path));
  return model;
}

static void test_predictions(void **state) {
  (void)state;
  golden_block files = golden_read("models.txt", "files", 1);
  assert_true(files.count >= 7);
  for (int k = 0; k < files.count; k++) {
    tern_model *model = stored(files.lines[k]);
    for (int test = 1; test <= TESTS; test++) {
      char prefix[16];
      snprintf(prefix, sizeof prefix, "test%d_", test);
      check_golden_test(files.lines[k], prefix, model);
    }
    model_free(model);
  }
  golden_free(&files);
}

/* A model that is saved again predicts the same bits. */
static void test_saved(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/golden_models.tern";
  golden_block files = golden_read("models.txt", "files", 1);
  for (int k = 0; k < files.count; k++) {
    run run = serial();
    double energies[2], forces[2][3 * 64];
    tern_model *models[2] = {stored(files.lines[k]), NULL};
    tern_system *system = golden_system(files.lines[k], "test1_");
    ASSERT_SUCCESS(model_save(models[0], path));
    ASSERT_SUCCESS(model_load(&models[1], path));
    for (int i = 0; i < 2; i++)
      ASSERT_SUCCESS(model_predict(models[i], &run, system, &energies[i], forces[i], NULL, NULL, NULL));
    assert_true(energies[0] == energies[1]);
    assert_memory_equal(forces[0], forces[1], sizeof(double) * 3 * (size_t)system->n_atoms);
    system_free(system);
    model_free(models[0]);
    model_free(models[1]);
  }
  golden_free(&files);
  remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_predictions),
      cmocka_unit_test(test_saved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
