/* SPDX-License-Identifier: BSD-3-Clause */
/* Structure files, read whole or in chunks. */
#include "system/reader.h"

#include <string.h>

#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "core/options.h"
#include "system/dataset.h"
#include "system/extxyz.h"

struct tern_reader {
  uint32_t tag;
  bool failed; /* a failure leaves the place in the file undefined */
  run run;
  input_file *input;
  lines lines;
  extxyz_keys keys;
  extxyz_frame frame;
  int64_t n_read; /* structures so far */
};

static int32_t reader_key(const tern_options *options, const char *key, char **copy) {
  const char *value = NULL;
  TRY(options_text(options, key, &value));
  *copy = memory_text(value);
  return *copy != NULL ? TERN_SUCCESS : error_set(TERN_ERROR_MEMORY, "no memory for the value of %s", key);
}

/* The comment line's key for the option `target`; none when that is the energy. */
static int32_t reader_target(const tern_options *options, extxyz_keys *keys) {
  const char *target = NULL;
  const char *const taken[] = {keys->energy, keys->forces, keys->virial, keys->stress};
  TRY(options_text(options, "target", &target));
  if (strcmp(target, "energy") == 0)
    return TERN_SUCCESS;
  TRY(tensor_check_name(TERN_ERROR_OPTION, "option 'target'", target));
  for (int k = 0; k < 4; ++k)
    if (strcmp(target, taken[k]) == 0)
      return error_set(TERN_ERROR_OPTION,
                       "option 'target' is '%s', which energy_key, forces_key, virial_key or stress_key already takes",
                       target);
  return reader_key(options, "target", &keys->tensor);
}

static int32_t reader_prepare(tern_reader *reader, const tern_options *options, int64_t chunk) {
  TRY(run_init(&reader->run, options, NULL, NULL));
  TRY(reader_key(options, "energy_key", &reader->keys.energy));
  TRY(reader_key(options, "forces_key", &reader->keys.forces));
  TRY(reader_key(options, "virial_key", &reader->keys.virial));
  TRY(reader_key(options, "stress_key", &reader->keys.stress));
  TRY(reader_target(options, &reader->keys));
  return lines_open(&reader->lines, reader->input, chunk, &reader->run);
}

int32_t reader_open_input(tern_reader **reader, input_file *input, const tern_options *options, int64_t chunk) {
  tern_reader *made = NULL;
  int32_t status = MEMORY_NEW(NULL, &made, 1, "a reader");
  if (status != TERN_SUCCESS) {
    input_close(input);
    return status;
  }
  made->tag = HANDLE_READER;
  made->input = input;
  status = reader_prepare(made, options, chunk);
  if (status != TERN_SUCCESS) {
    reader_free(made);
    return status;
  }
  *reader = made;
  return TERN_SUCCESS;
}

int32_t reader_open(tern_reader **reader, const char *path, const tern_options *options) {
  input_file *input = NULL;
  TRY(input_open(&input, path));
  return reader_open_input(reader, input, options, LINES_CHUNK);
}

void reader_free(tern_reader *reader) {
  if (reader == NULL)
    return;
  extxyz_frame_free(&reader->run, &reader->frame);
  lines_close(&reader->lines);
  input_close(reader->input);
  memory_free(NULL, reader->keys.energy);
  memory_free(NULL, reader->keys.forces);
  memory_free(NULL, reader->keys.virial);
  memory_free(NULL, reader->keys.stress);
  memory_free(NULL, reader->keys.tensor);
  reader->tag = HANDLE_END(HANDLE_READER);
  memory_free(NULL, reader);
}

static int32_t reader_append(const extxyz_keys *keys, const extxyz_frame *frame, tern_dataset *dataset) {
  tern_system *system = NULL;
  TRY(system_new(&system, frame->n_atoms, frame->species, frame->positions, frame->has_cell ? frame->cell[0] : NULL,
                 frame->periodic));
  const int32_t status =
      dataset_append(dataset, system, frame->has_energy ? &frame->energy : NULL,
                     frame->has_forces ? frame->forces : NULL, frame->has_virial ? frame->virial[0] : NULL);
  system_free(system);
  TRY(status);
  if (frame->vector_width > 0)
    return dataset_set_vectors(dataset, dataset->size - 1, keys->tensor, frame->vector_width, frame->vectors);
  if (frame->tensor_order < 0)
    return TERN_SUCCESS;
  return dataset_set_tensor(dataset, dataset->size - 1, keys->tensor, frame->tensor_order, frame->tensor);
}

/* What a structure takes in a data set, which outlives the call and so is not counted by the run. */
static double reader_bytes(const extxyz_frame *frame) {
  const double atom = sizeof *frame->species + 3 * sizeof *frame->positions +
                      (frame->has_forces ? 3 * sizeof *frame->forces : 0) +
                      (double)frame->vector_width * sizeof *frame->vectors;
  const double fixed = sizeof(tern_system) + sizeof(struct frame) + sizeof(struct frame *) +
                       (frame->tensor_order < 0 ? 0 : sizeof(frame_tensor));
  return fixed + (double)frame->n_atoms * atom;
}

static int32_t reader_fill(tern_reader *reader, int64_t count, tern_dataset *dataset) {
  double bytes = 0;
  bool found = true;
  while (dataset->size < count) {
    TRY(extxyz_next(&reader->lines, &reader->keys, &reader->frame, &found));
    if (!found)
      break;
    bytes += reader_bytes(&reader->frame);
    TRY(memory_check(&reader->run, bytes, input_path(reader->input)));
    TRY(reader_append(&reader->keys, &reader->frame, dataset));
    TRY(dataset_set_place(dataset, input_path(reader->input), reader->lines.number - reader->frame.n_atoms - 1));
    ++reader->n_read;
  }
  if (reader->n_read == 0)
    return error_set(TERN_ERROR_FORMAT, "'%s' holds no structure; extended XYZ is needed", input_path(reader->input));
  return TERN_SUCCESS;
}

int32_t reader_next(tern_reader *reader, int64_t count, tern_dataset **dataset) {
  tern_dataset *made = NULL;
  if (count < 1)
    return error_set(TERN_ERROR_ARGUMENT, "count is %lld: 1 or more is needed", (long long)count);
  if (reader->failed)
    return error_set(TERN_ERROR_ARGUMENT, "reading '%s' failed before: open it again", input_path(reader->input));
  TRY(dataset_new(&made));
  const int32_t status = reader_fill(reader, count, made);
  if (status != TERN_SUCCESS) {
    reader->failed = true;
    dataset_free(made);
    return status;
  }
  *dataset = made;
  return TERN_SUCCESS;
}

int32_t dataset_read(tern_dataset **dataset, const char *path, const tern_options *options) {
  tern_reader *reader = NULL;
  TRY(reader_open(&reader, path, options));
  const int32_t status = reader_next(reader, INT64_MAX, dataset);
  reader_free(reader);
  return status;
}
