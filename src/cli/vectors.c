/* SPDX-License-Identifier: BSD-3-Clause */
/* Models of vectors of centres: predictions as a column of the output, and errors, also of pairs of frames. */
#include "vectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VECTORS_CHUNK = 64 };

bool predicts_vectors(const tern_model *model, char name[VECTORS_NAME]) {
  int32_t order;
  return tern_model_target(model, name, VECTORS_NAME, NULL) == TERN_SUCCESS && strcmp(name, "energy") != 0 &&
         tern_model_target_order(model, &order) == TERN_SUCCESS && order < 0;
}

/* ---- errors ---- */

/* Sums over frames; numbers [width], of the last frame [centers][width]. */
typedef struct vector_errors {
  int64_t width, frames, centers, pairs, last_centers;
  double squares, absolutes;
  double *average, *spread;           /* of the references: running mean, and squared differences from it */
  double *last_error, *last_reference;
  double mean_squares, delta_squares, difference_squares;
} vector_errors;

static void errors_free(vector_errors *errors) {
  free(errors->average);
  free(errors->spread);
  free(errors->last_error);
  free(errors->last_reference);
}

static bool errors_open(vector_errors *errors, int64_t width, int64_t centers) {
  const size_t numbers = (size_t)(width * (centers + 1)) * sizeof(double);
  if (errors->average == NULL) {
    errors->width = width;
    errors->average = calloc((size_t)width, sizeof(double));
    errors->spread = calloc((size_t)width, sizeof(double));
  }
  double *error = realloc(errors->last_error, numbers);
  errors->last_error = error != NULL ? error : errors->last_error;
  double *reference = realloc(errors->last_reference, numbers);
  errors->last_reference = reference != NULL ? reference : errors->last_reference;
  return errors->average != NULL && errors->spread != NULL && error != NULL && reference != NULL;
}

/* Frames 2k and 2k + 1 with as many centres are pairs of vectors. */
static void add_pair(vector_errors *errors, const double *predicted, const double *reference, int64_t k) {
  const double error = predicted[k] - reference[k], before = errors->last_error[k];
  const double difference = errors->last_reference[k] - reference[k];
  errors->mean_squares += 0.25 * (before + error) * (before + error);
  errors->delta_squares += (before - error) * (before - error);
  errors->difference_squares += difference * difference;
}

/* Both [centers][width]. */
static void add_frame(vector_errors *errors, int64_t centers, const double *predicted, const double *reference) {
  const bool second = errors->frames++ % 2 == 1 && errors->last_centers == centers;
  for (int64_t k = 0; k < centers * errors->width; ++k) {
    const double error = predicted[k] - reference[k], count = (double)(errors->centers + k / errors->width + 1);
    double *average = &errors->average[k % errors->width];
    const double before = reference[k] - *average;
    *average += before / count;
    errors->spread[k % errors->width] += before * (reference[k] - *average);
    errors->squares += error * error;
    errors->absolutes += fabs(error);
    if (second)
      add_pair(errors, predicted, reference, k);
    errors->last_error[k] = error;
    errors->last_reference[k] = reference[k];
  }
  errors->pairs += second ? centers : 0;
  errors->centers += centers;
  errors->last_centers = centers;
}

static void errors_print(const vector_errors *errors, const char *set, const char *name, const arguments *arguments) {
  const double numbers = (double)(errors->centers * errors->width);
  double spread = 0;
  for (int64_t k = 0; k < errors->width; ++k)
    spread += errors->spread[k];
  const double rmse = sqrt(errors->squares / numbers), relative = 100 * sqrt(errors->squares / spread);
  const double mean = 100 * sqrt(errors->mean_squares / (double)errors->pairs / (spread / (double)errors->centers));
  const double delta = 100 * sqrt(errors->delta_squares / errors->difference_squares);
  if (errors->centers == 0)
    return;
  if (arguments->json) {
    printf("{\"event\": \"errors\", \"set\": ");
    print_json_string(set);
    printf(", \"vectors\": {\"count\": %lld, \"mae\": %.10g, \"rmse\": %.10g, \"relative_percent\": %.6g}",
           (long long)errors->centers, errors->absolutes / numbers, rmse, relative);
    if (arguments->pairs && errors->pairs > 0)
      printf(", \"mean_percent\": %.6g, \"delta_percent\": %.6g", mean, delta);
    puts("}");
    return;
  }
  printf("%-20s %10s %14s %14s\n", set, "vectors", "MAE", "RMSE");
  printf("  %-18s %10lld %14.6g %14.6g  (%.2f %% of the standard deviation)\n", name, (long long)errors->centers,
         errors->absolutes / numbers, rmse, relative);
  if (arguments->pairs && errors->pairs > 0)
    printf("  pairs of frames: mean %.2f %%, delta %.2f %%\n", mean, delta);
}

/* ---- one structure ---- */

/* Arrays of one structure. */
typedef struct vector_frame {
  int64_t n_atoms, n_centers, width;
  int64_t *centers;
  double *predicted; /* [n_centers][width] */
  double *column;    /* [n_atoms][width] */
  double *reference; /* [n_centers][width] */
} vector_frame;

static void frame_free(vector_frame *frame) {
  free(frame->centers);
  free(frame->predicted);
  free(frame->column);
  free(frame->reference);
}

static int32_t predict_frame(const tern_model *model, const tern_system *system, vector_frame *frame) {
  int32_t status = tern_system_size(system, &frame->n_atoms, NULL);
  if (status == TERN_SUCCESS)
    status = tern_model_vectors_shape(model, system, &frame->n_centers, &frame->width);
  if (status != TERN_SUCCESS)
    return status;
  const size_t numbers = (size_t)(frame->width * (frame->n_centers + 1));
  frame->centers = calloc((size_t)frame->n_centers + 1, sizeof(int64_t));
  frame->predicted = calloc(numbers, sizeof(double));
  frame->reference = calloc(numbers, sizeof(double));
  frame->column = calloc((size_t)(frame->width * (frame->n_atoms + 1)), sizeof(double));
  if (frame->centers == NULL || frame->predicted == NULL || frame->reference == NULL || frame->column == NULL)
    return TERN_ERROR_MEMORY;
  return tern_model_predict_vectors(model, system, frame->centers, frame->predicted);
}

/* The reference of each centre; TERN_ERROR_MISSING where the structure has none of the width. */
static int32_t find_reference(const tern_dataset *dataset, int64_t index, const char *name, vector_frame *frame) {
  int64_t width;
  int32_t status = tern_dataset_vectors_width(dataset, index, name, &width);
  if (status == TERN_SUCCESS && width != frame->width)
    status = TERN_ERROR_MISSING;
  if (status == TERN_SUCCESS)
    status = tern_dataset_vectors(dataset, index, name, frame->column);
  for (int64_t c = 0; status == TERN_SUCCESS && c < frame->n_centers; ++c)
    memcpy(frame->reference + c * width, frame->column + frame->centers[c] * width, (size_t)width * sizeof(double));
  return status;
}

/* Atoms that are no centres get zeros. */
static int32_t write_frame(tern_writer *writer, const tern_system *system, const char *name, vector_frame *frame) {
  tern_dataset *written = NULL;
  memset(frame->column, 0, (size_t)(frame->width * frame->n_atoms) * sizeof(double));
  for (int64_t c = 0; c < frame->n_centers; ++c)
    memcpy(frame->column + frame->centers[c] * frame->width, frame->predicted + c * frame->width,
           (size_t)frame->width * sizeof(double));
  int32_t status = tern_dataset_new(&written);
  if (status == TERN_SUCCESS)
    status = tern_dataset_append(written, system, NULL, NULL, NULL);
  if (status == TERN_SUCCESS && frame->n_atoms > 0)
    status = tern_dataset_set_vectors(written, 0, name, frame->width, frame->column);
  if (status == TERN_SUCCESS)
    status = tern_writer_append_structure(writer, written, 0);
  tern_dataset_free(written);
  return status;
}

static int32_t work_on(const tern_model *model, const tern_dataset *dataset, int64_t index, const char *name,
                       tern_writer *writer, vector_errors *errors) {
  vector_frame frame = {0};
  tern_system *system = NULL;
  int32_t status = tern_dataset_system(dataset, index, &system);
  if (status == TERN_SUCCESS)
    status = predict_frame(model, system, &frame);
  if (status == TERN_SUCCESS && find_reference(dataset, index, name, &frame) == TERN_SUCCESS) {
    if (errors_open(errors, frame.width, frame.n_centers))
      add_frame(errors, frame.n_centers, frame.predicted, frame.reference);
    else
      status = TERN_ERROR_MEMORY;
  }
  if (status == TERN_SUCCESS && writer != NULL)
    status = write_frame(writer, system, name, &frame);
  tern_system_free(system);
  frame_free(&frame);
  return status;
}

/* ---- all ---- */

int32_t vectors_errors(const arguments *arguments, const tern_model *model, const tern_dataset *dataset,
                       const char *name, const char *set) {
  vector_errors errors = {0};
  int64_t size = 0;
  int32_t status = tern_dataset_size(dataset, &size);
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i)
    status = interrupted() ? TERN_CANCELLED : work_on(model, dataset, i, name, NULL, &errors);
  if (status == TERN_SUCCESS)
    errors_print(&errors, set, name, arguments);
  errors_free(&errors);
  return status;
}

static int32_t stream(const arguments *arguments, const tern_model *model, const char *name, tern_reader *reader,
                      tern_writer *writer, vector_errors *errors) {
  int64_t size = 1, frames = 0;
  int32_t status = TERN_SUCCESS;
  while (status == TERN_SUCCESS && size > 0) {
    tern_dataset *chunk = NULL;
    status = tern_reader_next(reader, VECTORS_CHUNK, &chunk);
    if (status == TERN_SUCCESS)
      status = tern_dataset_size(chunk, &size);
    for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i, ++frames) {
      status = interrupted() ? TERN_CANCELLED : work_on(model, chunk, i, name, writer, errors);
      if (status != TERN_SUCCESS)
        fprintf(stderr, "ternion: frame %lld of %s (counted from 0):\n", (long long)frames, arguments->inputs[1]);
    }
    tern_dataset_free(chunk);
  }
  if (status == TERN_SUCCESS && writer != NULL)
    status = tern_writer_close(writer);
  if (status == TERN_SUCCESS && !arguments->json && !arguments->quiet)
    printf("%lld frames%s%s\n", (long long)frames, writer != NULL ? ": " : "", writer != NULL ? arguments->output : "");
  return status;
}

int32_t vectors_predict_file(const arguments *arguments, const tern_model *model, const char *name) {
  vector_errors errors = {0};
  tern_reader *reader = NULL;
  tern_writer *writer = NULL;
  int32_t status = tern_options_set(arguments->options, "target", name);
  if (status == TERN_SUCCESS)
    status = tern_reader_open(&reader, arguments->inputs[1], arguments->options);
  if (status == TERN_SUCCESS && arguments->output)
    status = tern_writer_open(&writer, arguments->output);
  if (status == TERN_SUCCESS)
    status = stream(arguments, model, name, reader, writer, &errors);
  if (status == TERN_SUCCESS && (arguments->json || !arguments->quiet))
    errors_print(&errors, arguments->json ? arguments->inputs[1] : "errors", name, arguments);
  errors_free(&errors);
  tern_writer_free(writer);
  tern_reader_free(reader);
  return status;
}
