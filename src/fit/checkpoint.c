/* SPDX-License-Identifier: BSD-3-Clause */
/* A training as a safetensors file, from which it goes on bit for bit. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "fit/training.h"
#include "io/file.h"
#include "io/safetensors.h"

#define CHECKPOINT_FORMAT "ternion.training"
#define CHECKPOINT_VERSION "1"

enum { COUNTS = sizeof(fit_counts) / sizeof(int64_t), REALS = sizeof(fit_reals) / sizeof(double), HEX = 17 };

static void fingerprint_text(const fit_training *t, char hex[HEX]) {
  snprintf(hex, HEX, "%016" PRIx64, t->problem->fingerprint);
}

int32_t fit_checkpoint_write(const fit_training *t) {
  const int64_t n = fit_size(t);
  char fingerprint[HEX];
  fingerprint_text(t, fingerprint);
  const tensor tensors[] = {
      {.name = "parameters", .type = TENSOR_FLOAT64, .rank = 1, .shape = {n}, .data = t->all},
      {.name = "best", .type = TENSOR_FLOAT64, .rank = 1, .shape = {n}, .data = t->best},
      {.name = "kept", .type = TENSOR_FLOAT64, .rank = 2, .shape = {t->settings.optimizer->kept, n}, .data = t->kept},
      {.name = "counts", .type = TENSOR_INT64, .rank = 1, .shape = {COUNTS}, .data = &t->counts},
      {.name = "reals", .type = TENSOR_FLOAT64, .rank = 1, .shape = {REALS}, .data = &t->reals},
  };
  const metadata_entry metadata[] = {
      {"format", CHECKPOINT_FORMAT}, {"format_version", CHECKPOINT_VERSION},
      {"name", t->problem->name},    {"optimizer", t->settings.optimizer->name},
      {"fingerprint", fingerprint},  {"precision", t->problem->wide ? "float64" : "float32"},
  };
  const int32_t status = safetensors_write(t->settings.checkpoint, sizeof tensors / sizeof *tensors, tensors,
                                           sizeof metadata / sizeof *metadata, metadata);
  return status == TERN_SUCCESS ? status : error_prefix(status, "checkpoint: ");
}

/* At the beginning, as a training whose checkpoints cannot be written fails at the first one. */
int32_t fit_checkpoint_try(const fit_training *t) {
  output_file *file = NULL;
  const int32_t status = output_open(&file, t->settings.checkpoint);
  output_free(file);
  return status == TERN_SUCCESS ? status : error_prefix(status, "checkpoint: ");
}

/* ---- reading ---- */

static int32_t compare(const safetensors_file *file, const char *key, const char *what, const char *expected) {
  const char *found = safetensors_metadata(file, key);
  if (found != NULL && strcmp(found, expected) == 0)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_DATA, "its %s is '%s', this training's is '%s'", what, found != NULL ? found : "unknown",
                   expected);
}

static int32_t check_origin(const fit_training *t, const safetensors_file *file) {
  const char *format = safetensors_metadata(file, "format"), *version = safetensors_metadata(file, "format_version");
  char fingerprint[HEX];
  if (format == NULL || strcmp(format, CHECKPOINT_FORMAT) != 0)
    return error_set(TERN_ERROR_FORMAT, "no checkpoint: its format is '%s', not '" CHECKPOINT_FORMAT "'",
                     format != NULL ? format : "unknown");
  if (version == NULL || strcmp(version, CHECKPOINT_VERSION) != 0)
    return error_set(TERN_ERROR_VERSION, "a checkpoint of format version %s; this library reads " CHECKPOINT_VERSION,
                     version != NULL ? version : "unknown");
  TRY(compare(file, "name", "model", t->problem->name));
  TRY(compare(file, "optimizer", "optimizer", t->settings.optimizer->name));
  TRY(compare(file, "precision", "precision", t->problem->wide ? "float64" : "float32"));
  const tensor *parameters = safetensors_find(file, "parameters");
  if (parameters != NULL && parameters->rank == 1 && parameters->shape[0] != fit_size(t))
    return error_set(TERN_ERROR_DATA, "it has %lld parameters, this training has %lld",
                     (long long)parameters->shape[0], (long long)fit_size(t));
  fingerprint_text(t, fingerprint);
  return compare(file, "fingerprint", "fingerprint of data and options", fingerprint);
}

static int32_t read_reals(const safetensors_file *file, const char *name, int32_t rank, int64_t rows, int64_t columns,
                          double *to) {
  const int64_t shape[2] = {rows, columns}, count = rank == 1 ? rows : rows * columns;
  const tensor *found;
  TRY(safetensors_get(file, name, TENSOR_FLOAT64, rank, shape, &found));
  memcpy(to, found->data, (size_t)count * sizeof *to);
  return TERN_SUCCESS;
}

static int32_t check_finite(const char *name, int64_t count, const double *values) {
  return fit_finite(count, values) ? TERN_SUCCESS
                                   : error_set(TERN_ERROR_FORMAT, "damaged: '%s' holds numbers that are not finite",
                                               name);
}

static int32_t check_counts(const fit_training *t) {
  const fit_counts *c = &t->counts;
  const bool valid = c->step >= 0 && c->epoch >= 0 && c->position >= 0 && c->position < t->problem->n_items &&
                     c->batch >= 1 && c->batch <= t->problem->n_items && c->best_step >= 0 &&
                     c->best_step <= c->step && c->points >= 0 && c->member >= 0 && c->member < t->problem->members;
  bool sound = t->reals.seconds >= 0;
  for (int64_t k = 0; k < FIT_MOST_MEMBERS; k++)
    sound = sound && c->pairs[k] >= 0 && c->drawn[k] >= 0 && t->reals.caution[k] >= 1 &&
            isfinite(t->reals.caution[k]);
  if (!valid || !sound)
    return error_set(TERN_ERROR_FORMAT, "damaged: its counts make no sense");
  if (c->seed != t->settings.seed)
    return error_set(TERN_ERROR_DATA, "its seed is %lld, this training's is %lld", (long long)c->seed,
                     (long long)t->settings.seed);
  return TERN_SUCCESS;
}

static int32_t read_file(fit_training *t, const safetensors_file *file) {
  const int64_t n = fit_size(t), kept = t->settings.optimizer->kept, counts = COUNTS;
  const tensor *found;
  TRY(check_origin(t, file));
  TRY(read_reals(file, "parameters", 1, n, 0, t->all));
  TRY(read_reals(file, "best", 1, n, 0, t->best));
  TRY(read_reals(file, "kept", 2, kept, n, t->kept));
  TRY(read_reals(file, "reals", 1, REALS, 0, (double *)(void *)&t->reals));
  TRY(safetensors_get(file, "counts", TENSOR_INT64, 1, &counts, &found));
  memcpy(&t->counts, found->data, sizeof t->counts);
  TRY(check_finite("parameters", n, t->all));
  TRY(check_finite("best", n, t->best));
  TRY(check_finite("kept", kept * n, t->kept));
  return check_counts(t);
}

int32_t fit_checkpoint_read(fit_training *t) {
  safetensors_file *file = NULL;
  TRY(safetensors_read(&file, t->settings.checkpoint));
  const int32_t status = read_file(t, file);
  safetensors_free(file);
  if (status == TERN_SUCCESS)
    return TERN_SUCCESS;
  return error_prefix(status, "%s: cannot go on from this checkpoint (without option 'resume' training begins anew): ",
                      t->settings.checkpoint);
}
