/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of dense matrices, in single and in double precision. */
#include <stdbool.h>
#include <string.h>

#include "kernels/block.h"
#include "kernels/set.h"

/* The tile in registers: ROWS rows of VECTORS vectors of BYTES. With the vectors that are loaded and the factor it must
   fit into 32 registers, or 16. A panel is a multiple of ROWS, so that one packing serves both sides of A A^T. */
#if defined(__AVX512F__)
enum { MATRIX_BYTES = 64, MATRIX_VECTORS = 3, MATRIX_ROWS = 8 };
#elif defined(__AVX__)
enum { MATRIX_BYTES = 32, MATRIX_VECTORS = 3, MATRIX_ROWS = 4 };
#elif defined(__x86_64__)
enum { MATRIX_BYTES = 16, MATRIX_VECTORS = 2, MATRIX_ROWS = 4 };
#else
enum { MATRIX_BYTES = 16, MATRIX_VECTORS = 4, MATRIX_ROWS = 4 };
#endif

/* Packed at a time: of the sum's terms, and of the rows or columns of an operand; the latter a multiple of all panels.
   What of two operands is packed at a time stays in the second cache. */
enum { MATRIX_DEPTH = KERNEL_MATRIX_DEPTH, MATRIX_PART = KERNEL_MATRIX_PART };

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define MATRIX_SHUFFLES
#endif
#endif

/* The loops over a tile must vanish, or it does not stay in registers. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t round_up(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

#define REAL float
#define NAME(word) KERNEL(float_##word)
#include "kernels/matrix_body.h"
#undef NAME
#undef REAL
#define REAL double
#define NAME(word) KERNEL(double_##word)
#include "kernels/matrix_body.h"
