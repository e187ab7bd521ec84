/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/isometry.h"

#include <math.h>
#include <string.h>

double isometry_dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

double isometry_length(const double a[3]) {
  return sqrt(isometry_dot(a, a));
}

void isometry_apply(double rotation[3][3], const double point[3], double image[3]) {
  const double copy[3] = {point[0], point[1], point[2]};
  for (int a = 0; a < 3; a++)
    image[a] = isometry_dot(rotation[a], copy);
}

void isometry_cross(const double a[3], const double b[3], double product[3]) {
  for (int k = 0; k < 3; k++)
    product[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
}

bool isometry_axes(const double p[3], const double q[3], double axes[3][3]) {
  const double length = isometry_length(p);
  if (!(length > 0))
    return false;
  for (int k = 0; k < 3; k++)
    axes[0][k] = p[k] / length;
  const double along = isometry_dot(axes[0], q);
  for (int k = 0; k < 3; k++)
    axes[1][k] = q[k] - along * axes[0][k];
  const double off = isometry_length(axes[1]);
  if (!(off > 1e-12 * isometry_length(q)))
    return false;
  for (int k = 0; k < 3; k++)
    axes[1][k] /= off;
  isometry_cross(axes[0], axes[1], axes[2]);
  return true;
}

void isometry_axes_about(const double p[3], double angle, double axes[3][3]) {
  double start[3][3], other[3] = {0, 0, 0};
  int least = 0;
  for (int k = 1; k < 3; k++)
    least = fabs(p[k]) < fabs(p[least]) ? k : least;
  other[least] = 1;
  isometry_axes(p, other, start);
  const double c = cos(angle), s = sin(angle);
  for (int k = 0; k < 3; k++) {
    axes[0][k] = start[0][k];
    axes[1][k] = c * start[1][k] + s * start[2][k];
    axes[2][k] = c * start[2][k] - s * start[1][k];
  }
}

void isometry_between(double from[3][3], double to[3][3], double rotation[3][3]) {
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      rotation[a][b] = 0;
      for (int k = 0; k < 3; k++)
        rotation[a][b] += to[k][a] * from[k][b];
    }
}

/* One Jacobi rotation of rows and columns i, j that clears the element between them. */
static void jacobi_turn(double matrix[4][4], double vectors[4][4], int i, int j) {
  if (matrix[i][j] == 0)
    return;
  const double half = (matrix[j][j] - matrix[i][i]) / (2 * matrix[i][j]);
  const double t = (half >= 0 ? 1 : -1) / (fabs(half) + sqrt(half * half + 1));
  const double c = 1 / sqrt(t * t + 1), s = t * c;
  for (int k = 0; k < 4; k++) {
    const double a = matrix[k][i], b = matrix[k][j];
    matrix[k][i] = c * a - s * b;
    matrix[k][j] = s * a + c * b;
  }
  for (int k = 0; k < 4; k++) {
    const double a = matrix[i][k], b = matrix[j][k], v = vectors[k][i], w = vectors[k][j];
    matrix[i][k] = c * a - s * b;
    matrix[j][k] = s * a + c * b;
    vectors[k][i] = c * v - s * w;
    vectors[k][j] = s * v + c * w;
  }
}

/* The eigenvector of the largest eigenvalue of a symmetric matrix, which is destroyed. */
static void largest_eigenvector(double matrix[4][4], double vector[4]) {
  double vectors[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
  for (int sweep = 0; sweep < 30; sweep++)
    for (int i = 0; i < 3; i++)
      for (int j = i + 1; j < 4; j++)
        jacobi_turn(matrix, vectors, i, j);
  int largest = 0;
  for (int k = 1; k < 4; k++)
    largest = matrix[k][k] > matrix[largest][largest] ? k : largest;
  for (int k = 0; k < 4; k++)
    vector[k] = vectors[k][largest];
}

static void from_quaternion(double w, double x, double y, double z, double rotation[3][3]) {
  const double matrix[3][3] = {{w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)},
                               {2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)},
                               {2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z}};
  memcpy(rotation, matrix, sizeof matrix);
}

void isometry_fit(int64_t count, const double *points, const double *targets, double rotation[3][3]) {
  double s[3][3] = {{0}}, q[4];
  for (int64_t k = 0; k < count; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        s[a][b] += points[3 * k + a] * targets[3 * k + b];
  double matrix[4][4] = {{s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]},
                         {s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]},
                         {s[2][0] - s[0][2], s[0][1] + s[1][0], s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]},
                         {s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], s[2][2] - s[0][0] - s[1][1]}};
  largest_eigenvector(matrix, q);
  from_quaternion(q[0], q[1], q[2], q[3], rotation);
}
