/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "analysis/compare.h"
#include "analysis/sensitivity.h"
#include "api/bodies.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/options.h"

typedef struct compare_settings {
  double tolerance;
  int32_t mirror;
} compare_settings;

static int32_t compare_read_options(const tern_options *options, compare_settings *settings) {
  const char *group;
  TRY(options_check(options, "compare", "analysis"));
  TRY(options_real(options, "tolerance", &settings->tolerance));
  TRY(options_text(options, "group", &group));
  settings->mirror = strcmp(group, "o3") == 0;
  return TERN_SUCCESS;
}

int32_t api_compare(const tern_system *first, const tern_system *second, const tern_options *options, int32_t *same,
                    double *rmsd, double *rotation, int64_t *permutation) {
  run run;
  compare_settings settings;
  comparison result;
  int64_t *match = NULL;
  TRY(compare_read_options(options, &settings));
  TRY(run_init(&run, options, NULL, NULL));
  TRY(MEMORY_NEW(&run, &match, first->n_atoms, "permutation"));
  const int32_t status =
    compare_systems(&run, first, second, settings.tolerance, settings.mirror, &result, permutation ? match : NULL);
  if (status == TERN_SUCCESS) {
    *same = result.same;
    if (rmsd)
      *rmsd = result.rmsd;
    if (rotation)
      memcpy(rotation, result.rotation, sizeof result.rotation);
    if (permutation && first->n_atoms > 0)
      memcpy(permutation, match, (size_t)first->n_atoms * sizeof *permutation);
  }
  memory_free(&run, match);
  return status;
}

int32_t api_sensitivity_shape(const tern_descriptor *descriptor, const tern_system *system, int64_t center,
                              int64_t *directions, int64_t *moving) {
  run run;
  sensitivity_moves moves;
  TRY(run_init(&run, descriptor->options, NULL, NULL));
  TRY(sensitivity_moves_new(descriptor, &run, system, center, &moves));
  *directions = sensitivity_directions(&moves);
  if (moving)
    *moving = moves.moving;
  sensitivity_moves_free(&run, &moves);
  return TERN_SUCCESS;
}

int32_t api_sensitivity(const tern_descriptor *descriptor, const tern_system *system, int64_t center,
                        const tern_options *options, int64_t *seen, double *singular_values, double *vectors,
                        tern_progress progress, void *context) {
  run run;
  sensitivity_moves moves;
  double threshold;
  TRY(options_check(options, "sensitivity", "analysis"));
  TRY(options_real(options, "threshold", &threshold));
  TRY(run_init(&run, descriptor->options, progress, context));
  TRY(sensitivity_moves_new(descriptor, &run, system, center, &moves));
  const int64_t directions = sensitivity_directions(&moves);
  const int32_t status = sensitivity_solve(descriptor, &run, system, &moves, singular_values, vectors);
  sensitivity_moves_free(&run, &moves);
  if (status == TERN_SUCCESS && seen)
    for (*seen = 0; *seen < directions; ++*seen)
      if (singular_values[*seen] == 0 || singular_values[*seen] < threshold * singular_values[0])
        break;
  return status;
}
