/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static int32_t model_text(const void *model, char *buffer, int64_t capacity, int64_t *length) {
  return tern_model_info(model, buffer, capacity, length);
}

static void print_counts(const char *path, const tern_dataset *dataset) {
  int64_t size = 0, counts[3] = {0};
  tern_dataset_size(dataset, &size);
  for (int32_t target = TERN_TARGET_ENERGY; target <= TERN_TARGET_VIRIAL; ++target)
    tern_dataset_count(dataset, target, &counts[target]);
  printf("%s: %lld structures; energies %lld, forces %lld, virials %lld\n", path, (long long)size, (long long)counts[0],
         (long long)counts[1], (long long)counts[2]);
}

static int32_t print_model(const arguments *arguments, const tern_model *model) {
  char *text = NULL;
  const int32_t status = fetch_text(model_text, model, &text);
  if (status != TERN_SUCCESS)
    return status;
  if (arguments->json)
    printf("{\"event\": \"model\", \"model\": %s}\n", text);
  else
    print_json(text);
  free(text);
  return TERN_SUCCESS;
}

static int32_t print_errors(const arguments *arguments, const tern_model *model, const tern_dataset *dataset, const char *set,
                            progress_bar *bar) {
  measures measures = {0};
  const int32_t status = measures_dataset(&measures, model, dataset, bar);
  progress_end(bar);
  if (status == TERN_SUCCESS && arguments->json)
    measures_print_json(&measures, set, arguments->pairs);
  else if (status == TERN_SUCCESS)
    measures_print(&measures, set, arguments->pairs);
  return status;
}

/* The model is saved before its errors are measured: what was fitted is safe whatever comes then. */
static int32_t fit(const arguments *arguments, tern_dataset **train, tern_dataset **test, tern_model **model) {
  progress_bar bar = progress_new(arguments);
  int32_t status = tern_dataset_read(train, arguments->inputs[0], arguments->options);
  if (status == TERN_SUCCESS && arguments->test)
    status = tern_dataset_read(test, arguments->test, arguments->options);
  if (status == TERN_SUCCESS && !arguments->json && !arguments->quiet)
    print_counts(arguments->inputs[0], *train);
  if (status == TERN_SUCCESS)
    status = tern_model_fit(model, arguments->model, *train, arguments->options, progress_show, &bar);
  progress_end(&bar);
  if (status == TERN_SUCCESS)
    status = tern_model_save(*model, arguments->output);
  if (status == TERN_SUCCESS && (arguments->json || !arguments->quiet))
    status = print_model(arguments, *model);
  if (status == TERN_SUCCESS && (arguments->json || !arguments->quiet))
    status = print_errors(arguments, *model, *train, "training set", &bar);
  if (status == TERN_SUCCESS && arguments->test)
    status = print_errors(arguments, *model, *test, "test set", &bar);
  return status;
}

int verb_fit(const arguments *arguments) {
  if (arguments->output == NULL || arguments->model[0] == '\0')
    return usage_error("fit needs --model KIND and -o MODEL; `ternion options` lists the kinds");
  tern_dataset *train = NULL, *test = NULL;
  tern_model *model = NULL;
  const bool bad = failed(fit(arguments, &train, &test, &model));
  tern_model_free(model);
  tern_dataset_free(test);
  tern_dataset_free(train);
  return bad ? EXIT_FAILED : EXIT_SUCCESS;
}
