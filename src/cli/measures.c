/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of predictions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

void error_add(error_sum *sum, double error) {
  ++sum->count;
  sum->squares += error * error;
  sum->absolutes += fabs(error);
}
double error_rmse(const error_sum *sum) { return sum->count ? sqrt(sum->squares / (double)sum->count) : NAN; }
double error_mae(const error_sum *sum) { return sum->count ? sum->absolutes / (double)sum->count : NAN; }

static void add_energy(measures *measures, int64_t n_atoms, double predicted, double reference) {
  const double error = predicted - reference;
  error_add(&measures->energy, error);
  error_add(&measures->energy_per_atom, n_atoms > 0 ? error / (double)n_atoms : error);
  measures->sum += reference;
  measures->sum_squares += reference * reference;
  if (measures->n_energies++ % 2 == 1) {
    const double difference = measures->last_reference - reference;
    error_add(&measures->mean, 0.5 * (measures->last_error + error));
    error_add(&measures->delta, measures->last_error - error);
    measures->delta_squares += difference * difference;
  }
  measures->last_error = error;
  measures->last_reference = reference;
}

/* Of energies, or else of vectors. */
static bool has_pairs(const measures *measures) { return measures->mean.count > 0 || measures->vectors.pairs > 0; }

double measures_mean(const measures *measures) {
  const double n = (double)measures->n_energies, average = measures->sum / n;
  if (measures->mean.count == 0)
    return vectors_measures_mean(&measures->vectors);
  return 100 * error_rmse(&measures->mean) / sqrt(measures->sum_squares / n - average * average);
}
double measures_delta(const measures *measures) {
  if (measures->mean.count == 0)
    return vectors_measures_delta(&measures->vectors);
  return 100 * sqrt(measures->delta.squares / measures->delta_squares);
}

void measures_free(measures *measures) { vectors_measures_free(&measures->vectors); }

void measures_add_deviation(measures *measures, double error, double deviation) {
  ++measures->n_deviations;
  measures->within_1 += fabs(error) <= deviation;
  measures->within_2 += fabs(error) <= 2 * deviation;
  measures->ratio_squares += error * error / (deviation * deviation);
}

static double percent(int64_t part, int64_t whole) { return 100 * (double)part / (double)whole; }

static void print_row(const char *name, const error_sum *sum, double factor, const char *unit) {
  if (sum->count)
    printf("  %-18s %10lld %14.6g %14.6g  %s\n", name, (long long)sum->count, factor * error_mae(sum),
           factor * error_rmse(sum), unit);
}

void measures_print(const measures *measures, const char *set, bool pairs) {
  if (measures->energy.count + measures->forces.count + measures->virial.count + measures->tensor.errors.count +
          measures->vectors.centers ==
      0)
    return;
  printf("%-20s %10s %14s %14s\n", set, "values", "MAE", "RMSE");
  print_row("energy", &measures->energy, 1, "eV");
  print_row("energy per atom", &measures->energy_per_atom, 1000, "meV");
  print_row("forces", &measures->forces, 1, "eV/A");
  print_row("virial", &measures->virial, 1, "eV");
  tensor_measures_print(&measures->tensor);
  vectors_measures_print(&measures->vectors);
  if (pairs && has_pairs(measures))
    printf("  pairs of frames: mean %.2f %%, delta %.2f %%\n", measures_mean(measures), measures_delta(measures));
  if (measures->n_deviations > 0)
    printf(
        "  deviations: %.1f %% of the errors within 1 (normal: 68.3), %.1f %% within 2 (95.4); RMS of error / deviation"
        " %.3g\n",
        percent(measures->within_1, measures->n_deviations), percent(measures->within_2, measures->n_deviations),
        sqrt(measures->ratio_squares / (double)measures->n_deviations));
}

static void print_json_row(const char *name, const error_sum *sum) {
  if (sum->count)
    printf(", \"%s\": {\"count\": %lld, \"mae\": %.10g, \"rmse\": %.10g}", name, (long long)sum->count, error_mae(sum),
           error_rmse(sum));
}

void measures_print_json(const measures *measures, const char *set, bool pairs) {
  printf("{\"event\": \"errors\", \"set\": ");
  print_json_string(set);
  print_json_row("energy", &measures->energy);
  print_json_row("energy_per_atom", &measures->energy_per_atom);
  print_json_row("forces", &measures->forces);
  print_json_row("virial", &measures->virial);
  tensor_measures_print_json(&measures->tensor);
  vectors_measures_print_json(&measures->vectors);
  if (pairs && has_pairs(measures))
    printf(", \"mean_percent\": %.6g, \"delta_percent\": %.6g", measures_mean(measures), measures_delta(measures));
  if (measures->n_deviations > 0)
    printf(", \"coverage\": {\"count\": %lld, \"within_1\": %.6g, \"within_2\": %.6g, \"error_by_deviation\": %.6g}",
           (long long)measures->n_deviations, 0.01 * percent(measures->within_1, measures->n_deviations),
           0.01 * percent(measures->within_2, measures->n_deviations),
           sqrt(measures->ratio_squares / (double)measures->n_deviations));
  puts("}");
}

static int32_t make_room(prediction *prediction, int64_t n_atoms) {
  prediction->n_atoms = n_atoms;
  if (n_atoms <= prediction->capacity && prediction->forces)
    return TERN_SUCCESS;
  const size_t bytes = sizeof(double) * 3 * (size_t)(n_atoms + 1);
  double *forces = realloc(prediction->forces, bytes);
  if (forces)
    prediction->forces = forces;
  double *reference = realloc(prediction->reference, bytes);
  if (reference)
    prediction->reference = reference;
  if (forces == NULL || reference == NULL)
    return TERN_ERROR_MEMORY;
  prediction->capacity = n_atoms;
  return TERN_SUCCESS;
}

void prediction_free(prediction *prediction) {
  free(prediction->forces);
  free(prediction->reference);
  vectors_prediction_free(&prediction->vectors);
}

/* What a data set holds of a target; the arrays of `values` are those of the prediction. */
static bool find_target(const tern_dataset *dataset, int64_t index, int32_t which, double *values) {
  return tern_dataset_target(dataset, index, which, values) == TERN_SUCCESS;
}

static void add_errors(prediction *prediction, const tern_dataset *dataset, int64_t index, measures *measures) {
  double virial[9];
  prediction->reference_energy = NAN;
  if (find_target(dataset, index, TERN_TARGET_ENERGY, &prediction->reference_energy))
    add_energy(measures, prediction->n_atoms, prediction->energy, prediction->reference_energy);
  prediction->compared_forces =
      prediction->has_forces && find_target(dataset, index, TERN_TARGET_FORCES, prediction->reference);
  for (int64_t k = 0; prediction->compared_forces && k < 3 * prediction->n_atoms; ++k)
    error_add(&measures->forces, prediction->forces[k] - prediction->reference[k]);
  if (prediction->has_virial && find_target(dataset, index, TERN_TARGET_VIRIAL, virial))
    for (int k = 0; k < 9; ++k)
      error_add(&measures->virial, prediction->virial[k] - virial[k]);
}

void target_set_order(target *target, int32_t order) {
  target->kind = TARGET_TENSOR;
  target->order = order;
  target->count = 1;
  for (int32_t k = 0; k < order; ++k)
    target->count *= 3;
}

static int32_t read_target(const tern_model *model, target *target) {
  int64_t length;
  int32_t order, status = tern_model_target(model, target->name, sizeof target->name, &length);
  if (status == TERN_SUCCESS)
    status = tern_model_target_order(model, &order);
  if (status != TERN_SUCCESS)
    return status;
  target->kind = strcmp(target->name, "energy") == 0 ? TARGET_ENERGY : TARGET_VECTORS;
  if (order >= 0)
    target_set_order(target, order);
  return TERN_SUCCESS;
}

int32_t prediction_open(prediction *prediction, const tern_model *model, tern_options *options) {
  const target *target = &prediction->target;
  const int32_t status = read_target(model, &prediction->target);
  return status == TERN_SUCCESS && target->kind != TARGET_ENERGY && options != NULL
             ? tern_options_set(options, "target", target->name)
             : status;
}

int32_t prediction_open_file(prediction *prediction, const tern_options *options) {
  target *target = &prediction->target;
  int64_t length;
  const int32_t status = tern_options_get(options, "target", target->name, sizeof target->name, &length);
  target->kind = strcmp(target->name, "energy") == 0 ? TARGET_ENERGY : TARGET_TENSOR;
  return status;
}

static int32_t prepare(prediction *prediction, const tern_system *system) {
  int64_t n_atoms;
  const int32_t status = tern_system_size(system, &n_atoms, NULL);
  return status == TERN_SUCCESS ? make_room(prediction, n_atoms) : status;
}

static int32_t predict_energy(prediction *prediction, const tern_model *model, const tern_dataset *dataset,
                              int64_t index, const tern_system *system, measures *measures) {
  const int32_t status =
      tern_model_predict(model, system, &prediction->energy, prediction->forces, prediction->virial);
  prediction->has_forces = prediction->has_virial = true;
  if (status == TERN_SUCCESS)
    add_errors(prediction, dataset, index, measures);
  return status;
}

int32_t prediction_make(prediction *prediction, const tern_model *model, const tern_dataset *dataset, int64_t index,
                        const tern_system *system, measures *measures) {
  const target *target = &prediction->target;
  const int32_t status = prepare(prediction, system);
  if (status != TERN_SUCCESS)
    return status;
  prediction->reference_energy = NAN;
  if (target->kind == TARGET_TENSOR)
    return tensor_predict(&prediction->tensor, target, model, dataset, index, system, &measures->tensor);
  if (target->kind == TARGET_VECTORS)
    return vectors_predict(&prediction->vectors, target->name, model, dataset, index, system, &measures->vectors);
  return predict_energy(prediction, model, dataset, index, system, measures);
}

int32_t prediction_take(prediction *prediction, const tern_dataset *predicted, const tern_dataset *dataset,
                        int64_t index, const tern_system *system, measures *measures) {
  int32_t status = prepare(prediction, system);
  prediction->reference_energy = NAN;
  if (status == TERN_SUCCESS && prediction->target.kind == TARGET_TENSOR)
    return tensor_take(&prediction->tensor, &prediction->target, predicted, dataset, index, &measures->tensor);
  if (status == TERN_SUCCESS)
    status = tern_dataset_target(predicted, index, TERN_TARGET_ENERGY, &prediction->energy);
  if (status != TERN_SUCCESS)
    return status;
  prediction->has_forces = find_target(predicted, index, TERN_TARGET_FORCES, prediction->forces);
  prediction->has_virial = find_target(predicted, index, TERN_TARGET_VIRIAL, prediction->virial);
  add_errors(prediction, dataset, index, measures);
  return TERN_SUCCESS;
}

int32_t measures_dataset(measures *measures, const tern_model *model, const tern_dataset *dataset, progress_bar *bar) {
  prediction prediction = {0};
  int64_t size;
  int32_t status = tern_dataset_size(dataset, &size);
  if (status == TERN_SUCCESS)
    status = prediction_open(&prediction, model, NULL);
  for (int64_t i = 0; i < size && status == TERN_SUCCESS; ++i) {
    tern_system *system = NULL;
    status = tern_dataset_system(dataset, i, &system);
    if (status == TERN_SUCCESS)
      status = prediction_make(&prediction, model, dataset, i, system, measures);
    tern_system_free(system);
    if (status != TERN_SUCCESS && status != TERN_CANCELLED)
      fprintf(stderr, "ternion: structure %lld of those to measure errors on (counted from 0):\n", (long long)i);
    if (status == TERN_SUCCESS && bar && (i % 64 == 63 || i + 1 == size) &&
        progress_show("predict", i + 1, size, -1, bar))
      status = TERN_CANCELLED;
  }
  prediction_free(&prediction);
  return status;
}
