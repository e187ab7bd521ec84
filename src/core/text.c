/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

/* uselocale is this thread's alone, so the host's locale is neither used nor changed. */
int text_format_list(char *buffer, size_t capacity, const char *format, va_list arguments) {
  const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  const locale_t before = uselocale(plain);
  const int length = vsnprintf(buffer, capacity, format, arguments);
  uselocale(before);
  freelocale(plain);
  return length;
}

int text_format(char *buffer, size_t capacity, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = text_format_list(buffer, capacity, format, arguments);
  va_end(arguments);
  return length;
}

static bool text_reserve(text *text, int64_t more) {
  if (!text->failed && text->length + more + 1 > text->capacity) {
    const int64_t capacity = 2 * (text->length + more + 32);
    if (text->data)
      text->failed = memory_resize(NULL, (void **)&text->data, capacity, 1, "text") != TERN_SUCCESS;
    else
      text->failed = memory_new(NULL, (void **)&text->data, capacity, 1, "text") != TERN_SUCCESS;
    if (!text->failed)
      text->capacity = capacity;
  }
  return !text->failed;
}

void text_add(text *text, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = text_format_list(NULL, 0, format, again);
  va_end(again);
  if (length < 0)
    text->failed = true;
  else if (text_reserve(text, length)) {
    text_format_list(text->data + text->length, (size_t)length + 1, format, arguments);
    text->length += length;
  }
  va_end(arguments);
}

static void text_add_bytes(text *text, const char *source, int64_t bytes) {
  if (!text_reserve(text, bytes))
    return;
  memcpy(text->data + text->length, source, (size_t)bytes);
  text->length += bytes;
  text->data[text->length] = '\0';
}

void text_add_json(text *text, const char *string) {
  if (!string) {
    text_add(text, "null");
    return;
  }
  text_add_bytes(text, "\"", 1);
  while (*string) {
    const int64_t bytes = text_utf8_length(string);
    if (bytes == 0)
      text_add_bytes(text, "\xef\xbf\xbd", 3);
    else if (*string == '"' || *string == '\\')
      text_add(text, "\\%c", *string);
    else if ((unsigned char)*string < ' ')
      text_add(text, "\\u%04x", (unsigned)*string);
    else
      text_add_bytes(text, string, bytes);
    string += bytes ? bytes : 1;
  }
  text_add_bytes(text, "\"", 1);
}

void text_add_real(text *text, double value) {
  char number[40] = "0";
  double back = 0;
  for (int digits = 15; digits <= 17 && back != value; digits++) {
    text_format(number, sizeof number, "%.*g", digits, value);
    text_to_real(number, &back);
  }
  char *exponent = strchr(number, 'e'); /* 1e-09 is 1e-9 */
  while (exponent && exponent[2] == '0' && exponent[3])
    memmove(exponent + 2, exponent + 3, strlen(exponent + 2));
  text_add(text, "%s", isfinite(value) ? number : "null");
}

void text_free(text *text) {
  memory_free(NULL, text->data);
  *text = (struct text){0};
}

int32_t text_copy(const char *source, char *buffer, int64_t capacity, int64_t *length) {
  const int64_t needed = (int64_t)strlen(source) + 1;
  if (capacity < 0)
    return error_set(TERN_ERROR_ARGUMENT, "capacity is %lld; valid: 0 or more", (long long)capacity);
  if (buffer && capacity < needed)
    return error_set(TERN_ERROR_BUFFER, "buffer of %lld bytes is too small: %lld are needed", (long long)capacity,
                     (long long)needed);
  if (buffer)
    memcpy(buffer, source, (size_t)needed);
  if (length)
    *length = needed - 1;
  return TERN_SUCCESS;
}

int32_t text_give(text *text, char *buffer, int64_t capacity, int64_t *length) {
  int32_t status = TERN_ERROR_MEMORY; /* message set where it ran out */
  if (!text->failed)
    status = text_copy(text->data ? text->data : "", buffer, capacity, length);
  text_free(text);
  return status;
}

static bool text_starts_number(const char *source) {
  return (*source >= '0' && *source <= '9') || (*source && strchr("+-.iInN", *source));
}

bool text_to_integer(const char *source, int64_t *value) {
  char *end;
  if (!text_starts_number(source))
    return false;
  errno = 0;
  const long long number = strtoll(source, &end, 10);
  if (errno || end == source || *end)
    return false;
  *value = number;
  return true;
}

/* Decimal only: hexadecimal floats and nan(...) are no numbers of any of our formats. */
bool text_to_real(const char *source, double *value) {
  char *end;
  if (!text_starts_number(source) || strpbrk(source, "xX("))
    return false;
  const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  const double number = strtod_l(source, &end, plain);
  freelocale(plain);
  if (end == source || *end)
    return false;
  *value = number;
  return true;
}

enum { TEXT_LONGEST_NAME = 63 };

/* Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours cost 1 each. */
static int text_distance(const char *a, const char *b) {
  int rows[3][TEXT_LONGEST_NAME + 1];
  const int n = (int)strlen(a), m = (int)strlen(b);
  for (int j = 0; j <= m; j++)
    rows[0][j] = j;
  for (int i = 1; i <= n; i++) {
    int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
    now[0] = i;
    for (int j = 1; j <= m; j++) {
      int best = last[j - 1] + (a[i - 1] != b[j - 1]);
      best = last[j] + 1 < best ? last[j] + 1 : best;
      best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      now[j] = best;
    }
  }
  return rows[n % 3][m];
}

const char *text_nearest(const char *name, const char *const *candidates, int64_t count) {
  const char *nearest = NULL;
  const size_t length = strlen(name);
  if (length > TEXT_LONGEST_NAME)
    return NULL;
  int best = 1 + (int)length / 3; /* farther than this is another word */
  for (int64_t i = 0; i < count; i++) {
    if (strlen(candidates[i]) > TEXT_LONGEST_NAME)
      continue;
    const int distance = text_distance(name, candidates[i]);
    if (distance < best || (distance == best && !nearest)) {
      best = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}

int64_t text_utf8_length(const char *source) {
  const unsigned char *s = (const unsigned char *)source;
  if (s[0] < 0x80)
    return s[0] != 0;
  const int64_t bytes = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
                        : (s[0] & 0xf0) == 0xe0       ? 3
                        : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                      : 0;
  for (int64_t i = 1; i < bytes; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  const bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
  const bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f); /* surrogates, above U+10FFFF */
  return overlong || beyond ? 0 : bytes;
}
