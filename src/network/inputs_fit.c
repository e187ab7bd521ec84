/* SPDX-License-Identifier: BSD-3-Clause */
/* Principal components of rows, even and odd columns apart, from a sample of environments. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "network/inputs_learning.h"

enum { ROWS_PER_COLUMN = 8, LEAST_ROWS = 4000 }; /* that the components are learned from */

static const char what[] = "principal components of a network's inputs";

int32_t network_parities(const tern_descriptor *descriptor, int32_t *parities) {
  const descriptor_kind *kind = descriptor->kind;
  const int64_t features = kind->features(descriptor->state);
  for (int64_t column = 0; column < features; column++) {
    text label = {0};
    kind->label(descriptor->state, column, &label);
    if (label.failed) {
      text_free(&label);
      return error_set(TERN_ERROR_MEMORY, "no memory for the labels of a descriptor");
    }
    const char *lambda = strstr(label.data, "\"lambda\":");
    const bool tensor = lambda != NULL && lambda[9] != '0';
    parities[column] = strstr(label.data, "\"parity\":-1") != NULL ? -1 : 1;
    text_free(&label);
    if (tensor)
      return error_set(TERN_ERROR_OPTION,
                       "option 'lambda_max': a network reads invariants, but column %lld of the descriptor is part of "
                       "a tensor; set lambda_max to 0",
                       (long long)column);
  }
  return TERN_SUCCESS;
}

/* What a pass does with a row: its columns and its weight. */
typedef int32_t (*row_visit)(learning *learning, double weight);

/* ---- rows ---- */

static int64_t rows_of(const learning *learning, const environment *environment) {
  const descriptor_kind *kind = learning->descriptor->kind;
  return kind->rows == NULL ? 1 : kind->rows(learning->descriptor->state, environment);
}

double inputs_distance(const environment *environment, int64_t neighbour) {
  const double *v = environment->vectors + 3 * neighbour;
  return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

double inputs_tag_weight(const learning *learning, const environment *environment, int64_t tag) {
  double value, slope;
  if (tag < 0)
    return 1;
  cutoff_function_at(learning->descriptor->kind->tag_cutoff(learning->descriptor->state),
                     inputs_distance(environment, tag), &value, &slope);
  return value;
}

static int32_t visit_plain(learning *learning, const environment *environment, int64_t *counter, row_visit visit) {
  const descriptor_kind *kind = learning->descriptor->kind;
  const int64_t rows = rows_of(learning, environment), features = learning->inputs->features;
  TRY(kind->forward(learning->descriptor->state, environment, learning->scratch, learning->values));
  if (kind->tags != NULL)
    kind->tags(learning->descriptor->state, environment, learning->tags);
  for (int64_t row = 0; row < rows; row++) {
    double weight = 1, *even = learning->even_row + learning->in_piece * learning->even;
    double *odd = learning->odd_row + learning->in_piece * learning->odd;
    if ((*counter)++ % learning->stride != 0)
      continue;
    for (int64_t column = 0; column < features; column++)
      *(learning->parities[column] > 0 ? even++ : odd++) = learning->values[row * features + column];
    for (int k = 0; k < 2 && kind->tags != NULL && kind->tag_cutoff != NULL; k++)
      weight *= inputs_tag_weight(learning, environment, learning->tags[2 * row + k]);
    TRY(visit(learning, weight));
  }
  return TERN_SUCCESS;
}

static int32_t visit_products(learning *learning, const environment *environment, int64_t *counter, row_visit visit) {
  const frames_state *frames = learning->descriptor->state;
  products opened;
  products_factors(learning->inputs, frames, environment, learning->scratch, &opened);
  for (int64_t first = 0; first < opened.frames.n_tags; first++)
    for (int64_t second = 0; second < opened.frames.n_tags; second++) {
      if (!frames_has_row(frames, first, second) || (*counter)++ % learning->stride != 0)
        continue;
      products_row(&opened, first, second, learning->even_row + learning->in_piece * learning->even,
                   learning->odd_row + learning->in_piece * learning->odd);
      TRY(visit(learning, opened.weights[first] * opened.weights[second]));
    }
  return TERN_SUCCESS;
}

static int32_t visit_rows(learning *learning, const char *stage, row_visit visit) {
  int64_t counter = 0;
  for (int64_t k = 0; k < learning->sample->count; k++) {
    const environment *environment = &learning->sample->environments[k];
    TRY(network_inputs_are_products(learning->inputs)
            ? visit_products(learning, environment, &counter, visit)
            : visit_plain(learning, environment, &counter, visit));
    TRY(run_report(learning->run, stage, k + 1, learning->sample->count, -1));
  }
  return TERN_SUCCESS;
}

/* ---- passes ---- */

static int32_t add_mean(learning *learning, double weight) {
  learning->total += weight;
  learning->taken++;
  for (int64_t k = 0; k < learning->even; k++)
    learning->mean[k] += weight * learning->even_row[k];
  return TERN_SUCCESS;
}

static int32_t add_piece(learning *learning) {
  const int64_t count = learning->in_piece;
  learning->in_piece = 0;
  TRY(principal_add(&learning->even_sums, count, learning->even_row));
  return learning->odd > 0 ? principal_add(&learning->odd_sums, count, learning->odd_row) : TERN_SUCCESS;
}

/* The row lies behind those of the piece so far. */
static int32_t add_moments(learning *learning, double weight) {
  const double root = sqrt(weight);
  double *even = learning->even_row + learning->in_piece * learning->even;
  double *odd = learning->odd_row + learning->in_piece * learning->odd;
  for (int64_t k = 0; k < learning->even; k++)
    even[k] = root * (even[k] - learning->mean[k]);
  for (int64_t k = 0; k < learning->odd; k++)
    odd[k] *= root;
  return ++learning->in_piece == INPUTS_PIECE ? add_piece(learning) : TERN_SUCCESS;
}

/* ---- axes ---- */

/* The largest moments of both, so many in all, no less than 1e-10 of the largest. */
static void choose_components(const principal_axes *even, const principal_axes *odd, int64_t wanted,
                              network_inputs *inputs) {
  int64_t e = 0, o = 0;
  double largest = 0;
  for (; wanted > 0 && (e < even->count || o < odd->count); wanted--) {
    const double a = e < even->count ? even->moments[e] : -1, b = o < odd->count ? odd->moments[o] : -1;
    largest = fmax(largest, fmax(a, b));
    if (fmax(a, b) <= 1e-10 * largest)
      break;
    if (a >= b)
      e++;
    else
      o++;
  }
  inputs->even = e;
  inputs->odd = o;
}

/* So that the variance of all components together is 1 and one component's is moment^(1 - 2 power) of it. */
static void scale_axes(const learning *learning, principal_axes *even, principal_axes *odd) {
  const network_inputs *inputs = learning->inputs;
  const double power = learning->choices->power;
  double total = 0;
  for (int64_t k = 0; k < inputs->even; k++)
    total += pow(even->moments[k], 1 - 2 * power);
  for (int64_t k = 0; k < inputs->odd; k++)
    total += pow(odd->moments[k], 1 - 2 * power);
  for (int64_t k = 0; k < inputs->even; k++)
    for (int64_t i = 0; i < learning->even; i++)
      even->axes[k * learning->even + i] *= pow(even->moments[k], -power) / sqrt(total);
  for (int64_t k = 0; k < inputs->odd; k++)
    for (int64_t i = 0; i < learning->odd; i++)
      odd->axes[k * learning->odd + i] *= pow(odd->moments[k], -power) / sqrt(total);
}

/* Column `place` of the axes' rows: even numbers first, odd ones behind. */
static void put_axes(const learning *learning, const principal_axes *axes, int64_t count, int64_t size, int64_t column,
                     int64_t place, int64_t first) {
  const int64_t columns = network_inputs_columns(learning->inputs);
  for (int64_t k = 0; k < count; k++)
    learning->inputs->axes[place * columns + first + k] = axes->axes[k * size + column];
}

static void fill_axes(const learning *learning, const principal_axes *even, const principal_axes *odd) {
  network_inputs *inputs = learning->inputs;
  if (network_inputs_are_products(inputs)) {
    const product_shape shape = product_shape_of(inputs, learning->descriptor->state);
    const int64_t without_odd = learning->even - learning->odd; /* rows of mu = 0 */
    for (int64_t place = 0; place < learning->even; place++) {
      put_axes(learning, even, inputs->even, learning->even, place, place, 0);
      if (place >= without_odd && shape.size > 1)
        put_axes(learning, odd, inputs->odd, learning->odd, place - without_odd, place, inputs->even);
    }
  } else {
    for (int64_t place = 0, e = 0, o = 0; place < inputs->features; place++)
      if (learning->parities[place] > 0)
        put_axes(learning, even, inputs->even, learning->even, e++, place, 0);
      else
        put_axes(learning, odd, inputs->odd, learning->odd, o++, place, inputs->even);
  }
  for (int64_t k = 0; k < inputs->even; k++) {
    inputs->offset[k] = 0;
    for (int64_t i = 0; i < learning->even; i++)
      inputs->offset[k] -= even->axes[k * learning->even + i] * learning->mean[i];
  }
}

static int32_t learn_axes(learning *learning) {
  principal_axes even = {0}, odd = {0};
  network_inputs *inputs = learning->inputs;
  const int64_t wanted = learning->choices->components;
  int32_t status = TERN_SUCCESS;
  if (learning->odd > 0)
    status = principal_solve(learning->run, &learning->odd_sums, wanted, &odd);
  principal_free(learning->run, &learning->odd_sums); /* room for the even ones, which are more */
  if (status == TERN_SUCCESS)
    status = principal_solve(learning->run, &learning->even_sums, wanted, &even);
  if (status == TERN_SUCCESS) {
    choose_components(&even, &odd, wanted, inputs);
    if (inputs->even == 0)
      status = error_set(TERN_ERROR_DATA, "the features of all environments are the same: a network has nothing to "
                                          "learn from");
  }
  if (status == TERN_SUCCESS)
    status = network_inputs_reserve(inputs, learning->descriptor);
  if (status == TERN_SUCCESS) {
    scale_axes(learning, &even, &odd);
    fill_axes(learning, &even, &odd);
    network_inputs_finish(inputs, learning->descriptor);
  }
  principal_axes_free(learning->run, &even);
  principal_axes_free(learning->run, &odd);
  return status;
}

/* ---- the fit ---- */

static int32_t count_columns(learning *learning) {
  network_inputs *inputs = learning->inputs;
  if (network_inputs_are_products(inputs)) {
    const product_shape shape = product_shape_of(inputs, learning->descriptor->state);
    learning->even = products_even_size(&shape);
    learning->odd = products_odd_size(&shape);
    return TERN_SUCCESS;
  }
  TRY(MEMORY_NEW(learning->run, &learning->parities, inputs->features, what));
  TRY(network_parities(learning->descriptor, learning->parities));
  for (int64_t k = 0; k < inputs->features; k++)
    learning->even += learning->parities[k] > 0;
  learning->odd = inputs->features - learning->even;
  return TERN_SUCCESS;
}

static void count_rows(learning *learning) {
  int64_t wanted = ROWS_PER_COLUMN * (learning->even + learning->odd);
  learning->rows = 0;
  for (int64_t k = 0; k < learning->sample->count; k++) {
    const int64_t rows = rows_of(learning, &learning->sample->environments[k]);
    learning->rows += rows;
    learning->most_rows = rows > learning->most_rows ? rows : learning->most_rows;
  }
  wanted = wanted < LEAST_ROWS ? LEAST_ROWS : wanted;
  learning->stride = learning->rows / wanted < 1 ? 1 : learning->rows / wanted;
  if (learning->stride > 1) /* not in step with the tags */
    learning->stride += learning->stride % 2 == 0;
}

static int32_t reserve(learning *learning) {
  run *run = learning->run;
  const tern_descriptor *descriptor = learning->descriptor;
  const int64_t neighbours = learning->sample->most_neighbours;
  const bool products = network_inputs_are_products(learning->inputs);
  const int64_t bytes = products ? products_scratch(learning->inputs, descriptor->state, neighbours, 1, true, true)
                                 : descriptor->kind->scratch(descriptor->state, neighbours);
  memory_free(run, learning->scratch);
  learning->scratch = NULL;
  TRY(memory_new(run, &learning->scratch, bytes, 1, what));
  if (!products) {
    TRY(MEMORY_NEW(run, &learning->values, learning->most_rows * learning->inputs->features, what));
    TRY(MEMORY_NEW(run, &learning->tags, 2 * learning->most_rows, what));
  }
  TRY(MEMORY_NEW(run, &learning->even_row, INPUTS_PIECE * learning->even, what));
  TRY(MEMORY_NEW(run, &learning->odd_row, INPUTS_PIECE * learning->odd, what));
  return MEMORY_NEW(run, &learning->mean, learning->even, what);
}

static void end_passes(learning *learning) {
  run *run = learning->run;
  memory_free(run, learning->tags);
  memory_free(run, learning->scratch);
  memory_free(run, learning->values);
  memory_free(run, learning->even_row);
  memory_free(run, learning->odd_row);
  learning->tags = NULL;
  learning->scratch = NULL;
  learning->values = learning->even_row = learning->odd_row = NULL;
}

static int32_t learn_moments(learning *learning) {
  TRY(visit_rows(learning, "inputs: means", add_mean));
  for (int64_t k = 0; k < learning->even && learning->total > 0; k++)
    learning->mean[k] /= learning->total;
  const int64_t samples = learning->taken > 0 ? learning->taken : 1;
  TRY(principal_new(learning->run, learning->even, samples, what, &learning->even_sums));
  TRY(principal_new(learning->run, learning->odd, samples, what, &learning->odd_sums));
  if (learning->taken == 0)
    return error_set(TERN_ERROR_DATA, "no environment of the data set has a row of features: a network has nothing "
                                      "to learn from; the (tag) cutoff may be too small");
  TRY(visit_rows(learning, "inputs: components", add_moments));
  return add_piece(learning);
}

static int32_t learn(learning *learning) {
  network_inputs *inputs = learning->inputs;
  if (network_inputs_are_products(inputs)) {
    const int64_t bytes = frames_scratch_size(learning->descriptor->state, learning->sample->most_neighbours);
    TRY(memory_new(learning->run, &learning->scratch, bytes, 1, what));
    TRY(inputs_learn_tag_functions(learning));
    TRY(inputs_learn_columns(learning));
  }
  TRY(count_columns(learning));
  count_rows(learning);
  TRY(reserve(learning));
  TRY(learn_moments(learning));
  end_passes(learning);
  TRY(learn_axes(learning));
  /* a structure's sum over rows is of order 1, whatever its own number of rows */
  const double mean_weight = learning->total / (double)learning->taken;
  const double rows = (double)learning->rows / (double)learning->sample->count;
  inputs->norm = 1 / sqrt(fmax(1, rows * mean_weight));
  return TERN_SUCCESS;
}

static void learning_free(learning *learning) {
  run *run = learning->run;
  end_passes(learning);
  memory_free(run, learning->parities);
  memory_free(run, learning->mean);
  principal_free(run, &learning->even_sums);
  principal_free(run, &learning->odd_sums);
}

int32_t network_inputs_fit(network_inputs **inputs, run *run, const tern_descriptor *descriptor,
                           const network_sample *sample, const network_input_choices *choices) {
  learning learning = {.run = run, .descriptor = descriptor, .sample = sample, .choices = choices};
  TRY(network_inputs_new(&learning.inputs, descriptor, choices->products));
  const int32_t status = learn(&learning);
  learning_free(&learning);
  if (status == TERN_SUCCESS)
    *inputs = learning.inputs;
  else
    network_inputs_free(learning.inputs);
  return status;
}
