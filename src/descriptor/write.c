/* SPDX-License-Identifier: BSD-3-Clause */
/* Features of a whole data set as a file: one pass names and counts the rows, a second one streams the values. */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "descriptor/descriptor.h"
#include "io/file.h"

enum { WRITE_BUFFER = 1 << 25 }; /* bytes of values that are held at once, unless one centre has more */

/* Where the values go: one of the two is there. */
typedef struct write_target {
  safetensors_writer *tensors;
  output_file *array;
} write_target;

typedef struct write_rows {
  int64_t count, capacity;
  int64_t *indices; /* [capacity][index_size] */
  double *weights;  /* [capacity] where rows have tags, else NULL */
} write_rows;

/* The data set in a run whose progress counts structures, not the centres within one. */
static run write_quiet(const run *run) {
  return (struct run){.threads = run->threads, .memory_limit = run->memory_limit};
}

static bool write_has_weights(const tern_descriptor *descriptor) {
  return descriptor->index_size > 2;
}

static int32_t write_grow(const tern_descriptor *descriptor, run *run, int64_t needed, write_rows *rows) {
  const int64_t capacity = needed > 2 * rows->capacity ? needed : 2 * rows->capacity;
  TRY(memory_resize(run, (void **)&rows->indices, capacity * descriptor->index_size, sizeof *rows->indices,
                    "names of the rows"));
  if (write_has_weights(descriptor))
    TRY(memory_resize(run, (void **)&rows->weights, capacity, sizeof *rows->weights, "weights of the rows"));
  rows->capacity = capacity;
  return TERN_SUCCESS;
}

static int32_t write_add_rows(const tern_descriptor *descriptor, run *run, const environments *environments,
                              int64_t structure, write_rows *rows) {
  const int64_t size = descriptor->index_size, needed = rows->count + environments->n_rows;
  if (needed > rows->capacity)
    TRY(write_grow(descriptor, run, needed, rows));
  TRY(descriptor_rows_of(descriptor, run, environments, structure, rows->indices + rows->count * size));
  if (write_has_weights(descriptor))
    TRY(descriptor_weights_of(descriptor, run, environments, rows->weights + rows->count));
  rows->count = needed;
  return TERN_SUCCESS;
}

/* Values in pieces of at most WRITE_BUFFER bytes; at least one centre at a time. */
static int32_t write_values(const tern_descriptor *descriptor, run *quiet, const environments *environments,
                            double *buffer, int64_t buffer_rows, const write_target *target) {
  const int64_t features = descriptor->kind->features(descriptor->state),
                n_centers = environments->neighbours.n_centers;
  for (int64_t begin = 0, end; begin < n_centers; begin = end) {
    for (end = begin + 1; end < n_centers; end++)
      if (environments->first_row[end + 1] - environments->first_row[begin] > buffer_rows)
        break;
    const int64_t rows = environments->first_row[end] - environments->first_row[begin];
    const int64_t bytes = rows * features * (int64_t)sizeof *buffer;
    TRY(descriptor_values_of(descriptor, quiet, environments, begin, end, buffer));
    TRY(target->tensors != NULL ? safetensors_writer_append(target->tensors, buffer, bytes)
                                : output_write(target->array, buffer, bytes));
  }
  return TERN_SUCCESS;
}

static int32_t write_buffered(const tern_descriptor *descriptor, run *quiet, const environments *environments,
                              const write_target *target) {
  const int64_t features = descriptor->kind->features(descriptor->state);
  int64_t rows = WRITE_BUFFER / (features * (int64_t)sizeof(double));
  double *buffer = NULL;
  rows = rows < environments->n_rows ? rows : environments->n_rows;
  rows = rows > environments->most_rows ? rows : environments->most_rows;
  TRY(MEMORY_NEW(quiet, &buffer, rows * features, "features of some centres"));
  const int32_t status = write_values(descriptor, quiet, environments, buffer, rows, target);
  memory_free(quiet, buffer);
  return status;
}

/* One pass over the data set: names of the rows when `rows` is given, else values into `target`. */
static int32_t write_pass(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, write_rows *rows,
                          const write_target *target) {
  struct run quiet = write_quiet(run);
  for (int64_t structure = 0; structure < dataset->size; structure++) {
    environments made;
    int32_t status = environments_build(descriptor, &quiet, dataset->frames[structure]->system, &made);
    if (status == TERN_SUCCESS) {
      status = rows != NULL ? write_add_rows(descriptor, &quiet, &made, structure, rows)
                            : write_buffered(descriptor, &quiet, &made, target);
      environments_free(&quiet, &made);
    }
    TRY(dataset_name_failure(dataset, structure, status));
    TRY(run_report(run, rows != NULL ? "rows" : "features", structure + 1, dataset->size, -1));
  }
  return TERN_SUCCESS;
}

static int32_t write_tensors(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, const char *path,
                             const write_rows *rows, const char *labels, const char *options, const char *species) {
  const int64_t features = descriptor->kind->features(descriptor->state), size = descriptor->index_size;
  const bool weights = write_has_weights(descriptor);
  /* Rows and weights first: they are known before the values. */
  const tensor tensors[] = {{.name = "rows", .type = TENSOR_INT64, .rank = 2, .shape = {rows->count, size}},
                            {.name = "values", .type = TENSOR_FLOAT64, .rank = 2, .shape = {rows->count, features}}},
               tagged[] = {tensors[0],
                           {.name = "weights", .type = TENSOR_FLOAT64, .rank = 1, .shape = {rows->count}},
                           tensors[1]};
  const metadata_entry metadata[] = {{"format", "ternion.features"},
                                     {"format_version", "1"},
                                     {"labels", labels},
                                     {"descriptor", descriptor->kind->name},
                                     {"options", options},
                                     {"species", species},
                                     {"units", "Angstrom, eV"}};
  write_target target = {0};
  TRY(safetensors_writer_open(&target.tensors, path, weights ? 3 : 2, weights ? tagged : tensors,
                              sizeof metadata / sizeof metadata[0], metadata));
  int32_t status =
      safetensors_writer_append(target.tensors, rows->indices, rows->count * size * (int64_t)sizeof *rows->indices);
  if (status == TERN_SUCCESS && weights)
    status = safetensors_writer_append(target.tensors, rows->weights, rows->count * (int64_t)sizeof *rows->weights);
  if (status == TERN_SUCCESS)
    status = write_pass(descriptor, run, dataset, NULL, &target);
  if (status == TERN_SUCCESS)
    status = safetensors_writer_close(target.tensors);
  safetensors_writer_free(target.tensors);
  return status;
}

/* Those in effect, fitted ones too. */
static void write_species(const tern_descriptor *descriptor, text *json) {
  for (int32_t s = 0; s < descriptor->n_species; s++)
    text_add(json, "%s%" PRId32, s == 0 ? "[" : ",", descriptor->species[s]);
  text_add(json, "]");
}

static int32_t write_safetensors(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset,
                                 const char *path, const write_rows *rows) {
  text labels = {0}, options = {0}, species = {0};
  int32_t status = descriptor_labels(descriptor, &labels);
  if (status == TERN_SUCCESS)
    status = descriptor_options_json(descriptor, &options);
  write_species(descriptor, &species);
  if (status == TERN_SUCCESS && species.failed)
    status = error_set(TERN_ERROR_MEMORY, "species: memory ran out");
  if (status == TERN_SUCCESS)
    status = write_tensors(descriptor, run, dataset, path, rows, labels.data, options.data, species.data);
  text_free(&labels);
  text_free(&options);
  text_free(&species);
  return status;
}

/* The header of NumPy's format 1.0, padded so that the data start on a multiple of 64 bytes:
   https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
static int32_t write_array_header(output_file *file, int64_t rows, int64_t features) {
  char dictionary[118], header[128] = "\x93NUMPY\x01";
  text_format(dictionary, sizeof dictionary,
              "{'descr': '<f8', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }", rows, features);
  header[8] = 118;
  memset(header + 10, ' ', sizeof header - 11);
  memcpy(header + 10, dictionary, strlen(dictionary));
  header[127] = '\n';
  return output_write(file, header, sizeof header);
}

static int32_t write_array(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, const char *path,
                           int64_t rows) {
  write_target target = {0};
  TRY(output_open(&target.array, path));
  int32_t status = write_array_header(target.array, rows, descriptor->kind->features(descriptor->state));
  if (status == TERN_SUCCESS)
    status = write_pass(descriptor, run, dataset, NULL, &target);
  if (status == TERN_SUCCESS)
    status = output_commit(target.array);
  output_free(target.array);
  return status;
}

int32_t descriptor_write(const tern_descriptor *descriptor, run *run, const tern_dataset *dataset, const char *path) {
  write_rows rows = {0};
  const size_t length = strlen(path);
  struct run quiet = write_quiet(run);
  TRY(descriptor_ready(descriptor));
  int32_t status = write_pass(descriptor, run, dataset, &rows, NULL);
  if (status == TERN_SUCCESS) {
    if (length > 4 && strcmp(path + length - 4, ".npy") == 0)
      status = write_array(descriptor, run, dataset, path, rows.count);
    else
      status = write_safetensors(descriptor, run, dataset, path, &rows);
  }
  memory_free(&quiet, rows.indices);
  memory_free(&quiet, rows.weights);
  return status;
}
