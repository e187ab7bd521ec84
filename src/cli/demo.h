/* SPDX-License-Identifier: BSD-3-Clause */
/* The demonstration on the B8 set: rows of a table, each a model that is fitted and tested, and a picture. */
#ifndef TERNION_CLI_DEMO_H
#define TERNION_CLI_DEMO_H

#include "cli.h"

enum { MOST_ROW_OPTIONS = 4 };
typedef struct demo_row {
  const char *label, *name; /* for people; of files */
  const char *model, *descriptor;
  const char *options[MOST_ROW_OPTIONS][2]; /* beyond those of every row */
  const char *reference;                    /* mean/delta in % published for the corresponding model */
} demo_row;

typedef struct demo_result {
  int64_t features;
  double agreement; /* largest relative difference of the features in a test pair */
  double mean, delta, seconds;
} demo_result;

extern const demo_row demo_rows[];
extern const int demo_n_rows;

typedef struct demo {
  const arguments *arguments;
  const char *folder;
  tern_dataset *train, *test;
  progress_bar bar;
} demo;

int32_t demo_fit(demo *demo, const demo_row *row, demo_result *result);
/* How closely the features of the two structures of a pair agree, at worst. */
int32_t demo_agreement(demo *demo, const demo_row *row, const tern_options *options, demo_result *result);
/* Pairs that a superposition shows to be one structure, and the smallest rmsd of the others. */
int32_t demo_compare(demo *demo, int64_t *n_same, double *smallest);
/* Draws every row's pairs with gnuplot; says what is missing when it cannot. */
bool demo_plot(const demo *demo, const demo_result *results);

#endif
