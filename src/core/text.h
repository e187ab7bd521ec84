/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that grows, and text that is handed to a caller's buffer. */
#ifndef TERNION_CORE_TEXT_H
#define TERNION_CORE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct text {
  char *data; /* NUL-terminated once something was added */
  int64_t length, capacity;
  bool failed; /* memory ran out; text_give reports it */
} text;

void text_add(text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(text *text);

/* The ABI's rule for text: buffer NULL asks for the length, a buffer that is too small is TERN_ERROR_BUFFER. */
int32_t text_copy(const char *source, char *buffer, int64_t capacity, int64_t *length);
/* The same for a grown text, which is freed. */
int32_t text_give(text *text, char *buffer, int64_t capacity, int64_t *length);

/* Whole strings only; surrounding blanks are not allowed. Independent of the locale. */
bool text_to_integer(const char *source, int64_t *value);
bool text_to_real(const char *source, double *value); /* inf and nan are read, for the caller to refuse */
/* The candidate nearest to `name` by edit distance, NULL when none is near. */
const char *text_nearest(const char *name, const char *const *candidates, int64_t count);

#endif
