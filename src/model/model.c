/* SPDX-License-Identifier: BSD-3-Clause */
/* A model's life: fitted, asked about itself, ended. */
#include "model/model.h"

#include <string.h>
#include <time.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "model/baseline.h"
#include "model/evaluate.h"
#include "model/store.h"

void model_free(tern_model *model) {
  if (model == NULL)
    return;
  if (model->state != NULL)
    model->kind->destroy(model->state);
  descriptor_free(model->descriptor);
  options_free(model->options);
  memory_free(NULL, model->species);
  memory_free(NULL, model->e0);
  memory_free(NULL, model->report);
  memory_free(NULL, model->provenance);
  model->tag = HANDLE_END(HANDLE_MODEL);
  memory_free(NULL, model);
}

static int32_t kind_unknown(const char *name) {
  const char *names[32];
  int64_t count = 0;
  text known = {0};
  for (; model_kinds(count) != NULL && count < 32; count++) {
    names[count] = model_kinds(count)->name;
    text_add(&known, "%s%s", count > 0 ? ", " : "", names[count]);
  }
  const char *nearest = text_nearest(name, names, count);
  if (nearest != NULL)
    error_set(TERN_ERROR_ARGUMENT, "unknown kind of model '%s' (did you mean '%s'?); there are: %s", name, nearest,
              known.failed ? "" : known.data);
  else
    error_set(TERN_ERROR_ARGUMENT, "unknown kind of model '%s'; there are: %s", name, known.failed ? "" : known.data);
  text_free(&known);
  return TERN_ERROR_ARGUMENT;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The text of a grown text, which is ended. */
static int32_t keep(text *text, char **kept) {
  *kept = text->failed || text->data == NULL ? NULL : memory_text(text->data);
  text_free(text);
  return *kept != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for the report of a model");
}

static int32_t fit_descriptor(tern_model *model, run *run, const tern_dataset *dataset) {
  const char *descriptor;
  int32_t species[119];
  TRY(options_text(model->options, "descriptor", &descriptor));
  TRY(descriptor_new(&model->descriptor, descriptor, model->options));
  TRY(descriptor_fit(model->descriptor, run, dataset));
  model->n_species = dataset_species(dataset, species);
  if (model->n_species == 0)
    return error_set(TERN_ERROR_DATA, "the data set to fit on has no atoms in its %lld structures",
                     (long long)dataset->size);
  TRY(MEMORY_NEW(NULL, &model->species, model->n_species, "the species of a model"));
  memcpy(model->species, species, (size_t)model->n_species * sizeof(int32_t));
  return MEMORY_NEW(NULL, &model->e0, model->n_species, "the baseline of a model");
}

static int32_t fit_kind(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  double *baseline = NULL;
  TRY(baseline_fit(run, dataset, model->options, model->n_species, model->species, model->e0, report));
  TRY(MEMORY_NEW(run, &baseline, dataset->size, "energies of the baseline"));
  for (int64_t index = 0; index < dataset->size; index++)
    baseline[index] = baseline_energy(model->n_species, model->species, model->e0, dataset->frames[index]->system);
  text_add(report, ", ");
  const int32_t status =
      model->kind->fit(&model->state, run, model->descriptor, dataset, baseline, model->options, report);
  memory_free(run, baseline);
  return status;
}

static int32_t fit_report(tern_model *model, run *run, const tern_dataset *dataset, double start, text *report) {
  text_add(report, ", ");
  TRY(model_evaluate(model, run, dataset, report));
  text_add(report, ", \"cost\": {\"seconds\": %.3f, \"threads\": %d, \"memory_peak\": %lld}}", seconds_now() - start,
           run->threads, (long long)run->memory_peak);
  TRY(keep(report, &model->report));
  text provenance = {0};
  text_add(&provenance,
           "{\"release\": \"" TERNION_VERSION "\", \"structures\": %lld, \"energies\": %lld, \"forces\": %lld,"
           " \"virials\": %lld}",
           (long long)dataset->size, (long long)dataset_count(dataset, TERN_TARGET_ENERGY),
           (long long)dataset_count(dataset, TERN_TARGET_FORCES),
           (long long)dataset_count(dataset, TERN_TARGET_VIRIAL));
  return keep(&provenance, &model->provenance);
}

static int32_t fit_all(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  const double start = seconds_now();
  TRY(fit_descriptor(model, run, dataset));
  text_add(report, "{");
  TRY(fit_kind(model, run, dataset, report));
  return fit_report(model, run, dataset, start, report);
}

int32_t model_fit(tern_model **model, const char *kind, run *run, const tern_dataset *dataset,
                  const tern_options *options) {
  const model_kind *found = model_kind_find(kind);
  tern_model *made = NULL;
  text report = {0};
  if (found == NULL)
    return kind_unknown(kind);
  TRY(options_check(options, kind, "model"));
  if (dataset->size == 0)
    return error_set(TERN_ERROR_DATA,
                     "the data set to fit on is empty; it needs at least one structure with a target");
  TRY(MEMORY_NEW(NULL, &made, 1, "a model"));
  made->tag = HANDLE_MODEL;
  made->kind = found;
  int32_t status = options_copy(&made->options, options);
  if (status == TERN_SUCCESS)
    status = fit_all(made, run, dataset, &report);
  text_free(&report);
  if (status == TERN_SUCCESS)
    *model = made;
  else
    model_free(made);
  return status;
}

int32_t model_info(const tern_model *model, text *json) {
  text descriptor = {0};
  int32_t status = descriptor_info(model->descriptor, &descriptor);
  text_add(json, "{\"what\": \"model\", \"kind\": \"%s\", \"format_version\": %d, \"model\": ", model->kind->name,
           MODEL_FORMAT_VERSION);
  if (status == TERN_SUCCESS)
    status = store_describe(model, json);
  if (status == TERN_SUCCESS && descriptor.failed)
    status = error_set(TERN_ERROR_MEMORY, "no memory to describe a model");
  if (status == TERN_SUCCESS) {
    text_add(json, ", \"e0\": {");
    for (int32_t k = 0; k < model->n_species; k++)
      text_add(json, "%s\"%s\": %.17g", k > 0 ? ", " : "", elements_symbol(model->species[k]), model->e0[k]);
    text_add(json, "}, \"descriptor\": %s, \"units\": %s, \"provenance\": %s, \"report\": %s}", descriptor.data,
             MODEL_UNITS, model->provenance, model->report);
  }
  text_free(&descriptor);
  return status;
}
