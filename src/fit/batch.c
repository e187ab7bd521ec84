/* SPDX-License-Identifier: BSD-3-Clause */
/* Which items a step takes, and sums over the rows of a batch that need not be held at once. */
#include <string.h>

#include "core/error.h"
#include "fit/random.h"
#include "fit/training.h"

/* ---- which items ---- */

/* In an order that depends on seed and epoch only. */
static void shuffle(fit_training *t) {
  const int64_t n = t->problem->n_items;
  const uint64_t seed = (uint64_t)t->counts.seed, epoch = (uint64_t)t->counts.epoch;
  if (t->order_epoch == t->counts.epoch)
    return;
  for (int64_t k = 0; k < n; k++)
    t->order[k] = k;
  for (int64_t k = n - 1; k > 0 && !t->settings.optimizer->whole; k--) {
    const int64_t other = (int64_t)(fit_random_uniform(seed, epoch, (uint64_t)k) * (double)(k + 1)), held = t->order[k];
    t->order[k] = t->order[other];
    t->order[other] = held;
  }
  t->order_epoch = t->counts.epoch;
}

static int64_t rows_of(const fit_training *t, int64_t item) { return t->problem->rows(t->problem->context, item); }

/* What is left of the epoch is split evenly. */
void fit_next_batch(fit_training *t, fit_batch *batch) {
  shuffle(t);
  const int64_t left = t->problem->n_items - t->counts.position;
  const int64_t steps = (left + t->counts.batch - 1) / t->counts.batch, wanted = (left + steps - 1) / steps;
  const bool at_once = t->settings.optimizer->gram;
  int64_t count = 0;
  for (; count < wanted; count++) {
    const int64_t item = t->order[t->counts.position + count], rows = rows_of(t, item);
    if (count > 0 && at_once && t->first_row[count] + rows > t->most_rows)
      break;
    t->items[count] = item;
    t->first_row[count + 1] = t->first_row[count] + rows;
  }
  *batch = (fit_batch){t->counts.step, count, t->items, t->first_row};
  t->counts.position += count;
  if (t->counts.position == t->problem->n_items) {
    t->counts.position = 0;
    t->counts.epoch++;
  }
}

/* ---- sums over pieces ---- */

int32_t fit_linearize(fit_training *t, const fit_batch *batch, const double *parameters, bool derivatives) {
  t->jacobian.rows = batch->first_row[batch->count];
  return t->problem->linearize(t->problem->context, t->run, parameters, batch, t->residual,
                               derivatives ? t->rows : NULL, t->jacobian.stride);
}

/* The items from `begin` on whose rows fit, as a batch of their own. */
static fit_batch next_piece(fit_training *t, const fit_batch *batch, int64_t begin) {
  fit_batch piece = {batch->step, 0, batch->items + begin, t->piece_first_row};
  t->piece_first_row[0] = 0;
  while (begin + piece.count < batch->count) {
    const int64_t end = batch->first_row[begin + piece.count + 1] - batch->first_row[begin];
    if (piece.count > 0 && end > t->most_rows)
      break;
    t->piece_first_row[++piece.count] = end;
  }
  return piece;
}

/* gradient NULL: not wanted. */
static int32_t sum_pieces(fit_training *t, const fit_batch *batch, const double *parameters, double *gradient,
                          double *loss) {
  const int64_t rows = batch->first_row[batch->count];
  double sum = 0;
  if (gradient != NULL)
    memset(gradient, 0, (size_t)t->problem->n_parameters * sizeof *gradient);
  for (int64_t begin = 0; begin < batch->count;) {
    const fit_batch piece = next_piece(t, batch, begin);
    TRY(fit_linearize(t, &piece, parameters, gradient != NULL));
    sum += fit_dot(t->jacobian.rows, t->residual, t->residual);
    if (gradient != NULL) {
      for (int64_t row = 0; row < t->jacobian.rows; row++)
        t->residual[row] *= -2 / (double)rows;
      TRY(gram_transposed_times(t->run, &t->jacobian, t->residual, gradient));
    }
    begin += piece.count;
  }
  *loss = sum / (double)rows;
  return TERN_SUCCESS;
}

int32_t fit_loss(fit_training *t, const fit_batch *batch, const double *parameters, double *loss) {
  return sum_pieces(t, batch, parameters, NULL, loss);
}

int32_t fit_gradient(fit_training *t, const fit_batch *batch, const double *parameters, double *gradient,
                     double *loss) {
  return sum_pieces(t, batch, parameters, gradient, loss);
}
