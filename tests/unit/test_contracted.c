/* SPDX-License-Identifier: BSD-3-Clause */
/* Contracted correlations as a descriptor, on environments of random neighbours. */
#include "described.h"
#include "helper_folder.h"
#include "kind_checks.h"

#include "core/memory.h"
#include "correlation/contracted.h"

enum { MOST_ENVIRONMENTS = 24, NEIGHBOURS = 7 };

static const int32_t species[3] = {1, 6, 8};

typedef struct cloud {
  environment environments[MOST_ENVIRONMENTS];
  double vectors[MOST_ENVIRONMENTS][3 * NEIGHBOURS];
  int32_t species[MOST_ENVIRONMENTS][NEIGHBOURS];
} cloud;

static cloud *random_cloud(int32_t n_species) {
  cloud *c = calloc(1, sizeof *c);
  uint64_t seed = 21;
  for (int e = 0; e < MOST_ENVIRONMENTS; e++) {
    for (int j = 0; j < NEIGHBOURS; j++) {
      double *v = c->vectors[e] + 3 * j, square = 0;
      for (int a = 0; a < 3; a++)
        square += pow(v[a] = pseudo_random(&seed), 2);
      const double wanted = 1 + 1.8 * fabs(pseudo_random(&seed));
      for (int a = 0; a < 3; a++)
        v[a] *= wanted / sqrt(square);
      c->species[e][j] = j < n_species ? j : (int32_t)(fabs(pseudo_random(&seed)) * n_species);
    }
    c->environments[e] = (environment){NEIGHBOURS - e % 3, c->vectors[e], c->species[e], e % n_species};
  }
  return c;
}

static const char *const basic[] = {"cutoff 3.1", "n_max 2", "l_max 2", "sigma 0.5", "spline_error 1e-12", NULL};

typedef struct contracted_case {
  kind_case c;
  cloud *cloud;
  int32_t n_species;
} contracted_case;

static tern_options *options_of(const char *const *settings) {
  tern_options *options = described_options(basic);
  for (; settings && *settings; settings++) {
    char key[64];
    int length = 0;
    assert_int_equal(sscanf(*settings, "%63s %n", key, &length), 1);
    ASSERT_SUCCESS(options_set(options, key, *settings + length));
  }
  return options;
}

static void look_at(contracted_case *t, int64_t e) {
  t->c.around.view = t->cloud->environments[e];
  memcpy(t->c.around.vectors, t->cloud->vectors[e], sizeof t->cloud->vectors[e]);
  t->c.around.view.vectors = t->c.around.vectors;
  t->c.n = t->c.around.view.n_neighbours;
}

static contracted_case make(const char *const *settings, int32_t n_species) {
  contracted_case t = {.n_species = n_species, .cloud = random_cloud(n_species)};
  t.c.kind = &contracted_kind;
  t.c.options = options_of(settings);
  t.c.n_species = n_species;
  ASSERT_SUCCESS(kind_create(&contracted_kind, &t.c.state, t.c.options, n_species, species));
  assert_false(contracted_kind.fitted(t.c.state));
  return t;
}

static void ready(contracted_case *t) {
  assert_true(contracted_kind.fitted(t->c.state));
  t->c.features = contracted_kind.features(t->c.state);
  t->c.scratch = aligned_space(contracted_kind.scratch(t->c.state, NEIGHBOURS));
  look_at(t, 0);
}

static contracted_case start(const char *const *settings, int32_t n_species) {
  contracted_case t = make(settings, n_species);
  run run = described_run(2);
  ASSERT_SUCCESS(contracted_kind.fit(t.c.state, &run, MOST_ENVIRONMENTS, t.cloud->environments));
  assert_int_equal(run.memory_used, 0);
  ready(&t);
  return t;
}

static void end(contracted_case *t) {
  kind_case_end(&t->c);
  free(t->cloud);
}

static double *values_of(contracted_case *t, int64_t e) {
  double *values = zeros(t->c.features);
  look_at(t, e);
  kind_case_forward(&t->c, values);
  return values;
}

/* ---- symmetry ---- */

static void turn(contracted_case *t, double sign) {
  static const double rotation[3][3] = {{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}}; /* determinant 1 */
  for (int64_t j = 0; j < t->c.n; j++) {
    double *v = t->c.around.vectors + 3 * j, moved[3] = {0};
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        moved[a] += sign * rotation[a][b] * v[b];
    memcpy(v, moved, sizeof moved);
  }
}

/* What a row's columns become: degree 1 turns as (y, z, x); of degree 2 the norm is kept. */
static void check_turned(int32_t lambda, int32_t sigma, double sign, const double *before, const double *after,
                         double scale) {
  static const double rotation[3][3] = {{0.36, 0.48, -0.8}, {-0.8, 0.6, 0}, {0.48, 0.64, 0.6}};
  static const int place[3] = {2, 0, 1}; /* of x, y, z */
  const double factor = sign > 0 ? 1 : sigma * (lambda % 2 ? -1 : 1);
  double squares = 0;
  for (int m = 0; m < 2 * lambda + 1; m++)
    squares += before[m] * before[m] - after[m] * after[m];
  assert_true(fabs(squares) < 1e-11 * scale * scale);
  if (lambda == 0)
    assert_true(fabs(after[0] - factor * before[0]) < 1e-11 * scale);
  for (int a = 0; a < 3 && lambda == 1; a++) {
    double expected = 0;
    for (int b = 0; b < 3; b++)
      expected += factor * rotation[a][b] * before[place[b]];
    assert_true(fabs(after[place[a]] - expected) < 1e-11 * scale);
  }
}

static void test_symmetry(void **state) {
  static const char *const settings[] = {"nu_max 4", "lambda_max 2", "group so3", "components 9,12", NULL};
  contracted_case t = start(settings, 2);
  const contracted *s = t.c.state;
  (void)state;
  int odd = 0;
  for (int sign = 1; sign >= -1; sign -= 2) {
    double *before = values_of(&t, 3), *after = zeros(t.c.features);
    turn(&t, sign);
    kind_case_forward(&t.c, after);
    for (int64_t row = 0, column = 0; row < s->n_rows; row++) {
      const contraction_block *block = contracted_block(s, &s->rows[row]);
      check_turned(block->lambda, block->sigma, sign, before + column, after + column, largest(t.c.features, before));
      odd += block->sigma < 0 && fabs(before[column]) > 1e-6;
      column += 2 * block->lambda + 1;
    }
    free(before);
    free(after);
  }
  assert_true(odd > 20);
  end(&t);
}

/* ---- derivatives ---- */

static void test_derivatives(void **state) {
  static const char *const settings[][8] = {
      {"nu_max 3", "components 6", NULL},
      {"nu_max 5", "lambda_max 1", "group so3", "components 8,6,5", "center_weight 0.4", NULL},
      {"nu_max 4", "nu_min 2", "components 8", "species_channels 2", "species_mixing learned", NULL},
      {"nu_max 4", "lambda_max 1", "components 8", "selection cur", "selected 9", NULL},
      {"nu_max 4", "components 5,4,0", NULL}};
  (void)state;
  for (int k = 0; k < 5; k++) {
    contracted_case t = start(settings[k], 1 + k % 3);
    for (int64_t e = 0; e < 3; e++) {
      look_at(&t, e);
      kind_check_environment(&t.c);
    }
    end(&t);
  }
}

/* ---- mixing of species ---- */

/* As many mixtures as species by an orthogonal matrix change no Gram matrix. */
static double gram(contracted_case *t, int64_t a, int64_t b) {
  double *first = values_of(t, a), *second = values_of(t, b), sum = 0;
  for (int64_t k = 0; k < t->c.features; k++)
    sum += first[k] * second[k];
  free(first);
  free(second);
  return sum;
}

static void test_mixing_keeps_gram(void **state) {
  static const char *const plain[] = {"nu_max 3", "n_max 1", "components 1000000", NULL};
  static const char *const learned[] = {"nu_max 3", "n_max 1", "components 1000000", "species_channels 3",
                                        "species_mixing learned", NULL};
  contracted_case a = start(plain, 3), b = start(learned, 3);
  (void)state;
  for (int64_t i = 0; i < 4; i++)
    for (int64_t j = 0; j <= i; j++)
      assert_true(fabs(gram(&a, i, j) - gram(&b, i, j)) < 1e-10 * gram(&a, i, i));
  end(&a);
  end(&b);
}

static void test_random_mixing(void **state) {
  static const char *const one[] = {"nu_max 2", "components 50", "species_channels 2", "seed 3", NULL};
  static const char *const other[] = {"nu_max 2", "components 50", "species_channels 2", "seed 4", NULL};
  contracted_case a = start(one, 3), b = start(one, 3), c = start(other, 3);
  const channels *mixed = &((contracted *)a.c.state)->channels;
  (void)state;
  for (int k = 0; k < 2; k++) {
    double square = 0;
    for (int s = 0; s < 3; s++)
      square += pow(mixed->mixing[3 * k + s], 2);
    assert_true(fabs(square - 1) < 1e-14);
  }
  double *first = values_of(&a, 1), *same = values_of(&b, 1), *different = values_of(&c, 1);
  assert_int_equal(a.c.features, b.c.features);
  assert_memory_equal(first, same, (size_t)a.c.features * sizeof(double));
  assert_true(fabs(first[0] - different[0]) > 1e-6 * fabs(first[0]));
  free(first);
  free(same);
  free(different);
  end(&a);
  end(&b);
  end(&c);
}

/* ---- selection ---- */

static void check_selection(const char *method, const char *group) {
  char selection[40], hands[24];
  snprintf(selection, sizeof selection, "selection %s", method);
  snprintf(hands, sizeof hands, "group %s", group);
  const char *const full[] = {"nu_max 4", "lambda_max 1", "components 7", hands, NULL};
  const char *const some[] = {"nu_max 4", "lambda_max 1", "components 7", hands, selection, "selected 11", NULL};
  contracted_case all = start(full, 2), chosen = start(some, 2);
  const contracted *a = all.c.state, *s = chosen.c.state;
  double *values = values_of(&all, 5), *picked = values_of(&chosen, 5);
  int64_t column = 0, row = 0, place = 0;
  assert_int_equal(s->n_rows, 11);
  for (int64_t k = 0; k < s->n_rows; k++) {
    const int width = 2 * contracted_block(s, &s->rows[k])->lambda + 1;
    text found = {0}, expected = {0};
    contracted_kind.label(chosen.c.state, place, &found);
    for (;; row++) { /* ascending: never back */
      assert_true(row < a->n_rows);
      text_free(&expected);
      contracted_kind.label(all.c.state, column, &expected);
      if (strcmp(found.data, expected.data) == 0)
        break;
      column += 2 * contracted_block(a, &a->rows[row])->lambda + 1;
    }
    assert_close("selected", width, picked + place, values + column, 1e-13);
    place += width;
    text_free(&found);
    text_free(&expected);
  }
  assert_int_equal(place, chosen.c.features);
  free(values);
  free(picked);
  end(&all);
  end(&chosen);
}

static void test_selection(void **state) {
  (void)state;
  check_selection("cur", "o3");
  check_selection("farthest_point", "so3");
}

/* ---- files ---- */

static void test_files(void **state) {
  static const char *const settings[][8] = {
      {"nu_max 4", "components 9", "lambda_max 1", NULL},
      {"nu_max 4", "components 9", "species_channels 1", "species_mixing learned", NULL},
      {"nu_max 3", "components 9", "lambda_max 1", "group so3", "selection farthest_point", "selected 13", NULL}};
  char path[HELPER_PATH];
  (void)state;
  for (int k = 0; k < 3; k++) {
    contracted_case fitted = start(settings[k], 2), loaded = make(settings[k], 2);
    tensor tensors[64];
    int64_t count;
    safetensors_file *file = NULL;
    helper_path(path, "contracted.tern");
    ASSERT_SUCCESS(contracted_kind.store(fitted.c.state, 64, tensors, &count));
    ASSERT_SUCCESS(safetensors_write(path, count, tensors, 0, NULL));
    ASSERT_SUCCESS(safetensors_read(&file, path));
    ASSERT_SUCCESS(contracted_kind.restore(loaded.c.state, file));
    safetensors_free(file);
    ready(&loaded);
    assert_int_equal(loaded.c.features, fitted.c.features);
    for (int64_t e = 0; e < MOST_ENVIRONMENTS; e++) {
      double *a = values_of(&fitted, e), *b = values_of(&loaded, e);
      assert_memory_equal(a, b, (size_t)fitted.c.features * sizeof *a);
      free(a);
      free(b);
    }
    end(&fitted);
    end(&loaded);
  }
  helper_folder_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_symmetry),          cmocka_unit_test(test_derivatives),
                                     cmocka_unit_test(test_mixing_keeps_gram), cmocka_unit_test(test_random_mixing),
                                     cmocka_unit_test(test_selection),         cmocka_unit_test(test_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
