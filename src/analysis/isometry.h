/* SPDX-License-Identifier: BSD-3-Clause */
/* Rotations of three-dimensional space, as matrices that act on columns. */
#ifndef TERNION_ANALYSIS_ISOMETRY_H
#define TERNION_ANALYSIS_ISOMETRY_H

#include <stdbool.h>
#include <stdint.h>

double isometry_dot(const double a[3], const double b[3]);
void isometry_cross(const double a[3], const double b[3], double product[3]);
double isometry_length(const double a[3]);
void isometry_apply(double rotation[3][3], const double point[3], double image[3]);
/* Right-handed axes (rows): the first along p, the second in the plane of p and q. False when that is no plane. */
bool isometry_axes(const double p[3], const double q[3], double axes[3][3]);
/* Axes along p, the others anywhere, turned about p by an angle. */
void isometry_axes_about(const double p[3], double angle, double axes[3][3]);
/* Takes the axes `from` to the axes `to`. */
void isometry_between(double from[3][3], double to[3][3], double rotation[3][3]);
/* The rotation that brings points[k] closest to targets[k] in the mean square (Horn, J. Opt. Soc. Am. A 4, 629
 * (1987)). */
void isometry_fit(int64_t count, const double *points, const double *targets, double rotation[3][3]);

#endif
