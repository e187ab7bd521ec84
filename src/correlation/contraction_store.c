/* SPDX-License-Identifier: BSD-3-Clause */
/* Principal axes in a file, order by order: descriptor.order_NU.components, .axes, .moments, .totals. The axes are
   those in memory, [products][components] with the components of every block padded to a multiple of 8 by zeros. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "correlation/contraction.h"

static tensor tensor_of(int32_t nu, const char *what, tensor_type type, int64_t size, const void *data) {
  tensor made = {.type = type, .rank = 1, .shape = {size}, .data = data};
  snprintf(made.name, sizeof made.name, "descriptor.order_%d.%s", (int)nu, what);
  return made;
}

int32_t contraction_store(const contraction *contraction, int64_t capacity, tensor *tensors, int64_t *count) {
  *count = 0;
  if (capacity < 4 * (contraction->shape.nu_max - 1))
    return error_set(TERN_ERROR_INTERNAL, "no place for the tensors of %d orders", (int)contraction->shape.nu_max);
  for (int32_t nu = 2; nu <= contraction->shape.nu_max; nu++) {
    const contraction_order *order = &contraction->orders[nu];
    tensors[(*count)++] = tensor_of(nu, "components", TENSOR_INT64, order->n_blocks, order->counts);
    tensors[(*count)++] = tensor_of(nu, "axes", TENSOR_FLOAT64, order->n_axes, order->axes);
    tensors[(*count)++] = tensor_of(nu, "moments", TENSOR_FLOAT64, order->n_kept, order->moments);
    tensors[(*count)++] = tensor_of(nu, "totals", TENSOR_FLOAT64, order->n_blocks, order->totals);
  }
  return TERN_SUCCESS;
}

static int32_t find(const safetensors_file *file, int32_t nu, const char *what, tensor_type type, int64_t size,
                    const tensor **found) {
  const tensor wanted = tensor_of(nu, what, type, size, NULL);
  return safetensors_get(file, wanted.name, type, 1, &size, found);
}

static int32_t restore_reals(const safetensors_file *file, int32_t nu, const char *what, int64_t size, double *values) {
  const tensor *found;
  TRY(find(file, nu, what, TENSOR_FLOAT64, size, &found));
  memcpy(values, found->data, (size_t)size * sizeof *values);
  return TERN_SUCCESS;
}

static int32_t check_counts(int32_t nu, const contraction_order *order, const int64_t *counts) {
  for (int32_t b = 0; b < order->n_blocks; b++)
    if (counts[b] < 0 || counts[b] > order->blocks[b].n_rows)
      return error_set(TERN_ERROR_FORMAT,
                       "descriptor.order_%d.components: entry %" PRId32 " is %" PRId64 "; valid are 0 to %" PRId64,
                       (int)nu, b, counts[b], order->blocks[b].n_rows);
  return TERN_SUCCESS;
}

static int32_t restore_order(contraction *contraction, const safetensors_file *file, int32_t nu) {
  contraction_order *order = &contraction->orders[nu];
  const tensor *counts;
  TRY(find(file, nu, "components", TENSOR_INT64, order->n_blocks, &counts));
  TRY(check_counts(nu, order, counts->data));
  TRY(contraction_arrange(contraction, NULL, nu, counts->data));
  TRY(restore_reals(file, nu, "axes", order->n_axes, order->axes));
  TRY(restore_reals(file, nu, "moments", order->n_kept, order->moments));
  TRY(restore_reals(file, nu, "totals", order->n_blocks, order->totals));
  contraction_transpose(contraction, nu);
  return TERN_SUCCESS;
}

int32_t contraction_restore(contraction *contraction, const safetensors_file *file) {
  for (int32_t nu = 2; nu <= contraction->shape.nu_max; nu++)
    TRY(restore_order(contraction, file, nu));
  contraction->fitted = true;
  return TERN_SUCCESS;
}
