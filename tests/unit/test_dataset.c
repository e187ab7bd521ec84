/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets in memory, on disk, and streamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/options.h"
#include "helper_folder.h"
#include "system/dataset.h"

static const int32_t species[2] = {14, 8};
static const double positions[6] = {0.1, -0.0, 1.0 / 3, 1e-300, 2e17, -3.25};
static const double cell[9] = {3, 0.1, 0, 0, 3, 0, 1e-3, 0, 3.7};
static const double energy = -1234.567890123456789;
static const double forces[6] = {1, -2, 3e-9, 4.5, M_PI, 6};
static const double virial[9] = {1, 2, 3, 2, 5, 6, 3, 6, 1.0 / 7};

static tern_system *make_system(const double *lattice, const int32_t *periodic) {
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 2, species, positions, lattice, periodic), TERN_SUCCESS);
  return system;
}

/* Four structures that differ in what is known of them. */
static tern_dataset *make_dataset(void) {
  const int32_t slab[3] = {1, 0, 1}, none[3] = {0, 0, 0};
  tern_system *systems[4] = {make_system(cell, NULL), make_system(cell, slab), make_system(NULL, NULL), NULL};
  tern_dataset *dataset = NULL;
  assert_int_equal(system_new(&systems[3], 0, NULL, NULL, cell, none), TERN_SUCCESS);
  assert_int_equal(dataset_new(&dataset), TERN_SUCCESS);
  assert_int_equal(dataset_append(dataset, systems[0], &energy, forces, virial), TERN_SUCCESS);
  assert_int_equal(dataset_append(dataset, systems[1], NULL, NULL, virial), TERN_SUCCESS);
  assert_int_equal(dataset_append(dataset, systems[2], NULL, forces, NULL), TERN_SUCCESS);
  assert_int_equal(dataset_append(dataset, systems[3], &energy, NULL, NULL), TERN_SUCCESS);
  for (int i = 0; i < 4; ++i)
    system_free(systems[i]);
  return dataset;
}

static void assert_same_frame(const frame *a, const frame *b) {
  const size_t n = (size_t)a->system->n_atoms;
  assert_int_equal(a->system->n_atoms, b->system->n_atoms);
  assert_memory_equal(a->system->species, b->system->species, n * sizeof(int32_t));
  assert_memory_equal(a->system->positions, b->system->positions, 3 * n * sizeof(double));
  assert_int_equal(a->system->has_cell, b->system->has_cell);
  assert_memory_equal(a->system->cell, b->system->cell, sizeof a->system->cell);
  assert_memory_equal(a->system->periodic, b->system->periodic, sizeof a->system->periodic);
  assert_int_equal(a->has_energy, b->has_energy);
  assert_memory_equal(&a->energy, &b->energy, sizeof a->energy);
  assert_int_equal(a->has_virial, b->has_virial);
  assert_memory_equal(a->virial, b->virial, sizeof a->virial);
  assert_int_equal(a->forces == NULL, b->forces == NULL);
  if (a->forces != NULL)
    assert_memory_equal(a->forces, b->forces, 3 * n * sizeof(double));
}

static void assert_same(const tern_dataset *a, const tern_dataset *b) {
  assert_int_equal(a->size, b->size);
  for (int64_t i = 0; i < a->size; ++i)
    assert_same_frame(a->frames[i], b->frames[i]);
}

static void test_counts(void **state) {
  (void)state;
  tern_dataset *dataset = make_dataset();
  int32_t found[119];
  assert_int_equal(dataset->size, 4);
  assert_int_equal(dataset_count(dataset, TERN_TARGET_ENERGY), 2);
  assert_int_equal(dataset_count(dataset, TERN_TARGET_FORCES), 2);
  assert_int_equal(dataset_count(dataset, TERN_TARGET_VIRIAL), 2);
  assert_int_equal(dataset_species(dataset, found), 2);
  assert_true(found[0] == 8 && found[1] == 14);
  dataset_free(dataset);
  dataset_free(NULL);
}

static void test_subset(void **state) {
  (void)state;
  const int64_t indices[5] = {2, 0, 0, 3, 1}, beyond[2] = {0, 4}, negative[1] = {-1};
  tern_dataset *dataset = make_dataset(), *whole = make_dataset(), *subset = NULL, *none = NULL;
  assert_int_equal(dataset_subset(dataset, 2, beyond, &subset), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "indices[1] is 4: the data set has 4 structures"));
  assert_int_equal(dataset_subset(dataset, 1, negative, &subset), TERN_ERROR_ARGUMENT);
  assert_int_equal(dataset_subset(dataset, -1, negative, &subset), TERN_ERROR_ARGUMENT);
  assert_null(subset);
  assert_int_equal(dataset_subset(dataset, 5, indices, &subset), TERN_SUCCESS);
  assert_int_equal(dataset_subset(dataset, 0, NULL, &none), TERN_SUCCESS);
  assert_int_equal(none->size, 0);
  assert_ptr_equal(subset->frames[1], dataset->frames[0]); /* shared */
  dataset_free(dataset);
  for (int i = 0; i < 5; ++i)
    assert_same_frame(subset->frames[i], whole->frames[indices[i]]);
  dataset_free(subset);
  dataset_free(none);
  dataset_free(whole);
}

static const double dipole[3] = {-0.734398, -0.0, 1.0 / 3};
static const double matrix[9] = {9.8, 1, 2, 3, 1e-300, 5, 6, 7, M_PI};

/* Tensors belong to a structure of one data set: a subset made before keeps what it had. */
static void test_tensors(void **state) {
  (void)state;
  const int64_t all[2] = {1, 0};
  tern_dataset *dataset = make_dataset(), *subset = NULL;
  const frame_tensor *found = NULL;
  assert_int_equal(dataset_set_tensor(dataset, 0, "dipole", 1, dipole), TERN_SUCCESS);
  assert_int_equal(dataset_subset(dataset, 2, all, &subset), TERN_SUCCESS);
  assert_int_equal(dataset_set_tensor(dataset, 0, "alpha", 2, matrix), TERN_SUCCESS);
  assert_int_equal(dataset_set_tensor(dataset, 0, "dipole", 0, &energy), TERN_SUCCESS);
  assert_int_equal(dataset_tensor(dataset, 0, "dipole", &found), TERN_SUCCESS);
  assert_true(found->order == 0 && found->values[0] == energy);
  assert_int_equal(dataset_tensor(dataset, 0, "alpha", &found), TERN_SUCCESS);
  assert_int_equal(found->order, 2);
  assert_memory_equal(found->values, matrix, sizeof matrix);
  assert_int_equal(dataset_tensor(subset, 1, "dipole", &found), TERN_SUCCESS);
  assert_int_equal(found->order, 1);
  assert_memory_equal(found->values, dipole, sizeof dipole);
  assert_int_equal(dataset_tensor(subset, 1, "alpha", &found), TERN_ERROR_MISSING);
  assert_string_equal(error_message(), "structure 1 has no tensor 'alpha'; it has dipole");
  assert_int_equal(dataset_tensor(subset, 0, "alpha", &found), TERN_ERROR_MISSING);
  assert_string_equal(error_message(), "structure 0 has no tensor 'alpha'");
  assert_same_frame(subset->frames[1], dataset->frames[0]); /* the copy has all the rest */
  dataset_free(subset);
  dataset_free(dataset);
}

static void test_refused_tensors(void **state) {
  (void)state;
  static const char *const names[] = {"", "a b", "a=b", "\"mu\"", "mu,nu", "has_mu", "lattice", "energy", "x{"};
  const double broken[3] = {0, 0, (double)NAN};
  tern_dataset *dataset = make_dataset();
  for (size_t k = 0; k < sizeof names / sizeof *names; ++k) {
    assert_int_equal(dataset_set_tensor(dataset, 0, names[k], 1, dipole), TERN_ERROR_ARGUMENT);
    assert_non_null(strstr(error_message(), names[k]));
  }
  assert_int_equal(dataset_set_tensor(dataset, 0, "mu", 4, dipole), TERN_ERROR_ARGUMENT);
  assert_int_equal(dataset_set_tensor(dataset, 0, "mu", -1, dipole), TERN_ERROR_ARGUMENT);
  assert_int_equal(dataset_set_tensor(dataset, 0, "mu", 1, broken), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "mu[2] is "));
  assert_int_equal(dataset->frames[0]->n_tensors, 0);
  dataset_free(dataset);
}

/* Written with everything else, read under the key that the option names. */
static void test_tensors_round_trip(void **state) {
  (void)state;
  char path[HELPER_PATH];
  tern_options *options = NULL;
  tern_dataset *dataset = make_dataset(), *back = NULL;
  double cubic[27];
  for (int k = 0; k < 27; ++k)
    cubic[k] = (k - 13) / 7.0;
  const struct {
    const char *name;
    int32_t order;
    const double *values;
  } rows[4] = {{"gap", 0, &energy}, {"dipole", 1, dipole}, {"alpha", 2, matrix}, {"beta", 3, cubic}};
  for (int k = 0; k < 4; ++k)
    assert_int_equal(dataset_set_tensor(dataset, 2, rows[k].name, rows[k].order, rows[k].values), TERN_SUCCESS);
  assert_int_equal(dataset_write(dataset, helper_path(path, "tensors.extxyz")), TERN_SUCCESS);
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  for (int k = 0; k < 4; ++k) {
    assert_int_equal(options_set(options, "target", rows[k].name), TERN_SUCCESS);
    assert_int_equal(dataset_read(&back, path, options), TERN_SUCCESS);
    assert_same(dataset, back);
    for (int64_t i = 0; i < 4; ++i)
      assert_int_equal(back->frames[i]->n_tensors, i == 2);
    const frame_tensor *tensor = back->frames[2]->tensors;
    assert_string_equal(tensor->name, rows[k].name);
    assert_int_equal(tensor->order, rows[k].order);
    assert_memory_equal(tensor->values, rows[k].values, (size_t)tensor_count(tensor->order) * sizeof(double));
    dataset_free(back);
  }
  assert_int_equal(options_set(options, "target", "stress"), TERN_SUCCESS);
  assert_int_equal(dataset_read(&back, path, options), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "target"));
  options_free(options);
  dataset_free(dataset);
}

static void test_refused_targets(void **state) {
  (void)state;
  const double infinite = (double)INFINITY;
  double broken[9] = {0, 0, 0, 0, (double)NAN, 0, 0, 0, 0};
  tern_dataset *dataset = make_dataset();
  tern_system *system = make_system(NULL, NULL);
  assert_int_equal(dataset_append(dataset, system, &infinite, NULL, NULL), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "energy is inf"));
  assert_int_equal(dataset_append(dataset, system, NULL, broken, NULL), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "forces[1][1] is "));
  assert_int_equal(dataset_append(dataset, system, NULL, NULL, broken), TERN_ERROR_ARGUMENT);
  assert_non_null(strstr(error_message(), "virial[1][1] is "));
  assert_int_equal(dataset->size, 4);
  system_free(system);
  dataset_free(dataset);
}

/* What is written reads back to the last bit, the sign of zero included; plain and compressed. */
static void test_round_trip(void **state) {
  (void)state;
  static const char *const names[] = {"a.extxyz", "a.extxyz.gz"};
  for (int i = 0; i < 2; ++i) {
    char path[HELPER_PATH];
    tern_dataset *dataset = make_dataset(), *back = NULL;
    assert_int_equal(dataset_write(dataset, helper_path(path, names[i])), TERN_SUCCESS);
    assert_int_equal(dataset_read(&back, path, NULL), TERN_SUCCESS);
    assert_same(dataset, back);
    dataset_free(dataset);
    dataset_free(back);
  }
}

static void test_written_text(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t size = 0;
  const double cube[9] = {2, 0, 0, 0, 2, 0, 0, 0, 2}, matrix[9] = {8, 0, 0, 0, 16, 4, 0, 4, -8}, minus = -5,
               simple[3] = {0, -0.5, 1e21};
  const int32_t silicon[1] = {14};
  tern_writer *writer = NULL;
  tern_system *system = NULL;
  assert_int_equal(system_new(&system, 1, silicon, simple, cube, NULL), TERN_SUCCESS);
  assert_int_equal(writer_open(&writer, helper_path(path, "w.extxyz")), TERN_SUCCESS);
  assert_int_equal(writer_append(writer, system, &minus, simple, matrix), TERN_SUCCESS);
  assert_int_equal(writer_close(writer), TERN_SUCCESS);
  assert_int_equal(writer_close(writer), TERN_ERROR_ARGUMENT);
  assert_int_equal(writer_append(writer, system, NULL, NULL, NULL), TERN_ERROR_ARGUMENT);
  writer_free(writer);
  system_free(system);
  unsigned char *text = helper_bytes(path, &size);
  text[size] = '\0';
  assert_string_equal(
      (char *)text,
      "1\nLattice=\"2.0 0.0 0.0 0.0 2.0 0.0 0.0 0.0 2.0\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-5.0 "
      "virial=\"8.0 0.0 0.0 0.0 16.0 4.0 0.0 4.0 -8.0\" "
      "stress=\"-1.0 -0.0 -0.0 -0.0 -2.0 -0.5 -0.0 -0.5 1.0\" pbc=\"T T T\"\n"
      "Si 0.0 -0.5 1e+21 0.0 -0.5 1e+21\n");
  free(text);
}

static void test_abandoned_writer(void **state) {
  (void)state;
  char path[HELPER_PATH];
  const double broken = (double)NAN;
  const int before = helper_count();
  tern_writer *writer = NULL;
  tern_system *system = make_system(NULL, NULL), *pairs = NULL;
  assert_int_equal(system_new_from_pairs(&pairs, 1, 2, species, 0, NULL, NULL, 2), TERN_SUCCESS);
  assert_int_equal(writer_open(&writer, helper_path(path, "abandoned")), TERN_SUCCESS);
  assert_int_equal(writer_append(writer, pairs, NULL, NULL, NULL), TERN_ERROR_MISSING);
  assert_int_equal(writer_append(writer, system, &broken, NULL, NULL), TERN_ERROR_ARGUMENT);
  assert_int_equal(writer_append(writer, system, NULL, NULL, NULL), TERN_SUCCESS); /* a refused one leaves no trace */
  writer_free(writer);
  writer_free(NULL);
  assert_int_equal(helper_count(), before);
  system_free(system);
  system_free(pairs);
}

static void test_full_device(void **state) {
  (void)state;
  tern_dataset *dataset = make_dataset();
  assert_int_equal(dataset_write(dataset, "/dev/full"), TERN_ERROR_FILE);
  assert_non_null(strstr(error_message(), "No space left"));
  dataset_free(dataset);
}

static void test_reader(void **state) {
  (void)state;
  char path[HELPER_PATH];
  tern_dataset *dataset = make_dataset(), *part = NULL;
  tern_reader *reader = NULL;
  assert_int_equal(dataset_write(dataset, helper_path(path, "r.extxyz")), TERN_SUCCESS);
  assert_int_equal(reader_open(&reader, path, NULL), TERN_SUCCESS);
  assert_int_equal(reader_next(reader, 0, &part), TERN_ERROR_ARGUMENT);
  assert_null(part);
  int64_t seen = 0;
  for (int64_t sizes[4] = {3, 1, 0, 0}, i = 0; i < 4; ++i) {
    assert_int_equal(reader_next(reader, 3, &part), TERN_SUCCESS);
    assert_int_equal(part->size, sizes[i]);
    for (int64_t k = 0; k < part->size; ++k)
      assert_same_frame(part->frames[k], dataset->frames[seen++]);
    dataset_free(part);
    part = NULL;
  }
  assert_int_equal(seen, 4);
  reader_free(reader);
  reader_free(NULL);
  dataset_free(dataset);
}

/* A failure ends the reading; it does not go on in the middle of a structure. */
static void test_reader_after_failure(void **state) {
  (void)state;
  char path[HELPER_PATH];
  static const char text[] = "1\n\nH 0 0 0\n1\n\nH 0 0 x\n1\n\nH 0 0 0\n";
  tern_reader *reader = NULL;
  tern_dataset *part = NULL;
  helper_store(helper_path(path, "bad.extxyz"), text, (int64_t)strlen(text));
  assert_int_equal(reader_open(&reader, path, NULL), TERN_SUCCESS);
  assert_int_equal(reader_next(reader, 1, &part), TERN_SUCCESS);
  dataset_free(part);
  part = NULL;
  assert_int_equal(reader_next(reader, 2, &part), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "bad.extxyz:6:7: 'x'"));
  assert_int_equal(reader_next(reader, 2, &part), TERN_ERROR_ARGUMENT);
  assert_null(part);
  reader_free(reader);
}

/* A file several times larger than what reading it may take. */
static void write_large(const char *path, int64_t frames, int64_t atoms) {
  int32_t *kinds = malloc((size_t)atoms * sizeof *kinds);
  double *places = malloc((size_t)atoms * 3 * sizeof *places);
  tern_writer *writer = NULL;
  assert_int_equal(writer_open(&writer, path), TERN_SUCCESS);
  for (int64_t f = 0; f < frames; ++f) {
    tern_system *system = NULL;
    const double number = (double)f;
    for (int64_t i = 0; i < atoms; ++i) {
      kinds[i] = 14;
      for (int k = 0; k < 3; ++k)
        places[3 * i + k] = (double)(f + i + k) / 8;
    }
    assert_int_equal(system_new(&system, atoms, kinds, places, NULL, NULL), TERN_SUCCESS);
    assert_int_equal(writer_append(writer, system, &number, places, NULL), TERN_SUCCESS);
    system_free(system);
  }
  assert_int_equal(writer_close(writer), TERN_SUCCESS);
  writer_free(writer);
  free(kinds);
  free(places);
}

static int64_t peak_kilobytes(void) {
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

static void test_stream_in_bounded_memory(void **state) {
  (void)state;
  enum { FRAMES = 400, ATOMS = 1000, CHUNK = 7 }; /* 20 MB as a data set */
  char path[HELPER_PATH];
  tern_reader *reader = NULL;
  int64_t seen = 0, size = 1;
  write_large(helper_path(path, "large.extxyz.gz"), FRAMES, ATOMS);
  const int64_t before = peak_kilobytes();
  assert_int_equal(reader_open(&reader, path, NULL), TERN_SUCCESS);
  while (size > 0) {
    tern_dataset *part = NULL;
    assert_int_equal(reader_next(reader, CHUNK, &part), TERN_SUCCESS);
    size = part->size;
    for (int64_t i = 0; i < size; ++i)
      assert_true(part->frames[i]->energy == (double)seen++);
    dataset_free(part);
  }
  reader_free(reader);
  assert_int_equal(seen, FRAMES);
  print_message("peak grew by %lld KiB\n", (long long)(peak_kilobytes() - before));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* these keep freed memory for a while */
  assert_true(peak_kilobytes() - before < 4000);
#endif
}

/* The limit is checked before memory is taken: too small for the whole, enough for a chunk. */
static void test_memory_limit(void **state) {
  (void)state;
  char path[HELPER_PATH];
  tern_options *options = NULL;
  tern_dataset *dataset = NULL;
  tern_reader *reader = NULL;
  write_large(helper_path(path, "limit.extxyz"), 50, 500);
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  assert_int_equal(options_set(options, "memory_limit", "600000"), TERN_SUCCESS);
  assert_int_equal(dataset_read(&dataset, path, options), TERN_ERROR_MEMORY);
  assert_non_null(strstr(error_message(), "memory_limit"));
  assert_non_null(strstr(error_message(), "limit.extxyz"));
  assert_null(dataset);
  assert_int_equal(reader_open(&reader, path, options), TERN_SUCCESS);
  for (int i = 0; i < 10; ++i) {
    assert_int_equal(reader_next(reader, 5, &dataset), TERN_SUCCESS);
    assert_int_equal(dataset->size, 5);
    dataset_free(dataset);
  }
  reader_free(reader);
  options_free(options);
}

/* A count that lies costs no memory before the atoms are there. */
static void test_lying_count(void **state) {
  (void)state;
  char path[HELPER_PATH];
  static const char text[] = "1000000000000\n\nH 0 0 0\n";
  tern_dataset *dataset = NULL;
  const int64_t before = peak_kilobytes();
  helper_store(helper_path(path, "lie.extxyz"), text, (int64_t)strlen(text));
  assert_int_equal(dataset_read(&dataset, path, NULL), TERN_ERROR_FORMAT);
  assert_non_null(strstr(error_message(), "the file ends after 1 of 1000000000000 atoms"));
  assert_true(peak_kilobytes() - before < 10000);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  char path[HELPER_PATH];
  int64_t failures = 0;
  tern_dataset *dataset = make_dataset();
  helper_path(path, "memory.extxyz.gz");
  for (int64_t n = 1; n < 80; ++n) {
    tern_dataset *back = NULL;
    memory_fail_at(n);
    int32_t status = dataset_write(dataset, path);
    if (status == TERN_SUCCESS)
      status = dataset_read(&back, path, NULL);
    memory_fail_at(0);
    assert_true(status == TERN_SUCCESS || (status == TERN_ERROR_MEMORY && back == NULL));
    failures += status == TERN_ERROR_MEMORY;
    dataset_free(back);
  }
  assert_true(failures > 30 && failures < 79);
  dataset_free(dataset);
}

static int end(void **state) {
  (void)state;
  helper_folder_end();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts),
      cmocka_unit_test(test_subset),
      cmocka_unit_test(test_refused_targets),
      cmocka_unit_test(test_tensors),
      cmocka_unit_test(test_refused_tensors),
      cmocka_unit_test(test_tensors_round_trip),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_written_text),
      cmocka_unit_test(test_abandoned_writer),
      cmocka_unit_test(test_full_device),
      cmocka_unit_test(test_reader),
      cmocka_unit_test(test_reader_after_failure),
      cmocka_unit_test(test_stream_in_bounded_memory),
      cmocka_unit_test(test_memory_limit),
      cmocka_unit_test(test_lying_count),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, end);
}
