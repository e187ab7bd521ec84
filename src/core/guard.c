/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/guard.h"

#include <pthread.h>
#include <stddef.h>

static _Thread_local guard *guard_current;
static locale_t guard_locale; /* constant after once */
static pthread_once_t guard_once = PTHREAD_ONCE_INIT;

static void guard_make_locale(void) { guard_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* Should there be no memory for the "C" locale, guard_locale is 0 and uselocale leaves the host's in force. */
static void guard_put_aside(guard *guard) {
  fegetenv(&guard->environment);
  fesetenv(FE_DFL_ENV); /* not feholdexcept: rounding and flush-to-zero must be ours too */
  guard->locale = uselocale(guard_locale);
}

static void guard_put_back(const guard *guard) {
  uselocale(guard->locale);
  fesetenv(&guard->environment);
}

void guard_enter(guard *guard) {
  pthread_once(&guard_once, guard_make_locale);
  guard->outer = guard_current;
  guard_current = guard;
  guard_put_aside(guard);
}

void guard_leave(guard *guard) {
  guard_put_back(guard);
  guard_current = guard->outer;
}

void guard_suspend(void) {
  if (guard_current != NULL)
    guard_put_back(guard_current);
}

void guard_resume(void) {
  if (guard_current != NULL)
    guard_put_aside(guard_current);
}
