/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks that the ways to make a system and a data set share; messages name the argument and the index. */
#ifndef TERNION_SYSTEM_SYSTEM_CHECK_H
#define TERNION_SYSTEM_SYSTEM_CHECK_H

#include "system/system.h"

/* Beyond this number of atoms or pairs sizes in bytes would overflow; beyond this length numbers have lost all
 * decimals. */
#define SYSTEM_LARGEST INT64_C(100000000000000)
#define SYSTEM_LARGEST_CELL 1e15
/* Atoms nearer than this (Angstrom) are at the same place. */
#define SYSTEM_COINCIDENT 1e-10

int32_t system_check_count(const char *name, int64_t count);
int32_t system_check_species(int64_t n_atoms, const int32_t *species);
int32_t system_check_vectors(const char *name, int64_t rows, const double *values); /* finite numbers, [rows][3] */
int32_t system_check_targets(const tern_system *system, const double *energy, const double *forces,
                             const double *virial);
/* A system with its species only. */
int32_t system_allocate(tern_system **system, int64_t n_owned, int64_t n_atoms, const int32_t *species);

#endif
