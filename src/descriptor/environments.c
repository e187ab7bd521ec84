/* SPDX-License-Identifier: BSD-3-Clause */
/* From a system to the environments of its centres, and the loop over them on threads. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "descriptor/descriptor.h"
#include "system/lattice.h"

/* ENVIRONMENTS_CHUNK centres pass between two reports of progress; a thread gets at least ENVIRONMENTS_GRAIN of them.
 */
enum { ENVIRONMENTS_MOST_SPECIES = 119, ENVIRONMENTS_CHUNK = 1024, ENVIRONMENTS_GRAIN = 4, ENVIRONMENTS_FEW = 100 };

static int32_t environments_refuse_species(const tern_descriptor *descriptor, int64_t atom, int32_t number) {
  text known = {0};
  for (int32_t s = 0; s < descriptor->n_species; s++)
    text_add(&known, "%s%s (%" PRId32 ")", s == 0 ? "" : ", ", elements_symbol(descriptor->species[s]),
             descriptor->species[s]);
  const char *symbol = elements_symbol(number);
  error_set(TERN_ERROR_DATA,
            "atom %" PRId64 " is %s (%" PRId32 "), a species that the descriptor does not know; it knows %s", atom,
            symbol ? symbol : "?", number, known.failed ? "others" : known.data);
  text_free(&known);
  return TERN_ERROR_DATA;
}

/* index[number] becomes the place of an atomic number in the descriptor's species. */
static int32_t environments_map_species(const tern_descriptor *descriptor, const tern_system *system, int32_t *index) {
  for (int32_t number = 0; number < ENVIRONMENTS_MOST_SPECIES; number++)
    index[number] = -1;
  for (int32_t s = 0; s < descriptor->n_species; s++)
    index[descriptor->species[s]] = s;
  for (int64_t atom = 0; atom < system->n_atoms; atom++) {
    const int32_t number = system->species[atom];
    if (number < 0 || number >= ENVIRONMENTS_MOST_SPECIES || index[number] < 0)
      return environments_refuse_species(descriptor, atom, number);
  }
  return TERN_SUCCESS;
}

static int32_t environments_check_centers(const tern_descriptor *descriptor, const tern_system *system) {
  for (int64_t i = 0; i < descriptor->n_centers; i++)
    if (descriptor->centers[i] >= system->n_owned)
      return error_set(TERN_ERROR_DATA,
                       "option 'centers' lists atom %" PRId64 ", but the system has %" PRId64
                       " atoms of its own (0 to %" PRId64 ")",
                       descriptor->centers[i], system->n_owned, system->n_owned - 1);
  return TERN_SUCCESS;
}

int64_t descriptor_count_centers(const tern_descriptor *descriptor, const tern_system *system) {
  return descriptor->n_centers < 0 ? system->n_owned : descriptor->n_centers;
}

center_range descriptor_all_centers(const tern_descriptor *descriptor, const tern_system *system) {
  return (center_range){0, descriptor_count_centers(descriptor, system)};
}

static int32_t environments_check_range(const tern_descriptor *descriptor, const tern_system *system,
                                        center_range range) {
  const int64_t total = descriptor_count_centers(descriptor, system);
  if (range.first < 0 || range.first > total)
    return error_set(TERN_ERROR_ARGUMENT,
                     "argument 'first_center' is %" PRId64 ", but there are %" PRId64
                     " centres: valid are 0 to %" PRId64,
                     range.first, total, total > 0 ? total - 1 : 0);
  if (range.count < 0 || range.count > total - range.first)
    return error_set(TERN_ERROR_ARGUMENT,
                     "argument 'n_centers' is %" PRId64 ", but %" PRId64 " of the %" PRId64
                     " centres begin at number %" PRId64 ": valid are 0 to %" PRId64,
                     range.count, total - range.first, total, range.first, total - range.first);
  return TERN_SUCCESS;
}

typedef struct environments_neighbour {
  int64_t atom;
  double image[3]; /* whole numbers: the cell that it lies in, counted from its atom's own */
  double vector[3];
} environments_neighbour;

static int environments_compare_triples(const double *a, const double *b) {
  for (int axis = 0; axis < 3; axis++)
    if (a[axis] != b[axis])
      return a[axis] < b[axis] ? -1 : 1;
  return 0;
}

static int environments_compare(const void *first, const void *second) {
  const environments_neighbour *a = first, *b = second;
  if (a->atom != b->atom)
    return a->atom < b->atom ? -1 : 1;
  const int by_image = environments_compare_triples(a->image, b->image);
  return by_image != 0 ? by_image : environments_compare_triples(a->vector, b->vector);
}

static void environments_insert(environments_neighbour *buffer, int64_t count) {
  for (int64_t k = 1; k < count; k++) {
    const environments_neighbour moved = buffer[k];
    int64_t place = k;
    for (; place > 0 && environments_compare(&buffer[place - 1], &moved) > 0; place--)
      buffer[place] = buffer[place - 1];
    buffer[place] = moved;
  }
}

static void environments_sort_buffer(environments_neighbour *buffer, int64_t count) {
  if (count <= ENVIRONMENTS_FEW)
    environments_insert(buffer, count);
  else
    qsort(buffer, (size_t)count, sizeof *buffer, environments_compare);
}

typedef struct environments_arranging {
  environments *environments;
  environments_neighbour *buffers; /* [threads][most_neighbours] */
  const tern_system *system;
  const int32_t *index; /* of species */
  lattice lattice;
} environments_arranging;

/* Images of one atom in the order of their cells: a strain or rounding may change the order of their vectors, and with
   it that of rows. Returns how many there are. */
static int64_t environments_sort_images(const environments_arranging *arranging, int64_t center_atom,
                                        environments_neighbour *buffer, int64_t count) {
  const double *own = arranging->system->positions + 3 * center_atom;
  const double *other = arranging->system->positions + 3 * buffer[0].atom;
  int64_t images = 1;
  while (images < count && buffer[images].atom == buffer[0].atom)
    images++;
  for (int64_t k = 0; k < images && images > 1; k++) {
    double shift[3];
    for (int axis = 0; axis < 3; axis++)
      shift[axis] = buffer[k].vector[axis] - (other[axis] - own[axis]);
    for (int d = 0; d < 3; d++)
      buffer[k].image[d] = round(lattice_dot(arranging->lattice.reciprocal[d], shift));
  }
  environments_sort_buffer(buffer, images);
  return images;
}

/* Neighbours by atom, the images of an atom by their cells: the rows' order must not depend on the list's source. */
static void environments_sort(const environments_arranging *arranging, int64_t center,
                              environments_neighbour *buffer) {
  const neighbours *list = &arranging->environments->neighbours;
  const int64_t first = list->first[center], count = list->first[center + 1] - first;
  bool sorted = true;
  const bool images = arranging->lattice.any;
  for (int64_t k = 0; k < count; k++) {
    buffer[k] = (environments_neighbour){.atom = list->atom[first + k]};
    memcpy(buffer[k].vector, list->vectors + 3 * (first + k), sizeof buffer[k].vector);
    sorted = sorted && (k == 0 || environments_compare(&buffer[k - 1], &buffer[k]) <= 0);
  }
  if (sorted && !images)
    return;
  if (!sorted)
    environments_sort_buffer(buffer, count);
  for (int64_t k = 0; images && k < count;)
    k += environments_sort_images(arranging, arranging->environments->centers[center], buffer + k, count - k);
  for (int64_t k = 0; k < count; k++) {
    list->atom[first + k] = buffer[k].atom;
    memcpy(list->vectors + 3 * (first + k), buffer[k].vector, sizeof buffer[k].vector);
  }
}

static int32_t environments_arrange_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const environments_arranging *arranging = context;
  const int32_t *species = arranging->system->species;
  environments *made = arranging->environments;
  const neighbours *list = &made->neighbours;
  for (int64_t center = begin; center < end; center++) {
    environments_sort(arranging, center, arranging->buffers + thread * made->most_neighbours);
    made->center_species[center] = arranging->index[species[made->centers[center]]];
    for (int64_t pair = list->first[center]; pair < list->first[center + 1]; pair++)
      made->species[pair] = arranging->index[species[list->atom[pair]]];
  }
  return TERN_SUCCESS;
}

static int32_t environments_arrange(run *run, const tern_system *system, const int32_t *index, environments *made) {
  const neighbours *list = &made->neighbours;
  enum { grain = 256 };
  for (int64_t center = 0; center < list->n_centers; center++) {
    const int64_t count = list->first[center + 1] - list->first[center];
    made->most_neighbours = count > made->most_neighbours ? count : made->most_neighbours;
  }
  environments_arranging arranging = {.environments = made, .system = system, .index = index};
  if (system->positions != NULL)
    lattice_make_as_given(&arranging.lattice, system->cell, system->periodic);
  const int64_t buffers = made->most_neighbours * threads_count(run, list->n_centers, grain);
  TRY(MEMORY_NEW(run, &arranging.buffers, buffers, "sorting of neighbours"));
  const int32_t status = threads_for(run, list->n_centers, grain, environments_arrange_part, &arranging);
  memory_free(run, arranging.buffers);
  return status;
}

static void environments_count_rows(const tern_descriptor *descriptor, environments *made) {
  const descriptor_kind *kind = descriptor->kind;
  for (int64_t center = 0; center < made->neighbours.n_centers; center++) {
    const environment around = environments_at(made, center);
    const int64_t rows = kind->rows == NULL ? 1 : kind->rows(descriptor->state, &around);
    made->first_row[center + 1] = made->first_row[center] + rows;
    made->most_rows = rows > made->most_rows ? rows : made->most_rows;
  }
  made->n_rows = made->first_row[made->neighbours.n_centers];
}

static int32_t environments_fill(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, environments *made) {
  int32_t index[ENVIRONMENTS_MOST_SPECIES];
  TRY(environments_check_centers(descriptor, system));
  TRY(environments_check_range(descriptor, system, range));
  TRY(environments_map_species(descriptor, system, index));
  const int64_t count = range.count;
  const bool all_atoms = descriptor->n_centers < 0 && count == system->n_owned;
  TRY(MEMORY_NEW(run, &made->centers, count, "centres"));
  for (int64_t i = 0; i < count; i++)
    made->centers[i] = descriptor_center(descriptor, range.first + i);
  TRY(neighbours_build(run, system, descriptor->cutoff, count, all_atoms ? NULL : made->centers, &made->neighbours));
  TRY(MEMORY_NEW(run, &made->center_species, count, "species of centres"));
  TRY(MEMORY_NEW(run, &made->first_row, count + 1, "rows of centres"));
  TRY(MEMORY_NEW(run, &made->species, made->neighbours.first[count], "species of neighbours"));
  return environments_arrange(run, system, index, made);
}

static int32_t environments_gather_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                         center_range range, environments *environments) {
  struct environments made = {0};
  const int32_t status = environments_fill(descriptor, run, system, range, &made);
  if (status == TERN_SUCCESS)
    *environments = made;
  else
    environments_free(run, &made);
  return status;
}

int32_t environments_gather(const tern_descriptor *descriptor, run *run, const tern_system *system,
                            environments *environments) {
  return environments_gather_range(descriptor, run, system, descriptor_all_centers(descriptor, system), environments);
}

int32_t environments_build_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                 center_range range, environments *environments) {
  TRY(descriptor_ready(descriptor));
  TRY(environments_gather_range(descriptor, run, system, range, environments));
  environments_count_rows(descriptor, environments);
  return TERN_SUCCESS;
}

int32_t environments_build(const tern_descriptor *descriptor, run *run, const tern_system *system,
                           environments *environments) {
  return environments_build_range(descriptor, run, system, descriptor_all_centers(descriptor, system), environments);
}

void environments_free(run *run, environments *environments) {
  neighbours_free(run, &environments->neighbours);
  memory_free(run, environments->centers);
  memory_free(run, environments->center_species);
  memory_free(run, environments->first_row);
  memory_free(run, environments->species);
  *environments = (struct environments){0};
}

environment environments_at(const environments *environments, int64_t index) {
  const neighbours *list = &environments->neighbours;
  const int64_t first = list->first[index];
  return (environment){.n_neighbours = list->first[index + 1] - first,
                       .vectors = list->vectors + 3 * first,
                       .species = environments->species + first,
                       .center_species = environments->center_species[index]};
}

void environments_add_gradient(const environments *environments, int64_t center, const double *gradient,
                               double *positions, double *strain) {
  const environment around = environments_at(environments, center);
  const int64_t *atoms = environments->neighbours.atom + environments->neighbours.first[center];
  double *own = positions + 3 * environments->centers[center];
  for (int64_t k = 0; k < around.n_neighbours; k++)
    for (int a = 0; a < 3; a++) {
      const double slope = gradient[3 * k + a];
      positions[3 * atoms[k] + a] += slope;
      own[a] -= slope;
      for (int b = 0; b < 3; b++)
        strain[3 * a + b] += slope * around.vectors[3 * k + b];
    }
}

int32_t descriptor_shape_range(const tern_descriptor *descriptor, run *run, const tern_system *system,
                               center_range range, int64_t *rows, int64_t *features) {
  int32_t index[ENVIRONMENTS_MOST_SPECIES];
  environments made = {0};
  TRY(descriptor_ready(descriptor));
  TRY(environments_check_centers(descriptor, system));
  TRY(environments_check_range(descriptor, system, range));
  TRY(environments_map_species(descriptor, system, index));
  if (descriptor->kind->rows == NULL) /* one row for a centre: no need to look for neighbours */
    made.n_rows = range.count;
  else
    TRY(environments_build_range(descriptor, run, system, range, &made));
  if (rows != NULL)
    *rows = made.n_rows;
  if (features != NULL)
    *features = descriptor->kind->features(descriptor->state);
  environments_free(run, &made);
  return TERN_SUCCESS;
}

typedef struct environments_loop {
  environments_work work;
  void *context;
  int64_t first; /* centre of item 0 */
  char *scratch; /* [threads][stride] */
  int64_t stride;
} environments_loop;

static int32_t environments_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  const environments_loop *loop = context;
  for (int64_t item = begin; item < end; item++)
    TRY(loop->work(loop->context, loop->first + item, loop->scratch + thread * loop->stride, thread));
  return TERN_SUCCESS;
}

int32_t environments_threads(const run *run, const environments *environments) {
  const int64_t count = environments->neighbours.n_centers;
  return threads_count(run, count < ENVIRONMENTS_CHUNK ? count : ENVIRONMENTS_CHUNK, ENVIRONMENTS_GRAIN);
}

static int32_t environments_chunks(run *run, environments_loop *loop, const char *stage, int64_t begin, int64_t end) {
  for (int64_t first = begin; first < end; first += ENVIRONMENTS_CHUNK) {
    const int64_t count = end - first < ENVIRONMENTS_CHUNK ? end - first : ENVIRONMENTS_CHUNK;
    loop->first = first;
    TRY(threads_for(run, count, ENVIRONMENTS_GRAIN, environments_part, loop));
    TRY(run_report(run, stage, first + count - begin, end - begin, -1));
  }
  return TERN_SUCCESS;
}

int32_t environments_each(const tern_descriptor *descriptor, run *run, const environments *environments,
                          const char *stage, int64_t begin, int64_t end, environments_work work, void *context) {
  const int64_t bytes = descriptor->kind->scratch(descriptor->state, environments->most_neighbours);
  environments_loop loop = {.work = work, .context = context, .stride = (bytes + 63) / 64 * 64};
  TRY(memory_new(run, (void **)&loop.scratch, environments_threads(run, environments), loop.stride,
                 "scratch of a descriptor"));
  const int32_t status = environments_chunks(run, &loop, stage, begin, end);
  memory_free(run, loop.scratch);
  return status;
}
