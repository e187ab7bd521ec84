/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions beside references, in a stream: of a model, or of a file that `predict` wrote. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

enum { CHUNK = 64, MOST_POINTS = 1 << 15 };

typedef struct source {
  compared *compared;
  const char *predictions, *references;
  tern_model *model;      /* or else */
  tern_reader *predicted; /* a file of predictions */
  tern_reader *reader;    /* of references */
  prediction prediction;
  int64_t frames;
  double error, reference; /* of the frame before; NaN: unknown */
} source;

static int32_t told(const source *source, const char *file, const char *what) {
  fprintf(stderr, "ternion: frame %lld of %s (counted from 0): %s\n", (long long)source->frames, file, what);
  return ALREADY_TOLD;
}

static int32_t add_energy(source *source, const prediction *prediction) {
  const double n = prediction->n_atoms > 0 ? (double)prediction->n_atoms : 1;
  const double reference = prediction->reference_energy, error = prediction->energy - reference;
  int32_t status = TERN_SUCCESS;
  if (!isnan(reference))
    status = series_add(&source->compared->energies, reference / n, prediction->energy / n);
  if (status == TERN_SUCCESS && source->frames % 2 == 1 && !isnan(error) && !isnan(source->error)) {
    const double difference = source->reference - reference;
    status = series_add(&source->compared->differences, difference, difference + source->error - error);
  }
  source->error = error;
  source->reference = reference;
  return status;
}

static int32_t add_energies(source *source) {
  const prediction *prediction = &source->prediction;
  int32_t status = add_energy(source, prediction);
  for (int64_t k = 0; prediction->compared_forces && k < 3 * prediction->n_atoms && status == TERN_SUCCESS; ++k)
    status = series_add(&source->compared->forces, prediction->reference[k], prediction->forces[k]);
  return status;
}

static int32_t add_number(source *source, int which, double reference, double predicted) {
  error_add(&source->compared->errors[which], predicted - reference);
  return series_add(&source->compared->numbers[which], reference, predicted);
}

/* 0 for components such as x, yy and zzz: numbers 0, 1, 2 of a vector, 0, 4, 8 and 0, 13, 26 of higher orders. */
static int mixed(const target *target, int64_t component) {
  return target->order > 1 && component % ((target->count - 1) / 2) != 0;
}

static int32_t add_tensor(source *source) {
  const prediction *prediction = &source->prediction;
  const tensor_prediction *tensor = &prediction->tensor;
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; tensor->known && k < prediction->target.count && status == TERN_SUCCESS; ++k)
    status = add_number(source, mixed(&prediction->target, k), tensor->reference[k], tensor->values[k]);
  return status;
}

static int32_t add_vectors(source *source) {
  const vectors_prediction *vectors = &source->prediction.vectors;
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; vectors->known && k < vectors->n_centers * vectors->width && status == TERN_SUCCESS; ++k)
    status = add_number(source, 0, vectors->reference[k], vectors->values[k]);
  return status;
}

static int32_t add_frame(source *source) {
  static int32_t (*const add[])(struct source *) = {
      [TARGET_ENERGY] = add_energies, [TARGET_TENSOR] = add_tensor, [TARGET_VECTORS] = add_vectors};
  const int32_t status = add[source->prediction.target.kind](source);
  ++source->frames;
  return status;
}

static int32_t take_frame(source *source, const tern_dataset *chunk, const tern_dataset *predicted, int64_t index,
                          const tern_system *system) {
  int64_t n_atoms = 0, n_predicted = -1;
  char missing[300];
  tern_system *other = NULL;
  int32_t status = tern_system_size(system, &n_atoms, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_system(predicted, index, &other);
  if (status == TERN_SUCCESS)
    status = tern_system_size(other, &n_predicted, NULL);
  tern_system_free(other);
  if (status == TERN_SUCCESS && n_atoms != n_predicted)
    return told(source, source->predictions, "its number of atoms is not that of the reference");
  if (status == TERN_SUCCESS)
    status = prediction_take(&source->prediction, predicted, chunk, index, system, &source->compared->measures);
  if (status != TERN_ERROR_MISSING)
    return status;
  const target *target = &source->prediction.target;
  snprintf(missing, sizeof missing, target->kind == TARGET_ENERGY ? "it has no %s" : "it has no tensor '%s'",
           target->name);
  return told(source, source->predictions, missing);
}

static int32_t predict_frame(source *source, const tern_dataset *chunk, const tern_dataset *predicted, int64_t index) {
  tern_system *system = NULL;
  int32_t status = tern_dataset_system(chunk, index, &system);
  if (status == TERN_SUCCESS && source->model != NULL)
    status = prediction_make(&source->prediction, source->model, chunk, index, system, &source->compared->measures);
  else if (status == TERN_SUCCESS)
    status = take_frame(source, chunk, predicted, index, system);
  tern_system_free(system);
  return status == TERN_SUCCESS ? add_frame(source) : status;
}

/* The same frames of both files. */
static int32_t read_chunk(source *source, tern_dataset **chunk, tern_dataset **predicted, int64_t *size) {
  int64_t n_predicted = 0;
  int32_t status = tern_reader_next(source->reader, CHUNK, chunk);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(*chunk, size);
  if (status != TERN_SUCCESS || source->model)
    return status;
  status = tern_reader_next(source->predicted, CHUNK, predicted);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(*predicted, &n_predicted);
  if (status == TERN_SUCCESS && n_predicted != *size) {
    source->frames += n_predicted < *size ? n_predicted : *size;
    return told(source, n_predicted < *size ? source->predictions : source->references,
                "the file ends before the other one");
  }
  return status;
}

static int32_t compare_chunk(source *source, int64_t *size, progress_bar *bar) {
  tern_dataset *chunk = NULL, *predicted = NULL;
  int32_t status = read_chunk(source, &chunk, &predicted, size);
  for (int64_t i = 0; status == TERN_SUCCESS && i < *size; ++i)
    status = interrupted() ? TERN_CANCELLED : predict_frame(source, chunk, predicted, i);
  tern_dataset_free(chunk);
  tern_dataset_free(predicted);
  if (status == TERN_SUCCESS && *size > 0 && progress_show("predict", source->frames, 0, -1, bar))
    return TERN_CANCELLED;
  return status;
}

/* A safetensors file: the length of its header, then the header, an object. */
static bool is_model(const char *path) {
  char start[9] = {0};
  FILE *file = fopen(path, "rb");
  const bool read = file && fread(start, 1, sizeof start, file) == sizeof start;
  if (file)
    fclose(file);
  return read && start[8] == '{';
}

/* References are read with the model's target, or both files with the one that was asked for. */
static int32_t open_predictions(source *source, tern_options *options) {
  if (is_model(source->predictions)) {
    const int32_t status = tern_model_load(&source->model, source->predictions);
    return status == TERN_SUCCESS ? prediction_open(&source->prediction, source->model, options) : status;
  }
  const int32_t status = prediction_open_file(&source->prediction, options);
  if (status != TERN_SUCCESS)
    return status;
  return tern_reader_open(&source->predicted, source->predictions,
                          source->prediction.target.kind == TARGET_ENERGY ? NULL : options);
}

int32_t compared_make(compared *compared, const arguments *arguments, const char *predictions, const char *references,
                      progress_bar *bar) {
  source source = {.compared = compared, .predictions = predictions, .references = references, .error = NAN};
  compared->forces.most = MOST_POINTS;
  compared->energies.most = MOST_POINTS;
  compared->numbers[0].most = compared->numbers[1].most = MOST_POINTS;
  int32_t status = open_predictions(&source, arguments->options);
  int64_t size = 0;
  if (status == TERN_SUCCESS)
    status = tern_reader_open(&source.reader, references, arguments->options);
  while (status == TERN_SUCCESS && (status = compare_chunk(&source, &size, bar)) == TERN_SUCCESS && size > 0)
    ;
  progress_end(bar);
  compared->target = source.prediction.target;
  prediction_free(&source.prediction);
  tern_reader_free(source.predicted);
  tern_reader_free(source.reader);
  tern_model_free(source.model);
  return status;
}

void compared_free(compared *compared) {
  series_free(&compared->energies);
  series_free(&compared->forces);
  series_free(&compared->differences);
  series_free(&compared->numbers[0]);
  series_free(&compared->numbers[1]);
  measures_free(&compared->measures);
}
