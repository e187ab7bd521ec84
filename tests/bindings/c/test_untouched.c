/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs untouched on failure: every function that has outputs fails here, as late as it can, over a pattern of bytes.
   The last test reads the header, so that a new function cannot be forgotten. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for every output of any function below. */
typedef struct outputs {
  union {
    tern_options *options;
    tern_system *system;
    tern_dataset *dataset;
    tern_reader *reader;
    tern_writer *writer;
    tern_descriptor *descriptor;
    tern_model *model;
  } made;
  char text[64];
  int32_t flag, flags[64];
  int64_t number, other, numbers[64];
  double real, reals[4096], more[4096], strain[4096];
} outputs;

enum { PATTERN = 0x5A, MOST_CALLS = 128 };

static outputs out;
static const char *refused_calls[MOST_CALLS];
static int n_refused;

static void fill(void) { memset(&out, PATTERN, sizeof out); }

static void check_untouched(const char *call) {
  const unsigned char *bytes = (const unsigned char *)&out;
  for (size_t k = 0; k < sizeof out; k++)
    if (bytes[k] != PATTERN)
      fail_msg("%s failed and wrote into an output", call);
  assert_true(n_refused < MOST_CALLS);
  refused_calls[n_refused++] = call;
}

#define REFUSED(call, status, says) (fill(), FAILS(call, status, says), check_untouched(#call))
/* Getters leave the message alone. */
#define REFUSED_SILENTLY(call, status) (fill(), assert_int_equal(call, status), check_untouched(#call))

typedef struct fixture {
  tern_options *options;
  tern_system *system, *foreign, *coincident, *from_pairs, *crystal;
  tern_dataset *energies, *empty;
  tern_descriptor *descriptor, *unfitted, *limited;
  tern_model *model;
} fixture;

static tern_system *carbon_crystal(void) {
  const int32_t species[1] = {6};
  const double position[3] = {0, 0, 0}, cell[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};
  tern_system *system = NULL;
  MUST(tern_system_new(&system, 1, species, position, cell, NULL));
  return system;
}

static tern_system *pair(void) {
  const int32_t species[2] = {14, 14};
  const int64_t pairs[4] = {0, 1, 1, 0};
  const double vectors[6] = {0, 0, 2, 0, 0, -2};
  tern_system *system = NULL;
  MUST(tern_system_new_from_pairs(&system, 2, 2, species, 2, pairs, vectors, 3.0));
  return system;
}

static int set_up(void **state) {
  fixture *made = calloc(1, sizeof *made);
  const double energy = -1;
  made->options = small_options();
  MUST(tern_descriptor_new(&made->descriptor, "power_spectrum", made->options));
  MUST(tern_options_set(made->options, "memory_limit", "64"));
  MUST(tern_descriptor_new(&made->limited, "power_spectrum", made->options));
  MUST(tern_descriptor_new(&made->unfitted, "power_spectrum", NULL));
  made->system = dimer(2.0);
  made->coincident = dimer(0.0);
  made->crystal = made->foreign = carbon_crystal();
  made->from_pairs = pair();
  MUST(tern_dataset_new(&made->empty));
  MUST(tern_dataset_new(&made->energies));
  MUST(tern_dataset_append(made->energies, made->system, &energy, NULL, NULL));
  made->model = small_model();
  *state = made;
  return 0;
}

static int tear_down(void **state) {
  fixture *made = *state;
  MUST(tern_options_free(made->options));
  MUST(tern_descriptor_free(made->descriptor));
  MUST(tern_descriptor_free(made->limited));
  MUST(tern_descriptor_free(made->unfitted));
  MUST(tern_system_free(made->system));
  MUST(tern_system_free(made->coincident));
  MUST(tern_system_free(made->crystal));
  MUST(tern_system_free(made->from_pairs));
  MUST(tern_dataset_free(made->empty));
  MUST(tern_dataset_free(made->energies));
  MUST(tern_model_free(made->model));
  free(made);
  return 0;
}

static void library(void **state) {
  const fixture *f = *state;
  REFUSED_SILENTLY(tern_abi_version(NULL), TERN_ERROR_ARGUMENT);
  REFUSED_SILENTLY(tern_version(out.text, 3, &out.number), TERN_ERROR_BUFFER);
  REFUSED_SILENTLY(tern_last_error(out.text, -1, &out.number), TERN_ERROR_ARGUMENT);
  REFUSED(tern_info(out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_file_info(CLUSTERS, out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_file_info("not/there", out.text, 64, &out.number), TERN_ERROR_FILE, "not/there");
  REFUSED(tern_kinds_count(NULL), TERN_ERROR_ARGUMENT, "count");
  REFUSED(tern_kinds_entry(99, TERN_FIELD_NAME, out.text, 64, &out.number), TERN_ERROR_ARGUMENT, "99");
  REFUSED(tern_kinds_entry(0, TERN_FIELD_MEANING, out.text, 2, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_options_new(NULL), TERN_ERROR_ARGUMENT, "options");
  REFUSED(tern_options_get(f->options, "cutof", out.text, 64, &out.number), TERN_ERROR_OPTION, "cutoff");
  REFUSED(tern_options_get(f->options, "cutoff", out.text, 1, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_options_count("rige", &out.number), TERN_ERROR_ARGUMENT, "rige");
  REFUSED(tern_options_entry("ridge", 999, TERN_FIELD_NAME, out.text, 64, &out.number), TERN_ERROR_ARGUMENT, "999");
  REFUSED(tern_options_entry("rige", 0, TERN_FIELD_NAME, out.text, 64, &out.number), TERN_ERROR_ARGUMENT, "rige");
}

static void systems(void **state) {
  const fixture *f = *state;
  const int32_t bad_species[2] = {14, 119}, species[2] = {14, 14};
  const double positions[6] = {0, 0, 0, 0, 0, 2}, flat[9] = {1, 0, 0, 2, 0, 0, 0, 0, 1};
  const double vectors[6] = {0, 0, 2, 0, 0, -2}, not_finite[6] = {0, 0, 2, 0, 0, NAN};
  const int64_t pairs[4] = {0, 1, 1, 0}, bad_pairs[4] = {0, 1, 1, 2};
  REFUSED(tern_system_new(&out.made.system, 2, bad_species, positions, NULL, NULL), TERN_ERROR_ARGUMENT, "species[1]");
  REFUSED(tern_system_new(&out.made.system, 2, species, positions, flat, NULL), TERN_ERROR_ARGUMENT, "volume");
  REFUSED(tern_system_new(&out.made.system, 2, species, not_finite, NULL, NULL), TERN_ERROR_ARGUMENT,
          "positions[1][2]");
  REFUSED(tern_system_new_from_pairs(&out.made.system, 2, 2, species, 2, bad_pairs, vectors, 3.0), TERN_ERROR_ARGUMENT,
          "pairs[1][1]");
  REFUSED(tern_system_new_from_pairs(&out.made.system, 2, 2, species, 2, pairs, not_finite, 3.0), TERN_ERROR_ARGUMENT,
          "vectors[1][2]");
  REFUSED(tern_system_new_from_pairs(&out.made.system, 3, 2, species, 2, pairs, vectors, 3.0), TERN_ERROR_ARGUMENT,
          "n_owned");
  REFUSED(tern_system_size(NULL, &out.number, &out.other), TERN_ERROR_ARGUMENT, "system");
  REFUSED(tern_system_species((tern_system *)f->model, out.flags), TERN_ERROR_ARGUMENT, "tern_model");
  REFUSED(tern_system_positions(f->from_pairs, out.reals), TERN_ERROR_MISSING, "pairs");
  REFUSED(tern_system_cell((tern_system *)f->model, out.reals, out.flags), TERN_ERROR_ARGUMENT, "tern_model");
  REFUSED(tern_system_pairs_count(f->coincident, 3.0, &out.number), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_system_pairs_count(f->system, -3.0, &out.number), TERN_ERROR_ARGUMENT, "cutoff");
  REFUSED(tern_system_pairs(f->coincident, 3.0, out.numbers, out.reals), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_system_pairs(f->from_pairs, 5.0, out.numbers, out.reals), TERN_ERROR_DATA, "3");
  REFUSED(tern_compare(f->system, f->crystal, NULL, &out.flag, &out.real, out.reals, out.numbers), TERN_ERROR_DATA,
          "second");
}

static void datasets(void **state) {
  const fixture *f = *state;
  const int64_t indices[2] = {0, 1};
  tern_reader *reader = NULL;
  REFUSED(tern_dataset_new(NULL), TERN_ERROR_ARGUMENT, "dataset");
  REFUSED(tern_dataset_read(&out.made.dataset, GOLDEN "/bad/second_frame.extxyz", NULL), TERN_ERROR_FORMAT, ":6:11");
  REFUSED(tern_dataset_size(NULL, &out.number), TERN_ERROR_ARGUMENT, "dataset");
  REFUSED(tern_dataset_count(f->energies, 3, &out.number), TERN_ERROR_ARGUMENT, "target");
  REFUSED(tern_dataset_system(f->energies, 1, &out.made.system), TERN_ERROR_ARGUMENT, "index");
  REFUSED(tern_dataset_target(f->energies, 0, TERN_TARGET_FORCES, out.reals), TERN_ERROR_MISSING, "forces");
  REFUSED(tern_dataset_tensors(f->energies, 1, &out.number), TERN_ERROR_ARGUMENT, "index");
  REFUSED(tern_dataset_tensor_name(f->energies, 0, 0, out.text, 64, &out.number), TERN_ERROR_ARGUMENT, "number");
  REFUSED(tern_dataset_tensor_order(f->energies, 0, "dipole", &out.flag), TERN_ERROR_MISSING, "dipole");
  REFUSED(tern_dataset_tensor(f->energies, 0, "dipole", out.reals), TERN_ERROR_MISSING, "dipole");
  REFUSED(tern_dataset_vectors_count(f->energies, 1, &out.number), TERN_ERROR_ARGUMENT, "index");
  REFUSED(tern_dataset_vectors_name(f->energies, 0, 0, out.text, 64, &out.number), TERN_ERROR_ARGUMENT, "number");
  REFUSED(tern_dataset_vectors_width(f->energies, 0, "features", &out.number), TERN_ERROR_MISSING, "features");
  REFUSED(tern_dataset_vectors(f->energies, 0, "features", out.reals), TERN_ERROR_MISSING, "features");
  REFUSED(tern_dataset_target(f->energies, -1, TERN_TARGET_ENERGY, out.reals), TERN_ERROR_ARGUMENT, "index");
  REFUSED(tern_dataset_subset(f->energies, 2, indices, &out.made.dataset), TERN_ERROR_ARGUMENT, "indices[1]");
  REFUSED(tern_reader_open(&out.made.reader, "not/there", NULL), TERN_ERROR_FILE, "not/there");
  MUST(tern_reader_open(&reader, GOLDEN "/bad/second_frame.extxyz", NULL));
  REFUSED(tern_reader_next(reader, 0, &out.made.dataset), TERN_ERROR_ARGUMENT, "count");
  REFUSED(tern_reader_next(reader, 5, &out.made.dataset), TERN_ERROR_FORMAT, ":6:11");
  MUST(tern_reader_free(reader));
  REFUSED(tern_writer_open(&out.made.writer, "not/there/file"), TERN_ERROR_FILE, "not/there/file");
}

static void descriptors(void **state) {
  const fixture *f = *state;
  tern_descriptor *const good = f->descriptor, *const limited = f->limited, *const unfitted = f->unfitted;
  double *direction = doubles(6), *weights = doubles(54);
  REFUSED(tern_descriptor_new(&out.made.descriptor, "powerspectrum", NULL), TERN_ERROR_ARGUMENT, "power_spectrum");
  REFUSED(tern_descriptor_load(&out.made.descriptor, CLUSTERS), TERN_ERROR_FORMAT, "clusters.extxyz");
  REFUSED(tern_descriptor_info(good, out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_descriptor_labels(good, out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_descriptor_labels(unfitted, out.text, 64, &out.number), TERN_ERROR_DATA, "fit");
  REFUSED(tern_descriptor_index_size(NULL, &out.number), TERN_ERROR_ARGUMENT, "descriptor");
  REFUSED(tern_descriptor_shape(unfitted, f->system, &out.number, &out.other), TERN_ERROR_DATA, "fit");
  REFUSED(tern_descriptor_shape(good, f->foreign, &out.number, &out.other), TERN_ERROR_DATA, "C");
  REFUSED(tern_descriptor_rows(good, f->foreign, out.numbers), TERN_ERROR_DATA, "C");
  REFUSED(tern_descriptor_rows(unfitted, f->system, out.numbers), TERN_ERROR_DATA, "fit");
  REFUSED(tern_descriptor_compute(good, f->foreign, out.reals), TERN_ERROR_DATA, "C");
  REFUSED(tern_descriptor_compute(good, f->coincident, out.reals), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_descriptor_compute(good, f->from_pairs, out.reals), TERN_ERROR_DATA, "cutoff");
  REFUSED(tern_descriptor_compute(limited, f->system, out.reals), TERN_ERROR_MEMORY, "memory_limit");
  weights[53] = NAN;
  REFUSED(tern_descriptor_pullback(good, f->system, weights, out.reals, out.strain), TERN_ERROR_ARGUMENT,
          "weights[1][26]");
  weights[53] = 0;
  REFUSED(tern_descriptor_pullback(good, f->coincident, weights, out.reals, out.strain), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_descriptor_pullback(limited, f->system, weights, out.reals, out.strain), TERN_ERROR_MEMORY,
          "memory_limit");
  REFUSED(tern_descriptor_pushforward(limited, f->system, direction, NULL, out.reals), TERN_ERROR_MEMORY,
          "memory_limit");
  direction[5] = INFINITY;
  REFUSED(tern_descriptor_pushforward(good, f->system, direction, NULL, out.reals), TERN_ERROR_ARGUMENT,
          "position_direction[1][2]");
  REFUSED(tern_descriptor_jacobian_shape(good, f->coincident, &out.number), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_descriptor_jacobian(good, f->coincident, out.numbers, out.reals, out.strain), TERN_ERROR_DATA,
          "0 and 1");
  REFUSED(tern_descriptor_jacobian(limited, f->system, out.numbers, out.reals, out.strain), TERN_ERROR_MEMORY,
          "memory_limit");
  free(direction);
  free(weights);
}

static void ranges_of_centres(void **state) {
  const fixture *f = *state;
  tern_descriptor *const good = f->descriptor, *const limited = f->limited;
  tern_system *const system = f->system;
  double *numbers = doubles(54);
  REFUSED(tern_descriptor_centers(NULL, system, &out.number), TERN_ERROR_ARGUMENT, "descriptor");
  REFUSED(tern_descriptor_shape_range(good, system, 3, 0, &out.number, &out.other, NULL), TERN_ERROR_ARGUMENT,
          "argument 'first_center' is 3, but there are 2 centres: valid are 0 to 1");
  REFUSED(tern_descriptor_shape_range(good, system, -1, 1, &out.number, &out.other, out.numbers), TERN_ERROR_ARGUMENT,
          "'first_center' is -1");
  REFUSED(tern_descriptor_shape_range(good, f->coincident, 0, 2, &out.number, &out.other, out.numbers),
          TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_descriptor_rows_range(good, system, 1, 2, out.numbers), TERN_ERROR_ARGUMENT,
          "argument 'n_centers' is 2, but 1 of the 2 centres begin at number 1: valid are 0 to 1");
  REFUSED(tern_descriptor_compute_range(good, system, 0, -1, out.reals), TERN_ERROR_ARGUMENT, "'n_centers' is -1");
  REFUSED(tern_descriptor_compute_range(limited, system, 0, 1, out.reals), TERN_ERROR_MEMORY, "ranges of centres");
  numbers[26] = NAN;
  REFUSED(tern_descriptor_pullback_range(good, system, 1, 1, numbers, out.reals, out.strain), TERN_ERROR_ARGUMENT,
          "weights[0][26]");
  numbers[5] = INFINITY;
  REFUSED(tern_descriptor_pushforward_range(good, system, 0, 1, numbers, NULL, out.reals), TERN_ERROR_ARGUMENT,
          "position_direction[1][2]");
  REFUSED(tern_descriptor_jacobian_range(good, system, 2, 1, out.numbers, out.reals, out.strain), TERN_ERROR_ARGUMENT,
          "valid are 0 to 0");
  free(numbers);
}

static void weights_of_rows(void **state) {
  const fixture *f = *state;
  tern_descriptor *const good = f->descriptor;
  double *slopes = doubles(2);
  REFUSED(tern_descriptor_weights(good, f->foreign, out.reals), TERN_ERROR_DATA, "C");
  REFUSED(tern_descriptor_weights(f->unfitted, f->system, out.reals), TERN_ERROR_DATA, "fit");
  REFUSED(tern_descriptor_weights_range(good, f->system, 0, 3, out.reals), TERN_ERROR_ARGUMENT, "'n_centers' is 3");
  slopes[1] = NAN;
  REFUSED(tern_descriptor_weights_pullback(good, f->system, slopes, out.reals, out.strain), TERN_ERROR_ARGUMENT,
          "slopes[1]");
  REFUSED(tern_descriptor_weights_pullback_range(good, f->system, 1, 2, slopes, out.reals, out.strain),
          TERN_ERROR_ARGUMENT, "'n_centers' is 2");
  free(slopes);
}

static void sensitivities(void **state) {
  const fixture *f = *state;
  tern_descriptor *const good = f->descriptor;
  REFUSED(tern_sensitivity_shape(good, f->system, 2, &out.number, &out.other), TERN_ERROR_ARGUMENT,
          "argument 'center' is 2; valid are -1 (the whole structure) and the numbers of its 2 centres, from 0");
  REFUSED(tern_sensitivity_shape(good, f->from_pairs, -1, &out.number, &out.other), TERN_ERROR_DATA, "no positions");
  REFUSED(tern_sensitivity_shape(f->unfitted, f->system, -1, &out.number, &out.other), TERN_ERROR_DATA, "fit");
  REFUSED(tern_sensitivity(good, f->foreign, -1, NULL, &out.number, out.reals, out.more, NULL, NULL), TERN_ERROR_DATA,
          "C");
  REFUSED(tern_sensitivity(good, f->coincident, 0, NULL, &out.number, out.reals, out.more, NULL, NULL),
          TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_sensitivity(f->limited, f->system, -1, NULL, &out.number, out.reals, out.more, NULL, NULL),
          TERN_ERROR_MEMORY, "memory_limit");
  REFUSED(tern_sensitivity(good, f->system, -2, NULL, &out.number, out.reals, out.more, NULL, NULL),
          TERN_ERROR_ARGUMENT, "'center' is -2");
}

static void models(void **state) {
  const fixture *f = *state;
  REFUSED(tern_model_fit(&out.made.model, "rige", f->energies, NULL, NULL, NULL), TERN_ERROR_ARGUMENT, "ridge");
  REFUSED(tern_model_fit(&out.made.model, "ridge", f->empty, NULL, NULL, NULL), TERN_ERROR_DATA, "structure");
  REFUSED(tern_model_fit(&out.made.model, "ridge", f->energies, f->options, NULL, NULL), TERN_ERROR_MEMORY,
          "memory_limit");
  REFUSED(tern_model_load(&out.made.model, CLUSTERS), TERN_ERROR_FORMAT, "clusters.extxyz");
  REFUSED(tern_model_info(f->model, out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_model_predict(f->model, f->foreign, &out.real, out.reals, out.strain), TERN_ERROR_DATA, "C");
  REFUSED(tern_model_predict(f->model, f->coincident, &out.real, out.reals, out.strain), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_model_predict(f->model, f->from_pairs, &out.real, out.reals, out.strain), TERN_ERROR_DATA, "cutoff");
  REFUSED(tern_model_predict_atoms(f->model, f->foreign, out.reals, out.more), TERN_ERROR_DATA, "C");
  REFUSED(tern_model_predict_atoms(f->model, f->coincident, out.reals, out.more), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_model_predict_uncertainty(f->model, f->foreign, out.reals, out.more), TERN_ERROR_DATA, "C");
  REFUSED(tern_model_predict_uncertainty(f->model, f->coincident, out.reals, out.more), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_model_distance_ratios(f->model, f->foreign, out.reals), TERN_ERROR_DATA, "C");
  REFUSED(tern_model_distance_ratios(f->model, f->coincident, out.reals), TERN_ERROR_DATA, "0 and 1");
  REFUSED(tern_descriptor_from_model(&out.made.descriptor, f->model), TERN_ERROR_DATA, "vector");
  REFUSED(tern_model_target(f->model, out.text, 3, &out.number), TERN_ERROR_BUFFER, "too small");
  REFUSED(tern_model_vectors_shape(f->model, f->system, &out.number, &out.number), TERN_ERROR_MISSING, "energ");
  REFUSED(tern_model_predict_vectors(f->model, f->system, NULL, out.reals), TERN_ERROR_MISSING, "energ");
  REFUSED(tern_model_target_order(NULL, &out.flag), TERN_ERROR_ARGUMENT, "'model'");
  REFUSED(tern_model_predict_tensor(f->model, f->system, out.reals), TERN_ERROR_MISSING, "'energy'");
}

static int was_refused(const char *function) {
  char call[128];
  snprintf(call, sizeof call, "%s(", function);
  for (int k = 0; k < n_refused; k++)
    if (strncmp(refused_calls[k], call, strlen(call)) == 0)
      return 1;
  return 0;
}

static void none_is_forgotten(void **state) {
  (void)state;
  int64_t size;
  int has_outputs = 0, count = 0;
  char *header = file_bytes(HEADER, &size), *rest = header;
  for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
    char name[64];
    has_outputs |= strstr(line, "@param[out]") != NULL;
    if (sscanf(line, "TERN_API int32_t %63[a-z_]", name) != 1)
      continue;
    if (has_outputs && !was_refused(name))
      fail_msg("no failure of %s is tested for what it leaves in its outputs", name);
    count += has_outputs;
    has_outputs = 0;
  }
  assert_true(count > 40);
  free(header);
}

int test_untouched(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(library),           cmocka_unit_test(systems),
                                     cmocka_unit_test(datasets),          cmocka_unit_test(descriptors),
                                     cmocka_unit_test(ranges_of_centres), cmocka_unit_test(weights_of_rows),
                                     cmocka_unit_test(sensitivities),     cmocka_unit_test(models),
                                     cmocka_unit_test(none_is_forgotten)};
  return cmocka_run_group_tests_name("untouched", tests, set_up, tear_down);
}
