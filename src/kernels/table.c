/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/set.h"

extern const kernel_table KERNEL(kernels);

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
    .move = KERNEL(move),
};
