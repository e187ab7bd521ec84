/* SPDX-License-Identifier: BSD-3-Clause */
/* The pictures: predicted against reference, the means of pairs and the differences within them, models that are blind
   beside those that see; and the errors of every row beside the published ones. */
#include <math.h>
#include <stdio.h>

#include "demo.h"
#include "picture.h"

static const char head[] = "# gnuplot %s.gp, in this folder\nset encoding utf8\n"
                           "set terminal pngcairo size %d,%d font 'sans,13' enhanced background '#ffffff'\n"
                           "set output '%s.png'\n%s";

void demo_plot_head(FILE *script, const char *name, int width, int height) {
  fprintf(script, head, name, width, height, name, picture_style);
}

/* ---- parity ---- */

typedef enum panel { PANEL_MEANS, PANEL_BLIND, PANEL_SEEING } panel;
static const char *const panel_titles[] = {"Mean energy of a pair", "Difference within a pair: blind models",
                                           "Difference within a pair: a model that sees"};

static bool in_panel(const demo *demo, int i, panel panel) {
  return demo->results[i].there && demo_wanted(demo, &demo_rows[i]) &&
         (panel == PANEL_MEANS || demo_rows[i].blind == (panel == PANEL_BLIND));
}

/* Models that see stand out. */
static const char *row_color(int i) {
  static const char *const calm[] = {"#9aa5b1", "#edae49", "#6a4c93", "#00798c", "#7fb069"};
  return demo_rows[i].blind ? calm[i % (int)(sizeof calm / sizeof calm[0])] : "#d1495b";
}

/* Points of rows that lie upon each other are large at the bottom and small on top. */
static double point_size(panel panel, int place) {
  return panel == PANEL_BLIND ? 1.9 - 0.35 * place : panel == PANEL_MEANS ? 0.45 : 0.6;
}

/* Columns of a row's file: reference and predicted pair means, reference and predicted differences. */
static void write_panel(FILE *script, const demo *demo, panel panel) {
  const bool means = panel == PANEL_MEANS;
  int place = 0;
  fprintf(script, "set title '%s'\n%s\nplot x with lines dashtype 2 linecolor '#888888' notitle", panel_titles[panel],
          panel == PANEL_BLIND ? "set label 1 'zero for every pair' at graph 0.5,0.29 center" : "unset label 1");
  for (int i = 0; i < demo_n_rows; ++i) {
    if (!in_panel(demo, i, panel))
      continue;
    const char *centre = means ? "centre" : "0";
    fprintf(script,
            ", \\\n  '%s.txt' using ($%d-%s):($%d-%s) with points pointtype 7 pointsize %.2f linecolor '%s' "
            "title '%s: %.3g %%'",
            demo_rows[i].name, means ? 1 : 3, centre, means ? 2 : 4, centre, fmax(0.4, point_size(panel, place++)),
            row_color(i), demo_rows[i].label, means ? demo->results[i].mean : demo->results[i].delta);
  }
  fputc('\n', script);
}

static int count_in_panel(const demo *demo, panel panel) {
  int count = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    count += in_panel(demo, i, panel);
  return count;
}

static bool write_parity(const demo *demo) {
  FILE *script = demo_create(demo, "parity", ".gp");
  if (script == NULL)
    return false;
  int panels = 0, any = 0;
  for (panel panel = PANEL_MEANS; panel <= PANEL_SEEING; ++panel)
    panels += count_in_panel(demo, panel) > 0;
  while (!demo->results[any].there)
    ++any;
  demo_plot_head(script, "parity", 640 * panels, 700);
  fprintf(script,
          "stats '%s.txt' using 1 nooutput\ncentre = STATS_mean\nlow = 1.1*(STATS_min-centre)\n"
          "high = 1.1*(STATS_max-centre)\nstats '%s.txt' using 3 nooutput\n"
          "most = 1.1*(STATS_max > -STATS_min ? STATS_max : -STATS_min)\nset multiplot layout 1,%d\n"
          "set size square\nset key top left font ',10' spacing 1.1\n"
          "set lmargin 9\nset rmargin 2\nset tmargin 3\nset bmargin 4\n"
          "set xlabel 'reference / eV'\nset ylabel 'predicted / eV'\n",
          demo_rows[any].name, demo_rows[any].name, panels);
  fputs("set xrange [low:high]\nset yrange [low:high+0.45*(high-low)]\n", script);
  write_panel(script, demo, PANEL_MEANS);
  fputs("set xrange [-most:most]\nset yrange [-most:1.9*most]\n", script);
  for (panel panel = PANEL_BLIND; panel <= PANEL_SEEING; ++panel)
    if (count_in_panel(demo, panel) > 0)
      write_panel(script, demo, panel);
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "parity.gp") == TERN_SUCCESS;
}

/* ---- bars ---- */

static bool in_bars(const demo *demo, int i) {
  return demo->results[i].there && demo_wanted(demo, &demo_rows[i]) && (demo_rows[i].tables & DEMO_CURVE) == 0;
}

/* A block $bars: place from the top, ours and the published mean and delta; NaN where there is none. */
static void write_values(FILE *script, const demo *demo) {
  int count = 0;
  fputs("$bars << END\n", script);
  for (int i = 0; i < demo_n_rows; ++i) {
    const demo_row *row = &demo_rows[i];
    if (!in_bars(demo, i))
      continue;
    fprintf(script, "%d %.4g %.4g ", -count++, demo->results[i].mean, demo->results[i].delta);
    if (row->published[1] > 0)
      fprintf(script, "%g %g\n", row->published[0], row->published[1]);
    else
      fputs("NaN NaN\n", script);
  }
  fputs("END\n", script);
}

/* Ours as bars with their numbers, the published ones as marks. */
static void write_bars_panel(FILE *script, const char *title, int column, const char *color) {
  fprintf(script,
          "set title '%s'\n"
          "plot $bars using (0.5*$%d):1:(0.0):%d:($1-0.3):($1+0.3) with boxxyerror fillstyle solid 0.85 noborder "
          "linecolor '%s' title 'here (GFN2-xTB)', \\\n"
          "  '' using %d:1 with points pointtype 13 pointsize 1.6 linecolor '#222222' title 'published (DFT)', \\\n"
          "  '' using %d:1:(sprintf('%%.3g', $%d)) with labels left offset 0.8,0 font ',11' notitle\n",
          title, column, column, color, column + 2, column, column);
}

/* Room for the largest number and its label. */
static double bars_end(const demo *demo, bool means) {
  double most = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    if (in_bars(demo, i))
      most = fmax(most, means ? demo->results[i].mean : demo->results[i].delta);
  return 1.18 * most;
}

static void write_labels(FILE *script, const demo *demo) {
  int count = 0;
  fputs("set ytics (", script);
  for (int i = 0; i < demo_n_rows; ++i)
    if (in_bars(demo, i)) {
      fprintf(script, "%s'%s' %d", count ? ", " : "", demo_rows[i].label, -count);
      ++count;
    }
  fprintf(script, ") scale 0\nset yrange [%.1f:0.6]\n", 0.4 - count);
}

static bool write_bars(const demo *demo) {
  FILE *script = demo_create(demo, "errors", ".gp");
  if (script == NULL)
    return false;
  int count = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    count += in_bars(demo, i);
  demo_plot_head(script, "errors", 1500, 185 + 44 * count);
  write_values(script, demo);
  write_labels(script, demo);
  fprintf(script,
          "set multiplot\nset grid noy\nset key outside bottom center horizontal\n"
          "set xlabel 'error / %%' offset 0,0.4\n"
          "set lmargin at screen 0.26\nset rmargin at screen 0.61\nset xrange [0:%.4g]\n",
          bars_end(demo, false));
  write_bars_panel(script, "Difference within a pair (100 %: blind)", 3, "#d1495b");
  fprintf(script, "set lmargin at screen 0.64\nset rmargin at screen 0.98\nunset ytics\nset xrange [0:%.4g]\n",
          bars_end(demo, true));
  write_bars_panel(script, "Mean of a pair", 2, "#00798c");
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "errors.gp") == TERN_SUCCESS;
}

/* ---- all pictures ---- */

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

typedef struct drawing {
  const char *name;
  int tables; /* that it belongs to */
  bool whole; /* only when nothing was ended early */
  bool (*write)(const demo *demo);
} drawing;

static const drawing drawings[] = {
    {"parity", DEMO_SHORT, false, write_parity},
    {"errors", DEMO_SHORT | DEMO_FULL, false, write_bars},
    {"networks", DEMO_FULL, false, demo_plot_networks},
    {"curves", DEMO_CURVE, true, demo_plot_curves},
    {"pair", DEMO_SHORT, true, demo_plot_pair},
};

bool demo_plot(const demo *demo) {
  bool good = true;
  for (size_t i = 0; i < sizeof drawings / sizeof drawings[0]; ++i) {
    const drawing *drawing = &drawings[i];
    if ((drawing->tables & demo->tables) == 0 || (drawing->whole && demo->ended))
      continue;
    good = drawing->write(demo) && draw(demo, drawing->name) && good;
  }
  if (!demo->arguments->json && !demo->arguments->quiet)
    printf("Models, pair energies and what the pictures are drawn from lie beside them.\n");
  return good;
}
