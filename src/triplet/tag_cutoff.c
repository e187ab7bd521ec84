/* SPDX-License-Identifier: BSD-3-Clause */
#include "triplet/tag_cutoff.h"

#include "core/error.h"

/* A tag must be a neighbour, so tag_cutoff may not exceed cutoff. */
int32_t tag_cutoff_read(cutoff_function *cutoff, const tern_options *options) {
  double neighbours, tags, width;
  const char *shape;
  TRY(options_real(options, "cutoff", &neighbours));
  TRY(options_text(options, "cutoff_function", &shape));
  TRY(options_real(options, "tag_width", &width));
  tags = neighbours;
  if (options_is_set(options, "tag_cutoff"))
    TRY(options_real(options, "tag_cutoff", &tags));
  if (tags > neighbours)
    return error_set(TERN_ERROR_OPTION, "option 'tag_cutoff' is %g, but it must not exceed 'cutoff', which is %g", tags,
                     neighbours);
  if (width > tags && options_is_set(options, "tag_width"))
    return error_set(TERN_ERROR_OPTION, "option 'tag_width' is %g, but it must not exceed '%s', which is %g", width,
                     options_is_set(options, "tag_cutoff") ? "tag_cutoff" : "cutoff", tags);
  return cutoff_function_set(cutoff, shape, tags, width < tags ? width : tags);
}
