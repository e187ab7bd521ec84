/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/lines.h"

#include <stdarg.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"

int32_t lines_open(lines *lines, input_file *file, int64_t chunk, run *run) {
  memset(lines, 0, sizeof *lines);
  lines->file = file;
  lines->run = run;
  lines->chunk = chunk;
  lines->capacity = 2 * chunk + 1;
  return MEMORY_NEW(run, &lines->buffer, lines->capacity, "a line buffer");
}

void lines_close(lines *lines) {
  memory_free(lines->run, lines->buffer);
  lines->buffer = NULL;
}

int32_t lines_fail(const lines *lines, const char *at, const char *format, ...) {
  char what[512];
  int64_t column = 1;
  for (const char *byte = lines->line; byte < at; ++byte)
    column += ((unsigned char)*byte & 0xc0) != 0x80; /* characters, as an editor counts them */
  va_list arguments;
  va_start(arguments, format);
  text_format_list(what, sizeof what, format, arguments);
  va_end(arguments);
  return error_set(TERN_ERROR_FORMAT, "%s:%lld:%lld: %s", input_path(lines->file), (long long)lines->number,
                   (long long)column, what);
}

const char *lines_quote(char quote[LINES_QUOTE], const char *word, int64_t length) {
  enum { KEPT = LINES_QUOTE - 4 };
  int64_t kept = length <= KEPT ? length : KEPT;
  while (kept < length && kept > 0 && ((unsigned char)word[kept] & 0xc0) == 0x80)
    --kept;
  memcpy(quote, word, (size_t)kept);
  memcpy(quote + kept, length > kept ? "..." : "", length > kept ? 4 : 1);
  return quote;
}

/* Room for one more chunk and a NUL: what was used is dropped first, then the buffer grows. */
static int32_t lines_room(lines *lines) {
  if (lines->begin > 0) {
    memmove(lines->buffer, lines->buffer + lines->begin, (size_t)(lines->end - lines->begin));
    lines->end -= lines->begin;
    lines->begin = 0;
  }
  if (lines->end + lines->chunk < lines->capacity)
    return TERN_SUCCESS;
  if (lines->end > LINES_LONGEST)
    return error_set(TERN_ERROR_FORMAT, "%s:%lld:1: the line is longer than %d bytes; this is no structure file",
                     input_path(lines->file), (long long)lines->number + 1, LINES_LONGEST);
  TRY(memory_resize(lines->run, (void **)&lines->buffer, 2 * lines->capacity, 1, "a line buffer"));
  lines->capacity *= 2;
  return TERN_SUCCESS;
}

/* The NUL behind the line ends a character that is cut. */
static int32_t lines_check(const lines *lines) {
  const unsigned char *bytes = (const unsigned char *)lines->line;
  int64_t at = 0;
  while (at < lines->length) {
    uint64_t eight = 0;
    if (lines->length - at >= 8) {
      memcpy(&eight, bytes + at, 8);
      /* no high bit and no zero byte among eight */
      if (((eight | (eight - 0x0101010101010101u)) & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    if (bytes[at] == 0)
      return lines_fail(lines, lines->line + at, "a NUL byte; a structure file is text");
    const int64_t length = text_utf8_length(lines->line + at);
    if (length == 0)
      return lines_fail(lines, lines->line + at, "byte 0x%02x is not UTF-8 text", (unsigned)bytes[at]);
    at += length;
  }
  return TERN_SUCCESS;
}

/* Bytes up to the next line feed, or all that is left when the file ends without one; read as needed. */
static int32_t lines_find(lines *lines, int64_t *length, bool *feed) {
  int64_t searched = 0;
  for (;;) {
    const char *start = lines->buffer + lines->begin;
    const char *found = memchr(start + searched, '\n', (size_t)(lines->end - lines->begin - searched));
    *feed = found != NULL;
    *length = found != NULL ? found - start : lines->end - lines->begin;
    if (*feed || lines->ended)
      return TERN_SUCCESS;
    searched = *length;
    int64_t count = 0;
    TRY(lines_room(lines));
    TRY(input_read(lines->file, lines->buffer + lines->end, lines->chunk, &count));
    lines->end += count;
    lines->ended = count == 0;
  }
}

int32_t lines_next(lines *lines, bool *found) {
  int64_t length = 0;
  bool feed = false;
  TRY(lines_find(lines, &length, &feed));
  *found = feed || length > 0;
  lines->line = lines->buffer + lines->begin;
  lines->begin += length + (feed ? 1 : 0);
  if (length > 0 && lines->line[length - 1] == '\r')
    --length;
  lines->line[length] = '\0';
  lines->length = length;
  ++lines->number; /* at the end of the file too: where more was expected */
  return lines_check(lines);
}
