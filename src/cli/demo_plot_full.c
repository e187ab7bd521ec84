/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of the whole table: parity of every network, and learning curves. */
#include <math.h>
#include <stdio.h>

#include "demo.h"
#include "picture.h"

static bool is_network(const demo *demo, int i) {
  const demo_row *row = &demo_rows[i];
  return demo->results[i].there && demo_wanted(demo, row) && row->seconds > 0 && (row->tables & DEMO_CURVE) == 0;
}

static int count_networks(const demo *demo) {
  int count = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    count += is_network(demo, i);
  return count;
}

/* ---- parity ---- */

static void write_panel(FILE *script, const demo *demo, int i, bool means) {
  const char *centre = means ? "centre" : "0";
  fprintf(script,
          "set title '%s' font ',12'\nset label 1 '%s %.3g %%' at graph 0.06,0.93\n"
          "plot x with lines dashtype 2 linecolor '#888888' notitle, \\\n"
          "  '%s.txt' using ($%d-%s):($%d-%s) with points pointtype 7 pointsize 0.5 linecolor '%s' notitle\n",
          means ? demo_rows[i].label : "", means ? "mean" : "delta",
          means ? demo->results[i].mean : demo->results[i].delta, demo_rows[i].name, means ? 1 : 3, centre,
          means ? 2 : 4, centre, means ? picture_color(0) : picture_color(1));
}

/* Means of pairs above, differences within them below, a column for each network; the same axes all along a line. */
bool demo_plot_networks(const demo *demo) {
  const int count = count_networks(demo);
  int first = 0;
  FILE *script = demo_create(demo, "networks", ".gp");
  if (script == NULL)
    return false;
  while (first < demo_n_rows - 1 && !is_network(demo, first))
    ++first;
  demo_plot_head(script, "networks", 380 * (count > 2 ? count : 2), 800);
  if (count > 0)
    fprintf(script,
            "stats '%s.txt' using 1 nooutput\ncentre = STATS_mean\nlow = 1.1*(STATS_min-centre)\n"
            "high = 1.1*(STATS_max-centre)\nstats '%s.txt' using 3 nooutput\n"
            "most = 1.1*(STATS_max > -STATS_min ? STATS_max : -STATS_min)\nset multiplot layout 2,%d\nset size square\n"
            "set xlabel 'reference / eV' offset 0,0.5\nset ylabel 'predicted / eV' offset 1,0\n",
            demo_rows[first].name, demo_rows[first].name, count);
  for (int line = 0; line < 2; ++line) {
    fputs(line == 0 ? "set xrange [low:high]\nset yrange [low:high]\n"
                    : "set xrange [-most:most]\nset yrange [-most:most]\n",
          script);
    for (int i = 0; i < demo_n_rows; ++i)
      if (is_network(demo, i))
        write_panel(script, demo, i, line == 0);
  }
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "networks.gp") == TERN_SUCCESS;
}

/* ---- learning curves ---- */

/* NAME_curve.txt: time of a training, error of the energy per atom where the log tells it. */
static bool write_course(const demo *demo, const demo_row *row) {
  char path[1024], name[80], line[4096];
  snprintf(path, sizeof path, "%s/%s.log", demo->folder, row->name);
  snprintf(name, sizeof name, "%s_course", row->name);
  FILE *log = fopen(path, "r"), *file = demo_create(demo, name, ".txt");
  if (log == NULL)
    perror(path);
  if (log && file) {
    fputs("# seconds, RMSE of the energy per atom (eV)\n", file);
    while (fgets(line, sizeof line, log)) {
      const double error = log_number(line, "energy_per_atom_rmse");
      if (isfinite(error))
        fprintf(file, "%.6g %.6g\n", log_number(line, "seconds"), error);
    }
  }
  const bool good = log && file;
  if (log)
    fclose(log);
  return file && demo_finish(demo, file, name) == TERN_SUCCESS && good;
}

/* curve.txt: structures that were fitted, mean and delta of the test set. */
static bool write_sizes(const demo *demo) {
  FILE *file = demo_create(demo, "curve", ".txt");
  if (file == NULL)
    return false;
  fputs("# structures, mean (%), delta (%)\n", file);
  for (int i = 0; i < demo_n_rows; ++i)
    if (demo->results[i].there && (demo_rows[i].tables & DEMO_CURVE))
      fprintf(file, "%lld %.6g %.6g\n", (long long)demo->results[i].trained_on, demo->results[i].mean,
              demo->results[i].delta);
  return demo_finish(demo, file, "curve.txt") == TERN_SUCCESS;
}

static void write_courses_panel(FILE *script, const demo *demo) {
  int curves = 0;
  fputs("set title 'Course of the trainings'\nset xlabel 'time / s'\nset ylabel 'RMSE of the energy / meV per atom'\n"
        "set logscale xy\nset key top right\nplot ",
        script);
  for (int i = 0; i < demo_n_rows; ++i)
    if (is_network(demo, i)) {
      fprintf(script, "%s'%s_course.txt' using 1:(1000*$2) with linespoints pointtype 7 pointsize 0.5 linewidth 2 "
                      "linecolor '%s' title '%s'",
              curves ? ", \\\n  " : "", demo_rows[i].name, picture_color(curves), demo_rows[i].label);
      ++curves;
    }
  fputc('\n', script);
}

static void write_sizes_panel(FILE *script) {
  fprintf(script,
          "set title 'Triplet network on energies, the same time for each number of structures'\n"
          "set xlabel 'structures fitted'\nset ylabel 'error on the test set / %%'\nset key bottom left\n"
          "set autoscale x\nset offsets graph 0.05, graph 0.05, graph 0.1, graph 0.1\n"
          "plot 'curve.txt' using 1:3:xtic(1) with linespoints pointtype 7 linewidth 2 linecolor '%s' "
          "title 'delta', \\\n"
          "  '' using 1:2 with linespoints pointtype 7 linewidth 2 linecolor '%s' title 'mean'\n",
          picture_color(1), picture_color(0));
}

bool demo_plot_curves(const demo *demo) {
  bool good = write_sizes(demo);
  for (int i = 0; i < demo_n_rows; ++i)
    if (is_network(demo, i))
      good = write_course(demo, &demo_rows[i]) && good;
  FILE *script = good ? demo_create(demo, "curves", ".gp") : NULL;
  if (script == NULL)
    return false;
  demo_plot_head(script, "curves", 1500, 720);
  fputs("set multiplot layout 1,2\n", script);
  write_courses_panel(script, demo);
  write_sizes_panel(script);
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "curves.gp") == TERN_SUCCESS;
}
