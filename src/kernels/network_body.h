/* SPDX-License-Identifier: BSD-3-Clause */
/* Element-wise work of networks on numbers of REAL; included by network.c once for each precision. Arrays
   [slots][count] hold values (slot 0) and their derivatives along some directions (slots 1, 2 ...). */

enum { NAME(LANES) = NETWORK_BYTES / sizeof(REAL) };

typedef REAL NAME(vector) __attribute__((vector_size(NETWORK_BYTES)));
typedef REAL NAME(loose) __attribute__((vector_size(NETWORK_BYTES), may_alias, aligned(sizeof(REAL))));
typedef INTEGER NAME(integers) __attribute__((vector_size(NETWORK_BYTES)));

/* `width` numbers, a whole vector or the rest of an array. */
INLINE NAME(vector) NAME(load)(const REAL *from, int64_t width) {
  if (width == NAME(LANES))
    return *(const NAME(loose) *)from;
  NAME(vector) result = {0};
  memcpy(&result, from, (size_t)width * sizeof(REAL));
  return result;
}

INLINE void NAME(store)(REAL *to, NAME(vector) value, int64_t width) {
  if (width == NAME(LANES))
    *(NAME(loose) *)to = value;
  else
    memcpy(to, &value, (size_t)width * sizeof(REAL));
}

INLINE NAME(vector) NAME(exponential)(NAME(vector) x) {
  static const REAL series[] = SERIES;
  const REAL most = EXPONENT_MOST, per_ln2 = (REAL)1.44269504088896340736;
  const NAME(vector) high = (NAME(vector)){0} + most, low = (NAME(vector)){0} - most;
  const NAME(integers) above = x > high, below = x < low;
  x = (NAME(vector))((above & (NAME(integers))high) | (below & (NAME(integers))low) |
                     (~(above | below) & (NAME(integers))x));
  const NAME(vector) n = (x * per_ln2 + ROUNDING) - ROUNDING;
  const NAME(vector) r = (x - n * LN2_HIGH) - n * LN2_LOW;
  NAME(vector) sum = (NAME(vector)){0} + series[0];
  for (int k = 1; k < (int)(sizeof series / sizeof *series); k++)
    sum = sum * r + series[k];
  const NAME(integers) power = (__builtin_convertvector(n, NAME(integers)) + EXPONENT_BIAS) << EXPONENT_SHIFT;
  return sum * (NAME(vector))power;
}

typedef struct NAME(activation) {
  NAME(vector) value, slope, curvature;
} NAME(activation);

INLINE NAME(activation) NAME(act)(NAME(vector) z) {
  const NAME(vector) s = 1 / (1 + NAME(exponential)(-z)), q = z * (1 - s);
  return (NAME(activation)){z * s, s * (1 + q), s * (1 - s) * (2 + q - z * s)};
}

void NAME(activate)(int64_t slots, int64_t count, const void *inputs, void *values, void *slopes) {
  const REAL *z = inputs;
  REAL *h = values, *slope = slopes, *curvature = slope + count;
  for (int64_t i = 0; i < count; i += NAME(LANES)) {
    const int64_t width = count - i < NAME(LANES) ? count - i : NAME(LANES);
    const NAME(activation) a = NAME(act)(NAME(load)(z + i, width));
    NAME(store)(h + i, a.value, width);
    NAME(store)(slope + i, a.slope, width);
    NAME(store)(curvature + i, a.curvature, width);
    for (int64_t k = 1; k < slots; k++)
      NAME(store)(h + k * count + i, a.slope * NAME(load)(z + k * count + i, width), width);
  }
}

void NAME(activate_back)(int64_t slots, int64_t count, const void *inputs, const void *slopes, void *gradients) {
  const REAL *z = inputs, *slope = slopes, *curvature = slope + count;
  REAL *g = gradients;
  for (int64_t i = 0; i < count; i += NAME(LANES)) {
    const int64_t width = count - i < NAME(LANES) ? count - i : NAME(LANES);
    const NAME(vector) first = NAME(load)(slope + i, width), g0 = NAME(load)(g + i, width);
    const NAME(vector) second = g0 * NAME(load)(curvature + i, width);
    NAME(store)(g + i, g0 * first, width);
    for (int64_t k = 1; k < slots; k++) {
      REAL *to = g + k * count + i;
      NAME(store)(to, NAME(load)(to, width) * first + second * NAME(load)(z + k * count + i, width), width);
    }
  }
}

void NAME(activate_pair)(int64_t slots, int64_t count, void *even, void *odd, void *values, void *slopes) {
  REAL *p = even, *q = odd, *h = values, *slope = slopes;
  for (int64_t i = 0; i < count; i += NAME(LANES)) {
    const int64_t width = count - i < NAME(LANES) ? count - i : NAME(LANES);
    NAME(vector) plus = NAME(load)(p + i, width), minus = NAME(load)(q + i, width);
    const NAME(activation) a = NAME(act)(plus + minus), b = NAME(act)(plus - minus);
    NAME(store)(h + i, a.value + b.value, width);
    NAME(store)(slope + i, a.slope, width);
    NAME(store)(slope + count + i, a.curvature, width);
    NAME(store)(slope + 2 * count + i, b.slope, width);
    NAME(store)(slope + 3 * count + i, b.curvature, width);
    for (int64_t k = 1; k < slots; k++) {
      const int64_t at = k * count + i;
      plus = NAME(load)(p + at, width);
      minus = NAME(load)(q + at, width);
      const NAME(vector) up = plus + minus, down = plus - minus;
      NAME(store)(h + at, a.slope * up + b.slope * down, width);
      NAME(store)(p + at, up, width);
      NAME(store)(q + at, down, width);
    }
  }
}

void NAME(activate_pair_back)(int64_t slots, int64_t count, void *even, void *odd, const void *slopes,
                              const void *gradients) {
  const REAL *slope = slopes, *g = gradients;
  REAL *p = even, *q = odd;
  for (int64_t i = 0; i < count; i += NAME(LANES)) {
    const int64_t width = count - i < NAME(LANES) ? count - i : NAME(LANES);
    const NAME(vector) a = NAME(load)(slope + i, width), b = NAME(load)(slope + 2 * count + i, width);
    const NAME(vector) g0 = NAME(load)(g + i, width);
    const NAME(vector) a2 = g0 * NAME(load)(slope + count + i, width);
    const NAME(vector) b2 = g0 * NAME(load)(slope + 3 * count + i, width);
    NAME(store)(p + i, g0 * a + g0 * b, width);
    NAME(store)(q + i, g0 * a - g0 * b, width);
    for (int64_t k = 1; k < slots; k++) {
      const int64_t at = k * count + i;
      const NAME(vector) along = NAME(load)(g + at, width);
      const NAME(vector) up = along * a + a2 * NAME(load)(p + at, width);
      const NAME(vector) down = along * b + b2 * NAME(load)(q + at, width);
      NAME(store)(p + at, up + down, width);
      NAME(store)(q + at, up - down, width);
    }
  }
}

/* sums [width] += the rows times their weights. */
INLINE void NAME(add_rows)(int64_t rows, int64_t width, const REAL *weights, const REAL *from, REAL *sums) {
  for (int64_t i = 0; i < width; i += NAME(LANES)) {
    const int64_t part = width - i < NAME(LANES) ? width - i : NAME(LANES);
    NAME(vector) sum = NAME(load)(sums + i, part);
    for (int64_t row = 0; row < rows; row++)
      sum += weights[row] * NAME(load)(from + row * width + i, part);
    NAME(store)(sums + i, sum, part);
  }
}

void NAME(weighted_sums)(int64_t slots, int64_t rows, int64_t width, const void *weights, const void *values,
                         void *sums) {
  const REAL *w = weights, *h = values;
  REAL *to = sums;
  memset(to, 0, sizeof(REAL) * (size_t)(slots * width));
  for (int64_t k = 0; k < slots; k++, to += width) {
    NAME(add_rows)(rows, width, w, h + k * rows * width, to);
    if (k > 0)
      NAME(add_rows)(rows, width, w + k * rows, h, to);
  }
}

void NAME(spread)(int64_t rows, int64_t width, const void *weights, const void *row, void *result) {
  const REAL *w = weights, *from = row;
  REAL *to = result;
  for (int64_t k = 0; k < rows; k++, to += width)
    for (int64_t i = 0; i < width; i += NAME(LANES)) {
      const int64_t part = width - i < NAME(LANES) ? width - i : NAME(LANES);
      NAME(store)(to + i, w[k] * NAME(load)(from + i, part), part);
    }
}
