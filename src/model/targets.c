/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/targets.h"

#include <math.h>

#include "core/error.h"

int64_t targets_rows(const targets *targets, const frame *frame) {
  int64_t rows = 0;
  if (targets->energy > 0 && frame->has_energy)
    rows += 1;
  if (targets->forces > 0 && frame->forces != NULL)
    rows += 3 * frame->system->n_atoms;
  if (targets->virial > 0 && frame->has_virial)
    rows += 9;
  return rows;
}

void targets_write(const targets *targets, const frame *frame, double *aims) {
  const int64_t atoms = frame->system->n_atoms;
  const double per_atom = 1 / sqrt((double)atoms);
  if (targets->energy > 0 && frame->has_energy)
    *aims++ = targets->energy * per_atom * frame->energy;
  for (int64_t k = 0; targets->forces > 0 && frame->forces != NULL && k < 3 * atoms; k++)
    *aims++ = targets->forces * frame->forces[k];
  for (int k = 0; targets->virial > 0 && frame->has_virial && k < 9; k++)
    *aims++ = targets->virial * per_atom * frame->virial[k / 3][k % 3];
}

/* The weight of a target: an explicit one must have rows, a default is used where the data have them. */
static int32_t target_weight(const tern_options *options, const char *key, const char *what, int64_t count,
                             double *weight) {
  TRY(options_real(options, key, weight));
  if (count > 0 || *weight == 0)
    return TERN_SUCCESS;
  if (options_is_set(options, key))
    return error_set(TERN_ERROR_DATA,
                     "option '%s' is %g, but no structure of the data set has %s; set it to 0 or name the"
                     " data's key",
                     key, *weight, what);
  *weight = 0;
  return TERN_SUCCESS;
}

int32_t targets_read(const tern_options *options, const tern_dataset *dataset, targets *targets) {
  TRY(target_weight(options, "energy_weight", "an energy", dataset_count(dataset, TERN_TARGET_ENERGY),
                    &targets->energy));
  TRY(target_weight(options, "force_weight", "forces", dataset_count(dataset, TERN_TARGET_FORCES), &targets->forces));
  TRY(target_weight(options, "virial_weight", "a virial", dataset_count(dataset, TERN_TARGET_VIRIAL),
                    &targets->virial));
  if (targets->energy == 0 && targets->forces == 0 && targets->virial == 0)
    return error_set(TERN_ERROR_DATA,
                     "nothing to fit: the data set has %lld energies, %lld structures with forces and %lld"
                     " virials, and energy_weight, force_weight and virial_weight leave none of them",
                     (long long)dataset_count(dataset, TERN_TARGET_ENERGY),
                     (long long)dataset_count(dataset, TERN_TARGET_FORCES),
                     (long long)dataset_count(dataset, TERN_TARGET_VIRIAL));
  return TERN_SUCCESS;
}

void targets_report(const targets *targets, const tern_dataset *dataset, text *report) {
  const struct targets only[3] = {{.energy = 1}, {.forces = 1}, {.virial = 1}};
  const double weights[3] = {targets->energy, targets->forces, targets->virial};
  static const char *const names[3] = {"energy", "forces", "virial"};
  text_add(report, "\"rows\": {");
  for (int k = 0; k < 3; k++) {
    int64_t rows = 0;
    for (int64_t index = 0; weights[k] > 0 && index < dataset->size; index++)
      rows += targets_rows(&only[k], dataset->frames[index]);
    text_add(report, "%s\"%s\": %lld", k > 0 ? ", " : "", names[k], (long long)rows);
  }
  text_add(report, "}, \"target_weights\": {\"energy\": %.17g, \"forces\": %.17g, \"virial\": %.17g}", weights[0],
           weights[1], weights[2]);
}
