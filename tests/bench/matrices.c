/* SPDX-License-Identifier: BSD-3-Clause */
/* matrices [ROWS [COLUMNS]]: speed of the products that training is made of, beside OpenBLAS in the same run: the lower
   triangle of J J^T for J [ROWS][COLUMNS] of float by 1 and 2 threads, sgemm and ssyrk of these shapes, and small
   products of networks. GFLOP/s of the best of some repetitions; a triangle counts half a product. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/blas.h"
#include "core/error.h"
#include "fit/gram.h"
#include "kernels/kernels.h"

enum { REPETITIONS = 5 };

typedef void (*sgemm_function)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *,
                               const float *, const float *, const int32_t *, const float *, const int32_t *,
                               const float *, float *, const int32_t *, int64_t, int64_t);
typedef void (*ssyrk_function)(const char *, const char *, const int32_t *, const int32_t *, const float *,
                               const float *, const int32_t *, const float *, float *, const int32_t *, int64_t,
                               int64_t);

static sgemm_function sgemm;
static ssyrk_function ssyrk;
static const float one = 1, zero = 0;

static void check(int32_t status) {
  if (status == TERN_SUCCESS)
    return;
  fprintf(stderr, "%s\n", error_message());
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *space(int64_t bytes) {
  void *pointer = aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64);
  if (pointer == NULL) {
    fprintf(stderr, "out of memory: %lld bytes\n", (long long)bytes);
    exit(1);
  }
  return memset(pointer, 0, (size_t)bytes);
}

static float *numbers(int64_t count) {
  float *values = space(count * (int64_t)sizeof *values);
  uint64_t state = 1;
  for (int64_t k = 0; k < count; k++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values[k] = (float)(state >> 40) / (float)(1 << 24) - 0.5f;
  }
  return values;
}

/* The routines that the library's own table leaves out, from the library that it found. */
static void open_blas(void) {
  const blas_table *table;
  check(blas_get(&table));
  void *library = dlopen(blas_path(), RTLD_NOW | RTLD_LOCAL);
  void *routines[2] = {library != NULL ? dlsym(library, "sgemm_") : NULL,
                       library != NULL ? dlsym(library, "ssyrk_") : NULL};
  if (routines[0] == NULL || routines[1] == NULL) {
    fprintf(stderr, "%s: no sgemm and ssyrk\n", blas_path());
    exit(1);
  }
  memcpy(&sgemm, &routines[0], sizeof sgemm);
  memcpy(&ssyrk, &routines[1], sizeof ssyrk);
}

/* One operation, with what it needs. */
typedef struct operation {
  int32_t rows, columns, inner, threads;
  const float *left, *right;
  void *result, *scratch;
} operation;

static void run_sgemm(operation *o) {
  sgemm("N", "N", &o->columns, &o->rows, &o->inner, &one, o->right, &o->columns, o->left, &o->inner, &zero, o->result,
        &o->columns, 1, 1);
}

static void run_ssyrk(operation *o) {
  ssyrk("U", "T", &o->rows, &o->inner, &one, o->left, &o->inner, &zero, o->result, &o->rows, 1, 1);
}

static void run_gram(operation *o) {
  run run = {.threads = o->threads};
  const gram_matrix matrix = {false, o->rows, o->inner, o->inner, o->left};
  check(gram_lower(&run, &matrix, o->scratch, o->result));
}

static void run_product(operation *o) {
  const kernel_table *table;
  check(kernels_get(&table));
  const kernel_matrix_product product = {.rows = o->rows, .columns = o->columns, .inner = o->inner,
                                         .left_stride = o->inner, .right_stride = o->columns, .stride = o->columns,
                                         .factor = 1};
  table->matrix[0].product(&product, o->left, o->right, o->result, o->scratch);
}

/* The best GFLOP/s of an operation of so many. */
static double speed(void (*call)(operation *), operation *o, double flops) {
  const int times = (int)fmax(1, 2e8 / flops);
  double best = INFINITY;
  for (int k = 0; k < REPETITIONS; k++) {
    const double start = now();
    for (int i = 0; i < times; i++)
      call(o);
    best = fmin(best, (now() - start) / times);
  }
  return 1e-9 * flops / best;
}

static void print_large(int32_t rows, int32_t inner) {
  const double flops = (double)rows * rows * inner;
  float *left = numbers((int64_t)rows * inner), *right = numbers((int64_t)rows * inner);
  run two = {.threads = 2};
  const gram_matrix matrix = {false, rows, inner, inner, left};
  operation o = {rows, rows, inner, 1, left, right, space((int64_t)8 * rows * rows),
                 space(gram_scratch(&two, &matrix))};
  printf("%d x %d: sgemm %.1f, ssyrk %.1f, J J^T with 1 thread %.1f", rows, inner, speed(run_sgemm, &o, 2 * flops),
         speed(run_ssyrk, &o, flops), speed(run_gram, &o, flops));
  o.threads = 2;
  printf(", with 2 %.1f GFLOP/s\n", speed(run_gram, &o, flops));
  free(left);
  free(right);
  free(o.result);
  free(o.scratch);
}

static void print_small(int32_t rows, int32_t columns, int32_t inner) {
  const double flops = 2.0 * rows * columns * inner;
  float *left = numbers((int64_t)rows * inner), *right = numbers((int64_t)columns * inner);
  operation o = {rows, columns, inner, 1, left, right, space((int64_t)4 * rows * columns),
                 space(kernel_matrix_scratch(rows, columns, inner, 4))};
  printf("%d x %d x %d: sgemm %.1f, product %.1f GFLOP/s\n", rows, columns, inner, speed(run_sgemm, &o, flops),
         speed(run_product, &o, flops));
  free(left);
  free(right);
  free(o.result);
  free(o.scratch);
}

int main(int count, char **words) {
  const int32_t rows = count > 1 ? atoi(words[1]) : 750, inner = count > 2 ? atoi(words[2]) : 20800;
  const kernel_table *table;
  check(kernels_get(&table));
  open_blas();
  printf("single precision, kernels %s, %s\n", table->name, blas_config());
  print_large(rows, inner);
  print_small(1000, 1000, 1000);
  print_small(147, 96, 150);
  print_small(150, 96, 98);
  print_small(147, 64, 96);
  print_small(49, 96, 150);
  return 0;
}
