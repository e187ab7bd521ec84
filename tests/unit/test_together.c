/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums whose linear parts are fitted together: least of all in squares, whatever the order, threads or file. */
#include <unistd.h>

#include "model_checks.h"

#include "model/held_out.h"
#include "model/normal_equations.h"

/* Few columns for the rows, and neither part's among the other's. */
#define DENSITY "cutoff", "3.0", "l_max", "1", "sigma", "0.4", "n_max", "1", "e0", "H:0,C:0", "regularization", "1e-9"
#define KERNEL "kernel.n_max", "2", "kernel.points", "16", "kernel.principal_components", "0"
#define SUM DENSITY, KERNEL
#define JOINT SUM, "together", "1"

static int32_t try_fit(tern_model **model, const char *kind, run *run, const tern_dataset *dataset,
                       tern_options *options) {
  const int32_t status = model_fit(model, kind, run, dataset, options);
  options_free(options);
  assert_int_equal(run->memory_used, 0);
  return status;
}

static tern_model *fit_sum(const char *kind, const tern_dataset *dataset, tern_options *options) {
  run run = serial();
  tern_model *model = NULL;
  ASSERT_SUCCESS(try_fit(&model, kind, &run, dataset, options));
  return model;
}

static double energy_of(const tern_model *model, const tern_system *system, double *forces) {
  run run = serial();
  double energy;
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, NULL, NULL, NULL));
  return energy;
}

/* What a model leaves of a data set: energies and forces, and the sum that a fit with the usual weights makes least. */
static tern_dataset *rest_of(const tern_model *model, const tern_dataset *dataset, double *sum) {
  tern_dataset *rest = NULL;
  ASSERT_SUCCESS(dataset_new(&rest));
  *sum = 0;
  for (int64_t index = 0; index < dataset->size; index++) {
    const frame *frame = dataset->frames[index];
    double forces[3 * 64];
    assert_true(frame->system->n_atoms <= 64 && frame->forces != NULL);
    const double energy = frame->energy - energy_of(model, frame->system, forces);
    *sum += energy * energy / (double)frame->system->n_atoms;
    for (int64_t k = 0; k < 3 * frame->system->n_atoms; k++) {
      forces[k] = frame->forces[k] - forces[k];
      *sum += 0.01 * forces[k] * forces[k];
    }
    ASSERT_SUCCESS(dataset_append(rest, frame->system, &energy, forces, NULL));
  }
  return rest;
}

/* How much of the sum of squares is left when one kind more is fitted on what the model leaves. */
static double left_by_refit(const tern_model *model, const char *kind, const tern_dataset *dataset, double *sum) {
  double before, after;
  tern_dataset *rest = rest_of(model, dataset, &before);
  tern_model *more = fit_sum(kind, rest, strcmp(kind, "ridge") == 0 ? OPTIONS(DENSITY) : OPTIONS(SUM));
  dataset_free(rest_of(more, rest, &after));
  model_free(more);
  dataset_free(rest);
  *sum = before;
  return after / before;
}

/* Neither part finds anything more in what both leave; one after the other does. */
static void test_least_squares(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *joint = fit_sum("ridge+kernel", dataset, OPTIONS(JOINT, "virial_weight", "0"));
  tern_model *turns = fit_sum("ridge+kernel", dataset, OPTIONS(SUM, "virial_weight", "0"));
  double of_joint, of_turns;
  assert_true(left_by_refit(joint, "kernel", dataset, &of_joint) > 0.999);
  assert_true(left_by_refit(joint, "ridge", dataset, &of_joint) > 0.999);
  assert_true(left_by_refit(turns, "ridge", dataset, &of_turns) < 0.99);
  assert_true(of_joint < 0.95 * of_turns);
  model_free(joint);
  model_free(turns);
  dataset_free(dataset);
}

static void check_same(const tern_model *one, const tern_model *other, double tolerance) {
  tern_system *system = many_atoms(0);
  double energy[2], forces[2][3 * MANY];
  energy[0] = energy_of(one, system, forces[0]);
  energy[1] = energy_of(other, system, forces[1]);
  assert_close("energy", 1, &energy[1], &energy[0], tolerance);
  assert_close("forces", 3 * MANY, forces[1], forces[0], tolerance);
  system_free(system);
}

static void test_order_and_threads(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *model = fit_sum("ridge+kernel", dataset, OPTIONS(JOINT)), *threaded = NULL;
  tern_model *turned = fit_sum("kernel+ridge", dataset, OPTIONS(JOINT));
  run run = {.threads = 3};
  ASSERT_SUCCESS(try_fit(&threaded, "ridge+kernel", &run, dataset, OPTIONS(JOINT)));
  check_same(model, turned, 1e-6);
  check_same(model, threaded, 0);
  model_free(model);
  model_free(turned);
  model_free(threaded);
  dataset_free(dataset);
}

static void test_derivatives(void **state) {
  (void)state;
  const double h = 1e-4;
  tern_dataset *dataset = training_set();
  tern_model *model = fit_sum("ridge+kernel", dataset, OPTIONS(JOINT));
  tern_system *system = many_atoms(0);
  double forces[3 * MANY];
  energy_of(model, system, forces);
  for (int k = 0; k < 3 * MANY; k += 17) {
    double energy[2];
    for (int side = 0; side < 2; side++) {
      double positions[3 * MANY];
      tern_system *moved = NULL;
      memcpy(positions, system->positions, sizeof positions);
      positions[k] += side == 0 ? h : -h;
      ASSERT_SUCCESS(system_new(&moved, MANY, system->species, positions, (const double *)system->cell,
                                system->periodic));
      energy[side] = energy_of(model, moved, NULL);
      system_free(moved);
    }
    assert_true(fabs((energy[0] - energy[1]) / (2 * h) + forces[k]) < 1e-4);
  }
  system_free(system);
  model_free(model);
  dataset_free(dataset);
}

/* Structures held out choose the regularization, and are unknown to the model that is measured on them only. */
static void test_held_out(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *model = fit_sum("ridge+kernel", dataset, OPTIONS(JOINT, "regularization", "auto", "validation", "0.25"));
  assert_non_null(strstr(model->report, "\"method\": \"held-out structures\""));
  assert_non_null(strstr(model->report, "\"held_out\": {"));
  const tern_system *system = dataset->frames[0]->system;
  const double usual = energy_of(model, system, NULL);
  held_out_withhold(model, true);
  const double withheld = energy_of(model, system, NULL);
  held_out_withhold(model, false);
  assert_true(fabs(withheld - usual) > 1e-9);
  assert_true(energy_of(model, system, NULL) == usual);
  model_free(model);
  dataset_free(dataset);
}

/* A first column that misleads makes the error rise over decades before a second, much smaller one makes it fall. */
static void test_error_rises_first(void **state) {
  (void)state;
  const double fitted[4] = {1, 0, 0, 1e-4}, held_out[4] = {-0.1, 0, 0, 1e-4}, aims[2] = {1, 3};
  run run = serial();
  normal_equations sums[2];
  tern_options *options = OPTIONS("regularization", "auto");
  text report = {0};
  double w[2], trial[2], damping;
  for (int side = 0; side < 2; side++) {
    ASSERT_SUCCESS(normal_equations_new(&run, 2, &sums[side]));
    ASSERT_SUCCESS(normal_equations_add(&sums[side], 2, side == 0 ? fitted : held_out, aims));
  }
  ASSERT_SUCCESS(normal_equations_solve(&run, options, &sums[0], &sums[1], w, trial, &damping, &report));
  assert_true(fabs(trial[1] / 3e4 - 1) < 0.01);
  for (int side = 0; side < 2; side++)
    normal_equations_free(&run, &sums[side]);
  text_free(&report);
  options_free(options);
  assert_int_equal(run.memory_used, 0);
}

static void test_files(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/together.tern";
  tern_dataset *dataset = training_set();
  tern_model *model = fit_sum("ridge+kernel", dataset, OPTIONS(JOINT)), *loaded = NULL;
  ASSERT_SUCCESS(model_save(model, path));
  ASSERT_SUCCESS(model_load(&loaded, path));
  check_same(model, loaded, 0);
  assert_non_null(strstr(model->report, "\"together\": true"));
  assert_non_null(strstr(model->report, "\"further_parts\": [{\"kind\": \"kernel\", "));
  unlink(path);
  model_free(model);
  model_free(loaded);
  dataset_free(dataset);
}

static void refuse(const char *kind, const tern_dataset *dataset, tern_options *options, int32_t expected,
                   const char *culprit) {
  run run = serial();
  tern_model *model = NULL;
  assert_int_equal(try_fit(&model, kind, &run, dataset, options), expected);
  assert_non_null(strstr(error_message(), culprit));
}

static int32_t stop(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)total, (void)loss;
  return done >= *(const int64_t *)context ? 7 : 0;
}

static void test_refusals(void **state) {
  (void)state;
  int64_t after = 1;
  tern_dataset *dataset = training_set();
  refuse("ridge+triplet", dataset, OPTIONS(DENSITY, "together", "1"), TERN_ERROR_OPTION,
         "triplet cannot be fitted together");
  refuse("ridge+kernel", dataset, OPTIONS(JOINT, "kernel.force_weight", "1"), TERN_ERROR_OPTION,
         "'force_weight' is 0.1 for ridge and 1 for kernel");
  refuse("ridge+kernel", dataset, OPTIONS(JOINT, "kernel.descriptor", "triplets"), TERN_ERROR_OPTION, "kernel: ");
  refuse("ridge+kernel", dataset, OPTIONS(JOINT, "energy_weight", "0", "force_weight", "0", "virial_weight", "0"),
         TERN_ERROR_DATA, "nothing to fit");
  run run = {.threads = 1, .progress = stop, .context = &after};
  tern_model *model = NULL;
  assert_int_equal(try_fit(&model, "ridge+kernel", &run, dataset, OPTIONS(JOINT)), TERN_CANCELLED);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_least_squares), cmocka_unit_test(test_order_and_threads),
      cmocka_unit_test(test_derivatives),   cmocka_unit_test(test_held_out),
      cmocka_unit_test(test_files),         cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_error_rises_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
