/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/bins.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"

/* Beyond these distances from the origin (Angstrom) coordinates are too coarse: wrapping loses decimals, differences do
 * not. */
#define BINS_FARTHEST_WRAPPED 1e8
#define BINS_FARTHEST 1e15
#define BINS_MOST_VIEWS 1e8

static int32_t bins_allocate(run *run, bins *bins, int64_t n_atoms) {
  bins->n_atoms = n_atoms;
  bins->n_slots = 16;
  while (bins->n_slots < 2 * n_atoms)
    bins->n_slots *= 2;
  TRY(MEMORY_NEW(run, &bins->bin, n_atoms, "bins of atoms"));
  TRY(MEMORY_NEW(run, &bins->bin_of, n_atoms, "bins of atoms"));
  TRY(MEMORY_NEW(run, &bins->atom, n_atoms, "bins of atoms"));
  TRY(MEMORY_NEW(run, &bins->position, 3 * n_atoms, "wrapped positions"));
  return MEMORY_NEW(run, &bins->slot, bins->n_slots, "bins of atoms");
}

void bins_free(run *run, bins *bins) {
  memory_free(run, bins->bin);
  memory_free(run, bins->bin_of);
  memory_free(run, bins->atom);
  memory_free(run, bins->position);
  memory_free(run, bins->slot);
}

/* The position moved into the cell; unchanged, to the last bit, when it lies there already. */
static int32_t bins_wrap(const lattice *lattice, int64_t atom, const double *position, double *wrapped) {
  const double farthest = lattice->any ? BINS_FARTHEST_WRAPPED : BINS_FARTHEST;
  double cells[3] = {0, 0, 0};
  for (int k = 0; k < 3; ++k)
    if (fabs(position[k]) > farthest)
      return error_set(TERN_ERROR_DATA,
                       "atom %lld lies at %g Angstrom, where distances lose their decimals: at most %g is possible",
                       (long long)atom, position[k], farthest);
  memcpy(wrapped, position, 3 * sizeof *wrapped);
  for (int d = 0; d < 3; ++d)
    if (lattice->periodic[d])
      cells[d] = floor(lattice_dot(lattice->reciprocal[d], position));
  for (int d = 0; d < 3; ++d)
    for (int k = 0; k < 3 && cells[d] != 0; ++k)
      wrapped[k] -= cells[d] * lattice->vectors[d][k];
  return TERN_SUCCESS;
}

/* Widths at least the reach, which exceeds the cutoff by more than the rounding of any position. */
static int32_t bins_divide(bins *bins, double cutoff, double largest) {
  const double reach = cutoff * (1 + 1e-9) + 4e-15 * largest;
  double views = 1;
  for (int d = 0; d < 3; ++d) {
    const double height = bins->lattice.heights[d];
    const double count = bins->lattice.periodic[d] ? fmax(1, fmin(floor(height / reach), 1e15)) : 0;
    const double range = bins->lattice.periodic[d] ? ceil(reach * count / height) : 1;
    bins->width[d] = bins->lattice.periodic[d] ? 1 / count : reach / height;
    views *= 2 * range + 1;
    if (!(views <= BINS_MOST_VIEWS))
      return error_set(TERN_ERROR_DATA,
                       "a cutoff of %g Angstrom reaches over more than %g periodic images: the cell is too small",
                       cutoff, BINS_MOST_VIEWS);
    bins->count[d] = (int64_t)count;
    bins->range[d] = (int64_t)range;
  }
  return TERN_SUCCESS;
}

static void bins_locate(const bins *bins, const double *wrapped, int64_t place[3]) {
  for (int d = 0; d < 3; ++d) {
    place[d] = (int64_t)floor(lattice_dot(bins->lattice.reciprocal[d], wrapped) / bins->width[d]);
    if (bins->lattice.periodic[d]) /* rounding may put what lies on a face just outside */
      place[d] = place[d] < 0 ? 0 : place[d] >= bins->count[d] ? bins->count[d] - 1 : place[d];
  }
}

/* Where the bin of a place is in the hash table, or the free slot where it would be. */
static int64_t bins_slot(const bins *bins, const int64_t place[3]) {
  uint64_t hash = 0;
  for (int d = 0; d < 3; ++d) {
    hash = (hash ^ (uint64_t)place[d]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  int64_t slot = (int64_t)(hash & (uint64_t)(bins->n_slots - 1));
  while (bins->slot[slot] != 0 && memcmp(bins->bin[bins->slot[slot] - 1].place, place, 3 * sizeof *place) != 0)
    slot = (slot + 1) & (bins->n_slots - 1);
  return slot;
}

static void bins_insert(bins *bins, int64_t atom, const double *wrapped) {
  int64_t place[3];
  bins_locate(bins, wrapped, place);
  const int64_t slot = bins_slot(bins, place);
  if (bins->slot[slot] == 0) {
    memcpy(bins->bin[bins->n_bins].place, place, sizeof place);
    bins->slot[slot] = ++bins->n_bins;
  }
  bins->bin_of[atom] = bins->slot[slot] - 1;
  ++bins->bin[bins->bin_of[atom]].last; /* a count, until bins_sort */
}

/* Counting sort by bin. `wrapped` is by atom. */
static void bins_sort(bins *bins, const double *wrapped) {
  int64_t first = 0;
  for (int64_t b = 0; b < bins->n_bins; ++b) {
    const int64_t count = bins->bin[b].last;
    bins->bin[b].first = bins->bin[b].last = first;
    first += count;
  }
  for (int64_t i = 0; i < bins->n_atoms; ++i) {
    const int64_t at = bins->bin[bins->bin_of[i]].last++;
    bins->atom[at] = i;
    memcpy(bins->position + 3 * at, wrapped + 3 * i, 3 * sizeof *wrapped);
  }
}

static int32_t bins_fill(bins *bins, const tern_system *system, double cutoff, double *wrapped) {
  double largest = 0;
  for (int64_t i = 0; i < system->n_atoms; ++i) {
    TRY(bins_wrap(&bins->lattice, i, system->positions + 3 * i, wrapped + 3 * i));
    for (int k = 0; k < 3; ++k)
      largest = fmax(largest, fabs(wrapped[3 * i + k]));
  }
  TRY(bins_divide(bins, cutoff, largest));
  for (int64_t i = 0; i < system->n_atoms; ++i)
    bins_insert(bins, i, wrapped + 3 * i);
  bins_sort(bins, wrapped);
  return TERN_SUCCESS;
}

int32_t bins_make(run *run, bins *bins, const tern_system *system, double cutoff) {
  double *wrapped = NULL;
  memset(bins, 0, sizeof *bins);
  lattice_make(&bins->lattice, system->cell, system->periodic);
  int32_t status = MEMORY_NEW(run, &wrapped, 3 * system->n_atoms, "wrapped positions");
  if (status == TERN_SUCCESS)
    status = bins_allocate(run, bins, system->n_atoms);
  if (status == TERN_SUCCESS)
    status = bins_fill(bins, system, cutoff, wrapped);
  memory_free(run, wrapped);
  if (status != TERN_SUCCESS)
    bins_free(run, bins);
  return status;
}

int64_t bins_views(const bins *bins) {
  return (2 * bins->range[0] + 1) * (2 * bins->range[1] + 1) * (2 * bins->range[2] + 1);
}

/* The bin at a place counted from the central cell on, images included; -1 when it holds no atoms. */
static int64_t bins_find(const bins *bins, const int64_t place[3], int64_t cells[3]) {
  int64_t wrapped[3];
  for (int d = 0; d < 3; ++d) {
    cells[d] = 0;
    wrapped[d] = place[d];
    if (bins->lattice.periodic[d]) {
      wrapped[d] = place[d] % bins->count[d];
      wrapped[d] += wrapped[d] < 0 ? bins->count[d] : 0;
      cells[d] = (place[d] - wrapped[d]) / bins->count[d];
    }
  }
  return bins->slot[bins_slot(bins, wrapped)] - 1;
}

/* Without images every bin is seen once, if at all: few bins are compared sooner than all places are looked up. */
static int64_t bins_view_each(const bins *bins, const int64_t middle[3], bin_view *views) {
  int64_t count = 0;
  for (int64_t b = 0; b < bins->n_bins; ++b) {
    const int64_t *place = bins->bin[b].place;
    bool near = true;
    for (int d = 0; d < 3; ++d)
      near = near && place[d] - middle[d] <= bins->range[d] && middle[d] - place[d] <= bins->range[d];
    if (near)
      views[count++] = (bin_view){.bin = b, .home = true};
  }
  return count;
}

int64_t bins_view(const bins *bins, int64_t center, bin_view *views) {
  const int64_t *middle = bins->bin[center].place, *range = bins->range;
  int64_t count = 0, place[3], cells[3];
  if (!bins->lattice.any && bins->n_bins <= bins_views(bins))
    return bins_view_each(bins, middle, views);
  for (place[0] = middle[0] - range[0]; place[0] <= middle[0] + range[0]; ++place[0])
    for (place[1] = middle[1] - range[1]; place[1] <= middle[1] + range[1]; ++place[1])
      for (place[2] = middle[2] - range[2]; place[2] <= middle[2] + range[2]; ++place[2]) {
        bin_view *view = &views[count];
        view->bin = bins_find(bins, place, cells);
        if (view->bin < 0)
          continue;
        view->home = cells[0] == 0 && cells[1] == 0 && cells[2] == 0;
        for (int k = 0; k < 3; ++k)
          view->shift[k] = (double)cells[0] * bins->lattice.vectors[0][k] +
                           (double)cells[1] * bins->lattice.vectors[1][k] +
                           (double)cells[2] * bins->lattice.vectors[2][k];
        ++count;
      }
  return count;
}
