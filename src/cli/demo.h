/* SPDX-License-Identifier: BSD-3-Clause */
/* The demonstration on the B8 set: rows of a table, each a model that is fitted and tested, and a picture. */
#ifndef TERNION_CLI_DEMO_H
#define TERNION_CLI_DEMO_H

#include <stdio.h>

#include "cli.h"

enum { MOST_ROW_OPTIONS = 4 };
typedef struct demo_row {
  const char *label, *name; /* for people; of files */
  const char *model, *descriptor;
  const char *options[MOST_ROW_OPTIONS][2]; /* beyond those of every row */
  const char *reference;                    /* mean/delta in % published for the corresponding model */
} demo_row;

/* One panel entry of the picture of a pair: how much each feature differs. */
typedef struct demo_bars {
  const char *label, *name, *descriptor;
  const char *options[MOST_ROW_OPTIONS][2];
  bool squares; /* of the features, summed over rows, rather than the plain sum */
} demo_bars;

typedef struct demo_result {
  int64_t features;
  double agreement; /* largest relative difference of the features in a test pair */
  double mean, delta, seconds;
} demo_result;

extern const demo_row demo_rows[];
extern const int demo_n_rows;
extern const demo_bars demo_pair_bars[];
extern const int demo_n_bars;

typedef struct demo {
  const arguments *arguments;
  const char *folder;
  tern_dataset *train, *test;
  progress_bar bar;
} demo;

/* Options of every row, and more. */
int32_t demo_options(const char *const (*more)[2], tern_options **options);
/* A file of the demonstration's folder; both print what went wrong. */
FILE *demo_create(const demo *demo, const char *name, const char *ending);
int32_t demo_finish(const demo *demo, FILE *file, const char *name);

int32_t demo_fit(demo *demo, const demo_row *row, demo_result *result);

/* demo_features.c: a descriptor that knows the species of the test set, and its number of features. */
int32_t demo_descriptor(const demo *demo, const char *kind, const tern_options *options, tern_descriptor **descriptor,
                        int64_t *features);
/* Features of a structure, or their squares with the weights of the rows, summed over its rows. */
int32_t demo_sum(const tern_descriptor *descriptor, const tern_dataset *dataset, int64_t index, int64_t features,
                 bool squares, double *sum);
/* How closely the features of the two structures of a pair agree, at worst. */
int32_t demo_agreement(demo *demo, const demo_row *row, const tern_options *options, demo_result *result);

/* Pairs that a superposition shows to be one structure, and the smallest rmsd of the others. */
int32_t demo_compare(demo *demo, int64_t *n_same, double *smallest);
/* Writes the structures and the features' differences of one pair. */
int32_t demo_pair(demo *demo);
/* Draws every row's pairs, and the one pair, with gnuplot; says what is missing when it cannot. */
bool demo_plot(const demo *demo, const demo_result *results);

#endif
