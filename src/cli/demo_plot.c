/* SPDX-License-Identifier: BSD-3-Clause */
/* The pictures: predicted against reference, pair means on the left, differences within pairs on the right; and one pair
   with what its descriptors see of it. */
#include <stdio.h>

#include "demo.h"
#include "picture.h"

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

static const char opening[] = "set border 3 linecolor '#444444'\nset tics nomirror\nset grid linecolor '#dddddd'\n";

static bool write_parity(const demo *demo, const demo_result *results) {
  FILE *script = demo_create(demo, "parity", ".gp");
  if (script == NULL)
    return false;
  fprintf(script, "# gnuplot parity.gp, in this folder\n"
                  "set terminal pngcairo size 1500,760 font 'sans,12' enhanced\nset output 'parity.png'\n"
                  "set multiplot layout 1,2\n%s"
                  "set size square\nset key top left reverse Left font ',10' samplen 1 spacing 1.1\n"
                  "set xlabel 'reference / eV'\nset ylabel 'predicted / eV'\n"
                  "stats '%s.txt' using 1 nooutput\ncentre = STATS_mean\n",
          opening, demo_rows[0].name);
  write_panel(script, results, true);
  write_panel(script, results, false);
  fprintf(script, "unset multiplot\n");
  return demo_finish(demo, script, "parity.gp") == TERN_SUCCESS;
}

/* One structure: lines from the centre, atoms as balls, the atom that moves in the second colour. */
static void write_structure(FILE *script, int index, const char *title) {
  fprintf(script,
          "set origin 0.02,%.2f\nset size 0.38,0.49\nset label 1 '%s' at screen 0.03,%.2f\n"
          "splot 'pair.txt' index %d using (0):(0):(0):1:2:3 with vectors nohead linewidth 2 linecolor '#bbbbbb' notitle, \\\n"
          "  '' index %d using 1:2:3:($4 == 7 ? 0xd1495b : 0x00798c) with points pointtype 7 pointsize 3 "
          "linecolor rgbcolor variable notitle, \\\n"
          "  '' index %d using 1:2:3:4 with labels font ',9' textcolor '#ffffff' notitle\n",
          index ? 0.0 : 0.5, title, index ? 0.05 : 0.96, index, index, index);
}

static void write_bars(FILE *script) {
  static const char *const colors[] = {"#edae49", "#00798c", "#d1495b", "#6a4c93"};
  fprintf(script, "unset label 1\nset origin 0.40,0.0\nset size 0.60,0.98\nset border 3\nset title 'Difference between the two, feature by feature'\n"
                  "set ytics nomirror scale 1\nset grid y\nset logscale y\nset format y '10^{%%L}'\nset yrange [1e-17:10]\nset xrange [0:1]\nset format x ''\nset xtics scale 0\nset mytics default\n"
                  "set xlabel 'features, the most different first'\nset ylabel 'difference / largest feature'\n"
                  "set key at graph 0.98,0.62 right\nset style fill solid 0.85 noborder\nplot ");
  for (int i = demo_n_bars - 1; i >= 0; --i)
    fprintf(script, "%s'%s.txt' using 1:2 with boxes linecolor '%s' title '%s'", i == demo_n_bars - 1 ? "" : ", \\\n  ",
            demo_pair_bars[i].name, colors[i % 4], demo_pair_bars[i].label);
  fprintf(script, "\nunset multiplot\n");
}

static bool write_pair(const demo *demo) {
  FILE *script = demo_create(demo, "pair", ".gp");
  if (script == NULL)
    return false;
  fprintf(script, "# gnuplot pair.gp, in this folder\n"
                  "set terminal pngcairo size 1500,760 font 'sans,12' enhanced\nset output 'pair.png'\nset multiplot\n%s"
                  "unset border\nunset tics\nunset grid\nset view 74,28,1.5,1\nset view equal xyz\nset xyplane relative 0\n",
          opening);
  write_structure(script, 0, "one structure: atom 7 above");
  write_structure(script, 1, "the other: atom 7 below");
  write_bars(script);
  return demo_finish(demo, script, "pair.gp") == TERN_SUCCESS;
}

/* True unless gnuplot failed; that there is none is no failure. */
static bool draw(const demo *demo, const char *name) {
  char script[64];
  snprintf(script, sizeof script, "%s.gp", name);
  const picture_result result = picture_draw_file(demo->folder, script);
  if (result == PICTURE_NO_GNUPLOT)
    fprintf(stderr, "ternion: gnuplot is not installed, so %s/%s was not drawn (Debian: gnuplot-nox)\n", demo->folder,
            script);
  else if (result == PICTURE_FAILED)
    fprintf(stderr, "ternion: gnuplot failed on %s/%s\n", demo->folder, script);
  else if (demo->arguments->json)
    printf("{\"event\": \"plot\", \"file\": \"%s/%s.png\"}\n", demo->folder, name);
  else if (!demo->arguments->quiet)
    printf("Picture: %s/%s.png\n", demo->folder, name);
  return result != PICTURE_FAILED;
}

bool demo_plot(const demo *demo, const demo_result *results) {
  if (!write_parity(demo, results) || !write_pair(demo))
    return false;
  const bool parity = draw(demo, "parity"), pair = draw(demo, "pair");
  if (!demo->arguments->json && !demo->arguments->quiet)
    printf("Models, pair energies and what the pictures are drawn from lie beside them.\n");
  return parity && pair;
}
