/* SPDX-License-Identifier: BSD-3-Clause */
/* Triplets: coefficients times products of radial functions, and the adjoint.
   Results are compact: a full vector is stored where the numbers that follow
   overwrite, or add to, what is too much. Products end in zeros. */
#include <string.h>

#include "kernels/past_caches.h"
#include "kernels/set.h"

INLINE block load_some(const double *from, int64_t count) {
  double all[KERNEL_BLOCK] __attribute__((aligned(64))) = {0};
  for (int64_t k = 0; k < count; k++)
    all[k] = from[k];
  return block_load(all);
}

/* The numbers at `from`, of which `left` may be read. */
INLINE block load_up_to(const double *from, int64_t left) {
  return left >= KERNEL_BLOCK ? block_load_loose(from) : load_some(from, left);
}

INLINE void store_up_to(double *to, int64_t left, block value) {
  if (left >= KERNEL_BLOCK)
    block_store_loose(to, value);
  else
    block_store_some(to, value, (int32_t)left);
}

/* The products times one coefficient, `width` numbers at `to`, where `left` may be written. */
INLINE void put_row(int terms, int add, const kernel_triplet *shape, double a, const double *p, double b,
                    const double *q, int64_t left, double *to) {
  for (int64_t k = 0; k < shape->width; k += KERNEL_BLOCK) {
    block sum = block_scale(a, block_load(p + k));
    if (terms == 2)
      sum = block_add(sum, b, block_load(q + k));
    if (add)
      sum = block_add(load_up_to(to + k, left - k), 1, sum);
    store_up_to(to + k, left - k, sum);
  }
}

enum { QUEUE = 512, MOST_N = 32, MOST_WIDTH = MOST_N * MOST_N };

/* Numbers on their way past the caches, which takes whole lines of memory: the first of the queue belongs at `line`,
   from `begin` on they are there. */
typedef struct queue {
  double numbers[QUEUE + MOST_WIDTH + KERNEL_BLOCK] __attribute__((aligned(64)));
  double *line;
  int64_t begin, end;
} queue;

INLINE void queue_start(queue *q, double *to) {
  q->begin = q->end = (int64_t)((uintptr_t)to % 64 / sizeof *to);
  q->line = to - q->begin;
}

INLINE void queue_flush(queue *q) {
  const int64_t whole = q->end / KERNEL_BLOCK * KERNEL_BLOCK;
  int64_t k = 0;
  if (q->begin > 0 && whole > 0)
    for (k = q->begin, q->begin = 0; k < KERNEL_BLOCK; k++)
      q->line[k] = q->numbers[k];
  for (; k < whole; k += WIDTH)
    store_past_caches(q->line + k, *(const vector *)(q->numbers + k));
  for (k = whole; k < q->end; k++)
    q->numbers[k - whole] = q->numbers[k];
  q->line += whole;
  q->end -= whole;
}

INLINE void queue_finish(queue *q) {
  queue_flush(q);
  for (int64_t k = q->begin; k < q->end; k++)
    q->line[k] = q->numbers[k];
  finish_stores();
}

INLINE void put_values(int terms, const kernel_triplet *shape, const double *a, const double *p, const double *b,
                       const double *q, double *values) {
  queue out;
  queue_start(&out, values);
  for (int64_t i = 0; i < shape->count; i++)
    for (int64_t species = 0; species < shape->n_species; species++)
      for (int64_t n = 0; n < shape->n_max; n++) {
        const int64_t at = (species * shape->count + i) * shape->n_padded + n;
        const int64_t product = shape->product[i] * shape->stride;
        put_row(terms, 0, shape, a[at], p + product, terms == 2 ? b[at] : 0, q + product, INT64_MAX,
                out.numbers + out.end);
        out.end += shape->width;
        if (out.end >= QUEUE)
          queue_flush(&out);
      }
  queue_finish(&out);
}

INLINE void set_values(int terms, int add, const kernel_triplet *shape, const double *a, const double *p,
                       const double *b, const double *q, double *values) {
  int64_t left = shape->count * shape->n_species * shape->n_max * shape->width;
  for (int64_t i = 0; i < shape->count; i++)
    for (int64_t species = 0; species < shape->n_species; species++)
      for (int64_t n = 0; n < shape->n_max; n++, values += shape->width, left -= shape->width) {
        const int64_t at = (species * shape->count + i) * shape->n_padded + n;
        const int64_t product = shape->product[i] * shape->stride;
        put_row(terms, add, shape, a[at], p + product, terms == 2 ? b[at] : 0, q + product, left, values);
      }
}

void KERNEL(triplet_row)(const kernel_triplet *shape, const double *a, const double *p, const double *b,
                         const double *q, int32_t past_caches, double *values) {
  if (b == NULL && past_caches)
    put_values(1, shape, a, p, a, p, values);
  else if (b == NULL)
    set_values(1, 0, shape, a, p, a, p, values);
  else if (past_caches)
    put_values(2, shape, a, p, b, q, values);
  else
    set_values(2, 0, shape, a, p, b, q, values);
}

void KERNEL(triplet_row_add)(const kernel_triplet *shape, const double *a, const double *p, double *values) {
  set_values(1, 1, shape, a, p, a, p, values);
}

void KERNEL(triplet_row_adjoint)(const kernel_triplet *shape, const double *a, const double *p, const double *weights,
                                 double *to_a, double *to_p) {
  const int64_t step = shape->n_max * shape->width;
  int64_t left = shape->count * shape->n_species * step;
  for (int64_t i = 0; i < shape->count; i++) {
    const double *product = p + shape->product[i] * shape->stride;
    double *to_product = to_p + shape->product[i] * shape->stride;
    for (int64_t species = 0; species < shape->n_species; species++) {
      const int64_t row = (species * shape->count + i) * shape->n_padded;
      for (int32_t n = 0; n < shape->n_max; n++, weights += shape->width, left -= shape->width) {
        block sum = block_zero();
        for (int64_t k = 0; k < shape->width; k += KERNEL_BLOCK) {
          const block weight = load_up_to(weights + k, left - k);
          sum = block_add_product(sum, weight, block_load(product + k));
          block_store(to_product + k, block_add(block_load(to_product + k), a[row + n], weight));
        }
        to_a[row + n] = block_sum(sum);
      }
    }
  }
}

INLINE void multiply_radial(int terms, const kernel_triplet *shape, const double *a, const double *b, const double *c,
                            const double *d, double *products) {
  const int64_t n_second = shape->width / shape->n_max;
  block_store(products + shape->stride - KERNEL_BLOCK, block_zero());
  for (int32_t n = 0; n < shape->n_max; n++)
    for (int64_t k = 0; k < n_second; k += KERNEL_BLOCK) {
      block sum = block_scale(a[n], block_load(b + k));
      if (terms == 2)
        sum = block_add(sum, c[n], block_load(d + k));
      block_store_loose(products + n * n_second + k, sum);
    }
}

void KERNEL(triplet_products)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                              const double *b, const double *c, const double *d, double *products) {
  for (int32_t l1 = 0; l1 < n_first; l1++)
    for (int32_t l2 = 0; l2 < n_second; l2++, products += shape->stride) {
      const int64_t first = (int64_t)l1 * shape->n_padded, second = (int64_t)l2 * shape->n_padded;
      if (c != NULL)
        multiply_radial(2, shape, a + first, b + second, c + first, d + second, products);
      else
        multiply_radial(1, shape, a + first, b + second, NULL, NULL, products);
    }
}

void KERNEL(triplet_products_adjoint)(const kernel_triplet *shape, int32_t n_first, int32_t n_second, const double *a,
                                      const double *b, const double *weights, double *to_a, double *to_b) {
  const int64_t columns = shape->width / shape->n_max, padded = shape->n_padded;
  for (int32_t l1 = 0; l1 < n_first; l1++)
    for (int32_t l2 = 0; l2 < n_second; l2++, weights += shape->stride)
      for (int32_t n = 0; n < shape->n_max; n++) {
        block sum = block_zero();
        for (int64_t k = 0; k < columns; k += KERNEL_BLOCK) {
          const block weight = block_load_loose(weights + n * columns + k);
          double *to = to_b + l2 * padded + k;
          sum = block_add_product(sum, weight, block_load(b + l2 * padded + k));
          block_store(to, block_add(block_load(to), a[l1 * padded + n], weight));
        }
        to_a[l1 * padded + n] += block_sum(sum);
      }
}

void KERNEL(triplet_sum)(const kernel_triplet *shape, const double *coupled, const double *second, int64_t step,
                         double *values) {
  const int64_t n_second = shape->width / shape->n_max, padded = shape->n_padded;
  for (int64_t i = 0; i < shape->count; i++, values += step) {
    const int32_t l = shape->second_l[i];
    const double *rows = second + l * l * padded;
    for (int32_t n = 0; n < shape->n_max; n++)
      for (int64_t k = 0; k < n_second; k += KERNEL_BLOCK) {
        const int64_t at = n * n_second + k, left = n_second - k < KERNEL_BLOCK ? n_second - k : KERNEL_BLOCK;
        const int64_t room = shape->width - at >= KERNEL_BLOCK ? KERNEL_BLOCK : left;
        block sum = load_up_to(values + at, room);
        for (int32_t m = 0; m <= 2 * l; m++)
          sum = block_add(sum, coupled[m * padded + n], block_load(rows + m * padded + k));
        store_up_to(values + at, room, sum);
      }
    coupled += (2 * l + 1) * padded;
  }
}

typedef struct matrices {
  double rows[MOST_N * MOST_N] __attribute__((aligned(64)));
  double columns[MOST_N * MOST_N] __attribute__((aligned(64)));
} matrices;

/* A matrix of weights by rows and by columns, padded with the zeros that are
 * there. */
INLINE void spread(const kernel_triplet *shape, int64_t n_second, const double *weights, matrices *m) {
  for (int64_t n = 0; n < shape->n_max; n++)
    for (int64_t k = 0; k < n_second; k++)
      m->rows[n * shape->n_padded + k] = m->columns[k * shape->n_padded + n] = weights[n * n_second + k];
}

void KERNEL(triplet_sum_adjoint)(const kernel_triplet *shape, const double *coupled, const double *second, int64_t step,
                                 const double *weights, double *to_coupled, double *to_second) {
  const int64_t n_second = shape->width / shape->n_max, padded = shape->n_padded;
  matrices m;
  memset(m.rows, 0, (size_t)(padded * padded) * sizeof(double));
  memset(m.columns, 0, (size_t)(padded * padded) * sizeof(double));
  for (int64_t i = 0; i < shape->count; i++, weights += step) {
    const int32_t l = shape->second_l[i];
    spread(shape, n_second, weights, &m);
    for (int64_t lm = l * l; lm < (l + 1) * (l + 1); lm++, coupled += padded, to_coupled += padded)
      for (int64_t n = 0; n < padded; n += KERNEL_BLOCK) {
        block first = block_load(to_coupled + n), other = block_load(to_second + lm * padded + n);
        for (int64_t k = 0; k < n_second; k++)
          first = block_add(first, second[lm * padded + k], block_load(m.columns + k * padded + n));
        for (int64_t k = 0; k < shape->n_max; k++)
          other = block_add(other, coupled[k], block_load(m.rows + k * padded + n));
        block_store(to_coupled + n, first);
        block_store(to_second + lm * padded + n, other);
      }
  }
}
