/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "analysis/compare.h"
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
