/* SPDX-License-Identifier: BSD-3-Clause */
/* A locale of the process that writes numbers with a decimal comma, on any machine. */
#ifndef TERNION_TESTS_HELPER_LOCALE_H
#define TERNION_TESTS_HELPER_LOCALE_H

/* In force afterwards; setlocale(LC_ALL, "C") ends it. */
void helper_comma_locale(void);

#endif
