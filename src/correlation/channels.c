/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/channels.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/principal.h"
#include "core/random.h"

static double uniform(uint64_t *state) { return ((double)(random_next(state) >> 11) + 0.5) / 9007199254740992.0; }

/* Rows of normal deviates are directions without preference; each to length 1. */
static void mix_at_random(channels *c, uint64_t seed) {
  const int32_t n_species = c->basis->n_species;
  for (int32_t k = 0; k < c->n_groups; k++) {
    double *row = c->mixing + (int64_t)k * n_species, square = 0;
    for (int32_t a = 0; a < n_species; a++) {
      const double radius = sqrt(-2 * log(uniform(&seed)));
      row[a] = radius * cos(2 * 3.14159265358979323846 * uniform(&seed));
      square += row[a] * row[a];
    }
    for (int32_t a = 0; a < n_species; a++)
      row[a] /= sqrt(square);
  }
  c->fitted = true;
}

static int32_t read_mixing(channels *c, const tern_options *options) {
  int64_t wanted, seed;
  const char *mixing;
  TRY(options_integer(options, "species_channels", &wanted));
  TRY(options_text(options, "species_mixing", &mixing));
  TRY(options_integer(options, "seed", &seed));
  if (wanted > c->basis->n_species)
    return error_set(TERN_ERROR_OPTION,
                     "option 'species_channels' is %" PRId64 ", but there are %" PRId32
                     " species; valid are 1 to %" PRId32 ", or 0 for the species themselves",
                     wanted, c->basis->n_species, c->basis->n_species);
  c->n_groups = wanted > 0 ? (int32_t)wanted : c->basis->n_species;
  c->fitted = true;
  if (wanted == 0)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(NULL, &c->mixing, wanted * c->basis->n_species, "mixing of species"));
  c->fitted = false;
  if (strcmp(mixing, "random") == 0)
    mix_at_random(c, (uint64_t)seed);
  return TERN_SUCCESS;
}

int32_t channels_new(channels *channels, const tern_options *options, const density_basis *basis) {
  *channels = (struct channels){.basis = basis};
  TRY(read_mixing(channels, options));
  channels->n_channels = channels->n_groups * basis->n_max;
  channels->padded = (channels->n_channels + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
  channels->size = (int64_t)basis->n_harmonics * channels->padded;
  return TERN_SUCCESS;
}

void channels_free(channels *channels) { memory_free(NULL, channels->mixing); }

void channels_gather(const channels *c, const double *coefficients, double *density) {
  const density_basis *basis = c->basis;
  const int32_t n_max = basis->n_max;
  memset(density, 0, (size_t)c->size * sizeof *density);
  for (int32_t group = 0; group < c->n_groups; group++)
    for (int32_t a = c->mixing ? 0 : group; a < (c->mixing ? basis->n_species : group + 1); a++) {
      const double weight = c->mixing ? c->mixing[group * basis->n_species + a] : 1;
      const double *from = coefficients + a * basis->channel_size;
      double *to = density + group * n_max;
      for (int32_t lm = 0; lm < basis->n_harmonics; lm++, from += basis->n_padded, to += c->padded)
        for (int32_t n = 0; n < n_max; n++)
          to[n] += weight * from[n];
    }
}

void channels_spread(const channels *c, const double *density_gradient, double *coefficients_gradient) {
  const density_basis *basis = c->basis;
  const int32_t n_max = basis->n_max;
  memset(coefficients_gradient, 0, (size_t)basis->size * sizeof *coefficients_gradient);
  for (int32_t group = 0; group < c->n_groups; group++)
    for (int32_t a = c->mixing ? 0 : group; a < (c->mixing ? basis->n_species : group + 1); a++) {
      const double weight = c->mixing ? c->mixing[group * basis->n_species + a] : 1;
      const double *from = density_gradient + group * n_max;
      double *to = coefficients_gradient + a * basis->channel_size;
      for (int32_t lm = 0; lm < basis->n_harmonics; lm++, from += c->padded, to += basis->n_padded)
        for (int32_t n = 0; n < n_max; n++)
          to[n] += weight * from[n];
    }
}

/* ---- learned mixing ---- */

/* One sample for each (n, l, m): the coefficients of all species. */
static int32_t add_environment(const channels *c, const environment *environment, void *scratch, double *rows,
                               principal *sums) {
  const density_basis *basis = c->basis;
  const double *coefficients = density_expand(basis, environment, scratch)->coefficients;
  int64_t count = 0;
  for (int32_t lm = 0; lm < basis->n_harmonics; lm++)
    for (int32_t n = 0; n < basis->n_max; n++, count++)
      for (int32_t a = 0; a < basis->n_species; a++)
        rows[count * basis->n_species + a] = coefficients[a * basis->channel_size + lm * basis->n_padded + n];
  return principal_add(sums, count, rows);
}

static int32_t add_environments(const channels *c, run *run, int64_t n_environments, const environment *environments,
                                principal *sums) {
  int64_t most = 0;
  void *scratch = NULL;
  double *rows = NULL;
  for (int64_t e = 0; e < n_environments; e++)
    most = environments[e].n_neighbours > most ? environments[e].n_neighbours : most;
  TRY(memory_new(run, &scratch, density_scratch(c->basis, most), 1, "scratch of a descriptor"));
  int32_t status =
      MEMORY_NEW(run, &rows, (int64_t)c->basis->n_harmonics * c->basis->n_max * c->basis->n_species, "densities");
  for (int64_t e = 0; e < n_environments && status == TERN_SUCCESS; e++) {
    status = add_environment(c, &environments[e], scratch, rows, sums);
    if (status == TERN_SUCCESS)
      status = run_report(run, "mixing of species", e + 1, n_environments, -1);
  }
  memory_free(run, rows);
  memory_free(run, scratch);
  return status;
}

int32_t channels_fit(channels *c, run *run, int64_t n_environments, const environment *environments) {
  const int64_t samples = n_environments * c->basis->n_harmonics * c->basis->n_max;
  principal sums;
  principal_axes found = {0};
  if (c->fitted)
    return TERN_SUCCESS;
  TRY(principal_new(run, c->basis->n_species, samples, "second moments of the species", &sums));
  int32_t status = add_environments(c, run, n_environments, environments, &sums);
  if (status == TERN_SUCCESS)
    status = principal_solve(run, &sums, c->n_groups, &found);
  if (status == TERN_SUCCESS && found.count < c->n_groups)
    status = error_set(TERN_ERROR_DATA,
                       "option 'species_channels' is %" PRId32 ", but the data to learn from have only %" PRId64
                       " independent species; valid are 1 to %" PRId64,
                       c->n_groups, found.count, found.count);
  if (status == TERN_SUCCESS) {
    memcpy(c->mixing, found.axes, (size_t)(found.count * c->basis->n_species) * sizeof *found.axes);
    c->fitted = true;
  }
  principal_axes_free(run, &found);
  principal_free(run, &sums);
  return status;
}

/* ---- files and labels ---- */

int32_t channels_store(const channels *c, int64_t capacity, tensor *tensors, int64_t *count) {
  *count = 0;
  if (c->mixing == NULL)
    return TERN_SUCCESS;
  if (capacity < 1)
    return error_set(TERN_ERROR_INTERNAL, "no place for a descriptor's tensors");
  tensors[(*count)++] = (tensor){.name = "descriptor.mixing",
                                 .type = TENSOR_FLOAT64,
                                 .rank = 2,
                                 .shape = {c->n_groups, c->basis->n_species},
                                 .data = c->mixing};
  return TERN_SUCCESS;
}

int32_t channels_restore(channels *c, const safetensors_file *file) {
  const int64_t shape[2] = {c->n_groups, c->basis->n_species};
  const tensor *found;
  if (c->mixing == NULL)
    return TERN_SUCCESS;
  TRY(safetensors_get(file, "descriptor.mixing", TENSOR_FLOAT64, 2, shape, &found));
  memcpy(c->mixing, found->data, (size_t)(shape[0] * shape[1]) * sizeof(double));
  c->fitted = true;
  return TERN_SUCCESS;
}

void channels_label(const channels *c, const int32_t *species, int32_t count, const int32_t *items, text *label) {
  text_add(label, c->mixing ? "\"channel\":[" : "\"species\":[");
  for (int32_t k = 0; k < count; k++) {
    const int32_t group = items[k] / c->basis->n_max;
    text_add(label, "%s%" PRId32, k ? "," : "", c->mixing ? group : species[group]);
  }
  text_add(label, "]");
}
