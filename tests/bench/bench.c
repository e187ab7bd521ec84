/* SPDX-License-Identifier: BSD-3-Clause */
/* Times the library through its public ABI. Reads commands from standard input, answers each with one line, so that a
   driver can alternate between libraries:
   - describe KIND FILE key=value ... loads structures, makes the descriptor: prints rows, neighbour atoms, features
   - values | gradients [TIMES]: features of all structures, or features and Jacobian, that often: prints seconds of one
   - pullback: the gradient of the sum of all features: prints seconds
   - dump PATH: features, and blocks (row, atom) and Jacobian once there were gradients, as raw numbers: prints rows,
     features, blocks
   - fit KIND FILE key=value ... fits a model: prints seconds
   - predict FILE: energy and forces of the file's first structure: prints seconds, energy, seconds of the processor
   - triad: bytes per second of a = b + s c on arrays beyond any cache
   A failure prints the library's message on standard error and ends the program. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ternion.h>

typedef struct structures {
  int64_t count, rows, blocks, features; /* sums over structures */
  tern_system **systems;
  int64_t *system_rows, *system_blocks; /* [count] */
} structures;

static tern_descriptor *descriptor;
static tern_model *model;
static structures described;
static double *values, *jacobian;
static int64_t *indices;

static void check(int32_t status) {
  char message[2048];
  if (status == TERN_SUCCESS)
    return;
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "%s\n", message);
  exit(1);
}

static double clock_now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double now(void) { return clock_now(CLOCK_MONOTONIC); }

static void *space(int64_t count, size_t size) {
  void *pointer = malloc((size_t)(count > 0 ? count : 1) * size);
  if (!pointer) {
    fprintf(stderr, "out of memory: %lld numbers\n", (long long)count);
    exit(1);
  }
  return memset(pointer, 0, (size_t)count * size);
}

/* key=value words up to the end of the command. */
static tern_options *read_options(char **rest) {
  tern_options *options = NULL;
  check(tern_options_new(&options));
  for (char *word = strtok_r(NULL, " ", rest); word; word = strtok_r(NULL, " ", rest)) {
    char *value = strchr(word, '=');
    if (!value) {
      fprintf(stderr, "%s: not key=value\n", word);
      exit(1);
    }
    *value = '\0';
    check(tern_options_set(options, word, value + 1));
  }
  check(tern_options_set_int(options, "threads", 1));
  return options;
}

static void measure_sizes(void) {
  described.system_rows = space(described.count, sizeof *described.system_rows);
  described.system_blocks = space(described.count, sizeof *described.system_blocks);
  for (int64_t k = 0; k < described.count; k++) {
    check(tern_descriptor_shape(descriptor, described.systems[k], &described.system_rows[k], &described.features));
    check(tern_descriptor_jacobian_shape(descriptor, described.systems[k], &described.system_blocks[k]));
    described.rows += described.system_rows[k];
    described.blocks += described.system_blocks[k];
  }
  values = space(described.rows * described.features, sizeof *values);
}

static void describe(char *rest) {
  tern_dataset *dataset = NULL;
  const char *kind = strtok_r(NULL, " ", &rest), *path = strtok_r(NULL, " ", &rest);
  tern_options *options = read_options(&rest);
  check(tern_dataset_read(&dataset, path, NULL));
  described = (structures){0};
  check(tern_dataset_size(dataset, &described.count));
  described.systems = space(described.count, sizeof *described.systems);
  for (int64_t k = 0; k < described.count; k++)
    check(tern_dataset_system(dataset, k, &described.systems[k]));
  check(tern_descriptor_new(&descriptor, kind, options));
  check(tern_descriptor_fit(descriptor, dataset, NULL, NULL));
  measure_sizes();
  jacobian = NULL;
  printf("%lld %lld %lld\n", (long long)described.rows, (long long)described.blocks, (long long)described.features);
  check(tern_dataset_free(dataset));
  check(tern_options_free(options));
}

/* Not before it is asked for: the Jacobian of triplets is large. */
static void make_jacobian(void) {
  if (jacobian != NULL)
    return;
  jacobian = space(described.blocks * 3 * described.features, sizeof *jacobian);
  indices = space(described.blocks * 2, sizeof *indices);
}

static void compute_once(int gradients) {
  double *to = values, *derivative = jacobian;
  int64_t *names = indices;
  for (int64_t k = 0; k < described.count; k++) {
    check(tern_descriptor_compute(descriptor, described.systems[k], to));
    to += described.system_rows[k] * described.features;
    if (!gradients)
      continue;
    check(tern_descriptor_jacobian(descriptor, described.systems[k], names, derivative, NULL));
    names += 2 * described.system_blocks[k];
    derivative += described.system_blocks[k] * 3 * described.features;
  }
}

static void compute(int gradients, const char *times) {
  const int count = times != NULL ? atoi(times) : 1;
  if (gradients)
    make_jacobian();
  const double start = now();
  for (int k = 0; k < count; k++)
    compute_once(gradients);
  printf("%.9f\n", (now() - start) / count);
}

static void pullback(void) {
  double strain[9], *positions = NULL, *weights;
  int64_t most_atoms = 0, most_rows = 0, atoms;
  for (int64_t k = 0; k < described.count; k++) {
    check(tern_system_size(described.systems[k], &atoms, NULL));
    most_atoms = atoms > most_atoms ? atoms : most_atoms;
    most_rows = described.system_rows[k] > most_rows ? described.system_rows[k] : most_rows;
  }
  positions = space(3 * most_atoms, sizeof *positions);
  weights = space(most_rows * described.features, sizeof *weights);
  for (int64_t k = 0; k < most_rows * described.features; k++)
    weights[k] = 1;
  const double start = now();
  for (int64_t k = 0; k < described.count; k++)
    check(tern_descriptor_pullback(descriptor, described.systems[k], weights, positions, strain));
  printf("%.9f\n", now() - start);
  free(positions);
  free(weights);
}

static void dump(char *rest) {
  FILE *file = fopen(strtok_r(NULL, " ", &rest), "wb");
  const size_t n_values = (size_t)(described.rows * described.features),
               n_blocks = jacobian == NULL ? 0 : (size_t)described.blocks;
  if (!file || fwrite(values, sizeof *values, n_values, file) != n_values ||
      fwrite(indices, sizeof *indices, 2 * n_blocks, file) != 2 * n_blocks ||
      fwrite(jacobian, sizeof *jacobian, 3 * n_blocks * (size_t)described.features, file) !=
          3 * n_blocks * (size_t)described.features ||
      fclose(file) != 0) {
    perror("dump");
    exit(1);
  }
  printf("%lld %lld %lld\n", (long long)described.rows, (long long)described.features, (long long)n_blocks);
}

static void fit(char *rest) {
  tern_dataset *dataset = NULL;
  const char *kind = strtok_r(NULL, " ", &rest), *path = strtok_r(NULL, " ", &rest);
  tern_options *options = read_options(&rest);
  check(tern_dataset_read(&dataset, path, NULL));
  check(tern_model_free(model));
  const double start = now();
  check(tern_model_fit(&model, kind, dataset, options, NULL, NULL));
  printf("%.9f\n", now() - start);
  check(tern_dataset_free(dataset));
  check(tern_options_free(options));
}

static void predict(char *rest) {
  tern_dataset *dataset = NULL;
  tern_system *system = NULL;
  int64_t atoms;
  double energy, start, best = 0, best_processor = 0;
  check(tern_dataset_read(&dataset, strtok_r(NULL, " ", &rest), NULL));
  check(tern_dataset_system(dataset, 0, &system));
  check(tern_system_size(system, &atoms, NULL));
  double *forces = space(3 * atoms, sizeof *forces);
  for (int repeat = 0; repeat < 3; repeat++) {
    const double processor = clock_now(CLOCK_PROCESS_CPUTIME_ID);
    start = now();
    check(tern_model_predict(model, system, &energy, forces, NULL));
    const double seconds = now() - start, processor_seconds = clock_now(CLOCK_PROCESS_CPUTIME_ID) - processor;
    best = repeat == 0 || seconds < best ? seconds : best;
    best_processor = repeat == 0 || processor_seconds < best_processor ? processor_seconds : best_processor;
  }
  printf("%.9f %.12g %.9f\n", best, energy, best_processor);
  free(forces);
  check(tern_system_free(system));
  check(tern_dataset_free(dataset));
}

static void triad(void) {
  const int64_t n = 1 << 25;
  double *a = space(n, sizeof *a), *b = space(n, sizeof *b), *c = space(n, sizeof *c), best = 0;
  for (int repeat = 0; repeat < 5; repeat++) {
    const double start = now();
    for (int64_t k = 0; k < n; k++)
      a[k] = b[k] + 3.0 * c[k];
    const double rate = 24.0 * (double)n / (now() - start);
    best = rate > best && a[repeat] == 0 ? rate : best;
  }
  printf("%.6g\n", best);
  free(a);
  free(b);
  free(c);
}

int main(void) {
  static char line[65536];
  while (fgets(line, sizeof line, stdin)) {
    char *rest = line;
    line[strcspn(line, "\n")] = '\0';
    const char *command = strtok_r(line, " ", &rest);
    if (!command)
      continue;
    if (strcmp(command, "describe") == 0)
      describe(rest);
    else if (strcmp(command, "values") == 0 || strcmp(command, "gradients") == 0)
      compute(command[0] == 'g', strtok_r(NULL, " ", &rest));
    else if (strcmp(command, "pullback") == 0)
      pullback();
    else if (strcmp(command, "dump") == 0)
      dump(rest);
    else if (strcmp(command, "fit") == 0)
      fit(rest);
    else if (strcmp(command, "predict") == 0)
      predict(rest);
    else if (strcmp(command, "triad") == 0)
      triad();
    else {
      fprintf(stderr, "unknown command '%s'\n", command);
      return 1;
    }
    fflush(stdout);
  }
  return 0;
}
