/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/together.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/normal_equations.h"
#include "model/split.h"
#include "model/targets.h"

/* Rows that are gathered at a time, if no structure has more. */
enum { BLOCK_ROWS = 2048 };

typedef struct joint {
  run *run;
  const tern_model *model;
  const tern_dataset *dataset;
  const targets *targets;
  int64_t first[MODEL_MOST_PARTS + 1]; /* the first column of a part */
  int64_t columns, capacity;           /* of the block */
  int64_t *members, *first_row;        /* structures of the block, and where their rows begin */
  double *rows, *aims;                 /* [capacity][columns], [capacity] */
} joint;

/* ---- what is one for all parts ---- */

static int32_t check_same(const model_part *parts, int64_t n_parts, const char *key) {
  const char *first, *other;
  TRY(options_text(parts[0].options, key, &first));
  for (int64_t k = 1; k < n_parts; k++) {
    TRY(options_text(parts[k].options, key, &other));
    if (strcmp(first, other) != 0)
      return error_set(TERN_ERROR_OPTION,
                       "option '%s' is %s for %s and %s for %s; parts that are fitted together have one value", key,
                       first, parts[0].kind->name, other, parts[k].kind->name);
  }
  return TERN_SUCCESS;
}

int32_t together_check(const model_part *parts, int64_t n_parts, const tern_options *options, bool *wanted) {
  static const char *const keys[] = {"energy_weight",  "force_weight", "virial_weight",
                                     "regularization", "validation",   "seed"};
  int64_t flag;
  TRY(options_integer(options, "together", &flag));
  *wanted = flag != 0 && n_parts > 1;
  if (!*wanted)
    return TERN_SUCCESS;
  for (int64_t k = 0; k < n_parts; k++)
    if (parts[k].kind->linear == NULL)
      return error_set(TERN_ERROR_OPTION,
                       "option 'together' is 1, but a %s cannot be fitted together with others; ridge and kernel can, "
                       "to energies",
                       parts[k].kind->name);
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
    TRY(check_same(parts, n_parts, keys[k]));
  return TERN_SUCCESS;
}

/* ---- rows ---- */

/* The columns of one part in the rows of a structure. */
static int32_t write_part(const joint *joint, run *serial, int64_t k, int64_t index, int64_t count, double *rows) {
  const model_part *part = &joint->model->parts[k];
  const model_linear *linear = part->kind->linear;
  const int64_t width = joint->first[k + 1] - joint->first[k];
  double *own = NULL;
  TRY(linear->rows(part->state, serial, part->descriptor, joint->dataset, index, &own));
  const int32_t status = linear->whiten != NULL ? linear->whiten(part->state, count, own) : TERN_SUCCESS;
  for (int64_t row = 0; row < count; row++)
    memcpy(rows + row * joint->columns + joint->first[k], own + row * width, (size_t)width * sizeof(double));
  memory_free(serial, own);
  return status;
}

static int32_t write_structure(void *context, run *serial, int64_t item, void *space) {
  const joint *joint = context;
  const int64_t index = joint->members[item], first = joint->first_row[item], count = joint->first_row[item + 1] - first;
  double *rows = joint->rows + first * joint->columns;
  (void)space;
  for (int64_t k = 0; count > 0 && k < joint->model->n_parts; k++)
    TRY(write_part(joint, serial, k, index, count, rows));
  for (int64_t k = 0; k < count * joint->columns; k++)
    if (!isfinite(rows[k]))
      return dataset_name_failure(joint->dataset, index,
                                  error_set(TERN_ERROR_NUMERICAL, "features or their derivatives are not finite"));
  targets_write(joint->targets, joint->dataset->frames[index], joint->aims + first);
  return TERN_SUCCESS;
}

/* The next structures of one side from *index on, as many as have room. */
static int64_t fill_block(joint *joint, const unsigned char *part, int side, int64_t *index) {
  int64_t count = 0;
  joint->first_row[0] = 0;
  for (; *index < joint->dataset->size; ++*index) {
    if ((part != NULL && part[*index] != 0) != (side == 1))
      continue;
    const int64_t last = joint->first_row[count] + targets_rows(joint->targets, joint->dataset->frames[*index]);
    if (last > joint->capacity)
      break;
    joint->members[count++] = *index;
    joint->first_row[count] = last;
  }
  return count;
}

/* Blocks depend on the structures alone, and so do the sums. */
static int32_t gather_side(joint *joint, const unsigned char *part, int side, int64_t *done, normal_equations *sums) {
  const threads_items items = {.work = write_structure};
  TRY(normal_equations_new(joint->run, joint->columns, sums));
  for (int64_t index = 0; index < joint->dataset->size;) {
    const int64_t count = fill_block(joint, part, side, &index);
    TRY(threads_each(joint->run, count, &items, joint));
    if (count > 0 && joint->first_row[count] > 0)
      TRY(normal_equations_add(sums, joint->first_row[count], joint->rows, joint->aims));
    *done += count;
    TRY(run_report(joint->run, "rows", *done, joint->dataset->size, -1));
  }
  return sums->rows > 0 ? TERN_SUCCESS
                        : error_set(TERN_ERROR_DATA, "option 'validation': the structures %s have no targets",
                                    side == 0 ? "left to fit" : "held out");
}

static int32_t gather(joint *joint, const unsigned char *part, normal_equations sums[2]) {
  int64_t done = 0;
  joint->capacity = BLOCK_ROWS;
  for (int64_t k = 0; k < joint->dataset->size; k++) {
    const int64_t rows = targets_rows(joint->targets, joint->dataset->frames[k]);
    joint->capacity = rows > joint->capacity ? rows : joint->capacity;
  }
  if (joint->columns > INT32_MAX || joint->capacity > INT32_MAX)
    return error_set(TERN_ERROR_MEMORY, "a structure has too many rows (%lld) for a linear fit",
                     (long long)joint->capacity);
  TRY(MEMORY_NEW(joint->run, &joint->members, joint->dataset->size, "the order of the structures"));
  TRY(MEMORY_NEW(joint->run, &joint->first_row, joint->dataset->size + 1, "the order of the structures"));
  TRY(MEMORY_NEW(joint->run, &joint->rows, joint->capacity * joint->columns, "rows of the linear fit"));
  TRY(MEMORY_NEW(joint->run, &joint->aims, joint->capacity, "targets of the linear fit"));
  for (int side = 0; side < (part != NULL ? 2 : 1); side++)
    TRY(gather_side(joint, part, side, &done, &sums[side]));
  return TERN_SUCCESS;
}

/* ---- the solution ---- */

/* What makes the mean diagonal of each part one. */
static void measure_scales(const joint *joint, const normal_equations *sums, double *scales) {
  for (int64_t k = 0; k < joint->model->n_parts; k++) {
    double trace = 0;
    for (int64_t column = joint->first[k]; column < joint->first[k + 1]; column++)
      trace += sums->gram[column * (joint->columns + 1)];
    scales[k] = trace > 0 ? sqrt((double)(joint->first[k + 1] - joint->first[k]) / trace) : 1;
  }
}

static void scale(const joint *joint, const double *scales, double *values, double factor) {
  for (int64_t k = 0; k < joint->model->n_parts; k++)
    for (int64_t column = joint->first[k]; column < joint->first[k + 1]; column++)
      values[column] *= factor * scales[k];
}

static void scale_sums(const joint *joint, const double *scales, normal_equations *sums) {
  for (int64_t k = 0; k < joint->model->n_parts; k++)
    for (int64_t column = joint->first[k]; column < joint->first[k + 1]; column++)
      scale(joint, scales, sums->gram + column * joint->columns, scales[k]);
  scale(joint, scales, sums->moment, 1);
}

/* trial NULL: no structure was held out. */
static int32_t hand_out(const joint *joint, const double *scales, double *w, double *trial) {
  scale(joint, scales, w, 1);
  if (trial != NULL)
    scale(joint, scales, trial, 1);
  for (int64_t k = 0; k < joint->model->n_parts; k++) {
    const model_part *part = &joint->model->parts[k];
    TRY(part->kind->linear->set(part->state, w + joint->first[k], trial != NULL ? trial + joint->first[k] : NULL));
  }
  return TERN_SUCCESS;
}

static int32_t solve(joint *joint, const tern_options *options, normal_equations sums[2], bool held_out,
                     text *report) {
  double scales[MODEL_MOST_PARTS], damping, *w = NULL, *trial = NULL;
  measure_scales(joint, &sums[0], scales);
  for (int k = 0; k < (held_out ? 2 : 1); k++)
    scale_sums(joint, scales, &sums[k]);
  int32_t status = MEMORY_NEW(joint->run, &w, joint->columns, "the weights of a linear fit");
  if (status == TERN_SUCCESS && held_out)
    status = MEMORY_NEW(joint->run, &trial, joint->columns, "the weights of a linear fit");
  if (status == TERN_SUCCESS)
    status = normal_equations_solve(joint->run, options, &sums[0], held_out ? &sums[1] : NULL, w, trial, &damping,
                                    report);
  if (status == TERN_SUCCESS)
    status = hand_out(joint, scales, w, trial);
  memory_free(joint->run, w);
  memory_free(joint->run, trial);
  return status;
}

static int32_t fit_weights(joint *joint, text *report) {
  const tern_options *options = joint->model->parts[0].options;
  normal_equations sums[2] = {{0}};
  unsigned char *part = NULL;
  TRY(split_new(&part, joint->run, options, joint->dataset->size));
  int32_t status = gather(joint, part, sums);
  memory_free(joint->run, joint->members);
  memory_free(joint->run, joint->first_row);
  memory_free(joint->run, joint->rows);
  memory_free(joint->run, joint->aims);
  if (status == TERN_SUCCESS)
    status = solve(joint, options, sums, part != NULL, report);
  for (int k = 0; k < 2; k++)
    normal_equations_free(joint->run, &sums[k]);
  memory_free(joint->run, part);
  return status;
}

/* States without weights; what further parts report of themselves is kept for the end. */
static int32_t prepare(tern_model *model, run *run, const tern_dataset *dataset, text *report, text *further) {
  for (int64_t k = 0; k < model->n_parts; k++) {
    model_part *part = &model->parts[k];
    text *own = k == 0 ? report : further;
    if (k > 0)
      text_add(further, "%s{\"kind\": \"%s\", ", k > 1 ? ", " : "", part->kind->name);
    const int32_t status =
        part->kind->linear->prepare(&part->state, run, part->descriptor, dataset, part->options, own);
    if (status != TERN_SUCCESS)
      return error_prefix(status, "%s: ", part->kind->name);
    if (k > 0)
      text_add(further, "}");
  }
  return TERN_SUCCESS;
}

int32_t together_fit(tern_model *model, run *run, const tern_dataset *dataset, text *report) {
  joint joint = {.run = run, .model = model, .dataset = dataset};
  text further = {0};
  int32_t status = prepare(model, run, dataset, report, &further);
  for (int64_t k = 0; status == TERN_SUCCESS && k < model->n_parts; k++)
    joint.first[k + 1] = joint.first[k] + model->parts[k].kind->width(model->parts[k].state);
  joint.columns = joint.first[model->n_parts];
  if (status == TERN_SUCCESS) {
    joint.targets = model->parts[0].kind->linear->targets(model->parts[0].state);
    status = fit_weights(&joint, report);
  }
  report->failed = report->failed || further.failed;
  if (status == TERN_SUCCESS && !report->failed)
    text_add(report, ", \"together\": true, \"columns\": %lld, \"further_parts\": [%s]", (long long)joint.columns,
             further.data);
  text_free(&further);
  return status;
}
