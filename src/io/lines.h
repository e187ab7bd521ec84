/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a text stream, checked to be text, with places for messages. */
#ifndef TERNION_IO_LINES_H
#define TERNION_IO_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/run.h"
#include "io/file.h"

typedef struct lines {
  input_file *file; /* not owned */
  run *run;         /* carries the memory limit */
  int64_t chunk;    /* bytes asked for at a time */
  char *buffer;
  int64_t begin, end, capacity;
  bool ended;
  char *line;     /* the line at hand, NUL-terminated, without its end of line; may be written to */
  int64_t length; /* its bytes */
  int64_t number; /* its number, from 1 */
} lines;

enum { LINES_CHUNK = 1 << 16, LINES_LONGEST = 1 << 26, LINES_QUOTE = 48 };

int32_t lines_open(lines *lines, input_file *file, int64_t chunk, run *run);
void lines_close(lines *lines);
/* Steps to the next line; *found is false at the end of the file. NUL bytes and what is not UTF-8 are errors. */
int32_t lines_next(lines *lines, bool *found);
/* TERN_ERROR_FORMAT with "path:line:column: " before the message; `at` points into the line. */
int32_t lines_fail(const lines *lines, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A word for a message, shortened at a character's border. */
const char *lines_quote(char quote[LINES_QUOTE], const char *word, int64_t length);

#endif
