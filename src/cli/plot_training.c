/* SPDX-License-Identifier: BSD-3-Clause */
/* The course of trainings, from their logs: a line of JSON for each step. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

enum { MOST_LINE = 4096 };

/* Blocks $steps<k> (time, loss) and $errors<k> (time, loss, errors in the order of their names). */
static bool write_log(FILE *script, int index, const char *path, log_errors *errors, double *longest) {
  char line[MOST_LINE];
  int64_t steps = 0;
  FILE *file = fopen(path, "r"), *found = tmpfile();
  if (file == NULL || found == NULL) {
    fprintf(stderr, "ternion: %s: %s\n", path, strerror(errno));
    if (file)
      fclose(file);
    if (found)
      fclose(found);
    return false;
  }
  fprintf(script, "$steps%d << END\n", index);
  while (fgets(line, sizeof line, file)) {
    const double time = log_number(line, "seconds"), loss = log_number(line, "loss");
    const char *object = log_measured(line, &errors->set);
    if (!isfinite(time) || !isfinite(loss))
      continue;
    ++steps;
    *longest = fmax(*longest, time);
    fprintf(script, "%.9g %.9g\n", time, loss);
    if (object) {
      log_read(object, errors);
      fprintf(found, "%.9g", time);
      for (int i = 0; i < errors->count; ++i)
        fprintf(found, " %.9g", errors->last[i]);
      fputc('\n', found);
    }
  }
  fprintf(script, "END\n$errors%d << END\n", index);
  rewind(found);
  while (fgets(line, sizeof line, found))
    fputs(line, script);
  fputs("END\n", script);
  fclose(found);
  fclose(file);
  if (steps == 0)
    fprintf(stderr,
            "ternion: %s: no line tells of a step; expected the file of the option log, JSON lines with seconds and "
            "loss\n",
            path);
  return steps > 0;
}

/* For people: "energy_rmse" as "energy RMSE / eV". */
static void print_name(FILE *script, const char *name) {
  const char *unit = strncmp(name, "force", 5) == 0                                            ? "eV/Å"
                     : strncmp(name, "energy", 6) == 0 && strstr(name, "per_atom") != NULL     ? "eV/atom"
                     : strncmp(name, "energy", 6) == 0 || strncmp(name, "virial", 6) == 0      ? "eV"
                                                                                               : NULL;
  char text[LOG_NAME + 16];
  snprintf(text, sizeof text, "%s", name);
  for (char *c = text; *c; ++c)
    *c = *c == '_' ? ' ' : *c;
  char *ending = strlen(text) > 4 ? text + strlen(text) - 4 : text;
  if (strcmp(ending, "rmse") == 0)
    memcpy(ending, "RMSE", 4);
  fprintf(script, unit ? "%s / %s" : "%s", text, unit);
}

static const char *base_name(const char *path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; }

static void write_loss(FILE *script, int count, const char *const *logs, double scale) {
  fputs("set title 'Loss of the batches'\nset ylabel 'mean square of the weighted residuals'\nplot ", script);
  for (int i = 0; i < count; ++i) {
    fprintf(script, "%s$steps%d using ($1/%g):2 with lines linewidth 1.2 linecolor '%s' title ",
            i ? ", \\\n  " : "", i, scale, picture_color(i));
    picture_quote(script, base_name(logs[i]));
    fputs(" noenhanced", script);
  }
  fputc('\n', script);
}

static void write_errors(FILE *script, int count, const log_errors *errors, double scale) {
  const bool held_out = strcmp(errors[0].set, "validation") == 0;
  int color = 0, curves = 0;
  fprintf(script, "set title 'Errors of the %s'\nset ylabel 'error'\nset key top right\nplot ",
          held_out ? "held-out structures" : "training set");
  for (int i = 0; i < count; ++i)
    for (int k = 1; k < errors[i].count; ++k) {
      fprintf(script,
              "%s$errors%d using ($1/%g):%d with linespoints pointtype %d pointsize 0.6 linewidth 2 linecolor '%s' "
              "title '",
              curves++ ? ", \\\n  " : "", i, scale, k + 2, 2 * k + 5, picture_color(count > 1 ? i : color++));
      print_name(script, errors[i].names[k]);
      fprintf(script, ": %.3g' noenhanced", errors[i].last[k]);
    }
  fputc('\n', script);
}

bool plot_training(picture *picture, int count, const char *const *logs) {
  log_errors *errors = calloc((size_t)count, sizeof *errors);
  double longest = 0;
  bool good = errors != NULL, all_measured = true;
  for (int i = 0; i < count && good; ++i) {
    good = write_log(picture->script, i, logs[i], &errors[i], &longest);
    all_measured = all_measured && errors[i].count > 1;
  }
  if (good) {
    const bool minutes = longest > 300;
    const double end = 1.001 * longest; /* printed with few digits: a last point beyond would be cut off */
    picture_panels(picture, all_measured ? 2 : 1);
    fprintf(picture->script,
            "set logscale y\nset format y '10^{%%L}'\nset xlabel 'time of the training / %s'\nset xrange [0:%.6g]\n"
            "set key top right\n",
            minutes ? "min" : "s", end / (minutes ? 60 : 1));
    write_loss(picture->script, count, logs, minutes ? 60 : 1);
    fputs("set format y '%g'\n", picture->script);
    if (all_measured)
      write_errors(picture->script, count, errors, minutes ? 60 : 1);
  }
  free(errors);
  return good;
}
