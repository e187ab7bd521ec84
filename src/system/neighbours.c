/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour lists: one pass over the bins counts, a second one fills, so that memory is exact and the order does not
   depend on the number of threads. */
#include "system/neighbours.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "system/bins.h"
#include "system/neighbours_pairs.h"
#include "system/system_check.h"

enum { NEIGHBOURS_GRAIN = 256 };

typedef struct search {
  run *run;
  bins bins;
  double cutoff;
  int64_t n_centers;
  const int64_t *centers; /* NULL: all atoms */
  int64_t *order;         /* [n_centers] numbers of centres, those of a bin together */
  neighbours *list;
  bool fill; /* second pass: list->first is complete */
} search;

static int64_t search_center(const search *search, int64_t number) {
  return search->centers != NULL ? search->centers[number] : number;
}

static int32_t search_coincident(int64_t a, int64_t b) {
  return error_set(TERN_ERROR_DATA, "atoms %lld and %lld (counted from 0) are at the same place",
                   (long long)(a < b ? a : b), (long long)(a < b ? b : a));
}

/* Counts or writes the neighbours of one atom at `origin` that lie in one bin; *place is where the next one goes. */
static int32_t search_bin(const search *search, int64_t center, const double *origin, const bin_view *view,
                          int64_t *place) {
  const bins *bins = &search->bins;
  const bin *bin = &bins->bin[view->bin];
  const double limit = search->cutoff * search->cutoff;
  for (int64_t n = bin->first; n < bin->last; ++n) {
    const double *position = bins->position + 3 * n;
    const double x = position[0] - origin[0] + view->shift[0], y = position[1] - origin[1] + view->shift[1],
                 z = position[2] - origin[2] + view->shift[2];
    const double square = x * x + y * y + z * z;
    if (square >= limit)
      continue;
    if (square < SYSTEM_COINCIDENT * SYSTEM_COINCIDENT) {
      if (view->home && bins->atom[n] == center)
        continue;
      return search_coincident(center, bins->atom[n]);
    }
    if (search->fill) {
      double *vector = search->list->vectors + 3 * *place;
      vector[0] = x;
      vector[1] = y;
      vector[2] = z;
      search->list->atom[*place] = bins->atom[n];
    }
    ++*place;
  }
  return TERN_SUCCESS;
}

/* Where an atom is in the order of the bins. */
static int64_t search_rank(const bins *bins, int64_t atom) {
  int64_t low = bins->bin[bins->bin_of[atom]].first, high = bins->bin[bins->bin_of[atom]].last;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    if (bins->atom[middle] <= atom)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static int32_t search_range(const search *search, int64_t begin, int64_t end, bin_view *views) {
  int64_t seen = -1, n_views = 0;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t number = search->order[n], center = search_center(search, number);
    if (search->bins.bin_of[center] != seen) {
      seen = search->bins.bin_of[center];
      n_views = bins_view(&search->bins, seen, views);
    }
    const double *origin = search->bins.position + 3 * search_rank(&search->bins, center);
    int64_t place = search->fill ? search->list->first[number] : 0;
    for (int64_t v = 0; v < n_views; ++v)
      TRY(search_bin(search, center, origin, &views[v], &place));
    if (!search->fill)
      search->list->first[number + 1] = place;
  }
  return TERN_SUCCESS;
}

static int32_t search_task(void *context, int64_t begin, int64_t end, int32_t thread) {
  const search *search = context;
  bin_view *views = NULL;
  (void)thread;
  TRY(MEMORY_NEW(search->run, &views, bins_views(&search->bins), "bins in reach"));
  const int32_t status = search_range(search, begin, end, views);
  memory_free(search->run, views);
  return status;
}

/* Centres by bin (counting sort), so that what a bin sees is looked up once for all of them. */
static int32_t search_sort(search *search) {
  const bins *bins = &search->bins;
  int64_t *next = NULL;
  TRY(MEMORY_NEW(search->run, &search->order, search->n_centers, "the order of the centres"));
  TRY(MEMORY_NEW(search->run, &next, bins->n_bins + 1, "the order of the centres"));
  for (int64_t c = 0; c < search->n_centers; ++c)
    ++next[bins->bin_of[search_center(search, c)] + 1];
  for (int64_t b = 0; b < bins->n_bins; ++b)
    next[b + 1] += next[b];
  for (int64_t c = 0; c < search->n_centers; ++c)
    search->order[next[bins->bin_of[search_center(search, c)]]++] = c;
  memory_free(search->run, next);
  return TERN_SUCCESS;
}

static int32_t search_count(search *search) {
  neighbours *list = search->list;
  list->n_centers = search->n_centers;
  TRY(search_sort(search));
  TRY(MEMORY_NEW(search->run, &list->first, search->n_centers + 1, "a neighbour list"));
  return threads_for(search->run, search->n_centers, NEIGHBOURS_GRAIN, search_task, search);
}

static int32_t search_fill(search *search) {
  neighbours *list = search->list;
  for (int64_t c = 0; c < list->n_centers; ++c)
    list->first[c + 1] += list->first[c];
  TRY(MEMORY_NEW(search->run, &list->atom, list->first[list->n_centers], "a neighbour list"));
  TRY(MEMORY_NEW(search->run, &list->vectors, 3 * list->first[list->n_centers], "a neighbour list"));
  search->fill = true;
  return threads_for(search->run, search->n_centers, NEIGHBOURS_GRAIN, search_task, search);
}

/* Atoms that are somebody's neighbours, ascending; returns how many. */
static int64_t search_seen(const neighbours *list, int64_t n_atoms, int64_t *seen) {
  int64_t count = 0;
  for (int64_t pair = 0; pair < list->first[list->n_centers]; ++pair)
    seen[list->atom[pair]] = 1;
  for (int64_t atom = 0; atom < n_atoms; ++atom)
    if (seen[atom])
      seen[count++] = atom;
  return count;
}

/* Two atoms at one place spoil an environment also when neither is a centre: all neighbours are searched, and only
   counted. */
static int32_t search_check(const search *part) {
  neighbours counts = {0};
  search all = *part;
  int64_t *seen = NULL;
  TRY(MEMORY_NEW(all.run, &seen, all.bins.n_atoms, "atoms that are neighbours"));
  all.n_centers = search_seen(part->list, all.bins.n_atoms, seen);
  all.centers = seen;
  all.order = NULL;
  all.list = &counts;
  all.fill = false;
  const int32_t status = search_count(&all);
  memory_free(all.run, all.order);
  memory_free(all.run, seen);
  neighbours_free(all.run, &counts);
  return status;
}

static int32_t neighbours_search(run *run, const tern_system *system, double cutoff, int64_t n_centers,
                                 const int64_t *centers, neighbours *list) {
  search search = {.run = run, .cutoff = cutoff, .n_centers = n_centers, .centers = centers, .list = list};
  TRY(bins_make(run, &search.bins, system, cutoff));
  int32_t status = search_count(&search);
  if (status == TERN_SUCCESS)
    status = search_fill(&search);
  if (status == TERN_SUCCESS && centers != NULL)
    status = search_check(&search);
  memory_free(run, search.order);
  bins_free(run, &search.bins);
  return status;
}

static int32_t neighbours_check(const tern_system *system, double cutoff, int64_t n_centers, const int64_t *centers) {
  if (!(cutoff > 0) || !isfinite(cutoff))
    return error_set(TERN_ERROR_ARGUMENT, "cutoff is %g: a positive finite number is needed", cutoff);
  if (centers == NULL)
    return TERN_SUCCESS;
  TRY(system_check_count("the number of centers", n_centers));
  for (int64_t c = 0; c < n_centers; ++c)
    if (centers[c] < 0 || centers[c] >= system->n_owned)
      return error_set(TERN_ERROR_DATA, "center %lld does not exist: the structure has %lld atoms, counted from 0",
                       (long long)centers[c], (long long)system->n_owned);
  return TERN_SUCCESS;
}

int32_t neighbours_build(run *run, const tern_system *system, double cutoff, int64_t n_centers, const int64_t *centers,
                         neighbours *list) {
  neighbours made = {0};
  TRY(neighbours_check(system, cutoff, n_centers, centers));
  const int64_t count = centers != NULL ? n_centers : system->n_owned;
  const int32_t status = system->positions != NULL ? neighbours_search(run, system, cutoff, count, centers, &made)
                                                   : neighbours_from_pairs(run, system, cutoff, count, centers, &made);
  if (status != TERN_SUCCESS) {
    neighbours_free(run, &made);
    return status;
  }
  *list = made;
  return TERN_SUCCESS;
}

void neighbours_free(run *run, neighbours *list) {
  memory_free(run, list->first);
  memory_free(run, list->atom);
  memory_free(run, list->vectors);
  memset(list, 0, sizeof *list);
}
