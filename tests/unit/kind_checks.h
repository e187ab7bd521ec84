/* SPDX-License-Identifier: BSD-3-Clause */
/* What every descriptor kind with one row per centre must hold. */
#ifndef TERNION_TEST_KIND_CHECKS_H
#define TERNION_TEST_KIND_CHECKS_H

#include "golden.h"

/* A kind with one environment, ready to be called. */
typedef struct kind_case {
  const descriptor_kind *kind;
  tern_options *options;
  int32_t species[16], n_species;
  double cutoff;
  void *state, *scratch;
  golden_environment around;
  int64_t features, n;
} kind_case;

static inline void kind_case_start(kind_case *c, const descriptor_kind *kind, const char *file,
                                   const char *const *changes) {
  c->options = golden_options(file);
  for (; changes && *changes; changes += 2)
    ASSERT_SUCCESS(options_set(c->options, changes[0], changes[1]));
  c->n_species = golden_species(c->options, c->species);
  ASSERT_SUCCESS(options_real(c->options, "cutoff", &c->cutoff));
  ASSERT_SUCCESS(kind_choose(kind, c->options, &c->kind));
  ASSERT_SUCCESS(kind_create(c->kind, &c->state, c->options, c->n_species, c->species));
  c->features = c->kind->features(c->state);
  c->scratch = aligned_space(c->kind->scratch(c->state, MOST_NEIGHBOURS));
}

static inline void kind_case_center(kind_case *c, const char *file, int64_t center) {
  golden_environment_of(file, center, c->cutoff, c->species, c->n_species, &c->around);
  c->n = c->around.view.n_neighbours;
}

static inline void kind_case_end(kind_case *c) {
  kind_destroy(c->kind, c->state);
  options_free(c->options);
  free(c->scratch);
}

static inline void kind_case_forward(kind_case *c, double *values) {
  ASSERT_SUCCESS(c->kind->forward(c->state, &c->around.view, c->scratch, values));
}

static inline void kind_check_golden(const descriptor_kind *kind, const char *file, double tolerance) {
  kind_case c;
  golden_block expected = golden_read(file, kind->name, 0);
  if (expected.count == 0)
    return;
  kind_case_start(&c, kind, file, NULL);
  assert_int_equal(expected.dims[1], c.features);
  double *values = zeros(expected.count);
  for (int row = 0; row < expected.dims[0]; row++) {
    kind_case_center(&c, file, row);
    kind_case_forward(&c, values + row * c.features);
  }
  assert_close(file, expected.count, values, expected.values, tolerance);
  free(values);
  golden_free(&expected);
  kind_case_end(&c);
}

static inline void kind_check_golden_files(const descriptor_kind *kind, double tolerance) {
  golden_block files = golden_read("descriptors.txt", "files", 1);
  for (int k = 0; k < files.count; k++)
    kind_check_golden(kind, files.lines[k], tolerance);
  golden_free(&files);
}

/* Scatters one centre's jacobian [neighbour][3][feature] to [feature][atom][3] and [feature][3][3]. */
static inline void kind_scatter(const kind_case *c, int64_t center, int64_t atoms, const double *jacobian,
                                double *positions, double *strain) {
  for (int64_t j = 0; j < c->n; j++)
    for (int axis = 0; axis < 3; axis++)
      for (int64_t f = 0; f < c->features; f++) {
        const double slope = jacobian[(3 * j + axis) * c->features + f];
        positions[(f * atoms + c->around.atom[j]) * 3 + axis] += slope;
        positions[(f * atoms + center) * 3 + axis] -= slope;
        for (int other = 0; other < 3; other++)
          strain[(f * 3 + axis) * 3 + other] += slope * c->around.vectors[3 * j + other];
      }
}

static inline void kind_check_golden_jacobian(const descriptor_kind *kind, const char *file, double tolerance) {
  kind_case c;
  char name[64];
  snprintf(name, sizeof name, "%s_positions", kind->name);
  golden_block positions = golden_read(file, name, 1);
  snprintf(name, sizeof name, "%s_strain", kind->name);
  golden_block strain = golden_read(file, name, 1);
  kind_case_start(&c, kind, file, NULL);
  const int64_t atoms = positions.dims[2];
  double *found = zeros(positions.count), *found_strain = zeros(strain.count);
  for (int row = 0; row < positions.dims[0]; row++) {
    kind_case_center(&c, file, row);
    double *jacobian = zeros(c.n * 3 * c.features);
    kind_case_forward(&c, NULL);
    ASSERT_SUCCESS(c.kind->jacobian(c.state, &c.around.view, c.scratch, jacobian));
    kind_scatter(&c, row, atoms, jacobian, found + row * c.features * atoms * 3, found_strain + row * c.features * 9);
    free(jacobian);
  }
  assert_close("positions", positions.count, found, positions.values, tolerance);
  assert_close("strain", strain.count, found_strain, strain.values, tolerance);
  free(found);
  free(found_strain);
  golden_free(&positions);
  golden_free(&strain);
  kind_case_end(&c);
}

/* Central difference of the values along a direction. */
static inline void kind_difference(kind_case *c, const double *direction, double step, double *difference) {
  double *up = zeros(c->features), *down = zeros(c->features), *start = zeros(3 * c->n);
  memcpy(start, c->around.vectors, (size_t)(3 * c->n) * sizeof *start);
  for (int64_t k = 0; k < 3 * c->n; k++)
    c->around.vectors[k] = start[k] + step * direction[k];
  kind_case_forward(c, up);
  for (int64_t k = 0; k < 3 * c->n; k++)
    c->around.vectors[k] = start[k] - step * direction[k];
  kind_case_forward(c, down);
  memcpy(c->around.vectors, start, (size_t)(3 * c->n) * sizeof *start);
  for (int64_t f = 0; f < c->features; f++)
    difference[f] = (up[f] - down[f]) / (2 * step);
  free(up);
  free(down);
  free(start);
}

/* Jacobian, pushforward, backward of one environment against each other (1e-11) and finite differences (1e-6). */
static inline void kind_check_environment(kind_case *c) {
  const int64_t n = c->n, features = c->features;
  double *jacobian = zeros(n * 3 * features), *direction = zeros(3 * n), *weights = zeros(features);
  double *pushed = zeros(features), *expected = zeros(features), *gradient = zeros(3 * n),
         *expected_gradient = zeros(3 * n);
  uint64_t random = 11;
  for (int64_t k = 0; k < 3 * n; k++)
    direction[k] = pseudo_random(&random);
  for (int64_t f = 0; f < features; f++)
    weights[f] = pseudo_random(&random);
  kind_case_forward(c, NULL);
  ASSERT_SUCCESS(c->kind->backward(c->state, &c->around.view, c->scratch, weights, gradient));
  ASSERT_SUCCESS(c->kind->jacobian(c->state, &c->around.view, c->scratch, jacobian));
  ASSERT_SUCCESS(c->kind->pushforward(c->state, &c->around.view, c->scratch, direction, pushed));
  for (int64_t k = 0; k < 3 * n; k++)
    for (int64_t f = 0; f < features; f++) {
      expected[f] += direction[k] * jacobian[k * features + f];
      expected_gradient[k] += weights[f] * jacobian[k * features + f];
    }
  assert_close("pushforward", features, pushed, expected, 1e-11);
  assert_close("backward", 3 * n, gradient, expected_gradient, 1e-11);
  kind_difference(c, direction, 1e-5, expected);
  assert_close("finite differences", features, pushed, expected, 1e-6);
  free(jacobian);
  free(direction);
  free(weights);
  free(pushed);
  free(expected);
  free(gradient);
  free(expected_gradient);
}

static inline void kind_check_derivatives(const descriptor_kind *kind, const char *file) {
  static const char *const changes[][3] = {{NULL}, {"n_max", "9", NULL}, {"l_max", "0", NULL}, {"n_max", "1", NULL}};
  for (int k = 0; k < 4; k++) {
    kind_case c;
    kind_case_start(&c, kind, file, changes[k]);
    for (int64_t center = 0; center < 2; center++) {
      kind_case_center(&c, file, center);
      kind_check_environment(&c);
    }
    kind_case_end(&c);
  }
}

/* A neighbour that reaches the cutoff leaves without a jump, and with it its derivative. */
static inline void kind_check_cutoff(const descriptor_kind *kind) {
  kind_case c;
  kind_case_start(&c, kind, "molecule.txt", NULL);
  kind_case_center(&c, "molecule.txt", 0);
  double *with = zeros(c.features), *without = zeros(c.features), *jacobian = zeros(3 * c.n * c.features);
  const double distance = c.cutoff - 1e-6, last[3] = {0.36 * distance, -0.48 * distance, 0.8 * distance};
  memcpy(c.around.vectors + 3 * (c.n - 1), last, sizeof last);
  kind_case_forward(&c, with);
  ASSERT_SUCCESS(c.kind->jacobian(c.state, &c.around.view, c.scratch, jacobian));
  assert_true(largest(3 * c.features, jacobian + 3 * (c.n - 1) * c.features) <
              1e-4 * largest(3 * c.features, jacobian));
  c.around.view.n_neighbours--;
  kind_case_forward(&c, without);
  assert_close("at the cutoff", c.features, with, without, 1e-9);
  free(with);
  free(without);
  free(jacobian);
  kind_case_end(&c);
}

/* A lonely centre: zero, or its own Gaussian; nothing to differentiate. */
static inline void kind_check_empty(const descriptor_kind *kind) {
  for (int weight = 0; weight < 2; weight++) {
    kind_case c;
    const char *const changes[] = {"center_weight", weight ? "0.7" : "0", NULL};
    kind_case_start(&c, kind, "molecule.txt", changes);
    double *values = zeros(c.features), *weights = zeros(c.features), unused[3] = {1, 2, 3};
    c.around.view = (environment){0, c.around.vectors, c.around.species, 1};
    kind_case_forward(&c, values);
    assert_true((largest(c.features, values) > 0) == (weight > 0));
    ASSERT_SUCCESS(c.kind->backward(c.state, &c.around.view, c.scratch, weights, unused));
    ASSERT_SUCCESS(c.kind->jacobian(c.state, &c.around.view, c.scratch, unused));
    assert_true(unused[0] == 1 && unused[1] == 2 && unused[2] == 3);
    ASSERT_SUCCESS(c.kind->pushforward(c.state, &c.around.view, c.scratch, unused, values));
    assert_true(largest(c.features, values) == 0);
    free(values);
    free(weights);
    kind_case_end(&c);
  }
}

/* Columns of the molecule's options: species H, C, O, n_max 3, l_max 3. */
static inline void kind_check_label(const descriptor_kind *kind, int64_t column, const char *expected) {
  kind_case c;
  text label = {0};
  kind_case_start(&c, kind, "molecule.txt", NULL);
  c.kind->label(c.state, column, &label);
  assert_string_equal(label.data, expected);
  text_free(&label);
  kind_case_end(&c);
}

#endif
