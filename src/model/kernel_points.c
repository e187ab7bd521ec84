/* SPDX-License-Identifier: BSD-3-Clause */
/* Which environments a kernel model compares with, and in which coordinates. */
#include <math.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/principal.h"
#include "core/selection.h"
#include "model/kernel_model.h"

/* From so many environments of a species at least, if the data have them, points are chosen and axes are learned. */
enum { LEAST_CANDIDATES = 5000, BLOCK = 512 };

/* Environments of one species, evenly spread over the data set. */
typedef struct candidates {
  int64_t seen, total; /* so far, and all of the data set */
  int64_t taken, most; /* of them */
  int64_t share;       /* points wanted */
  double *features;    /* [most][features] */
  int64_t *where;      /* [most][2]: structure and number of the centre */
} candidates;

typedef struct choice {
  run *run;
  const tern_descriptor *descriptor;
  const tern_dataset *dataset;
  kernel_model *model;
  int64_t components;
  double softening;
  selection_method select;
  candidates *of; /* [n_species] */
} choice;

/* ---- candidates ---- */

static int32_t count_candidates(choice *choice) {
  for (int64_t index = 0; index < choice->dataset->size; index++) {
    environments environments;
    const int32_t status =
        environments_build(choice->descriptor, choice->run, choice->dataset->frames[index]->system, &environments);
    if (status != TERN_SUCCESS)
      return dataset_name_failure(choice->dataset, index, status);
    const int64_t centers = environments.neighbours.n_centers, rows = environments.n_rows;
    for (int64_t center = 0; center < centers; center++)
      choice->of[environments.center_species[center]].total++;
    environments_free(choice->run, &environments);
    TRY(kernel_model_check_rows(choice->descriptor, rows, centers));
  }
  return TERN_SUCCESS;
}

/* Equal parts for all species; what one cannot use goes to the others. */
static void share_out(choice *choice, int64_t points) {
  const int32_t n_species = choice->model->n_species;
  for (int64_t left = points, open = n_species; left > 0 && open > 0;) {
    const int64_t part = left / open > 0 ? left / open : 1;
    open = 0;
    for (int32_t k = 0; k < n_species; k++) {
      candidates *one = &choice->of[k];
      int64_t more = one->total - one->share < part ? one->total - one->share : part;
      more = more < left ? more : left;
      one->share += more;
      left -= more;
      open += one->share < one->total;
    }
  }
}

static int32_t reserve_candidates(choice *choice) {
  for (int32_t k = 0; k < choice->model->n_species; k++) {
    candidates *one = &choice->of[k];
    const int64_t wanted = 2 * one->share < LEAST_CANDIDATES ? LEAST_CANDIDATES : 2 * one->share;
    one->most = one->total < wanted ? one->total : wanted;
    TRY(MEMORY_NEW(choice->run, &one->features, one->most * choice->model->features,
                   "features of environments to choose points from"));
    TRY(MEMORY_NEW(choice->run, &one->where, 2 * one->most, "places of environments to choose points from"));
  }
  return TERN_SUCCESS;
}

/* Evenly spread: the number of those that should be taken so far steps up. */
static bool is_next(candidates *one) {
  const int64_t before = one->seen * one->most / one->total;
  return ++one->seen * one->most / one->total > before;
}

static void take_candidate(const kernel_model *model, const double *values, int64_t index, int64_t center,
                           candidates *one) {
  double *features = one->features + one->taken * model->features;
  for (int64_t k = 0; k < model->features; k++)
    features[k] = values[model->columns == NULL ? k : model->columns[k]];
  one->where[2 * one->taken] = index;
  one->where[2 * one->taken + 1] = center;
  one->taken++;
}

static int32_t take_candidates(choice *choice, const environments *environments, int64_t index, double *values) {
  const int64_t width = choice->descriptor->kind->features(choice->descriptor->state);
  TRY(descriptor_values_of(choice->descriptor, choice->run, environments, 0, environments->neighbours.n_centers,
                           values));
  for (int64_t center = 0; center < environments->neighbours.n_centers; center++) {
    candidates *one = &choice->of[environments->center_species[center]];
    if (is_next(one))
      take_candidate(choice->model, values + center * width, index, center, one);
  }
  return TERN_SUCCESS;
}

static int32_t gather_candidates(choice *choice) {
  const int64_t size = choice->dataset->size, width = choice->descriptor->kind->features(choice->descriptor->state);
  int32_t status = TERN_SUCCESS;
  for (int64_t index = 0; status == TERN_SUCCESS && index < size; index++) {
    environments environments;
    double *values = NULL;
    TRY(environments_build(choice->descriptor, choice->run, choice->dataset->frames[index]->system, &environments));
    status = MEMORY_NEW(choice->run, &values, environments.n_rows * width, "features");
    if (status == TERN_SUCCESS)
      status = take_candidates(choice, &environments, index, values);
    memory_free(choice->run, values);
    environments_free(choice->run, &environments);
    if (status == TERN_SUCCESS)
      status = run_report(choice->run, "features", index + 1, size, -1);
  }
  return status;
}

static int32_t check_finite(const choice *choice, int32_t species) {
  const candidates *one = &choice->of[species];
  for (int64_t k = 0; k < one->taken * choice->model->features; k++)
    if (!isfinite(one->features[k]))
      return error_set(TERN_ERROR_NUMERICAL, "the features of an environment of %s are not finite",
                       elements_symbol(choice->descriptor->species[species]));
  return TERN_SUCCESS;
}

/* ---- axes ---- */

static int32_t learn_axes(choice *choice, const candidates *one, kernel_points *points) {
  const int64_t features = choice->model->features;
  principal sums;
  principal_axes found = {0};
  points->dimensions = features;
  if (choice->components == 0 || choice->components >= features || one->taken == 0)
    return TERN_SUCCESS;
  TRY(principal_new(choice->run, features, one->taken, "second moments of the features", &sums));
  int32_t status = TERN_SUCCESS;
  for (int64_t begin = 0; status == TERN_SUCCESS && begin < one->taken; begin += BLOCK)
    status = principal_add(&sums, one->taken - begin < BLOCK ? one->taken - begin : BLOCK,
                           one->features + begin * features);
  if (status == TERN_SUCCESS)
    status = principal_solve(choice->run, &sums, choice->components, &found);
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(NULL, &points->axes, found.count * features, "the axes of a kernel model");
  if (status == TERN_SUCCESS) {
    points->dimensions = found.count;
    memcpy(points->axes, found.axes, (size_t)(found.count * features) * sizeof(double));
  }
  principal_axes_free(choice->run, &found);
  principal_free(choice->run, &sums);
  return status;
}

/* A part of the mean squared length is added to each; u [taken][dimensions]. */
static void project_candidates(const choice *choice, const candidates *one, kernel_points *points, double *u) {
  double inverse, sum = 0;
  const int64_t features = choice->model->features;
  points->softening = 0;
  for (int64_t k = 0; k < one->taken; k++) {
    kernel_model_project(choice->model, points, one->features + k * features, u, &inverse);
    sum += inverse > 0 ? 1 / (inverse * inverse) : 0;
  }
  points->softening = one->taken > 0 ? choice->softening * sum / (double)one->taken : 0;
  for (int64_t k = 0; k < one->taken; k++)
    kernel_model_project(choice->model, points, one->features + k * features, u + k * points->dimensions, &inverse);
}

/* ---- points ---- */

static int32_t keep_points(const choice *choice, const candidates *one, const double *u, int64_t *chosen,
                           kernel_points *points) {
  const int64_t count = one->share < one->taken ? one->share : one->taken, dimensions = points->dimensions;
  if (count < one->taken)
    TRY(choice->select(choice->run, "points", one->taken, dimensions, u, count, chosen));
  else
    for (int64_t k = 0; k < count; k++)
      chosen[k] = k;
  TRY(MEMORY_NEW(NULL, &points->points, count * dimensions, "the points of a kernel model"));
  TRY(MEMORY_NEW(NULL, &points->where, 2 * count, "the places of a kernel model's points"));
  for (int64_t k = 0; k < count; k++)
    memcpy(points->where + 2 * k, one->where + 2 * chosen[k], 2 * sizeof(int64_t));
  for (int64_t k = 0; k < count; k++)
    memcpy(points->points + k * dimensions, u + chosen[k] * dimensions, (size_t)dimensions * sizeof(double));
  points->count = count;
  return TERN_SUCCESS;
}

static int32_t choose_of_species(choice *choice, int32_t species) {
  candidates *one = &choice->of[species];
  kernel_points *points = &choice->model->species[species];
  double *u = NULL;
  int64_t *chosen = NULL;
  TRY(check_finite(choice, species));
  TRY(learn_axes(choice, one, points));
  TRY(memory_check(choice->run, 16.0 * (double)one->share * (double)points->dimensions,
                   "the points of a kernel model"));
  int32_t status = MEMORY_NEW(choice->run, &u, one->taken * points->dimensions, "environments to choose points from");
  if (status == TERN_SUCCESS)
    status = MEMORY_NEW(choice->run, &chosen, one->taken, "the choice of points");
  if (status == TERN_SUCCESS) {
    project_candidates(choice, one, points, u);
    status = keep_points(choice, one, u, chosen, points);
  }
  memory_free(choice->run, chosen);
  memory_free(choice->run, u);
  return status;
}

/* The linear problem's matrices come later; they are refused now, before the work. */
static int32_t check_memory(const choice *choice) {
  double columns = 0, factors = 0;
  for (int32_t k = 0; k < choice->model->n_species; k++) {
    const double share = (double)choice->of[k].share;
    columns += share;
    factors += share * share;
  }
  const int32_t status = memory_check(choice->run, 8 * (2 * columns * columns + factors), "the linear fit");
  return status == TERN_SUCCESS ? TERN_SUCCESS
                                : error_prefix(status, "%.0f points (fewer can be asked for by option 'points'): ",
                                               columns);
}

static int32_t choose_all(choice *choice, int64_t points) {
  TRY(count_candidates(choice));
  share_out(choice, points);
  TRY(check_memory(choice));
  TRY(reserve_candidates(choice));
  TRY(gather_candidates(choice));
  for (int32_t k = 0; k < choice->model->n_species; k++)
    TRY(choose_of_species(choice, k));
  return TERN_SUCCESS;
}

int32_t kernel_points_choose(kernel_model *model, run *run, const tern_descriptor *descriptor,
                             const tern_dataset *dataset, const tern_options *options, text *report) {
  choice choice = {.run = run, .descriptor = descriptor, .dataset = dataset, .model = model};
  const char *method;
  int64_t points;
  TRY(options_integer(options, "points", &points));
  TRY(options_text(options, "point_selection", &method));
  TRY(options_integer(options, "principal_components", &choice.components));
  TRY(options_real(options, "softening", &choice.softening));
  choice.select = strcmp(method, "cur") == 0 ? selection_cur : selection_farthest_point;
  TRY(MEMORY_NEW(run, &choice.of, model->n_species, "environments to choose points from"));
  const int32_t status = choose_all(&choice, points);
  text_add(report, ", \"environments\": {");
  for (int32_t k = 0; k < model->n_species; k++) {
    text_add(report, "%s\"%s\": %lld", k > 0 ? ", " : "", elements_symbol(descriptor->species[k]),
             (long long)choice.of[k].total);
    memory_free(run, choice.of[k].features);
    memory_free(run, choice.of[k].where);
  }
  text_add(report, "}");
  memory_free(run, choice.of);
  return status;
}
