/* SPDX-License-Identifier: BSD-3-Clause */
/* What one call carries through the rooms: threads, memory limit, progress. Lives on the caller's stack. */
#ifndef TERNION_CORE_RUN_H
#define TERNION_CORE_RUN_H

#include <stdatomic.h>
#include <stdint.h>
#include <ternion.h>

typedef struct run {
  int32_t threads;             /* at least 1 */
  int64_t memory_limit;        /* bytes; 0: what the machine has */
  _Atomic int64_t memory_used; /* bytes held through this run */
  _Atomic int64_t memory_peak;
  tern_progress progress; /* may be NULL */
  void *context;
  double last_report;   /* seconds; reports are spaced in time */
  char last_stage[48];  /* a new stage is reported at once */
} run;

struct tern_options;
/* Threads and memory limit from options (NULL: defaults: all processors, no limit). */
int32_t run_init(run *run, const struct tern_options *options, tern_progress progress, void *context);

/* Of a clock that never goes back. */
double run_seconds(void);

/* Processors that this process may run on. */
int32_t run_processors(void);

/* Tells the caller how far the work is, a few times a second at most, and always when done == total; only from the
   thread that made the call. loss < 0: none. Returns TERN_SUCCESS, TERN_CANCELLED, or the callback's negative number.
 */
int32_t run_report(run *run, const char *stage, int64_t done, int64_t total, double loss);

#endif
