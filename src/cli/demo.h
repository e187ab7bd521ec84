/* SPDX-License-Identifier: BSD-3-Clause */
/* The demonstration on the B8 set: rows of a table, each a model that is fitted and tested, and pictures. */
#ifndef TERNION_CLI_DEMO_H
#define TERNION_CLI_DEMO_H

#include <stdio.h>

#include "cli.h"

/* Tables that a row stands in. */
enum { DEMO_SHORT = 1, DEMO_FULL = 2, DEMO_CURVE = 4 };

enum { MOST_ROW_OPTIONS = 10 };
/* One model of the demonstration. A further row is one entry of demo_rows. */
typedef struct demo_row {
  const char *label, *name; /* for people; of files */
  const char *model, *descriptor;
  const char *options[MOST_ROW_OPTIONS][2]; /* beyond those of every row */
  double published[2]; /* mean and delta in % of the corresponding model, on other energies; 0: none */
  double seconds;      /* of training; 0: nothing is trained */
  int part;            /* fitted on the first 1/part of the structures; 0 and 1: all of them */
  int tables;
  bool blind; /* cannot tell the structures of a pair apart, whatever is fitted */
  bool forces;  /* fitted on forces, too */
  bool vectors; /* the target is the vector of demo_vectors.c, for each environment, rather than the energy */
  const char *encoder; /* the row whose model makes the features, of which the descriptor is `learned`; or NULL */
} demo_row;

/* One panel entry of the picture of a pair: how much each feature differs. */
typedef struct demo_bars {
  const char *label, *name, *descriptor;
  const char *options[MOST_ROW_OPTIONS][2];
  bool squares; /* of the features, summed over rows, rather than the plain sum */
} demo_bars;

typedef struct demo_result {
  bool there;       /* fitted and tested */
  bool ended_early; /* the training was, by Ctrl-C */
  int64_t trained_on, tested_on, features; /* features: 0 unless the row is blind */
  double agreement;  /* of blind rows: largest relative difference of the features in a test pair */
  double mean, delta; /* % */
  double forces;      /* RMSE in eV/A; NaN: not fitted */
  double seconds, training_seconds;
} demo_result;

extern const demo_row demo_rows[]; /* demo_rows.c */
extern const int demo_n_rows;
extern const demo_bars demo_pair_bars[];
extern const int demo_n_bars;

/* A vector for each structure, those of the training set first; see demo_vectors.c. */
typedef struct demo_vectors {
  bool whole;
  int64_t n_train, n_test, width;
  double *values; /* [n_train + n_test][width] */
} demo_vectors;

typedef struct demo {
  const arguments *arguments;
  const char *folder;
  int tables;   /* whose rows are wanted */
  double scale; /* of the rows' training times */
  tern_dataset *train, *energies, *test; /* energies: train without forces */
  demo_result *results; /* [demo_n_rows] */
  demo_vectors vectors;
  progress_bar bar;
  int row, n_wanted;   /* the one that is fitted, for the progress bar */
  bool trained, ended; /* the row's training has begun; it was ended early */
} demo;

/* demo_data.c: training and test set, and what was typed. */
int32_t demo_read(demo *demo);
int32_t demo_first(const tern_dataset *all, int64_t count, tern_dataset **part);
int demo_check(demo *demo); /* EXIT_SUCCESS or EXIT_USAGE; sets the scale of times */
/* Options of every row, more, and what was typed. */
int32_t demo_options(const demo *demo, const char *const (*more)[2], tern_options **options);
/* A file of the demonstration's folder; both print what went wrong. */
FILE *demo_create(const demo *demo, const char *name, const char *ending);
int32_t demo_finish(const demo *demo, FILE *file, const char *name);

/* demo_fit.c: fits and tests a row. TERN_CANCELLED: Ctrl-C came before there was a model. */
int32_t demo_fit(demo *demo, const demo_row *row, demo_result *result);
/* After a fit: whether its training was ended early. Then its model is tested, and only then nothing more is done. */
void demo_note_end(demo *demo, int32_t status, demo_result *result);
int32_t demo_save(const demo *demo, const demo_row *row, const tern_model *model);
double demo_seconds(const demo *demo, const demo_row *row); /* of its training */
int64_t demo_part(const demo_row *row, int64_t n_train); /* structures that it is fitted on */
bool demo_wanted(const demo *demo, const demo_row *row);
int32_t demo_progress(const char *stage, int64_t done, int64_t total, double loss, void *demo);

/* demo_vectors.c: the same for a row whose target is a vector. */
int32_t demo_fit_vectors(demo *demo, const demo_row *row, tern_options *options, demo_result *result);
void demo_vectors_free(demo *demo);

/* demo_table.c: the table on the screen, and rows.jsonl, which keeps every row as soon as it is there. */
void demo_print_head(const demo *demo);
void demo_print_title(const demo *demo);
void demo_print_row(const demo *demo, const demo_row *row, const demo_result *result);
int32_t demo_keep(const demo *demo, const demo_row *row, const demo_result *result);
int32_t demo_take_over(demo *demo); /* rows of an earlier call with the same data and times */

/* demo_features.c: a descriptor that knows the species of the test set, and its number of features. */
int32_t demo_descriptor(const demo *demo, const char *kind, const tern_options *options, tern_descriptor **descriptor,
                        int64_t *features);
/* Features of a structure, or their squares with the weights of the rows, summed over its rows. */
int32_t demo_sum(const tern_descriptor *descriptor, const tern_dataset *dataset, int64_t index, int64_t features,
                 bool squares, double *sum);
/* How closely the features of the two structures of a pair agree, at worst. */
int32_t demo_agreement(demo *demo, const demo_row *row, const tern_options *options, demo_result *result);

/* demo_pair.c: pairs that a superposition shows to be one structure, and the smallest rmsd of the others. */
int32_t demo_compare(demo *demo, int64_t *n_same, double *smallest);
/* Writes the structures and the features' differences of one pair. */
int32_t demo_pair(demo *demo);

/* demo_plot.c, demo_plot_pair.c, demo_plot_full.c: pictures of the rows that are there. Each writes a script; false
   when that failed. */
bool demo_plot(const demo *demo);
void demo_plot_head(FILE *script, const char *name, int width, int height); /* first commands, for NAME.png */
bool demo_plot_pair(const demo *demo);
bool demo_plot_networks(const demo *demo);
bool demo_plot_curves(const demo *demo);

#endif
