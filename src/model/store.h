/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model's file and its self-description have in common. */
#ifndef TERNION_MODEL_STORE_H
#define TERNION_MODEL_STORE_H

#include "model/model.h"

#define MODEL_FORMAT "ternion.model"
#define MODEL_FORMAT_VERSION 1
#define MODEL_UNITS "{\"length\": \"Angstrom\", \"energy\": \"eV\", \"forces\": \"eV/Angstrom\", \"virial\": \"eV\"}"

/* {"options": {...}, "species": [...]} with the values in effect, so that later defaults do not change a stored
 * model. */
int32_t store_describe(const tern_model *model, text *json);

#endif
