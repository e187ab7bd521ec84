/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: a thin client of the public interface. A new verb is one file and one row in main.c. */
#ifndef TERNION_CLI_CLI_H
#define TERNION_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <ternion.h>

/* EXIT_ENDED_EARLY: Ctrl-C ended a training, whose best state was saved. */
enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_ENDED_EARLY = 3, MOST_INPUTS = 9 };
/* A failure of the program's own, whose message is printed already; beside the library's statuses. */
enum { ALREADY_TOLD = INT32_MIN };

/* What was typed behind the verb. */
typedef struct arguments {
  int n_inputs;
  const char *inputs[MOST_INPUTS];
  const char *output, *test, *data, *frame, *center, *resume;
  char descriptor[64], model[64]; /* kinds; empty when not given */
  bool json, quiet, pairs, uncertainty, atoms, full, go_on;
  tern_options *options;
} arguments;

typedef struct verb {
  const char *name, *synopsis, *meaning, *example;
  int least_inputs, most_inputs;
  const char *letters; /* options that it takes, by the letter of arguments.c's table */
  int (*run)(const arguments *arguments);
} verb;

int arguments_read(const verb *verb, int count, char **words, arguments *arguments);
void arguments_help(const verb *verb);

/* shipped.c: where a file that comes with the program lies, by its folders in the installed and in the source tree;
   `path` is the last place looked at when it is nowhere. */
enum { SHIPPED_PATH = 8192 };
bool find_shipped(const char *installed, const char *source, const char *name, char *path);

int verb_demo(const arguments *arguments);
int verb_describe(const arguments *arguments);
int verb_fit(const arguments *arguments);
int verb_plot(const arguments *arguments);
int verb_predict(const arguments *arguments);
int verb_sensitivity(const arguments *arguments);
int verb_options(const arguments *arguments);
int verb_info(const arguments *arguments);

/* console.c: messages, progress and tables. */
bool failed(int32_t status);       /* prints the library's message when the status is a failure */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line that is rewritten on a terminal; elsewhere a line now and then, of what takes long. */
typedef struct progress_bar {
  bool shown, plain;
  double start, last; /* seconds: of the stage, of the last line that is not rewritten */
  char stage[40];
  char detail[120]; /* instead of the loss; empty: the loss */
} progress_bar;
progress_bar progress_new(const arguments *arguments);
int32_t progress_show(const char *stage, int64_t done, int64_t total, double loss, void *bar);
void progress_end(progress_bar *bar);
void interrupt_watch(void); /* the first Ctrl-C asks for an orderly end, the second one kills */
bool interrupted(void);
void interrupt_forget(void); /* what was asked for is done; the next Ctrl-C still kills */
void print_json(const char *json);          /* indented `key  value` lines for people */
void print_json_string(const char *text);   /* quoted and escaped */
void print_numbers(const char *format, const char *separator, int64_t count, const double *values);
int32_t fetch_text(int32_t (*get)(const void *, char *, int64_t, int64_t *), const void *source, char **text);

/* measures.c: errors of predictions, accumulated frame by frame. */
typedef struct error_sum {
  int64_t count;
  double squares, absolutes;
} error_sum;
void error_add(error_sum *sum, double error);

/* What a model predicts. */
typedef enum target_kind { TARGET_ENERGY, TARGET_TENSOR, TARGET_VECTORS } target_kind;
typedef struct target {
  target_kind kind;
  char name[256];
  int32_t order; /* of a tensor, which has `count` numbers, 3^order */
  int64_t count;
} target;
void target_set_order(target *target, int32_t order); /* at least 0: it is a tensor */

/* tensors.c: a tensor predicted for a structure, and errors over structures. */
typedef struct tensor_measures {
  target target;
  error_sum errors;
  int64_t structures;
  double sums[27], squares[27];
} tensor_measures;
typedef struct tensor_prediction {
  double values[27], reference[27];
  bool known; /* there is a reference */
} tensor_prediction;
int32_t tensor_predict(tensor_prediction *prediction, const target *target, const tern_model *model,
                       const tern_dataset *dataset, int64_t index, const tern_system *system,
                       tensor_measures *measures);
/* The same from a file of predictions, whose first frame tells the order; TERN_ERROR_MISSING: it has no such tensor. */
int32_t tensor_take(tensor_prediction *prediction, target *target, const tern_dataset *predicted,
                    const tern_dataset *dataset, int64_t index, tensor_measures *measures);
int32_t tensor_write(const tensor_prediction *prediction, const target *target, const tern_system *system,
                     tern_writer *writer);
void tensor_print(const tensor_prediction *prediction, const target *target, int64_t number, int64_t n_atoms);
void tensor_print_json(const tensor_prediction *prediction, const target *target, int64_t number, int64_t n_atoms);
void tensor_measures_print(const tensor_measures *measures);
void tensor_measures_print_json(const tensor_measures *measures);

/* vectors.c: the same for vectors of the centres of a structure, in arrays that grow and are used again. */
typedef struct vectors_measures {
  char name[256];
  error_sum errors;
  int64_t width, frames, centers, pairs, last_centers;
  double *average, *spread; /* [width] of the references: running mean, and squared differences from it */
  double *last_error, *last_reference; /* [last_centers][width]: of the frame before */
  double mean_squares, delta_squares, difference_squares;
} vectors_measures;
typedef struct vectors_prediction {
  int64_t n_centers, width, capacity;
  int64_t *centers;                    /* [n_centers] */
  double *values, *reference, *column; /* twice [n_centers][width], [n_atoms][width] */
  bool known;                          /* there is a reference */
} vectors_prediction;
int32_t vectors_predict(vectors_prediction *prediction, const char *name, const tern_model *model,
                        const tern_dataset *dataset, int64_t index, const tern_system *system,
                        vectors_measures *measures);
int32_t vectors_write(const vectors_prediction *prediction, const char *name, int64_t n_atoms,
                      const tern_system *system, tern_writer *writer);
void vectors_print(const vectors_prediction *prediction, const char *name, int64_t number);
void vectors_print_json(const vectors_prediction *prediction, int64_t number, int64_t n_atoms);
void vectors_prediction_free(vectors_prediction *prediction);
/* Frames 2k and 2k + 1 with as many centres are pairs of vectors. Both arrays are [centers][width]. */
int32_t vectors_measures_add(vectors_measures *measures, int64_t centers, int64_t width, const double *predicted,
                             const double *reference);
double vectors_measures_mean(const vectors_measures *measures); /* RMSE of pair means / deviation of the vectors, % */
double vectors_measures_delta(const vectors_measures *measures);
void vectors_measures_print(const vectors_measures *measures);
void vectors_measures_print_json(const vectors_measures *measures);
void vectors_measures_free(vectors_measures *measures);

typedef struct measures {
  error_sum energy, energy_per_atom, forces, virial;
  int64_t n_energies; /* consecutive energies 2k, 2k+1 are a pair */
  double last_error, last_reference, sum, sum_squares;
  error_sum mean, delta; /* errors of pair means and of pair differences, eV */
  double delta_squares;
  int64_t n_deviations, within_1, within_2; /* energies with a deviation, and errors within it and within twice it */
  double ratio_squares;                     /* sum of (error / deviation)^2 */
  tensor_measures tensor;
  vectors_measures vectors;
} measures;
void measures_free(measures *measures);
double error_rmse(const error_sum *sum);
double error_mae(const error_sum *sum);
double measures_mean(const measures *measures);  /* RMSE of pair means / std(E), % */
double measures_delta(const measures *measures); /* RMSE of pair differences / their RMS, % */
void measures_add_deviation(measures *measures, double error, double deviation);
void measures_print(const measures *measures, const char *set, bool pairs);
void measures_print_json(const measures *measures, const char *set, bool pairs);

/* One structure's prediction, in arrays that grow and are used again. */
typedef struct prediction {
  target target; /* of which kind it is */
  int64_t n_atoms, capacity;
  double energy, virial[9], reference_energy; /* the reference is NaN where there is none */
  double *forces, *reference;
  bool has_forces, has_virial, compared_forces; /* the latter: `reference` holds this frame's forces */
  tensor_prediction tensor;
  vectors_prediction vectors;
} prediction;
/* Before the first one: what the model predicts; files that are read with `options`, unless NULL, then have it. */
int32_t prediction_open(prediction *prediction, const tern_model *model, tern_options *options);
int32_t prediction_make(prediction *prediction, const tern_model *model, const tern_dataset *dataset, int64_t index,
                        const tern_system *system, measures *measures);
/* Before the first one from a file: what its frames are read with. */
int32_t prediction_open_file(prediction *prediction, const tern_options *options);
/* The same from a file of predictions, whose frame has the system's number of atoms; TERN_ERROR_MISSING: no energy, or
   no tensor when it is one. */
int32_t prediction_take(prediction *prediction, const tern_dataset *predicted, const tern_dataset *dataset,
                        int64_t index, const tern_system *system, measures *measures);
void prediction_free(prediction *prediction);
/* The errors of a model on a whole data set; `bar` NULL: no progress. TERN_CANCELLED after Ctrl-C. */
int32_t measures_dataset(measures *measures, const tern_model *model, const tern_dataset *dataset, progress_bar *bar);

/* log.c: logs of trainings, lines of JSON. */
enum { LOG_MOST_ERRORS = 8, LOG_NAME = 48 };
typedef struct log_errors {
  const char *set; /* validation or train */
  int count;
  char names[LOG_MOST_ERRORS][LOG_NAME];
  double last[LOG_MOST_ERRORS];
} log_errors;
double log_number(const char *line, const char *key);           /* behind "key":, or NaN */
const char *log_measured(const char *line, const char **set);    /* the object of errors in a line, or NULL */
void log_read(const char *object, log_errors *errors);           /* names and values of an object of numbers */
double log_error(const log_errors *errors, const char *name);    /* NaN: not there */

/* What a training that runs says of itself: its log is read as it grows. */
typedef struct watch {
  FILE *file;
  char *path;
  int64_t atoms; /* of every structure, where errors of whole structures tell more; 0: errors of an atom */
  double step, loss; /* NaN: none yet */
  log_errors errors;
} watch;
int32_t watch_open(watch *watch, const arguments *arguments); /* may set the option log */
void watch_close(watch *watch);
void watch_describe(watch *watch, char *text, size_t size);

/* doubt.c: how sure a model is of each frame; arrays grow and are used again. */
typedef struct doubt {
  int64_t capacity;
  bool judged;                   /* there are a deviation and scores */
  double deviation;              /* eV; NaN: unknown */
  double *scores, *ratios;       /* [n_owned] */
  double score, ratio;           /* the highest and the least of the frame; score NaN: unknown */
  int64_t farthest, nearest;     /* their atoms */
  int64_t n_far, n_near, warned; /* frames so far: with atoms of scores above 1, of ratios below 1; warned of */
  double highest;                /* score of all frames */
  int64_t highest_frame;
} doubt;
int32_t doubt_make(doubt *doubt, const tern_model *model, const tern_system *system, bool uncertainty);
void doubt_free(doubt *doubt);
/* On stderr: one of the first frames that deserve it, and the counts of all of them. */
void doubt_warn(doubt *doubt, int64_t frame, const char *path, progress_bar *bar);
void doubt_summarize(const doubt *doubt, int64_t frames);

/* predicted.c: with `atoms` energies and virials of each atom too. */
int32_t predicted_write(tern_writer *writer, const tern_model *model, const tern_system *system,
                        const prediction *prediction, const doubt *doubt, bool atoms);

#endif
