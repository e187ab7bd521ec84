/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows whose target is a vector: the features of up to seven neighbours around atom 0, rebuilt from triplets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "demo.h"

/* Principal components, so that the vector is short; from few environments, as those of high orders are dear. */
static const char *const recipe[MOST_ROW_OPTIONS][2] = {
    {"nu_max", "7"}, {"components", "20"}, {"fit_environments", "400"}};
static const char target_name[] = "correlations";

static double *vector_of(const demo_vectors *vectors, int64_t index) {
  return vectors->values + index * vectors->width;
}

/* ---- the vectors of all structures ---- */

static int32_t vectors_open(demo *demo, tern_descriptor *descriptor, int64_t n_train, int64_t n_test) {
  demo_vectors *vectors = &demo->vectors;
  tern_system *system = NULL;
  int32_t status = tern_dataset_system(demo->test, 0, &system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_shape(descriptor, system, NULL, &vectors->width);
  tern_system_free(system);
  if (status != TERN_SUCCESS)
    return status;
  vectors->n_train = n_train;
  vectors->n_test = n_test;
  vectors->values = calloc((size_t)((n_train + n_test) * vectors->width + 1), sizeof(double));
  return vectors->values ? TERN_SUCCESS : TERN_ERROR_MEMORY;
}

/* The one centre's features, also as the vector that the structure carries; atoms that are no centres have zeros. */
static int32_t describe(demo *demo, const tern_descriptor *descriptor, tern_dataset *dataset, int64_t index,
                        double *values) {
  const int64_t width = demo->vectors.width;
  tern_system *system = NULL;
  double *all = NULL;
  int64_t n_atoms = 0;
  int32_t status = tern_dataset_system(dataset, index, &system);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_compute(descriptor, system, values);
  if (status == TERN_SUCCESS)
    status = tern_system_size(system, &n_atoms, NULL);
  if (status == TERN_SUCCESS && (all = calloc((size_t)(n_atoms * width + 1), sizeof *all)) == NULL)
    status = TERN_ERROR_MEMORY;
  for (int64_t k = 0; k < width && status == TERN_SUCCESS; ++k)
    all[k] = values[k];
  if (status == TERN_SUCCESS)
    status = tern_dataset_set_vectors(dataset, index, target_name, width, all);
  free(all);
  tern_system_free(system);
  return status;
}

static int32_t describe_all(demo *demo, const tern_descriptor *descriptor) {
  const demo_vectors *vectors = &demo->vectors;
  const int64_t size = vectors->n_train + vectors->n_test;
  int32_t status = TERN_SUCCESS;
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    const bool train = i < vectors->n_train;
    status = describe(demo, descriptor, train ? demo->energies : demo->test, train ? i : i - vectors->n_train,
                      vector_of(vectors, i));
    if (status == TERN_SUCCESS && demo_progress("vectors", i + 1, size, -1, demo))
      status = TERN_CANCELLED;
  }
  return status;
}

static int32_t vectors_need(demo *demo) {
  tern_options *options = NULL;
  tern_descriptor *descriptor = NULL;
  int64_t n_train = 0, n_test = 0;
  if (demo->vectors.whole)
    return TERN_SUCCESS;
  int32_t status = tern_dataset_size(demo->energies, &n_train);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(demo->test, &n_test);
  if (status == TERN_SUCCESS)
    status = demo_options(demo, recipe, &options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_new(&descriptor, "correlations", options);
  if (status == TERN_SUCCESS)
    status = tern_descriptor_fit(descriptor, demo->energies, demo_progress, demo);
  if (status == TERN_SUCCESS)
    status = vectors_open(demo, descriptor, n_train, n_test);
  if (status == TERN_SUCCESS)
    status = describe_all(demo, descriptor);
  demo->vectors.whole = status == TERN_SUCCESS;
  tern_descriptor_free(descriptor);
  tern_options_free(options);
  return status;
}

void demo_vectors_free(demo *demo) { free(demo->vectors.values); }

/* ---- errors ---- */

/* Over all numbers of the vectors together: those that vary most count most. */
static int32_t measure(const demo_vectors *vectors, const double *predicted, demo_result *result) {
  vectors_measures measures = {0};
  int32_t status = TERN_SUCCESS;
  for (int64_t i = 0; i < vectors->n_test && status == TERN_SUCCESS; ++i)
    status = vectors_measures_add(&measures, 1, vectors->width, predicted + i * vectors->width,
                                  vector_of(vectors, vectors->n_train + i));
  result->mean = vectors_measures_mean(&measures);
  result->delta = vectors_measures_delta(&measures);
  vectors_measures_free(&measures);
  return status;
}

/* Deviations of one number of the vectors over the test set, and of its differences within pairs. */
typedef struct spread {
  double value, difference;
} spread;

static spread spread_of(const demo_vectors *vectors, int64_t k) {
  double sum = 0, squares = 0, differences = 0;
  for (int64_t i = 0; i < vectors->n_test; ++i) {
    const double value = vector_of(vectors, vectors->n_train + i)[k];
    sum += value;
    squares += value * value;
    if (i % 2 == 1) {
      const double difference = vector_of(vectors, vectors->n_train + i - 1)[k] - value;
      differences += difference * difference;
    }
  }
  const double n = (double)vectors->n_test;
  return (spread){sqrt(fmax(0, squares / n - sum / n * (sum / n))), sqrt(2 * differences / n)};
}

/* For the picture a number of the vector for each pair, in turn, in units of its deviation. Those of few neighbours do
   not differ within pairs but by rounding. */
static int32_t write_pairs(const demo *demo, const demo_row *row, const double *predicted) {
  const demo_vectors *vectors = &demo->vectors;
  FILE *file = demo_create(demo, row->name, ".txt");
  if (file == NULL)
    return ALREADY_TOLD;
  fputs("# reference mean, predicted mean, reference difference, predicted difference (each in deviations)\n", file);
  for (int64_t i = 1, k = 0; i < vectors->n_test; i += 2) {
    spread spread = {0};
    for (int64_t tried = 0; tried < vectors->width && spread.difference <= 1e-6 * spread.value; ++tried) {
      k = (k + 1) % vectors->width;
      spread = spread_of(vectors, k);
    }
    const double *first = vector_of(vectors, vectors->n_train + i - 1), *second = first + vectors->width;
    const double *one = predicted + (i - 1) * vectors->width, *two = predicted + i * vectors->width;
    fprintf(file, "%.8g %.8g %.8g %.8g\n", 0.5 * (first[k] + second[k]) / spread.value,
            0.5 * (one[k] + two[k]) / spread.value, (first[k] - second[k]) / spread.difference,
            (one[k] - two[k]) / spread.difference);
  }
  return demo_finish(demo, file, row->name);
}

/* ---- fits ---- */

/* The vectors' numbers k as energies, of which a linear model is fitted one after the other. */
static int32_t as_energies(const demo *demo, int64_t k, tern_dataset **dataset) {
  int32_t status = tern_dataset_new(dataset);
  for (int64_t i = 0; i < demo->vectors.n_train && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    status = tern_dataset_system(demo->energies, i, &system);
    if (status == TERN_SUCCESS)
      status = tern_dataset_append(*dataset, system, vector_of(&demo->vectors, i) + k, NULL, NULL);
    tern_system_free(system);
  }
  return status;
}

typedef int32_t predictor(const tern_model *model, const tern_system *system, double *values);

static int32_t predict_energy(const tern_model *model, const tern_system *system, double *values) {
  return tern_model_predict(model, system, values, NULL, NULL);
}
static int32_t predict_vector(const tern_model *model, const tern_system *system, double *values) {
  return tern_model_predict_vectors(model, system, NULL, values);
}

static int32_t predict_all(const demo *demo, const tern_model *model, predictor *predict, double *predicted) {
  int32_t status = TERN_SUCCESS;
  for (int64_t i = 0; i < demo->vectors.n_test && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    status = tern_dataset_system(demo->test, i, &system);
    if (status == TERN_SUCCESS)
      status = predict(model, system, predicted + i * demo->vectors.width);
    tern_system_free(system);
  }
  return status;
}

static int32_t fit_linear(demo *demo, const demo_row *row, const tern_options *options, double *predicted) {
  int32_t status = TERN_SUCCESS;
  for (int64_t k = 0; k < demo->vectors.width && status == TERN_SUCCESS; ++k) {
    tern_dataset *dataset = NULL;
    tern_model *model = NULL;
    status = as_energies(demo, k, &dataset);
    if (status == TERN_SUCCESS)
      status = tern_model_fit(&model, row->model, dataset, options, NULL, NULL);
    if (status == TERN_SUCCESS)
      status = predict_all(demo, model, predict_energy, predicted + k);
    tern_model_free(model);
    tern_dataset_free(dataset);
    if (status == TERN_SUCCESS && demo_progress("numbers of the vectors", k + 1, demo->vectors.width, -1, demo))
      status = TERN_CANCELLED;
  }
  return status;
}

static int32_t fit_network(demo *demo, const demo_row *row, tern_options *options, double *predicted,
                           demo_result *result) {
  tern_model *model = NULL;
  int32_t status = tern_options_set(options, "target", target_name);
  if (status == TERN_SUCCESS)
    status = tern_model_fit(&model, row->model, demo->energies, options, demo_progress, demo);
  demo_note_end(demo, status, result);
  if (status == TERN_SUCCESS)
    status = demo_save(demo, row, model);
  if (status == TERN_SUCCESS)
    status = predict_all(demo, model, predict_vector, predicted);
  tern_model_free(model);
  return status;
}

int32_t demo_fit_vectors(demo *demo, const demo_row *row, tern_options *options, demo_result *result) {
  int32_t status = vectors_need(demo);
  if (status != TERN_SUCCESS)
    return status;
  result->trained_on = demo->vectors.n_train;
  result->tested_on = demo->vectors.n_test;
  double *predicted = calloc((size_t)(demo->vectors.n_test * demo->vectors.width + 1), sizeof *predicted);
  if (predicted == NULL)
    return TERN_ERROR_MEMORY;
  status = row->seconds > 0 ? fit_network(demo, row, options, predicted, result)
                            : fit_linear(demo, row, options, predicted);
  if (status == TERN_SUCCESS)
    status = measure(&demo->vectors, predicted, result);
  if (status == TERN_SUCCESS)
    status = write_pairs(demo, row, predicted);
  free(predicted);
  return status;
}
