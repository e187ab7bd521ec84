/* SPDX-License-Identifier: BSD-3-Clause */
#include "helper_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <string.h>

static const int32_t helper_species[HELPER_ATOMS] = {14, 6, 14, 6, 14, 6};

/* An octahedron, shaken by a fixed sequence of numbers that differs with `number`. */
static void helper_positions(int number, double positions[HELPER_ATOMS][3]) {
  static const double corners[HELPER_ATOMS][3] = {{1.7, 0, 0},  {-1.7, 0, 0}, {0, 1.7, 0},
                                                  {0, -1.7, 0}, {0, 0, 1.7},  {0, 0, -1.7}};
  for (int atom = 0; atom < HELPER_ATOMS; atom++)
    for (int axis = 0; axis < 3; axis++)
      positions[atom][axis] = corners[atom][axis] + 0.3 * sin(1 + 7.3 * number + 2.1 * atom + 5.7 * axis);
}

/* sum over pairs of exp(-r), which is smooth and everywhere of one sign. */
static double helper_energy(const double positions[HELPER_ATOMS][3], double forces[HELPER_ATOMS][3]) {
  double energy = 0;
  memset(forces, 0, HELPER_ATOMS * sizeof *forces);
  for (int i = 0; i < HELPER_ATOMS; i++)
    for (int j = 0; j < i; j++) {
      double vector[3], square = 0;
      for (int axis = 0; axis < 3; axis++) {
        vector[axis] = positions[i][axis] - positions[j][axis];
        square += vector[axis] * vector[axis];
      }
      const double distance = sqrt(square), pair = exp(-distance);
      energy += pair;
      for (int axis = 0; axis < 3; axis++) {
        forces[i][axis] += pair * vector[axis] / distance;
        forces[j][axis] -= pair * vector[axis] / distance;
      }
    }
  return energy;
}

tern_system *helper_system(int number) {
  double positions[HELPER_ATOMS][3];
  tern_system *system = NULL;
  helper_positions(number, positions);
  assert_int_equal(tern_system_new(&system, HELPER_ATOMS, helper_species, positions[0], NULL, NULL), TERN_SUCCESS);
  return system;
}

tern_dataset *helper_dataset(int frames) {
  tern_dataset *dataset = NULL;
  assert_int_equal(tern_dataset_new(&dataset), TERN_SUCCESS);
  for (int number = 0; number < frames; number++) {
    double positions[HELPER_ATOMS][3], forces[HELPER_ATOMS][3];
    tern_system *system = helper_system(number);
    helper_positions(number, positions);
    const double energy = helper_energy((const double(*)[3])positions, forces);
    assert_int_equal(tern_dataset_append(dataset, system, &energy, forces[0], NULL), TERN_SUCCESS);
    tern_system_free(system);
  }
  return dataset;
}

tern_options *helper_options(void) {
  static const char *const settings[][2] = {{"cutoff", "4"}, {"n_max", "3"}, {"l_max", "2"}, {"threads", "2"}};
  tern_options *options = NULL;
  assert_int_equal(tern_options_new(&options), TERN_SUCCESS);
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    assert_int_equal(tern_options_set(options, settings[i][0], settings[i][1]), TERN_SUCCESS);
  return options;
}

const char *helper_message(void) {
  static _Thread_local char message[1024];
  tern_last_error(message, sizeof message, NULL);
  return message;
}
