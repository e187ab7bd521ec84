/* SPDX-License-Identifier: BSD-3-Clause */
#include "density/density.h"

#include <string.h>

#include "core/layout.h"
#include "density/harmonics.h"
#include "density/radial.h"

/* An odd number of 64-byte lines: rows a power of two apart would share few sets of the cache, and the harmonics of one
   neighbour are read across all rows. */
static int64_t stride_for(int64_t count) { return ((count + KERNEL_BLOCK - 1) / KERNEL_BLOCK | 1) * KERNEL_BLOCK; }

static void place_pieces(const density_basis *basis, layout *layout, density_expansion *e, int64_t n) {
  const int64_t stride = stride_for(n), plane = basis->n_harmonics * stride;
  e->n_neighbours = n;
  e->stride = stride;
  e->order = layout_take(layout, n, sizeof(int64_t));
  e->place = layout_take(layout, n, sizeof(int64_t));
  e->first = layout_take(layout, basis->n_species + 1, sizeof(int64_t));
  e->interval = layout_take(layout, stride, sizeof(int64_t));
  e->weights = layout_reals(layout, 12 * stride);
  e->unit = layout_reals(layout, 3 * stride);
  e->distance = layout_reals(layout, stride);
  e->inverse = layout_reals(layout, stride);
  e->radial = layout_reals(layout, stride * basis->radial_size);
  e->radial_slope = layout_reals(layout, stride * basis->radial_size);
  e->harmonics = layout_reals(layout, plane);
  e->harmonics_gradient = layout_reals(layout, 3 * plane);
  e->coefficients = layout_reals(layout, basis->size);
  e->lanes = layout_reals(layout, 3 * stride);
  e->turned = layout_reals(layout, 2 * plane);
}

int64_t density_scratch(const density_basis *basis, int64_t n_neighbours) {
  density_expansion counted;
  layout layout = {NULL, 0};
  layout_take(&layout, 1, sizeof counted);
  place_pieces(basis, &layout, &counted, n_neighbours);
  return layout.used;
}

/* Counting sort by species, stable. */
static void sort_places(const density_basis *basis, const environment *environment, density_expansion *e) {
  memset(e->first, 0, (size_t)(basis->n_species + 1) * sizeof *e->first);
  for (int64_t j = 0; j < e->n_neighbours; j++)
    e->first[environment->species[j] + 1]++;
  for (int32_t a = 0; a < basis->n_species; a++)
    e->first[a + 1] += e->first[a];
  for (int64_t j = 0; j < e->n_neighbours; j++) {
    const int64_t place = e->first[environment->species[j]]++;
    e->place[j] = place;
    e->order[place] = j;
  }
  for (int32_t a = basis->n_species; a > 0; a--)
    e->first[a] = e->first[a - 1];
  e->first[0] = 0;
}

/* Directions and distances; the rest of a row gets a harmless direction. */
static void gather(const density_basis *basis, const environment *environment, density_expansion *e) {
  for (int64_t p = 0; p < e->stride; p++)
    for (int axis = 0; axis < 3; axis++)
      e->unit[axis * e->stride + p] = p < e->n_neighbours ? environment->vectors[3 * e->order[p] + axis] : axis == 2;
  basis->kernels->directions(e->stride, e->unit, e->distance, e->inverse);
}

static void evaluate(const density_basis *basis, density_expansion *e) {
  for (int64_t p = 0; p < e->n_neighbours; p++)
    radial_weights(basis->radial, e->distance[p], &e->interval[p], e->weights + 6 * p,
                   e->weights + 6 * (e->stride + p));
  basis->kernels->interpolate(e->n_neighbours, e->interval, e->weights, basis->radial->knots, basis->radial_size,
                              e->radial);
  basis->kernels->harmonics(basis->l_max, basis->harmonics->start, basis->harmonics->steps, e->n_neighbours, e->stride,
                            e->unit, e->inverse, e->harmonics, NULL);
}

static kernel_shape shape_of(const density_basis *basis) {
  return (kernel_shape){basis->n_max, basis->n_padded, basis->l_max};
}

density_expansion *density_expand(const density_basis *basis, const environment *environment, void *scratch) {
  layout layout = {scratch, 0};
  density_expansion *e = layout_take(&layout, 1, sizeof *e);
  place_pieces(basis, &layout, e, environment->n_neighbours);
  e->has_derivatives = false;
  sort_places(basis, environment, e);
  gather(basis, environment, e);
  evaluate(basis, e);
  memset(e->coefficients, 0, (size_t)basis->size * sizeof(double));
  memcpy(e->coefficients + environment->center_species * basis->channel_size, basis->center,
         (size_t)basis->n_padded * sizeof(double));
  for (int32_t a = 0; a < basis->n_species; a++)
    basis->kernels->expand(shape_of(basis), e->first[a + 1] - e->first[a], e->harmonics + e->first[a], e->stride,
                           e->radial + e->first[a] * basis->radial_size, e->coefficients + a * basis->channel_size);
  return e;
}

void density_differentiate(const density_basis *basis, density_expansion *e) {
  if (e->has_derivatives)
    return;
  basis->kernels->interpolate(e->n_neighbours, e->interval, e->weights + 6 * e->stride, basis->radial->knots,
                              basis->radial_size, e->radial_slope);
  basis->kernels->harmonics(basis->l_max, basis->harmonics->start, basis->harmonics->steps, e->n_neighbours, e->stride,
                            e->unit, e->inverse, e->harmonics, e->harmonics_gradient);
  e->has_derivatives = true;
}

void density_adjoint(const density_basis *basis, density_expansion *e, const double *weights, double *gradient) {
  density_differentiate(basis, e);
  for (int32_t a = 0; a < basis->n_species; a++) {
    const int64_t first = e->first[a];
    basis->kernels->adjoint(shape_of(basis), e->first[a + 1] - first, e->stride, e->unit + first, e->harmonics + first,
                            e->harmonics_gradient + first, e->radial + first * basis->radial_size,
                            e->radial_slope + first * basis->radial_size, weights + a * basis->channel_size,
                            e->lanes + first);
  }
  for (int64_t p = 0; p < e->n_neighbours; p++)
    for (int axis = 0; axis < 3; axis++)
      gradient[3 * e->order[p] + axis] += e->lanes[axis * e->stride + p];
}

/* Harmonics times the change of the distances, and the change of the harmonics: with R' and R they give the change of
 * the density. */
static void turn(const density_basis *basis, density_expansion *e, const double *directions) {
  const int64_t plane = basis->n_harmonics * e->stride;
  for (int64_t p = 0; p < e->n_neighbours; p++) {
    const double *d = directions + 3 * e->order[p];
    const double along = d[0] * e->unit[p] + d[1] * e->unit[e->stride + p] + d[2] * e->unit[2 * e->stride + p];
    for (int64_t at = p; at < plane; at += e->stride) {
      e->turned[at] = along * e->harmonics[at];
      e->turned[plane + at] = d[0] * e->harmonics_gradient[at] + d[1] * e->harmonics_gradient[plane + at] +
                              d[2] * e->harmonics_gradient[2 * plane + at];
    }
  }
}

void density_tangent(const density_basis *basis, density_expansion *e, const double *directions, double *derivative) {
  const int64_t plane = basis->n_harmonics * e->stride;
  density_differentiate(basis, e);
  turn(basis, e, directions);
  memset(derivative, 0, (size_t)basis->size * sizeof(double));
  for (int32_t a = 0; a < basis->n_species; a++) {
    const int64_t first = e->first[a], count = e->first[a + 1] - first;
    double *channel = derivative + a * basis->channel_size;
    basis->kernels->expand(shape_of(basis), count, e->turned + first, e->stride,
                           e->radial_slope + first * basis->radial_size, channel);
    basis->kernels->expand(shape_of(basis), count, e->turned + plane + first, e->stride,
                           e->radial + first * basis->radial_size, channel);
  }
}

void density_add_slope(const density_basis *basis, const density_expansion *e, int64_t place, int axis, double weight,
                       int64_t stride, double *rows) {
  const double *harmonics = e->harmonics + place;
  const double *gradient = e->harmonics_gradient + axis * basis->n_harmonics * e->stride + place;
  const double unit = e->unit[axis * e->stride + place];
  for (int64_t l = 0, lm = 0; l <= basis->l_max; l++) {
    const double *value = e->radial + place * basis->radial_size + l * basis->n_padded;
    const double *slope = e->radial_slope + place * basis->radial_size + l * basis->n_padded;
    for (; lm < (l + 1) * (l + 1); lm++, rows += stride)
      for (int64_t n = 0; n < basis->n_max; n++)
        rows[n] += weight * (slope[n] * unit * harmonics[lm * e->stride] + value[n] * gradient[lm * e->stride]);
  }
}
