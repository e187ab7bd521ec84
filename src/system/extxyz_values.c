/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/extxyz_values.h"

#include <math.h>
#include <string.h>

#include "core/text.h"

bool extxyz_blank(char byte) { return byte == ' ' || byte == '\t'; }

int64_t extxyz_word(const char **cursor, const char **word) {
  const char *at = *cursor;
  while (extxyz_blank(*at))
    ++at;
  *word = at;
  while (*at != '\0' && !extxyz_blank(*at))
    ++at;
  *cursor = at;
  return at - *word;
}

static bool extxyz_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool extxyz_integer(const char *word, int64_t length, int64_t *value) {
  const bool negative = length > 0 && word[0] == '-';
  int64_t at = length > 0 && (word[0] == '-' || word[0] == '+') ? 1 : 0, sum = 0;
  if (at == length)
    return false;
  for (; at < length; ++at) {
    if (!extxyz_digit(word[at]) || __builtin_mul_overflow(sum, 10, &sum) ||
        __builtin_add_overflow(sum, word[at] - '0', &sum))
      return false;
  }
  *value = negative ? -sum : sum;
  return true;
}

/* A decimal number taken apart: the first 18 significant digits as an integer, times ten to the exponent. */
typedef struct decimal {
  bool negative, cut; /* cut: there were more digits */
  uint64_t digits;
  int64_t exponent;
} decimal;

static void decimal_digit(decimal *number, char digit, bool fraction) {
  if (number->digits >= UINT64_C(100000000000000000)) {
    number->cut = number->cut || digit != '0';
    number->exponent += fraction ? 0 : 1;
  } else {
    number->digits = 10 * number->digits + (uint64_t)(digit - '0');
    number->exponent -= fraction ? 1 : 0;
  }
}

static bool decimal_read(decimal *number, const char *word, int64_t length) {
  int64_t at = 0, exponent = 0, seen = 0;
  memset(number, 0, sizeof *number);
  number->negative = length > 0 && word[0] == '-';
  at += length > 0 && (word[0] == '-' || word[0] == '+');
  for (; at < length && extxyz_digit(word[at]); ++at, ++seen)
    decimal_digit(number, word[at], false);
  if (at < length && word[at] == '.')
    for (++at; at < length && extxyz_digit(word[at]); ++at, ++seen)
      decimal_digit(number, word[at], true);
  if (seen == 0)
    return false;
  if (at == length)
    return true;
  if (memchr("eEdD", word[at], 4) == NULL || !extxyz_integer(word + at + 1, length - at - 1, &exponent))
    return false;
  number->exponent += exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : exponent;
  return true;
}

/* By the C library, for numbers that one multiplication or division does not give exactly. */
static bool extxyz_real_slowly(const char *word, int64_t length, double *value) {
  enum { LONGEST = 512 };
  char copy[LONGEST];
  if (length >= LONGEST)
    return false;
  for (int64_t i = 0; i < length; ++i)
    copy[i] = word[i] == 'd' || word[i] == 'D' ? 'e' : word[i];
  copy[length] = '\0';
  return text_to_real(copy, value) && isfinite(*value);
}

/* Digits below 2^53 and a power of ten up to 22 are exact numbers, so that their product or quotient is rounded
   correctly (Clinger, How to read floating point numbers accurately, 1990). */
bool extxyz_real(const char *word, int64_t length, double *value) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  decimal number;
  if (!decimal_read(&number, word, length))
    return false;
  if (number.cut || number.digits > (UINT64_C(1) << 53) || number.exponent < -22 || number.exponent > 22)
    return extxyz_real_slowly(word, length, value);
  const double digits = number.negative ? -(double)number.digits : (double)number.digits;
  *value = number.exponent < 0 ? digits / powers[-number.exponent] : digits * powers[number.exponent];
  return true;
}

bool extxyz_flag(const char *word, int64_t length, int32_t *value) {
  static const char *const names[] = {"F", "T", "False", "True", "FALSE", "TRUE", "false", "true", "0", "1"};
  for (int i = 0; i < 10; ++i)
    if ((int64_t)strlen(names[i]) == length && memcmp(names[i], word, (size_t)length) == 0) {
      *value = i % 2;
      return true;
    }
  return false;
}

static bool extxyz_separator(char byte) { return extxyz_blank(byte) || byte == ',' || byte == '\n'; }

typedef struct list {
  const char *cursor;
  char bracket; /* that closes, or NUL */
} list;

static list list_begin(const char *text) {
  list list = {text, '\0'};
  while (extxyz_separator(*list.cursor))
    ++list.cursor;
  if (*list.cursor == '[' || *list.cursor == '{')
    list.bracket = *list.cursor++ == '[' ? ']' : '}';
  return list;
}

/* The next item; length 0 at the end of the list. */
static int64_t list_item(list *list, const char **item) {
  while (extxyz_separator(*list->cursor))
    ++list->cursor;
  *item = list->cursor;
  while (*list->cursor != '\0' && *list->cursor != list->bracket && !extxyz_separator(*list->cursor))
    ++list->cursor;
  return list->cursor - *item;
}

/* At the end of the list: is the bracket closed, if there is one, and nothing behind it? */
static bool list_ended(list *list) {
  list->cursor += list->bracket != '\0' && *list->cursor == list->bracket;
  while (extxyz_separator(*list->cursor))
    ++list->cursor;
  return *list->cursor == '\0';
}

int64_t extxyz_reals(const char *text, int64_t most, double *values, const char **wrong) {
  list list = list_begin(text);
  int64_t count = 0, length = 0;
  double value = 0;
  while ((length = list_item(&list, wrong)) > 0) {
    if (!extxyz_real(*wrong, length, &value))
      return -1;
    if (count < most)
      values[count] = value;
    ++count;
  }
  return list_ended(&list) ? count : -1;
}

int64_t extxyz_flags(const char *text, int64_t most, int32_t *values, const char **wrong) {
  list list = list_begin(text);
  int64_t count = 0, length = 0;
  int32_t value = 0;
  while ((length = list_item(&list, wrong)) > 0) {
    if (!extxyz_flag(*wrong, length, &value))
      return -1;
    if (count < most)
      values[count] = value;
    ++count;
  }
  return list_ended(&list) ? count : -1;
}
