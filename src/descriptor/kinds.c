/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of descriptor kinds: a new one is entered here. */
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "descriptor/descriptor.h"

static const descriptor_kind *const kinds_table[] = {&density_kind, &power_spectrum_kind, &correlations_kind,
                                                    &frames_kind, &triplets_kind};
enum { KINDS_COUNT = sizeof kinds_table / sizeof kinds_table[0] };

const descriptor_kind *descriptor_kinds(int64_t index) {
  return index >= 0 && index < KINDS_COUNT ? kinds_table[index] : NULL;
}

const descriptor_kind *descriptor_kind_find(const char *name) {
  for (int64_t i = 0; i < KINDS_COUNT; i++)
    if (strcmp(kinds_table[i]->name, name) == 0)
      return kinds_table[i];
  return NULL;
}

int32_t descriptor_kind_unknown(const char *name) {
  const char *names[KINDS_COUNT];
  text valid = {0};
  for (int64_t i = 0; i < KINDS_COUNT; i++) {
    names[i] = kinds_table[i]->name;
    text_add(&valid, "%s%s", i == 0 ? "" : ", ", names[i]);
  }
  const char *nearest = text_nearest(name, names, KINDS_COUNT);
  error_set(TERN_ERROR_ARGUMENT, "unknown descriptor kind '%s'%s%s%s; valid are %s", name,
            nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "",
            valid.failed ? "" : valid.data);
  text_free(&valid);
  return TERN_ERROR_ARGUMENT;
}
