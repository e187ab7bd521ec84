/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const verb verbs[] = {
    {"demo", "[--full] [--go-on] [--set KEY=VALUE ...] [-o DIR] [--data FILE]",
     "fit models on degenerate pairs of B8 clusters, and show what those of two and three neighbours cannot see",
     "ternion demo -o demo\n"
     "         ternion demo --full --set time_limit=60 -o full   (of the longest training; others in proportion)",
     0, 0, "ODTFgjq", verb_demo},
    {"describe", "IN --descriptor KIND [--set KEY=VALUE ...] -o OUT",
     "write the features of structures (safetensors or .npy)",
     "ternion describe silicon.extxyz --descriptor power_spectrum --set cutoff=5 -o features.safetensors", 1, 1,
     "odsSjq", verb_describe},
    {"fit",
     "TRAIN --model KIND [--descriptor KIND] [--settings NAME] [--set KEY=VALUE ...] [--test FILE] "
     "[--resume CHECKPOINT] -o MODEL",
     "fit a model; Ctrl-C ends a training early and saves its best state (exit code 3), a second one stops at once",
     "ternion fit train.extxyz --model ridge --descriptor power_spectrum --set cutoff=5 -o silicon.tern\n"
     "         ternion fit train.extxyz --settings metal --test test.extxyz -o silicon.tern",
     1, 1, "odmrstSjq", verb_fit},
    {"predict", "MODEL IN [-o OUT.extxyz] [--set KEY=VALUE ...] [--atoms] [--uncertainty] [--pairs]",
     "energies, forces and virials; errors where references exist; warnings where atoms are nearer than in any data",
     "ternion predict silicon.tern test.extxyz -o predicted.extxyz\n"
     "         ternion predict silicon.tern run.extxyz.gz --uncertainty --atoms -o predicted.extxyz.gz",
     2, 2, "oRSuapjq", verb_predict},
    {"plot", "parity|pairs|training INPUT ... -o PICTURE",
     "draw predictions against references, differences of pairs, or the course of a training (PNG, SVG or PDF)",
     "ternion plot parity silicon.tern test.extxyz -o parity.png\n"
     "         ternion plot parity predicted.extxyz test.extxyz -o parity.pdf\n"
     "         ternion plot pairs b8.tern b8_test.extxyz -o pairs.svg\n"
     "         ternion plot training first.jsonl second.jsonl -o training.png",
     2, MOST_INPUTS, "oRSjq", verb_plot},
    {"sensitivity", "IN --descriptor KIND [--set KEY=VALUE ...] [--frame N] [--center I]",
     "which moves of atoms a descriptor sees, and which it is blind to",
     "ternion sensitivity methane.extxyz --descriptor power_spectrum --center 0", 1, 1, "dsSfcjq", verb_sensitivity},
    {"options", "[KIND]",
     "list the kinds of descriptors and models, and the options of one, or of `dataset`: what reading takes",
     "ternion options ridge", 0, 1, "j", verb_options},
    {"info", "[FILE]", "what this build is, or what a model, descriptor or feature file holds",
     "ternion info silicon.tern", 0, 1, "j", verb_info},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

static void print_help(FILE *stream) {
  fprintf(stream, "Usage: ternion VERB ...\n\nComplete descriptions of atomic environments, and fits on them.\n\n");
  for (int i = 0; i < N_VERBS; ++i)
    fprintf(stream, "  %-11s %s\n", verbs[i].name, verbs[i].meaning);
  fprintf(stream,
          "\n`ternion VERB --help` says more. Example: ternion fit train.extxyz --settings metal -o metal.tern\n");
}

static int print_version(void) {
  char version[32];
  if (failed(tern_version(version, sizeof version, NULL)))
    return EXIT_FAILED;
  printf("ternion %s\n", version);
  return EXIT_SUCCESS;
}

static const verb *find_verb(const char *name) {
  for (int i = 0; i < N_VERBS; ++i)
    if (strcmp(verbs[i].name, name) == 0)
      return &verbs[i];
  return NULL;
}

static int run_verb(const verb *verb, int count, char **words) {
  arguments arguments = {0};
  int status = arguments_read(verb, count, words, &arguments);
  if (status == EXIT_SUCCESS) {
    interrupt_watch();
    status = verb->run(&arguments);
  }
  tern_options_free(arguments.options);
  /* A full disk behind a redirected stdout shows only here. */
  if (status == EXIT_SUCCESS && (fflush(stdout) != 0 || ferror(stdout))) {
    perror("ternion: writing the output");
    return EXIT_FAILED;
  }
  return status < 0 ? EXIT_SUCCESS : status;
}

int main(int count, char **words) {
  if (count < 2) {
    print_help(stderr);
    return EXIT_USAGE;
  }
  if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0 || strcmp(words[1], "help") == 0) {
    print_help(stdout);
    return EXIT_SUCCESS;
  }
  if (strcmp(words[1], "--version") == 0)
    return print_version();
  const verb *verb = find_verb(words[1]);
  if (verb == NULL)
    return usage_error("'%s' is no verb; `ternion --help` lists them", words[1]);
  return run_verb(verb, count - 1, words + 1);
}
