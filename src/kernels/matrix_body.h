/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of matrices of REAL; included by matrix.c once for each precision, with NAME(word) giving the functions'
   names. Operands are packed into panels [inner][PANEL] of PANEL of their rows (of columns of the right one), ended by
   zeros. A tile of ROWS times PANEL of the result stays in registers. */

enum { NAME(LANES) = MATRIX_BYTES / sizeof(REAL), NAME(PANEL) = MATRIX_VECTORS * NAME(LANES) };

typedef REAL NAME(vector) __attribute__((vector_size(MATRIX_BYTES), may_alias));
typedef REAL NAME(loose) __attribute__((vector_size(MATRIX_BYTES), may_alias, aligned(sizeof(REAL))));
typedef double NAME(wide)
    __attribute__((vector_size(NAME(LANES) * sizeof(double)), may_alias, aligned(sizeof(double))));
typedef REAL NAME(quad) __attribute__((vector_size(4 * sizeof(REAL)), may_alias, aligned(sizeof(REAL))));

/* ---- packing ---- */

/* to [inner][PANEL] of `count` <= PANEL rows that are contiguous along the panel, `stride` apart along inner. */
static void NAME(pack_across)(int64_t count, int64_t inner, const REAL *from, int64_t stride, REAL *to) {
  for (int64_t k = 0; k < inner; k++, from += stride, to += NAME(PANEL)) {
    if (count == NAME(PANEL))
      memcpy(to, from, sizeof(REAL) * NAME(PANEL));
    else {
      memcpy(to, from, sizeof(REAL) * (size_t)count);
      memset(to + count, 0, sizeof(REAL) * (size_t)(NAME(PANEL) - count));
    }
  }
}

/* Four numbers of four rows change places: a row of the block becomes a column. */
INLINE void NAME(pack_block)(const REAL *from, int64_t stride, REAL *to) {
#ifdef MATRIX_SHUFFLES
  const NAME(quad) a = *(const NAME(quad) *)from, b = *(const NAME(quad) *)(from + stride),
                   c = *(const NAME(quad) *)(from + 2 * stride), d = *(const NAME(quad) *)(from + 3 * stride);
  const NAME(quad) ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7),
                   cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(NAME(quad) *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  *(NAME(quad) *)(to + NAME(PANEL)) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  *(NAME(quad) *)(to + 2 * NAME(PANEL)) = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
  *(NAME(quad) *)(to + 3 * NAME(PANEL)) = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
#else
  for (int k = 0; k < 4; k++)
    for (int row = 0; row < 4; row++)
      to[k * NAME(PANEL) + row] = from[row * stride + k];
#endif
}

enum { NAME(LINE) = 64 / sizeof(REAL) }; /* of the cache */

/* Rows are far apart: what is needed of the next four is asked for early. */
INLINE void NAME(prefetch_rows)(const REAL *from, int64_t stride) {
  for (int row = 0; row < 4; row++)
    __builtin_prefetch(from + row * stride);
}

/* The same of rows that are contiguous along inner, `stride` apart. */
static void NAME(pack_along)(int64_t count, int64_t inner, const REAL *from, int64_t stride, REAL *to) {
  const int64_t fours = count / 4 * 4, whole = inner / 4 * 4;
  for (int64_t row = 0; row < fours; row += 4) {
    const REAL *rows = from + row * stride;
    for (int64_t k = 0; k < whole; k += 4) {
      if (k % NAME(LINE) == 0)
        NAME(prefetch_rows)(rows + 4 * stride + k, stride);
      NAME(pack_block)(rows + k, stride, to + k * NAME(PANEL) + row);
    }
    for (int64_t k = whole; k < inner; k++)
      for (int64_t r = 0; r < 4; r++)
        to[k * NAME(PANEL) + row + r] = rows[r * stride + k];
  }
  for (int64_t row = fours; row < NAME(PANEL); row++)
    for (int64_t k = 0; k < inner; k++)
      to[k * NAME(PANEL) + row] = row < count ? from[row * stride + k] : 0;
}

/* Panels, one after the other, of `count` rows: number (row, k) is from[row * stride + k], or from[k * stride + row]
   unless they lie `along` inner. */
static void NAME(pack)(int along, int64_t count, int64_t inner, const REAL *from, int64_t stride, REAL *to) {
  for (int64_t row = 0; row < count; row += NAME(PANEL), to += inner * NAME(PANEL)) {
    const int64_t part = count - row < NAME(PANEL) ? count - row : NAME(PANEL);
    if (along)
      NAME(pack_along)(part, inner, from + row * stride, stride, to);
    else
      NAME(pack_across)(part, inner, from + row, stride, to);
  }
}

/* ---- one tile ---- */

/* Where the operands of a tile are: number (row, k) of the left one is left[row * across + k * along], k of the right
   one begin `right_along` apart. */
typedef struct NAME(sources) {
  int64_t across, along, right_along;
} NAME(sources);

static const NAME(sources) NAME(panels) = {1, NAME(PANEL), NAME(PANEL)};

/* sum [ROWS][vectors] = products of ROWS rows of the left operand with the first vectors of the right one. */
INLINE void NAME(sum_tile)(int vectors, int64_t inner, NAME(sources) from, const REAL *left, const REAL *right,
                           NAME(vector) sum[MATRIX_ROWS][MATRIX_VECTORS]) {
  UNROLL for (int i = 0; i < MATRIX_ROWS; i++)
    UNROLL for (int v = 0; v < vectors; v++)
      sum[i][v] = (NAME(vector)){0};
  for (int64_t k = 0; k < inner; k++, left += from.along, right += from.right_along) {
    UNROLL for (int i = 0; i < MATRIX_ROWS; i++) {
      const REAL factor = left[i * from.across];
      UNROLL for (int v = 0; v < vectors; v++)
        sum[i][v] += factor * ((const NAME(loose) *)right)[v];
    }
  }
}

/* The rows from `skip` on. */
INLINE void NAME(store_tile)(int vectors, NAME(vector) sum[MATRIX_ROWS][MATRIX_VECTORS], REAL factor, int add, int skip,
                             REAL *to, int64_t stride) {
  UNROLL for (int i = 0; i < MATRIX_ROWS; i++)
    UNROLL for (int v = 0; i >= skip && v < vectors; v++) {
      NAME(loose) *place = (NAME(loose) *)(to + i * stride + v * NAME(LANES));
      *place = factor * sum[i][v] + (add ? *place : (NAME(loose)){0});
    }
}

INLINE void NAME(make_tile)(int vectors, int64_t inner, NAME(sources) from, const REAL *left, const REAL *right,
                            REAL factor, int add, int skip, REAL *to, int64_t stride) {
  NAME(vector) sum[MATRIX_ROWS][MATRIX_VECTORS];
  NAME(sum_tile)(vectors, inner, from, left, right, sum);
  NAME(store_tile)(vectors, sum, factor, add, skip, to, stride);
}

/* A whole tile, of no more vectors than `columns` need. */
static void NAME(tile)(int64_t columns, int64_t inner, const REAL *left, const REAL *right, REAL factor, int add,
                       REAL *to, int64_t stride) {
  const int64_t vectors = (columns + NAME(LANES) - 1) / NAME(LANES);
  if (vectors >= MATRIX_VECTORS)
    NAME(make_tile)(MATRIX_VECTORS, inner, NAME(panels), left, right, factor, add, 0, to, stride);
  else if (vectors == 1)
    NAME(make_tile)(1, inner, NAME(panels), left, right, factor, add, 0, to, stride);
  else /* of at most four */
    NAME(make_tile)(MATRIX_VECTORS - 1, inner, NAME(panels), left, right, factor, add, 0, to, stride);
}

/* ---- the product ---- */

/* A tile of which only rows x columns belong to the result. */
static void NAME(part_tile)(int64_t rows, int64_t columns, int64_t inner, const REAL *left, const REAL *right,
                            REAL factor, int add, REAL *to, int64_t stride) {
  REAL all[MATRIX_ROWS * NAME(PANEL)] __attribute__((aligned(64)));
  NAME(tile)(columns, inner, left, right, factor, 0, all, NAME(PANEL));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      to[i * stride + j] = all[i * NAME(PANEL) + j] + (add ? to[i * stride + j] : 0);
}

static void NAME(tiles)(int64_t rows, int64_t columns, int64_t inner, const REAL *left, const REAL *right, REAL factor,
                        int add, REAL *to, int64_t stride) {
  for (int64_t i = 0; i < rows; i += MATRIX_ROWS) {
    const REAL *part = left + i / NAME(PANEL) * NAME(PANEL) * inner + i % NAME(PANEL);
    const int64_t high = rows - i < MATRIX_ROWS ? rows - i : MATRIX_ROWS;
    for (int64_t j = 0; j < columns; j += NAME(PANEL)) {
      const int64_t wide = columns - j < NAME(PANEL) ? columns - j : NAME(PANEL);
      REAL *target = to + i * stride + j;
      if (high == MATRIX_ROWS && wide % NAME(LANES) == 0)
        NAME(tile)(wide, inner, part, right + j * inner, factor, add, target, stride);
      else
        NAME(part_tile)(high, wide, inner, part, right + j * inner, factor, add, target, stride);
    }
  }
}

/* ---- operands that stay in the cache are not packed ---- */

enum { NAME(DIRECT) = 256 }; /* inner and columns at most */

static bool NAME(is_direct)(const kernel_matrix_product *p) {
  return !p->right_transposed && p->rows >= MATRIX_ROWS && p->inner > 0 && p->inner <= NAME(DIRECT) &&
         p->columns <= NAME(DIRECT) && p->columns % NAME(LANES) == 0;
}

/* All rows times some vectors of the right operand. The last tile begins where a whole one ends with the rows. */
INLINE void NAME(direct_tiles)(int vectors, const kernel_matrix_product *p, NAME(sources) from, const REAL *left,
                               const REAL *right, REAL *to) {
  for (int64_t i = 0; i < p->rows; i += MATRIX_ROWS) {
    const int64_t first = least(i, p->rows - MATRIX_ROWS);
    NAME(make_tile)(vectors, p->inner, from, left + first * from.across, right, (REAL)p->factor, p->add,
                    (int)(i - first), to + first * p->stride, p->stride);
  }
}

INLINE void NAME(direct_columns)(const kernel_matrix_product *p, NAME(sources) from, const REAL *left,
                                 const REAL *right, REAL *to) {
  int64_t j = 0, rest = p->columns / NAME(LANES);
  for (; rest >= MATRIX_VECTORS && rest != MATRIX_VECTORS + 1; rest -= MATRIX_VECTORS, j += NAME(PANEL))
    NAME(direct_tiles)(MATRIX_VECTORS, p, from, left, right + j, to + j);
  for (; rest >= 2; rest -= 2, j += 2 * NAME(LANES))
    NAME(direct_tiles)(2, p, from, left, right + j, to + j);
  if (rest == 1)
    NAME(direct_tiles)(1, p, from, left, right + j, to + j);
}

static void NAME(direct)(const kernel_matrix_product *p, const REAL *left, const REAL *right, REAL *to) {
  if (p->left_transposed)
    NAME(direct_columns)(p, (NAME(sources)){1, p->left_stride, p->right_stride}, left, right, to);
  else
    NAME(direct_columns)(p, (NAME(sources)){p->left_stride, 1, p->right_stride}, left, right, to);
}

/* ---- others are, a part at a time ---- */

/* Where number (row, k) of an operand begins. */
INLINE const REAL *NAME(place)(const REAL *matrix, int along, int64_t row, int64_t k, int64_t stride) {
  return along ? matrix + row * stride + k : matrix + k * stride + row;
}

void NAME(product)(const kernel_matrix_product *p, const void *left, const void *right, void *result, void *scratch) {
  const int left_along = !p->left_transposed, right_along = p->right_transposed;
  REAL *right_panels = scratch, *to = result;
  if (NAME(is_direct)(p)) {
    NAME(direct)(p, left, right, to);
    return;
  }
  for (int64_t i = 0; p->inner <= 0 && !p->add && i < p->rows; i++)
    memset(to + i * p->stride, 0, sizeof(REAL) * (size_t)p->columns);
  for (int64_t k = 0; k < p->inner; k += MATRIX_DEPTH) {
    const int64_t deep = least(p->inner - k, MATRIX_DEPTH);
    for (int64_t j = 0; j < p->columns; j += MATRIX_PART) {
      const int64_t wide = least(p->columns - j, MATRIX_PART);
      REAL *left_panels = right_panels + round_up(wide, NAME(PANEL)) * deep;
      NAME(pack)(right_along, wide, deep, NAME(place)(right, right_along, j, k, p->right_stride), p->right_stride,
                 right_panels);
      for (int64_t i = 0; i < p->rows; i += MATRIX_PART) {
        const int64_t high = least(p->rows - i, MATRIX_PART);
        NAME(pack)(left_along, high, deep, NAME(place)(left, left_along, i, k, p->left_stride), p->left_stride,
                   left_panels);
        NAME(tiles)(high, wide, deep, left_panels, right_panels, (REAL)p->factor, p->add || k > 0,
                    to + i * p->stride + j, p->stride);
      }
    }
  }
}

/* ---- a matrix times its own transpose ---- */

/* Sums of a tile set, or added to, in double precision. */
INLINE void NAME(add_wide)(NAME(vector) sum[MATRIX_ROWS][MATRIX_VECTORS], int add, double *to, int64_t stride) {
  UNROLL for (int i = 0; i < MATRIX_ROWS; i++)
    UNROLL for (int v = 0; v < MATRIX_VECTORS; v++) {
      NAME(wide) *place = (NAME(wide) *)(to + i * stride + v * NAME(LANES));
      *place = __builtin_convertvector(sum[i][v], NAME(wide)) + (add ? *place : (NAME(wide)){0});
    }
}

static void NAME(whole_gram_tile)(int64_t inner, const REAL *left, const REAL *right, int add, double *to,
                                  int64_t stride) {
  NAME(vector) sum[MATRIX_ROWS][MATRIX_VECTORS];
  NAME(sum_tile)(MATRIX_VECTORS, inner, NAME(panels), left, right, sum);
  if (add)
    NAME(add_wide)(sum, 1, to, stride);
  else
    NAME(add_wide)(sum, 0, to, stride);
}

static void NAME(part_gram_tile)(int64_t rows, int64_t columns, int64_t inner, const REAL *left, const REAL *right,
                                 int add, double *to, int64_t stride) {
  REAL all[MATRIX_ROWS * NAME(PANEL)] __attribute__((aligned(64)));
  NAME(tile)(columns, inner, left, right, 1, 0, all, NAME(PANEL));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      to[i * stride + j] = (double)all[i * NAME(PANEL) + j] + (add ? to[i * stride + j] : 0);
}

/* What a tile is added to is in the first cache by the time that the sums are made. */
INLINE void NAME(ask_for)(int64_t rows, int64_t columns, const double *to, int64_t stride) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j += 8)
      __builtin_prefetch(to + i * stride + j, 1);
}

/* Rows first .. last - 1 of the lower triangle, from panels of the first `last` rows. Some panels of columns at a time
   stay in the cache. */
static void NAME(gram_tiles)(int64_t first, int64_t last, int64_t inner, const REAL *panels, int add, double *to,
                             int64_t stride) {
  for (int64_t begin = 0; begin < last; begin += MATRIX_PART)
    for (int64_t i = first > begin ? first : begin; i < last; i += MATRIX_ROWS) {
      const REAL *left = panels + i / NAME(PANEL) * NAME(PANEL) * inner + i % NAME(PANEL);
      const int64_t high = least(last - i, MATRIX_ROWS), end = least(i + high, begin + MATRIX_PART);
      for (int64_t j = begin; j < end; j += NAME(PANEL)) {
        const int64_t columns = least(i + high - j, NAME(PANEL));
        double *target = to + i * stride + j;
        NAME(ask_for)(high, columns, target, stride);
        if (high == MATRIX_ROWS && columns == NAME(PANEL))
          NAME(whole_gram_tile)(inner, left, panels + j * inner, add, target, stride);
        else
          NAME(part_gram_tile)(high, columns, inner, left, panels + j * inner, add, target, stride);
      }
    }
}

void NAME(gram)(int64_t first, int64_t last, int64_t inner, const void *matrix, int64_t stride, double *result,
                int64_t result_stride, void *scratch) {
  const REAL *from = matrix;
  for (int64_t i = first; inner <= 0 && i < last; i++)
    memset(result + i * result_stride, 0, sizeof(double) * (size_t)(i + 1));
  for (int64_t k = 0; k < inner; k += MATRIX_DEPTH) {
    const int64_t deep = least(inner - k, MATRIX_DEPTH);
    NAME(pack)(1, last, deep, from + k, stride, scratch);
    NAME(gram_tiles)(first, last, deep, scratch, k > 0, result, result_stride);
  }
}

/* ---- products with a vector ---- */

INLINE void NAME(dots)(int rows, int64_t columns, const REAL *matrix, int64_t stride, const double *x, double *y) {
  double sum[4][16] = {{0}};
  const int64_t whole = columns / 16 * 16;
  for (int64_t k = 0; k < whole; k += 16)
    for (int i = 0; i < rows; i++)
      for (int lane = 0; lane < 16; lane++)
        sum[i][lane] += (double)matrix[i * stride + k + lane] * x[k + lane];
  for (int i = 0; i < rows; i++) {
    double all = 0;
    for (int lane = 0; lane < 16; lane++)
      all += sum[i][lane];
    for (int64_t k = whole; k < columns; k++)
      all += (double)matrix[i * stride + k] * x[k];
    y[i] = all;
  }
}

void NAME(times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x,
                        double *y) {
  const REAL *from = matrix;
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4)
    NAME(dots)(4, columns, from + i * stride, stride, x, y + i);
  for (; i < rows; i++)
    NAME(dots)(1, columns, from + i * stride, stride, x, y + i);
}

INLINE void NAME(add_rows)(int rows, int64_t columns, const REAL *restrict matrix, int64_t stride,
                           const double *restrict x, double *restrict y) {
  for (int64_t k = 0; k < columns; k++) {
    double sum = y[k];
    for (int i = 0; i < rows; i++)
      sum += x[i] * (double)matrix[i * stride + k];
    y[k] = sum;
  }
}

void NAME(transposed_times_vector)(int64_t rows, int64_t columns, const void *matrix, int64_t stride, const double *x,
                                   double *y) {
  const REAL *from = matrix;
  int64_t i = 0;
  for (; i + 8 <= rows; i += 8)
    NAME(add_rows)(8, columns, from + i * stride, stride, x + i, y);
  for (; i < rows; i++)
    NAME(add_rows)(1, columns, from + i * stride, stride, x + i, y);
}
