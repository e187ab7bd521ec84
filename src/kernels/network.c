/* SPDX-License-Identifier: BSD-3-Clause */
/* The element-wise work of networks, in single and in double precision. act(z) = z / (1 + exp(-z)). */
#include <string.h>

#include "kernels/block.h"
#include "kernels/set.h"

#if defined(__AVX512F__)
enum { NETWORK_BYTES = 64 };
#elif defined(__AVX__)
enum { NETWORK_BYTES = 32 };
#else
enum { NETWORK_BYTES = 16 };
#endif

/* exp(x) = 2^n exp(r), |r| <= ln(2) / 2, n in the exponent's bits; the series is longer for double. */
#define REAL float
#define INTEGER int32_t
#define NAME(word) KERNEL(float_network_##word)
#define EXPONENT_SHIFT 23
#define EXPONENT_BIAS 127
#define EXPONENT_MOST 87.0f
#define ROUNDING 12582912.0f /* 1.5 * 2^23: adding and taking it away rounds to a whole number */
#define LN2_HIGH 0.693359375f
#define LN2_LOW (-2.12194440e-4f)
#define SERIES {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1}
#include "kernels/network_body.h"
#undef REAL
#undef INTEGER
#undef NAME
#undef EXPONENT_SHIFT
#undef EXPONENT_BIAS
#undef EXPONENT_MOST
#undef ROUNDING
#undef LN2_HIGH
#undef LN2_LOW
#undef SERIES

#define REAL double
#define INTEGER int64_t
#define NAME(word) KERNEL(double_network_##word)
#define EXPONENT_SHIFT 52
#define EXPONENT_BIAS 1023
#define EXPONENT_MOST 708.0
#define ROUNDING 6755399441055744.0 /* 1.5 * 2^52 */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define SERIES                                                                                                    \
  {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,       \
   1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1}
#include "kernels/network_body.h"
