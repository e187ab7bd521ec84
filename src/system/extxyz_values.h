/* SPDX-License-Identifier: BSD-3-Clause */
/* Words and numbers of an extended XYZ line. */
#ifndef TERNION_SYSTEM_EXTXYZ_VALUES_H
#define TERNION_SYSTEM_EXTXYZ_VALUES_H

#include "io/lines.h"

bool extxyz_blank(char byte);
/* The next word from *cursor on, which moves behind it; length 0 at the end of the text. */
int64_t extxyz_word(const char **cursor, const char **word);
/* Finite numbers; false for anything else. The exponent may be marked by e, E, d or D. */
bool extxyz_real(const char *word, int64_t length, double *value);
bool extxyz_integer(const char *word, int64_t length, int64_t *value);
/* T, True, TRUE, true, 1 and their contraries. */
bool extxyz_flag(const char *word, int64_t length, int32_t *value);
/* A list: values separated by blanks or commas, in one pair of brackets or none. Returns how many there are, of which
   at most `most` are stored; -1 with *wrong at what is no finite number or no flag. */
int64_t extxyz_reals(const char *text, int64_t most, double *values, const char **wrong);
int64_t extxyz_flags(const char *text, int64_t most, int32_t *values, const char **wrong);

#endif
