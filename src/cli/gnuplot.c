/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures are drawn by gnuplot, which reads its script from a pipe, or from a file that is kept. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "picture.h"

extern char **environ;

static const char *const colors[] = {"#00798c", "#d1495b", "#edae49", "#6a4c93", "#3b7d3a", "#8c5a2b"};
const char *picture_color(int index) { return colors[index % (int)(sizeof colors / sizeof colors[0])]; }

const char picture_style[] = "set border 3 linewidth 1.2 linecolor '#444444'\nset tics nomirror\n"
                             "set grid linewidth 1 linecolor '#dddddd'\n"
                             "set key reverse Left samplen 1.5 spacing 1.2\n";

/* Terminals by the ending of the file; sizes are those of one panel. */
typedef struct terminal {
  const char *ending, *name;
  double width, height;
  const char *unit, *font;
  const char *last; /* what the last bytes of a whole file contain */
} terminal;
static const terminal terminals[] = {
    {".png", "pngcairo", 750, 700, "", "sans,16", "IEND"},
    {".svg", "svg", 560, 520, "", "sans,14", "</svg>"},
    {".pdf", "pdfcairo", 5, 4.7, "in", "sans,12", "%%EOF"},
};
enum { N_TERMINALS = sizeof terminals / sizeof terminals[0] };

static const terminal *find_terminal(const char *path) {
  const char *ending = strrchr(path, '.');
  for (int i = 0; i < N_TERMINALS && ending; ++i)
    if (strcasecmp(ending, terminals[i].ending) == 0)
      return &terminals[i];
  return NULL;
}

bool picture_known(const char *path) { return find_terminal(path) != NULL; }

static void no_gnuplot(void) {
  fputs("ternion: gnuplot, which draws pictures, was not found on the PATH (Debian: apt install gnuplot-nox)\n",
        stderr);
}

/* gnuplot with the pipe's end as its input. */
static bool start(picture *picture, const int *ends) {
  char *words[] = {"gnuplot", "-", NULL};
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return false;
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  const int reason = posix_spawnp(&picture->child, words[0], &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (reason == ENOENT)
    no_gnuplot();
  else if (reason != 0)
    fprintf(stderr, "ternion: gnuplot could not be started: %s\n", strerror(reason));
  return reason == 0;
}

static bool refused(const char *path, const char *reason) {
  fprintf(stderr, "ternion: %s: %s\n", path, reason);
  return false;
}

/* The file is made first: gnuplot would draw onto the terminal if it could not be. */
static bool make_part(picture *picture) {
  const int length = snprintf(picture->part, sizeof picture->part, "%s.%ld.part", picture->path, (long)getpid());
  if (length < 0 || (size_t)length >= sizeof picture->part)
    return refused(picture->path, "the name is too long");
  const int file = open(picture->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file >= 0 ? close(file) == 0 : refused(picture->path, strerror(errno));
}

bool picture_open(picture *picture, const char *path) {
  int ends[2];
  picture->path = path;
  if (!make_part(picture))
    return false;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    unlink(picture->part);
    return refused(path, strerror(errno));
  }
  picture->script = start(picture, ends) ? fdopen(ends[1], "w") : NULL;
  close(ends[0]);
  if (picture->script == NULL) {
    close(ends[1]);
    unlink(picture->part);
  }
  return picture->script != NULL;
}

void picture_quote(FILE *script, const char *text) {
  fputc('\'', script);
  for (; *text; ++text)
    if (*text == '\'')
      fputs("''", script);
    else
      fputc(*text == '\n' ? ' ' : *text, script);
  fputc('\'', script);
}

void picture_panels(const picture *picture, int panels) {
  const terminal *terminal = find_terminal(picture->path);
  fprintf(picture->script,
          "set encoding utf8\nset terminal %s size %g%s,%g%s font '%s' enhanced background '#ffffff'\nset output ",
          terminal->name, panels * terminal->width, terminal->unit, terminal->height, terminal->unit, terminal->font);
  picture_quote(picture->script, picture->part);
  fprintf(picture->script, "\n%sset multiplot layout 1,%d\n", picture_style, panels);
}

static bool drawn(picture *picture) {
  int status = 0;
  const bool sent = ferror(picture->script) == 0;
  const bool closed = fclose(picture->script) == 0;
  picture->script = NULL;
  while (waitpid(picture->child, &status, 0) < 0 && errno == EINTR)
    ;
  return sent && closed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* gnuplot does not tell when the disk was full. */
static bool whole(const picture *picture) {
  enum { TAIL = 16 };
  char tail[TAIL];
  size_t count = 0;
  FILE *file = fopen(picture->part, "rb");
  if (file != NULL && fseek(file, -TAIL, SEEK_END) == 0)
    count = fread(tail, 1, TAIL, file);
  if (file != NULL)
    fclose(file);
  const char *last = find_terminal(picture->path)->last;
  return memmem(tail, count, last, strlen(last)) != NULL;
}

static const char *close_part(picture *picture) {
  if (!drawn(picture))
    return "gnuplot failed";
  if (!whole(picture))
    return "the file could not be written to its end; is the disk full?";
  return rename(picture->part, picture->path) == 0 ? NULL : strerror(errno);
}

/* The picture appears whole under its name, or not at all. */
bool picture_close(picture *picture, bool wanted) {
  if (picture->script == NULL)
    return false;
  if (wanted)
    fputs("unset multiplot\nset output\n", picture->script);
  const char *reason = wanted ? close_part(picture) : "not wanted";
  if (reason == NULL)
    return true;
  if (wanted)
    fprintf(stderr, "ternion: %s was not drawn: %s\n", picture->path, reason);
  else
    drawn(picture);
  unlink(picture->part);
  return false;
}

picture_result picture_draw_file(const char *folder, const char *script) {
  char *words[] = {"sh", "-c", "cd -- \"$1\" && exec gnuplot \"$2\"", "sh", (char *)(uintptr_t)folder,
                   (char *)(uintptr_t)script, NULL};
  pid_t child;
  int status = 0;
  if (posix_spawnp(&child, "sh", NULL, NULL, words, environ) != 0 || waitpid(child, &status, 0) < 0)
    return PICTURE_NO_GNUPLOT;
  if (!WIFEXITED(status))
    return PICTURE_FAILED;
  return WEXITSTATUS(status) == 127 ? PICTURE_NO_GNUPLOT : WEXITSTATUS(status) == 0 ? PICTURE_DRAWN : PICTURE_FAILED;
}
