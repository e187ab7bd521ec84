/* SPDX-License-Identifier: BSD-3-Clause */
/* The hot loops, compiled once per instruction set. One table is chosen at first use: the best that the machine runs,
   or the one that the environment variable TERNION_KERNELS names (baseline, avx2, avx512). Every *.c here but select.c
   is compiled for each set; KERNEL(name) of set.h gives the set's own name. */
#ifndef TERNION_KERNELS_KERNELS_H
#define TERNION_KERNELS_KERNELS_H

#include <stdint.h>

/* Rows over n and rows over neighbours are padded to this many numbers and start on 64-byte lines. */
#define KERNEL_BLOCK 8
/* Largest angular momentum that the harmonics take. */
#define KERNEL_L_MAX 40

typedef struct kernel_shape {
  int32_t n_max, n_padded, l_max;
} kernel_shape;

/* result[i] = sum of the terms first[i] .. first[i + 1] - 1 of factor * numbers[number] * rows[row]. */
typedef struct kernel_term {
  double factor;
  int32_t row, number;
} kernel_term;

/* Values [block][species][n_max][width] from coefficients [species][block][n_padded] and products of radial functions
   [product][stride], zero beyond width = n_max times the number of second functions. */
typedef struct kernel_triplet {
  int64_t count; /* blocks (l, l1, l2) */
  int64_t width, stride;
  int32_t n_species, n_max, n_padded;
  const int32_t *product;  /* [count]: which products a block takes */
  const int32_t *second_l; /* [count]: l2 */
} kernel_triplet;

/* Rows start .. start + count - 1 of a source, each multiplied with the density of one channel. */
typedef struct kernel_segment {
  int64_t start, count;
  int32_t channel;
} kernel_segment;

/* Clebsch-Gordan coefficients of source x l -> target that do not vanish: those of weight [mu][m1] are first[k] ..
   first[k + 1] - 1, k = mu (2 source + 1) + m1. */
typedef struct kernel_coupling {
  int32_t source, l, target; /* degrees */
  int32_t *first;            /* [(2 target + 1) (2 source + 1) + 1] */
  int32_t *m;                /* l + m2 of a term */
  double *value;
} kernel_coupling;

/* The product of rows [2 source + 1][source_stride] with channels of the density: the segments' results follow each
   other in rows [2 target + 1][target_stride]. Rows have at least 7 numbers of space behind them, which may be written.
   weights [2 target + 1][2 source + 1][channels], channels a multiple of the block. */
typedef struct kernel_product {
  const kernel_coupling *coupling;
  int64_t channels, n_segments;
  const kernel_segment *segments;
  int64_t source_stride, target_stride;
  int64_t first_second, end_second; /* channels outside have no weights in a second term: it is left out there */
} kernel_product;

/* A row m of the matrix of degree l - 1 times a row i = -1, 0, 1 of that of degree 1. */
typedef struct kernel_rotation_term {
  double factor;
  int32_t i, m;
} kernel_rotation_term;

#define KERNEL_ROTATION_TERMS 5

/* result [rows][stride] = factor * left right, plus what is there when `add`; left [rows][left_stride] or, transposed,
   [inner][left_stride], right [inner][right_stride] or [columns][right_stride]. */
typedef struct kernel_matrix_product {
  int64_t rows, columns, inner;
  int64_t left_stride, right_stride, stride;
  int32_t left_transposed, right_transposed, add;
  double factor;
} kernel_matrix_product;

/* Packed at a time. Rows that several threads share out for `gram` begin at multiples of the panel. */
enum { KERNEL_MATRIX_DEPTH = 256, KERNEL_MATRIX_PART = 384, KERNEL_MATRIX_PANEL = 48 };

/* Dense matrices of float, or of double. Scratch is 64-byte aligned and of as many bytes as kernel_matrix_scratch and
   kernel_gram_scratch say; nothing else is written but the result, so that several threads may call at a time. */
typedef struct kernel_matrix_functions {
  void (*product)(const kernel_matrix_product *product, const void *left, const void *right, void *result,
                  void *scratch);
  /* Rows first .. last - 1 of the lower triangle of M M^T, M [.][stride] of `inner` columns, summed in double precision
     every KERNEL_MATRIX_DEPTH terms; first a multiple of the panel. */
  void (*gram)(int64_t first, int64_t last, int64_t inner, const void *matrix, int64_t stride, double *result,
               int64_t result_stride, void *scratch);
  /* y = M x */
  void (*times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x, double *y);
  /* y += M^T x */
  void (*transposed_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x,
                                  double *y);
} kernel_matrix_functions;

/* Bytes of scratch for any set; size: of a number. */
static inline int64_t kernel_matrix_part(int64_t count) {
  return (count < KERNEL_MATRIX_PART ? count : KERNEL_MATRIX_PART) + KERNEL_MATRIX_PANEL;
}

static inline int64_t kernel_gram_scratch(int64_t rows, int64_t inner, int64_t size) {
  return (rows + KERNEL_MATRIX_PANEL) * (inner < KERNEL_MATRIX_DEPTH ? inner : KERNEL_MATRIX_DEPTH) * size;
}

static inline int64_t kernel_matrix_scratch(int64_t rows, int64_t columns, int64_t inner, int64_t size) {
  return (kernel_matrix_part(rows) + kernel_matrix_part(columns)) *
         (inner < KERNEL_MATRIX_DEPTH ? inner : KERNEL_MATRIX_DEPTH) * size;
}

/* The element-wise work of networks on float, or on double. Arrays [slots][count] hold values (slot 0) and their
   derivatives along directions (slots 1, 2 ...); act(z) = z / (1 + exp(-z)). */
typedef struct kernel_network_functions {
  /* values = act(inputs); slopes [2][count]: act' and act'' at the values, for the way back. */
  void (*activate)(int64_t slots, int64_t count, const void *inputs, void *values, void *slopes);
  /* gradients, of the values and then of the inputs. */
  void (*activate_back)(int64_t slots, int64_t count, const void *inputs, const void *slopes, void *gradients);
  /* values = act(even + odd) + act(even - odd); slopes [4][count]; of slots from 1 on the sum and the difference are
     left in even and odd. */
  void (*activate_pair)(int64_t slots, int64_t count, void *even, void *odd, void *values, void *slopes);
  /* After it: even and odd become the gradients of what they were. */
  void (*activate_pair_back)(int64_t slots, int64_t count, void *even, void *odd, const void *slopes,
                             const void *gradients);
  /* sums [slots][width] of weights [slots][rows] times values [slots][rows][width], by the rule for products. */
  void (*weighted_sums)(int64_t slots, int64_t rows, int64_t width, const void *weights, const void *values,
                        void *sums);
  /* result [rows][width] = weights [rows] times one row. */
  void (*spread)(int64_t rows, int64_t width, const void *weights, const void *row, void *result);
} kernel_network_functions;

/* Functions of neighbours lie as rows over places, `stride` long: harmonics [lm][stride], gradient [3][lm][stride];
   radial functions of a place as [l][n_padded]; coefficients of one species as [lm][n_padded]. lm is l * l + l + m. */
typedef struct kernel_table {
  const char *name;

  /* unit [3][stride] holds vectors on entry; their directions, lengths and inverse lengths are left. */
  void (*directions)(int64_t stride, double *unit, double *distance, double *inverse);
  /* Real spherical harmonics of `count` directions, and of the rest of the last block; recursion [m][l - m][3] as in
     density/harmonics.h; gradient (with respect to the vectors) is not computed when NULL. */
  void (*harmonics)(int32_t l_max, const double *start, const double *recursion, int64_t count, int64_t stride,
                    const double *unit, const double *inverse, double *values, double *gradient);
  /* values [count][size] = weights [count][6] times rows of knots [6][size] from 3 * interval[count] on. */
  void (*interpolate)(int64_t count, const int64_t *interval, const double *weights, const double *knots, int64_t size,
                      double *values);
  /* coefficients += sum over `count` places of harmonics * radial. */
  void (*expand)(kernel_shape shape, int64_t count, const double *harmonics, int64_t stride, const double *radial,
                 double *coefficients);
  /* gradient [3][stride] of `count` places = d sum(weights * coefficients) / d vectors. unit, harmonics, ... start at
   * the place. */
  void (*adjoint)(kernel_shape shape, int64_t count, int64_t stride, const double *unit, const double *harmonics,
                  const double *harmonics_gradient, const double *radial, const double *radial_slope,
                  const double *weights, double *gradient);
  /* sums [4][l][n_padded] = factors[l] * sum over m of (harmonics, gradient x, y, z of one place) * coefficients. */
  void (*contract)(kernel_shape shape, int64_t stride, const double *harmonics, const double *harmonics_gradient,
                   const double *coefficients, const double *factors, double *sums);

  /* values [l][n_max][n_max] = factors[l] * sum over m of first[lm][n] * second[lm][n']. */
  void (*power_spectrum)(kernel_shape shape, const double *first, const double *second, const double *factors,
                         double *values);
  /* result[lm][n'] += sum over n of coefficients[lm][n] * matrices[l][n][n'], matrices [l][n_max][n_padded]. */
  void (*apply)(kernel_shape shape, const double *matrices, const double *coefficients, double *result);
  /* values [l][n_max][n_max] = a[l][n] b[l][n'] + c[l][n] d[l][n'], plus the transposed when `symmetric`. */
  void (*outer)(kernel_shape shape, int32_t symmetric, const double *a, const double *b, const double *c,
                const double *d, double *values);

  /* to [rows][count] = (plus what is there when `accumulate`) sum over p from start[row] to start[row + 1] of weights
     [p] times row source[p] of from [.][count]; count a multiple of KERNEL_BLOCK. */
  void (*combine)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights, int64_t count,
                  const double *from, int32_t accumulate, double *to);
  /* From the gradient `to` of the same sums: adds to that of `from`, sets that of the weights. */
  void (*combine_adjoint)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights,
                          int64_t count, const double *from, const double *to, double *from_gradient,
                          double *weights_gradient);
  /* result [rows][columns] += left [rows][inner] right [inner][columns], few rows; columns a multiple of
   * KERNEL_BLOCK. */
  void (*multiply)(int32_t rows, int64_t inner, int64_t columns, const double *left, const double *right,
                   double *result);
  /* matrix [m][m'] of degree l >= 2, and a block behind it: row m is the sum of n_terms[m] of its terms, times scale
     [m'], behind which a block can be read; as behind D^(l - 1). `first`, `before`: elements [0][0] of D^1 and
     D^(l - 1). */
  void (*rotation)(int32_t l, const int32_t *n_terms, const kernel_rotation_term *terms, const double *scale,
                   const double *first, const double *before, double *matrix);
  /* values [lm][n_max], set or added: for mu >= 0 the rows mu of the density [lm][n_padded] times re[mu] and -mu times
     im[mu], for mu < 0 the rows mu times re[-mu] and -mu times -im[-mu]. */
  void (*frame_columns)(kernel_shape shape, const double *density, const double *re, const double *im, int32_t add,
                        double *values);
  /* result [count][n_padded] += the terms, rows [...][n_padded]. */
  void (*couple)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                 const double *numbers, const double *rows, double *result);
  /* Adds to to_numbers and to_rows the derivatives of sum(weights * result). */
  void (*couple_adjoint)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                         const double *numbers, const double *rows, const double *weights, double *to_numbers,
                         double *to_rows);
  /* values = a p, or a p + b q unless b is NULL; past_caches as for move. */
  void (*triplet_row)(const kernel_triplet *shape, const double *a, const double *p, const double *b, const double *q,
                      int32_t past_caches, double *values);
  /* values += a p. */
  void (*triplet_row_add)(const kernel_triplet *shape, const double *a, const double *p, double *values);
  /* Of sum(weights * a p): to_a is set, to_p added to (also beyond the width). */
  void (*triplet_row_adjoint)(const kernel_triplet *shape, const double *a, const double *p, const double *weights,
                              double *to_a, double *to_p);
  /* products [l1][l2][stride] = [n_max][n'] of a[l1][n] b[l2][n'], plus c[l1][n] d[l2][n'] unless c is NULL, for l1 <
     n_first and l2 < n_second; rows of n_padded that end in zeros. */
  void (*triplet_products)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                           const double *b, const double *c, const double *d, double *products);
  /* Adds to to_a and to_b (also beyond n_max) the derivatives of sum(weights * a b). */
  void (*triplet_products_adjoint)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                                   const double *b, const double *weights, double *to_a, double *to_b);
  /* One channel: values [block][n_max][n'], blocks `step` apart, += sum over m of coupled[block m][n] * second[l2
   * m][n'], both with rows of n_padded. */
  void (*triplet_sum)(const kernel_triplet *shape, const double *coupled, const double *second, int64_t step,
                      double *values);
  /* The adjoint, added. */
  void (*triplet_sum_adjoint)(const kernel_triplet *shape, const double *coupled, const double *second, int64_t step,
                              const double *weights, double *to_coupled, double *to_second);

  /* weights of a product = coefficients times density [2 l + 1][channels]; its adjoint adds to density_gradient. */
  void (*weights)(const kernel_coupling *coupling, int64_t channels, const double *density, double *weights);
  void (*weights_adjoint)(const kernel_coupling *coupling, int64_t channels, const double *weights_gradient,
                          double *density_gradient);
  /* target[mu][r] = sum over m1 of weights[mu][m1][channel] * source[m1][r], summed over one or two terms. */
  void (*product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                  const double *const *sources, double *target);
  /* Adds to weights_gradient (zero to a block behind its end) and source_gradient. */
  void (*product_adjoint)(const kernel_product *product, const double *weights, const double *source,
                          const double *target_gradient, double *weights_gradient, double *source_gradient);
  /* The same for a target of degree 0 that is written as values[r] = factors[r] * sum: at most `room` numbers are
     touched, and those behind the target's may be overwritten. */
  void (*scalar_product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                         const double *const *sources, const double *factors, int64_t room, double *values);

  kernel_matrix_functions matrix[2]; /* of float, of double */
  kernel_network_functions network[2];

  /* target [count] = source, sum -= source; past_caches: the target is large and nobody reads it soon. */
  void (*move)(int64_t count, const double *source, double *target, double *sum, int32_t past_caches);
} kernel_table;

/* TERN_ERROR_ARGUMENT when TERNION_KERNELS names a set that is unknown or that the machine does not run. */
int32_t kernels_get(const kernel_table **table);
/* The set of that name, NULL when it is unknown or the machine does not run it. */
const kernel_table *kernels_find(const char *name);
/* Names of the sets that this machine runs, separated by blanks, the best last. */
const char *kernels_available(void);

#endif
