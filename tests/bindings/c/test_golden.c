/* SPDX-License-Identifier: BSD-3-Clause */
/* Radial functions, descriptors of every kind, derivatives, ridge fits and stored models of every kind against the
 * golden files. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 1e-8
#define DERIVATIVES 1e-7
#define PREDICTIONS 1e-6
#define PI 3.14159265358979323846

typedef struct fixture {
  tern_options *options;
  tern_system *system;
  tern_descriptor *descriptor;
  int64_t rows, features, n_atoms;
} fixture;

static fixture fixture_new(const char *file, const char *kind) {
  fixture made = {.options = golden_options(file), .system = golden_system(file, "")};
  MUST(tern_descriptor_new(&made.descriptor, kind, made.options));
  MUST(tern_descriptor_shape(made.descriptor, made.system, &made.rows, &made.features));
  MUST(tern_system_size(made.system, &made.n_atoms, NULL));
  return made;
}

static void fixture_free(fixture *made) {
  MUST(tern_descriptor_free(made->descriptor));
  MUST(tern_system_free(made->system));
  MUST(tern_options_free(made->options));
}

/* ---- values ---- */

static void radial_row(const char *file, tern_options *options, int row, golden *r, golden *values) {
  const int n_max = values->dims[1], n_l = values->dims[2];
  tern_descriptor *descriptor = NULL;
  tern_system *system = dimer(r->values[row]);
  int64_t rows, features;
  MUST(tern_options_set(options, "centers", "0"));
  MUST(tern_descriptor_new(&descriptor, "density", options));
  MUST(tern_descriptor_shape(descriptor, system, &rows, &features));
  assert_int_equal(rows, 1);
  assert_int_equal(features, n_max * n_l * n_l);
  double *density = doubles(features), *found = doubles(n_max * n_l);
  MUST(tern_descriptor_compute(descriptor, system, density));
  for (int n = 0; n < n_max; n++)
    for (int l = 0; l < n_l; l++) /* columns [l][m][n]; l^2 + l is m = 0 */
      found[n * n_l + l] = density[(l * l + l) * n_max + n] / sqrt((2 * l + 1) / (4 * PI));
  for (int k = 0; k < n_max * n_l; k++)
    if (!(fabs(found[k] - values->values[row * n_max * n_l + k]) <= 3e-9))
      fail_msg("%s: function %d at r = %g is %.15g", file, k, r->values[row], found[k]);
  free(found);
  free(density);
  MUST(tern_system_free(system));
  MUST(tern_descriptor_free(descriptor));
}

static void radial_functions(void **state) {
  (void)state;
  golden files = golden_read("descriptors.txt", "radial");
  assert_true(files.count >= 6);
  for (int f = 0; f < files.count; f++) {
    const char *file = files.lines[f];
    golden r = golden_read(file, "r"), values = golden_read(file, "values");
    tern_options *options = golden_options(file);
    MUST(tern_options_set(options, "species", "14"));
    for (int row = 0; row < r.count; row++)
      if (r.values[row] > 0) /* two atoms at one place are refused */
        radial_row(file, options, row, &r, &values);
    MUST(tern_options_free(options));
    golden_free(&r);
    golden_free(&values);
  }
  golden_free(&files);
}

static int64_t *rows_of(const fixture *made, int64_t *index_size) {
  MUST(tern_descriptor_index_size(made->descriptor, index_size));
  int64_t *indices = calloc((size_t)(made->rows * *index_size) + 1, sizeof *indices);
  MUST(tern_descriptor_rows(made->descriptor, made->system, indices));
  return indices;
}

static void rows(void **state) {
  (void)state;
  golden files = golden_read("descriptors.txt", "rows");
  assert_true(files.count >= 12);
  for (int f = 0; f < files.count; f++) {
    golden expected = golden_read(files.lines[f], "rows"), kinds = golden_read(files.lines[f], "kinds");
    fixture made = fixture_new(files.lines[f], kinds.lines[0]);
    int64_t index_size;
    int64_t *indices = rows_of(&made, &index_size);
    assert_int_equal(made.rows, expected.dims[0]);
    assert_int_equal(index_size, expected.dims[1]);
    for (int k = 0; k < expected.count; k++)
      assert_int_equal(indices[k], (int64_t)expected.values[k]);
    free(indices);
    fixture_free(&made);
    golden_free(&kinds);
    golden_free(&expected);
  }
  golden_free(&files);
}

/* Where the file names no rows, they are the atoms. */
static void rows_are_atoms(void **state) {
  (void)state;
  fixture made = fixture_new("molecule.txt", "power_spectrum");
  int64_t index_size;
  int64_t *indices = rows_of(&made, &index_size);
  assert_int_equal(index_size, 2);
  assert_int_equal(made.rows, made.n_atoms);
  for (int64_t k = 0; k < made.rows; k++) {
    assert_int_equal(indices[2 * k], 0);
    assert_int_equal(indices[2 * k + 1], k);
  }
  free(indices);
  fixture_free(&made);
}

/* As many objects as there are features. */
static void check_labels(const fixture *made) {
  int64_t length, depth = 0, count = 0;
  MUST(tern_descriptor_labels(made->descriptor, NULL, 0, &length));
  char *labels = malloc((size_t)length + 1);
  MUST(tern_descriptor_labels(made->descriptor, labels, length + 1, NULL));
  assert_int_equal(strlen(labels), length);
  for (const char *c = labels; *c; c++) {
    count += *c == '{' && depth == 0;
    depth += (*c == '{') - (*c == '}');
  }
  assert_int_equal(count, made->features);
  free(labels);
}

static void check_kind(const char *file, const char *kind) {
  char what[256];
  golden expected = golden_read(file, kind);
  fixture made = fixture_new(file, kind);
  snprintf(what, sizeof what, "%s of %s", kind, file);
  assert_int_equal(made.rows, expected.dims[0]);
  assert_int_equal(made.features, expected.dims[1]);
  double *values = doubles(expected.count);
  MUST(tern_descriptor_compute(made.descriptor, made.system, values));
  assert_close(what, values, expected.values, expected.count, VALUES);
  check_labels(&made);
  free(values);
  golden_free(&expected);
  fixture_free(&made);
}

static void descriptors(void **state) {
  (void)state;
  int checked = 0;
  golden files = golden_read("descriptors.txt", "files");
  for (int f = 0; f < files.count; f++) {
    golden kinds = golden_read(files.lines[f], "kinds");
    for (int k = 0; k < kinds.count; k++, checked++)
      check_kind(files.lines[f], kinds.lines[k]);
    golden_free(&kinds);
  }
  golden_free(&files);
  assert_true(checked >= 35);
}

/* ---- derivatives ---- */

/* The sparse Jacobian, [block][3][feature] and [row][3][3][feature], laid out as in the golden file. */
static void check_jacobian(const fixture *made, const golden *positions, const golden *strain) {
  const int64_t n = made->features;
  int64_t n_blocks;
  MUST(tern_descriptor_jacobian_shape(made->descriptor, made->system, &n_blocks));
  int64_t *indices = calloc((size_t)(2 * n_blocks), sizeof *indices);
  double *blocks = doubles(n_blocks * 3 * n), *strains = doubles(made->rows * 9 * n);
  double *dense = doubles(positions->count), *turned = doubles(strain->count);
  MUST(tern_descriptor_jacobian(made->descriptor, made->system, indices, blocks, strains));
  for (int64_t b = 0; b < n_blocks; b++)
    for (int64_t a = 0; a < 3; a++)
      for (int64_t q = 0; q < n; q++)
        dense[((indices[2 * b] * n + q) * made->n_atoms + indices[2 * b + 1]) * 3 + a] = blocks[(3 * b + a) * n + q];
  for (int64_t b = 1; b < n_blocks; b++)
    assert_true(indices[2 * b - 2] * made->n_atoms + indices[2 * b - 1] <
                indices[2 * b] * made->n_atoms + indices[2 * b + 1]);
  for (int64_t row = 0; row < made->rows; row++)
    for (int64_t q = 0; q < n; q++)
      for (int64_t ab = 0; ab < 9; ab++)
        turned[(row * n + q) * 9 + ab] = strains[(row * 9 + ab) * n + q];
  assert_close("jacobian, positions", dense, positions->values, positions->count, DERIVATIVES);
  assert_close("jacobian, strain", turned, strain->values, strain->count, DERIVATIVES);
  free(indices);
  free(blocks);
  free(strains);
  free(dense);
  free(turned);
}

static void check_pullback(const fixture *made, const golden *positions, const golden *strain) {
  const int64_t n = made->rows * made->features, n_atoms = made->n_atoms;
  double *weights = doubles(n), *gradient = doubles(3 * n_atoms), *expected = doubles(3 * n_atoms);
  double strain_gradient[9], strain_expected[9] = {0};
  for (int64_t q = 0; q < n; q++)
    weights[q] = sin(1.0 + (double)(7 * q));
  for (int64_t q = 0; q < n; q++) {
    for (int64_t k = 0; k < 3 * n_atoms; k++)
      expected[k] += weights[q] * positions->values[q * 3 * n_atoms + k];
    for (int64_t k = 0; k < 9; k++)
      strain_expected[k] += weights[q] * strain->values[q * 9 + k];
  }
  MUST(tern_descriptor_pullback(made->descriptor, made->system, weights, gradient, strain_gradient));
  assert_close("pullback, positions", gradient, expected, 3 * n_atoms, DERIVATIVES);
  assert_close("pullback, strain", strain_gradient, strain_expected, 9, DERIVATIVES);
  free(weights);
  free(gradient);
  free(expected);
}

static void check_pushforward(const fixture *made, const golden *positions, const golden *strain) {
  const int64_t n = made->rows * made->features, n_atoms = made->n_atoms;
  double *direction = doubles(3 * n_atoms), *derivative = doubles(n), *expected = doubles(n), strains[9];
  for (int64_t k = 0; k < 3 * n_atoms; k++)
    direction[k] = cos(3.0 + (double)(5 * k));
  for (int k = 0; k < 9; k++)
    strains[k] = sin(2.0 + 3 * k); /* not symmetric: rows and columns cannot be confused */
  for (int64_t q = 0; q < n; q++) {
    for (int64_t k = 0; k < 3 * n_atoms; k++)
      expected[q] += positions->values[q * 3 * n_atoms + k] * direction[k];
    for (int64_t k = 0; k < 9; k++)
      expected[q] += strain->values[q * 9 + k] * strains[k];
  }
  MUST(tern_descriptor_pushforward(made->descriptor, made->system, direction, strains, derivative));
  assert_close("pushforward", derivative, expected, n, DERIVATIVES);
  free(direction);
  free(derivative);
  free(expected);
}

static golden derivative_block(const char *file, const char *kind, const char *of) {
  char name[64];
  snprintf(name, sizeof name, "%s_%s", kind, of);
  return golden_read(file, name);
}

static void check_derivatives(const char *file, const char *kind) {
  golden positions = derivative_block(file, kind, "positions"), strain = derivative_block(file, kind, "strain");
  fixture made = fixture_new(file, kind);
  check_jacobian(&made, &positions, &strain);
  check_pullback(&made, &positions, &strain);
  check_pushforward(&made, &positions, &strain);
  fixture_free(&made);
  golden_free(&positions);
  golden_free(&strain);
}

static void derivatives(void **state) {
  (void)state;
  int checked = 0;
  golden files = golden_read("descriptors.txt", "derivatives");
  for (int f = 0; f < files.count; f++) {
    golden kinds = golden_read(files.lines[f], "kinds");
    for (int k = 0; k < kinds.count; k++, checked++)
      check_derivatives(files.lines[f], kinds.lines[k]);
    golden_free(&kinds);
  }
  golden_free(&files);
  assert_true(checked >= 9);
}

/* ---- ridge ---- */

static void check_block(const char *file, const char *prefix, const char *name, const double *values) {
  char full[64];
  snprintf(full, sizeof full, "%s%s", prefix, name);
  golden expected = golden_read(file, full);
  snprintf(full, sizeof full, "%s %s%s", file, prefix, name);
  assert_close(full, values, expected.values, expected.count, PREDICTIONS);
  golden_free(&expected);
}

static void check_predictions(const tern_model *model, const char *file, const char *prefix) {
  tern_system *system = golden_system(file, prefix);
  int64_t n;
  double energy, virial[9], sum = 0, total[9] = {0};
  MUST(tern_system_size(system, &n, NULL));
  double *forces = doubles(3 * n), *energies = doubles(n), *virials = doubles(9 * n);
  MUST(tern_model_predict(model, system, &energy, forces, virial));
  MUST(tern_model_predict_atoms(model, system, energies, virials));
  check_block(file, prefix, "energy", &energy);
  check_block(file, prefix, "forces", forces);
  check_block(file, prefix, "virial", virial);
  check_block(file, prefix, "atom_energies", energies);
  check_block(file, prefix, "atom_virials", virials);
  for (int64_t i = 0; i < n; i++) {
    sum += energies[i];
    for (int k = 0; k < 9; k++)
      total[k] += virials[9 * i + k];
  }
  assert_close("sum of atom energies", &sum, &energy, 1, 1e-12);
  assert_close("sum of atom virials", total, virial, 9, 1e-11);
  free(forces);
  free(energies);
  free(virials);
  MUST(tern_system_free(system));
}

/* Stored and reloaded, bit for bit. */
static void check_reloaded(const tern_model *model, const char *file) {
  tern_system *system = golden_system(file, "test1_");
  tern_model *again = NULL;
  double energies[2], forces[2][192] = {{0}};
  MUST(tern_model_save(model, "golden.tern"));
  MUST(tern_model_load(&again, "golden.tern"));
  MUST(tern_model_predict(model, system, &energies[0], forces[0], NULL));
  MUST(tern_model_predict(again, system, &energies[1], forces[1], NULL));
  assert_memory_equal(&energies[0], &energies[1], sizeof energies[0]);
  assert_memory_equal(forces[0], forces[1], sizeof forces[0]);
  MUST(tern_model_free(again));
  MUST(tern_system_free(system));
}

static void ridge(void **state) {
  (void)state;
  const char *files[] = {"ridge_energies.txt", "ridge_forces.txt", "ridge_virial.txt"};
  for (int f = 0; f < 3; f++) {
    golden train = golden_read(files[f], "train");
    tern_dataset *dataset = read_golden(train.lines[0]);
    tern_options *options = golden_options(files[f]);
    tern_model *model = NULL;
    MUST(tern_model_fit(&model, "ridge", dataset, options, NULL, NULL));
    check_predictions(model, files[f], "test1_");
    check_predictions(model, files[f], "test2_");
    check_reloaded(model, files[f]);
    MUST(tern_model_free(model));
    MUST(tern_options_free(options));
    MUST(tern_dataset_free(dataset));
    golden_free(&train);
  }
}

static void check_tensor(const tern_model *model, const char *file, const char *prefix) {
  tern_system *system = golden_system(file, prefix);
  double values[27];
  MUST(tern_model_predict_tensor(model, system, values));
  check_block(file, prefix, "tensor", values);
  MUST(tern_system_free(system));
}

static void tensors(void **state) {
  (void)state;
  const char *files[] = {"tensor_dipole.txt", "tensor_response.txt"};
  for (int f = 0; f < 2; f++) {
    golden train = golden_read(files[f], "train");
    tern_dataset *dataset = NULL;
    tern_options *options = golden_options(files[f]);
    tern_model *model = NULL, *again = NULL;
    char path[512];
    int32_t order;
    snprintf(path, sizeof path, "%s/%s", GOLDEN, train.lines[0]);
    MUST(tern_dataset_read(&dataset, path, options));
    MUST(tern_model_fit(&model, "ridge", dataset, options, NULL, NULL));
    MUST(tern_model_save(model, "golden.tern"));
    MUST(tern_model_load(&again, "golden.tern"));
    MUST(tern_model_target_order(again, &order));
    assert_int_equal(order, f + 1);
    check_tensor(model, files[f], "test1_");
    check_tensor(again, files[f], "test2_");
    MUST(tern_model_free(again));
    MUST(tern_model_free(model));
    MUST(tern_options_free(options));
    MUST(tern_dataset_free(dataset));
    golden_free(&train);
  }
}

static void stored_models(void **state) {
  (void)state;
  golden files = golden_read("models.txt", "files");
  assert_true(files.count >= 7);
  for (int f = 0; f < files.count; f++) {
    char path[LINE + sizeof GOLDEN + 1];
    golden name = golden_read(files.lines[f], "model");
    tern_model *model = NULL;
    snprintf(path, sizeof path, "%s/%s", GOLDEN, name.lines[0]);
    MUST(tern_model_load(&model, path));
    check_predictions(model, files.lines[f], "test1_");
    check_predictions(model, files.lines[f], "test2_");
    check_predictions(model, files.lines[f], "test3_");
    MUST(tern_model_free(model));
    golden_free(&name);
  }
  golden_free(&files);
}

int test_golden(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(radial_functions), cmocka_unit_test(descriptors),
                                     cmocka_unit_test(rows),             cmocka_unit_test(rows_are_atoms),
                                     cmocka_unit_test(derivatives),      cmocka_unit_test(ridge),
                                     cmocka_unit_test(tensors),          cmocka_unit_test(stored_models)};
  return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
