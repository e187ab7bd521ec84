/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture: predicted against reference, pair means on the left, differences within pairs on the right. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

extern char **environ;

/* Columns of a row's file: reference and predicted pair means, reference and predicted differences. */
static void write_panel(FILE *script, const demo_result *results, bool means) {
  static const char *const colors[] = {"#d1495b", "#00798c", "#edae49", "#6a4c93"};
  fprintf(script, "set title '%s'\n%s\nplot x with lines dashtype 2 linecolor '#888888' notitle",
          means ? "Mean energy of a pair" : "Energy difference within a pair",
          means ? "unset label" : "set label 1 'the same prediction for both structures of every pair' at graph 0.5,0.46 center");
  for (int i = demo_n_rows - 1; i >= 0; --i)
    fprintf(script,
            ", \\\n  '%s.txt' using ($%d-%s):($%d-%s) with points pointtype 7 pointsize %.2f linecolor '%s' title '%s: %s %.1f %%'",
            demo_rows[i].name, means ? 1 : 3, means ? "centre" : "0", means ? 2 : 4, means ? "centre" : "0",
            means ? 0.45 : 0.4 + 0.25 * i, colors[i % 4], demo_rows[i].label, means ? "mean" : "delta",
            means ? results[i].mean : results[i].delta);
  fputc('\n', script);
}

static bool write_script(const demo *demo, const demo_result *results) {
  char path[1024];
  snprintf(path, sizeof path, "%s/parity.gp", demo->folder);
  FILE *script = fopen(path, "w");
  if (script == NULL) {
    perror(path);
    return false;
  }
  fprintf(script, "# gnuplot parity.gp, in this folder\n"
                  "set terminal pngcairo size 1500,760 font 'sans,12' enhanced\nset output 'parity.png'\n"
                  "set multiplot layout 1,2\nset border 3 linecolor '#444444'\nset tics nomirror\n"
                  "set grid linecolor '#dddddd'\nset size square\nset key top left reverse Left font ',10' samplen 1 spacing 1.1\n"
                  "set xlabel 'reference / eV'\nset ylabel 'predicted / eV'\n"
                  "stats '%s.txt' using 1 nooutput\ncentre = STATS_mean\n",
          demo_rows[0].name);
  write_panel(script, results, true);
  write_panel(script, results, false);
  fprintf(script, "unset multiplot\n");
  if (fclose(script) == 0)
    return true;
  perror(path);
  return false;
}

/* 0, or gnuplot's way of failing; 127 when there is no gnuplot. */
static int run_gnuplot(const char *folder) {
  char *words[] = {"sh", "-c", "cd -- \"$1\" && exec gnuplot parity.gp", "sh", (char *)(uintptr_t)folder, NULL};
  pid_t child;
  int status = 0;
  if (posix_spawnp(&child, "sh", NULL, NULL, words, environ) != 0 || waitpid(child, &status, 0) < 0)
    return 127;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool demo_plot(const demo *demo, const demo_result *results) {
  if (!write_script(demo, results))
    return false;
  const int status = run_gnuplot(demo->folder);
  if (status == 127)
    fprintf(stderr, "ternion: gnuplot is not installed, so %s/parity.gp was not drawn (Debian: gnuplot-nox)\n", demo->folder);
  else if (status != 0)
    fprintf(stderr, "ternion: gnuplot failed on %s/parity.gp\n", demo->folder);
  else if (demo->arguments->json)
    printf("{\"event\": \"plot\", \"file\": \"%s/parity.png\"}\n", demo->folder);
  else if (!demo->arguments->quiet)
    printf("Picture: %s/parity.png; models and pair energies beside it.\n", demo->folder);
  return status == 0 || status == 127;
}
