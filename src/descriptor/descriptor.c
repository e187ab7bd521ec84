/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor's life: made from options, asked about itself, ended. */
#include "descriptor/descriptor.h"

#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"

/* The option `centers`: a list without duplicates, or all (n_centers = -1). */
static int32_t descriptor_read_centers(tern_descriptor *descriptor) {
  const int64_t *centers;
  TRY(options_integers(descriptor->options, "centers", &descriptor->n_centers, &centers));
  if (descriptor->n_centers < 0)
    return TERN_SUCCESS;
  const int64_t count = descriptor->n_centers;
  if (count == 0)
    return error_set(TERN_ERROR_OPTION,
                     "option 'centers' is an empty list; valid are all, or a list of atoms such as 0,1");
  TRY(MEMORY_NEW(NULL, &descriptor->centers, count, "centres"));
  memcpy(descriptor->centers, centers, (size_t)count * sizeof *centers);
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < i; j++)
      if (centers[i] == centers[j])
        return error_set(TERN_ERROR_OPTION,
                         "option 'centers' lists atom %" PRId64 " twice (entries %" PRId64 " and %" PRId64
                         "); each centre may be there once",
                         centers[i], j, i);
  return TERN_SUCCESS;
}

int32_t descriptor_option_species(const tern_options *options, int32_t *species, int32_t *count) {
  int64_t n_listed;
  const int64_t *listed;
  bool known[DESCRIPTOR_MOST_SPECIES] = {false};
  TRY(options_integers(options, "species", &n_listed, &listed));
  for (int64_t i = 0; i < n_listed; i++)
    known[listed[i]] = true;
  *count = 0;
  for (int32_t number = 1; number < DESCRIPTOR_MOST_SPECIES; number++)
    if (known[number])
      species[(*count)++] = number;
  return TERN_SUCCESS;
}

static int32_t descriptor_create_state(tern_descriptor *descriptor, int32_t count, const int32_t *species) {
  if (count == 0)
    return TERN_SUCCESS;
  TRY(MEMORY_NEW(NULL, &descriptor->species, count, "species"));
  memcpy(descriptor->species, species, (size_t)count * sizeof *species);
  descriptor->n_species = count;
  return kind_create(descriptor->kind, &descriptor->state, descriptor->options, count, species);
}

static int32_t descriptor_fill(tern_descriptor *descriptor, const tern_options *options, int32_t n_species,
                               const int32_t *species) {
  TRY(options_check(options, descriptor->kind->name, "descriptor"));
  TRY(options_copy(&descriptor->options, options));
  TRY(options_real(descriptor->options, "cutoff", &descriptor->cutoff));
  TRY(descriptor_read_centers(descriptor));
  TRY(kind_choose(descriptor->kind, descriptor->options, &descriptor->kind));
  descriptor->index_size = kind_index_size(descriptor->kind, descriptor->options);
  return descriptor_create_state(descriptor, n_species, species);
}

int32_t descriptor_new_of_kind(tern_descriptor **descriptor, const descriptor_kind *kind, const tern_options *options,
                               int32_t n_species, const int32_t *species) {
  tern_descriptor *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "descriptor"));
  made->tag = HANDLE_DESCRIPTOR;
  made->kind = kind;
  const int32_t status = descriptor_fill(made, options, n_species, species);
  if (status == TERN_SUCCESS)
    *descriptor = made;
  else
    descriptor_free(made);
  return status;
}

int32_t descriptor_new(tern_descriptor **descriptor, const char *kind, const tern_options *options) {
  int32_t species[DESCRIPTOR_MOST_SPECIES], n_species = 0;
  const descriptor_kind *found = descriptor_kind_find(kind);
  if (found == NULL)
    return descriptor_kind_unknown(kind);
  TRY(options_check(options, kind, "descriptor"));
  TRY(descriptor_option_species(options, species, &n_species));
  return descriptor_new_of_kind(descriptor, found, options, n_species, species);
}

int32_t descriptor_new_for_species(tern_descriptor **descriptor, const char *kind, const tern_options *options,
                                   int32_t n_species, const int32_t *species) {
  const descriptor_kind *found = descriptor_kind_find(kind);
  return found == NULL ? descriptor_kind_unknown(kind)
                       : descriptor_new_of_kind(descriptor, found, options, n_species, species);
}

static int32_t descriptor_fill_like(tern_descriptor *descriptor, const tern_descriptor *like) {
  TRY(options_copy(&descriptor->options, like->options));
  descriptor->cutoff = like->cutoff;
  TRY(descriptor_read_centers(descriptor));
  descriptor->index_size = kind_index_size(descriptor->kind, descriptor->options);
  TRY(MEMORY_NEW(NULL, &descriptor->species, like->n_species, "species"));
  memcpy(descriptor->species, like->species, (size_t)like->n_species * sizeof *like->species);
  descriptor->n_species = like->n_species;
  return TERN_SUCCESS;
}

int32_t descriptor_new_like(tern_descriptor **descriptor, const descriptor_kind *kind, const tern_descriptor *like,
                            void *state) {
  tern_descriptor *made = NULL;
  int32_t status = MEMORY_NEW(NULL, &made, 1, "descriptor");
  if (status != TERN_SUCCESS) {
    kind_destroy(kind, state);
    return status;
  }
  made->tag = HANDLE_DESCRIPTOR;
  made->kind = kind;
  made->state = state;
  status = descriptor_fill_like(made, like);
  if (status == TERN_SUCCESS)
    *descriptor = made;
  else
    descriptor_free(made);
  return status;
}

static void descriptor_clear(tern_descriptor *descriptor) {
  kind_destroy(descriptor->kind, descriptor->state);
  options_free(descriptor->options);
  memory_free(NULL, descriptor->species);
  memory_free(NULL, descriptor->centers);
}

void descriptor_free(tern_descriptor *descriptor) {
  if (descriptor == NULL)
    return;
  descriptor_clear(descriptor);
  descriptor->tag = HANDLE_END(HANDLE_DESCRIPTOR);
  memory_free(NULL, descriptor);
}

bool descriptor_fitted(const tern_descriptor *descriptor) {
  const descriptor_kind *kind = descriptor->kind;
  return descriptor->state != NULL && (kind->fitted == NULL || kind->fitted(descriptor->state));
}

int32_t descriptor_ready(const tern_descriptor *descriptor) {
  if (descriptor_fitted(descriptor))
    return TERN_SUCCESS;
  if (descriptor->state != NULL)
    return error_set(TERN_ERROR_DATA,
                     "this %s descriptor learns from data and is not fitted yet: fit it on a data set first",
                     descriptor->kind->name);
  return error_set(TERN_ERROR_DATA,
                   "this %s descriptor does not know its species yet: set the option 'species' (such as 1,8), "
                   "or fit the descriptor on a data set",
                   descriptor->kind->name);
}

int32_t descriptor_labels(const tern_descriptor *descriptor, text *json) {
  TRY(descriptor_ready(descriptor));
  const int64_t features = descriptor->kind->features(descriptor->state);
  text_add(json, "[");
  for (int64_t column = 0; column < features; column++) {
    text_add(json, column == 0 ? "" : ", ");
    descriptor->kind->label(descriptor->state, column, json);
  }
  text_add(json, "]");
  return json->failed ? error_set(TERN_ERROR_MEMORY, "labels: memory ran out") : TERN_SUCCESS;
}
