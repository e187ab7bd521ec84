/* SPDX-License-Identifier: BSD-3-Clause */
/* A small data set made on the spot: clusters of silicon and carbon with the energies and forces of a pair potential.
 */
#ifndef TERNION_TESTS_HELPER_DATA_H
#define TERNION_TESTS_HELPER_DATA_H

#include <ternion.h>

enum { HELPER_ATOMS = 6 };

/* `frames` clusters; the caller frees the data set. Energies and forces, no virials. */
tern_dataset *helper_dataset(int frames);
/* The cluster of that number alone. */
tern_system *helper_system(int number);
/* Options of a fit that takes milliseconds. */
tern_options *helper_options(void);
/* This thread's message. */
const char *helper_message(void);

#endif
