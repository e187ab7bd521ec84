/* SPDX-License-Identifier: BSD-3-Clause */
/* BLAS and LAPACK with 32-bit integers, taken at first use from one shared library that is opened privately, so that
   another BLAS in the process (an ILP64 one too) is neither used nor disturbed, and nothing of it is re-exported. */
#ifndef TERNION_CORE_BLAS_H
#define TERNION_CORE_BLAS_H

#include <stdint.h>

/* Fortran interfaces; character lengths follow the arguments as gfortran passes them. Add a routine here and in
 * blas.c's list. */
typedef struct blas_table {
  void (*dgemm)(const char *, const char *, const int32_t *, const int32_t *, const int32_t *, const double *,
                const double *, const int32_t *, const double *, const int32_t *, const double *, double *,
                const int32_t *, int64_t, int64_t);
  void (*dgemv)(const char *, const int32_t *, const int32_t *, const double *, const double *, const int32_t *,
                const double *, const int32_t *, const double *, double *, const int32_t *, int64_t);
  void (*dsyrk)(const char *, const char *, const int32_t *, const int32_t *, const double *, const double *,
                const int32_t *, const double *, double *, const int32_t *, int64_t, int64_t);
  void (*dtrsm)(const char *, const char *, const char *, const char *, const int32_t *, const int32_t *,
                const double *, const double *, const int32_t *, double *, const int32_t *, int64_t, int64_t, int64_t,
                int64_t);
  double (*ddot)(const int32_t *, const double *, const int32_t *, const double *, const int32_t *);
  void (*dgeqrf)(const int32_t *, const int32_t *, double *, const int32_t *, double *, double *, const int32_t *,
                 int32_t *);
  void (*dgesdd)(const char *, const int32_t *, const int32_t *, double *, const int32_t *, double *, double *,
                 const int32_t *, double *, const int32_t *, double *, const int32_t *, int32_t *, int32_t *, int64_t);
  void (*dsyev)(const char *, const char *, const int32_t *, double *, const int32_t *, double *, double *,
                const int32_t *, int32_t *, int64_t, int64_t);
  void (*dsymm)(const char *, const char *, const int32_t *, const int32_t *, const double *, const double *,
                const int32_t *, const double *, const int32_t *, const double *, double *, const int32_t *, int64_t,
                int64_t);
  void (*dorgqr)(const int32_t *, const int32_t *, const int32_t *, double *, const int32_t *, const double *, double *,
                 const int32_t *, int32_t *);
  void (*dsyevr)(const char *, const char *, const char *, const int32_t *, double *, const int32_t *, const double *,
                 const double *, const int32_t *, const int32_t *, const double *, int32_t *, double *, double *,
                 const int32_t *, int32_t *, double *, const int32_t *, int32_t *, const int32_t *, int32_t *, int64_t,
                 int64_t, int64_t);
  void (*dpotrf)(const char *, const int32_t *, double *, const int32_t *, int32_t *, int64_t);
  void (*dpstrf)(const char *, const int32_t *, double *, const int32_t *, int32_t *, int32_t *, const double *,
                 double *, int32_t *, int64_t);
  void (*dtrtri)(const char *, const char *, const int32_t *, double *, const int32_t *, int32_t *, int64_t, int64_t);
  void (*dpotrs)(const char *, const int32_t *, const int32_t *, const double *, const int32_t *, double *,
                 const int32_t *, int32_t *, int64_t);
  void (*dpocon)(const char *, const int32_t *, const double *, const int32_t *, const double *, double *, double *,
                 int32_t *, int32_t *, int64_t);
  void (*dgelsd)(const int32_t *, const int32_t *, const int32_t *, double *, const int32_t *, double *,
                 const int32_t *, double *, const double *, int32_t *, double *, const int32_t *, int32_t *, int32_t *);
} blas_table;

/* The table, loaded and probed once (TERN_ERROR_BLAS with what to do otherwise; the next call tries again). The
   environment variable TERNION_BLAS names the library, and no other is tried then; else it is the one found when
   Ternion was built (the single-threaded OpenBLAS where there is one), then OpenBLAS in the system's usual places. A
   multi-threaded library keeps its own number of threads: it is the process's, not ours to set (OPENBLAS_NUM_THREADS).
 */
int32_t blas_get(const blas_table **table);
/* The table for one thread of the process at a time: a single-threaded OpenBLAS keeps buffers that concurrent calls
   spoil. Every call of a routine lies between the two. */
int32_t blas_begin(const blas_table **table);
void blas_end(void);
/* Path and configuration of the library in use, "" before first use. Its integers have 32 bits, or it would not be in
 * use. */
const char *blas_path(void);
const char *blas_config(void);

#endif
