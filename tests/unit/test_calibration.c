/* SPDX-License-Identifier: BSD-3-Clause */
/* Deviations where the truth is known: noise that was put in is found again, errors of new structures are as large as
   deviations say, and what is left out in closed form is what a fit without the structure gives. */
#include "uncertainty_cases.h"

#include "model/calibration.h"
#include "model/left_out.h"
#include "model/outputs.h"
#include "model/split.h"
#include "model/targets.h"
#include "model/uncertainty.h"

enum { MOST_COLUMNS = 32, REPEATS = 6, FRESH = 60 };

static const double sigma = 0.02; /* noise of an atom */

/* A linear model of the same features. */
static tern_model *truth_of_few(void) {
  tern_dataset *dataset = clusters(60, 0, 1);
  tern_model *truth = fitted(dataset, OPTIONS(FEW, "regularization", "1e-6", "e0", "0"));
  dataset_free(dataset);
  return truth;
}

/* ---- noise ---- */

typedef struct noise_case {
  const char *validation;
  int size;
  double force_noise; /* in units of what the default weights say, sigma / 0.1; negative: no forces */
} noise_case;

/* Mean square of error / deviation over new structures with the same noise. */
static double mean_square(const tern_model *model, const tern_model *truth, uint64_t seed) {
  tern_dataset *fresh = noisy_clusters(FRESH, truth, sigma * sqrt(ATOMS), -1, seed);
  double sum = 0;
  for (int64_t k = 0; k < fresh->size; k++) {
    run run = serial();
    double energy, deviation;
    ASSERT_SUCCESS(model_predict(model, &run, fresh->frames[k]->system, &energy, NULL, NULL, NULL, NULL));
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, fresh->frames[k]->system, &deviation, NULL));
    sum += (energy - fresh->frames[k]->energy) * (energy - fresh->frames[k]->energy) / (deviation * deviation) / FRESH;
  }
  dataset_free(fresh);
  return sum;
}

static void check_noise(const tern_model *truth, const noise_case *one) {
  double squares = 0, noises = 0;
  for (uint64_t repeat = 0; repeat < REPEATS; repeat++) {
    const double force_noise = one->force_noise < 0 ? -1 : one->force_noise * sigma / 0.1;
    tern_dataset *dataset =
        noisy_clusters(one->size, truth, sigma * sqrt(ATOMS), force_noise, 10 + 100 * repeat);
    tern_model *model = fitted(dataset, OPTIONS(FEW, "e0", "0", "validation", one->validation));
    const double noise = report_number(model, "\"noise_per_atom\"");
    noises += noise * noise / (sigma * sigma) / REPEATS;
    squares += mean_square(model, truth, 2000 + repeat) / REPEATS;
    model_free(model);
    dataset_free(dataset);
  }
  if (getenv("TEST_NUMBERS") != NULL)
    print_message("%d structures, validation %s, force noise %g: noise %.3f, errors %.3f\n", one->size, one->validation,
                  one->force_noise, sqrt(noises), sqrt(squares));
  if (fabs(sqrt(noises) - 1) > 0.3 || fabs(sqrt(squares) - 1) > 0.3)
    fail_msg("%d structures, validation %s, force noise %g: noise is %g times the true one, errors %g times deviations",
             one->size, one->validation, one->force_noise, sqrt(noises), sqrt(squares));
}

static void test_noise(void **state) {
  (void)state;
  static const noise_case cases[] = {{"0", 30, -1}, {"0", 60, -1},   {"0", 240, -1},  {"0.3", 100, -1}, {"0", 20, 1},
                                     {"0", 60, 1},  {"0", 60, 0.2}, {"0", 60, 5}, {"0.3", 60, 1}};
  tern_model *truth = truth_of_few();
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    check_noise(truth, &cases[k]);
  model_free(truth);
}

/* Energies that the model cannot follow: what it misses shows in new structures as much as the deviations say. */
static void test_misfit(void **state) {
  (void)state;
  tern_dataset *dataset = clusters(80, 0, 5), *fresh = clusters(200, 0, 77);
  tern_model *model = fitted(dataset, OPTIONS(FEW, "e0", "0"));
  double squares = 0;
  assert_non_null(strstr(model->report, "closed form"));
  for (int64_t k = 0; k < fresh->size; k++) {
    run run = serial();
    double energy, deviation;
    ASSERT_SUCCESS(model_predict(model, &run, fresh->frames[k]->system, &energy, NULL, NULL, NULL, NULL));
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, fresh->frames[k]->system, &deviation, NULL));
    squares += pow((energy - fresh->frames[k]->energy) / deviation, 2) / (double)fresh->size;
  }
  assert_true(sqrt(squares) > 0.7 && sqrt(squares) < 1.4);
  assert_true(report_number(model, "\"within_1\"") > 0.5 && report_number(model, "\"within_1\"") < 0.9);
  assert_true(report_number(model, "\"within_2\"") > 0.85);
  model_free(model);
  dataset_free(fresh);
  dataset_free(dataset);
}

/* ---- the textbook ---- */

/* Sum of the features over the atoms: outputs of a ridge model of one species. */
static int64_t sum_of_features(const tern_model *model, const tern_system *system, double *sum) {
  run run = serial();
  int64_t rows, features;
  ASSERT_SUCCESS(descriptor_shape(model->parts[0].descriptor, &run, system, &rows, &features));
  assert_in_range(features, 1, MOST_COLUMNS);
  double values[ATOMS * MOST_COLUMNS];
  ASSERT_SUCCESS(descriptor_compute(model->parts[0].descriptor, &run, system, values));
  memset(sum, 0, (size_t)features * sizeof(double));
  for (int64_t k = 0; k < rows * features; k++)
    sum[k % features] += values[k];
  return features;
}

/* z^T A^-1 z by elimination; A is spoiled. */
static double quadratic(int64_t n, double *a, const double *z) {
  double x[MOST_COLUMNS], sum = 0;
  memcpy(x, z, (size_t)n * sizeof(double));
  for (int64_t k = 0; k < n; k++)
    for (int64_t row = k + 1; row < n; row++) {
      const double factor = a[row * n + k] / a[k * n + k];
      for (int64_t column = k; column < n; column++)
        a[row * n + column] -= factor * a[k * n + column];
      x[row] -= factor * x[k];
    }
  for (int64_t k = n - 1; k >= 0; k--) {
    for (int64_t column = k + 1; column < n; column++)
      x[k] -= a[k * n + column] * x[column];
    x[k] /= a[k * n + k];
    sum += x[k] * z[k];
  }
  return sum;
}

/* Moments of the sums over the structures that are not held out, with so much of their mean diagonal added. */
static int64_t moments_of(const tern_model *model, const tern_dataset *dataset, const unsigned char *held_out,
                          double regularization, double *a) {
  double sum[MOST_COLUMNS], trace = 0;
  int64_t n = 0;
  memset(a, 0, MOST_COLUMNS * MOST_COLUMNS * sizeof(double));
  for (int64_t k = 0; k < dataset->size; k++)
    if (!held_out[k]) {
      n = sum_of_features(model, dataset->frames[k]->system, sum);
      for (int64_t i = 0; i < n * n; i++)
        a[i] += sum[i / n] * sum[i % n] / ATOMS;
    }
  for (int64_t i = 0; i < n; i++)
    trace += a[i * n + i];
  for (int64_t i = 0; i < n; i++)
    a[i * n + i] += regularization * trace / (double)n;
  return n;
}

/* z^T A^-1 z of a structure. */
static double squared_deviation(const tern_model *model, const double *moments, const tern_system *system) {
  double a[MOST_COLUMNS * MOST_COLUMNS], sum[MOST_COLUMNS];
  memcpy(a, moments, sizeof a);
  const int64_t n = sum_of_features(model, system, sum);
  return quadratic(n, a, sum);
}

/* The posterior of Bayesian linear regression, from the features alone: scale^2 Z^T A^-1 Z + noise^2 atoms. */
static void check_formula(const tern_dataset *dataset, const char *validation, const unsigned char *held_out) {
  double moments[MOST_COLUMNS * MOST_COLUMNS], deviation;
  run run = serial();
  tern_model *model =
      fitted(dataset, OPTIONS(FEW, "regularization", "1e-6", "e0", "0", "validation", validation));
  tern_system *system = cluster(99, ATOMS, 0);
  moments_of(model, dataset, held_out, 1e-6, moments);
  const double scale = report_number(model, "\"scale\""), noise = report_number(model, "\"noise_per_atom\"");
  const double expected = sqrt(scale * scale * squared_deviation(model, moments, system) + noise * noise * ATOMS);
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, system, &deviation, NULL));
  assert_true(fabs(deviation - expected) < 1e-5 * expected);
  system_free(system);
  model_free(model);
}

static void test_textbook(void **state) {
  (void)state;
  unsigned char held_out[60] = {0};
  tern_dataset *dataset = clusters(60, 0.05, 1);
  check_formula(dataset, "0", held_out);
  ASSERT_SUCCESS(split_structures(60, 0.5, 0, held_out));
  check_formula(dataset, "0.5", held_out);
  dataset_free(dataset);
}

/* ---- left out ---- */

/* A model of one part, whose fit is not over. */
static tern_model *unsettled(const char *kind, run *run, const tern_dataset *dataset, tern_options *options) {
  tern_model *model = NULL;
  text report = {0};
  ASSERT_SUCCESS(MEMORY_NEW(NULL, &model, 1, "a model"));
  model->kind = memory_text(kind);
  model->options = options;
  model->n_species = 1;
  ASSERT_SUCCESS(MEMORY_NEW(NULL, &model->species, 1, "species"));
  ASSERT_SUCCESS(MEMORY_NEW(NULL, &model->e0, 1, "e0"));
  ASSERT_SUCCESS(MEMORY_NEW(NULL, &model->shortest, 1, "distances"));
  model->species[0] = 14;
  model_part *part = &model->parts[model->n_parts++];
  part->kind = model_kind_find(kind);
  ASSERT_SUCCESS(options_copy(&part->options, options));
  ASSERT_SUCCESS(descriptor_new(&part->descriptor, "power_spectrum", options));
  ASSERT_SUCCESS(part->kind->fit(&part->state, run, part->descriptor, dataset, options, &report));
  text_free(&report);
  return model;
}

/* a += factor * row row^T, b += factor * target * row. */
static void add_row(int64_t n, double factor, const double *row, double target, double *a, double *b) {
  for (int64_t i = 0; i < n; i++) {
    b[i] += factor * target * row[i];
    for (int64_t j = 0; j < n; j++)
      a[i * n + j] += factor * row[i] * row[j];
  }
}

/* b^T A^-1 z as half of what the quadratic form of b + z has beyond those of b and z. */
static double bilinear(int64_t n, const double *a, const double *b, const double *z) {
  double copy[MOST_COLUMNS * MOST_COLUMNS], sum[MOST_COLUMNS], values[3];
  const double *vectors[3] = {sum, b, z};
  for (int64_t k = 0; k < n; k++)
    sum[k] = b[k] + z[k];
  for (int k = 0; k < 3; k++) {
    memcpy(copy, a, (size_t)(n * n) * sizeof(double));
    values[k] = quadratic(n, copy, vectors[k]);
  }
  return 0.5 * (values[0] - values[1] - values[2]);
}

/* The weighted target of a row: energy, then forces. */
static double row_target(const targets *targets, const frame *frame, int64_t row) {
  return row == 0 ? targets->energy * frame->energy / sqrt(ATOMS) : targets->forces * frame->forces[row - 1];
}

/* Normal equations of all structures but one, with the penalty of the fit. */
static void equations_without(const tern_model *model, const tern_dataset *dataset, int64_t left, int64_t n,
                              const double *penalty, double *a, double *b) {
  const model_part *part = &model->parts[0];
  const targets *targets = part->kind->linear->targets(part->state);
  memcpy(a, penalty, (size_t)(n * n) * sizeof(double));
  memset(b, 0, (size_t)n * sizeof(double));
  for (int64_t k = 0; k < dataset->size; k++) {
    run run = serial();
    double *rows = NULL;
    ASSERT_SUCCESS(part->kind->linear->rows(part->state, &run, part->descriptor, dataset, k, &rows));
    for (int64_t row = 0; k != left && row < targets_rows(targets, dataset->frames[k]); row++)
      add_row(n, 1, rows + row * n, row_target(targets, dataset->frames[k], row), a, b);
    memory_free(&run, rows);
  }
}

/* penalty = precision - sum of all rows. */
static void find_penalty(const tern_model *model, const tern_dataset *dataset, int64_t n, const double *lower,
                         double *penalty) {
  static const double nothing[MOST_COLUMNS * MOST_COLUMNS];
  double b[MOST_COLUMNS];
  equations_without(model, dataset, -1, n, nothing, penalty, b);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t k = 0; k <= (i < j ? i : j); k++)
        sum += lower[i * n + k] * lower[j * n + k];
      penalty[i * n + j] = sum - penalty[i * n + j];
    }
}

static void check_left_out(const char *kind, const tern_dataset *dataset, tern_options *options) {
  run run = serial();
  tern_model *model = unsettled(kind, &run, dataset, options);
  const model_part *part = &model->parts[0];
  const int64_t n = outputs_width(model);
  double lower[MOST_COLUMNS * MOST_COLUMNS], penalty[MOST_COLUMNS * MOST_COLUMNS], a[MOST_COLUMNS * MOST_COLUMNS];
  double b[MOST_COLUMNS], z[MOST_COLUMNS];
  samples samples = {0};
  assert_in_range(n, 2, MOST_COLUMNS);
  ASSERT_SUCCESS(part->kind->linear->precision(part->state, &run, lower));
  const left_out left_out = {.model = model, .linear = part->kind->linear, .dataset = dataset, .run = &run,
                             .width = n, .size = n, .precision = lower, .projected = lower};
  ASSERT_SUCCESS(left_out_gather(&left_out, &samples));
  assert_int_equal(samples.count, dataset->size);
  find_penalty(model, dataset, n, lower, penalty);
  for (int64_t k = 0; k < dataset->size; k++) {
    double *rows = NULL;
    ASSERT_SUCCESS(part->kind->linear->rows(part->state, &run, part->descriptor, dataset, k, &rows));
    for (int64_t i = 0; i < n; i++)
      z[i] = sqrt(ATOMS) * rows[i];
    memory_free(&run, rows);
    equations_without(model, dataset, k, n, penalty, a, b);
    const double error = dataset->frames[k]->energy - bilinear(n, a, b, z);
    assert_true(fabs(samples.errors[k] - error) < 1e-6 * fabs(dataset->frames[k]->energy));
    const double square = quadratic(n, a, z);
    assert_true(fabs(samples.squares[k] - square) < 1e-5 * square);
  }
  samples_free(&samples, &run);
  part->kind->linear->settle(part->state, &run);
  assert_int_equal(run.memory_used, 0);
  model_free(model);
}

/* A structure's energy and forces are left out together. */
static void test_left_out(void **state) {
  (void)state;
  tern_model *truth = truth_of_few();
  tern_dataset *dataset = noisy_clusters(12, truth, 0.05, 0.05, 3);
  check_left_out("ridge", dataset, OPTIONS(FEW, "regularization", "1e-4"));
  check_left_out("kernel", dataset,
                 OPTIONS(FEW, "regularization", "1e-4", "points", "20", "principal_components", "0"));
  dataset_free(dataset);
  model_free(truth);
}

/* ---- many outputs ---- */

static void test_projection(void **state) {
  (void)state;
  enum { WIDE = 3000, NARROW = 256, VECTORS = 4 };
  static double vectors[VECTORS][WIDE], projected[VECTORS][NARROW];
  uint64_t seed = 5;
  for (int v = 0; v < VECTORS; v++) {
    for (int k = 0; k < WIDE; k++)
      vectors[v][k] = pseudo_random(&seed) + (v > 0 ? 0.5 * vectors[v - 1][k] : 0);
    outputs_project(WIDE, vectors[v], NARROW, projected[v]);
  }
  for (int v = 0; v < VECTORS; v++)
    for (int w = 0; w <= v; w++) {
      double before = 0, after = 0, lengths[2] = {0};
      for (int k = 0; k < WIDE; k++) {
        before += vectors[v][k] * vectors[w][k];
        lengths[0] += vectors[v][k] * vectors[v][k];
        lengths[1] += vectors[w][k] * vectors[w][k];
      }
      for (int k = 0; k < NARROW; k++)
        after += projected[v][k] * projected[w][k];
      assert_true(fabs(after - before) < 4 / sqrt(NARROW) * sqrt(lengths[0] * lengths[1]));
    }
}

/* More outputs than are kept: deviations are calibrated all the same, and a structure of another kind is far. */
static void test_many_outputs(void **state) {
  (void)state;
  tern_dataset *dataset = training_set();
  tern_model *model = fitted(dataset, OPTIONS("cutoff", "3.0", "n_max", "7", "l_max", "6", "sigma", "0.4",
                                              "regularization", "1e-6"));
  assert_true(report_number(model, "\"outputs\"") > OUTPUTS_MOST);
  assert_true(report_number(model, "\"numbers\"") == OUTPUTS_MOST);
  assert_true(report_number(model, "\"scale\"") > 0);
  double largest = 0, deviation, scores[MANY];
  run run = serial();
  for (int64_t k = 0; k < dataset->size; k++) {
    ASSERT_SUCCESS(model_predict_uncertainty(model, &run, dataset->frames[k]->system, &deviation, scores));
    for (int64_t atom = 0; atom < dataset->frames[k]->system->n_owned; atom++)
      largest = fmax(largest, scores[atom]);
  }
  assert_true(fabs(largest - 1) < 1e-9);
  tern_system *far = many_atoms(0);
  double other;
  ASSERT_SUCCESS(model_predict_uncertainty(model, &run, far, &other, scores));
  largest = 0;
  for (int k = 0; k < MANY; k++)
    largest = fmax(largest, scores[k]);
  assert_true(largest > 1 && other > deviation);
  system_free(far);
  model_free(model);
  dataset_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_noise),    cmocka_unit_test(test_misfit),     cmocka_unit_test(test_textbook),
      cmocka_unit_test(test_left_out), cmocka_unit_test(test_projection), cmocka_unit_test(test_many_outputs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
