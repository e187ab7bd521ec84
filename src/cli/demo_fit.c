/* SPDX-License-Identifier: BSD-3-Clause */
/* One row of the demonstration's table: fit, errors, predictions for the pictures. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "demo.h"

/* Of a force component beside an energy, in Angstrom. */
#define FORCE_WEIGHT 0.002

/* Ctrl-C during a training ends it with the best state so far; once there is a model, nothing takes it away. */
int32_t demo_progress(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  demo *demo = context;
  const bool training = strcmp(stage, "train") == 0;
  char text[sizeof demo->bar.stage];
  snprintf(text, sizeof text, "%d/%d %s", demo->row, demo->n_wanted, stage);
  const bool asked = progress_show(text, done, total, loss, &demo->bar) != 0;
  demo->trained = demo->trained || training;
  demo->ended = demo->ended || (training && asked);
  return asked && (training || !demo->trained) ? 1 : 0;
}

/* Predicted and reference energies of each test pair, a line a pair: mean and difference. */
static int32_t write_pairs(const demo *demo, const demo_row *row, const tern_model *model, measures *measures) {
  FILE *file = demo_create(demo, row->name, ".txt");
  if (file == NULL)
    return ALREADY_TOLD;
  prediction prediction = {0};
  double predicted = 0, reference = 0;
  int64_t size = 0;
  int32_t status = tern_dataset_size(demo->test, &size);
  fprintf(file, "# reference mean, predicted mean, reference difference, predicted difference (eV)\n");
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    status = tern_dataset_system(demo->test, i, &system);
    if (status == TERN_SUCCESS)
      status = prediction_make(&prediction, model, demo->test, i, system, measures);
    tern_system_free(system);
    if (i % 2 == 1)
      fprintf(file, "%.8f %.8f %.8f %.8f\n", 0.5 * (reference + prediction.reference_energy),
              0.5 * (predicted + prediction.energy), reference - prediction.reference_energy,
              predicted - prediction.energy);
    predicted = prediction.energy;
    reference = prediction.reference_energy;
  }
  prediction_free(&prediction);
  const int32_t finished = demo_finish(demo, file, row->name);
  return status == TERN_SUCCESS ? finished : status;
}

static void model_path(const demo *demo, const char *name, char *path, size_t size) {
  snprintf(path, size, "%s/%s.tern", demo->folder, name);
}

int32_t demo_save(const demo *demo, const demo_row *row, const tern_model *model) {
  char path[1024];
  model_path(demo, row->name, path, sizeof path);
  return tern_model_save(model, path);
}

static int32_t save_and_test(const demo *demo, const demo_row *row, const tern_model *model, demo_result *result) {
  measures measures = {0};
  int32_t status = demo_save(demo, row, model);
  if (status == TERN_SUCCESS)
    status = write_pairs(demo, row, model, &measures);
  result->mean = measures_mean(&measures);
  result->delta = measures_delta(&measures);
  if (row->forces)
    result->forces = error_rmse(&measures.forces);
  return status;
}

int64_t demo_part(const demo_row *row, int64_t n_train) {
  return row->part > 1 ? n_train / (2 * row->part) * 2 : n_train;
}
bool demo_wanted(const demo *demo, const demo_row *row) { return (row->tables & demo->tables) != 0; }

static int32_t row_options(const demo *demo, const demo_row *row, tern_options **options) {
  char path[1024], encoder[1024] = "";
  snprintf(path, sizeof path, "%s/%s.log", demo->folder, row->name);
  if (row->encoder)
    model_path(demo, row->encoder, encoder, sizeof encoder);
  int32_t status = demo_options(demo, row->options, options);
  if (status == TERN_SUCCESS && row->descriptor)
    status = tern_options_set(*options, "descriptor", row->descriptor);
  if (status == TERN_SUCCESS && row->encoder)
    status = tern_options_set(*options, "learned", encoder);
  if (status == TERN_SUCCESS && row->forces)
    status = tern_options_set_double(*options, "force_weight", FORCE_WEIGHT);
  if (status == TERN_SUCCESS && row->seconds > 0)
    status = tern_options_set_double(*options, "time_limit", demo_seconds(demo, row));
  if (status == TERN_SUCCESS && row->seconds > 0)
    status = tern_options_set(*options, "log", path);
  return status;
}

/* The structures that the row is fitted on, as a handle of their own. */
static int32_t row_structures(const demo *demo, const demo_row *row, tern_dataset **train, demo_result *result) {
  int64_t size = 0;
  int32_t status = tern_dataset_size(demo->train, &size);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(demo->test, &result->tested_on);
  result->trained_on = demo_part(row, size);
  return status == TERN_SUCCESS ? demo_first(row->forces ? demo->train : demo->energies, result->trained_on, train)
                                 : status;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void demo_note_end(demo *demo, int32_t status, demo_result *result) {
  result->ended_early = demo->ended;
  if (status == TERN_SUCCESS && demo->ended)
    interrupt_forget();
}

static int32_t fit_and_test(demo *demo, const demo_row *row, tern_options *options, demo_result *result) {
  tern_dataset *train = NULL;
  tern_model *model = NULL;
  int32_t status = row_structures(demo, row, &train, result);
  if (status == TERN_SUCCESS)
    status = tern_model_fit(&model, row->model, train, options, demo_progress, demo);
  demo_note_end(demo, status, result);
  if (status == TERN_SUCCESS)
    status = save_and_test(demo, row, model, result);
  tern_model_free(model);
  tern_dataset_free(train);
  return status;
}

int32_t demo_fit(demo *demo, const demo_row *row, demo_result *result) {
  tern_options *options = NULL;
  *result = (demo_result){.forces = NAN, .training_seconds = demo_seconds(demo, row)};
  demo->trained = false;
  int32_t status = row_options(demo, row, &options);
  if (status == TERN_SUCCESS && row->blind)
    status = demo_agreement(demo, row, options, result);
  const double start = seconds_now();
  if (status == TERN_SUCCESS)
    status = (row->vectors ? demo_fit_vectors : fit_and_test)(demo, row, options, result);
  result->seconds = seconds_now() - start;
  result->there = status == TERN_SUCCESS;
  tern_options_free(options);
  return status;
}
