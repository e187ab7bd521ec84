/* SPDX-License-Identifier: BSD-3-Clause */
/* Predicted against reference: energies and forces, numbers of tensors and vectors, and energy differences within pairs
   with their distribution. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

typedef struct panel {
  const series *series;
  const char *name; /* of the data block */
  const char *title, *what, *unit; /* the latter "" where nobody says */
  int color;
} panel;

/* The more points, the smaller and the more transparent. */
static void write_points(FILE *script, const panel *panel) {
  const bool many = panel->series->count > 2000;
  fprintf(script,
          "plot x with lines dashtype 2 linewidth 1.5 linecolor '#888888' notitle, \\\n"
          "  $%s using 1:2 with points pointtype 7 pointsize %g linecolor '#%s%s' notitle\n",
          panel->name, many ? 0.35 : 0.6, many ? "a0" : "50", picture_color(panel->color) + 1);
}

/* `what` may be a name of the user's, whose underscores are none of gnuplot's commands. */
static void write_label(FILE *script, const char *axis, const char *kind, const panel *panel) {
  char label[320];
  snprintf(label, sizeof label, "%s %s%s%s", kind, panel->what, panel->unit[0] ? " / " : "", panel->unit);
  fprintf(script, "set %slabel ", axis);
  picture_quote(script, label);
  fputs(" noenhanced\n", script);
}

static void write_panel(FILE *script, const panel *panel) {
  double low, high;
  series_write(panel->series, panel->name, script);
  series_range(panel->series, &low, &high);
  write_label(script, "x", "reference", panel);
  write_label(script, "y", "predicted", panel);
  fprintf(script,
          "set size square\nset title \"%s\"\n"
          "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset xtics autofreq\nset ytics autofreq\n",
          panel->title, low, high, low, high);
  write_points(script, panel);
}

static bool plot_energies(picture *picture, const compared *compared) {
  const bool energies = compared->energies.count > 0, forces = compared->forces.count > 0;
  const measures *measures = &compared->measures;
  char title[160];
  if (!energies && !forces) {
    fputs("ternion: the references have neither energies nor forces to compare with\n", stderr);
    return false;
  }
  picture_panels(picture, energies + forces);
  if (energies) {
    snprintf(title, sizeof title, "Energies of %lld structures\\nMAE %.3g, RMSE %.3g meV/atom",
             (long long)measures->energy.count, 1000 * error_mae(&measures->energy_per_atom),
             1000 * error_rmse(&measures->energy_per_atom));
    write_panel(picture->script, &(panel){&compared->energies, "energies", title, "energy", "(eV/atom)", 0});
  }
  if (forces) {
    snprintf(title, sizeof title, "%lld force components\\nMAE %.3g, RMSE %.3g eV/Å",
             (long long)measures->forces.count, error_mae(&measures->forces), error_rmse(&measures->forces));
    write_panel(picture->script, &(panel){&compared->forces, "forces", title, "force", "(eV/Å)", 1});
  }
  return true;
}

/* Components with equal indices and the others are of different size: each has its panel. */
static bool plot_numbers(picture *picture, const compared *compared) {
  static const char *const words[] = {"components", "components with equal indices",
                                      "components with different indices"};
  const bool split = compared->numbers[1].count > 0;
  char title[160];
  if (compared->numbers[0].count == 0) {
    fprintf(stderr, "ternion: the references have no '%s' to compare with\n", compared->target.name);
    return false;
  }
  picture_panels(picture, 1 + split);
  for (int k = 0; k < 1 + split; ++k) {
    const error_sum *errors = &compared->errors[k];
    snprintf(title, sizeof title, "%lld %s\\nMAE %.3g, RMSE %.3g", (long long)errors->count, words[split + k],
             error_mae(errors), error_rmse(errors));
    write_panel(picture->script,
                &(panel){&compared->numbers[k], k > 0 ? "mixed" : "numbers", title, compared->target.name, "", k});
  }
  return true;
}

bool plot_parity(picture *picture, const compared *compared) {
  return compared->target.kind == TARGET_ENERGY ? plot_energies(picture, compared) : plot_numbers(picture, compared);
}

/* Counts of |value| in bins of equal width on a logarithmic axis. */
enum { BINS_PER_DECADE = 8, MOST_DECADES = 8, MOST_BINS = BINS_PER_DECADE * MOST_DECADES };
typedef struct histogram {
  int first; /* bin of the first count, in units of 1/BINS_PER_DECADE decades */
  int n_bins;
  int64_t references[MOST_BINS], errors[MOST_BINS];
} histogram;

static int bin_of(double value) { return (int)floor(log10(fmax(fabs(value), 1e-30)) * BINS_PER_DECADE); }

static void count_bins(const series *series, histogram *histogram) {
  int last = INT32_MIN, first = INT32_MAX;
  for (int64_t i = 0; i < series->count; ++i) {
    const int reference = bin_of(series->points[i][0]), error = bin_of(series->points[i][1] - series->points[i][0]);
    last = reference > last ? reference : last;
    last = error > last ? error : last;
    first = reference < first ? reference : first;
    first = error < first ? error : first;
  }
  histogram->first = last - first >= MOST_BINS ? last - MOST_BINS + 1 : first;
  histogram->n_bins = last - histogram->first + 1;
  for (int64_t i = 0; i < series->count; ++i) {
    const int reference = bin_of(series->points[i][0]), error = bin_of(series->points[i][1] - series->points[i][0]);
    ++histogram->references[reference > histogram->first ? reference - histogram->first : 0];
    ++histogram->errors[error > histogram->first ? error - histogram->first : 0];
  }
}

static void write_histogram(FILE *script, const series *series) {
  histogram histogram = {0};
  count_bins(series, &histogram);
  fputs("$bins << END\n", script);
  for (int i = 0; i < histogram.n_bins; ++i)
    fprintf(script, "%.6g %lld %lld\n", pow(10, (histogram.first + i + 0.5) / BINS_PER_DECADE),
            (long long)histogram.references[i], (long long)histogram.errors[i]);
  fprintf(script,
          "END\nset size square\nset title 'Size of the difference and of its error'\n"
          "set logscale x\nset format x '10^{%%L}'\n"
          "set xrange [%.6g:%.6g]\nset yrange [0:*]\nset xtics autofreq\nset xlabel '|difference within a pair| / eV'\n"
          "set ylabel 'pairs'\nset key top left\nset style fill transparent solid 0.55 noborder\n"
          "plot $bins using 1:2 with fillsteps linecolor '#bbbbbb' title 'reference', \\\n"
          "  $bins using 1:3 with fillsteps linecolor '%s' title 'error of the prediction'\n",
          pow(10, (double)(histogram.first - 1) / BINS_PER_DECADE),
          pow(10, (double)(histogram.first + histogram.n_bins + 1) / BINS_PER_DECADE), picture_color(1));
}

bool plot_pairs(picture *picture, const compared *compared) {
  char title[160];
  if (compared->differences.count == 0) {
    fputs("ternion: the references have no two consecutive frames with energies: there is no pair\n", stderr);
    return false;
  }
  picture_panels(picture, 2);
  snprintf(title, sizeof title, "Energy differences within %lld pairs\\nmean %.3g %%, delta %.3g %%",
           (long long)compared->differences.count, measures_mean(&compared->measures),
           measures_delta(&compared->measures));
  write_panel(picture->script, &(panel){&compared->differences, "differences", title, "difference", "eV", 1});
  write_histogram(picture->script, &compared->differences);
  return true;
}
