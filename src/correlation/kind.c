/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `correlations`: expanded without, contracted with `components`. */
#include <inttypes.h>

#include "core/error.h"
#include "core/memory.h"
#include "correlation/contracted.h"
#include "correlation/expanded.h"

typedef struct correlations {
  const descriptor_kind *way;
  void *state;
} correlations;

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

static int32_t choose_way(const tern_options *options, const descriptor_kind **way) {
  int64_t nu_min, nu_max, lambda_max, l_max, count;
  const int64_t *components;
  TRY(options_integer(options, "nu_min", &nu_min));
  TRY(options_integer(options, "nu_max", &nu_max));
  TRY(options_integer(options, "lambda_max", &lambda_max));
  TRY(options_integer(options, "l_max", &l_max));
  TRY(check_orders(nu_min, nu_max, lambda_max, l_max));
  TRY(options_integers(options, "components", &count, &components));
  *way = &expanded_kind;
  for (int64_t k = 0; k < count && nu_max > 1; k++)
    if (components[k] > 0)
      *way = &contracted_kind;
  return TERN_SUCCESS;
}

static int32_t index_size(const tern_options *options) { return expanded_kind.index_size(options); }

static void destroy(void *state) {
  correlations *s = state;
  if (s == NULL)
    return;
  s->way->destroy(s->state);
  memory_free(NULL, s);
}

static int32_t create(void **state, const tern_options *options, int32_t n_species, const int32_t *species) {
  const descriptor_kind *way;
  correlations *s = NULL;
  TRY(choose_way(options, &way));
  TRY(MEMORY_NEW(NULL, &s, 1, "descriptor"));
  s->way = way;
  const int32_t status = way->create(&s->state, options, n_species, species);
  if (status == TERN_SUCCESS)
    *state = s;
  else
    memory_free(NULL, s);
  return status;
}

#define WAY(state) (((const correlations *)(state))->way)
#define STATE(state) (((const correlations *)(state))->state)

static int64_t features(const void *state) { return WAY(state)->features(STATE(state)); }

static void label(const void *state, int64_t column, text *label) { WAY(state)->label(STATE(state), column, label); }

static int64_t scratch(const void *state, int64_t n_neighbours) {
  return WAY(state)->scratch(STATE(state), n_neighbours);
}

static int32_t forward(const void *state, const environment *environment, void *scratch, double *values) {
  return WAY(state)->forward(STATE(state), environment, scratch, values);
}

static int32_t backward(const void *state, const environment *environment, void *scratch, const double *weights,
                        double *gradient) {
  return WAY(state)->backward(STATE(state), environment, scratch, weights, gradient);
}

static int32_t pushforward(const void *state, const environment *environment, void *scratch, const double *directions,
                           double *derivative) {
  return WAY(state)->pushforward(STATE(state), environment, scratch, directions, derivative);
}

static int32_t jacobian(const void *state, const environment *environment, void *scratch, double *jacobian) {
  return WAY(state)->jacobian(STATE(state), environment, scratch, jacobian);
}

static bool fitted(const void *state) { return WAY(state)->fitted(STATE(state)); }

static int32_t fit(void *state, run *run, int64_t n_environments, const environment *environments) {
  return WAY(state)->fit(STATE(state), run, n_environments, environments);
}

static int32_t store(const void *state, int64_t capacity, tensor *tensors, int64_t *count) {
  return WAY(state)->store(STATE(state), capacity, tensors, count);
}

static int32_t restore(void *state, const safetensors_file *file) { return WAY(state)->restore(STATE(state), file); }

const descriptor_kind correlations_kind = {
    .name = "correlations",
    .meaning = "invariants and equivariants of any number of neighbours (bispectrum and beyond)",
    .index_size = index_size,
    .create = create,
    .destroy = destroy,
    .features = features,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .pushforward = pushforward,
    .jacobian = jacobian,
    .fitted = fitted,
    .fit = fit,
    .store = store,
    .restore = restore,
};
