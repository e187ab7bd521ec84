/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of arguments by their type; each names the function and the argument, and says what would be valid. */
#ifndef TERNION_API_CHECK_H
#define TERNION_API_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

/* Which argument of which function. */
typedef struct check_place {
  const char *function, *argument;
} check_place;

/* One valid number of an enumeration. */
typedef struct check_choice {
  int32_t number;
  const char *name;
} check_choice;

/* `given`: is it not NULL? Asked by the caller, because a pointer to a function is none to void. */
int32_t check_pointer(check_place place, bool given);
int32_t check_count(check_place place, int64_t count);
/* Could an array of these dimensions (not negative) lie in the machine's memory? pointer NULL: nothing to check. */
int32_t check_array(check_place place, const void *pointer, int64_t size, int32_t rank, const int64_t *dimensions);
int32_t check_enum(check_place place, int32_t value, int32_t count, const check_choice *choices);
/* Is it a living handle of this kind? NULL passes, as an optional argument. */
int32_t check_handle(check_place place, const void *handle, uint32_t tag);
/* Is it UTF-8? NULL passes. */
int32_t check_text(check_place place, const char *text);
/* Are they finite? values NULL passes; a defect is named with its subscripts. */
int32_t check_number(check_place place, double value);
int32_t check_numbers(check_place place, const double *values, int32_t rank, const int64_t *dimensions);

#endif
