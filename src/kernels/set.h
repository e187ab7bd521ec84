/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of one instruction set, as table.c collects them; what they do is said in kernels.h. */
#ifndef TERNION_KERNELS_SET_H
#define TERNION_KERNELS_SET_H

#include "kernels/kernels.h"

/* KERNEL_SET comes from the compiler's command line. */
#define KERNEL_PASTE(name, set) name##_##set
#define KERNEL_EXPAND(name, set) KERNEL_PASTE(name, set)
#define KERNEL(name) KERNEL_EXPAND(name, KERNEL_SET)
#define KERNEL_TEXT(set) #set
#define KERNEL_NAME(set) KERNEL_TEXT(set)

void KERNEL(directions)(int64_t stride, double *unit, double *distance, double *inverse);
void KERNEL(harmonics)(int32_t l_max, const double *start, const double *recursion, int64_t count, int64_t stride,
                       const double *unit, const double *inverse, double *values, double *gradient);
void KERNEL(interpolate)(int64_t count, const int64_t *interval, const double *weights, const double *knots,
                         int64_t size, double *values);
void KERNEL(expand)(kernel_shape shape, int64_t count, const double *harmonics, int64_t stride, const double *radial,
                    double *coefficients);
void KERNEL(adjoint)(kernel_shape shape, int64_t count, int64_t stride, const double *unit, const double *harmonics,
                     const double *harmonics_gradient, const double *radial, const double *radial_slope,
                     const double *weights, double *gradient);
void KERNEL(contract)(kernel_shape shape, int64_t stride, const double *harmonics, const double *harmonics_gradient,
                      const double *coefficients, const double *factors, double *sums);
void KERNEL(power_spectrum)(kernel_shape shape, const double *first, const double *second, const double *factors,
                            double *values);
void KERNEL(apply)(kernel_shape shape, const double *matrices, const double *coefficients, double *result);
void KERNEL(outer)(kernel_shape shape, int32_t symmetric, const double *a, const double *b, const double *c,
                   const double *d, double *values);
void KERNEL(combine)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights, int64_t count,
                     const double *from, int32_t accumulate, double *to);
void KERNEL(combine_adjoint)(int32_t rows, const int32_t *start, const int32_t *source, const double *weights,
                             int64_t count, const double *from, const double *to, double *from_gradient,
                             double *weights_gradient);
void KERNEL(multiply)(int32_t rows, int64_t inner, int64_t columns, const double *left, const double *right,
                      double *result);
void KERNEL(rotation)(int32_t l, const int32_t *n_terms, const kernel_rotation_term *terms, const double *scale,
                      const double *first, const double *before, double *matrix);
void KERNEL(frame_columns)(kernel_shape shape, const double *density, const double *re, const double *im, int32_t add,
                           double *values);
void KERNEL(couple)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                    const double *numbers, const double *rows, double *result);
void KERNEL(couple_adjoint)(int64_t count, int32_t n_padded, const int64_t *first, const kernel_term *terms,
                            const double *numbers, const double *rows, const double *weights, double *to_numbers,
                            double *to_rows);
void KERNEL(triplet_row)(const kernel_triplet *shape, const double *a, const double *p, const double *b,
                         const double *q, int32_t past_caches, double *values);
void KERNEL(triplet_row_add)(const kernel_triplet *shape, const double *a, const double *p, double *values);
void KERNEL(triplet_row_adjoint)(const kernel_triplet *shape, const double *a, const double *p, const double *weights,
                                 double *to_a, double *to_p);
void KERNEL(triplet_products)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                              const double *b, const double *c, const double *d, double *products);
void KERNEL(triplet_products_adjoint)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                                      const double *b, const double *weights, double *to_a, double *to_b);
void KERNEL(triplet_sum)(const kernel_triplet *shape, const double *coupled, const double *second, int64_t step,
                         double *values);
void KERNEL(triplet_sum_adjoint)(const kernel_triplet *shape, const double *coupled, const double *second,
                                 int64_t step, const double *weights, double *to_coupled, double *to_second);
void KERNEL(weights)(const kernel_coupling *coupling, int64_t channels, const double *density, double *weights);
void KERNEL(weights_adjoint)(const kernel_coupling *coupling, int64_t channels, const double *weights_gradient,
                             double *density_gradient);
void KERNEL(product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                     const double *const *sources, double *target);
void KERNEL(product_adjoint)(const kernel_product *product, const double *weights, const double *source,
                             const double *target_gradient, double *weights_gradient, double *source_gradient);
void KERNEL(scalar_product)(const kernel_product *product, int32_t n_terms, const double *const *weights,
                            const double *const *sources, const double *factors, int64_t room, double *values);
void KERNEL(move)(int64_t count, const double *source, double *target, double *sum, int32_t past_caches);
void KERNEL(float_product)(const kernel_matrix_product *product, const void *left, const void *right, void *result,
                           void *scratch);
void KERNEL(float_gram)(int64_t first, int64_t last, int64_t inner, const void *matrix, int64_t stride, double *result,
                        int64_t result_stride, void *scratch);
void KERNEL(float_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x,
                                double *y);
void KERNEL(float_transposed_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride,
                                           const double *x, double *y);
void KERNEL(double_product)(const kernel_matrix_product *product, const void *left, const void *right, void *result,
                            void *scratch);
void KERNEL(double_gram)(int64_t first, int64_t last, int64_t inner, const void *matrix, int64_t stride, double *result,
                         int64_t result_stride, void *scratch);
void KERNEL(double_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x,
                                 double *y);
void KERNEL(double_transposed_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride,
                                            const double *x, double *y);
void KERNEL(float_network_activate)(int64_t slots, int64_t count, const void *inputs, void *values, void *slopes);
void KERNEL(float_network_activate_back)(int64_t slots, int64_t count, const void *inputs, const void *slopes,
                                     void *gradients);
void KERNEL(float_network_activate_pair)(int64_t slots, int64_t count, void *even, void *odd, void *values,
                                         void *slopes);
void KERNEL(float_network_activate_pair_back)(int64_t slots, int64_t count, void *even, void *odd, const void *slopes,
                                          const void *gradients);
void KERNEL(float_network_weighted_sums)(int64_t slots, int64_t rows, int64_t width, const void *weights,
                                     const void *values, void *sums);
void KERNEL(float_network_spread)(int64_t rows, int64_t width, const void *weights, const void *row, void *result);
void KERNEL(double_network_activate)(int64_t slots, int64_t count, const void *inputs, void *values, void *slopes);
void KERNEL(double_network_activate_back)(int64_t slots, int64_t count, const void *inputs, const void *slopes,
                                     void *gradients);
void KERNEL(double_network_activate_pair)(int64_t slots, int64_t count, void *even, void *odd, void *values,
                                         void *slopes);
void KERNEL(double_network_activate_pair_back)(int64_t slots, int64_t count, void *even, void *odd, const void *slopes,
                                          const void *gradients);
void KERNEL(double_network_weighted_sums)(int64_t slots, int64_t rows, int64_t width, const void *weights,
                                     const void *values, void *sums);
void KERNEL(double_network_spread)(int64_t rows, int64_t width, const void *weights, const void *row, void *result);

#endif
