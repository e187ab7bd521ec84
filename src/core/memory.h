/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that is counted, limited and refused before it starts. */
#ifndef TERNION_CORE_MEMORY_H
#define TERNION_CORE_MEMORY_H

#include <stddef.h>

#include "core/run.h"

/* `count` zeroed items of `size` bytes, 64-byte aligned, in *pointer (untouched on failure). An amount that overflows,
   goes beyond the run's limit or beyond the machine's memory is refused with TERN_ERROR_MEMORY and its size. `what`
   names it. run NULL: not counted against a limit, for what outlives the call. count 0 gives a valid pointer. */
int32_t memory_new(run *run, void **pointer, int64_t count, int64_t size, const char *what);
/* Grows or shrinks a block made with the same run, keeping its contents; new bytes are zeroed. */
int32_t memory_resize(run *run, void **pointer, int64_t count, int64_t size, const char *what);
/* Ends a block of memory_new made with the same run; NULL is fine. */
void memory_free(run *run, void *pointer);
/* Would this many more bytes fit? The same check and message as memory_new, nothing allocated. */
int32_t memory_check(const run *run, double bytes, const char *what);
/* The memory that this process may have: the machine's, or the limit set on container or process. */
int64_t memory_of_machine(void);
/* Bytes that may still be taken: what is left below the run's limit, else what the machine has. */
double memory_left(const run *run);
/* The limit for each of so many that work at a time, equal parts of what is left below the run's; 0: it has none. */
int64_t memory_share(const run *run, int64_t parts);
/* In words, such as 1.5 MiB, written into the buffer. */
const char *memory_amount(double bytes, char *buffer, size_t capacity);
/* So much was held beside the run's own, by threads with runs of theirs: for its peak. */
void memory_note(run *run, int64_t bytes);
char *memory_text(const char *text); /* a copy, NULL when memory is out; ended with memory_free(NULL, copy) */
/* For tests of the paths taken when memory runs out: this thread's allocation of that number from now fails; 0: none.
 */
void memory_fail_at(int64_t allocation);

#define MEMORY_NEW(run, pointer, count, what) \
  memory_new((run), (void **)(pointer), (count), (int64_t)sizeof **(pointer), (what))

#endif
