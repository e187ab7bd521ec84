/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/option_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"

enum { OPTION_LONGEST_ITEM = 64 };

bool option_is_integer(const option_row *row) {
  return row->type == OPTION_INTEGER || row->type == OPTION_FLAG || row->type == OPTION_INTEGERS ||
         row->type == OPTION_SPECIES;
}

bool option_is_real(const option_row *row) { return row->type == OPTION_REAL || row->type == OPTION_REALS; }

bool option_is_list(const option_row *row) {
  return row->type == OPTION_INTEGERS || row->type == OPTION_REALS || row->type == OPTION_SPECIES;
}

const char *options_type_name(option_type type) {
  static const char *const names[] = {"integer", "real number",      "flag",                 "choice",
                                      "text",    "list of integers", "list of real numbers", "list of species"};
  return names[type];
}

int32_t option_refuse(const option_row *row, const char *given) {
  const bool list = option_is_list(row);
  return error_set(TERN_ERROR_OPTION, "option '%s' cannot be '%.200s'; valid: %s%s%s%s%s%s%s", row->name, given,
                   options_type_name(row->type), *row->range ? (row->type == OPTION_CHOICE ? " of " : " in ") : "",
                   row->range, *row->unit ? ", in " : "", row->unit,
                   row->type == OPTION_SPECIES ? " or symbols, each once" : "", list ? ", separated by commas" : "");
}

/* The interval at the end of a range, NULL when there are words only. */
static const char *option_interval(const option_row *row) { return strpbrk(row->range, "[("); }

static bool option_is_word(const option_row *row, const char *source) {
  const char *interval = option_interval(row), *word = row->range;
  const size_t length = strlen(source);
  if (row->type == OPTION_TEXT || row->type == OPTION_FLAG || length == 0)
    return false;
  while (*word && word != interval) {
    const size_t n = strcspn(word, "|");
    if (n == length && memcmp(word, source, n) == 0)
      return true;
    word += n + (word[n] == '|');
  }
  return false;
}

/* Is the number finite and inside "[0, inf)", "(0, 1]" ...? */
static bool option_in_range(const option_row *row, double number) {
  char low[OPTION_LONGEST_ITEM] = "", high[OPTION_LONGEST_ITEM] = "";
  const char *interval = option_interval(row);
  double least, most;
  if (!isfinite(number))
    return false;
  if (row->type == OPTION_FLAG)
    return number == 0 || number == 1;
  if (!interval)
    return true;
  const size_t before = strcspn(interval, ","), length = strlen(interval);
  if (before >= sizeof low || length < before + 3 || length - before - 3 >= sizeof high)
    return false;
  memcpy(low, interval + 1, before - 1);
  memcpy(high, interval + before + 2, length - before - 3);
  if (!text_to_real(low, &least) || !text_to_real(high, &most))
    return false;
  const bool above = interval[0] == '[' ? number >= least : number > least;
  return above && (interval[length - 1] == ']' ? number <= most : number < most);
}

static bool option_read_flag(const char *source, int64_t *flag) {
  static const char *const words[2][5] = {{"0", "false", "no", "off", "F"}, {"1", "true", "yes", "on", "T"}};
  for (int value = 0; value < 2; value++)
    for (int i = 0; i < 5; i++)
      if (strcmp(source, words[value][i]) == 0) {
        *flag = value;
        return true;
      }
  return false;
}

/* 1073741824, 1.5G, 512MiB. */
static bool option_read_bytes(const char *source, int64_t *bytes) {
  static const struct {
    const char *suffix;
    double factor;
  } units[] = {{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}};
  char digits[OPTION_LONGEST_ITEM] = "";
  const size_t n = strspn(source, "0123456789.");
  double number;
  if (text_to_integer(source, bytes))
    return true;
  if (n >= sizeof digits)
    return false;
  memcpy(digits, source, n);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(source + n, units[i].suffix) == 0 && text_to_real(digits, &number) && number * units[i].factor < 9e18) {
      *bytes = (int64_t)(number * units[i].factor);
      return true;
    }
  return false;
}

static bool option_read_integer(const option_row *row, const char *item, int64_t *number) {
  bool known = text_to_integer(item, number);
  if (row->type == OPTION_FLAG)
    known = option_read_flag(item, number);
  else if (!known && row->type == OPTION_SPECIES)
    known = (*number = elements_number(item, (int64_t)strlen(item))) > 0;
  else if (!known && strcmp(row->unit, "bytes") == 0)
    known = option_read_bytes(item, number);
  return known && option_in_range(row, (double)*number);
}

/* One item without the blanks around it; false when it is too long to be a number. */
static bool option_item(const char *source, size_t length, char item[OPTION_LONGEST_ITEM]) {
  while (length > 0 && *source == ' ') {
    source++;
    length--;
  }
  while (length > 0 && source[length - 1] == ' ')
    length--;
  if (length >= OPTION_LONGEST_ITEM)
    return false;
  memcpy(item, source, length);
  item[length] = '\0';
  return true;
}

static int32_t option_reserve(option_value *value, const option_row *row, int64_t count) {
  value->count = count;
  if (!option_is_list(row))
    return TERN_SUCCESS;
  if (option_is_real(row))
    return MEMORY_NEW(NULL, &value->reals, count, row->name);
  return MEMORY_NEW(NULL, &value->integers, count, row->name);
}

static bool option_store_text(option_value *value, const option_row *row, int64_t index, const char *item) {
  if (option_is_real(row)) {
    double *real = option_is_list(row) ? value->reals + index : &value->real;
    return text_to_real(item, real) && option_in_range(row, *real);
  }
  return option_read_integer(row, item, option_is_list(row) ? value->integers + index : &value->integer);
}

static int option_order(const void *a, const void *b) {
  const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
  return (first > second) - (first < second);
}

/* Species are a set: ascending, each once. */
static bool option_sort_species(option_value *value, const option_row *row) {
  if (row->type != OPTION_SPECIES)
    return true;
  qsort(value->integers, (size_t)value->count, sizeof *value->integers, option_order);
  for (int64_t i = 1; i < value->count; i++)
    if (value->integers[i] == value->integers[i - 1])
      return false;
  return true;
}

static int32_t option_write_numbers(option_value *value, const option_row *row) {
  text canonical = {0};
  text_add(&canonical, "%s", "");
  for (int64_t i = 0; i < value->count; i++) {
    if (i > 0)
      text_add(&canonical, ",");
    if (option_is_real(row))
      text_add_real(&canonical, option_is_list(row) ? value->reals[i] : value->real);
    else
      text_add(&canonical, "%lld", (long long)(option_is_list(row) ? value->integers[i] : value->integer));
  }
  if (canonical.failed) {
    text_free(&canonical);
    return TERN_ERROR_MEMORY;
  }
  value->text = canonical.data;
  return TERN_SUCCESS;
}

static int64_t option_count_items(const option_row *row, const char *source) {
  int64_t count = 1;
  for (const char *at = source; option_is_list(row) && *at; at++)
    count += *at == ',';
  return count;
}

/* The items of the source, into the room that the value has for them. */
static int32_t option_read_items(option_value *value, const option_row *row, const char *source) {
  char item[OPTION_LONGEST_ITEM];
  const char *at = source;
  for (int64_t i = 0; i < value->count; i++) {
    const size_t length = option_is_list(row) ? strcspn(at, ",") : strlen(at);
    if (!option_item(at, length, item) || !option_store_text(value, row, i, item))
      return option_refuse(row, source);
    at += length + (at[length] == ',');
  }
  if (!option_sort_species(value, row))
    return error_set(TERN_ERROR_OPTION, "option '%s' names a species twice; valid: each once", row->name);
  return TERN_SUCCESS;
}

static int32_t option_read_numbers(option_value *value, const option_row *row, const char *source) {
  TRY(option_reserve(value, row, option_count_items(row, source)));
  TRY(option_read_items(value, row, source));
  return option_write_numbers(value, row);
}

static int32_t option_keep_text(option_value *value, const char *source) {
  value->text = memory_text(source);
  return value->text ? TERN_SUCCESS : TERN_ERROR_MEMORY;
}

/* A word, a text, or back to the empty default: nothing to read numbers from. */
static bool option_is_plain(option_value *value, const option_row *row, const char *source) {
  value->set = true;
  value->real = NAN;
  value->word = option_is_word(row, source);
  return value->word || (*source ? row->type == OPTION_TEXT : *row->default_value == '\0');
}

static int32_t option_read_any(option_value *value, const option_row *row, const char *source) {
  if (option_is_plain(value, row, source))
    return option_keep_text(value, source);
  if (row->type == OPTION_CHOICE || row->type == OPTION_TEXT)
    return option_refuse(row, source);
  return option_read_numbers(value, row, source);
}

int32_t option_value_read(option_value *value, const option_row *row, const char *source) {
  option_value fresh = {0};
  const int32_t status = option_read_any(&fresh, row, source);
  if (status == TERN_SUCCESS)
    *value = fresh;
  else
    option_value_free(&fresh);
  return status;
}

int32_t option_value_default(option_value *value, const option_row *row, option_number **pool) {
  *value = (option_value){.text = (char *)(uintptr_t)row->default_value};
  if (option_is_plain(value, row, row->default_value))
    return TERN_SUCCESS;
  value->count = option_count_items(row, row->default_value);
  if (option_is_list(row)) {
    value->integers = &(*pool)->integer;
    value->reals = &(*pool)->real;
    *pool += value->count;
  }
  return option_read_items(value, row, row->default_value);
}

static int32_t option_refuse_number(const option_row *row, const double *reals, const int64_t *integers,
                                    int64_t index) {
  char given[OPTION_LONGEST_ITEM];
  if (reals)
    text_format(given, sizeof given, "%.15g", reals[index]);
  else
    text_format(given, sizeof given, "%lld", (long long)integers[index]);
  return option_refuse(row, given);
}

static int32_t option_take_numbers(option_value *value, const option_row *row, int64_t count, const double *reals,
                                   const int64_t *integers) {
  value->set = true;
  value->real = NAN;
  TRY(option_reserve(value, row, count));
  for (int64_t i = 0; i < count; i++) {
    const double number = reals ? reals[i] : (double)integers[i];
    if (!option_in_range(row, number))
      return option_refuse_number(row, reals, integers, i);
    if (option_is_real(row))
      *(option_is_list(row) ? value->reals + i : &value->real) = number;
    else
      *(option_is_list(row) ? value->integers + i : &value->integer) = integers[i];
  }
  if (!option_sort_species(value, row))
    return error_set(TERN_ERROR_OPTION, "option '%s' names a species twice; valid: each once", row->name);
  return option_write_numbers(value, row);
}

int32_t option_value_from_numbers(option_value *value, const option_row *row, int64_t count, const double *reals,
                                  const int64_t *integers) {
  if (!option_is_integer(row) && !option_is_real(row))
    return option_refuse(row, "a number");
  if (reals && option_is_integer(row))
    return option_refuse(row, count == 1 ? "a real number" : "real numbers");
  if (!option_is_list(row) && count != 1)
    return option_refuse(row, "a list");
  if (count == 0 && *row->default_value)
    return option_refuse(row, "an empty list");
  option_value fresh = {0};
  const int32_t status = option_take_numbers(&fresh, row, count, reals, integers);
  if (status == TERN_SUCCESS)
    *value = fresh;
  else
    option_value_free(&fresh);
  return status;
}

int32_t option_value_copy(option_value *copy, const option_value *value) {
  option_value fresh = *value;
  fresh.text = NULL;
  fresh.integers = NULL;
  fresh.reals = NULL;
  int32_t status = value->text ? option_keep_text(&fresh, value->text) : TERN_SUCCESS;
  if (status == TERN_SUCCESS && value->integers)
    status = MEMORY_NEW(NULL, &fresh.integers, value->count, "list");
  if (status == TERN_SUCCESS && value->reals)
    status = MEMORY_NEW(NULL, &fresh.reals, value->count, "list");
  if (status != TERN_SUCCESS) {
    option_value_free(&fresh);
    return status;
  }
  if (value->integers)
    memcpy(fresh.integers, value->integers, (size_t)value->count * sizeof *value->integers);
  if (value->reals)
    memcpy(fresh.reals, value->reals, (size_t)value->count * sizeof *value->reals);
  *copy = fresh;
  return TERN_SUCCESS;
}

void option_value_free(option_value *value) {
  memory_free(NULL, value->text);
  memory_free(NULL, value->integers);
  memory_free(NULL, value->reals);
  *value = (option_value){0};
}
