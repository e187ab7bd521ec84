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
  const demo_row *row = &demo_rows[i];
  const char *unit = row->vectors ? "deviations" : "eV";
  fprintf(script,
          "set autoscale xy\nstats '%s.txt' using %d nooutput\ncentre = %s\n"
          "margin = 0.05*(STATS_max-STATS_min)\nlow = STATS_min-centre-margin\nhigh = STATS_max-centre+margin\n"
          "set xrange [low:high]\nset yrange [low:high]\n"
          "set xlabel 'reference / %s' offset 0,0.5\nset ylabel 'predicted / %s' offset 1,0\n"
          "set title '%s' font ',11'\nset label 1 '%s %.3g %%' at graph 0.06,0.93\n",
          row->name, means ? 1 : 3, means ? "STATS_mean" : "0", unit, unit, means ? row->label : "",
          means ? "mean" : "delta", means ? demo->results[i].mean : demo->results[i].delta);
  fprintf(script,
          "plot x with lines dashtype 2 linecolor '#888888' notitle, \\\n"
          "  '%s.txt' using ($%d-centre):($%d-centre) with points pointtype 7 pointsize 0.5 linecolor '%s' notitle\n",
          row->name, means ? 1 : 3, means ? 2 : 4, picture_color(means ? 0 : 1));
}

/* Means of pairs above, differences within them below, a column for each network. */
bool demo_plot_networks(const demo *demo) {
  const int count = count_networks(demo);
  FILE *script = demo_create(demo, "networks", ".gp");
  if (script == NULL)
    return false;
  demo_plot_head(script, "networks", 400 * (count > 2 ? count : 2), 820);
  fprintf(script, "set multiplot layout 2,%d\nset size square\nset tics font ',9'\n", count > 1 ? count : 1);
  for (int line = 0; line < 2; ++line)
    for (int i = 0; i < demo_n_rows; ++i)
      if (is_network(demo, i))
        write_panel(script, demo, i, line == 0);
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "networks.gp") == TERN_SUCCESS;
}

/* ---- learning curves ---- */

/* NAME_course.txt: time of a training, error of the energy per atom where the log tells it; how often it does. */
static int64_t write_course(const demo *demo, const demo_row *row) {
  char path[1024], name[80], line[4096];
  int64_t count = 0;
  snprintf(path, sizeof path, "%s/%s.log", demo->folder, row->name);
  snprintf(name, sizeof name, "%s_course", row->name);
  FILE *log = fopen(path, "r"), *file = log ? demo_create(demo, name, ".txt") : NULL;
  if (file)
    fputs("# seconds, RMSE of the energy per atom (eV)\n", file);
  while (file && fgets(line, sizeof line, log)) {
    const double error = log_number(line, "energy_per_atom_rmse");
    if (!isfinite(error))
      continue;
    fprintf(file, "%.6g %.6g\n", log_number(line, "seconds"), error);
    ++count;
  }
  if (log)
    fclose(log);
  return file && demo_finish(demo, file, name) == TERN_SUCCESS ? count : 0;
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

/* A training that was too short for its error to be measured has no curve. */
static void write_courses_panel(FILE *script, const demo *demo) {
  int curves = 0;
  for (int i = 0; i < demo_n_rows; ++i) {
    const demo_row *row = &demo_rows[i];
    if (!is_network(demo, i) || row->vectors || write_course(demo, row) < 2)
      continue;
    fputs(curves ? ", \\\n  "
                 : "set title 'Course of the trainings'\nset xlabel 'time / s'\n"
                   "set ylabel 'RMSE of the energy / meV per atom'\nset logscale xy\nset key bottom left\nplot ",
          script);
    fprintf(script, "'%s_course.txt' using 1:(1000*$2) with linespoints pointtype 7 pointsize 0.5 linewidth 2 "
                    "linecolor '%s' title '%s'",
            row->name, picture_color(curves), row->label);
    ++curves;
  }
  fputc('\n', script);
}

static void write_sizes_panel(FILE *script) {
  fprintf(script,
          "set title 'Triplet network, the same time for each number of structures'\nset logscale xy\n"
          "set xlabel 'structures fitted'\nset ylabel 'error on the test set / %%'\nset key bottom left\n"
          "set autoscale x\nset offsets graph 0.05, graph 0.05, graph 0.1, graph 0.1\n"
          "plot 'curve.txt' using 1:3:xtic(1) with linespoints pointtype 7 linewidth 2 linecolor '%s' "
          "title 'delta', \\\n"
          "  '' using 1:2 with linespoints pointtype 7 linewidth 2 linecolor '%s' title 'mean'\n",
          picture_color(1), picture_color(0));
}

bool demo_plot_curves(const demo *demo) {
  FILE *script = write_sizes(demo) ? demo_create(demo, "curves", ".gp") : NULL;
  if (script == NULL)
    return false;
  demo_plot_head(script, "curves", 1500, 720);
  fputs("set multiplot layout 1,2\n", script);
  write_courses_panel(script, demo);
  write_sizes_panel(script);
  fputs("unset multiplot\n", script);
  return demo_finish(demo, script, "curves.gp") == TERN_SUCCESS;
}
