/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"

enum { MEMORY_ALIGNMENT = 64, MEMORY_ASK_MACHINE = 1 << 24 };

/* Stands in the 64 bytes before each block. */
typedef struct memory_header {
  void *base;
  int64_t bytes;
} memory_header;

static _Thread_local int64_t memory_until_failure;

void memory_fail_at(int64_t allocation) { memory_until_failure = allocation; }

static memory_header *memory_header_of(void *pointer) {
  return (memory_header *)(void *)((char *)pointer - MEMORY_ALIGNMENT);
}

/* The physical memory, or the limit of the control group that a container sets (no limit when the file is absent or
   says "max"); asked for once. */
static int64_t memory_physical; /* constant after once */
static pthread_once_t memory_physical_once = PTHREAD_ONCE_INIT;

static int64_t memory_of_group(void) {
  long long limit = 0;
  FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
  if (file) {
    if (fscanf(file, "%lld", &limit) != 1)
      limit = 0;
    fclose(file);
  }
  return limit > 0 ? (int64_t)limit : INT64_MAX;
}

static void memory_ask_physical(void) {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  const int64_t bytes = pages > 0 && page > 0 ? (int64_t)pages * page : INT64_MAX, group = memory_of_group();
  memory_physical = group < bytes ? group : bytes;
}

int64_t memory_of_machine(void) {
  struct rlimit limit;
  pthread_once(&memory_physical_once, memory_ask_physical);
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)memory_physical)
    return (int64_t)limit.rlim_cur;
  return memory_physical;
}

double memory_left(const run *run) {
  return run->memory_limit > 0 ? (double)(run->memory_limit - run->memory_used) : (double)memory_of_machine();
}

int64_t memory_share(const run *run, int64_t parts) {
  return run->memory_limit > 0 ? 1 + (int64_t)(memory_left(run) / (double)parts) : 0;
}

void memory_note(run *run, int64_t bytes) {
  const int64_t together = run->memory_used + bytes;
  if (together > run->memory_peak)
    run->memory_peak = together;
}

const char *memory_amount(double bytes, char *buffer, size_t capacity) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 6) {
    bytes /= 1024;
    unit++;
  }
  text_format(buffer, capacity, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return buffer;
}

static int32_t memory_refuse(const char *what, double bytes, double limit, double used, const char *limit_name,
                             const char *advice) {
  char need[32], bound[32], held[32];
  memory_amount(bytes, need, sizeof need);
  memory_amount(limit, bound, sizeof bound);
  memory_amount(used, held, sizeof held);
  return error_set(TERN_ERROR_MEMORY, "%s: %s needed, more than %s (%s%s%s%s); %s", what, need, limit_name, bound,
                   used > 0 ? ", of which " : "", used > 0 ? held : "", used > 0 ? " are in use" : "", advice);
}

static int32_t memory_check_machine(double bytes, const char *what) {
  if (bytes < MEMORY_ASK_MACHINE)
    return TERN_SUCCESS;
  const double machine = (double)memory_of_machine();
  if (bytes <= machine)
    return TERN_SUCCESS;
  return memory_refuse(what, bytes, machine, 0, "this machine has",
                       "use fewer or smaller structures or features, or ranges of centres");
}

static int32_t memory_check_limit(const run *run, double used, double bytes, const char *what) {
  if (!run || run->memory_limit <= 0 || used + bytes <= (double)run->memory_limit)
    return TERN_SUCCESS;
  return memory_refuse(what, bytes, (double)run->memory_limit, used, "memory_limit",
                       "set memory_limit higher (0: the machine's memory), or use fewer or smaller structures or "
                       "features, or ranges of centres");
}

int32_t memory_check(const run *run, double bytes, const char *what) {
  TRY(memory_check_limit(run, run ? (double)atomic_load(&run->memory_used) : 0, bytes, what));
  return memory_check_machine(bytes, what);
}

/* Counts the bytes first and takes them back when they are too many, so that threads cannot pass the limit together. */
static int32_t memory_count(run *run, int64_t bytes, const char *what) {
  TRY(memory_check_machine((double)bytes, what));
  if (!run)
    return TERN_SUCCESS;
  const int64_t before = atomic_fetch_add(&run->memory_used, bytes);
  const int32_t status = memory_check_limit(run, (double)before, (double)bytes, what);
  if (status != TERN_SUCCESS) {
    atomic_fetch_sub(&run->memory_used, bytes);
    return status;
  }
  int64_t peak = atomic_load(&run->memory_peak);
  while (peak < before + bytes && !atomic_compare_exchange_weak(&run->memory_peak, &peak, before + bytes))
    ;
  return TERN_SUCCESS;
}

static void *memory_allocate(int64_t bytes) {
  if (memory_until_failure > 0 && --memory_until_failure == 0)
    return NULL;
  return calloc(1, (size_t)bytes + 2 * MEMORY_ALIGNMENT); /* fresh pages are zero already and stay untouched */
}

int32_t memory_new(run *run, void **pointer, int64_t count, int64_t size, const char *what) {
  int64_t bytes;
  if (count < 0 || size < 0)
    return error_set(TERN_ERROR_INTERNAL, "%s: negative amount of memory", what);
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > INT64_MAX / 2)
    return memory_refuse(what, (double)count * (double)size, (double)(INT64_MAX / 2), 0, "can be addressed",
                         "use fewer or smaller structures or features, or ranges of centres");
  TRY(memory_count(run, bytes, what));
  char *base = memory_allocate(bytes);
  if (!base) {
    char need[32];
    if (run)
      atomic_fetch_sub(&run->memory_used, bytes);
    return error_set(TERN_ERROR_MEMORY, "%s: memory ran out when %s were asked for", what,
                     memory_amount((double)bytes, need, sizeof need));
  }
  const uintptr_t aligned = ((uintptr_t)base + 2 * MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
  *pointer = base + (aligned - (uintptr_t)base);
  *memory_header_of(*pointer) = (memory_header){base, bytes};
  return TERN_SUCCESS;
}

int32_t memory_resize(run *run, void **pointer, int64_t count, int64_t size, const char *what) {
  void *grown = NULL;
  TRY(memory_new(run, &grown, count, size, what));
  if (*pointer) {
    const int64_t before = memory_header_of(*pointer)->bytes, now = memory_header_of(grown)->bytes;
    memcpy(grown, *pointer, (size_t)(before < now ? before : now));
    memory_free(run, *pointer);
  }
  *pointer = grown;
  return TERN_SUCCESS;
}

void memory_free(run *run, void *pointer) {
  if (!pointer)
    return;
  memory_header *header = memory_header_of(pointer);
  if (run)
    atomic_fetch_sub(&run->memory_used, header->bytes);
  free(header->base);
}

char *memory_text(const char *source) {
  void *copy = NULL;
  const int64_t bytes = (int64_t)strlen(source) + 1;
  if (memory_new(NULL, &copy, bytes, 1, "text") != TERN_SUCCESS)
    return NULL;
  return memcpy(copy, source, (size_t)bytes);
}
