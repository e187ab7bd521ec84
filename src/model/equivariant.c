/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/equivariant.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/least_squares.h"
#include "model/split.h"

/* Channels below this part of the tensor's root mean square are noise, such as the antisymmetric part of a
   polarizability that was written with few digits. */
static const double LEAST_CHANNEL = 1e-5;

void equivariant_head_free(equivariant_head *head) {
  for (int32_t c = 0; c < EQUIVARIANT_MOST_CHANNELS; c++)
    equivariant_columns_free(&head->columns[c]);
  memory_free(NULL, head->intercept);
}

static void data_free(equivariant_data *data) {
  memory_free(data->run, data->frames);
  memory_free(data->run, data->values);
  memory_free(data->run, data->held_out);
}

void equivariant_start(const equivariant_head *head, int32_t species, double *spherical) {
  memcpy(spherical, head->intercept + species * head->basis.size, (size_t)head->basis.size * sizeof *spherical);
}

int32_t equivariant_twin(const equivariant_head *head, int32_t channel) {
  const equivariant_channel *channels = head->basis.channels;
  for (int32_t c = 0; c < channel; c++)
    if (head->active[c] && channels[c].lambda == channels[channel].lambda &&
        channels[c].sigma == channels[channel].sigma)
      return c;
  return -1;
}

/* ---- targets ---- */

/* How many structures have the tensor, and the order that all of them share. */
static int32_t find_order(const tern_dataset *dataset, const char *name, int64_t *count, int32_t *order) {
  int64_t first = -1;
  *count = 0;
  for (int64_t k = 0; k < dataset->size; k++) {
    const frame_tensor *tensor = frame_find_tensor(dataset->frames[k], name);
    if (tensor == NULL)
      continue;
    if (first >= 0 && tensor->order != *order)
      return error_set(TERN_ERROR_DATA,
                       "'%s' has %lld numbers in structure %lld but %lld in structure %lld: a target has one order",
                       name, (long long)tensor_count(tensor->order), (long long)k, (long long)tensor_count(*order),
                       (long long)first);
    first = first < 0 ? k : first;
    *order = tensor->order;
    ++*count;
  }
  if (*count == 0)
    return error_set(TERN_ERROR_DATA,
                     "none of the %lld structures has '%s', the option 'target': it is read as %s=\"...\" from the "
                     "comment line when the data are read with the same option, or given as a tensor of that name",
                     (long long)dataset->size, name, name);
  return TERN_SUCCESS;
}

static int32_t take_values(const equivariant_head *head, const char *name, equivariant_data *data) {
  const int64_t size = head->basis.size;
  TRY(MEMORY_NEW(data->run, &data->frames, data->count, "structures with a tensor"));
  TRY(MEMORY_NEW(data->run, &data->values, data->count * size, "tensors of the structures"));
  for (int64_t k = 0, next = 0; k < data->dataset->size; k++) {
    const frame_tensor *tensor = frame_find_tensor(data->dataset->frames[k], name);
    if (tensor == NULL)
      continue;
    data->frames[next] = k;
    equivariant_from_cartesian(&head->basis, tensor->values, data->values + next++ * size);
  }
  return TERN_SUCCESS;
}

static double channel_square(const equivariant_head *head, const equivariant_data *data, int32_t channel) {
  const equivariant_channel *at = &head->basis.channels[channel];
  double sum = 0;
  for (int64_t k = 0; k < data->count; k++)
    for (int32_t m = 0; m < 2 * at->lambda + 1; m++) {
      const double value = data->values[k * head->basis.size + at->first + m];
      sum += value * value;
    }
  return sum / (double)data->count;
}

static void find_active(equivariant_head *head, const equivariant_data *data) {
  double squares[EQUIVARIANT_MOST_CHANNELS], total = 0;
  for (int32_t c = 0; c < head->basis.n_channels; c++)
    total += squares[c] = channel_square(head, data, c);
  for (int32_t c = 0; c < head->basis.n_channels; c++)
    head->active[c] = squares[c] > LEAST_CHANNEL * LEAST_CHANNEL * total;
}

/* The tensors of the data set, and which channels they have. */
static int32_t take_targets(const tern_options *options, equivariant_head *head, equivariant_data *data,
                            const char **name) {
  int32_t order = 0;
  TRY(options_text(options, "target", name));
  TRY(find_order(data->dataset, *name, &data->count, &order));
  TRY(equivariant_basis_fill(order, &head->basis));
  TRY(take_values(head, *name, data));
  find_active(head, data);
  return TERN_SUCCESS;
}

static int32_t set_descriptor_options(const equivariant_head *head, tern_options *options) {
  int64_t lambda_max = 0;
  bool odd = false;
  for (int32_t c = 0; c < head->basis.n_channels; c++)
    if (head->active[c]) {
      lambda_max = head->basis.channels[c].lambda > lambda_max ? head->basis.channels[c].lambda : lambda_max;
      odd = odd || head->basis.channels[c].sigma < 0;
    }
  if (!options_is_set(options, "lambda_max"))
    TRY(options_set_numbers(options, "lambda_max", 1, NULL, &lambda_max));
  return odd && !options_is_set(options, "group") ? options_set(options, "group", "so3") : TERN_SUCCESS;
}

static int32_t check_descriptor(const equivariant_head *head, const tern_descriptor *descriptor) {
  for (int32_t c = 0; c < head->basis.n_channels; c++) {
    equivariant_columns columns = {0};
    if (head->active[c])
      TRY(equivariant_columns_new(descriptor, head->basis.channels[c].lambda, head->basis.channels[c].sigma,
                                  "the target", &columns));
    equivariant_columns_free(&columns);
  }
  return TERN_SUCCESS;
}

/* With the channels of a data set: sets options, or checks the descriptor that was made with them. */
static int32_t meet_targets(run *run, const tern_dataset *dataset, const tern_options *options, tern_options *set,
                            const tern_descriptor *descriptor) {
  equivariant_head *head = NULL;
  equivariant_data data = {.run = run, .dataset = dataset};
  const char *name;
  TRY(MEMORY_NEW(run, &head, 1, "the channels of a tensor"));
  int32_t status = take_targets(options, head, &data, &name);
  if (status == TERN_SUCCESS)
    status = set != NULL ? set_descriptor_options(head, set) : check_descriptor(head, descriptor);
  data_free(&data);
  memory_free(run, head);
  return status;
}

int32_t equivariant_prepare(run *run, const tern_dataset *dataset, tern_options *options) {
  return meet_targets(run, dataset, options, options, NULL);
}

int32_t equivariant_check(run *run, const tern_dataset *dataset, const tern_options *options,
                          const tern_descriptor *descriptor) {
  return meet_targets(run, dataset, options, NULL, descriptor);
}

/* ---- intercepts ---- */

/* How many centres of each species a structure has. */
static int32_t count_centers(const tern_descriptor *descriptor, const tern_system *system, int64_t index,
                             double *counts) {
  const int64_t centers = descriptor_count_centers(descriptor, system);
  memset(counts, 0, (size_t)descriptor->n_species * sizeof *counts);
  for (int64_t k = 0; k < centers; k++) {
    const int64_t atom = descriptor_center(descriptor, k);
    const int64_t species = atom < system->n_owned ? descriptor_species(descriptor, system->species[atom]) : -1;
    if (species < 0)
      return error_set(TERN_ERROR_DATA,
                       "structure %lld: atom %lld is not there, or of a species that the descriptor does not know",
                       (long long)index, (long long)atom);
    counts[species] += 1;
  }
  return TERN_SUCCESS;
}

static int32_t intercept_rows(const equivariant_head *head, const equivariant_data *data, int32_t number,
                              least_squares *problem) {
  double row[DESCRIPTOR_MOST_SPECIES + 1];
  for (int64_t k = 0; k < data->count; k++) {
    const tern_system *system = data->dataset->frames[data->frames[k]]->system;
    TRY(count_centers(data->descriptor, system, data->frames[k], row));
    row[head->n_species] = data->values[k * head->basis.size + number];
    TRY(least_squares_add(problem, 1, row));
  }
  return TERN_SUCCESS;
}

/* The numbers of centres of each species, times what they contribute, as near to the invariant as can be; the solution
   of least norm. */
static int32_t intercept_fit(equivariant_head *head, equivariant_data *data, int32_t number) {
  least_squares problem;
  spectrum spectrum = {0};
  double row[DESCRIPTOR_MOST_SPECIES], solution[DESCRIPTOR_MOST_SPECIES];
  TRY(least_squares_new(data->run, head->n_species, 256, &problem));
  int32_t status = intercept_rows(head, data, number, &problem);
  if (status == TERN_SUCCESS)
    status = least_squares_decompose(data->run, &problem, &spectrum);
  if (status == TERN_SUCCESS)
    spectrum_solve(&spectrum, 0, solution);
  for (int64_t s = 0; status == TERN_SUCCESS && s < head->n_species; s++)
    head->intercept[s * head->basis.size + number] = solution[s];
  for (int64_t k = 0; status == TERN_SUCCESS && k < data->count; k++) {
    status = count_centers(data->descriptor, data->dataset->frames[data->frames[k]]->system, data->frames[k], row);
    for (int64_t s = 0; s < head->n_species; s++)
      data->values[k * head->basis.size + number] -= row[s] * solution[s];
  }
  spectrum_free(data->run, &spectrum);
  least_squares_free(data->run, &problem);
  return status;
}

static void report_target(const equivariant_head *head, const equivariant_data *data, const char *name, text *report) {
  text_add(report, "\"target\": {\"name\": \"%s\", \"order\": %d, \"structures\": %lld, \"channels\": [", name,
           head->basis.order, (long long)data->count);
  for (int32_t c = 0; c < head->basis.n_channels; c++)
    text_add(report, "%s{\"lambda\": %d, \"sigma\": %d, \"fitted\": %s, \"rms\": %.10g}", c > 0 ? ", " : "",
             head->basis.channels[c].lambda, head->basis.channels[c].sigma, head->active[c] ? "true" : "false",
             sqrt(channel_square(head, data, c)));
  text_add(report, "]}");
}

/* ---- together ---- */

static int32_t head_columns(equivariant_head *head, const tern_descriptor *descriptor) {
  for (int32_t c = 0; c < head->basis.n_channels; c++) {
    equivariant_columns *columns = &head->columns[c];
    if (!head->active[c])
      continue;
    TRY(equivariant_columns_find(descriptor, head->basis.channels[c].lambda, head->basis.channels[c].sigma, columns));
    head->active[c] = columns->count > 0;
  }
  return TERN_SUCCESS;
}

static int32_t begin(const tern_options *options, equivariant_head *head, equivariant_data *data, text *report) {
  const char *name;
  TRY(take_targets(options, head, data, &name));
  TRY(split_new(&data->held_out, data->run, options, data->dataset->size));
  head->n_species = data->descriptor->n_species;
  TRY(head_columns(head, data->descriptor));
  TRY(MEMORY_NEW(NULL, &head->intercept, head->n_species * head->basis.size, "the intercepts of a tensor"));
  for (int32_t c = 0; c < head->basis.n_channels; c++)
    if (head->active[c] && head->basis.channels[c].lambda == 0 && head->basis.channels[c].sigma == 1)
      TRY(intercept_fit(head, data, head->basis.channels[c].first));
  report_target(head, data, name, report);
  return TERN_SUCCESS;
}

static int32_t fit_channels(const equivariant_form *form, void *state, const equivariant_data *data,
                            const tern_options *options, text *report) {
  const equivariant_head *head = state;
  double regularizations[EQUIVARIANT_MOST_CHANNELS] = {0};
  text_add(report, ", \"fits\": [");
  for (int32_t c = 0, shown = 0; c < head->basis.n_channels; c++) {
    if (!head->active[c])
      continue;
    text_add(report, shown++ > 0 ? ", " : "");
    TRY(form->fit_channel(state, data, options, c, regularizations, report));
  }
  text_add(report, "]");
  return TERN_SUCCESS;
}

/* Hands the state over, or ends it. */
static int32_t finish(const equivariant_form *form, int32_t status, void *made, void **state) {
  if (status == TERN_SUCCESS)
    *state = made;
  else
    form->destroy(made);
  return status;
}

int32_t equivariant_fit(const equivariant_form *form, void **state, run *run, const tern_descriptor *descriptor,
                        const tern_dataset *dataset, const tern_options *options, text *report) {
  equivariant_data data = {.run = run, .descriptor = descriptor, .dataset = dataset};
  void *made = NULL;
  TRY(memory_new(NULL, &made, form->size, 1, "a model of a tensor"));
  int32_t status = begin(options, made, &data, report);
  if (status == TERN_SUCCESS && form->prepare != NULL)
    status = form->prepare(made, &data, options, report);
  if (status == TERN_SUCCESS)
    status = fit_channels(form, made, &data, options, report);
  data_free(&data);
  return finish(form, status, made, state);
}

/* ---- files ---- */

int32_t equivariant_store(const equivariant_head *head, int64_t capacity, tensor *tensors, int64_t *count) {
  if (capacity < 2)
    return error_set(TERN_ERROR_INTERNAL, "a model of a tensor stores more tensors than there is room for");
  tensors[0] = (tensor){.name = "tensor.intercept",
                        .type = TENSOR_FLOAT64,
                        .rank = 2,
                        .shape = {head->n_species, head->basis.size},
                        .data = head->intercept};
  tensors[1] = (tensor){.name = "tensor.channels",
                        .type = TENSOR_INT32,
                        .rank = 1,
                        .shape = {head->basis.n_channels},
                        .data = head->active};
  *count = 2;
  return TERN_SUCCESS;
}

static int32_t restore_head(equivariant_head *head, const tern_descriptor *descriptor, const safetensors_file *file) {
  const int64_t shape[2] = {descriptor->n_species, -1};
  const tensor *intercept, *channels;
  TRY(safetensors_get_finite(file, "tensor.intercept", 2, shape, &intercept));
  const int32_t order = tensor_order(intercept->shape[1]);
  if (order < 0)
    return error_set(TERN_ERROR_FORMAT, "tensor 'tensor.intercept' has %lld columns; 1, 3, 9 or 27 are needed",
                     (long long)intercept->shape[1]);
  TRY(equivariant_basis_fill(order, &head->basis));
  head->n_species = descriptor->n_species;
  const int64_t count = head->n_species * head->basis.size, n_channels = head->basis.n_channels;
  TRY(safetensors_get(file, "tensor.channels", TENSOR_INT32, 1, &n_channels, &channels));
  for (int32_t c = 0; c < n_channels; c++)
    head->active[c] = ((const int32_t *)channels->data)[c] != 0;
  TRY(MEMORY_NEW(NULL, &head->intercept, count, "the intercepts of a tensor"));
  memcpy(head->intercept, intercept->data, (size_t)count * sizeof(double));
  TRY(check_descriptor(head, descriptor));
  return head_columns(head, descriptor);
}

int32_t equivariant_restore(const equivariant_form *form, void **state, const tern_descriptor *descriptor,
                            const safetensors_file *file) {
  void *made = NULL;
  TRY(memory_new(NULL, &made, form->size, 1, "a model of a tensor"));
  int32_t status = restore_head(made, descriptor, file);
  if (status == TERN_SUCCESS)
    status = form->restore(made, descriptor, file);
  return finish(form, status, made, state);
}
