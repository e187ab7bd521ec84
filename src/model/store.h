/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model's file and its self-description have in common. */
#ifndef TERNION_MODEL_STORE_H
#define TERNION_MODEL_STORE_H

#include "model/model.h"

#define MODEL_FORMAT "ternion.model"
/* A sum of parts needs version 2, vectors need version 3, a tensor 4; others are still written as version 1, which
   older releases read. */
enum { MODEL_FORMAT_SINGLE = 1, MODEL_FORMAT_SUM = 2, MODEL_FORMAT_VECTORS = 3, MODEL_FORMAT_TENSOR = 4 };
#define MODEL_UNITS "{\"length\": \"Angstrom\", \"energy\": \"eV\", \"forces\": \"eV/Angstrom\", \"virial\": \"eV\"}"

int32_t store_format_version(const tern_model *model);
/* Of a part: {"options": {...}, "species": [...]} with the values in effect, so that later defaults do not change a
 * stored model. */
int32_t store_describe(const tern_model *model, int64_t part, text *json);

#endif
