/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks on features and on triplets: derivatives against differences, symmetries, smoothness, training, files. */
#include "model_checks.h"

#include "model/network.h"
#include "network/directions.h"
#include "network/layers.h"
#include "network/products.h"

#define TINY "epochs", "4", "hidden", "7,5", "batch", "4", "stored_directions", "3"

static tern_model *trained(const char *kind, tern_options *options, int32_t threads) {
  run run = {.threads = threads};
  tern_dataset *dataset = training_set();
  tern_model *model = NULL;
  ASSERT_SUCCESS(model_fit(&model, kind, &run, dataset, options));
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  dataset_free(dataset);
  return model;
}

/* ---- predictions ---- */

enum { ATOMS = 5 };

static const int32_t species[ATOMS] = {1, 6, 1, 6, 6};
static const double box[9] = {2.7, 0, 0, 0.4, 2.9, 0, 0.1, 0.3, 3.1};

/* Atoms in no box, or in one that is smaller than the cutoff. */
static void place(double positions[3 * ATOMS]) {
  static const double corners[ATOMS][3] = {{0, 0, 0}, {1.3, 0.2, 0}, {0.1, 1.4, 0.3}, {0.2, 0.1, 1.6}, {1.4, 1.5, 1.3}};
  uint64_t seed = 5;
  for (int k = 0; k < 3 * ATOMS; k++)
    positions[k] = corners[k / 3][k % 3] + 0.1 * pseudo_random(&seed);
}

/* matrix [3][3] turns or strains atoms and box. */
static tern_system *made(const double *positions, bool periodic, const double *matrix) {
  double all[3 * ATOMS + 9] = {0};
  const int32_t everywhere[3] = {1, 1, 1};
  tern_system *system = NULL;
  for (int k = 0; k < ATOMS + 3; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        all[3 * k + a] += matrix[3 * a + b] * (k < ATOMS ? positions + 3 * k : box + 3 * (k - ATOMS))[b];
  ASSERT_SUCCESS(system_new(&system, ATOMS, species, all, periodic ? all + 3 * ATOMS : NULL,
                            periodic ? everywhere : NULL));
  return system;
}

static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

static void check_derivatives(const tern_model *model, bool periodic) {
  run run = serial();
  const double h = 1e-4;
  double positions[3 * ATOMS], forces[3 * ATOMS], virial[9], energy, expected[3 * ATOMS];
  place(positions);
  tern_system *system = made(positions, periodic, identity);
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, NULL, NULL));
  system_free(system);
  for (int k = 0; k < 3 * ATOMS; k++) {
    const double start = positions[k];
    positions[k] = start + h;
    const double up = energy_at(model, made(positions, periodic, identity));
    positions[k] = start - h;
    expected[k] = (energy_at(model, made(positions, periodic, identity)) - up) / (2 * h);
    positions[k] = start;
  }
  assert_close("forces", 3 * ATOMS, forces, expected, 1e-5);
  for (int k = 0; k < 9; k++) {
    double strain[9];
    memcpy(strain, identity, sizeof strain);
    strain[k] += h;
    const double up = energy_at(model, made(positions, periodic, strain));
    strain[k] -= 2 * h;
    expected[k] = (energy_at(model, made(positions, periodic, strain)) - up) / (2 * h);
  }
  assert_close("virial", 9, virial, expected, 1e-5);
}

static void check_symmetry(const tern_model *model, bool periodic) {
  double positions[3 * ATOMS], matrix[9] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6};
  place(positions);
  const double energy = energy_at(model, made(positions, periodic, identity));
  assert_true(fabs(energy_at(model, made(positions, periodic, matrix)) - energy) < 1e-10 * (1 + fabs(energy)));
  for (int k = 0; k < 9; k++)
    matrix[k] = -matrix[k];
  assert_true(fabs(energy_at(model, made(positions, periodic, matrix)) - energy) < 1e-10 * (1 + fabs(energy)));
  for (int a = 0; a < 3; a++) { /* two equal atoms change places, all move */
    const double first = positions[3 + a];
    positions[3 + a] = positions[9 + a];
    positions[9 + a] = first;
  }
  for (int k = 0; k < 3 * ATOMS; k++)
    positions[k] += 0.7;
  assert_true(fabs(energy_at(model, made(positions, periodic, identity)) - energy) < 1e-10 * (1 + fabs(energy)));
}

static void check_model(const char *kind, tern_options *options) {
  tern_model *model = trained(kind, options, 1);
  for (int periodic = 0; periodic < 2; periodic++) {
    check_derivatives(model, periodic);
    check_symmetry(model, periodic);
  }
  model_free(model);
}

static void test_triplet(void **state) {
  (void)state;
  check_model("triplet", OPTIONS(SMALL, TINY));
  check_model("triplet", OPTIONS(SMALL, TINY, "self_pairs", "0", "tag_cutoff", "2.5"));
  check_model("triplet", OPTIONS(SMALL, TINY, "tag_products", "2,1,3", "hidden", "6"));
  check_model("triplet", OPTIONS(SMALL, TINY, "tag_products", "0"));
  check_model("triplet", OPTIONS(SMALL, TINY, "tag_products", "2,1,3", "inputs", "4")); /* fewer than density columns */
  /* so many columns that combinations of them are kept */
  check_model("triplet", OPTIONS(TINY, "cutoff", "3", "n_max", "8", "l_max", "6", "tag_cutoff", "2"));
}

/* Without odd inputs nothing reads odd factors, nor comes back through them. */
static void test_even(void **state) {
  (void)state;
  for (int products = 0; products < 2; products++) {
    tern_model *model =
        trained("triplet", OPTIONS(SMALL, TINY, "inputs", "2", "tag_products", products ? "1,1,1" : "0"), 1);
    assert_int_equal(((const network_state *)model->parts[0].state)->inputs->odd, 0);
    check_derivatives(model, false);
    check_derivatives(model, true);
    model_free(model);
  }
}

static void test_network(void **state) {
  (void)state;
  check_model("network", OPTIONS(SMALL, TINY));
  check_model("network", OPTIONS(SMALL, TINY, "descriptor", "correlations", "group", "so3"));
  check_model("network", OPTIONS(SMALL, TINY, "descriptor", "triplets", "tags", "1"));
}

/* An atom that leaves through the tags' cutoff, then through that of the density: no jump, and none of the slope. */
static void test_smooth(void **state) {
  (void)state;
  tern_model *model = trained("triplet", OPTIONS(SMALL, TINY, "tag_cutoff", "2.5"), 1);
  const int32_t three[3] = {6, 1, 6};
  const double edges[2] = {2.5, 3.0}, h = 1e-6;
  for (int k = 0; k < 2; k++) {
    double energies[2], slopes[2];
    for (int side = 0; side < 2; side++) {
      const double positions[9] = {0, 0, 0, 1.1, 0.3, 0, 0, 0, edges[k] + (side ? h : -h)};
      run run = serial();
      double forces[9];
      tern_system *system = NULL;
      ASSERT_SUCCESS(system_new(&system, 3, three, positions, NULL, NULL));
      ASSERT_SUCCESS(model_predict(model, &run, system, &energies[side], forces, NULL, NULL, NULL));
      slopes[side] = forces[8];
      system_free(system);
    }
    assert_true(fabs(energies[1] - energies[0]) < 1e-4);
    assert_true(fabs(slopes[1] - slopes[0]) < 1e-2);
  }
  model_free(model);
}

/* Two far copies have twice the energy; single atoms and atoms on a line are fine. */
static void test_extensive(void **state) {
  (void)state;
  tern_model *model = trained("triplet", OPTIONS(SMALL, TINY), 1);
  const int32_t six[6] = {6, 1, 6, 6, 1, 6};
  const double line[18] = {0, 0, 0, 0, 0, 1.2, 0, 0, 2.4, 50, 0, 0, 50, 0, 1.2, 50, 0, 2.4};
  tern_system *one, *two, *alone;
  ASSERT_SUCCESS(system_new(&one, 3, six, line, NULL, NULL));
  ASSERT_SUCCESS(system_new(&two, 6, six, line, NULL, NULL));
  ASSERT_SUCCESS(system_new(&alone, 1, six, line, NULL, NULL));
  const double energy = energy_at(model, one);
  assert_true(fabs(energy_at(model, two) - 2 * energy) < 1e-10 * (1 + fabs(energy)));
  assert_true(isfinite(energy_at(model, alone)));
  model_free(model);
}

/* ---- training ---- */

static void check_same(const tern_model *a, const tern_model *b, double tolerance) {
  double positions[3 * ATOMS];
  place(positions);
  const double first = energy_at(a, made(positions, true, identity));
  assert_true(fabs(energy_at(b, made(positions, true, identity)) - first) <= tolerance * (1 + fabs(first)));
}

static void test_again(void **state) {
  (void)state;
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    tern_model *a = trained("triplet", OPTIONS(SMALL, TINY), threads);
    tern_model *b = trained("triplet", OPTIONS(SMALL, TINY), threads);
    check_same(a, b, 0);
    model_free(a);
    model_free(b);
  }
  tern_model *a = trained("triplet", OPTIONS(SMALL, TINY), 1);
  tern_model *b = trained("triplet", OPTIONS(SMALL, TINY, "seed", "3"), 1);
  double positions[3 * ATOMS];
  place(positions);
  assert_true(energy_at(a, made(positions, true, identity)) != energy_at(b, made(positions, true, identity)));
  model_free(a);
  model_free(b);
}

static void test_files(void **state) {
  (void)state;
  const char *const kinds[2] = {"triplet", "network"}, *path = TEST_BINARY_DIR "/network.tern";
  const char *log = TEST_BINARY_DIR "/network.log";
  for (int k = 0; k < 2; k++) {
    tern_model *model = trained(kinds[k], OPTIONS(SMALL, TINY, "log", log), 1), *loaded = NULL;
    ASSERT_SUCCESS(model_save(model, path));
    ASSERT_SUCCESS(model_load(&loaded, path));
    check_same(model, loaded, 0);
    assert_true(options_is_set(loaded->parts[0].options, "hidden"));
    assert_false(options_is_set(loaded->parts[0].options, "log")); /* where something lay once is nobody's affair */
    model_free(model);
    model_free(loaded);
  }
  remove(path);
  remove(log);
}

/* ---- sums ---- */

/* A part is fitted on what the one before leaves, which the sum of both shows; files hold all parts. */
static void test_sum(void **state) {
  (void)state;
  const char *path = TEST_BINARY_DIR "/network.tern";
  tern_model *ridge = trained("ridge", OPTIONS(SMALL), 1), *loaded = NULL;
  tern_model *sum = trained("ridge+triplet", OPTIONS(SMALL, TINY, "triplet.cutoff", "2.5"), 1);
  assert_int_equal(sum->n_parts, 2);
  assert_true(sum->parts[0].descriptor->cutoff != 2.5 && sum->parts[1].descriptor->cutoff == 2.5);
  check_derivatives(sum, true);
  ASSERT_SUCCESS(model_save(sum, path));
  ASSERT_SUCCESS(model_load(&loaded, path));
  assert_string_equal(loaded->kind, "ridge+triplet");
  check_same(sum, loaded, 0);
  sum->n_parts = 1; /* without what was fitted last it is the first part alone */
  check_same(sum, ridge, 1e-10);
  sum->n_parts = 2;
  model_free(loaded);
  model_free(sum);
  model_free(ridge);
  remove(path);
}

/* ---- cancelling ---- */

typedef struct stopping {
  const char *stage; /* at which the host says stop */
  int64_t done;      /* or later */
  int32_t answer;
  bool reached;
} stopping;

static int32_t stop_in(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)total, (void)loss;
  stopping *self = context;
  self->reached = self->reached || (strcmp(stage, self->stage) == 0 && done >= self->done);
  return self->reached ? self->answer : 0;
}

/* In a training without end. */
static int32_t stopped(const char *kind, stopping *stopping, const tern_dataset *dataset, tern_model **model) {
  run run = {.threads = 1, .progress = stop_in, .context = stopping};
  tern_options *options = OPTIONS(SMALL, "hidden", "7,5", "epochs", "100000", "stored_directions", "3", "batch", "4");
  const int32_t status = model_fit(model, kind, &run, dataset, options);
  assert_true(stopping->reached);
  assert_int_equal(run.memory_used, 0);
  options_free(options);
  return status;
}

/* Stopped at its first step or at a later one a training has a model, of the parts that were begun. */
static void test_cancelled(void **state) {
  (void)state;
  const char path[] = "stopped.tern", *const kinds[][2] = {
      {"network", "network"}, {"triplet", "triplet"}, {"triplet+ridge", "triplet"}};
  tern_dataset *dataset = training_set();
  for (int k = 0; k < 6; k++) {
    stopping stopping = {.stage = "train", .done = k % 2 * 5, .answer = 1};
    tern_model *model = NULL, *loaded = NULL;
    ASSERT_SUCCESS(stopped(kinds[k / 2][0], &stopping, dataset, &model));
    assert_string_equal(model->kind, kinds[k / 2][1]);
    assert_non_null(strstr(model->report, "\"stopped\": \"cancelled\""));
    check_derivatives(model, false);
    ASSERT_SUCCESS(model_save(model, path));
    ASSERT_SUCCESS(model_load(&loaded, path));
    check_same(model, loaded, 0);
    model_free(loaded);
    model_free(model);
  }
  remove(path);
  dataset_free(dataset);
}

/* Before the training nothing is left, nor where the host calls it a failure. */
static void test_refused(void **state) {
  (void)state;
  const stopping cases[] = {{"environments", 0, 1, false}, {"inputs", 0, 1, false}, {"train", 3, -9, false}};
  tern_dataset *dataset = training_set();
  for (size_t k = 0; k < 2 * sizeof cases / sizeof *cases; k++) {
    stopping stopping = cases[k / 2];
    tern_model *model = NULL;
    assert_int_equal(stopped(k % 2 ? "network" : "triplet", &stopping, dataset, &model),
                     stopping.answer < 0 ? stopping.answer : TERN_CANCELLED);
    assert_null(model);
  }
  dataset_free(dataset);
}

/* ---- rows of the Jacobian ---- */

enum { SLOTS = 3, ROWS = 11, EVEN = 6, ODD = 4, COLUMNS = EVEN + ODD };

typedef struct rows_case {
  network network;
  double parameters[1000], weights[1000], inputs[SLOTS * ROWS * COLUMNS], row_weights[SLOTS * ROWS];
  int32_t bias[ROWS];
} rows_case;

static rows_case row_case;

static void evaluate_rows(rows_case *c, double *results, double *jacobian) {
  const network_rows rows = {
      .slots = SLOTS, .rows = ROWS, .inputs = c->inputs, .weights = c->row_weights, .bias = c->bias};
  const double factors[SLOTS] = {1, 1, 1};
  void *scratch = aligned_space(network_scratch(&c->network, SLOTS, ROWS));
  network_weights(&c->network.shape, c->parameters, c->weights);
  memset(results, 0, SLOTS * sizeof *results);
  if (jacobian != NULL)
    network_jacobian(&c->network, &rows, factors, false, scratch, results, jacobian, c->network.layout.total);
  else
    network_evaluate(&c->network, &rows, scratch, results);
  free(scratch);
}

static void start_rows(rows_case *c, int64_t odd) {
  uint64_t seed = 9;
  const network_shape shape = {
      .even = COLUMNS - odd, .odd = odd, .layers = 3, .widths = {5, 4, 3}, .sets = 1, .biases = 2};
  c->network = (network){.shape = shape, .layout = network_layout_of(&shape), .wide = true, .weights = c->weights};
  assert_in_range(c->network.layout.total, 1, 1000);
  ASSERT_SUCCESS(kernels_get(&c->network.kernels));
  network_start(&shape, 1, c->parameters);
  for (int k = 0; k < SLOTS * ROWS * COLUMNS; k++)
    c->inputs[k] = pseudo_random(&seed);
  for (int k = 0; k < SLOTS * ROWS; k++)
    c->row_weights[k] = pseudo_random(&seed);
  for (int k = 0; k < ROWS; k++)
    c->bias[k] = k % 2;
}

static void test_jacobian(void **state) {
  (void)state;
  rows_case *c = &row_case;
  for (int64_t odd = 0; odd <= ODD; odd += ODD) {
    start_rows(c, odd);
    const int64_t total = c->network.layout.total;
    double results[SLOTS], up[SLOTS], down[SLOTS];
    double *jacobian = zeros(SLOTS * total), *expected = zeros(SLOTS * total);
    evaluate_rows(c, results, jacobian);
    for (int64_t p = 0; p < total; p++) {
      const double h = 1e-5, start = c->parameters[p];
      c->parameters[p] = start + h;
      evaluate_rows(c, up, NULL);
      c->parameters[p] = start - h;
      evaluate_rows(c, down, NULL);
      c->parameters[p] = start;
      for (int slot = 0; slot < SLOTS; slot++)
        expected[slot * total + p] = (up[slot] - down[slot]) / (2 * h);
    }
    assert_close("jacobian", SLOTS * total, jacobian, expected, 1e-7);
    for (int slot = 1; slot < SLOTS; slot++) { /* slots against differences along their direction */
      const double h = 1e-5;
      double moved[2] = {0, 0};
      for (int side = 0; side < 2; side++) {
        static rows_case other;
        double values[SLOTS];
        other = *c;
        other.network.weights = other.weights;
        for (int k = 0; k < ROWS * COLUMNS; k++)
          other.inputs[k] += (side ? -h : h) * c->inputs[slot * ROWS * COLUMNS + k];
        for (int k = 0; k < ROWS; k++)
          other.row_weights[k] += (side ? -h : h) * c->row_weights[slot * ROWS + k];
        evaluate_rows(&other, values, NULL);
        moved[side] = values[0];
      }
      const double difference = (moved[0] - moved[1]) / (2 * h);
      assert_true(fabs(difference - results[slot]) < 1e-7 * (1 + fabs(difference)));
    }
    free(jacobian);
    free(expected);
  }
}

/* Directions are orthonormal and no motion of the whole. */
static void test_directions(void **state) {
  (void)state;
  double positions[3 * ATOMS], *directions = zeros((3 * ATOMS + DIRECTIONS_RIGID) * 3 * ATOMS);
  place(positions);
  for (int periodic = 0; periodic < 2; periodic++) {
    tern_system *system = made(positions, periodic, identity);
    const int64_t count = directions_freedom(system, directions), size = 3 * ATOMS;
    assert_int_equal(count, size - (periodic ? 3 : 6));
    directions_draw(system, random_stream_of(1, 2, 3), count, directions);
    for (int64_t i = 0; i < count; i++) {
      double sum[3] = {0, 0, 0}, turn = 0;
      for (int64_t k = 0; k < size; k++)
        sum[k % 3] += directions[i * size + k];
      for (int64_t k = 0; k < ATOMS; k++)
        turn += positions[3 * k] * directions[i * size + 3 * k + 1] -
                positions[3 * k + 1] * directions[i * size + 3 * k];
      assert_true(fabs(sum[0]) + fabs(sum[1]) + fabs(sum[2]) < 1e-10 && (periodic || fabs(turn) < 1e-10));
      for (int64_t j = 0; j <= i; j++) {
        double product = 0;
        for (int64_t k = 0; k < size; k++)
          product += directions[i * size + k] * directions[j * size + k];
        assert_true(fabs(product - (i == j)) < 1e-10);
      }
    }
    system_free(system);
  }
  free(directions);
}

static void test_refusals(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  const char *const bad[][2] = {{"tag_products", "3,3"}, {"tag_products", "3,0,3"}, {"descriptor", "power_spectrum"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    run run = serial();
    tern_model *model = NULL;
    tern_options *options = OPTIONS(SMALL, TINY, bad[k][0], bad[k][1]);
    assert_int_equal(model_fit(&model, "triplet", &run, dataset, options), TERN_ERROR_OPTION);
    assert_non_null(strstr(error_message(), bad[k][0]));
    assert_int_equal(run.memory_used, 0);
    options_free(options);
  }
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_triplet),  cmocka_unit_test(test_even),      cmocka_unit_test(test_network),
      cmocka_unit_test(test_smooth),   cmocka_unit_test(test_extensive), cmocka_unit_test(test_again),
      cmocka_unit_test(test_files),    cmocka_unit_test(test_jacobian),  cmocka_unit_test(test_directions),
      cmocka_unit_test(test_refusals), cmocka_unit_test(test_sum),       cmocka_unit_test(test_cancelled),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
