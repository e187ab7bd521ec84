/* SPDX-License-Identifier: BSD-3-Clause */
/* Models of vectors of centres, and descriptors made from them: derivatives against differences, symmetries, files, bad
   input. */
#include "model_checks.h"

#include "helper_folder.h"
#include "model/learned.h"
#include "model/vectors.h"
#include "network/vector_problem.h"

enum { WIDTH = 3, ATOMS = 5 };

#define TINY "epochs", "3", "hidden", "6,4", "batch", "4", "target", "shape"

/* The training set with vectors that depend on the neighbours' distances. */
static tern_dataset *shaped(void) {
  tern_dataset *dataset = training_set();
  for (int64_t k = 0; k < dataset->size; k++) {
    const tern_system *system = dataset->frames[k]->system;
    double values[64 * WIDTH] = {0};
    for (int64_t i = 0; i < system->n_atoms; i++)
      for (int64_t j = 0; j < system->n_atoms; j++) {
        const double *a = system->positions + 3 * i, *b = system->positions + 3 * j;
        const double square = pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2);
        for (int w = 0; w < WIDTH; w++)
          values[WIDTH * i + w] += system->species[j] * exp(-square * (1 + w) / 4);
      }
    ASSERT_SUCCESS(dataset_set_vectors(dataset, k, "shape", WIDTH, values));
  }
  return dataset;
}

static tern_model *fitted_on(const tern_dataset *dataset, const char *kind, tern_options *options) {
  run run = {.threads = 2};
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  return model;
}

static tern_model *shaped_model(const char *kind, tern_options *options) {
  tern_dataset *dataset = shaped();
  tern_model *model = fitted_on(dataset, kind, options);
  dataset_free(dataset);
  return model;
}

static const int32_t species[ATOMS] = {1, 6, 1, 6, 6};
static const double corners[3 * ATOMS] = {0, 0.1, 0, 1.3, 0.2, 0, 0.1, 1.4, 0.3, 0.2, 0.1, 1.6, 1.4, 1.5, 1.3};
static const double box[9] = {2.7, 0, 0, 0.4, 2.9, 0, 0.1, 0.3, 3.1};

static tern_system *made(const double *positions, bool periodic) {
  const int32_t everywhere[3] = {1, 1, 1};
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, ATOMS, species, positions, periodic ? box : NULL, periodic ? everywhere : NULL));
  return system;
}

/* ---- derivatives ---- */

static double weighted(const tern_descriptor *descriptor, tern_system *system, const double *weights) {
  run run = serial();
  double values[ATOMS * WIDTH], sum = 0;
  ASSERT_SUCCESS(descriptor_compute(descriptor, &run, system, values));
  system_free(system);
  for (int k = 0; k < ATOMS * WIDTH; k++)
    sum += weights[k] * values[k];
  return sum;
}

static void check_derivatives(const tern_descriptor *descriptor, bool periodic) {
  run run = serial();
  const double h = 1e-4;
  double positions[3 * ATOMS], weights[ATOMS * WIDTH], gradient[3 * ATOMS], expected[3 * ATOMS];
  double moves[3 * ATOMS], forward[ATOMS * WIDTH], strain[9], along = 0, wanted = 0;
  uint64_t seed = 3;
  memcpy(positions, corners, sizeof positions);
  for (int k = 0; k < ATOMS * WIDTH; k++)
    weights[k] = pseudo_random(&seed);
  for (int k = 0; k < 3 * ATOMS; k++)
    moves[k] = pseudo_random(&seed);
  tern_system *system = made(positions, periodic);
  ASSERT_SUCCESS(descriptor_pullback(descriptor, &run, system, weights, gradient, strain));
  ASSERT_SUCCESS(descriptor_pushforward(descriptor, &run, system, moves, NULL, forward));
  system_free(system);
  for (int k = 0; k < 3 * ATOMS; k++) {
    positions[k] = corners[k] + h;
    const double up = weighted(descriptor, made(positions, periodic), weights);
    positions[k] = corners[k] - h;
    expected[k] = (up - weighted(descriptor, made(positions, periodic), weights)) / (2 * h);
    positions[k] = corners[k];
  }
  assert_close("pullback", 3 * ATOMS, gradient, expected, 1e-5);
  for (int k = 0; k < 3 * ATOMS; k++)
    along += gradient[k] * moves[k];
  for (int k = 0; k < ATOMS * WIDTH; k++)
    wanted += weights[k] * forward[k];
  assert_close("pushforward", 1, &wanted, &along, 1e-10);
}

/* The sparse Jacobian, weighted, is the pullback. */
static void check_jacobian(const tern_descriptor *descriptor) {
  run run = serial();
  double weights[ATOMS * WIDTH], gradient[3 * ATOMS], summed[3 * ATOMS] = {0};
  int64_t blocks = 0;
  uint64_t seed = 8;
  for (int k = 0; k < ATOMS * WIDTH; k++)
    weights[k] = pseudo_random(&seed);
  tern_system *system = made(corners, true);
  ASSERT_SUCCESS(descriptor_pullback(descriptor, &run, system, weights, gradient, NULL));
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, &blocks));
  assert_true(blocks > 0 && blocks <= ATOMS * ATOMS);
  int64_t indices[2 * ATOMS * ATOMS];
  double values[ATOMS * ATOMS * 3 * WIDTH], strain[ATOMS * 9 * WIDTH];
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, indices, values, strain));
  for (int64_t b = 0; b < blocks; b++)
    for (int64_t k = 0; k < 3 * WIDTH; k++)
      summed[3 * indices[2 * b + 1] + k / WIDTH] +=
          weights[indices[2 * b] * WIDTH + k % WIDTH] * values[b * 3 * WIDTH + k];
  assert_close("jacobian", 3 * ATOMS, summed, gradient, 1e-10);
  system_free(system);
}

static void check_kind(const char *kind, tern_options *options) {
  tern_model *model = shaped_model(kind, options);
  tern_descriptor *descriptor = NULL;
  ASSERT_SUCCESS(learned_new(&descriptor, model));
  model_free(model);
  check_derivatives(descriptor, false);
  check_derivatives(descriptor, true);
  check_jacobian(descriptor);
  descriptor_free(descriptor);
}

static void test_derivatives(void **state) {
  (void)state;
  check_kind("triplet", OPTIONS(SMALL, TINY));
  check_kind("triplet", OPTIONS(SMALL, TINY, "tag_products", "0", "tag_cutoff", "2.5"));
  check_kind("network", OPTIONS(SMALL, TINY, "descriptor", "power_spectrum"));
}

/* ---- predictions ---- */

static void test_golden(void **state) {
  (void)state;
  static const char *const prefixes[] = {"test1_", "test2_"};
  run run = serial();
  tern_model *model = NULL;
  tern_descriptor *descriptor = NULL;
  ASSERT_SUCCESS(model_load(&model, TEST_SOURCE_DIR "/golden/model_vectors.tern"));
  ASSERT_SUCCESS(learned_new(&descriptor, model));
  for (int k = 0; k < 2; k++) {
    char name[32];
    double values[64 * WIDTH], gradient[64 * 3];
    tern_system *system = golden_system("model_vectors.txt", prefixes[k]);
    snprintf(name, sizeof name, "%sweights", prefixes[k]);
    golden_block weights = golden_read("model_vectors.txt", name, 1);
    assert_int_equal(weights.count, WIDTH * system->n_atoms);
    ASSERT_SUCCESS(vectors_predict(model, &run, system, NULL, values));
    ASSERT_SUCCESS(descriptor_pullback(descriptor, &run, system, weights.values, gradient, NULL));
    check_golden_block("model_vectors.txt", prefixes[k], "vectors", values, 1e-7);
    check_golden_block("model_vectors.txt", prefixes[k], "gradient", gradient, 1e-6);
    golden_free(&weights);
    system_free(system);
  }
  descriptor_free(descriptor);
  model_free(model);
}

static void predicted(const tern_model *model, const double *positions, double *values) {
  run run = serial();
  tern_system *system = made(positions, false);
  ASSERT_SUCCESS(vectors_predict(model, &run, system, NULL, values));
  system_free(system);
}

static void test_symmetry(void **state) {
  (void)state;
  static const double matrix[9] = {-0.36, -0.48, 0.8, 0.8, -0.6, 0, -0.48, -0.64, -0.6}; /* turns and reflects */
  tern_model *model = shaped_model("triplet", OPTIONS(SMALL, TINY));
  double positions[3 * ATOMS], before[ATOMS * WIDTH], after[ATOMS * WIDTH];
  for (int k = 0; k < 3 * ATOMS; k++) {
    positions[k] = 0.7;
    for (int a = 0; a < 3; a++)
      positions[k] += matrix[3 * (k % 3) + a] * corners[3 * (k / 3) + a];
  }
  predicted(model, corners, before);
  predicted(model, positions, after);
  assert_close("turned", ATOMS * WIDTH, after, before, 1e-10);
  model_free(model);
}

/* Training makes errors smaller than those of the mean, with all optimizers that the option names. */
static void test_learns(void **state) {
  (void)state;
  static const char *const optimizers[] = {"spring", "adam"};
  for (int k = 0; k < 2; k++) {
    tern_model *model = shaped_model("network", OPTIONS(SMALL, "epochs", "200", "hidden", "12", "target", "shape",
                                                        "optimizer", optimizers[k], "step", k == 0 ? "0.5" : "0.03"));
    const char *relative = strstr(model->report, "\"relative\": ");
    assert_non_null(relative);
    const double error = strtod(relative + 12, NULL);
    if (!(error < 0.3))
      fail_msg("%s: relative error %g", optimizers[k], error);
    model_free(model);
  }
}

/* Of each species and component over the training set. */
static void add_errors(const tern_model *model, const frame *frame, double sums[2][WIDTH]) {
  run run = serial();
  double values[64 * WIDTH];
  const double *wanted = frame_find_vectors(frame, "shape")->values;
  ASSERT_SUCCESS(vectors_predict(model, &run, frame->system, NULL, values));
  for (int64_t k = 0; k < frame->system->n_atoms * WIDTH; k++)
    sums[frame->system->species[k / WIDTH] == 1][k % WIDTH] += values[k] - wanted[k];
}

/* The last layer ends as that of least squares, whose errors have no mean, however short the training was. */
static void test_last_layer(void **state) {
  (void)state;
  static const char *const kinds[] = {"network", "triplet"};
  tern_dataset *dataset = shaped();
  for (int kind = 0; kind < 2; kind++) {
    double sums[2][WIDTH] = {{0}};
    tern_model *model = fitted_on(dataset, kinds[kind], OPTIONS(SMALL, TINY, "precision", "float64"));
    for (int64_t k = 0; k < dataset->size; k++)
      add_errors(model, dataset->frames[k], sums);
    for (int k = 0; k < 2 * WIDTH; k++)
      if (!(fabs(sums[k / WIDTH][k % WIDTH]) < 1e-4))
        fail_msg("%s: errors of component %d sum to %g", kinds[kind], k % WIDTH, sums[k / WIDTH][k % WIDTH]);
    model_free(model);
  }
  dataset_free(dataset);
}

static int32_t stop_in_training(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)done, (void)total, (void)loss, (void)context;
  return strcmp(stage, "train") == 0;
}

/* Interrupted and resumed, a training ends in the same bits. */
static void test_resumed(void **state) {
  (void)state;
  static const char *const kinds[] = {"network", "triplet"};
  tern_dataset *dataset = shaped();
  for (int kind = 0; kind < 2; kind++) {
    char path[HELPER_PATH];
    double whole[64 * WIDTH], values[64 * WIDTH];
    const tern_system *system = dataset->frames[0]->system;
    run run = {.threads = 2, .progress = stop_in_training};
    tern_model *model = fitted_on(dataset, kinds[kind], OPTIONS(SMALL, TINY));
    ASSERT_SUCCESS(vectors_predict(model, &run, system, NULL, whole));
    model_free(model);
    tern_options *options = OPTIONS(SMALL, TINY, "checkpoint", helper_path(path, kinds[kind]));
    ASSERT_SUCCESS(model_fit(&model, kinds[kind], &run, dataset, options));
    assert_non_null(strstr(model->report, "\"stopped\": \"cancelled\""));
    model_free(model);
    ASSERT_SUCCESS(options_set(options, "resume", "1"));
    model = fitted_on(dataset, kinds[kind], options);
    ASSERT_SUCCESS(vectors_predict(model, &run, system, NULL, values));
    assert_memory_equal(values, whole, (size_t)(system->n_atoms * WIDTH) * sizeof *values);
    model_free(model);
  }
  dataset_free(dataset);
}

/* The model and the descriptor, from files, give the same numbers bit for bit; so does an energy model on top. */
static void test_files(void **state) {
  (void)state;
  run run = serial();
  char path[HELPER_PATH], other[HELPER_PATH];
  double values[ATOMS * WIDTH], again[ATOMS * WIDTH];
  tern_model *model = shaped_model("triplet", OPTIONS(SMALL, TINY)), *loaded = NULL;
  tern_descriptor *descriptor = NULL, *back = NULL;
  tern_system *system = made(corners, true);
  ASSERT_SUCCESS(model_save(model, helper_path(path, "shape.tern")));
  ASSERT_SUCCESS(model_load(&loaded, path));
  ASSERT_SUCCESS(vectors_predict(model, &run, system, NULL, values));
  ASSERT_SUCCESS(vectors_predict(loaded, &run, system, NULL, again));
  assert_memory_equal(values, again, sizeof values);
  ASSERT_SUCCESS(learned_new(&descriptor, loaded));
  model_free(loaded);
  ASSERT_SUCCESS(descriptor_save(descriptor, helper_path(other, "shape.descriptor")));
  ASSERT_SUCCESS(descriptor_load(&back, other, &learned_kind));
  ASSERT_SUCCESS(descriptor_compute(back, &run, system, again));
  assert_memory_equal(values, again, sizeof values);
  descriptor_free(back);
  descriptor_free(descriptor);
  model_free(model);
  system_free(system);
}

/* Energies and forces of every kind on learned features, which a file holds with the model. */
static void test_energies_on_learned(void **state) {
  (void)state;
  static const char *const kinds[] = {"ridge", "kernel", "network"};
  char path[HELPER_PATH], other[HELPER_PATH];
  tern_model *shape = shaped_model("triplet", OPTIONS(SMALL, TINY));
  ASSERT_SUCCESS(model_save(shape, helper_path(path, "shape.tern")));
  model_free(shape);
  for (int k = 0; k < 3; k++) {
    run run = serial();
    tern_dataset *dataset = training_set();
    tern_options *options = OPTIONS("descriptor", "learned", "learned", path);
    if (k == 2)
      ASSERT_SUCCESS(options_set(options, "epochs", "2"));
    tern_model *model = fitted_on(dataset, kinds[k], options), *loaded = NULL;
    double energy, forces[3 * ATOMS], again, wanted[3 * ATOMS], positions[3 * ATOMS];
    ASSERT_SUCCESS(model_save(model, helper_path(other, "energy.tern")));
    ASSERT_SUCCESS(model_load(&loaded, other));
    tern_system *system = made(corners, false);
    ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, NULL, NULL, NULL));
    ASSERT_SUCCESS(model_predict(loaded, &run, system, &again, NULL, NULL, NULL, NULL));
    assert_true(energy == again);
    system_free(system);
    memcpy(positions, corners, sizeof positions);
    for (int i = 0; i < 3 * ATOMS; i++) {
      double sides[2];
      for (int side = 0; side < 2; side++) {
        positions[i] = corners[i] + (side == 0 ? -1e-4 : 1e-4);
        system = made(positions, false);
        ASSERT_SUCCESS(model_predict(loaded, &run, system, &sides[side], NULL, NULL, NULL, NULL));
        system_free(system);
      }
      positions[i] = corners[i];
      wanted[i] = (sides[0] - sides[1]) / 2e-4;
    }
    assert_close(kinds[k], 3 * ATOMS, forces, wanted, 1e-5);
    model_free(loaded);
    model_free(model);
    dataset_free(dataset);
  }
}

/* ---- what is refused ---- */

static void refused(const tern_dataset *dataset, const char *kind, tern_options *options, int32_t status,
                    const char *message) {
  run run = serial();
  tern_model *model = NULL;
  assert_int_equal(model_fit(&model, kind, &run, dataset, options), status);
  if (strstr(error_message(), message) == NULL)
    fail_msg("'%s' does not say '%s'", error_message(), message);
  assert_int_equal(run.memory_used, 0);
  options_free(options);
}

static void test_refused(void **state) {
  (void)state;
  tern_dataset *dataset = shaped();
  double zeros[64] = {0};
  refused(dataset, "triplet", OPTIONS(SMALL, TINY, "target", "other"), TERN_ERROR_OPTION, "'target' is 'other'");
  refused(dataset, "kernel", OPTIONS(SMALL, "target", "shape"), TERN_ERROR_OPTION, "network and triplet are");
  refused(dataset, "network+triplet", OPTIONS(SMALL, "target", "shape"), TERN_ERROR_OPTION, "not by a sum");
  refused(dataset, "triplet", OPTIONS(SMALL, TINY, "baseline", "zbl"), TERN_ERROR_OPTION, "'baseline' is 'zbl'");
  ASSERT_SUCCESS(dataset_set_vectors(dataset, 2, "shape", 1, zeros));
  refused(dataset, "triplet", OPTIONS(SMALL, TINY), TERN_ERROR_DATA, "structure 2 has vectors 'shape' of 1 numbers");
  tern_system *system = made(corners, false);
  const double energy = 1;
  ASSERT_SUCCESS(dataset_append(dataset, system, &energy, NULL, NULL));
  system_free(system);
  int64_t pair[2] = {0, dataset->size - 1};
  tern_dataset *subset = NULL;
  ASSERT_SUCCESS(dataset_subset(dataset, 2, pair, &subset));
  refused(subset, "triplet", OPTIONS(SMALL, TINY), TERN_ERROR_MISSING, "structure 1 has no vectors 'shape'");
  for (int k = 0; k < 2; k++)
    ASSERT_SUCCESS(dataset_set_vectors(subset, k, "same", 1, zeros));
  refused(subset, "triplet", OPTIONS(SMALL, TINY, "target", "same"), TERN_ERROR_DATA, "nothing to learn");
  dataset_free(subset);
  dataset_free(dataset);
}

static void test_wrong_question(void **state) {
  (void)state;
  run run = serial();
  double values[64];
  int64_t count, width;
  tern_system *system = made(corners, false);
  tern_descriptor *descriptor = NULL;
  tern_model *vectors = shaped_model("triplet", OPTIONS(SMALL, TINY)), *energies = small_model();
  assert_int_equal(model_predict(vectors, &run, system, values, NULL, NULL, NULL, NULL), TERN_ERROR_MISSING);
  assert_non_null(strstr(error_message(), "vectors 'shape' of atoms, no energies"));
  assert_int_equal(model_predict_uncertainty(vectors, &run, system, values, NULL), TERN_ERROR_MISSING);
  assert_int_equal(vectors_shape(energies, system, &count, &width), TERN_ERROR_MISSING);
  assert_int_equal(vectors_predict(energies, &run, system, NULL, values), TERN_ERROR_MISSING);
  assert_int_equal(learned_new(&descriptor, energies), TERN_ERROR_DATA);
  tern_options *options = OPTIONS("cutoff", "4");
  assert_int_equal(learned_new_from_options(&descriptor, options), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "option 'learned'"));
  options_free(options);
  model_free(energies);
  model_free(vectors);
  system_free(system);
}

int main(void) {
  helper_folder();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),         cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_symmetry),       cmocka_unit_test(test_learns),
      cmocka_unit_test(test_last_layer),     cmocka_unit_test(test_files),
      cmocka_unit_test(test_refused),        cmocka_unit_test(test_energies_on_learned),
      cmocka_unit_test(test_wrong_question), cmocka_unit_test(test_resumed),
  };
  const int failures = cmocka_run_group_tests(tests, NULL, NULL);
  helper_folder_end();
  return failures;
}
