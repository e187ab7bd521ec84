/* SPDX-License-Identifier: BSD-3-Clause */
/* What single precision does to the rows that a network is trained on: the same trained network and the same inputs in
   both precisions. The option `precision` tells these numbers. */
#include "model_checks.h"

#include "model/network.h"
#include "network/problem.h"

enum { FRAMES = 40, DIRECTIONS = 3, ROWS = FRAMES * (1 + DIRECTIONS) };

#define BORON "cutoff", "2", "cutoff_width", "0.1", "n_max", "6", "l_max", "3", "sigma", "0.2", "centers", "0"

static tern_dataset *boron(void) {
  tern_dataset *all = NULL, *some = NULL;
  int64_t indices[FRAMES];
  for (int64_t k = 0; k < FRAMES; k++)
    indices[k] = 150 * k;
  ASSERT_SUCCESS(dataset_read(&all, TEST_SOURCE_DIR "/data/b8_gfn2_8000.extxyz.gz", NULL));
  ASSERT_SUCCESS(dataset_subset(all, FRAMES, indices, &some));
  dataset_free(all);
  return some;
}

/* Parameters of a trained network: its weights over their scales. */
static double *parameters_of(const network_state *self) {
  const int64_t total = self->network.layout.total;
  double *parameters = zeros(total), *scales = zeros(total);
  for (int64_t k = 0; k < total; k++)
    parameters[k] = 1;
  network_weights(&self->network.shape, parameters, scales);
  for (int64_t k = 0; k < total; k++)
    parameters[k] = ((const double *)self->network.weights)[k] / scales[k];
  free(scales);
  return parameters;
}

/* residual [ROWS] in eV and eV/Angstrom: of each structure the energy, then derivatives along the same directions. */
static void linearize(const tern_model *model, const tern_dataset *dataset, bool wide, double *residual) {
  const network_state *self = model->parts[0].state;
  const network_choices choices = {
      .wide = wide, .seed = 1, .energy_weight = 1, .force_weight = 1, .directions = DIRECTIONS, .members = 1,
      .unit = self->unit};
  run run = serial();
  int64_t items[FRAMES], first_row[FRAMES + 1] = {0};
  network_problem *problem = NULL;
  ASSERT_SUCCESS(network_problem_new(&problem, &run, model->parts[0].descriptor, dataset, NULL, self->inputs,
                                     &self->network.shape, &choices));
  const fit_problem view = network_problem_view(problem, "triplet");
  for (int64_t k = 0; k < FRAMES; k++) {
    items[k] = k;
    first_row[k + 1] = first_row[k] + view.rows(view.context, k);
  }
  assert_int_equal(first_row[FRAMES], ROWS);
  const fit_batch batch = {.step = 1, .count = FRAMES, .items = items, .first_row = first_row};
  double *parameters = parameters_of(self);
  ASSERT_SUCCESS(view.linearize(view.context, &run, parameters, &batch, residual, NULL, 0));
  free(parameters);
  network_problem_free(&run, problem);
  assert_int_equal(run.memory_used, 0);
  for (int64_t k = 0; k < FRAMES; k++) { /* back from weighted ones */
    const double atoms = (double)dataset->frames[k]->system->n_atoms, freedom = 3 * atoms - 6;
    for (int64_t row = first_row[k]; row < first_row[k + 1]; row++)
      residual[row] *= self->unit * (row == first_row[k] ? sqrt(atoms) : sqrt(DIRECTIONS / freedom));
  }
}

static void check_precision(const char *kind, const char *key, const char *value, double energy, double force) {
  run run = {.threads = 2};
  tern_dataset *dataset = boron();
  tern_model *model = NULL;
  tern_options *options = OPTIONS(BORON, "epochs", "20", "uncertainty", "none", key, value);
  double *exact = zeros(ROWS), *single = zeros(ROWS), largest[2] = {0, 0};
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  linearize(model, dataset, true, exact);
  linearize(model, dataset, false, single);
  for (int64_t row = 0; row < ROWS; row++) {
    double *most = &largest[row % (1 + DIRECTIONS) > 0];
    *most = fmax(*most, fabs(single[row] - exact[row]));
  }
  print_message("%s, %s = %s: float32 moves energies by %.2g eV, their derivatives by %.2g eV/A\n", kind, key, value,
                largest[0], largest[1]);
  assert_true(largest[0] > 0 && largest[0] < energy);
  assert_true(largest[1] > 0 && largest[1] < force);
  free(single);
  free(exact);
  options_free(options);
  model_free(model);
  dataset_free(dataset);
}

static void test_network(void **state) {
  (void)state;
  check_precision("network", "descriptor", "power_spectrum", 2e-5, 3e-4);
}

static void test_triplet(void **state) {
  (void)state;
  check_precision("triplet", "tag_products", "0", 5e-5, 1e-4);
}

static void test_products(void **state) {
  (void)state;
  check_precision("triplet", "tag_products", "3", 8e-5, 3e-4);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_network), cmocka_unit_test(test_triplet),
                                     cmocka_unit_test(test_products)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
