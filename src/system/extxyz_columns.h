/* SPDX-License-Identifier: BSD-3-Clause */
/* What the columns of an atom's line hold: the Properties entry of the comment. */
#ifndef TERNION_SYSTEM_EXTXYZ_COLUMNS_H
#define TERNION_SYSTEM_EXTXYZ_COLUMNS_H

#include "system/extxyz.h"

typedef enum extxyz_role {
  ROLE_SYMBOL,
  ROLE_NUMBER,
  ROLE_POSITION,
  ROLE_FORCES,
  ROLE_VECTOR,
  ROLE_IGNORED
} extxyz_role;

enum { EXTXYZ_GROUPS = 16, EXTXYZ_WIDEST = 1000000 };

typedef struct extxyz_columns {
  int count; /* groups of columns; neighbouring ignored ones are one group */
  struct {
    extxyz_role role;
    int64_t width;
  } group[EXTXYZ_GROUPS];
  int64_t width; /* columns in all */
  bool has_forces;
  int64_t vector_width; /* 0: no vectors */
} extxyz_columns;

/* `properties` NULL: the plain format's symbol and position. With `forces` or `vectors` NULL no column is taken for
   them. */
int32_t extxyz_columns_read(const lines *lines, const char *properties, const char *forces, const char *vectors,
                            extxyz_columns *columns);

#endif
