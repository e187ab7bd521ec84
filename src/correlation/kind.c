/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `correlations`: expanded without, contracted with `components`. */
#include <inttypes.h>

#include "core/error.h"
#include "correlation/contracted.h"
#include "correlation/expanded.h"

static int32_t check_orders(int64_t nu_min, int64_t nu_max, int64_t lambda_max, int64_t l_max) {
  if (nu_min > nu_max)
    return error_set(TERN_ERROR_OPTION,
                     "option 'nu_min' is %" PRId64 ", but it must not exceed 'nu_max', which is %" PRId64, nu_min,
                     nu_max);
  if (lambda_max > nu_max * l_max)
    return error_set(TERN_ERROR_OPTION,
                     "option 'lambda_max' is %" PRId64 "; %" PRId64 " items of l_max %" PRId64 " reach up to %" PRId64
                     ": valid are 0 to %" PRId64,
                     lambda_max, nu_max, l_max, nu_max * l_max, nu_max * l_max);
  return TERN_SUCCESS;
}

static int32_t choose(const tern_options *options, const descriptor_kind **chosen) {
  int64_t nu_min, nu_max, lambda_max, l_max, count;
  const int64_t *components;
  TRY(options_integer(options, "nu_min", &nu_min));
  TRY(options_integer(options, "nu_max", &nu_max));
  TRY(options_integer(options, "lambda_max", &lambda_max));
  TRY(options_integer(options, "l_max", &l_max));
  TRY(check_orders(nu_min, nu_max, lambda_max, l_max));
  TRY(options_integers(options, "components", &count, &components));
  *chosen = &expanded_kind;
  for (int64_t k = 0; k < count && nu_max > 1; k++)
    if (components[k] > 0)
      *chosen = &contracted_kind;
  return TERN_SUCCESS;
}

const descriptor_kind correlations_kind = {
    .name = "correlations",
    .meaning = "Invariants and equivariants of any number of neighbours (bispectrum and beyond)",
    .choose = choose,
};
