/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of an option: read from text or numbers by the type and range of its row, and written as text again. */
#ifndef TERNION_CORE_OPTION_VALUE_H
#define TERNION_CORE_OPTION_VALUE_H

#include "core/options.h"

typedef struct option_value {
  bool set, word;     /* word: one of the row's words instead of numbers */
  char *text;         /* canonical; owned, NULL when not set */
  int64_t count;      /* numbers: 1 for a scalar, 0 for an empty default */
  int64_t integer;    /* the scalar, for integers and flags */
  double real;        /* the scalar, for reals */
  int64_t *integers;  /* the list, owned */
  double *reals;
} option_value;

typedef union option_number {
  int64_t integer;
  double real;
} option_number;

int32_t option_value_read(option_value *value, const option_row *row, const char *source);
/* The row's default, which takes no memory, so that it can be had always: its text is the row's, the numbers of a list
 *are put in pool, which moves on. */
int32_t option_value_default(option_value *value, const option_row *row, option_number **pool);
int32_t option_value_from_numbers(option_value *value, const option_row *row, int64_t count, const double *reals,
                                  const int64_t *integers);
int32_t option_value_copy(option_value *copy, const option_value *value);
void option_value_free(option_value *value);

bool option_is_integer(const option_row *row); /* integers, flags, species and lists of them */
bool option_is_real(const option_row *row);
bool option_is_list(const option_row *row);
/* TERN_ERROR_OPTION: what was given, what would be valid. */
int32_t option_refuse(const option_row *row, const char *given);

#endif
