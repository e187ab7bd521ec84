/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/set.h"

extern const kernel_table KERNEL(kernels);

#define NETWORK_FUNCTIONS(real)                                                                                   \
  {                                                                                                               \
    .activate = KERNEL(real##_network_activate), .activate_back = KERNEL(real##_network_activate_back),           \
    .activate_pair = KERNEL(real##_network_activate_pair),                                                        \
    .activate_pair_back = KERNEL(real##_network_activate_pair_back),                                              \
    .weighted_sums = KERNEL(real##_network_weighted_sums), .spread = KERNEL(real##_network_spread)                \
  }

#define MATRIX_FUNCTIONS(real)                                                                                   \
  {KERNEL(real##_product), KERNEL(real##_gram), KERNEL(real##_times_vector), KERNEL(real##_transposed_times_vector)}

const kernel_table KERNEL(kernels) = {
    .name = KERNEL_NAME(KERNEL_SET),
    .directions = KERNEL(directions),
    .harmonics = KERNEL(harmonics),
    .interpolate = KERNEL(interpolate),
    .expand = KERNEL(expand),
    .adjoint = KERNEL(adjoint),
    .contract = KERNEL(contract),
    .power_spectrum = KERNEL(power_spectrum),
    .apply = KERNEL(apply),
    .outer = KERNEL(outer),
    .combine = KERNEL(combine),
    .combine_adjoint = KERNEL(combine_adjoint),
    .multiply = KERNEL(multiply),
    .rotation = KERNEL(rotation),
    .frame_columns = KERNEL(frame_columns),
    .couple = KERNEL(couple),
    .couple_adjoint = KERNEL(couple_adjoint),
    .triplet_row = KERNEL(triplet_row),
    .triplet_row_add = KERNEL(triplet_row_add),
    .triplet_row_adjoint = KERNEL(triplet_row_adjoint),
    .triplet_products = KERNEL(triplet_products),
    .triplet_products_adjoint = KERNEL(triplet_products_adjoint),
    .triplet_sum = KERNEL(triplet_sum),
    .triplet_sum_adjoint = KERNEL(triplet_sum_adjoint),
    .weights = KERNEL(weights),
    .weights_adjoint = KERNEL(weights_adjoint),
    .product = KERNEL(product),
    .product_adjoint = KERNEL(product_adjoint),
    .scalar_product = KERNEL(scalar_product),
    .matrix = {MATRIX_FUNCTIONS(float), MATRIX_FUNCTIONS(double)},
    .network = {NETWORK_FUNCTIONS(float), NETWORK_FUNCTIONS(double)},
    .move = KERNEL(move),
};
