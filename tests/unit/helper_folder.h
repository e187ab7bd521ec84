/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder of its own for a test that writes files. */
#ifndef TERNION_TESTS_HELPER_FOLDER_H
#define TERNION_TESTS_HELPER_FOLDER_H

#include <stdint.h>

enum { HELPER_PATH = 256 };

/* A new empty folder, which stays the same until the end of it. */
const char *helper_folder(void);
void helper_folder_end(void); /* with all files in it */
/* The path of a file in the folder. */
const char *helper_path(char path[HELPER_PATH], const char *name);
int helper_count(void); /* files in the folder, hidden ones too */

/* The bytes of a file, ended with free(); NULL when it cannot be read. */
unsigned char *helper_bytes(const char *path, int64_t *size);
void helper_store(const char *path, const void *bytes, int64_t size);

#endif
