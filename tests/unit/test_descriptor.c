/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors of whole systems: values, rows and derivatives of every kind, whatever the kind is. */
#include "described.h"

#include "core/memory.h"

static const char *const kinds[] = {"density", "power_spectrum", "frames"};
enum { KINDS = 3 };

/* ---- golden data ---- */

static tern_descriptor *golden_descriptor(const char *kind, const char *file) {
  tern_descriptor *descriptor = NULL;
  tern_options *options = golden_options(file);
  ASSERT_SUCCESS(descriptor_new(&descriptor, kind, options));
  options_free(options);
  return descriptor;
}

static void check_golden_values(const char *kind, const char *file) {
  golden_block expected = golden_read(file, kind, 1);
  tern_descriptor *descriptor = golden_descriptor(kind, file);
  tern_system *system = described_golden(file);
  int64_t rows, features;
  double *values = described_values(descriptor, system, &rows, &features);
  assert_int_equal(rows, expected.dims[0]);
  assert_int_equal(features, expected.dims[1]);
  assert_close(file, expected.count, values, expected.values, 1e-8);
  free(values);
  golden_free(&expected);
  descriptor_free(descriptor);
  system_free(system);
}

static void test_golden_values(void **state) {
  (void)state;
  golden_block files = golden_read("descriptors.txt", "files", 1);
  for (int f = 0; f < files.count; f++) {
    golden_block held = golden_read(files.lines[f], "kinds", 1);
    for (int k = 0; k < held.count; k++)
      check_golden_values(held.lines[k], files.lines[f]);
    golden_free(&held);
  }
  golden_free(&files);
}

/* The file has [row][column][atom][3]; ours is sparse, [block][3][column]. */
static void check_golden_jacobian(const char *kind, const char *file) {
  char name[64];
  snprintf(name, sizeof name, "%s_positions", kind);
  golden_block expected = golden_read(file, name, 1);
  snprintf(name, sizeof name, "%s_strain", kind);
  golden_block expected_strain = golden_read(file, name, 1);
  tern_descriptor *descriptor = golden_descriptor(kind, file);
  tern_system *system = described_golden(file);
  run run = described_run(2);
  const int64_t rows = expected.dims[0], features = expected.dims[1], atoms = expected.dims[2];
  int64_t blocks, indices[512];
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, &blocks));
  double *jacobian = zeros(blocks * 3 * features), *strain = zeros(rows * 9 * features);
  double *dense = zeros(expected.count), *dense_strain = zeros(expected_strain.count);
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, indices, jacobian, strain));
  for (int64_t b = 0; b < blocks; b++)
    for (int64_t f = 0; f < features; f++)
      for (int64_t a = 0; a < 3; a++)
        dense[((indices[2 * b] * features + f) * atoms + indices[2 * b + 1]) * 3 + a] =
            jacobian[(3 * b + a) * features + f];
  for (int64_t row = 0; row < rows; row++)
    for (int64_t f = 0; f < features; f++)
      for (int64_t ab = 0; ab < 9; ab++)
        dense_strain[(row * features + f) * 9 + ab] = strain[(row * 9 + ab) * features + f];
  assert_close("positions", expected.count, dense, expected.values, 1e-7);
  assert_close("strain", expected_strain.count, dense_strain, expected_strain.values, 1e-7);
  free(jacobian);
  free(strain);
  free(dense);
  free(dense_strain);
  golden_free(&expected);
  golden_free(&expected_strain);
  descriptor_free(descriptor);
  system_free(system);
}

static void test_golden_jacobian(void **state) {
  (void)state;
  golden_block files = golden_read("descriptors.txt", "derivatives", 1);
  assert_true(files.count >= 7);
  for (int f = 0; f < files.count; f++) {
    golden_block held = golden_read(files.lines[f], "kinds", 1);
    for (int k = 0; k < held.count; k++)
      check_golden_jacobian(held.lines[k], files.lines[f]);
    golden_free(&held);
  }
  golden_free(&files);
}

/* ---- derivatives against each other and finite differences ---- */

typedef struct derivative_case {
  tern_descriptor *descriptor;
  described_atoms atoms;
  tern_system *system;
  int64_t rows, features, n;
  double *weights, *direction, strain[9];
} derivative_case;

static derivative_case start_case(const char *kind, const char *const *settings, int64_t count, bool periodic) {
  derivative_case c = {.descriptor = described_new(kind, settings), .atoms = described_grid(count, periodic, 3)};
  run run = described_run(1);
  uint64_t seed = 17;
  c.system = described_system(&c.atoms);
  c.n = count;
  ASSERT_SUCCESS(descriptor_shape(c.descriptor, &run, c.system, &c.rows, &c.features));
  c.weights = described_random(c.rows * c.features, 5);
  c.direction = described_random(3 * count, 7);
  for (int k = 0; k < 9; k++)
    c.strain[k] = 0.3 * pseudo_random(&seed);
  return c;
}

static void end_case(derivative_case *c) {
  descriptor_free(c->descriptor);
  system_free(c->system);
  free(c->weights);
  free(c->direction);
}

static double product(int64_t count, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Values after a step along the case's direction and strain. */
static double *moved_values(const derivative_case *c, double step) {
  described_atoms moved = c->atoms;
  int64_t rows, features;
  for (int64_t i = 0; i < c->n; i++)
    for (int a = 0; a < 3; a++) {
      moved.positions[i][a] += step * c->direction[3 * i + a];
      for (int b = 0; b < 3; b++)
        moved.positions[i][a] += step * c->strain[3 * a + b] * c->atoms.positions[i][b];
    }
  for (int v = 0; v < 3; v++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        moved.cell[v][a] += step * c->strain[3 * a + b] * c->atoms.cell[v][b];
  tern_system *system = described_system(&moved);
  double *values = described_values(c->descriptor, system, &rows, &features);
  assert_int_equal(rows, c->rows);
  system_free(system);
  return values;
}

static void check_finite_differences(const derivative_case *c, const double *pushed) {
  const double step = 1e-5;
  double *up = moved_values(c, step), *down = moved_values(c, -step);
  for (int64_t k = 0; k < c->rows * c->features; k++)
    up[k] = (up[k] - down[k]) / (2 * step);
  assert_close("finite differences", c->rows * c->features, pushed, up, 3e-6);
  free(up);
  free(down);
}

/* The sparse Jacobian times the direction and strain. */
static double *jacobian_product(const derivative_case *c) {
  run run = described_run(1);
  int64_t blocks;
  ASSERT_SUCCESS(descriptor_jacobian_shape(c->descriptor, &run, c->system, &blocks));
  int64_t *indices = calloc((size_t)blocks * 2, sizeof *indices);
  double *jacobian = zeros(blocks * 3 * c->features), *strain = zeros(c->rows * 9 * c->features);
  double *result = zeros(c->rows * c->features);
  ASSERT_SUCCESS(descriptor_jacobian(c->descriptor, &run, c->system, indices, jacobian, strain));
  for (int64_t b = 0; b < blocks; b++) {
    assert_true(b == 0 || indices[2 * b] > indices[2 * b - 2] ||
                (indices[2 * b] == indices[2 * b - 2] && indices[2 * b + 1] > indices[2 * b - 1]));
    for (int64_t k = 0; k < 3 * c->features; k++)
      result[indices[2 * b] * c->features + k % c->features] +=
          jacobian[b * 3 * c->features + k] * c->direction[3 * indices[2 * b + 1] + k / c->features];
  }
  for (int64_t row = 0; row < c->rows; row++)
    for (int64_t k = 0; k < 9 * c->features; k++)
      result[row * c->features + k % c->features] += strain[row * 9 * c->features + k] * c->strain[k / c->features];
  free(indices);
  free(jacobian);
  free(strain);
  return result;
}

static void check_derivatives(const char *kind, const char *const *settings, int64_t count, bool periodic) {
  derivative_case c = start_case(kind, settings, count, periodic);
  run run = described_run(2);
  double *pushed = zeros(c.rows * c.features), *gradient = zeros(3 * count), strain[9];
  ASSERT_SUCCESS(descriptor_pushforward(c.descriptor, &run, c.system, c.direction, c.strain, pushed));
  ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain));
  const double forward = product(c.rows * c.features, c.weights, pushed);
  const double backward = product(3 * count, gradient, c.direction) + product(9, strain, c.strain);
  assert_true(fabs(forward - backward) <= 1e-11 * largest(c.rows * c.features, pushed) * (double)(c.rows * c.features));
  double *multiplied = jacobian_product(&c);
  assert_close("Jacobian", c.rows * c.features, multiplied, pushed, 1e-12);
  check_finite_differences(&c, pushed);
  free(pushed);
  free(gradient);
  free(multiplied);
  end_case(&c);
}

static void test_derivatives(void **state) {
  static const char *const some[] = {
      "cutoff 4.5",         "n_max 2", "l_max 2", "sigma 0.4", "species O,H,C", "centers 2,0", "center_weight 0.5",
      "spline_error 1e-13", NULL};
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    check_derivatives(kinds[k], described_small, 6, false);
    check_derivatives(kinds[k], some, 3, true); /* cell smaller than the cutoff: images of an atom, and of the centre */
    check_derivatives(kinds[k], described_small, 1, false);
  }
}

/* Derivatives of one centre's row, or of all (-1); *blocks of them, written at an odd address when asked to. */
static double *large_jacobian(const tern_system *system, int center, int64_t odd, int64_t *blocks, int64_t *features) {
  char centers[32] = "centers all";
  const char *const settings[] = {"cutoff 6", "n_max 10", "l_max 6", "species 1,6,8", centers, NULL};
  if (center >= 0)
    snprintf(centers, sizeof centers, "centers %d", center);
  tern_descriptor *descriptor = described_new("power_spectrum", settings);
  run run = described_run(2);
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, NULL, features));
  ASSERT_SUCCESS(descriptor_jacobian_shape(descriptor, &run, system, blocks));
  double *values = zeros(*blocks * 3 * *features + 1);
  ASSERT_SUCCESS(descriptor_jacobian(descriptor, &run, system, NULL, values + odd, NULL));
  memmove(values, values + odd, (size_t)(*blocks * 3 * *features) * sizeof *values);
  descriptor_free(descriptor);
  return values;
}

/* A Jacobian that is written past the caches has the numbers of the small ones of its centres. */
static void test_large_jacobian(void **state) {
  (void)state;
  for (int64_t odd = 0; odd < 2; odd++) {
    described_atoms atoms = described_grid(16, odd, 9);
    memset(atoms.cell, 0, sizeof atoms.cell);
    for (int a = 0; a < 3; a++)
      atoms.cell[a][a] = 8.5; /* a few neighbours are there twice */
    tern_system *system = described_system(&atoms);
    int64_t blocks, features, part_blocks, before = 0;
    double *all = large_jacobian(system, -1, odd, &blocks, &features);
    assert_true(blocks * 3 * features * 8 > 1 << 24);
    for (int center = 0; center < 16; center++) {
      double *part = large_jacobian(system, center, 0, &part_blocks, &features);
      const int64_t count = part_blocks * 3 * features;
      assert_memory_equal(all + before, part, (size_t)count * sizeof *part);
      before += count;
      free(part);
    }
    assert_int_equal(before, blocks * 3 * features);
    free(all);
    system_free(system);
  }
}

/* ---- a host's pairs ---- */

/* The periodic system as a host sees it: an owned atom, and each image within the cutoff as a ghost of its own. */
static tern_system *as_pairs(const described_atoms *atoms, const environments *made, double cutoff, int64_t *owner) {
  const neighbours *list = &made->neighbours;
  const int64_t n_pairs = list->first[list->n_centers], n_atoms = atoms->count + n_pairs;
  int32_t *species = calloc((size_t)n_atoms, sizeof *species);
  int64_t *pairs = calloc((size_t)n_pairs * 2, sizeof *pairs);
  tern_system *system = NULL;
  for (int64_t i = 0; i < atoms->count; i++) {
    species[i] = atoms->species[i];
    owner[i] = i;
    for (int64_t p = list->first[i]; p < list->first[i + 1]; p++) {
      pairs[2 * p] = i;
      pairs[2 * p + 1] = atoms->count + p;
      species[atoms->count + p] = atoms->species[list->atom[p]];
      owner[atoms->count + p] = list->atom[p];
    }
  }
  ASSERT_SUCCESS(system_new_from_pairs(&system, atoms->count, n_atoms, species, n_pairs, pairs, list->vectors, cutoff));
  free(species);
  free(pairs);
  return system;
}

static void test_pairs_of_a_host(void **state) {
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    derivative_case c = start_case(kinds[k], described_small, 4, true);
    run run = described_run(2);
    environments made;
    ASSERT_SUCCESS(environments_build(c.descriptor, &run, c.system, &made));
    const int64_t n_atoms = c.n + made.neighbours.first[c.n];
    int64_t *owner = calloc((size_t)n_atoms, sizeof *owner), rows, features;
    tern_system *host = as_pairs(&c.atoms, &made, c.descriptor->cutoff, owner);
    double *values = described_values(c.descriptor, c.system, &rows, &features);
    double *same = described_values(c.descriptor, host, &rows, &features);
    assert_int_equal(rows, c.rows);
    assert_close("values", rows * features, same, values, 1e-14);
    double *gradient = zeros(3 * c.n), *spread = zeros(3 * n_atoms), *folded = zeros(3 * c.n), strain[9],
           same_strain[9];
    ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain));
    ASSERT_SUCCESS(descriptor_pullback(c.descriptor, &run, host, c.weights, spread, same_strain));
    for (int64_t i = 0; i < 3 * n_atoms; i++)
      folded[3 * owner[i / 3] + i % 3] += spread[i];
    assert_close("gradient", 3 * c.n, folded, gradient, 1e-12);
    assert_close("strain", 9, same_strain, strain, 1e-12);
    environments_free(&run, &made);
    system_free(host);
    free(owner);
    free(values);
    free(same);
    free(gradient);
    free(spread);
    free(folded);
    end_case(&c);
  }
}

/* ---- rows, centres, threads ---- */

static void test_rows(void **state) {
  static const char *const settings[] = {"species 1,6,8",  "centers 3,1",  "cutoff 9",
                                         "tag_cutoff 2.5", "self_pairs 0", NULL};
  (void)state;
  described_atoms atoms = described_grid(5, false, 3);
  tern_system *system = described_system(&atoms);
  tern_descriptor *descriptor = described_new("frames", settings);
  run run = described_run(1);
  int64_t rows, features, indices[256], found = 0;
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, &features));
  assert_in_range(rows, 2, 64);
  ASSERT_SUCCESS(descriptor_rows(descriptor, &run, system, indices));
  for (int64_t c = 0; c < 2; c++)
    for (int64_t j = 0; j < 5; j++)
      for (int64_t k = 0; k < 5; k++) {
        const int64_t center = descriptor->centers[c], tags[2] = {j, k};
        bool wanted = j != k;
        for (int t = 0; t < 2; t++) {
          double square = 0;
          for (int a = 0; a < 3; a++)
            square += pow(atoms.positions[tags[t]][a] - atoms.positions[center][a], 2);
          wanted = wanted && tags[t] != center && square < 2.5 * 2.5;
        }
        if (!wanted)
          continue;
        const int64_t expected[4] = {0, center, j, k};
        assert_memory_equal(indices + 4 * found++, expected, sizeof expected);
      }
  assert_int_equal(found, rows);
  descriptor_free(descriptor);
  system_free(system);
}

/* Rows of chosen centres are those of all centres; any number of threads gives the same values. */
static void test_centers_and_threads(void **state) {
  static const char *const settings[] = {"cutoff 3.1",         "n_max 3",     "l_max 3", "sigma 0.4", "species O,H,C",
                                         "spline_error 1e-13", "centers 7,2", NULL};
  (void)state;
  described_atoms atoms = described_grid(16, false, 9);
  tern_system *system = described_system(&atoms);
  tern_descriptor *all = described_new("power_spectrum", described_small),
                  *some = described_new("power_spectrum", settings);
  int64_t rows, features, indices[4];
  double *every = described_values(all, system, &rows, &features);
  assert_int_equal(rows, 16);
  double *chosen = described_values(some, system, &rows, &features), *threaded = zeros(16 * features);
  assert_int_equal(rows, 2);
  assert_memory_equal(chosen, every + 7 * features, (size_t)features * sizeof *chosen);
  assert_memory_equal(chosen + features, every + 2 * features, (size_t)features * sizeof *chosen);
  run run = described_run(3);
  ASSERT_SUCCESS(descriptor_rows(some, &run, system, indices));
  assert_true(indices[0] == 0 && indices[1] == 7 && indices[2] == 0 && indices[3] == 2);
  ASSERT_SUCCESS(descriptor_compute(all, &run, system, threaded));
  assert_memory_equal(threaded, every, (size_t)(16 * features) * sizeof *every);
  free(every);
  free(chosen);
  free(threaded);
  descriptor_free(all);
  descriptor_free(some);
  system_free(system);
}

/* ---- failures ---- */

static void test_wrong_options(void **state) {
  static const char *const twice[] = {"centers 1,2,1", NULL}, *const far[] = {"centers 1,9", "species 1,6,8", NULL};
  static const char *const foreign[] = {"tag_cutoff 2", NULL}, *const wide[] = {"tag_cutoff 6", "species 1", NULL};
  (void)state;
  tern_descriptor *descriptor = NULL;
  tern_options *options = described_options(twice);
  ASSERT_FAILURE(descriptor_new(&descriptor, "frame", NULL), TERN_ERROR_ARGUMENT, "did you mean 'frames'");
  ASSERT_FAILURE(descriptor_new(&descriptor, "soap", NULL), TERN_ERROR_ARGUMENT,
                 "density, power_spectrum, correlations, frames");
  ASSERT_FAILURE(descriptor_new(&descriptor, "density", options), TERN_ERROR_OPTION, "atom 1 twice");
  options_free(options);
  options = described_options(foreign);
  ASSERT_FAILURE(descriptor_new(&descriptor, "density", options), TERN_ERROR_OPTION, "tag_cutoff");
  options_free(options);
  options = described_options(wide);
  ASSERT_FAILURE(descriptor_new(&descriptor, "frames", options), TERN_ERROR_OPTION, "must not exceed 'cutoff'");
  options_free(options);
  assert_null(descriptor);
  descriptor = described_new("density", far);
  described_atoms atoms = described_grid(5, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  int64_t rows;
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "atom 9");
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "5 atoms");
  system_free(system);
  descriptor_free(descriptor);
}

static void test_unknown_species(void **state) {
  static const char *const known[] = {"species H,O", NULL};
  (void)state;
  described_atoms atoms = described_grid(4, false, 3); /* O, H, C, O */
  tern_system *system = described_system(&atoms);
  for (int k = 0; k < KINDS; k++) {
    tern_descriptor *descriptor = described_new(kinds[k], known);
    run run = described_run(1);
    int64_t rows = -7;
    double untouched = 5;
    ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "atom 2 is C (6)");
    ASSERT_FAILURE(descriptor_compute(descriptor, &run, system, &untouched), TERN_ERROR_DATA, "it knows H (1), O (8)");
    assert_true(rows == -7 && untouched == 5 && run.memory_used == 0);
    descriptor_free(descriptor);
  }
  system_free(system);
}

static void test_weights_must_be_finite(void **state) {
  (void)state;
  derivative_case c = start_case("power_spectrum", described_small, 6, false);
  run run = described_run(2);
  double gradient[18] = {4}, strain[9] = {4};
  c.weights[3 * c.features + 11] = NAN;
  ASSERT_FAILURE(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain), TERN_ERROR_ARGUMENT,
                 "weights[3][11]");
  assert_true(gradient[0] == 4 && gradient[1] == 0 && strain[0] == 4);
  end_case(&c);
}

/* Whichever allocation fails: a message, outputs untouched, nothing held. */
static void test_memory_runs_out(void **state) {
  (void)state;
  derivative_case c = start_case("frames", described_small, 5, true);
  run run = described_run(1);
  double gradient[15] = {4}, strain[9] = {4};
  int32_t status = TERN_ERROR_MEMORY;
  for (int64_t k = 1; status != TERN_SUCCESS; k++) {
    assert_in_range(k, 1, 100);
    memory_fail_at(k);
    status = descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain);
    memory_fail_at(0);
    assert_true(status == TERN_SUCCESS || (status == TERN_ERROR_MEMORY && gradient[0] == 4 && strain[0] == 4));
    assert_int_equal(run.memory_used, 0);
  }
  assert_true(gradient[0] != 4);
  run.memory_limit = 1000;
  ASSERT_FAILURE(descriptor_pullback(c.descriptor, &run, c.system, c.weights, gradient, strain), TERN_ERROR_MEMORY,
                 "memory_limit");
  end_case(&c);
}

/* ---- fitting ---- */

static int32_t cancel(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)stage, (void)done, (void)total, (void)loss;
  return *(int32_t *)context;
}

static void test_fit(void **state) {
  (void)state;
  tern_descriptor *descriptor = described_new("density", NULL);
  tern_dataset *dataset = NULL;
  described_atoms atoms = described_grid(3, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  int64_t rows;
  text json = {0};
  ASSERT_SUCCESS(dataset_new(&dataset));
  ASSERT_FAILURE(descriptor_shape(descriptor, &run, system, &rows, NULL), TERN_ERROR_DATA, "option 'species'");
  ASSERT_FAILURE(descriptor_labels(descriptor, &json), TERN_ERROR_DATA, "fit the descriptor");
  ASSERT_FAILURE(descriptor_fit(descriptor, &run, dataset), TERN_ERROR_DATA, "empty");
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  int32_t answer = -5;
  struct run cancelled = run;
  cancelled.progress = cancel;
  cancelled.context = &answer;
  assert_int_equal(descriptor_fit(descriptor, &cancelled, dataset), -5);
  assert_null(descriptor->state);
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, dataset));
  assert_int_equal(descriptor->n_species, 3);
  assert_true(descriptor->species[0] == 1 && descriptor->species[1] == 6 && descriptor->species[2] == 8);
  ASSERT_SUCCESS(descriptor_shape(descriptor, &run, system, &rows, NULL));
  assert_int_equal(rows, 3);
  system_free(system);
  dataset_free(dataset);
  descriptor_free(descriptor);
}

/* The species given by the options stay, in ascending order. */
static void test_fit_keeps_given_species(void **state) {
  static const char *const given[] = {"species O,N,H,C", NULL};
  (void)state;
  tern_descriptor *descriptor = described_new("density", given);
  tern_dataset *dataset = NULL;
  described_atoms atoms = described_grid(3, false, 3);
  tern_system *system = described_system(&atoms);
  run run = described_run(1);
  ASSERT_SUCCESS(dataset_new(&dataset));
  ASSERT_SUCCESS(dataset_append(dataset, system, NULL, NULL, NULL));
  ASSERT_SUCCESS(descriptor_fit(descriptor, &run, dataset));
  const int32_t expected[4] = {1, 6, 7, 8};
  assert_int_equal(descriptor->n_species, 4);
  assert_memory_equal(descriptor->species, expected, sizeof expected);
  system_free(system);
  dataset_free(dataset);
  descriptor_free(descriptor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden_values),
      cmocka_unit_test(test_golden_jacobian),
      cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_large_jacobian),
      cmocka_unit_test(test_pairs_of_a_host),
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_centers_and_threads),
      cmocka_unit_test(test_wrong_options),
      cmocka_unit_test(test_unknown_species),
      cmocka_unit_test(test_weights_must_be_finite),
      cmocka_unit_test(test_memory_runs_out),
      cmocka_unit_test(test_fit),
      cmocka_unit_test(test_fit_keeps_given_species),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
