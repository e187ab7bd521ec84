/* SPDX-License-Identifier: BSD-3-Clause */
/* Options: the table is sound, values are read by type and range, refusals say what would be valid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/option_value.h"

static tern_options *fresh(void) {
  tern_options *options = NULL;
  assert_int_equal(options_new(&options), TERN_SUCCESS);
  return options;
}

static const char *text_of(const tern_options *options, const char *key) {
  const char *value = NULL;
  assert_int_equal(options_text(options, key, &value), TERN_SUCCESS);
  return value;
}

static void assert_refused(int32_t status, const char *message) {
  assert_int_equal(status, TERN_ERROR_OPTION);
  assert_string_equal(error_message(), message);
}

/* Every row is complete, once there, and its default passes its own check. */
static void test_table(void **state) {
  (void)state;
  int64_t count;
  const option_row *rows = options_table(&count);
  tern_options *options = fresh();
  assert_true(count > 25 && count <= 128);
  for (int64_t i = 0; i < count; i++) {
    assert_true(strlen(rows[i].name) > 1 && strlen(rows[i].meaning) > 10 && strlen(rows[i].used_by) > 2);
    for (int64_t j = 0; j < i; j++)
      assert_string_not_equal(rows[i].name, rows[j].name);
    assert_string_equal(text_of(NULL, rows[i].name), text_of(options, rows[i].name));
    assert_int_equal(options_set(options, rows[i].name, rows[i].default_value), TERN_SUCCESS);
    assert_string_equal(text_of(NULL, rows[i].name), text_of(options, rows[i].name));
    assert_true(options_is_set(options, rows[i].name));
  }
  options_free(options);
}

/* Defaults of lists, which no row of the table may have at the moment. */
static void test_default_lists(void **state) {
  (void)state;
  const option_row hidden = {"hidden", OPTION_INTEGERS, "96,64", "", "[1, inf)", "model", "Units of the layers"};
  const option_row scales = {"scales", OPTION_REALS, "0.5,2", "", "(0, inf)", "model", "Some lengths"};
  const option_row wrong = {"wrong", OPTION_REALS, "0.5,-2", "", "(0, inf)", "model", "Some lengths"};
  option_number numbers[8], *pool = numbers;
  option_value value;
  assert_int_equal(option_value_default(&value, &hidden, &pool), TERN_SUCCESS);
  assert_true(value.count == 2 && value.integers[0] == 96 && value.integers[1] == 64);
  assert_int_equal(option_value_default(&value, &scales, &pool), TERN_SUCCESS);
  assert_true(value.count == 2 && value.reals[0] == 0.5 && value.reals[1] == 2);
  assert_ptr_equal(pool, numbers + 4);
  assert_int_equal(numbers[0].integer, 96);
  assert_int_equal(option_value_default(&value, &wrong, &pool), TERN_ERROR_OPTION);
}

static void test_defaults(void **state) {
  (void)state;
  double real;
  int64_t integer, count;
  const int64_t *list;
  assert_int_equal(options_real(NULL, "cutoff", &real), TERN_SUCCESS);
  assert_true(real == 5.0);
  assert_int_equal(options_real(NULL, "tag_cutoff", &real), TERN_SUCCESS);
  assert_true(isnan(real));
  assert_int_equal(options_real(NULL, "regularization", &real), TERN_SUCCESS);
  assert_true(isnan(real));
  assert_int_equal(options_integer(NULL, "n_max", &integer), TERN_SUCCESS);
  assert_int_equal(integer, 8);
  assert_int_equal(options_integer(NULL, "self_pairs", &integer), TERN_SUCCESS);
  assert_int_equal(integer, 1);
  assert_int_equal(options_integers(NULL, "centers", &count, &list), TERN_SUCCESS);
  assert_int_equal(count, -1);
  assert_int_equal(options_integers(NULL, "species", &count, &list), TERN_SUCCESS);
  assert_int_equal(count, 0);
  assert_string_equal(text_of(NULL, "cutoff_function"), "shifted-cosine");
  assert_int_equal(options_real(NULL, "n_max", &real), TERN_ERROR_INTERNAL);
  assert_int_equal(options_integer(NULL, "cutoff", &integer), TERN_ERROR_INTERNAL);
}

static void test_unknown(void **state) {
  (void)state;
  tern_options *options = fresh();
  const int64_t one = 1;
  assert_refused(options_set(options, "cutof", "5"),
                 "unknown option 'cutof' (did you mean 'cutoff'?); 'ternion options' lists all");
  assert_refused(options_set_numbers(options, "Sigma", 1, NULL, &one),
                 "unknown option 'Sigma' (did you mean 'sigma'?); 'ternion options' lists all");
  assert_refused(options_set_text(options, "temperature", "300"),
                 "unknown option 'temperature'; 'ternion options' lists all");
  const char *value;
  assert_refused(options_text(options, "", &value), "unknown option ''; 'ternion options' lists all");
  assert_false(options_is_set(options, "temperature"));
  options_free(options);
}

/* key, value as text, canonical text or NULL where it must be refused. */
static const char *const cases[][3] = {
    {"cutoff", "4.50", "4.5"},
    {"cutoff", "1e1", "10"},
    {"cutoff", "0", NULL},
    {"cutoff", "-1", NULL},
    {"cutoff", "inf", NULL},
    {"cutoff", "nan", NULL},
    {"cutoff", "", NULL},
    {"cutoff", "5 A", NULL},
    {"cutoff", "5,5", NULL},
    {"cutoff", "1e999", NULL},
    {"n_max", "1", "1"},
    {"n_max", "32", "32"},
    {"n_max", "0", NULL},
    {"n_max", "33", NULL},
    {"n_max", "8.0", NULL},
    {"n_max", "99999999999999999999", NULL},
    {"l_max", "0", "0"},
    {"l_max", "-1", NULL},
    {"spline_error", "1e-13", "1e-13"},
    {"spline_error", "1e-2", "0.01"},
    {"spline_error", "0.011", NULL},
    {"center_weight", "0", "0"},
    {"validation", "0.999", "0.999"},
    {"validation", "1", NULL},
    {"cutoff_function", "shifted-cosine", "shifted-cosine"},
    {"cutoff_function", "cosine", NULL},
    {"cutoff_function", "", NULL},
    {"group", "so3", "so3"},
    {"group", "o3|so3", NULL},
    {"group", "SO3", NULL},
    {"self_pairs", "no", "0"},
    {"self_pairs", "true", "1"},
    {"self_pairs", "2", NULL},
    {"self_pairs", "maybe", NULL},
    {"centers", "all", "all"},
    {"centers", "0", "0"},
    {"centers", "3, 1 ,2", "3,1,2"},
    {"centers", "-1", NULL},
    {"centers", "0,,1", NULL},
    {"centers", "0,1,", NULL},
    {"centers", "all,0", NULL},
    {"centers", "", NULL},
    {"species", "Si", "14"},
    {"species", "Si,H,8", "1,8,14"},
    {"species", "", ""},
    {"species", "si", NULL},
    {"species", "119", NULL},
    {"species", "0", NULL},
    {"species", "14,Si", NULL},
    {"species", "Xx", NULL},
    {"regularization", "auto", "auto"},
    {"regularization", "1e-6", "1e-6"},
    {"regularization", "0", NULL},
    {"tag_cutoff", "", ""},
    {"tag_cutoff", "3", "3"},
    {"energy_key", "REF_energy", "REF_energy"},
    {"energy_key", "", NULL},
    {"e0", "H:-13.6,8:-432.1", "H:-13.6,8:-432.1"},
    {"memory_limit", "1000", "1000"},
    {"memory_limit", "500M", "500000000"},
    {"memory_limit", "1.5GiB", "1610612736"},
    {"memory_limit", "2k", "2000"},
    {"memory_limit", "1 GiB", NULL},
    {"memory_limit", "1GB", NULL},
    {"memory_limit", "-1", NULL},
    {"memory_limit", "99999999999G", NULL},
    {"n_max", "8k", NULL},
    {"threads", "4096", "4096"},
    {"threads", "4097", NULL},
    {"descriptor", "frames", "frames"},
    {"descriptor", "soap", NULL},
};

static void test_values(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tern_options *options = fresh();
    const char *key = cases[i][0], *before = text_of(NULL, key);
    const int32_t status = options_set(options, key, cases[i][1]);
    if (status != (cases[i][2] ? TERN_SUCCESS : TERN_ERROR_OPTION))
      fail_msg("%s = '%s' gave %d", key, cases[i][1], status);
    assert_string_equal(text_of(options, key), cases[i][2] ? cases[i][2] : before);
    assert_int_equal(options_is_set(options, key), cases[i][2] != NULL);
    if (!cases[i][2])
      assert_non_null(strstr(error_message(), key));
    options_free(options);
  }
}

static void test_messages(void **state) {
  (void)state;
  tern_options *options = fresh();
  assert_refused(options_set(options, "cutoff", "-1"),
                 "option 'cutoff' cannot be '-1'; valid: real number in (0, inf), in Angstrom");
  assert_refused(options_set(options, "n_max", "33"), "option 'n_max' cannot be '33'; valid: integer in [1, 32]");
  assert_refused(options_set(options, "group", "u1"), "option 'group' cannot be 'u1'; valid: choice of o3|so3");
  assert_refused(options_set(options, "centers", "0,-2,1"),
                 "option 'centers' cannot be '0,-2,1'; valid: list of integers in all|[0, inf), separated by commas");
  options_free(options);
}

static void test_numbers(void **state) {
  (void)state;
  tern_options *options = fresh();
  const int64_t integers[] = {14, 1};
  const double reals[] = {2.5, NAN};
  int64_t count;
  const int64_t *list;
  assert_int_equal(options_set_numbers(options, "cutoff", 1, reals, NULL), TERN_SUCCESS);
  assert_string_equal(text_of(options, "cutoff"), "2.5");
  assert_int_equal(options_set_numbers(options, "cutoff", 1, NULL, integers), TERN_SUCCESS);
  assert_string_equal(text_of(options, "cutoff"), "14");
  assert_int_equal(options_set_numbers(options, "species", 2, NULL, integers), TERN_SUCCESS);
  assert_int_equal(options_integers(options, "species", &count, &list), TERN_SUCCESS);
  assert_true(count == 2 && list[0] == 1 && list[1] == 14);
  assert_int_equal(options_set_numbers(options, "species", 0, NULL, integers), TERN_SUCCESS);
  assert_int_equal(options_set_numbers(options, "self_pairs", 1, NULL, integers + 1), TERN_SUCCESS);
  assert_int_equal(options_set_numbers(options, "self_pairs", 1, NULL, integers), TERN_ERROR_OPTION);
  assert_int_equal(options_set_numbers(options, "cutoff", 1, reals + 1, NULL), TERN_ERROR_OPTION);
  assert_int_equal(options_set_numbers(options, "n_max", 1, reals, NULL), TERN_ERROR_OPTION);
  assert_int_equal(options_set_numbers(options, "n_max", 2, NULL, integers), TERN_ERROR_OPTION);
  assert_int_equal(options_set_numbers(options, "group", 1, NULL, integers), TERN_ERROR_OPTION);
  assert_int_equal(options_set_numbers(options, "centers", 0, NULL, integers), TERN_ERROR_OPTION);
  assert_string_equal(text_of(options, "cutoff"), "14");
  options_free(options);
}

static void test_text(void **state) {
  (void)state;
  tern_options *options = fresh();
  assert_int_equal(options_set_text(options, "energy_key", "1,2"), TERN_SUCCESS);
  assert_string_equal(text_of(options, "energy_key"), "1,2");
  assert_int_equal(options_set_text(options, "group", "so3"), TERN_SUCCESS);
  assert_int_equal(options_set_text(options, "centers", "all"), TERN_SUCCESS);
  assert_refused(
      options_set_text(options, "cutoff", "5.0"),
      "option 'cutoff' is a real number and was given as text '5.0'; set it as number, or as text to be read");
  options_free(options);
}

static void test_copy(void **state) {
  (void)state;
  tern_options *options = fresh(), *copy = NULL;
  int64_t count;
  const int64_t *list;
  options_set(options, "centers", "5,6");
  options_set(options, "cutoff", "3");
  assert_int_equal(options_copy(&copy, options), TERN_SUCCESS);
  options_set(options, "centers", "7");
  assert_int_equal(options_integers(copy, "centers", &count, &list), TERN_SUCCESS);
  assert_true(count == 2 && list[0] == 5 && list[1] == 6);
  assert_string_equal(text_of(copy, "cutoff"), "3");
  assert_false(options_is_set(copy, "sigma"));
  options_free(copy);
  options_free(options);
  assert_int_equal(options_copy(&copy, NULL), TERN_SUCCESS);
  assert_false(options_is_set(copy, "cutoff"));
  options_free(copy);
  options_free(NULL);
}

/* One set of options serves several calls; only what contradicts the kind at hand is refused. */
static void test_check(void **state) {
  (void)state;
  tern_options *options = fresh();
  options_set(options, "cutoff", "3");
  options_set(options, "energy_key", "e");
  options_set(options, "threads", "2");
  options_set(options, "energy_weight", "2");
  assert_int_equal(options_check(options, "density", "descriptor"), TERN_SUCCESS);
  assert_int_equal(options_check(options, "ridge", "model"), TERN_SUCCESS);
  options_set(options, "self_pairs", "0");
  assert_int_equal(options_check(options, "frames", "descriptor"), TERN_SUCCESS);
  assert_int_equal(options_check(options, "ridge", "model"), TERN_SUCCESS);
  assert_refused(options_check(options, "density", "descriptor"),
                 "option 'self_pairs' does not apply to the descriptor 'density'; it applies to: frames triplets");
  assert_int_equal(options_check(NULL, "density", "descriptor"), TERN_SUCCESS);
  options_free(options);
}

static int32_t collect(void *context, const option_row *row, const char *value) {
  strcat(context, row->name);
  strcat(context, "=");
  strcat(context, value);
  strcat(context, ";");
  return strcmp(row->name, "sigma") == 0 ? -9 : TERN_SUCCESS;
}

static void test_each(void **state) {
  (void)state;
  char seen[256] = "";
  tern_options *options = fresh();
  options_set(options, "n_max", "4");
  options_set(options, "threads", "2");
  options_set(options, "energy_weight", "2");
  options_set(options, "tag_width", "0.25");
  options_set(options, "cutoff", "3");
  assert_int_equal(options_each(options, "density", "descriptor", collect, seen), TERN_SUCCESS);
  assert_string_equal(seen, "cutoff=3;n_max=4;");
  assert_int_equal(options_each(options, "frames", "descriptor", collect, seen), TERN_SUCCESS);
  assert_string_equal(seen, "cutoff=3;n_max=4;cutoff=3;n_max=4;tag_width=0.25;");
  options_set(options, "sigma", "0.1");
  assert_int_equal(options_each(options, "frames", "descriptor", collect, seen), -9);
  options_free(options);
}

/* A value written for one kind of model is in force for that one alone, whatever it replaces. */
static void test_scopes(void **state) {
  (void)state;
  tern_options *options = fresh(), *copy = NULL, *part = NULL;
  const double cutoff = 3.5;
  assert_int_equal(options_set(options, "cutoff", "5"), TERN_SUCCESS);
  assert_int_equal(options_set(options, "ridge.cutoff", "4"), TERN_SUCCESS);
  assert_int_equal(options_set_numbers(options, "ridge.cutoff", 1, &cutoff, NULL), TERN_SUCCESS);
  assert_int_equal(options_set_text(options, "ridge.e0", "isolated"), TERN_SUCCESS);
  assert_string_equal(text_of(options, "cutoff"), "5");
  assert_string_equal(text_of(options, "e0"), "least_squares");
  assert_int_equal(options_copy(&copy, options), TERN_SUCCESS);
  assert_string_equal(text_of(copy, "cutoff"), "5");
  assert_int_equal(options_of_scope(&part, copy, "ridge"), TERN_SUCCESS);
  assert_string_equal(text_of(part, "cutoff"), "3.5");
  assert_string_equal(text_of(part, "e0"), "isolated");
  options_free(part);
  assert_int_equal(options_of_scope(&part, copy, "another"), TERN_SUCCESS);
  assert_string_equal(text_of(part, "cutoff"), "5");
  options_free(part);
  assert_int_equal(options_set(options, "ridge.cutof", "4"), TERN_ERROR_OPTION);
  assert_int_equal(options_set(options, "fridge.cutoff", "4"), TERN_ERROR_OPTION);
  assert_int_equal(options_set(options, "ridge.cutoff", "-4"), TERN_ERROR_OPTION);
  assert_int_equal(options_of_scope(&part, options, "ridge"), TERN_SUCCESS);
  assert_string_equal(text_of(part, "cutoff"), "3.5");
  options_free(part);
  assert_int_equal(options_check(copy, "ridge+triplet", "model"), TERN_SUCCESS);
  assert_int_equal(options_check(copy, "triplet", "model"), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "a part 'ridge', which the model 'triplet' does not have"));
  assert_int_equal(options_set(copy, "ridge.epochs", "4"), TERN_SUCCESS);
  assert_int_equal(options_check(copy, "ridge+triplet", "model"), TERN_ERROR_OPTION);
  assert_non_null(strstr(error_message(), "'epochs' does not apply to 'ridge'"));
  options_free(copy);
  options_free(options);
}

/* Wherever memory runs out, the options stay as they were and nothing is lost. */
static void test_out_of_memory(void **state) {
  (void)state;
  tern_options *options = fresh(), *copy = NULL;
  options_set(options, "centers", "1,2,3");
  for (int64_t at = 1; at < 20; at++) {
    memory_fail_at(at);
    const int32_t status = options_set(options, "centers", "4,5");
    memory_fail_at(0);
    assert_string_equal(text_of(options, "centers"), status == TERN_SUCCESS ? "4,5" : "1,2,3");
    if (status == TERN_SUCCESS)
      break;
    assert_int_equal(status, TERN_ERROR_MEMORY);
    memory_fail_at(at);
    assert_int_equal(options_copy(&copy, options), TERN_ERROR_MEMORY);
    memory_fail_at(0);
    assert_null(copy);
  }
  assert_string_equal(text_of(options, "centers"), "4,5");
  options_free(options);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),   cmocka_unit_test(test_default_lists), cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_unknown), cmocka_unit_test(test_values),        cmocka_unit_test(test_messages),
      cmocka_unit_test(test_numbers), cmocka_unit_test(test_text),          cmocka_unit_test(test_copy),
      cmocka_unit_test(test_check),   cmocka_unit_test(test_each),          cmocka_unit_test(test_out_of_memory),
      cmocka_unit_test(test_scopes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
