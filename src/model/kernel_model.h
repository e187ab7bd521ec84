/* SPDX-License-Identifier: BSD-3-Clause */
/* A sparse Gaussian process on environments, E = sum_i sum_m c_m k(u_i . p_m) over points p_m of the same species of
   the centre, fitted as the linear problem that it is. Features x are turned into u = A x / sqrt(|A x|^2 + softening):
   A are principal components, if any; the softening keeps u smooth where an atom loses its last neighbour. There u = 0,
   and k(0) = 0 leaves e0 alone. */
#ifndef TERNION_MODEL_KERNEL_MODEL_H
#define TERNION_MODEL_KERNEL_MODEL_H

#include "kernels/kernels.h"
#include "model/model.h"
#include "model/normal_equations.h"
#include "model/targets.h"

extern const model_kind kernel_kind;

/* k and its derivative as functions of s = u . p, which is at most 1: s^zeta, or (exp(s / width^2) - 1) divided by its
   value at 1, a Gaussian of |u - p| for vectors of length 1. Numbers as a file holds them. */
#define KERNEL_POLYNOMIAL 0.0
#define KERNEL_GAUSSIAN 1.0
typedef struct kernel_function {
  double form, zeta, width;
} kernel_function;

/* What is known of one species of the centre. */
typedef struct kernel_points {
  int64_t count;      /* points; 0 where the training set has no environment that tells anything */
  int64_t dimensions; /* of u and of the points */
  double *axes;       /* [dimensions][features]; NULL: the features themselves */
  double softening;   /* added to the squared length */
  double *points;     /* [count][dimensions] */
  int64_t *where;     /* [count][2]: structure and number of the centre that the points are; NULL: not from a fit */
  double *weights;    /* [count]: c */
  double *form;       /* [dimensions][dimensions]: sum of c_m p_m p_m^T; NULL: the points themselves are used */
  double *trial;      /* [count]: c before held-out structures were added to the fit; NULL: none were */
} kernel_points;

typedef struct kernel_model {
  const kernel_table *kernels;
  kernel_function function;
  int64_t features;       /* that are compared */
  const int64_t *columns; /* [features] of the descriptor; NULL: all of them */
  int32_t n_species;
  kernel_points *species; /* [n_species] */
  bool withheld;          /* weights and trial have changed places */
  struct kernel_fitted *fitted; /* as long as the fit lasts, then NULL */
} kernel_model;

/* values [count] of s become k(s) and, unless NULL, derivatives k'(s). */
void kernel_function_apply(const kernel_function *function, int64_t count, double *values, double *derivatives);
/* u [dimensions] from features x; *inverse: 1 / sqrt(|A x|^2 + softening). */
void kernel_model_project(const kernel_model *model, const kernel_points *points, const double *x, double *u,
                          double *inverse);
int32_t kernel_model_new(kernel_model **model, const tern_descriptor *descriptor, const tern_options *options);
void kernel_model_free(void *model);
/* TERN_ERROR_DATA unless there is one row for each centre. */
int32_t kernel_model_check_rows(const tern_descriptor *descriptor, int64_t rows, int64_t centers);
/* The quadratic forms of the weights as they are, where predictions are faster with them. */
int32_t kernel_form_make(kernel_model *model);
/* double-precision products, from any thread. */
static inline const kernel_matrix_functions *kernel_model_matrix(const kernel_model *model) {
  return &model->kernels->matrix[1];
}

/* Principal components, softening and points of every species from the environments of a data set. */
int32_t kernel_points_choose(kernel_model *model, run *run, const tern_descriptor *descriptor,
                             const tern_dataset *dataset, const tern_options *options, text *report);

/* Lower Cholesky factors of the points' kernel matrices; points that add nothing to the others are dropped. In the
   frame of the factors the kernel vectors are features of a linear model with the plain penalty |w|^2. */
typedef struct kernel_factors {
  int32_t n_species;
  int64_t columns; /* points of all species */
  int64_t *first;  /* [n_species + 1]: the first column of a species */
  double **lower;  /* [n_species]: [count][count], column after column */
} kernel_factors;
int32_t kernel_factors_new(run *run, kernel_model *model, kernel_factors *factors);
void kernel_factors_free(run *run, kernel_factors *factors);
/* rows [count][columns] of kernel vectors become those of the linear model. */
int32_t kernel_factors_whiten(const kernel_factors *factors, int64_t count, double *rows);
/* Weights w of the linear model, spoiled, become the c of the points. */
int32_t kernel_factors_weights(const kernel_factors *factors, double *w, kernel_model *model);

/* sums[0] of the structures that are fitted and, unless part is NULL, sums[1] of those that it marks. */
int32_t kernel_rows_gather(run *run, const kernel_model *model, const kernel_factors *factors,
                           const tern_descriptor *descriptor, const tern_dataset *dataset, const targets *targets,
                           const unsigned char *part, normal_equations sums[2]);
/* The weighted rows of one structure, [targets_rows][columns], as kernel vectors. */
int32_t kernel_rows_write(run *run, const kernel_model *model, const kernel_factors *factors,
                          const tern_descriptor *descriptor, const tern_dataset *dataset, const targets *targets,
                          int64_t index, double **rows);
/* What the linear problem says of the model; sums without held-out structures. */
typedef struct kernel_fitted {
  kernel_factors factors;
  normal_equations sums;
  double damping;
  targets targets;
} kernel_fitted;
extern const model_linear kernel_linear;
/* A model with points and their factors but no weights. */
int32_t kernel_prepare(void **state, run *run, tern_descriptor *descriptor, const tern_dataset *dataset,
                       const tern_options *options, text *report);
/* Weights in the frame of the factors, spoiled, and those of the trial, if any. */
int32_t kernel_set(void *state, double *weights, double *trial);
void kernel_settle(void *model, run *run);

#endif
