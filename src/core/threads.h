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

#endif
