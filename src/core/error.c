/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/error.h"

#include <stdarg.h>
#include <string.h>

#include "core/text.h"

enum {
  ERROR_CAPACITY = 1024,
  ERROR_ROOM = ERROR_CAPACITY + 4
}; /* a character that formatting cuts lies beyond the capacity */
static _Thread_local char error_buffer[ERROR_CAPACITY];

/* One line of valid UTF-8, whatever names and values went into the message. */
static void error_keep(const char *message) {
  int64_t length = 0;
  for (const char *at = message; *at;) {
    const int64_t bytes = text_utf8_length(at);
    if (length + (bytes ? bytes : 1) >= ERROR_CAPACITY)
      break;
    if (bytes == 0 || (unsigned char)*at < ' ' || *at == 0x7f) {
      error_buffer[length++] = '?';
      at++;
    } else {
      memcpy(error_buffer + length, at, (size_t)bytes);
      length += bytes;
      at += bytes;
    }
  }
  error_buffer[length] = '\0';
}

/* Formats aside first: the arguments may point into the message at hand. */
int32_t error_set(int32_t status, const char *format, ...) {
  char message[ERROR_ROOM];
  va_list arguments;
  va_start(arguments, format);
  text_format_list(message, sizeof message, format, arguments);
  va_end(arguments);
  error_keep(message);
  return status;
}

int32_t error_prefix(int32_t status, const char *format, ...) {
  char message[ERROR_ROOM + ERROR_CAPACITY];
  va_list arguments;
  va_start(arguments, format);
  text_format_list(message, ERROR_ROOM, format, arguments);
  va_end(arguments);
  strcat(message, error_buffer);
  error_keep(message);
  return status;
}

const char *error_message(void) { return error_buffer; }

void error_clear(void) { error_buffer[0] = '\0'; }
