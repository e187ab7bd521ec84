/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions of vectors of centres, and their errors, also of pairs of frames. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- errors ---- */

void vectors_measures_free(vectors_measures *measures) {
  free(measures->average);
  free(measures->spread);
  free(measures->last_error);
  free(measures->last_reference);
}

static bool grow(double **array, int64_t count) {
  double *grown = realloc(*array, sizeof(double) * (size_t)(count + 1));
  *array = grown != NULL ? grown : *array;
  return grown != NULL;
}

static int32_t make_room_for_errors(vectors_measures *measures, int64_t width, int64_t centers) {
  if (measures->average == NULL) {
    measures->width = width;
    measures->average = calloc((size_t)width + 1, sizeof(double));
    measures->spread = calloc((size_t)width + 1, sizeof(double));
  }
  const bool there = measures->average != NULL && measures->spread != NULL &&
                     grow(&measures->last_error, width * centers) && grow(&measures->last_reference, width * centers);
  return there ? TERN_SUCCESS : TERN_ERROR_MEMORY;
}

static void add_pair(vectors_measures *measures, int64_t k, double error, double reference) {
  const double before = measures->last_error[k], difference = measures->last_reference[k] - reference;
  measures->mean_squares += 0.25 * (before + error) * (before + error);
  measures->delta_squares += (before - error) * (before - error);
  measures->difference_squares += difference * difference;
}

int32_t vectors_measures_add(vectors_measures *measures, int64_t centers, int64_t width, const double *predicted,
                             const double *reference) {
  const int32_t status = make_room_for_errors(measures, width, centers);
  if (status != TERN_SUCCESS)
    return status;
  const bool second = measures->frames++ % 2 == 1 && measures->last_centers == centers;
  for (int64_t k = 0; k < centers * width; ++k) {
    const double error = predicted[k] - reference[k], count = (double)(measures->centers + k / width + 1);
    double *average = &measures->average[k % width];
    const double before = reference[k] - *average;
    *average += before / count;
    measures->spread[k % width] += before * (reference[k] - *average);
    error_add(&measures->errors, error);
    if (second)
      add_pair(measures, k, error, reference[k]);
    measures->last_error[k] = error;
    measures->last_reference[k] = reference[k];
  }
  measures->pairs += second ? centers : 0;
  measures->centers += centers;
  measures->last_centers = centers;
  return TERN_SUCCESS;
}

/* Squared deviations of the references from their mean, summed over the numbers of a vector. */
static double variance(const vectors_measures *measures) {
  double sum = 0;
  for (int64_t k = 0; k < measures->width; ++k)
    sum += measures->spread[k];
  return sum / (double)measures->centers;
}

/* In %. */
static double relative(const vectors_measures *measures) {
  return 100 * error_rmse(&measures->errors) / sqrt(variance(measures) / (double)measures->width);
}
double vectors_measures_mean(const vectors_measures *measures) {
  return 100 * sqrt(measures->mean_squares / (double)measures->pairs / variance(measures));
}
double vectors_measures_delta(const vectors_measures *measures) {
  return 100 * sqrt(measures->delta_squares / measures->difference_squares);
}

void vectors_measures_print(const vectors_measures *measures) {
  if (measures->centers > 0)
    printf("  %-18s %10lld %14.6g %14.6g  %.3g %% of the standard deviation\n", measures->name,
           (long long)measures->errors.count, error_mae(&measures->errors), error_rmse(&measures->errors),
           relative(measures));
}

void vectors_measures_print_json(const vectors_measures *measures) {
  if (measures->centers == 0)
    return;
  fputs(", \"vectors\": {\"name\": ", stdout);
  print_json_string(measures->name);
  printf(", \"count\": %lld, \"mae\": %.10g, \"rmse\": %.10g, \"relative_percent\": %.6g}",
         (long long)measures->centers, error_mae(&measures->errors), error_rmse(&measures->errors), relative(measures));
}

/* ---- one structure ---- */

void vectors_prediction_free(vectors_prediction *prediction) {
  free(prediction->centers);
  free(prediction->values);
  free(prediction->reference);
  free(prediction->column);
}

static int32_t make_room(vectors_prediction *prediction, int64_t n_atoms) {
  const int64_t numbers = n_atoms * prediction->width;
  if (prediction->capacity >= n_atoms && prediction->centers != NULL)
    return TERN_SUCCESS;
  int64_t *centers = realloc(prediction->centers, sizeof(int64_t) * (size_t)(n_atoms + 1));
  prediction->centers = centers != NULL ? centers : prediction->centers;
  prediction->capacity = n_atoms;
  if (centers == NULL || !grow(&prediction->values, numbers) || !grow(&prediction->reference, numbers) ||
      !grow(&prediction->column, numbers))
    return TERN_ERROR_MEMORY;
  return TERN_SUCCESS;
}

static int32_t predict(vectors_prediction *prediction, const tern_model *model, const tern_system *system,
                       int64_t n_atoms) {
  int32_t status = tern_model_vectors_shape(model, system, &prediction->n_centers, &prediction->width);
  if (status == TERN_SUCCESS)
    status = make_room(prediction, n_atoms);
  return status == TERN_SUCCESS
             ? tern_model_predict_vectors(model, system, prediction->centers, prediction->values)
             : status;
}

/* The reference of each centre, where the structure has one. */
static int32_t find_reference(vectors_prediction *prediction, const char *name, const tern_dataset *dataset,
                              int64_t index) {
  int64_t width;
  prediction->known = tern_dataset_vectors_width(dataset, index, name, &width) == TERN_SUCCESS;
  if (!prediction->known)
    return TERN_SUCCESS;
  if (width != prediction->width) {
    fprintf(stderr, "ternion: '%s' has %lld numbers for each atom, but the model predicts %lld\n", name,
            (long long)width, (long long)prediction->width);
    return ALREADY_TOLD;
  }
  const int32_t status = tern_dataset_vectors(dataset, index, name, prediction->column);
  for (int64_t c = 0; status == TERN_SUCCESS && c < prediction->n_centers; ++c)
    memcpy(prediction->reference + c * width, prediction->column + prediction->centers[c] * width,
           (size_t)width * sizeof(double));
  return status;
}

int32_t vectors_predict(vectors_prediction *prediction, const char *name, const tern_model *model,
                        const tern_dataset *dataset, int64_t index, const tern_system *system,
                        vectors_measures *measures) {
  int64_t n_atoms;
  int32_t status = tern_system_size(system, &n_atoms, NULL);
  if (status == TERN_SUCCESS)
    status = predict(prediction, model, system, n_atoms);
  if (status == TERN_SUCCESS)
    status = find_reference(prediction, name, dataset, index);
  if (status != TERN_SUCCESS || !prediction->known)
    return status;
  snprintf(measures->name, sizeof measures->name, "%s", name);
  return vectors_measures_add(measures, prediction->n_centers, prediction->width, prediction->values,
                              prediction->reference);
}

/* Atoms that are no centres get zeros. */
int32_t vectors_write(const vectors_prediction *prediction, const char *name, int64_t n_atoms,
                      const tern_system *system, tern_writer *writer) {
  const int64_t width = prediction->width;
  tern_dataset *one = NULL;
  memset(prediction->column, 0, (size_t)(width * n_atoms) * sizeof(double));
  for (int64_t c = 0; c < prediction->n_centers; ++c)
    memcpy(prediction->column + prediction->centers[c] * width, prediction->values + c * width,
           (size_t)width * sizeof(double));
  int32_t status = tern_dataset_new(&one);
  if (status == TERN_SUCCESS)
    status = tern_dataset_append(one, system, NULL, NULL, NULL);
  if (status == TERN_SUCCESS && n_atoms > 0)
    status = tern_dataset_set_vectors(one, 0, name, width, prediction->column);
  if (status == TERN_SUCCESS)
    status = tern_writer_append_structure(writer, one, 0);
  tern_dataset_free(one);
  return status;
}

/* ---- what is printed of a frame ---- */

void vectors_print(const vectors_prediction *prediction, const char *name, int64_t number) {
  if (number == 0)
    printf("%8s %8s %14s\n", "frame", "atom", name);
  for (int64_t c = 0; c < prediction->n_centers; ++c) {
    printf("%8lld %8lld ", (long long)number, (long long)prediction->centers[c]);
    print_numbers("%14.8g", " ", prediction->width, prediction->values + c * prediction->width);
    putchar('\n');
  }
}

static void print_vectors(const vectors_prediction *prediction, const double *values) {
  for (int64_t c = 0; c < prediction->n_centers; ++c) {
    fputs(c > 0 ? ", [" : "[", stdout);
    print_numbers("%.17g", ", ", prediction->width, values + c * prediction->width);
    putchar(']');
  }
}

void vectors_print_json(const vectors_prediction *prediction, int64_t number, int64_t n_atoms) {
  printf("{\"event\": \"frame\", \"frame\": %lld, \"atoms\": %lld, \"centers\": [", (long long)number,
         (long long)n_atoms);
  for (int64_t c = 0; c < prediction->n_centers; ++c)
    printf("%s%lld", c > 0 ? ", " : "", (long long)prediction->centers[c]);
  fputs("], \"vectors\": [", stdout);
  print_vectors(prediction, prediction->values);
  if (prediction->known) {
    fputs("], \"reference\": [", stdout);
    print_vectors(prediction, prediction->reference);
  }
  puts("]}");
}
