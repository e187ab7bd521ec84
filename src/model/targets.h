/* SPDX-License-Identifier: BSD-3-Clause */
/* What a linear model is fitted on: how much each kind of target counts, and the rows of a structure. */
#ifndef TERNION_MODEL_TARGETS_H
#define TERNION_MODEL_TARGETS_H

#include "core/options.h"
#include "core/text.h"
#include "system/dataset.h"

/* Weight of each target; 0: no rows of it. */
typedef struct targets {
  double energy, forces, virial;
} targets;

/* From the options; a weight that is not asked for is 0 where the data have no such target. */
int32_t targets_read(const tern_options *options, const tern_dataset *dataset, targets *targets);
/* Rows of a structure: its energy, three of each atom's force, nine of its virial, in this order. */
int64_t targets_rows(const targets *targets, const frame *frame);
/* The targets of these rows, by their weights. */
void targets_write(const targets *targets, const frame *frame, double *aims);
/* Members of a JSON object: numbers of rows and weights. */
void targets_report(const targets *targets, const tern_dataset *dataset, text *report);

#endif
