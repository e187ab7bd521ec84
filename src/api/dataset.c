/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/dataset.h"

#include <string.h>

#include "api/api.h"
#include "api/bodies.h"
#include "api/check.h"
#include "core/text.h"

int32_t api_dataset_new(tern_dataset **dataset) { return dataset_new(dataset); }

int32_t api_dataset_read(tern_dataset **dataset, const char *path, const tern_options *options) {
  return dataset_read(dataset, path, options);
}

int32_t api_dataset_write(const tern_dataset *dataset, const char *path) { return dataset_write(dataset, path); }

int32_t api_dataset_free(tern_dataset *dataset) {
  dataset_free(dataset);
  return TERN_SUCCESS;
}

int32_t api_dataset_append(tern_dataset *dataset, const tern_system *system, const double *energy, const double *forces,
                           const double *virial) {
  const int64_t shape[] = {system->n_atoms, 3};
  TRY(check_numbers((check_place){"tern_dataset_append", "forces"}, forces, 2, shape));
  return dataset_append(dataset, system, energy, forces, virial);
}

int32_t api_dataset_size(const tern_dataset *dataset, int64_t *size) {
  *size = dataset->size;
  return TERN_SUCCESS;
}

int32_t api_dataset_count(const tern_dataset *dataset, int32_t target, int64_t *count) {
  *count = dataset_count(dataset, target);
  return TERN_SUCCESS;
}

int32_t api_dataset_system(const tern_dataset *dataset, int64_t index, tern_system **system) {
  TRY(api_index("index", index, dataset->size, "structures"));
  *system = system_share(dataset->frames[index]->system);
  return TERN_SUCCESS;
}

static int32_t dataset_missing(int64_t index, const char *target) {
  return error_set(TERN_ERROR_MISSING, "structure %lld has no %s", (long long)index, target);
}

int32_t api_dataset_target(const tern_dataset *dataset, int64_t index, int32_t target, double *values) {
  TRY(api_index("index", index, dataset->size, "structures"));
  const frame *frame = dataset->frames[index];
  switch (target) {
  case TERN_TARGET_ENERGY:
    if (!frame->has_energy)
      return dataset_missing(index, "energy");
    *values = frame->energy;
    return TERN_SUCCESS;
  case TERN_TARGET_FORCES:
    if (!frame->forces)
      return dataset_missing(index, "forces");
    memcpy(values, frame->forces, (size_t)frame->system->n_atoms * 3 * sizeof *values);
    return TERN_SUCCESS;
  default:
    if (!frame->has_virial)
      return dataset_missing(index, "virial");
    memcpy(values, frame->virial, sizeof frame->virial);
    return TERN_SUCCESS;
  }
}

int32_t api_dataset_set_tensor(tern_dataset *dataset, int64_t index, const char *name, int32_t order,
                               const double *values) {
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(tensor_check_order(order));
  const int64_t shape[] = {tensor_count(order)};
  TRY(check_numbers((check_place){"tern_dataset_set_tensor", "values"}, values, 1, shape));
  return dataset_set_tensor(dataset, index, name, order, values);
}

int32_t api_dataset_tensors(const tern_dataset *dataset, int64_t index, int64_t *count) {
  TRY(api_index("index", index, dataset->size, "structures"));
  *count = dataset->frames[index]->n_tensors;
  return TERN_SUCCESS;
}

int32_t api_dataset_tensor_name(const tern_dataset *dataset, int64_t index, int64_t number, char *buffer,
                                int64_t capacity, int64_t *length) {
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(api_index("number", number, dataset->frames[index]->n_tensors, "tensors"));
  return text_copy(dataset->frames[index]->tensors[number].name, buffer, capacity, length);
}

int32_t api_dataset_tensor_order(const tern_dataset *dataset, int64_t index, const char *name, int32_t *order) {
  const frame_tensor *tensor;
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(dataset_tensor(dataset, index, name, &tensor));
  *order = tensor->order;
  return TERN_SUCCESS;
}

int32_t api_dataset_tensor(const tern_dataset *dataset, int64_t index, const char *name, double *values) {
  const frame_tensor *tensor;
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(dataset_tensor(dataset, index, name, &tensor));
  memcpy(values, tensor->values, (size_t)tensor_count(tensor->order) * sizeof *values);
  return TERN_SUCCESS;
}

int32_t api_dataset_set_vectors(tern_dataset *dataset, int64_t index, const char *name, int64_t width,
                                const double *values) {
  TRY(api_index("index", index, dataset->size, "structures"));
  const int64_t shape[] = {dataset->frames[index]->system->n_atoms, width};
  const check_place place = {"tern_dataset_set_vectors", "values"};
  TRY(check_array(place, values, sizeof *values, 2, shape));
  TRY(check_numbers(place, values, 2, shape));
  return dataset_set_vectors(dataset, index, name, width, values);
}

int32_t api_dataset_vectors_count(const tern_dataset *dataset, int64_t index, int64_t *count) {
  TRY(api_index("index", index, dataset->size, "structures"));
  *count = dataset->frames[index]->n_vectors;
  return TERN_SUCCESS;
}

int32_t api_dataset_vectors_name(const tern_dataset *dataset, int64_t index, int64_t number, char *buffer,
                                 int64_t capacity, int64_t *length) {
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(api_index("number", number, dataset->frames[index]->n_vectors, "names of vectors"));
  return text_copy(dataset->frames[index]->vectors[number].name, buffer, capacity, length);
}

int32_t api_dataset_vectors_width(const tern_dataset *dataset, int64_t index, const char *name, int64_t *width) {
  const frame_vectors *vectors;
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(dataset_vectors(dataset, index, name, &vectors));
  *width = vectors->width;
  return TERN_SUCCESS;
}

int32_t api_dataset_vectors(const tern_dataset *dataset, int64_t index, const char *name, double *values) {
  const frame_vectors *vectors;
  TRY(api_index("index", index, dataset->size, "structures"));
  TRY(dataset_vectors(dataset, index, name, &vectors));
  if (dataset->frames[index]->system->n_atoms > 0)
    memcpy(values, vectors->values,
           (size_t)(dataset->frames[index]->system->n_atoms * vectors->width) * sizeof *values);
  return TERN_SUCCESS;
}

int32_t api_dataset_subset(const tern_dataset *dataset, int64_t count, const int64_t *indices, tern_dataset **subset) {
  return dataset_subset(dataset, count, indices, subset);
}

int32_t api_reader_open(tern_reader **reader, const char *path, const tern_options *options) {
  return reader_open(reader, path, options);
}

int32_t api_reader_next(tern_reader *reader, int64_t count, tern_dataset **dataset) {
  if (count < 1)
    return error_set(TERN_ERROR_ARGUMENT, "argument 'count' is %lld; it must be at least 1", (long long)count);
  return reader_next(reader, count, dataset);
}

int32_t api_reader_free(tern_reader *reader) {
  reader_free(reader);
  return TERN_SUCCESS;
}

int32_t api_writer_open(tern_writer **writer, const char *path) { return writer_open(writer, path); }

int32_t api_writer_append(tern_writer *writer, const tern_system *system, const double *energy, const double *forces,
                          const double *virial) {
  const int64_t shape[] = {system->n_atoms, 3};
  TRY(check_numbers((check_place){"tern_writer_append", "forces"}, forces, 2, shape));
  return writer_append(writer, system, energy, forces, virial);
}

int32_t api_writer_append_structure(tern_writer *writer, const tern_dataset *dataset, int64_t index) {
  TRY(api_index("index", index, dataset->size, "structures"));
  return writer_append_frame(writer, dataset->frames[index]);
}

int32_t api_writer_close(tern_writer *writer) { return writer_close(writer); }

int32_t api_writer_free(tern_writer *writer) {
  writer_free(writer);
  return TERN_SUCCESS;
}
