/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame features are smooth where the frame degenerates, and sums over tags that are weighted by f_tag f_tag are C1
   where a tag comes or goes. */
#include "triplet_cases.h"

/* ---- collinear tags ---- */

/* The neighbours 0, 4 and 2, 3 lie on lines through the centre, on the same side and on opposite sides. */
static void on_lines(double *vectors) {
  memcpy(vectors, triplet_vectors[0], sizeof triplet_vectors);
  for (int a = 0; a < 3; a++) {
    vectors[12 + a] = 1.2 * vectors[a];
    vectors[6 + a] = a == 2 ? 1.6 : 0;
    vectors[9 + a] = a == 2 ? -1.9 : 0;
  }
}

/* Derivative of all rows along a direction, at a step along it; caller frees. */
static double *slope_at(triplet_case *c, const double *vectors, const double *direction, double step) {
  double *moved = triplet_moved(c->around.n_neighbours, vectors, direction, step);
  free(triplet_case_values(c, moved));
  double *pushed = zeros(c->rows * c->features);
  ASSERT_SUCCESS(c->kind->pushforward(c->state, &c->around, c->scratch, direction, pushed));
  free(moved);
  return pushed;
}

/* The largest second difference of the first derivative: O(step^2) when the third derivative is there, O(step) at a
   kink of the first, O(1) at a jump. */
static double bend(triplet_case *c, const double *vectors, const double *direction, double step, double *scale) {
  double *before = slope_at(c, vectors, direction, -step), *after = slope_at(c, vectors, direction, step);
  double *at = slope_at(c, vectors, direction, 0), most = 0;
  for (int64_t k = 0; k < c->rows * c->features; k++)
    most = fmax(most, fabs(before[k] - 2 * at[k] + after[k]));
  *scale = largest(c->rows * c->features, at);
  free(before);
  free(after);
  free(at);
  return most;
}

static void test_smooth_through_lines(void **state) {
  static const char *const settings[] = {"cutoff 3", "n_max 2", "l_max 4", "sigma 0.4", "spline_error 1e-12", NULL};
  (void)state;
  triplet_case c;
  double vectors[18];
  on_lines(vectors);
  triplet_case_start(&c, "frames", settings);
  for (uint64_t trial = 0; trial < 3; trial++) {
    double *direction = described_random(18, 40 + trial), scale;
    const double wide = bend(&c, vectors, direction, 4e-3, &scale), narrow = bend(&c, vectors, direction, 2e-3, &scale);
    assert_true(scale > 0.1);
    assert_true(wide < 2e-3 * scale);
    assert_true(wide / narrow > 3.6 && wide / narrow < 4.4);
    free(direction);
  }
  triplet_case_end(&c);
}

/* ---- tags that come and go ---- */

static double weight_of(const triplet_case *c, const int64_t *tags) {
  double weight = 1;
  for (int t = 0; t < 2; t++) {
    double value = 1, slope;
    const double *v = c->around.vectors + 3 * tags[t];
    if (tags[t] >= 0)
      cutoff_function_at(c->kind->tag_cutoff(c->state), sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), &value, &slope);
    weight *= value;
  }
  return weight;
}

/* sum over t of f_tag f_tag tanh(w . x_t) with random w, or of the tanh alone. */
static double weighted_sum(triplet_case *c, const double *vectors, bool weighted) {
  double *values = triplet_case_values(c, vectors), *direction = described_random(c->features, 77), sum = 0;
  int64_t tags[2 * 36];
  assert_in_range(c->rows, 1, 36);
  c->kind->tags(c->state, &c->around, tags);
  for (int64_t r = 0; r < c->rows; r++) {
    double projection = 0;
    for (int64_t f = 0; f < c->features; f++)
      projection += direction[f] * values[r * c->features + f];
    sum += (weighted ? weight_of(c, tags + 2 * r) : 1) * tanh(projection);
  }
  free(values);
  free(direction);
  return sum;
}

/* The sum with neighbour 5 at a distance. */
static double sum_at(triplet_case *c, double distance, bool weighted) {
  double vectors[18];
  memcpy(vectors, triplet_vectors[0], sizeof vectors);
  for (int a = 0; a < 3; a++)
    vectors[15 + a] = distance * (a == 0 ? -0.8 : a == 1 ? 0.48 : -0.36);
  return weighted_sum(c, vectors, weighted);
}

/* One-sided slopes at the distance, by differences that lie wholly on one side. */
static double slope_jump(triplet_case *c, double distance, double step, bool weighted) {
  const double here = sum_at(c, distance, weighted);
  const double left = (here - sum_at(c, distance - step, weighted)) / step;
  const double right = (sum_at(c, distance + step, weighted) - here) / step;
  return fabs(right - left);
}

static void check_tag_cutoff(const char *function, const char *tag_cutoff, double radius) {
  const char *const settings[] = {"cutoff 3", "n_max 2",       "l_max 3", "sigma 0.4", "spline_error 1e-12",
                                  tag_cutoff, "tag_width 0.6", function,  NULL};
  triplet_case c;
  triplet_case_start(&c, "frames", settings);
  const double before = sum_at(&c, radius - 1e-9, true), after = sum_at(&c, radius + 1e-9, true);
  assert_true(fabs(before) > 0.1 && fabs(before - after) < 1e-7);
  assert_true(fabs(sum_at(&c, radius - 1e-9, false) - sum_at(&c, radius + 1e-9, false)) > 0.01); /* needs the weights */
  const double wide = slope_jump(&c, radius, 2e-3, true), narrow = slope_jump(&c, radius, 1e-3, true);
  assert_true(wide < 0.1 && narrow < 0.6 * wide + 1e-6);
  triplet_case_end(&c);
}

static void test_weighted_sums_are_smooth(void **state) {
  static const char *const functions[] = {"cutoff_function shifted-cosine", "cutoff_function quintic",
                                          "cutoff_function bump"};
  (void)state;
  for (int i = 0; i < 3; i++) {
    check_tag_cutoff(functions[i], "tag_cutoff 2.4", 2.4);
    check_tag_cutoff(functions[i], "tag_cutoff 3", 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_smooth_through_lines),
                                     cmocka_unit_test(test_weighted_sums_are_smooth)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
