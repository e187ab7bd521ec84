/* SPDX-License-Identifier: BSD-3-Clause */
/* All groups, or those that are named as arguments. */
#include "common.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  int (*run)(void);
} groups[] = {{"golden", test_golden},       {"refusals", test_refusals}, {"untouched", test_untouched},
              {"callbacks", test_callbacks}, {"files", test_files},       {"ranges", test_ranges},
              {"ranks", test_ranks},         {"threads", test_threads}};

int main(int count, char **arguments) {
  int failed = 0, ran = 0;
  for (size_t k = 0; k < sizeof groups / sizeof groups[0]; k++) {
    int wanted = count == 1;
    for (int a = 1; a < count; a++)
      wanted |= strcmp(arguments[a], groups[k].name) == 0;
    if (!wanted)
      continue;
    failed += groups[k].run();
    ran++;
  }
  if (ran == 0)
    fprintf(stderr, "no such group\n");
  return failed != 0 || ran == 0;
}
