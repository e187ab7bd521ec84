/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds for energies of any kind of model: nothing pushes or turns the whole, isometries and names change nothing,
   far parts add up, atoms cross cutoffs smoothly, and threads that share a model get the same bits. The stored models
   have random numbers in them, so nothing here is due to a good fit. */
#include <pthread.h>

#include "model_checks.h"

enum { MOST = 16 };

typedef struct shape {
  int64_t n;
  int32_t species[MOST];
  double positions[3 * MOST], cell[9];
  bool periodic;
} shape;

static double predict(const tern_model *model, const shape *shape, double *forces, double *virial) {
  run run = serial();
  const int32_t everywhere[3] = {1, 1, 1};
  double energy;
  tern_system *system = NULL;
  ASSERT_SUCCESS(system_new(&system, shape->n, shape->species, shape->positions, shape->periodic ? shape->cell : NULL,
                            shape->periodic ? everywhere : NULL));
  ASSERT_SUCCESS(model_predict(model, &run, system, &energy, forces, virial, NULL, NULL));
  assert_int_equal(run.memory_used, 0);
  system_free(system);
  return energy;
}

/* Two species, with distances from 1.0 A on; the crystal's cell is smaller than any cutoff. */
static shape molecule(void) {
  return (shape){.n = 5,
                 .species = {6, 1, 1, 6, 1},
                 .positions = {0, 0, 0, 1.0, 0.3, -0.2, -0.5, 1.0, 0.4, -0.7, -1.1, 0.6, 0.9, -1.3, 1.0}};
}

static shape crystal(void) {
  return (shape){.n = 3,
                 .species = {1, 6, 1},
                 .positions = {0.1, -0.2, 0.3, 1.2, 1.1, 1.4, 2.1, 0.4, 1.2},
                 .cell = {2.5, 0.2, -0.1, -0.3, 2.7, 0.4, 0.4, -0.2, 2.6},
                 .periodic = true};
}

typedef void (*model_check)(const char *name, const tern_model *model);

static void each_model(model_check check) {
  golden_block files = golden_read("models.txt", "files", 1);
  assert_true(files.count >= 7);
  for (int k = 0; k < files.count; k++) {
    char path[256];
    tern_model *model = NULL;
    golden_block name = golden_read(files.lines[k], "model", 1);
    snprintf(path, sizeof path, "%s/golden/%s", TEST_SOURCE_DIR, name.lines[0]);
    ASSERT_SUCCESS(model_load(&model, path));
    check(name.lines[0], model);
    golden_free(&name);
    model_free(model);
  }
  golden_free(&files);
}

static void near(const char *name, const char *what, double found, double expected, double tolerance) {
  if (!(fabs(found - expected) <= tolerance * (1 + fabs(expected))))
    fail_msg("%s, %s: %.15g instead of %.15g", name, what, found, expected);
}

/* ---- the whole ---- */

static void check_balance(const char *name, const tern_model *model) {
  const shape shapes[2] = {molecule(), crystal()};
  for (int k = 0; k < 2; k++) {
    double forces[3 * MOST], virial[9], sum[3] = {0}, torque[3] = {0}, size = 0;
    predict(model, &shapes[k], forces, virial);
    for (int64_t atom = 0; atom < shapes[k].n; atom++)
      for (int a = 0; a < 3; a++) {
        const double *r = shapes[k].positions + 3 * atom, *f = forces + 3 * atom;
        sum[a] += f[a];
        torque[a] += r[(a + 1) % 3] * f[(a + 2) % 3] - r[(a + 2) % 3] * f[(a + 1) % 3];
        size += fabs(f[a]);
      }
    assert_true(size > 0.01);
    for (int a = 0; a < 3; a++) {
      near(name, "sum of forces", sum[a] / size, 0, 1e-12);
      if (!shapes[k].periodic)
        near(name, "torque", torque[a] / size, 0, 1e-9);
      near(name, "torque on the cell", (virial[3 * a + (a + 1) % 3] - virial[3 * ((a + 1) % 3) + a]) / size, 0, 1e-9);
    }
  }
}

static void test_balance(void **state) {
  (void)state;
  each_model(check_balance);
}

/* ---- isometries and names ---- */

static shape turned(const shape *from, const double matrix[9], double shift) {
  shape made = *from;
  for (int k = 0; k < MOST + 3; k++)
    for (int a = 0; a < 3; a++) {
      const double *v = k < MOST ? from->positions + 3 * k : from->cell + 3 * (k - MOST);
      double *to = k < MOST ? made.positions + 3 * k : made.cell + 3 * (k - MOST);
      to[a] = matrix[3 * a] * v[0] + matrix[3 * a + 1] * v[1] + matrix[3 * a + 2] * v[2] + (k < MOST ? shift : 0);
    }
  return made;
}

static void check_isometry(const char *name, const tern_model *model) {
  const shape shapes[2] = {molecule(), crystal()};
  for (int k = 0; k < 4; k++) {
    double matrix[9] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6}, forces[2][3 * MOST];
    for (int a = 0; a < 9; a++)
      matrix[a] *= k % 2 == 0 ? 1 : -1; /* a rotation, and one with an inversion */
    const shape *from = &shapes[k / 2], moved = turned(from, matrix, 7.3);
    const double energy = predict(model, from, forces[0], NULL);
    near(name, "energy of the turned", predict(model, &moved, forces[1], NULL), energy, 1e-9);
    for (int64_t i = 0; i < 3 * from->n; i++) {
      const double *f = forces[0] + i / 3 * 3, *row = matrix + i % 3 * 3;
      near(name, "turned force", forces[1][i], row[0] * f[0] + row[1] * f[1] + row[2] * f[2], 1e-7);
    }
  }
}

static void test_isometry(void **state) {
  (void)state;
  each_model(check_isometry);
}

static void check_names(const char *name, const tern_model *model) {
  const shape shapes[2] = {molecule(), crystal()};
  for (int k = 0; k < 2; k++) {
    shape other = shapes[k];
    double forces[2][3 * MOST];
    const int64_t n = other.n;
    for (int64_t atom = 0; atom < n; atom++) { /* in reverse, each in another image of the cell */
      other.species[atom] = shapes[k].species[n - 1 - atom];
      for (int a = 0; a < 3; a++)
        other.positions[3 * atom + a] = shapes[k].positions[3 * (n - 1 - atom) + a] +
                                        (other.periodic ? other.cell[a] - (double)atom * other.cell[3 + a] : 0);
    }
    const double energy = predict(model, &shapes[k], forces[0], NULL);
    near(name, "energy of renamed atoms", predict(model, &other, forces[1], NULL), energy, 1e-10);
    for (int64_t i = 0; i < 3 * n; i++)
      near(name, "force on a renamed atom", forces[1][3 * (n - 1 - i / 3) + i % 3], forces[0][i], 1e-7);
  }
}

static void test_names(void **state) {
  (void)state;
  each_model(check_names);
}

/* ---- parts ---- */

static void check_extensive(const char *name, const tern_model *model) {
  shape one = molecule(), cell = crystal();
  double virials[2][9];
  const double energy = predict(model, &one, NULL, NULL), of_cell = predict(model, &cell, NULL, virials[0]);
  for (int64_t k = 0; k < one.n; k++) {
    one.species[one.n + k] = one.species[k];
    for (int a = 0; a < 3; a++)
      one.positions[3 * (one.n + k) + a] = one.positions[3 * k + a] + (a == 1 ? 40 : 0);
  }
  one.n *= 2;
  near(name, "energy of two", predict(model, &one, NULL, NULL), 2 * energy, 1e-12);
  for (int64_t k = 0; k < 2 * cell.n; k++) { /* twice the cell along two vectors */
    const int64_t from = k % cell.n, by = k / cell.n;
    for (int copy = 0; copy < 2; copy++) {
      const int64_t to = copy * 2 * cell.n + k;
      cell.species[to] = cell.species[from];
      for (int a = 0; a < 3; a++)
        cell.positions[3 * to + a] = cell.positions[3 * from + a] + (double)by * cell.cell[a] + copy * cell.cell[6 + a];
    }
  }
  cell.n *= 4;
  for (int a = 0; a < 3; a++) {
    cell.cell[a] *= 2;
    cell.cell[6 + a] *= 2;
  }
  near(name, "energy of four cells", predict(model, &cell, NULL, virials[1]), 4 * of_cell, 1e-10);
  for (int k = 0; k < 9; k++)
    near(name, "virial of four cells", virials[1][k], 4 * virials[0][k], 1e-8);
}

static void test_extensive(void **state) {
  (void)state;
  each_model(check_extensive);
}

/* ---- cutoffs ---- */

/* The energy and the force of an atom on its way out, on both sides of a distance. */
static void check_crossing(const char *name, const tern_model *model, double edge) {
  const double h = 1e-7;
  double energies[2], pulls[2], forces[3 * MOST];
  for (int side = 0; side < 2; side++) {
    const shape three = {.n = 4,
                         .species = {6, 1, 6, 1},
                         .positions = {0, 0, 0, 1.0, 0.3, 0, 0, 0, edge + (side ? h : -h), -0.6, -0.9, 0.1}};
    energies[side] = predict(model, &three, forces, NULL);
    pulls[side] = forces[8];
  }
  const double scale = 1 + fabs(pulls[0]);
  if (!(fabs(energies[1] - energies[0]) < 10 * h * scale) || !(fabs(pulls[1] - pulls[0]) < 1e4 * h * scale))
    fail_msg("%s at %g A: energy %.12g and %.12g, force %.12g and %.12g", name, edge, energies[0], energies[1],
             pulls[0], pulls[1]);
}

/* An atom is in the reach of the others as well, at other distances. */
static void check_cutoffs(const char *name, const tern_model *model) {
  for (int64_t k = 0; k < model->n_parts; k++) {
    const tern_descriptor *descriptor = model->parts[k].descriptor;
    check_crossing(name, model, descriptor->cutoff);
    if (descriptor->kind->tag_cutoff != NULL) {
      const double cutoff = descriptor->kind->tag_cutoff(descriptor->state)->radius;
      assert_true(cutoff < descriptor->cutoff);
      check_crossing(name, model, cutoff);
    }
  }
  if (model->zbl != NULL)
    for (int k = 0; k < 4; k++) {
      const zbl_pair *pair = &model->zbl->pairs[3]; /* of two carbon atoms */
      check_crossing(name, model, (const double[4]){pair->inner, pair->outer, pair->near, pair->far}[k]);
    }
}

static void test_cutoffs(void **state) {
  (void)state;
  each_model(check_cutoffs);
}

/* ---- threads ---- */

enum { THREADS = 4, PREDICTIONS = 10000, SYSTEMS = 5 };

typedef struct caller {
  const tern_model *model;
  tern_system *const *systems;
  const double (*expected)[1 + 3 * MOST + 9];
  int64_t first, count;
  int64_t wrong;
} caller;

static int32_t predict_all(const tern_model *model, const tern_system *system, double numbers[1 + 3 * MOST + 9]) {
  run run = serial();
  memset(numbers, 0, (1 + 3 * MOST + 9) * sizeof *numbers);
  return model_predict(model, &run, system, numbers, numbers + 1, numbers + 1 + 3 * MOST, NULL, NULL);
}

static void *call(void *context) {
  caller *caller = context;
  for (int64_t k = caller->first; k < caller->first + caller->count; k++) {
    double numbers[1 + 3 * MOST + 9];
    const int32_t status = predict_all(caller->model, caller->systems[k % SYSTEMS], numbers);
    caller->wrong += status != TERN_SUCCESS || memcmp(numbers, caller->expected[k % SYSTEMS], sizeof numbers) != 0;
  }
  return NULL;
}

static void check_threads(const char *name, const tern_model *model) {
  const char *stride = getenv("TEST_STRIDE");
  const int64_t count = PREDICTIONS / THREADS / (stride != NULL && atoi(stride) > 0 ? atoi(stride) : 1);
  tern_system *systems[SYSTEMS] = {NULL};
  double expected[SYSTEMS][1 + 3 * MOST + 9];
  pthread_t threads[THREADS];
  caller callers[THREADS];
  for (int k = 0; k < SYSTEMS; k++) {
    shape few = molecule();
    few.n = 3;
    few.positions[0] += 0.05 * k;
    ASSERT_SUCCESS(system_new(&systems[k], few.n, few.species, few.positions, NULL, NULL));
    ASSERT_SUCCESS(predict_all(model, systems[k], expected[k]));
  }
  for (int k = 0; k < THREADS; k++) {
    callers[k] = (caller){model, systems, (const double (*)[1 + 3 * MOST + 9])expected, k, count, 0};
    assert_int_equal(pthread_create(&threads[k], NULL, call, &callers[k]), 0);
  }
  for (int k = 0; k < THREADS; k++) {
    assert_int_equal(pthread_join(threads[k], NULL), 0);
    if (callers[k].wrong > 0)
      fail_msg("%s: %lld of %lld predictions differ from the serial ones", name, (long long)callers[k].wrong,
               (long long)count);
  }
  for (int k = 0; k < SYSTEMS; k++)
    system_free(systems[k]);
}

static void test_threads(void **state) {
  (void)state;
  each_model(check_threads);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_balance),   cmocka_unit_test(test_isometry), cmocka_unit_test(test_names),
      cmocka_unit_test(test_extensive), cmocka_unit_test(test_cutoffs),  cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
