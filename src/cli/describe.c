/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static void report(const arguments *arguments, const tern_dataset *dataset, int64_t features) {
  int64_t structures = 0;
  tern_dataset_size(dataset, &structures);
  if (arguments->json) {
    printf("{\"event\": \"described\", \"structures\": %lld, \"features\": %lld, \"file\": ", (long long)structures,
           (long long)features);
    print_json_string(arguments->output);
    puts("}");
  } else if (!arguments->quiet)
    printf("%lld structures, %lld features: %s\n", (long long)structures, (long long)features, arguments->output);
}

/* The number of features does not depend on the structure, so the first will do to ask for it. */
static int32_t count_features(const tern_descriptor *descriptor, const tern_dataset *dataset, int64_t *features) {
  tern_system *first = NULL;
  int32_t status = tern_dataset_system(dataset, 0, &first);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_shape(descriptor, first, NULL, features);
  tern_system_free(first);
  return status;
}

int verb_describe(const arguments *arguments) {
  if (arguments->output == NULL || arguments->descriptor[0] == '\0')
    return usage_error("describe needs --descriptor KIND and -o OUT; `ternion options` lists the kinds");
  tern_dataset *dataset = NULL;
  tern_descriptor *descriptor = NULL;
  progress_bar bar = progress_new(arguments);
  int64_t features = 0;
  int32_t status = tern_dataset_read(&dataset, arguments->inputs[0], arguments->options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_new(&descriptor, arguments->descriptor, arguments->options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_fit(descriptor, dataset, progress_show, &bar);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_write(descriptor, dataset, arguments->output, progress_show, &bar);
  if (status == TERN_SUCCESS)
    status = count_features(descriptor, dataset, &features);
  progress_end(&bar);
  const bool bad = failed(status);
  if (!bad)
    report(arguments, dataset, features);
  tern_descriptor_free(descriptor);
  tern_dataset_free(dataset);
  return bad ? EXIT_FAILED : EXIT_SUCCESS;
}
