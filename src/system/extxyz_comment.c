/* SPDX-License-Identifier: BSD-3-Clause */
/* The entries of a comment line that matter: cell, periodicity, columns, targets. */
#include "system/extxyz_comment.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/error.h"
#include "system/extxyz_values.h"
#include "system/lattice.h"
#include "system/system_check.h"

/* Is this the key `has_NAME`? */
static bool comment_denies(const char *key, const char *name) {
  return strncmp(key, "has_", 4) == 0 && strcmp(key + 4, name) == 0;
}

static int32_t comment_keep(const lines *lines, const extxyz_entry *entry, char **kept) {
  if (entry->value == NULL)
    return lines_fail(lines, entry->key, "key '%s' needs a value: %s=...", entry->key, entry->key);
  if (*kept != NULL)
    return lines_fail(lines, entry->key, "key '%s' is there twice on this line", entry->key);
  *kept = entry->value;
  return TERN_SUCCESS;
}

static int32_t comment_keep_flag(const lines *lines, const extxyz_entry *entry, int32_t *flag) {
  if (entry->value != NULL && !extxyz_flag(entry->value, (int64_t)strlen(entry->value), flag))
    return lines_fail(lines, entry->value, "key '%s' is neither T nor F", entry->key);
  return TERN_SUCCESS;
}

static int32_t comment_take(const lines *lines, const extxyz_keys *keys, const extxyz_entry *entry,
                            extxyz_comment *comment) {
  const struct {
    const char *name;
    char **kept;
    int32_t *flag;
  } rows[] = {{"Lattice", &comment->lattice, NULL},
              {"Properties", &comment->properties, NULL},
              {"pbc", &comment->pbc, NULL},
              {keys->energy, &comment->energy, &comment->has_energy},
              {keys->virial, &comment->virial, &comment->has_virial},
              {keys->stress, &comment->stress, &comment->has_stress},
              {keys->forces, NULL, &comment->has_forces},
              {keys->tensor, &comment->tensor, &comment->has_tensor}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    if (rows[i].name == NULL)
      continue;
    if (rows[i].kept != NULL && strcmp(entry->key, rows[i].name) == 0)
      return comment_keep(lines, entry, rows[i].kept);
    if (rows[i].flag != NULL && comment_denies(entry->key, rows[i].name))
      return comment_keep_flag(lines, entry, rows[i].flag);
  }
  /* A cell or columns that go unseen for a letter's case would change what the file means. */
  for (int i = 0; i < 3; ++i)
    if (strcasecmp(entry->key, rows[i].name) == 0)
      return lines_fail(lines, entry->key, "key '%s' must be spelled '%s'", entry->key, rows[i].name);
  return TERN_SUCCESS;
}

int32_t extxyz_comment_read(const lines *lines, const extxyz_keys *keys, extxyz_comment *comment) {
  char *cursor = lines->line;
  extxyz_entry entry;
  bool found = true;
  memset(comment, 0, sizeof *comment);
  comment->has_energy = comment->has_forces = comment->has_virial = comment->has_stress = comment->has_tensor = 1;
  for (;;) {
    TRY(extxyz_entry_next(lines, &cursor, &entry, &found));
    if (!found)
      return TERN_SUCCESS;
    TRY(comment_take(lines, keys, &entry, comment));
  }
}

/* A list whose length is one of two. */
static int32_t comment_reals(const lines *lines, const char *key, const char *text, int64_t length, int64_t other,
                             double *values, int64_t *count) {
  const char *wrong = NULL;
  *count = extxyz_reals(text, length, values, &wrong);
  if (*count == length || *count == other)
    return TERN_SUCCESS;
  if (*count < 0) {
    char quote[LINES_QUOTE];
    lines_quote(quote, wrong, (int64_t)strcspn(wrong, " \t,"));
    return lines_fail(lines, wrong, "%s: '%s' is not a finite number", key, quote);
  }
  if (length == other)
    return lines_fail(lines, text, "%s has %lld values; %lld are needed", key, (long long)*count, (long long)length);
  return lines_fail(lines, text, "%s has %lld values; %lld or %lld are needed", key, (long long)*count,
                    (long long)length, (long long)other);
}

static int32_t comment_periodic(const lines *lines, const extxyz_comment *comment, extxyz_frame *frame) {
  const char *wrong = NULL;
  for (int d = 0; d < 3; ++d)
    frame->periodic[d] = frame->has_cell;
  if (comment->pbc == NULL)
    return TERN_SUCCESS;
  if (extxyz_flags(comment->pbc, 3, frame->periodic, &wrong) != 3)
    return lines_fail(lines, comment->pbc, "pbc needs three of T and F, as pbc=\"T T F\"");
  const bool any = frame->periodic[0] || frame->periodic[1] || frame->periodic[2];
  if (any && !frame->has_cell)
    return lines_fail(lines, comment->pbc, "a periodic direction needs a cell: Lattice=\"...\" is missing");
  return TERN_SUCCESS;
}

static int32_t comment_cell(const lines *lines, const extxyz_comment *comment, extxyz_frame *frame) {
  int64_t count = 0;
  frame->has_cell = comment->lattice != NULL;
  memset(frame->cell, 0, sizeof frame->cell);
  if (frame->has_cell)
    TRY(comment_reals(lines, "Lattice", comment->lattice, 9, 9, frame->cell[0], &count));
  TRY(comment_periodic(lines, comment, frame));
  for (int i = 0; i < 9; ++i)
    if (fabs(frame->cell[i / 3][i % 3]) > SYSTEM_LARGEST_CELL)
      return lines_fail(lines, comment->lattice, "Lattice holds %g; at most %g Angstrom is meaningful",
                        frame->cell[i / 3][i % 3], SYSTEM_LARGEST_CELL);
  if (!lattice_independent(frame->cell, frame->periodic))
    return lines_fail(lines, comment->lattice,
                      "the cell has zero volume: the vectors of periodic directions must be independent");
  return TERN_SUCCESS;
}

/* Six numbers are xx yy zz yz xz xy (Voigt's order). */
static void comment_spread(int64_t count, const double *values, double factor, double matrix[3][3]) {
  static const int voigt[9] = {0, 5, 4, 5, 1, 3, 4, 3, 2};
  for (int i = 0; i < 9; ++i)
    matrix[i / 3][i % 3] = factor * values[count == 9 ? i : voigt[i]];
}

static int32_t comment_virial(const lines *lines, const extxyz_keys *keys, const extxyz_comment *comment,
                              extxyz_frame *frame) {
  double values[9];
  int64_t count = 0;
  const bool virial = comment->virial != NULL && comment->has_virial,
             stress = comment->stress != NULL && comment->has_stress;
  frame->has_virial = virial || stress;
  if (virial) {
    TRY(comment_reals(lines, keys->virial, comment->virial, 9, 6, values, &count));
    comment_spread(count, values, 1, frame->virial);
  } else if (stress) {
    const double volume = frame->has_cell ? fabs(lattice_determinant(frame->cell)) : 0;
    TRY(comment_reals(lines, keys->stress, comment->stress, 9, 6, values, &count));
    if (!(volume > 0))
      return lines_fail(lines, comment->stress, "%s needs a cell with a volume; give %s, or has_%s=F", keys->stress,
                        keys->virial, keys->stress);
    comment_spread(count, values, -volume, frame->virial);
  }
  return TERN_SUCCESS;
}

static int32_t comment_tensor(const lines *lines, const extxyz_keys *keys, const extxyz_comment *comment,
                              extxyz_frame *frame) {
  const char *wrong = NULL;
  char quote[LINES_QUOTE];
  frame->tensor_order = -1;
  if (comment->tensor == NULL || !comment->has_tensor)
    return TERN_SUCCESS;
  const int64_t count = extxyz_reals(comment->tensor, TENSOR_MOST, frame->tensor, &wrong);
  if (count < 0) {
    lines_quote(quote, wrong, (int64_t)strcspn(wrong, " \t,"));
    return lines_fail(lines, wrong, "%s: '%s' is not a finite number", keys->tensor, quote);
  }
  frame->tensor_order = tensor_order(count);
  if (frame->tensor_order < 0)
    return lines_fail(lines, comment->tensor,
                      "%s has %lld values; a tensor of order 0, 1, 2 or 3 has 1, 3, 9 or 27, row by row", keys->tensor,
                      (long long)count);
  return TERN_SUCCESS;
}

int32_t extxyz_comment_apply(const lines *lines, const extxyz_keys *keys, const extxyz_comment *comment,
                             extxyz_frame *frame) {
  int64_t count = 0;
  TRY(comment_cell(lines, comment, frame));
  frame->has_energy = comment->energy != NULL && comment->has_energy;
  if (frame->has_energy)
    TRY(comment_reals(lines, keys->energy, comment->energy, 1, 1, &frame->energy, &count));
  TRY(comment_virial(lines, keys, comment, frame));
  return comment_tensor(lines, keys, comment, frame);
}
