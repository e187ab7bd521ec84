/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte streams: plain or gzip input, and output that appears under its name whole or not at all. */
#ifndef TERNION_IO_FILE_H
#define TERNION_IO_FILE_H

#include <stdint.h>

/* Input; gzip is recognised by its first bytes. A directory, a truncated or damaged gzip file are errors that name the
 * path. */
typedef struct input_file input_file;
int32_t input_open(input_file **file, const char *path);
/* The same from bytes in memory, which must outlive the stream; `name` stands for the path in messages. */
int32_t input_open_memory(input_file **file, const char *name, const void *data, int64_t bytes);
/* At most `capacity` bytes; *count 0 at the end. */
int32_t input_read(input_file *file, void *buffer, int64_t capacity, int64_t *count);
const char *input_path(const input_file *file);
void input_close(input_file *file);

/* Output through a temporary file in the same folder; gzip when the name ends in .gz. A device or a pipe is written
   directly, and what a symbolic link points to is replaced, not the link. */
typedef struct output_file output_file;
int32_t output_open(output_file **file, const char *path);
int32_t output_write(output_file *file, const void *data, int64_t bytes);
int32_t output_printf(output_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
int32_t output_commit(output_file *file); /* flush, fsync, rename; full disks show here at the latest */
void output_free(output_file *file);      /* removes what was not committed */

#endif
