/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/linear_solve.h"

#include <math.h>
#include <string.h>

#include "core/error.h"

/* Powers of ten that are searched; less would fit the rounding of the features. */
enum { LOWEST = -13, HIGHEST = 2 };

/* What decides on the regularization: rows left out, or generalized cross-validation. */
typedef struct judge {
  const spectrum *spectrum;
  least_squares *held_out; /* NULL: generalized cross-validation */
  double scale, *weights;
} judge;

static int32_t judge_score(void *context, double regularization, double *score) {
  judge *judge = context;
  if (judge->held_out == NULL) {
    *score = spectrum_gcv(judge->spectrum, regularization * judge->scale);
    return TERN_SUCCESS;
  }
  spectrum_solve(judge->spectrum, regularization * judge->scale, judge->weights);
  double residual;
  TRY(least_squares_residual(judge->held_out, judge->weights, &residual));
  *score = residual / (double)judge->held_out->rows;
  return TERN_SUCCESS;
}

static void report_regularization(const linear_solution *solution, const char *method, text *report) {
  text_add(report, ", \"regularization\": {\"value\": %.17g, \"method\": \"%s\"", solution->regularization, method);
  if (isfinite(solution->score) && solution->score >= 0)
    text_add(report, ", \"score\": %.10g", solution->score);
  text_add(report, "}");
}

/* The option's value, or the one of the least score. */
static int32_t choose_regularization(const tern_options *options, const spectrum *spectrum, least_squares *held_out,
                                     linear_solution *solution, text *report) {
  const char *word, *method = held_out == NULL ? "generalized cross-validation" : "held-out structures";
  judge judge = {spectrum, held_out, spectrum_scale(spectrum), solution->weights};
  TRY(options_text(options, "regularization", &word));
  solution->score = -1;
  if (solution->regularization > 0 || strcmp(word, "auto") != 0) {
    method = "given";
    if (solution->regularization == 0)
      TRY(options_real(options, "regularization", &solution->regularization));
  } else {
    TRY(least_squares_search(LOWEST, HIGHEST, judge_score, &judge, &solution->regularization, &solution->score));
  }
  report_regularization(solution, method, report);
  return TERN_SUCCESS;
}

/* The conditions of the rows themselves, in the directions that count to their rank, and with the regularization. */
static void report_spectrum(const spectrum *spectrum, double damping, text *report) {
  const double condition = spectrum_condition(spectrum), largest = spectrum->count > 0 ? spectrum->singular[0] : 0;
  const double least = spectrum->count < spectrum->columns ? 0 : spectrum->singular[spectrum->count - 1];
  const double regularized = sqrt((largest * largest + damping) / (least * least + damping));
  text_add(report, ", \"columns\": %lld, \"rank\": %lld", (long long)spectrum->columns,
           (long long)spectrum_rank(spectrum));
  text_add(report, isfinite(condition) ? ", \"condition\": %.4g" : ", \"condition\": null", condition);
  if (isfinite(regularized))
    text_add(report, ", \"regularized_condition\": %.4g", regularized);
}

static int32_t check_finite(int64_t count, const double *values) {
  for (int64_t k = 0; k < count; k++)
    if (!isfinite(values[k]))
      return error_set(TERN_ERROR_NUMERICAL,
                       "the linear fit gave a weight that is not finite; targets or features are too large");
  return TERN_SUCCESS;
}

/* The rows held out are in the final solution, too. */
static int32_t take_held_out(run *run, const least_squares *fitted, least_squares *held_out, spectrum *spectrum) {
  spectrum_free(run, spectrum);
  TRY(least_squares_merge(held_out, fitted));
  return least_squares_decompose(run, held_out, spectrum);
}

int32_t linear_solve(run *run, const tern_options *options, least_squares *fitted, least_squares *held_out,
                     linear_solution *solution, text *report) {
  spectrum spectrum;
  TRY(run_report(run, "solve", 0, 2, -1));
  TRY(least_squares_decompose(run, fitted, &spectrum));
  int32_t status = choose_regularization(options, &spectrum, held_out, solution, report);
  if (status == TERN_SUCCESS)
    status = run_report(run, "solve", 1, 2, -1);
  solution->damping = solution->regularization * spectrum_scale(&spectrum);
  if (status == TERN_SUCCESS && solution->trial != NULL)
    spectrum_solve(&spectrum, solution->damping, solution->trial);
  if (status == TERN_SUCCESS && held_out != NULL)
    status = take_held_out(run, fitted, held_out, &spectrum);
  if (status == TERN_SUCCESS) {
    const double damping = solution->regularization * spectrum_scale(&spectrum);
    spectrum_solve(&spectrum, damping, solution->weights);
    report_spectrum(&spectrum, damping, report);
    status = check_finite(spectrum.columns, solution->weights);
  }
  spectrum_free(run, &spectrum);
  TRY(status);
  return run_report(run, "solve", 2, 2, -1);
}
