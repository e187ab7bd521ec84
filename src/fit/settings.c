/* SPDX-License-Identifier: BSD-3-Clause */
/* What the options say of a training. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "fit/training.h"

static const fit_optimizer *find_optimizer(const char *name) {
  static const fit_optimizer *const optimizers[] = {&fit_spring, &fit_adam, &fit_lbfgs};
  for (size_t k = 0; k < sizeof optimizers / sizeof *optimizers; k++)
    if (strcmp(optimizers[k]->name, name) == 0)
      return optimizers[k];
  return NULL;
}

static int32_t read_numbers(fit_settings *settings, const tern_options *options) {
  TRY(options_integer(options, "batch", &settings->batch));
  TRY(options_real(options, "damping", &settings->damping));
  TRY(options_real(options, "damping_end", &settings->damping_end));
  TRY(options_real(options, "momentum", &settings->momentum)); /* as step */
  TRY(options_real(options, "step", &settings->step)); /* NaN: the word auto */
  TRY(options_integer(options, "epochs", &settings->epochs));
  TRY(options_real(options, "time_limit", &settings->time_limit));
  return options_integer(options, "seed", &settings->seed);
}

int32_t fit_settings_read(fit_settings *settings, const tern_options *options) {
  const char *optimizer;
  int64_t resume;
  *settings = (fit_settings){0};
  TRY(options_text(options, "optimizer", &optimizer));
  settings->optimizer = find_optimizer(optimizer);
  if (settings->optimizer == NULL)
    return error_set(TERN_ERROR_INTERNAL, "no optimizer has the name '%s'", optimizer);
  TRY(read_numbers(settings, options));
  if (isnan(settings->step))
    settings->step = settings->optimizer->step;
  if (isnan(settings->momentum))
    settings->momentum = settings->optimizer->momentum;
  TRY(options_text(options, "checkpoint", &settings->checkpoint));
  TRY(options_text(options, "log", &settings->log));
  TRY(options_integer(options, "resume", &resume));
  settings->resume = resume != 0;
  if (settings->resume && settings->checkpoint[0] == 0)
    return error_set(TERN_ERROR_OPTION, "option 'resume' needs 'checkpoint': the file to go on from");
  return TERN_SUCCESS;
}
