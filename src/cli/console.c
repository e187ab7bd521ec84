/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages, progress, Ctrl-C, and JSON shown to people. */
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

bool failed(int32_t status) {
  if (status == TERN_SUCCESS)
    return false;
  if (status == ALREADY_TOLD)
    return true;
  char message[1024];
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "ternion: %s\n", status == TERN_CANCELLED ? "stopped; nothing was written" : message);
  return true;
}

int usage_error(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("ternion: ", stderr);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  va_end(list);
  return EXIT_USAGE;
}

static volatile sig_atomic_t stop_asked;
static void ask_to_stop(int number) {
  (void)number;
  stop_asked = 1;
}

void interrupt_watch(void) {
  struct sigaction action = {.sa_handler = ask_to_stop, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* a reader that goes away shows as a failed write, and temporary files are removed */
  signal(SIGXFSZ, SIG_IGN); /* so does a limit on the size of files */
}
bool interrupted(void) { return stop_asked != 0; }
void interrupt_forget(void) { stop_asked = 0; }

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

progress_bar progress_new(const arguments *arguments) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return (progress_bar){.shown = terminal && !arguments->quiet,
                        .plain = !terminal && !arguments->quiet,
                        .start = seconds(),
                        .last = seconds()};
}

static void format_time(double duration, char *text, size_t size) {
  const long s = lround(duration);
  if (s >= 3600)
    snprintf(text, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(text, size, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(text, size, "%ld s", s);
}

/* A longer line would not be rewritten whole. */
static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1 : 79;
}

static void describe(const progress_bar *bar, double share, double loss, char *text, size_t size) {
  char time[32];
  const double elapsed = seconds() - bar->start;
  const bool left = share > 0 && share < 1;
  format_time(left ? elapsed / share - elapsed : elapsed, time, sizeof time);
  const int length = snprintf(text, size, "%3.0f %%  %s%s", 100 * share, time, left ? " left" : "");
  if (bar->detail[0])
    snprintf(text + length, size - (size_t)length, "  %s", bar->detail);
  else if (loss >= 0)
    snprintf(text + length, size - (size_t)length, "  loss %.3g", loss);
}

static void draw(const progress_bar *bar, double share, double loss) {
  enum { WIDTH = 24 };
  char cells[WIDTH + 1], text[240], line[320];
  for (int i = 0; i < WIDTH; ++i)
    cells[i] = i < share * WIDTH ? '#' : '.';
  cells[WIDTH] = '\0';
  describe(bar, share, loss, text, sizeof text);
  if (bar->detail[0]) /* which needs the room */
    snprintf(line, sizeof line, "%s %s", bar->stage, text);
  else
    snprintf(line, sizeof line, "%-20s [%s] %s", bar->stage, cells, text);
  fprintf(stderr, "\r\033[K%.*s", terminal_width(), line);
}

/* Not for work that is soon done. */
static void print_now_and_then(progress_bar *bar, double share, double loss) {
  static const double spacing = 30;
  char text[240];
  if (seconds() - bar->last < spacing)
    return;
  bar->last = seconds();
  describe(bar, share, loss, text, sizeof text);
  fprintf(stderr, "%s: %s\n", bar->stage, text + strspn(text, " "));
}

int32_t progress_show(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  progress_bar *bar = context;
  const double share = total > 0 ? (double)done / (double)total : 0;
  if (strncmp(bar->stage, stage, sizeof bar->stage - 1) != 0) {
    progress_end(bar);
    snprintf(bar->stage, sizeof bar->stage, "%s", stage);
    bar->start = seconds();
  }
  if (bar->shown)
    draw(bar, share, loss);
  else if (bar->plain)
    print_now_and_then(bar, share, loss);
  return interrupted() ? 1 : 0;
}

void progress_end(progress_bar *bar) {
  if (bar->shown && bar->stage[0])
    fputc('\n', stderr);
  bar->stage[0] = bar->detail[0] = '\0';
}

void print_numbers(const char *format, const char *separator, int64_t count, const double *values) {
  for (int64_t k = 0; k < count; ++k) {
    fputs(k > 0 ? separator : "", stdout);
    printf(format, values[k]);
  }
}

void print_json_string(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; ++c)
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 0x20)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  putchar('"');
}

/* Each member of an object on a line of its own; lists stay on one line; quotes are dropped. */
void print_json(const char *json) {
  int depth = 0, lists = 0;
  bool quoted = false, fresh = true;
  for (const char *c = json; *c; ++c) {
    if (*c == '"' && (c == json || c[-1] != '\\')) {
      quoted = !quoted;
      continue;
    }
    const bool structure = !quoted && lists == 0;
    if (!quoted)
      lists += (*c == '[') - (*c == ']');
    if (structure && (*c == '{' || *c == '}' || *c == ',')) {
      depth += (*c == '{') - (*c == '}');
      if (!fresh)
        putchar('\n');
      fresh = true;
      continue;
    }
    if (fresh && (*c == ' ' || *c == '\n'))
      continue;
    if (fresh)
      printf("%*s", 2 * (depth - 1), "");
    fresh = false;
    putchar(*c);
  }
  if (!fresh)
    putchar('\n');
}

int32_t fetch_text(int32_t (*get)(const void *, char *, int64_t, int64_t *), const void *source, char **text) {
  int64_t length = 0;
  int32_t status = get(source, NULL, 0, &length);
  if (status != TERN_SUCCESS)
    return status;
  *text = malloc((size_t)length + 1);
  if (*text == NULL)
    return TERN_ERROR_MEMORY;
  status = get(source, *text, length + 1, NULL);
  if (status != TERN_SUCCESS) {
    free(*text);
    *text = NULL;
  }
  return status;
}
