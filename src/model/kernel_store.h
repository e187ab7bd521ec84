/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_KERNEL_STORE_H
#define TERNION_MODEL_KERNEL_STORE_H

#include "model/kernel_model.h"

/* Tensors "kernel.function" [3], and "kernel.points.S", "kernel.softening.S" [1] and "kernel.axes.S" (unless the
   features themselves are compared) for each species S of the centre that has points; the latter: "kernel.weights.S",
   too. */
int32_t kernel_store_points(const kernel_model *model, int64_t capacity, tensor *tensors, int64_t *count);
int32_t kernel_store(const void *state, int64_t capacity, tensor *tensors, int64_t *count);
/* Into a model without points. */
int32_t kernel_restore_points(kernel_model *model, const safetensors_file *file);
int32_t kernel_restore(void **state, const tern_descriptor *descriptor, const safetensors_file *file);

#endif
