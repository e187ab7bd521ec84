/* SPDX-License-Identifier: BSD-3-Clause */
/* The extended XYZ grammar: what is read, what is refused and where. */
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

#include "core/error.h"
#include "core/memory.h"
#include "core/options.h"
#include "system/dataset.h"
#include "system/extxyz_values.h"
#include "system/reader.h"

static int32_t read_bytes(const char *bytes, int64_t length, const tern_options *options, int64_t chunk,
                          tern_dataset **dataset) {
  input_file *input = NULL;
  tern_reader *reader = NULL;
  assert_int_equal(input_open_memory(&input, "text", bytes, length), TERN_SUCCESS);
  int32_t status = reader_open_input(&reader, input, options, chunk);
  if (status == TERN_SUCCESS)
    status = reader_next(reader, INT64_MAX, dataset);
  reader_free(reader);
  return status;
}

static tern_dataset *read_text(const char *text) {
  tern_dataset *dataset = NULL;
  const int32_t status = read_bytes(text, (int64_t)strlen(text), NULL, LINES_CHUNK, &dataset);
  if (status != TERN_SUCCESS)
    print_message("%s\n", error_message());
  assert_int_equal(status, TERN_SUCCESS);
  return dataset;
}

static void refuse_bytes(const char *bytes, int64_t length, const char *message) {
  tern_dataset *dataset = NULL;
  const int32_t status = read_bytes(bytes, length, NULL, LINES_CHUNK, &dataset);
  if (status != TERN_ERROR_FORMAT || strncmp(error_message(), message, strlen(message)) != 0)
    print_message("for: %.*s\nexpected: %s\nfound: %s\n", (int)length, bytes, message, error_message());
  assert_int_equal(status, TERN_ERROR_FORMAT);
  assert_int_equal(strncmp(error_message(), message, strlen(message)), 0);
  assert_null(dataset);
}

static void refuse(const char *text, const char *message) { refuse_bytes(text, (int64_t)strlen(text), message); }

static void test_all_there_is(void **state) {
  (void)state;
  tern_dataset *dataset = read_text(
      "2\nLattice=\"4 0 0 0 5 0 0 0 6\" Properties=pos:R:3:tag:I:1:species:S:1:charges:R:2:forces:R:3 "
      "energy=-1.5e1\tpbc=\"T F T\" "
      "virial=\"1 2 3 4 5 6 7 8 9\" name='a = \"b' flag note={x y=\"}\" [1, 2]} \"a key\" = \"c \\\" \\\\ d\"\n"
      "0 0 1d-1 7 Si 1 2 0.1 0.2 0.3\n  1 2\t3 8 O nan inf -1 -2 -3  \n");
  assert_int_equal(dataset->size, 1);
  const frame *frame = dataset->frames[0];
  const tern_system *system = frame->system;
  const double cell[9] = {4, 0, 0, 0, 5, 0, 0, 0, 6}, positions[6] = {0, 0, 0.1, 1, 2, 3},
               forces[6] = {.1, .2, .3, -1, -2, -3};
  const double virial[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const int32_t species[2] = {14, 8}, periodic[3] = {1, 0, 1};
  assert_int_equal(system->n_atoms, 2);
  assert_true(system->has_cell);
  assert_memory_equal(system->cell, cell, sizeof cell);
  assert_memory_equal(system->species, species, sizeof species);
  assert_memory_equal(system->positions, positions, sizeof positions);
  assert_memory_equal(system->periodic, periodic, sizeof periodic);
  assert_true(frame->has_energy && frame->energy == -15);
  assert_memory_equal(frame->forces, forces, sizeof forces);
  assert_true(frame->has_virial);
  assert_memory_equal(frame->virial, virial, sizeof virial);
  dataset_free(dataset);
}

/* No Properties: symbol and position. Windows ends of line, blank lines and a missing end of line at the end. */
static void test_plain(void **state) {
  (void)state;
  tern_dataset *dataset =
      read_text("1\r\n\r\nHe 1 2 3\r\n0\r\n\r\n2\r\nwater, mostly\r\nO 0 0 0\r\nH 1 0 0\r\n\r\n  \r\n");
  assert_int_equal(dataset->size, 3);
  assert_int_equal(dataset->frames[0]->system->species[0], 2);
  assert_int_equal(dataset->frames[1]->system->n_atoms, 0);
  assert_false(dataset->frames[2]->system->has_cell);
  assert_false(dataset->frames[2]->has_energy || dataset->frames[2]->has_virial || dataset->frames[2]->forces != NULL);
  dataset_free(dataset);
  dataset = read_text("1\n\nHe 1 2 3");
  assert_int_equal(dataset->size, 1);
  dataset_free(dataset);
}

static void test_numbers_as_species(void **state) {
  (void)state;
  tern_dataset *dataset =
      read_text("1\nProperties=Z:I:1:pos:R:3\n118 0 0 0\n1\nProperties=species:S:1:Z:I:1:pos:R:3\nC 6 0 0 0\n");
  assert_int_equal(dataset->frames[0]->system->species[0], 118);
  assert_int_equal(dataset->frames[1]->system->species[0], 6);
  dataset_free(dataset);
}

static void check_periodic(const char *comment, int a, int b, int c) {
  char text[256];
  snprintf(text, sizeof text, "0\n%s\n", comment);
  tern_dataset *dataset = read_text(text);
  const int32_t *periodic = dataset->frames[0]->system->periodic;
  assert_true(periodic[0] == a && periodic[1] == b && periodic[2] == c);
  dataset_free(dataset);
}

static void test_periodic(void **state) {
  (void)state;
  check_periodic("", 0, 0, 0);
  check_periodic("Lattice=\"1 0 0 0 1 0 0 0 1\"", 1, 1, 1);
  check_periodic("pbc=\"F F F\" Lattice=\"0 0 0 0 0 0 0 0 0\"", 0, 0, 0);
  check_periodic("pbc='0 1 0' Lattice={0 0 0 0 1 0 9 9 9}", 0, 1, 0);
  check_periodic("pbc=[true, False, TRUE] Lattice=[1, 0, 0, 9, 9, 9, 0, 0, 1]", 1, 0, 1);
}

/* Stress in the order of Voigt, or as a matrix; virial = -stress * volume; virial wins; has_KEY=F denies. */
static void check_virial(const char *entries, int has, double xx, double yz, double xy) {
  char text[512];
  snprintf(text, sizeof text, "0\nLattice=\"2 0 0 0 2 0 0 0 2\" %s\n", entries);
  tern_dataset *dataset = read_text(text);
  const frame *frame = dataset->frames[0];
  assert_int_equal(frame->has_virial, has);
  assert_true(!has || (frame->virial[0][0] == xx && frame->virial[1][2] == yz && frame->virial[2][1] == yz &&
                       frame->virial[0][1] == xy && frame->virial[1][0] == xy));
  dataset_free(dataset);
}

static void test_virial(void **state) {
  (void)state;
  check_virial("stress=\"1 2 3 4 5 6\"", 1, -8, -32, -48);
  check_virial("stress=\"1 6 5 6 2 4 5 4 3\"", 1, -8, -32, -48);
  check_virial("virial=\"1 2 3 4 5 6\"", 1, 1, 4, 6);
  check_virial("stress=\"1 2 3 4 5 6\" virial=\"0 0 0 7 0 8\"", 1, 0, 7, 8);
  check_virial("stress=\"1 2 3 4 5 6\" has_stress=F", 0, 0, 0, 0);
  check_virial("has_virial=false stress=\"1 2 3 4 5 6\" virial=\"0 0 0 7 0 nan\"", 1, -8, -32, -48);
  check_virial("has_stress=T", 0, 0, 0, 0);
  check_virial("has_stress", 0, 0, 0, 0);
}

static void test_denied_targets(void **state) {
  (void)state;
  tern_dataset *dataset =
      read_text("1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=nan has_energy=F has_forces=F\nH 0 0 0 nan 0 0\n");
  assert_false(dataset->frames[0]->has_energy);
  assert_null(dataset->frames[0]->forces);
  dataset_free(dataset);
}

static void test_keys(void **state) {
  (void)state;
  static const char text[] =
      "1\nProperties=species:S:1:pos:R:3:F_dft:R:3:forces:R:3 energy=1 E_dft=2 Lattice=\"2 0 0 0 2 0 0 0 2\" "
      "s='1 0 0 0 0 0' has_s=T w='3 0 0 0 0 0' has_w=F\nH 0 0 0 1 2 3 4 5 6\n";
  tern_options *options = NULL;
  tern_dataset *dataset = NULL;
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  assert_int_equal(options_set(options, "energy_key", "E_dft"), TERN_SUCCESS);
  assert_int_equal(options_set(options, "forces_key", "F_dft"), TERN_SUCCESS);
  assert_int_equal(options_set(options, "stress_key", "s"), TERN_SUCCESS);
  assert_int_equal(options_set(options, "virial_key", "w"), TERN_SUCCESS);
  assert_int_equal(read_bytes(text, (int64_t)strlen(text), options, LINES_CHUNK, &dataset), TERN_SUCCESS);
  assert_true(dataset->frames[0]->energy == 2);
  assert_true(dataset->frames[0]->forces[2] == 3);
  assert_true(dataset->frames[0]->virial[0][0] == -8);
  dataset_free(dataset);
  options_free(options);
}

static void test_refused_tensors(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } rows[] = {{"0\nmu=\"1 2\"\n", "text:2:5: mu has 2 values; a tensor of order 0, 1, 2 or 3 has 1, 3, 9 or 27"},
              {"0\nmu=\"1 2 3 4 5 6\"\n", "text:2:5: mu has 6 values"},
              {"0\nmu=\"1 x 3\"\n", "text:2:7: mu: 'x' is not a finite number"},
              {"0\nmu=\"1 2 3\" mu=4\n", "text:2:12: key 'mu' is there twice"},
              {"0\nmu\n", "text:2:1: key 'mu' needs a value"},
              {"0\nhas_mu=F mu=\"1 2\"\n", NULL},
              {"0\nMu=x\n", NULL}};
  tern_options *options = NULL;
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  assert_int_equal(options_set(options, "target", "mu"), TERN_SUCCESS);
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) {
    tern_dataset *dataset = NULL;
    const int32_t status =
        read_bytes(rows[k].text, (int64_t)strlen(rows[k].text), options, LINES_CHUNK, &dataset);
    assert_int_equal(status, rows[k].message == NULL ? TERN_SUCCESS : TERN_ERROR_FORMAT);
    if (rows[k].message != NULL)
      assert_non_null(strstr(error_message(), rows[k].message));
    else
      assert_int_equal(dataset->frames[0]->n_tensors, 0);
    dataset_free(dataset);
  }
  options_free(options);
}

static void test_refused_frames(void **state) {
  (void)state;
  refuse("", "'text' holds no structure");
  refuse("\n\n", "'text' holds no structure");
  refuse("x\n", "text:1:1: 'x' is not a number of atoms");
  refuse("1 2\n", "text:1:3: the number of atoms must stand alone");
  refuse(" -1\n\n", "text:1:2: '-1'");
  refuse("1.0\n\n", "text:1:1: '1.0'");
  refuse("99999999999999999999\n\n", "text:1:1: '9999");
  refuse("1000000000000\n\nH 0 0 0\n", "text:4:1: the file ends after 1 of 1000000000000 atoms");
  refuse("9000000000000000000\n\n", "text:1:1: 9000000000000000000 atoms are more than");
  refuse("2", "text:2:1: the file ends where the comment line is due");
  refuse("2\n\nH 0 0 0", "text:4:1: the file ends after 1 of 2 atoms");
  refuse("1\n\nH 0 0 0\n\n1\n\nH 0 0 0\n", "text:5:1: blank lines before this one");
  refuse("1\n\nH 0 0 0\nH 0 0 0\n", "text:4:1: 'H' is not a number of atoms");
}

static void test_refused_atoms(void **state) {
  (void)state;
  refuse("1\n\n\n", "text:3:1: the line ends where the symbol");
  refuse("1\n\nH 0 0\n", "text:3:6: the line ends where a finite coordinate");
  refuse("1\n\nH 0 0 0 0\n", "text:3:9: '0' is one column too many: Properties names 4");
  refuse("1\n\n  Xx 0 0 0\n", "text:3:3: 'Xx' is not the symbol of an element");
  refuse("1\n\nsi 0 0 0\n", "text:3:1: 'si' is not the symbol");
  refuse("1\n\nSi1 0 0 0\n", "text:3:1: 'Si1' is not the symbol");
  refuse("1\n\nH 0 0 nan\n", "text:3:7: 'nan' is not a finite coordinate");
  refuse("1\n\nH 0 -inf 0\n", "text:3:5: '-inf' is not a finite");
  refuse("1\n\nH 0 0x1p3 0\n", "text:3:5: '0x1p3' is not a finite");
  refuse("1\n\nH 0 1e 0\n", "text:3:5: '1e' is not a finite");
  refuse("1\n\nH 0 1e400 0\n", "text:3:5: '1e400' is not a finite");
  refuse("1\n\nH 0 1,5 0\n", "text:3:5: '1,5' is not a finite");
  refuse("1\n\nH 0 . 0\n", "text:3:5: '.' is not a finite");
  refuse("1\nProperties=Z:I:1:pos:R:3\n119 0 0 0\n", "text:3:1: '119' is not an atomic number");
  refuse("1\nProperties=Z:I:1:pos:R:3\n0 0 0 0\n", "text:3:1: '0' is not an atomic number");
  refuse("1\nProperties=Z:I:1:pos:R:3:species:S:1\n6 0 0 0 N\n",
         "text:3:9: species and Z name different elements, C and N");
  refuse("1\nProperties=species:S:1:pos:R:3:forces:R:3\nH 0 0 0 1 1 x\n", "text:3:13: 'x' is not a finite force");
  refuse("1\nProperties=species:S:1:pos:R:3:x:R:2\nH 0 0 0 1\n", "text:3:10: the line ends where a further column");
}

static void test_refused_comments(void **state) {
  (void)state;
  refuse("0\nenergy=1 energy=2\n", "text:2:10: key 'energy' is there twice");
  refuse("0\nenergy\n", "text:2:1: key 'energy' needs a value");
  refuse("0\nenergy=\n", "text:2:8: key 'energy' has no value");
  refuse("0\nenergy='1 2'\n", "text:2:9: energy has 2 values; 1 are needed");
  refuse("0\nenergy=inf\n", "text:2:8: energy: 'inf' is not a finite number");
  refuse("0\n=3\n", "text:2:1: '=' without a key");
  refuse("0\na='b\n", "text:2:3: the quote ' that begins here does not end");
  refuse("0\na=\"b\\\"\n", "text:2:3: the quote \" that begins here does not end");
  refuse("0\na=\"b\"c\n", "text:2:6: a blank is needed behind the value of 'a'");
  refuse("0\n\"a\"b\n", "text:2:4: a blank or '=' is needed behind a quoted key");
  refuse("0\na=b\"c\"\n", "text:2:4: '\"' inside a word");
  refuse("0\na=b=c\n", "text:2:4: '=' inside a word");
  refuse("0\na={1 [2}\n", "text:2:8: '}' where ']' is due");
  refuse("0\na=[1 2\n", "text:2:3: the bracket that begins here is not closed");
  refuse("0\npbc=\"T T\"\n", "text:2:6: pbc needs three");
  refuse("0\npbc=\"T T X\"\n", "text:2:6: pbc needs three");
  refuse("0\npbc=\"T F F\"\n", "text:2:6: a periodic direction needs a cell");
  refuse("0\nlattice=\"1 0 0 0 1 0 0 0 1\"\n", "text:2:1: key 'lattice' must be spelled 'Lattice'");
  refuse("0\nLattice=\"1 0 0 0 1 0 0 0\"\n", "text:2:10: Lattice has 8 values; 9 are needed");
  refuse("0\nLattice=\"1 0 0 0 1 0 1 1 0\"\n", "text:2:10: the cell has zero volume");
  refuse("0\nLattice=\"0 0 0 0 0 0 0 0 0\" pbc='F F T'\n", "text:2:10: the cell has zero volume");
  refuse("0\nLattice=\"1 0 0 0 1 0 0 0 1e99\"\n", "text:2:10: Lattice holds 1e+99");
  refuse("0\nhas_energy=maybe\n", "text:2:12: key 'has_energy' is neither T nor F");
  refuse("0\nstress='1 2 3 4 5 6'\n", "text:2:9: stress needs a cell with a volume");
  refuse("0\nvirial='1 2 3'\n", "text:2:9: virial has 3 values; 9 or 6 are needed");
}

static void test_refused_properties(void **state) {
  (void)state;
  refuse("0\nProperties=species:S:1\n", "text:2:12: Properties: pos:R:3 is missing");
  refuse("0\nProperties=pos:R:3\n", "text:2:12: Properties: species:S:1 (or Z:I:1) is missing");
  refuse("0\nProperties=species:S:1:pos:R:2\n", "text:2:24: Properties: 'pos' must be pos:R:3");
  refuse("0\nProperties=species:S:1:pos:R:3:pos:R:3\n", "text:2:32: Properties: a name is there twice");
  refuse("0\nProperties=species:S:1:pos:R:3:forces:R:1\n", "text:2:32: Properties: 'forces' must be forces:R:3");
  refuse("0\nProperties=species:S:1:pos:R\n", "text:2:29: Properties: a number of columns is wrong");
  refuse("0\nProperties=species:S:1:pos:R:3:x:Q:1\n", "text:2:34: Properties: a type is wrong");
  refuse("0\nProperties=species:S:1:pos:R:3:x:R:0\n", "text:2:36: Properties: a number of columns is wrong");
  refuse("0\nProperties=species:S:1:pos:R:3:x:R:999999999999\n", "text:2:36: Properties: a number of columns is wrong");
  refuse("0\nProperties=species:S:1:pos:R:3:\n", "text:2:31: Properties: it ends with a colon");
  refuse("0\nProperties=species:S:1:pos:R:3::R:1\n", "text:2:32: Properties: a name is missing");
}

/* Columns count characters; bytes that are no UTF-8 and NUL bytes have a place too. */
static void test_refused_bytes(void **state) {
  (void)state;
  refuse("0\n\xc3\xa4\xe2\x82\xac energy=x\n", "text:2:11: energy: 'x'");
  refuse_bytes("1\n\nH 0 \0 0\n", 11, "text:3:5: a NUL byte");
  refuse("1\n\nH 0 0 0\n0\nname=\xff\n", "text:5:6: byte 0xff is not UTF-8");
  refuse("0\nabcdefghijk=\xc0\xaf\n", "text:2:13: byte 0xc0");
  refuse("0\n\xed\xa0\x80\n", "text:2:1: byte 0xed");
  refuse("0\n\xf4\x90\x80\x80\n", "text:2:1: byte 0xf4");
  refuse("0\na\xe2\x82\n", "text:2:2: byte 0xe2");
}

/* However the bytes arrive, the same comes out. */
static void test_chunks(void **state) {
  (void)state;
  static const char text[] =
      "2\nLattice=\"4 0 0 0 5 0 0 0 6\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.25 name=\xc3\xa4\r\n"
      "Si 0.125 0 1e-1 1 2 3\nO 1 2 3 4 5 6\r\n1\n\nH 7 8 9\n\n";
  tern_dataset *whole = read_text(text);
  for (int64_t chunk = 1; chunk < 70; ++chunk) {
    tern_dataset *parts = NULL;
    assert_int_equal(read_bytes(text, (int64_t)strlen(text), NULL, chunk, &parts), TERN_SUCCESS);
    assert_int_equal(parts->size, whole->size);
    for (int64_t i = 0; i < whole->size; ++i) {
      const frame *a = parts->frames[i], *b = whole->frames[i];
      assert_int_equal(a->system->n_atoms, b->system->n_atoms);
      assert_memory_equal(a->system->positions, b->system->positions, (size_t)a->system->n_atoms * 24);
      assert_true(a->energy == b->energy);
    }
    dataset_free(parts);
  }
  dataset_free(whole);
}

/* Every prefix of a file is either read or refused with a place, and leaks nothing. */
static void test_prefixes(void **state) {
  (void)state;
  static const char text[] =
      "1\nLattice=\"4 0 0 0 5 0 0 0 6\" Properties=species:S:1:pos:R:3 e={a 'b' [c]} energy=-1.25\nSi 0.5 0 1e-1\n";
  for (int64_t length = 0; length < (int64_t)strlen(text); ++length) {
    tern_dataset *dataset = NULL;
    char *copy = malloc((size_t)length + 1); /* of the exact size, for the sanitizers */
    memcpy(copy, text, (size_t)length);
    const int32_t status = read_bytes(copy, length, NULL, 7, &dataset);
    assert_true(status == TERN_SUCCESS || (status == TERN_ERROR_FORMAT && strncmp(error_message(), "text:", 5) == 0) ||
                length == 0);
    dataset_free(dataset);
    free(copy);
  }
}

/* Decimal numbers become the double that the C library makes of them. */
static void test_reals(void **state) {
  (void)state;
  static const char *const words[] = {"0",
                                      "-0",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "-.5e1",
                                      "123456789012345678901234567890",
                                      "9007199254740993",
                                      "0.1",
                                      "1e22",
                                      "1e23",
                                      "1e-22",
                                      "4.9e-324",
                                      "1.7976931348623157e308",
                                      "2.2250738585072011e-308",
                                      "0.000000000000000000000000000000001",
                                      "179769313486231580e291",
                                      "1E+05",
                                      "8.5e-0",
                                      "0.30000000000000004",
                                      "9.5367431640625e-07",
                                      "00012.500"};
  char word[64];
  double value = 0;
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
    const double expected = strtod(words[i], NULL);
    assert_true(extxyz_real(words[i], (int64_t)strlen(words[i]), &value));
    assert_memory_equal(&value, &expected, sizeof value);
  }
  uint64_t seed = 3;
  for (int i = 0; i < 100000; ++i) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    double expected = 0;
    if (i % 2 == 0)
      snprintf(word, sizeof word, "%.*f", (int)(seed >> 60), ((double)(seed >> 11) * 0x1p-53 - 0.5) * 1000);
    else
      snprintf(word, sizeof word, "%.*e", (int)(seed >> 59) % 20,
               ldexp((double)(seed >> 11) - 0x1p52, (int)(seed >> 20 & 127) - 100));
    expected = strtod(word, NULL);
    assert_true(extxyz_real(word, (int64_t)strlen(word), &value));
    assert_memory_equal(&value, &expected, sizeof value);
  }
  assert_true(extxyz_real("1d2", 3, &value) && value == 100);
  assert_false(extxyz_real("1e+", 3, &value));
  assert_false(extxyz_real("--1", 3, &value));
  assert_false(extxyz_real("1e99999999999999999999", 22, &value));
  assert_true(extxyz_real("1e-9999999", 10, &value) && value == 0);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  static const char text[] = "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1\nH 0 0 0 1 2 3\n";
  int64_t failures = 0;
  for (int64_t n = 1;; ++n) {
    tern_dataset *dataset = NULL;
    input_file *input = NULL;
    assert_int_equal(input_open_memory(&input, "text", text, (int64_t)strlen(text)), TERN_SUCCESS);
    memory_fail_at(n);
    tern_reader *reader = NULL;
    int32_t status = reader_open_input(&reader, input, NULL, 16);
    if (status == TERN_SUCCESS)
      status = reader_next(reader, 1, &dataset);
    memory_fail_at(0);
    reader_free(reader);
    dataset_free(dataset);
    if (status == TERN_SUCCESS)
      break;
    assert_int_equal(status, TERN_ERROR_MEMORY);
    ++failures;
  }
  assert_true(failures > 10);
}

/* The column `name` of a block of texts in golden/errors.txt. */
static int64_t golden_block(const char *name, char (*items)[256], int64_t most) {
  char line[256], found[64];
  long long count = 0, stored = 0;
  FILE *file = fopen(TEST_SOURCE_DIR "/golden/errors.txt", "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%63s text 1 %lld", found, &count) == 2 && strcmp(found, name) == 0)
      while (stored < count && stored < most && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(items[stored++], sizeof items[0], "%s", line);
      }
  fclose(file);
  return stored;
}

static void test_golden_bad_files(void **state) {
  (void)state;
  enum { MOST = 100 };
  char(*paths)[256] = malloc(MOST * sizeof *paths), (*says)[256] = malloc(MOST * sizeof *says), path[512];
  const int64_t count = golden_block("file_paths", paths, MOST);
  assert_true(count > 20);
  assert_int_equal(golden_block("file_says", says, MOST), count);
  for (int64_t i = 0; i < count; ++i) {
    tern_dataset *dataset = NULL;
    snprintf(path, sizeof path, "%s/golden/%s", TEST_SOURCE_DIR, paths[i]);
    assert_int_not_equal(dataset_read(&dataset, path, NULL), TERN_SUCCESS);
    assert_null(dataset);
    if (strstr(error_message(), says[i]) == NULL)
      fail_msg("%s: '%s' does not say '%s'", paths[i], error_message(), says[i]);
  }
  free(paths);
  free(says);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_there_is),
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_numbers_as_species),
      cmocka_unit_test(test_periodic),
      cmocka_unit_test(test_virial),
      cmocka_unit_test(test_denied_targets),
      cmocka_unit_test(test_keys),
      cmocka_unit_test(test_refused_tensors),
      cmocka_unit_test(test_refused_frames),
      cmocka_unit_test(test_refused_atoms),
      cmocka_unit_test(test_refused_comments),
      cmocka_unit_test(test_refused_properties),
      cmocka_unit_test(test_refused_bytes),
      cmocka_unit_test(test_chunks),
      cmocka_unit_test(test_prefixes),
      cmocka_unit_test(test_reals),
      cmocka_unit_test(test_memory_runs_out),
      cmocka_unit_test(test_golden_bad_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
