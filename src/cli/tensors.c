/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions of tensors, and their errors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The standard deviation is that of each number of the tensor about its own mean, over structures and numbers. */
static void add_errors(tensor_measures *measures, const target *target, const double *predicted,
                       const double *reference) {
  measures->target = *target;
  ++measures->structures;
  for (int64_t k = 0; k < target->count; ++k) {
    error_add(&measures->errors, predicted[k] - reference[k]);
    measures->sums[k] += reference[k];
    measures->squares[k] += reference[k] * reference[k];
  }
}

static double deviation(const tensor_measures *measures) {
  const double n = (double)measures->structures;
  double sum = 0;
  for (int64_t k = 0; k < measures->target.count; ++k)
    sum += measures->squares[k] / n - measures->sums[k] / n * (measures->sums[k] / n);
  return sqrt(fmax(sum, 0) / (double)measures->target.count);
}

/* In %; NaN where all structures have the same tensor. */
static double relative(const tensor_measures *measures) {
  const double scale = deviation(measures);
  return scale > 0 ? 100 * error_rmse(&measures->errors) / scale : NAN;
}

void tensor_measures_print(const tensor_measures *measures) {
  if (measures->errors.count == 0)
    return;
  printf("  %-18s %10lld %14.6g %14.6g", measures->target.name, (long long)measures->errors.count,
         error_mae(&measures->errors), error_rmse(&measures->errors));
  if (!isnan(relative(measures)))
    printf("  %.3g %% of the standard deviation, %.4g", relative(measures), deviation(measures));
  putchar('\n');
}

void tensor_measures_print_json(const tensor_measures *measures) {
  if (measures->errors.count == 0)
    return;
  fputs(", \"tensor\": {\"name\": ", stdout);
  print_json_string(measures->target.name);
  printf(", \"order\": %d, \"count\": %lld, \"mae\": %.10g, \"rmse\": %.10g, \"standard_deviation\": %.10g",
         measures->target.order, (long long)measures->errors.count, error_mae(&measures->errors),
         error_rmse(&measures->errors), deviation(measures));
  if (!isnan(relative(measures)))
    printf(", \"rmse_percent\": %.6g", relative(measures));
  putchar('}');
}

static int32_t check_order(const target *target, int32_t order, const char *what) {
  if (order == target->order)
    return TERN_SUCCESS;
  fprintf(stderr, "ternion: '%s' has order %d, but %s one of order %d\n", target->name, order, what, target->order);
  return ALREADY_TOLD;
}

/* With the reference, where the structure has one. */
static int32_t compare(tensor_prediction *prediction, const target *target, const tern_dataset *dataset, int64_t index,
                       tensor_measures *measures) {
  int32_t order;
  prediction->known = tern_dataset_tensor_order(dataset, index, target->name, &order) == TERN_SUCCESS;
  if (!prediction->known)
    return TERN_SUCCESS;
  int32_t status = check_order(target, order, "the model predicts");
  if (status == TERN_SUCCESS)
    status = tern_dataset_tensor(dataset, index, target->name, prediction->reference);
  if (status == TERN_SUCCESS)
    add_errors(measures, target, prediction->values, prediction->reference);
  return status;
}

int32_t tensor_predict(tensor_prediction *prediction, const target *target, const tern_model *model,
                       const tern_dataset *dataset, int64_t index, const tern_system *system,
                       tensor_measures *measures) {
  const int32_t status = tern_model_predict_tensor(model, system, prediction->values);
  return status == TERN_SUCCESS ? compare(prediction, target, dataset, index, measures) : status;
}

int32_t tensor_take(tensor_prediction *prediction, target *target, const tern_dataset *predicted,
                    const tern_dataset *dataset, int64_t index, tensor_measures *measures) {
  int32_t order;
  int32_t status = tern_dataset_tensor_order(predicted, index, target->name, &order);
  if (status == TERN_SUCCESS && target->count == 0)
    target_set_order(target, order);
  if (status == TERN_SUCCESS)
    status = check_order(target, order, "frames before have");
  if (status == TERN_SUCCESS)
    status = tern_dataset_tensor(predicted, index, target->name, prediction->values);
  return status == TERN_SUCCESS ? compare(prediction, target, dataset, index, measures) : status;
}

int32_t tensor_write(const tensor_prediction *prediction, const target *target, const tern_system *system,
                     tern_writer *writer) {
  tern_dataset *one = NULL;
  int32_t status = tern_dataset_new(&one);
  if (status == TERN_SUCCESS)
    status = tern_dataset_append(one, system, NULL, NULL, NULL);
  if (status == TERN_SUCCESS)
    status = tern_dataset_set_tensor(one, 0, target->name, target->order, prediction->values);
  if (status == TERN_SUCCESS)
    status = tern_writer_append_structure(writer, one, 0);
  tern_dataset_free(one);
  return status;
}

void tensor_print(const tensor_prediction *prediction, const target *target, int64_t number, int64_t n_atoms) {
  if (number == 0)
    printf("%8s %8s %14s\n", "frame", "atoms", target->name);
  printf("%8lld %8lld ", (long long)number, (long long)n_atoms);
  print_numbers("%14.8g", " ", target->count, prediction->values);
  putchar('\n');
}

void tensor_print_json(const tensor_prediction *prediction, const target *target, int64_t number, int64_t n_atoms) {
  printf("{\"event\": \"frame\", \"frame\": %lld, \"atoms\": %lld, \"tensor\": [", (long long)number,
         (long long)n_atoms);
  print_numbers("%.17g", ", ", target->count, prediction->values);
  if (prediction->known) {
    fputs("], \"reference\": [", stdout);
    print_numbers("%.17g", ", ", target->count, prediction->reference);
  }
  puts("]}");
}
