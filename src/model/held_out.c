/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/held_out.h"

#include "core/error.h"
#include "core/memory.h"
#include "model/evaluate.h"
#include "model/split.h"

int32_t held_out_find(const tern_model *model, run *run, int64_t size, unsigned char **marks) {
  unsigned char *common = NULL;
  int64_t left = 0;
  *marks = NULL;
  for (int64_t k = 0; k < model->n_parts; k++) {
    unsigned char *own = NULL;
    const int32_t status = split_new(&own, run, model->parts[k].options, size);
    if (status != TERN_SUCCESS || own == NULL) {
      memory_free(run, common);
      return status;
    }
    left = 0;
    for (int64_t index = 0; index < size; index++)
      left += own[index] = own[index] && (common == NULL || common[index]);
    memory_free(run, common);
    common = own;
  }
  if (left > 0)
    *marks = common;
  else
    memory_free(run, common);
  return TERN_SUCCESS;
}

void held_out_withhold(tern_model *model, bool on) {
  for (int64_t k = 0; k < model->n_parts; k++)
    if (model->parts[k].kind->withhold != NULL)
      model->parts[k].kind->withhold(model->parts[k].state, on);
}

int32_t held_out_report(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  unsigned char *marks = NULL;
  TRY(held_out_find(model, run, dataset->size, &marks));
  if (marks == NULL)
    return TERN_SUCCESS;
  text_add(report, ", ");
  held_out_withhold(model, true);
  const int32_t status = model_evaluate_marked(model, run, dataset, marks, "held_out", report);
  held_out_withhold(model, false);
  memory_free(run, marks);
  return status;
}
