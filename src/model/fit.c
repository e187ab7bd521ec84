/* SPDX-License-Identifier: BSD-3-Clause */
/* How a model is fitted: e0 first, then part after part on what is left. */
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "model/baseline.h"
#include "model/data_check.h"
#include "model/equivariant.h"
#include "model/fade.h"
#include "model/evaluate.h"
#include "model/held_out.h"
#include "model/learned.h"
#include "model/model.h"
#include "model/residual.h"
#include "model/shortest.h"
#include "model/together.h"
#include "model/uncertainty.h"
#include "model/vectors.h"

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

/* The text of a grown text, which is ended. */
static int32_t keep(text *text, char **kept) {
  *kept = text->failed || text->data == NULL ? NULL : memory_text(text->data);
  text_free(text);
  return *kept != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for the report of a model");
}

/* e0 is fitted on what the baseline leaves. */
static int32_t fit_e0(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  tern_dataset *rest = NULL;
  TRY(zbl_new(&model->zbl, model->parts[0].options, model->n_species, model->species));
  if (model->zbl != NULL)
    TRY(residual_new(&rest, model, run, dataset));
  const int32_t status = baseline_fit(run, rest != NULL ? rest : dataset, model->options, model->n_species,
                                      model->species, model->e0, report);
  dataset_free(rest);
  return status;
}

/* Name of the vectors or of the tensor that is fitted; NULL: energies. */
static int32_t find_target(const tern_model *model, const char **target) {
  *target = model->vectors;
  return model->parts[0].kind->tensor != NULL ? options_text(model->options, "target", target) : TERN_SUCCESS;
}

/* Species, baseline and e0; a tensor has its own constants. */
static int32_t fit_baseline(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  const char *target;
  int32_t species[119];
  model->n_species = dataset_species(dataset, species);
  if (model->n_species == 0)
    return error_set(TERN_ERROR_DATA, "the data set to fit on has no atoms in its %lld structures",
                     (long long)dataset->size);
  TRY(find_target(model, &target));
  TRY(data_check_sizes(dataset, target));
  TRY(MEMORY_NEW(NULL, &model->species, model->n_species, "the species of a model"));
  memcpy(model->species, species, (size_t)model->n_species * sizeof(int32_t));
  TRY(MEMORY_NEW(NULL, &model->e0, model->n_species, "the energies of isolated atoms"));
  TRY(MEMORY_NEW(NULL, &model->shortest, (int64_t)model->n_species * model->n_species, "shortest distances"));
  if (model->vectors != NULL) {
    text_add(report, "\"target\": ");
    text_add_json(report, model->vectors);
  } else if (model->parts[0].kind->tensor != NULL) {
    text_add(report, "\"structures\": %lld", (long long)dataset->size);
  } else {
    TRY(fit_e0(model, run, dataset, report));
  }
  text_add(report, ", ");
  return data_check(run, dataset, target, model->n_species, model->species, report);
}

static int32_t fit_descriptor(model_part *part, run *run, const tern_dataset *dataset) {
  const char *name;
  if (part->kind->tensor != NULL)
    TRY(equivariant_prepare(run, dataset, part->options));
  TRY(options_text(part->options, "descriptor", &name));
  if (part->kind->descriptor == NULL && strcmp(name, learned_kind.name) == 0)
    return learned_new_from_options(&part->descriptor, part->options);
  TRY(descriptor_new(&part->descriptor, part->kind->descriptor != NULL ? part->kind->descriptor : name, part->options));
  TRY(descriptor_fit(part->descriptor, run, dataset));
  return part->kind->tensor != NULL ? equivariant_check(run, dataset, part->options, part->descriptor) : TERN_SUCCESS;
}

/* What the earlier parts leave is what this one is fitted on; vectors are fitted as they are. */
static int32_t fit_part(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  model_part *part = &model->parts[model->n_parts];
  tern_dataset *rest = NULL;
  int32_t status = fit_descriptor(part, run, dataset);
  if (status == TERN_SUCCESS && model->vectors == NULL)
    status = residual_new(&rest, model, run, dataset);
  model->n_parts++;
  if (status == TERN_SUCCESS)
    status = part->kind->fit(&part->state, run, part->descriptor, rest != NULL ? rest : dataset, part->options, report);
  dataset_free(rest);
  return status;
}

/* All parts at once. They count as parts only now: until then the model is e0 and the baseline. */
static int32_t fit_together(tern_model *model, run *run, const tern_dataset *dataset, int64_t n_parts, text *report) {
  tern_dataset *rest = NULL;
  TRY(residual_new(&rest, model, run, dataset));
  text_add(report, ", ");
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; status == TERN_SUCCESS && k < n_parts; k++) {
    status = fit_descriptor(&model->parts[k], run, dataset);
    model->n_parts++;
  }
  if (status == TERN_SUCCESS)
    status = together_fit(model, run, rest, report);
  dataset_free(rest);
  return status;
}

/* The parts that there are, "ridge" of "ridge+triplet". */
static void shorten_name(tern_model *model) {
  char *end = model->kind;
  for (int64_t k = 0; k < model->n_parts; k++)
    end += strcspn(end + (k > 0), "+") + (k > 0);
  *end = 0;
}

/* The first part's report stands with the model's; those of further ones are objects of a list. A training that was
   cancelled, which takes the progress callback away, is the last part of a model that can be used as it is. */
static int32_t fit_parts(tern_model *model, run *run, const tern_dataset *dataset, int64_t n_parts, text *report) {
  const tern_progress progress = run->progress;
  bool together;
  TRY(together_check(model->parts, n_parts, model->options, &together));
  if (together)
    return fit_together(model, run, dataset, n_parts, report);
  for (int64_t k = 0; k < n_parts && run->progress == progress; k++) {
    if (k > 0)
      text_add(report, "%s{\"kind\": \"%s\", ", k > 1 ? ", " : ", \"further_parts\": [", model->parts[k].kind->name);
    else
      text_add(report, ", ");
    const int32_t status = fit_part(model, run, dataset, report);
    if (status != TERN_SUCCESS)
      return n_parts > 1 ? error_prefix(status, "%s: ", model->parts[k].kind->name) : status;
    if (k > 0)
      text_add(report, k == n_parts - 1 || run->progress != progress ? "}]" : "}");
  }
  shorten_name(model);
  return TERN_SUCCESS;
}

static int32_t fit_shortest(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  const double cutoff = model_cutoff(model);
  TRY(shortest_measure(run, dataset, model->n_species, model->species, cutoff, model->shortest));
  if (model->zbl != NULL)
    TRY(zbl_meet_data(model->zbl, model->options, model->shortest, cutoff, model_least_cutoff(model)));
  if (model->zbl != NULL)
    TRY(fade_meet_data(model->zbl, run, dataset));
  text_add(report, ", ");
  shortest_report(model, report);
  return TERN_SUCCESS;
}

static int32_t fit_report(tern_model *model, run *run, const tern_dataset *dataset, double start, text *report) {
  text_add(report, ", ");
  if (model->vectors != NULL) {
    TRY(vectors_evaluate(model, run, dataset, report));
  } else {
    TRY(model_evaluate(model, run, dataset, model->zbl != NULL ? model->zbl->highest : NULL, report));
    TRY(held_out_report(model, run, dataset, report));
    TRY(uncertainty_fit(&model->uncertainty, model, run, dataset, report));
  }
  text_add(report, ", \"cost\": {\"seconds\": %.3f, \"threads\": %d, \"memory_peak\": %lld}}", run_seconds() - start,
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

static int32_t fit_all(tern_model *model, run *run, const tern_dataset *dataset, int64_t n_parts, text *report) {
  const double start = run_seconds();
  text_add(report, "{");
  TRY(fit_baseline(model, run, dataset, report));
  TRY(fit_parts(model, run, dataset, n_parts, report));
  TRY(fit_shortest(model, run, dataset, report));
  return fit_report(model, run, dataset, start, report);
}

/* A kind that reads one descriptor only refuses another one that was asked for it alone. */
static int32_t check_descriptor(const model_kind *kind, const tern_options *options, bool alone) {
  const char *name;
  TRY(options_text(options, "descriptor", &name));
  if (!alone || kind->descriptor == NULL || !options_is_set(options, "descriptor") ||
      strcmp(name, kind->descriptor) == 0)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_OPTION, "option 'descriptor' is '%s'; a model '%s' always reads '%s'", name, kind->name,
                   kind->descriptor);
}

/* What a tensor has no use for. */
static int32_t check_tensor_options(const char *target, const tern_options *options) {
  static const char *const energies[] = {"energy_weight", "force_weight", "virial_weight", "e0", "baseline"};
  for (size_t k = 0; k < sizeof energies / sizeof *energies; k++)
    if (options_is_set(options, energies[k]))
      return error_set(TERN_ERROR_OPTION, "option '%s' is about energies; the target is '%s', a tensor", energies[k],
                       target);
  return TERN_SUCCESS;
}

/* Parts that are trained would overwrite each other's state, and none of them could go on from it. */
static int32_t check_checkpoints(const tern_model *model, int64_t count) {
  const char *paths[MODEL_MOST_PARTS];
  for (int64_t k = 0; k < count; k++) {
    const model_kind *kind = model->parts[k].kind;
    TRY(options_text(model->parts[k].options, "checkpoint", &paths[k]));
    for (int64_t j = 0; j < k; j++)
      if (kind->linear == NULL && model->parts[j].kind->linear == NULL && paths[k][0] != 0 &&
          strcmp(paths[j], paths[k]) == 0)
        return error_set(TERN_ERROR_OPTION, "option 'checkpoint' is '%s' for two parts of '%s'; give each its own file, "
                                            "%s.checkpoint and %s.checkpoint",
                         paths[k], model->kind, model->parts[j].kind->name, kind->name);
  }
  return TERN_SUCCESS;
}

/* Kinds and options of the parts of "ridge+triplet"; n_parts of the model counts only those that are fitted. */
static int32_t prepare_parts(tern_model *model, const char *kinds, const tern_options *options, int64_t *count) {
  char name[64];
  *count = 0;
  for (const char *next = kinds; next != NULL; next = strchr(next, '+') != NULL ? strchr(next, '+') + 1 : NULL) {
    model_part *part = &model->parts[*count];
    text_format(name, sizeof name, "%.*s", (int)strcspn(next, "+"), next);
    const model_kind *found = model_kind_find(name);
    if (found == NULL)
      return kind_unknown(name);
    for (int64_t k = 0; k < *count; k++)
      if (model->parts[k].kind == found)
        return error_set(TERN_ERROR_ARGUMENT, "kind of model '%s': '%s' occurs twice in the sum", kinds, name);
    part->kind = found;
    TRY(options_of_scope(&part->options, options, name));
    ++*count;
    TRY(check_descriptor(found, part->options, strchr(kinds, '+') == NULL));
  }
  TRY(check_checkpoints(model, *count));
  return options_check(options, kinds, "model");
}

/* The one part is to predict vectors of that name. */
static int32_t choose_vectors(tern_model *model, const char *target, int64_t n_parts) {
  const char *baseline;
  TRY(options_text(model->parts[0].options, "baseline", &baseline));
  if (n_parts > 1)
    return error_set(TERN_ERROR_OPTION, "kind of model '%s': vectors such as '%s' are fitted by one kind, not by a sum",
                     model->kind, target);
  const model_kind *found = model_vector_kind_find(model->parts[0].kind->name);
  if (found == NULL)
    return error_set(TERN_ERROR_OPTION, "a model '%s' is not fitted on vectors such as '%s'; network and triplet are",
                     model->kind, target);
  if (strcmp(baseline, "none") != 0)
    return error_set(TERN_ERROR_OPTION, "option 'baseline' is '%s', which vectors such as '%s' do not have", baseline,
                     target);
  model->parts[0].kind = found;
  model->vectors = memory_text(target);
  return model->vectors != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for a model");
}

/* Every part is to learn the tensor of that name. */
static int32_t choose_tensor(tern_model *model, const char *target, int64_t n_parts) {
  for (int64_t k = 0; k < n_parts; k++) {
    model_part *part = &model->parts[k];
    TRY(check_tensor_options(target, part->options));
    if (part->kind->for_tensors == NULL)
      return error_set(TERN_ERROR_OPTION, "a model '%s' is not fitted on tensors such as '%s'; ridge and kernel are",
                       part->kind->name, target);
    part->kind = part->kind->for_tensors;
    TRY(check_descriptor(part->kind, part->options, n_parts == 1));
  }
  return TERN_SUCCESS;
}

/* The energy, or what structures carry under the name: vectors of atoms or a tensor. */
static int32_t choose_target(tern_model *model, const tern_dataset *dataset, const tern_options *options,
                             int64_t n_parts) {
  const char *target;
  TRY(options_text(options, "target", &target));
  if (strcmp(target, "energy") == 0)
    return TERN_SUCCESS;
  for (int64_t k = 0; k < dataset->size; k++) {
    if (frame_find_vectors(dataset->frames[k], target) != NULL)
      return choose_vectors(model, target, n_parts);
    if (frame_find_tensor(dataset->frames[k], target) != NULL)
      return choose_tensor(model, target, n_parts);
  }
  return error_set(TERN_ERROR_OPTION,
                   "option 'target' is '%s'; models are fitted on 'energy', or on a tensor or vectors of the atoms "
                   "that structures carry under this name, and none of these does",
                   target);
}

/* What only the fit itself asks of its parts goes. */
static void settle_parts(tern_model *model, run *run) {
  for (int64_t k = 0; k < model->n_parts; k++) {
    const model_linear *linear = model->parts[k].kind->linear;
    if (linear != NULL && model->parts[k].state != NULL)
      linear->settle(model->parts[k].state, run);
  }
}

/* Parts that were prepared but not fitted when it failed. */
static void drop_parts(tern_model *model, int64_t count) {
  for (int64_t k = model->n_parts; k < count; k++)
    options_free(model->parts[k].options);
}

int32_t model_fit(tern_model **model, const char *kind, run *run, const tern_dataset *dataset,
                  const tern_options *options) {
  tern_model *made = NULL;
  text report = {0};
  int64_t n_parts = 0;
  TRY(MEMORY_NEW(NULL, &made, 1, "a model"));
  made->tag = HANDLE_MODEL;
  made->kind = memory_text(kind);
  int32_t status = prepare_parts(made, kind, options, &n_parts);
  if (status == TERN_SUCCESS && made->kind == NULL)
    status = error_set(TERN_ERROR_MEMORY, "no memory for a model");
  if (status == TERN_SUCCESS && dataset->size == 0)
    status = error_set(TERN_ERROR_DATA,
                       "the data set to fit on is empty; it needs at least one structure with a target");
  if (status == TERN_SUCCESS)
    status = choose_target(made, dataset, options, n_parts);
  if (status == TERN_SUCCESS)
    status = options_copy(&made->options, options);
  if (status == TERN_SUCCESS)
    status = fit_all(made, run, dataset, n_parts, &report);
  settle_parts(made, run);
  text_free(&report);
  drop_parts(made, n_parts);
  if (status == TERN_SUCCESS) {
    *model = made;
    return TERN_SUCCESS;
  }
  model_free(made);
  return status;
}
