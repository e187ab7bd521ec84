/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model says of itself, and its end. */
#include "model/model.h"

#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "model/store.h"
#include "model/uncertainty.h"

bool model_has_tensor(const tern_model *model) { return model->parts[0].kind->tensor != NULL; }

const char *model_target(const tern_model *model, int32_t *order) {
  const char *target = "energy";
  *order = -1;
  if (!model_has_tensor(model))
    return model->vectors != NULL ? model->vectors : target;
  *order = model->parts[0].kind->order(model->parts[0].state);
  return options_text(model->parts[0].options, "target", &target) == TERN_SUCCESS ? target : "";
}

void model_free(tern_model *model) {
  if (model == NULL || atomic_fetch_sub(&model->references, 1) > 0)
    return;
  for (int64_t k = 0; k < model->n_parts; k++) {
    model_part *part = &model->parts[k];
    if (part->state != NULL)
      part->kind->destroy(part->state);
    descriptor_free(part->descriptor);
    options_free(part->options);
  }
  uncertainty_free(model->uncertainty);
  options_free(model->options);
  memory_free(NULL, model->kind);
  memory_free(NULL, model->vectors);
  memory_free(NULL, model->species);
  memory_free(NULL, model->e0);
  zbl_free(model->zbl);
  memory_free(NULL, model->shortest);
  memory_free(NULL, model->report);
  memory_free(NULL, model->provenance);
  model->tag = HANDLE_END(HANDLE_MODEL);
  memory_free(NULL, model);
}

double model_cutoff(const tern_model *model) {
  double cutoff = 0;
  for (int64_t k = 0; k < model->n_parts; k++)
    if (model->parts[k].descriptor->cutoff > cutoff)
      cutoff = model->parts[k].descriptor->cutoff;
  return cutoff;
}

int32_t model_check_energies(const tern_model *model) {
  int32_t order;
  const char *target = model_target(model, &order);
  if (model_has_tensor(model))
    return error_set(TERN_ERROR_MISSING, "the model predicts '%s', a tensor of order %d, no energies; "
                     "tern_model_predict_tensor gives it", target, order);
  if (model->vectors == NULL)
    return TERN_SUCCESS;
  return error_set(TERN_ERROR_MISSING, "the model predicts vectors '%s' of atoms, no energies; "
                   "tern_model_predict_vectors gives them", model->vectors);
}

double model_least_cutoff(const tern_model *model) {
  double cutoff = model_cutoff(model);
  for (int64_t k = 0; k < model->n_parts; k++)
    if (model->parts[k].descriptor->cutoff < cutoff)
      cutoff = model->parts[k].descriptor->cutoff;
  return cutoff;
}

/* The tensor, or the energies of isolated atoms. */
static void describe_target(const tern_model *model, text *json) {
  int32_t order;
  const char *target = model_target(model, &order);
  text_add(json, ", \"target\": {\"name\": ");
  text_add_json(json, target);
  if (model_has_tensor(model))
    text_add(json, ", \"order\": %d", order);
  text_add(json, "}");
  if (model_has_tensor(model) || model->vectors != NULL)
    return;
  text_add(json, ", \"e0\": {");
  for (int32_t k = 0; k < model->n_species; k++)
    text_add(json, "%s\"%s\": %.17g", k > 0 ? ", " : "", elements_symbol(model->species[k]), model->e0[k]);
  text_add(json, "}");
}

int32_t model_info(const tern_model *model, text *json) {
  text_add(json, "{\"what\": \"model\", \"kind\": \"%s\", \"format_version\": %d, ", model->kind,
           store_format_version(model));
  if (model->vectors != NULL) {
    text_add(json, "\"vectors\": ");
    text_add_json(json, model->vectors);
    text_add(json, ", \"vectors_width\": %lld, ",
             (long long)model->parts[0].kind->vectors->width(model->parts[0].state));
  }
  text_add(json, "\"model\": ");
  TRY(store_describe(model, 0, json));
  describe_target(model, json);
  text_add(json, ", \"descriptor\": ");
  TRY(descriptor_info(model->parts[0].descriptor, json));
  for (int64_t k = 1; k < model->n_parts; k++) {
    text_add(json, "%s{\"kind\": \"%s\", \"model\": ", k > 1 ? ", " : ", \"further_parts\": [",
             model->parts[k].kind->name);
    TRY(store_describe(model, k, json));
    text_add(json, ", \"descriptor\": ");
    TRY(descriptor_info(model->parts[k].descriptor, json));
    text_add(json, k == model->n_parts - 1 ? "}]" : "}");
  }
  text_add(json, ", \"units\": %s, \"provenance\": %s, \"report\": %s}", MODEL_UNITS, model->provenance,
           model->report);
  return TERN_SUCCESS;
}
