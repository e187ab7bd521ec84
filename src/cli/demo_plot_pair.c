/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture of one degenerate pair, and of what its descriptors see of it. */
#include <stdio.h>

#include "demo.h"

/* One structure: lines from the centre, atoms as balls, the atom that moves in the second colour. */
static void write_structure(FILE *script, int index, const char *title) {
  fprintf(script,
          "set origin 0.02,%.2f\nset size 0.38,0.49\nset label 1 '%s' at screen 0.03,%.2f\n"
          "splot 'pair.txt' index %d using (0):(0):(0):1:2:3 with vectors nohead linewidth 2 linecolor '#bbbbbb' "
          "notitle, \\\n"
          "  '' index %d using 1:2:3:($4 == 7 ? 0xd1495b : 0x00798c) with points pointtype 7 pointsize 3 "
          "linecolor rgbcolor variable notitle, \\\n"
          "  '' index %d using 1:2:3:4 with labels font ',9' textcolor '#ffffff' notitle\n",
          index ? 0.0 : 0.5, title, index ? 0.05 : 0.96, index, index, index);
}

static void write_bars(FILE *script) {
  static const char *const colors[] = {"#edae49", "#00798c", "#d1495b", "#6a4c93"};
  fprintf(script, "unset label 1\nset origin 0.40,0.0\nset size 0.60,0.98\nset border 3\n"
                  "set title 'Difference between the two, feature by feature'\n"
                  "set ytics nomirror scale 1\nset grid y\nset logscale y\nset format y '10^{%%L}'\n"
                  "set yrange [1e-17:10]\nset xrange [0:1]\nset format x ''\nset xtics scale 0\nset mytics default\n"
                  "set xlabel 'features, the most different first'\nset ylabel 'difference / largest feature'\n"
                  "set key at graph 0.98,0.62 right\nset style fill solid 0.85 noborder\nplot ");
  for (int i = demo_n_bars - 1; i >= 0; --i)
    fprintf(script, "%s'%s.txt' using 1:2 with boxes linecolor '%s' title '%s'", i == demo_n_bars - 1 ? "" : ", \\\n  ",
            demo_pair_bars[i].name, colors[i % 4], demo_pair_bars[i].label);
  fprintf(script, "\nunset multiplot\n");
}

bool demo_plot_pair(const demo *demo) {
  FILE *script = demo_create(demo, "pair", ".gp");
  if (script == NULL)
    return false;
  demo_plot_head(script, "pair", 1500, 760);
  fputs("set multiplot\nunset border\nunset tics\nunset grid\nset view 74,28,1.5,1\nset view equal xyz\n"
        "set xyplane relative 0\n",
        script);
  write_structure(script, 0, "one structure: atom 7 above");
  write_structure(script, 1, "the other: atom 7 below");
  write_bars(script);
  return demo_finish(demo, script, "pair.gp") == TERN_SUCCESS;
}
