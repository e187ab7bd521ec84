/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `frames`: its state, rows, labels and values. */
#include "triplet/frames.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

static void clear(void *state) {
  frames_state *s = state;
  density_basis_free(s->basis);
  rotation_table_free(s->rotations);
  memory_free(NULL, s->species);
}

/* Widths fall by sqrt 2 from 0.7 cutoff. */
static void choose_exponents(frames_state *state) {
  const double widest = 0.7 * state->basis->cutoff;
  for (int64_t k = 0; k < state->tag_gaussians; k++)
    state->tag_exponents[k] = ldexp(1, (int)k) / (2 * widest * widest);
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  frames_state *s = state;
  int64_t self_pairs;
  TRY(options_integer(options, "self_pairs", &self_pairs));
  s->self_pairs = self_pairs != 0;
  TRY(tag_cutoff_read(&s->tag_cutoff, options));
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  TRY(density_basis_new(&s->basis, options, n_species));
  TRY(rotation_table_new(&s->rotations, s->basis->l_max));
  TRY(options_integer(options, "tag_gaussians", &s->tag_gaussians));
  choose_exponents(s);
  s->features = frames_density_size(s) + frames_tags_size(s);
  return TERN_SUCCESS;
}

/* Structure, centre and both tags. */
static int32_t index_size(const tern_options *options) {
  (void)options;
  return 4;
}

static int64_t features(const void *state) {
  return ((const frames_state *)state)->features;
}

static int64_t rows(const void *state, const environment *environment) {
  const frames_state *s = state;
  int64_t n_tags = 0;
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    n_tags += frames_is_tag(s, environment->vectors + 3 * k);
  return n_tags * (s->self_pairs ? n_tags : n_tags - 1);
}

static void tags(const void *state, const environment *environment, int64_t *tags) {
  const frames_state *s = state;
  for (int64_t j = 0; j < environment->n_neighbours; j++)
    for (int64_t k = 0; k < environment->n_neighbours; k++)
      if (frames_is_tag(s, environment->vectors + 3 * j) && frames_is_tag(s, environment->vectors + 3 * k) &&
          frames_has_row(s, j, k)) {
        *tags++ = j;
        *tags++ = k;
      }
}

static const cutoff_function *tag_cutoff(const void *state) {
  return &((const frames_state *)state)->tag_cutoff;
}

static void label(const void *state, int64_t column, text *label) {
  const frames_state *s = state;
  const int64_t n_max = s->basis->n_max, width = s->basis->n_harmonics * n_max;
  const int64_t tag_column = column - frames_density_size(s);
  if (tag_column > 2 * n_max) {
    text_add(label, "{\"between_tags\":%d,\"parity\":1}", (int)(tag_column - 2 * n_max - 1));
  } else if (tag_column == 2 * n_max) {
    text_add(label, "{\"angle\":\"cos_theta\",\"parity\":1}");
  } else if (tag_column >= 0) {
    text_add(label, "{\"tag\":%d,\"l\":0,\"n\":%d,\"parity\":1}", (int)(1 + tag_column / n_max),
             (int)(tag_column % n_max));
  } else {
    const int64_t lm = column % width / n_max;
    int64_t l = 0;
    while ((l + 1) * (l + 1) <= lm)
      l++;
    const int64_t mu = lm - l * l - l;
    text_add(label, "{\"species\":%d,\"l\":%d,\"m\":%d,\"n\":%d,\"parity\":%d}", (int)s->species[column / width],
             (int)l, (int)mu, (int)(column % n_max), mu < 0 ? -1 : 1);
  }
}

static int64_t scratch(const void *state, int64_t n_neighbours) {
  return frames_scratch_size(state, n_neighbours);
}

static int32_t forward(const void *state, const environment *environment, void *memory, double *values) {
  const frames_state *s = state;
  const density_basis *basis = s->basis;
  const int64_t width = frames_density_size(s);
  frames_scratch scratch;
  frames_expand(s, environment, memory, &scratch);
  for (int64_t j = 0; values != NULL && j < scratch.n_tags; j++) {
    const frames_tag *first = &scratch.tags[j];
    frames_look(s, &scratch, first);
    for (int64_t k = 0; k < scratch.n_tags; k++) {
      if (!frames_has_row(s, j, k))
        continue;
      frames_combine(s, first->density, scratch.powers + 2 * (basis->l_max + 1) * k, false, values);
      frames_tags_values(s, &scratch, j, k, values + width);
      values += s->features;
    }
  }
  return TERN_SUCCESS;
}

const descriptor_kind frames_kind = {
    .name = "frames",
    .meaning = "Density in the frame of each ordered pair of tags: complete, with one row per triplet",
    .index_size = index_size,
    .state_size = sizeof(frames_state),
    .fill = fill,
    .clear = clear,
    .features = features,
    .rows = rows,
    .tags = tags,
    .tag_cutoff = tag_cutoff,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = frames_backward,
    .pushforward = frames_pushforward,
    .jacobian = frames_jacobian,
};
