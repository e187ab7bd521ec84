/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_SWITCH_H
#define TERNION_MODEL_SWITCH_H

/* 1 up to r = begin, 0 from r = end on, two derivatives continuous; slope: d / dr. begin < end. */
static inline double switch_off(double r, double begin, double end, double *slope) {
  const double width = end - begin, t = (r - begin) / width;
  *slope = 0;
  if (t <= 0 || t >= 1)
    return t <= 0;
  *slope = -30 * t * t * (1 - t) * (1 - t) / width;
  return 1 - t * t * t * (10 + t * (6 * t - 15));
}

#endif
