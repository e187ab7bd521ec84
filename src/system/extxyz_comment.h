/* SPDX-License-Identifier: BSD-3-Clause */
/* The comment line of a frame: its grammar, and the entries that matter. */
#ifndef TERNION_SYSTEM_EXTXYZ_COMMENT_H
#define TERNION_SYSTEM_EXTXYZ_COMMENT_H

#include "system/extxyz.h"

/* One entry: key=value, or a key alone (value NULL), which means true. Quotes are removed, escapes are resolved. */
typedef struct extxyz_entry {
  char *key, *value;
} extxyz_entry;

/* The entry from *cursor on, which moves behind it; *found is false at the end of the line. The line is overwritten. */
int32_t extxyz_entry_next(const lines *lines, char **cursor, extxyz_entry *entry, bool *found);

/* Values of the entries that matter, in the line; NULL where absent. A target that `has_KEY=F` denies is absent. */
typedef struct extxyz_comment {
  char *lattice, *pbc, *properties, *energy, *virial, *stress, *tensor;
  int32_t has_energy, has_forces, has_virial, has_stress, has_tensor; /* 0 when denied */
} extxyz_comment;

int32_t extxyz_comment_read(const lines *lines, const extxyz_keys *keys, extxyz_comment *comment);
/* Cell, periodicity, energy, virial and tensor of the comment. */
int32_t extxyz_comment_apply(const lines *lines, const extxyz_keys *keys, const extxyz_comment *comment,
                             extxyz_frame *frame);

#endif
