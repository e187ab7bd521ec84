/* SPDX-License-Identifier: BSD-3-Clause */
/* The density as correlations see it: rows lm over channels, channel = group * n_max + n. A group is a species, or one
   of `species_channels` mixtures of all species, rho^k = sum over species a of W_ka rho^a. */
#ifndef TERNION_CORRELATION_CHANNELS_H
#define TERNION_CORRELATION_CHANNELS_H

#include "density/density.h"

typedef struct channels {
  const density_basis *basis; /* the owner's */
  int32_t n_groups;
  int32_t n_channels, padded; /* n_groups * n_max, and as a multiple of KERNEL_BLOCK */
  int64_t size;               /* (l_max + 1)^2 * padded */
  bool fitted;
  double *mixing; /* [n_groups][n_species]; NULL: groups are species */
} channels;

/* Reads species_channels, species_mixing, seed. */
int32_t channels_new(channels *channels, const tern_options *options, const density_basis *basis);
void channels_free(channels *channels);

/* density [lm][padded] from the basis's coefficients [species][lm][n_padded]: linear, so also for derivatives. */
void channels_gather(const channels *channels, const double *coefficients, double *density);
/* Its adjoint: sets the gradient with respect to the coefficients. */
void channels_spread(const channels *channels, const double *density_gradient, double *coefficients_gradient);

/* Learns the mixing: the leading axes of the species' second moments, summed over (n, l, m) and the environments, so
   that the mixtures keep as much of the density as so few can. */
int32_t channels_fit(channels *channels, run *run, int64_t n_environments, const environment *environments);
/* Tensor "descriptor.mixing", when there is a mixing. */
int32_t channels_store(const channels *channels, int64_t capacity, tensor *tensors, int64_t *count);
int32_t channels_restore(channels *channels, const safetensors_file *file);

/* "species":[8] or "channel":[0], without braces, for the items of a label. */
void channels_label(const channels *channels, const int32_t *species, int32_t count, const int32_t *items, text *label);

#endif
