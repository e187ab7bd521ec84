/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks KIND ATOMS SHARE [key=value ...]: features, a pullback and the explicit Jacobian of a rattled silicon crystal
   of at least so many atoms, by ranges of centres that keep a block of the Jacobian within 256 MiB. SHARE: one block in
   so many is worked on (1: all of them), which leaves memory and time per atom what they are. Prints one line: atoms,
   features, neighbours, centres in a block, microseconds per atom of features with pullback and of the Jacobian, peak
   resident memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <ternion.h>

#define CELL 5.43
#define BLOCK_BYTES 268435456.0

typedef struct work {
  tern_descriptor *descriptor;
  tern_system *system;
  int64_t n_atoms, features, blocks, in_block; /* blocks of the Jacobian for one centre; centres in a block */
  double *gradient, *sum;                      /* [n_atoms][3] */
  double seconds[2];
  int64_t centers;
} work;

static void check(int32_t status) {
  char message[1024];
  if (status == TERN_SUCCESS)
    return;
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "%s\n", message);
  exit(1);
}

static void *space(int64_t count, size_t size) {
  void *pointer = malloc((size_t)(count > 0 ? count : 1) * size);
  if (pointer == NULL) {
    fprintf(stderr, "out of memory: %lld numbers\n", (long long)count);
    exit(1);
  }
  return pointer;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double rattle(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return 0.1 * ((double)(state >> 40) / (double)(1 << 24) - 0.5);
}

static tern_system *crystal(int64_t at_least, int64_t *n_atoms) {
  static const double diamond[8][3] = {{0, 0, 0},          {0, .5, .5},        {.5, 0, .5},        {.5, .5, 0},
                                       {.25, .25, .25},    {.25, .75, .75},    {.75, .25, .75},    {.75, .75, .25}};
  int64_t side = 1, n = 0;
  while (8 * side * side * side < at_least)
    side++;
  *n_atoms = 8 * side * side * side;
  double *positions = space(3 * *n_atoms, sizeof *positions), length = CELL * (double)side;
  int32_t *species = space(*n_atoms, sizeof *species);
  const double cell[9] = {length, 0, 0, 0, length, 0, 0, 0, length};
  for (int64_t cube = 0; cube < side * side * side; cube++)
    for (int k = 0; k < 8; k++, n++) {
      const int64_t corner[3] = {cube / (side * side), cube / side % side, cube % side};
      species[n] = 14;
      for (int a = 0; a < 3; a++)
        positions[3 * n + a] = CELL * ((double)corner[a] + diamond[k][a]) + rattle();
    }
  tern_system *system = NULL;
  check(tern_system_new(&system, *n_atoms, species, positions, cell, NULL));
  free(positions);
  free(species);
  return system;
}

static void make_descriptor(work *work, const char *kind, int count, char **settings) {
  tern_options *options = NULL;
  check(tern_options_new(&options));
  check(tern_options_set(options, "species", "14"));
  check(tern_options_set(options, "threads", "1"));
  for (int i = 0; i < count; i++) {
    char *equals = strchr(settings[i], '=');
    if (equals == NULL) {
      fprintf(stderr, "%s: expected key=value\n", settings[i]);
      exit(2);
    }
    *equals = '\0';
    check(tern_options_set(options, settings[i], equals + 1));
  }
  check(tern_descriptor_new(&work->descriptor, kind, options));
  check(tern_options_free(options));
}

static void one_block(work *work, int64_t first, int64_t count) {
  int64_t rows, blocks;
  check(tern_descriptor_shape_range(work->descriptor, work->system, first, count, &rows, NULL, &blocks));
  double *values = space(rows * work->features, sizeof *values);
  double start = now();
  check(tern_descriptor_compute_range(work->descriptor, work->system, first, count, values));
  check(tern_descriptor_pullback_range(work->descriptor, work->system, first, count, values, work->gradient, NULL));
  for (int64_t i = 0; i < 3 * work->n_atoms; i++)
    work->sum[i] += work->gradient[i];
  work->seconds[0] += now() - start;
  free(values);
  int64_t *indices = space(2 * blocks, sizeof *indices);
  double *jacobian = space(3 * blocks * work->features, sizeof *jacobian);
  start = now();
  check(tern_descriptor_jacobian_range(work->descriptor, work->system, first, count, indices, jacobian, NULL));
  work->seconds[1] += now() - start;
  work->centers += count;
  free(indices);
  free(jacobian);
}

static void all_blocks(work *work, int64_t share) {
  for (int64_t first = 0, n = 0; first < work->n_atoms; first += work->in_block, n++)
    if (n % share == 0)
      one_block(work, first, work->n_atoms - first < work->in_block ? work->n_atoms - first : work->in_block);
}

int main(int count, char **words) {
  if (count < 4) {
    fprintf(stderr, "usage: blocks KIND ATOMS SHARE [key=value ...]\n");
    return 2;
  }
  work work = {0};
  struct rusage usage;
  make_descriptor(&work, words[1], count - 4, words + 4);
  work.system = crystal(atoll(words[2]), &work.n_atoms);
  work.gradient = space(3 * work.n_atoms, sizeof *work.gradient);
  work.sum = space(3 * work.n_atoms, sizeof *work.sum);
  memset(work.sum, 0, (size_t)(3 * work.n_atoms) * sizeof *work.sum);
  check(tern_descriptor_shape_range(work.descriptor, work.system, 0, 1, NULL, &work.features, &work.blocks));
  work.in_block = (int64_t)(BLOCK_BYTES / (24.0 * (double)work.blocks * (double)work.features)) + 1;
  work.in_block = work.in_block < work.n_atoms ? work.in_block : work.n_atoms;
  all_blocks(&work, atoll(words[3]));
  getrusage(RUSAGE_SELF, &usage);
  printf("%8lld atoms %6lld features %4lld atoms in a row %4lld centres in a block  %8.1f us %9.1f us  %7.1f MiB\n",
         (long long)work.n_atoms, (long long)work.features, (long long)work.blocks, (long long)work.in_block,
         1e6 * work.seconds[0] / (double)work.centers, 1e6 * work.seconds[1] / (double)work.centers,
         (double)usage.ru_maxrss / 1024);
  free(work.gradient);
  free(work.sum);
  tern_system_free(work.system);
  tern_descriptor_free(work.descriptor);
  return 0;
}
