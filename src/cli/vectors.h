/* SPDX-License-Identifier: BSD-3-Clause */
/* What the verbs do with models of vectors of centres. */
#ifndef TERNION_CLI_VECTORS_H
#define TERNION_CLI_VECTORS_H

#include "cli.h"

enum { VECTORS_NAME = 256 };

/* Does the model predict vectors, and under which name? */
bool predicts_vectors(const tern_model *model, char name[VECTORS_NAME]);
/* Errors on the structures of a data set that carry such vectors, printed. */
int32_t vectors_errors(const arguments *arguments, const tern_model *model, const tern_dataset *dataset,
                       const char *name, const char *set);
/* The verb predict, after the model is loaded: a column of the output, and errors where the input has the column. */
int32_t vectors_predict_file(const arguments *arguments, const tern_model *model, const char *name);

#endif
