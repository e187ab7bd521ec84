/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of either precision: float or, wide, double. */
#ifndef TERNION_CORE_NUMBER_H
#define TERNION_CORE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

static inline int64_t number_size(bool wide) {
  return wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
}

static inline double number_at(bool wide, const void *numbers, int64_t place) {
  return wide ? ((const double *)numbers)[place] : (double)((const float *)numbers)[place];
}

static inline void number_put(bool wide, void *numbers, int64_t place, double value) {
  if (wide)
    ((double *)numbers)[place] = value;
  else
    ((float *)numbers)[place] = (float)value;
}

#endif
