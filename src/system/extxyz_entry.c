/* SPDX-License-Identifier: BSD-3-Clause */
/* The grammar of a comment line: key=value, key = "a quoted value", key='...', key={...}, key=[...], a key alone. */
#include <string.h>

#include "core/error.h"
#include "system/extxyz_comment.h"
#include "system/extxyz_values.h"

/* A quoted text; *cursor is at the quote and moves behind the closing one. The text moves over its escapes. */
static int32_t entry_quoted(const lines *lines, char **cursor, char **text) {
  char *start = *cursor, *read = start + 1, *write = read;
  while (*read != *start) {
    if (*read == '\\' && read[1] != '\0') {
      ++read;
      *write++ = *read == 'n' ? '\n' : *read;
      ++read;
    } else if (*read == '\0') {
      return lines_fail(lines, start, "the quote %c that begins here does not end on this line", *start);
    } else {
      *write++ = *read++;
    }
  }
  *text = start + 1;
  *cursor = read + 1;
  *write = '\0';
  return TERN_SUCCESS;
}

/* Behind a quoted text inside brackets, which is left as it is; at the NUL when it does not end. */
static char *entry_pass_quoted(char *at) {
  const char quote = *at++;
  while (*at != quote && *at != '\0')
    at += *at == '\\' && at[1] != '\0' ? 2 : 1;
  return *at == quote ? at + 1 : at;
}

/* Behind what begins with a bracket, nested ones and quotes included. */
static int32_t entry_bracket(const lines *lines, char **cursor) {
  enum { DEEPEST = 32 };
  char closing[DEEPEST], *at = *cursor;
  int depth = 0;
  do {
    if (*at == '\0')
      return lines_fail(lines, *cursor, "the bracket that begins here is not closed on this line");
    if (*at == '"' || *at == '\'') {
      at = entry_pass_quoted(at);
      continue;
    }
    if (*at == '[' || *at == '{') {
      if (depth == DEEPEST)
        return lines_fail(lines, at, "brackets nested more than %d deep", DEEPEST);
      closing[depth++] = *at == '[' ? ']' : '}';
    } else if (*at == ']' || *at == '}') {
      if (*at != closing[--depth])
        return lines_fail(lines, at, "'%c' where '%c' is due", *at, closing[depth]);
    }
    ++at;
  } while (depth > 0);
  *cursor = at;
  return TERN_SUCCESS;
}

/* Behind an unquoted word. */
static int32_t entry_bare(const lines *lines, char **cursor, bool key) {
  char *at = *cursor;
  while (*at != '\0' && !extxyz_blank(*at) && !(key && *at == '=')) {
    if (*at == '"' || *at == '\'' || (!key && *at == '='))
      return lines_fail(lines, at, "'%c' inside a word; quote the whole word", *at);
    ++at;
  }
  *cursor = at;
  return TERN_SUCCESS;
}

static int32_t entry_text(const lines *lines, char **cursor, bool key, char **text) {
  char *start = *cursor;
  *text = start;
  if (*start == '"' || *start == '\'')
    return entry_quoted(lines, cursor, text);
  if (!key && (*start == '[' || *start == '{'))
    return entry_bracket(lines, cursor);
  return entry_bare(lines, cursor, key);
}

static void entry_skip(char **cursor) {
  while (extxyz_blank(**cursor))
    ++*cursor;
}

/* The value behind the '=' at *cursor. */
static int32_t entry_value(const lines *lines, char **cursor, extxyz_entry *entry) {
  char key[LINES_QUOTE];
  lines_quote(key, entry->key, (int64_t)strlen(entry->key));
  ++*cursor;
  entry_skip(cursor);
  if (**cursor == '\0')
    return lines_fail(lines, *cursor, "key '%s' has no value behind its '='", key);
  TRY(entry_text(lines, cursor, false, &entry->value));
  if (**cursor != '\0' && !extxyz_blank(**cursor))
    return lines_fail(lines, *cursor, "a blank is needed behind the value of '%s'", key);
  if (**cursor != '\0')
    *(*cursor)++ = '\0';
  return TERN_SUCCESS;
}

int32_t extxyz_entry_next(const lines *lines, char **cursor, extxyz_entry *entry, bool *found) {
  entry->value = NULL;
  entry_skip(cursor);
  *found = **cursor != '\0';
  if (!*found)
    return TERN_SUCCESS;
  if (**cursor == '=')
    return lines_fail(lines, *cursor, "'=' without a key before it; valid: key=value");
  TRY(entry_text(lines, cursor, true, &entry->key));
  char *end = *cursor;
  if (*end != '\0' && *end != '=' && !extxyz_blank(*end))
    return lines_fail(lines, end, "a blank or '=' is needed behind a quoted key");
  entry_skip(cursor);
  const bool value = **cursor == '=';
  *end = '\0'; /* may be the '=' */
  return value ? entry_value(lines, cursor, entry) : TERN_SUCCESS;
}
