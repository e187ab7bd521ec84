/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of predictions, as reports tell them. */
#ifndef TERNION_MODEL_MEASURE_H
#define TERNION_MODEL_MEASURE_H

#include "core/text.h"

/* Sums over differences from the data. */
typedef struct measure {
  int64_t count;
  double squares, absolutes, largest;
} measure;

void measure_add(measure *measure, double difference);
/* Takes up another one's differences. */
void measure_merge(measure *measure, const struct measure *other);
/* A member of a JSON object; relative: a further number of it, negative: none. */
void measure_report(const measure *measure, const char *name, double relative, const char *unit, text *report);

#endif
