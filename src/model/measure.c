/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/measure.h"

#include <math.h>

void measure_add(measure *measure, double difference) {
  measure->count++;
  measure->squares += difference * difference;
  measure->absolutes += fabs(difference);
  measure->largest = fmax(measure->largest, fabs(difference));
}

void measure_merge(measure *measure, const struct measure *other) {
  measure->count += other->count;
  measure->squares += other->squares;
  measure->absolutes += other->absolutes;
  measure->largest = fmax(measure->largest, other->largest);
}

void measure_report(const measure *measure, const char *name, double relative, const char *unit, text *report) {
  const double count = (double)measure->count;
  text_add(report, "\"%s\": {\"rmse\": %.10g, \"mae\": %.10g, \"largest\": %.10g, ", name,
           sqrt(measure->squares / count), measure->absolutes / count, measure->largest);
  if (relative >= 0)
    text_add(report, "\"relative\": %.10g, ", relative);
  text_add(report, "\"count\": %lld, \"unit\": \"%s\"}", (long long)measure->count, unit);
}
