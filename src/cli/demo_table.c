/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the demonstration, on the screen and in rows.jsonl, where a row stands as soon as it is there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "picture.h"

static bool for_people(const demo *demo) { return !demo->arguments->json && !demo->arguments->quiet; }

/* Trainings take as long as they may; features and tests, some seconds a row. */
static double expected_minutes(const demo *demo) {
  double seconds = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    if (demo_wanted(demo, &demo_rows[i]) && !demo->results[i].there)
      seconds += demo_seconds(demo, &demo_rows[i]) + (demo_rows[i].seconds > 0 ? 3 : 15);
  return seconds / 60;
}

void demo_print_head(const demo *demo) {
  if (!for_people(demo))
    return;
  int64_t train = 0, test = 0;
  tern_dataset_size(demo->train, &train);
  tern_dataset_size(demo->test, &test);
  printf("B8 clusters in pairs that share every correlation of one centre and up to three neighbours around atom 0.\n"
         "%lld structures to fit, %lld to test; errors in %%: mean of a pair / std(E), difference in a pair / its\n"
         "RMS. A delta of 100 %% means that the two structures of a pair cannot be told apart. Published errors are\n"
         "those of Nigam et al. (2024) on energies of density-functional theory; those here are of GFN2-xTB, with\n"
         "smaller differences within pairs. About %.0f minutes; Ctrl-C keeps what is there.\n\n",
         (long long)train, (long long)test, fmax(1, expected_minutes(demo)));
}

void demo_print_title(const demo *demo) {
  if (for_people(demo))
    printf("%-42s %7s %7s  %-12s %11s %12s %8s\n", "model", "mean", "delta", "published", "pairs agree", "forces eV/A",
           "seconds");
}

static void print_optional(const char *format, int width, double value, bool there) {
  if (there)
    printf(format, width, value);
  else
    printf(" %*s", width, "-");
}

static void write_optional(FILE *file, const char *name, double value, bool there) {
  if (there)
    fprintf(file, ", \"%s\": %.6g", name, value);
}

static void write_json(FILE *file, const demo_row *row, const demo_result *result) {
  fprintf(file, "{\"event\": \"row\", \"name\": \"%s\", \"label\": \"%s\"", row->name, row->label);
  fprintf(file, ", \"mean_percent\": %.6g, \"delta_percent\": %.6g", result->mean, result->delta);
  write_optional(file, "force_rmse", result->forces, isfinite(result->forces));
  write_optional(file, "published_mean_percent", row->published[0], row->published[1] > 0);
  write_optional(file, "published_delta_percent", row->published[1], row->published[1] > 0);
  write_optional(file, "agreement", result->agreement, row->blind);
  write_optional(file, "features", (double)result->features, row->blind);
  fprintf(file, ", \"blind\": %s, \"ended_early\": %s", row->blind ? "true" : "false",
          result->ended_early ? "true" : "false");
  fprintf(file, ", \"seconds\": %.4g, \"training_seconds\": %.4g, \"trained_on\": %lld, \"tested_on\": %lld}\n",
          result->seconds, result->training_seconds, (long long)result->trained_on, (long long)result->tested_on);
}

static void print_line(const demo_row *row, const demo_result *result) {
  char published[32] = "-";
  if (row->published[1] > 0)
    snprintf(published, sizeof published, "%.3g / %.3g", row->published[0], row->published[1]);
  printf("%-42s %7.2f %7.1f  %-12s", row->label, result->mean, result->delta, published);
  print_optional(" %*.0e", 11, result->agreement, row->blind);
  print_optional(" %*.3f", 12, result->forces, isfinite(result->forces));
  printf(" %8.1f%s\n", result->seconds, result->ended_early ? "  ended early" : "");
}

void demo_print_row(const demo *demo, const demo_row *row, const demo_result *result) {
  if (demo->arguments->json)
    write_json(stdout, row, result);
  else if (for_people(demo))
    print_line(row, result);
  fflush(stdout);
}

static void rows_path(const demo *demo, char *path, size_t size) {
  snprintf(path, size, "%s/rows.jsonl", demo->folder);
}

int32_t demo_keep(const demo *demo, const demo_row *row, const demo_result *result) {
  char path[1024];
  rows_path(demo, path, sizeof path);
  FILE *file = fopen(path, "a");
  if (file == NULL) {
    perror(path);
    return ALREADY_TOLD;
  }
  write_json(file, row, result);
  return demo_finish(demo, file, "rows.jsonl");
}

/* ---- rows of an earlier call ---- */

static bool says(const char *line, const char *key, double value) {
  return fabs(log_number(line, key) - value) <= 1e-3 * fabs(value);
}

/* A line counts when the same would be fitted now, and was to its end. */
static bool is_line_of(const demo *demo, const char *line, const demo_row *row, const demo_result *now) {
  char name[80];
  snprintf(name, sizeof name, "\"name\": \"%s\"", row->name);
  return demo_wanted(demo, row) && strstr(line, name) != NULL && strstr(line, "\"ended_early\": false") != NULL &&
         says(line, "training_seconds", now->training_seconds) && says(line, "trained_on", (double)now->trained_on) &&
         says(line, "tested_on", (double)now->tested_on);
}

static void take_line(demo *demo, const char *line, int64_t n_train, int64_t n_test) {
  for (int i = 0; i < demo_n_rows; ++i) {
    const demo_row *row = &demo_rows[i];
    demo_result result = {.there = true,
                          .trained_on = demo_part(row, n_train),
                          .tested_on = n_test,
                          .training_seconds = demo_seconds(demo, row)};
    if (!is_line_of(demo, line, row, &result))
      continue;
    result.features = row->blind ? (int64_t)log_number(line, "features") : 0;
    result.agreement = log_number(line, "agreement");
    result.mean = log_number(line, "mean_percent");
    result.delta = log_number(line, "delta_percent");
    result.forces = log_number(line, "force_rmse");
    result.seconds = log_number(line, "seconds");
    demo->results[i] = result;
  }
}

/* The file is written anew, with the rows that count; without the wish to go on, with none. */
static int32_t begin_file(const demo *demo) {
  FILE *file = demo_create(demo, "rows", ".jsonl");
  if (file == NULL)
    return ALREADY_TOLD;
  for (int i = 0; i < demo_n_rows; ++i)
    if (demo->results[i].there)
      write_json(file, &demo_rows[i], &demo->results[i]);
  return demo_finish(demo, file, "rows.jsonl");
}

int32_t demo_take_over(demo *demo) {
  char path[1024], line[2048];
  int64_t n_train = 0, n_test = 0;
  rows_path(demo, path, sizeof path);
  tern_dataset_size(demo->train, &n_train);
  tern_dataset_size(demo->test, &n_test);
  FILE *file = demo->arguments->go_on ? fopen(path, "r") : NULL;
  while (file && fgets(line, sizeof line, file))
    take_line(demo, line, n_train, n_test);
  if (file)
    fclose(file);
  return begin_file(demo);
}
