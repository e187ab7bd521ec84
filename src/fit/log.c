/* SPDX-License-Identifier: BSD-3-Clause */
/* The log of a training: a line of JSON for each step, written at once. */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "fit/training.h"

static int32_t log_failure(const fit_training *t, int reason) {
  return error_set(TERN_ERROR_FILE, "log %s: %s", t->settings.log, strerror(reason));
}

int32_t fit_log_open(fit_training *t) {
  if (t->settings.log[0] == 0)
    return TERN_SUCCESS;
  t->log = fopen(t->settings.log, t->settings.resume ? "ae" : "we");
  return t->log != NULL ? TERN_SUCCESS : log_failure(t, errno);
}

void fit_log_close(fit_training *t) {
  if (t->log != NULL)
    fclose(t->log);
  t->log = NULL;
}

void fit_add_measures(text *json, const fit_measures *measures) {
  text_add(json, "{\"loss\": ");
  text_add_real(json, measures->loss);
  for (int32_t k = 0; k < measures->count; k++) {
    text_add(json, ", ");
    text_add_json(json, measures->names[k]);
    text_add(json, ": ");
    text_add_real(json, measures->values[k]);
  }
  text_add(json, "}");
}

static void add_number(text *line, const char *name, double value) {
  text_add(line, ", \"%s\": ", name);
  text_add_real(line, value);
}

int32_t fit_log_line(const fit_training *t, double loss, double step, double damping,
                     const fit_measures *measures) {
  text line = {0};
  if (t->log == NULL)
    return TERN_SUCCESS;
  text_add(&line, "{\"step\": %lld", (long long)t->counts.step);
  add_number(&line, "epoch",
             (double)t->counts.epoch + (double)t->counts.position / (double)t->problem->n_items);
  add_number(&line, "seconds", t->reals.seconds);
  add_number(&line, "loss", loss);
  add_number(&line, "damping", damping);
  add_number(&line, "step_size", step);
  if (measures != NULL) {
    text_add(&line, ", \"%s\": ", t->problem->n_held_out > 0 ? "validation" : "train");
    fit_add_measures(&line, measures);
  }
  text_add(&line, "}\n");
  const bool written = !line.failed && fwrite(line.data, 1, (size_t)line.length, t->log) == (size_t)line.length &&
                       fflush(t->log) == 0;
  const int32_t status = written ? TERN_SUCCESS
                                 : line.failed ? error_set(TERN_ERROR_MEMORY, "no memory for a line of the log")
                                               : log_failure(t, errno);
  text_free(&line);
  return status;
}
