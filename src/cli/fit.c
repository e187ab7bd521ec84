/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* Prints a JSON string, and steps behind it. */
static const char *print_warning(const char *json) {
  fputs("ternion: warning: ", stderr);
  for (++json; *json && *json != '"'; ++json) {
    json += *json == '\\' && json[1] != '\0';
    fputc(*json, stderr);
  }
  fputc('\n', stderr);
  return *json ? json + 1 : json;
}

/* What the report says that is wrong with the data; also when only errors are to be shown. */
static int32_t print_warnings(const tern_model *model) {
  char *info = NULL;
  const int32_t status = fetch_text(model_text, model, &info);
  if (status != TERN_SUCCESS)
    return status;
  static const char start[] = "\"warnings\": [";
  const char *list = strstr(info, start);
  for (const char *c = list == NULL ? "" : list + strlen(start); *c == '"' || *c == ',' || *c == ' ';)
    c = *c == '"' ? print_warning(c) : c + 1;
  free(info);
  return TERN_SUCCESS;
}

/* One row of the errors in an object of the report, if it is there. */
static void print_held_out(const char *object, const char *key, const char *name, double factor, const char *unit) {
  char quoted[300];
  snprintf(quoted, sizeof quoted, "\"%s\": {", key);
  const char *row = strstr(object, quoted), *end = strstr(object, "}}");
  if (row != NULL && row < end)
    printf("  %-18s %10.0f %14.6g %14.6g%s%s\n", name, log_number(row, "count"), factor * log_number(row, "mae"),
           factor * log_number(row, "rmse"), unit[0] != '\0' ? "  " : "", unit);
}

/* Errors of the structures that were held out, by the model before it was fitted to them, too. */
static void print_validation(const char *report, const target *target) {
  static const char title[] = "held-out structures";
  const char *object = strstr(report, "\"held_out\": {"), *trained = strstr(report, "\"validation\": {");
  if (object != NULL) {
    printf("%-20s %10s %14s %14s\n", title, "values", "MAE", "RMSE");
    print_held_out(object, "energy_per_atom", "energy per atom", 1000, "meV");
    print_held_out(object, "forces", "forces", 1, "eV/A");
    print_held_out(object, "virial_per_atom", "virial per atom", 1000, "meV");
    if (target->kind == TARGET_TENSOR)
      print_held_out(object, target->name, target->name, 1, "");
  } else if (target->kind == TARGET_VECTORS && trained != NULL)
    printf("%s: %s, RMSE %.3g %% of the standard deviation\n", title, target->name,
           100 * log_number(trained, "relative_rmse"));
}

/* How many of the errors deviations cover. */
static void print_coverage(const char *report) {
  const char *covered = strstr(report, "\"coverage\": {");
  if (covered != NULL)
    printf("deviations: %.0f %% of the errors of unseen structures within 1 (normal: 68), %.0f %% within 2 (95)\n",
           100 * log_number(covered, "within_1"), 100 * log_number(covered, "within_2"));
}

static int32_t print_unseen(const tern_model *model) {
  prediction prediction = {0};
  char *report = NULL;
  int32_t status = prediction_open(&prediction, model, NULL);
  if (status == TERN_SUCCESS)
    status = fetch_text(model_text, model, &report);
  if (status != TERN_SUCCESS)
    return status;
  print_validation(report, &prediction.target);
  print_coverage(report);
  free(report);
  return TERN_SUCCESS;
}

static int32_t print_errors(const arguments *arguments, const tern_model *model, const tern_dataset *dataset,
                            const char *set, progress_bar *bar) {
  measures measures = {0};
  const int32_t status = measures_dataset(&measures, model, dataset, bar);
  progress_end(bar);
  if (status == TERN_SUCCESS && arguments->json)
    measures_print_json(&measures, set, arguments->pairs);
  else if (status == TERN_SUCCESS)
    measures_print(&measures, set, arguments->pairs);
  measures_free(&measures);
  return status;
}

/* What Ctrl-C does depends on the stage: before a training it ends the call with nothing made; it ends the training
   with the best state; and from then on nothing else is ended, as the model would be lost. */
typedef struct fit_progress {
  progress_bar bar;
  watch watch;
  bool trained, ended; /* a training has begun; one was ended early */
} fit_progress;

static int32_t show_fit(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  fit_progress *progress = context;
  const bool training = strcmp(stage, "train") == 0;
  if (training && (progress->bar.shown || progress->bar.plain) && strcmp(progress->bar.stage, stage) == 0)
    watch_describe(&progress->watch, progress->bar.detail, sizeof progress->bar.detail);
  const bool asked = progress_show(stage, done, total, loss, &progress->bar) != 0;
  progress->trained = progress->trained || training;
  progress->ended = progress->ended || (training && asked);
  return asked && (training || !progress->trained) ? 1 : 0;
}

/* The atoms of every structure, where they are few and the same. */
static int64_t common_size(const tern_dataset *dataset) {
  enum { FEW = 30 };
  int64_t size = 0, common = 0;
  int32_t status = tern_dataset_size(dataset, &size);
  for (int64_t i = 0; status == TERN_SUCCESS && i < size; ++i) {
    tern_system *system = NULL;
    int64_t n_atoms = 0, n_owned;
    status = tern_dataset_system(dataset, i, &system);
    if (status == TERN_SUCCESS)
      status = tern_system_size(system, &n_atoms, &n_owned);
    tern_system_free(system);
    if (n_atoms > FEW || (i > 0 && n_atoms != common))
      return 0;
    common = n_atoms;
  }
  return common;
}

static int32_t fit_and_save(const arguments *arguments, const tern_dataset *train, fit_progress *progress,
                            tern_model **model) {
  int32_t status = watch_open(&progress->watch, arguments);
  progress->watch.step = progress->watch.loss = NAN;
  progress->watch.atoms = common_size(train);
  if (status == TERN_SUCCESS)
    status = tern_model_fit(model, arguments->model, train, arguments->options, show_fit, progress);
  progress_end(&progress->bar);
  if (status == TERN_SUCCESS)
    status = tern_model_save(*model, arguments->output);
  if (status == TERN_SUCCESS && progress->trained)
    interrupt_forget();
  if (status == TERN_SUCCESS && progress->ended)
    fprintf(stderr, "ternion: the training was ended early; its best state is in %s\n", arguments->output);
  return status;
}

/* Whether the model can be saved shows before hours of a fit. What is a device or a pipe is not opened twice. */
static int32_t check_output(const char *path) {
  struct stat file;
  tern_writer *writer = NULL;
  if (stat(path, &file) == 0 && !S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode))
    return TERN_SUCCESS;
  const int32_t status = tern_writer_open(&writer, path);
  tern_writer_free(writer);
  return status;
}

/* The model is saved before its errors are measured: what was fitted is safe whatever comes then. */
static int32_t fit(const arguments *arguments, fit_progress *progress, tern_dataset **train, tern_dataset **test,
                   tern_model **model) {
  int32_t status = check_output(arguments->output);
  if (status == TERN_SUCCESS)
    status = tern_dataset_read(train, arguments->inputs[0], arguments->options);
  if (status == TERN_SUCCESS && arguments->test)
    status = tern_dataset_read(test, arguments->test, arguments->options);
  if (status == TERN_SUCCESS && !arguments->json && !arguments->quiet)
    print_counts(arguments->inputs[0], *train);
  if (status == TERN_SUCCESS)
    status = fit_and_save(arguments, *train, progress, model);
  if (status == TERN_SUCCESS)
    status = print_warnings(*model);
  if (status == TERN_SUCCESS && (arguments->json || !arguments->quiet))
    status = print_model(arguments, *model);
  if (status == TERN_SUCCESS && (arguments->json || !arguments->quiet))
    status = print_errors(arguments, *model, *train, "training set", &progress->bar);
  if (status == TERN_SUCCESS && !arguments->json && !arguments->quiet)
    status = print_unseen(*model);
  if (status == TERN_SUCCESS && arguments->test)
    status = print_errors(arguments, *model, *test, "test set", &progress->bar);
  return status;
}

int verb_fit(const arguments *arguments) {
  if (arguments->output == NULL || arguments->model[0] == '\0')
    return usage_error("fit needs --model KIND and -o MODEL; `ternion options` lists the kinds");
  tern_dataset *train = NULL, *test = NULL;
  tern_model *model = NULL;
  fit_progress progress = {.bar = progress_new(arguments)};
  const bool bad = failed(fit(arguments, &progress, &train, &test, &model));
  watch_close(&progress.watch);
  tern_model_free(model);
  tern_dataset_free(test);
  tern_dataset_free(train);
  return bad ? EXIT_FAILED : progress.ended ? EXIT_ENDED_EARLY : EXIT_SUCCESS;
}
