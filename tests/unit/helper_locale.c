/* SPDX-License-Identifier: BSD-3-Clause */
#include "helper_locale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What glibc reads as the numbers of a locale (see its locale/programs/locfile.c): magic number of the category, six
   entries and their offsets, then decimal point, separator and grouping as text, the first two as wide characters, the
   character set. */
static void write_numbers(const char *path) {
  const uint32_t head[8] = {0x20031114, 6, 32, 34, 35, 36, 40, 44};
  const char texts[4] = {',', '\0', '\0', '\0'};
  const uint32_t wide[2] = {',', 0};
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fwrite(head, sizeof head, 1, file);
  fwrite(texts, sizeof texts, 1, file);
  fwrite(wide, sizeof wide, 1, file);
  fwrite("UTF-8", 6, 1, file);
  assert_int_equal(fclose(file), 0);
}

/* Made in a folder of its own, where no locale of the system has a decimal comma. */
static void make_locale(void) {
  char folder[] = "/tmp/ternion-locale-XXXXXX", inner[64], path[80];
  assert_non_null(mkdtemp(folder));
  snprintf(inner, sizeof inner, "%s/comma", folder);
  snprintf(path, sizeof path, "%s/LC_NUMERIC", inner);
  assert_int_equal(mkdir(inner, 0700), 0);
  write_numbers(path);
  setenv("LOCPATH", folder, 1);
  assert_non_null(setlocale(LC_NUMERIC, "comma"));
  unsetenv("LOCPATH");
  unlink(path);
  rmdir(inner);
  rmdir(folder);
}

void helper_comma_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (setlocale(LC_NUMERIC, names[i]))
      break;
  if (strcmp(localeconv()->decimal_point, ",") != 0)
    make_locale();
  assert_string_equal(localeconv()->decimal_point, ",");
}
