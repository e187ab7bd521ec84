/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/threads.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

enum { THREADS_STACK = 1 << 20, THREADS_MESSAGE = 1024 };

typedef struct threads_part {
  threads_task task;
  void *context;
  int64_t begin, end;
  int32_t thread, status;
  bool started;
  pthread_t handle;
  char message[THREADS_MESSAGE];
} threads_part;

int32_t threads_count(const run *run, int64_t count, int64_t grain) {
  const int64_t parts = count / (grain > 1 ? grain : 1);
  return parts < 1 ? 1 : parts < run->threads ? (int32_t)parts : run->threads;
}

static void *threads_work(void *argument) {
  threads_part *part = argument;
  part->status = part->task(part->context, part->begin, part->end, part->thread);
  if (part->status != TERN_SUCCESS)
    strcpy(part->message, error_message()); /* the message is this thread's own and must travel */
  return NULL;
}

/* The host's signals stay with the host's threads: a new one inherits a full mask. A part whose thread cannot be had is
   left to the caller. */
static void threads_start(threads_part *parts, int32_t count) {
  pthread_attr_t attributes;
  sigset_t all, before;
  const size_t stack = THREADS_STACK > PTHREAD_STACK_MIN ? THREADS_STACK : (size_t)PTHREAD_STACK_MIN;
  if (pthread_attr_init(&attributes) != 0)
    return;
  pthread_attr_setstacksize(&attributes, stack);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int32_t i = 1; i < count; i++)
    parts[i].started = pthread_create(&parts[i].handle, &attributes, threads_work, &parts[i]) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

static int32_t threads_finish(threads_part *parts, int32_t count) {
  int32_t status = TERN_SUCCESS;
  for (int32_t i = 0; i < count; i++) {
    if (parts[i].started)
      pthread_join(parts[i].handle, NULL);
    else
      threads_work(&parts[i]);
  }
  for (int32_t i = count - 1; i >= 0; i--)
    if (parts[i].status != TERN_SUCCESS)
      status = error_set(parts[i].status, "%s", parts[i].message);
  return status;
}

int32_t threads_for(run *run, int64_t count, int64_t grain, threads_task task, void *context) {
  const int32_t n_threads = threads_count(run, count, grain);
  if (count <= 0)
    return TERN_SUCCESS;
  if (n_threads == 1)
    return task(context, 0, count, 0);
  threads_part *parts = NULL;
  TRY(MEMORY_NEW(run, &parts, n_threads, "threads"));
  for (int32_t i = 0; i < n_threads; i++) {
    const int64_t share = count / n_threads, rest = count % n_threads;
    parts[i] = (threads_part){.task = task, .context = context, .thread = i};
    parts[i].begin = i * share + (i < rest ? i : rest);
    parts[i].end = parts[i].begin + share + (i < rest);
  }
  threads_start(parts, n_threads);
  const int32_t status = threads_finish(parts, n_threads);
  memory_free(run, parts);
  return status;
}

/* ---- independent items ---- */

typedef struct threads_sharing {
  const threads_items *items;
  void *context;
  run *run;
  char *spaces;
  int64_t stride; /* of the spaces, bytes */
  int64_t count, memory_limit; /* of each thread */
  _Atomic int64_t done, memory_peak;
  _Atomic bool stopped;
} threads_sharing;

static int32_t threads_work_on_items(void *context, int64_t begin, int64_t end, int32_t thread) {
  threads_sharing *sharing = context;
  const threads_items *items = sharing->items;
  void *space = sharing->spaces + thread * sharing->stride;
  run serial = {.threads = 1, .memory_limit = sharing->memory_limit};
  int32_t status = TERN_SUCCESS;
  for (int64_t index = begin; status == TERN_SUCCESS && index < end && !sharing->stopped; index++) {
    status = items->work(sharing->context, &serial, index, space);
    const int64_t done = ++sharing->done;
    if (status == TERN_SUCCESS && thread == 0 && items->stage != NULL)
      status = run_report(sharing->run, items->stage, done, sharing->count, -1);
  }
  if (items->finish != NULL)
    items->finish(sharing->context, &serial, space);
  sharing->memory_peak += serial.memory_peak;
  if (status != TERN_SUCCESS)
    sharing->stopped = true;
  return status;
}

int32_t threads_each(run *run, int64_t count, const threads_items *items, void *context) {
  threads_sharing sharing = {.items = items, .context = context, .run = run, .count = count};
  const int32_t threads = threads_count(run, count, 1);
  void *own = NULL;
  sharing.stride = items->spaces != NULL ? items->space_size : (items->space_size + 63) / 64 * 64;
  if (items->spaces == NULL)
    TRY(memory_new(run, &own, threads, sharing.stride, "spaces of the threads"));
  sharing.spaces = items->spaces != NULL ? items->spaces : own;
  sharing.memory_limit = memory_share(run, threads);
  const int32_t status = threads_for(run, count, 1, threads_work_on_items, &sharing);
  memory_note(run, sharing.memory_peak);
  memory_free(run, own);
  TRY(status);
  return items->stage != NULL && count > 0 ? run_report(run, items->stage, count, count, -1) : TERN_SUCCESS;
}
