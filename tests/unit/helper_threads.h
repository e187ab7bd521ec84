/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_TESTS_HELPER_THREADS_H
#define TERNION_TESTS_HELPER_THREADS_H

/* Threads of this process, the caller's among them. */
int helper_threads(void);

#endif
