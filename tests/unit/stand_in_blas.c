/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared library that has the names of BLAS and LAPACK and 64-bit integers: for testing that it is recognised. Only
   ddot does its work; the others are there to be found. */
#include <stdint.h>

double ddot_(const int64_t *n, const double *x, const int64_t *x_step, const double *y, const int64_t *y_step) {
  double sum = 0;
  for (int64_t i = 0; i < *n; i++)
    sum += x[i * *x_step] * y[i * *y_step];
  return sum;
}

#define ROUTINE(name)  \
  void name(void);     \
  void name(void) {}
ROUTINE(dgemm_)
ROUTINE(dgemv_)
ROUTINE(dsyrk_)
ROUTINE(dtrsm_)
ROUTINE(dgeqrf_)
ROUTINE(dgesdd_)
ROUTINE(dsyev_)
ROUTINE(dpotrf_)
ROUTINE(dpotrs_)
ROUTINE(dpocon_)
ROUTINE(dgelsd_)
ROUTINE(dsymm_)
ROUTINE(dorgqr_)
ROUTINE(dsyevr_)
ROUTINE(dpstrf_)
ROUTINE(dtrtri_)
