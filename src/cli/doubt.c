/* SPDX-License-Identifier: BSD-3-Clause */
/* What is doubtful about a prediction: its deviation, atoms beyond the training set, atoms nearer than any there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

/* Frames that are warned of one by one, before a summary counts the others; and the score of an atom from which on. */
enum { MOST_WARNINGS = 10 };
static const double high_score = 2;

static bool grow(double **array, int64_t count) {
  double *grown = realloc(*array, sizeof(double) * (size_t)(count + 1));
  if (grown)
    *array = grown;
  return grown != NULL;
}

static int32_t make_room(doubt *doubt, int64_t n_atoms) {
  if (n_atoms <= doubt->capacity && doubt->ratios)
    return TERN_SUCCESS;
  if (!grow(&doubt->scores, n_atoms) || !grow(&doubt->ratios, n_atoms))
    return TERN_ERROR_MEMORY;
  doubt->capacity = n_atoms;
  return TERN_SUCCESS;
}

static void find_extremes(doubt *doubt, int64_t n_atoms) {
  doubt->farthest = doubt->nearest = 0;
  for (int64_t k = 1; k < n_atoms; ++k) {
    if (doubt->judged && doubt->scores[k] > doubt->scores[doubt->farthest])
      doubt->farthest = k;
    if (doubt->ratios[k] < doubt->ratios[doubt->nearest])
      doubt->nearest = k;
  }
  doubt->score = doubt->judged && n_atoms > 0 ? doubt->scores[doubt->farthest] : NAN;
  doubt->ratio = n_atoms > 0 ? doubt->ratios[doubt->nearest] : 1;
}

int32_t doubt_make(doubt *doubt, const tern_model *model, const tern_system *system, bool uncertainty) {
  int64_t n_atoms, n_owned;
  int32_t status = tern_system_size(system, &n_atoms, &n_owned);
  if (status == TERN_SUCCESS)
    status = make_room(doubt, n_owned);
  doubt->deviation = NAN;
  doubt->judged = uncertainty;
  if (status == TERN_SUCCESS && uncertainty)
    status = tern_model_predict_uncertainty(model, system, &doubt->deviation, doubt->scores);
  if (status == TERN_SUCCESS)
    status = tern_model_distance_ratios(model, system, doubt->ratios);
  if (status == TERN_SUCCESS)
    find_extremes(doubt, n_owned);
  return status;
}

void doubt_free(doubt *doubt) {
  free(doubt->scores);
  free(doubt->ratios);
}

/* A warning must not end up in the middle of a progress bar's line. */
void doubt_warn(doubt *doubt, int64_t frame, const char *path, progress_bar *bar) {
  const bool near = doubt->ratio < 1, far = doubt->judged && doubt->score > high_score;
  doubt->n_near += near;
  doubt->n_far += doubt->judged && doubt->score > 1;
  if (!(doubt->highest >= doubt->score) && doubt->judged) {
    doubt->highest = doubt->score;
    doubt->highest_frame = frame;
  }
  if ((!near && !far) || doubt->warned++ >= MOST_WARNINGS)
    return;
  progress_end(bar);
  fprintf(stderr, "ternion: warning: frame %lld of %s: ", (long long)frame, path);
  if (near)
    fprintf(stderr, "atom %lld is nearer to a neighbour than any in the training set (%.3g of its shortest distance)%s",
            (long long)doubt->nearest, doubt->ratio, far ? "; " : "\n");
  if (far)
    fprintf(stderr, "atom %lld is far from the training set (score %.3g)\n", (long long)doubt->farthest, doubt->score);
}

void doubt_summarize(const doubt *doubt, int64_t frames) {
  if (doubt->n_near > 0)
    fprintf(stderr, "ternion: warning: %lld of %lld frames have atoms nearer than any in the training set\n",
            (long long)doubt->n_near, (long long)frames);
  if (doubt->n_far > 0)
    fprintf(stderr,
            "ternion: warning: %lld of %lld frames have atoms outside of the training set (score above 1); the highest"
            " score is %.3g, in frame %lld\n",
            (long long)doubt->n_far, (long long)frames, doubt->highest, (long long)doubt->highest_frame);
}
