/* SPDX-License-Identifier: BSD-3-Clause */
/* Words behind a verb, and settings files. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct flag {
  char letter; /* as in verb.letters */
  const char *name, *value, *meaning;
} flag;
static const flag flags[] = {
    {'o', "output", "FILE", "what to write"},
    {'O', "output", "DIR", "folder to write to"},
    {'d', "descriptor", "KIND", "descriptor kind, such as power_spectrum"},
    {'m', "model", "KIND",
     "model kind, such as ridge, or a sum: ridge+triplet fits the second on what the first leaves"},
    {'s', "set", "KEY=VALUE",
     "set an option; `ternion options KIND` lists them; KIND.KEY=VALUE: for one part of a sum; may be repeated"},
    {'R', "set", "KEY=VALUE", "set an option of reading; `ternion options dataset` lists them; may be repeated"},
    {'T', "set", "KEY=VALUE", "set time_limit, threads, memory_limit or seed; may be repeated"},
    {'S', "settings", "NAME",
     "read `key = value` lines from a shipped set (b8, metal, molecule, tensor) or a file; --set wins"},
    {'r', "resume", "CHECKPOINT", "go on with the training that wrote this file, and keep writing it"},
    {'t', "test", "FILE", "structures to measure errors on"},
    {'D', "data", "FILE", "the B8 set, when it is not found by itself"},
    {'f', "frame", "N", "which structure of the file, from 0; without it the first"},
    {'c', "center", "I", "only the environment of this centre, from 0; without it the whole structure"},
    {'p', "pairs", NULL, "consecutive frames are pairs: print mean and delta errors"},
    {'F', "full", NULL, "every model of the published table, which takes an hour, and learning curves"},
    {'g', "go-on", NULL, "keep the rows that an interrupted call with the same data and times has left in the folder"},
    {'u', "uncertainty", NULL, "standard deviation of the energy, and how far each atom is from the training set"},
    {'a', "atoms", NULL, "write energies and 3x3 virials of each atom, too"},
    {'j', "json", NULL, "print JSON lines instead of tables"},
    {'q', "quiet", NULL, "no progress, no tables"},
};
enum { N_FLAGS = sizeof flags / sizeof flags[0], MOST_SETS = 256 };

void arguments_help(const verb *verb) {
  printf("Usage: ternion %s %s\n\n%c%s.\n\n", verb->name, verb->synopsis, toupper(verb->meaning[0]), verb->meaning + 1);
  for (int i = 0; i < N_FLAGS; ++i)
    if (strchr(verb->letters, flags[i].letter)) {
      const char *value = flags[i].value, letter = flags[i].letter;
      const char *brief = letter == 'o' || letter == 'O' ? "-o," : letter == 'q' ? "-q," : "";
      char left[40];
      snprintf(left, sizeof left, "--%s%s%s", flags[i].name, value ? " " : "", value ? value : "");
      printf("  %3s %-22s %s\n", brief, left, flags[i].meaning);
    }
  printf("      %-22s %s\n\nExample: %s\n", "--help", "this text", verb->example);
}

static char *trim(char *text) {
  while (isspace((unsigned char)*text))
    ++text;
  char *end = text + strlen(text);
  while (end > text && isspace((unsigned char)end[-1]))
    *--end = '\0';
  return text;
}

/* `model` and `descriptor` are settings too, but the library takes a kind as an argument. The last word counts. */
static int set_option(arguments *arguments, const char *key, const char *value, const char *where) {
  if (strcmp(key, "model") == 0) {
    snprintf(arguments->model, sizeof arguments->model, "%s", value);
    return EXIT_SUCCESS;
  }
  if (strcmp(key, "descriptor") == 0)
    snprintf(arguments->descriptor, sizeof arguments->descriptor, "%s", value);
  if (tern_options_set(arguments->options, key, value) == TERN_SUCCESS)
    return EXIT_SUCCESS;
  char message[1024];
  tern_last_error(message, sizeof message, NULL);
  return usage_error("%s: %s", where, message);
}

static int apply_set(arguments *arguments, const char *word) {
  char *copy = strdup(word), *equals = copy ? strchr(copy, '=') : NULL;
  int status;
  if (equals == NULL)
    status = usage_error("--set %s: expected KEY=VALUE", word);
  else {
    *equals = '\0';
    status = set_option(arguments, trim(copy), trim(equals + 1), "--set");
  }
  free(copy);
  return status;
}

/* A bare name is that of shipped settings first. */
static FILE *open_settings(const char *name) {
  char path[SHIPPED_PATH];
  if (strchr(name, '/') == NULL && find_shipped("settings", "src/cli/settings", name, path))
    return fopen(path, "r");
  return fopen(name, "r");
}

static int apply_settings(arguments *arguments, const char *name) {
  FILE *file = open_settings(name);
  if (file == NULL)
    return usage_error("--settings %s: neither shipped settings nor a file that can be read: %s", name,
                       strerror(errno));
  char line[1024], where[1200];
  int status = EXIT_SUCCESS;
  for (int number = 1; status == EXIT_SUCCESS && fgets(line, sizeof line, file); ++number) {
    line[strcspn(line, "#\n")] = '\0';
    char *key = trim(line), *equals = strchr(key, '=');
    if (*key == '\0')
      continue;
    snprintf(where, sizeof where, "%s:%d", name, number);
    if (equals == NULL)
      status = usage_error("%s: expected `key = value`", where);
    else {
      *equals = '\0';
      status = set_option(arguments, trim(key), trim(equals + 1), where);
    }
  }
  fclose(file);
  return status;
}

/* Values of flags as they were typed; those that set options are applied when all are known. */
typedef struct typed {
  const char *settings, *descriptor, *model, *sets[MOST_SETS];
  int n_sets;
} typed;

static int take_set(typed *typed, const char *word) {
  if (typed->n_sets == MOST_SETS)
    return usage_error("more than %d --set", MOST_SETS);
  typed->sets[typed->n_sets++] = word;
  return EXIT_SUCCESS;
}

/* Is it KEY=VALUE of an option that reading structures takes? A model has its options in its file. */
static bool is_for_reading(const char *word) {
  const size_t length = strcspn(word, " =");
  char name[64];
  for (int64_t k = 0; tern_options_entry("dataset", k, TERN_FIELD_NAME, name, sizeof name, NULL) == TERN_SUCCESS; ++k)
    if (strlen(name) == length && memcmp(name, word, length) == 0)
      return true;
  return false;
}

static int take_flag(arguments *arguments, typed *typed, char letter, const char *value) {
  switch (letter) {
  case 'o':
  case 'O': arguments->output = value; break;
  case 'd': typed->descriptor = value; break;
  case 'm': typed->model = value; break;
  case 'S': typed->settings = value; break;
  case 'r': arguments->resume = value; break;
  case 't': arguments->test = value; break;
  case 'D': arguments->data = value; break;
  case 'f': arguments->frame = value; break;
  case 'c': arguments->center = value; break;
  case 'p': arguments->pairs = true; break;
  case 'F': arguments->full = true; break;
  case 'g': arguments->go_on = true; break;
  case 'u': arguments->uncertainty = true; break;
  case 'a': arguments->atoms = true; break;
  case 'j': arguments->json = true; break;
  case 'q': arguments->quiet = true; break;
  case 'R':
    if (!is_for_reading(value))
      return usage_error("--set %s: no option of reading structures; `ternion options dataset` lists them", value);
    return take_set(typed, value);
  case 'T':
  case 's': return take_set(typed, value);
  }
  return EXIT_SUCCESS;
}

static void long_options(const verb *verb, struct option *options) {
  int n = 0;
  for (int i = 0; i < N_FLAGS; ++i)
    if (strchr(verb->letters, flags[i].letter))
      options[n++] = (struct option){flags[i].name, flags[i].value ? required_argument : no_argument, NULL,
                                     flags[i].letter};
  options[n++] = (struct option){"help", no_argument, NULL, 'h'};
  options[n] = (struct option){0};
}

/* Settings first, then --set, then the kinds' own flags, whatever their order on the command line. */
static int apply_options(arguments *arguments, const typed *typed) {
  int status = typed->settings ? apply_settings(arguments, typed->settings) : EXIT_SUCCESS;
  for (int i = 0; i < typed->n_sets && status == EXIT_SUCCESS; ++i)
    status = apply_set(arguments, typed->sets[i]);
  if (typed->descriptor && status == EXIT_SUCCESS)
    status = set_option(arguments, "descriptor", typed->descriptor, "--descriptor");
  if (typed->model && status == EXIT_SUCCESS)
    status = set_option(arguments, "model", typed->model, "--model");
  if (arguments->resume && status == EXIT_SUCCESS)
    status = set_option(arguments, "checkpoint", arguments->resume, "--resume");
  if (arguments->resume && status == EXIT_SUCCESS)
    status = set_option(arguments, "resume", "1", "--resume");
  return status;
}

static int take_inputs(const verb *verb, int count, char **words, arguments *arguments) {
  const int n = count - optind;
  if (n < verb->least_inputs || n > verb->most_inputs)
    return usage_error("expected: ternion %s %s", verb->name, verb->synopsis);
  for (int i = 0; i < n; ++i)
    arguments->inputs[i] = words[optind + i];
  arguments->n_inputs = n;
  return EXIT_SUCCESS;
}

/* The word that getopt_long stopped at, which is not the value behind it. */
static const char *flag_word(char **words) {
  return words[optind - (optarg != NULL && optarg == words[optind - 1] ? 2 : 1)];
}

static int parse_flags(const verb *verb, int count, char **words, arguments *arguments, typed *typed) {
  struct option options[N_FLAGS + 2];
  int letter, status = EXIT_SUCCESS;
  long_options(verb, options);
  opterr = 0;
  while (status == EXIT_SUCCESS && (letter = getopt_long(count, words, ":ho:q", options, NULL)) != -1) {
    if (letter == 'h') {
      arguments_help(verb);
      return -1;
    }
    if (letter == ':')
      return usage_error("%s needs a value", words[optind - 1]);
    if (letter == 'o' && strchr(verb->letters, 'O') != NULL)
      letter = 'O'; /* the short form of both */
    if (letter == '?' || strchr(verb->letters, letter) == NULL)
      return usage_error("%s is no option of `ternion %s`; see `ternion %s --help`", flag_word(words), verb->name,
                         verb->name);
    status = take_flag(arguments, typed, (char)letter, optarg);
  }
  return status;
}

/* EXIT_SUCCESS, a failure, or -1 when --help was all that was asked. */
int arguments_read(const verb *verb, int count, char **words, arguments *arguments) {
  typed typed = {0};
  if (failed(tern_options_new(&arguments->options)))
    return EXIT_FAILED;
  int status = parse_flags(verb, count, words, arguments, &typed);
  if (status == EXIT_SUCCESS)
    status = apply_options(arguments, &typed);
  return status == EXIT_SUCCESS ? take_inputs(verb, count, words, arguments) : status;
}
