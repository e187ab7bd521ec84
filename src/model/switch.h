/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_SWITCH_H
#define TERNION_MODEL_SWITCH_H

/* 1 on this side of r = begin, 0 beyond r = end, which may be the smaller one; two derivatives are continuous. Exact to
   rounding where it is small. slope: d / dr. */
static inline double switch_off(double r, double begin, double end, double *slope) {
  const double left = (end - r) / (end - begin);
  *slope = 0;
  if (left <= 0 || left >= 1)
    return left >= 1;
  *slope = -30 * left * left * (1 - left) * (1 - left) / (end - begin);
  return left * left * left * (10 + left * (6 * left - 15));
}

#endif
