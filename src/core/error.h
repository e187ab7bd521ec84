/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread-local message behind a failure. */
#ifndef TERNION_CORE_ERROR_H
#define TERNION_CORE_ERROR_H

#include <stdint.h>
#include <ternion.h>

/* Keeps a formatted message for tern_last_error and returns `status`, so that a failure is one statement.
   One line of at most 1023 bytes; what is longer is cut. */
int32_t error_set(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts words before the message at hand ("train.extxyz: ..."); returns `status`. */
int32_t error_prefix(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* This thread's message; empty when nothing failed. */
const char *error_message(void);
void error_clear(void);

/* Ends the calling function with a failure's status. */
#define TRY(call)                      \
  do {                                 \
    const int32_t try_status = (call); \
    if (try_status != TERN_SUCCESS)    \
      return try_status;               \
  } while (0)

#endif
