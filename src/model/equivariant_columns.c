/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/equivariant_columns.h"

#include <jansson.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/features.h"

static int64_t number_of(const json_t *label, const char *key, int64_t absent) {
  const json_t *number = json_object_get(label, key);
  return json_is_integer(number) ? (int64_t)json_integer_value(number) : absent;
}

/* The m of a column of that degree and parity, from 0; -1 when it is of another one. */
static int64_t column_order(const json_t *label, int32_t lambda, int32_t sigma) {
  const bool density = json_object_get(label, "lambda") == NULL && json_object_get(label, "m") != NULL;
  const int64_t degree = number_of(label, density ? "l" : "lambda", 0);
  const int64_t parity = density ? 1 : number_of(label, "sigma", number_of(label, "parity", 1));
  return degree == lambda && parity == sigma ? number_of(label, "m", 0) + lambda : -1;
}

static int32_t columns_fill(const json_t *labels, equivariant_columns *columns) {
  const int32_t width = 2 * columns->lambda + 1;
  int64_t found[2 * 40 + 1] = {0};
  const int64_t most = (int64_t)json_array_size(labels);
  TRY(MEMORY_NEW(NULL, &columns->columns, most * width, "the columns of a degree"));
  for (int64_t k = 0; k < most; k++) {
    const int64_t m = column_order(json_array_get(labels, (size_t)k), columns->lambda, columns->sigma);
    if (m >= 0 && m < width)
      columns->columns[m * most + found[m]++] = k;
  }
  columns->count = found[0];
  for (int32_t m = 0; m < width; m++) {
    if (found[m] != columns->count)
      return error_set(TERN_ERROR_INTERNAL, "a descriptor has %lld features of degree %d with m = %d, but %lld others",
                       (long long)found[m], columns->lambda, m - columns->lambda, (long long)columns->count);
    for (int64_t k = 0; k < columns->count; k++) /* closer together; never overtakes what is still to be read */
      columns->columns[m * columns->count + k] = columns->columns[m * most + k];
  }
  return TERN_SUCCESS;
}

int32_t equivariant_columns_find(const tern_descriptor *descriptor, int32_t lambda, int32_t sigma,
                                 equivariant_columns *columns) {
  text text = {0};
  *columns = (equivariant_columns){.lambda = lambda, .sigma = sigma};
  int32_t status = descriptor_labels(descriptor, &text);
  json_t *labels = status == TERN_SUCCESS && !text.failed ? json_loads(text.data, 0, NULL) : NULL;
  text_free(&text);
  TRY(status);
  status = labels == NULL ? error_set(TERN_ERROR_MEMORY, "no memory for the labels of a descriptor")
                          : columns_fill(labels, columns);
  json_decref(labels);
  if (status != TERN_SUCCESS)
    equivariant_columns_free(columns);
  return status;
}

int32_t equivariant_columns_new(const tern_descriptor *descriptor, int32_t lambda, int32_t sigma, const char *what,
                                equivariant_columns *columns) {
  TRY(equivariant_columns_find(descriptor, lambda, sigma, columns));
  if (columns->count > 0)
    return TERN_SUCCESS;
  equivariant_columns_free(columns);
  return error_set(TERN_ERROR_DATA,
                   "descriptor '%s' has no features of degree %d and parity sigma = %+d, which %s needs; "
                   "'correlations' with lambda_max %d or more%s has them",
                   descriptor->kind->name, lambda, sigma, what, lambda, sigma < 0 ? " and group so3" : "");
}

void equivariant_columns_free(equivariant_columns *columns) {
  memory_free(NULL, columns->columns);
  *columns = (equivariant_columns){0};
}

void equivariant_gather(const equivariant_columns *columns, const double *values, double *gathered) {
  for (int64_t k = 0; k < (2 * columns->lambda + 1) * columns->count; k++)
    gathered[k] = values[columns->columns[k]];
}

int32_t equivariant_values(const tern_descriptor *descriptor, const environment *environment, int64_t rows,
                           void *memory, const double **values) {
  features features;
  const int64_t width = descriptor->kind->features(descriptor->state);
  TRY(features_compute(descriptor, environment, rows, memory, &features));
  for (int64_t k = 0; rows == 0 && k < width; k++)
    features.values[k] = 0;
  for (int64_t row = 1; row < rows; row++)
    for (int64_t k = 0; k < width; k++)
      features.values[k] += features.values[row * width + k];
  *values = features.values;
  return TERN_SUCCESS;
}

int32_t equivariant_visit_structure(const tern_descriptor *descriptor, run *run, const tern_system *system,
                                    int64_t only, equivariant_visit visit, void *context) {
  environments all;
  void *memory = NULL;
  TRY(environments_build(descriptor, run, system, &all));
  const int64_t rows = all.most_rows < 1 ? 1 : all.most_rows;
  int32_t status = memory_new(run, &memory, features_scratch(descriptor, all.most_neighbours, rows), 1,
                              "features of an atom");
  const int64_t begin = only < 0 ? 0 : only, end = only < 0 ? all.neighbours.n_centers : only + 1;
  for (int64_t k = begin; status == TERN_SUCCESS && k < end; k++) {
    const environment environment = environments_at(&all, k);
    const double *values = NULL;
    status = equivariant_values(descriptor, &environment, all.first_row[k + 1] - all.first_row[k], memory, &values);
    if (status == TERN_SUCCESS)
      status = visit(context, &environment, values);
  }
  memory_free(run, memory);
  environments_free(run, &all);
  return status;
}
