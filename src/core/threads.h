/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that live as long as one call: none is started at load, none outlives the call, so fork is safe. */
#ifndef TERNION_CORE_THREADS_H
#define TERNION_CORE_THREADS_H

#include "core/run.h"

/* Works on items begin..end-1 as thread number `thread`; failures are returned, messages travel to the caller. */
typedef int32_t (*threads_task)(void *context, int64_t begin, int64_t end, int32_t thread);

/* Splits `count` items in contiguous parts of at least `grain` items, one for each of at most run->threads threads; the
   caller is thread 0. The split depends on count, grain and run->threads only, so sums in thread order are
   deterministic. */
int32_t threads_for(run *run, int64_t count, int64_t grain, threads_task task, void *context);
/* How many threads threads_for would use: the size of per-thread arrays. */
int32_t threads_count(const run *run, int64_t count, int64_t grain);

/* Independent items, such as structures, each worked on by one thread. */
typedef struct threads_items {
  const char *stage;  /* of the reports of progress; NULL: none */
  int64_t space_size; /* bytes of each thread's space, which begins on a line of 64 bytes and is zero at first */
  void *spaces;       /* the caller's, [threads_count(run, count, 1)][space_size]; NULL: they end with the call */
  /* `serial` is the thread's own run: one thread, an equal share of the memory that is left. */
  int32_t (*work)(void *context, run *serial, int64_t index, void *space);
  /* After the last item of a thread, also when that failed; NULL: nothing to do. */
  void (*finish)(void *context, run *serial, void *space);
} threads_items;

/* The items 0 .. count - 1 by the threads of a run; after a failure the others stop soon. */
int32_t threads_each(run *run, int64_t count, const threads_items *items, void *context);

#endif
