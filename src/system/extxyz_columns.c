/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/extxyz_columns.h"

#include <string.h>

#include "core/error.h"
#include "system/extxyz_values.h"

/* One "name:type:width". */
typedef struct property {
  const char *name;
  int64_t name_length, width;
  char type;
} property;

static int32_t property_fail(const lines *lines, const char *at, const char *what) {
  return lines_fail(lines, at,
                    "Properties: %s; valid: name:type:columns triples such as "
                    "species:S:1:pos:R:3, with type R, I, S or L",
                    what);
}

/* Up to the next colon or the end. */
static int64_t property_part(const char **cursor, const char **part) {
  *part = *cursor;
  const int64_t length = (int64_t)strcspn(*part, ":");
  *cursor = *part + length + ((*part)[length] == ':');
  return length;
}

static int32_t property_read(const lines *lines, const char **cursor, property *property) {
  const char *part = NULL;
  property->name_length = property_part(cursor, &property->name);
  if (property->name_length == 0)
    return property_fail(lines, property->name, "a name is missing");
  if (property_part(cursor, &part) != 1 || memchr("RISL", *part, 4) == NULL)
    return property_fail(lines, part, "a type is wrong");
  property->type = *part;
  const int64_t length = property_part(cursor, &part);
  if (!extxyz_integer(part, length, &property->width) || property->width < 1 || property->width > EXTXYZ_WIDEST)
    return property_fail(lines, part, "a number of columns is wrong");
  if (part[length] == ':' && part[length + 1] == '\0')
    return property_fail(lines, part + length, "it ends with a colon");
  return TERN_SUCCESS;
}

static bool property_named(const property *property, const char *name) {
  return name != NULL && (int64_t)strlen(name) == property->name_length &&
         memcmp(property->name, name, (size_t)property->name_length) == 0;
}

static int32_t property_role(const lines *lines, const property *property, const char *forces, const char *vectors,
                             extxyz_role *role) {
  static const struct {
    const char *name;
    char type;
    int64_t width;
  } known[] = {{"species", 'S', 1}, {"Z", 'I', 1}, {"pos", 'R', 3}, {NULL, 'R', 3}};
  for (int i = 0; i < 4; ++i) {
    const char *name = known[i].name != NULL ? known[i].name : forces;
    if (!property_named(property, name))
      continue;
    if (property->type != known[i].type || property->width != known[i].width)
      return lines_fail(lines, property->name, "Properties: '%s' must be %s:%c:%d", name, name, known[i].type,
                        (int)known[i].width);
    *role = (extxyz_role)i;
    return TERN_SUCCESS;
  }
  *role = property_named(property, vectors) ? ROLE_VECTOR : ROLE_IGNORED;
  if (*role == ROLE_VECTOR && property->type != 'R')
    return lines_fail(lines, property->name, "Properties: '%s' must be %s:R:N, N numbers of each atom", vectors,
                      vectors);
  return TERN_SUCCESS;
}

static int32_t columns_add(const lines *lines, const property *property, extxyz_role role, extxyz_columns *columns) {
  const int last = columns->count - 1;
  columns->width += property->width;
  columns->has_forces = columns->has_forces || role == ROLE_FORCES;
  columns->vector_width = role == ROLE_VECTOR ? property->width : columns->vector_width;
  if (role == ROLE_IGNORED && last >= 0 && columns->group[last].role == ROLE_IGNORED) {
    columns->group[last].width += property->width;
    return columns->width <= EXTXYZ_WIDEST ? TERN_SUCCESS : property_fail(lines, property->name, "too many columns");
  }
  for (int i = 0; i <= last; ++i)
    if (role != ROLE_IGNORED && columns->group[i].role == role)
      return property_fail(lines, property->name, "a name is there twice");
  columns->group[columns->count].role = role;
  columns->group[columns->count++].width = property->width;
  return TERN_SUCCESS;
}

int32_t extxyz_columns_read(const lines *lines, const char *properties, const char *forces, const char *vectors,
                            extxyz_columns *columns) {
  const char *cursor = properties != NULL ? properties : "species:S:1:pos:R:3";
  bool species = false, position = false;
  memset(columns, 0, sizeof *columns);
  while (*cursor != '\0') {
    property property = {0};
    extxyz_role role = ROLE_IGNORED;
    TRY(property_read(lines, &cursor, &property));
    TRY(property_role(lines, &property, forces, vectors, &role));
    TRY(columns_add(lines, &property, role, columns));
    species = species || role == ROLE_SYMBOL || role == ROLE_NUMBER;
    position = position || role == ROLE_POSITION;
  }
  if (!position)
    return property_fail(lines, properties, "pos:R:3 is missing");
  return species ? TERN_SUCCESS : property_fail(lines, properties, "species:S:1 (or Z:I:1) is missing");
}
