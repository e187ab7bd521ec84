/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/products.h"

#include <math.h>
#include <string.h>

#include "core/layout.h"
#include "core/number.h"

product_shape product_shape_of(const network_inputs *inputs, const frames_state *frames) {
  const density_basis *basis = frames->basis;
  product_shape shape = {.size = basis->l_max + 1,
                         .first = inputs->products[0],
                         .second = inputs->products[1],
                         .legendre = inputs->products[2],
                         .even = inputs->even,
                         .columns = network_inputs_columns(inputs)};
  shape.right = shape.second * shape.legendre;
  shape.functions = shape.first > shape.second ? shape.first : shape.second;
  for (int64_t mu = 0; mu < shape.size; mu++) {
    shape.raw[mu] = basis->n_species * (shape.size - mu) * basis->n_max;
    shape.wide[mu] = (inputs->turns != NULL ? inputs->kept[mu] : shape.raw[mu]) + (mu == 0);
    shape.left[mu + 1] = shape.left[mu] + shape.first * shape.wide[mu];
    shape.all_columns += shape.wide[mu] * (mu == 0 ? 1 : 2);
    shape.most_raw = shape.raw[mu] > shape.most_raw ? shape.raw[mu] : shape.most_raw;
  }
  shape.even_terms = shape.right * (2 * shape.size - 1);
  shape.odd_terms = shape.right * (2 * shape.size - 2);
  return shape;
}

/* ---- scratch ---- */

static int64_t choose_block(const product_shape *shape, int64_t n, int64_t slots, bool gradient) {
  enum { enough = 1 << 20 }; /* numbers */
  const int64_t one = slots * shape->even_terms * shape->columns, block = one > 0 ? enough / one : n;
  return gradient || block > n ? n : block < 1 ? 1 : block;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* Of all matrices that are multiplied, the largest number of rows or columns. */
static int64_t most_of(const product_shape *shape, int64_t rows) {
  int64_t most = larger(larger(rows, shape->right * shape->columns), shape->even_terms);
  for (int64_t mu = 0; mu < shape->size; mu++)
    most = larger(most, shape->left[mu + 1] - shape->left[mu]);
  return most;
}

static void place(const frames_state *frames, int64_t n, bool wide, layout *layout, products *products) {
  const product_shape *shape = &products->shape;
  const int64_t size = number_size(wide), slots = products->slots, rows = n * slots;
  int64_t left = 0;
  for (int64_t mu = 0; mu < shape->size; mu++)
    left += (mu == 0 ? 1 : 2) * (shape->left[mu + 1] - shape->left[mu]);
  products->frames_memory = layout_take(layout, frames_scratch_size(frames, n), 1);
  products->functions = layout_reals(layout, n * shape->functions);
  products->function_slopes = layout_reals(layout, n * shape->functions);
  products->weights = layout_reals(layout, n);
  products->weight_slopes = layout_reals(layout, n);
  products->columns = layout_reals(layout, n * shape->all_columns);
  products->gathered = layout_reals(layout, shape->most_raw + 1);
  products->moved = layout_reals(layout, shape->most_raw + 1);
  products->factors = layout_reals(layout, 3 * shape->right);
  products->left = layout_take(layout, rows * left, size);
  products->right_even = layout_take(layout, rows * n * shape->even_terms, size);
  products->right_odd = layout_take(layout, rows * n * shape->odd_terms, size);
  products->folded = layout_take(layout, products->block * slots * shape->even_terms * shape->columns, size);
  products->made = layout_take(layout, rows * shape->columns, size);
  products->back = layout_reals(layout, n * shape->even_terms);
  const int64_t most = most_of(shape, rows);
  products->spare = layout_take(layout, kernel_matrix_scratch(most, most, most, size), 1);
}

static int64_t open_products(const network_inputs *inputs, const frames_state *frames, int64_t n, int64_t slots,
                             bool wide, bool gradient, void *scratch, products *products) {
  layout layout = {scratch, 0};
  *products = (struct products){.shape = product_shape_of(inputs, frames), .slots = slots};
  products->block = choose_block(&products->shape, n, slots, gradient);
  place(frames, n, wide, &layout, products);
  return layout.used;
}

int64_t products_scratch(const network_inputs *inputs, const frames_state *frames, int64_t n_neighbours,
                         int64_t slots, bool wide, bool gradient) {
  products counted;
  return open_products(inputs, frames, n_neighbours, slots, wide, gradient, NULL, &counted);
}

/* ---- factors in double ---- */

void products_gather(const product_shape *shape, const frames_state *frames, const double *density, int64_t mu,
                     bool minus, double *columns) {
  const density_basis *basis = frames->basis;
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t l = mu; l < shape->size; l++) {
      const int64_t lm = a * basis->n_harmonics + l * l + l + (minus ? -mu : mu);
      memcpy(columns, density + lm * basis->n_padded, (size_t)basis->n_max * sizeof *columns);
      columns += basis->n_max;
    }
}

static const double *turn_of(const network_inputs *inputs, const product_shape *shape, int64_t mu) {
  const double *turn = inputs->turns;
  for (int64_t k = 0; k < mu; k++)
    turn += shape->raw[k] * inputs->kept[k];
  return turn;
}

/* The columns that are left of a mu, the 1 (of values) or 0 (of changes) of mu = 0 before them. */
static void make_columns(const network_inputs *inputs, const frames_state *frames, products *products,
                         const double *density, int64_t mu, bool minus, double one, double *columns) {
  const product_shape *shape = &products->shape;
  if (mu == 0)
    *columns++ = one;
  if (inputs->turns == NULL) {
    products_gather(shape, frames, density, mu, minus, columns);
    return;
  }
  const int64_t kept = inputs->kept[mu];
  const double *turn = turn_of(inputs, shape, mu);
  products_gather(shape, frames, density, mu, minus, products->gathered);
  memset(columns, 0, (size_t)kept * sizeof *columns);
  for (int64_t i = 0; i < shape->raw[mu]; i++, turn += kept)
    for (int64_t k = 0; k < kept; k++)
      columns[k] += products->gathered[i] * turn[k];
}

/* Where columns of a mu and hand lie among all. */
static int64_t column_place(const product_shape *shape, int64_t mu, bool minus) {
  int64_t place = 0;
  for (int64_t k = 0; k < mu; k++)
    place += shape->wide[k] * (k == 0 ? 1 : 2);
  return place + (minus ? shape->wide[mu] : 0);
}

static void make_functions(const network_inputs *inputs, const frames_state *frames, products *products) {
  const density_basis *basis = frames->basis;
  const product_shape *shape = &products->shape;
  const frames_scratch *scratch = &products->frames;
  const density_expansion *expansion = scratch->expansion;
  memset(products->functions, 0, (size_t)(scratch->n_tags * shape->functions) * sizeof(double));
  memset(products->function_slopes, 0, (size_t)(scratch->n_tags * shape->functions) * sizeof(double));
  for (int64_t j = 0; j < scratch->n_tags; j++) {
    const int64_t place = scratch->tags[j].place;
    const double *radial = expansion->radial + place * basis->radial_size;
    const double *slope = expansion->radial_slope + place * basis->radial_size;
    for (int64_t n = 0; n < basis->n_max; n++)
      for (int64_t p = 0; p < shape->functions; p++) {
        const double factor = inputs->tag_functions[n * shape->functions + p];
        products->functions[j * shape->functions + p] += radial[n] * factor;
        if (expansion->has_derivatives)
          products->function_slopes[j * shape->functions + p] += slope[n] * factor;
      }
    cutoff_function_at(&frames->tag_cutoff, expansion->distance[place], &products->weights[j],
                       &products->weight_slopes[j]);
  }
}

/* P_k and their derivatives. */
static void legendre(int64_t count, double z, double *values, double *slopes) {
  for (int64_t k = 0; k < count; k++) {
    const double n = (double)k;
    values[k] = k == 0 ? 1 : k == 1 ? z : ((2 * n - 1) * z * values[k - 1] - (n - 1) * values[k - 2]) / n;
    slopes[k] = k == 0 ? 0 : (double)k * values[k - 1] + z * slopes[k - 1];
  }
}

enum { MOST_LEGENDRE = 16 };

/* factors [3][right]: g_q P_k, its derivatives with respect to r2 and to cos theta. */
static void make_factors(products *products, int64_t second) {
  const product_shape *shape = &products->shape;
  const double *g = products->functions + second * shape->functions;
  const double *slope = products->function_slopes + second * shape->functions;
  double values[MOST_LEGENDRE], slopes[MOST_LEGENDRE], *to = products->factors;
  legendre(shape->legendre, products->frames.seen[3 * second + 2], values, slopes);
  for (int64_t q = 0; q < shape->second; q++)
    for (int64_t k = 0; k < shape->legendre; k++, to++) {
      to[0] = g[q] * values[k];
      to[shape->right] = slope[q] * values[k];
      to[2 * shape->right] = g[q] * slopes[k];
    }
}

/* Changes of Re and Im z2^mu [2][size]. */
static void change_powers(int64_t size, const double *powers, const double *seen, double *change) {
  change[0] = change[size] = 0;
  for (int64_t m = 1; m < size; m++) {
    const double re = (double)m * powers[m - 1], im = (double)m * powers[size + m - 1];
    change[m] = re * seen[0] - im * seen[1];
    change[size + m] = re * seen[1] + im * seen[0];
  }
}

#define REAL float
#define NAME(word) float_##word
#define WIDE 0
#define AXES(inputs) (inputs)->axes_single
#include "network/products_body.h"
#undef REAL
#undef NAME
#undef WIDE
#undef AXES
#define REAL double
#define NAME(word) double_##word
#define WIDE 1
#define AXES(inputs) (inputs)->axes
#include "network/products_body.h"

static void expand(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                   products *products) {
  frames_expand(frames, environment, products->frames_memory, &products->frames);
  if (products->slots > 1)
    density_differentiate(frames->basis, products->frames.expansion);
  make_functions(inputs, frames, products);
}

void products_compute(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                      void *scratch, const network_target *target) {
  products opened;
  open_products(inputs, frames, environment->n_neighbours, 1 + target->n_directions, target->wide,
                target->wide && target->n_directions == 0, scratch, &opened);
  expand(inputs, frames, environment, &opened);
  if (target->wide)
    double_compute(inputs, frames, &opened, target);
  else
    float_compute(inputs, frames, &opened, target);
}

void products_factors(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                      void *scratch, products *opened) {
  open_products(inputs, frames, environment->n_neighbours, 1, true, true, scratch, opened);
  expand(inputs, frames, environment, opened);
  double_fill_values(inputs, frames, opened);
}

int64_t products_even_size(const product_shape *shape) {
  return shape->left[shape->size] * shape->right;
}

int64_t products_odd_size(const product_shape *shape) {
  return (shape->left[shape->size] - shape->left[1]) * shape->right;
}

void products_row(const products *opened, int64_t first, int64_t second, double *even, double *odd) {
  const product_shape *shape = &opened->shape;
  const int64_t n = opened->frames.n_tags, right = shape->right;
  const double *factors = (double *)opened->right_even + (first * n + second) * shape->even_terms;
  for (int64_t mu = 0; mu < shape->size; mu++) {
    const int64_t count = shape->left[mu + 1] - shape->left[mu];
    const double *c = double_left_place(opened, mu, 0) + first * count;
    const double *s = mu > 0 ? double_left_place(opened, mu, 1) + first * count : NULL;
    const double *re = factors + (mu > 0 ? 2 * mu - 1 : 0) * right, *im = factors + 2 * mu * right;
    for (int64_t i = 0; i < count; i++)
      for (int64_t k = 0; k < right; k++) {
        *even++ = c[i] * re[k] + (s != NULL ? s[i] * im[k] : 0);
        if (s != NULL)
          *odd++ = s[i] * re[k] - c[i] * im[k];
      }
  }
}

/* ---- the way back ---- */

void products_gradient(const network_inputs *inputs, const frames_state *frames, const environment *environment,
                       void *scratch, const double *value_weights, const double *weight_weights, double *gradient) {
  products opened;
  open_products(inputs, frames, environment->n_neighbours, 1, true, true, scratch, &opened);
  frames_backward_start(frames, environment, opened.frames_memory, &opened.frames, gradient);
  make_functions(inputs, frames, &opened);
  double_gradient(inputs, frames, &opened, value_weights, weight_weights);
  frames_backward_end(frames, &opened.frames, gradient);
}
