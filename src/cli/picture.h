/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of fits: what they are drawn from, and gnuplot, which draws them. */
#ifndef TERNION_CLI_PICTURE_H
#define TERNION_CLI_PICTURE_H

#include <stdio.h>
#include <sys/types.h>

#include "cli.h"

/* gnuplot.c: a picture in the making; what is written to `script` goes to gnuplot. */
typedef struct picture {
  FILE *script;
  pid_t child;
  const char *path;
  char part[4096]; /* the file until it is whole */
} picture;

extern const char picture_style[]; /* commands for borders, grid and key */
const char *picture_color(int index);
bool picture_known(const char *path); /* whether its ending is .png, .svg or .pdf */
/* Starts gnuplot; false, with a message, when there is none. */
bool picture_open(picture *picture, const char *path);
/* Terminal, file and panels side by side; the first command to a picture. */
void picture_panels(const picture *picture, int panels);
void picture_quote(FILE *script, const char *text);
/* Waits for gnuplot and puts the picture under its name; with `wanted` false it is thrown away. */
bool picture_close(picture *picture, bool wanted);
typedef enum picture_result { PICTURE_DRAWN, PICTURE_FAILED, PICTURE_NO_GNUPLOT } picture_result;
picture_result picture_draw_file(const char *folder, const char *script); /* a script that writes its own file */

/* series.c: pairs of a reference and a prediction. */
typedef struct series {
  int64_t count, capacity, most; /* most > 0: only so many are kept, evenly spread */
  int64_t seen, stride;
  double (*points)[2];
} series;
int32_t series_add(series *series, double reference, double predicted);
void series_free(series *series);
/* A block of data for gnuplot, $name, and the range of both columns with a margin. */
void series_write(const series *series, const char *name, FILE *script);
void series_range(const series *series, double *low, double *high);

/* compared.c: predictions beside references, from a model and structures, or from two files of structures. */
typedef struct compared {
  measures measures;
  series energies, forces, differences; /* eV/atom; eV/A; eV, of pairs of frames */
  target target;
  series numbers[2]; /* of tensors, those whose indices are equal and the others; of vectors, all of them */
  error_sum errors[2];
} compared;
int32_t compared_make(compared *compared, const arguments *arguments, const char *predictions, const char *references,
                      progress_bar *bar);
void compared_free(compared *compared);

/* plot_parity.c, plot_training.c: the panels of a picture; false, with a message, when there is nothing to draw. */
bool plot_parity(picture *picture, const compared *compared);
bool plot_pairs(picture *picture, const compared *compared);
bool plot_training(picture *picture, int count, const char *const *logs);
/* The number behind "key": in a line of JSON, or NaN. */
double log_number(const char *line, const char *key);

#endif
