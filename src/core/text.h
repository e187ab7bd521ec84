/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that grows, text that is handed to a caller's buffer, and numbers as text: all of it independent of the locale.
 */
#ifndef TERNION_CORE_TEXT_H
#define TERNION_CORE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text {
  char *data; /* NUL-terminated once something was added */
  int64_t length, capacity;
  bool failed; /* memory ran out; text_give reports it */
} text;

void text_add(text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. NULL adds null. */
void text_add_json(text *text, const char *string);
/* The shortest decimal number that reads back as the same double; null when it is not finite, so that JSON stays valid.
 */
void text_add_real(text *text, double value);
void text_free(text *text);

/* The ABI's rule for text: buffer NULL asks for the length, a buffer that is too small is TERN_ERROR_BUFFER. */
int32_t text_copy(const char *source, char *buffer, int64_t capacity, int64_t *length);
/* The same for a grown text, which is freed. */
int32_t text_give(text *text, char *buffer, int64_t capacity, int64_t *length);

/* vsnprintf and snprintf with a decimal point in every locale. */
int text_format_list(char *buffer, size_t capacity, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int text_format(char *buffer, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whole strings only; surrounding blanks are not allowed. */
bool text_to_integer(const char *source, int64_t *value);
bool text_to_real(const char *source, double *value); /* inf and nan are read, for the caller to refuse */
/* The candidate nearest to `name` by edit distance, NULL when none is near. */
const char *text_nearest(const char *name, const char *const *candidates, int64_t count);
/* Bytes of the UTF-8 character at `source`, 0 when there is none (RFC 3629). */
int64_t text_utf8_length(const char *source);

#endif
