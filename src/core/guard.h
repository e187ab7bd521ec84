/* SPDX-License-Identifier: BSD-3-Clause */
/* Around every call from outside: the host's floating-point modes, flags and traps and its locale are put aside, the
   library's own (round to nearest, no traps, no flushing; locale "C") are in force; the host's come back unchanged. */
#ifndef TERNION_CORE_GUARD_H
#define TERNION_CORE_GUARD_H

#include <fenv.h>
#include <locale.h>

typedef struct guard {
  fenv_t environment;  /* the host's */
  locale_t locale;     /* the host's, of this thread */
  struct guard *outer; /* of the call whose callback called us, NULL otherwise */
} guard;

void guard_enter(guard *guard);
void guard_leave(guard *guard);

/* Around a user's callback: the host's state is in force in between, and what the callback changes of it stays changed.
   Nothing happens outside a guarded call. Only on the thread that made the call. */
void guard_suspend(void);
void guard_resume(void);

#endif
