/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests share: checks of a status, golden blocks, handles made from them. Only the public header is used. */
#ifndef TERNION_TESTS_COMMON_H
#define TERNION_TESTS_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ternion.h>

/* This thread's last message, in a buffer that the next call overwrites. */
const char *last_error(void);
/* Fails the test with the message unless the call succeeded. */
#define MUST(call) must((call), #call, __FILE__, __LINE__)
void must(int32_t status, const char *call, const char *file, int line);
/* Checks the status of a call that must fail, and that its message contains a piece of text. */
#define FAILS(call, status, says) fails((call), (status), (says), #call, __FILE__, __LINE__)
void fails(int32_t got, int32_t status, const char *says, const char *call, const char *file, int line);

enum { LINES = 64, LINE = 200 };

/* A block of a golden file: numbers, or lines of text. */
typedef struct golden {
  double *values;
  char (*lines)[LINE];
  int rank, dims[4], count;
} golden;

/* Ended with golden_free; the test fails when the block is not there. */
golden golden_read(const char *file, const char *name);
void golden_free(golden *block);

/* Largest difference at most `tolerance` times the largest expected value. */
void assert_close(const char *what, const double *values, const double *expected, int64_t count, double tolerance);

tern_options *golden_options(const char *file);
/* From the blocks PREFIXspecies, PREFIXpositions, PREFIXcell, PREFIXperiodic. */
tern_system *golden_system(const char *file, const char *prefix);
tern_dataset *read_golden(const char *file); /* a structure file of the golden folder */
tern_dataset *read_clusters(void);           /* tests/data/clusters.extxyz */
/* Of silicon with few functions, so that it is quick. */
tern_options *small_options(void);
tern_system *dimer(double distance);
/* A ridge model of the clusters with small_options and forces. */
tern_model *small_model(void);
double *doubles(int64_t count); /* zeroed */
/* Whole file, ended with free. */
char *file_bytes(const char *path, int64_t *size);
void file_write(const char *path, const char *bytes, int64_t size);
int file_exists(const char *path);

/* One group of tests a file; each returns the number of tests that failed. */
int test_golden(void);
int test_refusals(void);
int test_untouched(void);
int test_callbacks(void);
int test_files(void);
int test_ranges(void);
int test_ranks(void);
int test_threads(void);

#endif
