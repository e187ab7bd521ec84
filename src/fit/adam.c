/* SPDX-License-Identifier: BSD-3-Clause */
/* Adam (D. P. Kingma, J. Ba, arXiv:1412.6980): the gradient's running mean over the root of that of its square. */
#include <math.h>

#include "core/error.h"
#include "fit/training.h"

static const double square_decay = 0.999, smallest = 1e-8;

enum { MEAN, SQUARE }; /* kept */

static void adam_move(fit_training *t, const double *gradient, double step) {
  const double decay = t->settings.momentum, done = (double)t->counts.step + 1;
  const double mean_scale = 1 / (1 - pow(decay, done)), square_scale = 1 / (1 - pow(square_decay, done));
  double *mean = fit_kept(t, MEAN), *square = fit_kept(t, SQUARE);
  for (int64_t k = 0; k < t->problem->n_parameters; k++) {
    mean[k] = decay * mean[k] + (1 - decay) * gradient[k];
    square[k] = square_decay * square[k] + (1 - square_decay) * gradient[k] * gradient[k];
    t->parameters[k] -= step * mean_scale * mean[k] / (sqrt(square_scale * square[k]) + smallest);
  }
}

static int32_t adam_advance(fit_training *t, const fit_batch *batch, double step, double damping) {
  double *gradient = fit_work(t, 0), loss;
  (void)damping;
  TRY(fit_gradient(t, batch, t->parameters, gradient, &loss));
  if (!isfinite(loss) || !fit_finite(t->problem->n_parameters, gradient)) {
    t->stopped = "not finite";
    return TERN_SUCCESS;
  }
  adam_move(t, gradient, step);
  t->reals.loss[t->member] = loss;
  return TERN_SUCCESS;
}

const fit_optimizer fit_adam = {
    .name = "adam", .kept = 2, .work = 1, .usual_rows = 100, .step = 0.01, .momentum = 0.9,
    .advance = adam_advance};
