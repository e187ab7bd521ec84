/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that come with the program: in the installed tree, or in the source tree that it was built from. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static bool program_folder(char *folder) {
  const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
  if (length <= 0)
    return false;
  folder[length] = '\0';
  *strrchr(folder, '/') = '\0';
  return true;
}

bool find_shipped(const char *installed, const char *source, const char *name, char *path) {
  char program[PATH_MAX];
  if (program_folder(program)) {
    snprintf(path, SHIPPED_PATH, "%s/../share/ternion/%s/%s", program, installed, name);
    if (access(path, R_OK) == 0)
      return true;
  }
  snprintf(path, SHIPPED_PATH, "%s/%s/%s", TERNION_SOURCE_SHARE, source, name);
  return access(path, R_OK) == 0;
}
