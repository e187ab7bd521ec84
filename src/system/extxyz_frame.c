/* SPDX-License-Identifier: BSD-3-Clause */
/* One frame: number of atoms, comment, atoms. */
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "system/extxyz_columns.h"
#include "system/extxyz_comment.h"
#include "system/extxyz_values.h"
#include "system/system_check.h"

void extxyz_frame_free(run *run, extxyz_frame *frame) {
  memory_free(run, frame->species);
  memory_free(run, frame->positions);
  memory_free(run, frame->forces);
  memory_free(run, frame->vectors);
  memset(frame, 0, sizeof *frame);
}

static int32_t frame_fail_word(const lines *lines, const char *word, int64_t length, const char *what) {
  char quote[LINES_QUOTE];
  if (length == 0)
    return lines_fail(lines, word, "the line ends where %s is due", what);
  lines_quote(quote, word, length);
  return lines_fail(lines, word, "'%s' is not %s", quote, what);
}

/* Room for one more atom: arrays grow as atoms arrive, whatever number the file announces. */
static int32_t frame_reserve(run *run, extxyz_frame *frame, int64_t atoms) {
  static const char what[] = "the atoms of a structure";
  const int64_t capacity = frame->capacity > 0 ? 2 * frame->capacity : 64;
  if (atoms <= frame->capacity)
    return TERN_SUCCESS;
  TRY(memory_resize(run, (void **)&frame->species, capacity, sizeof *frame->species, what));
  TRY(memory_resize(run, (void **)&frame->positions, capacity, 3 * sizeof *frame->positions, what));
  TRY(memory_resize(run, (void **)&frame->forces, capacity, 3 * sizeof *frame->forces, what));
  frame->capacity = capacity;
  return TERN_SUCCESS;
}

/* The same for vectors, whose width differs from file to file. */
static int32_t frame_reserve_vectors(run *run, extxyz_frame *frame, int64_t atoms) {
  const int64_t needed = atoms * frame->vector_width;
  if (needed <= frame->vector_capacity)
    return TERN_SUCCESS;
  TRY(memory_resize(run, (void **)&frame->vectors, 2 * needed, sizeof *frame->vectors, "the vectors of atoms"));
  frame->vector_capacity = 2 * needed;
  return TERN_SUCCESS;
}

static int32_t frame_reals(const lines *lines, const char **cursor, const char *what, int64_t count, double *vector) {
  const char *word = NULL;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t length = extxyz_word(cursor, &word);
    if (length == 0 || !extxyz_real(word, length, &vector[k]))
      return frame_fail_word(lines, word, length, what);
  }
  return TERN_SUCCESS;
}

/* An element by symbol or by number; a line that has both must agree with itself (`species` holds what was read before,
 * or 0). */
static int32_t frame_species(const lines *lines, const char **cursor, bool symbol, int32_t *species) {
  const char *word = NULL;
  const int64_t length = extxyz_word(cursor, &word);
  int64_t number = 0;
  if (symbol)
    number = length > 0 ? elements_number(word, length) : 0;
  else if (!extxyz_integer(word, length, &number) ||
           elements_symbol(number < 1 || number > ELEMENTS_COUNT ? 0 : (int32_t)number) == NULL)
    number = 0;
  if (number == 0)
    return frame_fail_word(lines, word, length,
                           symbol ? "the symbol of an element, such as Si" : "an atomic number, 1 to 118");
  if (*species != 0 && *species != number)
    return lines_fail(lines, word, "species and Z name different elements, %s and %s", elements_symbol(*species),
                      elements_symbol((int32_t)number));
  *species = (int32_t)number;
  return TERN_SUCCESS;
}

static int32_t frame_skip(const lines *lines, const char **cursor, int64_t width) {
  const char *word = NULL;
  for (int64_t i = 0; i < width; ++i)
    if (extxyz_word(cursor, &word) == 0)
      return frame_fail_word(lines, word, 0, "a further column");
  return TERN_SUCCESS;
}

static int32_t frame_atom(const lines *lines, const extxyz_columns *columns, int64_t atom, extxyz_frame *frame) {
  const char *cursor = lines->line, *word = NULL;
  frame->species[atom] = 0;
  for (int i = 0; i < columns->count; ++i) {
    const extxyz_role role = columns->group[i].role;
    if (role == ROLE_POSITION)
      TRY(frame_reals(lines, &cursor, "a finite coordinate", 3, frame->positions + 3 * atom));
    else if (role == ROLE_FORCES)
      TRY(frame_reals(lines, &cursor, "a finite force", 3, frame->forces + 3 * atom));
    else if (role == ROLE_VECTOR)
      TRY(frame_reals(lines, &cursor, "a finite number of the target", frame->vector_width,
                      frame->vectors + frame->vector_width * atom));
    else if (role == ROLE_IGNORED)
      TRY(frame_skip(lines, &cursor, columns->group[i].width));
    else
      TRY(frame_species(lines, &cursor, role == ROLE_SYMBOL, &frame->species[atom]));
  }
  const int64_t length = extxyz_word(&cursor, &word);
  if (length == 0)
    return TERN_SUCCESS;
  char quote[LINES_QUOTE];
  return lines_fail(lines, word, "'%s' is one column too many: Properties names %lld", lines_quote(quote, word, length),
                    (long long)columns->width);
}

static int32_t frame_atoms(lines *lines, const extxyz_columns *columns, extxyz_frame *frame) {
  bool found = false;
  for (int64_t atom = 0; atom < frame->n_atoms; ++atom) {
    TRY(lines_next(lines, &found));
    if (!found)
      return lines_fail(lines, lines->line, "the file ends after %lld of %lld atoms", (long long)atom,
                        (long long)frame->n_atoms);
    TRY(frame_reserve(lines->run, frame, atom + 1));
    TRY(frame_reserve_vectors(lines->run, frame, atom + 1));
    TRY(frame_atom(lines, columns, atom, frame));
  }
  return TERN_SUCCESS;
}

/* The number of atoms; at the end of the file, behind blank lines or not, *found is false. */
static int32_t frame_count(lines *lines, int64_t *n_atoms, bool *found) {
  const char *cursor = NULL, *word = NULL;
  int64_t length = 0, blank_lines = 0;
  for (;; ++blank_lines) {
    TRY(lines_next(lines, found));
    if (!*found)
      return TERN_SUCCESS;
    cursor = lines->line;
    length = extxyz_word(&cursor, &word);
    if (length > 0)
      break;
  }
  if (blank_lines > 0)
    return lines_fail(lines, word,
                      "blank lines before this one: they are allowed at the end of the "
                      "file only");
  if (!extxyz_integer(word, length, n_atoms) || *n_atoms < 0)
    return frame_fail_word(lines, word, length, "a number of atoms, 0 or more");
  if (*n_atoms > SYSTEM_LARGEST)
    return lines_fail(lines, word, "%lld atoms are more than any memory holds", (long long)*n_atoms);
  length = extxyz_word(&cursor, &word);
  if (length > 0)
    return lines_fail(lines, word, "the number of atoms must stand alone on its line");
  return TERN_SUCCESS;
}

int32_t extxyz_next(lines *lines, const extxyz_keys *keys, extxyz_frame *frame, bool *found) {
  extxyz_comment comment;
  extxyz_columns columns;
  bool more = false;
  TRY(frame_count(lines, &frame->n_atoms, found));
  if (!*found)
    return TERN_SUCCESS;
  TRY(lines_next(lines, &more));
  if (!more)
    return lines_fail(lines, lines->line, "the file ends where the comment line is due");
  TRY(extxyz_comment_read(lines, keys, &comment));
  TRY(extxyz_comment_apply(lines, keys, &comment, frame));
  TRY(extxyz_columns_read(lines, comment.properties, comment.has_forces ? keys->forces : NULL,
                          comment.has_tensor ? keys->tensor : NULL, &columns));
  frame->has_forces = columns.has_forces;
  frame->vector_width = columns.vector_width;
  if (columns.vector_width > 0 && frame->tensor_order >= 0)
    return lines_fail(lines, comment.tensor, "'%s' is a column and an entry of the comment line: only one of them can "
                      "be the target", keys->tensor);
  return frame_atoms(lines, &columns, frame);
}
