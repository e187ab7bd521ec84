/* SPDX-License-Identifier: BSD-3-Clause */
/* Real spherical harmonics of several directions at once. On the sphere Y_lm is a polynomial, q_lm(z) Re or Im (x +
   iy)^m, where q_lm is the m-th derivative of a Legendre polynomial, normalised; its gradient is the polynomial's, made
   tangential, over r. */
#include <math.h>
#include <stddef.h>

#include "kernels/block.h"
#include "kernels/set.h"

void KERNEL(directions)(int64_t stride, double *unit, double *distance, double *inverse) {
  double *x = unit, *y = unit + stride, *z = unit + 2 * stride;
  for (int64_t k = 0; k < stride; k++) {
    distance[k] = sqrt(x[k] * x[k] + y[k] * y[k] + z[k] * z[k]);
    inverse[k] = 1 / distance[k];
    x[k] *= inverse[k];
    y[k] *= inverse[k];
    z[k] *= inverse[k];
  }
}

typedef struct direction {
  vector x, y, z, inverse;
} direction;

/* Powers of x + iy as real and imaginary parts. */
INLINE void powers(int32_t l_max, direction u, vector *real, vector *imaginary) {
  real[0] = (vector){0} + 1;
  imaginary[0] = (vector){0};
  for (int32_t m = 1; m <= l_max; m++) {
    real[m] = real[m - 1] * u.x - imaginary[m - 1] * u.y;
    imaginary[m] = real[m - 1] * u.y + imaginary[m - 1] * u.x;
  }
}

/* q_lm of one m for l = m .. l_max. */
INLINE void legendre(int32_t m, int32_t l_max, double start, const double *recursion, vector z, vector *q) {
  vector before = (vector){0}, last = (vector){0} + start;
  q[m] = last;
  for (int32_t l = m + 1; l <= l_max; l++) {
    const double *step = recursion + 3 * (l - m);
    vector next = step[0] * z * last - step[1] * before;
    before = last;
    q[l] = last = next;
  }
}

INLINE void put(double *to, vector value) { *(vector *)to = value; }

/* The polynomial's gradient (px, py, pz) as the gradient with respect to the vector. */
INLINE void put_gradient(double *to, int64_t plane, direction u, vector px, vector py, vector pz) {
  const vector along = px * u.x + py * u.y + pz * u.z;
  put(to, (px - along * u.x) * u.inverse);
  put(to + plane, (py - along * u.y) * u.inverse);
  put(to + 2 * plane, (pz - along * u.z) * u.inverse);
}

/* Values, and gradients unless NULL, of WIDTH directions. */
INLINE void lanes(int32_t l_max, const double *start, const double *recursion, int64_t stride, direction u,
                  double *values, double *gradient) {
  const int64_t plane = (int64_t)(l_max + 1) * (l_max + 1) * stride;
  vector real[KERNEL_L_MAX + 1], imaginary[KERNEL_L_MAX + 1], columns[2][KERNEL_L_MAX + 2];
  powers(l_max, u, real, imaginary);
  for (int32_t m = l_max; m >= 0; m--) {
    const double *steps = recursion + 3 * ((int64_t)m * (l_max + 1) - (int64_t)m * (m - 1) / 2);
    vector *q = columns[m & 1], *above = columns[~m & 1]; /* above: m + 1, whose q is the slope of this one */
    legendre(m, l_max, start[m], steps, u.z, q);
    above[m] = (vector){0};
    const vector real_slope = (double)m * real[m ? m - 1 : 0], imaginary_slope = (double)m * imaginary[m ? m - 1 : 0];
    for (int32_t l = m; l <= l_max; l++) {
      const int64_t plus = (int64_t)(l * l + l + m) * stride, minus = (int64_t)(l * l + l - m) * stride;
      const vector slope = steps[3 * (l - m) + 2] * above[l];
      put(values + plus, q[l] * real[m]);
      if (m)
        put(values + minus, q[l] * imaginary[m]);
      if (!gradient)
        continue;
      put_gradient(gradient + plus, plane, u, q[l] * real_slope, -q[l] * imaginary_slope, slope * real[m]);
      if (m)
        put_gradient(gradient + minus, plane, u, q[l] * imaginary_slope, q[l] * real_slope, slope * imaginary[m]);
    }
  }
}

void KERNEL(harmonics)(int32_t l_max, const double *start, const double *recursion, int64_t count, int64_t stride,
                       const double *unit, const double *inverse, double *values, double *gradient) {
  for (int64_t k = 0; k < count; k += WIDTH) {
    const direction u = {*(const vector *)(unit + k), *(const vector *)(unit + stride + k),
                         *(const vector *)(unit + 2 * stride + k), *(const vector *)(inverse + k)};
    lanes(l_max, start, recursion, stride, u, values + k, gradient ? gradient + k : NULL);
  }
}
