/* SPDX-License-Identifier: BSD-3-Clause */
/* Does a descriptor see every change of shape? Singular values against the number of directions, and in words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

enum { MOST_LINES = 30, MOST_NAMED = 4 };

typedef struct sensitivity {
  const arguments *arguments;
  tern_dataset *dataset;
  tern_system *system;
  tern_descriptor *descriptor;
  int64_t frame, center; /* center -1: the whole structure */
  int64_t n_atoms, moving, directions, seen;
  double *values, *vectors; /* [directions], [directions][n_atoms][3] */
  int32_t *species;
  double *blind; /* [n_atoms]: length of each atom's part of the blind directions */
} sensitivity;

static int read_number(const char *word, const char *flag, int64_t *number) {
  char *end;
  errno = 0;
  const long long value = strtoll(word, &end, 10);
  if (end == word || *end != '\0' || errno != 0 || value < 0)
    return usage_error("%s %s: expected a number from 0", flag, word);
  *number = value;
  return EXIT_SUCCESS;
}

static int32_t open_structure(sensitivity *s, progress_bar *bar) {
  const arguments *arguments = s->arguments;
  int64_t size = 0;
  int32_t status = tern_dataset_read(&s->dataset, arguments->inputs[0], arguments->options);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(s->dataset, &size);
  if (status == TERN_SUCCESS && s->frame >= size) {
    usage_error("--frame %lld: %s has %lld structures; valid: 0 to %lld", (long long)s->frame, arguments->inputs[0],
                (long long)size, (long long)size - 1);
    return ALREADY_TOLD;
  }
  if (status == TERN_SUCCESS)
    status = tern_dataset_system(s->dataset, s->frame, &s->system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_new(&s->descriptor, arguments->descriptor, arguments->options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_fit(s->descriptor, s->dataset, progress_show, bar);
  if (status == TERN_SUCCESS)
    status = tern_system_size(s->system, &s->n_atoms, NULL);
  if (status == TERN_SUCCESS)
    status = tern_sensitivity_shape(s->descriptor, s->system, s->center, &s->directions, &s->moving);
  return status;
}

/* Squared lengths of the blind directions' parts on each atom, as lengths: the same whichever basis they come in. */
static void add_blind(sensitivity *s) {
  for (int64_t k = s->seen; k < s->directions; ++k)
    for (int64_t i = 0; i < 3 * s->n_atoms; ++i) {
      const double part = s->vectors[k * 3 * s->n_atoms + i];
      s->blind[i / 3] += part * part;
    }
}

static int32_t solve(sensitivity *s, progress_bar *bar) {
  const size_t directions = (size_t)s->directions, atoms = (size_t)s->n_atoms;
  s->values = calloc(directions + 1, sizeof *s->values);
  s->vectors = calloc(directions * atoms * 3 + 1, sizeof *s->vectors);
  s->species = calloc(atoms + 1, sizeof *s->species);
  s->blind = calloc(atoms + 1, sizeof *s->blind);
  if (!s->values || !s->vectors || !s->species || !s->blind) {
    fprintf(stderr, "ternion: memory ran out for %lld directions of %lld atoms\n", (long long)s->directions,
            (long long)s->n_atoms);
    return ALREADY_TOLD;
  }
  int32_t status = tern_system_species(s->system, s->species);
  if (status == TERN_SUCCESS)
    status = tern_sensitivity(s->descriptor, s->system, s->center, s->arguments->options, &s->seen, s->values,
                              s->vectors, progress_show, bar);
  if (status == TERN_SUCCESS)
    add_blind(s);
  return status;
}

static int64_t most_blind(const sensitivity *s) {
  int64_t most = 0;
  for (int64_t i = 1; i < s->n_atoms; ++i)
    if (s->blind[i] > s->blind[most] * (1 + 1e-9))
      most = i;
  return most;
}

static void print_table(const sensitivity *s) {
  const double largest = s->directions > 0 && s->values[0] > 0 ? s->values[0] : 1;
  printf("direction  singular value  of largest\n");
  for (int64_t k = 0; k < s->directions; ++k) {
    if (s->directions > MOST_LINES && k == MOST_LINES / 2) {
      puts("      ...");
      k = s->directions - MOST_LINES / 2;
    }
    printf("%9lld  %14.6e  %10.2e%s\n", (long long)k + 1, s->values[k], s->values[k] / largest,
           k >= s->seen ? "  blind" : "");
  }
}

static void print_words(sensitivity *s, const char *threshold) {
  const char *what = s->center < 0 ? "structure" : "environment";
  const long long blind = (long long)(s->directions - s->seen), rigid = (long long)(3 * s->moving - s->directions);
  printf("%lld %s, %lld rigid moves do not count: %lld directions change the shape of this %s.\n", (long long)s->moving,
         s->moving == 1 ? "atom moves" : "atoms move", rigid, (long long)s->directions, what);
  if (s->directions == 0)
    return;
  if (blind == 0) {
    printf("To first order the descriptor sees all %lld directions of this %s (threshold %s of the largest).\n",
           (long long)s->directions, what, threshold);
    return;
  }
  printf("To first order the descriptor is blind to %lld of %lld directions (threshold %s of the largest): the largest "
         "moves in the blind directions are those of atoms",
         blind, (long long)s->directions, threshold);
  for (int n = 0; n < MOST_NAMED && n < s->moving; ++n) {
    const int64_t atom = most_blind(s);
    if (s->blind[atom] <= 1e-6)
      break;
    printf("%s %lld (Z = %d)", n == 0 ? "" : ",", (long long)atom, (int)s->species[atom]);
    s->blind[atom] = 0;
  }
  puts(".\nIn a symmetric structure this may be symmetry alone: moves that break it, as those out of a mirror plane, "
       "change even features only to second order.");
}

static void print_json_lines(const sensitivity *s) {
  printf("{\"event\": \"sensitivity\", \"frame\": %lld, \"center\": ", (long long)s->frame);
  printf(s->center < 0 ? "null" : "%lld", (long long)s->center);
  printf(", \"moving\": %lld, \"expected\": %lld, \"seen\": %lld, \"blind\": %lld, \"singular_values\": [",
         (long long)s->moving, (long long)s->directions, (long long)s->seen, (long long)(s->directions - s->seen));
  for (int64_t k = 0; k < s->directions; ++k)
    printf("%s%.17g", k == 0 ? "" : ", ", s->values[k]);
  printf("], \"blind_parts\": [");
  for (int64_t i = 0; i < s->n_atoms; ++i)
    printf("%s%.6g", i == 0 ? "" : ", ", s->blind[i]);
  puts("]}");
}

static int show(sensitivity *s) {
  char threshold[64];
  if (s->arguments->json) {
    print_json_lines(s);
    return EXIT_SUCCESS;
  }
  if (failed(tern_options_get(s->arguments->options, "threshold", threshold, sizeof threshold, NULL)))
    return EXIT_FAILED;
  if (!s->arguments->quiet)
    print_table(s);
  print_words(s, threshold);
  return EXIT_SUCCESS;
}

static void close_all(sensitivity *s) {
  free(s->values);
  free(s->vectors);
  free(s->species);
  free(s->blind);
  tern_descriptor_free(s->descriptor);
  tern_system_free(s->system);
  tern_dataset_free(s->dataset);
}

int verb_sensitivity(const arguments *arguments) {
  sensitivity s = {.arguments = arguments, .center = -1};
  if (arguments->descriptor[0] == '\0')
    return usage_error("sensitivity needs --descriptor KIND; `ternion options` lists the kinds");
  int code = arguments->frame ? read_number(arguments->frame, "--frame", &s.frame) : EXIT_SUCCESS;
  if (code == EXIT_SUCCESS && arguments->center)
    code = read_number(arguments->center, "--center", &s.center);
  if (code != EXIT_SUCCESS)
    return code;
  progress_bar bar = progress_new(arguments);
  int32_t status = open_structure(&s, &bar);
  if (status == TERN_SUCCESS)
    status = solve(&s, &bar);
  progress_end(&bar);
  code = failed(status) ? EXIT_FAILED : show(&s);
  close_all(&s);
  return code;
}
