/* SPDX-License-Identifier: BSD-3-Clause */
/* Atoms nearer than any data, with baseline zbl: every kind of model repels them, smoothly and as the derivative of the
   energy, and is what was fitted wherever there are data. */
#include "model_checks.h"

#include "system/neighbours.h"

static const double nearest = 1.9; /* Angstrom, of the data below */

/* Diamond with the given bond length. */
static tern_system *diamond(double bond) {
  const double a = 4 * bond / sqrt(3), h = a / 2, q = a / 4;
  const int32_t species[2] = {14, 14}, periodic[3] = {1, 1, 1};
  const double positions[6] = {0, 0, 0, q, q, q}, cell[9] = {0, h, h, h, 0, h, h, h, 0};
  tern_system *made = NULL;
  ASSERT_SUCCESS(system_new(&made, 2, species, positions, cell, periodic));
  return made;
}

static tern_system *(*const shapes[3])(double) = {silicon_dimer, silicon_cubic, diamond};
static const char *const names[3] = {"dimer", "cubic", "diamond"};

/* Energy of a pair and its derivative; zero from 4 A on. */
static double pair_energy(double r, double *slope) {
  const double x = exp(-2 * (r - 2.35)), t = 1 - r * r / 16, well = 0.75 * (x * x - 2 * x);
  *slope = -3 * (x * x - x) * t * t * t - 6 * well * t * t * r / 16;
  return well * t * t * t;
}

static void append(tern_dataset *dataset, const tern_system *system) {
  run run = serial();
  neighbours list;
  double energy = 0, forces[6] = {0}, virial[9] = {0}, slope;
  ASSERT_SUCCESS(neighbours_build(&run, system, 4, 0, NULL, &list));
  for (int64_t center = 0; center < list.n_centers; center++)
    for (int64_t k = list.first[center]; k < list.first[center + 1]; k++) {
      const double *v = list.vectors + 3 * k, r = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      energy += 0.5 * pair_energy(r, &slope);
      for (int a = 0; a < 3; a++)
        forces[3 * center + a] += slope * v[a] / r;
      for (int a = 0; a < 9; a++)
        virial[a] -= 0.5 * slope * v[a / 3] * v[a % 3] / r;
    }
  neighbours_free(&run, &list);
  ASSERT_SUCCESS(dataset_append(dataset, system, &energy, forces, system->periodic[0] ? virial : NULL));
}

/* A pair potential's energies and their derivatives, no nearer than 1.9 A. */
static tern_dataset *pairs_and_crystals(void) {
  tern_dataset *dataset = NULL;
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int k = 0; k < 60; k++) {
    tern_system *system = shapes[k % 3](nearest + 0.04 * (k / 3));
    append(dataset, system);
    system_free(system);
  }
  return dataset;
}

#define SPARSE                                                                                                         \
  "cutoff", "4", "cutoff_width", "1", "n_max", "3", "l_max", "2", "spline_error", "1e-12", "baseline", "zbl"

static tern_model *fit(const char *kind, tern_options *options) {
  run run = serial();
  tern_dataset *dataset = pairs_and_crystals();
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  options_free(options);
  dataset_free(dataset);
  return model;
}

/* Energies and how hard the atoms are pushed apart. */
static double scan(const tern_model *model, int shape, double r, double *push) {
  run run = serial();
  double energy, forces[6], virial[9];
  tern_system *system = shapes[shape](r);
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, NULL, NULL));
  *push = shape == 0 ? forces[5] : virial[0] + virial[4] + virial[8];
  system_free(system);
  return energy;
}

static void check_no_hole(const char *kind, const tern_model *model) {
  for (int shape = 0; shape < 3; shape++) {
    double last = -INFINITY, push;
    for (double r = nearest; r > 0.5; r -= 0.02) {
      const double energy = scan(model, shape, r, &push);
      if (!(energy > last) || !(push > 0))
        fail_msg("%s, %s at %g A: %g eV after %g, push %g", kind, names[shape], r, energy, last, push);
      last = energy;
    }
    assert_true(last > 100);
  }
}

/* Against differences of the energy, everywhere on the way. */
static void check_push(const char *kind, const tern_model *model) {
  const double h = 1e-5;
  for (int shape = 0; shape < 3; shape++)
    for (double r = 1.0; r < 2; r += 0.0373) {
      double push, none;
      scan(model, shape, r, &push);
      const double up = scan(model, shape, r + h, &none), down = scan(model, shape, r - h, &none);
      const double difference = (down - up) / (2 * h) * (shape == 0 ? 1 : r);
      if (!(fabs(push - difference) < 1e-4 * (1 + fabs(push))))
        fail_msg("%s, %s at %g A: push %g, differences %g", kind, names[shape], r, push, difference);
    }
}

/* The second derivative, too, is continuous where fading begins and ends. */
static void check_smooth(const char *kind, const tern_model *model) {
  const zbl_pair *pair = model->zbl->pairs;
  const double h = 1e-6, ends[2] = {pair->near, pair->far};
  for (int shape = 0; shape < 2; shape++)
    for (int end = 0; end < 2; end++) {
      double push[4];
      for (int k = 0; k < 4; k++)
        scan(model, shape, ends[end] + h * (k - 1.5), &push[k]);
      const double left = (push[1] - push[0]) / h, right = (push[3] - push[2]) / h;
      if (!(fabs(left - right) < 0.02 * (fabs(left) + fabs(right) + 10)))
        fail_msg("%s, %s at %g A: slopes of the force %g and %g", kind, names[shape], ends[end], left, right);
    }
}

/* Where the data are, nothing changes, and what is fitted does not depend on it. */
static void check_inside(const tern_model *model, tern_model *without) {
  for (int shape = 0; shape < 3; shape++)
    for (double r = nearest; r < 3; r += 0.1) {
      double push[2];
      assert_true(scan(model, shape, r, &push[0]) == scan(without, shape, r, &push[1]));
      assert_true(push[0] == push[1]);
    }
}

static void check_kind(const char *kind, tern_options *options, tern_options *without) {
  tern_model *model = fit(kind, options), *bare = fit(kind, without);
  check_inside(model, bare);
  check_push(kind, model);
  check_smooth(kind, model);
  check_no_hole(kind, model);
  model_free(model);
  model_free(bare);
}

#define CHECK(kind, ...) check_kind(kind, OPTIONS(SPARSE, __VA_ARGS__), OPTIONS(SPARSE, __VA_ARGS__, "fade_outer", "0"))
#define TRAINED "hidden", "12,8", "epochs", "60", "batch", "20"

static void test_ridge(void **state) {
  (void)state;
  CHECK("ridge", "regularization", "1e-7");
  CHECK("ridge", "descriptor", "correlations", "regularization", "1e-7");
}

static void test_kernel(void **state) {
  (void)state;
  CHECK("kernel", "regularization", "1e-7");
  CHECK("kernel", "kernel", "gaussian", "kernel_width", "0.5", "regularization", "1e-7");
}

static void test_networks(void **state) {
  (void)state;
  CHECK("network", TRAINED);
  CHECK("triplet", TRAINED, "tag_cutoff", "3");
  CHECK("triplet", TRAINED, "tag_cutoff", "3", "tag_products", "0");
}

/* One near pair in the data does not make crystals safe in which all atoms are as near: neighbours count together. */
static void test_crowded(void **state) {
  (void)state;
  run run = serial();
  tern_dataset *dataset = NULL;
  tern_model *model = NULL;
  tern_options *options = OPTIONS(SPARSE, "descriptor", "correlations", "regularization", "1e-9");
  ASSERT_SUCCESS(dataset_new(&dataset));
  for (int k = 0; k < 60; k++) { /* crystals from 2.25 A on */
    tern_system *system = shapes[k % 3]((k % 3 == 0 ? nearest : 2.25) + 0.04 * (k / 3));
    append(dataset, system);
    system_free(system);
  }
  ASSERT_SUCCESS(model_fit(&model, "ridge", &run, dataset, options));
  for (int shape = 1; shape < 3; shape++) {
    double last = -INFINITY, push;
    for (double r = 2.2; r > 0.5; r -= 0.02) {
      const double energy = scan(model, shape, r, &push);
      if (!(energy > last))
        fail_msg("%s at %g A: %g eV after %g", names[shape], r, energy, last);
      last = energy;
    }
  }
  check_push("crowded", model);
  options_free(options);
  model_free(model);
  dataset_free(dataset);
}

static void test_sum(void **state) {
  (void)state;
  CHECK("ridge+triplet", TRAINED, "triplet.tag_cutoff", "3", "regularization", "1e-6");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ridge),
      cmocka_unit_test(test_kernel),
      cmocka_unit_test(test_networks),
      cmocka_unit_test(test_sum),
      cmocka_unit_test(test_crowded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
