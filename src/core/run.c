/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"
#include "core/guard.h"
#include "core/options.h"

static const double run_report_spacing = 0.2; /* seconds */

int32_t run_processors(void) {
  for (int most = 1024; most <= 1 << 20; most *= 8) {
    cpu_set_t *set = CPU_ALLOC((size_t)most);
    if (!set)
      break;
    const size_t bytes = CPU_ALLOC_SIZE((size_t)most);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0)
      return count;
  }
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int32_t)online : 1;
}

int32_t run_init(run *run, const struct tern_options *options, tern_progress progress, void *context) {
  int64_t threads, memory_limit;
  TRY(options_integer(options, "threads", &threads));
  TRY(options_integer(options, "memory_limit", &memory_limit));
  memset(run, 0, sizeof *run);
  run->threads = threads > 0 ? (int32_t)threads : run_processors();
  run->memory_limit = memory_limit;
  run->progress = progress;
  run->context = context;
  return TERN_SUCCESS;
}

double run_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Due when a stage begins or ends, else a few times a second. */
static bool run_report_due(run *run, const char *stage, bool last) {
  const double now = run_seconds();
  const bool first = strncmp(stage, run->last_stage, sizeof run->last_stage - 1) != 0;
  if (!first && !last && now - run->last_report < run_report_spacing)
    return false;
  strncpy(run->last_stage, stage, sizeof run->last_stage - 1);
  run->last_report = now;
  return true;
}

int32_t run_report(run *run, const char *stage, int64_t done, int64_t total, double loss) {
  if (!run->progress || !run_report_due(run, stage, done == total))
    return TERN_SUCCESS;
  guard_suspend(); /* the callback is the host's code */
  const int32_t answer = run->progress(stage, done, total, loss, run->context);
  guard_resume();
  if (answer > 0)
    return error_set(TERN_CANCELLED, "cancelled by the progress callback during: %s", stage);
  if (answer < 0)
    return error_set(answer, "the progress callback returned %d during: %s", (int)answer, stage);
  return TERN_SUCCESS;
}
