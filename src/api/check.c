/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/handle_tags.h"
#include "core/memory.h"
#include "core/text.h"

int32_t check_pointer(check_place place, bool given) {
  if (given)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is NULL", place.argument, place.function);
}

int32_t check_count(check_place place, int64_t count) {
  if (count >= 0)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is %" PRId64 "; it must not be negative", place.argument,
                   place.function, count);
}

int32_t check_array(check_place place, const void *pointer, int64_t size, int32_t rank, const int64_t *dimensions) {
  double bytes = (double)size; /* a double does not overflow, and is exact as far as any memory goes */
  for (int32_t axis = 0; axis < rank; axis++)
    bytes *= (double)dimensions[axis];
  const double machine = (double)memory_of_machine();
  if (pointer == NULL || bytes <= machine)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_MEMORY, "argument '%s' of %s would have %.0f bytes; this machine's memory has %.0f",
                   place.argument, place.function, bytes, machine);
}

int32_t check_enum(check_place place, int32_t value, int32_t count, const check_choice *choices) {
  char valid[512] = "";
  size_t length = 0;
  for (int32_t i = 0; i < count; i++) {
    if (choices[i].number == value)
      return TERN_SUCCESS;
    if (length < sizeof valid)
      length += (size_t)snprintf(valid + length, sizeof valid - length, "%s%s (%" PRId32 ")", i == 0 ? "" : ", ",
                                 choices[i].name, choices[i].number);
  }
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is %" PRId32 "; valid are %s", place.argument,
                   place.function, value, valid);
}

/* What a tag stands for; NULL for none of ours. */
static const char *check_kind(uint32_t tag, uint32_t base) {
  static const char *const names[] = {HANDLE_NAMES};
  const uint32_t number = tag - base;
  return number >= 1 && number <= sizeof names / sizeof names[0] ? names[number - 1] : NULL;
}

int32_t check_handle(check_place place, const void *handle, uint32_t tag) {
  if (handle == NULL)
    return TERN_SUCCESS;
  uint32_t found;
  memcpy(&found, handle, sizeof found); /* every handle begins with its tag */
  if (found == tag)
    return TERN_SUCCESS;
  const char *wanted = check_kind(tag, HANDLE_LIVING);
  const char *kind = check_kind(found, HANDLE_LIVING);
  if (kind != NULL)
    return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is a %s, not a %s", place.argument, place.function, kind,
                     wanted);
  kind = check_kind(found, HANDLE_ENDED);
  if (kind != NULL)
    return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is a %s that was freed before", place.argument,
                     place.function, kind);
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is no handle of this library; it must be a %s",
                   place.argument, place.function, wanted);
}

int32_t check_text(check_place place, const char *text) {
  if (text == NULL)
    return TERN_SUCCESS;
  for (const char *at = text; *at != '\0';) {
    const int64_t length = text_utf8_length(at);
    if (length == 0)
      return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is not UTF-8: byte %td is 0x%02x", place.argument,
                       place.function, at - text, (unsigned)(unsigned char)*at);
    at += length;
  }
  return TERN_SUCCESS;
}

/* Whether it is finite is told from the bits, so that a signalling NaN goes unnoticed by a trapping host. */
static const char *check_defect(const double *value) {
  uint64_t bits;
  memcpy(&bits, value, sizeof bits);
  const uint64_t exponent = UINT64_C(0x7ff) << 52, fraction = (UINT64_C(1) << 52) - 1;
  if ((bits & exponent) != exponent)
    return NULL;
  return (bits & fraction) != 0 ? "NaN" : (bits >> 63) != 0 ? "-infinity" : "infinity";
}

int32_t check_number(check_place place, double value) {
  const char *defect = check_defect(&value);
  if (defect == NULL)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s is %s; it must be finite", place.argument, place.function,
                   defect);
}

static int32_t check_report(check_place place, int64_t index, int32_t rank, const int64_t *dimensions,
                            const char *defect) {
  char subscripts[96] = ""; /* at most four subscripts of at most 19 digits */
  for (int32_t axis = rank - 1; axis >= 0; axis--) {
    char inner[sizeof subscripts];
    memcpy(inner, subscripts, sizeof inner);
    snprintf(subscripts, sizeof subscripts, "[%" PRId64 "]%.70s", index % dimensions[axis], inner);
    index /= dimensions[axis];
  }
  return error_set(TERN_ERROR_ARGUMENT, "argument '%s' of %s must be finite: %s%s is %s", place.argument,
                   place.function, place.argument, subscripts, defect);
}

int32_t check_numbers(check_place place, const double *values, int32_t rank, const int64_t *dimensions) {
  if (values == NULL)
    return TERN_SUCCESS;
  int64_t count = 1;
  for (int32_t axis = 0; axis < rank; axis++)
    count *= dimensions[axis];
  for (int64_t i = 0; i < count; i++) {
    const char *defect = check_defect(&values[i]);
    if (defect != NULL)
      return check_report(place, i, rank, dimensions, defect);
  }
  return TERN_SUCCESS;
}
