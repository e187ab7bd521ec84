/* SPDX-License-Identifier: BSD-3-Clause */
#include "helper_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the three above */
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ternion-test-XXXXXX";

const char *helper_folder(void) {
  if (strstr(folder, "XXXXXX") != NULL)
    assert_non_null(mkdtemp(folder));
  return folder;
}

const char *helper_path(char path[HELPER_PATH], const char *name) {
  snprintf(path, HELPER_PATH, "%s/%s", helper_folder(), name);
  return path;
}

/* Counts the files, and removes them when asked to. */
static int visit(int removing) {
  char path[2 * HELPER_PATH];
  int count = 0;
  DIR *stream = opendir(helper_folder());
  assert_non_null(stream);
  for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    ++count;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (removing)
      assert_int_equal(remove(path), 0);
  }
  closedir(stream);
  return count;
}

int helper_count(void) { return visit(0); }

void helper_folder_end(void) {
  visit(1);
  assert_int_equal(rmdir(folder), 0);
  memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
}

unsigned char *helper_bytes(const char *path, int64_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return NULL;
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  unsigned char *bytes = malloc((size_t)*size + 1);
  assert_int_equal(fread(bytes, 1, (size_t)*size, file), *size);
  fclose(file);
  return bytes;
}

void helper_store(const char *path, const void *bytes, int64_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, (size_t)size, file), size);
  assert_int_equal(fclose(file), 0);
}
