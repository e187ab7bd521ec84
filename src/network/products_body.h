/* SPDX-License-Identifier: BSD-3-Clause */
/* Tag products with factors of REAL; included by products.c once for each precision. */

/* The left factors of a mu and hand (0: c, 1: s) of the first tag and slot; those of further slots and tags follow. */
static REAL *NAME(left_place)(const products *products, int64_t mu, int hand) {
  const product_shape *shape = &products->shape;
  const int64_t rows = products->frames.n_tags * products->slots;
  int64_t before = 0;
  for (int64_t k = 0; k < mu; k++)
    before += (k == 0 ? 1 : 2) * (shape->left[k + 1] - shape->left[k]);
  return (REAL *)products->left + rows * (before + (hand ? shape->left[mu + 1] - shape->left[mu] : 0));
}

/* to [first][columns] (+)= functions [first] times columns. */
static void NAME(put_left)(int64_t first, const double *functions, double factor, int64_t count, const double *columns,
                           bool add, REAL *restrict to) {
  for (int64_t p = 0; p < first; p++, to += count)
    for (int64_t k = 0; k < count; k++)
      to[k] = (REAL)(factor * functions[p] * columns[k]) + (add ? to[k] : 0);
}

/* Left factors of a first tag's values. */
static void NAME(left_values)(const network_inputs *inputs, const frames_state *frames, products *products,
                              int64_t first) {
  const product_shape *shape = &products->shape;
  double *columns = products->columns + first * shape->all_columns;
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int hand = 0; hand < (mu == 0 ? 1 : 2); hand++) {
      double *own = columns + column_place(shape, mu, hand);
      const int64_t count = shape->left[mu + 1] - shape->left[mu];
      make_columns(inputs, frames, products, products->frames.tags[first].density, mu, hand, 1, own);
      NAME(put_left)(shape->first, products->functions + first * shape->functions, 1, shape->wide[mu], own, false,
                     NAME(left_place)(products, mu, hand) + first * products->slots * count);
    }
}

/* Of a slot, from the change of the turned density and of the distance. */
static void NAME(left_changes)(const network_inputs *inputs, const frames_state *frames, products *products,
                               int64_t first, int64_t slot) {
  const product_shape *shape = &products->shape;
  const double *columns = products->columns + first * shape->all_columns;
  const double *functions = products->functions + first * shape->functions;
  const double *slopes = products->function_slopes + first * shape->functions;
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int hand = 0; hand < (mu == 0 ? 1 : 2); hand++) {
      const int64_t count = shape->left[mu + 1] - shape->left[mu];
      REAL *to = NAME(left_place)(products, mu, hand) + (first * products->slots + slot) * count;
      make_columns(inputs, frames, products, products->frames.turned, mu, hand, 0, products->moved);
      NAME(put_left)(shape->first, functions, 1, shape->wide[mu], products->moved, false, to);
      NAME(put_left)(shape->first, slopes, products->frames.distance[first], shape->wide[mu],
                     columns + column_place(shape, mu, hand), true, to);
    }
}

/* Weight times right factors with z2^mu: even [right], then [Re][right], [Im][right] of each mu; odd [-Im], [Re]. */
static void NAME(put_right)(const product_shape *shape, const double *powers, const double *factors, double weight,
                            bool add, REAL *restrict even, REAL *restrict odd) {
  const int64_t right = shape->right;
  for (int64_t mu = 0; mu < shape->size; mu++) {
    const double re = weight * powers[mu], im = weight * powers[shape->size + mu];
    for (int64_t k = 0; k < right; k++)
      even[k] = (REAL)(re * factors[k]) + (add ? even[k] : 0);
    even += right;
    if (mu == 0)
      continue;
    for (int64_t k = 0; k < right; k++) {
      even[k] = (REAL)(im * factors[k]) + (add ? even[k] : 0);
      odd[k] = (REAL)(-im * factors[k]) + (add ? odd[k] : 0);
      odd[right + k] = (REAL)(re * factors[k]) + (add ? odd[right + k] : 0);
    }
    even += right;
    odd += 2 * right;
  }
}

static REAL *NAME(right_place)(const products *products, bool odd, int64_t first, int64_t slot, int64_t second) {
  const int64_t n = products->frames.n_tags;
  const int64_t row = (first * products->slots + slot) * n + second;
  return odd ? (REAL *)products->right_odd + row * products->shape.odd_terms
             : (REAL *)products->right_even + row * products->shape.even_terms;
}

static void NAME(right_values)(products *products, int64_t first) {
  const product_shape *shape = &products->shape;
  for (int64_t second = 0; second < products->frames.n_tags; second++) {
    make_factors(products, second);
    NAME(put_right)(shape, products->frames.powers + 2 * shape->size * second, products->factors, 1, false,
                    NAME(right_place)(products, false, first, 0, second),
                    NAME(right_place)(products, true, first, 0, second));
  }
}

static void NAME(right_changes)(products *products, int64_t first, int64_t slot, const double *turn) {
  const product_shape *shape = &products->shape;
  frames_scratch *frames = &products->frames;
  for (int64_t second = 0; second < frames->n_tags; second++) {
    const double *powers = frames->powers + 2 * shape->size * second, *seen = frames->seen_change + 3 * second;
    REAL *even = NAME(right_place)(products, false, first, slot, second);
    REAL *odd = NAME(right_place)(products, true, first, slot, second);
    make_factors(products, second);
    frames_see_change(frames, first, second, turn);
    change_powers(shape->size, powers, seen, frames->power_change);
    double *change = products->factors + shape->right; /* of g_q P_k, in place of what it is made of */
    for (int64_t k = 0; k < shape->right; k++)
      change[k] = change[k] * frames->distance[second] + change[shape->right + k] * seen[2];
    NAME(put_right)(shape, frames->power_change, products->factors, 1, false, even, odd);
    NAME(put_right)(shape, powers, change, 1, true, even, odd);
  }
}

static void NAME(fill_values)(const network_inputs *inputs, const frames_state *frames, products *products) {
  for (int64_t first = 0; first < products->frames.n_tags; first++) {
    frames_look(frames, &products->frames, &products->frames.tags[first]);
    NAME(left_values)(inputs, frames, products, first);
    NAME(right_values)(products, first);
  }
}

static void NAME(fill_changes)(const network_inputs *inputs, const frames_state *frames, products *products,
                               const double *directions, int64_t slot) {
  double turn[3];
  frames_change_start(frames, &products->frames, directions);
  for (int64_t first = 0; first < products->frames.n_tags; first++) {
    frames_look(frames, &products->frames, &products->frames.tags[first]);
    frames_change_first(frames, &products->frames, first, turn);
    NAME(left_changes)(inputs, frames, products, first, slot);
    NAME(right_changes)(products, first, slot, turn);
  }
}

/* ---- products with the axes ---- */

/* Where the folded axes of a mu and hand begin, in rows of columns. */
static int64_t NAME(folded_row)(const product_shape *shape, int64_t mu, int hand) {
  return mu == 0 ? 0 : shape->right * (2 * mu - 1 + hand);
}

/* folded [tag][slot][even terms][columns] of first tags begin .. end - 1. */
static void NAME(fold)(const network_inputs *inputs, const products *products, int64_t begin, int64_t end) {
  const product_shape *shape = &products->shape;
  const int64_t width = shape->right * shape->columns;
  kernel_matrix_product product = {.rows = (end - begin) * products->slots,
                                   .columns = width,
                                   .right_stride = width,
                                   .stride = shape->even_terms * shape->columns,
                                   .factor = 1};
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int hand = 0; hand < (mu == 0 ? 1 : 2); hand++) {
      const int64_t count = shape->left[mu + 1] - shape->left[mu];
      product.inner = product.left_stride = count;
      inputs->kernels->matrix[WIDE].product(
          &product, NAME(left_place)(products, mu, hand) + begin * products->slots * count,
          AXES(inputs) + shape->left[mu] * width,
          (REAL *)products->folded + NAME(folded_row)(shape, mu, hand) * shape->columns, products->spare);
    }
}

/* Even or odd inputs of a first tag, made [slot][second][columns]: right factors times folded axes. */
static void NAME(make)(const network_inputs *inputs, const products *products, int64_t first, int64_t in_block,
                       bool odd) {
  const product_shape *shape = &products->shape;
  const int64_t n = products->frames.n_tags, columns = shape->columns;
  const int64_t terms = odd ? shape->odd_terms : shape->even_terms;
  const int64_t step = shape->even_terms * columns;
  const REAL *folded = (const REAL *)products->folded + in_block * products->slots * step +
                       (odd ? shape->right * columns + shape->even : 0);
  const REAL *right = NAME(right_place)(products, odd, first, 0, 0);
  REAL *made = (REAL *)products->made + (odd ? shape->even : 0);
  kernel_matrix_product product = {.rows = n * products->slots,
                                   .columns = odd ? columns - shape->even : shape->even,
                                   .inner = terms,
                                   .left_stride = terms,
                                   .right_stride = columns,
                                   .stride = columns,
                                   .factor = 1};
  if (product.columns == 0)
    return;
  inputs->kernels->matrix[WIDE].product(&product, right, folded, made, products->spare);
  product.rows = n;
  product.add = 1;
  for (int64_t slot = 1; slot < products->slots; slot++)
    inputs->kernels->matrix[WIDE].product(&product, right, folded + slot * step, made + slot * n * columns,
                                          products->spare);
}

/* Rows of a first tag to where they are wanted; returns the number of rows so far. */
static int64_t NAME(hand_out)(const network_inputs *inputs, const frames_state *frames, const products *products,
                              int64_t first, int64_t row, const network_target *target) {
  const int64_t n = products->frames.n_tags, columns = products->shape.columns;
  for (int64_t second = 0; second < n; second++) {
    if (!frames_has_row(frames, first, second))
      continue;
    for (int64_t slot = 0; slot < products->slots; slot++) {
      const REAL *made = (const REAL *)products->made + (slot * n + second) * columns;
      REAL *to = (REAL *)target->values + slot * target->value_stride + row * columns;
      REAL *weight = (REAL *)target->weights + slot * target->weight_stride + row;
      if (slot == 0)
        *weight = (REAL)(inputs->norm * products->weights[first] * products->weights[second]);
      for (int64_t k = 0; slot == 0 && k < columns; k++)
        to[k] = made[k] + (REAL)inputs->offset[k];
      if (slot > 0)
        memcpy(to, made, (size_t)columns * sizeof(REAL));
    }
    row++;
  }
  return row;
}

/* Weights of rows along a direction, after frames_change_start. */
static void NAME(weight_changes)(const network_inputs *inputs, const frames_state *frames, const products *products,
                                 int64_t slot, const network_target *target) {
  const double *f = products->weights, *slope = products->weight_slopes, *distance = products->frames.distance;
  REAL *to = (REAL *)target->weights + slot * target->weight_stride;
  for (int64_t i = 0; i < products->frames.n_tags; i++)
    for (int64_t j = 0; j < products->frames.n_tags; j++)
      if (frames_has_row(frames, i, j))
        *to++ = (REAL)(inputs->norm * (slope[i] * distance[i] * f[j] + f[i] * slope[j] * distance[j]));
}

static void NAME(compute)(const network_inputs *inputs, const frames_state *frames, products *products,
                          const network_target *target) {
  const int64_t n = products->frames.n_tags, step = 3 * products->frames.expansion->n_neighbours;
  int64_t row = 0;
  NAME(fill_values)(inputs, frames, products);
  for (int64_t k = 0; k < target->n_directions; k++) {
    NAME(fill_changes)(inputs, frames, products, target->directions + k * step, k + 1);
    NAME(weight_changes)(inputs, frames, products, k + 1, target);
  }
  for (int64_t begin = 0; begin < n; begin += products->block) {
    const int64_t end = begin + products->block < n ? begin + products->block : n;
    NAME(fold)(inputs, products, begin, end);
    for (int64_t first = begin; first < end; first++) {
      NAME(make)(inputs, products, first, first - begin, false);
      NAME(make)(inputs, products, first, first - begin, true);
      row = NAME(hand_out)(inputs, frames, products, first, row, target);
    }
  }
}

#if WIDE
/* ---- the way back, in double, without directions ---- */

/* made [second][columns] = the weights of the values of a first tag's rows, zero where there is no row; returns the
   number of rows so far. */
static int64_t take_in(const frames_state *frames, const products *products, int64_t first, int64_t row,
                       const double *value_weights) {
  const int64_t columns = products->shape.columns;
  double *made = products->made;
  for (int64_t second = 0; second < products->frames.n_tags; second++, made += columns)
    if (frames_has_row(frames, first, second))
      memcpy(made, value_weights + row++ * columns, (size_t)columns * sizeof *made);
    else
      memset(made, 0, (size_t)columns * sizeof *made);
  return row;
}

/* Of one first tag: the right factors and the folded axes become their weights. */
static void make_back(const network_inputs *inputs, const products *products, int64_t first, bool odd, double *spare) {
  const product_shape *shape = &products->shape;
  const int64_t n = products->frames.n_tags, columns = shape->columns;
  const int64_t terms = odd ? shape->odd_terms : shape->even_terms;
  double *folded = (double *)products->folded + first * shape->even_terms * columns +
                   (odd ? shape->right * columns + shape->even : 0);
  double *right = double_right_place(products, odd, first, 0, 0);
  const double *made = (double *)products->made + (odd ? shape->even : 0);
  kernel_matrix_product product = {.rows = n,
                                   .columns = terms,
                                   .inner = odd ? columns - shape->even : shape->even,
                                   .left_stride = columns,
                                   .right_stride = columns,
                                   .stride = terms,
                                   .right_transposed = 1,
                                   .factor = 1};
  if (product.inner == 0) { /* no input reads them */
    memset(right, 0, (size_t)(n * terms) * sizeof *right);
    return;
  }
  inputs->kernels->matrix[1].product(&product, made, folded, spare, products->spare);
  product = (kernel_matrix_product){.rows = terms,
                                    .columns = product.inner,
                                    .inner = n,
                                    .left_stride = terms,
                                    .right_stride = columns,
                                    .stride = columns,
                                    .left_transposed = 1,
                                    .factor = 1};
  inputs->kernels->matrix[1].product(&product, right, made, folded, products->spare);
  memcpy(right, spare, (size_t)(n * terms) * sizeof *right);
}

/* The left factors become their weights, from those of the folded axes. */
static void fold_back(const network_inputs *inputs, const products *products) {
  const product_shape *shape = &products->shape;
  const int64_t width = shape->right * shape->columns;
  kernel_matrix_product product = {.rows = products->frames.n_tags,
                                   .inner = width,
                                   .left_stride = shape->even_terms * shape->columns,
                                   .right_stride = width,
                                   .right_transposed = 1,
                                   .factor = 1};
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int hand = 0; hand < (mu == 0 ? 1 : 2); hand++) {
      product.columns = product.stride = shape->left[mu + 1] - shape->left[mu];
      inputs->kernels->matrix[1].product(
          &product, (double *)products->folded + double_folded_row(shape, mu, hand) * shape->columns,
          inputs->axes + shape->left[mu] * width, double_left_place(products, mu, hand), products->spare);
    }
}

/* Weights of all columns of a mu and hand to those of the turned density, added. */
static void columns_back(const network_inputs *inputs, const frames_state *frames, products *products, int64_t mu,
                         bool minus, const double *weights) {
  const product_shape *shape = &products->shape;
  const density_basis *basis = frames->basis;
  const double *raw = weights + (mu == 0);
  if (inputs->turns != NULL) {
    const double *turn = turn_of(inputs, shape, mu);
    for (int64_t i = 0; i < shape->raw[mu]; i++, turn += inputs->kept[mu]) {
      products->gathered[i] = 0;
      for (int64_t k = 0; k < inputs->kept[mu]; k++)
        products->gathered[i] += turn[k] * raw[k];
    }
    raw = products->gathered;
  }
  for (int64_t a = 0; a < basis->n_species; a++)
    for (int64_t l = mu; l < shape->size; l++) {
      const int64_t lm = a * basis->n_harmonics + l * l + l + (minus ? -mu : mu);
      for (int64_t n = 0; n < basis->n_max; n++)
        products->frames.turned[lm * basis->n_padded + n] += *raw++;
    }
}

/* Left factors' weights of a first tag to those of the turned density and of its distance. */
static void left_back(const network_inputs *inputs, const frames_state *frames, products *products, int64_t first) {
  const product_shape *shape = &products->shape;
  const double *g = products->functions + first * shape->functions;
  const double *slope = products->function_slopes + first * shape->functions;
  for (int64_t mu = 0; mu < shape->size; mu++)
    for (int hand = 0; hand < (mu == 0 ? 1 : 2); hand++) {
      const int64_t wide = shape->wide[mu];
      const double *weights = double_left_place(products, mu, hand) + first * shape->first * wide;
      const double *columns = products->columns + first * shape->all_columns + column_place(shape, mu, hand);
      memset(products->moved, 0, (size_t)wide * sizeof(double));
      for (int64_t p = 0; p < shape->first; p++, weights += wide)
        for (int64_t k = 0; k < wide; k++) {
          products->moved[k] += g[p] * weights[k];
          products->frames.distance[first] += slope[p] * columns[k] * weights[k];
        }
      columns_back(inputs, frames, products, mu, hand, products->moved);
    }
}

/* Right factors' weights of a row to those of z2^mu (sums), of the distance and of cos theta, which is returned. */
static double right_back(products *products, int64_t first, int64_t second) {
  const product_shape *shape = &products->shape;
  const int64_t right = shape->right, size = shape->size;
  const double *powers = products->frames.powers + 2 * size * second;
  const double *even = double_right_place(products, false, first, 0, second);
  const double *odd = double_right_place(products, true, first, 0, second);
  double *sums = products->frames.sums, to_angle = 0;
  memset(sums, 0, (size_t)(2 * size) * sizeof *sums);
  make_factors(products, second);
  const double *factors = products->factors, *by_distance = factors + right, *by_angle = factors + 2 * right;
  for (int64_t mu = 0; mu < size; mu++) {
    for (int64_t k = 0; k < right; k++) {
      const double to_re = even[k] + (mu > 0 ? odd[right + k] : 0), to_im = mu > 0 ? even[right + k] - odd[k] : 0;
      const double to_factor = to_re * powers[mu] + to_im * powers[size + mu];
      sums[mu] += to_re * factors[k];
      sums[size + mu] += to_im * factors[k];
      products->frames.distance[second] += to_factor * by_distance[k];
      to_angle += to_factor * by_angle[k];
    }
    even += (mu > 0 ? 2 : 1) * right;
    odd += (mu > 0 ? 2 : 0) * right;
  }
  return to_angle;
}

static void first_back(const network_inputs *inputs, const frames_state *frames, products *products, int64_t first) {
  frames_scratch *scratch = &products->frames;
  const int64_t size = products->shape.size;
  double torque[3] = {0, 0, 0}, seen[3];
  memset(scratch->turned, 0, (size_t)frames->basis->size * sizeof(double));
  frames_look(frames, scratch, &scratch->tags[first]);
  left_back(inputs, frames, products, first);
  for (int64_t second = 0; second < scratch->n_tags; second++) {
    const double to_angle = right_back(products, first, second);
    frames_backward_powers(size, scratch->powers + 2 * size * second, scratch->sums, seen);
    seen[2] = to_angle;
    frames_backward_second(scratch, first, second, seen, torque);
  }
  frames_backward_first(frames, scratch, first, torque);
}

static void double_gradient(const network_inputs *inputs, const frames_state *frames, products *products,
                            const double *value_weights, const double *weight_weights) {
  const int64_t n = products->frames.n_tags;
  const double *f = products->weights, *slope = products->weight_slopes;
  double *distance = products->frames.distance, *spare = products->back;
  for (int64_t first = 0, row = 0; first < n; first++) {
    row = take_in(frames, products, first, row, value_weights);
    make_back(inputs, products, first, false, spare);
    make_back(inputs, products, first, true, spare);
    for (int64_t second = 0; second < n; second++)
      if (frames_has_row(frames, first, second)) {
        const double weight = inputs->norm * *weight_weights++;
        distance[first] += weight * slope[first] * f[second];
        distance[second] += weight * f[first] * slope[second];
      }
  }
  fold_back(inputs, products);
  for (int64_t first = 0; first < n; first++)
    first_back(inputs, frames, products, first);
}
#endif
