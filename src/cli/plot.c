/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of fits. A further picture is one function and one row here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

typedef struct plot {
  const char *name;
  int most_inputs;
  const char *inputs; /* for a message */
  bool (*draw)(picture *picture, const compared *compared); /* NULL: the inputs are logs */
} plot;
static const plot plots[] = {
    {"parity", 2, "a model (or a file that predict wrote) and a file of references", plot_parity},
    {"pairs", 2, "a model (or a file that predict wrote) and a file of references", plot_pairs},
    {"training", MOST_INPUTS - 1, "logs of trainings", NULL},
};
enum { N_PLOTS = sizeof plots / sizeof plots[0] };

static const plot *find_plot(const char *name) {
  for (int i = 0; i < N_PLOTS; ++i)
    if (strcmp(plots[i].name, name) == 0)
      return &plots[i];
  return NULL;
}

static int check(const plot *plot, const arguments *arguments) {
  const int count = arguments->n_inputs - 1;
  if (plot == NULL)
    return usage_error("'%s' is no picture; there are: parity, pairs, training", arguments->inputs[0]);
  if (count > plot->most_inputs || (plot->draw && count != 2))
    return usage_error("plot %s: expected %s", plot->name, plot->inputs);
  if (arguments->output == NULL || !picture_known(arguments->output))
    return usage_error("plot needs -o PICTURE, whose name ends in .png, .svg or .pdf");
  return EXIT_SUCCESS;
}

static bool draw_compared(const plot *plot, const arguments *arguments, picture *picture) {
  compared compared = {0};
  progress_bar bar = progress_new(arguments);
  bool good = !failed(compared_make(&compared, arguments, arguments->inputs[1], arguments->inputs[2], &bar));
  if (good)
    good = plot->draw(picture, &compared);
  if (good && arguments->json)
    measures_print_json(&compared.measures, arguments->inputs[2], plot->draw == plot_pairs);
  else if (good && !arguments->quiet)
    measures_print(&compared.measures, "errors", plot->draw == plot_pairs);
  compared_free(&compared);
  return good;
}

int verb_plot(const arguments *arguments) {
  const plot *plot = find_plot(arguments->inputs[0]);
  picture picture = {0};
  const int code = check(plot, arguments);
  if (code != EXIT_SUCCESS)
    return code;
  if (!picture_open(&picture, arguments->output))
    return EXIT_FAILED;
  const bool good = plot->draw ? draw_compared(plot, arguments, &picture)
                               : plot_training(&picture, arguments->n_inputs - 1, arguments->inputs + 1);
  if (!picture_close(&picture, good))
    return EXIT_FAILED;
  if (arguments->json) {
    printf("{\"event\": \"plot\", \"file\": ");
    print_json_string(arguments->output);
    puts("}");
  } else if (!arguments->quiet)
    printf("Picture: %s\n", arguments->output);
  return EXIT_SUCCESS;
}
