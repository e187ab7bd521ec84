/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TERNION_MODEL_RIDGE_H
#define TERNION_MODEL_RIDGE_H

#include "model/model.h"

extern const model_kind ridge_kind;

#endif
