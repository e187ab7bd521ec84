/* SPDX-License-Identifier: BSD-3-Clause */
/* Logs of trainings, lines of JSON, and the live line that is made of one while it grows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { TAIL = 16384 };

double log_number(const char *line, const char *key) {
  char quoted[LOG_NAME + 4];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *place = strstr(line, quoted);
  char *end = NULL;
  const double value = place ? strtod(place + strlen(quoted), &end) : NAN;
  return place && end != place + strlen(quoted) ? value : NAN;
}

const char *log_measured(const char *line, const char **set) {
  static const char *const sets[] = {"validation", "train"};
  for (int i = 0; i < 2; ++i) {
    char quoted[LOG_NAME];
    snprintf(quoted, sizeof quoted, "\"%s\": {", sets[i]);
    const char *place = strstr(line, quoted);
    if (place) {
      *set = sets[i];
      return place + strlen(quoted) - 1;
    }
  }
  return NULL;
}

void log_read(const char *object, log_errors *errors) {
  const char *last = strchr(object, '}');
  errors->count = 0;
  for (const char *c = strchr(object, '"'); c && c < last && errors->count < LOG_MOST_ERRORS; c = strchr(c, '"')) {
    const size_t length = strcspn(++c, "\"");
    char *end = NULL;
    snprintf(errors->names[errors->count], LOG_NAME, "%.*s", (int)length, c);
    c += length;
    if (strncmp(c, "\": ", 3) != 0)
      return;
    errors->last[errors->count++] = strtod(c + 3, &end);
    c = end;
  }
}

double log_error(const log_errors *errors, const char *name) {
  for (int i = 0; i < errors->count; ++i)
    if (strcmp(errors->names[i], name) == 0)
      return errors->last[i];
  return NAN;
}

/* ---- the live line ---- */

/* Only kinds that are trained have the option `log`. A log that nobody asked for is a file without a name. */
int32_t watch_open(watch *watch, const arguments *arguments) {
  char path[SHIPPED_PATH] = "";
  if (strstr(arguments->model, "network") == NULL && strstr(arguments->model, "triplet") == NULL)
    return TERN_SUCCESS;
  int32_t status = tern_options_get(arguments->options, "log", path, sizeof path, NULL);
  if (status != TERN_SUCCESS || path[0] != '\0') {
    watch->path = status == TERN_SUCCESS ? strdup(path) : NULL;
    return status;
  }
  watch->file = tmpfile();
  if (watch->file == NULL)
    return TERN_SUCCESS;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(watch->file));
  return access(path, W_OK) == 0 ? tern_options_set(arguments->options, "log", path) : TERN_SUCCESS;
}

void watch_close(watch *watch) {
  if (watch->file)
    fclose(watch->file);
  free(watch->path);
}

/* The whole lines among the last bytes of the log. */
static void read_tail(watch *watch, char *tail) {
  if (watch->file == NULL && watch->path)
    watch->file = fopen(watch->path, "re");
  tail[0] = '\0';
  if (watch->file == NULL || fseek(watch->file, 0, SEEK_END) != 0)
    return;
  const long size = ftell(watch->file), begin = size > TAIL ? size - TAIL : 0;
  if (size <= 0 || fseek(watch->file, begin, SEEK_SET) != 0)
    return;
  tail[fread(tail, 1, TAIL, watch->file)] = '\0';
  char *end = strrchr(tail, '\n');
  if (end)
    end[1] = '\0';
}

static int add(char *text, size_t size, int length, const char *format, double value) {
  if (isnan(value) || length < 0 || (size_t)length >= size)
    return length;
  return length + snprintf(text + length, size - (size_t)length, format, value);
}

void watch_describe(watch *watch, char *text, size_t size) {
  char *tail = malloc(TAIL + 1);
  if (tail == NULL)
    return;
  read_tail(watch, tail);
  for (char *line = strtok(tail, "\n"); line; line = strtok(NULL, "\n")) {
    const char *object = log_measured(line, &watch->errors.set);
    if (object)
      log_read(object, &watch->errors);
    if (!isnan(log_number(line, "step")) && line[0] == '{') {
      watch->step = log_number(line, "step");
      watch->loss = log_number(line, "loss");
    }
  }
  free(tail);
  const double energy = log_error(&watch->errors, "energy_per_atom_rmse");
  int length = add(text, size, 0, "step %.0f", watch->step);
  length = add(text, size, length, "  loss %.1e", watch->loss);
  if (watch->atoms > 0)
    length = add(text, size, length, "  E %.3g meV", 1000 * energy * (double)watch->atoms);
  else
    length = add(text, size, length, "  E %.3g meV/atom", 1000 * energy);
  add(text, size, length, "  F %.3g eV/A", log_error(&watch->errors, "force_rmse"));
}
