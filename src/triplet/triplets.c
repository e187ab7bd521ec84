/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor kind `triplets`: its state, rows, labels and values. */
#include "triplet/triplets.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "density/harmonics.h"

static void clear(void *state) {
  triplets_state *s = state;
  density_basis_free(s->basis);
  coupling_free(s->coupling);
  memory_free(NULL, s->species);
  memory_free(NULL, s->product);
  memory_free(NULL, s->center);
}

static int32_t read_flag(const tern_options *options, const char *key, bool *flag) {
  int64_t value;
  TRY(options_integer(options, key, &value));
  *flag = value != 0;
  return TERN_SUCCESS;
}

static int32_t read_options(triplets_state *s, const tern_options *options) {
  int64_t tags;
  double cutoff;
  TRY(options_integer(options, "tags", &tags));
  s->one_tag = tags == 1;
  TRY(read_flag(options, "self_pairs", &s->self_pairs));
  TRY(read_flag(options, "sum_tags", &s->sum_tags));
  TRY(read_flag(options, "center_tags", &s->center_tags));
  TRY(options_real(options, "cutoff", &cutoff));
  TRY(tag_cutoff_read(&s->tag_cutoff, options));
  s->tags_fade = s->tag_cutoff.radius < cutoff;
  return TERN_SUCCESS;
}

/* The radial functions l = 0 of the centre, which is a tag at r = 0. */
static int32_t set_center(triplets_state *s) {
  double *values = NULL;
  TRY(MEMORY_NEW(NULL, &s->center, s->basis->n_padded, "descriptor"));
  TRY(MEMORY_NEW(NULL, &values, s->basis->radial_size, "descriptor"));
  density_radial(s->basis, 0, values, NULL);
  memcpy(s->center, values, (size_t)s->basis->n_max * sizeof *values);
  memory_free(NULL, values);
  return TERN_SUCCESS;
}

static int32_t set_shape(triplets_state *s) {
  const density_basis *basis = s->basis;
  const coupling *c = s->coupling;
  const int64_t n_max = basis->n_max, n_second = s->one_tag ? 1 : n_max;
  const int64_t padded = (n_second + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
  s->n_second_l = s->one_tag ? 1 : basis->l_max + 1;
  TRY(MEMORY_NEW(NULL, &s->product, c->count, "descriptor"));
  for (int64_t i = 0; i < c->count; i++)
    s->product[i] = c->first_l[i] * s->n_second_l + c->second_l[i];
  s->shape =
      (kernel_triplet){.count = c->count,
                       .width = n_max * n_second,
                       .stride = ((n_max - 1) * n_second + padded + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK,
                       .n_species = basis->n_species,
                       .n_max = basis->n_max,
                       .n_padded = basis->n_padded,
                       .product = s->product,
                       .second_l = c->second_l};
  s->features = c->count * basis->n_species * n_max * s->shape.width;
  return TERN_SUCCESS;
}

static int32_t fill(void *state, const tern_options *options, int32_t n_species, const int32_t *species) {
  triplets_state *s = state;
  TRY(read_options(s, options));
  TRY(MEMORY_NEW(NULL, &s->species, n_species, "species"));
  memcpy(s->species, species, (size_t)n_species * sizeof *species);
  TRY(density_basis_new(&s->basis, options, n_species));
  TRY(coupling_new(&s->coupling, s->basis->l_max, s->one_tag));
  TRY(set_center(s));
  return set_shape(s);
}

/* Structure, centre, and the tags that are not summed over. */
static int32_t index_size(const tern_options *options) {
  int64_t tags = 0, sum_tags = 1;
  const bool known = options_integer(options, "tags", &tags) == TERN_SUCCESS &&
                     options_integer(options, "sum_tags", &sum_tags) == TERN_SUCCESS;
  return !known || sum_tags != 0 ? 2 : (int32_t)(2 + tags);
}

static int64_t features(const void *state) { return ((const triplets_state *)state)->features; }

static int64_t rows(const void *state, const environment *environment) {
  const triplets_state *s = state;
  int64_t n_tags = s->center_tags;
  for (int64_t k = 0; k < environment->n_neighbours; k++)
    n_tags += triplets_is_tag(s, environment->vectors + 3 * k);
  if (s->sum_tags)
    return 1;
  if (s->one_tag)
    return n_tags;
  return n_tags * (s->self_pairs ? n_tags : n_tags - 1);
}

/* The next tag from neighbour k on; the centre, -1, comes first. */
static int64_t next_tag(const triplets_state *s, const environment *environment, int64_t k) {
  if (k == -1 && s->center_tags)
    return k;
  k = k < 0 ? 0 : k;
  while (k < environment->n_neighbours && !triplets_is_tag(s, environment->vectors + 3 * k))
    k++;
  return k;
}

static void tags(const void *state, const environment *environment, int64_t *tags) {
  const triplets_state *s = state;
  const int64_t end = environment->n_neighbours;
  if (s->sum_tags) {
    tags[0] = tags[1] = -1;
    return;
  }
  for (int64_t j = next_tag(s, environment, -1); j < end; j = next_tag(s, environment, j + 1))
    if (s->one_tag) {
      *tags++ = j;
      *tags++ = -1;
    } else
      for (int64_t k = next_tag(s, environment, -1); k < end; k = next_tag(s, environment, k + 1))
        if (triplets_has_row(s, j, k)) {
          *tags++ = j;
          *tags++ = k;
        }
}

static const cutoff_function *tag_cutoff(const void *state) { return &((const triplets_state *)state)->tag_cutoff; }

static void label(const void *state, int64_t column, text *label) {
  const triplets_state *s = state;
  const int64_t n_max = s->basis->n_max, width = s->shape.width, n_second = width / n_max;
  const int64_t n1 = column % width / n_second, n2 = column % n_second, channel = column / width;
  const int64_t n = channel % n_max, a = channel / n_max % s->basis->n_species,
                block = channel / n_max / s->basis->n_species;
  const int l = s->coupling->l[block], l1 = s->coupling->first_l[block], l2 = s->coupling->second_l[block];
  text_add(label, "{\"species\":%d,\"n\":[%d,%d", (int)s->species[a], (int)n, (int)n1);
  if (s->one_tag)
    text_add(label, "],\"l\":[%d,%d],\"parity\":1}", l, l1);
  else
    text_add(label, ",%d],\"l\":[%d,%d,%d],\"parity\":%d}", (int)n2, l, l1, l2, (l + l1 + l2) % 2 ? -1 : 1);
}

static int64_t scratch(const void *state, int64_t n_neighbours) { return triplets_scratch_size(state, n_neighbours); }

static int32_t forward(const void *state, const environment *environment, void *memory, double *values) {
  const triplets_state *s = state;
  triplets_scratch scratch;
  triplets_expand(s, environment, memory, &scratch);
  if (values == NULL)
    return TERN_SUCCESS;
  if (s->sum_tags) {
    triplets_sum(s, &scratch, values);
    return TERN_SUCCESS;
  }
  for (int64_t t = 0; t < scratch.n_tags; t++) {
    triplets_fold(s, &scratch, &scratch.tags[t]);
    for (int64_t u = 0; u < scratch.n_seconds; u++)
      if (triplets_has_row(s, t, u)) {
        triplets_row(s, &scratch, &scratch.tags[t], &scratch.seconds[u], 0, values);
        values += s->features;
      }
  }
  return TERN_SUCCESS;
}

const descriptor_kind triplets_kind = {
    .name = "triplets",
    .meaning = "Coupled density and pair of tags: complete, with one row per "
               "triplet, per pair or per centre",
    .index_size = index_size,
    .state_size = sizeof(triplets_state),
    .fill = fill,
    .clear = clear,
    .features = features,
    .rows = rows,
    .tags = tags,
    .tag_cutoff = tag_cutoff,
    .label = label,
    .scratch = scratch,
    .forward = forward,
    .backward = triplets_backward,
    .pushforward = triplets_pushforward,
    .jacobian = triplets_jacobian,
};
